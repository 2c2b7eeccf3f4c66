#include "report/json_writer.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#define US_PER_S   1000000
#define DIGITS_MAX 20 /* of UINT64_MAX */

static void flush(struct json_writer *writer)
{
	(void)fwrite(writer->bytes, 1, writer->len, writer->out);
	writer->len = 0;
}

static void put(struct json_writer *writer, const char *bytes, size_t len)
{
	while (len > sizeof(writer->bytes) - writer->len) {
		const size_t room = sizeof(writer->bytes) - writer->len;
		memcpy(writer->bytes + writer->len, bytes, room);
		writer->len += room;
		bytes += room;
		len -= room;
		flush(writer);
	}
	memcpy(writer->bytes + writer->len, bytes, len);
	writer->len += len;
}

static void put_byte(struct json_writer *writer, char byte)
{
	if (writer->len == sizeof(writer->bytes)) {
		flush(writer);
	}
	writer->bytes[writer->len++] = byte;
}

/* At least width of them; DIGITS_MAX at most. */
static void put_digits(struct json_writer *writer, uint64_t number, size_t width)
{
	char digits[DIGITS_MAX];
	size_t at = DIGITS_MAX;
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0 || DIGITS_MAX - at < width);
	put(writer, digits + at, DIGITS_MAX - at);
}

/* A text that a terminal shows may steer none, whoever chose it. */
static bool is_plain(const char *text, size_t len, uint32_t code)
{
	return len > 0 && *text != '"' && *text != '\\' && !utf8_is_control(code);
}

/* One character that is not plain; returns how many bytes it has. */
static size_t put_escape(
	struct json_writer *writer, const char *text, size_t len, uint32_t code)
{
	char escape[16] = "\\ufffd";
	if (len > 0 && (*text == '"' || *text == '\\')) {
		(void)snprintf(escape, sizeof(escape), "\\%c", *text);
	} else if (len > 0) {
		(void)snprintf(escape, sizeof(escape), "\\u%04" PRIx32, code);
	}
	put(writer, escape, strlen(escape));
	return len > 0 ? len : 1;
}

/* Nearly all there is: needs no look at its code point. The first other byte. */
static const char *skip_ascii(const char *text)
{
	static const bool IS_ASCII[UINT8_MAX + 1] = {
		[' ' ... '!'] = true, ['#' ... '['] = true, [']' ... '~'] = true};
	while (IS_ASCII[(uint8_t)*text]) {
		text++;
	}
	return text;
}

static void put_quoted(struct json_writer *writer, const char *text)
{
	const char *unwritten = text;
	put_byte(writer, '"');
	for (text = skip_ascii(text); *text != '\0'; text = skip_ascii(text)) {
		uint32_t code;
		const size_t len = utf8_read(text, &code);
		if (is_plain(text, len, code)) {
			text += len;
			continue;
		}
		put(writer, unwritten, (size_t)(text - unwritten));
		text += put_escape(writer, text, len, code);
		unwritten = text;
	}
	put(writer, unwritten, (size_t)(text - unwritten));
	put_byte(writer, '"');
}

static void begin(struct json_writer *writer, const char *key)
{
	if (writer->needs_comma) {
		put_byte(writer, ',');
	}
	writer->needs_comma = true;
	if (key != NULL) {
		put_quoted(writer, key);
		put_byte(writer, ':');
	}
}

void json_object_open(struct json_writer *writer, const char *key)
{
	begin(writer, key);
	put_byte(writer, '{');
	writer->needs_comma = false;
}

void json_object_close(struct json_writer *writer)
{
	put_byte(writer, '}');
	writer->needs_comma = true;
}

void json_array_open(struct json_writer *writer, const char *key)
{
	begin(writer, key);
	put_byte(writer, '[');
	writer->needs_comma = false;
}

void json_array_close(struct json_writer *writer)
{
	put_byte(writer, ']');
	writer->needs_comma = true;
}

void json_text(struct json_writer *writer, const char *key, const char *text)
{
	begin(writer, key);
	if (text == NULL) {
		put(writer, "null", 4);
	} else {
		put_quoted(writer, text);
	}
}

void json_number(struct json_writer *writer, const char *key, uint64_t number)
{
	begin(writer, key);
	put_digits(writer, number, 1);
}

void json_bool(struct json_writer *writer, const char *key, bool is_true)
{
	begin(writer, key);
	put(writer, is_true ? "true" : "false", is_true ? 4 : 5);
}

/* False when the year does not fit the calendar. */
static bool calendar(int64_t time_s, struct tm *parts)
{
	const time_t time = (time_t)time_s;
	return gmtime_r(&time, parts) != NULL && parts->tm_year >= -1900 &&
	       parts->tm_year <= 9999 - 1900;
}

/* "2026-01-31T12:00:00" */
static void put_calendar(struct json_writer *writer, const struct tm *parts)
{
	put_digits(writer, (uint64_t)parts->tm_year + 1900, 4);
	put_byte(writer, '-');
	put_digits(writer, (uint64_t)parts->tm_mon + 1, 2);
	put_byte(writer, '-');
	put_digits(writer, (uint64_t)parts->tm_mday, 2);
	put_byte(writer, 'T');
	put_digits(writer, (uint64_t)parts->tm_hour, 2);
	put_byte(writer, ':');
	put_digits(writer, (uint64_t)parts->tm_min, 2);
	put_byte(writer, ':');
	put_digits(writer, (uint64_t)parts->tm_sec, 2);
}

void json_time(struct json_writer *writer, const char *key, uint64_t time_us)
{
	struct tm parts;
	if (!calendar((int64_t)(time_us / US_PER_S), &parts)) {
		json_text(writer, key, NULL);
		return;
	}
	begin(writer, key);
	put_byte(writer, '"');
	put_calendar(writer, &parts);
	put_byte(writer, '.');
	put_digits(writer, time_us % US_PER_S, 6);
	put(writer, "+0000\"", 6);
}

void json_date(struct json_writer *writer, const char *key, int64_t time_s)
{
	struct tm parts;
	if (!calendar(time_s, &parts)) {
		json_text(writer, key, NULL);
		return;
	}
	begin(writer, key);
	put_byte(writer, '"');
	put_calendar(writer, &parts);
	put_byte(writer, '"');
}

void json_line_end(struct json_writer *writer)
{
	put_byte(writer, '\n');
	flush(writer);
	writer->needs_comma = false;
}
