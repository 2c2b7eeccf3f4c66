#include "base/name_table.h"
#include "base/version.h"
#include "classify/second_opinion.h"
#include "commands/complete.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command *const COMMANDS[] = {
	&COMMAND_RUN,
	&COMMAND_STATUS,
	&COMMAND_SHIP,
	&COMMAND_FLEET,
	&COMMAND_UNBAN,
	&COMMAND_LIST,
	&COMMAND_REPLAY,
	&COMMAND_CHECK,
	&COMMAND_EXPLAIN,
	&COMMAND_DIFF,
	&COMMAND_IMPORT,
	&COMMAND_LEARN,
	&COMMAND_EXPORT,
	&COMMAND_CATALOGUE,
	&COMMAND_OBSERVED,
	&COMMAND_SERVERS,
	&COMMAND_GRID,
	&COMMAND_UNUSED,
	&COMMAND_REPORT,
	&COMMAND_DIGEST,
	&COMMAND_AUDIT,
	&COMMAND_DMARC,
};
#define COMMAND_COUNT (sizeof(COMMANDS) / sizeof(COMMANDS[0]))

static void usage(FILE *out)
{
	(void)fprintf(out, "mailwarden - watch mail flows and hold them against the "
			   "declared flow\n"
			   "matrix\n"
			   "\n"
			   "Usage: mailwarden COMMAND [OPTION...]\n"
			   "\n"
			   "Commands:\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		(void)fprintf(
			out, "  %-10s %s\n", COMMANDS[i]->name, COMMANDS[i]->summary);
	}
	(void)fprintf(out,
		"\n"
		"'mailwarden COMMAND --help' teaches each with examples.\n"
		"Manuals: mailwarden(8), 'man mailwarden-COMMAND'; the matrix file:\n"
		"mailwarden-matrix(5).\n"
		"Exit: 0 ok, 1 findings, breaches and the like (each command says "
		"when),\n"
		"2 usage or matrix error, 3 I/O or runtime error.\n");
}

static int unknown_command(const char *name)
{
	struct name_nearest search = {.wrong = name};
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		name_nearest_offer(&search, COMMANDS[i]->name);
	}
	const bool is_near = search.nearest != NULL;
	(void)fprintf(stderr,
		"mailwarden: unknown command \"%s\"%s%s%s\nTry 'mailwarden --help'.\n",
		name, is_near ? "; did you mean \"" : "", is_near ? search.nearest : "",
		is_near ? "\"?" : "");
	return COMMAND_USAGE;
}

/* Else the first file opened would become standard output. */
static void hold_standard_places(void)
{
	for (int id = STDIN_FILENO; id <= STDERR_FILENO; id++) {
		if (fcntl(id, F_GETFD) == -1) {
			/* takes the lowest free place; read only, so that writing fails */
			(void)open("/dev/null", O_RDONLY);
		}
	}
}

static int run(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	if (!name) {
		usage(stderr);
		return COMMAND_USAGE;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
		strcmp(name, "help") == 0) {
		usage(stdout);
		return COMMAND_OK;
	}
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		(void)printf("mailwarden %s (nDPI %s)\n", MAILWARDEN_VERSION,
			second_opinion_version());
		return COMMAND_OK;
	}
	if (strcmp(name, "complete") == 0) { /* for the shell's completion alone */
		return complete_run(COMMANDS, COMMAND_COUNT, argc - 2, argv + 2);
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(COMMANDS[i]->name, name) == 0) {
			return COMMANDS[i]->run(argc - 1, argv + 1);
		}
	}
	return unknown_command(name);
}

/* `mailwarden ... | head` has what it wants: no mistake to be told. */
static bool is_reader_gone(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO};
	return poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}

int main(int argc, char **argv)
{
	hold_standard_places();
	(void)signal(SIGPIPE, SIG_IGN); /* of an output: it is told by who writes */
	const int code = run(argc, argv);
	if (fflush(stdout) == 0 && !ferror(stdout)) {
		return code;
	}
	if (!is_reader_gone()) {
		(void)fputs("mailwarden: cannot write to standard output\n", stderr);
	}
	return COMMAND_RUNTIME;
}
