/*
 * journal/journal_cursor - how far one reader of a journal came, on disk.
 *
 * A file <name>.cursor in the journal's folder: two lines, written in turn and in
 * place, so that it takes no room when the disk is full and that of a write cut short
 * the other line is left. Locked by the reader as long as it is open.
 */
#pragma once

#include "base/reason.h"

#include <stdint.h>

struct journal_cursor {
	int file; /* -1: not open */
	unsigned line;
	uint64_t position; /* on disk */
};

/*
 * Open or make the cursor of that name (letters, digits, '-', '_', '.'). False with a
 * reason, also when another process holds it.
 */
bool journal_cursor_open(struct journal_cursor *cursor, int directory, const char *name,
	struct reason *why);

/* Put the position on the disk, for good. False: it stays as it was. */
bool journal_cursor_set(
	struct journal_cursor *cursor, uint64_t position, struct reason *why);

void journal_cursor_close(struct journal_cursor *cursor);

/* The lowest position of all cursors of the folder; UINT64_MAX when it has none. */
uint64_t journal_cursor_lowest(int directory);
