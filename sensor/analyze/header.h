/*
 * analyze/header - what the header block of one message shows: counts and addresses.
 *
 * Takes the octets of a message as they cross in clear, cut anywhere, up to the
 * empty line; gives struct facts_headers, hashes of two words of the topmost Received
 * field, and the domain of From. Keeps no other text but the field name, domain or
 * address being read. RFC 5322 section 2.2, RFC 5321 sections 4.4 (Received) and 4.5.2
 * (leading dots).
 */
#pragma once

#include "analyze/facts.h"
#include "base/text.h"

/* Longer than any field name, domain or address wanted here. */
#define HEADER_WORD_BYTES 72

struct header {
	uint64_t word;          /* hash of the word being read */
	uint64_t received_id;   /* topmost Received: hash behind "id"; 0 not seen */
	uint64_t received_from; /* topmost Received: hash behind "from" */
	uint32_t left;          /* octets that may still be read */
	uint8_t state;          /* enum header_state (header.c); 0: nothing is read */
	uint8_t field;          /* enum header_field of the line */
	uint8_t clause;         /* enum header_clause: the word in front */
	uint8_t depth;          /* of comments */
	uint8_t closer;         /* what ends the address being read, or 0 */
	uint8_t len;
	bool is_stuffed; /* a dot in front of a line is not of the message (DATA) */
	bool has_sender; /* it is known, and not null: no bounce */
	bool has_signature;
	bool has_results;
	bool has_received;
	bool is_quoted; /* in From */
	char text[HEADER_WORD_BYTES];
	char author[FACTS_DOMAIN_BYTES];    /* of From; "": none was read */
	uint64_t fields[FACTS_FIELD_WORDS]; /* those that were read */
	uint64_t field_hash;                /* of the line's */
};

/*
 * Of a field by its name, and with it a value where it is not empty: of DKIM-Signature,
 * DKIM2-Signature and ARC-Seal the domain that signs (d=), of Authentication-Results and
 * ARC-Authentication-Results who checked (authserv-id).
 */
uint64_t header_field_hash(struct text name, struct text value);

/* header_field_hash can have a value of this field. */
bool header_has_value(struct text name);

/*
 * A message begins. has_sender: MAIL was seen and named one; what bounces and reports
 * lack (RFC 5321 section 4.5.5) is not counted.
 */
void header_start(struct header *header, bool is_stuffed, bool has_sender);

/* Octets of the message; those behind the header are ignored. */
void header_bytes(struct header *header, struct facts *facts, struct text bytes);

/* The message ended, whether an empty line came or not. */
void header_end(struct header *header, struct facts *facts);

/* Octets were lost, or the message was given up: nothing is counted. */
void header_lost(struct header *header);

/* The block is still being read. */
static inline bool header_is_open(const struct header *header)
{
	return header->state != 0;
}

/* Of a word, ASCII case apart; never 0 for one that is not empty. */
uint64_t header_word_hash(struct text word);
