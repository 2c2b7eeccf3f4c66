/*
 * ship/redis_keys - the key model: which counters of Redis an event moves.
 *
 * All keys of a sensor begin with PREFIX:{SENSOR}: so that a cluster keeps them on one
 * node. docs/outputs.md lists them. Only adds to a delta; talks to nobody.
 */
#pragma once

#include "ship/event.h"
#include "ship/redis_delta.h"

#define REDIS_PREFIX_BYTES 112 /* with braces, colons and NUL */

/* The names of keys, behind the prefix. */
#define REDIS_KEY_TOTALS      "totals"
#define REDIS_KEY_MATRIX      "matrix"
#define REDIS_KEY_FINDINGS    "findings"
#define REDIS_KEY_OCCURRENCES "occurrences"
#define REDIS_KEY_HOUR        "hour:" /* YYYYMMDDHH, UTC */
#define REDIS_KEY_SENDERS     "senders"
#define REDIS_KEY_TOP         "senders:illegitimate"
#define REDIS_KEY_SERVERS     "servers"
#define REDIS_KEY_SERVER      "server:" /* ADDRESS|PORT */
#define REDIS_KEY_STREAM      "alerts"
#define REDIS_KEY_PLACE       "place" /* per journal: applied up to there */
#define REDIS_KEY_ALIVE       "alive"

struct redis_keys {
	char prefix[REDIS_PREFIX_BYTES]; /* "mailwarden:{sensor}:" */
	unsigned stream_kinds;           /* enum event_kind: what the stream gets */
	uint64_t stream_most;
	uint64_t senders_most;
	uint64_t servers_most;
	uint64_t hours_s; /* how long an hour is kept */
	uint64_t servers_s;
};

/*
 * False: prefix or sensor are empty or too long. What could end the hash tag or be a
 * pattern, in a sensor's name, becomes '_'.
 */
bool redis_keys_name(struct redis_keys *keys, const char *prefix, const char *sensor);

/* Write the full name of a key: prefix and name. */
void redis_keys_full(
	const struct redis_keys *keys, const char *name, char full[REDIS_KEY_BYTES]);

/* Add what one event changes to the delta, which must have room. */
void redis_keys_add(const struct redis_keys *keys, struct redis_delta *delta,
	const struct event *event);
