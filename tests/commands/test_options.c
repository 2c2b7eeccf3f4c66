#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "commands/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGUMENTS_MAX (OPTIONS_LIST_MAX * 2 + 8)
#define MANY_KEYS     3

struct made {
	struct option_list matrices;
	const char *path;
	uint32_t top;
	unsigned form;
	bool is_json;
	bool is_list;
	size_t key; /* the last one set, from 1 */
};

static bool set_key(void *target, const struct option_row *row, const char *value,
	struct reason *why)
{
	struct made *made = target;
	made->key = row->field;
	return strcmp(value, "bad") != 0 || reason_set(why, "the key is bad");
}

static bool key_row(size_t index, struct option_row *row)
{
	static const char *const NAMES[MANY_KEYS] = {"red", "green", "blue"};
	if (index < MANY_KEYS) {
		*row = (struct option_row){.name = NAMES[index],
			.argument = "SHADE",
			.help = "a key of another table",
			.set = set_key,
			.field = index + 1};
	}
	return index < MANY_KEYS;
}

static const struct option_row OPTIONS[] = {
	{.name = "matrix",
		.letter = 'm',
		.argument = "MATRIX",
		.help = "one line\nand another",
		.set = option_add_text,
		.field = offsetof(struct made, matrices),
		.is_required = true},
	{.name = "json",
		.letter = 'j',
		.help = "a flag",
		.set = option_set_flag,
		.field = offsetof(struct made, is_json)},
	{.name = "path",
		.argument = "FILE",
		.help = "a text",
		.set = option_set_text,
		.field = offsetof(struct made, path)},
	{.others = key_row},
	{.name = "top",
		.argument = "N",
		.help = "a number",
		.set = option_set_number,
		.field = offsetof(struct made, top),
		.least = 3,
		.most = 70},
	{.name = "to",
		.argument = "nftables|iptables|pf",
		.help = "a word",
		.set = option_set_word,
		.field = offsetof(struct made, form)},
	{.name = "list",
		.help = "nothing else is needed",
		.set = option_set_flag,
		.field = offsetof(struct made, is_list),
		.is_enough = true},
	{.name = NULL},
};

static const struct command COMMAND = {
	.name = "made",
	.usage = "-m MATRIX FROM TO\n--list",
	.about = "What it does.\n",
	.notes = "A note.\n",
	.examples = "  mailwarden made -m matrix.yaml a b\n",
	.exits = "0 always.\n",
	.options = OPTIONS,
	.words = "FROM TO",
	.words_most = 2,
};

static struct made made;
static struct option_words words;
static char told[4096]; /* what went to the stream that was watched */

/* Read a line cut at blanks, watching one of the standard places. */
static int read_line_at(const struct command *command, const char *line, int place)
{
	char text[4096];
	char *list[ARGUMENTS_MAX + 1];
	int count = 0;
	(void)snprintf(text, sizeof(text), "%s", line);
	char *rest = text;
	for (char *word;
		count < ARGUMENTS_MAX && (word = strsep(&rest, " ")) != NULL;) {
		list[count++] = word;
	}
	list[count] = NULL;
	FILE *file = tmpfile();
	assert_non_null(file);
	(void)fflush(stdout);
	const int kept = dup(place);
	assert_true(dup2(fileno(file), place) >= 0);
	made = (struct made){.top = 10};
	const int code = options_read(command, count, list, &made, &words);
	(void)fflush(stdout);
	assert_true(dup2(kept, place) >= 0);
	(void)close(kept);
	rewind(file);
	told[fread(told, 1, sizeof(told) - 1, file)] = '\0';
	(void)fclose(file);
	return code;
}

static void assert_right(const char *line)
{
	assert_int_equal(read_line_at(&COMMAND, line, STDERR_FILENO), OPTIONS_GO_ON);
	assert_string_equal(told, "");
}

/* That is told, then where help is, and the exit code is that of a wrong usage. */
static void assert_wrong_for(
	const struct command *command, const char *line, const char *wanted)
{
	char text[512];
	(void)snprintf(text, sizeof(text),
		"mailwarden made: %s\nTry 'mailwarden made --help'.\n", wanted);
	assert_int_equal(read_line_at(command, line, STDERR_FILENO), COMMAND_USAGE);
	assert_string_equal(told, text);
}

static void assert_wrong(const char *line, const char *wanted)
{
	assert_wrong_for(&COMMAND, line, wanted);
}

static void each_kind_of_value_comes_to_its_field(void **state)
{
	(void)state;
	assert_right("made -m a --matrix b --matrix=c -md --json --path p --top 42 "
		     "--to iptables");
	assert_int_equal(made.matrices.count, 4);
	assert_string_equal(made.matrices.values[1], "b");
	assert_string_equal(made.matrices.values[3], "d");
	assert_true(made.is_json);
	assert_string_equal(made.path, "p");
	assert_int_equal(made.top, 42);
	assert_int_equal(made.form, 1);
	assert_false(made.is_list);
}

static void what_is_not_given_stays_as_it_was(void **state)
{
	(void)state;
	assert_right("made -m a");
	assert_int_equal(made.top, 10);
	assert_null(made.path);
	assert_false(made.is_json);
}

static void words_may_stand_between_options(void **state)
{
	(void)state;
	assert_right("made from -m a to --json");
	assert_int_equal(words.count, 2);
	assert_string_equal(words.list[0], "from");
	assert_string_equal(words.list[1], "to");
	assert_true(made.is_json);
	assert_right("made -m a -- --json");
	assert_string_equal(words.list[0], "--json");
	assert_false(made.is_json);
}

static void keys_of_another_table_are_options_too(void **state)
{
	(void)state;
	assert_right("made -m a --green x");
	assert_int_equal(made.key, 2);
	assert_right("made -m a --blue x");
	assert_int_equal(made.key, 3);
	assert_wrong("made -m a --red bad", "the key is bad");
}

static void an_unknown_option_is_told_with_the_nearest(void **state)
{
	(void)state;
	assert_wrong(
		"made --jsn", "unknown option \"--jsn\"; did you mean \"--json\"?");
	assert_wrong("made --gren=1",
		"unknown option \"--gren=1\"; did you mean \"--green\"?");
	assert_wrong("made --frobnicate", "unknown option \"--frobnicate\"");
	assert_wrong("made -x", "unknown option \"-x\"");
	assert_wrong("made -jx", "unknown option \"-x\"");
	assert_right("made -m a --js"); /* begins like one alone */
	assert_true(made.is_json);
	assert_wrong("made --t 3", "unknown option \"--t\"; did you mean \"--top\"?");
}

static void what_steers_a_terminal_is_not_told_as_such(void **state)
{
	(void)state;
	assert_wrong("made --\033[2Jfrobnicate", "unknown option \"--?[2Jfrobnicate\"");
}

static void a_missing_value_is_told_with_what_it_would_be(void **state)
{
	(void)state;
	assert_wrong("made -m a --path", "a value is missing: --path FILE");
	assert_wrong("made -m", "a value is missing: --matrix MATRIX");
	assert_wrong("made -jm", "a value is missing: --matrix MATRIX");
	assert_right("made -m a --path --json"); /* is the value */
	assert_string_equal(made.path, "--json");
}

static void an_empty_value_is_refused(void **state)
{
	(void)state;
	assert_wrong("made --path=", "--path is empty");
	assert_wrong("made --matrix=", "--matrix is empty");
	assert_wrong("made --top=", "--top takes 3 to 70, not \"\"");
	assert_wrong("made --to=", "--to takes nftables, iptables or pf, not \"\"");
}

static void a_flag_takes_no_value(void **state)
{
	(void)state;
	assert_wrong("made --json=yes", "--json takes no value");
	assert_wrong("made --help=run", "--help takes no value");
}

static void a_number_is_within_its_bounds(void **state)
{
	static const char *const BAD[] = {"2", "71", "-4", "+4", "4x", "0x10", "4.0",
		"18446744073709551620", "4294967300", "x"};
	char line[64];
	char wanted[96];
	(void)state;
	assert_right("made -m a --top 3");
	assert_int_equal(made.top, 3);
	assert_right("made -m a --top 70");
	assert_int_equal(made.top, 70);
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		(void)snprintf(line, sizeof(line), "made -m a --top %s", BAD[i]);
		(void)snprintf(wanted, sizeof(wanted),
			"--top takes 3 to 70, not \"%s\"", BAD[i]);
		assert_wrong(line, wanted);
		assert_int_equal(made.top, 10);
	}
}

static void a_word_is_one_of_its_words_whole(void **state)
{
	(void)state;
	assert_right("made -m a --to pf");
	assert_int_equal(made.form, 2);
	assert_wrong("made --to p", "--to takes nftables, iptables or pf, not \"p\"");
	assert_wrong(
		"made --to pff", "--to takes nftables, iptables or pf, not \"pff\"");
	assert_wrong("made --to iptables|pf",
		"--to takes nftables, iptables or pf, not \"iptables|pf\"");
}

static void a_list_that_is_full_is_told(void **state)
{
	char line[OPTIONS_LIST_MAX * 5 + 16] = "made";
	(void)state;
	for (size_t i = 0; i < OPTIONS_LIST_MAX; i++) {
		(void)strcat(line, " -m a");
	}
	assert_right(line);
	assert_int_equal(made.matrices.count, OPTIONS_LIST_MAX);
	(void)strcat(line, " -m a");
	assert_wrong(line, "more than 64 times --matrix");
}

static void what_is_required_is_asked_for(void **state)
{
	static const struct option_row ROWS[] = {
		{.name = "to",
			.argument = "a|b",
			.set = option_set_word,
			.is_required = true},
		{.name = "inline", .set = option_set_flag, .is_required = true},
		{.name = NULL},
	};
	static const struct command OTHER = {.name = "made", .options = ROWS};
	(void)state;
	assert_wrong("made", "no matrix given (-m MATRIX)");
	assert_right("made --list");
	assert_wrong_for(&OTHER, "made", "--to a|b is needed");
	assert_wrong_for(&OTHER, "made --to a", "--inline is needed");
}

static void words_are_counted(void **state)
{
	struct command strict = COMMAND;
	struct command none = COMMAND;
	(void)state;
	strict.words_least = 2;
	none.words_most = 0;
	assert_wrong("made -m a b c d", "a word too many: \"d\"");
	assert_wrong_for(&strict, "made -m a", "no FROM TO given");
	assert_wrong_for(&strict, "made -m a b", "no TO given");
	assert_wrong_for(&none, "made -m a b", "takes options only, not \"b\"");
	strict.words_most = COMMAND_WORDS_ANY;
	assert_int_equal(read_line_at(&strict, "made -m a b c d e", STDERR_FILENO),
		OPTIONS_GO_ON);
	assert_int_equal(words.count, 4);
}

static void help_is_the_table(void **state)
{
	(void)state;
	assert_int_equal(
		read_line_at(&COMMAND, "made --json -h", STDOUT_FILENO), COMMAND_OK);
	assert_string_equal(told, "Usage: mailwarden made -m MATRIX FROM TO\n"
				  "       mailwarden made --list\n"
				  "\n"
				  "What it does.\n"
				  "\n"
				  "  -m, --matrix MATRIX  one line\n"
				  "                       and another\n"
				  "  -j, --json           a flag\n"
				  "      --path FILE      a text\n"
				  "      --red SHADE      a key of another table\n"
				  "      --green SHADE    a key of another table\n"
				  "      --blue SHADE     a key of another table\n"
				  "      --top N          a number\n"
				  "      --to nftables|iptables|pf\n"
				  "                       a word\n"
				  "      --list           nothing else is needed\n"
				  "  -h, --help           this text\n"
				  "\n"
				  "A note.\n"
				  "\n"
				  "Examples:\n"
				  "  mailwarden made -m matrix.yaml a b\n"
				  "\n"
				  "Exit: 0 always.\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_value_comes_to_its_field),
		cmocka_unit_test(what_is_not_given_stays_as_it_was),
		cmocka_unit_test(words_may_stand_between_options),
		cmocka_unit_test(keys_of_another_table_are_options_too),
		cmocka_unit_test(an_unknown_option_is_told_with_the_nearest),
		cmocka_unit_test(what_steers_a_terminal_is_not_told_as_such),
		cmocka_unit_test(a_missing_value_is_told_with_what_it_would_be),
		cmocka_unit_test(an_empty_value_is_refused),
		cmocka_unit_test(a_flag_takes_no_value),
		cmocka_unit_test(a_number_is_within_its_bounds),
		cmocka_unit_test(a_word_is_one_of_its_words_whole),
		cmocka_unit_test(a_list_that_is_full_is_told),
		cmocka_unit_test(what_is_required_is_asked_for),
		cmocka_unit_test(words_are_counted),
		cmocka_unit_test(help_is_the_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
