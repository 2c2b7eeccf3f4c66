/*
 * matrix/load - a matrix out of bytes already in memory, or of trees.
 */
#pragma once

#include "base/yaml.h"
#include "matrix/matrix.h"

struct matrix_source {
	const char *name; /* in errors and places */
	const char *bytes;
	size_t len;
};

/*
 * The whole file ("-": stdin), one byte over the limit of base/yaml at most: it is refused
 * there. False with the reason, else for matrix_source_free.
 */
bool matrix_read_file(
	const char *path, struct matrix_source *source, struct reason *why);
void matrix_source_free(struct matrix_source *source);

/* As matrix_load, the bytes of each file given. */
struct matrix *matrix_load_sources(const struct matrix_source *sources, size_t count,
	struct matrix_problems *problems);

/* The same of what was read already: its places stand in the nodes. */
struct matrix_tree {
	const char *name;
	const struct yaml_node *root; /* a mapping */
};
struct matrix *matrix_load_trees(const struct matrix_tree *trees, size_t count,
	struct matrix_problems *problems);
