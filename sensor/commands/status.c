#include "commands/command.h"

#include "base/clock.h"
#include "control/sensor.h"
#include "report/json_writer.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TOP_FINDINGS 5

static const char HELP[] =
	"Usage: mailwarden status [--state-dir DIR] [--json]\n"
	"\n"
	"Tell how the running sensor is: its processes, packets, losses, flows, lag,\n"
	"restarts, and what it found most.\n"
	"\n"
	"      --state-dir DIR    of that sensor (default " SETTINGS_STATE_DIR ")\n"
	"      --json             one JSON object with all counters\n"
	"  -h, --help             this text\n"
	"\n"
	"Exit: 0 it runs, 3 it does not.\n";

struct top {
	enum finding finding;
	uint64_t count;
};

static unsigned process_count(const struct status_page *page)
{
	const unsigned count = page->process_count;
	return count < STATUS_PROCESSES_MAX ? count : STATUS_PROCESSES_MAX;
}

static uint64_t finding_total(const struct status_page *page, int finding)
{
	uint64_t total = 0;
	for (unsigned i = 0; i < process_count(page); i++) {
		total += page->processes[i].findings[finding];
	}
	return total;
}

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
			(enum finding)finding, finding_total(page, finding)};
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

static unsigned place_count(const struct status_page *page)
{
	const unsigned count = page->place_count;
	return count < STATUS_PROCESSES_MAX ? count : STATUS_PROCESSES_MAX;
}

static void print_outputs(const struct status_page *page)
{
	const unsigned first = process_count(page);
	char name[128];
	char type[128];
	for (unsigned i = first; i < place_count(page); i++) {
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

/* Visits every ban that holds; returns how many. */
static size_t each_ban(const struct status_page *page,
	void (*visit)(
		struct json_writer *writer, const char *address, uint64_t until_us),
	struct json_writer *writer)
{
	const uint64_t now_us = clock_realtime_us();
	size_t count = 0;
	for (size_t i = 0; i < BANS_PLACES; i++) {
		struct address address;
		uint64_t until_us;
		char text[ADDRESS_TEXT_BYTES];
		if (bans_at(&page->bans, i, now_us, &address, &until_us)) {
			visit(writer, address_text(&address, text), until_us);
			count++;
		}
	}
	return count;
}

static void print_ban(
	struct json_writer *writer, const char *address, uint64_t until_us)
{
	(void)writer;
	const uint64_t now_us = clock_realtime_us();
	(void)printf("banned      %s for another %" PRIu64 " s\n", address,
		until_us > now_us ? (until_us - now_us) / 1000000 : 0);
}

static void write_ban(
	struct json_writer *writer, const char *address, uint64_t until_us)
{
	json_object_open(writer, NULL);
	json_text(writer, "address", address);
	json_time(writer, "until", until_us);
	json_object_close(writer);
}

static void print_text(const struct status_page *page)
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
	for (unsigned i = SENSOR_WORKERS; i < process_count(page); i++) {
		print_process(&page->processes[i]);
	}
	print_outputs(page);
	const size_t count = top_findings(page, top);
	for (size_t i = 0; i < count; i++) {
		(void)printf("%s%10" PRIu64 "  %s\n", i ? "" : "\nFindings\n",
			top[i].count, finding_row(top[i].finding)->id);
	}
	(void)each_ban(page, print_ban, NULL);
}

static void write_process(
	struct json_writer *writer, const struct status_process *process)
{
	char text[128];
	json_object_open(writer, NULL);
	json_text(writer, "name", text_of(process->name, sizeof(process->name), text));
	json_text(
		writer, "state", status_state_name((enum status_state)process->state));
	json_number(writer, "pid", (uint64_t)process->pid);
	json_text(writer, "source",
		text_of(process->source, sizeof(process->source), text));
	json_number(writer, "packets", process->packets);
	json_number(writer, "lost", process->lost);
	json_number(writer, "flows", process->flows);
	json_number(writer, "lag_us", process->lag_us);
	json_number(writer, "waiting", process->waiting);
	json_number(writer, "queue_full", process->queue_full);
	json_number(writer, "restarts", process->restarts);
	json_number(writer, "records_refused", process->refused);
	json_number(writer, "faults", process->faults);
	json_number(writer, "matrix", process->matrix);
	json_object_open(writer, "counters");
	for (unsigned i = 0; i < process->counter_count && i < STATUS_COUNTERS_MAX;
		i++) {
		const struct status_counter *counter = &process->counters[i];
		json_number(writer, text_of(counter->name, sizeof(counter->name), text),
			counter->value);
	}
	json_object_close(writer);
	json_object_close(writer);
}

static void write_output(
	struct json_writer *writer, const struct status_process *output)
{
	char text[128];
	json_object_open(writer, NULL);
	json_text(writer, "name", text_of(output->name, sizeof(output->name), text));
	json_text(
		writer, "type", text_of(output->source, sizeof(output->source), text));
	json_text(writer, "state", status_state_name((enum status_state)output->state));
	json_number(writer, "pid", (uint64_t)output->pid);
	json_bool(writer, "down", output->is_down != 0);
	json_number(writer, "delivered", output->delivered);
	json_number(writer, "backlog_bytes", output->backlog);
	json_number(writer, "lag_us", output->lag_us);
	json_number(writer, "failures", output->faults);
	json_number(writer, "lost_bytes", output->lost);
	json_number(writer, "restarts", output->restarts);
	json_object_close(writer);
}

static void print_json(const struct status_page *page, bool is_running)
{
	struct json_writer writer = {.out = stdout};
	char text[128];
	json_object_open(&writer, NULL);
	json_text(&writer, "host", text_of(page->host, sizeof(page->host), text));
	json_bool(&writer, "running", is_running);
	json_number(&writer, "pid", (uint64_t)page->pid);
	json_time(&writer, "started", page->started_us);
	json_number(&writer, "matrix", page->matrix);
	json_time(&writer, "matrix_loaded", page->loaded_us);
	json_number(&writer, "reloads_refused", page->reload_failures);
	json_number(&writer, "sensor_alerts", page->alerts);
	json_text(&writer, "mode", page->is_enforcing ? "enforce" : "audit");
	json_array_open(&writer, "processes");
	for (unsigned i = 0; i < process_count(page); i++) {
		write_process(&writer, &page->processes[i]);
	}
	json_array_close(&writer);
	json_array_open(&writer, "outputs");
	for (unsigned i = process_count(page); i < place_count(page); i++) {
		write_output(&writer, &page->processes[i]);
	}
	json_array_close(&writer);
	json_array_open(&writer, "bans");
	(void)each_ban(page, write_ban, &writer);
	json_array_close(&writer);
	json_object_open(&writer, "findings");
	for (int finding = 0; finding < FINDING_COUNT; finding++) {
		const uint64_t total = finding_total(page, finding);
		if (total > 0) {
			json_number(
				&writer, finding_row((enum finding)finding)->id, total);
		}
	}
	json_object_close(&writer);
	json_object_close(&writer);
	json_line_end(&writer);
}

static int tell(const char *directory, bool is_json)
{
	struct reason why;
	bool is_running = false;
	const struct status_page *page = status_open(directory, &is_running, &why);
	if (!page) {
		(void)fprintf(stderr, "mailwarden status: %s\n", why.text);
		return COMMAND_RUNTIME;
	}
	if (is_json) {
		print_json(page, is_running);
	} else {
		print_text(page);
	}
	if (!is_running) {
		(void)fprintf(stderr,
			"mailwarden status: the sensor does not run; this "
			"is how it was last\n");
	}
	return is_running ? COMMAND_OK : COMMAND_RUNTIME;
}

static int run(int argc, char **argv)
{
	static const struct option OPTIONS[] = {
		{"state-dir", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *directory = SETTINGS_STATE_DIR;
	bool is_json = false;
	int option;
	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "jh", OPTIONS, NULL)) != -1) {
		if (option == 's') {
			directory = optarg;
		} else if (option == 'j') {
			is_json = true;
		} else if (option == 'h') {
			(void)fputs(HELP, stdout);
			return COMMAND_OK;
		} else {
			optind = argc + 1;
			break;
		}
	}
	if (optind != argc) {
		(void)fprintf(stderr, "mailwarden status: unknown option or argument\n"
				      "Try 'mailwarden status --help'.\n");
		return COMMAND_USAGE;
	}
	return tell(directory, is_json);
}

const struct command COMMAND_STATUS = {
	.name = "status",
	.summary = "how the running sensor is: packets, losses, flows, findings",
	.run = run,
};
