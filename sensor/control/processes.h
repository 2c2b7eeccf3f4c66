/*
 * control/processes - start, watch, restart and end the children of the supervisor.
 *
 * A child that dies is started again: at once the first time, later after a growing
 * pause, so that a fault that stays costs little. One whose heart stops for 0.6 seconds
 * is killed and counts as dead; it has three while it starts, gets no processor or waits
 * for memory, unless somebody stopped it.
 * A clock that jumps and a machine that sleeps kill nobody: beats are counted in looks,
 * not in time.
 */
#pragma once

#include "control/sensor.h"

#include <sys/types.h>

struct process_kind {
	const char *name;
	void (*run)(const struct sensor *sensor, unsigned place); /* never returns */
	unsigned looks; /* of 100 ms that its heart may stop; 0: 0.6 s */
};

struct process {
	const struct process_kind *kind;
	pid_t pid; /* 0: none now */
	uint64_t started_us;
	uint64_t restart_us; /* when pid is 0: not before */
	uint64_t pause_us;   /* of the next restart */
	uint64_t beat;
	uint64_t used_us;  /* of the processor, when the heart was last seen to beat */
	unsigned looks;    /* since the heart was last seen to beat */
	bool is_stopped;   /* by a signal: it does nothing until another */
	bool is_stuck;     /* was killed for that ... */
	bool was_starting; /* ... before it ran */
	bool is_renewed;   /* told to end so that another takes its place at once */
	bool is_wanted;    /* false: told to end */
};

struct processes {
	struct sensor *sensor;
	/* by place; none at the supervisor's */
	struct process list[STATUS_PROCESSES_MAX];
};

/*
 * Write their names, and what workers watch, to their places on the page, before any is
 * forked; outputs and metrics have names of their own.
 */
void processes_name(const struct sensor *sensor);

/* How a child ended, for a log line. Returns text. */
const char *process_end_text(
	const struct process *process, int wait_status, char *text, size_t size);

/* Fork the one at this place. False: the system did not. */
bool process_start(struct processes *processes, unsigned place);

/*
 * Take the end of any child: returns its place with its status, or 0 when none ended.
 * A wanted one is due to be restarted.
 */
unsigned processes_reap(struct processes *processes, int *wait_status);

/* Tell the one at this place to end; another is started as soon as it did. */
void process_renew(struct process *process);

/* Start again those that ended and whose pause is over. */
void processes_restart(struct processes *processes, uint64_t now_us);

/* Now and then: what each takes of processor and memory, and we do, onto the page. */
void processes_measure(struct processes *processes);

/* To be called every 100 ms: kills those whose hearts stopped. */
void processes_look(struct processes *processes);

/* Whether nobody is at work there: no process, or one that takes long to start. */
bool process_is_away(const struct processes *processes, unsigned place);

/* Tell all of this kind to end, or (NULL) all. */
void processes_end(
	struct processes *processes, const struct process_kind *kind, int signal);

/* Send the signal to all of this kind; they are wanted as before. */
void processes_signal(
	const struct processes *processes, const struct process_kind *kind, int signal);

/* Whether all of that kind (NULL: all) are in this state; or without a process. */
bool processes_are(const struct processes *processes, const struct process_kind *kind,
	enum status_state state);
bool processes_are_gone(
	const struct processes *processes, const struct process_kind *kind);
