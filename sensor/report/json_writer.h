/*
 * report/json_writer - write one JSON document on one line, member by member.
 *
 * In: any bytes as text. Out: valid JSON in UTF-8; what is not valid UTF-8 becomes
 * U+FFFD, control characters become escapes (RFC 8259 section 7), so that no value
 * can break a line or forge a member. Allocates nothing. What is written reaches the
 * file with json_line_end at the latest: each document ends with it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define JSON_WRITER_BYTES 4096

struct json_writer {
	FILE *out;        /* borrowed */
	bool needs_comma; /* a member was written before, on this level */
	size_t len;       /* of .bytes, private */
	char bytes[JSON_WRITER_BYTES];
};

/* The same as {.out = out}, without clearing what is written over anyway. */
static inline void json_begin(struct json_writer *writer, FILE *out)
{
	writer->out = out;
	writer->needs_comma = false;
	writer->len = 0;
}

/* Into its caller, for what the compiler knows of the key there. */
#define JSON_INLINE static inline __attribute__((always_inline))

/* Where so many bytes may be written next, JSON_WRITER_BYTES at most. */
char *json_room(struct json_writer *writer, size_t len);

/* What stands in front of a value. Any key, or NULL. */
void json_begin_any(struct json_writer *writer, const char *key);

/* The same; of a key that the compiler knows, which are most, and all plain, as it stands. */
JSON_INLINE void json_begin_value(struct json_writer *writer, const char *key)
{
	if (!__builtin_constant_p(key != NULL ? strlen(key) : 0) || key == NULL) {
		json_begin_any(writer, key);
		return;
	}
	const size_t len = strlen(key);
	char *const start = len + 4 <= sizeof(writer->bytes) - writer->len
				    ? writer->bytes + writer->len
				    : json_room(writer, len + 4);
	char *at = start;
	*at = ',';
	at += writer->needs_comma;
	*at++ = '"';
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): a quote ends it */
	memcpy(at, key, len);
	at += len;
	*at++ = '"';
	*at++ = ':';
	writer->len += (size_t)(at - start);
	writer->needs_comma = true;
}

/* A value behind what json_begin_value wrote. */
void json_put_open(struct json_writer *writer, char bracket);
void json_put_text(struct json_writer *writer, const char *text);
void json_put_number(struct json_writer *writer, uint64_t number);
void json_put_text_number(
	struct json_writer *writer, const char *text, uint64_t number);
void json_put_tenths(struct json_writer *writer, double number);
void json_put_bool(struct json_writer *writer, bool is_true);
void json_put_time(struct json_writer *writer, uint64_t time_us);
void json_put_date(struct json_writer *writer, int64_t time_s);

/* key: the member's name, or NULL inside an array and for the outermost value. */
JSON_INLINE void json_object_open(struct json_writer *writer, const char *key)
{
	json_begin_value(writer, key);
	json_put_open(writer, '{');
}

JSON_INLINE void json_array_open(struct json_writer *writer, const char *key)
{
	json_begin_value(writer, key);
	json_put_open(writer, '[');
}

void json_object_close(struct json_writer *writer);
void json_array_close(struct json_writer *writer);

/* NULL is written as null. */
JSON_INLINE void json_text(
	struct json_writer *writer, const char *key, const char *text)
{
	json_begin_value(writer, key);
	json_put_text(writer, text);
}

JSON_INLINE void json_number(
	struct json_writer *writer, const char *key, uint64_t number)
{
	json_begin_value(writer, key);
	json_put_number(writer, number);
}

/* "text-7" */
JSON_INLINE void json_text_number(
	struct json_writer *writer, const char *key, const char *text, uint64_t number)
{
	json_begin_value(writer, key);
	json_put_text_number(writer, text, number);
}

/* "1.5": rounded to one digit; not negative. */
JSON_INLINE void json_tenths(struct json_writer *writer, const char *key, double number)
{
	json_begin_value(writer, key);
	json_put_tenths(writer, number);
}

JSON_INLINE void json_bool(struct json_writer *writer, const char *key, bool is_true)
{
	json_begin_value(writer, key);
	json_put_bool(writer, is_true);
}

/* "2026-01-31T12:00:00.000001+0000", as EVE writes it. */
JSON_INLINE void json_time(
	struct json_writer *writer, const char *key, uint64_t time_us)
{
	json_begin_value(writer, key);
	json_put_time(writer, time_us);
}

/* "2026-01-31T12:00:00": EVE's form of a certificate's dates, UTC. */
JSON_INLINE void json_date(struct json_writer *writer, const char *key, int64_t time_s)
{
	json_begin_value(writer, key);
	json_put_date(writer, time_s);
}

/* A line break; the next value starts a new document. */
void json_line_end(struct json_writer *writer);
