#include "commands/options.h"

#include "base/clock.h"
#include "base/columns.h"
#include "base/landlock.h"
#include "capture/forwarded.h"
#include "control/sensor.h"
#include "matrix/sentence.h"
#include "status/metrics_text.h"
#include "status/status_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SENDERS_SHOWN   10
#define PROCESS_COLUMNS 10
#define OUTPUT_COLUMNS  13
#define TEXT_AT         12 /* the column behind a word in front */
#define US_PER_S        UINT64_C(1000000)

struct found {
	enum finding finding;
	enum severity severity; /* the worst it was told with */
	uint64_t count;
};

static int compare_found(const void *a, const void *b)
{
	const struct found *left = a;
	const struct found *right = b;
	if (left->severity != right->severity) {
		return left->severity < right->severity ? -1 : 1;
	}
	return (left->count < right->count) - (left->count > right->count);
}

/* All of them, the gravest first, then the most frequent. */
static void print_findings(const struct status_page *page)
{
	struct found list[FINDING_COUNT];
	size_t count = 0;
	for (int finding = 0; finding < FINDING_COUNT; finding++) {
		const uint64_t total = status_finding_total(page, finding);
		if (total > 0) {
			list[count++] = (struct found){(enum finding)finding,
				status_finding_worst(page, finding), total};
		}
	}
	qsort(list, count, sizeof(list[0]), compare_found);
	for (size_t i = 0; i < count; i++) {
		(void)printf("%s%10" PRIu64 "  %-8s  %s\n", i ? "" : "\nFindings\n",
			list[i].count, severity_name(list[i].severity),
			finding_row(list[i].finding)->id);
	}
}

/* "2026-01-31T12:00:00Z" */
static const char *time_text(uint64_t time_us, char text[24])
{
	const time_t time_s = (time_t)(time_us / US_PER_S);
	struct tm parts;
	text[0] = '\0';
	if (gmtime_r(&time_s, &parts)) {
		(void)strftime(text, 24, "%Y-%m-%dT%H:%M:%SZ", &parts);
	}
	return text;
}

/* What going to enforce would change, or what rows in audit mode keep from it. */
static void print_would_block(const struct status_page *page)
{
	struct status_sender_sum senders[SENDERS_SHOWN] = {{.count = 0}};
	const size_t count = status_senders(page, senders, SENDERS_SHOWN);
	char text[ADDRESS_TEXT_BYTES];
	char since[24];
	bool is_first = true;
	for (int finding = 0; finding < FINDING_FLOW_COUNT; finding++) {
		const uint64_t total = status_would_block_total(page, finding);
		if (total > 0) {
			(void)printf("%s%10" PRIu64 "  %s\n",
				is_first ? "\nWould have been blocked\n" : "", total,
				finding_row((enum finding)finding)->id);
			is_first = false;
		}
	}
	for (size_t i = 0; i < count; i++) {
		(void)printf("%10" PRIu64 "  of %s, since %s\n", senders[i].count,
			address_text(&senders[i].address, text),
			time_text(senders[i].since_us, since));
	}
}

static const char *text_of(const char *field, size_t size, char text[128])
{
	return status_text(field, size, text, 128);
}

/* In a line of its own, from that column on; nothing where it is empty. */
static void print_below(const char *field, size_t size, size_t column)
{
	char text[128];
	if (field[0] != '\0') {
		(void)printf("%*s", (int)column, "");
		columns_wrap(stdout, text_of(field, size, text), column, column);
	}
}

static void print_process(const struct status_process *process)
{
	char name[128];
	(void)printf("%-9s %-8s %7d %11" PRIu64 " %7" PRIu64 " %8" PRIu64
		     " %7.1f %7" PRIu64 " %8" PRIu64 "\n",
		text_of(process->name, sizeof(process->name), name),
		status_state_name((enum status_state)process->state), process->pid,
		process->packets, process->lost, process->flows,
		(double)process->lag_us / 1000.0, process->waiting, process->restarts);
	print_below(process->source, sizeof(process->source), PROCESS_COLUMNS);
	print_below(process->why.text, sizeof(process->why.text), PROCESS_COLUMNS);
}

/* How long it is down, and what it did not get. */
static void print_trouble(const struct status_process *output)
{
	const uint64_t down_us = status_down_us(output, clock_monotonic_us());
	if (down_us > 0) {
		(void)printf("%*sdown for %" PRIu64 " s\n", OUTPUT_COLUMNS + 1, "",
			down_us / 1000000);
	}
	if (output->lost > 0) {
		(void)printf("%*s%" PRIu64
			     " bytes of records were lost: the journal dropped them\n",
			OUTPUT_COLUMNS + 1, "", output->lost);
	}
	if (output->unreadable > 0) {
		(void)printf("%*slines of the journal that were no records of ours: "
			     "%" PRIu64 "\n",
			OUTPUT_COLUMNS + 1, "", output->unreadable);
	}
}

static void print_outputs(const struct status_page *page)
{
	const unsigned first = status_workers_end(page);
	char name[128];
	for (unsigned i = first; i < status_outputs_end(page); i++) {
		const struct status_process *output = &page->processes[i];
		if (i == first) {
			(void)printf("\n%-13s %-8s %7s %11s %11s %7s %8s %8s\n",
				"output", "state", "pid", "delivered", "backlog B",
				"lag s", "failures", "restarts");
		}
		text_of(output->name, sizeof(output->name), name);
		if (strlen(name) > OUTPUT_COLUMNS) {
			(void)printf("%s\n", name);
			name[0] = '\0';
		}
		(void)printf("%-*s %-8s %7d %11" PRIu64 " %11" PRIu64 " %7.1f %8" PRIu64
			     " %8" PRIu64 "\n",
			OUTPUT_COLUMNS, name,
			output->is_down && output->state == STATUS_STATE_RUNNING
				? "down"
				: status_state_name((enum status_state)output->state),
			output->pid, output->delivered, output->backlog,
			(double)status_waited_us(output, clock_realtime_us()) / 1e6,
			output->faults, output->restarts);
		print_below(output->source, sizeof(output->source), OUTPUT_COLUMNS + 1);
		print_trouble(output);
		print_below(
			output->why.text, sizeof(output->why.text), OUTPUT_COLUMNS + 1);
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
		columns_say(stdout, TEXT_AT, "\nblind       %s\n",
			blindness_text(&sum, text));
	}
	if (sum.kinds[DECODE_BLIND_CUT].frames > 0) {
		columns_say(stdout, TEXT_AT,
			"            frames arrive cut short, and nothing is said of "
			"what is missing: have the mirror send them whole (no snap "
			"length, no slicing), and turn off what puts them together "
			"(ethtool -K INTERFACE lro off gro off)\n");
	}
}

static uint64_t sum_of(const struct status_page *page, const char *name)
{
	uint64_t sum = 0;
	for (unsigned i = SENSOR_WORKERS; i < status_workers_end(page); i++) {
		sum += status_counter_of(&page->processes[i], name);
	}
	return sum;
}

/* Nothing, where every segment was one that its receiver takes. */
static void print_decoys(const struct status_page *page)
{
	const uint64_t set_aside = sum_of(page, "tcp.set_aside");
	const uint64_t ambiguous = sum_of(page, "tcp.ambiguous");
	if (set_aside + ambiguous > 0) {
		columns_say(stdout, TEXT_AT,
			"\ndecoys      %" PRIu64 " segments were set aside, %" PRIu64
			" of them not taken; ambiguous: %" PRIu64 "\n",
			set_aside, sum_of(page, "tcp.not_taken"), ambiguous);
	}
}

/* Inline, and only where there were any. */
static void print_unseen(const struct status_page *page)
{
	char name[128];
	for (unsigned i = SENSOR_WORKERS; i < status_workers_end(page); i++) {
		const struct status_process *process = &page->processes[i];
		if (process->unseen > 0) {
			columns_say(stdout, TEXT_AT,
				"\nunseen      %s: %s%" PRIu64
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
			columns_say(stdout, TEXT_AT,
				"\nunseen      %s passes, and none of it comes to "
				"a queue: are the rules loaded for it?\n",
				forwarded_name((enum forwarded_family)i));
		}
	}
}

/* Nothing, where none ends. what: "row" or "acceptance of". */
static void print_endings(
	const struct status_endings *endings, const char *what, uint64_t now_us)
{
	char name[2 * STATUS_ENDING_BYTES];
	char day[SENTENCE_DAY_BYTES];
	if (endings->next_s != 0) {
		columns_say(stdout, TEXT_AT,
			"\nexpires     %s %s is next, in %" PRId64
			" days (last day %s); %u within 30 days\n",
			what, text_of(endings->next, sizeof(endings->next), name),
			matrix_expiry_days(
				endings->next_s, (int64_t)(now_us / US_PER_S)),
			sentence_last_day(endings->next_s, day), endings->soon_count);
	}
	if (endings->ended_count > 0) {
		columns_say(stdout, TEXT_AT,
			"%sexpired     %u in all, %s %s last (last day %s)\n",
			endings->next_s != 0 ? "" : "\n", endings->ended_count, what,
			text_of(endings->ended, sizeof(endings->ended), name),
			sentence_last_day(endings->ended_s, day));
	}
	if (endings->over_count > 0) {
		columns_say(stdout, TEXT_AT,
			"            %u of these are past their grace: what they "
			"allowed is blocked\n",
			endings->over_count);
	}
}

/* Nothing, where there was room for all. */
static void print_observed(const struct status_page *page)
{
	if (page->observed_given_up_pairs > 0) {
		columns_say(stdout, TEXT_AT,
			"\nobserved    partial: given up for want of room "
			"(observed-pairs, %" PRIu32 "): pairs %" PRIu64
			", flows %" PRIu64 "\n",
			page->observed_room, page->observed_given_up_pairs,
			page->observed_given_up_flows);
	}
}

static void print_lists(const struct list_states *lists)
{
	for (uint32_t i = 0; i < list_states_count_of(lists); i++) {
		const struct list_state *state = &lists->list[i];
		char name[128];
		char since[24];
		char problem[sizeof(state->problem.text) + 1];
		columns_say(stdout, TEXT_AT,
			"%s%-12s%s: %s, %" PRIu32 " entries, %" PRIu64
			" hits, read %s%s%s\n",
			i == 0 ? "\n" : "", i == 0 ? "lists" : "",
			text_of(state->name, sizeof(state->name), name),
			list_state_kind(state), state->entries, (uint64_t)state->hits,
			state->read_s > 0
				? time_text((uint64_t)state->read_s * US_PER_S, since)
				: "never",
			state->is_kept ? "; KEPT, its file is not usable: " : "",
			state->is_kept ? status_text(state->problem.text,
						 sizeof(state->problem.text), problem,
						 sizeof(problem))
				       : "");
	}
}

/* What kind is in use; inline, decided flows leave the queue by themselves. */
static void print_shunt(const struct status_page *page)
{
	uint32_t interfaces = 0;
	uint64_t shunted = 0;
	uint64_t packets = 0;
	for (unsigned i = SENSOR_WORKERS; i < status_workers_end(page); i++) {
		interfaces |= page->processes[i].interfaces_shunting;
		shunted += page->processes[i].shunted;
		packets += page->processes[i].packets;
	}
	if (interfaces != 0) {
		columns_say(stdout, TEXT_AT,
			"\nshunt       socket filter on %d interfaces: %" PRIu64
			" packets of decided flows counted in the kernel (%" PRIu64
			" %%)\n",
			__builtin_popcount(interfaces), shunted,
			packets > 0 ? shunted * 100 / packets : 0);
	} else if (!page->is_inline) {
		(void)printf("\nshunt       none\n");
	}
}

static void print_cage(const struct status_page *page)
{
	if (page->landlock == 0) {
		(void)printf("\ncage        system calls alone: this kernel has no "
			     "Landlock\n");
	} else {
		(void)printf("\ncage        system calls, files%s (Landlock %u)\n",
			page->landlock >= LANDLOCK_PORTS ? ", TCP ports" : "",
			page->landlock);
	}
}

/* Of one that does not run: as of when it was last at work. */
static void print_head(const struct status_page *page, bool is_running, uint64_t now_us)
{
	char host[128];
	char since[24];
	if (!is_running) {
		(void)printf("NOT RUNNING  this is how the sensor was at its end, %s\n",
			time_text(page->alive_us, since));
	}
	columns_say(stdout, 2,
		"%s: up %" PRIu64 " s, matrix %u loaded %" PRIu64 " s ago, %" PRIu64
		" reloads refused, %" PRIu64
		" alerts of its own%s; its workers take %" PRIu64 " MB at most\n\n",
		text_of(page->host, sizeof(page->host), host),
		(now_us - page->started_us) / US_PER_S, page->matrix,
		(now_us - page->loaded_us) / US_PER_S, page->reload_failures,
		page->alerts,
		!page->is_inline     ? ""
		: page->is_enforcing ? ", mode enforce"
				     : ", mode audit",
		page->memory_bytes >> 20);
}

static void print_text(const struct status_page *page, bool is_running)
{
	const uint64_t now_us = is_running ? clock_realtime_us() : page->alive_us;
	print_head(page, is_running, now_us);
	(void)printf("%-9s %-8s %7s %11s %7s %8s %7s %7s %8s\n", "process", "state",
		"pid", "packets", "lost", "flows", "lag ms", "waiting", "restarts");
	for (unsigned i = SENSOR_WORKERS; i < status_workers_end(page); i++) {
		print_process(&page->processes[i]);
	}
	print_blindness(page);
	print_decoys(page);
	print_unseen(page);
	print_families(page);
	print_observed(page);
	print_lists(&page->lists);
	print_outputs(page);
	print_endings(&page->endings[MATRIX_ENDING_ROW], "row", now_us);
	print_endings(
		&page->endings[MATRIX_ENDING_ACCEPTANCE], "acceptance of", now_us);
	print_findings(page);
	print_would_block(page);
	print_bans(page, is_running);
	print_shunt(page);
	print_cage(page);
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
		if (is_running && !status_is_healthy(page, clock_realtime_us(), &why)) {
			columns_say(stdout, 13, "\nNOT HEALTHY  %s\n", why.text);
		}
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
	"Show how the running sensor is: its processes, packets, losses, flows, lag,\n"
	"restarts, what it found, and whom it would have blocked.\n";

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
	.exits = "0 it runs, 2 usage, 3 it does not.\n",
	.options = OPTIONS,
	.run = status_run,
};
