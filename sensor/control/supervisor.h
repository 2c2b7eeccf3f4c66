/*
 * control/supervisor - a running sensor: start its processes, keep them, end them.
 *
 * In: settings. Sees no packet and parses no file itself. Start-up order is the table
 * in supervisor.c. Signals: HUP reloads the matrix and opens the journal anew, USR1
 * tells the counters, TERM and INT drain, a second one ends at once.
 */
#pragma once

#include "control/settings.h"

enum supervisor_end {
	SUPERVISOR_END_DRAINED = 0,
	SUPERVISOR_END_MATRIX, /* the matrix has errors; they are on standard error */
	SUPERVISOR_END_FAILED, /* why says */
};

enum supervisor_end supervisor_run(const struct settings *settings, struct reason *why);
