#include "commands/views.h"
#include "report/unused_print.h"

#include <stddef.h>
#include <sys/stat.h>

#define US_PER_S  UINT64_C(1000000)
#define NS_PER_US 1000
#define DAYS      90
#define DAYS_MOST 399 /* as far as days are kept */

struct request {
	struct option_list matrices;
	uint32_t days;
	bool is_json;
	bool is_exit_code_wanted;
};

/* Standard input has no such time; nor has a file that is gone by now. */
static uint64_t edited_us(void *context, const char *file)
{
	(void)context;
	struct stat status;
	if (stat(file, &status) != 0) {
		return 0;
	}
	return (uint64_t)status.st_mtim.tv_sec * US_PER_S +
	       (uint64_t)status.st_mtim.tv_nsec / NS_PER_US;
}

static int find(const struct request *request, const struct views *views)
{
	struct unused unused;
	const struct unused_settings settings = {
		.days = request->days, .edited_us = edited_us};
	if (!unused_find(&unused, views->matrix, views->observed, &settings)) {
		return command_failed(&COMMAND_UNUSED, "no memory");
	}
	if (request->is_json) {
		unused_print_json(&unused, request->days, stdout);
	} else {
		unused_print_text(&unused, request->days, stdout);
	}
	const bool is_told = request->is_exit_code_wanted && unused.proven > 0;
	unused_free(&unused);
	return is_told ? COMMAND_VIOLATIONS : COMMAND_OK;
}

static int unused_run(int argc, char **argv)
{
	struct request request = {.days = DAYS};
	struct option_words files;
	struct views views;
	int code = options_read(&COMMAND_UNUSED, argc, argv, &request, &files);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	code = views_load(&views, &COMMAND_UNUSED, &request.matrices, &files);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	code = find(&request, &views);
	views_free(&views);
	return code;
}

static const char ABOUT[] =
	"Which rows, groups and members of a matrix had no flow for so many days? And\n"
	"which rows admit far more than uses them: with the few addresses that would\n"
	"do. FILE is what `mailwarden observed` reads: an observed matrix, a "
	"journal's\n"
	"folder, EVE lines, a capture.\n"
	"\n"
	"Days are counted back from the last flow that was seen. Nothing is proven\n"
	"where traffic was looked at for fewer days, nor of a file that was edited\n"
	"within them. Rows that are over are left to `mailwarden check`.\n";

static const char EXAMPLES[] =
	"  mailwarden unused -m matrix.yaml /var/lib/mailwarden/observed\n"
	"  mailwarden unused -m matrix.yaml --days 30 --exit-code north.observed\n";

static const struct option_row OPTIONS[] = {
	{OPTION_MATRICES(
		 struct request, "flow matrix; repeat it to join several, - is stdin"),
		.is_required = true},
	{.name = "days",
		.argument = "N",
		.help = "so many days without a flow are too many (default 90)",
		.set = option_set_number,
		.field = offsetof(struct request, days),
		.least = 1,
		.most = DAYS_MOST},
	{.name = "json",
		.help = "one JSON object",
		.set = option_set_flag,
		.field = offsetof(struct request, is_json)},
	{.name = "exit-code",
		.help = "exit 1 when something is proven to be unused or too wide",
		.set = option_set_flag,
		.field = offsetof(struct request, is_exit_code_wanted)},
	{.name = NULL},
};

const struct command COMMAND_UNUSED = {
	.name = "unused",
	.summary = "find rows, groups and members that nothing uses",
	.usage = "-m MATRIX FILE...",
	.about = ABOUT,
	.examples = EXAMPLES,
	.exits =
		"0 looked, 2 usage, matrix or FILE in error, 3 it failed; --exit-code: "
		"1\nsomething is unused.\n",
	.options = OPTIONS,
	.words = "FILE",
	.words_least = 1,
	.words_most = COMMAND_WORDS_ANY,
	.run = unused_run,
};
