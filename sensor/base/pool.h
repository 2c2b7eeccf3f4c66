/*
 * base/pool - a fixed number of equal slots, taken at start.
 *
 * The memory is reserved once and touched only as slots are used, so a large
 * bound costs nothing until traffic needs it. The slot freed last is given next.
 */
#pragma once

#include "base/reason.h"

#include <stddef.h>
#include <stdint.h>

#define POOL_NONE UINT32_MAX

struct pool {
	uint8_t *slots;
	size_t slot_bytes;
	uint32_t capacity;
	uint32_t used;       /* slots given out now */
	uint32_t touched;    /* slots ever given out */
	uint32_t first_free; /* index of the slot freed last, or POOL_NONE */
};

/*
 * Memory for a table that is asked at random: all zeros, on huge pages where the system gives
 * them, touched as it is used. NULL without memory. Free it with the same bytes.
 */
void *pool_pages(size_t bytes);
void pool_pages_free(void *pages, size_t bytes); /* pages may be NULL */

/* slot_bytes is rounded up to a multiple of 16. False with a reason when the system has no memory. */
bool pool_init(
	struct pool *pool, size_t slot_bytes, uint32_t capacity, struct reason *why);
void pool_destroy(struct pool *pool);

/* Index of a slot (its bytes are not cleared), or POOL_NONE when all are in use. */
uint32_t pool_take(struct pool *pool);
void pool_give(struct pool *pool, uint32_t index);

static inline void *pool_at(const struct pool *pool, uint32_t index)
{
	return pool->slots + (size_t)index * pool->slot_bytes;
}

static inline uint32_t pool_index(const struct pool *pool, const void *slot)
{
	return (uint32_t)((size_t)((const uint8_t *)slot - pool->slots) /
			  pool->slot_bytes);
}
