#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture_run.h"

static struct capture_bytes capture;

static void capture_begin(bool is_big_endian, uint32_t magic)
{
	capture.len = 0;
	capture.is_big_endian = is_big_endian;
	put_pcap_header(&capture, magic, 1);
}

static void both_byte_orders_and_resolutions_give_the_same_frame(void **state)
{
	(void)state;
	const uint32_t magics[2] = {0xa1b2c3d4, 0xa1b23c4d};
	for (unsigned i = 0; i < 4; i++) {
		capture_begin(i & 1, magics[i / 2]);
		put_pcap_record_header(
			&capture, 1700000000, i / 2 ? 123456789 : 123456, 3);
		put_fill(&capture, 7, 3);
		const struct capture_run run = run_capture(&capture);
		assert_int_equal(run.result, SOURCE_END);
		assert_int_equal(run.count, 1);
		assert_true(run.frames[0].time_us == UINT64_C(1700000000123456));
		assert_int_equal(run.frames[0].captured_len, 3);
		assert_int_equal(run.frames[0].wire_len, 3);
		assert_int_equal(run.frames[0].link_type, 1);
		assert_int_equal(run.first_byte[0], 7);
		assert_int_equal(run.progress.truncated_files, 0);
		assert_int_equal(run.progress.bytes_read, capture.len);
		assert_int_equal(run.progress.bytes_total, capture.len);
	}
}

static void records_of_the_patched_libpcap_are_eight_bytes_longer(void **state)
{
	(void)state;
	capture_begin(false, 0xa1b2cd34);
	for (uint8_t i = 1; i <= 2; i++) {
		put_pcap_record_header(&capture, i, 0, 5);
		put_fill(&capture, 0xee, 8);
		put_fill(&capture, i, 5);
	}
	const struct capture_run run = run_capture(&capture);
	assert_int_equal(run.count, 2);
	assert_int_equal(run.first_byte[0], 1);
	assert_int_equal(run.last_byte[1], 2);
}

static void raw_ip_of_files_becomes_the_value_of_libpcap(void **state)
{
	(void)state;
	capture.len = 0;
	capture.is_big_endian = false;
	put_pcap_header(
		&capture, 0xa1b2c3d4, 0xf4000000U | 101); /* with an FCS length */
	put_pcap_record(&capture, 1, 1, 1);
	const struct capture_run run = run_capture(&capture);
	assert_int_equal(run.frames[0].link_type, 12);
}

static void a_record_of_no_bytes_is_a_frame(void **state)
{
	(void)state;
	capture_begin(false, 0xa1b2c3d4);
	put_pcap_record(&capture, 1, 0, 0);
	put_pcap_record(&capture, 2, 2, 2);
	const struct capture_run run = run_capture(&capture);
	assert_int_equal(run.count, 2);
	assert_int_equal(run.frames[0].captured_len, 0);
	assert_int_equal(run.progress.bad_records, 0);
}

static void a_wire_length_below_the_captured_one_is_raised(void **state)
{
	(void)state;
	capture_begin(false, 0xa1b2c3d4);
	put_u32(&capture, 1);
	put_u32(&capture, 0);
	put_u32(&capture, 4);
	put_u32(&capture, 2);
	put_fill(&capture, 1, 4);
	const struct capture_run run = run_capture(&capture);
	assert_int_equal(run.frames[0].wire_len, 4);
}

static void a_length_beyond_the_bound_ends_the_file_and_is_counted(void **state)
{
	(void)state;
	capture_begin(false, 0xa1b2c3d4);
	put_pcap_record(&capture, 1, 1, 10);
	put_pcap_record_header(&capture, 2, 0, 256 * 1024 + 1);
	put_fill(&capture, 2, 256 * 1024 + 1);
	const struct capture_run run = run_capture(&capture);
	assert_int_equal(run.result, SOURCE_END);
	assert_int_equal(run.count, 1);
	assert_int_equal(run.progress.bad_records, 1);
	assert_int_equal(run.progress.truncated_files, 0);
}

static void a_record_of_the_bound_is_read(void **state)
{
	(void)state;
	capture_begin(false, 0xa1b2c3d4);
	put_pcap_record(&capture, 1, 1, 256 * 1024);
	put_pcap_record(&capture, 1, 2, 256 * 1024);
	const struct capture_run run = run_capture(&capture);
	assert_int_equal(run.count, 2);
	assert_int_equal(run.last_byte[0], 1);
	assert_int_equal(run.first_byte[1], 2);
}

static void a_file_cut_anywhere_gives_its_whole_records_and_is_counted(void **state)
{
	(void)state;
	capture_begin(true, 0xa1b2c3d4);
	put_pcap_record(&capture, 1, 1, 5);
	const size_t first_end = capture.len;
	put_pcap_record(&capture, 2, 2, 9);
	for (size_t len = 0; len <= capture.len; len++) {
		const struct capture_run run = run_bytes(capture.at, len);
		assert_true(run.is_open == (len >= 24));
		if (!run.is_open) {
			continue;
		}
		const size_t whole = (size_t)(len >= first_end) + (len == capture.len);
		const bool is_clean =
			len == 24 || len == first_end || len == capture.len;
		assert_int_equal(run.result, SOURCE_END);
		assert_int_equal(run.count, whole);
		assert_int_equal(run.progress.truncated_files, !is_clean);
	}
}

static void records_that_straddle_a_block_keep_their_bytes(void **state)
{
	(void)state;
	capture_begin(false, 0xa1b2c3d4);
	for (uint32_t i = 0; i < 60; i++) {
		put_pcap_record(&capture, i, (uint8_t)i, 50021 + 113 * i);
	}
	const struct capture_run run = run_capture(&capture);
	assert_int_equal(run.count, 60);
	for (uint32_t i = 0; i < 60; i++) {
		assert_int_equal(run.frames[i].captured_len, 50021 + 113 * i);
		assert_int_equal(run.first_byte[i], i);
		assert_int_equal(run.last_byte[i], i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_byte_orders_and_resolutions_give_the_same_frame),
		cmocka_unit_test(records_of_the_patched_libpcap_are_eight_bytes_longer),
		cmocka_unit_test(raw_ip_of_files_becomes_the_value_of_libpcap),
		cmocka_unit_test(a_record_of_no_bytes_is_a_frame),
		cmocka_unit_test(a_wire_length_below_the_captured_one_is_raised),
		cmocka_unit_test(
			a_length_beyond_the_bound_ends_the_file_and_is_counted),
		cmocka_unit_test(a_record_of_the_bound_is_read),
		cmocka_unit_test(
			a_file_cut_anywhere_gives_its_whole_records_and_is_counted),
		cmocka_unit_test(records_that_straddle_a_block_keep_their_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
