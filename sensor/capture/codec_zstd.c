#include "capture/codec.h"

#include <zstd.h>

/* RFC 8878 section 3.1.1: a frame, or a skippable frame as pzstd writes first. */
static bool zstd_knows(const uint8_t *bytes, size_t len)
{
	if (len < 4) {
		return false;
	}
	const bool is_frame = bytes[0] == 0x28 && bytes[1] == 0xb5 &&
			      bytes[2] == 0x2f && bytes[3] == 0xfd;
	const bool is_skippable = (bytes[0] & 0xf0) == 0x50 && bytes[1] == 0x2a &&
				  bytes[2] == 0x4d && bytes[3] == 0x18;
	return is_frame || is_skippable;
}

static void *zstd_create(void)
{
	return ZSTD_createDStream();
}

static enum codec_result zstd_step(void *state, struct codec_io *io)
{
	ZSTD_inBuffer in = {.src = io->in, .size = io->in_len, .pos = 0};
	ZSTD_outBuffer out = {.dst = io->out, .size = io->out_len, .pos = 0};
	const size_t status = ZSTD_decompressStream((ZSTD_DStream *)state, &out, &in);
	io->in += in.pos;
	io->in_len -= in.pos;
	io->out += out.pos;
	io->out_len -= out.pos;
	if (ZSTD_isError(status)) {
		return CODEC_BROKEN;
	}
	return status == 0 ? CODEC_MEMBER_END : CODEC_MORE;
}

static void zstd_destroy(void *state)
{
	(void)ZSTD_freeDStream((ZSTD_DStream *)state);
}

const struct codec codec_zstd = {
	.name = "zstd",
	.knows = zstd_knows,
	.create = zstd_create,
	.step = zstd_step,
	.destroy = zstd_destroy,
};
