#include "commands/command.h"

#include "control/settings.h"
#include "report/json_writer.h"
#include "ship/redis_fleet.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOP_STANDARD 10
#define TOP_MOST     100

static const char HELP[] =
	"Usage: mailwarden fleet -c FILE [--json] [--top N] [OUTPUT]\n"
	"\n"
	"Tell what all sensors counted that write into one Redis, or a cluster: each\n"
	"one's totals and whether it is alive, and together the findings and the most\n"
	"frequent illegitimate senders. Reads, and writes nothing.\n"
	"\n"
	"  -c, --config FILE      settings with an output of type redis, which says "
	"where\n"
	"                         Redis is and who we are: mailwarden.yaml(5)\n"
	"      --top N            so many senders and findings (default 10)\n"
	"      --json             one JSON object with all counters\n"
	"  -h, --help             this text\n"
	"\n"
	"Example:\n"
	"  mailwarden fleet -c /etc/mailwarden/fleet.yaml\n"
	"\n"
	"Exit: 0 all are alive, 1 some are not, 2 settings in error, 3 Redis is "
	"down.\n";

enum { OPTION_JSON = 256, OPTION_TOP };

static const struct option OPTIONS[] = {
	{"config", required_argument, NULL, 'c'},
	{"json", no_argument, NULL, OPTION_JSON},
	{"top", required_argument, NULL, OPTION_TOP},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

struct request {
	const char *config;
	const char *output; /* NULL: the first of type redis */
	unsigned top;
	bool is_json;
};

static int usage_error(const char *text)
{
	(void)fprintf(
		stderr, "mailwarden fleet: %s\nTry 'mailwarden fleet --help'.\n", text);
	return COMMAND_USAGE;
}

static void print_row(
	const struct fleet_sensor *sensor, const char *name, const char *state)
{
	const struct fleet_counts *totals = &sensor->totals;
	(void)printf("%-32s %-7s %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %9" PRIu64
		     " %9" PRIu64 "\n",
		name, state, fleet_count_of(totals, "flows"),
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
	(void)printf("%-32s %-7s %12s %12s %12s %9s %9s\n", "sensor", "state", "flows",
		"legitimate", "illegitimate", "alerts", "critical");
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
	if (request->is_json) {
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
	} else if (!fleet_read(&fleet, &session, schema_text(&output->values, "prefix"),
			   request->top, &why)) {
		(void)fprintf(stderr, "mailwarden fleet: %s\n", why.text);
		code = COMMAND_RUNTIME;
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
			      : usage_error("the settings have no such output of type "
					    "redis");
	}
	settings_free(&settings);
	return code;
}

static bool read_top(const char *text, unsigned *top)
{
	char *end;
	const unsigned long number = strtoul(text, &end, 10);
	*top = (unsigned)number;
	return *text >= '0' && *text <= '9' && *end == '\0' && number > 0 &&
	       number <= TOP_MOST;
}

static bool set_option(struct request *request, int option, const char *value)
{
	switch (option) {
	case 'c':
		request->config = value;
		return true;
	case OPTION_JSON:
		request->is_json = true;
		return true;
	case OPTION_TOP:
		return read_top(value, &request->top);
	default:
		return false;
	}
}

static int run(int argc, char **argv)
{
	struct request request = {.top = TOP_STANDARD};
	int option;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "c:h", OPTIONS, NULL)) != -1) {
		if (option == 'h') {
			(void)fputs(HELP, stdout);
			return COMMAND_OK;
		}
		if (!set_option(&request, option, optarg)) {
			return usage_error(option == OPTION_TOP
						   ? "--top takes 1 to 100"
						   : "unknown option or missing value");
		}
	}
	if (!request.config) {
		return usage_error("which settings file? (-c FILE)");
	}
	if (argc - optind > 1) {
		return usage_error("one output at most");
	}
	request.output = argv[optind];
	return fleet_of(&request);
}

const struct command COMMAND_FLEET = {
	.name = "fleet",
	.summary = "what all sensors of a Redis counted",
	.run = run,
};
