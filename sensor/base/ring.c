#include "base/ring.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#define LINE 64 /* of the cache: writer and reader do not share one */

/* Positions only grow; modulo the capacity they are places. */
struct ring_memory {
	_Alignas(LINE) _Atomic uint64_t written; /* the writer's */
	_Atomic uint64_t refused;
	_Alignas(LINE) _Atomic uint64_t read; /* the reader's */
	_Atomic uint64_t broken;
	_Alignas(LINE) unsigned char bytes[];
};

size_t ring_size(size_t capacity)
{
	return sizeof(struct ring_memory) + capacity;
}

struct ring ring_init(void *memory, size_t capacity)
{
	assert(capacity >= LINE && (capacity & (capacity - 1)) == 0);
	assert((uintptr_t)memory % LINE == 0);
	return (struct ring){.memory = memory, .capacity = capacity};
}

/*
 * In one order for both: a writer that saw the ring empty wakes the reader, and a
 * reader that found it empty sleeps; neither may see the other's past.
 */
static uint64_t load_number(const _Atomic uint64_t *number)
{
	return atomic_load_explicit(number, memory_order_seq_cst);
}

static void store_number(_Atomic uint64_t *number, uint64_t value)
{
	atomic_store_explicit(number, value, memory_order_seq_cst);
}

bool ring_put(const struct ring *ring, const void *bytes, size_t len, size_t spare)
{
	const uint64_t written = load_number(&ring->memory->written);
	const size_t free =
		ring->capacity - (size_t)(written - load_number(&ring->memory->read));
	if (free > ring->capacity || len > free || spare > free - len) {
		store_number(&ring->memory->refused,
			load_number(&ring->memory->refused) + 1);
		return false;
	}
	const size_t place = (size_t)written & (ring->capacity - 1);
	const size_t first = ring->capacity - place;
	const size_t part = len < first ? len : first;
	memcpy(ring->memory->bytes + place, bytes, part);
	memcpy(ring->memory->bytes, (const unsigned char *)bytes + part, len - part);
	store_number(&ring->memory->written, written + len);
	return true;
}

/* Bytes that wait; a writer that broke the positions loses what was in. */
static size_t waiting_checked(const struct ring *ring)
{
	const uint64_t written = load_number(&ring->memory->written);
	const uint64_t waiting = written - load_number(&ring->memory->read);
	if (waiting > ring->capacity) {
		store_number(
			&ring->memory->broken, load_number(&ring->memory->broken) + 1);
		store_number(&ring->memory->read, written);
		return 0;
	}
	return (size_t)waiting;
}

size_t ring_peek(const struct ring *ring, void *bytes, size_t room)
{
	const size_t waiting = waiting_checked(ring);
	const size_t len = waiting < room ? waiting : room;
	const size_t place =
		(size_t)load_number(&ring->memory->read) & (ring->capacity - 1);
	const size_t first = ring->capacity - place;
	const size_t part = len < first ? len : first;
	memcpy(bytes, ring->memory->bytes + place, part);
	memcpy((unsigned char *)bytes + part, ring->memory->bytes, len - part);
	return len;
}

void ring_done(const struct ring *ring, size_t len)
{
	store_number(&ring->memory->read, load_number(&ring->memory->read) + len);
}

size_t ring_waiting(const struct ring *ring)
{
	return (size_t)(load_number(&ring->memory->written) -
			load_number(&ring->memory->read));
}

uint64_t ring_refused(const struct ring *ring)
{
	return load_number(&ring->memory->refused);
}

uint64_t ring_broken(const struct ring *ring)
{
	return load_number(&ring->memory->broken);
}
