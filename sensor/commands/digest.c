#include "base/clock.h"
#include "commands/report_input.h"
#include "control/settings.h"
#include "dossier/page_digest.h"
#include "journal/journal.h"
#include "observed/kept.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DAY_US    UINT64_C(86400000000)
#define US_PER_S  UINT64_C(1000000)
#define DAYS      7
#define DAYS_MOST 366
#define PARTS     3 /* of what a state directory may have */

struct request {
	struct option_list matrices;
	const char *state_dir;
	uint32_t days;
	uint64_t until_us; /* 0: now */
	bool is_html;
	unsigned language;
};

/* "7d", or "7" */
static bool set_days(void *target, const struct option_row *row, const char *value,
	struct reason *why)
{
	struct request *request = target;
	unsigned days = 0;
	size_t len = 0;
	for (; value[len] >= '0' && value[len] <= '9' && days <= DAYS_MOST; len++) {
		days = days * 10 + (unsigned)(value[len] - '0');
	}
	const char *unit = &value[len];
	if (days == 0 || days > DAYS_MOST || (*unit && strcmp(unit, "d") != 0)) {
		return reason_set(why, "--%s takes days, 1d to %ud, not \"%.40s\"",
			row->name, DAYS_MOST, value);
	}
	request->days = days;
	return true;
}

/* To the end of that day. */
static bool set_until(void *target, const struct option_row *row, const char *value,
	struct reason *why)
{
	struct request *request = target;
	struct tm day = {.tm_mday = 0};
	const char *end = strptime(value, "%Y-%m-%d", &day);
	const time_t time = timegm(&day);
	if (!end || *end != '\0' || time < 0) {
		return reason_set(why, "--%s: \"%.40s\" is no day such as 2026-11-29",
			row->name, value);
	}
	request->until_us = (uint64_t)time * US_PER_S + DAY_US;
	return true;
}

/* What a running sensor keeps, and what `mailwarden dmarc` wrote beside it. */
struct state {
	char paths[PARTS][PATH_MAX];
	const char *names[PARTS];
	size_t count;
};

static void find_state(struct state *state, const char *directory)
{
	static const char *const NAMES[PARTS] = {JOURNAL_FOLDER, KEPT_FILE, "dmarc"};
	state->count = 0;
	for (size_t i = 0; i < PARTS; i++) {
		char *path = state->paths[state->count];
		(void)snprintf(path, PATH_MAX, "%s/%s", directory, NAMES[i]);
		if (access(path, F_OK) == 0) {
			state->names[state->count++] = path;
		}
	}
}

static int give(const struct request *request, const struct report_wanted *wanted)
{
	struct report_input input;
	const int code = report_input_read(&input, &COMMAND_DIGEST, wanted);
	const struct digest digest = {&input.dossiers[0], &input.dossiers[1]};
	if (code == OPTIONS_GO_ON && digest_has_news(&digest)) {
		page_write_digest(stdout, &digest,
			request->is_html ? &PAGE_HTML : &PAGE_TEXT,
			(enum texts_language)request->language);
	}
	report_input_free(&input);
	return code == OPTIONS_GO_ON ? COMMAND_OK : code;
}

static int digest_run(int argc, char **argv)
{
	struct request request = {.state_dir = SETTINGS_STATE_DIR, .days = DAYS};
	struct report_wanted wanted = {.matrices = &request.matrices, .span_count = 2};
	static struct state state; /* too large for the stack */
	const int code =
		options_read(&COMMAND_DIGEST, argc, argv, &request, &wanted.files);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	if (wanted.files.count == 0) {
		find_state(&state, request.state_dir);
		wanted.files = (struct option_words){state.names, state.count};
	}
	if (wanted.files.count == 0) {
		return command_failed(&COMMAND_DIGEST,
			"%.150s: no observed matrix and no journal there",
			request.state_dir);
	}
	const uint64_t span_us = request.days * DAY_US;
	const uint64_t until_us =
		request.until_us > 0 ? request.until_us : clock_realtime_us();
	const uint64_t from_us = until_us > span_us ? until_us - span_us : 0;
	const uint64_t before_us = from_us > span_us ? from_us - span_us : 0;
	wanted.spans[0] = (struct dossier_span){from_us, until_us};
	wanted.spans[1] = (struct dossier_span){before_us, from_us};
	return give(&request, &wanted);
}

static const char ABOUT[] =
	"Say on one screen what is new, for a mail every week: recommendations whose\n"
	"verdict changed, new hosts that no row lets do what they did, groups that\n"
	"speak with each other for the first time, rows that ended, end within 30\n"
	"days or fell silent, certificates that ended or end within 30 days. Of what\n"
	"`mailwarden dmarc` recorded: hosts that send as your domains and were not\n"
	"reported before, and domains whose TLS fails now and did not. It prints\n"
	"nothing where nothing is new. A sensor that saw no flow at all is news.\n"
	"\n"
	"TRAFFIC is what `mailwarden report` reads; without it, the journal and the\n"
	"observed matrix of the sensor that runs here, and the folder dmarc beside\n"
	"them. An observed matrix reaches back up to 400 days, so it knows best what\n"
	"is new.\n";

static const char NOTES[] =
	"The digest compares a span with the one before it, just as long. Of an\n"
	"observed matrix alone it gives the verdicts of pairs of hosts by whole days\n"
	"(UTC), and judges each by the worst that it ever showed.\n";

static const char EXAMPLES[] =
	"  mailwarden digest -m /etc/mailwarden/matrix.yaml\n"
	"  mailwarden digest --since 1d --lang fr -m matrix.yaml eve.json\n"
	"  mailwarden digest --until 2026-11-29 --html -m matrix.yaml north.observed\n";

static const struct option_row OPTIONS[] = {
	{OPTION_MATRICES(struct request, "flow matrix; repeat it to join several"),
		.is_required = true},
	{.name = "since",
		.argument = "DAYS",
		.help = "how long ago news begins, 1d to 366d (default: 7d)",
		.set = set_days},
	{.name = "until",
		.argument = "DAY",
		.help = "as it was at the end of this day, UTC\n"
			"(default: now)",
		.set = set_until},
	{.name = "state-dir",
		.argument = "DIR",
		.help = "of the sensor to be asked where no TRAFFIC is given\n"
			"(default " SETTINGS_STATE_DIR ")",
		.set = option_set_text,
		.field = offsetof(struct request, state_dir)},
	{.name = "html",
		.help = "one file that needs no other",
		.set = option_set_flag,
		.field = offsetof(struct request, is_html)},
	{.name = "lang",
		.argument = "en|fr",
		.help = "language (default: en)",
		.set = option_set_word,
		.field = offsetof(struct request, language)},
	{.name = NULL},
};

const struct command COMMAND_DIGEST = {
	.name = "digest",
	.summary = "show what is new, on one screen, for a weekly mail",
	.usage = "-m MATRIX [--since DAYS] [OPTION...] [TRAFFIC...]",
	.about = ABOUT,
	.notes = NOTES,
	.examples = EXAMPLES,
	.exits = "0 news, or nothing is new, 2 usage, matrix or input in error, 3 it\n"
		 "failed.\n",
	.options = OPTIONS,
	.words = "TRAFFIC",
	.words_most = COMMAND_WORDS_ANY,
	.run = digest_run,
};
