/*
 * matrix/acceptance - deviations that a row or a group accepts: what, why, until when.
 *
 * In: words of the matrix, recommendations by their code and findings by their id. Out:
 * sets of them, and whether one is in force. Of findings it knows the ids alone, in the
 * order of judge's catalogue, and which of them are never accepted. Allows no flow: that
 * is what rows are for.
 */
#pragma once

#include "matrix/matrix.h"

#define ACCEPTANCE_REASON_MAX 160 /* bytes of a reason: records carry it */

struct matrix_acceptance {
	const char *by;           /* "row M-06", "group scanners" */
	const char *what;         /* as written: "R34, smtps.implicit" */
	const char *owner;        /* who answers for it */
	const char *reason;       /* neither is NULL */
	int64_t until_s;          /* first second at which it has ended; 0: none */
	uint32_t recommendations; /* bit per code, of this file's own order */
	uint64_t findings;        /* by their id; bit per number in the catalogue */
	struct matrix_place place;
};

/* Add what goes by this name. False with the reason where nothing that may be does. */
bool acceptance_add(
	struct matrix_acceptance *acceptance, const char *name, struct reason *why);

/* It has not ended. False for NULL. */
bool acceptance_is_in_force(const struct matrix_acceptance *acceptance, int64_t now_s);

/* "R42" is among its codes. A NULL recommendation never is. */
bool acceptance_has_recommendation(
	const struct matrix_acceptance *acceptance, const char *recommendation);

/* The id of a finding by its number; NULL behind the last on flows. */
const char *acceptance_finding_id(size_t number);

/* Bit of the finding of this id; 0 for NULL. */
uint64_t acceptance_finding_bit(const char *id);

/* Those that may be accepted at all. */
uint64_t acceptance_possible(void);

/* Of the findings that a row accepts by name those that no flow which it allows can raise. */
uint64_t acceptance_idle(const struct matrix_row *row);

/* "row M-06 (scan-team, until 2027-06-30): the firmware ...". text holds the bytes. */
#define ACCEPTANCE_TEXT_BYTES 400
const char *acceptance_text(const struct matrix_acceptance *acceptance, char *text);
