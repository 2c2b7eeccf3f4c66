#include "engine/timeline.h"

static bool is_behind(uint64_t time_us, uint64_t now_us, uint64_t by_us)
{
	return time_us < now_us && now_us - time_us > by_us;
}

static bool is_far_behind(uint64_t time_us, uint64_t now_us)
{
	return is_behind(time_us, now_us, TIMELINE_LEAP_US);
}

uint64_t timeline_take(struct timeline *timeline, uint64_t time_us)
{
	/* nearly always: at the clock, or a little ahead of it */
	if (time_us - timeline->now_us <= TIMELINE_LEAP_US && !timeline->has_leapt) {
		timeline->behind = 0;
		timeline->now_us = time_us;
		return time_us;
	}
	if (timeline->has_leapt && is_far_behind(time_us, timeline->now_us)) {
		timeline->now_us = timeline->before_us; /* that one frame was wrong */
	}
	const bool is_back = is_behind(time_us, timeline->now_us,
		timeline->is_live ? TIMELINE_LIVE_US : TIMELINE_LEAP_US);
	timeline->behind = is_back ? (uint8_t)(timeline->behind + 1) : 0;
	if (timeline->behind == TIMELINE_BEHIND) { /* the clock was set */
		timeline->now_us = time_us;
		timeline->behind = 0;
	}
	timeline->has_leapt = is_far_behind(timeline->now_us, time_us);
	if (time_us > timeline->now_us) {
		timeline->before_us = timeline->now_us;
		timeline->now_us = time_us;
	}
	return timeline->now_us;
}
