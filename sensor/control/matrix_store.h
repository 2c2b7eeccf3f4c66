/*
 * control/matrix_store - the matrix in memory that all processes share, and the next;
 * with each the policy of the settings that goes with it.
 *
 * Two halves at addresses that every process inherits by fork, used in turn: a loader
 * process of its own reads the files into the free half and ends, so nothing that
 * goes wrong there reaches anybody. Generation n is in half n % 2; the other half is
 * free once every worker uses generation n. Workers read, and parse nothing.
 */
#pragma once

#include "control/settings.h"
#include "matrix/matrix.h"

#include <sys/types.h>

#define MATRIX_STORE_PROBLEMS 64

struct matrix_store; /* opaque */

/*
 * What a loader found: the errors of the files, or the warnings of a matrix that is
 * loaded, as many as there is room for.
 */
struct matrix_store_result {
	bool is_loaded;
	size_t rows;
	size_t groups;
	struct settings_policy policy;
	/* of the settings, which a start has to take; "": none */
	char differences[160];
	size_t problem_count;
	size_t problem_total;
	struct matrix_problem problems[MATRIX_STORE_PROBLEMS];
};

struct matrix_store *matrix_store_new(struct reason *why);

/* Free it with its matrices; in this process only. */
void matrix_store_free(struct matrix_store *store);

/*
 * Start a process that reads the matrices of the settings as this generation, whose half
 * must be free; from the second on the settings are read again first. Returns its id, or
 * -1.
 */
pid_t matrix_store_load(struct matrix_store *store, uint32_t generation,
	const struct settings *settings);

/* In a process that was forked to load: it reads files, and has two minutes for it. */
bool matrix_store_confine_loader(struct reason *why);

/*
 * What the loader found, once it ended with this status (waitpid). Borrowed from the
 * store.
 */
const struct matrix_store_result *matrix_store_result(
	struct matrix_store *store, uint32_t generation, int wait_status);

const struct matrix *matrix_store_matrix(
	const struct matrix_store *store, uint32_t generation);

/* Borrowed: there as long as the matrix of this generation is. */
const struct settings_policy *matrix_store_policy(
	const struct matrix_store *store, uint32_t generation);

/* Give back the memory of a generation that nobody uses. */
void matrix_store_clear(struct matrix_store *store, uint32_t generation);

/* In a worker: the halves are read only from here on. */
bool matrix_store_freeze(const struct matrix_store *store, struct reason *why);
