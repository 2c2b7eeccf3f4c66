#include "commands/replay.h"

#include "commands/matrices.h"
#include "commands/replay_engine.h"
#include "commands/replay_flows.h"
#include "control/sandbox.h"

#define FLOWS_DEFAULT (1U << 20)
#define FLOWS_LEAST   (1U << 10)
#define FLOWS_MOST    (1U << 28)
#define JOBS_MOST     64

static int replay_with(const struct replay *replay, const struct matrix *matrix)
{
	struct replay_outputs outputs;
	struct lists *lists;
	int code = COMMAND_USAGE;
	if (matrices_read_lists(matrix, &lists)) {
		code = replay_outputs_open(&outputs, replay, matrix)
			       ? replay_engine_run(replay, &outputs, matrix, lists)
			       : COMMAND_RUNTIME;
		replay_outputs_free(&outputs);
	}
	lists_free(lists);
	return code;
}

static int replay_run(int argc, char **argv)
{
	struct replay replay = {.flow_entries = FLOWS_DEFAULT, .host = "replay"};
	struct reason why;
	int code = options_read(&COMMAND_REPLAY, argc, argv, &replay, &replay.captures);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	if (!sandbox_harden(&why)) { /* mail is in memory */
		return command_failed(&COMMAND_REPLAY, "%s", why.text);
	}
	if (replay.flows && !replay_flows_may_be_written(&replay, &why)) {
		(void)command_failed(&COMMAND_REPLAY, "%s", why.text);
		return COMMAND_USAGE;
	}
	struct matrix *matrix = matrices_load(&replay.matrices);
	code = matrix ? replay_with(&replay, matrix) : COMMAND_USAGE;
	matrix_free(matrix);
	return code;
}

static const char ABOUT[] =
	"Read captures (pcap or pcapng, also gzip, xz or zstd; - is stdin), recognise\n"
	"every mail flow on any port and hold it against the matrix.\n";

static const char EXAMPLES[] =
	"  mailwarden replay monday.pcap -m matrix.yaml\n"
	"  mailwarden replay *.pcapng.zst -m internal.yaml -m gateway.yaml --json\n"
	"  tcpdump -r big.pcap -w - tcp | mailwarden replay - -m matrix.yaml "
	"--exit-code\n"
	"  mailwarden replay audit.pcapng -m matrix.yaml --summary\n";

static const char EXITS[] =
	"0 read, 2 usage or matrix in error, 3 it failed; --exit-code: 1 there is a\n"
	"finding, 3 there is none but a capture could not be read to its end.\n";

static const struct option_row OPTIONS[] = {
	{.name = "matrix",
		.letter = 'm',
		.argument = "MATRIX",
		.help = "flow matrix; repeat it to join several",
		.set = option_add_text,
		.field = offsetof(struct replay, matrices),
		.is_required = true},
	{.name = "json",
		.help = "EVE JSON lines on standard output: alert, mail, stats",
		.set = option_set_flag,
		.field = offsetof(struct replay, is_json)},
	{.name = "summary",
		.help = "one line per recommendation (R34 ... R42+): conform,\n"
			"breached, accepted or not observable, and one per\n"
			"finding; not where it was",
		.set = option_set_flag,
		.field = offsetof(struct replay, is_summary)},
	{.name = "verbose",
		.letter = 'v',
		.help = "counters, checksums and decoys too",
		.set = option_set_flag,
		.field = offsetof(struct replay, is_verbose)},
	{.name = "flows",
		.argument = "FILE",
		.help = "write one mail record per flow to FILE as well",
		.set = option_set_text,
		.field = offsetof(struct replay, flows)},
	{.name = "journal",
		.argument = "DIR",
		.help = "all records into the journal in DIR as well, for\n"
			"mailwarden ship; event ids are of this run alone then",
		.set = option_set_text,
		.field = offsetof(struct replay, journal)},
	{.name = "state",
		.argument = "FILE",
		.help = "what is known of each server: read FILE first, write\n"
			"it at the end (see mailwarden servers)",
		.set = option_set_text,
		.field = offsetof(struct replay, state)},
	{.name = "observed",
		.argument = "FILE",
		.help = "write the flows added up by pair to FILE as well (see\n"
			"mailwarden observed)",
		.set = option_set_text,
		.field = offsetof(struct replay, observed)},
	{.name = "exit-code",
		.help = "exit 1 when there is at least one finding",
		.set = option_set_flag,
		.field = offsetof(struct replay, is_exit_code_wanted)},
	{.name = "checksums",
		.argument = "ignore|verify",
		.help = "default: ignore, since captures made on the sending\n"
			"host hold checksums not filled in yet",
		.set = option_set_word,
		.field = offsetof(struct replay, checksums)},
	{.name = "jobs",
		.argument = "N",
		.help = "captures in gzip or xz are unpacked by up to N\n"
			"processes, ahead of judging; 1: all in one (default:\n"
			"as many as there are processors; records are the same)",
		.set = option_set_number,
		.field = offsetof(struct replay, jobs),
		.least = 1,
		.most = JOBS_MOST},
	{.name = "no-ndpi",
		.help = "without nDPI's second opinion",
		.set = option_set_flag,
		.field = offsetof(struct replay, is_without_ndpi)},
	{.name = "table",
		.argument = "FLOWS",
		.help = "flow table entries (default 1048576)",
		.set = option_set_number,
		.field = offsetof(struct replay, flow_entries),
		.least = FLOWS_LEAST,
		.most = FLOWS_MOST},
	{.name = "host",
		.argument = "NAME",
		.help = "name of the sensor in records (default: replay)",
		.set = option_set_text,
		.field = offsetof(struct replay, host)},
	{.name = NULL},
};

const struct command COMMAND_REPLAY = {
	.name = "replay",
	.summary = "read capture files and judge every mail flow in them",
	.usage = "FILE... -m MATRIX [OPTION...]",
	.about = ABOUT,
	.examples = EXAMPLES,
	.exits = EXITS,
	.options = OPTIONS,
	.words = "FILE",
	.words_least = 1,
	.words_most = COMMAND_WORDS_ANY,
	.run = replay_run,
};
