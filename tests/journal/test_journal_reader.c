/* A reader that only looks, beside those with a cursor; going to another place. */
#include "journal/journal_reader.h"

#include "journal_folder.h"
#include "numbered_lines.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY 65534

static char folder[JOURNAL_FOLDER_BYTES];
static struct journal journal;
static struct journal_reader looker;
static struct journal_reader other;
static struct reason why;

static int start(void **state)
{
	(void)state;
	journal_folder_make(folder, "test_journal_reader");
	numbered_open(&journal, folder);
	return 0;
}

static int end(void **state)
{
	(void)state;
	journal_reader_close(&looker);
	journal_reader_close(&other);
	journal_close(&journal);
	return journal_folder_remove(folder);
}

static bool look(struct journal_reader *reader, uint64_t position)
{
	return journal_reader_open_to_look(reader, AT_FDCWD, folder, position, &why);
}

/* Every name of the folder, with its size, its times of change, and those of itself. */
static void describe(char *text, size_t size)
{
	struct dirent **names;
	struct stat status;
	size_t len = 0;
	const int count = scandir(folder, &names, NULL, alphasort);
	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		if (strcmp(names[i]->d_name, "..") != 0) {
			assert_int_equal(fstatat(journal.folder, names[i]->d_name,
						 &status, AT_SYMLINK_NOFOLLOW),
				0);
			len += (size_t)snprintf(text + len, size - len,
				"%s %ld %ld.%09ld %ld.%09ld\n", names[i]->d_name,
				(long)status.st_size, (long)status.st_mtim.tv_sec,
				status.st_mtim.tv_nsec, (long)status.st_ctim.tv_sec,
				status.st_ctim.tv_nsec);
			assert_true(len < size);
		}
		free(names[i]);
	}
	free(names);
}

static void test_looking_changes_nothing_in_the_folder(void **state)
{
	(void)state;
	static char before[8192];
	static char after[8192];
	numbered_append(&journal, 0, 500);
	describe(before, sizeof(before));
	assert_true(look(&looker, 0));
	assert_int_equal(numbered_read(&looker, 0), 500);
	journal_reader_rewind(&looker);
	assert_int_equal(numbered_read(&looker, 0), 500);
	journal_reader_close(&looker);
	describe(after, sizeof(after));
	assert_string_equal(before, after);
}

/* Where the oldest segment begins; behind 0 when some were dropped. */
static uint64_t oldest(void)
{
	static struct segments segments;
	assert_true(segments_list(journal.folder, &segments, &why));
	return segments.starts[0];
}

/* A process without any right but that to read: 0 when it read all and no cursor. */
static int look_as_nobody(void)
{
	if (geteuid() == 0 && (setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
				      setresuid(NOBODY, NOBODY, NOBODY) != 0)) {
		return 2;
	}
	if (journal_reader_open(&other, AT_FDCWD, folder, "one", &why)) {
		return 3;
	}
	struct journal_line line;
	int left = 500;
	if (!look(&looker, 0)) {
		return 4;
	}
	while (journal_reader_next(&looker, &line)) {
		left--;
	}
	return left == 0 ? 0 : 5;
}

static void chmod_all(mode_t of_folder, mode_t of_files)
{
	static struct segments segments;
	assert_int_equal(chmod(folder, of_folder), 0);
	assert_true(segments_list(journal.folder, &segments, &why));
	for (size_t i = 0; i < segments.count; i++) {
		char name[SEGMENT_NAME_BYTES];
		segment_name(segments.starts[i], name);
		assert_int_equal(fchmodat(journal.folder, name, of_files, 0), 0);
	}
}

static void test_who_may_only_read_the_folder_may_look(void **state)
{
	(void)state;
	int status;
	numbered_append(&journal, 0, 500);
	chmod_all(0555, 0444);
	const pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		_exit(look_as_nobody());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	chmod_all(0755, 0640);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_lookers_stand_beside_a_writer_and_an_outputs_cursor(void **state)
{
	(void)state;
	static struct journal_reader output;
	unsigned seen[3] = {0, 0, 0};
	assert_true(journal_reader_open(&output, AT_FDCWD, folder, "one", &why));
	assert_true(look(&looker, 0));
	assert_true(look(&other, 0));
	for (unsigned i = 0; i < 2000; i += 7) {
		numbered_append(&journal, i, i + 7);
		seen[0] = numbered_read(&looker, seen[0]);
		seen[1] = numbered_read(&other, seen[1]);
		seen[2] = numbered_read(&output, seen[2]);
		assert_int_equal(seen[0], i + 7);
		assert_int_equal(seen[1], i + 7);
		assert_int_equal(seen[2], i + 7);
		assert_true(journal_reader_commit(&output, output.position, &why));
	}
	assert_true(journal.segment > 0);
	assert_int_equal(looker.gaps + other.gaps + output.gaps, 0);
	assert_int_equal(output.cursor.position, journal.end);
	journal_reader_close(&output);
}

static void test_a_line_that_is_being_written_is_not_seen_before_its_end(void **state)
{
	(void)state;
	char name[SEGMENT_NAME_BYTES];
	char half[NUMBERED_BYTES];
	struct journal_line line;
	numbered_append(&journal, 0, 3);
	segment_name(journal.segment, name);
	const int file = openat(journal.folder, name, O_WRONLY | O_APPEND);
	const size_t len = numbered_line(half, 3);
	assert_true(look(&looker, 0));
	assert_int_equal(numbered_read(&looker, 0), 3);
	for (size_t i = 0; i + 1 < len; i++) {
		assert_int_equal(write(file, half + i, 1), 1);
		assert_false(journal_reader_next(&looker, &line));
	}
	assert_int_equal(write(file, "\n", 1), 1);
	assert_int_equal(close(file), 0);
	assert_int_equal(numbered_read(&looker, 3), 4);
}

static void test_the_oldest_record_there_is_may_be_no_longer_the_first(void **state)
{
	(void)state;
	struct journal_line line;
	numbered_append(&journal, 0, 2000);
	assert_true(oldest() > 0);
	assert_true(look(&looker, 0));
	assert_true(journal_reader_next(&looker, &line));
	assert_int_equal(line.position, oldest());
	assert_int_equal(looker.gaps, 0); /* it never asked for what was dropped */
}

static void test_a_looker_goes_on_from_a_position_it_was_told(void **state)
{
	(void)state;
	struct journal_line line;
	numbered_append(&journal, 0, 300);
	assert_true(look(&other, 0));
	for (unsigned i = 0; i < 250; i++) {
		assert_true(journal_reader_next(&other, &line));
	}
	assert_true(look(&looker, line.end));
	assert_int_equal(journal_reader_backlog(&looker), journal.end - line.end);
	assert_int_equal(numbered_read(&looker, 250), 300);
	journal_reader_rewind(&looker);
	assert_int_equal(numbered_read(&looker, 250), 300);
}

static void test_what_is_dropped_before_a_looker_read_it_is_a_gap(void **state)
{
	(void)state;
	struct journal_line line;
	numbered_append(&journal, 0, 10);
	assert_true(look(&looker, 0));
	assert_true(journal_reader_next(&looker, &line));
	const uint64_t read = line.end;
	journal_reader_close(&looker);
	assert_true(look(&looker, read));
	numbered_append(&journal, 10, 2000);
	assert_true(journal_reader_next(&looker, &line));
	assert_int_equal(line.position, oldest());
	assert_int_equal(looker.gaps, 1);
	assert_int_equal(looker.gap_bytes, oldest() - read);
}

static void test_a_journal_without_a_record_yet_can_be_looked_at(void **state)
{
	(void)state;
	struct journal_line line;
	assert_true(look(&looker, 0));
	assert_false(journal_reader_next(&looker, &line));
	numbered_append(&journal, 0, 5);
	assert_int_equal(numbered_read(&looker, 0), 5);
	assert_int_equal(looker.gaps, 0);
}

static void test_where_no_journal_is_nothing_is_looked_at_or_made(void **state)
{
	(void)state;
	char empty[JOURNAL_FOLDER_BYTES];
	journal_folder_make(empty, "test_journal_reader");
	assert_false(journal_reader_open_to_look(&looker, AT_FDCWD, empty, 0, &why));
	assert_non_null(strstr(why.text, "no journal is there"));
	assert_non_null(strstr(why.text, empty));
	assert_int_equal(rmdir(empty), 0); /* as it was: without any file */
	assert_false(journal_reader_open_to_look(&looker, AT_FDCWD, empty, 0, &why));
	assert_non_null(strstr(why.text, "No such file"));
}

static void test_a_line_longer_than_a_batch_is_none_of_ours_and_skipped(void **state)
{
	(void)state;
	static char text[JOURNAL_READER_BYTES];
	char name[SEGMENT_NAME_BYTES];
	struct journal_line line;
	numbered_append(&journal, 0, 1);
	segment_name(journal.segment, name);
	const int file = openat(journal.folder, name, O_WRONLY | O_APPEND);
	memset(text, 'x', sizeof(text));
	assert_int_equal(write(file, text, sizeof(text)), sizeof(text));
	assert_int_equal(write(file, "y\nz\n", 4), 4);
	assert_int_equal(close(file), 0);
	assert_true(look(&looker, 0));
	assert_int_equal(numbered_read(&looker, 0), 1); /* nothing behind it now */
	assert_true(journal_reader_next(&looker, &line));
	assert_int_equal(line.len, 1); /* what is left of it */
	assert_true(journal_reader_next(&looker, &line));
	assert_memory_equal(line.text, "z", 1);
	assert_int_equal(looker.overlong, 1);
}

static void test_seeking_reads_again_and_leaves_the_cursor(void **state)
{
	(void)state;
	struct journal_line line;
	numbered_append(&journal, 0, 300);
	assert_true(journal_reader_open(&other, AT_FDCWD, folder, "one", &why));
	for (unsigned i = 0; i < 200; i++) {
		assert_true(journal_reader_next(&other, &line));
	}
	assert_true(journal_reader_commit(&other, line.end, &why));
	assert_int_equal(journal_reader_seek(&other, 0), 0);
	assert_int_equal(numbered_read(&other, 0), 300);
	assert_int_equal(other.cursor.position, line.end);
	journal_reader_rewind(&other);
	assert_int_equal(numbered_read(&other, 200), 300);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
	looker.folder = other.folder = looker.file = other.file = -1;
	looker.cursor.file = other.cursor.file = -1;
	const struct CMUnitTest tests[] = {
		EACH(test_looking_changes_nothing_in_the_folder),
		EACH(test_who_may_only_read_the_folder_may_look),
		EACH(test_lookers_stand_beside_a_writer_and_an_outputs_cursor),
		EACH(test_a_line_that_is_being_written_is_not_seen_before_its_end),
		EACH(test_the_oldest_record_there_is_may_be_no_longer_the_first),
		EACH(test_a_looker_goes_on_from_a_position_it_was_told),
		EACH(test_what_is_dropped_before_a_looker_read_it_is_a_gap),
		EACH(test_a_journal_without_a_record_yet_can_be_looked_at),
		EACH(test_where_no_journal_is_nothing_is_looked_at_or_made),
		EACH(test_a_line_longer_than_a_batch_is_none_of_ours_and_skipped),
		EACH(test_seeking_reads_again_and_leaves_the_cursor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
