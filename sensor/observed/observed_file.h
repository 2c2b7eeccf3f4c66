/*
 * observed/observed_file - an observed matrix as a file.
 *
 * Binary, little-endian: a first line that names the format, totals, the entries in the
 * order of observed_sorted, a checksum. The same matrix is the same file, byte for byte. Read strictly, since it may come from anybody: every number is held
 * against its bound, what a person may see is cleared of what steers a terminal.
 */
#pragma once

#include "base/text.h"
#include "observed/observed.h"

#include <stdio.h>

#define OBSERVED_FILE_FIRST_LINE "mailwarden-observed 2\n"

/* Of an earlier version, without refusals and deferrals; as long as the other. It is read. */
#define OBSERVED_FILE_FIRST_LINE_1 "mailwarden-observed 1\n"

enum observed_file_result {
	OBSERVED_FILE_OK = 0,
	OBSERVED_FILE_MISSING,    /* no such file */
	OBSERVED_FILE_BROKEN,     /* *why: "file: what" */
	OBSERVED_FILE_UNREADABLE, /* the system refused */
};

/* Such a file begins like this; len bytes of it are known. */
bool observed_file_is(const void *bytes, size_t len);

/*
 * Add up the file's bytes to it (observed_merge); nothing where they are broken. name: for
 * the reason.
 */
bool observed_file_read(struct observed *observed, struct text bytes, const char *name,
	struct reason *why);

enum observed_file_result observed_file_load(
	struct observed *observed, const char *path, struct reason *why);

/* The same by name in a directory, never through a symbolic link. */
enum observed_file_result observed_file_load_at(
	struct observed *observed, int directory, const char *name, struct reason *why);

/*
 * Written piece by piece, each about as long as the other however many entries there are,
 * for who must not be held up; nothing is added to it from the start to the end of that.
 * The stream is borrowed, its errors are the caller's to find.
 */
struct observed_writing; /* opaque */
struct observed_writing *observed_writing_new(
	FILE *out, const struct observed *observed);          /* NULL: no memory */
bool observed_writing_step(struct observed_writing *writing); /* true: there is more */
void observed_writing_free(struct observed_writing *writing);

/* All of it at once. Errors of the stream are the caller's to find; false: no memory, nothing is written. */
bool observed_file_write(FILE *out, const struct observed *observed);

/* Nothing is at path yet, or an observed matrix; *why says what else is. */
bool observed_file_may_be_written(const char *path, struct reason *why);

/* All of it or nothing, as base/replaced_file has it. */
bool observed_file_save(
	const struct observed *observed, const char *path, struct reason *why);
