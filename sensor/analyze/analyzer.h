/*
 * analyze/analyzer - what every protocol parser offers; one row per protocol.
 *
 * A parser gets the bytes of both ways in order, as they arrive and cut anywhere,
 * and writes struct facts. It keeps its own bounded state and no byte that it
 * does not need; what follows a password command is dropped where it is read.
 */
#pragma once

#include "analyze/facts.h"
#include "base/direction.h"
#include "base/text.h"

#include <stddef.h>

enum analyze_next {
	ANALYZE_GO_ON = 0,
	ANALYZE_START_TLS, /* the bytes after those consumed are TLS, this way */
	ANALYZE_MAYBE_TLS, /* they look like TLS and nobody asked: they were read as text too */
	ANALYZE_TUNNEL, /* behind the bytes consumed, this way and the other, another conversation begins */
	ANALYZE_FINISHED, /* the facts are final */
	ANALYZE_NOT_MINE, /* these bytes are not this protocol: the name was wrong */
};

struct analyzer {
	const char *name;
	size_t state_bytes; /* <= ANALYZER_STATE_BYTES (dialogue.h) */

	/* state is zeroed; facts->is_midstream is set: the beginning is missing. */
	void (*start)(void *state, struct facts *facts);

	/*
	 * Take at least one byte; returns how many were consumed: all of them, unless *next
	 * is ANALYZE_START_TLS, where the rest belongs to TLS, ANALYZE_MAYBE_TLS, or
	 * ANALYZE_TUNNEL.
	 */
	size_t (*bytes)(void *state, struct facts *facts, enum direction way,
		struct text bytes, enum analyze_next *next);

	/* missing bytes were lost here (0: unknown number). Find the next line and go on. */
	void (*gap)(
		void *state, struct facts *facts, enum direction way, uint64_t missing);

	/* No more bytes come; NULL: nothing is held back until then. */
	void (*ended)(void *state, struct facts *facts);

	/* Before any byte: who opened the connection is the server. NULL: cannot be. */
	void (*turn)(void *state, struct facts *facts);

	/* What was ANALYZE_MAYBE_TLS this way is text after all. */
	void (*clear_again)(void *state, enum direction way);
};

extern const struct analyzer ANALYZER_SMTP; /* smtp, submission, lmtp */
extern const struct analyzer ANALYZER_IMAP;
extern const struct analyzer ANALYZER_POP3;
extern const struct analyzer ANALYZER_SIEVE;
extern const struct analyzer ANALYZER_DCERPC; /* mapi-rpc, and what may become it */
/* mapi-http, outlook-anywhere, eas, ews, exchange-https in clear, and what may become it */
extern const struct analyzer ANALYZER_HTTP;
