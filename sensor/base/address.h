/*
 * base/address - one IPv4 or IPv6 address.
 *
 * IPv4 is kept as its IPv4-mapped IPv6 form (::ffff:a.b.c.d, RFC 4291 section
 * 2.5.5.2), so every comparison and prefix walk is on 16 bytes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ADDRESS_TEXT_BYTES 46 /* longest text form and its NUL */

struct address {
	uint8_t bytes[16]; /* network order */
};

static inline struct address address_from_ipv4(const uint8_t bytes[4])
{
	struct address address = {.bytes = {[10] = 0xff, [11] = 0xff}};
	memcpy(&address.bytes[12], bytes, 4);
	return address;
}

static inline struct address address_from_ipv6(const uint8_t bytes[16])
{
	struct address address;
	memcpy(address.bytes, bytes, 16);
	return address;
}

static inline bool address_equal(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static inline bool address_is_ipv4(const struct address *address)
{
	static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff};
	return memcmp(address->bytes, MAPPED, sizeof(MAPPED)) == 0;
}

/* 127.0.0.0/8 or ::1: the host itself, and nobody on a network. */
bool address_is_loopback(const struct address *address);

/* Dotted quad or RFC 5952 text; text holds ADDRESS_TEXT_BYTES. Returns text. */
const char *address_text(const struct address *address, char *text);

/* Read "192.0.2.1" or "2001:db8::1"; false when text is neither. */
bool address_parse(const char *text, struct address *out);
