#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture_run.h"

#include <stdio.h>

static struct capture_bytes capture;

static void capture_begin(void)
{
	capture.len = 0;
	put_pcap_header(&capture, 0xa1b2c3d4, 1);
}

static char *store_times(const uint32_t *seconds, size_t count)
{
	capture_begin();
	for (size_t i = 0; i < count; i++) {
		put_pcap_record(&capture, seconds[i], (uint8_t)seconds[i], 4);
	}
	return capture_store(capture.at, capture.len);
}

static void files_are_merged_by_time_and_the_lower_index_goes_first(void **state)
{
	(void)state;
	char *names[3] = {
		store_times((const uint32_t[]){2, 5, 5, 9}, 4),
		store_times((const uint32_t[]){1, 5, 6}, 3),
		store_times(
			(const uint32_t[]){5, 7, 4, 8}, 4), /* 4 is late in its file */
	};
	static const uint32_t expected[][2] = {{1, 1}, {2, 0}, {5, 0}, {5, 0}, {5, 1},
		{5, 2}, {6, 1}, {7, 2}, {4, 2}, {8, 2}, {9, 0}};
	const struct capture_run run = run_files((const char *const *)names, 3);
	assert_int_equal(run.result, SOURCE_END);
	assert_int_equal(run.count, 11);
	for (size_t i = 0; i < 11; i++) {
		assert_true(
			run.frames[i].time_us == expected[i][0] * UINT64_C(1000000));
		assert_int_equal(run.frames[i].source, expected[i][1]);
		assert_int_equal(run.first_byte[i], expected[i][0]);
	}
	assert_int_equal(run.progress.frames, 11);
	for (size_t i = 0; i < 3; i++) {
		capture_remove(names[i]);
	}
}

static void frames_at_hand_come_together_and_all_hold(void **state)
{
	(void)state;
	char *name = store_times((const uint32_t[]){1, 2, 3, 4, 5}, 5);
	struct reason why;
	const char *const names[1] = {name};
	struct source *source = source_open_files(names, 1, &why);
	assert_non_null(source);
	struct frame frames[3];
	memset(frames, 0xff, sizeof(frames)); /* what stood there before is gone */
	enum source_result result = SOURCE_ERROR;
	for (uint8_t first = 1; first <= 4; first += 3) {
		const size_t count = source_next_some(source, frames, 3, &result, &why);
		assert_int_equal(result, SOURCE_FRAME);
		assert_int_equal(count, first == 1 ? 3 : 2);
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(frames[i].bytes[0], first + i);
			assert_int_equal(frames[i].bytes[3], first + i);
			assert_int_equal(frames[i].is_ended, 0);
			assert_int_equal(frames[i].is_checksum_unset, 0);
		}
	}
	assert_int_equal(source_next_some(source, frames, 3, &result, &why), 0);
	assert_int_equal(result, SOURCE_END);
	struct source_progress progress;
	source_progress(source, &progress);
	assert_int_equal(progress.frames, 5);
	source_close(source);
	capture_remove(name);
}

static void a_cut_file_does_not_end_the_others(void **state)
{
	(void)state;
	capture_begin();
	put_pcap_record(&capture, 1, 1, 100);
	char *cut = capture_store(capture.at, capture.len - 1);
	char *whole = store_times((const uint32_t[]){3, 4}, 2);
	const char *const names[2] = {cut, whole};
	const struct capture_run run = run_files(names, 2);
	assert_int_equal(run.result, SOURCE_END);
	assert_int_equal(run.count, 2);
	assert_int_equal(run.progress.truncated_files, 1);
	capture_remove(cut);
	capture_remove(whole);
}

static void expect_refusal(const void *bytes, size_t len)
{
	char *name = capture_store(bytes, len);
	const char *const names[1] = {name};
	const struct capture_run run = run_files(names, 1);
	char expected[256];
	(void)snprintf(expected, sizeof(expected),
		"%s: not a capture file (pcap or pcapng)", name);
	assert_false(run.is_open);
	assert_string_equal(run.why.text, expected);
	capture_remove(name);
}

static void what_is_no_capture_is_refused_by_name(void **state)
{
	(void)state;
	expect_refusal("", 0);
	expect_refusal("220", 3);
	expect_refusal("From: someone, and longer than any file header is", 49);
	expect_refusal("\x0a\x0d\x0d\x0a\x1c\0\0\0\1\2\3\4 no byte order", 26);
}

static void what_cannot_be_read_is_refused_with_its_cause(void **state)
{
	(void)state;
	const char *missing[1] = {"/tmp/mailwarden-no-such-file"};
	const struct capture_run none = run_files(missing, 1);
	assert_string_equal(none.why.text,
		"/tmp/mailwarden-no-such-file: No such file or directory");
	const char *directory[1] = {"/tmp"};
	const struct capture_run folder = run_files(directory, 1);
	assert_string_equal(folder.why.text, "/tmp: Is a directory");
	const struct capture_run nothing = run_files(NULL, 0);
	assert_false(nothing.is_open);
}

static void one_bad_file_among_good_ones_refuses_all(void **state)
{
	(void)state;
	char *good = store_times((const uint32_t[]){1}, 1);
	const char *const names[2] = {good, "/tmp/mailwarden-no-such-file"};
	const struct capture_run run = run_files(names, 2);
	assert_false(run.is_open);
	assert_non_null(strstr(run.why.text, "no-such-file"));
	capture_remove(good);
}

static void a_dash_is_standard_input(void **state)
{
	(void)state;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	capture_begin();
	put_pcap_record(&capture, 1, 1, 100);
	put_pcap_record(&capture, 2, 2, 100);
	assert_int_equal(write(ends[1], capture.at, capture.len), (int)capture.len);
	assert_int_equal(close(ends[1]), 0);
	const int saved = dup(STDIN_FILENO);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(close(ends[0]), 0);
	const char *const names[1] = {"-"};
	const struct capture_run run = run_files(names, 1);
	if (saved >= 0) {
		assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
		assert_int_equal(close(saved), 0);
	}
	assert_int_equal(run.count, 2);
	assert_int_equal(run.progress.bytes_read, capture.len);
	assert_int_equal(run.progress.bytes_total, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			files_are_merged_by_time_and_the_lower_index_goes_first),
		cmocka_unit_test(frames_at_hand_come_together_and_all_hold),
		cmocka_unit_test(a_cut_file_does_not_end_the_others),
		cmocka_unit_test(what_is_no_capture_is_refused_by_name),
		cmocka_unit_test(what_cannot_be_read_is_refused_with_its_cause),
		cmocka_unit_test(one_bad_file_among_good_ones_refuses_all),
		cmocka_unit_test(a_dash_is_standard_input),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
