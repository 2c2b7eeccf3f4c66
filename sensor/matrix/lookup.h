/*
 * matrix/lookup - which prefix of many holds an address: the longest.
 *
 * Nested prefixes are flattened once into disjoint intervals, so that a look-up is
 * one binary search over sorted 16-byte keys: 17 steps for 100,000 prefixes, no
 * pointers followed.
 */
#pragma once

#include "matrix/network.h"

#include <stdint.h>

#define LOOKUP_NONE UINT32_MAX

struct lookup_prefix {
	struct network network;
	uint32_t owner; /* what matrix_locate is after: index of a group or zone */
	uint32_t file;  /* where it was written */
	uint32_t line;
	uint32_t column;
};

struct lookup {
	struct lookup_prefix *prefixes; /* malloced; sorted by lookup_sort */
	size_t prefix_count;
	/* malloced; first address of each interval, ascending */
	struct address *starts;
	/* malloced; index of the prefix that holds it, or LOOKUP_NONE */
	uint32_t *holders;
	size_t interval_count;
};

void lookup_add(struct lookup *lookup, const struct lookup_prefix *prefix);

/* By base address, wider first, then as written. */
void lookup_sort(struct lookup *lookup);

/* Flatten; after lookup_sort. */
void lookup_compile(struct lookup *lookup);

/* The longest prefix holding the address, or NULL. */
const struct lookup_prefix *lookup_find(
	const struct lookup *lookup, const struct address *address);

void lookup_free(struct lookup *lookup);
