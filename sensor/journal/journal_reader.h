/*
 * journal/journal_reader - follow a journal from where its cursor stands, or only look.
 *
 * Gives whole lines with their positions, over the change of segments, while the
 * journal is written. What a bound dropped, or somebody removed or cut off, before it
 * was read is counted as a gap; it goes on in the next segment.
 * Writes nothing but its cursor, and that only when told. One that only looks has
 * none: it locks and makes nothing, and stands beside the writer and any other reader.
 */
#pragma once

#include "journal/journal_cursor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_READER_BYTES 131072 /* of a batch; a line is shorter */

struct journal_line {
	const char *text; /* without its end; borrowed until the next read */
	size_t len;
	uint64_t position; /* of its first byte */
	uint64_t end;      /* behind its line end: what to commit once delivered */
};

struct journal_reader {
	int folder;
	int file;          /* -1: none open */
	uint64_t segment;  /* of the open one */
	uint64_t position; /* of the next byte to read */
	uint64_t seen;     /* the furthest of them: the journal was there */
	uint64_t gaps;     /* times records were gone before they were read */
	uint64_t gap_bytes;
	uint64_t overlong;            /* lines that are none of ours, skipped */
	struct journal_cursor cursor; /* without a file: only looks, since there */
	size_t len;                   /* of the batch */
	size_t at;                    /* of the next line in it */
	char batch[JOURNAL_READER_BYTES];
};

/* Is there a journal in this folder? Makes nothing. */
bool journal_is_in(int folder);

/* directory and path: the journal's folder, as in journal_open; name: of the cursor. */
bool journal_reader_open(struct journal_reader *reader, int directory, const char *path,
	const char *name, struct reason *why);

/*
 * Only look: who may read the folder may do so. position: an end of a line, or 0: the
 * oldest record there is. False with a reason, also when no journal is there.
 */
bool journal_reader_open_to_look(struct journal_reader *reader, int directory,
	const char *path, uint64_t position, struct reason *why);

/* The next line; false when there is none now. */
bool journal_reader_next(struct journal_reader *reader, struct journal_line *line);

/* All before this position (an end of a line) is delivered for good. Needs a cursor. */
bool journal_reader_commit(
	struct journal_reader *reader, uint64_t position, struct reason *why);

/* Go back to what was committed last; without a cursor to where it began. */
void journal_reader_rewind(struct journal_reader *reader);

/*
 * Go to another place (an end of a line, or 0: the oldest record there is). The cursor
 * stays. Returns where that is.
 */
uint64_t journal_reader_seek(struct journal_reader *reader, uint64_t position);

/* Bytes in the journal behind the last committed record, or where it began. */
uint64_t journal_reader_backlog(const struct journal_reader *reader);

void journal_reader_close(struct journal_reader *reader);
