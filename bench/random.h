/*
 * random - repeatable pseudo-random numbers (xorshift64*, Vigna 2016).
 *
 * The same seed gives the same capture, byte for byte, on every machine:
 * integers only, no libm, no libc generator. Not fit for secrets.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state; /* never 0 */
};

uint32_t random_u32(struct random *random);
/* Uniform in [0, bound); bound > 0. */
uint32_t random_below(struct random *random, uint32_t bound);
/* Uniform in [low, high]. */
uint32_t random_between(struct random *random, uint32_t low, uint32_t high);
bool random_chance(struct random *random, uint32_t per_cent);
/*
 * Log-normal-like size: half of them below `median`, none further from it than
 * a factor of 4^spread. Never 0.
 */
uint32_t random_size(struct random *random, uint32_t median, uint32_t spread);
void random_fill(struct random *random, void *bytes, size_t len);
