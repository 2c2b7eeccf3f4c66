#include "commands/options.h"
#include "report/servers_file.h"
#include "report/servers_text.h"

#define SERVERS_MAX (1U << 20)

static int show(const struct ledger *ledger, bool is_json)
{
	const bool is_shown =
		is_json ? servers_json(stdout, ledger) : servers_table(stdout, ledger);
	if (!is_shown) {
		return command_failed(&COMMAND_SERVERS, "no memory to sort them");
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
		return command_failed(&COMMAND_SERVERS, "%s", why.text);
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
		code = command_failed(&COMMAND_SERVERS, "%s", why.text);
		break;
	}
	ledger_free(ledger);
	return code;
}

struct servers {
	bool is_json;
};

static int servers_run(int argc, char **argv)
{
	struct servers servers = {.is_json = false};
	struct option_words files;
	const int code = options_read(&COMMAND_SERVERS, argc, argv, &servers, &files);
	return code != OPTIONS_GO_ON ? code : show_file(files.list[0], servers.is_json);
}

static const char ABOUT[] =
	"Show what is known of each mail server: how often STARTTLS was offered,\n"
	"used, refused or stripped, log-ins in clear, TLS versions and certificates,\n"
	"and of mail in clear how often the server refused (5xx) or deferred (4xx) "
	"it.\n"
	"FILE is one that replay --state wrote, or servers.state in the state\n"
	"directory of a running sensor.\n";

static const char EXAMPLES[] =
	"  mailwarden replay monday.pcap -m matrix.yaml --state servers.state\n"
	"  mailwarden servers servers.state\n"
	"  mailwarden servers /var/lib/mailwarden/servers.state\n";

static const struct option_row OPTIONS[] = {
	{.name = "json",
		.help = "one JSON object per line and server; a last one with\n"
			"given_up where servers were forgotten for want of room",
		.set = option_set_flag,
		.field = offsetof(struct servers, is_json)},
	{.name = NULL},
};

const struct command COMMAND_SERVERS = {
	.name = "servers",
	.summary = "show what a state file knows of each mail server",
	.usage = "[--json] FILE",
	.about = ABOUT,
	.examples = EXAMPLES,
	.exits = "0 shown, 2 usage or FILE in error, 3 FILE cannot be read.\n",
	.options = OPTIONS,
	.words = "FILE",
	.words_least = 1,
	.words_most = 1,
	.run = servers_run,
};
