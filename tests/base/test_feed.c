/* One writer's items reach every reader in order, and what was too much is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/feed.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 3
#define ITEMS 8
#define MANY  200000

static struct feed new_feed(void)
{
	const size_t size = feed_size(WORDS, ITEMS);
	void *memory = mmap(
		NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(memory != MAP_FAILED);
	return feed_init(memory, WORDS, ITEMS);
}

static void put(const struct feed *feed, uint64_t number)
{
	const uint64_t item[WORDS] = {number, number * 3, ~number};
	feed_put(feed, item);
}

/* The number of the next item, which must be whole; 0: there is none. */
static uint64_t take(const struct feed *feed, struct feed_reader *reader)
{
	uint64_t item[WORDS];
	if (!feed_take(feed, reader, item)) {
		return 0;
	}
	assert_int_equal(item[1], item[0] * 3);
	assert_int_equal(item[2], ~item[0]);
	return item[0];
}

static void every_reader_has_all_that_came_since_it_began(void **state)
{
	(void)state;
	const struct feed feed = new_feed();
	struct feed_reader early = feed_read_from_now(&feed);
	put(&feed, 1);
	struct feed_reader late = feed_read_from_now(&feed);
	put(&feed, 2);
	put(&feed, 3);
	assert_int_equal(take(&feed, &early), 1);
	assert_int_equal(take(&feed, &early), 2);
	assert_int_equal(take(&feed, &late), 2);
	assert_int_equal(take(&feed, &early), 3);
	assert_int_equal(take(&feed, &early), 0);
	assert_int_equal(take(&feed, &late), 3);
	assert_int_equal(take(&feed, &late), 0);
	assert_int_equal(early.missed + late.missed, 0);
}

static void who_is_too_slow_counts_what_is_gone(void **state)
{
	(void)state;
	const struct feed feed = new_feed();
	struct feed_reader slow = feed_read_from_now(&feed);
	struct feed_reader in_time = feed_read_from_now(&feed);
	/* the place of one is that of the next one to come */
	for (uint64_t i = 1; i < ITEMS; i++) {
		put(&feed, i);
	}
	assert_int_equal(take(&feed, &in_time), 1);
	assert_int_equal(in_time.missed, 0);
	put(&feed, ITEMS);
	const uint64_t next = take(&feed, &slow);
	assert_true(next > 1);
	assert_int_equal(slow.missed, next - 1);
	uint64_t last = next;
	for (uint64_t at = next; at != 0; at = take(&feed, &slow)) {
		last = at;
	}
	assert_int_equal(last, ITEMS);
	assert_int_equal(slow.missed, next - 1);
}

static void a_moment_is_seen_with_all_that_was_given_before_it(void **state)
{
	(void)state;
	const struct feed feed = new_feed();
	assert_int_equal(feed_moment(&feed), 0);
	put(&feed, 1);
	feed_come_to(&feed, 1790000000000000);
	assert_int_equal(feed_moment(&feed), 1790000000000000);
}

/* While another process writes as fast as it can. */
static void no_item_is_half_another_one(void **state)
{
	(void)state;
	const struct feed feed = new_feed();
	struct feed_reader reader = feed_read_from_now(&feed);
	const pid_t writer = fork();
	assert_true(writer >= 0);
	if (writer == 0) {
		for (uint64_t i = 1; i <= MANY; i++) {
			put(&feed, i);
		}
		feed_come_to(&feed, 1);
		_exit(0);
	}
	uint64_t taken = 0;
	uint64_t last = 0;
	for (bool is_over = false; !is_over;) {
		is_over = feed_moment(&feed) == 1;
		for (uint64_t at = take(&feed, &reader); at != 0;
			at = take(&feed, &reader)) {
			assert_true(at > last);
			last = at;
			taken++;
		}
	}
	assert_int_equal(last, MANY);
	assert_int_equal(taken + reader.missed, MANY);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reader_has_all_that_came_since_it_began),
		cmocka_unit_test(who_is_too_slow_counts_what_is_gone),
		cmocka_unit_test(a_moment_is_seen_with_all_that_was_given_before_it),
		cmocka_unit_test(no_item_is_half_another_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
