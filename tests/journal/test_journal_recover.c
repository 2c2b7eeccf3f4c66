/* Where a journal goes on, whatever state its last writer left it in. */
#include "journal/journal_recover.h"

#include "base/clock.h"
#include "journal_folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define LINE "{\"n\":1}\n"

static char path[JOURNAL_FOLDER_BYTES];
static struct journal journal;
static struct reason why;

static int start(void **state)
{
	(void)state;
	const struct journal_limits limits = journal_limits_default();
	journal_folder_make(path, "test_journal_recover");
	journal_start(&journal, -1, &limits);
	journal.folder = open(path, O_RDONLY | O_DIRECTORY);
	return journal.folder < 0;
}

static int end(void **state)
{
	(void)state;
	(void)close(journal.folder);
	return journal_folder_remove(path);
}

static void write_segment(uint64_t segment, const char *bytes, size_t len)
{
	char name[SEGMENT_NAME_BYTES];
	segment_name(segment, name);
	const int file =
		openat(journal.folder, name, O_WRONLY | O_CREAT | O_TRUNC, 0640);
	assert_true(file >= 0);
	assert_int_equal(write(file, bytes, len), len);
	assert_int_equal(close(file), 0);
}

static bool recover(void)
{
	return journal_recover(&journal, clock_realtime_us(), &why);
}

static uint64_t size_of(uint64_t segment)
{
	uint64_t size = 0;
	assert_true(segment_size(journal.folder, segment, &size));
	return size;
}

static void test_an_empty_folder_begins_at_0(void **state)
{
	(void)state;
	assert_true(recover());
	assert_int_equal(journal.end, 0);
	assert_int_equal(journal.total, 0);
}

static void test_whole_segments_go_on_at_the_end_of_the_last(void **state)
{
	(void)state;
	write_segment(0, LINE LINE, 16);
	write_segment(16, LINE, 8);
	assert_true(recover());
	assert_int_equal(journal.segment, 16);
	assert_int_equal(journal.end, 24);
	assert_int_equal(journal.total, 24);
	assert_int_equal(journal.cut_bytes, 0);
}

/* A line that is longer than what is looked at in one piece, cut at every length. */
static void test_a_last_line_torn_anywhere_is_cut_behind_the_one_before(void **state)
{
	(void)state;
	static char bytes[3 * 4096];
	const size_t whole = strlen(LINE);
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, LINE, whole);
	for (size_t len = whole; len < sizeof(bytes); len += len < 32 ? 1 : 509) {
		write_segment(100, bytes, len);
		journal.total = 0;
		assert_true(recover());
		assert_int_equal(journal.end, 100 + whole);
		assert_int_equal(journal.cut_bytes, len - whole);
		assert_int_equal(journal.total, whole);
		assert_int_equal(size_of(100), whole);
	}
}

static void test_a_segment_without_any_line_end_is_emptied(void **state)
{
	(void)state;
	write_segment(0, LINE, 8);
	write_segment(8, "{\"torn", 6);
	assert_true(recover());
	assert_int_equal(journal.segment, 8);
	assert_int_equal(journal.end, 8);
	assert_int_equal(journal.cut_bytes, 6);
	assert_int_equal(size_of(8), 0);
}

static void test_only_the_last_segment_is_cut(void **state)
{
	(void)state;
	write_segment(0, LINE "{\"torn", 14);
	write_segment(14, LINE, 8);
	assert_true(recover());
	assert_int_equal(size_of(0), 14);
	assert_int_equal(journal.cut_bytes, 0);
}

static void set_time(uint64_t segment, time_t at)
{
	char name[SEGMENT_NAME_BYTES];
	const struct timespec times[] = {{.tv_sec = at}, {.tv_sec = at}};
	segment_name(segment, name);
	assert_int_equal(utimensat(journal.folder, name, times, 0), 0);
}

static void test_behind_a_machine_that_fell_no_position_is_used_again(void **state)
{
	(void)state;
	const uint64_t now_us = clock_realtime_us();
	const uint64_t boot_us = now_us - clock_us(CLOCK_BOOTTIME);
	write_segment(0, LINE, 8);
	set_time(0, (time_t)(boot_us / 1000000) - 60);
	assert_true(journal_recover(&journal, now_us, &why));
	assert_int_equal(journal.end, 8 + SEGMENT_JUMP_BYTES);
	assert_int_equal(journal.segment, journal.end);
	journal.total = 0;
	set_time(0, (time_t)(boot_us / 1000000) + 2);
	assert_true(journal_recover(&journal, now_us, &why));
	assert_int_equal(journal.end, 8);
}

static void test_a_segment_that_cannot_be_opened_says_which(void **state)
{
	(void)state;
	static const char NAME[] = "0000000000000008.eve.jsonl";
	write_segment(0, LINE, 8);
	assert_int_equal(mkdirat(journal.folder, NAME, 0750), 0);
	assert_false(recover());
	assert_non_null(strstr(why.text, NAME));
	assert_int_equal(unlinkat(journal.folder, NAME, AT_REMOVEDIR), 0);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_an_empty_folder_begins_at_0),
		EACH(test_whole_segments_go_on_at_the_end_of_the_last),
		EACH(test_a_last_line_torn_anywhere_is_cut_behind_the_one_before),
		EACH(test_a_segment_without_any_line_end_is_emptied),
		EACH(test_only_the_last_segment_is_cut),
		EACH(test_behind_a_machine_that_fell_no_position_is_used_again),
		EACH(test_a_segment_that_cannot_be_opened_says_which),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
