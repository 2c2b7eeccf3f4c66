#include "ship/redis_answer.h"
#include "ship/redis_keys.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a server says, as the library gives it: with a NUL behind. */
static void read_answer(const uint8_t *data, size_t size)
{
	const struct redis_node asked = {.host = "192.0.2.1", .port = 7000};
	struct redis_node to;
	unsigned slot;
	char *text = malloc(size + 1);
	if (!text) {
		abort();
	}
	memcpy(text, data, size);
	text[size] = '\0';
	if (!redis_error_of(text)->what) {
		abort();
	}
	if (redis_redirect_read(text, &asked, &to, &slot) &&
		(to.port == 0 || to.port > 65535 || slot >= REDIS_SLOTS ||
			memchr(to.host, '\0', sizeof(to.host)) == NULL)) {
		abort();
	}
	if (redis_slot(text, size) >= REDIS_SLOTS) {
		abort();
	}
	free(text);
}

/* A line of the journal: whatever it holds, the words are those of commands. */
static void count_line(const uint8_t *data, size_t size)
{
	static struct redis_delta delta;
	struct redis_keys keys = {.stream_kinds = EVENT_ALL, .stream_most = 10};
	const struct journal_line line = {.text = (const char *)data, .len = size};
	struct event event;
	if (!redis_keys_name(&keys, "mailwarden", "s1") || !event_read(&event, &line)) {
		return;
	}
	redis_delta_clear(&delta);
	redis_keys_add(&keys, &delta, &event);
	redis_keys_add(&keys, &delta, &event);
	for (size_t i = 0; i < delta.count; i++) {
		struct redis_words words;
		redis_delta_words(&delta.entries[i], &words);
		if (words.count < 3 || words.count > REDIS_ENTRY_WORDS) {
			abort();
		}
	}
	if (delta.key_count > REDIS_EVENT_KEYS || delta.text_len > REDIS_EVENT_BYTES) {
		abort();
	}
	event_free(&event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] == '{') {
		count_line(data, size);
	} else {
		read_answer(data, size);
	}
	return 0;
}
