/*
 * commands/options - what a command may be told, read from one table of rows.
 *
 * In: the rows of a command (struct command) and argv. Out: the fields of the
 * command's own struct, set row by row, and the words that are no options; or one
 * line on stderr that says what is wrong, with the nearest option where one is near,
 * and where help is. --help is a row of every table and is printed from it. Opens
 * nothing.
 */
#pragma once

#include "base/reason.h"
#include "commands/command.h"

#include <stdint.h>

#define OPTIONS_MAX      40 /* of one command, with --help */
#define OPTIONS_GO_ON    (-1)
#define OPTIONS_LIST_MAX 64

struct option_row;

/* Takes the value (NULL where the option has none) into the target; false and why. */
typedef bool option_set(void *target, const struct option_row *row, const char *value,
	struct reason *why);

struct option_row {
	const char *name; /* without its dashes */
	/*
	 * NULL: takes none. FILE, DIR, IFACE ... say what the shell may offer
	 * (commands/complete); with a bar in it, these are the words it may be.
	 */
	const char *argument;
	const char *help; /* a line; more are behind '\n' */
	option_set *set;
	size_t field; /* of the target: offsetof */

	/* No option: here stand those of another table. False behind the last. */
	bool (*others)(size_t index, struct option_row *row);

	uint32_t least; /* of a number */
	uint32_t most;
	char letter; /* or 0 */
	bool is_required;
	bool is_enough; /* with it nothing is required */
};

/* -m MATRIX, repeatable, into .matrices of the target; more members may follow. */
#define OPTION_MATRICES(target, text)                                          \
	.name = "matrix", .letter = 'm', .argument = "MATRIX", .help = (text), \
	.set = option_add_text, .field = offsetof(target, matrices)

/* What an option that may be repeated was given. */
struct option_list {
	const char *values[OPTIONS_LIST_MAX];
	size_t count;
};

/* Words of the command line that are neither options nor their values. */
struct option_words {
	const char *const *list;
	size_t count;
};

/* Kinds of fields: bool, const char *, struct option_list, uint32_t, unsigned. */
option_set option_set_flag;
option_set option_set_text;
option_set option_add_text;
option_set option_set_number; /* least to most */
option_set option_set_word;   /* which of the words */

/*
 * Set target by argv, which is reordered. OPTIONS_GO_ON, else the exit code: help was
 * printed, or what is wrong was told.
 */
int options_read(const struct command *command, int argc, char **argv, void *target,
	struct option_words *words);

/* All rows of a command in order, with --help. */
struct option_table {
	struct option_row rows[OPTIONS_MAX];
	size_t count;
};

void option_table_make(struct option_table *table, const struct command *command);

/* The next of the words of an argument, "a|b|c"; false behind the last. */
bool option_word_next(const char **words, const char **word, size_t *len);

/* Print --help. (options_help.c) */
void options_help(const struct command *command);
