#include "capture/window.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The kernel copies faster to where a cache line begins. */
#define WINDOW_LINE_BYTES ((size_t)64)

/* In front of what is read there is room for a record of which a part is here. */
#define WINDOW_BYTES (2 * WINDOW_RECORD_BYTES + WINDOW_READ_BYTES)

_Static_assert(WINDOW_RECORD_BYTES % WINDOW_LINE_BYTES == 0, "what is read is aligned");

bool window_open(struct window *window, const char *file, struct reason *why)
{
	*window = (struct window){.stream = {.fd = -1}};
	if (!stream_open(&window->stream, file, why)) {
		return false;
	}
	window->bytes = (uint8_t *)aligned_alloc(WINDOW_LINE_BYTES, WINDOW_BYTES);
	window->at = window->bytes;
	window->end = window->bytes;
	if (!window->bytes) {
		stream_close(&window->stream);
		return reason_set(why, "out of memory");
	}
	return true;
}

void window_close(struct window *window)
{
	stream_close(&window->stream);
	free(window->bytes);
	window->bytes = NULL;
}

bool window_refill(struct window *window, size_t want)
{
	assert(want <= WINDOW_RECORD_BYTES);
	const size_t left = window_left(window);
	uint8_t *end = window->bytes + WINDOW_RECORD_BYTES;
	memmove(end - left, window->at, left);
	window->at = end - left;
	for (size_t got = 1; got > 0 && (size_t)(end - window->at) < want; end += got) {
		got = stream_read(&window->stream, end, WINDOW_READ_BYTES);
	}
	window->end = end;
	return window_left(window) >= want;
}

bool window_skip(struct window *window, uint64_t len)
{
	while (len > window_left(window)) {
		len -= window_left(window);
		window_use(window, window_left(window));
		if (!window_refill(window, 1)) {
			return false;
		}
	}
	window_use(window, (size_t)len);
	return true;
}
