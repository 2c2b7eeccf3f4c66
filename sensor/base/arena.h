/*
 * base/arena - memory that is taken piece by piece and given back at once.
 *
 * Used while a file is read, never per packet. Every piece is zeroed and
 * lives until arena_free. No memory left ends the process: loading happens at
 * start, where nothing can be done without it, or in a process of its own.
 */
#pragma once

#include <stddef.h>

struct arena {
	struct arena_block *newest;
};

void *arena_take(struct arena *arena, size_t size);

/* count elements of size bytes each. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* A NUL-terminated copy of len bytes. */
const char *arena_text(struct arena *arena, const char *text, size_t len);

void arena_free(struct arena *arena);

/*
 * Make room for one more element in a list of size-byte elements that holds count
 * and doubles at each power of two; returns the list, never NULL. list_free gives
 * it back, as it does an array of list_new (zeroed).
 */
void *list_room(void *list, size_t count, size_t size);
void *list_new(size_t count, size_t size);
void list_free(void *list);

/*
 * From now on this process takes the memory of all of the above from this zeroed
 * block, and gives none back: a loader fills memory it shares with others and ends.
 */
void arena_settle(void *memory, size_t size);
