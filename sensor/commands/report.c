#include "base/replaced_file.h"
#include "commands/report_input.h"
#include "commands/report_packets.h"
#include "dossier/audit_lines.h"
#include "dossier/baseline.h"
#include "dossier/page.h"

#include <errno.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BASELINE_BYTES_MAX (256U << 20)

enum form { FORM_TEXT = 0, FORM_HTML, FORM_MARKDOWN, FORM_JSON, FORMS };
enum wanted { WANTED_NOTHING = 0, WANTED_BREACHED, WANTED_NEW };

struct request {
	struct option_list matrices;
	const char *output; /* path, or NULL: standard output */
	const char *title;
	const char *organisation;
	const char *author;
	const char *baseline;
	bool is_form[FORMS];
	unsigned language;
	unsigned exit_code; /* place among the words, and 1; 0: not given */
};

struct written {
	const struct dossier *dossier;
	enum form form;
	enum texts_language language;
};

static bool write_report(FILE *out, const void *what)
{
	static const struct page_form *const PAGES[FORMS] = {
		[FORM_TEXT] = &PAGE_TEXT,
		[FORM_HTML] = &PAGE_HTML,
		[FORM_MARKDOWN] = &PAGE_MARKDOWN,
	};
	const struct written *written = what;
	if (written->form == FORM_JSON) {
		page_write_json(out, written->dossier);
	} else {
		page_write(
			out, written->dossier, PAGES[written->form], written->language);
	}
	return true;
}

/* False: more than one was asked for. */
static bool form_of(const struct request *request, enum form *form)
{
	size_t count = 0;
	*form = FORM_TEXT;
	for (int i = 0; i < FORMS; i++) {
		if (request->is_form[i]) {
			*form = (enum form)i;
			count++;
		}
	}
	return count <= 1;
}

static bool read_baseline(
	const char *path, char **bytes, size_t *len, struct reason *why)
{
	FILE *file = fopen(path, "re");
	*bytes = malloc(BASELINE_BYTES_MAX);
	if (!file || !*bytes) {
		(void)reason_set(why, "%.150s: %s", path, strerror(errno));
	} else {
		errno = 0;
		*len = fread(*bytes, 1, BASELINE_BYTES_MAX, file);
	}
	const bool is_read = file && *bytes && !ferror(file);
	if (file && *bytes && !is_read) {
		(void)reason_set(why, "%.150s: %s", path, strerror(errno));
	}
	if (file) {
		(void)fclose(file);
	}
	return is_read;
}

static int hold_baseline(const struct request *request, struct dossier *dossier)
{
	struct reason why;
	char *bytes = NULL;
	size_t len = 0;
	if (!request->baseline) {
		return OPTIONS_GO_ON;
	}
	if (!read_baseline(request->baseline, &bytes, &len, &why)) {
		free(bytes);
		return command_failed(&COMMAND_REPORT, "%s", why.text);
	}
	const struct text text = {(const uint8_t *)bytes, len};
	const bool is_held = baseline_hold(dossier, text, request->baseline, &why);
	free(bytes);
	if (!is_held) {
		(void)fprintf(stderr, "%s\n", why.text);
		return COMMAND_USAGE;
	}
	return OPTIONS_GO_ON;
}

static bool is_breached(const struct dossier *dossier)
{
	for (int i = 0; i < CONFORMITY_SUBJECTS; i++) {
		if (conformity_verdict(dossier->conformity,
			    (enum conformity_subject)i) == CONFORMITY_BREACHED) {
			return true;
		}
	}
	return audit_is_breached(dossier);
}

static int code_of(const struct request *request, const struct dossier *dossier)
{
	switch (request->exit_code) {
	case WANTED_BREACHED:
		return is_breached(dossier) ? COMMAND_VIOLATIONS : COMMAND_OK;
	case WANTED_NEW:
		return dossier_count_change(dossier, DOSSIER_CHANGE_NEW) > 0
			       ? COMMAND_VIOLATIONS
			       : COMMAND_OK;
	default:
		return COMMAND_OK;
	}
}

static int give(const struct request *request, struct dossier *dossier, enum form form)
{
	struct reason why;
	const struct passwd *user = getpwuid(geteuid());
	const char *name = user ? user->pw_name : NULL;
	dossier->head.title = request->title;
	dossier->head.organisation = request->organisation;
	dossier->head.author = request->author ? request->author : name;
	const int code = hold_baseline(request, dossier);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	const struct written written = {.dossier = dossier,
		.form = form,
		.language = (enum texts_language)request->language};
	if (!request->output) {
		(void)write_report(stdout, &written);
	} else if (!replaced_file_save(request->output, write_report, &written, &why)) {
		return command_failed(&COMMAND_REPORT, "%s", why.text);
	}
	return code_of(request, dossier);
}

static int report_run(int argc, char **argv)
{
	struct request request = {.language = TEXTS_ENGLISH};
	struct option_words files;
	struct report_input input;
	enum form form;
	int code = options_read(&COMMAND_REPORT, argc, argv, &request, &files);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	if (!form_of(&request, &form)) {
		return command_misused(&COMMAND_REPORT,
			"--text, --html, --markdown and --json: one of them");
	}
	if (request.exit_code == WANTED_NEW && !request.baseline) {
		return command_misused(
			&COMMAND_REPORT, "--exit-code new needs --baseline");
	}
	const struct report_wanted wanted = {
		.matrices = &request.matrices, .files = files};
	code = report_input_read(&input, &COMMAND_REPORT, &wanted);
	struct reason why;
	if (code == OPTIONS_GO_ON && !report_packets_find(&input.dossiers[0], &why)) {
		code = command_failed(&COMMAND_REPORT, "%s", why.text);
	}
	if (code == OPTIONS_GO_ON) {
		code = give(&request, &input.dossiers[0], form);
	}
	report_input_free(&input);
	return code;
}

/* Which of the words, and 1. */
static bool set_exit_code(void *target, const struct option_row *row, const char *value,
	struct reason *why)
{
	struct request *request = target;
	if (!option_set_word(target, row, value, why)) {
		return false;
	}
	request->exit_code++;
	return true;
}

static const char ABOUT[] =
	"Write the document that an auditor hands over: how much the sensor saw, one\n"
	"verdict per recommendation with the rows at fault, examples and what to do,\n"
	"declared against seen as a picture, offenders, servers, rows, method and\n"
	"limits. TRAFFIC is what `mailwarden observed` reads: captures, a journal's\n"
	"folder, EVE lines, an observed matrix. Only captures give what replay\n"
	"counts; MATRIX judges recorded flows again. Folders that `mailwarden dmarc\n"
	"--journal` and `mailwarden audit --journal` wrote add who sends as your\n"
	"domains, and what the audit asked. Equal input gives an equal report: it\n"
	"does not say when it was made.\n";

static const char NOTES[] =
	"--baseline takes the --json form of an earlier report. Two breaches are\n"
	"the same if finding, row, source and target group are. The report names what\n"
	"it cannot observe any more, and never counts it as fixed.\n";

static const char EXAMPLES[] =
	"  mailwarden report monday.pcap -m matrix.yaml\n"
	"  mailwarden report *.pcap -m matrix.yaml --html --lang fr -o report.html\n"
	"  mailwarden report journal -m matrix.yaml --json -o may.json\n"
	"  mailwarden report june.pcap -m matrix.yaml --baseline may.json \\\n"
	"      --exit-code new\n";

static const struct option_row OPTIONS[] = {
	{.name = "matrix",
		.letter = 'm',
		.argument = "MATRIX",
		.help = "flow matrix; repeat it to join several",
		.set = option_add_text,
		.field = offsetof(struct request, matrices),
		.is_required = true},
	{.name = "output",
		.letter = 'o',
		.argument = "FILE",
		.help = "write it to FILE, all of it or nothing",
		.set = option_set_text,
		.field = offsetof(struct request, output)},
	{.name = "text",
		.help = "for a terminal (default)",
		.set = option_set_flag,
		.field = offsetof(struct request, is_form[FORM_TEXT])},
	{.name = "html",
		.help = "one file that needs no other, for screen and A4",
		.set = option_set_flag,
		.field = offsetof(struct request, is_form[FORM_HTML])},
	{.name = "markdown",
		.help = "for a wiki or a merge request",
		.set = option_set_flag,
		.field = offsetof(struct request, is_form[FORM_MARKDOWN])},
	{.name = "json",
		.help = "one JSON object, for programs and --baseline",
		.set = option_set_flag,
		.field = offsetof(struct request, is_form[FORM_JSON])},
	{.name = "lang",
		.argument = "en|fr",
		.help = "language of the document (default: en)",
		.set = option_set_word,
		.field = offsetof(struct request, language)},
	{.name = "title",
		.argument = "TEXT",
		.help = "title of the document",
		.set = option_set_text,
		.field = offsetof(struct request, title)},
	{.name = "organisation",
		.argument = "TEXT",
		.help = "whose mail it is about",
		.set = option_set_text,
		.field = offsetof(struct request, organisation)},
	{.name = "author",
		.argument = "TEXT",
		.help = "who drew it up (default: the user's name)",
		.set = option_set_text,
		.field = offsetof(struct request, author)},
	{.name = "baseline",
		.argument = "FILE",
		.help = "show what changed since this report of --json",
		.set = option_set_text,
		.field = offsetof(struct request, baseline)},
	{.name = "exit-code",
		.argument = "breached|new",
		.help = "exit 1 when a recommendation is breached, or\n"
			"when a breach is new",
		.set = set_exit_code,
		.field = offsetof(struct request, exit_code)},
	{.name = NULL},
};

const struct command COMMAND_REPORT = {
	.name = "report",
	.summary = "write the report on conformity that an auditor hands over",
	.usage = "TRAFFIC... -m MATRIX [-o FILE] [OPTION...]",
	.about = ABOUT,
	.notes = NOTES,
	.examples = EXAMPLES,
	.exits = "0 written, 2 usage, matrix or input in error, 3 it failed; "
		 "--exit-code: 1\nthere is such a breach.\n",
	.options = OPTIONS,
	.words = "TRAFFIC",
	.words_least = 1,
	.words_most = COMMAND_WORDS_ANY,
	.run = report_run,
};
