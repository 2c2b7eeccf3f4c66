/*
 * commands/matrices - the matrix of a command, out of its -m FILE options.
 *
 * In: the files, "-" for stdin. Out: the joined matrix, or every mistake on stderr.
 * The one way by which a command line gets a matrix.
 */
#pragma once

#include "commands/options.h"
#include "lists/load.h"
#include "matrix/load.h"

/* NULL after the mistakes were told. */
struct matrix *matrices_load(const struct option_list *files);

/* Each file as a tree in the arena, for who wants what stands in it. False when told. */
bool matrices_read(const struct option_list *files, struct arena *arena,
	struct matrix_tree trees[OPTIONS_LIST_MAX]);

/* What was read, loaded; NULL after the mistakes were told. */
struct matrix *matrices_load_trees(const struct matrix_tree *trees, size_t count);

/*
 * The lists that the matrix declares, in *lists for lists_free; NULL: it declares none.
 * What is wrong with one is told on stderr. False: a file is not usable, or no memory.
 */
bool matrices_read_lists(const struct matrix *matrix, struct lists **lists);
