/*
 * control/queues - the kernel's queues as the supervisor has them: open, and watched.
 *
 * The supervisor opens them and each worker inherits its own, so a worker that dies
 * leaves no packet behind: what waits is the next one's, and while there is none the
 * supervisor lets it pass, or where the queue is fail-closed drops it. What waits, and how
 * many looks found a queue full, stands on the page; a full queue passes packets unseen
 * and nobody counts those. To know it takes the right to read root's files.
 */
#pragma once

#include "control/processes.h"

struct queues {
	int file; /* the kernel's list; 0: not open yet; -1: cannot be, which was logged */
};

/* Open the queue of each worker: its packets wait from here on. Nothing to do without. */
bool queues_open(struct sensor *sensor, struct reason *why);

/* After the worker at this place ended: packets of its queue pass until another works. */
void queues_take_over(const struct sensor *sensor, unsigned place);

/* The socket of this worker broke: open another one. */
void queues_renew(struct sensor *sensor, unsigned place);

/* Let pass what waits and has no worker, or one that takes long to start. */
void queues_pass(const struct processes *processes);

/* Wait for signals, at most so long; packets without a worker pass meanwhile. */
void queues_wait(const struct processes *processes, int timeout_ms);

/* To be called often: notes on the page how full the queues are. */
void queues_look(struct queues *queues, const struct sensor *sensor);
