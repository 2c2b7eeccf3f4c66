/*
 * capture/stream - the plain bytes of one stored file, compressed or not.
 *
 * What the file is made of is told from its first bytes, never from its name.
 * A compressed file that stops early ends the stream and is noted, not an error.
 */
#pragma once

#include "base/reason.h"
#include "capture/ahead.h"
#include "capture/codec.h"

#include <sys/types.h>

struct stream {
	int fd;
	const struct codec *codec; /* NULL: stored plainly */
	void *codec_state;
	uint8_t *stored; /* bytes of the file not yet handed on */
	size_t stored_at;
	size_t stored_len;
	uint64_t bytes_read;  /* of the file as stored */
	uint64_t bytes_total; /* 0 when unknown */
	bool is_at_end;       /* the file has no further bytes */
	bool is_between;      /* a compressed member ended, none has begun */
	bool is_cut;          /* the file ended inside a compressed member */
	bool is_failed;       /* .why holds */
	struct reason why;
	struct ahead_queue *ahead; /* NULL: unpacked here */
};

/* "-" is stdin. The stream owns its descriptor and memory until stream_close(). */
bool stream_open(struct stream *stream, const char *file, struct reason *why);
void stream_close(struct stream *stream);

/* Bytes put at to, at most len; 0 at the end or when .is_failed. */
size_t stream_read(struct stream *stream, uint8_t *to, size_t len);
