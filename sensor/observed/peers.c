#include "observed/peers.h"

#include "base/hash.h"

#include <stdlib.h>

/* The same at every sensor, so that two of them can be added up. */
static void count(struct peers *peers, const struct address *address)
{
	static const struct hash_seed OPEN;
	uint64_t words[2];
	memcpy(words, address->bytes, sizeof(words));
	const uint64_t hash = hash_words(&OPEN, words, 2);
	const uint64_t rest = hash / PEERS_REGISTERS | UINT64_C(1) << 55;
	const uint8_t rank = (uint8_t)(__builtin_ctzll(rest) + 1);
	uint8_t *held = &peers->registers[hash % PEERS_REGISTERS];
	*held = rank > *held ? rank : *held;
}

static uint32_t sum_of(uint32_t a, uint32_t b)
{
	return a < UINT32_MAX - b ? a + b : UINT32_MAX;
}

/* Its own place, a free one, or that of the least, whose flows are counted for it. */
static void weigh(struct peers *peers, const struct address *address, uint32_t flows)
{
	struct peers_largest *least = &peers->largest[0];
	for (size_t i = 0; i < PEERS_LARGEST; i++) {
		struct peers_largest *at = &peers->largest[i];
		if (at->flows > 0 && address_equal(&at->address, address)) {
			at->flows = sum_of(at->flows, flows);
			return;
		}
		least = at->flows < least->flows ? at : least;
	}
	least->address = *address;
	least->flows = sum_of(least->flows, flows);
}

void peers_add(struct peers *peers, const struct address *address, uint32_t flows)
{
	count(peers, address);
	weigh(peers, address, flows);
}

void peers_merge(struct peers *into, const struct peers *from, struct peers_share new)
{
	for (size_t i = 0; i < PEERS_REGISTERS; i++) {
		into->registers[i] = from->registers[i] > into->registers[i]
					     ? from->registers[i]
					     : into->registers[i];
	}
	for (size_t i = 0; i < PEERS_LARGEST; i++) {
		const struct peers_largest *at = &from->largest[i];
		const uint64_t flows = at->flows * new.part / new.whole;
		if (flows > 0) {
			weigh(into, &at->address, (uint32_t)flows);
		}
	}
}

/* So many hosts fill so many registers, on the average. */
static double count_linear(unsigned empty)
{
	double sum = 0;
	for (unsigned left = PEERS_REGISTERS; left > empty; left--) {
		sum += (double)PEERS_REGISTERS / left;
	}
	return sum;
}

uint32_t peers_estimate(const struct peers *peers)
{
	const double scale = 0.7213 / (1 + 1.079 / PEERS_REGISTERS);
	double sum = 0;
	unsigned empty = 0;
	for (size_t i = 0; i < PEERS_REGISTERS; i++) {
		sum += 1.0 / (double)(UINT64_C(1) << (peers->registers[i] & 63));
		empty += peers->registers[i] == 0;
	}
	double estimate = scale * PEERS_REGISTERS * PEERS_REGISTERS / sum;
	if (estimate < 2.5 * PEERS_REGISTERS && empty > 0) {
		estimate = count_linear(empty);
	}
	return estimate < (double)UINT32_MAX ? (uint32_t)(estimate + 0.5) : UINT32_MAX;
}

static int compare(const void *a, const void *b)
{
	const struct peers_largest *one = a;
	const struct peers_largest *other = b;
	if (one->flows != other->flows) {
		return one->flows > other->flows ? -1 : 1;
	}
	return memcmp(one->address.bytes, other->address.bytes, 16);
}

void peers_sort(const struct peers *peers, struct peers_largest sorted[PEERS_LARGEST])
{
	memcpy(sorted, peers->largest, sizeof(peers->largest));
	qsort(sorted, PEERS_LARGEST, sizeof(*sorted), compare);
}
