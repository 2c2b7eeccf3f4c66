/*
 * commands/planned - a flow that may come, and what the matrix says to it.
 *
 * In: its ends and protocol in words. Out: the question, asked of the matrix under the
 * best TLS that the protocol has unless another is given, and one of four answers.
 */
#pragma once

#include "matrix/criteria.h"

enum planned_answer {
	PLANNED_ALLOWED = 0,
	PLANNED_PROBE,     /* it may connect and say hello, no more */
	PLANNED_UNDECIDED, /* a name is not known yet */
	PLANNED_REFUSED,
};

struct planned {
	struct matrix_question question;
	struct matrix_result result; /* of planned_ask */
	enum planned_answer answer;
};

/* words: FROM TO PROTOCOL[:PORT]. False, and why, when one is not known. */
bool planned_read(const struct matrix *matrix, const char *const *words,
	struct planned *planned, struct reason *why);

/* "clear", "starttls", "implicit", or a version: "1.2". False when it is none. */
bool planned_set_tls(struct planned *planned, const char *word);

void planned_ask(const struct matrix *matrix, struct planned *planned);

/* "allowed", "probe", "undecided", "not-allowed" */
const char *planned_answer_name(enum planned_answer answer);
