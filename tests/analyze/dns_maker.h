/*
 * tests/analyze/dns_maker - DNS messages made for tests, byte by byte.
 */
#pragma once

#include "analyze/dns_answer.h"

#include <string.h>

struct dns_made {
	uint8_t bytes[1200];
	size_t len;
};

static inline void dns_put16(struct dns_made *made, unsigned value)
{
	made->bytes[made->len++] = (uint8_t)(value >> 8);
	made->bytes[made->len++] = (uint8_t)value;
}

static inline void dns_put_name(struct dns_made *made, const char *name)
{
	while (*name != '\0') {
		const size_t len = strcspn(name, ".");
		made->bytes[made->len++] = (uint8_t)len;
		memcpy(made->bytes + made->len, name, len);
		made->len += len;
		name += len + (name[len] == '.' ? 1 : 0);
	}
	made->bytes[made->len++] = 0;
}

/* A question; records are added behind it. flags: 0x0100 a query, 0x8180 an answer. */
static inline struct dns_made dns_made(
	unsigned id, unsigned flags, const char *name, unsigned type)
{
	struct dns_made made = {.len = 0};
	const unsigned header[] = {id, flags, 1, 0, 0, 0};
	for (size_t i = 0; i < 6; i++) {
		dns_put16(&made, header[i]);
	}
	dns_put_name(&made, name);
	dns_put16(&made, type);
	dns_put16(&made, 1);
	return made;
}

static inline void dns_put_record(struct dns_made *made, const char *owner,
	unsigned type, uint32_t ttl_s, const struct dns_made *data)
{
	made->bytes[7]++; /* answers */
	dns_put_name(made, owner);
	dns_put16(made, type);
	dns_put16(made, 1);
	dns_put16(made, ttl_s >> 16);
	dns_put16(made, ttl_s & 0xffff);
	dns_put16(made, (unsigned)data->len);
	memcpy(made->bytes + made->len, data->bytes, data->len);
	made->len += data->len;
}

/* address: as text, of IPv4 or IPv6 */
static inline void dns_put_address(
	struct dns_made *made, const char *owner, uint32_t ttl_s, const char *address)
{
	struct address parsed;
	struct dns_made data = {.len = 0};
	if (!address_parse(address, &parsed)) {
		return;
	}
	const bool is_ipv4 = address_is_ipv4(&parsed);
	data.len = is_ipv4 ? 4 : 16;
	memcpy(data.bytes, parsed.bytes + (is_ipv4 ? 12 : 0), data.len);
	dns_put_record(made, owner, is_ipv4 ? DNS_TYPE_A : DNS_TYPE_AAAA, ttl_s, &data);
}

static inline void dns_put_target(struct dns_made *made, const char *owner,
	enum dns_type type, uint32_t ttl_s, const char *target)
{
	struct dns_made data = {.len = 0};
	if (type == DNS_TYPE_MX) {
		dns_put16(&data, 10);
	}
	dns_put_name(&data, target);
	dns_put_record(made, owner, type, ttl_s, &data);
}
