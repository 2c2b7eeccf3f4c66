/*
 * Threads that look up and count all the time while one swaps the lists under them: the
 * same that processes do (test_store.c), for ThreadSanitizer to look at. Built and run by
 * test_store_threads.py. Argument: unsafe, to swap without waiting, which it has to see.
 */
#include "lists/build.h"
#include "lists/store.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#define READERS 3
#define SWAPS   40
#define HOSTS   200

static struct lists_store *store;
static _Atomic bool is_over;
static _Atomic uint64_t looks[READERS];
static _Atomic uint64_t halves;

/* All of 203.0.113.0/24 in even generations, of 198.51.100.0/24 in odd ones. */
static void fill(struct lists *lists, uint32_t generation)
{
	static struct build build;
	struct reason why;
	memset(lists, 0, sizeof(*lists));
	build_start(&build, lists);
	lists->list_count = 1;
	lists->all[0].kind = MATRIX_LIST_DENY;
	for (unsigned i = 0; i < HOSTS; i++) {
		struct reading_item item = {.line = i};
		(void)snprintf(item.value, sizeof(item.value), "%s.%u",
			generation % 2 == 0 ? "203.0.113" : "198.51.100", i);
		(void)snprintf(item.reason, sizeof(item.reason), "of %u", generation);
		if (!build_add(&build, 0, &item, &why)) {
			abort();
		}
	}
	build_finish(&build);
}

static unsigned found(struct lists *lists, const char *first)
{
	struct address address;
	unsigned count = 0;
	if (!address_parse(first, &address)) {
		abort();
	}
	for (unsigned i = 0; i < HOSTS; i++) {
		address.bytes[15] = (uint8_t)i;
		const struct lists_match match = lists_find_address(lists, &address, 1);
		lists_count_hit(lists, &match);
		count += match.entry != LISTS_NONE;
	}
	return count;
}

static void *read_on(void *place)
{
	const unsigned reader = (unsigned)(uintptr_t)place;
	while (!is_over) {
		struct lists *lists = lists_store_take(store, reader);
		const unsigned even = found(lists, "203.0.113.0");
		const unsigned odd = found(lists, "198.51.100.0");
		halves += even + odd != HOSTS || (even != 0 && odd != 0);
		looks[reader]++;
	}
	return NULL;
}

static bool is_taken_by_all(void)
{
	bool is_taken = true;
	for (unsigned i = 0; i < READERS; i++) {
		is_taken = is_taken && lists_store_is_taken(store, i);
	}
	return is_taken;
}

static void swap(bool is_unsafe)
{
	while (!is_unsafe && !is_taken_by_all()) {
		(void)sched_yield();
	}
	const uint32_t next = lists_store_generation(store) + 1;
	fill(lists_store_block(store, next), next);
	lists_store_publish(store);
}

int main(int argc, char **argv)
{
	const bool is_unsafe = argc > 1 && strcmp(argv[1], "unsafe") == 0;
	pthread_t threads[READERS];
	struct reason why;
	store = lists_store_new(&why);
	if (!store) {
		abort();
	}
	swap(true);
	for (unsigned i = 0; i < READERS; i++) {
		if (pthread_create(&threads[i], NULL, read_on, (void *)(uintptr_t)i) !=
			0) {
			abort();
		}
	}
	for (unsigned i = 0; i < SWAPS; i++) {
		swap(is_unsafe);
	}
	while (!is_unsafe && !is_taken_by_all()) {
		(void)sched_yield();
	}
	is_over = true;
	uint64_t sum = 0;
	for (unsigned i = 0; i < READERS; i++) {
		(void)pthread_join(threads[i], NULL);
		sum += looks[i];
	}
	printf("%d swaps, %llu looks, %llu at half a list\n", SWAPS,
		(unsigned long long)sum, (unsigned long long)halves);
	return halves > 0;
}
