#include "report/json_writer.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <stddef.h>
#include <time.h>

#define US_PER_S 1000000

/* A text that a terminal shows may steer none, whoever chose it. */
static bool is_plain(const char *text, size_t len, uint32_t code)
{
	return len > 0 && *text != '"' && *text != '\\' && !utf8_is_control(code);
}

/* One character that is not plain; returns how many bytes it has. */
static size_t write_escape(FILE *out, const char *text, size_t len, uint32_t code)
{
	if (len == 0) {
		(void)fputs("\\ufffd", out);
		return 1;
	}
	if (*text == '"' || *text == '\\') {
		(void)fprintf(out, "\\%c", *text);
	} else {
		(void)fprintf(out, "\\u%04" PRIx32, code);
	}
	return len;
}

/* Nearly all there is: needs no look at its code point. */
static const char *skip_ascii(const char *text)
{
	while (*text >= ' ' && *text < 0x7f && *text != '"' && *text != '\\') {
		text++;
	}
	return text;
}

static void write_escaped(FILE *out, const char *text)
{
	const char *unwritten = text;
	for (text = skip_ascii(text); *text != '\0'; text = skip_ascii(text)) {
		uint32_t code;
		const size_t len = utf8_read(text, &code);
		if (is_plain(text, len, code)) {
			text += len;
			continue;
		}
		(void)fwrite_unlocked(unwritten, 1, (size_t)(text - unwritten), out);
		text += write_escape(out, text, len, code);
		unwritten = text;
	}
	(void)fwrite_unlocked(unwritten, 1, (size_t)(text - unwritten), out);
}

static void write_quoted(FILE *out, const char *text)
{
	(void)fputc_unlocked('"', out);
	write_escaped(out, text);
	(void)fputc_unlocked('"', out);
}

static void begin(struct json_writer *writer, const char *key)
{
	if (writer->needs_comma) {
		(void)fputc_unlocked(',', writer->out);
	}
	writer->needs_comma = true;
	if (key != NULL) {
		write_quoted(writer->out, key);
		(void)fputc_unlocked(':', writer->out);
	}
}

void json_object_open(struct json_writer *writer, const char *key)
{
	begin(writer, key);
	(void)fputc_unlocked('{', writer->out);
	writer->needs_comma = false;
}

void json_object_close(struct json_writer *writer)
{
	(void)fputc_unlocked('}', writer->out);
	writer->needs_comma = true;
}

void json_array_open(struct json_writer *writer, const char *key)
{
	begin(writer, key);
	(void)fputc_unlocked('[', writer->out);
	writer->needs_comma = false;
}

void json_array_close(struct json_writer *writer)
{
	(void)fputc_unlocked(']', writer->out);
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
	(void)fputc_unlocked('\n', writer->out);
	writer->needs_comma = false;
}
