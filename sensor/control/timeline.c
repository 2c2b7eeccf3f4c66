#include "control/timeline.h"

static bool is_far_behind(uint64_t time_us, uint64_t now_us)
{
	return time_us + TIMELINE_LEAP_US < now_us && time_us < now_us;
}

uint64_t timeline_take(struct timeline *timeline, uint64_t time_us)
{
	if (timeline->has_leapt && is_far_behind(time_us, timeline->now_us)) {
		timeline->now_us = timeline->before_us; /* that one frame was wrong */
	}
	const bool is_back = is_far_behind(time_us, timeline->now_us);
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
