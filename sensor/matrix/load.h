/*
 * matrix/load - a matrix out of bytes already in memory.
 */
#pragma once

#include "matrix/matrix.h"

struct matrix_source {
	const char *name; /* in errors and places */
	const char *bytes;
	size_t len;
};

/* As matrix_load, the bytes of each file given. */
struct matrix *matrix_load_sources(const struct matrix_source *sources, size_t count,
	struct matrix_problems *problems);
