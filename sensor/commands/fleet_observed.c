#include "commands/fleet_observed.h"

#include "base/replaced_file.h"
#include "commands/matrices.h"
#include "commands/traffic.h"
#include "commands/views.h"
#include "report/json_writer.h"
#include "report/observed_text.h"
#include "www/overview.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define NAME_COLUMNS 27

/* Of the files one by one, and of all as the last. */
struct sums {
	struct observed_totals *list;
	const struct option_words *files;
};

static void print_sum(const char *name, const struct observed_totals *totals)
{
	char first[OBSERVED_DAY_BYTES] = "-";
	char last[OBSERVED_DAY_BYTES] = "-";
	if (totals->flows > 0) {
		observed_day(totals->first_us, first);
		observed_day(totals->last_us, last);
	}
	if (strlen(name) > NAME_COLUMNS) {
		(void)printf("%s\n", name);
		name = "";
	}
	const bool is_partial = observed_is_partial(totals);
	(void)printf("%-*s %8" PRIu32 " %12" PRIu64 " %-10s %-*s%s\n", NAME_COLUMNS,
		name, totals->entries, totals->flows, first, is_partial ? 11 : 0, last,
		is_partial ? "partial" : "");
}

/* Flows that a sensor counted and another one had already; what a file claims may be less. */
static uint64_t seen_by_several(const struct sums *sums)
{
	const size_t count = sums->files->count;
	uint64_t flows = 0;
	for (size_t i = 0; i < count; i++) {
		flows += sums->list[i].flows;
	}
	const uint64_t all = sums->list[count].flows;
	return flows > all ? flows - all : 0;
}

static void print_sums(const struct sums *sums)
{
	const size_t count = sums->files->count;
	(void)printf("\n%-*s %8s %12s %-10s last\n", NAME_COLUMNS, "sensor", "pairs",
		"flows", "first");
	for (size_t i = 0; i < count; i++) {
		print_sum(sums->files->list[i], &sums->list[i]);
	}
	print_sum("all", &sums->list[count]);
	(void)printf("\nFlows seen by several sensors, counted once: %" PRIu64 ".\n",
		seen_by_several(sums));
}

static void write_sums(const struct sums *sums)
{
	struct json_writer writer = {.out = stdout};
	json_object_open(&writer, NULL);
	json_array_open(&writer, "sensors");
	for (size_t i = 0; i < sums->files->count; i++) {
		json_object_open(&writer, NULL);
		json_text(&writer, "file", sums->files->list[i]);
		observed_json_totals(&writer, &sums->list[i]);
		json_object_close(&writer);
	}
	json_array_close(&writer);
	json_number(&writer, "seen_by_several", seen_by_several(sums));
	json_object_close(&writer);
	json_line_end(&writer);
}

/* Those of these files together are one sum; the matrix stays in *views. */
static int add_up(const struct fleet_observed *request, struct views *views,
	const struct option_words *files, struct observed_totals *totals)
{
	const int code = views_observe(views, &COMMAND_FLEET, request->pairs, files);
	if (code == OPTIONS_GO_ON) {
		observed_totals(views->observed, totals);
	}
	return code;
}

static int add_up_each(const struct fleet_observed *request, const struct sums *sums)
{
	int code = OPTIONS_GO_ON;
	for (size_t i = 0; i < sums->files->count && code == OPTIONS_GO_ON; i++) {
		const struct option_words one = {&sums->files->list[i], 1};
		struct views views = {.matrix = NULL};
		code = add_up(request, &views, &one, &sums->list[i]);
		views_free(&views);
	}
	return code;
}

struct content {
	const struct overview *overview;
	struct reason *why;
};

static bool write_content(FILE *out, const void *what)
{
	const struct content *content = what;
	errno = ENOMEM;
	return overview_write(out, content->overview, content->why);
}

static int save_page(const struct fleet_observed *request, const struct views *views,
	const struct overview_sensor *sensors, const struct sums *sums)
{
	struct reason why;
	const size_t count = sums->files->count;
	struct overview overview = {.matrix = views->matrix,
		.observed = views->observed,
		.sensors = sensors,
		.sensor_count = count,
		.now_us = sums->list[count].last_us,
		.pairs = request->pairs,
		.language = (enum texts_language)request->language};
	const struct content content = {&overview, &why};
	if (getrandom(&overview.seed, sizeof(overview.seed), 0) !=
		sizeof(overview.seed)) {
		return command_failed(
			&COMMAND_FLEET, "no random numbers for the hash seed");
	}
	return replaced_file_save(request->html, write_content, &content, &why)
		       ? OPTIONS_GO_ON
		       : command_failed(&COMMAND_FLEET, "%s", why.text);
}

/* One page over all of them. */
static int write_page(const struct fleet_observed *request, const struct views *views,
	const struct sums *sums)
{
	const size_t count = sums->files->count;
	struct overview_sensor *sensors = calloc(count, sizeof(*sensors));
	if (!sensors) {
		return command_failed(&COMMAND_FLEET, "no memory");
	}
	for (size_t i = 0; i < count; i++) {
		sensors[i] =
			(struct overview_sensor){sums->files->list[i], &sums->list[i]};
	}
	const int code = save_page(request, views, sensors, sums);
	free(sensors);
	return code;
}

static int tell(const struct fleet_observed *request, const struct sums *sums)
{
	struct views views = {.matrix = NULL};
	if (request->html && !(views.matrix = matrices_load(&request->matrices))) {
		return COMMAND_USAGE;
	}
	int code =
		add_up(request, &views, sums->files, &sums->list[sums->files->count]);
	if (code == OPTIONS_GO_ON && request->html) {
		code = write_page(request, &views, sums);
	}
	if (code == OPTIONS_GO_ON && request->is_json) {
		write_sums(sums);
	}
	if (code == OPTIONS_GO_ON) {
		code = views_show_observed(
			&views, &COMMAND_FLEET, request->write, request->is_json);
	}
	if (code == COMMAND_OK && !request->is_json) {
		print_sums(sums);
	}
	views_free(&views);
	return code;
}

/* Each is read twice, alone and with the others, and is of a sensor. */
static int refuse(const struct option_words *files)
{
	for (size_t i = 0; i < files->count; i++) {
		const char *name = files->list[i];
		if (strcmp(name, "-") == 0) {
			return command_misused(&COMMAND_FLEET,
				"standard input is no file of a sensor");
		}
		if (traffic_is_capture(name)) {
			(void)fprintf(stderr,
				"%s: no observed matrix, journal or EVE lines of a "
				"sensor\n",
				name);
			return COMMAND_USAGE;
		}
	}
	return OPTIONS_GO_ON;
}

int fleet_observed(
	const struct fleet_observed *request, const struct option_words *files)
{
	int code = refuse(files);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	struct sums sums = {calloc(files->count + 1, sizeof(*sums.list)), files};
	if (!sums.list) {
		return command_failed(&COMMAND_FLEET, "no memory");
	}
	code = add_up_each(request, &sums);
	if (code == OPTIONS_GO_ON) {
		code = tell(request, &sums);
	}
	free(sums.list);
	return code;
}
