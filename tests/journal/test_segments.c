/* The names of segments, and which files of a folder are some. */
#include "journal/segments.h"

#include "open_folder.h"

static void make(const char *name, size_t bytes)
{
	const int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL, 0640);
	assert_true(file >= 0);
	assert_int_equal(ftruncate(file, (off_t)bytes), 0);
	assert_int_equal(close(file), 0);
}

static void test_a_name_tells_its_start_and_sorts_as_the_starts_do(void **state)
{
	(void)state;
	static const uint64_t STARTS[] = {0, 9, 10, 4096, 9999999999999999};
	char before[SEGMENT_NAME_BYTES] = "";
	for (size_t i = 0; i < sizeof(STARTS) / sizeof(STARTS[0]); i++) {
		char name[SEGMENT_NAME_BYTES];
		uint64_t found = 1;
		segment_name(STARTS[i], name);
		assert_true(segment_start(name, &found));
		assert_int_equal(found, STARTS[i]);
		assert_true(strcmp(before, name) < 0);
		memcpy(before, name, sizeof(before));
	}
}

static void test_other_names_are_no_segments(void **state)
{
	(void)state;
	static const char *const NAMES[] = {"", "id", "reserve", "output-siem.cursor",
		"0000000000000000.eve.json", "0000000000000000.eve.jsonl.gz",
		"000000000000000.eve.jsonl", "00000000000000000.eve.jsonl",
		"000000000000000x.eve.jsonl", "-000000000000001.eve.jsonl",
		" 000000000000001.eve.jsonl"};
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		uint64_t found;
		assert_false(segment_start(NAMES[i], &found));
	}
}

static void test_a_folder_lists_its_segments_oldest_first_and_nothing_else(void **state)
{
	(void)state;
	static struct segments segments;
	make("0000000000004096.eve.jsonl", 10);
	make("0000000000000000.eve.jsonl", 4096);
	make("0000000000000100.eve.json", 1);
	make("id", 17);
	assert_true(segments_list(folder, &segments, &why));
	assert_int_equal(segments.count, 2);
	assert_int_equal(segments.starts[0], 0);
	assert_int_equal(segments.starts[1], 4096);
	make("0000000000004106.eve.jsonl", 0); /* found by the same descriptor */
	assert_true(segments_list(folder, &segments, &why));
	assert_int_equal(segments.count, 3);
}

static void test_more_segments_than_can_be_listed_are_an_error_not_a_part(void **state)
{
	(void)state;
	static struct segments segments;
	char name[SEGMENT_NAME_BYTES];
	for (uint64_t i = 0; i < SEGMENTS_MAX; i++) {
		segment_name(i, name);
		make(name, 0);
	}
	assert_true(segments_list(folder, &segments, &why));
	assert_int_equal(segments.count, SEGMENTS_MAX);
	segment_name(SEGMENTS_MAX, name);
	make(name, 0);
	assert_false(segments_list(folder, &segments, &why));
	assert_non_null(strstr(why.text, "more than 4096 segments"));
}

static void test_a_folder_that_cannot_be_read_says_why(void **state)
{
	(void)state;
	static struct segments segments;
	assert_false(segments_list(-1, &segments, &why));
	assert_non_null(strstr(why.text, "cannot list the journal: "));
}

static void test_size_and_time_are_those_of_the_file_and_none_when_it_is_gone(
	void **state)
{
	(void)state;
	const struct timespec times[] = {{.tv_sec = 1000000000, .tv_nsec = 250000000},
		{.tv_sec = 1000000001, .tv_nsec = 250007000}};
	uint64_t size;
	make("0000000000000042.eve.jsonl", 99);
	assert_int_equal(utimensat(folder, "0000000000000042.eve.jsonl", times, 0), 0);
	assert_true(segment_size(folder, 42, &size));
	assert_int_equal(size, 99);
	assert_int_equal(segment_changed_us(folder, 42), UINT64_C(1000000001250007));
	assert_false(segment_size(folder, 43, &size));
	assert_int_equal(segment_changed_us(folder, 43), 0);
}

#define EACH(test) \
	cmocka_unit_test_setup_teardown(test, open_folder_start, open_folder_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_a_name_tells_its_start_and_sorts_as_the_starts_do),
		EACH(test_other_names_are_no_segments),
		EACH(test_a_folder_lists_its_segments_oldest_first_and_nothing_else),
		EACH(test_more_segments_than_can_be_listed_are_an_error_not_a_part),
		EACH(test_a_folder_that_cannot_be_read_says_why),
		EACH(test_size_and_time_are_those_of_the_file_and_none_when_it_is_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
