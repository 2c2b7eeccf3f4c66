/*
 * capture/shunt_private - what the program and this process have in common: the table.
 */
#pragma once

#include "capture/ebpf.h"
#include "capture/shunt.h"

#include <stdatomic.h>

#define SHUNT_HASH_KEYS (2 * SHUNT_KEY_WORDS + 1)

enum shunt_state {
	SHUNT_STATE_FREE = 0,
	SHUNT_STATE_STOPPED, /* a packet came that may begin or end something */
	SHUNT_STATE_WAITING, /* for what was captured before */
	SHUNT_STATE_ON,
};

/* No packet has them. */
#define SHUNT_TAGS_UNKNOWN UINT32_MAX

/* A look-up touches its first cache line, a hit the second one, too. */
struct shunt_entry {
	_Atomic uint32_t state;
	_Atomic uint32_t tags[2]; /* by side */
	uint32_t unused;
	uint64_t key[SHUNT_KEY_WORDS];
	uint64_t padding;
	_Atomic uint64_t packets[2];
	_Atomic uint64_t bytes[2];
	_Atomic uint64_t wire_bytes;
	_Atomic uint64_t last_ns; /* CLOCK_MONOTONIC_COARSE */
	uint64_t rest[2];
};

_Static_assert(sizeof(struct shunt_entry) == 128, "two cache lines");
_Static_assert(offsetof(struct shunt_entry, packets) == 64, "the second begins there");

/* The place of a flow: Multilinear-HM, as in the flow table; so the program has it, too. */
uint32_t shunt_slot(const uint64_t keys[SHUNT_HASH_KEYS], const struct shunt_key *key);

/* Writes the whole program: look-up, then prefilter. */
bool shunt_write_program(struct ebpf *out, int map_fd,
	const uint64_t keys[SHUNT_HASH_KEYS], const struct sock_fprog *prefilter,
	struct reason *why);
