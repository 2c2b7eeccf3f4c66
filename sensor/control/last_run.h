/*
 * control/last_run - what the sensor before left behind in the same state directory.
 *
 * In: the page as it was found. One that was killed could not write that it ended, and
 * its processes may be at work for some seconds more: they hold queues, journal and
 * page. Knows them by the ids and names on the page and waits for them; one that does
 * not end is ended. Never waits long, never touches a process of another name.
 */
#pragma once

#include "control/status.h"

struct last_run {
	bool is_cut_off; /* and nobody told of it yet */
	int pid;
	uint64_t alive_us; /* when its supervisor was last at work */
};

struct last_run last_run_leave(const struct status_page *page);
