#include "observed/texts.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_PER_TEXT 2

bool texts_init(struct texts *texts, uint32_t capacity, struct hash_seed seed,
	struct reason *why)
{
	*texts = (struct texts){.seed = seed, .capacity = capacity, .count = 1};
	texts->list = calloc(capacity, sizeof(*texts->list));
	texts->slots = calloc((size_t)capacity * SLOTS_PER_TEXT, sizeof(*texts->slots));
	if (!texts->list || !texts->slots) {
		texts_destroy(texts);
		return reason_set(why, "no memory for %u names", capacity);
	}
	return true;
}

void texts_destroy(struct texts *texts)
{
	for (uint32_t i = 1; texts->list && i < texts->count; i++) {
		free(texts->list[i]);
	}
	free(texts->list);
	free(texts->slots);
	*texts = (struct texts){.count = 0};
}

/* Where it is, or would be; half of the slots are always free. */
static uint32_t *slot_of(const struct texts *texts, const char *text, size_t len)
{
	uint64_t words[TEXTS_BYTES / 8] = {0};
	memcpy(words, text, len);
	const uint32_t slots = texts->capacity * SLOTS_PER_TEXT;
	uint32_t at =
		(uint32_t)(hash_words(&texts->seed, words, TEXTS_BYTES / 8) % slots);
	while (texts->slots[at] != 0 &&
		strcmp(texts->list[texts->slots[at]], text) != 0) {
		at = at + 1 < slots ? at + 1 : 0;
	}
	return &texts->slots[at];
}

uint32_t texts_keep(struct texts *texts, const char *text)
{
	char cut[TEXTS_BYTES] = "";
	const size_t len = strnlen(text, sizeof(cut) - 1);
	memcpy(cut, text, len);
	if (len == 0) {
		return 0;
	}
	uint32_t *slot = slot_of(texts, cut, len);
	if (*slot == 0 && texts->count < texts->capacity) {
		texts->list[texts->count] = strdup(cut);
		if (texts->list[texts->count]) {
			*slot = texts->count++;
		}
	}
	return *slot;
}
