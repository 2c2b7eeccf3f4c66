#include "matrix/interning.h"

#include "base/arena.h"

#include <string.h>

#define CAPACITY_LEAST 64

/* FNV-1a, by words: who writes a matrix gains nothing by collisions, they only cost time. */
static uint64_t hash_of(const uint32_t *words, size_t count)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < count; i++) {
		hash = (hash ^ words[i]) * UINT64_C(0x100000001b3);
	}
	return hash ^ hash >> 32;
}

/* Where the list stands, or where it has its place. */
static uint32_t *slot_of(const struct interning *interning,
	const struct interning_entry *wanted, const uint32_t *words)
{
	size_t at = wanted->hash & (interning->capacity - 1);
	for (;; at = (at + 1) & (interning->capacity - 1)) { /* half of them are free */
		uint32_t *slot = &interning->slots[at];
		if (*slot == 0) {
			return slot;
		}
		const struct interning_entry *entry = &interning->entries[*slot - 1];
		if (entry->hash == wanted->hash && entry->count == wanted->count &&
			(entry->count == 0 ||
				memcmp(interning->words + entry->start, words,
					entry->count * sizeof(*words)) == 0)) {
			return slot;
		}
	}
}

static void grow(struct interning *interning)
{
	if (interning->count * 2 < interning->capacity) {
		return;
	}
	list_free(interning->slots);
	interning->capacity =
		interning->capacity ? interning->capacity * 2 : CAPACITY_LEAST;
	interning->slots = list_new(interning->capacity, sizeof(*interning->slots));
	for (size_t i = 0; i < interning->count; i++) {
		const struct interning_entry *entry = &interning->entries[i];
		*slot_of(interning, entry, interning->words + entry->start) =
			(uint32_t)i + 1;
	}
}

uint32_t interning_number(
	struct interning *interning, const uint32_t *words, size_t count)
{
	const struct interning_entry entry = {
		hash_of(words, count), interning->word_count, count};
	grow(interning);
	uint32_t *slot = slot_of(interning, &entry, words);
	if (*slot != 0) {
		return *slot - 1;
	}
	for (size_t i = 0; i < count; i++) {
		interning->words = list_room(
			interning->words, interning->word_count, sizeof(*words));
		interning->words[interning->word_count++] = words[i];
	}
	interning->entries =
		list_room(interning->entries, interning->count, sizeof(entry));
	interning->entries[interning->count++] = entry;
	*slot = (uint32_t)interning->count;
	return *slot - 1;
}

void interning_free(struct interning *interning)
{
	list_free(interning->words);
	list_free(interning->entries);
	list_free(interning->slots);
	*interning = (struct interning){0};
}
