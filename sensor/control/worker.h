/*
 * control/worker - one process from capture to record.
 *
 * Opens its captures, starts its engine and all libraries, gives up every right, goes
 * into its cage and follows packets until it is told to end (SIGTERM) or the
 * supervisor dies. Then it answers what waits and reports every open flow.
 */
#pragma once

#include "control/sensor.h"

#define WORKER_EXIT_QUEUE_GONE 4 /* its queue must be opened anew */

/* In the process just forked, at its place on the page; never returns. */
_Noreturn void worker_run(const struct sensor *sensor, unsigned place);
