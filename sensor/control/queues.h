/*
 * control/queues - the kernel's queues as the supervisor has them: open, and watched.
 *
 * The supervisor opens them and each worker inherits its own, so a worker that dies
 * leaves no packet behind: what waits is the next one's, and while there is none the
 * supervisor lets it pass, or where the queue is fail-closed leaves it there. What waits, how
 * many looks found a queue full, and how many packets nobody looked at stands on the page.
 * A full queue that passes packets counts none: then each such look stands for one. To
 * know it takes the right to read root's files.
 */
#pragma once

#include "control/processes.h"

struct queue_seen {
	uint64_t dropped; /* by the kernel, when last looked at */
	uint64_t lost;    /* by the worker's count */
	uint64_t unseen;  /* when the second began */
};

struct queues {
	int file; /* the kernel's list; 0: not open yet; -1: cannot be, which was logged */
	uint64_t second_us; /* when it began */
	struct queue_seen seen[STATUS_WORKERS_MAX];
};

/* Open the queue of each worker: its packets wait from here on. Nothing to do without. */
bool queues_open(struct sensor *sensor, struct reason *why);

/*
 * The process at this place ended, as waitpid(2) has it: packets of a worker's queue pass
 * until another one works, from another socket where its own broke.
 */
void queues_keep(struct sensor *sensor, unsigned place, int status);

/* Let pass what waits and has no worker, or one that takes long to start. Not fail-closed. */
void queues_pass(const struct processes *processes);

/* Wait for signals, at most so long; packets without a worker pass meanwhile. */
void queues_wait(const struct processes *processes, int timeout_ms);

/* To be called often: notes on the page how full the queues are. now_us: monotonic. */
void queues_look(struct queues *queues, const struct sensor *sensor, uint64_t now_us);
