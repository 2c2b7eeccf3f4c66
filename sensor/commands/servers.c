#include "commands/command.h"
#include "report/servers_file.h"
#include "report/servers_text.h"

#include <getopt.h>
#include <stdbool.h>

#define SERVERS_MAX (1U << 20)

static const char HELP[] =
	"Usage: mailwarden servers FILE [--json]\n"
	"\n"
	"Show what is known of each mail server: how often STARTTLS was offered, used, "
	"refused\n"
	"or stripped, log-ins in clear, TLS versions and certificates. FILE is one "
	"that "
	"replay\n"
	"--state wrote, or servers.state in the state directory of a running sensor.\n"
	"\n"
	"      --json   one JSON object per line and server; a last one with "
	"given_up where\n"
	"               servers were forgotten for want of room\n"
	"  -h, --help   this text\n"
	"\n"
	"Example:\n"
	"  mailwarden replay monday.pcap -m matrix.yaml --state servers.state\n"
	"  mailwarden servers servers.state\n"
	"  mailwarden servers /var/lib/mailwarden/servers.state\n";

enum { OPTION_JSON = 256 };

static const struct option OPTIONS[] = {
	{"json", no_argument, NULL, OPTION_JSON},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int usage_error(const char *text)
{
	(void)fprintf(stderr,
		"mailwarden servers: %s\nTry 'mailwarden servers --help'.\n", text);
	return COMMAND_USAGE;
}

static int show(const struct ledger *ledger, bool is_json)
{
	const bool is_shown =
		is_json ? servers_json(stdout, ledger) : servers_table(stdout, ledger);
	if (!is_shown) {
		(void)fputs("mailwarden servers: no memory to sort them\n", stderr);
		return COMMAND_RUNTIME;
	}
	return COMMAND_OK;
}

static int show_file(const char *path, bool is_json)
{
	/* read once and not for long: nobody can aim at one bucket of it */
	const struct hash_seed seed = {{(uint64_t)(uintptr_t)path, 1}};
	struct reason why;
	struct ledger *ledger = ledger_new(SERVERS_MAX, seed, &why);
	if (!ledger) {
		(void)fprintf(stderr, "mailwarden servers: %s\n", why.text);
		return COMMAND_RUNTIME;
	}
	int code = COMMAND_RUNTIME;
	switch (servers_load(ledger, path, &why)) {
	case SERVERS_OK:
		code = show(ledger, is_json);
		break;
	case SERVERS_BROKEN:
		(void)fprintf(stderr, "%s\n", why.text);
		code = COMMAND_USAGE;
		break;
	case SERVERS_MISSING:
	case SERVERS_UNREADABLE:
		(void)fprintf(stderr, "mailwarden servers: %s\n", why.text);
		break;
	}
	ledger_free(ledger);
	return code;
}

static int run(int argc, char **argv)
{
	bool is_json = false;
	opterr = 0;
	for (;;) {
		const int option = getopt_long(argc, argv, "h", OPTIONS, NULL);
		if (option == -1) {
			break;
		}
		switch (option) {
		case OPTION_JSON:
			is_json = true;
			break;
		case 'h':
			(void)fputs(HELP, stdout);
			return COMMAND_OK;
		default:
			return usage_error("unknown option");
		}
	}
	if (argc - optind != 1) {
		return usage_error("give one file");
	}
	return show_file(argv[optind], is_json);
}

const struct command COMMAND_SERVERS = {
	.name = "servers",
	.summary = "show what a state file knows of each mail server",
	.run = run,
};
