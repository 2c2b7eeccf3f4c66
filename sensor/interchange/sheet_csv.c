/* RFC 4180, and what spreadsheets make of it: other separators, bare line feeds or returns. */
#include "interchange/sheet.h"

#include <stdarg.h>
#include <string.h>

#define LINES_SOUGHT 20 /* for the separator */

struct reader {
	struct sheet *sheet;
	const char *at;
	const char *end;
	char separator;
	char line_end; /* '\r' where there is no other */
	unsigned line;
	unsigned column;
	char *cell; /* unquoted: never longer than what is left */
	struct sheet_error *error;
};

static bool fail(struct reader *reader, const unsigned place[2], const char *format,
	...) __attribute__((format(printf, 3, 4)));

static bool fail(
	struct reader *reader, const unsigned place[2], const char *format, ...)
{
	va_list list;
	va_start(list, format);
	(void)vsnprintf(reader->error->text, sizeof(reader->error->text), format, list);
	va_end(list);
	reader->error->line = place[0];
	reader->error->column = place[1];
	return false;
}

static void step(struct reader *reader)
{
	if (*reader->at == reader->line_end) {
		reader->line++;
		reader->column = 1;
	} else if (((unsigned char)*reader->at & 0xc0) != 0x80) { /* a character */
		reader->column++;
	}
	reader->at++;
}

/* Outside of quotes; the first lines alone are looked at. */
static char find_separator(const char *at, const char *end, char line_end)
{
	static const char CANDIDATES[] = "\t;,";
	size_t counts[3] = {0};
	bool is_quoted = false;
	int lines = 0;
	for (; at < end && lines < LINES_SOUGHT; at++) {
		const char *found = strchr(CANDIDATES, *at);
		is_quoted = is_quoted != (*at == '"');
		lines += *at == line_end && !is_quoted;
		if (!is_quoted && found) {
			counts[found - CANDIDATES]++;
		}
	}
	size_t best = 0;
	for (size_t i = 1; i < 3; i++) {
		best = counts[i] > counts[best] ? i : best;
	}
	return CANDIDATES[best];
}

static bool is_cell_end(const struct reader *reader)
{
	return reader->at == reader->end || *reader->at == reader->separator ||
	       *reader->at == reader->line_end;
}

/* At a quote inside of quotes: two of them are one, a single one ends them. */
static bool is_closing(struct reader *reader)
{
	step(reader);
	return reader->at == reader->end || *reader->at != '"';
}

static bool read_quoted(struct reader *reader, const unsigned place[2], size_t *len)
{
	step(reader);
	while (reader->at < reader->end) {
		if (*reader->at == '"' && is_closing(reader)) {
			return true;
		}
		reader->cell[*len] = '\n';
		if (*reader->at != reader->line_end) {
			reader->cell[*len] = *reader->at;
		}
		(*len)++;
		step(reader);
	}
	return fail(reader, place, "the quote that opens this cell is never closed");
}

/* Up to the end of the cell there are blanks alone. */
static bool read_rest(struct reader *reader)
{
	while (!is_cell_end(reader)) {
		if (*reader->at != ' ' && *reader->at != '\r') {
			const unsigned here[2] = {reader->line, reader->column};
			return fail(reader, here,
				"text behind the closing quote of a cell");
		}
		step(reader);
	}
	return true;
}

/* A quote that a spreadsheet would not have put in front of what begins a formula. */
static size_t without_guard(const char *cell, size_t len)
{
	return len >= 2 && cell[0] == '\'' && strchr("=+-@'", cell[1]) ? 1 : 0;
}

static bool read_cell(struct reader *reader)
{
	const unsigned place[2] = {reader->line, reader->column};
	size_t len = 0;
	while (reader->at < reader->end && *reader->at == ' ') {
		step(reader);
	}
	if (reader->at < reader->end && *reader->at == '"') {
		if (!read_quoted(reader, place, &len) || !read_rest(reader)) {
			return false;
		}
	} else {
		for (; !is_cell_end(reader); step(reader)) {
			reader->cell[len++] = *reader->at;
		}
	}
	const size_t guard = without_guard(reader->cell, len);
	return sheet_add(reader->sheet, reader->cell + guard, len - guard, place) ||
	       fail(reader, place, "more than %u cells, or %u in one line",
		       SHEET_CELLS_MAX, SHEET_COLUMNS_MAX);
}

/* "sep=;" in the first line is for spreadsheets alone. */
static bool take_hint(struct reader *reader)
{
	if (reader->end - reader->at < 5 || memcmp(reader->at, "sep=", 4) != 0 ||
		!strchr(";,\t", reader->at[4])) {
		return false;
	}
	reader->separator = reader->at[4];
	while (reader->at < reader->end && *reader->at != reader->line_end) {
		step(reader);
	}
	return true;
}

static bool read_line(struct reader *reader)
{
	sheet_begin_line(reader->sheet);
	while (read_cell(reader)) {
		const bool is_last =
			reader->at == reader->end || *reader->at == reader->line_end;
		if (reader->at < reader->end) {
			step(reader);
		}
		if (is_last) {
			return true;
		}
	}
	return false;
}

bool sheet_read_csv(
	struct sheet *sheet, const char *bytes, size_t len, struct sheet_error *error)
{
	struct reader reader = {.sheet = sheet,
		.at = bytes,
		.end = bytes + len,
		.line_end = memchr(bytes, '\n', len) ? '\n' : '\r',
		.line = 1,
		.column = 1,
		.cell = arena_take(sheet->arena, len + 1),
		.error = error};
	if (take_hint(&reader) && reader.at < reader.end) {
		step(&reader);
	} else {
		reader.separator =
			find_separator(reader.at, reader.end, reader.line_end);
	}
	while (reader.at < reader.end) { /* SHEET_BYTES_MAX */
		if (!read_line(&reader)) {
			return false;
		}
	}
	return true;
}

/* What a spreadsheet would run, and what begins as a guarded cell does. */
static bool is_guarded(const char *text)
{
	return text[0] != '\0' && strchr("=+-@", text[0]) != NULL;
}

static void write_cell(const char *text, char separator, FILE *out)
{
	const char special[] = {'"', '\r', '\n', ';', ',', '\t', separator, '\0'};
	const char *guard = is_guarded(text) || (text[0] == '\'' && text[1] != '\0' &&
							strchr("=+-@'", text[1]))
				    ? "'"
				    : "";
	if (text[strcspn(text, special)] == '\0') {
		(void)fprintf(out, "%s%s", guard, text);
		return;
	}
	(void)fprintf(out, "\"%s", guard);
	for (; *text != '\0'; text++) {
		(void)fputs(*text == '"' ? "\"" : "", out);
		(void)fputc(*text, out);
	}
	(void)fputc('"', out);
}

static void write_line(const struct sheet_line *line, char separator, FILE *out)
{
	for (size_t i = 0; i < line->count; i++) {
		if (i > 0) {
			(void)fputc(separator, out);
		}
		write_cell(line->cells[i].text, separator, out);
	}
	(void)fputs("\r\n", out);
}

void sheet_write_csv(const struct sheet *sheet, char separator, FILE *out)
{
	(void)fputs("\xef\xbb\xbf", out);
	for (size_t i = 0; i < sheet->count; i++) {
		write_line(&sheet->lines[i], separator, out);
	}
}
