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
	struct option_list more[2]; /* files that are joined to each matrix, by side */
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

/* words: the two matrices, then files of recorded flows. */
static int compare(const struct diff *diff, const struct option_words *words,
	const struct matrix *const matrices[2])
{
	const struct option_words files = {words->list + 2, words->count - 2};
	struct difference difference;
	struct diff_traffic traffic = {.flow_count = 0};
	struct diff_print printed;
	int failed = COMMAND_OK;
	if (files.count > 0) {
		failed = diff_traffic_read(&traffic, &files, matrices);
	}
	difference_find(&difference, matrices[0], matrices[1], (int64_t)time(NULL));
	diff_print_start(&printed, &difference, words->list);
	printed.traffic = files.count > 0 ? &traffic : NULL;
	print(diff, &printed);
	const int code = code_of(diff, &printed);
	difference_free(&difference);
	diff_traffic_free(&traffic);
	return failed != COMMAND_OK ? failed : code;
}

/* The matrix of one side: its word, and what is joined to that. */
static struct matrix *load(const struct diff *diff, const char *file, int side)
{
	struct option_list files = {{file}, 1};
	const struct option_list *more = &diff->more[side];
	for (size_t i = 0; i < more->count; i++) {
		files.values[files.count++] = more->values[i];
	}
	return matrices_load(&files);
}

static int load_and_compare(const struct diff *diff, const struct option_words *words)
{
	struct matrix *old_matrix = load(diff, words->list[0], DIFFERENCE_OLD);
	struct matrix *new_matrix = load(diff, words->list[1], DIFFERENCE_NEW);
	const struct matrix *const matrices[] = {old_matrix, new_matrix};
	const int code = old_matrix && new_matrix ? compare(diff, words, matrices)
						  : COMMAND_USAGE;
	matrix_free(old_matrix);
	matrix_free(new_matrix);
	return code;
}

static size_t count_stdin(const char *const *files, size_t file_count)
{
	size_t count = 0;
	for (size_t i = 0; i < file_count; i++) {
		count += strcmp(files[i], "-") == 0;
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
	if (count_stdin(words.list, words.count) +
			count_stdin(diff.more[0].values, diff.more[0].count) +
			count_stdin(diff.more[1].values, diff.more[1].count) >
		1) {
		return command_misused(&COMMAND_DIFF, "only one can be stdin");
	}
	if (diff.more[0].count >= OPTIONS_LIST_MAX ||
		diff.more[1].count >= OPTIONS_LIST_MAX) {
		return command_misused(&COMMAND_DIFF, "a matrix of at most %d files",
			OPTIONS_LIST_MAX);
	}
	if (words.count > 2 && !sandbox_harden(&why)) { /* mail is in memory */
		return command_failed(&COMMAND_DIFF, "%s", why.text);
	}
	return load_and_compare(&diff, &words);
}

static const char ABOUT[] =
	"What does the new matrix allow that the old one does not, and the other way\n"
	"round? By meaning: rows in another order, under another id, or a prefix\n"
	"written in two halves are no difference. With TRAFFIC (captures, and all\n"
	"that `mailwarden observed` reads): which recorded mail flows would be judged\n"
	"otherwise, too. \"-\" is stdin.\n";

static const char NOTES[] =
	"Compared is who may speak what to whom, on which port, under what TLS, until\n"
	"when, and whether breaches are blocked (mode). Expired rows allow nothing.\n"
	"Also who may send in whose name (domains), what header fields must be left\n"
	"(expects), and the lists, but not what stands in their files: another file\n"
	"counts as more. Roles, acceptances and tunnels are not compared.\n";

static const char EXAMPLES[] =
	"  mailwarden diff old.yaml new.yaml\n"
	"      What is gained, lost and changed, by groups and rows.\n"
	"  git show HEAD:matrix.yaml | mailwarden diff --exit-code - matrix.yaml\n"
	"      Does this change allow anything more?\n"
	"  mailwarden diff --markdown old.yaml new.yaml\n"
	"      For a merge request.\n"
	"  mailwarden diff old.yaml new.yaml monday.pcap /var/lib/mailwarden/observed\n"
	"      And whose mail would be cut off, or let by.\n"
	"  mailwarden diff old.yaml old.yaml --new proposal.yaml\n"
	"      What the rows of one more file bring.\n";

static const char EXITS[] =
	"0 compared, 1 something more is allowed and --exit-code was given, 2 usage\n"
	"or a matrix in error, 3 not all was compared: the matrices are too large, or\n"
	"a capture could not be read to its end.\n";

static const struct option_row OPTIONS[] = {
	{.name = "json",
		.letter = 'j',
		.help = "one JSON object: old, new, partial, wider, gained,\n"
			"lost, changed, differences, terms, traffic",
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
	{.name = "old",
		.argument = "FILE",
		.help = "one more file of the old matrix; repeat it to join\n"
			"several",
		.set = option_add_text,
		.field = offsetof(struct diff, more[DIFFERENCE_OLD])},
	{.name = "new",
		.argument = "FILE",
		.help = "the same of the new one",
		.set = option_add_text,
		.field = offsetof(struct diff, more[DIFFERENCE_NEW])},
	{.name = NULL},
};

const struct command COMMAND_DIFF = {
	.name = "diff",
	.summary = "show what one flow matrix allows and another does not",
	.usage = "[OPTION...] OLD NEW [TRAFFIC...]",
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
