/*
 * control/output_health - sensor.* alerts about outputs: down for long, records lost, kept by
 * nobody for sure.
 *
 * In: what the shippers say on the page. One that does not get ready for a minute is
 * down too, and is marked so there.
 */
#pragma once

#include "control/health.h"

struct output_seen {
	uint64_t down_us; /* since when; 0: it is not */
	uint64_t lost;    /* bytes that were told */
	bool is_told;     /* that it is down */
	bool is_doubt_told;
};

struct output_health {
	uint64_t look_us;
	struct output_seen seen[STATUS_SHIPPERS_MAX];
};

/* To be called often: looks once a second. now_us: monotonic. */
void output_health_look(
	struct output_health *outputs, struct health *health, uint64_t now_us);
