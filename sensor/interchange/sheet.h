/*
 * interchange/sheet - tables of text cells, as spreadsheets, Markdown and HTML have them.
 *
 * In: bytes of a file, or cells one by one. Out: lines of cells, each with the place
 * it was written at; an empty line stands between two tables. Bounded in bytes, lines and
 * cells. Knows no matrix: what a cell means is for interchange/sheet_import.
 */
#pragma once

#include "base/arena.h"
#include "base/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define SHEET_BYTES_MAX   ((size_t)16 * 1024 * 1024)
#define SHEET_CELLS_MAX   500000u
#define SHEET_COLUMNS_MAX 1024u

struct sheet_cell {
	const char *text; /* UTF-8, trimmed, no NUL; never NULL */
	unsigned line;    /* from 1: where it begins */
	unsigned column;  /* from 1, in characters */
};

struct sheet_line {
	struct sheet_cell *cells; /* list_room */
	size_t count;
};

struct sheet {
	struct arena *arena; /* of the texts */
	struct sheet_line *lines;
	size_t count;
	size_t cell_count;
};

struct sheet_error {
	unsigned line;
	unsigned column;
	char text[200];
};

/* A new empty line, into which cells are added. */
void sheet_begin_line(struct sheet *sheet);

/* False when the sheet has as many cells as it may. text need not end with NUL. */
bool sheet_add(
	struct sheet *sheet, const char *text, size_t len, const unsigned place[2]);

/* One that is written: it has no place. */
void sheet_put(struct sheet *sheet, const char *text);

void sheet_free(struct sheet *sheet);

/* No cell of the line has a text. */
bool sheet_is_empty_line(const struct sheet_line *line);

/* The text of a cell; "" behind the last. */
const char *sheet_text(const struct sheet_line *line, size_t column);

/*
 * What the bytes are is told by themselves: an HTML document, a Markdown text, else CSV.
 * UTF-8, with or without its mark, or else Windows-1252. False with the error.
 */
bool sheet_read(
	struct sheet *sheet, const char *bytes, size_t len, struct sheet_error *error);

/* The bytes as UTF-8 in the arena, without its mark; each byte that is none as Windows-1252 has it. */
const char *sheet_utf8(struct arena *arena, const char *bytes, size_t *len);

/* sheet_csv.c: by ";", "," or a tab, whichever the first lines have most of. */
bool sheet_read_csv(
	struct sheet *sheet, const char *bytes, size_t len, struct sheet_error *error);

/* RFC 4180 but for the separator, with the mark of UTF-8; no cell is a formula. */
void sheet_write_csv(const struct sheet *sheet, char separator, FILE *out);

/* sheet_markup.c: lines that begin with "|", and <table>; what is around them is no table. */
bool sheet_read_markdown(
	struct sheet *sheet, const char *bytes, size_t len, struct sheet_error *error);
bool sheet_read_html(
	struct sheet *sheet, const char *bytes, size_t len, struct sheet_error *error);
void sheet_write_markdown(const struct sheet *sheet, FILE *out);
void sheet_write_html(const struct sheet *sheet, FILE *out);
