#include "commands/options.h"

#include "base/clock.h"
#include "capture/forwarded.h"
#include "control/metrics_text.h"
#include "control/sensor.h"
#include "control/status_json.h"
#include "matrix/sentence.h"

#include <inttypes.h>
#include <stdio.h>

#define TOP_FINDINGS 5

struct top {
	enum finding finding;
	uint64_t count;
};

/* Put one in its place among the count listed; the last one may fall off. */
static size_t top_add(struct top top[TOP_FINDINGS], size_t count, struct top next)
{
	size_t at = count < TOP_FINDINGS ? count++ : TOP_FINDINGS;
	for (; at > 0 && top[at - 1].count < next.count; at--) {
		if (at < TOP_FINDINGS) {
			top[at] = top[at - 1];
		}
	}
	if (at < TOP_FINDINGS) {
		top[at] = next;
	}
	return count;
}

/* The most frequent first; returns how many there are. */
static size_t top_findings(const struct status_page *page, struct top top[TOP_FINDINGS])
{
	size_t count = 0;
	for (int finding = 0; finding < FINDING_COUNT; finding++) {
		const struct top next = {
			(enum finding)finding, status_finding_total(page, finding)};
		count = next.count > 0 ? top_add(top, count, next) : count;
	}
	return count;
}

static const char *text_of(const char *field, size_t size, char text[128])
{
	return status_text(field, size, text, 128);
}

static void print_process(const struct status_process *process)
{
	char name[128];
	char source[128];
	char why[128];
	(void)printf("%-12s %-9s %8d %12" PRIu64 " %9" PRIu64 " %9" PRIu64
		     " %9.1f %8" PRIu64 " %8" PRIu64 "  %s\n",
		text_of(process->name, sizeof(process->name), name),
		status_state_name((enum status_state)process->state), process->pid,
		process->packets, process->lost, process->flows,
		(double)process->lag_us / 1000.0, process->waiting, process->restarts,
		text_of(process->source, sizeof(process->source), source));
	if (process->why.text[0] != '\0') {
		(void)printf("             %s\n",
			text_of(process->why.text, sizeof(process->why.text), why));
	}
}

static void print_outputs(const struct status_page *page)
{
	const unsigned first = status_workers_end(page);
	char name[128];
	char type[128];
	for (unsigned i = first; i < status_outputs_end(page); i++) {
		const struct status_process *output = &page->processes[i];
		if (i == first) {
			(void)printf("\n%-23s %-9s %8s %12s %12s %9s %8s %8s  %s\n",
				"output", "state", "pid", "delivered", "backlog B",
				"lag s", "failures", "restarts", "type");
		}
		(void)printf("%-23s %-9s %8d %12" PRIu64 " %12" PRIu64
			     " %9.1f %8" PRIu64 " %8" PRIu64 "  %s\n",
			text_of(output->name, sizeof(output->name), name),
			output->is_down && output->state == STATUS_STATE_RUNNING
				? "down"
				: status_state_name((enum status_state)output->state),
			output->pid, output->delivered, output->backlog,
			(double)output->lag_us / 1e6, output->faults, output->restarts,
			text_of(output->source, sizeof(output->source), type));
		if (output->why.text[0] != '\0') {
			(void)printf("                        %s\n",
				text_of(output->why.text, sizeof(output->why.text),
					type));
		}
	}
}

static void print_ban(struct json_writer *writer, const char *address, uint64_t left_us)
{
	(void)writer;
	(void)printf("banned      %s for another %" PRIu64 " s\n", address,
		left_us / 1000000);
}

static void print_bans(const struct status_page *page, bool is_running)
{
	const struct bans *bans = &page->bans;
	if (is_running) {
		(void)status_each_ban(page, print_ban, NULL);
	}
	if (bans->given > 0 || bans->refused > 0) {
		(void)printf("bans        %" PRIu32 " given, %" PRIu64
			     " refused for want of room\n",
			bans->given, bans->refused);
	}
}

/* Nothing, where all was looked into. */
static void print_blindness(const struct status_page *page)
{
	struct blindness sum;
	char text[BLINDNESS_TEXT_BYTES];
	status_blindness(page, &sum);
	if (blindness_total(&sum).frames > 0) {
		(void)printf("\nblind       %s\n", blindness_text(&sum, text));
	}
}

/* Inline, and only where there were any. */
static void print_unseen(const struct status_page *page)
{
	char name[128];
	for (unsigned i = SENSOR_WORKERS; i < status_workers_end(page); i++) {
		const struct status_process *process = &page->processes[i];
		if (process->unseen > 0) {
			(void)printf("\nunseen      %s: %s%" PRIu64
				     " packets %s, in a second %" PRIu64 " at most\n",
				text_of(process->name, sizeof(process->name), name),
				page->is_fail_closed ? "" : "at least ",
				process->unseen,
				page->is_fail_closed ? "dropped" : "passed",
				process->unseen_most);
		}
	}
}

/* Inline: of a family that passes and does not come to a queue. */
static void print_families(const struct status_page *page)
{
	for (int i = 0; i < FORWARDED_FAMILIES; i++) {
		if (page->families_unseen & UINT32_C(1) << i) {
			(void)printf("\nunseen      %s passes, and none of it comes to "
				     "a queue: are the rules loaded for it?\n",
				forwarded_name((enum forwarded_family)i));
		}
	}
}

/* Nothing, where no row ends. */
static void print_rows(const struct status_rows *rows, uint64_t now_us)
{
	char id[128];
	char day[SENTENCE_DAY_BYTES];
	const int64_t left_s = rows->next_s - (int64_t)(now_us / 1000000);
	if (rows->next_s != 0) {
		(void)printf("\nexpires     row %s is next, in %" PRId64
			     " days (last day %s); %u within 30 days\n",
			text_of(rows->next, sizeof(rows->next), id),
			left_s > 0 ? left_s / MATRIX_EXPIRY_DAY_S : 0,
			sentence_last_day(rows->next_s, day), rows->soon_count);
	}
	if (rows->ended_count > 0) {
		(void)printf("%sexpired     %u rows, row %s last (last day %s)\n",
			rows->next_s != 0 ? "" : "\n", rows->ended_count,
			text_of(rows->ended, sizeof(rows->ended), id),
			sentence_last_day(rows->ended_s, day));
	}
}

static void print_text(const struct status_page *page, bool is_running)
{
	char host[128];
	struct top top[TOP_FINDINGS];
	const uint64_t now_us = clock_realtime_us();
	(void)printf("%s: up %" PRIu64 " s, matrix %u loaded %" PRIu64
		     " s ago, %" PRIu64 " reloads refused, %" PRIu64
		     " alerts of its own, mode %s\n\n",
		text_of(page->host, sizeof(page->host), host),
		(now_us - page->started_us) / 1000000, page->matrix,
		(now_us - page->loaded_us) / 1000000, page->reload_failures,
		page->alerts, page->is_enforcing ? "enforce" : "audit");
	(void)printf("%-12s %-9s %8s %12s %9s %9s %9s %8s %8s  %s\n", "process",
		"state", "pid", "packets", "lost", "flows", "lag ms", "waiting",
		"restarts", "source");
	for (unsigned i = SENSOR_WORKERS; i < status_workers_end(page); i++) {
		print_process(&page->processes[i]);
	}
	print_blindness(page);
	print_unseen(page);
	print_families(page);
	print_outputs(page);
	print_rows(&page->rows, now_us);
	const size_t count = top_findings(page, top);
	for (size_t i = 0; i < count; i++) {
		(void)printf("%s%10" PRIu64 "  %s\n", i ? "" : "\nFindings\n",
			top[i].count, finding_row(top[i].finding)->id);
	}
	print_bans(page, is_running);
}

static int tell(const char *directory, bool is_json)
{
	struct reason why;
	bool is_running = false;
	const struct status_page *page = status_open(directory, &is_running, &why);
	if (!page) {
		return command_failed(&COMMAND_STATUS, "%s", why.text);
	}
	if (is_json) {
		status_json_write(stdout, page, is_running);
	} else {
		print_text(page, is_running);
		if (is_running &&
			!metrics_is_healthy(page, clock_realtime_us(), &why)) {
			(void)printf("\nNOT HEALTHY  %s\n", why.text);
		}
	}
	if (!is_running) {
		(void)fprintf(stderr,
			"mailwarden status: the sensor does not run; this "
			"is how it was last\n");
	}
	return is_running ? COMMAND_OK : COMMAND_RUNTIME;
}

struct status {
	const char *directory;
	bool is_json;
};

static int status_run(int argc, char **argv)
{
	struct status status = {.directory = SETTINGS_STATE_DIR};
	struct option_words words;
	const int code = options_read(&COMMAND_STATUS, argc, argv, &status, &words);
	return code != OPTIONS_GO_ON ? code : tell(status.directory, status.is_json);
}

static const char ABOUT[] =
	"Tell how the running sensor is: its processes, packets, losses, flows, lag,\n"
	"restarts, and what it found most.\n";

static const struct option_row OPTIONS[] = {
	{.name = "state-dir",
		.argument = "DIR",
		.help = "of that sensor (default " SETTINGS_STATE_DIR ")",
		.set = option_set_text,
		.field = offsetof(struct status, directory)},
	{.name = "json",
		.letter = 'j',
		.help = "one JSON object with all counters",
		.set = option_set_flag,
		.field = offsetof(struct status, is_json)},
	{.name = NULL},
};

const struct command COMMAND_STATUS = {
	.name = "status",
	.summary = "how the running sensor is: packets, losses, flows, findings",
	.about = ABOUT,
	.examples = "  mailwarden status\n"
		    "  mailwarden status --json | jq .processes\n",
	.exits = "0 it runs, 3 it does not.\n",
	.options = OPTIONS,
	.run = status_run,
};
