/*
 * flow/options - what the options of a TCP header tell of who takes it.
 *
 * In: the options of one packet, at most 40 bytes. Out: those by which a receiver refuses
 * a segment (RFC 7323, RFC 2385, RFC 5925). Keeps nothing. Private to flow/.
 */
#pragma once

#include "decode/packet.h"

#include <endian.h>
#include <string.h>

struct tcp_options {
	bool has_timestamp;
	bool has_scale;
	bool is_signed; /* MD5 or AO */
	uint8_t scale;  /* of the window */
	uint32_t timestamp;
};

/* How nearly all segments have them: two times nothing, then the timestamps. */
#define TIMESTAMP_ALONE       UINT32_C(0x0101080a)
#define TIMESTAMP_ALONE_BYTES 12

static inline uint32_t options_word(const uint8_t *bytes)
{
	uint32_t word = 0;
	memcpy(&word, bytes, sizeof(word));
	return be32toh(word);
}

/* Of a packet that has any, and others. */
struct tcp_options options_parse(const struct packet *packet);

static inline struct tcp_options options_of(const struct packet *packet)
{
	const uint8_t *bytes = packet->options;
	if (packet->options_len == TIMESTAMP_ALONE_BYTES &&
		options_word(bytes) == TIMESTAMP_ALONE) {
		return (struct tcp_options){
			.has_timestamp = true, .timestamp = options_word(bytes + 4)};
	}
	return packet->options_len > 0 ? options_parse(packet)
				       : (struct tcp_options){.scale = 0};
}
