/*
 * tests/decode/frame_bytes - builds the frames that the decode tests read.
 *
 * Headers are put in front of what is there already, so a frame is built from its
 * payload outwards.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { FRAME_ROOM = 2048 };

struct frame_bytes {
	uint8_t room[FRAME_ROOM];
	size_t len; /* at the end of .room */
};

static inline uint8_t *frame_at(struct frame_bytes *frame)
{
	return frame->room + FRAME_ROOM - frame->len;
}

static inline void wrap(struct frame_bytes *frame, const void *bytes, size_t len)
{
	frame->len += len;
	memcpy(frame_at(frame), bytes, len);
}

static inline void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void wrap_tcp(struct frame_bytes *frame, uint8_t options_len)
{
	uint8_t header[60] = {0x9c, 0x40, 0, 25, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0x1a};
	header[12] = (uint8_t)((20 + options_len) / 4 << 4);
	wrap(frame, header, (size_t)20 + options_len);
}

static inline void wrap_udp(struct frame_bytes *frame, uint16_t port)
{
	uint8_t header[8] = {0xff, 0xfe};
	put16(header + 2, port);
	put16(header + 4, frame->len + 8);
	wrap(frame, header, 8);
}

/* 192.0.2.1 -> 192.0.2.2; flags and offset as the header has them. */
static inline void wrap_ipv4_fragment(
	struct frame_bytes *frame, uint8_t protocol, uint16_t flags_offset)
{
	uint8_t header[20] = {0x45, 0, 0, 0, 0, 7, 0, 0, 64, protocol, 0, 0, 192, 0, 2,
		1, 192, 0, 2, 2};
	put16(header + 2, frame->len + 20);
	put16(header + 6, flags_offset);
	wrap(frame, header, 20);
}

static inline void wrap_ipv4(struct frame_bytes *frame, uint8_t protocol)
{
	wrap_ipv4_fragment(frame, protocol, 0);
}

/* 2001:db8::1 -> 2001:db8::2 */
static inline void wrap_ipv6(struct frame_bytes *frame, uint8_t next_header)
{
	uint8_t header[40] = {0x60, 0, 0, 0, 0, 0, next_header, 64, 0x20, 1, 0xd,
		0xb8, [23] = 1, 0x20, 1, 0xd, 0xb8, [39] = 2};
	put16(header + 4, frame->len);
	wrap(frame, header, 40);
}

static inline void wrap_ethernet(struct frame_bytes *frame, uint16_t ethertype)
{
	uint8_t header[14] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
	put16(header + 12, ethertype);
	wrap(frame, header, 14);
}

/* Payload of a TCP segment over IPv4, without a link layer. */
static inline void frame_start(struct frame_bytes *frame, const char *payload)
{
	frame->len = 0;
	wrap(frame, payload, strlen(payload));
	wrap_tcp(frame, 0);
}
