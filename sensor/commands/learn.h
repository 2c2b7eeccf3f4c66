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
};

/* learn_input.c: by it captures are judged where none is declared: it allows nothing. NULL: why */
struct matrix *learn_blank_matrix(
	const struct learn_settings *settings, struct reason *why);

/* The whole of a file, "-" is stdin; a file that is not there is empty. Allocated. */
char *learn_read_file(const char *path, size_t *len, struct reason *why);

/* learn_input.c: answers of a file that may not be there yet. */
bool learn_read_answers(struct answers *answers, const char *path, struct reason *why);
