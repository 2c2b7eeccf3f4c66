#include "commands/options.h"

#include "base/name_table.h"
#include "base/text.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define ROW_VALUE  256                   /* + index: what getopt gives for a row */
#define LETTERS    (2 * OPTIONS_MAX + 2) /* ":", each with ":", NUL */
#define NAME_BYTES 96

static const struct option_row HELP = {
	.name = "help", .letter = 'h', .help = "this text"};

static void *field_of(void *target, const struct option_row *row)
{
	return (unsigned char *)target + row->field;
}

bool option_set_flag(void *target, const struct option_row *row, const char *value,
	struct reason *why)
{
	bool *field = field_of(target, row);
	(void)value;
	(void)why;
	*field = true;
	return true;
}

bool option_set_text(void *target, const struct option_row *row, const char *value,
	struct reason *why)
{
	const char **field = field_of(target, row);
	if (value[0] == '\0') {
		return reason_set(why, "--%s is empty", row->name);
	}
	*field = value;
	return true;
}

bool option_add_text(void *target, const struct option_row *row, const char *value,
	struct reason *why)
{
	struct option_list *list = field_of(target, row);
	if (value[0] == '\0') {
		return reason_set(why, "--%s is empty", row->name);
	}
	if (list->count == OPTIONS_LIST_MAX) {
		return reason_set(
			why, "more than %d times --%s", OPTIONS_LIST_MAX, row->name);
	}
	list->values[list->count++] = value;
	return true;
}

bool option_set_number(void *target, const struct option_row *row, const char *value,
	struct reason *why)
{
	uint32_t *field = field_of(target, row);
	const size_t len = strlen(value);
	const struct text text = {(const uint8_t *)value, len};
	uint64_t number = 0;
	if (strspn(value, "0123456789") != len ||
		!text_number(text, row->most, &number) || number < row->least) {
		return reason_set(why, "--%s takes %u to %u, not \"%.40s\"", row->name,
			row->least, row->most, value);
	}
	*field = (uint32_t)number;
	return true;
}

bool option_word_next(const char **words, const char **word, size_t *len)
{
	if (**words == '\0') {
		return false;
	}
	*word = *words;
	*len = strcspn(*words, "|");
	*words += *len + ((*words)[*len] == '|' ? 1 : 0);
	return true;
}

/* "a, b or c" of "a|b|c" */
static void say_words(const char *words, char *said, size_t size)
{
	const char *word;
	size_t len;
	size_t used = 0;
	said[0] = '\0';
	for (const char *between = "";
		option_word_next(&words, &word, &len) && used < size;
		between = strchr(words, '|') ? ", " : " or ") {
		used += (size_t)snprintf(
			said + used, size - used, "%s%.*s", between, (int)len, word);
	}
}

bool option_set_word(void *target, const struct option_row *row, const char *value,
	struct reason *why)
{
	unsigned *field = field_of(target, row);
	const char *words = row->argument;
	const char *word;
	size_t len;
	char said[NAME_BYTES];
	for (unsigned i = 0; option_word_next(&words, &word, &len); i++) {
		if (strlen(value) == len && memcmp(value, word, len) == 0) {
			*field = i;
			return true;
		}
	}
	say_words(row->argument, said, sizeof(said));
	return reason_set(why, "--%s takes %s, not \"%.40s\"", row->name, said, value);
}

static struct option_row *row_next(struct option_table *table)
{
	assert(table->count < OPTIONS_MAX);
	return &table->rows[table->count++];
}

void option_table_make(struct option_table *table, const struct command *command)
{
	table->count = 0;
	for (const struct option_row *row = command->options; row->name || row->others;
		row++) {
		struct option_row other;
		for (size_t i = 0; row->others && row->others(i, &other); i++) {
			*row_next(table) = other;
		}
		if (row->name) {
			*row_next(table) = *row;
		}
	}
	*row_next(table) = HELP;
}

/* The rows as getopt wants them. */
struct getopt_form {
	struct option list[OPTIONS_MAX + 1];
	char letters[LETTERS];
};

static void make_form(struct getopt_form *form, const struct option_table *table)
{
	size_t letters = 0;
	*form = (struct getopt_form){.letters = ""};
	form->letters[letters++] = ':'; /* a missing value is told apart */
	for (size_t i = 0; i < table->count; i++) {
		const struct option_row *row = &table->rows[i];
		form->list[i] = (struct option){row->name,
			row->argument ? required_argument : no_argument, NULL,
			ROW_VALUE + (int)i};
		if (row->letter) {
			form->letters[letters++] = row->letter;
		}
		if (row->letter && row->argument) {
			form->letters[letters++] = ':';
		}
	}
}

/* Index of the row that getopt speaks of by its value or letter; else count. */
static size_t index_of(const struct option_table *table, int found)
{
	size_t i = 0;
	while (i < table->count && found != ROW_VALUE + (int)i &&
		(found == 0 || found != table->rows[i].letter)) {
		i++;
	}
	return i;
}

/* One that begins as the word does (of several, the first), else the nearest. */
static const char *nearest_name(const struct option_table *table, const char *wrong)
{
	struct name_nearest search = {.wrong = wrong};
	for (size_t i = 0; i < table->count; i++) {
		const char *name = table->rows[i].name;
		if (wrong[0] != '\0' && strncmp(name, wrong, strlen(wrong)) == 0) {
			return name;
		}
		name_nearest_offer(&search, name);
	}
	return search.nearest;
}

static int tell_unknown(const struct command *command, const struct option_table *table,
	const char *word)
{
	char name[NAME_BYTES];
	const char *bare = word + strspn(word, "-");
	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(bare, "="), bare);
	const char *near = nearest_name(table, name);
	return command_misused(command, "unknown option \"%.80s\"%s%s%s", word,
		near ? "; did you mean \"--" : "", near ? near : "", near ? "\"?" : "");
}

/* What getopt complains of; word: the one it was at. */
static int tell_mistake(const struct command *command, const struct option_table *table,
	int complaint, const char *word)
{
	const size_t index = index_of(table, optopt);
	const struct option_row *row = &table->rows[index];
	if (index < table->count && complaint == ':') {
		return command_misused(command, "a value is missing: --%s %s",
			row->name, row->argument);
	}
	if (index < table->count) {
		return command_misused(command, "--%s takes no value", row->name);
	}
	if (optopt != 0) {
		return command_misused(command, "unknown option \"-%c\"", optopt);
	}
	return tell_unknown(command, table, word);
}

static int tell_missing(const struct command *command, const struct option_row *row)
{
	if (row->letter && row->argument) {
		return command_misused(command, "no %s given (-%c %s)", row->name,
			row->letter, row->argument);
	}
	return command_misused(command, "--%s%s%s is needed", row->name,
		row->argument ? " " : "", row->argument ? row->argument : "");
}

/* given: a bit for each row. */
static int check_required(
	const struct command *command, const struct option_table *table, uint64_t given)
{
	const struct option_row *missing = NULL;
	for (size_t i = 0; i < table->count; i++) {
		const struct option_row *row = &table->rows[i];
		const bool is_given = (given >> i & 1) != 0;
		if (row->is_enough && is_given) {
			return OPTIONS_GO_ON;
		}
		if (row->is_required && !is_given && !missing) {
			missing = row;
		}
	}
	if (!missing) {
		return OPTIONS_GO_ON;
	}
	return tell_missing(command, missing);
}

static int tell_wrong_count(
	const struct command *command, const struct option_words *words)
{
	if (words->count < command->words_least) {
		const char *rest = command->words;
		for (size_t i = 0; i < words->count; i++) {
			rest += strcspn(rest, " ");
			rest += strspn(rest, " ");
		}
		return command_misused(command, "no %s given", rest);
	}
	if (command->words_most == 0 && words->count > 0) {
		return command_misused(
			command, "takes options only, not \"%.80s\"", words->list[0]);
	}
	if (words->count > command->words_most) {
		return command_misused(command, "a word too many: \"%.80s\"",
			words->list[command->words_most]);
	}
	return OPTIONS_GO_ON;
}

int options_read(const struct command *command, int argc, char **argv, void *target,
	struct option_words *words)
{
	struct option_table table;
	struct getopt_form form;
	struct reason why;
	uint64_t given = 0;
	int found;
	option_table_make(&table, command);
	make_form(&form, &table);
	optind = 0;
	opterr = 0;
	while ((found = getopt_long(argc, argv, form.letters, form.list, NULL)) != -1) {
		const size_t index = index_of(&table, found);
		if (found == ':' || found == '?') {
			return tell_mistake(command, &table, found, argv[optind - 1]);
		}
		const struct option_row *row = &table.rows[index];
		if (!row->set) {
			options_help(command);
			return COMMAND_OK;
		}
		if (!row->set(target, row, optarg, &why)) {
			return command_misused(command, "%s", why.text);
		}
		given |= UINT64_C(1) << index;
	}
	*words = (struct option_words){
		(const char *const *)(argv + optind), (size_t)(argc - optind)};
	const int code = check_required(command, &table, given);
	return code != OPTIONS_GO_ON ? code : tell_wrong_count(command, words);
}
