#include "base/feed.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>

#define LINE 64 /* of the cache */

struct feed_memory {
	_Alignas(LINE) _Atomic uint64_t written; /* items ever given */
	_Atomic uint64_t moment_us;
	_Alignas(LINE) _Atomic uint64_t words[];
};

size_t feed_size(size_t words, size_t items)
{
	const size_t size =
		sizeof(struct feed_memory) + words * items * sizeof(uint64_t);
	return (size + LINE - 1) & ~(size_t)(LINE - 1);
}

struct feed feed_init(void *memory, size_t words, size_t items)
{
	assert(words > 0 && items > 1 && (items & (items - 1)) == 0);
	assert((uintptr_t)memory % LINE == 0);
	return (struct feed){.memory = memory, .words = words, .items = items};
}

static _Atomic uint64_t *place_of(const struct feed *feed, uint64_t number)
{
	return &feed->memory->words[(number & (feed->items - 1)) * feed->words];
}

void feed_put(const struct feed *feed, const uint64_t *item)
{
	const uint64_t number =
		atomic_load_explicit(&feed->memory->written, memory_order_relaxed);
	_Atomic uint64_t *place = place_of(feed, number);
	/* whoever reads a word of this item finds that the one before it here is gone */
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < feed->words; i++) {
		atomic_store_explicit(&place[i], item[i], memory_order_relaxed);
	}
	atomic_store_explicit(&feed->memory->written, number + 1, memory_order_release);
}

void feed_come_to(const struct feed *feed, uint64_t moment_us)
{
	atomic_store_explicit(
		&feed->memory->moment_us, moment_us, memory_order_release);
}

uint64_t feed_moment(const struct feed *feed)
{
	return atomic_load_explicit(&feed->memory->moment_us, memory_order_acquire);
}

struct feed_reader feed_read_from_now(const struct feed *feed)
{
	return (struct feed_reader){.next = atomic_load_explicit(&feed->memory->written,
					    memory_order_acquire)};
}

/* The one that is being written now takes the place of the oldest. */
static bool is_gone(const struct feed *feed, uint64_t number, uint64_t written)
{
	return written - number >= feed->items;
}

bool feed_take(const struct feed *feed, struct feed_reader *reader, uint64_t *item)
{
	uint64_t written =
		atomic_load_explicit(&feed->memory->written, memory_order_acquire);
	if (reader->next == written) {
		return false;
	}
	if (is_gone(feed, reader->next, written)) {
		const uint64_t next = written - feed->items / 2;
		reader->missed += next - reader->next;
		reader->next = next;
	}
	const _Atomic uint64_t *place = place_of(feed, reader->next);
	for (size_t i = 0; i < feed->words; i++) {
		item[i] = atomic_load_explicit(&place[i], memory_order_relaxed);
	}
	atomic_thread_fence(memory_order_acquire);
	written = atomic_load_explicit(&feed->memory->written, memory_order_relaxed);
	if (is_gone(feed, reader->next, written)) {
		return false; /* while it was read: what is left comes the next time */
	}
	reader->next++;
	return true;
}
