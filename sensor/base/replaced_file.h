/*
 * base/replaced_file - a file written anew: all of it or nothing.
 *
 * In: a path and who writes the content. Out: the new file in the place of the old one,
 * once it is on the disk; whoever reads the path meanwhile sees the old one whole.
 */
#pragma once

#include "base/reason.h"

#include <limits.h>
#include <stdio.h>

/* Errors of the stream are found by the caller. False: errno says why, the old file stays. */
typedef bool replaced_file_write(FILE *out, const void *what);

/* A symbolic link stays one: the file behind it is replaced. */
bool replaced_file_save(const char *path, replaced_file_write *write, const void *what,
	struct reason *why);

/*
 * The same by name in a directory, for the one process that writes it, in steps: what is
 * written to .out is of the new file, and errors of that stream are found here.
 */
struct replaced_file {
	FILE *out;
	int directory;
	const char *name; /* borrowed */
	char beside[NAME_MAX + 1];
};

bool replaced_file_begin_at(struct replaced_file *file, int directory, const char *name,
	struct reason *why);

/* What was written so far is on the disk; not to wait for all of it at the end. */
bool replaced_file_sync(struct replaced_file *file, struct reason *why);

/* Both take back what begin took, also where the new file does not come to its place. */
bool replaced_file_finish(struct replaced_file *file, struct reason *why);
void replaced_file_abandon(struct replaced_file *file);

/* All steps at once. */
bool replaced_file_save_at(int directory, const char *name, replaced_file_write *write,
	const void *what, struct reason *why);
