#include "commands/options.h"

#include "base/clock.h"
#include "control/settings.h"
#include "status/status.h"

#include <glob.h>
#include <stdio.h>

/* Of the sensors that run here: each has a list of its own. */
#define SENSORS_MAX 64

struct unban {
	const char *directory; /* NULL: of every sensor of this machine */
	struct bans *lists[SENSORS_MAX];
	size_t count;
};

static int undo(const struct unban *unban, const char *text)
{
	struct address address;
	bool is_undone = false;
	if (!address_parse(text, &address)) {
		return command_misused(&COMMAND_UNBAN, "\"%.80s\" is no address", text);
	}
	for (size_t i = 0; i < unban->count; i++) {
		is_undone |= bans_undo(unban->lists[i], &address, clock_boottime_us());
	}
	if (!is_undone) {
		(void)fprintf(stderr, "mailwarden unban: %s is not banned\n", text);
		return COMMAND_VIOLATIONS;
	}
	(void)printf("%s may send again\n", text);
	return COMMAND_OK;
}

/* The folders that the units name: a sensor's own, and one for each that is inline. */
static void open_all(struct unban *unban)
{
	struct reason why;
	glob_t found;
	if (glob(SETTINGS_STATE_DIR "*", 0, NULL, &found) != 0) {
		return;
	}
	for (size_t i = 0; i < found.gl_pathc && unban->count < SENSORS_MAX; i++) {
		struct bans *bans = status_open_bans(found.gl_pathv[i], &why);
		if (bans) {
			unban->lists[unban->count++] = bans;
		}
	}
	globfree(&found);
}

static bool open_lists(struct unban *unban, struct reason *why)
{
	if (!unban->directory) {
		open_all(unban);
	}
	if (unban->count > 0) {
		return true;
	}
	unban->lists[0] = status_open_bans(
		unban->directory ? unban->directory : SETTINGS_STATE_DIR, why);
	unban->count = unban->lists[0] ? 1 : 0;
	return unban->count > 0;
}

static int unban_run(int argc, char **argv)
{
	struct unban unban = {.directory = NULL};
	struct option_words addresses;
	struct reason why;
	int code = options_read(&COMMAND_UNBAN, argc, argv, &unban, &addresses);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	if (!open_lists(&unban, &why)) {
		return command_failed(&COMMAND_UNBAN, "%s", why.text);
	}
	code = COMMAND_OK;
	for (size_t i = 0; i < addresses.count; i++) {
		const int one = undo(&unban, addresses.list[i]);
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
		.help = "of that sensor (default: all at " SETTINGS_STATE_DIR "*)",
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
	.exits = "0 all were banned and no longer are, 1 one was not banned,\n"
		 "2 usage, 3 no sensor runs.\n",
	.options = OPTIONS,
	.words = "ADDRESS",
	.words_least = 1,
	.words_most = COMMAND_WORDS_ANY,
	.run = unban_run,
};
