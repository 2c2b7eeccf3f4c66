#include "commands/matrices.h"
#include "commands/options.h"
#include "commands/views.h"

#include <stddef.h>

struct request {
	struct option_list matrices;
	const char *write; /* path, or NULL */
	uint32_t pairs;
	bool is_json;
};

static int observed_run(int argc, char **argv)
{
	struct request request = {.pairs = OBSERVED_ENTRIES};
	struct option_words files;
	int code = options_read(&COMMAND_OBSERVED, argc, argv, &request, &files);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	struct views views = {.matrix = NULL};
	if (request.matrices.count > 0) {
		views.matrix = matrices_load(&request.matrices);
		if (!views.matrix) {
			return COMMAND_USAGE;
		}
	}
	code = views_observe(&views, &COMMAND_OBSERVED, request.pairs, &files);
	if (code == OPTIONS_GO_ON) {
		code = views_show_observed(
			&views, &COMMAND_OBSERVED, request.write, request.is_json);
	}
	views_free(&views);
	return code;
}

static const char ABOUT[] =
	"Show which mail flows there were: who with whom, by which protocol, port and\n"
	"TLS, how many, on how many days, and what was found. FILE is any of: an\n"
	"observed matrix (of replay --observed, or observed in the state directory of "
	"a\n"
	"running sensor), a journal's folder, EVE lines (- is stdin), and with -m a\n"
	"capture. Several are added up; a flow that two of them have counts once.\n";

static const char EXAMPLES[] =
	"  mailwarden observed /var/lib/mailwarden/observed\n"
	"  mailwarden observed /var/lib/mailwarden/journal --json\n"
	"  mailwarden observed monday.pcap -m matrix.yaml\n"
	"  mailwarden observed north.observed south.observed --write both.observed\n";

static const struct option_row OPTIONS[] = {
	{OPTION_MATRICES(struct request,
		"captures are judged by it; repeat it to join several")},
	{.name = "json",
		.help = "one JSON object per line and pair; a last one with the\n"
			"totals",
		.set = option_set_flag,
		.field = offsetof(struct request, is_json)},
	{.name = "write",
		.argument = "FILE",
		.help = "write the sum as an observed matrix as well",
		.set = option_set_text,
		.field = offsetof(struct request, write)},
	{.name = "pairs",
		.argument = "COUNT",
		.help = "keep so many pairs at most (default 262144)",
		.set = option_set_number,
		.field = offsetof(struct request, pairs),
		.least = VIEWS_PAIRS_LEAST,
		.most = VIEWS_PAIRS_MOST},
	{.name = NULL},
};

const struct command COMMAND_OBSERVED = {
	.name = "observed",
	.summary = "show which mail flows were seen, and add them up",
	.usage = "FILE... [-m MATRIX] [--json] [--write FILE]",
	.about = ABOUT,
	.examples = EXAMPLES,
	.exits = "0 shown, 2 usage, matrix or FILE in error, 3 it failed.\n",
	.options = OPTIONS,
	.words = "FILE",
	.words_least = 1,
	.words_most = COMMAND_WORDS_ANY,
	.run = observed_run,
};
