/*
 * base/hash - seeded hash of a short key (SipHash-1-3, Aumasson and Bernstein).
 *
 * Keyed, so that a sender who chooses addresses and ports cannot aim at one
 * bucket without knowing the seed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct hash_seed {
	uint64_t words[2];
};

/* words: count 64-bit words of key. */
uint64_t hash_words(const struct hash_seed *seed, const uint64_t *words, size_t count);
