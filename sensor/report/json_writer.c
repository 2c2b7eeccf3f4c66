#include "report/json_writer.h"

#include "base/cold.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#define US_PER_S   1000000
#define DIGITS_MAX 20  /* of UINT64_MAX */
#define PLAIN_MAX  512 /* a text is looked at in one go up to here */

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

char *json_room(struct json_writer *writer, size_t len)
{
	if (len > sizeof(writer->bytes) - writer->len) {
		flush(writer);
	}
	return writer->bytes + writer->len;
}

static inline void put_byte(struct json_writer *writer, char byte)
{
	*json_room(writer, 1) = byte;
	writer->len++;
}

static inline char *pair_write(char *at, unsigned number)
{
	static const char PAIRS[] =
		"00010203040506070809101112131415161718192021222324"
		"25262728293031323334353637383940414243444546474849"
		"50515253545556575859606162636465666768697071727374"
		"75767778798081828384858687888990919293949596979899";
	memcpy(at, &PAIRS[(size_t)number * 2], 2);
	return at + 2;
}

/* Returns the end; text holds DIGITS_MAX. */
static inline char *digits_write(char *text, uint64_t number)
{
	char digits[DIGITS_MAX];
	char *at = digits + sizeof(digits);
	while (number >= 100) {
		at -= 2;
		(void)pair_write(at, (unsigned)(number % 100));
		number /= 100;
	}
	if (number >= 10) {
		at -= 2;
		(void)pair_write(at, (unsigned)number);
	} else {
		*--at = (char)('0' + number);
	}
	const size_t len = (size_t)(digits + sizeof(digits) - at);
	memcpy(text, at, len);
	return text + len;
}

static inline void put_digits(struct json_writer *writer, uint64_t number)
{
	char *const at = json_room(writer, DIGITS_MAX);
	writer->len += (size_t)(digits_write(at, number) - at);
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

/* Compared byte by byte at once; signed, so that what is above ASCII is below a space. */
typedef signed char sixteen __attribute__((vector_size(16)));

/* Some byte is not plain ASCII: above 0x7e, below a space, a quote or a backslash. */
static inline sixteen odd_of(sixteen bytes)
{
	return (sixteen)((bytes < ' ') | (bytes == '"') | (bytes == '\\') |
			 (bytes == 0x7f));
}

static inline sixteen copy_sixteen(char *out, const char *text)
{
	sixteen bytes;
	memcpy(&bytes, text, sizeof(bytes));
	memcpy(out, &bytes, sizeof(bytes));
	return odd_of(bytes);
}

static inline uint64_t any_of(sixteen odd)
{
	uint64_t halves[2];
	memcpy(halves, &odd, sizeof(halves));
	return halves[0] | halves[1];
}

/*
 * The same: the highest bit of a byte that is not plain. Above such a byte others may have
 * it too; of eight that are plain none has.
 */
static inline uint64_t odd_bits(uint64_t eight)
{
	return (eight | (eight + EACH(0x01)) | (eight - EACH(' ')) |
		       ((eight ^ EACH('"')) - EACH(0x01)) |
		       ((eight ^ EACH('\\')) - EACH(0x01))) &
	       EACH(0x80);
}

static inline uint64_t copy_eight(char *out, const char *text)
{
	uint64_t eight;
	memcpy(&eight, text, sizeof(eight));
	memcpy(out, &eight, sizeof(eight));
	return odd_bits(eight);
}

static inline uint64_t copy_four(char *out, const char *text)
{
	uint32_t four;
	memcpy(&four, text, sizeof(four));
	memcpy(out, &four, sizeof(four));
	return odd_bits(four | EACH(' ') << 32);
}

/* All len bytes. 0: each is plain ASCII. The last sixteen, eight or four are copied twice. */
static inline uint64_t copy_plain(char *out, const char *text, size_t len)
{
	uint64_t odd = 0;
	if (len >= sizeof(sixteen)) {
		const size_t last = len - sizeof(sixteen);
		sixteen found = copy_sixteen(out + last, text + last);
		for (size_t at = 0; at < last; at += sizeof(sixteen)) {
			found |= copy_sixteen(out + at, text + at);
		}
		return any_of(found);
	}
	if (len >= sizeof(uint64_t)) {
		const size_t last = len - sizeof(uint64_t);
		return copy_eight(out, text) | copy_eight(out + last, text + last);
	}
	if (len >= sizeof(uint32_t)) {
		const size_t last = len - sizeof(uint32_t);
		return copy_four(out, text) | copy_four(out + last, text + last);
	}
	for (size_t at = 0; at < len; at++) {
		out[at] = text[at];
		odd |= odd_bits((uint8_t)text[at] | (EACH(' ') & ~UINT64_C(0xff)));
	}
	return odd;
}

/* Any text, by its code points. */
static COLD void put_odd(struct json_writer *writer, const char *text)
{
	const char *unwritten = text;
	while (*text != '\0') {
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
}

/* Most texts are short and plain: copied, and looked at on the way. */
static void put_text(struct json_writer *writer, const char *text)
{
	const size_t len = strlen(text);
	if (len <= PLAIN_MAX && copy_plain(json_room(writer, len), text, len) == 0) {
		writer->len += len;
	} else {
		put_odd(writer, text);
	}
}

static void put_quoted(struct json_writer *writer, const char *text)
{
	const size_t len = strlen(text);
	if (len <= PLAIN_MAX) {
		char *const at = json_room(writer, len + 2);
		if (copy_plain(at + 1, text, len) == 0) {
			at[0] = '"';
			at[len + 1] = '"';
			writer->len += len + 2;
			return;
		}
	}
	put_byte(writer, '"');
	put_odd(writer, text);
	put_byte(writer, '"');
}

void json_begin_any(struct json_writer *writer, const char *key)
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

void json_put_open(struct json_writer *writer, char bracket)
{
	put_byte(writer, bracket);
	writer->needs_comma = false;
}

void json_object_close(struct json_writer *writer)
{
	put_byte(writer, '}');
	writer->needs_comma = true;
}

void json_array_close(struct json_writer *writer)
{
	put_byte(writer, ']');
	writer->needs_comma = true;
}

static COLD void put_null(struct json_writer *writer)
{
	put(writer, "null", 4);
}

void json_put_text(struct json_writer *writer, const char *text)
{
	if (text == NULL) {
		put_null(writer);
	} else {
		put_quoted(writer, text);
	}
}

void json_put_number(struct json_writer *writer, uint64_t number)
{
	put_digits(writer, number);
}

void json_put_text_number(struct json_writer *writer, const char *text, uint64_t number)
{
	put_byte(writer, '"');
	put_text(writer, text);
	put_byte(writer, '-');
	put_digits(writer, number);
	put_byte(writer, '"');
}

void json_put_tenths(struct json_writer *writer, double number)
{
	const uint64_t tenths =
		number < 0x1p60 ? (uint64_t)(number * 10 + 0.5) : UINT64_MAX;
	put_digits(writer, tenths / 10);
	put_byte(writer, '.');
	put_digits(writer, tenths % 10);
}

void json_put_bool(struct json_writer *writer, bool is_true)
{
	char *const at = json_room(writer, sizeof("false"));
	memcpy(at, is_true ? "true " : "false", sizeof("false") - 1);
	writer->len += is_true ? 4 : 5;
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

/* "2026-01-31T12:00:00" */
static char *calendar_write(char *at, const struct tm *parts)
{
	const unsigned year = (unsigned)parts->tm_year + 1900;
	const unsigned behind[] = {(unsigned)parts->tm_mon + 1,
		(unsigned)parts->tm_mday, (unsigned)parts->tm_hour,
		(unsigned)parts->tm_min, (unsigned)parts->tm_sec};
	static const char MARKS[] = "--T::";
	at = pair_write(pair_write(at, year / 100), year % 100);
	for (unsigned i = 0; i < sizeof(MARKS) - 1; i++) {
		*at++ = MARKS[i];
		at = pair_write(at, behind[i]);
	}
	return at;
}

/* micros: NULL, or what is behind the second. */
static void put_calendar(
	struct json_writer *writer, const struct tm *parts, const uint32_t *micros)
{
	char *const start =
		json_room(writer, sizeof("\"2026-01-31T12:00:00.000001+0000\""));
	static const char UTC[] = {'+', '0', '0', '0', '0'};
	char *at = start;
	*at++ = '"';
	at = calendar_write(at, parts);
	if (micros) {
		*at++ = '.';
		at = pair_write(at, *micros / 10000);
		at = pair_write(at, *micros / 100 % 100);
		at = pair_write(at, *micros % 100);
		memcpy(at, UTC, sizeof(UTC));
		at += sizeof(UTC);
	}
	*at++ = '"';
	writer->len += (size_t)(at - start);
}

void json_put_time(struct json_writer *writer, uint64_t time_us)
{
	struct tm parts;
	const uint32_t micros = (uint32_t)(time_us % US_PER_S);
	if (calendar((int64_t)(time_us / US_PER_S), &parts)) {
		put_calendar(writer, &parts, &micros);
	} else {
		json_put_text(writer, NULL);
	}
}

void json_put_date(struct json_writer *writer, int64_t time_s)
{
	struct tm parts;
	if (calendar(time_s, &parts)) {
		put_calendar(writer, &parts, NULL);
	} else {
		json_put_text(writer, NULL);
	}
}

void json_line_end(struct json_writer *writer)
{
	put_byte(writer, '\n');
	flush(writer);
	writer->needs_comma = false;
}
