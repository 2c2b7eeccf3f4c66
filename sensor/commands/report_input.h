/*
 * commands/report_input - the traffic and the matrix of a report, read into it.
 *
 * In: names of traffic (commands/traffic) and of matrices. Out: the report, finished. Only
 * captures: flows and alerts as the engine gives them, the same as replay counts. With
 * journals or EVE lines each flow is judged anew from its record. With an observed matrix
 * all is what pairs of hosts add up to. With spans: a report of each, on the same traffic.
 */
#pragma once

#include "commands/options.h"
#include "dossier/dossier.h"

#define REPORT_SPANS 2

struct report_input {
	struct dossier dossiers[REPORT_SPANS];
	size_t dossier_count;
	struct matrix *matrix;
	struct observed *observed;
	struct dossier_input *inputs;
	bool is_of_captures; /* alone, but for records of `mailwarden dmarc` */
	bool is_of_sums;
	char *lacking; /* names of captures of which a part is missing */
	size_t lacking_bytes;
	FILE *lacking_out;
};

struct report_wanted {
	const struct option_list *matrices;
	struct option_words files;
	/*
	 * None: one report, of all. Else one of each span, the latest first; an observed
	 * matrix tells of what was before them, and of them where records reach less far
	 */
	struct dossier_span spans[REPORT_SPANS];
	size_t span_count;
};

/* The exit code, or OPTIONS_GO_ON; report_input_free in any case. */
int report_input_read(struct report_input *input, const struct command *command,
	const struct report_wanted *wanted);
void report_input_free(struct report_input *input);
