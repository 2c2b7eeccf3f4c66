#include "judge/offered_to.h"

#include "base/hash.h"

#include <string.h>

#define OFFERED_TO_OTHERS (OFFERED_TO_CLIENTS - OFFERED_TO_DECLARED)

/* The same in every process, and never 0. */
static uint32_t mark_of(const struct address *client)
{
	static const struct hash_seed OPEN;
	uint64_t words[2];
	_Static_assert(sizeof(words) == sizeof(*client), "an address is two words");
	memcpy(words, client, sizeof(words));
	const uint32_t mark = (uint32_t)hash_words(&OPEN, words, 2);
	return mark != 0 ? mark : 1;
}

/* OFFERED_TO_CLIENTS steps. */
static bool has_mark(const struct offered_to *offered, uint32_t mark)
{
	for (size_t i = 0; i < OFFERED_TO_CLIENTS; i++) {
		if (offered->marks[i] == mark) {
			return true;
		}
	}
	return false;
}

/* To the front of its part: count steps. */
static void part_note(uint32_t *part, size_t count, uint32_t mark)
{
	size_t at = 0;
	while (at + 1 < count && part[at] != mark) {
		at++;
	}
	memmove(part + 1, part, at * sizeof(*part));
	part[0] = mark;
}

void offered_to_note(
	struct offered_to *offered, const struct address *client, bool is_declared)
{
	const uint32_t mark = mark_of(client);
	if (is_declared) {
		part_note(offered->marks, OFFERED_TO_DECLARED, mark);
	} else {
		part_note(
			offered->marks + OFFERED_TO_DECLARED, OFFERED_TO_OTHERS, mark);
	}
}

bool offered_to_others(const struct offered_to *offered, const struct address *client)
{
	return !offered_to_is_empty(offered) && !has_mark(offered, mark_of(client));
}

bool offered_to_is_empty(const struct offered_to *offered)
{
	static const struct offered_to NOBODY;
	return memcmp(offered, &NOBODY, sizeof(NOBODY)) == 0;
}
