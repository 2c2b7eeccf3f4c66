/*
 * commands/command - the subcommands of mailwarden, one file each.
 *
 * main.c holds the table and hands over argv from the subcommand's name on. A
 * command prints its result on stdout and what went wrong on stderr; main.c makes
 * sure that what was printed got out. What it may be told stands in its struct
 * command: the reader of options, --help and the shell's completion go by that alone.
 */
#pragma once

#include <stddef.h>

#define COMMAND_WORDS_ANY SIZE_MAX

struct option_row; /* commands/options.h */

enum command_exit {
	COMMAND_OK = 0,
	COMMAND_VIOLATIONS = 1, /* most: with --exit-code */
	COMMAND_USAGE = 2,      /* usage, settings or matrix in error */
	COMMAND_RUNTIME = 3,    /* input, output or the system failed */
};

struct command {
	const char *name;
	const char *summary; /* one line, for `mailwarden --help` */

	/* For its own --help: whole lines of at most 80 columns, or NULL for none. */
	const char *usage; /* behind the name; several ways in as many lines */
	const char *about;
	const char *notes; /* behind the options */
	const char *examples;
	const char *exits;

	const struct option_row *options; /* a row without a name behind the last */
	const char *words;                /* its other words: "FROM TO PROTOCOL" */
	size_t words_least;
	size_t words_most; /* or COMMAND_WORDS_ANY: the last one is repeated */

	/* argv[0] is the name; returns enum command_exit */
	int (*run)(int argc, char **argv);
};

extern const struct command COMMAND_CHECK;
extern const struct command COMMAND_EXPLAIN;
extern const struct command COMMAND_DIFF;
extern const struct command COMMAND_REPLAY;
extern const struct command COMMAND_CATALOGUE;
extern const struct command COMMAND_IMPORT;
extern const struct command COMMAND_EXPORT;
extern const struct command COMMAND_UNBAN;
extern const struct command COMMAND_LIST;
extern const struct command COMMAND_RUN;
extern const struct command COMMAND_STATUS;
extern const struct command COMMAND_OBSERVED;
extern const struct command COMMAND_SERVERS;
extern const struct command COMMAND_SHIP;
extern const struct command COMMAND_FLEET;
extern const struct command COMMAND_GRID;
extern const struct command COMMAND_UNUSED;
extern const struct command COMMAND_LEARN;
extern const struct command COMMAND_REPORT;
extern const struct command COMMAND_DIGEST;
extern const struct command COMMAND_AUDIT;
extern const struct command COMMAND_DMARC;

/* Tell what is wrong with the command line, and where help is: COMMAND_USAGE. */
int command_misused(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Tell what failed: COMMAND_RUNTIME. */
int command_failed(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
