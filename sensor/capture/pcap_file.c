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
};

static inline uint32_t field_u32(const struct file *file, struct cursor *cur)
{
	return file->is_big_endian ? cursor_be32(cur) : cursor_le32(cur);
}

static enum source_result pcap_next(struct file *file, struct frame *frame)
{
	struct window *window = &file->window;
	if (!window_holds(window, file->header_len)) {
		return file_ending(file);
	}
	struct cursor cur = cursor_over(window->at, file->header_len);
	const uint64_t seconds = field_u32(file, &cur);
	const uint32_t fraction = field_u32(file, &cur);
	const uint32_t captured_len = field_u32(file, &cur);
	const uint32_t wire_len = field_u32(file, &cur);
	if (captured_len > CAPTURED_BYTES_MAX) {
		return file_lost(file);
	}
	if (!window_holds(window, file->header_len + (size_t)captured_len)) {
		return file_ending(file);
	}
	frame->time_us =
		seconds * 1000000 + (file->is_nanosecond ? fraction / 1000 : fraction);
	frame->bytes = window->at + file->header_len;
	frame->captured_len = captured_len;
	frame->wire_len = wire_len > captured_len ? wire_len : captured_len;
	frame->source = file->index;
	frame->link_type = file->link_type;
	frame->is_checksum_unset = false;
	window_use(window, file->header_len + (size_t)captured_len);
	return SOURCE_FRAME;
}

static bool pcap_has_next_at_hand(const struct file *file)
{
	const struct window *window = &file->window;
	if (window_left(window) < file->header_len) {
		return false;
	}
	struct cursor cur = cursor_over(window->at, file->header_len);
	cursor_skip(&cur, 8); /* the time */
	const uint32_t captured_len = field_u32(file, &cur);
	return captured_len <= CAPTURED_BYTES_MAX &&
	       window_left(window) - file->header_len >= captured_len;
}

static bool magic_is_known(uint32_t magic)
{
	return magic == PCAP_MAGIC_MICROSECOND || magic == PCAP_MAGIC_NANOSECOND ||
	       magic == PCAP_MAGIC_KUZNETZOV;
}

bool pcap_start(struct file *file)
{
	if (!window_holds(&file->window, PCAP_FILE_HEADER_BYTES)) {
		return false;
	}
	struct cursor cur = cursor_over(file->window.at, PCAP_FILE_HEADER_BYTES);
	struct cursor big = cur;
	file->is_big_endian = magic_is_known(cursor_be32(&big));
	const uint32_t magic = field_u32(file, &cur);
	if (!magic_is_known(magic)) {
		return false;
	}
	cursor_skip(&cur, 16); /* version, two fields without use, snapshot length */
	const uint32_t network = field_u32(file, &cur);
	file->link_type =
		link_type_of_file((uint16_t)network); /* above it: FCS length */
	file->is_nanosecond = magic == PCAP_MAGIC_NANOSECOND;
	file->header_len = magic == PCAP_MAGIC_KUZNETZOV ? KUZNETZOV_RECORD_HEADER_BYTES
							 : PCAP_RECORD_HEADER_BYTES;
	file->next = pcap_next;
	file->has_next_at_hand = pcap_has_next_at_hand;
	window_use(&file->window, PCAP_FILE_HEADER_BYTES);
	return true;
}
