#include "matrix/lookup.h"

#include "base/arena.h"

#include <endian.h>
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

/* Prefixes that hold the address being looked at, each inside the one before. */
struct open_prefixes {
	uint32_t list[130]; /* one of each length from 0 to 128 at most */
	size_t depth;
};

/* The innermost open prefix ends: what is around it goes on behind it. */
static void prefix_close(struct lookup *lookup, struct open_prefixes *open)
{
	const uint32_t closed = open->list[--open->depth];
	struct address after = network_last(&lookup->prefixes[closed].network);
	if (network_next(&after)) {
		interval_add(lookup, &after,
			open->depth > 0 ? open->list[open->depth - 1] : LOOKUP_NONE);
	}
}

static const struct network *innermost(
	const struct lookup *lookup, const struct open_prefixes *open)
{
	return open->depth ? &lookup->prefixes[open->list[open->depth - 1]].network
			   : NULL;
}

static bool ends_before(const struct network *network, const struct address *address)
{
	const struct address last = network_last(network);
	return memcmp(last.bytes, address->bytes, sizeof(last.bytes)) < 0;
}

void lookup_compile(struct lookup *lookup)
{
	struct open_prefixes open = {.depth = 0};
	for (size_t i = 0; i < lookup->prefix_count; i++) {
		const struct network *network = &lookup->prefixes[i].network;
		const struct network *around = innermost(lookup, &open);
		while (around && ends_before(around, &network->base)) {
			prefix_close(lookup, &open);
			around = innermost(lookup, &open);
		}
		const bool is_repeated = around && around->bits == network->bits;
		if (!is_repeated) {
			interval_add(lookup, &network->base, (uint32_t)i);
			open.list[open.depth++] = (uint32_t)i;
		}
	}
	while (open.depth > 0) {
		prefix_close(lookup, &open);
	}
}

/* An address as words that compare as its bytes do. */
struct number {
	uint64_t high;
	uint64_t low;
};

static struct number number_of(const struct address *address)
{
	uint64_t words[2];
	memcpy(words, address->bytes, sizeof(words));
	return (struct number){be64toh(words[0]), be64toh(words[1])};
}

static bool is_greater(const struct number *a, const struct number *b)
{
	return a->high != b->high ? a->high > b->high : a->low > b->low;
}

const struct lookup_prefix *lookup_find(
	const struct lookup *lookup, const struct address *address)
{
	const struct number wanted = number_of(address);
	size_t low = 0;
	size_t high = lookup->interval_count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct number start = number_of(&lookup->starts[middle]);
		if (!is_greater(&start, &wanted)) {
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
	list_free(lookup->prefixes);
	list_free(lookup->starts);
	list_free(lookup->holders);
	*lookup = (struct lookup){0};
}
