#include "matrix/lookup.h"

#include "matrix/arena.h"

#include <stdlib.h>
#include <string.h>

void lookup_add(struct lookup *lookup, const struct lookup_prefix *prefix)
{
	lookup->prefixes =
		list_room(lookup->prefixes, lookup->prefix_count, sizeof(*prefix));
	lookup->prefixes[lookup->prefix_count++] = *prefix;
}

static int number_order(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int prefix_order(const void *left, const void *right)
{
	const struct lookup_prefix *a = left;
	const struct lookup_prefix *b = right;
	int order = memcmp(a->network.base.bytes, b->network.base.bytes, 16);
	order = order ? order : number_order(a->network.bits, b->network.bits);
	order = order ? order : number_order(a->file, b->file);
	order = order ? order : number_order(a->line, b->line);
	return order ? order : number_order(a->column, b->column);
}

void lookup_sort(struct lookup *lookup)
{
	if (lookup->prefix_count > 1) {
		qsort(lookup->prefixes, lookup->prefix_count, sizeof(*lookup->prefixes),
			prefix_order);
	}
}

static void interval_add(
	struct lookup *lookup, const struct address *start, uint32_t holder)
{
	const size_t count = lookup->interval_count;
	if (count > 0 && address_equal(&lookup->starts[count - 1], start)) {
		lookup->holders[count - 1] = holder;
		return;
	}
	lookup->starts = list_room(lookup->starts, count, sizeof(*start));
	lookup->holders = list_room(lookup->holders, count, sizeof(holder));
	lookup->starts[count] = *start;
	lookup->holders[count] = holder;
	lookup->interval_count++;
}

/* The innermost open prefix ends: what is around it goes on behind it. */
static void prefix_close(struct lookup *lookup, const uint32_t *open, size_t depth)
{
	struct address after = network_last(&lookup->prefixes[open[depth - 1]].network);
	if (network_next(&after)) {
		interval_add(lookup, &after, depth > 1 ? open[depth - 2] : LOOKUP_NONE);
	}
}

void lookup_compile(struct lookup *lookup)
{
	uint32_t open
		[130]; /* one prefix of each length can be open, equal ones replace */
	size_t depth = 0;
	for (size_t i = 0; i < lookup->prefix_count; i++) {
		const struct network *network = &lookup->prefixes[i].network;
		while (depth > 0) {
			const struct address last = network_last(
				&lookup->prefixes[open[depth - 1]].network);
			if (memcmp(last.bytes, network->base.bytes, 16) >= 0) {
				break;
			}
			prefix_close(lookup, open, depth--);
		}
		const bool is_repeated =
			depth > 0 &&
			lookup->prefixes[open[depth - 1]].network.bits == network->bits;
		if (!is_repeated) {
			interval_add(lookup, &network->base, (uint32_t)i);
			open[depth++] = (uint32_t)i;
		}
	}
	while (depth > 0) {
		prefix_close(lookup, open, depth--);
	}
}

const struct lookup_prefix *lookup_find(
	const struct lookup *lookup, const struct address *address)
{
	size_t low = 0;
	size_t high = lookup->interval_count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (memcmp(lookup->starts[middle].bytes, address->bytes, 16) <= 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low == 0 || lookup->holders[low - 1] == LOOKUP_NONE) {
		return NULL;
	}
	return &lookup->prefixes[lookup->holders[low - 1]];
}

void lookup_free(struct lookup *lookup)
{
	free(lookup->prefixes);
	free(lookup->starts);
	free(lookup->holders);
	*lookup = (struct lookup){0};
}
