/*
 * analyze/clear - what all clear-text mail protocols share: lines and STARTTLS.
 *
 * Runs the line splitter of both ways, hands lines to the protocol, finds where
 * TLS begins and keeps the ladder of RFC 3207 (requested, accepted, injected,
 * clear again). struct clear is the first member of every analyzer's state.
 */
#pragma once

#include "analyze/analyzer.h"
#include "analyze/lines.h"
#include "analyze/sasl.h"

struct clear;

struct clear_protocol {
	/* One line; line->text is borrowed. */
	void (*line)(struct clear *clear, struct facts *facts, enum direction way,
		const struct line *line);
	/*
	 * Octets of a body or raw ones went by, the line that ends a body with them; empty:
	 * some were lost. NULL: nobody looks at them.
	 */
	void (*passed)(struct clear *clear, struct facts *facts, enum direction way,
		struct text bytes);
	/* LINES_BODY_END or LINES_RAW_END. */
	void (*end)(struct clear *clear, struct facts *facts, enum direction way,
		enum lines_item item);
	/* Bytes were lost this way; the splitter knows already. */
	void (*gap)(struct clear *clear, struct facts *facts, enum direction way);
};

enum clear_starttls {
	CLEAR_STARTTLS_NONE = 0,
	CLEAR_STARTTLS_REQUESTED,
	CLEAR_STARTTLS_ACCEPTED,
};

/* Of the client's lines as a rule: longer ones take the server's room while that is empty. */
#define CLEAR_ROOM_BYTES 144

struct clear {
	const struct clear_protocol *protocol;
	struct lines lines[2]; /* by enum direction */
	/* of one of them; the other's is in the facts */
	uint8_t room[CLEAR_ROOM_BYTES];
	struct sasl sasl;
	uint8_t starttls;     /* enum clear_starttls */
	uint8_t next;         /* enum analyze_next, set by the protocol */
	bool is_clear_behind; /* client text followed the request before the answer */
	bool is_clear_due; /* the client's line behind a go-ahead may be a farewell */
	bool is_error_due; /* the server's line behind its go-ahead may be an error */
	bool is_error_behind; /* it was: it says in clear that TLS failed */
	bool is_turned;       /* the ends changed roles: all below is by role */
	bool has_line[2];     /* a line came this way */
	bool is_maybe_tls[2]; /* what comes this way is tried as TLS and read as text */
};

/* Of analyzer.start, on what is zeroed. */
void clear_start(struct clear *clear, struct facts *facts,
	const struct clear_protocol *protocol);

/* The body of analyzer.bytes. */
size_t clear_bytes(struct clear *clear, struct facts *facts, enum direction way,
	struct text bytes, enum analyze_next *next);

/* The body of analyzer.gap. */
void clear_gap(
	struct clear *clear, struct facts *facts, enum direction way, uint64_t missing);

/* The body of analyzer.clear_again; state begins with struct clear. */
void clear_again(void *state, enum direction way);

/*
 * TLS comes this way: a certificate may take the room of what is kept of its text. And: one
 * has taken it. Of the state of whoever says that TLS begins.
 */
void clear_lend(void *state, enum direction way);
void clear_lent(void *state);

/* What was tried as TLS this way is TLS: the same bytes begin no line. */
void clear_drop(void *state, enum direction way);

/*
 * The one that was the server sends, the other receives: from the next byte on each way
 * has the other's role (RFC 821 section 3.8, RFC 2645).
 */
void clear_turn(struct clear *clear, struct facts *facts);

/* The body of analyzer.turn; state begins with struct clear. */
void clear_begin_turned(void *state, struct facts *facts);

/* The client asked for TLS. */
void clear_starttls_request(struct clear *clear, struct facts *facts);

/* The server answered. */
void clear_starttls_answer(struct clear *clear, struct facts *facts, bool is_accepted);

/* A first server line whose LF has not come when the client speaks: take it as it is. */
void clear_flush_greeting(struct clear *clear, struct facts *facts);
