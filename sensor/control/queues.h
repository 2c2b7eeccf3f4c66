/*
 * control/queues - how full the kernel's queues are, seen from outside the workers.
 *
 * In: the kernel's list of queues. Out, on the page: what waits for each worker, and
 * how many looks found its queue full. What a full queue passes unseen nobody counts,
 * so only that it was full can be told. Needs the right to read root's files.
 */
#pragma once

#include "control/sensor.h"

struct queues {
	int file; /* 0: not open yet; -1: cannot be, which was logged */
};

/* Often: a worker that stands still is replaced soon. Nothing to do without queues. */
void queues_look(struct queues *queues, const struct sensor *sensor);
