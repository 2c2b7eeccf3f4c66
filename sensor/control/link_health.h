/*
 * control/link_health - interfaces that are down or not watched: told in the log at
 * once, and as a sensor.* alert when it lasts.
 *
 * In: what the workers say on the page. An interface that several workers share is
 * told once.
 */
#pragma once

#include "control/health.h"

struct link_seen {
	uint64_t away_us; /* since when; 0: it is not */
	bool is_down;     /* else not watched */
	bool is_told;     /* as an alert */
};

struct link_health {
	uint64_t look_us;
	struct link_seen seen[SETTINGS_LIST_MAX];
};

/* To be called often: looks once a second. now_us: monotonic. */
void link_health_look(
	struct link_health *links, struct health *health, uint64_t now_us);
