/*
 * observed/texts - words that many entries name, kept once each, in bounded memory.
 *
 * In: a word. Out: a number for it, the same for the same word, 0 for "" and where there
 * is no more room. Nothing is ever given back. Private to observed/.
 */
#pragma once

#include "base/hash.h"
#include "base/reason.h"

#include <stdint.h>

struct texts {
	struct hash_seed seed;
	char **list; /* by number; number 0 is none */
	uint32_t *slots;
	uint32_t count;
	uint32_t capacity;
};

/* capacity: words, of at most TEXTS_BYTES with the NUL; longer ones are cut. */
#define TEXTS_BYTES 128
bool texts_init(struct texts *texts, uint32_t capacity, struct hash_seed seed,
	struct reason *why);
void texts_destroy(struct texts *texts);

uint32_t texts_keep(struct texts *texts, const char *text);

static inline const char *texts_at(const struct texts *texts, uint32_t number)
{
	return number > 0 && number < texts->count ? texts->list[number] : "";
}
