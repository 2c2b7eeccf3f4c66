/*
 * tests/analyze/rpc_maker - write DCE/RPC PDUs as C706 section 12.6 has them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RPC_MADE_BYTES 5120

struct rpc_made {
	uint8_t bytes[RPC_MADE_BYTES];
	size_t len;
	size_t start; /* of the PDU at hand */
	bool is_big;  /* byte order */
};

/* The first three fields of a UUID as numbers, the rest as bytes. */
struct rpc_uuid {
	uint32_t first;
	uint16_t second;
	uint16_t third;
	uint8_t rest[8];
};

static const struct rpc_uuid UUID_EMSMDB = {
	0xa4f1db00, 0xca47, 0x1067, {0xb3, 0x1f, 0x00, 0xdd, 0x01, 0x06, 0x62, 0xda}};
static const struct rpc_uuid UUID_NSPI = {
	0xf5cc5a18, 0x4264, 0x101a, {0x8c, 0x59, 0x08, 0x00, 0x2b, 0x2f, 0x84, 0x26}};
static const struct rpc_uuid UUID_MAPPER = {
	0xe1af8308, 0x5d1f, 0x11c9, {0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa}};
static const struct rpc_uuid UUID_WINREG = {
	0x338cd001, 0x2244, 0x31f1, {0xaa, 0xaa, 0x90, 0x00, 0x38, 0x00, 0x10, 0x03}};
static const struct rpc_uuid UUID_NDR = {
	0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}};

static inline void rpc_byte(struct rpc_made *made, unsigned value)
{
	made->bytes[made->len++] = (uint8_t)value;
}

static inline void rpc_bytes(struct rpc_made *made, const void *bytes, size_t len)
{
	memcpy(made->bytes + made->len, bytes, len);
	made->len += len;
}

static inline void rpc_number(struct rpc_made *made, uint32_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++) {
		const unsigned place = made->is_big ? bytes - 1 - i : i;
		rpc_byte(made, value >> (8 * place) & 0xff);
	}
}

static inline void rpc_uuid(struct rpc_made *made, const struct rpc_uuid *uuid)
{
	rpc_number(made, uuid->first, 4);
	rpc_number(made, uuid->second, 2);
	rpc_number(made, uuid->third, 2);
	rpc_bytes(made, uuid->rest, sizeof(uuid->rest));
}

static inline void rpc_begin(struct rpc_made *made, unsigned type)
{
	made->start = made->len;
	rpc_byte(made, 5);
	rpc_byte(made, 0);
	rpc_byte(made, type);
	rpc_byte(made, 3); /* first and last fragment */
	rpc_byte(made, made->is_big ? 0 : 0x10);
	rpc_bytes(made, "\0\0\0", 3);
	rpc_number(made, 0, 4); /* lengths: rpc_end */
	rpc_number(made, 1, 4);
}

/* level 0: no verifier. */
static inline void rpc_end(struct rpc_made *made, unsigned security, unsigned level)
{
	static const uint8_t TOKEN[16] = "token";
	if (level != 0) {
		rpc_byte(made, security);
		rpc_byte(made, level);
		rpc_bytes(made, "\0\0\0\0\0\0", 6);
		rpc_bytes(made, TOKEN, sizeof(TOKEN));
	}
	const size_t end = made->len;
	made->len = made->start + 8;
	rpc_number(made, (uint32_t)(end - made->start), 2);
	rpc_number(made, level != 0 ? sizeof(TOKEN) : 0, 2);
	made->len = end;
}

/* A bind (11) or alter_context (14) for these interfaces, two transfer syntaxes each. */
static inline void rpc_bind(struct rpc_made *made, unsigned type,
	const struct rpc_uuid *const *uuids, unsigned count)
{
	rpc_begin(made, type);
	rpc_number(made, 0x16d0, 2);
	rpc_number(made, 0x16d0, 2);
	rpc_number(made, 0, 4);
	rpc_byte(made, count);
	rpc_bytes(made, "\0\0\0", 3);
	for (unsigned i = 0; i < count; i++) {
		rpc_number(made, i, 2);
		rpc_byte(made, 2);
		rpc_byte(made, 0);
		rpc_uuid(made, uuids[i]);
		rpc_number(made, 81, 4);
		for (unsigned transfer = 0; transfer < 2; transfer++) {
			rpc_uuid(made, &UUID_NDR);
			rpc_number(made, 2, 4);
		}
	}
}

/* A bind_ack (12) or alter_context_resp (15); bit i of granted: context i is accepted. */
static inline void rpc_ack(
	struct rpc_made *made, unsigned type, unsigned granted, unsigned count)
{
	rpc_begin(made, type);
	rpc_number(made, 0x16d0, 2);
	rpc_number(made, 0x16d0, 2);
	rpc_number(made, 7, 4);
	rpc_number(made, 5, 2);
	rpc_bytes(made, "6001", 5);
	while ((made->len - made->start) % 4 != 0) {
		rpc_byte(made, 0);
	}
	rpc_number(made, count, 4);
	if (made->is_big) { /* the count is one byte, three are reserved */
		made->bytes[made->len - 4] = (uint8_t)count;
		made->bytes[made->len - 1] = 0;
	}
	for (unsigned i = 0; i < count; i++) {
		rpc_number(made, granted >> i & 1 ? 0 : 2, 2);
		rpc_number(made, 0, 2);
		rpc_uuid(made, &UUID_NDR);
		rpc_number(made, 2, 4);
	}
}

/* A request (0) or response (2) with len bytes of stub. */
static inline void rpc_call(struct rpc_made *made, unsigned type, size_t len)
{
	rpc_begin(made, type);
	rpc_number(made, (uint32_t)len, 4);
	rpc_number(made, 0, 2);
	rpc_number(made, 10, 2);
	for (size_t i = 0; i < len; i++) {
		rpc_byte(made, 'm');
	}
}

/* A tower of five floors: interface, NDR, RPC, and a port of this kind (7 TCP, 0x1f HTTP), an address. */
static inline void rpc_tower(struct rpc_made *made, const struct rpc_uuid *uuid,
	unsigned kind, unsigned port, const uint8_t address[4])
{
	const bool was_big = made->is_big;
	made->is_big = false; /* towers are little endian, C706 appendix I */
	rpc_number(made, 5, 2);
	for (unsigned i = 0; i < 2; i++) {
		rpc_number(made, 19, 2);
		rpc_byte(made, 0x0d);
		rpc_uuid(made, i == 0 ? uuid : &UUID_NDR);
		rpc_number(made, 2, 2);
		rpc_number(made, 2, 2);
		rpc_number(made, 0, 2);
	}
	rpc_bytes(made, "\1\0\x0b\2\0\0\0\1\0", 9);
	rpc_byte(made, kind);
	rpc_bytes(made, "\2\0", 2);
	rpc_byte(made, port >> 8);
	rpc_byte(made, port & 0xff);
	rpc_bytes(made, "\1\0\x09\4\0", 5);
	rpc_bytes(made, address, 4);
	made->is_big = was_big;
}
