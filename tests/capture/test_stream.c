#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture_packed.h"
#include "capture_run.h"

static struct capture_bytes capture;
static uint8_t packed[CAPTURE_BYTES_MAX];

enum { FRAMES = 40 };

static void capture_fill(void)
{
	capture.len = 0;
	put_pcap_header(&capture, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < FRAMES; i++) {
		put_pcap_record_header(&capture, i, 0, 40000);
		for (uint32_t at = 0; at < 40000; at++) {
			put_u8(&capture, (uint8_t)(at * at * (i + 1) >> 5));
		}
	}
}

static void a_compressed_capture_gives_all_frames_whatever_its_name(void **state)
{
	(void)state;
	capture_fill();
	for (size_t i = 0; i < COMPRESSORS; i++) {
		const size_t len =
			compressors[i](capture.at, capture.len, packed, sizeof(packed));
		const struct capture_run run = run_bytes(packed, len);
		assert_int_equal(run.result, SOURCE_END);
		assert_int_equal(run.count, FRAMES);
		assert_int_equal(run.progress.truncated_files, 0);
		assert_int_equal(run.progress.bytes_read, len);
	}
}

static void members_behind_each_other_are_one_capture(void **state)
{
	(void)state;
	capture_fill();
	const size_t half = capture.len / 2;
	for (size_t i = 0; i < COMPRESSORS; i++) {
		size_t len = compressors[i](capture.at, half, packed, sizeof(packed));
		len += compressors[i](capture.at + half, capture.len - half,
			packed + len, sizeof(packed) - len);
		memcpy(packed + len, "\0\0\0\0", 4); /* padding */
		const struct capture_run run = run_bytes(packed, len + 4);
		assert_int_equal(run.result, SOURCE_END);
		assert_int_equal(run.count, FRAMES);
		assert_int_equal(run.progress.truncated_files, 0);
	}
}

static void a_compressed_capture_that_stops_early_is_cut_not_wrong(void **state)
{
	(void)state;
	capture_fill();
	for (size_t i = 0; i < COMPRESSORS; i++) {
		const size_t len =
			compressors[i](capture.at, capture.len, packed, sizeof(packed));
		const struct capture_run late = run_bytes(packed, len - 1);
		assert_int_equal(late.result, SOURCE_END);
		assert_int_equal(late.progress.truncated_files, 1);
		const struct capture_run early = run_bytes(packed, len * 3 / 4);
		assert_int_equal(early.result, SOURCE_END);
		assert_true(early.count < FRAMES);
		assert_int_equal(early.progress.truncated_files, 1);
	}
}

static void damaged_data_are_an_error_with_the_place(void **state)
{
	(void)state;
	static const size_t checksum_from_end[COMPRESSORS] = {8, 12, 4};
	capture_fill();
	for (size_t i = 0; i < COMPRESSORS; i++) {
		const size_t len =
			compressors[i](capture.at, capture.len, packed, sizeof(packed));
		/* The checksum: damage before it may look like other records. */
		memset(packed + len - checksum_from_end[i], 0xa5, 4);
		const struct capture_run run = run_bytes(packed, len);
		assert_int_equal(run.result, SOURCE_ERROR);
		assert_non_null(strstr(run.why.text, "at byte"));
		assert_non_null(strstr(run.why.text, "damaged"));
	}
}

static void a_short_compressed_file_cut_anywhere_never_reads_beyond(void **state)
{
	(void)state;
	capture.len = 0;
	put_pcap_header(&capture, 0xa1b2c3d4, 1);
	put_pcap_record(&capture, 1, 1, 50);
	for (size_t i = 0; i < COMPRESSORS; i++) {
		const size_t len =
			compressors[i](capture.at, capture.len, packed, sizeof(packed));
		for (size_t cut = 0; cut < len; cut++) {
			const struct capture_run run = run_bytes(packed, cut);
			assert_true(!run.is_open || run.progress.truncated_files == 1);
		}
		assert_int_equal(run_bytes(packed, len).count, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_compressed_capture_gives_all_frames_whatever_its_name),
		cmocka_unit_test(members_behind_each_other_are_one_capture),
		cmocka_unit_test(
			a_compressed_capture_that_stops_early_is_cut_not_wrong),
		cmocka_unit_test(damaged_data_are_an_error_with_the_place),
		cmocka_unit_test(
			a_short_compressed_file_cut_anywhere_never_reads_beyond),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
