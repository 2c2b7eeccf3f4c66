#include "base/checksum.h"
#include "base/cold.h"
#include "decode/walk.h"

#include <netinet/in.h>

enum {
	TCP_HEADER_BYTES = 20,
	TCP_CHECKSUM_AT = 16,
	TCP_URG = 0x20,
	TCP_FLAG_BITS = 0x1f,
	UDP_HEADER_BYTES = 8,
	UDP_CHECKSUM_AT = 6,
};

/* Only of a segment that is here as a whole and says where it goes in the end. */
static COLD bool checksum_is_wrong(
	struct walk *walk, const uint8_t *segment, size_t checksum_at)
{
	if (walk->cut > 0 || walk->is_source_routed || walk->is_checksum_unset) {
		return false;
	}
	const struct checksum_pseudo pseudo = {
		.src = &walk->packet->src,
		.dst = &walk->packet->dst,
		.len = (uint32_t)(walk->cur.end - segment),
		.protocol = walk->protocol,
	};
	const enum checksum_result result =
		checksum_segment(segment, checksum_at, &pseudo);
	walk->decoder->counters.checksums_offloaded += result == CHECKSUM_OFFLOADED;
	return result == CHECKSUM_WRONG;
}

static void set_payload(struct walk *walk)
{
	struct packet *packet = walk->packet;
	packet->payload = walk->cur.at;
	packet->payload_len = (uint32_t)cursor_left(&walk->cur);
	packet->payload_wire_len = walk_wire_left(walk);
	packet->transport = walk->protocol;
	walk->next = LAYER_DONE;
}

/* The capture ends inside the options: they are not read. */
static COLD void skip_cut_options(struct walk *walk, uint32_t options_len)
{
	walk->cut -= options_len - (uint32_t)cursor_left(&walk->cur);
	walk->cur.at = walk->cur.end;
}

/* A router drops it, whatever is inside (RFC 1812 section 5.2.2). */
static bool is_header_wrong(const struct packet *packet)
{
	const uint8_t *header = packet->network;
	return header && header[0] >> 4 == 4 &&
	       checksum_ipv4_header(header, (size_t)(header[0] & 0x0f) * 4) ==
		       CHECKSUM_WRONG;
}

enum checksum_result packet_sum(const struct packet *packet)
{
	if (is_header_wrong(packet)) {
		return CHECKSUM_WRONG;
	}
	const struct checksum_pseudo pseudo = {
		.src = &packet->src,
		.dst = &packet->dst,
		.len = (uint32_t)(packet->payload + packet->payload_len -
				  packet->segment),
		.protocol = IPPROTO_TCP,
	};
	return checksum_segment(packet->segment, TCP_CHECKSUM_AT, &pseudo);
}

/* Behind the rest, so that where nobody asks for it nothing has to be kept for it. */
static enum decode_result verified(struct walk *walk, const uint8_t *header)
{
	return checksum_is_wrong(walk, header, TCP_CHECKSUM_AT) ? DECODE_CHECKSUM
								: DECODE_OK;
}

/* RFC 9293 section 3.1. */
HOT enum decode_result tcp_step(struct walk *walk)
{
	struct packet *packet = walk->packet;
	const uint8_t *header = cursor_take(&walk->cur, TCP_HEADER_BYTES);
	if (!header) {
		return DECODE_TRUNCATED;
	}
	struct cursor cur = cursor_over(header, TCP_HEADER_BYTES);
	packet->src_port = cursor_be16(&cur);
	packet->dst_port = cursor_be16(&cur);
	packet->sequence = cursor_be32(&cur);
	packet->acknowledgement = cursor_be32(&cur);
	const uint32_t header_len = (uint32_t)(cursor_u8(&cur) >> 4) * 4;
	const uint8_t flags = cursor_u8(&cur);
	packet->tcp_flags = flags & TCP_FLAG_BITS;
	packet->window = cursor_be16(&cur);
	cursor_skip(&cur, 2); /* checksum */
	packet->urgent = flags & TCP_URG ? cursor_be16(&cur) : 0;
	if (header_len < TCP_HEADER_BYTES ||
		header_len - TCP_HEADER_BYTES > walk_wire_left(walk)) {
		return DECODE_MALFORMED;
	}
	const uint32_t options_len = header_len - TCP_HEADER_BYTES;
	const bool is_cut = walk->cut > 0;
	packet->options = walk->cur.at;
	packet->options_len = 0;
	if (options_len <= cursor_left(&walk->cur)) {
		packet->options_len = (uint8_t)options_len;
		cursor_skip(&walk->cur, options_len);
	} else {
		skip_cut_options(walk, options_len);
	}
	walk_note_cut(walk);
	set_payload(walk);
	const bool is_whole =
		!is_cut && !walk->is_source_routed && !walk->is_checksum_unset;
	packet->segment = is_whole ? header : NULL;
	return walk->decoder->settings.is_verifying_checksums && !is_cut
		       ? verified(walk, header)
		       : DECODE_OK;
}

/* RFC 768; length 0 is a jumbogram (RFC 2675 section 4) or segmentation offload. */
static bool udp_bound(struct walk *walk, uint32_t len)
{
	if (len == 0) {
		return true;
	}
	if (len < UDP_HEADER_BYTES || len - UDP_HEADER_BYTES > walk_wire_left(walk)) {
		return false;
	}
	const uint32_t payload_len = len - UDP_HEADER_BYTES;
	if (payload_len <= cursor_left(&walk->cur)) {
		walk->cur.end = walk->cur.at + payload_len;
		walk->cut = 0;
	} else {
		walk->cut = payload_len - (uint32_t)cursor_left(&walk->cur);
	}
	return true;
}

enum decode_result udp_step(struct walk *walk)
{
	struct packet *packet = walk->packet;
	const uint8_t *header = walk->cur.at;
	packet->src_port = cursor_be16(&walk->cur);
	packet->dst_port = cursor_be16(&walk->cur);
	const uint32_t len = cursor_be16(&walk->cur);
	cursor_skip(&walk->cur, 2); /* checksum */
	if (!cursor_ok(&walk->cur)) {
		return DECODE_TRUNCATED;
	}
	if (!udp_bound(walk, len)) {
		return DECODE_MALFORMED;
	}
	if (walk->decoder->settings.is_verifying_checksums &&
		checksum_is_wrong(walk, header, UDP_CHECKSUM_AT)) {
		return DECODE_CHECKSUM;
	}
	enum decode_result result = DECODE_OK;
	if (udp_tunnel_step(walk, &result)) {
		return result;
	}
	packet->tcp_flags = 0;
	packet->sequence = 0;
	packet->acknowledgement = 0;
	packet->window = 0;
	packet->urgent = 0;
	packet->segment = NULL;
	packet->options_len = 0;
	walk_note_cut(walk);
	set_payload(walk);
	return DECODE_OK;
}
