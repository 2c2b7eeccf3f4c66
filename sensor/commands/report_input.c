#include "commands/report_input.h"

#include "commands/digest.h"
#include "commands/matrices.h"
#include "commands/traffic.h"
#include "control/sandbox.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void on_mail(void *context, const struct record *record)
{
	struct report_input *input = context;
	dossier_mail(&input->dossier, record);
}

static void on_alert(void *context, const struct record *record, enum finding finding,
	const struct fold_count *count)
{
	struct report_input *input = context;
	dossier_alert(&input->dossier, record, finding, count);
}

static void on_sighting(void *context, const struct sighting *sighting)
{
	struct report_input *input = context;
	dossier_sighting(&input->dossier, sighting);
}

static void on_line(void *context, const char *line, size_t len)
{
	struct report_input *input = context;
	dossier_told(&input->dossier, line, len);
	dossier_stats(&input->dossier, line, len);
}

static void on_counted(void *context, const struct counter *counters, size_t count)
{
	struct report_input *input = context;
	for (size_t i = 0; i < count; i++) {
		blindness_add(&input->blindness, counters[i].name, counters[i].value);
		if (strcmp(counters[i].name, "flow.unwatched") == 0) {
			input->given_up = counters[i].value;
		}
	}
	conformity_blind(input->dossier.conformity, &input->blindness);
	conformity_given_up(input->dossier.conformity, input->given_up);
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

static bool start(struct report_input *input, struct reason *why)
{
	struct hash_seed seed;
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
		return reason_set(why, "no random numbers for the hash seed");
	}
	input->observed = observed_new(OBSERVED_ENTRIES, seed, why);
	return input->observed && dossier_start(&input->dossier, input->matrix, why);
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
static bool note_inputs(struct report_input *input, const struct option_list *matrices,
	const struct option_words *files, struct reason *why)
{
	const size_t count = matrices->count + files->count;
	input->inputs = calloc(count + 1, sizeof(*input->inputs));
	if (!input->inputs) {
		return reason_set(why, "no memory for the names of the inputs");
	}
	for (size_t i = 0; i < count; i++) {
		struct dossier_input *one = &input->inputs[i];
		const bool is_matrix = i < matrices->count;
		one->name = is_matrix ? matrices->values[i]
				      : files->list[i - matrices->count];
		one->kind = is_matrix ? DOSSIER_INPUT_MATRIX : kind_of(one->name);
		if (!digest_of_file(one->name, one->digest, why)) {
			return false;
		}
	}
	input->dossier.head.inputs = input->inputs;
	input->dossier.head.input_count = count;
	return true;
}

static size_t count_kind(const struct report_input *input, enum dossier_input_kind kind)
{
	size_t count = 0;
	for (size_t i = 0; i < input->dossier.head.input_count; i++) {
		count += input->inputs[i].kind == kind;
	}
	return count;
}

static int read_traffic(struct report_input *input, const struct command *command,
	const struct option_words *files)
{
	struct reason why;
	const bool is_of_sums = count_kind(input, DOSSIER_INPUT_OBSERVED) > 0;
	const bool is_of_captures =
		!is_of_sums && count_kind(input, DOSSIER_INPUT_CAPTURE) == files->count;
	struct traffic traffic = {.matrix = input->matrix,
		.captures = is_of_captures ? &CAPTURES : NULL,
		.sighting = is_of_captures || is_of_sums ? NULL : on_sighting,
		.line = is_of_captures || is_of_sums ? NULL : on_line,
		.context = input,
		.observed = input->observed};
	switch (traffic_read(&traffic, files->list, files->count, &why)) {
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
	input->dossier.sight.has_frames = is_of_captures; /* or where records tell */
	input->dossier.sight.is_of_records = !is_of_captures && !is_of_sums;
	input->dossier.sight.lacking = input->lacking;
	return dossier_finish(&input->dossier, input->observed, is_of_sums)
		       ? OPTIONS_GO_ON
		       : command_failed(command, "no memory for the report");
}

int report_input_read(struct report_input *input, const struct command *command,
	const struct option_list *matrices, const struct option_words *files)
{
	struct reason why;
	*input = (struct report_input){.matrix = NULL};
	if (!sandbox_harden(&why)) { /* mail is in memory */
		return command_failed(command, "%s", why.text);
	}
	input->matrix = matrices_load(matrices);
	if (!input->matrix) {
		return COMMAND_USAGE;
	}
	if (!start(input, &why) || !note_inputs(input, matrices, files, &why)) {
		return command_failed(command, "%s", why.text);
	}
	return read_traffic(input, command, files);
}

void report_input_free(struct report_input *input)
{
	if (input->lacking_out) {
		(void)fclose(input->lacking_out);
	}
	free(input->lacking);
	free(input->inputs);
	dossier_free(&input->dossier);
	observed_free(input->observed);
	matrix_free(input->matrix);
}
