/*
 * commands/report_input - the traffic and the matrix of a report, read into it.
 *
 * In: names of traffic (commands/traffic) and of matrices. Out: the report, finished. Only
 * captures: flows and alerts as the engine gives them, the same as replay counts. With
 * journals or EVE lines each flow is judged anew from its record. With an observed matrix
 * all is what pairs of hosts add up to.
 */
#pragma once

#include "commands/options.h"
#include "dossier/dossier.h"

struct report_input {
	struct dossier dossier;
	struct matrix *matrix;
	struct observed *observed;
	struct dossier_input *inputs;
	char *lacking; /* names of captures of which a part is missing */
	size_t lacking_bytes;
	FILE *lacking_out;
	struct blindness blindness;
	uint64_t given_up;
};

/* The exit code, or OPTIONS_GO_ON; report_input_free in any case. */
int report_input_read(struct report_input *input, const struct command *command,
	const struct option_list *matrices, const struct option_words *files);
void report_input_free(struct report_input *input);
