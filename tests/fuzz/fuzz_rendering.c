/* Any line of a journal, in every form and at a length of its own: no byte breaks a line. */
#include "ship/rendering.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct rendering_settings SETTINGS = {.facility = 20,
	.levels = {6, 1, 3, 4, 5},
	.enterprise = 32473,
	.process_id = 1};

static void render(const struct rendering *rendering, const struct event *event,
	char *text, size_t size)
{
	const size_t len = rendering->write(event, &SETTINGS, text, size);
	if (len > size) {
		abort();
	}
	for (size_t i = 0; i < len; i++) {
		/* eve is the line as it came; a line of the journal has no line end */
		if (text[i] == '\n') {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || memchr(data + 2, '\n', size - 2)) {
		return 0;
	}
	const struct journal_line line = {
		.text = (const char *)data + 2, .len = size - 2, .end = size - 1};
	struct event event;
	if (!event_read(&event, &line)) {
		return 0;
	}
	const size_t room = (size_t)data[0] << 4 | data[1] >> 4;
	char *text = malloc(room > 0 ? room : 1);
	const struct rendering *rendering;
	for (size_t i = 0; text && (rendering = rendering_at(i)) != NULL; i++) {
		render(rendering, &event, text, room);
	}
	free(text);
	event_free(&event);
	return 0;
}
