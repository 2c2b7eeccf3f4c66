/*
 * engine/blindness - how much of what came in could not be looked into.
 *
 * In: counters by name, of one engine or of several together. Out: frames and bytes by
 * kind, and whether that is so much that somebody must be told. Reads no clock: who asks
 * chooses the interval.
 */
#pragma once

#include "decode/decode.h"

#include <stddef.h>

struct blindness {
	struct decode_blind_count all; /* that came in */
	struct decode_blind_count kinds[DECODE_BLIND_COUNT];
};

/* Percent of the frames, or of their bytes, from which on it is told; 0: it never is. */
#define BLINDNESS_SHARE_STANDARD 10

/* Fewer frames are told of nobody: of a minute, and of a whole capture. */
#define BLINDNESS_LEAST_OF_MINUTE 100
#define BLINDNESS_LEAST_OF_WHOLE  10

#define BLINDNESS_TEXT_BYTES 240

/* Of a sensor that runs: looked at minute by minute, told at most once in a while. */
struct blindness_watch {
	struct blindness before; /* up to the minute at hand */
	uint64_t minute_us;      /* when that began; 0: never looked */
	uint64_t told_us;        /* 0: never */
	uint32_t minutes;        /* of too much, since it was told */
};

struct blindness_limits {
	uint32_t share;   /* percent */
	uint64_t fold_us; /* between two times of telling */
};

/* "esp"; its counters are blind.esp and blind.esp_bytes. */
const char *blindness_kind_name(enum decode_blind kind);

/* A counter of engine_counters; others are passed over. */
void blindness_add(struct blindness *sum, const char *name, uint64_t value);

/* What came since before; a number that fell began anew. */
struct blindness blindness_since(
	const struct blindness *now, const struct blindness *before);

/* Of all kinds but QUIC, which is counted and, like TLS, blinds nobody. */
struct decode_blind_count blindness_total(const struct blindness *blindness);

/* share: percent; least: frames. */
bool blindness_is_told(
	const struct blindness *blindness, uint32_t share, uint64_t least);

/*
 * "34 of 200 frames (17 %) and 21 % of their bytes could not be looked into: esp 30, ...".
 * Returns text.
 */
const char *blindness_text(
	const struct blindness *blindness, char text[BLINDNESS_TEXT_BYTES]);

/*
 * now: all that was counted so far. How many minutes are to be told of, the last one in
 * *minute; 0: nothing is to be told now. May be called often.
 */
uint32_t blindness_watch_look(struct blindness_watch *watch,
	const struct blindness *now, const struct blindness_limits *limits,
	uint64_t now_us, struct blindness *minute);
