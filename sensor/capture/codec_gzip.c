#include "capture/codec.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

enum {
	GZIP_ONLY = 16 /* inflateInit2: a gzip header and nothing else */
};

/* RFC 1952 section 2.3.1, method 8. */
static bool gzip_knows(const uint8_t *bytes, size_t len)
{
	return len >= 3 && bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 8;
}

static void *gzip_create(void)
{
	z_stream *stream = (z_stream *)calloc(1, sizeof(*stream));
	if (stream && inflateInit2(stream, MAX_WBITS + GZIP_ONLY) != Z_OK) {
		free(stream);
		return NULL;
	}
	return stream;
}

static enum codec_result gzip_step(void *state, struct codec_io *io)
{
	z_stream *stream = (z_stream *)state;
	const uInt in_len = io->in_len < UINT_MAX ? (uInt)io->in_len : UINT_MAX;
	const uInt out_len = io->out_len < UINT_MAX ? (uInt)io->out_len : UINT_MAX;
	stream->next_in = (z_const Bytef *)io->in;
	stream->avail_in = in_len;
	stream->next_out = io->out;
	stream->avail_out = out_len;
	const int status = inflate(stream, Z_NO_FLUSH);
	io->in += in_len - stream->avail_in;
	io->in_len -= in_len - stream->avail_in;
	io->out += out_len - stream->avail_out;
	io->out_len -= out_len - stream->avail_out;
	if (status == Z_STREAM_END) {
		return inflateReset(stream) == Z_OK ? CODEC_MEMBER_END : CODEC_BROKEN;
	}
	return status == Z_OK || status == Z_BUF_ERROR ? CODEC_MORE : CODEC_BROKEN;
}

static void gzip_destroy(void *state)
{
	if (state) {
		(void)inflateEnd((z_stream *)state);
		free(state);
	}
}

const struct codec codec_gzip = {
	.name = "gzip",
	.is_slow = true,
	.knows = gzip_knows,
	.create = gzip_create,
	.step = gzip_step,
	.destroy = gzip_destroy,
};
