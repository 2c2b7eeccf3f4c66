/*
 * analyze/imap_claims - what lines of an IMAP client taught that may be lines of a letter.
 *
 * Behind lost bytes, at a start in mid-stream, in the octets of a literal and behind one that
 * the server refused: a login in there counts with the reply that bears its tag, and with no
 * other (RFC 9051 section 2.2.1). For the analyzer alone; of fixed size.
 */
#pragma once

#include "analyze/claims.h"
#include "analyze/imap.h"
#include "analyze/octets.h"

#define IMAP_CLAIMS 4 /* the newest */

struct imap_claim {
	uint32_t tag; /* hash */
	uint16_t auth_tried;
	uint16_t auth_secret;
	uint16_t starttls; /* enum facts_starttls flags */
	uint8_t verb;      /* enum imap_verb, where .is_of_octets */
	bool is_of_octets; /* the command is none for who takes the literal for one */
};

/* All zero: none. */
struct imap_claims {
	struct imap_claim rows[IMAP_CLAIMS]; /* oldest first */
	uint8_t count;
	bool is_open;      /* lines may be text now */
	bool is_name_due;  /* in octets: the next line begins with a mechanism's name */
	struct sasl sasl;  /* of an exchange in octets, */
	uint32_t sasl_tag; /* of this command */
};

/* Octets of a literal, which may be lines. */
void imap_claims_octets(struct imap_claims *claims, struct octets *octets,
	struct facts *facts, struct text bytes);

/* What was learnt since held goes to the claim of this tag, and out of the facts. */
void imap_claims_take(struct imap_claims *claims, uint32_t tag, struct facts *facts,
	const struct claims *held);

/* NULL: there is none. */
const struct imap_claim *imap_claims_find(
	const struct imap_claims *claims, uint32_t tag);

/* Its reply came: it is a fact, and no claim any more. */
void imap_claims_answer(struct imap_claims *claims, uint32_t tag, struct clear *clear,
	struct facts *facts);
void imap_claims_answer_all(
	struct imap_claims *claims, struct clear *clear, struct facts *facts);
