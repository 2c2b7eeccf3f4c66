#include "judge/offered_to.h"

#include "base/hash.h"

#include <string.h>

#define BIT_COUNT   (OFFERED_TO_WORDS * UINT64_C(32))
#define PROBE_COUNT 3

/* The bits of one client. PROBE_COUNT steps. */
static struct offered_to bits_of(const struct address *client)
{
	static const struct hash_seed OPEN;
	struct offered_to bits = {{0}};
	uint64_t words[2];
	_Static_assert(sizeof(words) == sizeof(*client), "an address is two words");
	memcpy(words, client, sizeof(words));
	uint64_t hash = hash_words(&OPEN, words, 2);
	for (unsigned i = 0; i < PROBE_COUNT; i++) {
		const unsigned bit = hash % BIT_COUNT;
		bits.words[bit / 32] |= UINT32_C(1) << (bit % 32);
		hash >>= 16;
	}
	return bits;
}

void offered_to_note(struct offered_to *offered, const struct address *client)
{
	const struct offered_to bits = bits_of(client);
	for (size_t i = 0; i < OFFERED_TO_WORDS; i++) {
		offered->words[i] |= bits.words[i];
	}
}

bool offered_to_others(const struct offered_to *offered, const struct address *client)
{
	const struct offered_to bits = bits_of(client);
	uint32_t missing = 0;
	for (size_t i = 0; i < OFFERED_TO_WORDS; i++) {
		missing |= bits.words[i] & ~offered->words[i];
	}
	return missing != 0 && !offered_to_is_empty(offered);
}

bool offered_to_is_empty(const struct offered_to *offered)
{
	static const struct offered_to NOBODY;
	return memcmp(offered, &NOBODY, sizeof(NOBODY)) == 0;
}
