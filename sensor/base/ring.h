/*
 * base/ring - whole lines from one process to one other, through shared memory.
 *
 * One writer, one reader, no lock. The writer never waits: a line that does not fit
 * is refused and counted. What is in the ring outlives both processes: a line is in
 * it whole or not at all, and it stays until the reader says that it is done with it.
 * The reader trusts nothing the writer wrote: broken positions empty the ring.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring_memory; /* what both share */

struct ring { /* each process has its own */
	struct ring_memory *memory;
	size_t capacity;
};

/* Memory for a ring of capacity bytes (a power of two). */
size_t ring_size(size_t capacity);

/* memory: ring_size(capacity) zeroed bytes, aligned to 64, shared by both processes. */
struct ring ring_init(void *memory, size_t capacity);

/*
 * Writer: put len bytes in, if they fit and still leave spare bytes free (room kept
 * for what matters more). False: refused and counted.
 */
bool ring_put(const struct ring *ring, const void *bytes, size_t len, size_t spare);

/* Reader: copy at most room bytes of what waits; they stay until ring_done. */
size_t ring_peek(const struct ring *ring, void *bytes, size_t room);
void ring_done(const struct ring *ring, size_t len);

/* Either: bytes that wait; lines refused so far; times the positions were broken. */
size_t ring_waiting(const struct ring *ring);
uint64_t ring_refused(const struct ring *ring);
uint64_t ring_broken(const struct ring *ring);
