/*
 * commands/command - the subcommands of mailwarden, one file each.
 *
 * main.c holds the table and hands over argv from the subcommand's name on. A
 * command prints its result on stdout and what went wrong on stderr; main.c makes
 * sure that what was printed got out.
 */
#pragma once

enum command_exit {
	COMMAND_OK = 0,
	COMMAND_VIOLATIONS = 1, /* only with --exit-code */
	COMMAND_USAGE = 2,      /* usage, settings or matrix in error */
	COMMAND_RUNTIME = 3,    /* input, output or the system failed */
};

struct command {
	const char *name;
	const char *summary; /* one line, for `mailwarden --help` */
	int (*run)(int argc,
		char **argv); /* argv[0] is the name; returns enum command_exit */
};

extern const struct command COMMAND_CHECK;
extern const struct command COMMAND_EXPLAIN;
extern const struct command COMMAND_REPLAY;
extern const struct command COMMAND_CATALOGUE;
extern const struct command COMMAND_EXPORT;
extern const struct command COMMAND_UNBAN;
extern const struct command COMMAND_RUN;
extern const struct command COMMAND_STATUS;
extern const struct command COMMAND_SERVERS;
extern const struct command COMMAND_SHIP;
extern const struct command COMMAND_FLEET;
