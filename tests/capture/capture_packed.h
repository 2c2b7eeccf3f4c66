/*
 * tests/capture/capture_packed - compresses the captures that the tests read.
 */
#pragma once

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

/* One way to compress: returns the length written. */
typedef size_t compressor(const uint8_t *in, size_t len, uint8_t *out, size_t room);

static inline size_t gzip_compress(
	const uint8_t *in, size_t len, uint8_t *out, size_t room)
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

static inline size_t xz_compress(
	const uint8_t *in, size_t len, uint8_t *out, size_t room)
{
	size_t written = 0;
	assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, in, len,
				 out, &written, room),
		LZMA_OK);
	return written;
}

static inline size_t zstd_compress(
	const uint8_t *in, size_t len, uint8_t *out, size_t room)
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

enum { COMPRESSORS = 3 };
