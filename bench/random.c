#include "random.h"

#include <assert.h>
#include <string.h>

static uint64_t random_u64(struct random *random)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return random->state * UINT64_C(0x2545f4914f6cdd1d);
}

uint32_t random_u32(struct random *random)
{
	return (uint32_t)(random_u64(random) >> 32);
}

uint32_t random_below(struct random *random, uint32_t bound)
{
	assert(bound > 0);
	return (uint32_t)(((uint64_t)random_u32(random) * bound) >> 32);
}

uint32_t random_between(struct random *random, uint32_t low, uint32_t high)
{
	assert(low <= high);
	return low + random_below(random, high - low + 1);
}

bool random_chance(struct random *random, uint32_t per_cent)
{
	return random_below(random, 100) < per_cent;
}

uint32_t random_size(struct random *random, uint32_t median, uint32_t spread)
{
	const uint64_t bits = random_u64(random);
	uint32_t sum = 0;

	/* Four uniform numbers summed are close enough to a normal one. */
	for (unsigned int part = 0; part < 4; part++) {
		sum += (uint32_t)(bits >> (16 * part)) & 0xffff;
	}
	/* 2^exponent in 16.16 fixed point; the bias keeps the shift positive. */
	const uint64_t bias = UINT64_C(2) * spread;
	const uint64_t exponent = (uint64_t)sum * spread;
	const uint64_t mantissa = 0x10000 + (exponent & 0xffff);
	const uint64_t size = ((median * mantissa) << (exponent >> 16)) >> (16 + bias);

	return size > 0 ? (uint32_t)size : 1;
}

void random_fill(struct random *random, void *bytes, size_t len)
{
	uint8_t *at = bytes;

	while (len > 0) {
		const uint64_t word = random_u64(random);
		const size_t part = len < sizeof(word) ? len : sizeof(word);

		memcpy(at, &word, part);
		at += part;
		len -= part;
	}
}
