/*
 * analyze/lines - cut one direction's bytes into lines, bodies and raw octets.
 *
 * Takes bytes cut anywhere; gives one line at a time without its CR LF. A line
 * longer than LINES_BYTES is given cut, its rest is dropped up to the LF; where that is
 * wanted it is squeezed first, so that no run of blanks and no long word hides what
 * stands behind it. Raw
 * octets (literals, BDAT) are passed by count, dot-terminated text by memchr;
 * neither is ever kept. A line that comes in pieces is put together in a room of the
 * caller's; two ways may have a large one and a small one between them.
 */
#pragma once

#include "base/text.h"

#include <stddef.h>

#define LINES_BYTES 512 /* RFC 5321 section 4.5.3.1.4 */
#define LINES_WORD_BYTES \
	64 /* of a long word in a squeezed line: its first ones and the last */
/*
 * How many lines are read of what came at once: some, and one for so many bytes. Lines of
 * honest peers are longer. A body that ends costs as much as so many lines.
 */
#define LINES_AT_ONCE(len)   ((ptrdiff_t)(32 + (len) / 10))
#define LINES_COST_OF_A_BODY 4
#define LINES_TAIL_BYTES     24 /* holds "{18446744073709551615+}" CR */

enum lines_item {
	LINES_MORE = 0, /* all bytes were used up */
	LINES_LINE,
	LINES_BODY_END, /* the line "." was passed */
	LINES_RAW_END,  /* the last raw octet was passed */
};

enum lines_body {
	LINES_BODY_NONE = 0, /* not in a dot-terminated text */
	LINES_BODY_START,    /* at the start of a line of it */
	LINES_BODY_CR,       /* behind a CR, which may end a line by itself */
	LINES_BODY_DOT,      /* behind a dot at the start of a line */
	LINES_BODY_DOT_CR,
	LINES_BODY_INSIDE, /* inside a line */
};

struct lines {
	uint64_t raw_left; /* octets to pass before the next line */
	uint8_t *bytes;    /* the room; what is kept of the line at hand */
	uint16_t room;     /* its size: LINES_BYTES, or less and at least a tail's */
	uint16_t len;
	uint8_t body;      /* enum lines_body */
	bool is_cut;       /* the line outgrew bytes */
	bool is_doubtful;  /* bytes were lost: the beginning may be missing */
	bool is_squeezing; /* set by who reads: a line that is too long is squeezed */
	uint8_t word; /* bytes kept of the word at hand, in a line that is squeezed */
	bool is_cr; /* the last byte was CR; at the start of a body line: before its LF */
	bool has_bare_lf; /* ended a line that is none of a body */
	bool is_strict;   /* a body ends on CRLF "." CRLF alone */
	bool is_odd_end;  /* the last body ended on something else than CRLF "." CRLF */
	uint8_t tail[LINES_TAIL_BYTES]; /* the last bytes of a line that is cut */
};

struct line {
	struct text text; /* borrowed until the next call */
	struct text tail; /* how the line ends; text itself unless it is cut */
	bool is_cut;
	bool is_doubtful;
	bool is_bare; /* ended by LF alone */
};

/* Where lines are put together, from the start on; the rest of *lines is zeroed by the caller. */
static inline void lines_begin(struct lines *lines, uint8_t *room, size_t size)
{
	lines->bytes = room;
	lines->room = (uint16_t)size;
}

/* What is kept of the line at hand was none. */
void lines_drop(struct lines *lines);

/* Each goes on in the other one's room. What one keeps and that has no room for is cut. */
void lines_exchange(struct lines *lines, struct lines *other);

/* Before len more bytes: exchange where they may need it and the other keeps nothing. */
static inline void lines_make_room(struct lines *lines, struct lines *other, size_t len)
{
	if (lines->len + len > lines->room && lines->room < other->room &&
		other->len == 0 && !lines->is_cut && lines->raw_left == 0 &&
		lines->body == LINES_BODY_NONE) {
		lines_exchange(lines, other);
	}
}

/* Take bytes off the front of *rest up to the next item. */
enum lines_item lines_next(struct lines *lines, struct text *rest, struct line *line);

/* A line that was given is done with: it may have held a password. */
void lines_forget(struct lines *lines, const struct line *line);

/* The next count octets are raw. */
void lines_raw(struct lines *lines, uint64_t count);

/* What follows is text up to a line holding "." alone; strict: between CRLF, nothing else. */
void lines_body(struct lines *lines, bool is_strict);

/* missing bytes were lost here; 0: unknown number. */
void lines_gap(struct lines *lines, uint64_t missing);

/* The next bytes are of a body or raw: they make no line. */
static inline bool lines_is_passing(const struct lines *lines)
{
	return lines->raw_left > 0 || lines->body != LINES_BODY_NONE;
}

/* Nothing is pending: the next byte begins a line. */
bool lines_at_start(const struct lines *lines);

/* What an item cost of LINES_AT_ONCE. */
static inline ptrdiff_t lines_cost(enum lines_item item)
{
	return item == LINES_BODY_END ? LINES_COST_OF_A_BODY : item == LINES_LINE;
}

/* Give up an unfinished line as if its LF had come; false when there is none. */
bool lines_flush(struct lines *lines, struct line *line);
