/*
 * base/replaced_file - a file written anew: all of it or nothing.
 *
 * In: a path and who writes the content. Out: the new file in the place of the old one,
 * once it is on the disk; whoever reads the path meanwhile sees the old one whole.
 */
#pragma once

#include "base/reason.h"

#include <stdio.h>

/* Errors of the stream are found by the caller. False: errno says why, the old file stays. */
typedef bool replaced_file_write(FILE *out, const void *what);

/* A symbolic link stays one: the file behind it is replaced. */
bool replaced_file_save(const char *path, replaced_file_write *write, const void *what,
	struct reason *why);

/* The same by name in a directory, for the one process that writes it. */
bool replaced_file_save_at(int directory, const char *name, replaced_file_write *write,
	const void *what, struct reason *why);
