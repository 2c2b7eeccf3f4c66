/* How far a reader came, on disk: the higher of two lines, one holder, any sound name. */
#include "journal/journal_cursor.h"

#include "journal_folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char path[JOURNAL_FOLDER_BYTES];
static int folder;
static struct journal_cursor cursor;
static struct reason why;

static int start(void **state)
{
	(void)state;
	journal_folder_make(path, "test_journal_cursor");
	folder = open(path, O_RDONLY | O_DIRECTORY);
	return folder < 0 || !journal_cursor_open(&cursor, folder, "one", &why);
}

static int end(void **state)
{
	(void)state;
	journal_cursor_close(&cursor);
	(void)close(folder);
	return journal_folder_remove(path);
}

static void open_again(void)
{
	journal_cursor_close(&cursor);
	assert_true(journal_cursor_open(&cursor, folder, "one", &why));
}

static void write_file(const char *name, const char *text)
{
	const int file = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC, 0640);
	assert_true(file >= 0);
	assert_int_equal(write(file, text, strlen(text)), strlen(text));
	assert_int_equal(close(file), 0);
}

static void test_a_new_cursor_stands_at_the_first_record_ever(void **state)
{
	(void)state;
	assert_int_equal(cursor.position, 0);
}

static void test_a_position_is_there_again_when_opened_next(void **state)
{
	(void)state;
	static const uint64_t POSITIONS[] = {1, 4096, 99, UINT64_C(1) << 62};
	assert_true(journal_cursor_set(&cursor, 1, &why));
	open_again();
	assert_int_equal(cursor.position, 1);
	for (size_t i = 1; i < 4; i++) {
		assert_true(journal_cursor_set(&cursor, POSITIONS[i], &why));
		assert_int_equal(cursor.position, POSITIONS[i]);
	}
	open_again();
	assert_int_equal(cursor.position, UINT64_C(1) << 62);
}

static void test_its_file_is_two_lines_long_from_the_second_position_on(void **state)
{
	(void)state;
	struct stat status;
	for (uint64_t i = 1; i < 50; i++) {
		assert_true(journal_cursor_set(&cursor, i * 1000, &why));
		assert_int_equal(fstat(cursor.file, &status), 0);
		assert_int_equal(status.st_size, i == 1 ? 21 : 42);
	}
}

static void test_a_write_cut_short_anywhere_leaves_the_position_before(void **state)
{
	(void)state;
	char lines[43] = "";
	assert_true(journal_cursor_set(&cursor, 1000, &why));
	assert_true(journal_cursor_set(&cursor, 2000, &why));
	assert_int_equal(pread(cursor.file, lines, 42, 0), 42);
	for (size_t kept = 21; kept < 42; kept++) {
		char text[43] = "";
		memcpy(text, lines, kept);
		journal_cursor_close(&cursor);
		write_file("one.cursor", text);
		open_again();
		assert_int_equal(cursor.position, 1000);
	}
}

static void test_a_line_that_is_no_position_counts_as_none(void **state)
{
	(void)state;
	journal_cursor_close(&cursor);
	write_file("one.cursor", "00000000000000007000x00000000000000003000\n");
	open_again();
	assert_int_equal(cursor.position, 3000);
	assert_true(journal_cursor_set(&cursor, 4000, &why));
	open_again();
	assert_int_equal(cursor.position, 4000);
}

static void test_names_are_letters_and_a_few_signs_so_that_none_leads_elsewhere(
	void **state)
{
	(void)state;
	static const char *const WRONG[] = {"", ".", ".hidden", "a/b", "../one", "a b",
		"\xc3\xa9", "a234567890123456789012345678901234567890123456789"};
	static const char *const RIGHT[] = {"a", "output-siem.2", "_",
		"a23456789012345678901234567890123456789012345678"};
	struct journal_cursor other;
	for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
		assert_false(journal_cursor_open(&other, folder, WRONG[i], &why));
		assert_non_null(strstr(why.text, "is no name for a cursor"));
	}
	for (size_t i = 0; i < sizeof(RIGHT) / sizeof(RIGHT[0]); i++) {
		assert_true(journal_cursor_open(&other, folder, RIGHT[i], &why));
		journal_cursor_close(&other);
	}
}

static void test_one_that_is_held_is_refused_until_it_is_closed(void **state)
{
	(void)state;
	struct journal_cursor other;
	assert_false(journal_cursor_open(&other, folder, "one", &why));
	assert_non_null(strstr(why.text, "another process uses it"));
	journal_cursor_close(&cursor);
	assert_true(journal_cursor_open(&other, folder, "one", &why));
	journal_cursor_close(&other);
}

static void test_a_position_that_cannot_be_written_is_not_taken(void **state)
{
	(void)state;
	const struct journal_cursor gone = {.file = -1, .position = 7};
	struct journal_cursor other = gone;
	assert_false(journal_cursor_set(&other, 8, &why));
	assert_non_null(strstr(why.text, "cannot write the cursor"));
	assert_int_equal(other.position, 7);
}

static void test_the_lowest_of_all_cursors_is_that_of_the_slowest_reader(void **state)
{
	(void)state;
	assert_true(journal_cursor_set(&cursor, 5000, &why));
	assert_int_equal(journal_cursor_lowest(folder), 5000);
	write_file("slow.cursor", "00000000000000000100\n00000000000000000200\n");
	write_file("fast.cursor", "00000000000000009000\n");
	write_file("cursor", "00000000000000000001\n");
	write_file("slow.cursor.old", "00000000000000000002\n");
	assert_int_equal(journal_cursor_lowest(folder), 200);
	write_file("new.cursor", "");
	assert_int_equal(journal_cursor_lowest(folder), 0);
}

static void test_without_any_cursor_nobody_is_waited_for(void **state)
{
	(void)state;
	assert_int_equal(unlinkat(folder, "one.cursor", 0), 0);
	assert_int_equal(journal_cursor_lowest(folder), UINT64_MAX);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_a_new_cursor_stands_at_the_first_record_ever),
		EACH(test_a_position_is_there_again_when_opened_next),
		EACH(test_its_file_is_two_lines_long_from_the_second_position_on),
		EACH(test_a_write_cut_short_anywhere_leaves_the_position_before),
		EACH(test_a_line_that_is_no_position_counts_as_none),
		EACH(test_names_are_letters_and_a_few_signs_so_that_none_leads_elsewhere),
		EACH(test_one_that_is_held_is_refused_until_it_is_closed),
		EACH(test_a_position_that_cannot_be_written_is_not_taken),
		EACH(test_the_lowest_of_all_cursors_is_that_of_the_slowest_reader),
		EACH(test_without_any_cursor_nobody_is_waited_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
