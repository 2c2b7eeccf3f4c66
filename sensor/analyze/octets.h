/*
 * analyze/octets - the octets of a literal, read as lines as well.
 *
 * In: the octets that a client announced and that the other end may have refused. Out: their
 * lines, one at a time, each to be forgotten by who took it; a few at once, as in
 * analyze/lines. What is a literal for one reader is a command for another, where the
 * announcement stands in a quoted string, or is refused (RFC 7888 section 4). What a line
 * says is up to the protocol, and so is who was right.
 */
#pragma once

#include "analyze/lines.h"

#define OCTETS_ROOM_BYTES 128

struct octets {
	struct lines lines;
	uint8_t room[OCTETS_ROOM_BYTES];
	bool is_open;
};

/* A literal begins: its first octet begins a line. */
void octets_begin(struct octets *octets);

/* It ended, or is one for sure. */
void octets_end(struct octets *octets);

/* Some were lost. */
void octets_gap(struct octets *octets);

/*
 * The next line of *bytes; false when there is none, and all of them are used up. *left is
 * LINES_AT_ONCE at first: where it runs out the rest is passed over.
 */
bool octets_line(
	struct octets *octets, struct text *bytes, ptrdiff_t *left, struct line *line);
