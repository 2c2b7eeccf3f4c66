/*
 * judge/record_rate - how many `mail` records of one sender are given in a minute.
 *
 * In: whom a record is about and its time. Out: whether it is given. A sender who floods
 * must not fill the journal, nor have the records of others refused for want of room.
 * What anybody may have sent in another's name counts for one and the same nobody, and a
 * network of 64 bits of IPv6 for one sender. What is above is counted, and the count told
 * when the minute is over. Alerts have a bound of their own: judge/ceiling.
 * Several processes may share one in common memory, without a lock, as they do a ceiling.
 */
#pragma once

#include "base/address.h"
#include "base/hash.h"

#include <stdatomic.h>

#define RECORD_RATE_STANDARD 12000 /* a minute */
#define RECORD_RATE_SENDERS  1024  /* those who hash alike share one minute */

struct record_rate_minute {
	_Atomic uint64_t first_us; /* 0: none is under way */
	_Atomic uint32_t come;     /* in this minute, given or not */
	_Atomic uint32_t held;     /* back, and not told yet */
	/* the address is that of whom something was held first */
	_Atomic uint32_t is_named;
	struct address address;
};

struct record_rate {
	uint32_t most; /* 0: any number */
	struct hash_seed seed;
	/* the last one is of those that may be anybody */
	struct record_rate_minute minutes[RECORD_RATE_SENDERS + 1];
};

/* What was held back in minutes that are over. */
struct record_rate_held {
	uint32_t records;
	uint32_t senders;
	uint32_t most;   /* of one of them ... */
	bool is_anybody; /* ... which may be anybody, else this one */
	struct address address;
};

/* sender NULL: may be anybody. False: it is held back, and counted. */
bool record_rate_pass(
	struct record_rate *rate, const struct address *sender, uint64_t now_us);

/* All that is due to be told (now_us UINT64_MAX: all), once and to one of those who ask. */
bool record_rate_due(
	struct record_rate *rate, uint64_t now_us, struct record_rate_held *held);
