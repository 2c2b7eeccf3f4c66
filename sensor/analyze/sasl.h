/*
 * analyze/sasl - follow one authentication exchange, whatever carries it.
 *
 * Takes the mechanism, then each response of the client; notes the mechanism and
 * whether a secret that can be used again crossed. A response is measured, never
 * decoded and never kept. RFC 4422, RFC 4954, RFC 9051 section 6.2.2, RFC 5034, RFC 5804.
 */
#pragma once

#include "analyze/facts.h"
#include "base/text.h"

struct sasl {
	uint16_t mechanism; /* enum facts_mechanism; 0: no exchange is going on */
	uint8_t responses;
	bool is_reusable; /* whoever reads what is sent can log in with it */
	bool is_asked;    /* the server sent a challenge: a response must follow */
};

/* initial: the initial response, empty when there is none. */
void sasl_start(struct sasl *sasl, struct facts *facts, struct text mechanism,
	struct text initial);

/* The server sent a challenge. */
void sasl_challenge(struct sasl *sasl);

/* One response line of the client; "*" cancels. */
void sasl_response(struct sasl *sasl, struct facts *facts, struct text response);

/* The server's last word. */
void sasl_outcome(struct sasl *sasl, struct facts *facts, bool is_accepted);

/*
 * Something was accepted and no command is known that it answers. Where the client's was
 * not captured its text may say that it was a login: "Logged in". True then.
 */
bool sasl_reply_unasked(struct facts *facts, struct text text);

/* A command that is no SASL exchange was tried (LOGIN of IMAP, USER, APOP). */
void sasl_try(struct facts *facts, unsigned mechanism);

/* The secret of mechanism crossed. */
void sasl_secret(struct facts *facts, unsigned mechanism);

/* Only the characters of base64, and at least one of them (or "*"). */
bool sasl_is_response(struct text line);
