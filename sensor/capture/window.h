/*
 * capture/window - the stretch of a stream that is in memory now.
 *
 * Records are handed out where they lie; only one that straddles the end is moved
 * to the front. What was handed out holds until the next window_holds().
 */
#pragma once

#include "capture/stream.h"

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
/* Small inputs reach every edge, and none waits for large memory. */
#define CAPTURED_BYTES_MAX (8U * 1024)
#else
/* libpcap's MAXIMUM_SNAPLEN: a record that says more is lying. */
#define CAPTURED_BYTES_MAX (256U * 1024)
#endif

/* The longest record with its header; more is never asked for. */
#define WINDOW_RECORD_BYTES ((size_t)CAPTURED_BYTES_MAX + 64)

/* Asked for at a time: stays in the cache. */
#define WINDOW_READ_BYTES ((size_t)CAPTURED_BYTES_MAX)

struct window {
	struct stream stream;
	uint8_t *bytes;
	const uint8_t *at;  /* next byte */
	const uint8_t *end; /* one past the last byte here */
	uint64_t past;      /* bytes of the stream before .at */
};

bool window_open(struct window *window, const char *file, struct reason *why);
void window_close(struct window *window);

static inline size_t window_left(const struct window *window)
{
	return (size_t)(window->end - window->at);
}

bool window_refill(struct window *window, size_t want);

/* True when want bytes lie at .at; false at the end of the stream or on failure. */
static inline bool window_holds(struct window *window, size_t want)
{
	return window_left(window) >= want || window_refill(window, want);
}

/* Only bytes that window_holds() has promised. */
static inline void window_use(struct window *window, size_t len)
{
	window->at += len;
	window->past += len;
}

/* Passes over len bytes, more than a window if need be; false when they are not there. */
bool window_skip(struct window *window, uint64_t len);
