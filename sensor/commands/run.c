#include "commands/options.h"

#include "control/supervisor.h"

#include <stdio.h>
#include <unistd.h>

struct run {
	struct settings settings;
	struct option_list files; /* of settings */
	bool is_for_files;        /* this walk is: other options wait for the next */
};

static bool add_file(void *target, const struct option_row *row, const char *value,
	struct reason *why)
{
	const struct run *run = target;
	return !run->is_for_files || option_add_text(target, row, value, why);
}

/* One key of the settings: field is its index. */
static bool set_key(void *target, const struct option_row *row, const char *value,
	struct reason *why)
{
	struct run *run = target;
	return run->is_for_files ||
	       settings_set(&run->settings, row->field, value, why);
}

static bool key_row(size_t index, struct option_row *row)
{
	const struct settings_key *key = settings_key(index);
	if (key) {
		*row = (struct option_row){.name = key->name,
			.letter = key->letter,
			.argument = key->argument,
			.help = key->help,
			.set = set_key,
			.field = index};
	}
	return key != NULL;
}

static bool set_mode(void *target, const struct option_row *row, const char *value,
	struct reason *why)
{
	struct run *run = target;
	(void)value;
	(void)why;
	run->settings.policy.is_enforcing = row->least != 0;
	return true;
}

/* The file's settings; every mistake is told. */
static bool read_file(struct settings *settings, const char *path)
{
	struct problems problems;
	if (settings_read(settings, path, &problems)) {
		return true;
	}
	for (size_t i = 0; i < problems.count; i++) {
		(void)fprintf(stderr, "mailwarden run: %s\n", problems.list[i].text);
	}
	return false;
}

/* Walk the options twice: for the files, then for the rest, which wins over them. */
static int read_all(struct run *run, int argc, char **argv)
{
	struct option_words words;
	run->is_for_files = true;
	const int code = options_read(&COMMAND_RUN, argc, argv, run, &words);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	for (size_t i = 0; i < run->files.count; i++) {
		if (!read_file(&run->settings, run->files.values[i])) {
			return COMMAND_USAGE;
		}
	}
	run->is_for_files = false;
	return options_read(&COMMAND_RUN, argc, argv, run, &words);
}

static int run_sensor(const struct settings *settings)
{
	struct reason why;
	if (!settings_check(settings, &why)) {
		return command_misused(&COMMAND_RUN, "%s", why.text);
	}
	/* what whoever started us left open would be open in every process */
	closefrom(STDERR_FILENO + 1);
	if (!outputs_take_secrets(&settings->outputs, &why)) {
		return command_failed(&COMMAND_RUN, "%s", why.text);
	}
	switch (supervisor_run(settings, &why)) {
	case SUPERVISOR_END_DRAINED:
		return COMMAND_OK;
	case SUPERVISOR_END_MATRIX:
		return COMMAND_USAGE;
	case SUPERVISOR_END_FAILED:
		break;
	}
	return command_failed(&COMMAND_RUN, "%s", why.text);
}

/* The words of the start, for each reload. */
struct words {
	int argc;
	char **argv;
	const struct option_list *files;
};

/* What a start with the same words would have now; in a process that ends behind it. */
static const struct settings *reread(void *context, struct problems *problems)
{
	static struct run again;
	const struct words *start = context;
	struct option_words words;
	struct reason why = {.text = "the options cannot be read"};
	settings_start(&again.settings);
	for (size_t i = 0; i < start->files->count; i++) {
		if (!settings_read(
			    &again.settings, start->files->values[i], problems)) {
			return NULL;
		}
	}
	if (options_read(&COMMAND_RUN, start->argc, start->argv, &again, &words) !=
			OPTIONS_GO_ON ||
		!settings_check(&again.settings, &why)) {
		problems_add(problems, NULL, "%s", why.text);
		return NULL;
	}
	return &again.settings;
}

static int run_run(int argc, char **argv)
{
	struct run run = {.is_for_files = true};
	struct words words = {argc, argv, &run.files};
	settings_start(&run.settings);
	int code = read_all(&run, argc, argv);
	run.settings.reread = reread;
	run.settings.reread_context = &words;
	if (code == OPTIONS_GO_ON) {
		code = run_sensor(&run.settings);
	}
	settings_free(&run.settings);
	return code;
}

static const char ABOUT[] =
	"Watch interfaces (a SPAN port or TAP), or decide on the packets of NFQUEUEs,\n"
	"and hold every mail flow against the matrix. Records are EVE JSON lines in\n"
	"the journal, STATE-DIR/journal (eve.json leads to its newest file), and go\n"
	"from there to the outputs of the settings.\n";

static const char NOTES[] =
	"Signals: HUP reads the matrix and the settings again, and reopens files (one\n"
	"in error changes nothing; mode, action, ban, ban-declared, expired, grace\n"
	"and recheck are taken, others at the next start). USR1 logs the counters.\n"
	"TERM and INT end after open flows were reported, a second one ends at once.\n"
	"\n"
	"Needs CAP_NET_RAW and CAP_NET_ADMIN (root has them and gives up the rest).\n"
	"How to deploy it: deploy.md of the documentation. How it is: mailwarden "
	"status.\n";

static const char EXAMPLES[] =
	"  mailwarden run -m /etc/mailwarden/matrix.yaml -i eth1\n"
	"  mailwarden run -c /etc/mailwarden/mailwarden.yaml --workers 2\n";

static const struct option_row OPTIONS[] = {
	{.name = "config",
		.letter = 'c',
		.argument = "FILE",
		.help = "settings, mailwarden.yaml(5): keys as below,\n"
			"journal, outputs",
		.set = add_file,
		.field = offsetof(struct run, files)},
	{.others = key_row},
	{.name = "audit", .help = "the same as --mode audit", .set = set_mode},
	{.name = "enforce",
		.help = "the same as --mode enforce",
		.set = set_mode,
		.least = 1},
	{.name = NULL},
};

const struct command COMMAND_RUN = {
	.name = "run",
	.summary = "watch interfaces or queues, judge every mail flow on them",
	.usage = "-m MATRIX -i IFACE [OPTION...]\n"
		 "-c FILE [OPTION...]",
	.about = ABOUT,
	.notes = NOTES,
	.examples = EXAMPLES,
	.exits = "0 ended by a signal, 2 settings or matrix in error, 3 it failed.\n",
	.options = OPTIONS,
	.run = run_run,
};
