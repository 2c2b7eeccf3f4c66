#include "commands/options.h"

#include "base/clock.h"
#include "control/settings.h"
#include "control/status.h"

#include <stdio.h>

static int undo(struct bans *bans, const char *text)
{
	struct address address;
	if (!address_parse(text, &address)) {
		return command_misused(&COMMAND_UNBAN, "\"%.80s\" is no address", text);
	}
	if (!bans_undo(bans, &address, clock_boottime_us())) {
		(void)fprintf(stderr, "mailwarden unban: %s is not banned\n", text);
		return COMMAND_VIOLATIONS;
	}
	(void)printf("%s may send again\n", text);
	return COMMAND_OK;
}

struct unban {
	const char *directory;
};

static int unban_run(int argc, char **argv)
{
	struct unban unban = {.directory = SETTINGS_STATE_DIR};
	struct option_words addresses;
	struct reason why;
	int code = options_read(&COMMAND_UNBAN, argc, argv, &unban, &addresses);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	struct bans *bans = status_open_bans(unban.directory, &why);
	if (!bans) {
		return command_failed(&COMMAND_UNBAN, "%s", why.text);
	}
	code = COMMAND_OK;
	for (size_t i = 0; i < addresses.count; i++) {
		const int one = undo(bans, addresses.list[i]);
		code = one > code ? one : code;
	}
	return code;
}

static const char ABOUT[] =
	"Let senders in again that an inline sensor keeps out (run --ban SECONDS);\n"
	"mailwarden status lists them.\n";

static const struct option_row OPTIONS[] = {
	{.name = "state-dir",
		.argument = "DIR",
		.help = "of that sensor (default " SETTINGS_STATE_DIR ")",
		.set = option_set_text,
		.field = offsetof(struct unban, directory)},
	{.name = NULL},
};

const struct command COMMAND_UNBAN = {
	.name = "unban",
	.summary = "let senders in again that an inline sensor keeps out",
	.usage = "[--state-dir DIR] ADDRESS...",
	.about = ABOUT,
	.examples = "  mailwarden unban 203.0.113.9 2001:db8::9\n",
	.exits = "0 all were banned and no longer are, 1 one was not banned.\n",
	.options = OPTIONS,
	.words = "ADDRESS",
	.words_least = 1,
	.words_most = COMMAND_WORDS_ANY,
	.run = unban_run,
};
