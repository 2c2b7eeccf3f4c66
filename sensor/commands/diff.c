#include "commands/diff_print.h"
#include "commands/matrices.h"

#include "base/columns.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct diff {
	bool is_json;
	bool is_markdown;
	bool is_exit_code_wanted;
};

static void print(const struct diff *diff, const struct difference *difference,
	const char *const files[2])
{
	struct diff_print printed;
	struct columns columns;
	diff_print_start(&printed, difference, files);
	if (diff->is_json) {
		diff_print_json(&printed);
	} else if (diff->is_markdown) {
		diff_print_markdown(&printed);
	} else {
		columns_begin(&columns, &stdout);
		diff_print_text(&printed);
		columns_end(&columns, 8);
	}
}

/* What could not be compared may be anything: never taken for nothing gained. */
static int code_of(const struct diff *diff, const struct difference *difference)
{
	if (difference->is_partial) {
		return command_failed(&COMMAND_DIFF, "too large: not all was compared");
	}
	return diff->is_exit_code_wanted && difference_is_wider(difference)
		       ? COMMAND_VIOLATIONS
		       : COMMAND_OK;
}

static int compare(const struct diff *diff, const char *const files[2])
{
	struct matrix *matrices[2] = {NULL, NULL};
	int code = COMMAND_USAGE;
	for (int side = 0; side < 2; side++) {
		const struct option_list list = {{files[side]}, 1};
		matrices[side] = matrices_load(&list);
	}
	if (matrices[0] && matrices[1]) {
		struct difference difference;
		difference_find(
			&difference, matrices[0], matrices[1], (int64_t)time(NULL));
		print(diff, &difference, files);
		code = code_of(diff, &difference);
		difference_free(&difference);
	}
	matrix_free(matrices[0]);
	matrix_free(matrices[1]);
	return code;
}

static int diff_run(int argc, char **argv)
{
	struct diff diff = {.is_json = false};
	struct option_words words;
	const int code = options_read(&COMMAND_DIFF, argc, argv, &diff, &words);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	if (diff.is_json && diff.is_markdown) {
		return command_misused(&COMMAND_DIFF, "either --json or --markdown");
	}
	if (strcmp(words.list[0], "-") == 0 && strcmp(words.list[1], "-") == 0) {
		return command_misused(&COMMAND_DIFF, "only one can be stdin");
	}
	return compare(&diff, words.list);
}

static const char ABOUT[] =
	"What does the new matrix allow that the old one does not, and the other way\n"
	"round? By meaning: rows in another order, under another id, or a prefix\n"
	"written in two halves are no difference. \"-\" is stdin.\n";

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
	"      For a merge request.\n";

static const char EXITS[] =
	"0 compared, 1 something more is allowed and --exit-code was given, 2 usage\n"
	"or a matrix in error, 3 too large, not all was compared.\n";

static const struct option_row OPTIONS[] = {
	{.name = "json",
		.letter = 'j',
		.help = "one JSON object: old, new, partial, wider, gained,\n"
			"lost, changed, differences",
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
	.usage = "[OPTION...] OLD NEW",
	.about = ABOUT,
	.notes = NOTES,
	.examples = EXAMPLES,
	.exits = EXITS,
	.options = OPTIONS,
	.words = "OLD NEW",
	.words_least = 2,
	.words_most = 2,
	.run = diff_run,
};
