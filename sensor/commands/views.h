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

#define VIEWS_PAIRS_LEAST (1U << 8)
#define VIEWS_PAIRS_MOST  (1U << 24)

/* Print what was observed, and write it to a file, unless that is NULL. The exit code. */
int views_show_observed(const struct views *views, const struct command *command,
	const char *write, bool is_json);

/*
 * OPTIONS_GO_ON, else the exit code and nothing is to be freed.
 */
int views_load(struct views *views, const struct command *command,
	const struct option_list *matrices, const struct option_words *files);
void views_free(struct views *views);
