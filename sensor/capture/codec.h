/*
 * capture/codec - one way a capture file may be compressed.
 *
 * Each knows its own first bytes and turns stored bytes into plain ones, a piece
 * at a time; a library is used in the one file of its codec. Never reads a file.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CODEC_MAGIC_BYTES = 6 /* as many as .knows() may look at */
};

enum codec_result {
	CODEC_MORE = 0,   /* gave what it could: wants input or room */
	CODEC_MEMBER_END, /* a complete stream ended; another one may follow */
	CODEC_BROKEN,     /* not what its checksums or its format say */
};

/* Input and room; a step moves both on. */
struct codec_io {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
};

struct codec {
	const char *name;
	bool is_slow; /* to unpack costs more than to judge: worth a process of its own */
	bool (*knows)(const uint8_t *bytes, size_t len);
	void *(*create)(void); /* NULL when there is no memory */
	enum codec_result (*step)(void *state, struct codec_io *io);
	void (*destroy)(void *state);
};

extern const struct codec codec_gzip;
extern const struct codec codec_xz;
extern const struct codec codec_zstd;
