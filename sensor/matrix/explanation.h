/*
 * matrix/explanation - why a row allows, waits or fails: the sentence of a result.
 *
 * Each writes result->reason, cut to fit, from the other fields of the result.
 */
#pragma once

#include "matrix/criteria.h"

void explain_allowed(struct matrix_result *result);
void explain_waiting(struct matrix_result *result);
void explain_failed(
	const struct matrix_question *question, struct matrix_result *result);
