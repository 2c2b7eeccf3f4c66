#include "base/hash.h"

struct sip_state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate_left(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

static inline void sip_round(struct sip_state *s)
{
	s->v0 += s->v1;
	s->v1 = rotate_left(s->v1, 13) ^ s->v0;
	s->v0 = rotate_left(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate_left(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate_left(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate_left(s->v1, 17) ^ s->v2;
	s->v2 = rotate_left(s->v2, 32);
}

uint64_t hash_words(const struct hash_seed *seed, const uint64_t *words, size_t count)
{
	struct sip_state s = {
		.v0 = seed->words[0] ^ 0x736f6d6570736575U,
		.v1 = seed->words[1] ^ 0x646f72616e646f6dU,
		.v2 = seed->words[0] ^ 0x6c7967656e657261U,
		.v3 = seed->words[1] ^ 0x7465646279746573U,
	};
	for (size_t i = 0; i < count; i++) {
		s.v3 ^= words[i];
		sip_round(&s);
		s.v0 ^= words[i];
	}
	const uint64_t length = (uint64_t)(count * sizeof(uint64_t)) << 56;
	s.v3 ^= length;
	sip_round(&s);
	s.v0 ^= length;
	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
