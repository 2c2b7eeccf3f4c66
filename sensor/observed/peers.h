/*
 * observed/peers - many hosts as one: about how many they are, and the largest of them.
 *
 * In: an address and how many flows it had, in any order. Out: an estimate of how many
 * different ones there were (HyperLogLog, Flajolet and others 2007, with linear counting
 * where they are few: off by 7 % in the middle), and those with most flows (Space-Saving,
 * Metwally and others 2005: none that has more than a fourth of all is missing). Of one
 * size. Private to observed/.
 */
#pragma once

#include "base/address.h"

#include <stdint.h>

#define PEERS_REGISTERS 256
#define PEERS_LARGEST   4

struct peers_largest {
	struct address address;
	uint32_t flows; /* never too few; 0: none */
};

struct peers {
	uint8_t registers[PEERS_REGISTERS];
	struct peers_largest largest[PEERS_LARGEST]; /* in no order */
};

void peers_add(struct peers *peers, const struct address *address, uint32_t flows);

/* Of the flows of the other one only this share is new. */
struct peers_share {
	uint64_t part;
	uint64_t whole; /* more than 0 */
};
void peers_merge(struct peers *into, const struct peers *from, struct peers_share new);

uint32_t peers_estimate(const struct peers *peers);

/* The most flows first, of equal ones the lower address. */
void peers_sort(const struct peers *peers, struct peers_largest sorted[PEERS_LARGEST]);
