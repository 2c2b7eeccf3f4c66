/* Tables of Markdown (as GitHub has them) and of HTML: cells of one line, blanks for merged ones. */
#include "base/html.h"
#include "base/text.h"
#include "interchange/sheet.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

struct reader {
	struct sheet *sheet;
	const char *at;
	const char *end;
	unsigned line;
	unsigned column;
	char *cell; /* as long as the whole text */
	size_t len;
	struct sheet_error *error;
	/* HTML: rows below that a cell of this column still covers */
	unsigned spans[SHEET_COLUMNS_MAX];
};

static void step(struct reader *reader)
{
	if (*reader->at == '\n') {
		reader->line++;
		reader->column = 1;
	} else if (((unsigned char)*reader->at & 0xc0) != 0x80) {
		reader->column++;
	}
	reader->at++;
}

static void steps(struct reader *reader, size_t count)
{
	while (count > 0 && reader->at < reader->end) {
		step(reader);
		count--;
	}
}

static bool starts(const struct reader *reader, const char *word)
{
	const size_t len = strlen(word);
	return (size_t)(reader->end - reader->at) >= len &&
	       strncasecmp(reader->at, word, len) == 0;
}

static bool end_cell(struct reader *reader, const unsigned place[2])
{
	const bool is_added =
		sheet_add(reader->sheet, reader->cell, reader->len, place);
	reader->len = 0;
	if (!is_added) {
		*reader->error = (struct sheet_error){place[0], place[1], ""};
		(void)snprintf(reader->error->text, sizeof(reader->error->text),
			"more than %u cells, or %u in one line", SHEET_CELLS_MAX,
			SHEET_COLUMNS_MAX);
	}
	return is_added;
}

static void start_reader(struct reader *reader, const char *bytes, size_t len)
{
	reader->at = bytes;
	reader->end = bytes + len;
	reader->line = 1;
	reader->column = 1;
	reader->cell = arena_take(reader->sheet->arena, len + 1);
}

/* "|---|:--:|": below a head. */
static bool is_rule(const char *line, size_t len)
{
	size_t dashes = 0;
	for (size_t i = 0; i < len; i++) {
		if (!strchr("|-: \r\t", line[i])) {
			return false;
		}
		dashes += line[i] == '-';
	}
	return dashes > 0;
}

/* Up to the next bar that no backslash stands in front of. */
static bool read_markdown_cell(struct reader *reader, const char *line_end)
{
	const unsigned place[2] = {reader->line, reader->column};
	while (reader->at < line_end && *reader->at != '|') {
		if (starts(reader, "<br>") || starts(reader, "<br/>")) {
			reader->cell[reader->len++] = '\n';
			steps(reader, starts(reader, "<br>") ? 4 : 5);
			continue;
		}
		if (*reader->at == '\\' && reader->at + 1 < line_end &&
			strchr("|\\`*_<>[]", reader->at[1])) {
			step(reader);
		}
		reader->cell[reader->len++] = *reader->at;
		step(reader);
	}
	if (reader->at < line_end) {
		step(reader);
	}
	return end_cell(reader, place);
}

/* The bars at both ends of the line are the table's. */
static bool read_markdown_line(struct reader *reader, const char *line_end)
{
	while (line_end > reader->at && strchr(" \t\r", line_end[-1])) {
		line_end--;
	}
	sheet_begin_line(reader->sheet);
	step(reader);
	while (reader->at < line_end) {
		if (!read_markdown_cell(reader, line_end)) {
			return false;
		}
	}
	return true;
}

bool sheet_read_markdown(
	struct sheet *sheet, const char *bytes, size_t len, struct sheet_error *error)
{
	struct reader reader = {.sheet = sheet, .error = error};
	bool is_table = false;
	start_reader(&reader, bytes, len);
	while (reader.at < reader.end) { /* SHEET_BYTES_MAX */
		const char *feed =
			memchr(reader.at, '\n', (size_t)(reader.end - reader.at));
		const char *line_end = feed ? feed : reader.end;
		while (reader.at < line_end && strchr(" \t", *reader.at)) {
			step(&reader);
		}
		const bool is_row = reader.at < line_end && *reader.at == '|';
		if (is_table && !is_row) {
			sheet_begin_line(sheet);
		}
		is_table = is_row;
		if (is_row && !is_rule(reader.at, (size_t)(line_end - reader.at)) &&
			!read_markdown_line(&reader, line_end)) {
			return false;
		}
		steps(&reader, (size_t)(line_end - reader.at) + 1);
	}
	return true;
}

static void put_code(struct reader *reader, uint32_t code)
{
	char *out = reader->cell + reader->len;
	if (code < 0x80) {
		*out = (char)code;
		reader->len += 1;
	} else if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		reader->len += 2;
	} else {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		reader->len += 3;
	}
}

/* At "&": longer than what it stands for, so that there is room. */
static void read_entity(struct reader *reader)
{
	static const struct {
		const char *name;
		uint16_t code;
	} ENTITIES[] = {{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'},
		{"apos;", '\''}, {"nbsp;", ' '}, {"eacute;", 0xe9}, {"Eacute;", 0xc9},
		{"egrave;", 0xe8}, {"ecirc;", 0xea}, {"agrave;", 0xe0},
		{"acirc;", 0xe2}, {"ccedil;", 0xe7}, {"ocirc;", 0xf4}, {"ucirc;", 0xfb},
		{"ugrave;", 0xf9}, {"icirc;", 0xee}, {"deg;", 0xb0}, {"rarr;", 0x2192},
		{"larr;", 0x2190}, {"harr;", 0x2194}, {"rsquo;", 0x2019},
		{"ndash;", 0x2013}, {"mdash;", 0x2014}};
	const char *name = reader->at + 1;
	const size_t left = (size_t)(reader->end - name);
	for (size_t i = 0; i < sizeof(ENTITIES) / sizeof(ENTITIES[0]); i++) {
		const size_t len = strlen(ENTITIES[i].name);
		if (len <= left && memcmp(name, ENTITIES[i].name, len) == 0) {
			put_code(reader, ENTITIES[i].code);
			steps(reader, len + 1);
			return;
		}
	}
	uint64_t code;
	const struct text digits = {(const uint8_t *)name + 1, left > 6 ? 6 : left - 1};
	const char *semicolon =
		left > 2 ? memchr(name, ';', left > 7 ? 7 : left) : NULL;
	if (left > 2 && *name == '#' && semicolon &&
		text_number(digits, 0xffff, &code) && code >= 0x20 &&
		(code < 0xd800 || code > 0xdfff)) {
		put_code(reader, (uint32_t)code);
		steps(reader, (size_t)(semicolon - reader->at) + 1);
		return;
	}
	reader->cell[reader->len++] = '&';
	step(reader);
}

/* The value of colspan or rowspan in this tag; 1 without. */
static unsigned span_of(const char *tag, size_t len, const char *name)
{
	const char *end = tag + len;
	const size_t name_len = strlen(name);
	const char *at = tag;
	while (at < end && ((size_t)(end - at) < name_len ||
				   strncasecmp(at, name, name_len) != 0)) {
		at++;
	}
	at += at < end ? name_len : 0;
	while (at < end && strchr("= \"'", *at)) {
		at++;
	}
	uint64_t value;
	const struct text rest = {(const uint8_t *)at, (size_t)(end - at)};
	return text_number(rest, SHEET_COLUMNS_MAX, &value) && value > 0
		       ? (unsigned)value
		       : 1;
}

/* Cells of rows above that reach down here. */
static bool fill_spans(struct reader *reader)
{
	const struct sheet_line *line = &reader->sheet->lines[reader->sheet->count - 1];
	const unsigned place[2] = {reader->line, reader->column};
	while (line->count < SHEET_COLUMNS_MAX && reader->spans[line->count] > 0) {
		reader->spans[line->count]--;
		reader->len = 0;
		if (!end_cell(reader, place)) {
			return false;
		}
	}
	return true;
}

static const char *tag_end(const struct reader *reader)
{
	const char *end = memchr(reader->at, '>', (size_t)(reader->end - reader->at));
	return end ? end + 1 : reader->end;
}

static bool is_tag(const struct reader *reader, const char *name)
{
	const size_t len = strlen(name);
	return starts(reader, name) && (reader->at + len == reader->end ||
					       strchr(" \t\r\n>/", reader->at[len]));
}

static bool is_cell_end(const struct reader *reader)
{
	return starts(reader, "</td") || starts(reader, "</th") ||
	       starts(reader, "</tr") || starts(reader, "</table") ||
	       is_tag(reader, "<td") || is_tag(reader, "<th") || is_tag(reader, "<tr");
}

/* One that breaks lines is a line break; others say nothing. */
static void read_tag(struct reader *reader)
{
	if (is_tag(reader, "<br") || starts(reader, "</p>") ||
		starts(reader, "</div>") || starts(reader, "</li>")) {
		reader->cell[reader->len++] = '\0'; /* of which the sheet has none */
	}
	steps(reader, (size_t)(tag_end(reader) - reader->at));
}

/* In the text of a cell a line feed is a blank; of a tag that breaks lines there is a 0. */
static void make_breaks(struct reader *reader)
{
	for (size_t i = 0; i < reader->len; i++) {
		if (reader->cell[i] == '\n' || reader->cell[i] == '\r') {
			reader->cell[i] = ' ';
		} else if (reader->cell[i] == '\0') {
			reader->cell[i] = '\n';
		}
	}
}

/* Behind the tag of a cell, up to what ends it. */
static void read_html_text(struct reader *reader)
{
	while (reader->at < reader->end && !is_cell_end(reader)) {
		if (*reader->at == '<') {
			read_tag(reader);
		} else if (*reader->at == '&') {
			read_entity(reader);
		} else {
			reader->cell[reader->len++] = *reader->at;
			step(reader);
		}
	}
}

static bool read_html_cell(struct reader *reader)
{
	const unsigned place[2] = {reader->line, reader->column};
	const size_t tag = (size_t)(tag_end(reader) - reader->at);
	const unsigned columns = span_of(reader->at, tag, "colspan");
	const unsigned rows = span_of(reader->at, tag, "rowspan");
	if (!fill_spans(reader)) {
		return false;
	}
	steps(reader, tag);
	read_html_text(reader);
	make_breaks(reader);
	for (unsigned i = 0; i < columns; i++) {
		const size_t column =
			reader->sheet->lines[reader->sheet->count - 1].count;
		if (!end_cell(reader, place)) {
			return false;
		}
		reader->spans[column] = rows - 1;
	}
	return true;
}

/* What stands between cells. */
static void read_html_outside(struct reader *reader, bool *is_row)
{
	const bool is_table = is_tag(reader, "<table");
	if (starts(reader, "<!--")) {
		const char *end = strstr(reader->at, "-->");
		steps(reader, (size_t)((end ? end + 3 : reader->end) - reader->at));
		return;
	}
	if (is_table) {
		memset(reader->spans, 0, sizeof(reader->spans));
	}
	if (is_table || is_tag(reader, "<tr")) {
		sheet_begin_line(reader->sheet);
		*is_row = !is_table;
	}
	step(reader);
}

bool sheet_read_html(
	struct sheet *sheet, const char *bytes, size_t len, struct sheet_error *error)
{
	struct reader reader = {.sheet = sheet, .error = error};
	bool is_row = false;
	start_reader(&reader, bytes, len);
	while (reader.at < reader.end) { /* SHEET_BYTES_MAX */
		const bool is_cell =
			is_row && (is_tag(&reader, "<td") || is_tag(&reader, "<th"));
		if (!is_cell) {
			read_html_outside(&reader, &is_row);
		} else if (!read_html_cell(&reader)) {
			return false;
		}
	}
	return true;
}

static void write_markdown_text(const char *text, FILE *out)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			(void)fputs("<br>", out);
			continue;
		}
		(void)fputs(strchr("|\\`*_<>[]", *text) ? "\\" : "", out);
		(void)fputc(*text, out);
	}
}

/* The line below a head. */
static void write_rule(size_t count, FILE *out)
{
	for (size_t i = 0; i < count; i++) {
		(void)fputs(i ? "---|" : "|---|", out);
	}
	(void)fputs(count ? "\n" : "", out);
}

void sheet_write_markdown(const struct sheet *sheet, FILE *out)
{
	bool is_head = true;
	for (size_t i = 0; i < sheet->count; i++) {
		const struct sheet_line *line = &sheet->lines[i];
		for (size_t j = 0; j < line->count; j++) {
			(void)fputs(j ? " " : "| ", out);
			write_markdown_text(line->cells[j].text, out);
			(void)fputs(" |", out);
		}
		(void)fputc('\n', out);
		write_rule(is_head ? line->count : 0, out);
		is_head = line->count == 0;
	}
}

static void write_html_text(const char *text, FILE *out)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			(void)fputs("<br>", out);
		} else {
			html_put_character(out, *text);
		}
	}
}

void sheet_write_html(const struct sheet *sheet, FILE *out)
{
	const char *tag = "th";
	(void)fputs(
		"<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>Flow "
		"matrix</title>\n"
		"<style>table{border-collapse:collapse;margin:1em 0}"
		"td,th{border:1px solid;padding:.2em .5em;text-align:left}</style>\n"
		"<table>\n",
		out);
	for (size_t i = 0; i < sheet->count; i++) {
		const struct sheet_line *line = &sheet->lines[i];
		if (line->count == 0) {
			(void)fputs("</table>\n<table>\n", out);
			tag = "th";
			continue;
		}
		(void)fputs("<tr>", out);
		for (size_t j = 0; j < line->count; j++) {
			(void)fprintf(out, "<%s>", tag);
			write_html_text(line->cells[j].text, out);
			(void)fprintf(out, "</%s>", tag);
		}
		(void)fputs("</tr>\n", out);
		tag = "td";
	}
	(void)fputs("</table>\n", out);
}
