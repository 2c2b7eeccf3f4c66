#include "interchange/sheet.h"

#include "base/utf8.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

void sheet_begin_line(struct sheet *sheet)
{
	sheet->lines = list_room(sheet->lines, sheet->count, sizeof(*sheet->lines));
	sheet->lines[sheet->count++] = (struct sheet_line){.count = 0};
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool sheet_add(
	struct sheet *sheet, const char *text, size_t len, const unsigned place[2])
{
	struct sheet_line *line = &sheet->lines[sheet->count - 1];
	if (sheet->cell_count == SHEET_CELLS_MAX || line->count == SHEET_COLUMNS_MAX) {
		return false;
	}
	while (len > 0 && is_blank(text[len - 1])) {
		len--;
	}
	while (len > 0 && is_blank(*text)) {
		text++;
		len--;
	}
	char *kept = arena_take(sheet->arena, len + 1);
	size_t used = 0;
	for (size_t i = 0; i < len; i++) { /* lines end as everywhere */
		if (text[i] != '\r') {
			kept[used++] = text[i];
		}
	}
	line->cells = list_room(line->cells, line->count, sizeof(*line->cells));
	line->cells[line->count++] = (struct sheet_cell){kept, place[0], place[1]};
	sheet->cell_count++;
	return true;
}

void sheet_put(struct sheet *sheet, const char *text)
{
	static const unsigned NOWHERE[2] = {1, 1};
	(void)sheet_add(sheet, text, strlen(text), NOWHERE);
}

void sheet_free(struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->count; i++) {
		list_free(sheet->lines[i].cells);
	}
	list_free(sheet->lines);
	*sheet = (struct sheet){.arena = sheet->arena};
}

bool sheet_is_empty_line(const struct sheet_line *line)
{
	for (size_t i = 0; i < line->count; i++) {
		if (line->cells[i].text[0] != '\0') {
			return false;
		}
	}
	return true;
}

const char *sheet_text(const struct sheet_line *line, size_t column)
{
	return column < line->count ? line->cells[column].text : "";
}

/* What Windows-1252 has where Latin-1 has controls; 0: nothing. */
static const uint16_t WINDOWS[32] = {0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020,
	0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0, 0, 0x2018, 0x2019,
	0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153,
	0, 0x017e, 0x0178};

static size_t write_windows(uint8_t byte, char *out)
{
	uint32_t code = byte;
	if (byte >= 0x80 && byte < 0xa0) {
		code = WINDOWS[byte - 0x80] ? WINDOWS[byte - 0x80] : '?';
	}
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | code >> 12);
	out[1] = (char)(0x80 | (code >> 6 & 0x3f));
	out[2] = (char)(0x80 | (code & 0x3f));
	return 3;
}

/* bytes end with NUL. */
static bool is_utf8(const char *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		uint32_t code;
		const size_t step = utf8_read(bytes + at, &code);
		if (step == 0) {
			return false;
		}
		at += step;
	}
	return true;
}

const char *sheet_utf8(struct arena *arena, const char *bytes, size_t *len)
{
	if (*len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
		bytes += 3;
		*len -= 3;
	}
	const char *same = arena_text(arena, bytes, *len);
	if (is_utf8(same, *len)) {
		return same;
	}
	char *text = arena_take(arena, *len * 3 + 1);
	size_t used = 0;
	for (size_t i = 0; i < *len; i++) { /* SHEET_BYTES_MAX */
		used += write_windows((uint8_t)bytes[i], text + used);
	}
	*len = used;
	return text;
}

static bool fail(struct sheet_error *error, unsigned line, const char *text)
{
	*error = (struct sheet_error){.line = line, .column = 1};
	(void)snprintf(error->text, sizeof(error->text), "%s", text);
	return false;
}

/* What no table can be read of, with what to do instead. */
static bool is_refused(const char *bytes, size_t len, struct sheet_error *error)
{
	if (len >= 4 && memcmp(bytes, "PK\x03\x04", 4) == 0) {
		return !fail(error, 1,
			"this is a workbook (XLSX or ODS); convert it first: "
			"libreoffice --headless --convert-to csv FILE");
	}
	if (len >= 4 && memcmp(bytes, "\xd0\xcf\x11\xe0", 4) == 0) {
		return !fail(error, 1,
			"this is an old workbook (XLS); convert it first: "
			"libreoffice --headless --convert-to csv FILE");
	}
	if (len >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 ||
				memcmp(bytes, "\xfe\xff", 2) == 0)) {
		return !fail(
			error, 1, "this is UTF-16; save the sheet as CSV in UTF-8");
	}
	if (len > SHEET_BYTES_MAX) {
		return !fail(error, 1, "more than 16 MiB");
	}
	const char *nul = memchr(bytes, 0, len);
	if (nul) {
		unsigned line = 1;
		for (const char *at = bytes; at < nul; at++) {
			line += *at == '\n';
		}
		return !fail(error, line, "a byte 0: this is no text");
	}
	return false;
}

/* The first line with something in it begins so. */
static bool has_markdown(const char *bytes)
{
	for (const char *at = bytes; at; at = strchr(at, '\n')) {
		at += strspn(at, "\r\n \t");
		if (*at == '|') {
			return true;
		}
	}
	return false;
}

bool sheet_read(
	struct sheet *sheet, const char *bytes, size_t len, struct sheet_error *error)
{
	if (is_refused(bytes, len, error)) {
		return false;
	}
	const char *text = sheet_utf8(sheet->arena, bytes, &len);
	if (text[strspn(text, " \t\r\n")] == '<') {
		return sheet_read_html(sheet, text, len, error);
	}
	return has_markdown(text) ? sheet_read_markdown(sheet, text, len, error)
				  : sheet_read_csv(sheet, text, len, error);
}
