/*
 * status/bans - senders that were blocked and stay out for a while.
 *
 * A fixed number of places in memory that all workers share: no lock, no allocation. A
 * full neighbourhood gives up who was blocked once and is let in first, else it refuses:
 * both are counted. Times are since the machine started (clock_boottime_us): setting the
 * clock makes no ban longer or shorter.
 */
#pragma once

#include "base/address.h"

#include <stdatomic.h>
#include <stddef.h>

#define BANS_PLACES 1024

/* Who is banned, and for what: the flow that was blocked first. */
struct ban_cause {
	struct address address;
	struct address server;
	uint16_t server_port;
};

struct ban {
	_Atomic uint64_t until_us; /* 0: free */
	_Atomic uint32_t blocks;   /* flows of this sender that were blocked */
	_Atomic uint32_t is_untold;
	struct ban_cause cause;
};

/* Memory of zeros is an empty list. */
struct bans {
	_Atomic uint64_t refused; /* no room: not banned, or let in before its time */
	_Atomic uint32_t given;   /* so far; 0: none ever, nothing to look for */
	struct ban places[BANS_PLACES];
};

/*
 * Ban a sender until until_us; one that is banned already stays until the later time.
 * False: no room.
 */
bool bans_add(struct bans *bans, const struct ban_cause *cause, uint64_t now_us,
	uint64_t until_us);
bool bans_has(struct bans *bans, const struct address *address, uint64_t now_us);

/* Take one ban back; false when there is none. */
bool bans_undo(struct bans *bans, const struct address *address, uint64_t now_us);

/* The i-th place, for a list: false when it is free. */
bool bans_at(const struct bans *bans, size_t place, uint64_t now_us,
	struct address *address, uint64_t *until_us);

/* The same, once for each ban that is given; for the one who tells of them. */
bool bans_take_untold(struct bans *bans, size_t place, uint64_t now_us,
	struct ban_cause *cause, uint64_t *until_us);
