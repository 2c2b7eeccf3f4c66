/*
 * matrix/review - what the reviews of a loaded matrix share: questions, and telling.
 *
 * Private to matrix/: warnings.c and architecture.c.
 */
#pragma once

#include "matrix/compiled.h"

struct review {
	const struct matrix *matrix;
	int64_t now_s;
	struct matrix_problems *told;
};

/* Add "file:line: label: text". */
void review_tell(struct review *review, const struct matrix_place *place,
	const char *label, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* NULL where an end is no group. */
enum matrix_role review_role(const struct matrix_end *end);
bool review_is_internet(const struct matrix *matrix, const struct matrix_end *end);

/* An expired row allows nothing. */
bool review_is_in_force(const struct review *review, const struct matrix_row *row);

bool review_lists(const struct matrix_row *row, enum protocol protocol);
bool review_lists_sending(const struct matrix_row *row);
bool review_lists_access(const struct matrix_row *row);
bool review_lists_all(const struct matrix_row *row);

/* smtps or submissions */
bool review_lists_smtps(const struct matrix_row *row);
