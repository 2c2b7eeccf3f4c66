#include "commands/diff_print.h"
#include "commands/matrices.h"

#include "base/columns.h"
#include "control/sandbox.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct diff {
	bool is_json;
	bool is_markdown;
	bool is_exit_code_wanted;
};

static void print(const struct diff *diff, const struct diff_print *printed)
{
	struct columns columns;
	if (diff->is_json) {
		diff_print_json(printed);
	} else if (diff->is_markdown) {
		diff_print_markdown(printed);
	} else {
		columns_begin(&columns, &stdout);
		diff_print_text(printed);
		columns_end(&columns, 8);
	}
}

/* What could not be compared may be anything: never taken for nothing gained. */
static int code_of(const struct diff *diff, const struct diff_print *printed)
{
	if (printed->difference->is_partial) {
		return command_failed(&COMMAND_DIFF, "too large: not all was compared");
	}
	return diff->is_exit_code_wanted && difference_is_wider(printed->difference)
		       ? COMMAND_VIOLATIONS
		       : COMMAND_OK;
}

/* words: the two matrices, then captures. */
static int compare(const struct diff *diff, const struct option_words *words,
	const struct matrix *const matrices[2])
{
	const struct option_words captures = {words->list + 2, words->count - 2};
	struct difference difference;
	struct diff_traffic traffic = {.flow_count = 0};
	struct diff_print printed;
	int failed = COMMAND_OK;
	if (captures.count > 0) {
		failed = diff_traffic_read(&traffic, &captures, matrices);
	}
	difference_find(&difference, matrices[0], matrices[1], (int64_t)time(NULL));
	diff_print_start(&printed, &difference, words->list);
	printed.traffic = captures.count > 0 ? &traffic : NULL;
	print(diff, &printed);
	const int code = code_of(diff, &printed);
	difference_free(&difference);
	diff_traffic_free(&traffic);
	return failed != COMMAND_OK ? failed : code;
}

static int load_and_compare(const struct diff *diff, const struct option_words *words)
{
	struct matrix *matrices[2];
	for (int side = 0; side < 2; side++) {
		const struct option_list list = {{words->list[side]}, 1};
		matrices[side] = matrices_load(&list);
	}
	const struct matrix *const loaded[] = {matrices[0], matrices[1]};
	const int code = matrices[0] && matrices[1] ? compare(diff, words, loaded)
						    : COMMAND_USAGE;
	matrix_free(matrices[0]);
	matrix_free(matrices[1]);
	return code;
}

static size_t count_stdin(const struct option_words *words)
{
	size_t count = 0;
	for (size_t i = 0; i < words->count; i++) {
		count += strcmp(words->list[i], "-") == 0;
	}
	return count;
}

static int diff_run(int argc, char **argv)
{
	struct diff diff = {.is_json = false};
	struct option_words words;
	struct reason why;
	const int code = options_read(&COMMAND_DIFF, argc, argv, &diff, &words);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	if (diff.is_json && diff.is_markdown) {
		return command_misused(&COMMAND_DIFF, "either --json or --markdown");
	}
	if (count_stdin(&words) > 1) {
		return command_misused(&COMMAND_DIFF, "only one can be stdin");
	}
	if (words.count > 2 && !sandbox_harden(&why)) { /* mail is in memory */
		return command_failed(&COMMAND_DIFF, "%s", why.text);
	}
	return load_and_compare(&diff, &words);
}

static const char ABOUT[] =
	"What does the new matrix allow that the old one does not, and the other way\n"
	"round? By meaning: rows in another order, under another id, or a prefix\n"
	"written in two halves are no difference. With captures: which recorded mail\n"
	"flows would be judged otherwise, too. \"-\" is stdin.\n";

static const char NOTES[] =
	"Compared is who may speak what to whom, on which port, under what TLS, until\n"
	"when, and whether breaches are blocked (mode). Expired rows allow nothing.\n"
	"Roles, acceptances and tunnels are not compared.\n";

static const char EXAMPLES[] =
	"  mailwarden diff old.yaml new.yaml\n"
	"      What is gained, lost and changed, by groups and rows.\n"
	"  git show HEAD:matrix.yaml | mailwarden diff --exit-code - matrix.yaml\n"
	"      Does this change allow anything more?\n"
	"  mailwarden diff --markdown old.yaml new.yaml\n"
	"      For a merge request.\n"
	"  mailwarden diff old.yaml new.yaml monday.pcap tuesday.pcap\n"
	"      And whose mail would be cut off, or let by.\n";

static const char EXITS[] =
	"0 compared, 1 something more is allowed and --exit-code was given, 2 usage\n"
	"or a matrix in error, 3 not all was compared: the matrices are too large, or\n"
	"a capture could not be read to its end.\n";

static const struct option_row OPTIONS[] = {
	{.name = "json",
		.letter = 'j',
		.help = "one JSON object: old, new, partial, wider, gained,\n"
			"lost, changed, differences, traffic",
		.set = option_set_flag,
		.field = offsetof(struct diff, is_json)},
	{.name = "markdown",
		.help = "a table for a merge request",
		.set = option_set_flag,
		.field = offsetof(struct diff, is_markdown)},
	{.name = "exit-code",
		.help = "exit 1 when something is allowed, or let by, that was\n"
			"not, or for longer",
		.set = option_set_flag,
		.field = offsetof(struct diff, is_exit_code_wanted)},
	{.name = NULL},
};

const struct command COMMAND_DIFF = {
	.name = "diff",
	.summary = "tell what one flow matrix allows and another does not",
	.usage = "[OPTION...] OLD NEW [CAPTURE...]",
	.about = ABOUT,
	.notes = NOTES,
	.examples = EXAMPLES,
	.exits = EXITS,
	.options = OPTIONS,
	.words = "OLD NEW FILE",
	.words_least = 2,
	.words_most = COMMAND_WORDS_ANY,
	.run = diff_run,
};
