/*
 * observed/unused_parts - between the files of observed/unused. Private to them.
 */
#pragma once

#include "observed/unused.h"

/* One host that used a row at one of its ends. */
struct unused_use {
	uint32_t row; /* place among the matrix's rows */
	uint8_t end;
	struct address host;
};

/* Sort them and leave one of each. */
void unused_uses_sort(struct unused_use *uses, size_t *count);

/*
 * The hosts of one row and end, sorted, as at most UNUSED_NARROW_MAX networks: those that
 * are nearest are joined first. 0: they are too many to be looked at.
 */
size_t unused_narrow(
	const struct unused_use *uses, size_t count, struct network *narrow);
double unused_network_addresses(const struct network *network);
