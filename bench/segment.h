/*
 * segment - put Ethernet, IPv4 or IPv6, and TCP or UDP around a payload.
 *
 * In: both ends and the payload, already in the frame behind the headers.
 * Out: a whole frame with right checksums (RFC 791, 8200, 9293, 768).
 * Keeps no state between frames; flow.c does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum segment_flag {
	SEGMENT_FIN = 0x01,
	SEGMENT_SYN = 0x02,
	SEGMENT_RST = 0x04,
	SEGMENT_PSH = 0x08,
	SEGMENT_ACK = 0x10,
};

struct endpoint {
	uint8_t address[16]; /* IPv4: the first four bytes */
	uint8_t hardware[6];
	uint16_t port;
	uint32_t sequence;
	uint32_t clock_ms; /* the TCP timestamp last sent, RFC 7323 */
};

struct segment {
	const struct endpoint *from, *to;
	bool is_ipv6, is_udp;
	uint8_t flags; /* enum segment_flag */
	uint16_t datagram_id;
};

size_t segment_header_len(const struct segment *segment);
/* Fills the first segment_header_len() bytes of `frame`; returns the frame's length. */
size_t segment_finish(
	uint8_t *frame, const struct segment *segment, size_t payload_len);
