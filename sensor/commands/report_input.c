#include "commands/report_input.h"

#include "commands/file_hash.h"
#include "commands/matrices.h"
#include "commands/traffic.h"
#include "control/sandbox.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Each report takes what is of its span. */
static void on_mail(void *context, const struct record *record)
{
	struct report_input *input = context;
	for (size_t i = 0; i < input->dossier_count; i++) {
		dossier_mail(&input->dossiers[i], record);
	}
}

static void on_alert(void *context, const struct record *record, enum finding finding,
	const struct fold_count *count)
{
	struct report_input *input = context;
	for (size_t i = 0; i < input->dossier_count; i++) {
		dossier_alert(&input->dossiers[i], record, finding, count);
	}
}

static void on_sighting(void *context, const struct sighting *sighting)
{
	struct report_input *input = context;
	for (size_t i = 0; i < input->dossier_count; i++) {
		if (input->is_of_sums) {
			dossier_certificate_of(&input->dossiers[i], sighting);
		} else {
			dossier_sighting(&input->dossiers[i], sighting);
		}
	}
}

static void on_line(void *context, const char *line, size_t len)
{
	struct report_input *input = context;
	for (size_t i = 0; i < input->dossier_count; i++) {
		if (!input->is_of_sums) {
			dossier_told(&input->dossiers[i], line, len);
			dossier_stats(&input->dossiers[i], line, len);
		}
		dossier_reported(&input->dossiers[i], line, len);
	}
}

/* Of all captures together: of no span alone. */
static void on_counted(void *context, const struct counter *counters, size_t count)
{
	struct report_input *input = context;
	struct blindness blindness = {.all = {0}};
	uint64_t given_up = 0;
	for (size_t i = 0; i < count; i++) {
		blindness_add(&blindness, counters[i].name, counters[i].value);
		if (strcmp(counters[i].name, "flow.unwatched") == 0) {
			given_up = counters[i].value;
		}
	}
	for (size_t i = 0; i < input->dossier_count; i++) {
		conformity_blind(input->dossiers[i].conformity, &blindness);
		conformity_given_up(input->dossiers[i].conformity, given_up);
	}
}

static void on_lacking(void *context, const char *name)
{
	struct report_input *input = context;
	if (!input->lacking_out) {
		input->lacking_out =
			open_memstream(&input->lacking, &input->lacking_bytes);
	}
	if (input->lacking_out) {
		(void)fprintf(input->lacking_out, "%s%s",
			ftell(input->lacking_out) > 0 ? ", " : "", name);
		(void)fflush(input->lacking_out);
	}
}

static const struct traffic_captures CAPTURES = {.mail = on_mail,
	.alert = on_alert,
	.counted = on_counted,
	.lacking = on_lacking};

static bool start(struct report_input *input, const struct report_wanted *wanted,
	struct reason *why)
{
	struct hash_seed seed;
	bool is_started = true;
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
		return reason_set(why, "no random numbers for the hash seed");
	}
	input->observed = observed_new(OBSERVED_ENTRIES, seed, why);
	input->dossier_count = wanted->span_count > 0 ? wanted->span_count : 1;
	for (size_t i = 0; i < input->dossier_count; i++) {
		is_started = is_started && input->observed &&
			     dossier_start(&input->dossiers[i], input->matrix, why);
		input->dossiers[i].span = wanted->spans[i];
	}
	return is_started;
}

static enum dossier_input_kind kind_of(const char *name)
{
	switch (traffic_kind(name)) {
	case TRAFFIC_CAPTURE:
		return DOSSIER_INPUT_CAPTURE;
	case TRAFFIC_JOURNAL:
		return DOSSIER_INPUT_JOURNAL;
	case TRAFFIC_OBSERVED:
		return DOSSIER_INPUT_OBSERVED;
	default:
		return DOSSIER_INPUT_LINES;
	}
}

/* Matrices first; what cannot be read is told when it is. */
static bool note_inputs(struct report_input *input, const struct report_wanted *wanted,
	struct reason *why)
{
	const struct option_list *matrices = wanted->matrices;
	const size_t count = matrices->count + wanted->files.count;
	input->inputs = calloc(count + 1, sizeof(*input->inputs));
	if (!input->inputs) {
		return reason_set(why, "no memory for the names of the inputs");
	}
	for (size_t i = 0; i < count; i++) {
		struct dossier_input *one = &input->inputs[i];
		const bool is_matrix = i < matrices->count;
		one->name = is_matrix ? matrices->values[i]
				      : wanted->files.list[i - matrices->count];
		one->kind = is_matrix ? DOSSIER_INPUT_MATRIX : kind_of(one->name);
		if (!file_hash(one->name, one->digest, why)) {
			return false;
		}
	}
	for (size_t i = 0; i < input->dossier_count; i++) {
		input->dossiers[i].head.inputs = input->inputs;
		input->dossiers[i].head.input_count = count;
	}
	return true;
}

static size_t count_kind(const struct report_input *input, enum dossier_input_kind kind)
{
	size_t count = 0;
	for (size_t i = 0; i < input->dossiers[0].head.input_count; i++) {
		count += input->inputs[i].kind == kind;
	}
	return count;
}

/* A journal may have records of reports alone. */
static size_t count_with_flows(const struct report_input *input)
{
	size_t count = 0;
	for (size_t i = 0; i < input->dossiers[0].head.input_count; i++) {
		const struct dossier_input *one = &input->inputs[i];
		count += one->kind != DOSSIER_INPUT_MATRIX &&
			 (one->kind != DOSSIER_INPUT_JOURNAL ||
				 traffic_journal_start(one->name) > 0);
	}
	return count;
}

/* All that has single flows reaches back to the first span, or is not known to reach less. */
static bool records_reach(
	const struct report_input *input, const struct report_wanted *wanted)
{
	const struct dossier_span *first = &wanted->spans[wanted->span_count - 1];
	for (size_t i = 0; i < input->dossiers[0].head.input_count; i++) {
		const struct dossier_input *one = &input->inputs[i];
		if (one->kind == DOSSIER_INPUT_JOURNAL &&
			traffic_journal_start(one->name) > first->from_us) {
			return false;
		}
	}
	return true;
}

static void tell_apart(struct report_input *input, const struct report_wanted *wanted)
{
	const size_t count = count_with_flows(input);
	const size_t observed = count_kind(input, DOSSIER_INPUT_OBSERVED);
	const size_t captures = count_kind(input, DOSSIER_INPUT_CAPTURE);
	input->is_of_captures = captures > 0 && captures == count;
	input->is_of_sums =
		observed > 0 && (observed == count || wanted->span_count == 0 ||
					!records_reach(input, wanted));
}

static int read_traffic(struct report_input *input, const struct command *command,
	const struct report_wanted *wanted)
{
	struct reason why;
	tell_apart(input, wanted);
	const bool is_of_captures = input->is_of_captures;
	struct traffic traffic = {.matrix = input->matrix,
		.captures = is_of_captures ? &CAPTURES : NULL,
		.sighting = is_of_captures ? NULL : on_sighting,
		.line = on_line,
		.context = input,
		.until_us = wanted->spans[0].until_us,
		.observed = input->observed};
	switch (traffic_read(&traffic, wanted->files.list, wanted->files.count, &why)) {
	case TRAFFIC_OK:
		break;
	case TRAFFIC_BROKEN:
		(void)fprintf(stderr, "%s\n", why.text);
		return COMMAND_USAGE;
	default:
		return command_failed(command, "%s", why.text);
	}
	if (traffic.is_cut) {
		(void)fprintf(stderr,
			"mailwarden %s: %s; what is missing is not judged\n",
			command->name, why.text);
	}
	return OPTIONS_GO_ON;
}

static bool finish(struct report_input *input)
{
	const bool is_of_captures = input->is_of_captures;
	for (size_t i = 0; i < input->dossier_count; i++) {
		struct dossier *dossier = &input->dossiers[i];
		dossier->sight.has_frames = is_of_captures; /* or where records tell */
		dossier->sight.is_of_records = !is_of_captures && !input->is_of_sums;
		dossier->sight.lacking = input->lacking;
		if (!dossier_finish(dossier, input->observed, input->is_of_sums)) {
			return false;
		}
	}
	return true;
}

int report_input_read(struct report_input *input, const struct command *command,
	const struct report_wanted *wanted)
{
	struct reason why;
	*input = (struct report_input){.matrix = NULL};
	if (!sandbox_harden(&why)) { /* mail is in memory */
		return command_failed(command, "%s", why.text);
	}
	input->matrix = matrices_load(wanted->matrices);
	if (!input->matrix) {
		return COMMAND_USAGE;
	}
	if (!start(input, wanted, &why) || !note_inputs(input, wanted, &why)) {
		return command_failed(command, "%s", why.text);
	}
	const int code = read_traffic(input, command, wanted);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	return finish(input) ? OPTIONS_GO_ON
			     : command_failed(command, "no memory for the report");
}

void report_input_free(struct report_input *input)
{
	if (input->lacking_out) {
		(void)fclose(input->lacking_out);
	}
	free(input->lacking);
	free(input->inputs);
	for (size_t i = 0; i < input->dossier_count; i++) {
		dossier_free(&input->dossiers[i]);
	}
	observed_free(input->observed);
	matrix_free(input->matrix);
}
