#include "lists/store.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

struct lists_store {
	_Atomic uint32_t generation;
	_Atomic uint32_t taken[LISTS_READERS_MAX];
	/* the same in all processes */
	struct lists *blocks[2];
	int files[2];
};

static struct lists *make_block(int *file, struct reason *why)
{
	*file = memfd_create("lists", MFD_CLOEXEC);
	if (*file < 0 || ftruncate(*file, (off_t)LISTS_BLOCK_BYTES) != 0) {
		(void)reason_set(why, "no memory for lists: %s", strerror(errno));
		return NULL;
	}
	void *memory = mmap(NULL, LISTS_BLOCK_BYTES, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_NORESERVE, *file, 0);
	if (memory == MAP_FAILED) {
		(void)reason_set(why, "no memory for lists: %s", strerror(errno));
		return NULL;
	}
	return memory;
}

struct lists_store *lists_store_new(struct reason *why)
{
	struct lists_store *store = mmap(NULL, sizeof(*store), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (store == MAP_FAILED) {
		(void)reason_set(why, "no memory for lists: %s", strerror(errno));
		return NULL;
	}
	for (unsigned i = 0; i < 2; i++) {
		store->blocks[i] = make_block(&store->files[i], why);
		if (!store->blocks[i]) {
			return NULL; /* the process ends */
		}
	}
	return store;
}

void lists_store_leave(const struct lists_store *store, bool is_reader)
{
	for (unsigned i = 0; store && i < 2; i++) {
		(void)close(store->files[i]);
		if (!is_reader) {
			(void)munmap(store->blocks[i], LISTS_BLOCK_BYTES);
		}
	}
}

uint32_t lists_store_generation(const struct lists_store *store)
{
	return atomic_load_explicit(&store->generation, memory_order_acquire);
}

struct lists *lists_store_block(const struct lists_store *store, uint32_t generation)
{
	return store->blocks[generation % 2];
}

int lists_store_file(const struct lists_store *store, uint32_t generation)
{
	return store->files[generation % 2];
}

void lists_store_publish(struct lists_store *store)
{
	(void)atomic_fetch_add_explicit(&store->generation, 1, memory_order_release);
}

struct lists *lists_store_take(struct lists_store *store, unsigned reader)
{
	assert(reader < LISTS_READERS_MAX);
	const uint32_t generation = lists_store_generation(store);
	atomic_store_explicit(&store->taken[reader], generation, memory_order_release);
	return generation > 0 ? lists_store_block(store, generation) : NULL;
}

bool lists_store_is_taken(const struct lists_store *store, unsigned reader)
{
	return atomic_load_explicit(&store->taken[reader], memory_order_acquire) ==
	       lists_store_generation(store);
}

void lists_store_clear(const struct lists_store *store)
{
	(void)madvise(lists_store_block(store, lists_store_generation(store) + 1),
		LISTS_BLOCK_BYTES, MADV_REMOVE);
}

bool lists_store_freeze(const struct lists_store *store, struct reason *why)
{
	return (lists_freeze(store->blocks[0]) && lists_freeze(store->blocks[1])) ||
	       reason_set(why, "cannot protect the lists: %s", strerror(errno));
}
