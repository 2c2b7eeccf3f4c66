/*
 * commands/progress - a line on the terminal while a long capture is read.
 *
 * Draws on standard error, only when that is a terminal, at most twice a second.
 */
#pragma once

#include "capture/source.h"

struct progress {
	bool is_shown; /* standard error is a terminal */
	bool is_drawn;
	uint64_t started_ns;
	uint64_t drawn_ns;
};

void progress_start(struct progress *progress);
void progress_tick(struct progress *progress, const struct source *source);
void progress_end(struct progress *progress);
