/*
 * The format of draft-ietf-opsawg-pcapng. Blocks that carry no frame are passed
 * over; of options only the clock of an interface is read.
 */
#include "base/cursor.h"
#include "capture/file.h"
#include "capture/link_type.h"

#include <stdlib.h>

enum {
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 2, /* obsolete */
	BLOCK_SIMPLE_PACKET = 3,
	BLOCK_ENHANCED_PACKET = 6,
	BLOCK_SECTION = 0x0a0d0d0a, /* the same in both byte orders */
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4dU

enum {
	BLOCK_HEADER_BYTES = 8,
	BLOCK_BYTES_MIN = 12, /* header and the length once more */
	SECTION_BYTES_MIN = 28,
	PACKET_FIELDS_BYTES = 20,
	INTERFACE_FIELDS_BYTES = 8,
	OPTION_END = 0,
	OPTION_TIME_RESOLUTION = 9,
	OPTION_TIME_OFFSET = 14,
};

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
enum { INTERFACES_MAX = 8 };
#else
enum { INTERFACES_MAX = 1024 };
#endif

/* One block: what is left of its body lies in the window or behind it. */
struct block {
	uint32_t type;
	uint32_t body_len; /* without header and the length at the end */
};

static inline uint16_t field_u16(const struct file *file, struct cursor *cur)
{
	return file->is_big_endian ? cursor_be16(cur) : cursor_le16(cur);
}

static inline uint32_t field_u32(const struct file *file, struct cursor *cur)
{
	return file->is_big_endian ? cursor_be32(cur) : cursor_le32(cur);
}

static uint64_t field_u64(const struct file *file, struct cursor *cur)
{
	const uint64_t first = field_u32(file, cur);
	const uint64_t second = field_u32(file, cur);
	return file->is_big_endian ? first << 32 | second : second << 32 | first;
}

/* Section 4.2, if_tsresol: 10^-n seconds, or 2^-n when the top bit is set. */
static void interface_set_clock(struct file_interface *interface, uint8_t resolution)
{
	const uint8_t power = resolution & 0x7f;
	interface->multiply = 0;
	interface->divide = 0;
	interface->shift = 0;
	if (resolution & 0x80) {
		interface->shift = power < 64 ? power : 64;
		return;
	}
	uint64_t factor = 1;
	for (unsigned i = power; i < 6; i++) {
		factor *= 10;
	}
	for (unsigned i = 6; i < power && i < 25; i++) {
		factor *= 10;
	}
	interface->multiply = power <= 6 ? factor : 0;
	interface->divide = factor;
}

static uint64_t interface_time(const struct file_interface *interface, uint64_t units)
{
	if (interface->multiply) {
		return units * interface->multiply + interface->offset_us;
	}
	if (interface->divide) {
		return units / interface->divide + interface->offset_us;
	}
	const unsigned __int128 scaled = (unsigned __int128)units * 1000000;
	return (uint64_t)(scaled >> interface->shift) + interface->offset_us;
}

static void interface_read_options(
	const struct file *file, struct file_interface *interface, struct cursor cur)
{
	while (cursor_left(&cur) >= 4) {
		const uint16_t code = field_u16(file, &cur);
		const uint16_t len = field_u16(file, &cur);
		struct cursor value = cursor_sub(&cur, len);
		if (code == OPTION_END || !cursor_ok(&cur)) {
			return;
		}
		if (code == OPTION_TIME_RESOLUTION && len >= 1) {
			interface_set_clock(interface, cursor_u8(&value));
		} else if (code == OPTION_TIME_OFFSET && len >= 8) {
			interface->offset_us = field_u64(file, &value) * 1000000;
		}
		const size_t padding = (4 - len % 4) % 4;
		if (padding > cursor_left(&cur)) {
			return;
		}
		cursor_skip(&cur, padding);
	}
}

/* The body, as far as a window can hold it, is at .at. */
static void interface_add(struct file *file, const struct block *block)
{
	const uint32_t len = block->body_len < CAPTURED_BYTES_MAX ? block->body_len
								  : CAPTURED_BYTES_MAX;
	if (len < INTERFACE_FIELDS_BYTES || file->interface_count == INTERFACES_MAX) {
		file->bad_records++;
		return;
	}
	if (!window_holds(&file->window, len)) {
		return; /* passing over the block will see that it was cut */
	}
	struct cursor cur = cursor_over(file->window.at, len);
	struct file_interface *interface = &file->interfaces[file->interface_count++];
	*interface = (struct file_interface){.multiply = 1};
	interface->link_type = link_type_of_file(field_u16(file, &cur));
	cursor_skip(&cur, 2);
	interface->snap_len = field_u32(file, &cur);
	interface_read_options(file, interface, cur);
}

static enum source_result frame_bad(struct file *file, const struct block *block)
{
	file->bad_records++;
	file->skip = (uint64_t)block->body_len + 4;
	return SOURCE_END;
}

/* Sections 4.3 and A.1 (the obsolete block has a narrow interface number). */
static enum source_result frame_of_packet(
	struct file *file, const struct block *block, struct frame *frame)
{
	struct window *window = &file->window;
	if (block->body_len < PACKET_FIELDS_BYTES) {
		return frame_bad(file, block);
	}
	if (!window_holds(window, PACKET_FIELDS_BYTES)) {
		return file_ending(file);
	}
	struct cursor cur = cursor_over(window->at, PACKET_FIELDS_BYTES);
	uint32_t number = 0;
	if (block->type == BLOCK_PACKET) {
		number = field_u16(file, &cur);
		cursor_skip(&cur, 2); /* drops */
	} else {
		number = field_u32(file, &cur);
	}
	const uint64_t high = field_u32(file, &cur);
	const uint64_t units = high << 32 | field_u32(file, &cur);
	const uint32_t captured_len = field_u32(file, &cur);
	const uint32_t wire_len = field_u32(file, &cur);
	if (number >= file->interface_count || captured_len > CAPTURED_BYTES_MAX ||
		captured_len > block->body_len - PACKET_FIELDS_BYTES) {
		return frame_bad(file, block);
	}
	if (!window_holds(window, PACKET_FIELDS_BYTES + (size_t)captured_len)) {
		return file_ending(file);
	}
	const struct file_interface *interface = &file->interfaces[number];
	*frame = (struct frame){.time_us = interface_time(interface, units),
		.bytes = window->at + PACKET_FIELDS_BYTES,
		.captured_len = captured_len,
		.wire_len = wire_len > captured_len ? wire_len : captured_len,
		.source = file->index,
		.link_type = interface->link_type};
	window_use(window, PACKET_FIELDS_BYTES + (size_t)captured_len);
	file->skip = (uint64_t)block->body_len - PACKET_FIELDS_BYTES - captured_len + 4;
	file->last_time_us = frame->time_us;
	return SOURCE_FRAME;
}

/* Section 4.4: the first interface, no time; the snapshot length cuts it. */
static enum source_result frame_of_simple_packet(
	struct file *file, const struct block *block, struct frame *frame)
{
	struct window *window = &file->window;
	if (block->body_len < 4 || file->interface_count == 0) {
		return frame_bad(file, block);
	}
	if (!window_holds(window, 4)) {
		return file_ending(file);
	}
	struct cursor cur = cursor_over(window->at, 4);
	const uint32_t wire_len = field_u32(file, &cur);
	const struct file_interface *interface = &file->interfaces[0];
	uint32_t captured_len = wire_len;
	if (interface->snap_len && captured_len > interface->snap_len) {
		captured_len = interface->snap_len;
	}
	if (captured_len > CAPTURED_BYTES_MAX || captured_len > block->body_len - 4) {
		return frame_bad(file, block);
	}
	if (!window_holds(window, 4 + (size_t)captured_len)) {
		return file_ending(file);
	}
	*frame = (struct frame){.time_us = file->last_time_us,
		.bytes = window->at + 4,
		.captured_len = captured_len,
		.wire_len = wire_len,
		.source = file->index,
		.link_type = interface->link_type};
	window_use(window, 4 + (size_t)captured_len);
	file->skip = (uint64_t)block->body_len - captured_len;
	return SOURCE_FRAME;
}

/* Section 4.1: a section says its own byte order and forgets all interfaces. */
static bool section_begins(struct file *file)
{
	if (!window_holds(&file->window, BLOCK_BYTES_MIN)) {
		return false;
	}
	struct cursor cur = cursor_over(file->window.at, BLOCK_BYTES_MIN);
	cursor_skip(&cur, BLOCK_HEADER_BYTES);
	struct cursor big = cur;
	file->is_big_endian = cursor_be32(&big) == BYTE_ORDER_MAGIC;
	file->interface_count = 0;
	return field_u32(file, &cur) == BYTE_ORDER_MAGIC;
}

/* Reads type and length of the next block, which must be more than its frame. */
static enum source_result block_begin(struct file *file, struct block *block)
{
	struct window *window = &file->window;
	if (!window_skip(window, file->skip)) {
		file->is_truncated = true;
		return file_ending(file);
	}
	file->skip = 0;
	if (!window_holds(window, BLOCK_HEADER_BYTES)) {
		return file_ending(file);
	}
	struct cursor type = cursor_over(window->at, 4);
	if (cursor_le32(&type) == BLOCK_SECTION && !section_begins(file)) {
		return window_holds(window, BLOCK_BYTES_MIN) ? file_lost(file)
							     : file_ending(file);
	}
	struct cursor cur = cursor_over(window->at, BLOCK_HEADER_BYTES);
	block->type = field_u32(file, &cur);
	const uint32_t len = field_u32(file, &cur);
	if (len < BLOCK_BYTES_MIN || len > UINT32_MAX - 3) {
		return file_lost(file);
	}
	/* Some writers pad the block and forget the padding in its length. */
	block->body_len = ((len + 3) & ~3U) - BLOCK_BYTES_MIN;
	window_use(window, BLOCK_HEADER_BYTES);
	return SOURCE_FRAME;
}

/* SOURCE_END: the block gave no frame; the next one may, unless the file ended. */
static enum source_result frame_of_block(
	struct file *file, const struct block *block, struct frame *frame)
{
	if (block->type == BLOCK_ENHANCED_PACKET || block->type == BLOCK_PACKET) {
		return frame_of_packet(file, block, frame);
	}
	if (block->type == BLOCK_SIMPLE_PACKET) {
		return frame_of_simple_packet(file, block, frame);
	}
	if (block->type == BLOCK_INTERFACE) {
		interface_add(file, block);
	}
	file->skip = (uint64_t)block->body_len + 4;
	return SOURCE_END;
}

static enum source_result pcapng_next(struct file *file, struct frame *frame)
{
	enum source_result result = SOURCE_END;
	while (result == SOURCE_END && !file->is_ended) {
		struct block block = {0};
		result = block_begin(file, &block);
		if (result == SOURCE_FRAME) {
			result = frame_of_block(file, &block, frame);
		}
	}
	return result;
}

bool pcapng_knows(const uint8_t *bytes, size_t len)
{
	struct cursor type = cursor_over(bytes, len);
	return len >= sizeof(uint32_t) && cursor_le32(&type) == BLOCK_SECTION;
}

bool pcapng_start(struct file *file)
{
	if (!window_holds(&file->window, BLOCK_BYTES_MIN)) {
		return false;
	}
	if (!pcapng_knows(file->window.at, BLOCK_BYTES_MIN) || !section_begins(file)) {
		return false;
	}
	file->interfaces = (struct file_interface *)calloc(
		INTERFACES_MAX, sizeof(*file->interfaces));
	file->next = pcapng_next;
	return file->interfaces != NULL;
}
