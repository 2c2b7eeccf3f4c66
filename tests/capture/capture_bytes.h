/*
 * tests/capture/capture_bytes - writes the captures that the tests read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CAPTURE_BYTES_MAX = 4 * 1024 * 1024 };

struct capture_bytes {
	uint8_t at[CAPTURE_BYTES_MAX];
	size_t len;
	bool is_big_endian;
};

static inline void put_u8(struct capture_bytes *out, uint8_t value)
{
	out->at[out->len++] = value;
}

static inline void put_u16(struct capture_bytes *out, uint16_t value)
{
	put_u8(out, (uint8_t)(out->is_big_endian ? value >> 8 : value));
	put_u8(out, (uint8_t)(out->is_big_endian ? value : value >> 8));
}

static inline void put_u32(struct capture_bytes *out, uint32_t value)
{
	put_u16(out, (uint16_t)(out->is_big_endian ? value >> 16 : value));
	put_u16(out, (uint16_t)(out->is_big_endian ? value : value >> 16));
}

static inline void put_fill(struct capture_bytes *out, uint8_t value, size_t len)
{
	memset(out->at + out->len, value, len);
	out->len += len;
}

static inline void put_pcap_header(
	struct capture_bytes *out, uint32_t magic, uint32_t network)
{
	put_u32(out, magic);
	put_u16(out, 2);
	put_u16(out, 4);
	put_u32(out, 0);
	put_u32(out, 0);
	put_u32(out, 65535);
	put_u32(out, network);
}

static inline void put_pcap_record_header(
	struct capture_bytes *out, uint32_t seconds, uint32_t fraction, uint32_t len)
{
	put_u32(out, seconds);
	put_u32(out, fraction);
	put_u32(out, len);
	put_u32(out, len);
}

/* A record of len bytes that all hold value. */
static inline void put_pcap_record(
	struct capture_bytes *out, uint32_t seconds, uint8_t value, uint32_t len)
{
	put_pcap_record_header(out, seconds, 0, len);
	put_fill(out, value, len);
}

/* Starts a block; its length is filled in by block_end(). */
static inline size_t block_start(struct capture_bytes *out, uint32_t type)
{
	put_u32(out, type);
	put_u32(out, 0);
	return out->len - 8;
}

static inline void block_end(struct capture_bytes *out, size_t start)
{
	while (out->len % 4 != 0) {
		put_u8(out, 0);
	}
	const uint32_t len = (uint32_t)(out->len - start + 4);
	put_u32(out, len);
	const size_t end = out->len;
	out->len = start + 4;
	put_u32(out, len);
	out->len = end;
}

static inline void put_section(struct capture_bytes *out)
{
	const size_t start = block_start(out, 0x0a0d0d0a);
	put_u32(out, 0x1a2b3c4d);
	put_u16(out, 1);
	put_u16(out, 0);
	put_u32(out, UINT32_MAX);
	put_u32(out, UINT32_MAX);
	block_end(out, start);
}

/* resolution: the value of if_tsresol, 0 for no option. */
static inline void put_interface(struct capture_bytes *out, uint16_t linktype,
	uint32_t snap_len, uint8_t resolution)
{
	const size_t start = block_start(out, 1);
	put_u16(out, linktype);
	put_u16(out, 0);
	put_u32(out, snap_len);
	if (resolution) {
		put_u16(out, 2); /* if_name, to be passed over */
		put_u16(out, 3);
		put_fill(out, 'x', 3);
		put_u8(out, 0);
		put_u16(out, 9);
		put_u16(out, 1);
		put_u8(out, resolution);
		put_fill(out, 0, 3);
		put_u32(out, 0);
	}
	block_end(out, start);
}

static inline void put_enhanced_packet(
	struct capture_bytes *out, uint32_t interface, uint64_t units, uint32_t len)
{
	const size_t start = block_start(out, 6);
	put_u32(out, interface);
	put_u32(out, (uint32_t)(units >> 32));
	put_u32(out, (uint32_t)units);
	put_u32(out, len);
	put_u32(out, len);
	put_fill(out, (uint8_t)len, len);
	block_end(out, start);
}

/* Stores bytes under a fresh name, which the caller unlinks and frees. */
static inline char *capture_store(const void *bytes, size_t len)
{
	char *name = strdup("/tmp/mailwarden-capture-XXXXXX");
	const int fd = mkstemp(name);
	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || close(fd) != 0) {
		abort();
	}
	return name;
}

static inline void capture_remove(char *name)
{
	(void)unlink(name);
	free(name);
}
