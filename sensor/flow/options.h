/*
 * flow/options - what the options of a TCP header tell of who takes it.
 *
 * In: the options of one packet, at most 40 bytes. Out: those by which a receiver refuses
 * a segment (RFC 7323, RFC 2385, RFC 5925). Keeps nothing. Private to flow/.
 */
#pragma once

#include "decode/packet.h"

struct tcp_options {
	bool has_timestamp;
	bool has_scale;
	bool is_signed; /* MD5 or AO */
	uint8_t scale;  /* of the window */
	uint32_t timestamp;
};

/* Of a packet that has any. */
struct tcp_options options_parse(const struct packet *packet);

static inline struct tcp_options options_of(const struct packet *packet)
{
	return packet->options_len > 0 ? options_parse(packet)
				       : (struct tcp_options){.scale = 0};
}
