#include "matrix/difference_parts.h"

#include <stdlib.h>

#define PORTS_ALL 65535

/* Exchange's transport services have them (matrix/criteria), rfc8314 has 465. */
static const uint16_t SPECIAL_PORTS[] = {465, 475, 717, 2525};

static void add_port(struct difference_ranges *ranges, unsigned port)
{
	if (port > 0 && port <= PORTS_ALL) {
		ranges->list =
			list_room(ranges->list, ranges->count, sizeof(*ranges->list));
		ranges->list[ranges->count++] = (uint16_t)port;
	}
}

static void add_single(struct difference_ranges *ranges, unsigned port)
{
	add_port(ranges, port);
	add_port(ranges, port + 1);
}

static void add_row(struct difference_ranges *ranges, const struct matrix_row *row)
{
	for (size_t i = 0; i < row->port_count; i++) { /* PORTS_ALL */
		const bool is_begun = i > 0 && row->ports[i - 1] == row->ports[i] - 1;
		const bool goes_on = i + 1 < row->port_count &&
				     row->ports[i + 1] == row->ports[i] + 1;
		if (!is_begun) {
			add_port(ranges, row->ports[i]);
		}
		if (!goes_on) {
			add_port(ranges, row->ports[i] + 1U);
		}
	}
}

static int port_order(const void *left, const void *right)
{
	return *(const uint16_t *)left - *(const uint16_t *)right;
}

struct difference_ranges difference_part_ports(
	const struct difference_case *compared, uint32_t protocols)
{
	struct difference_ranges ranges = {.count = 0};
	add_port(&ranges, 1);
	for (size_t i = 0; i < sizeof(SPECIAL_PORTS) / sizeof(*SPECIAL_PORTS); i++) {
		add_single(&ranges, SPECIAL_PORTS[i]);
	}
	for (; protocols; protocols &= protocols - 1) {
		const uint16_t *own =
			protocol_row((enum protocol)__builtin_ctz(protocols))->ports;
		for (int i = 0; i < PROTOCOL_PORTS_MAX && own[i]; i++) {
			add_single(&ranges, own[i]);
		}
	}
	for (int side = 0; side < 2; side++) {
		for (size_t i = 0; i < compared->row_counts[side]; i++) {
			add_row(&ranges, &compared->matrices[side]
						  ->rows[compared->rows[side][i]]);
		}
	}
	qsort(ranges.list, ranges.count, sizeof(*ranges.list), port_order);
	size_t kept = 1;
	for (size_t i = 1; i < ranges.count; i++) {
		if (ranges.list[i] != ranges.list[kept - 1]) {
			ranges.list[kept++] = ranges.list[i];
		}
	}
	ranges.count = kept;
	return ranges;
}
