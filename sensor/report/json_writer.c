#include "report/json_writer.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#define US_PER_S   1000000
#define DIGITS_MAX 20 /* of UINT64_MAX */

/* The byte eight times. */
#define EACH(byte) ((uint64_t)(byte)*UINT64_C(0x0101010101010101))

#define DAY_S            86400
#define ERA_DAYS         146097
#define MARCH_OF_0_S     (-INT64_C(719468) * DAY_S)
#define CALENDAR_START_S (MARCH_OF_0_S - INT64_C(60) * DAY_S) /* January 1 of year 0 */
#define CALENDAR_END_S   INT64_C(253402300799)                /* the end of 9999 */

static void flush(struct json_writer *writer)
{
	(void)fwrite(writer->bytes, 1, writer->len, writer->out);
	writer->len = 0;
}

static void put_in_parts(struct json_writer *writer, const char *bytes, size_t len)
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

static inline void put(struct json_writer *writer, const char *bytes, size_t len)
{
	if (len > sizeof(writer->bytes) - writer->len) {
		put_in_parts(writer, bytes, len);
		return;
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

/* A byte of eight that is zero, or one above such a byte that is not. */
static uint64_t has_zero(uint64_t eight)
{
	return (eight - EACH(0x01)) & ~eight & EACH(0x80);
}

/* False for all that a text may hold nearly always: no look at its code points is needed. */
static bool is_odd(uint64_t eight)
{
	return ((eight | ((eight - EACH(' ')) & ~eight)) & EACH(0x80)) != 0 ||
	       (has_zero(eight ^ EACH('"')) | has_zero(eight ^ EACH('\\')) |
		       has_zero(eight ^ EACH(0x7f))) != 0;
}

/* The first byte that is not plain ASCII; end is where the text's NUL stands. */
static const char *skip_ascii(const char *text, const char *end)
{
	static const bool IS_ASCII[UINT8_MAX + 1] = {
		[' ' ... '!'] = true, ['#' ... '['] = true, [']' ... '~'] = true};
	uint64_t eight;
	while (end - text >= (ptrdiff_t)sizeof(eight)) {
		memcpy(&eight, text, sizeof(eight));
		if (is_odd(eight)) {
			break;
		}
		text += sizeof(eight);
	}
	while (IS_ASCII[(uint8_t)*text]) {
		text++;
	}
	return text;
}

static void put_quoted(struct json_writer *writer, const char *text)
{
	const char *const end = text + strlen(text);
	const char *unwritten = text;
	put_byte(writer, '"');
	for (text = skip_ascii(text, end); text < end; text = skip_ascii(text, end)) {
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

void json_tenths(struct json_writer *writer, const char *key, double number)
{
	const uint64_t tenths =
		number < 0x1p60 ? (uint64_t)(number * 10 + 0.5) : UINT64_MAX;
	begin(writer, key);
	put_digits(writer, tenths / 10, 1);
	put_byte(writer, '.');
	put_digits(writer, tenths % 10, 1);
}

void json_bool(struct json_writer *writer, const char *key, bool is_true)
{
	begin(writer, key);
	put(writer, is_true ? "true" : "false", is_true ? 4 : 5);
}

/*
 * False when the year does not fit the calendar. Counted here: gmtime_r asks for the zone
 * and takes a lock, for each time of each record. Years begin in March, in eras of 400;
 * March 1 of year 0 is day 0.
 */
static bool calendar(int64_t time_s, struct tm *parts)
{
	if (time_s < CALENDAR_START_S || time_s > CALENDAR_END_S) {
		return false;
	}
	/* one era more, so that January of year 0 is no negative day */
	const uint64_t since =
		(uint64_t)(time_s - MARCH_OF_0_S) + ERA_DAYS * (uint64_t)DAY_S;
	const unsigned second = (unsigned)(since % DAY_S);
	const unsigned days = (unsigned)(since / DAY_S);
	const unsigned day_of_era = days % ERA_DAYS;
	const unsigned year_of_era = (day_of_era - day_of_era / 1460 +
					     day_of_era / 36524 - day_of_era / 146096) /
				     365;
	const unsigned day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	const unsigned month = (5 * day_of_year + 2) / 153; /* from March */
	const int year = (int)(days / ERA_DAYS * 400 + year_of_era + (month > 9)) - 400;
	*parts = (struct tm){.tm_year = year - 1900,
		.tm_mon = (int)(month < 10 ? month + 2 : month - 10),
		.tm_mday = (int)(day_of_year - (153 * month + 2) / 5 + 1),
		.tm_hour = (int)(second / 3600),
		.tm_min = (int)(second / 60 % 60),
		.tm_sec = (int)(second % 60)};
	return true;
}

static char *put_pair(char *at, unsigned number)
{
	*at++ = (char)('0' + number / 10 % 10);
	*at++ = (char)('0' + number % 10);
	return at;
}

/* "2026-01-31T12:00:00" */
static void put_calendar(struct json_writer *writer, const struct tm *parts)
{
	const unsigned year = (unsigned)parts->tm_year + 1900;
	const unsigned behind[] = {(unsigned)parts->tm_mon + 1,
		(unsigned)parts->tm_mday, (unsigned)parts->tm_hour,
		(unsigned)parts->tm_min, (unsigned)parts->tm_sec};
	static const char MARKS[] = "--T::";
	char text[sizeof("2026-01-31T12:00:00")];
	char *at = put_pair(put_pair(text, year / 100), year);
	for (unsigned i = 0; i < sizeof(MARKS) - 1; i++) {
		*at++ = MARKS[i];
		at = put_pair(at, behind[i]);
	}
	put(writer, text, sizeof(text) - 1);
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
