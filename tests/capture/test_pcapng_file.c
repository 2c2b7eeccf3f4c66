#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture_run.h"

static struct capture_bytes capture;

static void capture_begin(bool is_big_endian)
{
	capture.len = 0;
	capture.is_big_endian = is_big_endian;
	put_section(&capture);
}

static void sections_may_change_byte_order_and_forget_interfaces(void **state)
{
	(void)state;
	capture_begin(false);
	put_interface(&capture, 113, 0, 0);
	put_interface(&capture, 1, 0, 0);
	put_enhanced_packet(&capture, 1, 1700000000123456, 60);
	capture.is_big_endian = true;
	put_section(&capture);
	put_interface(&capture, 101, 0, 0);
	put_enhanced_packet(&capture, 0, 1700000000123457, 61);
	put_enhanced_packet(&capture, 1, 1700000000123458, 62); /* no such interface */
	const struct capture_run run = run_capture(&capture);
	assert_int_equal(run.result, SOURCE_END);
	assert_int_equal(run.count, 2);
	assert_true(run.frames[0].time_us == UINT64_C(1700000000123456));
	assert_int_equal(run.frames[0].link_type, 1);
	assert_int_equal(run.frames[0].captured_len, 60);
	assert_int_equal(run.frames[1].link_type, 12);
	assert_int_equal(run.last_byte[1], 61);
	assert_int_equal(run.progress.bad_records, 1);
	assert_int_equal(run.progress.truncated_files, 0);
}

static void every_time_resolution_becomes_microseconds(void **state)
{
	(void)state;
	static const struct {
		uint8_t resolution;
		uint64_t units;
	} clocks[] = {
		{6, 1500000},
		{9, 1500000999},
		{3, 1500},
		{12, 1500000000000},
		{0x80 | 1, 3},
		{0x80 | 20, 0x180000},
		{0x80 | 63, UINT64_C(3) << 62},
	};
	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		capture_begin(i % 2);
		put_interface(&capture, 1, 0, clocks[i].resolution);
		put_enhanced_packet(&capture, 0, clocks[i].units, 1);
		const struct capture_run run = run_capture(&capture);
		assert_int_equal(run.count, 1);
		assert_true(run.frames[0].time_us == 1500000);
	}
}

static void an_offset_of_the_clock_is_added(void **state)
{
	(void)state;
	capture_begin(true);
	const size_t start = block_start(&capture, 1);
	put_u16(&capture, 1);
	put_u16(&capture, 0);
	put_u32(&capture, 0);
	put_u16(&capture, 14);
	put_u16(&capture, 8);
	put_u32(&capture, 0);
	put_u32(&capture, 1000);
	block_end(&capture, start); /* no end of options: the block ends them */
	put_enhanced_packet(&capture, 0, 5, 1);
	const struct capture_run run = run_capture(&capture);
	assert_true(run.frames[0].time_us == 1000000005);
}

static void a_simple_packet_is_cut_by_the_snapshot_length_and_has_the_last_time(
	void **state)
{
	(void)state;
	capture_begin(false);
	put_interface(&capture, 1, 8, 0);
	put_enhanced_packet(&capture, 0, 77, 3);
	const size_t start = block_start(&capture, 3);
	put_u32(&capture, 100);
	put_fill(&capture, 9, 8);
	block_end(&capture, start);
	put_enhanced_packet(&capture, 0, 78, 4);
	const struct capture_run run = run_capture(&capture);
	assert_int_equal(run.count, 3);
	assert_int_equal(run.frames[1].captured_len, 8);
	assert_int_equal(run.frames[1].wire_len, 100);
	assert_true(run.frames[1].time_us == 77);
	assert_int_equal(run.frames[2].captured_len, 4);
}

static void an_obsolete_packet_block_is_read(void **state)
{
	(void)state;
	capture_begin(true);
	put_interface(&capture, 1, 0, 0);
	const size_t start = block_start(&capture, 2);
	put_u16(&capture, 0);
	put_u16(&capture, 500); /* drops */
	put_u32(&capture, 0);
	put_u32(&capture, 42);
	put_u32(&capture, 6);
	put_u32(&capture, 60);
	put_fill(&capture, 5, 6);
	block_end(&capture, start);
	const struct capture_run run = run_capture(&capture);
	assert_int_equal(run.count, 1);
	assert_true(run.frames[0].time_us == 42);
	assert_int_equal(run.frames[0].wire_len, 60);
}

static void a_block_longer_than_a_window_is_passed_over(void **state)
{
	(void)state;
	capture_begin(false);
	put_interface(&capture, 1, 0, 0);
	const size_t start = block_start(&capture, 0x0bad);
	put_fill(&capture, 1, 1500000);
	block_end(&capture, start);
	put_enhanced_packet(&capture, 0, 1, 9);
	const struct capture_run run = run_capture(&capture);
	assert_int_equal(run.count, 1);
	assert_int_equal(run.frames[0].captured_len, 9);
	assert_int_equal(run.progress.bad_records, 0);
}

static void a_packet_longer_than_its_block_is_skipped_and_counted(void **state)
{
	(void)state;
	capture_begin(false);
	put_interface(&capture, 1, 0, 0);
	const size_t lying = capture.len;
	put_enhanced_packet(&capture, 0, 1, 9);
	const size_t end = capture.len;
	capture.len = lying + 20;
	put_u32(&capture, 4000);
	capture.len = end;
	put_enhanced_packet(&capture, 0, 2, 10);
	const struct capture_run run = run_capture(&capture);
	assert_int_equal(run.count, 1);
	assert_int_equal(run.frames[0].captured_len, 10);
	assert_int_equal(run.progress.bad_records, 1);
}

static void a_block_shorter_than_its_frame_ends_the_file_and_is_counted(void **state)
{
	(void)state;
	capture_begin(false);
	put_u32(&capture, 6);
	put_u32(&capture, 0);
	put_fill(&capture, 0, 64);
	const struct capture_run run = run_capture(&capture);
	assert_int_equal(run.result, SOURCE_END);
	assert_int_equal(run.count, 0);
	assert_int_equal(run.progress.bad_records, 1);
}

static void a_file_cut_anywhere_is_read_as_far_as_it_goes(void **state)
{
	(void)state;
	capture_begin(false);
	put_interface(&capture, 1, 0, 9);
	put_enhanced_packet(&capture, 0, 1, 5);
	const size_t bytes_end = capture.len - 4 - 3; /* before trailer and padding */
	for (size_t len = 0; len <= capture.len; len++) {
		const struct capture_run run = run_bytes(capture.at, len);
		assert_true(run.is_open == (len >= 12));
		assert_true(!run.is_open || run.result == SOURCE_END);
		assert_int_equal(run.count, len >= bytes_end);
		if (run.is_open && len != 28) {
			assert_true(run.progress.truncated_files <= 1);
		}
	}
	const struct capture_run cut = run_bytes(capture.at, capture.len - 1);
	assert_int_equal(cut.progress.truncated_files, 1);
	const struct capture_run whole = run_capture(&capture);
	assert_int_equal(whole.progress.truncated_files, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_may_change_byte_order_and_forget_interfaces),
		cmocka_unit_test(every_time_resolution_becomes_microseconds),
		cmocka_unit_test(an_offset_of_the_clock_is_added),
		cmocka_unit_test(
			a_simple_packet_is_cut_by_the_snapshot_length_and_has_the_last_time),
		cmocka_unit_test(an_obsolete_packet_block_is_read),
		cmocka_unit_test(a_block_longer_than_a_window_is_passed_over),
		cmocka_unit_test(a_packet_longer_than_its_block_is_skipped_and_counted),
		cmocka_unit_test(
			a_block_shorter_than_its_frame_ends_the_file_and_is_counted),
		cmocka_unit_test(a_file_cut_anywhere_is_read_as_far_as_it_goes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
