#include "base/pool.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_BYTES      ((size_t)4096)
#define HUGE_PAGE_BYTES ((size_t)2 << 20)

/* What fills most of a huge page gets a whole one; the end of what is larger has small ones. */
static size_t rounded_to_pages(size_t bytes)
{
	const bool is_nearly_one =
		bytes > HUGE_PAGE_BYTES / 4 * 3 && bytes < HUGE_PAGE_BYTES;
	return is_nearly_one ? HUGE_PAGE_BYTES
			     : (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

void *pool_pages(size_t bytes)
{
	const size_t wanted = rounded_to_pages(bytes);
	uint8_t *memory =
		(uint8_t *)mmap(NULL, wanted + HUGE_PAGE_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		return NULL;
	}
	const size_t before = -(uintptr_t)memory & (HUGE_PAGE_BYTES - 1);
	if (before > 0) {
		(void)munmap(memory, before);
	}
	(void)munmap(memory + before + wanted, HUGE_PAGE_BYTES - before);
	(void)madvise(memory + before, wanted, MADV_HUGEPAGE); /* refused: slower */
	return memory + before;
}

void pool_pages_free(void *pages, size_t bytes)
{
	if (pages) {
		(void)munmap(pages, rounded_to_pages(bytes));
	}
}

bool pool_init(
	struct pool *pool, size_t slot_bytes, uint32_t capacity, struct reason *why)
{
	const size_t rounded = (slot_bytes + 15) & ~(size_t)15;
	assert(rounded > 0 && capacity > 0 && capacity < POOL_NONE);
	void *memory = mmap(NULL, rounded * capacity, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		return reason_set(why, "cannot reserve %zu bytes: %s",
			rounded * capacity, strerror(errno));
	}
	/*
	 * Random access to many small slots is mostly TLB misses; refused, it is only slower.
	 * Large ones are seldom full: what nobody wrote to takes no memory.
	 */
	if (rounded <= 4 * PAGE_BYTES) {
		(void)madvise(memory, rounded * capacity, MADV_HUGEPAGE);
	}
	*pool = (struct pool){.slots = (uint8_t *)memory,
		.slot_bytes = rounded,
		.capacity = capacity,
		.first_free = POOL_NONE};
	return true;
}

void pool_destroy(struct pool *pool)
{
	if (pool->slots) {
		(void)munmap(pool->slots, pool->slot_bytes * pool->capacity);
	}
	*pool = (struct pool){.first_free = POOL_NONE};
}

uint32_t pool_take(struct pool *pool)
{
	uint32_t index = pool->first_free;
	if (index != POOL_NONE) {
		memcpy(&pool->first_free, pool_at(pool, index), sizeof(uint32_t));
	} else if (pool->touched < pool->capacity) {
		index = pool->touched++;
	} else {
		return POOL_NONE;
	}
	pool->used++;
	return index;
}

void pool_give(struct pool *pool, uint32_t index)
{
	assert(index < pool->touched && pool->used > 0);
	memcpy(pool_at(pool, index), &pool->first_free, sizeof(uint32_t));
	pool->first_free = index;
	pool->used--;
}
