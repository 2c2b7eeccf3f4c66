/*
 * report/servers_file - the server ledger as a file that people can read.
 *
 * Lines of key=value between a first line that names the format and a last one that
 * counts the servers, so that a cut file is told. Read strictly: anything unexpected
 * is an error with its line. Written beside the old file, then put in its place.
 */
#pragma once

#include "base/text.h"
#include "judge/ledger.h"

#include <stdio.h>

enum servers_result {
	SERVERS_OK = 0,
	SERVERS_MISSING,    /* no such file */
	SERVERS_BROKEN,     /* *why: "file:line: what" */
	SERVERS_UNREADABLE, /* the system refused */
};

/* Put every server of the file's bytes into the ledger. name: for the reason. */
bool servers_read(
	struct ledger *ledger, struct text bytes, const char *name, struct reason *why);

enum servers_result servers_load(
	struct ledger *ledger, const char *path, struct reason *why);

/* The same by name in a directory, never through a symbolic link. */
enum servers_result servers_load_at(
	struct ledger *ledger, int directory, const char *name, struct reason *why);

void servers_write(FILE *out, const struct ledger *ledger);

/* All of it or nothing: whoever reads path meanwhile sees the old file whole. */
bool servers_save(const struct ledger *ledger, const char *path, struct reason *why);

/* The same by name in a directory, for the one process that writes it. */
bool servers_save_at(const struct ledger *ledger, int directory, const char *name,
	struct reason *why);
