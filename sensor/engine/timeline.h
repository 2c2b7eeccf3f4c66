/*
 * engine/timeline - one clock out of the times that frames bear.
 *
 * Captures are merged badly and clocks are set: the time of a frame is not taken as it
 * comes. Small steps back are levelled out. A leap ahead of an hour or more holds for its
 * frame, and for what follows only when the next frame confirms it: a single broken time
 * stamp makes no certificate expired and ends no flow. A leap back counts when as many frames
 * in a row bear it as no two captures with different clocks, merged, would. Live frames come
 * about as they were stamped: there two seconds are a leap back.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TIMELINE_LEAP_US UINT64_C(3600000000)
#define TIMELINE_LIVE_US UINT64_C(2000000) /* more than a block waits to be filled */
#define TIMELINE_BEHIND  32                /* frames */

struct timeline { /* zeroed at the start, but for is_live */
	bool is_live;
	uint64_t now_us;
	uint64_t before_us; /* a leap ahead that is not confirmed: from here */
	bool has_leapt;
	uint8_t behind; /* so many frames in a row bore a time far back */
};

/* The clock at a frame that bears this time; all in microseconds since 1970. */
uint64_t timeline_take(struct timeline *timeline, uint64_t time_us);
