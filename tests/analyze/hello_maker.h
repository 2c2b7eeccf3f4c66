/*
 * tests/analyze/hello_maker - write TLS records byte by byte for tests.
 *
 * A script is a growing buffer; vectors are opened and closed by their offset.
 */
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SCRIPT_BYTES (1200 * 1024)

struct script {
	uint8_t bytes[SCRIPT_BYTES];
	size_t len;
};

static inline void put(struct script *script, const void *bytes, size_t len)
{
	assert(script->len + len <= SCRIPT_BYTES);
	memcpy(script->bytes + script->len, bytes, len);
	script->len += len;
}

static inline void put_number(struct script *script, size_t value, size_t width)
{
	for (size_t i = width; i > 0; i--) {
		const uint8_t byte = (uint8_t)(value >> (8 * (i - 1)));
		put(script, &byte, 1);
	}
}

static inline void put_fill(struct script *script, uint8_t byte, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		put(script, &byte, 1);
	}
}

static inline size_t open_vector(struct script *script, size_t width)
{
	put_fill(script, 0, width);
	return script->len;
}

static inline void close_vector(struct script *script, size_t start, size_t width)
{
	size_t len = script->len - start;
	for (size_t i = 1; i <= width; i++) {
		script->bytes[start - i] = (uint8_t)len;
		len >>= 8;
	}
}

static inline size_t open_message(struct script *script, uint8_t type)
{
	put(script, &type, 1);
	return open_vector(script, 3);
}

static inline void close_message(struct script *script, size_t start)
{
	close_vector(script, start, 3);
}

/* Cut handshake messages into records of at most piece bytes. */
static inline void put_records(
	struct script *out, const struct script *messages, size_t piece)
{
	for (size_t at = 0; at < messages->len; at += piece) {
		const size_t left = messages->len - at;
		const size_t len = left < piece ? left : piece;
		put_number(out, 0x160303, 3);
		put_number(out, len, 2);
		put(out, messages->bytes + at, len);
	}
}

/* One record of noise that stands for encrypted content. */
static inline void put_sealed(struct script *out, uint8_t type, size_t len)
{
	put(out, &type, 1);
	put_number(out, 0x0303, 2);
	put_number(out, len, 2);
	put_fill(out, 0xa5, len);
}

static inline void put_change_cipher(struct script *out)
{
	put(out, "\x14\x03\x03\x00\x01\x01", 6);
}

/* The hello of 104 bytes whose fingerprints are known. */
static const uint8_t KNOWN_HELLO[] =
	"\x16\x03\x01\x00\x63\x01\x00\x00\x5f\x03\x03"
	"RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR"
	"\x00\x00\x04\x13\x01\xc0\x2f\x01\x00\x00\x32"
	"\x00\x00\x00\x15\x00\x13\x00\x00\x10mail.example.org"
	"\x00\x2b\x00\x05\x04\x03\x04\x03\x03\x00\x0a\x00\x04\x00\x02\x00\x1d"
	"\x00\x0d\x00\x04\x00\x02\x04\x03";
#define KNOWN_HELLO_BYTES (sizeof(KNOWN_HELLO) - 1)

/* A ClientHello of TLS 1.2 at most, asking for mail.example.org. */
static inline void put_client_hello_1_2(struct script *out)
{
	const size_t message = open_message(out, 1);
	put_number(out, 0x0303, 2);
	put_fill(out, 7, 32);
	put_number(out, 0, 1);
	put_number(out, 0x0004c02f, 4);
	put_number(out, 0x009e0100, 4);
	const size_t extensions = open_vector(out, 2);
	put(out, "\x00\x00\x00\x15\x00\x13\x00\x00\x10mail.example.org", 25);
	put(out, "\x00\x10\x00\x0e\x00\x0c\x02h2\x08http/1.1", 18);
	close_vector(out, extensions, 2);
	close_message(out, message);
}

/* A ServerHello; extensions: len raw bytes. */
static inline void put_server_hello(
	struct script *out, uint16_t suite, const void *extensions, size_t len)
{
	const size_t message = open_message(out, 2);
	put_number(out, 0x0303, 2);
	put_fill(out, 9, 32);
	put_number(out, 0, 1);
	put_number(out, suite, 2);
	put_number(out, 0, 1);
	if (len > 0) {
		put_number(out, len, 2);
		put(out, extensions, len);
	}
	close_message(out, message);
}

#define EXTENSIONS_1_3       "\x00\x2b\x00\x02\x03\x04\x00\x33\x00\x04\x00\x1d\x00\x00"
#define EXTENSIONS_1_3_BYTES 14

/* A Certificate message: the leaf and, when not 0, a second entry of that many bytes. */
static inline void put_certificates(
	struct script *out, const uint8_t *der, size_t len, size_t further)
{
	const size_t message = open_message(out, 11);
	const size_t list = open_vector(out, 3);
	if (len > 0) {
		put_number(out, len, 3);
		put(out, der, len);
	}
	if (further > 0) {
		put_number(out, further, 3);
		put_fill(out, 0x30, further);
	}
	close_vector(out, list, 3);
	close_message(out, message);
}
