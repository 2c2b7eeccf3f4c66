#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture_run.h"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

/* One way to compress: returns the length written. */
typedef size_t compressor(const uint8_t *in, size_t len, uint8_t *out, size_t room);

static struct capture_bytes capture;
static uint8_t packed[CAPTURE_BYTES_MAX];

static size_t gzip_compress(const uint8_t *in, size_t len, uint8_t *out, size_t room)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)in,
		.avail_in = (uInt)len,
		.next_out = out,
		.avail_out = (uInt)room};
	assert_int_equal(
		deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
		Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	const size_t written = stream.total_out;
	assert_int_equal(deflateEnd(&stream), Z_OK);
	return written;
}

static size_t xz_compress(const uint8_t *in, size_t len, uint8_t *out, size_t room)
{
	size_t written = 0;
	assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, in, len,
				 out, &written, room),
		LZMA_OK);
	return written;
}

static size_t zstd_compress(const uint8_t *in, size_t len, uint8_t *out, size_t room)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	assert_non_null(context);
	assert_false(
		ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)));
	const size_t written = ZSTD_compress2(context, out, room, in, len);
	assert_false(ZSTD_isError(written));
	assert_int_equal(ZSTD_freeCCtx(context), 0);
	return written;
}

static compressor *const compressors[] = {gzip_compress, xz_compress, zstd_compress};

enum { COMPRESSORS = 3, FRAMES = 40 };

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
