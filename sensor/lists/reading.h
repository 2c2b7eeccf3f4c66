/*
 * lists/reading - the items of a list's file, whatever form it has.
 *
 * In: bytes that others wrote. Out: one value after the other, with what the line says of
 * it. Forms: plain (a value a line, what stands behind it or a comment is the reason),
 * csv (the first field that is an address, else the first that is a domain), ndjson (as
 * Spamhaus DROP has it), hosts, and what ipset and nft print. Keeps one line at a time.
 */
#pragma once

#include "lists/lists.h"

#define READING_LINE_BYTES 65536

struct reading_item {
	char value[LISTS_TEXT_BYTES];
	char reason[LISTS_REASON_BYTES];
	int64_t added_s;
	int64_t expires_s;
	uint32_t line;
	bool is_removed; /* whatever other lines of the list say */
};

struct reading {
	FILE *in;                       /* borrowed */
	enum matrix_list_format format; /* guessed at the first line that says it */
	int64_t written_s; /* of the file: what a remaining time counts from */
	uint32_t line;
	bool is_inside; /* nft: between the braces of its elements */
	bool is_headed; /* csv: its first line was read */
	char *rest;     /* of the line, when it has more items */
	char text[READING_LINE_BYTES];
};

enum reading_result {
	READING_END = 0,
	READING_ITEM,
	READING_BAD, /* a line that says nothing: item.value holds its beginning */
};

void reading_start(struct reading *reading, FILE *in, enum matrix_list_format format,
	int64_t written_s);
enum reading_result reading_next(struct reading *reading, struct reading_item *item);

/* "2026-11-30", "2026-11-30T08:00:00" with or without "Z"; seconds, 0: neither. */
int64_t reading_time(const char *text);

/* The same of an end: a day is the last one, as in the matrix. */
int64_t reading_end(const char *text);
