/*
 * commands/views - the declared matrix and what was observed, for who holds one against
 * the other.
 *
 * What is wrong with either is told on stderr.
 */
#pragma once

#include "commands/options.h"
#include "matrix/matrix.h"
#include "observed/observed.h"

struct views {
	struct matrix *matrix;
	struct observed *observed;
};

/*
 * Add up the files (commands/traffic) in .observed, of so many pairs, from none. The exit
 * code, or OPTIONS_GO_ON. .matrix may be NULL: then no capture may be among them.
 */
int views_observe(struct views *views, const struct command *command, uint32_t pairs,
	const struct option_words *files);

/*
 * OPTIONS_GO_ON, else the exit code and nothing is to be freed.
 */
int views_load(struct views *views, const struct command *command,
	const struct option_list *matrices, const struct option_words *files);
void views_free(struct views *views);
