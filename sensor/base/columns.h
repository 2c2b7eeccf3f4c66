/*
 * base/columns - text for people in lines that their terminal holds.
 *
 * Lines are broken at blanks, a word wider than a line inside of it; what follows stands
 * indented. Nothing is cut off. A code point of UTF-8 is one column; escape sequences are
 * not for here. Never for what programs read: JSON, rules, "file:line: text".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define COLUMNS_STANDARD 80

/* Of a terminal what COLUMNS or the kernel says, at least 40; else COLUMNS_STANDARD. */
size_t columns_of(FILE *out);

/* It is a terminal, and its user did not ask for no colour (no-color.org). */
bool columns_has_colour(FILE *out);

/*
 * Print text and a line end. The first line begins at column at, behind what was printed
 * before; those that follow at indent.
 */
void columns_wrap(FILE *out, const char *text, size_t at, size_t indent);

/* The same in so many columns, for who prints much and asked once. */
void columns_wrap_in(
	FILE *out, size_t columns, const char *text, size_t at, size_t indent);

/* So many. */
void columns_blank(FILE *out, size_t blanks);

/* printf, each line broken: from column 0 on, what follows at indent. */
void columns_say(FILE *out, size_t indent, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Between these two, what is printed to *stream is kept; then its lines are broken. */
struct columns {
	FILE **stream;
	FILE *out;
	char *text;
	size_t size;
};

/* Where there is no memory, lines stay as they are. */
void columns_begin(struct columns *columns, FILE **stream);
void columns_end(struct columns *columns, size_t indent);
