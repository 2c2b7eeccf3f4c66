/*
 * commands/explain_json - the answer of explain as one JSON object.
 *
 * It has what the text has: the answer, the row or the nearest one, what the sensor
 * would tell, and what the matrix accepts.
 */
#pragma once

#include "commands/planned.h"
#include "judge/judge.h"

/* The flow as the judge would see it, under the TLS that was assumed. */
void explain_judge(const struct matrix *matrix, const struct matrix_question *question,
	struct judgement *judgement);

/* words: as planned_read had them. */
void explain_json(const struct matrix *matrix, const char *const *words,
	const struct planned *planned);
