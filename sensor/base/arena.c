#include "base/arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 65536
#define ALIGNMENT   16

struct arena_block {
	struct arena_block *older;
	size_t used;
	size_t size;
	_Alignas(ALIGNMENT) unsigned char bytes[];
};

/* Where a loader of its own takes memory from; at is NULL in all other processes. */
static struct {
	unsigned char *at;
	size_t left;
} settled;

void arena_settle(void *memory, size_t size)
{
	settled.at = memory;
	settled.left = size;
}

static size_t round_up(size_t size)
{
	return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

void *list_new(size_t count, size_t size)
{
	assert(count > 0 && size > 0);
	if (count > SIZE_MAX / 2 / size) {
		abort();
	}
	if (!settled.at) {
		void *list = calloc(count, size);
		if (!list) {
			abort();
		}
		return list;
	}
	const size_t rounded = round_up(count * size);
	if (rounded > settled.left) {
		abort();
	}
	void *list = settled.at;
	settled.at += rounded;
	settled.left -= rounded;
	return list;
}

void list_free(void *list)
{
	if (!settled.at) {
		free(list);
	}
}

static struct arena_block *block_new(size_t size)
{
	struct arena_block *block = list_new(1, sizeof(*block) + size);
	block->size = size;
	return block;
}

void *arena_take(struct arena *arena, size_t size)
{
	const size_t rounded = round_up(size);
	struct arena_block *block = arena->newest;
	if (!block || block->size - block->used < rounded) {
		block = block_new(rounded > BLOCK_BYTES ? rounded : BLOCK_BYTES);
		block->older = arena->newest;
		arena->newest = block;
	}
	void *taken = block->bytes + block->used;
	block->used += rounded;
	return taken;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / 2 / size) {
		abort();
	}
	return arena_take(arena, count * size);
}

const char *arena_text(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_take(arena, len + 1);
	memcpy(copy, text, len);
	return copy;
}

void arena_free(struct arena *arena)
{
	while (arena->newest) {
		struct arena_block *block = arena->newest;
		arena->newest = block->older;
		list_free(block);
	}
}

void *list_room(void *list, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0 || count == 1) {
		return list;
	}
	const size_t wanted = count == 0 ? 2 : count * 2;
	if (settled.at) {
		void *moved = list_new(wanted, size);
		if (count > 0) {
			memcpy(moved, list, count * size);
		}
		return moved;
	}
	void *grown = realloc(list, wanted * size);
	if (!grown) {
		abort();
	}
	return grown;
}
