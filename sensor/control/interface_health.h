/*
 * control/interface_health - log lines and sensor.* alerts about interfaces.
 *
 * One that is down or not watched is told in the log at once, and as an alert when it
 * lasts. In: what the workers say on the page. An interface that several workers share
 * is told once.
 */
#pragma once

#include "control/health.h"

struct interface_seen {
	uint64_t away_us; /* since when; 0: it is not */
	bool is_down;     /* else not watched */
	bool is_told;     /* as an alert */
};

struct interface_health {
	uint64_t look_us;
	struct interface_seen seen[SETTINGS_LIST_MAX];
};

/* To be called often: looks once a second. now_us: monotonic. */
void interface_health_look(
	struct interface_health *interfaces, struct health *health, uint64_t now_us);
