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
	bool is_wanted;     /* asked for, not begun */
	bool is_unfinished; /* the manager was told RELOADING */
	bool is_old_kept;   /* somebody may use the matrix before this one */
};

/* Read the first matrix and wait for it; false: errors are printed, one a line. */
bool reload_first(struct reload *reload);

/* HUP. */
void reload_want(struct reload *reload);

/* Begin what is wanted, finish what the workers have taken. Often. */
void reload_step(struct reload *reload, const struct processes *processes);

/* A child may have ended. */
void reload_reap(struct reload *reload);
