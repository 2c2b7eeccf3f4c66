#include "capture/window.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Asked for at a time: stays in the cache. */
#define WINDOW_READ_BYTES ((size_t)CAPTURED_BYTES_MAX)

#define WINDOW_BYTES (WINDOW_RECORD_BYTES + WINDOW_READ_BYTES)

bool window_open(struct window *window, const char *file, struct reason *why)
{
	*window = (struct window){.stream = {.fd = -1}};
	if (!stream_open(&window->stream, file, why)) {
		return false;
	}
	window->bytes = (uint8_t *)malloc(WINDOW_BYTES);
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
	size_t left = window_left(window);
	memmove(window->bytes, window->at, left);
	while (left < want) {
		const size_t got = stream_read(
			&window->stream, window->bytes + left, WINDOW_READ_BYTES);
		if (got == 0) {
			break;
		}
		left += got;
	}
	window->at = window->bytes;
	window->end = window->bytes + left;
	return left >= want;
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
