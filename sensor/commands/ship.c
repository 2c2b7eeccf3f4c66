#include "commands/options.h"

#include "base/clock.h"
#include "base/columns.h"
#include "base/environment.h"
#include "control/sandbox.h"
#include "control/settings.h"
#include "journal/journal_id.h"
#include "ship/shipping.h"
#include "status/status.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_US UINT64_C(10000000) /* with --once, for an output that is down */
#define PATH_BYTES  512
#define KEY_COLUMNS 25 /* names of keys, with what is in front of them */

struct ship {
	const char *config;
	const char *state_dir;
	const char *journal;
	bool is_once;
	bool is_list_wanted;
	struct settings settings;
};

static volatile sig_atomic_t is_ending;
static volatile sig_atomic_t is_reopening;

static void on_signal(int signal)
{
	if (signal == SIGHUP) {
		is_reopening = 1;
	} else {
		is_ending = 1;
	}
}

static void take_signals(void)
{
	const struct sigaction action = {.sa_handler = on_signal};
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
}

static void list_keys(const struct schema_key *keys)
{
	for (; keys->name; keys++) {
		char name[64];
		(void)snprintf(name, sizeof(name), "%s%s", keys->name,
			keys->kind == SCHEMA_SECRET ? "_file, ..._env" : "");
		columns_say(stdout, KEY_COLUMNS, "    %-20s %s%s%s%s\n", name,
			keys->help, keys->standard ? " (default " : "",
			keys->standard ? keys->standard : "",
			keys->standard ? ")" : "");
	}
}

static int list_kinds(void)
{
	const struct shipper *shipper;
	(void)printf("every output\n");
	list_keys(output_common_keys());
	for (size_t i = 0; (shipper = shipper_at(i)) != NULL; i++) {
		columns_say(stdout, 4, "%s: %s\n", shipper->name, shipper->what);
		list_keys(shipper->keys);
	}
	return COMMAND_OK;
}

/* Until told to end, or with --once until all is delivered. */
static int follow(struct shipping *shipping, bool is_once)
{
	while (!is_ending) {
		if (is_reopening) {
			is_reopening = 0;
			shipping_reopen(shipping);
		}
		const uint64_t now_us = clock_monotonic_us();
		const enum shipping_step step = shipping_step(shipping, now_us);
		if (is_once && step == SHIPPING_IDLE) {
			return COMMAND_OK;
		}
		if (is_once && step == SHIPPING_DOWN &&
			now_us - shipping->down_us >= PATIENCE_US) {
			return COMMAND_RUNTIME;
		}
		(void)poll(NULL, 0, (int)shipping_wait_ms(shipping, step, now_us));
	}
	return COMMAND_OK;
}

static int ship_to(
	const struct ship *ship, const struct output *output, const char *path)
{
	static struct shipping shipping; /* too large for the stack; one per process */
	char id[JOURNAL_ID_BYTES];
	char host[STATUS_HOST_BYTES] = "";
	struct reason why;
	const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		return command_failed(&COMMAND_SHIP, "%s: %s", path, strerror(errno));
	}
	journal_id_read(folder, id);
	(void)close(folder);
	(void)gethostname(host, sizeof(host) - 1);
	const struct shipper_context context = {.output = output,
		.host = ship->settings.host ? ship->settings.host : host,
		.journal = id};
	if (!shipping_open(&shipping, &context, AT_FDCWD, path, &why)) {
		return command_failed(&COMMAND_SHIP, "%s: %s", output->name, why.text);
	}
	environment_forget();
	const struct sandbox_room room = {.journal = shipping.reader.folder,
		.own = shipping_directory(&shipping),
		.files = shipping_files(&shipping),
		.is_udp = shipping_is_udp(&shipping),
		.has_threads = output->shipper->has_threads,
		.ports = shipping_ports(&shipping)};
	if (!sandbox_enter_shipper(&room, &why)) {
		return command_failed(&COMMAND_SHIP, "%s: %s", output->name, why.text);
	}
	const int code = follow(&shipping, ship->is_once);
	shipping_close(&shipping);
	_exit(code); /* what libraries do at an end is not allowed in the cage */
}

/* A process per output, as under the sensor: none waits for another. */
static pid_t start(
	const struct ship *ship, const struct output *output, const char *path)
{
	const pid_t parent = getpid();
	const pid_t pid = fork();
	if (pid != 0) {
		return pid;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent) {
		is_ending = 1;
	}
	_exit(ship_to(ship, output, path));
}

/* What this process was told, its children are told: HUP each time, the end once. */
static void pass_on(const pid_t *pids, size_t count, bool *is_passed_on)
{
	const bool is_end = is_ending && !*is_passed_on;
	for (size_t i = 0; i < count; i++) {
		if (is_end || is_reopening) {
			(void)kill(pids[i], is_end ? SIGTERM : SIGHUP);
		}
	}
	*is_passed_on = *is_passed_on || is_end;
	is_reopening = 0;
}

static int wait_for(const pid_t *pids, size_t count)
{
	int code = COMMAND_OK;
	bool is_passed_on = false;
	for (size_t left = count; left > 0;) {
		int status = 0;
		if (wait(&status) < 0) { /* a signal */
			pass_on(pids, count, &is_passed_on);
			continue;
		}
		left--;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != COMMAND_OK) {
			code = COMMAND_RUNTIME;
		}
	}
	return code;
}

/* Nothing is left in a folder that somebody named by mistake. */
static int look_for_journal(const char *path)
{
	const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		return command_failed(&COMMAND_SHIP, "%s: %s", path, strerror(errno));
	}
	const bool is_here = journal_is_in(folder);
	const int below =
		openat(folder, JOURNAL_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const bool is_below = below >= 0 && journal_is_in(below);
	(void)close(folder);
	if (below >= 0) {
		(void)close(below);
	}
	if (is_here) {
		return COMMAND_OK;
	}
	(void)fprintf(stderr, "mailwarden ship: %s holds no journal", path);
	if (is_below) {
		(void)fprintf(stderr, "; is %s/" JOURNAL_FOLDER " meant?", path);
	}
	(void)fputc('\n', stderr);
	return COMMAND_RUNTIME;
}

static int ship_all(struct ship *ship, const struct output *const *list, size_t count)
{
	char path[PATH_BYTES];
	pid_t pids[OUTPUTS_MAX];
	size_t started = 0;
	if (ship->journal) {
		(void)snprintf(path, sizeof(path), "%s", ship->journal);
	} else {
		(void)snprintf(path, sizeof(path), "%s/" JOURNAL_FOLDER,
			ship->state_dir ? ship->state_dir : ship->settings.state_dir);
	}
	const int code = look_for_journal(path);
	if (code != COMMAND_OK) {
		return code;
	}
	struct reason why;
	if (!outputs_take_secrets(&ship->settings.outputs, &why)) {
		return command_failed(&COMMAND_SHIP, "%s", why.text);
	}
	tzset();
	take_signals();
	if (count == 1) {
		return ship_to(ship, list[0], path);
	}
	for (; started < count; started++) {
		pids[started] = start(ship, list[started], path);
		if (pids[started] < 0) {
			is_ending = 1;
			break;
		}
	}
	return wait_for(pids, started);
}

/* The outputs to ship to, in list; false: one of the names is none's. */
static bool choose(const struct ship *ship, const struct option_words *names,
	const struct output *list[OUTPUTS_MAX], size_t *count)
{
	const struct outputs *outputs = &ship->settings.outputs;
	*count = 0;
	for (size_t i = 0; names->count == 0 && i < outputs->count; i++) {
		list[(*count)++] = &outputs->list[i];
	}
	for (size_t i = 0; i < names->count && *count < OUTPUTS_MAX; i++) {
		list[*count] = outputs_find(outputs, names->list[i]);
		if (!list[*count]) {
			(void)fprintf(stderr,
				"mailwarden ship: no output is named \"%s\" in %s\n",
				names->list[i], ship->config);
			return false;
		}
		(*count)++;
	}
	return true;
}

static int ship_config(struct ship *ship, const struct option_words *names)
{
	struct problems problems;
	const struct output *list[OUTPUTS_MAX];
	size_t count = 0;
	if (!settings_read(&ship->settings, ship->config, &problems)) {
		for (size_t i = 0; i < problems.count; i++) {
			(void)fprintf(stderr, "%s\n", problems.list[i].text);
		}
		return COMMAND_USAGE;
	}
	if (!choose(ship, names, list, &count)) {
		return COMMAND_USAGE;
	}
	if (count == 0 && ship->is_once) {
		(void)fprintf(stderr,
			"mailwarden ship: no outputs in %s, nothing to send\n",
			ship->config);
		return COMMAND_OK;
	}
	if (count == 0) {
		return command_misused(&COMMAND_SHIP, "the settings have no outputs");
	}
	return ship_all(ship, list, count);
}

static int ship_run(int argc, char **argv)
{
	static struct ship ship; /* too large for the stack */
	struct option_words names;
	int code = options_read(&COMMAND_SHIP, argc, argv, &ship, &names);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	if (ship.is_list_wanted) {
		return list_kinds();
	}
	if (ship.journal && ship.state_dir) {
		return command_misused(
			&COMMAND_SHIP, "either --state-dir or --journal");
	}
	settings_start(&ship.settings);
	code = ship_config(&ship, &names);
	settings_free(&ship.settings);
	return code;
}

static const char ABOUT[] =
	"Send the records of a journal to the outputs of a settings file (all, or\n"
	"those named), as a running sensor does: each from where it stopped,\n"
	"at least once. An output that a running sensor ships to is refused.\n";

static const char EXAMPLES[] =
	"  mailwarden replay monday.pcap -m matrix.yaml --journal /tmp/journal\n"
	"  mailwarden ship -c mailwarden.yaml --journal /tmp/journal --once\n";

static const struct option_row OPTIONS[] = {
	{.name = "config",
		.letter = 'c',
		.argument = "FILE",
		.help = "settings with the outputs: mailwarden.yaml(5)",
		.set = option_set_text,
		.field = offsetof(struct ship, config),
		.is_required = true},
	{.name = "once",
		.help = "end when all is delivered, at once where the settings\n"
			"have no outputs, or when one was down for 10 s",
		.set = option_set_flag,
		.field = offsetof(struct ship, is_once)},
	{.name = "state-dir",
		.argument = "DIR",
		.help = "of the sensor (default: as the settings say)",
		.set = option_set_text,
		.field = offsetof(struct ship, state_dir)},
	{.name = "journal",
		.argument = "DIR",
		.help = "the journal itself, as replay --journal makes it",
		.set = option_set_text,
		.field = offsetof(struct ship, journal)},
	{.name = "list",
		.letter = 'l',
		.help = "list the kinds of outputs and their keys",
		.set = option_set_flag,
		.field = offsetof(struct ship, is_list_wanted),
		.is_enough = true},
	{.name = NULL},
};

const struct command COMMAND_SHIP = {
	.name = "ship",
	.summary = "send the records of a journal to its outputs",
	.usage = "-c FILE [OPTION...] [OUTPUT...]\n"
		 "--list",
	.about = ABOUT,
	.notes = "Signals: HUP reopens files, TERM and INT end.\n",
	.examples = EXAMPLES,
	.exits =
		"0 delivered or ended, 2 settings in error, 3 not all was delivered.\n",
	.options = OPTIONS,
	.words = "OUTPUT",
	.words_most = COMMAND_WORDS_ANY,
	.run = ship_run,
};
