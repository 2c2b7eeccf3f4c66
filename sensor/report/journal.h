/*
 * report/journal - the file that records go to: EVE JSON lines.
 *
 * In: whole lines. Out: <directory>/eve.json, appended; lines go in whole or not at
 * all, also when the disk is full or the process is killed. One writer. Opens by the
 * directory it was given, so that it works without the right to walk there. Keeps no
 * line that it could not write: the caller still has it.
 */
#pragma once

#include "base/reason.h"

#include <stddef.h>
#include <sys/types.h>

struct journal {
	int directory; /* borrowed */
	int file;      /* -1: not open */
	off_t size;
};

void journal_start(struct journal *journal, int directory);

/* Open the file, anew if it is open (it may have been moved away). */
bool journal_open(struct journal *journal, struct reason *why);

/* Append len bytes that end with a line end; opens the file where it is not. */
bool journal_append(
	struct journal *journal, const char *bytes, size_t len, struct reason *why);

void journal_close(struct journal *journal);
