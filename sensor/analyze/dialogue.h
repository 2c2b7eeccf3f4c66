/*
 * analyze/dialogue - one mail conversation: clear text, then perhaps TLS.
 *
 * Chooses the analyzer by protocol, hands bytes to it, switches to TLS when the
 * analyzer says so, and notices when "TLS" turns out to be clear text going on.
 */
#pragma once

#include "analyze/analyzer.h"
#include "analyze/tls.h"

#define ANALYZER_STATE_BYTES 712

struct dialogue {
	const struct analyzer *analyzer; /* NULL: TLS from the first byte */
	bool is_tls[2];       /* by enum direction: bytes go to the TLS session */
	bool is_tls_proven;   /* the server's part of it was seen after the switch */
	bool is_tls_failed;   /* an alert ended the handshake: more records, or text */
	bool is_tls_tried[2]; /* bytes go to the analyzer and, on trial, to TLS */
	/* of the bytes given last, where they came to DIALOGUE_TUNNEL */
	uint32_t unread;
	struct tls_session tls;
	struct facts facts;
	_Alignas(8) uint8_t state[ANALYZER_STATE_BYTES];
};

enum dialogue_result {
	DIALOGUE_GO_ON = 0,
	DIALOGUE_FINISHED, /* facts are final: bytes need not be fed any more */
	DIALOGUE_TUNNEL, /* a proxy opened the way for another conversation: .unread is its */
	DIALOGUE_NOT_MINE, /* the classification was wrong */
};

/*
 * Clears what it uses. protocol: smtp, lmtp, imap, pop3, sieve, mapi-rpc or
 * dcerpc, http, a service of Exchange over it, one inside implicit TLS, or tls.
 */
void dialogue_start(
	struct dialogue *dialogue, enum protocol protocol, bool is_midstream);
/* Before any byte: the end that opened the connection speaks the server's part. */
void dialogue_turn(struct dialogue *dialogue);
enum dialogue_result dialogue_bytes(struct dialogue *dialogue,
	struct tls_context *context, enum direction way, struct text bytes);
void dialogue_gap(struct dialogue *dialogue, enum direction way, uint64_t missing);

/* The flow is over: settle what silence means (STARTTLS never used, ...), give buffers back. */
void dialogue_end(struct dialogue *dialogue, struct tls_context *context);
