/*
 * commands/matrices - the matrix of --matrix, joined from all its files.
 *
 * Every error in them is told on stderr.
 */
#pragma once

#include "commands/options.h"
#include "matrix/matrix.h"

/* NULL: told, and the exit code is COMMAND_USAGE. To be freed by matrix_free. */
struct matrix *matrices_load(const struct option_list *files);
