#include "commands/fleet_observed.h"
#include "commands/views.h"
#include "control/sandbox.h"
#include "control/settings.h"
#include "report/json_writer.h"
#include "ship/redis_fleet.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TOP_STANDARD 10
#define TOP_MOST     100
#define NAME_COLUMNS 20

struct request {
	const char *config;
	const char *output; /* NULL: the first of type redis */
	uint32_t top;
	bool is_of_observed;
	struct fleet_observed observed;
};

static void print_row(
	const struct fleet_sensor *sensor, const char *name, const char *state)
{
	const struct fleet_counts *totals = &sensor->totals;
	if (strlen(name) > NAME_COLUMNS) {
		(void)printf("%s\n", name);
		name = "";
	}
	(void)printf("%-*s %-6s %10" PRIu64 " %10" PRIu64 " %12" PRIu64 " %8" PRIu64
		     " %8" PRIu64 "\n",
		NAME_COLUMNS, name, state, fleet_count_of(totals, "flows"),
		fleet_count_of(totals, "legitimate"),
		fleet_count_of(totals, "illegitimate"),
		fleet_count_of(totals, "alerts"),
		fleet_count_of(totals, "alerts:critical"));
}

static void print_counts(
	const char *title, const struct fleet_counts *counts, unsigned top)
{
	if (counts->count > 0) {
		(void)printf("\n%s\n", title);
	}
	for (size_t i = 0; i < counts->count && i < top; i++) {
		(void)printf("  %-40s %12" PRIu64 "\n", counts->list[i].name,
			counts->list[i].count);
	}
}

static void print_text(const struct fleet *fleet, unsigned top)
{
	(void)printf("%-*s %-6s %10s %10s %12s %8s %8s\n", NAME_COLUMNS, "sensor",
		"state", "flows", "legitimate", "illegitimate", "alerts", "critical");
	for (size_t i = 0; i < fleet->count; i++) {
		const struct fleet_sensor *sensor = &fleet->sensors[i];
		print_row(sensor, sensor->name, sensor->is_alive ? "alive" : "SILENT");
	}
	print_row(&fleet->sum, "all", "");
	print_counts("findings", &fleet->sum.findings, top);
	print_counts("illegitimate senders", &fleet->sum.top, top);
}

static void write_counts(
	struct json_writer *writer, const char *key, const struct fleet_counts *counts)
{
	json_object_open(writer, key);
	for (size_t i = 0; i < counts->count; i++) {
		json_number(writer, counts->list[i].name, counts->list[i].count);
	}
	json_object_close(writer);
}

static void write_json(const struct fleet *fleet)
{
	struct json_writer writer = {.out = stdout};
	json_object_open(&writer, NULL);
	json_array_open(&writer, "sensors");
	for (size_t i = 0; i < fleet->count; i++) {
		const struct fleet_sensor *sensor = &fleet->sensors[i];
		json_object_open(&writer, NULL);
		json_text(&writer, "sensor", sensor->name);
		json_number(&writer, "slot", sensor->slot);
		json_bool(&writer, "alive", sensor->is_alive);
		if (sensor->time_s > 0) {
			json_time(&writer, "seen", sensor->time_s * 1000000);
		}
		json_number(&writer, "senders", sensor->senders);
		write_counts(&writer, "totals", &sensor->totals);
		write_counts(&writer, "findings", &sensor->findings);
		write_counts(&writer, "illegitimate_senders", &sensor->top);
		json_object_close(&writer);
	}
	json_array_close(&writer);
	write_counts(&writer, "totals", &fleet->sum.totals);
	write_counts(&writer, "findings", &fleet->sum.findings);
	write_counts(&writer, "illegitimate_senders", &fleet->sum.top);
	json_object_close(&writer);
	json_line_end(&writer);
}

static int tell(const struct request *request, const struct fleet *fleet)
{
	bool is_all_alive = true;
	for (size_t i = 0; i < fleet->count; i++) {
		is_all_alive = is_all_alive && fleet->sensors[i].is_alive;
	}
	if (request->observed.is_json) {
		write_json(fleet);
	} else {
		print_text(fleet, request->top);
	}
	return is_all_alive ? COMMAND_OK : COMMAND_VIOLATIONS;
}

static int read_and_tell(const struct request *request, const struct output *output)
{
	static struct redis_settings settings; /* too large for the stack */
	struct redis_session session = {.settings = &settings};
	struct fleet fleet = {.count = 0};
	struct reason why;
	int code;
	if (!redis_settings_read(&settings, &output->values, &why)) {
		(void)fprintf(
			stderr, "mailwarden fleet: %s: %s\n", output->name, why.text);
		code = COMMAND_USAGE;
	} else if (!sandbox_limit_memory(&why) ||
		   !fleet_read(&fleet, &session, schema_text(&output->values, "prefix"),
			   request->top, &why)) {
		code = command_failed(&COMMAND_FLEET, "%s", why.text);
	} else {
		code = tell(request, &fleet);
	}
	fleet_free(&fleet);
	redis_session_close(&session);
	redis_settings_clear(&settings);
	return code;
}

/* The output asked for, or the only kind that there is to ask. */
static const struct output *choose(
	const struct request *request, const struct outputs *outputs)
{
	const struct shipper *redis = shipper_find("redis");
	for (size_t i = 0; i < outputs->count; i++) {
		const struct output *output = &outputs->list[i];
		if (output->shipper == redis &&
			(!request->output ||
				strcmp(request->output, output->name) == 0)) {
			return output;
		}
	}
	return NULL;
}

static int fleet_of(const struct request *request)
{
	static struct settings settings; /* too large for the stack */
	struct problems problems;
	settings_start(&settings);
	int code = COMMAND_USAGE;
	if (!settings_read(&settings, request->config, &problems)) {
		for (size_t i = 0; i < problems.count; i++) {
			(void)fprintf(stderr, "%s\n", problems.list[i].text);
		}
	} else {
		const struct output *output = choose(request, &settings.outputs);
		code = output ? read_and_tell(request, output)
			      : command_misused(&COMMAND_FLEET,
					"the settings have no such "
					"output of type redis");
	}
	settings_free(&settings);
	return code;
}

/* What belongs to the other half of the command; NULL: nothing. */
static const char *misplaced(const struct request *request)
{
	if (!request->is_of_observed) {
		return request->observed.write            ? "write"
		       : request->observed.pairs          ? "pairs"
		       : request->observed.html           ? "html"
		       : request->observed.matrices.count ? "matrix"
							  : NULL;
	}
	return request->config ? "config" : request->top ? "top" : NULL;
}

static int read_observed(struct request *request, const struct option_words *words)
{
	if (words->count == 0) {
		return command_misused(&COMMAND_FLEET, "no FILE given");
	}
	if ((request->observed.html != NULL) !=
		(request->observed.matrices.count > 0)) {
		return command_misused(
			&COMMAND_FLEET, "--html and --matrix: each needs the other");
	}
	if (request->observed.pairs == 0) {
		request->observed.pairs = OBSERVED_ENTRIES;
	}
	return fleet_observed(&request->observed, words);
}

static int fleet_run(int argc, char **argv)
{
	struct request request = {.top = 0};
	struct option_words words;
	const int code = options_read(&COMMAND_FLEET, argc, argv, &request, &words);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	const char *option = misplaced(&request);
	if (option) {
		return command_misused(&COMMAND_FLEET, "--%s goes %s --observed",
			option, request.is_of_observed ? "without" : "with");
	}
	if (request.is_of_observed) {
		return read_observed(&request, &words);
	}
	if (words.count > 1) {
		return command_misused(
			&COMMAND_FLEET, "a word too many: \"%.80s\"", words.list[1]);
	}
	request.output = words.count > 0 ? words.list[0] : NULL;
	request.top = request.top ? request.top : TOP_STANDARD;
	return fleet_of(&request);
}

static const char ABOUT[] =
	"Show what all sensors counted that write into one Redis, or a cluster: each\n"
	"one's totals and whether it is alive, and together the findings and the most\n"
	"frequent illegitimate senders. Reads, and writes nothing.\n"
	"With --observed: add up what the sensors observed, pair by pair, of the file\n"
	"of each (observed in its state directory, its journal, or EVE lines). A flow\n"
	"that several saw counts once. What each sensor has stands behind. --html "
	"writes\n"
	"one page over all: declared against seen of 24 hours and 30 days up to their\n"
	"last flow, senders that no row allows, servers, what each sensor has.\n";

static const struct option_row OPTIONS[] = {
	{.name = "config",
		.letter = 'c',
		.argument = "FILE",
		.help = "settings with an output of type redis, which gives\n"
			"the address and the login: mailwarden.yaml(5)",
		.set = option_set_text,
		.field = offsetof(struct request, config),
		.is_required = true},
	{.name = "top",
		.argument = "N",
		.help = "so many senders and findings (default 10)",
		.set = option_set_number,
		.field = offsetof(struct request, top),
		.least = 1,
		.most = TOP_MOST},
	{.name = "json",
		.help = "one JSON object with all counters; with --observed one\n"
			"for the sensors, then one per pair, then the totals",
		.set = option_set_flag,
		.field = offsetof(struct request, observed.is_json)},
	{.name = "observed",
		.help = "the words are files of what each sensor observed",
		.set = option_set_flag,
		.field = offsetof(struct request, is_of_observed),
		.is_enough = true},
	{.name = "write",
		.argument = "FILE",
		.help = "of --observed: write the sum as an observed matrix, too",
		.set = option_set_text,
		.field = offsetof(struct request, observed.write)},
	{.name = "pairs",
		.argument = "COUNT",
		.help = "of --observed: keep so many pairs at most (default\n"
			"262144)",
		.set = option_set_number,
		.field = offsetof(struct request, observed.pairs),
		.least = VIEWS_PAIRS_LEAST,
		.most = VIEWS_PAIRS_MOST},
	{.name = "html",
		.argument = "FILE",
		.help = "of --observed: write one page over all of them to\n"
			"FILE, all of it or nothing; needs --matrix",
		.set = option_set_text,
		.field = offsetof(struct request, observed.html)},
	{.name = "matrix",
		.letter = 'm',
		.argument = "MATRIX",
		.help = "of --html: flow matrix that flows are held against;\n"
			"repeat it to join several",
		.set = option_add_text,
		.field = offsetof(struct request, observed.matrices)},
	{.name = "lang",
		.argument = "en|fr",
		.help = "of --html: language of the page (default: en)",
		.set = option_set_word,
		.field = offsetof(struct request, observed.language)},
	{.name = NULL},
};

const struct command COMMAND_FLEET = {
	.name = "fleet",
	.summary = "what all sensors counted in a Redis, or observed",
	.usage = "-c FILE [--top N] [--json] [OUTPUT]\n"
		 "--observed FILE... [--json] [--write FILE]\n"
		 "--observed FILE... --html FILE -m MATRIX [--lang en|fr]",
	.about = ABOUT,
	.examples = "  mailwarden fleet -c /etc/mailwarden/fleet.yaml\n"
		    "  mailwarden fleet --observed north/observed south/observed\n"
		    "  mailwarden fleet --observed north/observed south/observed \\\n"
		    "      --html fleet.html -m matrix.yaml\n",
	.exits = "0 all are alive, or added up, 1 some are not alive, 2 settings or a\n"
		 "file in error, 3 Redis is down, or a file cannot be read.\n",
	.options = OPTIONS,
	.words = "OUTPUT",
	.words_most = COMMAND_WORDS_ANY,
	.run = fleet_run,
};
