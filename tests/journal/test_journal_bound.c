/* What goes of a journal that is too large or too old, and what of it is lost. */
#include "journal/journal_bound.h"

#include "journal/journal_cursor.h"
#include "journal_folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SEGMENT_BYTES 1000
#define SEGMENTS      5
#define SECOND_US     UINT64_C(1000000)
#define NOW_US        (UINT64_C(1790000000) * SECOND_US)

static char path[JOURNAL_FOLDER_BYTES];
static struct journal journal;
static struct reason why;

/* Segments of a thousand bytes, a minute apart, the newest of now; the last is written to. */
static void make_segments(void)
{
	for (unsigned i = 0; i < SEGMENTS; i++) {
		char name[SEGMENT_NAME_BYTES];
		const time_t at =
			(time_t)(NOW_US / SECOND_US) - (SEGMENTS - 1 - i) * 60;
		const struct timespec times[] = {{.tv_sec = at}, {.tv_sec = at}};
		segment_name((uint64_t)i * SEGMENT_BYTES, name);
		const int file = openat(journal.folder, name, O_WRONLY | O_CREAT, 0640);
		assert_true(file >= 0);
		assert_int_equal(ftruncate(file, SEGMENT_BYTES), 0);
		assert_int_equal(futimens(file, times), 0);
		assert_int_equal(close(file), 0);
	}
}

static int start(void **state)
{
	(void)state;
	const struct journal_limits limits = {.total_bytes = UINT64_MAX};
	journal_folder_make(path, "test_journal_bound");
	journal_start(&journal, -1, &limits);
	journal.folder = open(path, O_RDONLY | O_DIRECTORY);
	make_segments();
	journal.segment = (uint64_t)(SEGMENTS - 1) * SEGMENT_BYTES;
	journal.end = journal.total = (uint64_t)SEGMENTS * SEGMENT_BYTES;
	return 0;
}

static int end(void **state)
{
	(void)state;
	(void)close(journal.folder);
	return journal_folder_remove(path);
}

static void deliver(const char *name, uint64_t position)
{
	struct journal_cursor cursor;
	assert_true(journal_cursor_open(&cursor, journal.folder, name, &why));
	assert_true(journal_cursor_set(&cursor, position, &why));
	journal_cursor_close(&cursor);
}

static size_t left(void)
{
	static struct segments segments;
	assert_true(segments_list(journal.folder, &segments, &why));
	assert_int_equal(journal.total, segments.count * SEGMENT_BYTES);
	assert_int_equal(segments.starts[segments.count - 1], journal.segment);
	return segments.count;
}

static void test_within_its_bounds_nothing_goes(void **state)
{
	(void)state;
	journal.limits.total_bytes = journal.total;
	assert_true(journal_bound(&journal, NOW_US, &why));
	assert_int_equal(left(), SEGMENTS);
}

static void test_the_oldest_go_until_the_size_is_kept(void **state)
{
	(void)state;
	journal.limits.total_bytes = 2 * SEGMENT_BYTES + 1;
	assert_true(journal_bound(&journal, NOW_US, &why));
	assert_int_equal(left(), 2);
}

static void test_the_segment_written_to_stays_however_small_the_bound(void **state)
{
	(void)state;
	journal.limits.total_bytes = 1;
	journal.limits.age_us = 1;
	assert_true(journal_bound(&journal, NOW_US + 3600 * SECOND_US, &why));
	assert_int_equal(left(), 1);
}

static void test_what_is_older_than_the_age_goes(void **state)
{
	(void)state;
	journal.limits.age_us = 120 * SECOND_US;
	assert_true(journal_bound(&journal, NOW_US, &why));
	assert_int_equal(left(), 3); /* exactly that old is not too old */
	assert_true(journal_bound(&journal, NOW_US + 1, &why));
	assert_int_equal(left(), 2);
}

static void test_a_clock_that_was_set_back_makes_nothing_old(void **state)
{
	(void)state;
	journal.limits.age_us = 1;
	assert_true(journal_bound(&journal, NOW_US - 3600 * SECOND_US, &why));
	assert_int_equal(left(), SEGMENTS);
}

static void test_what_every_reader_had_is_not_lost(void **state)
{
	(void)state;
	deliver("slow", 3 * SEGMENT_BYTES);
	deliver("fast", 5 * SEGMENT_BYTES);
	journal.limits.total_bytes = 2 * SEGMENT_BYTES;
	assert_true(journal_bound(&journal, NOW_US, &why));
	assert_int_equal(left(), 2);
	assert_int_equal(journal.lost_segments, 0);
	assert_int_equal(journal.lost_bytes, 0);
}

static void test_what_the_slowest_reader_had_not_is_lost_to_the_byte(void **state)
{
	(void)state;
	deliver("slow", SEGMENT_BYTES + 1);
	deliver("fast", 5 * SEGMENT_BYTES);
	journal.limits.total_bytes = 2 * SEGMENT_BYTES;
	assert_true(journal_bound(&journal, NOW_US, &why));
	assert_int_equal(journal.lost_segments, 2);
	assert_int_equal(journal.lost_bytes, 2 * SEGMENT_BYTES - 1);
}

static void test_a_segment_that_cannot_be_dropped_says_which(void **state)
{
	(void)state;
	static const char NAME[] = "0000000000000000.eve.jsonl";
	assert_int_equal(unlinkat(journal.folder, NAME, 0), 0);
	assert_int_equal(mkdirat(journal.folder, NAME, 0750), 0);
	journal.limits.total_bytes = SEGMENT_BYTES;
	assert_false(journal_bound(&journal, NOW_US, &why));
	assert_non_null(strstr(why.text, NAME));
	assert_int_equal(unlinkat(journal.folder, NAME, AT_REMOVEDIR), 0);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_within_its_bounds_nothing_goes),
		EACH(test_the_oldest_go_until_the_size_is_kept),
		EACH(test_the_segment_written_to_stays_however_small_the_bound),
		EACH(test_what_is_older_than_the_age_goes),
		EACH(test_a_clock_that_was_set_back_makes_nothing_old),
		EACH(test_what_every_reader_had_is_not_lost),
		EACH(test_what_the_slowest_reader_had_not_is_lost_to_the_byte),
		EACH(test_a_segment_that_cannot_be_dropped_says_which),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
