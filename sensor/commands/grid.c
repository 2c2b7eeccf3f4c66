#include "base/columns.h"
#include "commands/views.h"
#include "report/grid_print.h"

#include <stddef.h>

struct request {
	struct option_list matrices;
	unsigned form; /* place among the words */
};

enum form { FORM_TEXT = 0, FORM_MARKDOWN, FORM_CSV, FORM_JSON };

static void print(const struct grid *grid, enum form form)
{
	switch (form) {
	case FORM_TEXT:
		grid_print_text(grid, stdout, columns_has_colour(stdout));
		break;
	case FORM_MARKDOWN:
		grid_print_markdown(grid, stdout);
		break;
	case FORM_CSV:
		grid_print_csv(grid, stdout);
		break;
	default:
		grid_print_json(grid, stdout);
		break;
	}
}

static int grid_run(int argc, char **argv)
{
	struct request request = {.form = FORM_TEXT};
	struct option_words files;
	struct views views;
	int code = options_read(&COMMAND_GRID, argc, argv, &request, &files);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	code = views_load(&views, &COMMAND_GRID, &request.matrices, &files);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	struct grid *grid = grid_new(views.matrix, views.observed);
	if (grid) {
		print(grid, (enum form)request.form);
		code = COMMAND_OK;
	} else {
		code = command_failed(&COMMAND_GRID, "no memory for the grid");
	}
	grid_free(grid);
	views_free(&views);
	return code;
}

static const char ABOUT[] =
	"Hold what is declared against what was seen, group by group. A cell is one "
	"of\n"
	"\n"
	"  +  declared and seen\n"
	"  -  declared, never seen: mailwarden unused shows more\n"
	"  ?  seen, not declared: a row is missing, or somebody does what he should "
	"not\n"
	"  !  forbidden and tried: no row could rightly allow it, and why\n"
	"\n"
	"FILE is what `mailwarden observed` reads: an observed matrix, a journal's\n"
	"folder, EVE lines, a capture. Each flow is judged by MATRIX as it is now,\n"
	"whatever the matrix was when the flow was recorded.\n";

static const char EXAMPLES[] =
	"  mailwarden grid -m matrix.yaml /var/lib/mailwarden/observed\n"
	"  mailwarden grid -m matrix.yaml monday.pcap --form markdown\n";

static const struct option_row OPTIONS[] = {
	{OPTION_MATRICES(
		 struct request, "flow matrix; repeat it to join several, - is stdin"),
		.is_required = true},
	{.name = "form",
		.argument = "text|markdown|csv|json",
		.help = "default: text, a cross-table and each cell in words",
		.set = option_set_word,
		.field = offsetof(struct request, form)},
	{.name = NULL},
};

const struct command COMMAND_GRID = {
	.name = "grid",
	.summary = "show declared against seen, groups by groups",
	.usage = "-m MATRIX FILE...",
	.about = ABOUT,
	.examples = EXAMPLES,
	.exits = "0 shown, 2 usage, matrix or FILE in error, 3 it failed.\n",
	.options = OPTIONS,
	.words = "FILE",
	.words_least = 1,
	.words_most = COMMAND_WORDS_ANY,
	.run = grid_run,
};
