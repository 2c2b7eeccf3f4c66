#include "commands/command.h"

#include "control/supervisor.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define OPTIONS_MAX    40
#define LETTERS_MAX    (2 * OPTIONS_MAX + 8)
#define OPTION_KEY     256 /* + index of the key */
#define OPTION_AUDIT   512
#define OPTION_ENFORCE 513

static const char HELP_HEAD[] =
	"Usage: mailwarden run -m MATRIX -i IFACE [OPTION...]\n"
	"       mailwarden run -c FILE [OPTION...]\n"
	"\n"
	"Watch interfaces (a SPAN port or TAP), or decide on the packets of NFQUEUEs, "
	"and\n"
	"hold every mail flow against the matrix. Records are EVE JSON lines in the "
	"journal,\n"
	"STATE-DIR/journal (eve.json leads to its newest file), and go from there to "
	"the\n"
	"outputs of the settings.\n"
	"\n"
	"  -c, --config FILE             settings, mailwarden.yaml(5): keys as below, "
	"journal, outputs\n";

static const char HELP_TAIL[] =
	"      --audit                   the same as --mode audit\n"
	"      --enforce                 the same as --mode enforce\n"
	"  -h, --help                    this text\n"
	"\n"
	"Signals: HUP reads the matrix again (one in error changes nothing) and opens\n"
	"files anew, USR1 logs the counters, TERM and INT end after open flows "
	"were\n"
	"reported, a second one ends at once.\n"
	"\n"
	"Examples:\n"
	"  mailwarden run -m /etc/mailwarden/matrix.yaml -i eth1\n"
	"  mailwarden run -c /etc/mailwarden/mailwarden.yaml --workers 2\n"
	"\n"
	"Needs CAP_NET_RAW and CAP_NET_ADMIN (root has them and gives up the rest).\n"
	"docs/deploy.md tells how to deploy it; mailwarden status how it is.\n";

static void print_help(void)
{
	(void)fputs(HELP_HEAD, stdout);
	const struct settings_key *key;
	for (size_t i = 0; (key = settings_key(i)) != NULL; i++) {
		char name[48];
		char letter[8] = "   ";
		if (key->letter) {
			(void)snprintf(letter, sizeof(letter), "-%c,", key->letter);
		}
		(void)snprintf(name, sizeof(name), "%s %s", key->name, key->argument);
		(void)printf("  %s --%-23s %s\n", letter, name, key->help);
	}
	(void)fputs(HELP_TAIL, stdout);
}

static int usage_error(const char *text)
{
	(void)fprintf(
		stderr, "mailwarden run: %s\nTry 'mailwarden run --help'.\n", text);
	return COMMAND_USAGE;
}

struct run_options {
	struct option list[OPTIONS_MAX];
	char letters[LETTERS_MAX];
};

static void make_options(struct run_options *options)
{
	size_t count = 0;
	size_t letters = 0;
	const struct settings_key *key;
	for (size_t i = 0; (key = settings_key(i)) != NULL; i++) {
		options->list[count++] = (struct option){
			key->name, required_argument, NULL, OPTION_KEY + (int)i};
		if (key->letter) {
			options->letters[letters++] = key->letter;
			options->letters[letters++] = ':';
		}
	}
	options->list[count++] =
		(struct option){"config", required_argument, NULL, 'c'};
	options->list[count++] =
		(struct option){"audit", no_argument, NULL, OPTION_AUDIT};
	options->list[count++] =
		(struct option){"enforce", no_argument, NULL, OPTION_ENFORCE};
	options->list[count++] = (struct option){"help", no_argument, NULL, 'h'};
	(void)snprintf(
		options->letters + letters, sizeof(options->letters) - letters, "c:h");
}

/* Index of the key with this letter, which getopt knows to be one. */
static size_t index_of_letter(int letter)
{
	size_t i = 0;
	while (settings_key(i) && settings_key(i)->letter != (char)letter) {
		i++;
	}
	return i;
}

static bool apply(struct settings *settings, int option, struct reason *why)
{
	switch (option) {
	case 'c':
		return true; /* read already */
	case OPTION_AUDIT:
		settings->is_enforcing = false;
		return true;
	case OPTION_ENFORCE:
		settings->is_enforcing = true;
		return true;
	default:
		return settings_set(settings,
			option >= OPTION_KEY ? (size_t)(option - OPTION_KEY)
					     : index_of_letter(option),
			optarg, why);
	}
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

/* Walk the options: once for the file, then for the rest, which wins over it. */
static int walk(struct settings *settings, int argc, char **argv, bool is_for_file)
{
	struct run_options options = {.letters = ""};
	struct reason why;
	int option;
	make_options(&options);
	optind = 0;
	opterr = 0;
	while ((option = getopt_long(
			argc, argv, options.letters, options.list, NULL)) != -1) {
		if (option == 'h') {
			print_help();
			return -1;
		}
		if (option == '?') {
			(void)reason_set(&why,
				"unknown option or missing value: %.100s",
				argv[optind - 1]);
			return usage_error(why.text);
		}
		if (is_for_file && option == 'c' && !read_file(settings, optarg)) {
			return COMMAND_USAGE;
		}
		if (!is_for_file && !apply(settings, option, &why)) {
			return usage_error(why.text);
		}
	}
	return COMMAND_OK;
}

static int run_sensor(const struct settings *settings)
{
	struct reason why;
	if (!settings_check(settings, &why)) {
		return usage_error(why.text);
	}
	switch (supervisor_run(settings, &why)) {
	case SUPERVISOR_END_DRAINED:
		return COMMAND_OK;
	case SUPERVISOR_END_MATRIX:
		return COMMAND_USAGE;
	case SUPERVISOR_END_FAILED:
		break;
	}
	(void)fprintf(stderr, "mailwarden run: %s\n", why.text);
	return COMMAND_RUNTIME;
}

static int run(int argc, char **argv)
{
	struct settings settings;
	settings_start(&settings);
	int code = walk(&settings, argc, argv, true);
	if (code == COMMAND_OK) {
		code = walk(&settings, argc, argv, false);
	}
	if (code == COMMAND_OK && optind < argc) {
		code = usage_error("takes options only; -m MATRIX, -i IFACE");
	}
	if (code == COMMAND_OK) {
		code = run_sensor(&settings);
	}
	settings_free(&settings);
	return code < 0 ? COMMAND_OK : code;
}

const struct command COMMAND_RUN = {
	.name = "run",
	.summary = "watch interfaces or queues, judge every mail flow on them",
	.run = run,
};
