/*
 * commands/learn - what `mailwarden learn` is told, and its parts.
 *
 * learn_input reads matrices and answers as they are written; the learning itself is in observed/learn.
 */
#pragma once

#include "commands/options.h"
#include "observed/learn.h"

struct learn_request {
	struct option_list matrices;
	struct option_list internal;
	struct option_list gateway;
	const char *answers; /* path, or NULL */
	const char *date;    /* or NULL: today */
	uint32_t min_days;
	uint32_t min_sessions;
	uint32_t fill;
	uint32_t most; /* permissiveness of a row; 0: any */
	bool is_curve;
	bool is_review;
	bool is_json;
};

/* learn_input.c: by it captures are judged where none is declared: it allows nothing. NULL: why */
struct matrix *learn_blank_matrix(
	const struct learn_settings *settings, struct reason *why);

/* The whole of a file, "-" is stdin. Allocated. */
char *learn_read_file(const char *path, size_t *len, struct reason *why);

/* learn_input.c. may_be_new: a file that is not there holds no answers. */
bool learn_read_answers(
	struct answers *answers, const char *path, bool may_be_new, struct reason *why);

/* Those of the settings, and the file they are saved in. */
struct learn_answers {
	struct answers *answers;
	const char *path;
};

/*
 * learn_review.c: one row at a time, most flows first, asked on stderr and answered on
 * stdin; each answer is saved at once. Ends when all are answered, or at q; then *learn is
 * what was learnt with the answers. False: why.
 */
bool learn_review(struct learn *learn, const struct observed *observed,
	const struct learn_settings *settings, const struct learn_answers *answers,
	struct reason *why);
