/*
 * audit/spf_ranges - sets of addresses, as ranges that say where they come from.
 *
 * In: ranges. Out: what two sets have in common, what is left of one without another.
 * Bounded: what would be more than SPF_RANGES_MAX ranges is counted as lost.
 */
#pragma once

#include "base/address.h"

#include <stddef.h>

#define SPF_RANGES_MAX 4096

struct spf_range {
	struct address first;
	struct address last;
	const char *origin; /* borrowed: which terms led here; or NULL */
};

struct spf_ranges {
	struct spf_range *list; /* list_room; spf_ranges_free */
	size_t count;
	size_t lost;
};

void spf_ranges_add(struct spf_ranges *ranges, const struct spf_range *range);
void spf_ranges_free(struct spf_ranges *ranges);

/*
 * Cut the range out of the set. What the set had of it is added to taken (or NULL), with
 * the range's origin.
 */
void spf_ranges_cut(struct spf_ranges *ranges, const struct spf_range *range,
	struct spf_ranges *taken);

/* All addresses, of both families. */
void spf_ranges_of_all(struct spf_ranges *ranges);

/* How many addresses of IPv4 the set has. */
uint64_t spf_ranges_ipv4(const struct spf_ranges *ranges);

/* A network of the family of its address, so many bits of that. */
struct spf_range spf_range_of(const struct address *address, unsigned bits);

/* "192.0.2.0/24", "192.0.2.1", "192.0.2.1-192.0.2.9" */
#define SPF_RANGE_BYTES (2 * ADDRESS_TEXT_BYTES + 8)
const char *spf_range_text(const struct spf_range *range, char text[SPF_RANGE_BYTES]);
