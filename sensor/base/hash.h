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

struct hash_state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t hash_rotate(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

static inline void hash_round(struct hash_state *s)
{
	s->v0 += s->v1;
	s->v1 = hash_rotate(s->v1, 13) ^ s->v0;
	s->v0 = hash_rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = hash_rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = hash_rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = hash_rotate(s->v1, 17) ^ s->v2;
	s->v2 = hash_rotate(s->v2, 32);
}

/* words: count 64-bit words of key. Inline: where count is known it comes unrolled. */
static inline uint64_t hash_words(
	const struct hash_seed *seed, const uint64_t *words, size_t count)
{
	struct hash_state s = {
		.v0 = seed->words[0] ^ 0x736f6d6570736575U,
		.v1 = seed->words[1] ^ 0x646f72616e646f6dU,
		.v2 = seed->words[0] ^ 0x6c7967656e657261U,
		.v3 = seed->words[1] ^ 0x7465646279746573U,
	};
	for (size_t i = 0; i < count; i++) {
		s.v3 ^= words[i];
		hash_round(&s);
		s.v0 ^= words[i];
	}
	const uint64_t length = (uint64_t)(count * sizeof(uint64_t)) << 56;
	s.v3 ^= length;
	hash_round(&s);
	s.v0 ^= length;
	s.v2 ^= 0xff;
	hash_round(&s);
	hash_round(&s);
	hash_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
