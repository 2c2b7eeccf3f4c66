/*
 * analyze/note - write one thing learnt into struct facts.
 *
 * Shared by the clear-text analyzers, so that each fact is set in one way.
 */
#pragma once

#include "analyze/facts.h"
#include "base/direction.h"
#include "base/text.h"

/* Mail text, envelope or mailbox data crossed in clear. */
void note_content(struct facts *facts);

/* One more message text crossed in clear. */
void note_message(struct facts *facts);

/* The server named STARTTLS (STLS) in a capability list. */
void note_starttls_offered(struct facts *facts);

/* A whole capability list ended; it holds for "not offered" unless STARTTLS was named before. */
void note_capabilities(struct facts *facts);

/* Set FACTS_STARTTLS_* flags. */
void note_starttls(struct facts *facts, unsigned flags);

/* A masked word (FACTS 1, Cisco): four or more X and perhaps one more letter. */
bool note_is_masked(struct text word);

/* Blank-separated SASL mechanism names that the server offers. */
void note_mechanisms(struct facts *facts, struct text names);

/* What came this way is not read to its end: as good as lost, and the client's is told. */
void note_unread(struct facts *facts, enum direction way);

/* The greeting turned the client away. */
void note_refused(struct facts *facts);

/*
 * The reply of SMTP to a client, a sender, a recipient or a mail. Counted is what a policy
 * says no with (RFC 5321 section 4.2, RFC 7504): neither a mistake in the command (50z, 555)
 * nor what asks for TLS or a log-in (530, 454), and no want of room (452).
 */
void note_policy(struct facts *facts, uint16_t code);

/* A domain in lower case into FACTS_DOMAIN_BYTES: of a longer one its end. */
void note_domain(char *kept, struct text domain);

/* An address that stands in a header field, as it stands there; no address: nothing. */
void note_header_address(struct facts *facts, const char *literal);

/* The fields of one more message: all messages have what this one has, too. */
void note_header_fields(struct facts *facts, const uint64_t fields[FACTS_FIELD_WORDS]);
