/*
 * lists/load - the files of all lists that a matrix declares, into a block.
 *
 * A file that cannot be read, holds nothing, is broken or much shorter than before leaves
 * the entries of before in force; what is wrong stands in the list's problem. Reads
 * files; the time is given.
 */
#pragma once

#include "lists/lists.h"

/* Of so many lines one may say nothing: more, and the file is broken. */
#define LISTS_BAD_SHARE 20

/* A list that had so many items is told when fewer than half of them are left. */
#define LISTS_SHRINK_LEAST 20

/* Zeroed memory for a block, and back. NULL with the reason. */
struct lists *lists_new(struct reason *why);
void lists_free(struct lists *lists);

/*
 * What a running sensor has beside the files: the block that is in force, whose entries
 * are kept where a file is not usable, or NULL; and the folder in which lies what was
 * changed by hand, or -1.
 */
struct lists_past {
	const struct lists *before;
	int directory;
};

/* The first LISTS_MAX lists of the matrix, into a block of zeros. past: or NULL. */
void lists_load(struct lists *lists, const struct matrix *matrix,
	const struct lists_past *past, int64_t now_s);

/* The file of some list is another one than when it was read. */
bool lists_are_stale(const struct lists *lists, int directory);

/* What a block of another process holds, in memory of one's own. */
struct lists *lists_copy(const struct lists *shared, struct reason *why);
