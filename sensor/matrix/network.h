/*
 * matrix/network - address prefixes as written in a matrix: one, a range, a network.
 */
#pragma once

#include "base/address.h"
#include "base/reason.h"

#include <stddef.h>

#define NETWORK_RANGE_MAX 254 /* prefixes one range can need (IPv6, both ends odd) */

struct network {
	struct address base;
	uint8_t bits; /* 0 to 128; IPv4 /n is 96 + n */
};

/*
 * "192.0.2.1", "192.0.2.0/24", "192.0.2.1-192.0.2.9" and the same of IPv6, as
 * prefixes into list[NETWORK_RANGE_MAX]. Returns how many; 0 with a reason.
 */
size_t network_parse(const char *text, struct network *list, struct reason *why);

/* From first to last, which is not before it, as prefixes. Returns how many. */
size_t network_cover(const struct address *first, const struct address *last,
	struct network list[NETWORK_RANGE_MAX]);

struct address network_last(const struct network *network);

/* "192.0.2.0/24"; an address alone is written without length. text holds NETWORK_TEXT_BYTES. */
#define NETWORK_TEXT_BYTES (ADDRESS_TEXT_BYTES + 4)
const char *network_text(const struct network *network, char *text);

/* The address after it; false when there is none. */
bool network_next(struct address *address);
