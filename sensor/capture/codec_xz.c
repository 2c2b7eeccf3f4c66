#include "capture/codec.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>

/* xz -9 asks for 65 MiB to unpack; a file that asks for more is refused. */
#define XZ_MEMORY_BYTES (UINT64_C(128) << 20)

static bool xz_knows(const uint8_t *bytes, size_t len)
{
	static const uint8_t magic[6] = {0xfd, '7', 'z', 'X', 'Z', 0};
	return len >= sizeof(magic) && memcmp(bytes, magic, sizeof(magic)) == 0;
}

static bool xz_start(lzma_stream *stream)
{
	return lzma_stream_decoder(stream, XZ_MEMORY_BYTES, 0) == LZMA_OK;
}

static void xz_destroy(void *state)
{
	if (state) {
		lzma_end((lzma_stream *)state);
		free(state);
	}
}

static void *xz_create(void)
{
	lzma_stream *stream = (lzma_stream *)calloc(1, sizeof(*stream));
	if (stream && !xz_start(stream)) {
		xz_destroy(stream);
		return NULL;
	}
	return stream;
}

static enum codec_result xz_step(void *state, struct codec_io *io)
{
	lzma_stream *stream = (lzma_stream *)state;
	stream->next_in = io->in;
	stream->avail_in = io->in_len;
	stream->next_out = io->out;
	stream->avail_out = io->out_len;
	const lzma_ret status = lzma_code(stream, LZMA_RUN);
	io->in = stream->next_in;
	io->in_len = stream->avail_in;
	io->out = stream->next_out;
	io->out_len = stream->avail_out;
	if (status == LZMA_STREAM_END) {
		return xz_start(stream) ? CODEC_MEMBER_END : CODEC_BROKEN;
	}
	return status == LZMA_OK || status == LZMA_BUF_ERROR ? CODEC_MORE
							     : CODEC_BROKEN;
}

const struct codec codec_xz = {
	.name = "xz",
	.is_slow = true,
	.knows = xz_knows,
	.create = xz_create,
	.step = xz_step,
	.destroy = xz_destroy,
};
