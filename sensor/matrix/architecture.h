/*
 * matrix/architecture - what a matrix allows against the recommendations themselves.
 *
 * In: a loaded matrix. Out: its breaches of R34, R35, R36, R37, R41 and R42 and the
 * users' access that it opens to the Internet, each with its place, its row and what
 * to write instead. Those that the row or a group of its ends accepts are told apart.
 * Rows that are expired allow nothing and breach nothing. What only traffic can show (R42+, who really sends) is for judge/.
 */
#pragma once

#include "matrix/matrix.h"

/*
 * "file:line: R35 row M-07: what (; what to do)", and behind an accepted one "; accepted by
 * row M-07 (owner, until day): reason". matrix_problems_free both. accepted may be NULL: not
 * wanted.
 */
void architecture_breaches(const struct matrix *matrix, int64_t now_s,
	struct matrix_problems *breaches, struct matrix_problems *accepted);
