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

/* Two classes between which something is different. */
struct difference_pair {
	uint32_t delta;
	uint32_t from;
	uint32_t to;
};

struct difference_pairs {
	/* by from, then by to; to be freed by list_free */
	struct difference_pair *list;
	size_t count;
};

/* The last address in front of this one, which is not the first of all. */
struct address difference_before(const struct address *address);

/* A host of that name stands in the Internet, whoever it is by name. */
struct matrix_end difference_end_of_host(const struct matrix *matrix, const char *host);

/* Put together what is alike: the entries. Changes the order of the pairs. */
void difference_gather(struct difference *difference,
	const struct matrix *const matrices[2], const struct difference_deltas *deltas,
	struct difference_pairs *pairs);

/* Domains, expected fields and lists: the terms; once all addresses are parted. */
void difference_find_terms(
	struct difference *difference, const struct matrix *const matrices[2]);

/* First ports of ranges in which every row answers alike; ascending. */
struct difference_ranges {
	uint16_t *list; /* to be freed by list_free */
	size_t count;
};

/* Of flows of these protocols. */
struct difference_ranges difference_part_ports(
	const struct difference_case *compared, uint32_t protocols);
