#include "commands/command.h"

#include "base/clock.h"
#include "control/settings.h"
#include "control/status.h"

#include <getopt.h>
#include <stdio.h>

static const char HELP[] =
	"Usage: mailwarden unban ADDRESS... [--state-dir DIR]\n"
	"\n"
	"Let senders in again that an inline sensor keeps out (run --ban SECONDS);\n"
	"mailwarden status lists them.\n"
	"\n"
	"      --state-dir DIR    of that sensor (default " SETTINGS_STATE_DIR ")\n"
	"  -h, --help             this text\n"
	"\n"
	"Exit: 0 all were banned and no longer are, 1 one was not banned.\n";

static int usage_error(const char *text)
{
	(void)fprintf(
		stderr, "mailwarden unban: %s\nTry 'mailwarden unban --help'.\n", text);
	return COMMAND_USAGE;
}

static int undo(struct bans *bans, const char *text)
{
	struct address address;
	if (!address_parse(text, &address)) {
		return usage_error("an address is wanted");
	}
	if (!bans_undo(bans, &address, clock_boottime_us())) {
		(void)fprintf(stderr, "mailwarden unban: %s is not banned\n", text);
		return COMMAND_VIOLATIONS;
	}
	(void)printf("%s may send again\n", text);
	return COMMAND_OK;
}

static int run(int argc, char **argv)
{
	static const struct option OPTIONS[] = {
		{"state-dir", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *directory = SETTINGS_STATE_DIR;
	int option;
	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "h", OPTIONS, NULL)) != -1) {
		if (option == 's') {
			directory = optarg;
		} else if (option == 'h') {
			(void)fputs(HELP, stdout);
			return COMMAND_OK;
		} else {
			return usage_error("unknown option or missing value");
		}
	}
	if (optind == argc) {
		return usage_error("no address given");
	}
	struct reason why;
	struct bans *bans = status_open_bans(directory, &why);
	if (!bans) {
		(void)fprintf(stderr, "mailwarden unban: %s\n", why.text);
		return COMMAND_RUNTIME;
	}
	int code = COMMAND_OK;
	for (int i = optind; i < argc; i++) {
		const int one = undo(bans, argv[i]);
		code = one > code ? one : code;
	}
	return code;
}

const struct command COMMAND_UNBAN = {
	.name = "unban",
	.summary = "let senders in again that an inline sensor keeps out",
	.run = run,
};
