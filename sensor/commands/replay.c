#include "commands/command.h"
#include "commands/progress.h"
#include "commands/replay_flows.h"
#include "commands/replay_journal.h"
#include "commands/state.h"
#include "control/sandbox.h"
#include "engine/engine.h"
#include "report/conformity_print.h"
#include "report/human.h"
#include "report/json.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define MATRICES_MAX         32
#define FLOWS_DEFAULT        (1U << 20)
#define WATCHED_DEFAULT      (1U << 16)
#define FOLD_WINDOW_US       (3600ULL * 1000000ULL)
#define ROUNDS_BETWEEN_TICKS 1024 /* of up to ENGINE_FRAMES_AT_ONCE frames */

struct replay {
	const char *matrices[MATRICES_MAX];
	size_t matrix_count;
	const char *flows_path;
	const char *state_path;
	const char *host;
	bool is_json;
	bool is_exit_code_wanted;
	bool is_verifying_checksums;
	bool is_second_opinion_wanted;
	uint32_t flow_entries;
	const char *journal_path;
	FILE *flows;                    /* mail records go here too, or NULL */
	struct replay_journal *journal; /* all records go here too, or NULL */
	const char *event_prefix;
	bool is_summary;
	struct human *human;
	struct conformity *conformity;
};

static const char HELP[] =
	"Usage: mailwarden replay FILE... -m MATRIX [OPTION...]\n"
	"\n"
	"Read captures (pcap or pcapng, also gzip, xz or zstd; - is stdin), recognise "
	"every\n"
	"mail flow on any port and hold it against the matrix.\n"
	"\n"
	"  -m, --matrix FILE      flow matrix; repeat it to join several\n"
	"      --json             EVE JSON lines on standard output: alert, mail, "
	"stats\n"
	"      --summary          no single findings: counts, then one line per "
	"recommendation\n"
	"                         (R34 ... R42+): conform, breached or not observable\n"
	"      --flows FILE       write one mail record per flow to FILE as well\n"
	"      --journal DIR      all records into the journal in DIR as well, for "
	"mailwarden ship;\n"
	"                         event ids are of this run alone then\n"
	"      --state FILE       what is known of each server: read FILE first, write "
	"it at the\n"
	"                         end (see mailwarden servers)\n"
	"      --exit-code        exit 1 when there is at least one finding, 3 when "
	"there is\n"
	"                         none but a capture could not be read to its end\n"
	"      --checksums MODE   verify or ignore (default: ignore, since captures "
	"made on\n"
	"                         the sending host hold checksums not filled in yet)\n"
	"      --no-ndpi          without nDPI's second opinion\n"
	"      --table FLOWS      flow table entries (default 1048576)\n"
	"      --host NAME        name of the sensor in records (default: replay)\n"
	"  -h, --help             this text\n"
	"\n"
	"Examples:\n"
	"  mailwarden replay monday.pcap -m rules/anssi-reference.yaml\n"
	"  mailwarden replay *.pcapng.zst -m internal.yaml -m gateway.yaml --json > "
	"eve.json\n"
	"  tcpdump -r big.pcap -w - tcp | mailwarden replay - -m matrix.yaml "
	"--exit-code\n"
	"  mailwarden replay audit.pcapng -m matrix.yaml --summary\n";

enum {
	OPTION_JSON = 256,
	OPTION_SUMMARY,
	OPTION_FLOWS,
	OPTION_JOURNAL,
	OPTION_STATE,
	OPTION_EXIT_CODE,
	OPTION_CHECKSUMS,
	OPTION_NO_NDPI,
	OPTION_TABLE,
	OPTION_HOST
};

static const struct option OPTIONS[] = {
	{"matrix", required_argument, NULL, 'm'},
	{"json", no_argument, NULL, OPTION_JSON},
	{"summary", no_argument, NULL, OPTION_SUMMARY},
	{"flows", required_argument, NULL, OPTION_FLOWS},
	{"journal", required_argument, NULL, OPTION_JOURNAL},
	{"state", required_argument, NULL, OPTION_STATE},
	{"exit-code", no_argument, NULL, OPTION_EXIT_CODE},
	{"checksums", required_argument, NULL, OPTION_CHECKSUMS},
	{"no-ndpi", no_argument, NULL, OPTION_NO_NDPI},
	{"table", required_argument, NULL, OPTION_TABLE},
	{"host", required_argument, NULL, OPTION_HOST},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int usage_error(const char *text, const char *value)
{
	(void)fprintf(stderr,
		"mailwarden replay: %s%s%s\nTry 'mailwarden replay --help'.\n", text,
		value ? ": " : "", value ? value : "");
	return COMMAND_USAGE;
}

static int add_matrix(struct replay *replay, const char *path)
{
	if (replay->matrix_count == MATRICES_MAX) {
		return usage_error("more matrix files than 32", NULL);
	}
	replay->matrices[replay->matrix_count++] = path;
	return COMMAND_OK;
}

static int set_checksums(struct replay *replay, const char *mode)
{
	replay->is_verifying_checksums = strcmp(mode, "verify") == 0;
	if (!replay->is_verifying_checksums && strcmp(mode, "ignore") != 0) {
		return usage_error("--checksums takes verify or ignore, not", mode);
	}
	return COMMAND_OK;
}

static int set_table(struct replay *replay, const char *value)
{
	char *end = NULL;
	errno = 0;
	const unsigned long entries = strtoul(value, &end, 10);
	if (errno != 0 || *end != '\0' || entries < 1024 || entries > 1UL << 28) {
		return usage_error("--table takes 1024 to 268435456 flows, not", value);
	}
	replay->flow_entries = (uint32_t)entries;
	return COMMAND_OK;
}

static int set_option(struct replay *replay, int option, const char *value)
{
	switch (option) {
	case 'm':
		return add_matrix(replay, value);
	case OPTION_JSON:
		replay->is_json = true;
		return COMMAND_OK;
	case OPTION_SUMMARY:
		replay->is_summary = true;
		return COMMAND_OK;
	case OPTION_FLOWS:
		replay->flows_path = value;
		return COMMAND_OK;
	case OPTION_JOURNAL:
		replay->journal_path = value;
		return COMMAND_OK;
	case OPTION_STATE:
		replay->state_path = value;
		return COMMAND_OK;
	case OPTION_EXIT_CODE:
		replay->is_exit_code_wanted = true;
		return COMMAND_OK;
	case OPTION_CHECKSUMS:
		return set_checksums(replay, value);
	case OPTION_NO_NDPI:
		replay->is_second_opinion_wanted = false;
		return COMMAND_OK;
	case OPTION_TABLE:
		return set_table(replay, value);
	case OPTION_HOST:
		replay->host = value;
		return COMMAND_OK;
	default:
		return usage_error("unknown or incomplete option", NULL);
	}
}

static void on_alert(void *context, const struct record *record, enum finding finding,
	const struct fold_count *count)
{
	struct replay *replay = (struct replay *)context;
	conformity_alert(replay->conformity, record, finding, count);
	if (!replay->is_json) {
		human_alert(replay->human, record, finding, count);
	} else if (!replay->is_summary) {
		json_alert(stdout, record, finding, count);
	}
	if (replay->journal) {
		json_alert(
			replay_journal_begin(replay->journal), record, finding, count);
	}
}

static void on_mail(void *context, const struct record *record)
{
	struct replay *replay = (struct replay *)context;
	conformity_mail(replay->conformity, record);
	if (!replay->is_json) {
		human_mail(replay->human, record);
	} else if (!replay->is_summary) {
		json_mail(stdout, record);
	}
	if (replay->flows) {
		json_mail(replay->flows, record);
	}
	if (replay->journal) {
		json_mail(replay_journal_begin(replay->journal), record);
	}
}

/* Every frame through the engine; a frame that cannot be read ends it with the reason. */
static bool read_frames(
	struct engine *engine, struct source *source, struct reason *why)
{
	struct progress progress;
	progress_start(&progress);
	struct frame frames[ENGINE_FRAMES_AT_ONCE];
	enum source_result result = SOURCE_FRAME;
	for (unsigned round = 1; result == SOURCE_FRAME; round++) {
		const size_t count = source_next_some(
			source, frames, ENGINE_FRAMES_AT_ONCE, &result, why);
		engine_frames(engine, frames, count);
		if (round % ROUNDS_BETWEEN_TICKS == 0) {
			progress_tick(&progress, source);
		}
	}
	progress_end(&progress);
	engine_drain(engine);
	return result == SOURCE_END;
}

static bool is_colour_wanted(void)
{
	const char *no_colour = getenv("NO_COLOR");
	return isatty(STDOUT_FILENO) == 1 && (!no_colour || no_colour[0] == '\0');
}

static void report_stats(
	struct replay *replay, struct engine *engine, const struct source *source)
{
	struct source_progress files;
	source_progress(source, &files);
	struct counter counters[ENGINE_COUNTERS_MAX + 2];
	size_t count = engine_counters(engine, counters);
	counters[count++] =
		(struct counter){"capture.truncated_files", files.truncated_files};
	counters[count++] = (struct counter){"capture.bad_records", files.bad_records};
	struct json_stats stats = {.time_us = engine_now_us(engine),
		.host = replay->host,
		.sequence = engine_next_sequence(engine),
		.event_prefix = replay->event_prefix,
		.counters = counters,
		.counter_count = count};
	if (replay->journal) {
		json_stats(replay_journal_begin(replay->journal), &stats);
	}
	if (!replay->is_json) {
		human_summary(replay->human, &stats);
		conformity_print(replay->conformity, stdout, is_colour_wanted());
		return;
	}
	json_stats(stdout, &stats);
	if (replay->is_summary) {
		stats.sequence = engine_next_sequence(engine);
		conformity_json(replay->conformity, stdout, &stats);
	}
}

static int runtime_error(const char *text)
{
	(void)fprintf(stderr, "mailwarden replay: %s\n", text);
	return COMMAND_RUNTIME;
}

/* Records that did not reach their file are an error, not a detail. */
static int close_flows(struct replay *replay)
{
	FILE *flows = replay->flows;
	replay->flows = NULL;
	if (flows) {
		const bool is_broken = ferror(flows) != 0;
		if (fclose(flows) != 0 || is_broken) {
			return runtime_error("--flows: cannot write the file");
		}
	}
	return COMMAND_OK;
}

/* Told when not all records are in it. */
static bool close_journal(struct replay *replay)
{
	struct reason why;
	struct replay_journal *journal = replay->journal;
	replay->journal = NULL;
	if (journal && !replay_journal_close(journal, &why)) {
		(void)runtime_error(why.text);
		return false;
	}
	return true;
}

static bool open_journal(struct replay *replay)
{
	static struct replay_journal journal; /* too large for the stack */
	struct reason why;
	if (!replay->journal_path) {
		return true;
	}
	if (!replay_journal_open(&journal, replay->journal_path, replay->host, &why)) {
		(void)runtime_error(why.text);
		return false;
	}
	replay->journal = &journal;
	replay->event_prefix = journal.prefix;
	return true;
}

/* Of each file what is missing; how many files lack something. */
static size_t tell_what_lacks(
	const struct replay *replay, const struct source *source, size_t file_count)
{
	struct reason why;
	size_t count = 0;
	for (size_t i = 0; i < file_count; i++) {
		if (source_lacks(source, i, &why)) {
			(void)fprintf(stderr,
				"mailwarden replay: %s; what is missing is not "
				"judged\n",
				why.text);
			count++;
		}
	}
	if (count > 0 && !replay->is_json) {
		(void)printf(
			"\nNot all was read: of %zu of %zu files a part is missing "
			"and not judged.\n",
			count, file_count);
	}
	return count;
}

static int replay_source(struct replay *replay, struct engine *engine,
	struct source *source, size_t file_count)
{
	struct reason why;
	if (replay->state_path) {
		const int loaded = state_load(engine, replay->state_path);
		if (loaded != COMMAND_OK) {
			return loaded;
		}
	}
	const bool is_read = read_frames(engine, source, &why);
	report_stats(replay, engine, source);
	const size_t lacking = tell_what_lacks(replay, source, file_count);
	int code = close_flows(replay);
	if (!close_journal(replay)) {
		code = COMMAND_RUNTIME;
	}
	if (!is_read) {
		return runtime_error(why.text);
	}
	if (code == COMMAND_OK && replay->state_path) {
		code = state_save(engine, replay->state_path);
	}
	if (code == COMMAND_OK && replay->is_exit_code_wanted) {
		code = engine_alert_count(engine) > 0 ? COMMAND_VIOLATIONS
		       : lacking > 0                  ? COMMAND_RUNTIME
						      : COMMAND_OK;
	}
	return code;
}

static int run_engine(struct replay *replay, const struct matrix *matrix,
	const char *const *files, size_t file_count)
{
	struct reason why;
	struct source *source = source_open_files(files, file_count, &why);
	if (!source) {
		return runtime_error(why.text);
	}
	struct engine_settings settings = {.matrix = matrix,
		.flows = replay->flow_entries,
		.watched = WATCHED_DEFAULT,
		.fold_window_us = FOLD_WINDOW_US,
		.is_verifying_checksums = replay->is_verifying_checksums,
		.is_second_opinion_wanted = replay->is_second_opinion_wanted,
		.is_every_reason_wanted = replay->is_json || replay->flows != NULL ||
					  replay->journal != NULL,
		.host = replay->host,
		.event_prefix = replay->event_prefix,
		.source_names = files};
	if (getrandom(&settings.seed, sizeof(settings.seed), 0) !=
		sizeof(settings.seed)) {
		source_close(source);
		return runtime_error("no random numbers for the hash seed");
	}
	const struct engine_outputs outputs = {
		.context = replay, .alert = on_alert, .mail = on_mail};
	struct engine *engine = engine_new(&settings, &outputs, &why);
	if (!engine) {
		source_close(source);
		return runtime_error(why.text);
	}
	const int code = replay_source(replay, engine, source, file_count);
	engine_free(engine);
	source_close(source);
	return code;
}

static bool may_write_flows(const struct replay *replay, const char *const *files,
	size_t file_count, struct reason *why)
{
	const char *path = replay->flows_path;
	for (size_t i = 0; i < file_count; i++) {
		if (!replay_flows_is_apart(path, files[i], why)) {
			return false;
		}
	}
	for (size_t i = 0; i < replay->matrix_count; i++) {
		if (!replay_flows_is_apart(path, replay->matrices[i], why)) {
			return false;
		}
	}
	if (replay->state_path &&
		!replay_flows_is_apart(path, replay->state_path, why)) {
		return false;
	}
	return replay_flows_is_no_capture(path, why);
}

static int replay_files(
	struct replay *replay, const char *const *files, size_t file_count)
{
	struct reason why;
	if (replay->flows_path && !may_write_flows(replay, files, file_count, &why)) {
		(void)fprintf(stderr, "mailwarden replay: %s\n", why.text);
		return COMMAND_USAGE;
	}
	struct matrix_problems problems = {0};
	struct matrix *matrix =
		matrix_load(replay->matrices, replay->matrix_count, &problems);
	for (size_t i = 0; i < problems.count; i++) {
		(void)fprintf(stderr, "%s\n", problems.list[i].text);
	}
	matrix_problems_free(&problems);
	if (!matrix) {
		return COMMAND_USAGE;
	}
	int code = COMMAND_RUNTIME;
	replay->human = human_new(stdout, is_colour_wanted(), replay->is_summary, &why);
	replay->conformity = replay->human ? conformity_new(matrix, &why) : NULL;
	if (replay->flows_path) {
		replay->flows = fopen(replay->flows_path, "we");
	}
	if (!replay->conformity) {
		code = runtime_error(why.text);
	} else if (replay->flows_path && !replay->flows) {
		(void)fprintf(stderr, "mailwarden replay: %s: %s\n", replay->flows_path,
			strerror(errno));
	} else if (open_journal(replay)) {
		code = run_engine(replay, matrix, files, file_count);
	}
	(void)close_journal(replay);
	if (replay->flows) {
		(void)fclose(replay->flows);
	}
	conformity_free(replay->conformity);
	human_free(replay->human);
	matrix_free(matrix);
	return code;
}

static int run(int argc, char **argv)
{
	struct replay replay = {.is_second_opinion_wanted = true,
		.flow_entries = FLOWS_DEFAULT,
		.host = "replay",
		.event_prefix = "replay-0"};
	opterr = 0;
	for (;;) {
		const int option = getopt_long(argc, argv, "m:h", OPTIONS, NULL);
		if (option == -1) {
			break;
		}
		if (option == 'h') {
			(void)fputs(HELP, stdout);
			return COMMAND_OK;
		}
		if (option == '?') {
			return usage_error(
				"unknown option or missing value", argv[optind - 1]);
		}
		const int code = set_option(&replay, option, optarg);
		if (code != COMMAND_OK) {
			return code;
		}
	}
	if (optind == argc) {
		return usage_error("no capture file given", NULL);
	}
	if (replay.matrix_count == 0) {
		return usage_error("no matrix given (-m MATRIX)", NULL);
	}
	struct reason why;
	if (!sandbox_harden(&why)) { /* mail is in memory */
		return runtime_error(why.text);
	}
	return replay_files(
		&replay, (const char *const *)&argv[optind], (size_t)(argc - optind));
}

const struct command COMMAND_REPLAY = {
	.name = "replay",
	.summary = "read capture files and judge every mail flow in them",
	.run = run,
};
