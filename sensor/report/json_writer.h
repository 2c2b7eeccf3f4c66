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

/* key: the member's name, or NULL inside an array and for the outermost value. */
void json_object_open(struct json_writer *writer, const char *key);
void json_object_close(struct json_writer *writer);
void json_array_open(struct json_writer *writer, const char *key);
void json_array_close(struct json_writer *writer);

/* NULL is written as null. */
void json_text(struct json_writer *writer, const char *key, const char *text);
void json_number(struct json_writer *writer, const char *key, uint64_t number);
/* "text-7" */
void json_text_number(struct json_writer *writer, const char *key, const char *text,
	uint64_t number);
/* "1.5": rounded to one digit; not negative. */
void json_tenths(struct json_writer *writer, const char *key, double number);

void json_bool(struct json_writer *writer, const char *key, bool is_true);

/* "2026-01-31T12:00:00.000001+0000", as EVE writes it. */
void json_time(struct json_writer *writer, const char *key, uint64_t time_us);

/* "2026-01-31T12:00:00": EVE's form of a certificate's dates, UTC. */
void json_date(struct json_writer *writer, const char *key, int64_t time_s);

/* A line break; the next value starts a new document. */
void json_line_end(struct json_writer *writer);
