/*
 * ship/redis_script - apply a delta in Redis whole, and once: the script.
 *
 * Beside the counters stands up to where each journal was applied. The script changes
 * nothing unless that is still where the caller believes it to be, and moves it with
 * the counters: one step of one server. What comes again after a crash is not counted
 * again, and a server that lost something is noticed. The counters themselves know as
 * well up to where they were applied: where the place is evicted or deleted and they
 * are not, it is found again; where the totals are gone, what belongs to them begins
 * anew with them.
 */
#pragma once

#include "ship/redis_delta.h"
#include "ship/redis_session.h"

#define REDIS_SHA_BYTES 41

struct redis_script {
	struct redis_session *session; /* borrowed */
	char sha[REDIS_SHA_BYTES];     /* "": not loaded into this server yet */
	const char *place;             /* full name of the key; borrowed */
	const char *totals;            /* likewise, of the first key of each delta */
	const char *journal;           /* its field */
	uint64_t refused;              /* commands of deltas that the server refused */
	struct reason refusal;         /* the last one */
	uint64_t restored; /* times that the place was gone and found again */
	uint64_t emptied;  /* times that counters were gone */
};

/* Load it into the server; where the server forgets it, it is sent as a whole. */
bool redis_script_load(struct redis_script *script, struct reason *why);

/* Read up to where the journal is applied; 0: nothing of it. */
bool redis_script_read(
	struct redis_script *script, uint64_t *place, struct reason *why);

/*
 * If the place is still *place: change what the delta says and move it to end. *place
 * is then where it is: end, or another when nothing was changed.
 */
bool redis_script_apply(struct redis_script *script, const struct redis_delta *delta,
	uint64_t end, uint64_t *place, struct reason *why);
