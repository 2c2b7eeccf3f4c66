/*
 * control/reload - a new matrix for running workers, or none.
 *
 * HUP asks; a loader process reads the files; when they are right the workers are
 * told and take the new matrix between two packets; when they are not, nothing
 * changes, every error is logged with its place, and an alert says so.
 */
#pragma once

#include "control/health.h"
#include "control/processes.h"

struct reload {
	struct sensor *sensor;
	struct health *health;
	pid_t loader;       /* 0: none */
	pid_t rechecker;    /* the same */
	bool is_wanted;     /* asked for, not begun */
	bool is_unfinished; /* the manager was told RELOADING */
	bool is_old_kept;   /* somebody may use the matrix before this one */
};

/*
 * Read the first matrix and wait for it, as long as it is not given up: files may be
 * pipes that nobody writes to. False: errors are printed, one a line.
 */
bool reload_first(struct reload *reload, bool (*is_given_up)(void));

/* The operator asked for it (SIGHUP): reload_step begins as soon as it can. */
void reload_want(struct reload *reload);

/* To be called often: begins what is wanted, ends what all workers have taken. */
void reload_step(struct reload *reload, struct processes *processes);

/* To be called after SIGCHLD: takes what loader or rechecker left if it has ended. */
void reload_reap(struct reload *reload);
