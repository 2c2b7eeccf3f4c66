#include "commands/learn.h"

#include "commands/traffic.h"
#include "control/sandbox.h"
#include "report/learn_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S    86400
#define NETWORKS 1024 /* of one zone */
#define PERCENT  100

/* RFC 1918 and RFC 4193. */
static const char *const PRIVATE[] = {
	"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"};
#define PRIVATE_COUNT (sizeof(PRIVATE) / sizeof(PRIVATE[0]))

/* How full prefixes must be, narrowest first. */
static const uint32_t FILLS[] = {100, 75, 50, 25, 12};
#define FILL_COUNT (sizeof(FILLS) / sizeof(FILLS[0]))

/* All that learning borrows. */
struct inputs {
	struct matrix_source sources[OPTIONS_LIST_MAX];
	struct network internal[NETWORKS];
	struct network gateway[NETWORKS];
	struct answers answers;
	struct matrix *matrix;
	struct observed *observed;
	struct learn_settings settings;
};

static bool add_networks(struct network *list, size_t *count, const char *const *texts,
	size_t text_count, struct reason *why)
{
	for (size_t i = 0; i < text_count; i++) {
		struct network some[NETWORK_RANGE_MAX];
		const size_t more = network_parse(texts[i], some, why);
		if (more == 0) {
			return false;
		}
		if (*count + more > NETWORKS) {
			return reason_set(why, "more than %d networks", NETWORKS);
		}
		memcpy(&list[*count], some, more * sizeof(*some));
		*count += more;
	}
	return true;
}

static bool read_zones(
	struct inputs *inputs, const struct learn_request *request, struct reason *why)
{
	struct learn_settings *settings = &inputs->settings;
	const bool is_given = request->internal.count > 0;
	settings->internal = inputs->internal;
	settings->gateway = inputs->gateway;
	return add_networks(inputs->internal, &settings->internal_count,
		       is_given ? request->internal.values : PRIVATE,
		       is_given ? request->internal.count : PRIVATE_COUNT, why) &&
	       add_networks(inputs->gateway, &settings->gateway_count,
		       request->gateway.values, request->gateway.count, why);
}

static bool read_date(const char *text, int64_t *today_s, struct reason *why)
{
	struct tm day = {.tm_mday = 0};
	const char *end = text ? strptime(text, "%Y-%m-%d", &day) : NULL;
	const int64_t now_s = text ? (int64_t)timegm(&day) : (int64_t)time(NULL);
	*today_s = now_s / DAY_S * DAY_S;
	return !text || (end && *end == '\0') ||
	       reason_set(why, "--date: \"%.40s\" is no day such as 2026-11-29", text);
}

/* Twice: compiled to be asked, and as written to be joined with the proposal. */
static bool read_matrices(
	struct inputs *inputs, const struct option_list *files, struct reason *why)
{
	for (size_t i = 0; i < files->count; i++) {
		struct matrix_source *source = &inputs->sources[i];
		source->name = files->values[i];
		source->bytes = learn_read_file(source->name, &source->len, why);
		if (!source->bytes) {
			return false;
		}
		inputs->settings.source_count++;
	}
	inputs->settings.sources = inputs->sources;
	return true;
}

static bool load_matrices(struct inputs *inputs)
{
	struct matrix_problems problems = {.count = 0};
	inputs->matrix = matrix_load_sources(
		inputs->sources, inputs->settings.source_count, &problems);
	for (size_t i = 0; i < problems.count; i++) {
		(void)fprintf(stderr, "%s\n", problems.list[i].text);
	}
	matrix_problems_free(&problems);
	inputs->settings.matrix = inputs->matrix;
	return inputs->matrix != NULL;
}

static void free_inputs(struct inputs *inputs)
{
	for (size_t i = 0; i < inputs->settings.source_count; i++) {
		free((void *)inputs->sources[i].bytes);
	}
	matrix_free(inputs->matrix);
	observed_free(inputs->observed);
	answers_free(&inputs->answers);
}

static double most_permissive(const struct learn *learn)
{
	double most = 0;
	for (size_t i = 0; i < learn->row_count; i++) {
		const struct learn_row *row = &learn->rows[i];
		const double one = learn_permissiveness(learn, row);
		if (!row->is_merged && row->number > 0 && one > most) {
			most = one;
		}
	}
	return most;
}

static void print_point(const struct learn *learn, uint32_t fill)
{
	size_t rows = 0;
	size_t networks = 0;
	for (size_t i = 0; i < learn->row_count; i++) {
		rows += !learn->rows[i].is_merged && learn->rows[i].number > 0;
	}
	for (size_t i = 0; i < learn->group_count; i++) {
		networks += learn->groups[i].is_proposed
				    ? learn->groups[i].network_count
				    : 0;
	}
	(void)printf("%5u%% %8zu %10zu %16.1f\n", fill, rows, networks,
		most_permissive(learn));
}

static bool print_curve(struct inputs *inputs, struct reason *why)
{
	bool is_done = true;
	(void)printf(" fill     rows   networks permissiveness at most\n");
	for (size_t i = 0; is_done && i < FILL_COUNT; i++) {
		struct learn learn;
		inputs->settings.fill = FILLS[i];
		is_done = learn_all(&learn, inputs->observed, &inputs->settings, why);
		if (is_done) {
			print_point(&learn, FILLS[i]);
		}
		learn_free(&learn);
	}
	return is_done;
}

/* With the widest prefixes under which no row admits more than that. */
static bool learn_within(
	struct learn *learn, struct inputs *inputs, uint32_t most, struct reason *why)
{
	for (size_t i = FILL_COUNT; i > 0; i--) {
		inputs->settings.fill = FILLS[i - 1];
		if (!learn_all(learn, inputs->observed, &inputs->settings, why)) {
			return false;
		}
		if (most_permissive(learn) <= most || i == 1) {
			return true;
		}
		learn_free(learn);
	}
	return true;
}

static bool learn_and_print(
	struct inputs *inputs, const struct learn_request *request, struct reason *why)
{
	struct learn learn = {.row_count = 0};
	bool is_done;
	if (request->is_curve) {
		return print_curve(inputs, why);
	}
	if (request->is_review) {
		is_done = learn_review(&learn, inputs->observed, &inputs->settings,
			&(struct learn_answers){&inputs->answers, request->answers},
			why);
	} else if (request->most > 0) {
		is_done = learn_within(&learn, inputs, request->most, why);
	} else {
		is_done = learn_all(&learn, inputs->observed, &inputs->settings, why);
	}
	if (is_done) {
		(request->is_json ? learn_print_json : learn_print)(&learn, stdout);
	}
	learn_free(&learn);
	return is_done;
}

/* Captures are judged by what is declared, else by a matrix that allows nothing. */
static enum traffic_result read_traffic(
	struct inputs *inputs, const struct option_words *files, struct reason *why)
{
	static const struct hash_seed SEED = {{1, 2}}; /* the same bytes each time */
	struct matrix *blank = NULL;
	if (!inputs->matrix) {
		blank = learn_blank_matrix(&inputs->settings, why);
		if (!blank) {
			return TRAFFIC_BROKEN;
		}
	}
	inputs->observed = observed_new(OBSERVED_ENTRIES, SEED, why);
	struct traffic traffic = {
		.matrix = blank ? blank : inputs->matrix, .observed = inputs->observed};
	const enum traffic_result result =
		inputs->observed
			? traffic_read(&traffic, files->list, files->count, why)
			: TRAFFIC_UNREADABLE;
	if (result == TRAFFIC_OK && traffic.is_cut) {
		(void)fprintf(stderr,
			"mailwarden learn: %s; what is missing is not counted\n",
			why->text);
	}
	matrix_free(blank);
	return result;
}

static int learn_and_tell(struct inputs *inputs, const struct learn_request *request,
	const struct option_words *files)
{
	struct reason why;
	switch (read_traffic(inputs, files, &why)) {
	case TRAFFIC_OK:
		break;
	case TRAFFIC_BROKEN:
		(void)fprintf(stderr, "mailwarden learn: %s\n", why.text);
		return COMMAND_USAGE;
	case TRAFFIC_UNREADABLE:
		return command_failed(&COMMAND_LEARN, "%s", why.text);
	}
	return learn_and_print(inputs, request, &why)
		       ? COMMAND_OK
		       : command_failed(&COMMAND_LEARN, "%s", why.text);
}

static int learn_from(struct inputs *inputs, const struct learn_request *request,
	const struct option_words *files)
{
	struct reason why;
	if (!read_date(request->date, &inputs->settings.today_s, &why) ||
		!read_zones(inputs, request, &why)) {
		return command_misused(&COMMAND_LEARN, "%s", why.text);
	}
	if (!read_matrices(inputs, &request->matrices, &why)) {
		return command_failed(&COMMAND_LEARN, "%s", why.text);
	}
	if (request->matrices.count > 0 && !load_matrices(inputs)) {
		return COMMAND_USAGE;
	}
	if (request->answers) {
		if (!learn_read_answers(&inputs->answers, request->answers,
			    request->is_review, &why)) {
			return command_failed(&COMMAND_LEARN, "%s", why.text);
		}
		inputs->settings.answers = &inputs->answers;
	}
	return learn_and_tell(inputs, request, files);
}

static int learn_run(int argc, char **argv)
{
	static struct inputs inputs; /* too large for the stack */
	struct learn_request request = {.min_days = LEARN_DAYS,
		.min_sessions = LEARN_SESSIONS,
		.fill = LEARN_FILL};
	struct option_words files;
	struct reason why;
	int code = options_read(&COMMAND_LEARN, argc, argv, &request, &files);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	if (!sandbox_harden(&why)) { /* mail is in memory */
		return command_failed(&COMMAND_LEARN, "%s", why.text);
	}
	if (request.matrices.count > 0 &&
		request.internal.count + request.gateway.count > 0) {
		return command_misused(&COMMAND_LEARN,
			"with --matrix its zones hold: no --internal, no --gateway");
	}
	if (request.is_review &&
		(!request.answers || request.is_curve || request.most > 0)) {
		return command_misused(&COMMAND_LEARN,
			"--review goes with --answers, not with --curve or "
			"--max-permissiveness");
	}
	if (request.is_json && request.is_curve) {
		return command_misused(&COMMAND_LEARN, "--curve is no JSON");
	}
	inputs.settings = (struct learn_settings){.min_days = request.min_days,
		.min_sessions = request.min_sessions,
		.fill = request.fill};
	code = learn_from(&inputs, &request, &files);
	free_inputs(&inputs);
	return code;
}

static const char ABOUT[] =
	"Propose a first flow matrix, or with --matrix what it lacks, out of recorded\n"
	"traffic: captures, a journal's folder, EVE lines, an observed matrix. Roles,\n"
	"groups and rows come on standard output, each row with what was seen of it.\n"
	"Rows to be asked about and what was refused, with the reason, stand below as\n"
	"comments. What breaks a recommendation is never proposed.\n";

static const char EXAMPLES[] =
	"  mailwarden learn week.pcap --gateway 198.51.100.0/28 > matrix.yaml\n"
	"  mailwarden learn /var/lib/mailwarden/observed -m matrix.yaml\n";

static const struct option_row OPTIONS[] = {
	{OPTION_MATRICES(struct learn_request,
		"declared already: propose what it lacks;\n"
		"repeatable")},
	{.name = "internal",
		.argument = "PREFIX",
		.help = "networks of zone internal; repeatable (default:\n"
			"private IPv4 and unique local IPv6)",
		.set = option_add_text,
		.field = offsetof(struct learn_request, internal)},
	{.name = "gateway",
		.argument = "PREFIX",
		.help = "networks of zone gateway; repeatable",
		.set = option_add_text,
		.field = offsetof(struct learn_request, gateway)},
	{.name = "min-days",
		.argument = "N",
		.help = "days on which a row must be seen (default 5)",
		.set = option_set_number,
		.field = offsetof(struct learn_request, min_days),
		.least = 1,
		.most = OBSERVED_DAYS},
	{.name = "min-sessions",
		.argument = "N",
		.help = "flows that it must have (default 3)",
		.set = option_set_number,
		.field = offsetof(struct learn_request, min_sessions),
		.least = 1,
		.most = 1000000},
	{.name = "fill",
		.argument = "PERCENT",
		.help = "of a prefix that stands for clients, so many\n"
			"addresses must be seen (default 50)",
		.set = option_set_number,
		.field = offsetof(struct learn_request, fill),
		.least = 1,
		.most = PERCENT},
	{.name = "max-permissiveness",
		.argument = "N",
		.help = "the widest prefixes with which no row admits more\n"
			"than N times the pairs of addresses seen",
		.set = option_set_number,
		.field = offsetof(struct learn_request, most),
		.least = 1,
		.most = 1000000},
	{.name = "curve",
		.help = "print rows and permissiveness for five fills",
		.set = option_set_flag,
		.field = offsetof(struct learn_request, is_curve)},
	{.name = "answers",
		.argument = "FILE",
		.help = "what was answered to rows: accept, deny, ignore",
		.set = option_set_text,
		.field = offsetof(struct learn_request, answers)},
	{.name = "review",
		.help = "ask about each row on the terminal, and keep the\n"
			"answers there",
		.set = option_set_flag,
		.field = offsetof(struct learn_request, is_review)},
	{.name = "json",
		.help = "one JSON object: zones, groups, rows with their\n"
			"evidence, pairs asked about or refused and why",
		.set = option_set_flag,
		.field = offsetof(struct learn_request, is_json)},
	{.name = "date",
		.argument = "DAY",
		.help = "the day of learning (default: today)",
		.set = option_set_text,
		.field = offsetof(struct learn_request, date)},
	{.name = NULL},
};

const struct command COMMAND_LEARN = {
	.name = "learn",
	.summary = "propose a flow matrix out of recorded traffic",
	.usage = "FILE... [OPTION...]",
	.about = ABOUT,
	.examples = EXAMPLES,
	.exits = "0 a proposal was printed, 2 usage or matrix in error, 3 it failed.\n",
	.options = OPTIONS,
	.words = "FILE",
	.words_least = 1,
	.words_most = COMMAND_WORDS_ANY,
	.run = learn_run,
};
