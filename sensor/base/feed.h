/*
 * base/feed - items of one size from one process to all others, and how far it has come.
 *
 * Shared memory, one writer, any number of readers, no lock. Nobody waits: a new item
 * takes the place of the oldest, and a reader who was too slow for that counts what it
 * missed. Each reader keeps its own place. What an item holds is copied in and out by
 * words, and a reader trusts no number in it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct feed_memory; /* what all share */

struct feed { /* each process has its own */
	struct feed_memory *memory;
	size_t words; /* of 8 bytes, of an item */
	size_t items; /* a power of two */
};

struct feed_reader {
	uint64_t next;
	uint64_t missed; /* items that were gone before they were read */
};

/* Memory for a feed of items (a power of two) of so many words. */
size_t feed_size(size_t words, size_t items);

/* memory: feed_size() zeroed bytes, aligned to 64, shared by all. */
struct feed feed_init(void *memory, size_t words, size_t items);

/* Writer: give an item of feed.words words. */
void feed_put(const struct feed *feed, const uint64_t *item);

/*
 * Writer: all that it had to give before this moment was given. A reader that finds this
 * finds those items too.
 */
void feed_come_to(const struct feed *feed, uint64_t moment_us);
uint64_t feed_moment(const struct feed *feed);

/* Begin with what is given from now on. */
struct feed_reader feed_read_from_now(const struct feed *feed);

/* The next item. False: there is none now. */
bool feed_take(const struct feed *feed, struct feed_reader *reader, uint64_t *item);
