/*
 * commands/complete - what fits at the end of a command line, for the shell.
 *
 * In: the words behind "mailwarden" up to the cursor, the last one as far as it is
 * typed; bash has cut them at "=" and ":". Out: a line on stdout for each
 * continuation of what bash takes for the last word, or one of ":file", ":dir" and
 * ":user", which the shell knows better. All of it comes from the commands' tables;
 * for names of the site the matrix, settings and status that the line names are read,
 * and mistakes in them not told: a completion is no place for it.
 */
#pragma once

#include "commands/command.h"

int complete_run(const struct command *const *commands, size_t command_count,
	int word_count, char **words);
