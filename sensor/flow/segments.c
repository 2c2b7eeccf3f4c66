#include "flow/segments.h"

#include <string.h>

/* A side may hold one in so many of the free ones, an address one in so many. */
#define FREE_PER_SIDE    64
#define FREE_PER_ADDRESS 2

/* So many a side may hold whatever its address holds, while this part of the pool is free. */
#define ALWAYS_PER_SIDE 8
#define ALWAYS_PART     4

/* Whatever is claimed in tunnels that nobody declared has one share together. */
#define HOLDER_FOREIGN (STREAM_HOLDERS - 1)

uint8_t segments_holder(
	const struct streams *streams, const struct flow *flow, unsigned side)
{
	uint64_t words[2];
	if (way_is_foreign(flow->way)) {
		return HOLDER_FOREIGN;
	}
	memcpy(words, flow->address[side].bytes, sizeof(words));
	const uint64_t hash = (words[0] + words[1] * streams->key) * streams->key;
	const uint8_t holder = (uint8_t)(hash >> 56);
	return holder == HOLDER_FOREIGN ? 0 : holder;
}

static bool is_within_share(
	const struct streams *streams, uint8_t holder, uint32_t count)
{
	const struct pool *pool = &streams->segments;
	const uint32_t left = pool->capacity - pool->used;
	if (count < ALWAYS_PER_SIDE && left > pool->capacity / ALWAYS_PART) {
		return true;
	}
	return count <= left / FREE_PER_SIDE &&
	       streams->held[holder] <= left / FREE_PER_ADDRESS;
}

uint32_t segment_take(
	struct streams *streams, const struct flow *flow, unsigned side, uint32_t count)
{
	const uint8_t holder = segments_holder(streams, flow, side);
	const uint32_t index = is_within_share(streams, holder, count)
				       ? pool_take(&streams->segments)
				       : POOL_NONE;
	if (index == POOL_NONE) {
		streams->counters->segments_refused++;
		return POOL_NONE;
	}
	segment_at(streams, index)->holder = holder;
	streams->held[holder]++;
	return index;
}

void segment_give(struct streams *streams, uint32_t index)
{
	streams->held[segment_at(streams, index)->holder]--;
	pool_give(&streams->segments, index);
}
