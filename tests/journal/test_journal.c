/* What a journal keeps, and what its readers find. */
#include "journal/journal.h"
#include "journal/journal_reader.h"

#include "journal_folder.h"
#include "numbered_lines.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_US NUMBERED_NOW_US

static char folder[JOURNAL_FOLDER_BYTES];
static struct journal journal;
static struct journal_reader reader;
static struct reason why;

static void open_journal(void)
{
	numbered_open(&journal, folder);
}

static int start(void **state)
{
	(void)state;
	journal_folder_make(folder, "test_journal");
	open_journal();
	assert_true(journal_reader_open(&reader, AT_FDCWD, folder, "one", &why));
	return 0;
}

static int end(void **state)
{
	(void)state;
	journal_reader_close(&reader);
	journal_close(&journal);
	return journal_folder_remove(folder);
}

static void append(unsigned first, unsigned last)
{
	numbered_append(&journal, first, last);
}

static unsigned read_all(unsigned first)
{
	struct journal_line line;
	while (journal_reader_next(&reader, &line)) {
		numbered_check(&line, first++);
		assert_true(journal_reader_commit(&reader, line.end, &why));
	}
	return first;
}

static void test_a_reader_follows_over_the_change_of_segments(void **state)
{
	(void)state;
	unsigned next = 0;
	for (unsigned i = 0; i < 2000; i += 7) {
		append(i, i + 7);
		next = read_all(next);
		assert_int_equal(next, i + 7);
	}
	assert_true(journal.segment > 0);
	assert_int_equal(reader.gaps, 0);
	assert_int_equal(journal_reader_backlog(&reader), 0);
	assert_int_equal(journal.lost_segments, 0);
}

static void test_what_a_bound_drops_unread_is_counted_on_both_sides(void **state)
{
	(void)state;
	struct journal_line line;
	append(0, 2000);
	assert_true(journal.total <= 40960 + 4096);
	assert_true(journal.lost_segments > 0);
	assert_true(journal_reader_next(&reader, &line));
	assert_int_equal(line.position, journal.lost_bytes);
	assert_int_equal(reader.gap_bytes, journal.lost_bytes);
	assert_int_equal(reader.gaps, 1);
}

static void test_a_torn_last_line_is_cut_and_never_read(void **state)
{
	(void)state;
	char path[128];
	char name[SEGMENT_NAME_BYTES];
	append(0, 10);
	const uint64_t whole = journal.end;
	segment_name(journal.segment, name);
	journal_close(&journal);
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "ae");
	assert_non_null(file);
	assert_true(fputs("{\"torn", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(read_all(0), 10);
	open_journal();
	assert_int_equal(journal.cut_bytes, 6);
	assert_int_equal(journal.end, whole);
	append(10, 20);
	assert_int_equal(read_all(10), 20);
}

static void test_a_cursor_outlives_its_reader_and_a_cut_line_of_its_file(void **state)
{
	(void)state;
	char path[128];
	append(0, 10);
	assert_int_equal(read_all(0), 10);
	append(10, 20);
	journal_reader_close(&reader);
	(void)snprintf(path, sizeof(path), "%s/one.cursor", folder);
	assert_true(journal_reader_open(&reader, AT_FDCWD, folder, "one", &why));
	assert_int_equal(read_all(10), 20);
	const uint64_t position = reader.cursor.position;
	const off_t at = (off_t)(1 - reader.cursor.line) * 21;
	journal_reader_close(&reader);
	const int file = open(path, O_WRONLY);
	assert_int_equal(pwrite(file, "x", 1, at + 20), 1);
	assert_int_equal(close(file), 0);
	assert_true(journal_reader_open(&reader, AT_FDCWD, folder, "one", &why));
	assert_true(reader.position < position && reader.position > 0);
	assert_int_equal(read_all(19), 20);
}

static void test_a_rewound_reader_reads_again_what_was_not_committed(void **state)
{
	(void)state;
	struct journal_line line;
	append(0, 3);
	assert_true(journal_reader_next(&reader, &line));
	assert_true(journal_reader_commit(&reader, line.end, &why));
	assert_true(journal_reader_next(&reader, &line));
	journal_reader_rewind(&reader);
	assert_int_equal(read_all(1), 3);
}

static void test_one_cursor_has_one_reader_and_one_journal_one_writer(void **state)
{
	(void)state;
	static struct journal_reader second;
	struct journal other;
	const struct journal_limits limits = journal_limits_default();
	assert_false(journal_reader_open(&second, AT_FDCWD, folder, "one", &why));
	assert_false(journal_reader_open(&second, AT_FDCWD, folder, "../x", &why));
	journal_start(&other, -1, &limits);
	assert_false(journal_open(&other, AT_FDCWD, folder, NOW_US, &why));
}

static void name_of_newest(char name[SEGMENT_NAME_BYTES])
{
	segment_name(journal.segment, name);
}

static void remove_newest(void)
{
	char name[SEGMENT_NAME_BYTES];
	name_of_newest(name);
	assert_int_equal(unlinkat(journal.folder, name, 0), 0);
}

static void empty_newest(void)
{
	char name[SEGMENT_NAME_BYTES];
	name_of_newest(name);
	const int file = openat(journal.folder, name, O_WRONLY | O_TRUNC);
	assert_true(file >= 0);
	assert_int_equal(close(file), 0);
}

static void move_newest(void)
{
	char name[SEGMENT_NAME_BYTES];
	name_of_newest(name);
	assert_int_equal(renameat(journal.folder, name, journal.folder, "moved"), 0);
}

static void assert_all_goes_on_behind(void (*harm)(void), const char *words)
{
	append(0, 10);
	assert_int_equal(read_all(0), 10);
	append(10, 20);
	harm();
	append(20, 30);
	assert_int_equal(read_all(10), 30); /* the reader had it open */
	assert_int_equal(reader.gaps, 0);
	assert_int_equal(journal.harms, 1);
	assert_non_null(strstr(journal.harm.text, words));
	assert_int_equal(journal.total, journal.end - journal.segment);
}

static void test_behind_a_segment_that_was_removed_all_goes_on(void **state)
{
	(void)state;
	assert_all_goes_on_behind(remove_newest, "was removed");
}

static void test_behind_a_segment_that_was_moved_away_all_goes_on(void **state)
{
	(void)state;
	assert_all_goes_on_behind(move_newest, "was moved away");
}

static void test_behind_a_segment_in_whose_place_another_stands_all_goes_on(
	void **state)
{
	(void)state;
	char name[SEGMENT_NAME_BYTES];
	append(0, 10);
	name_of_newest(name);
	const uint64_t size = journal.end - journal.segment;
	move_newest();
	const int other = openat(journal.folder, name, O_WRONLY | O_CREAT, 0640);
	assert_int_equal(ftruncate(other, (off_t)size), 0);
	assert_int_equal(close(other), 0);
	append(10, 20);
	assert_int_equal(journal.harms, 1);
	assert_int_equal(journal.segment, size);
}

static void test_behind_a_segment_that_was_emptied_all_goes_on(void **state)
{
	(void)state;
	append(0, 10);
	assert_int_equal(read_all(0), 10);
	empty_newest();
	append(10, 20);
	assert_int_equal(read_all(10), 20);
	assert_int_equal(reader.gaps, 0);
	assert_int_equal(journal.harms, 1);
	assert_non_null(strstr(journal.harm.text, "0 bytes instead of"));
	assert_int_equal(journal_reader_backlog(&reader), 0);
}

static void test_what_was_emptied_before_it_was_read_is_a_gap(void **state)
{
	(void)state;
	append(0, 10);
	const uint64_t unread = journal.end;
	empty_newest();
	append(10, 20);
	assert_int_equal(read_all(10), 20);
	assert_int_equal(reader.gaps, 1);
	assert_int_equal(reader.gap_bytes, unread);
}

static void test_a_segment_cut_behind_its_reader_is_a_gap_up_to_the_next(void **state)
{
	(void)state;
	struct journal_line line;
	append(0, 10);
	assert_true(journal_reader_next(&reader, &line));
	assert_true(journal_reader_commit(&reader, line.end, &why));
	const uint64_t unread = journal.end - line.end;
	journal_reader_rewind(&reader);
	empty_newest();
	assert_false(journal_reader_next(&reader, &line));
	append(10, 20);
	assert_int_equal(read_all(10), 20);
	assert_int_equal(reader.gap_bytes, unread);
}

static void test_a_reader_whose_segment_is_gone_waits_for_the_next(void **state)
{
	(void)state;
	struct journal_line line;
	append(0, 200);
	assert_true(journal.segment > 0);
	assert_int_equal(read_all(0), 200);
	journal_reader_rewind(&reader);
	remove_newest();
	assert_false(journal_reader_next(&reader, &line)); /* not the oldest again */
	append(200, 210);
	assert_int_equal(read_all(200), 210);
	assert_int_equal(reader.gaps, 0);
}

static void test_lines_of_somebody_else_share_no_position_with_ours(void **state)
{
	(void)state;
	char name[SEGMENT_NAME_BYTES];
	static const char OTHER[] = "{\"event_type\":\"alert\",\"n\":000010}\n";
	append(0, 10);
	name_of_newest(name);
	const uint64_t end_before = journal.end;
	const int file = openat(journal.folder, name, O_WRONLY | O_APPEND);
	assert_int_equal(write(file, OTHER, strlen(OTHER)), strlen(OTHER));
	assert_int_equal(close(file), 0);
	append(11, 20);
	assert_int_equal(journal.segment, end_before + strlen(OTHER));
	assert_int_equal(read_all(0), 20);
	assert_int_equal(reader.gaps, 0);
}

static void test_a_removed_segment_is_seen_within_a_second_and_the_end_kept(
	void **state)
{
	(void)state;
	append(0, 10);
	const uint64_t end_before = journal.end;
	remove_newest();
	assert_true(journal_tick(&journal, NOW_US + 1, &why));
	assert_true(journal_tick(&journal, NOW_US + 1000001, &why));
	assert_int_equal(journal.harms, 1);
	journal_close(&journal);
	open_journal();
	assert_int_equal(journal.end, end_before);
}

static bool is_synced_at_once(const char *line)
{
	assert_true(journal_tick(&journal, journal.unsynced_us + 1000000, &why));
	assert_int_equal(journal.unsynced_us, 0);
	assert_int_equal(journal_append(&journal, line, strlen(line), NOW_US, &why),
		strlen(line));
	return journal.unsynced_us == 0;
}

static void test_alerts_are_on_the_disk_before_they_are_told_of(void **state)
{
	(void)state;
	journal.limits.is_alert_synced = true;
	assert_true(is_synced_at_once("{\"event_type\":\"alert\"}\n"));
	assert_true(is_synced_at_once("{\"event_type\":\"sensor\"}\n"));
	assert_false(is_synced_at_once("{\"event_type\":\"mail\"}\n"));
	assert_false(is_synced_at_once("{\"helo\":\"event_type\\\":\\\"alert\"}\n"));
}

static off_t reserve_bytes(void)
{
	struct stat status;
	assert_int_equal(fstatat(journal.folder, "reserve", &status, 0), 0);
	return status.st_blocks * 512;
}

static void test_room_is_kept_from_the_start_given_up_and_kept_again(void **state)
{
	(void)state;
	assert_true(reserve_bytes() >= 131072);
	journal_use_reserve(&journal);
	assert_int_equal(reserve_bytes(), 0);
	assert_true(journal_keep_reserve(&journal));
	assert_true(reserve_bytes() >= 131072);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_a_reader_follows_over_the_change_of_segments, start, end),
		cmocka_unit_test_setup_teardown(
			test_what_a_bound_drops_unread_is_counted_on_both_sides, start,
			end),
		cmocka_unit_test_setup_teardown(
			test_a_torn_last_line_is_cut_and_never_read, start, end),
		cmocka_unit_test_setup_teardown(
			test_a_cursor_outlives_its_reader_and_a_cut_line_of_its_file,
			start, end),
		cmocka_unit_test_setup_teardown(
			test_a_rewound_reader_reads_again_what_was_not_committed, start,
			end),
		cmocka_unit_test_setup_teardown(
			test_one_cursor_has_one_reader_and_one_journal_one_writer,
			start, end),
		cmocka_unit_test_setup_teardown(
			test_behind_a_segment_that_was_removed_all_goes_on, start, end),
		cmocka_unit_test_setup_teardown(
			test_behind_a_segment_that_was_moved_away_all_goes_on, start,
			end),
		cmocka_unit_test_setup_teardown(
			test_behind_a_segment_in_whose_place_another_stands_all_goes_on,
			start, end),
		cmocka_unit_test_setup_teardown(
			test_behind_a_segment_that_was_emptied_all_goes_on, start, end),
		cmocka_unit_test_setup_teardown(
			test_what_was_emptied_before_it_was_read_is_a_gap, start, end),
		cmocka_unit_test_setup_teardown(
			test_a_segment_cut_behind_its_reader_is_a_gap_up_to_the_next,
			start, end),
		cmocka_unit_test_setup_teardown(
			test_a_reader_whose_segment_is_gone_waits_for_the_next, start,
			end),
		cmocka_unit_test_setup_teardown(
			test_lines_of_somebody_else_share_no_position_with_ours, start,
			end),
		cmocka_unit_test_setup_teardown(
			test_a_removed_segment_is_seen_within_a_second_and_the_end_kept,
			start, end),
		cmocka_unit_test_setup_teardown(
			test_alerts_are_on_the_disk_before_they_are_told_of, start,
			end),
		cmocka_unit_test_setup_teardown(
			test_room_is_kept_from_the_start_given_up_and_kept_again, start,
			end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
