/*
 * flow/segments - the pool of segments that wait, shared out.
 *
 * A flow's side may hold a part of what is free, and so may all sides of one address:
 * whoever fills the pool is refused first, and there is always room for the others
 * (Choudhury and Hahne, "Dynamic queue length thresholds", 1998). Private to flow/.
 */
#pragma once

#include "flow/stream.h"

static inline struct segment *segment_at(const struct streams *streams, uint32_t index)
{
	return pool_at(&streams->segments, index);
}

/* Whose share this side's memory is of: by address and way in. */
uint8_t segments_holder(
	const struct streams *streams, const struct flow *flow, unsigned side);

/* A slot for a side of flow that holds count of them; POOL_NONE, counted: no room for it. */
uint32_t segment_take(struct streams *streams, const struct flow *flow, unsigned side,
	uint32_t count);

void segment_give(struct streams *streams, uint32_t index);
