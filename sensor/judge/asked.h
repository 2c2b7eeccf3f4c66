/*
 * judge/asked - what the matrix answered lately, so that it need not look again.
 * Where a host stands is one such answer.
 *
 * Most flows ask what others asked in the same second: from group to group, a protocol on
 * its port, TLS as far as it was seen. In: a brief question. Out: what matrix_ask answers.
 * Holds rows of the matrix that was asked: to be emptied before another one is. Bounded;
 * a question that falls on another one's place takes it. One thread only.
 */
#pragma once

#include "matrix/criteria.h"

#define ASKED_PLACES 256
#define ASKED_WORDS  6

struct asked_answer {
	uint64_t question[ASKED_WORDS]; /* the last one is never 0 where there is one */
	enum matrix_answer allowed;
	enum matrix_criterion failed;
	enum matrix_criterion waits_for;
	const struct matrix_row *row;
	const struct matrix_row *nearest;
};

struct asked_host {
	struct address address;
	struct matrix_end end; /* its zone is NULL where there is none */
};

/* Empty when all zero. */
struct asked {
	struct asked_answer answers[ASKED_PLACES];
	struct asked_host hosts[ASKED_PLACES];
};

void asked_clear(struct asked *asked);

/* question->is_brief is set. */
void asked_matrix(struct asked *asked, const struct matrix *matrix,
	const struct matrix_question *question, struct matrix_result *result);

/* As matrix_locate has it. */
struct matrix_end asked_locate(struct asked *asked, const struct matrix *matrix,
	const struct address *address);
