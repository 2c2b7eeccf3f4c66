/*
 * The classic format: draft-ietf-opsawg-pcap. Besides it, the records of Alexey
 * Kuznetzov's patched libpcap, which are 8 bytes longer.
 */
#include "base/cursor.h"
#include "capture/file.h"
#include "capture/link_type.h"

#define PCAP_MAGIC_MICROSECOND 0xa1b2c3d4U
#define PCAP_MAGIC_NANOSECOND  0xa1b23c4dU
#define PCAP_MAGIC_KUZNETZOV   0xa1b2cd34U

enum {
	PCAP_FILE_HEADER_BYTES = 24,
	PCAP_RECORD_HEADER_BYTES = 16,
	KUZNETZOV_RECORD_HEADER_BYTES = 24,
	CACHE_LINE_BYTES = 64,
};

static inline uint32_t field_u32(struct cursor *cur, bool is_big_endian)
{
	return is_big_endian ? cursor_be32(cur) : cursor_le32(cur);
}

struct record_header {
	uint32_t seconds;
	uint32_t fraction;
	uint32_t captured_len;
	uint32_t wire_len;
};

static inline struct record_header header_in(struct cursor cur, bool is_big_endian)
{
	struct record_header header;
	header.seconds = field_u32(&cur, is_big_endian);
	header.fraction = field_u32(&cur, is_big_endian);
	header.captured_len = field_u32(&cur, is_big_endian);
	header.wire_len = field_u32(&cur, is_big_endian);
	return header;
}

/* Of a record, all of whose header is there. One question of order. */
static inline struct record_header header_read(
	const struct file *file, const uint8_t *record)
{
	const struct cursor cur = cursor_over(record, PCAP_RECORD_HEADER_BYTES);
	return file->is_big_endian ? header_in(cur, true) : header_in(cur, false);
}

/*
 * All of the record is there. Read first and then written where it stays: what is built
 * elsewhere and copied waits until its fields have left the store buffer.
 */
static inline void frame_fill(struct frame *frame, const struct file *file,
	const struct record_header *header, const uint8_t *record)
{
	const uint32_t captured_len = header->captured_len;
	const uint32_t wire_len =
		header->wire_len > captured_len ? header->wire_len : captured_len;
	const uint32_t fraction =
		file->is_nanosecond ? header->fraction / 1000 : header->fraction;
	const uint64_t time_us = (uint64_t)header->seconds * 1000000 + fraction;
	const uint8_t *const bytes = record + file->header_len;
	const uint32_t source = file->index;
	const uint16_t link_type = file->link_type;
	*frame = (struct frame){.time_us = time_us,
		.bytes = bytes,
		.captured_len = captured_len,
		.wire_len = wire_len,
		.source = source,
		.link_type = link_type};
}

static enum source_result pcap_next(struct file *file, struct frame *frame)
{
	if (!window_holds(&file->window, file->header_len)) {
		return file_ending(file);
	}
	const struct record_header header = header_read(file, file->window.at);
	if (header.captured_len > CAPTURED_BYTES_MAX) {
		return file_lost(file);
	}
	if (!window_holds(&file->window, file->header_len + header.captured_len)) {
		return file_ending(file);
	}
	frame_fill(frame, file, &header, file->window.at);
	window_use(&file->window, file->header_len + (size_t)header.captured_len);
	return SOURCE_FRAME;
}

/* Those that the window holds whole, room of them at most. */
static size_t pcap_take_at_hand(struct file *file, struct frame *frames, size_t room)
{
	const uint8_t *at = file->window.at;
	const uint8_t *end = file->window.end;
	size_t count = 0;
	while (count < room && (size_t)(end - at) >= file->header_len) {
		const struct record_header header = header_read(file, at);
		const size_t len = file->header_len + (size_t)header.captured_len;
		if (header.captured_len > CAPTURED_BYTES_MAX ||
			(size_t)(end - at) < len) {
			break;
		}
		frame_fill(&frames[count++], file, &header, at);
		__builtin_prefetch(at + CACHE_LINE_BYTES); /* the frame's headers */
		at += len;
	}
	window_use(&file->window, (size_t)(at - file->window.at));
	return count;
}

static bool magic_is_known(uint32_t magic)
{
	return magic == PCAP_MAGIC_MICROSECOND || magic == PCAP_MAGIC_NANOSECOND ||
	       magic == PCAP_MAGIC_KUZNETZOV;
}

bool pcap_knows(const uint8_t *bytes, size_t len)
{
	struct cursor big = cursor_over(bytes, len);
	struct cursor little = big;
	return len >= sizeof(uint32_t) && (magic_is_known(cursor_be32(&big)) ||
						  magic_is_known(cursor_le32(&little)));
}

bool pcap_start(struct file *file)
{
	if (!window_holds(&file->window, PCAP_FILE_HEADER_BYTES)) {
		return false;
	}
	struct cursor cur = cursor_over(file->window.at, PCAP_FILE_HEADER_BYTES);
	struct cursor big = cur;
	file->is_big_endian = magic_is_known(cursor_be32(&big));
	const uint32_t magic = field_u32(&cur, file->is_big_endian);
	if (!magic_is_known(magic)) {
		return false;
	}
	cursor_skip(&cur, 16); /* version, two fields without use, snapshot length */
	const uint32_t network = field_u32(&cur, file->is_big_endian);
	file->link_type =
		link_type_of_file((uint16_t)network); /* above it: FCS length */
	file->is_nanosecond = magic == PCAP_MAGIC_NANOSECOND;
	file->header_len = magic == PCAP_MAGIC_KUZNETZOV ? KUZNETZOV_RECORD_HEADER_BYTES
							 : PCAP_RECORD_HEADER_BYTES;
	file->next = pcap_next;
	file->take_at_hand = pcap_take_at_hand;
	window_use(&file->window, PCAP_FILE_HEADER_BYTES);
	return true;
}
