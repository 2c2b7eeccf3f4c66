#include "report/json_writer.h"

#include <inttypes.h>
#include <stddef.h>
#include <time.h>

#define US_PER_S 1000000

/* First bytes first to last start a sequence of len bytes, the second being low to high. */
struct utf8_row {
	uint8_t first;
	uint8_t last;
	uint8_t low;
	uint8_t high;
	uint8_t len;
};

/* RFC 3629 section 4 */
static const struct utf8_row UTF8_ROWS[] = {
	{0xc2, 0xdf, 0x80, 0xbf, 2},
	{0xe0, 0xe0, 0xa0, 0xbf, 3},
	{0xe1, 0xec, 0x80, 0xbf, 3},
	{0xed, 0xed, 0x80, 0x9f, 3},
	{0xee, 0xef, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4},
	{0xf1, 0xf3, 0x80, 0xbf, 4},
	{0xf4, 0xf4, 0x80, 0x8f, 4},
};

static bool is_utf8(const unsigned char *text, const struct utf8_row *row)
{
	if (text[0] < row->first || text[0] > row->last || text[1] < row->low ||
		text[1] > row->high) {
		return false;
	}
	for (size_t i = 2; i < row->len; i++) {
		if (text[i] < 0x80 || text[i] > 0xbf) {
			return false;
		}
	}
	return true;
}

/*
 * Length of the UTF-8 sequence at text, 0 when it is none. Looks past no NUL, since
 * NUL continues no sequence.
 */
static size_t utf8_len(const unsigned char *text)
{
	if (text[0] < 0x80) {
		return 1;
	}
	for (size_t i = 0; i < sizeof(UTF8_ROWS) / sizeof(UTF8_ROWS[0]); i++) {
		if (is_utf8(text, &UTF8_ROWS[i])) {
			return UTF8_ROWS[i].len;
		}
	}
	return 0;
}

static void write_escaped(FILE *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	while (*at != '\0') {
		const size_t len = utf8_len(at);
		if (len == 0) {
			(void)fputs("\\ufffd", out);
			at++;
			continue;
		}
		if (*at == '"' || *at == '\\') {
			(void)fprintf(out, "\\%c", *at);
		} else if (*at < 0x20 || *at == 0x7f) {
			(void)fprintf(out, "\\u%04x", *at);
		} else {
			(void)fwrite(at, 1, len, out);
		}
		at += len;
	}
}

static void write_quoted(FILE *out, const char *text)
{
	(void)fputc('"', out);
	write_escaped(out, text);
	(void)fputc('"', out);
}

static void begin(struct json_writer *writer, const char *key)
{
	if (writer->needs_comma) {
		(void)fputc(',', writer->out);
	}
	writer->needs_comma = true;
	if (key != NULL) {
		write_quoted(writer->out, key);
		(void)fputc(':', writer->out);
	}
}

void json_object_open(struct json_writer *writer, const char *key)
{
	begin(writer, key);
	(void)fputc('{', writer->out);
	writer->needs_comma = false;
}

void json_object_close(struct json_writer *writer)
{
	(void)fputc('}', writer->out);
	writer->needs_comma = true;
}

void json_array_open(struct json_writer *writer, const char *key)
{
	begin(writer, key);
	(void)fputc('[', writer->out);
	writer->needs_comma = false;
}

void json_array_close(struct json_writer *writer)
{
	(void)fputc(']', writer->out);
	writer->needs_comma = true;
}

void json_text(struct json_writer *writer, const char *key, const char *text)
{
	begin(writer, key);
	if (text == NULL) {
		(void)fputs("null", writer->out);
	} else {
		write_quoted(writer->out, text);
	}
}

void json_number(struct json_writer *writer, const char *key, uint64_t number)
{
	begin(writer, key);
	(void)fprintf(writer->out, "%" PRIu64, number);
}

void json_bool(struct json_writer *writer, const char *key, bool is_true)
{
	begin(writer, key);
	(void)fputs(is_true ? "true" : "false", writer->out);
}

/* Seconds as calendar text; false when the year does not fit the calendar. */
static bool calendar(int64_t time_s, char *text, size_t size)
{
	const time_t time = (time_t)time_s;
	struct tm parts;
	return gmtime_r(&time, &parts) != NULL && parts.tm_year >= -1900 &&
	       parts.tm_year <= 9999 - 1900 &&
	       strftime(text, size, "%Y-%m-%dT%H:%M:%S", &parts) > 0;
}

void json_time(struct json_writer *writer, const char *key, uint64_t time_us)
{
	char text[32];
	if (!calendar((int64_t)(time_us / US_PER_S), text, sizeof(text))) {
		json_text(writer, key, NULL);
		return;
	}
	begin(writer, key);
	(void)fprintf(
		writer->out, "\"%s.%06u+0000\"", text, (unsigned)(time_us % US_PER_S));
}

void json_date(struct json_writer *writer, const char *key, int64_t time_s)
{
	char text[32];
	json_text(writer, key, calendar(time_s, text, sizeof(text)) ? text : NULL);
}

void json_line_end(struct json_writer *writer)
{
	(void)fputc('\n', writer->out);
	writer->needs_comma = false;
}
