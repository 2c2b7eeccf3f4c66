/*
 * matrix/difference_parts - the steps of matrix/difference, in their order.
 *
 * Private to difference*.c: first the classes of ends, then what the rows that join two
 * of them allow in each matrix.
 */
#pragma once

#include "matrix/compiled.h"
#include "matrix/criteria.h"
#include "matrix/difference.h"
#include "matrix/interning.h"

/* Classes by the key of an end (matrix_end_key): those of key k stand at starts[k] on. */
struct difference_keys {
	size_t *starts; /* one more than there are keys */
	uint32_t *classes;
};

/* Part all addresses and declared names; keys by side, to be freed by list_free. */
void difference_part(struct difference *difference,
	const struct matrix *const matrices[2], struct difference_keys keys[2]);

/* What is asked of two classes, and the rows of each side that join them, in file order. */
struct difference_case {
	const struct matrix *const *matrices;
	const struct difference_class *from;
	const struct difference_class *to;
	int64_t now_s;
	const uint32_t *rows[2];
	size_t row_counts[2];
	uint64_t *questions; /* that may still be asked */
};

/* What is different between two classes, kept once for all pairs that have it. */
struct difference_delta {
	struct difference_line *lines;
	size_t line_count;
	uint32_t lines_number; /* the same of other deltas with these lines */
	bool is_allowed[2];    /* anything at all */
};

struct difference_deltas {
	struct arena *arena;
	struct interning keys; /* of lines: kind and rows */
	struct interning lines;
	struct interning known;        /* the deltas themselves */
	struct difference_delta *list; /* by number */
};

/* The number of the case's delta; NAME_NONE where nothing is different. */
uint32_t difference_compare(
	struct difference_deltas *deltas, const struct difference_case *compared);
void difference_deltas_free(struct difference_deltas *deltas);
