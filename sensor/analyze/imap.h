/*
 * analyze/imap - one line of IMAP in its parts, for the analyzer.
 *
 * In: text of a line. Out: what it says. Keeps nothing. RFC 9051 (and 3501), RFC 7888.
 */
#pragma once

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum imap_verb {
	IMAP_VERB_OTHER = 0,
	IMAP_VERB_KNOWN,   /* any state: CAPABILITY, NOOP, LOGOUT, ID */
	IMAP_VERB_MAILBOX, /* authenticated or selected state */
	IMAP_VERB_STARTTLS,
	IMAP_VERB_LOGIN,
	IMAP_VERB_AUTHENTICATE,
	IMAP_VERB_COMPRESS,
};

/* The word behind a tag. */
enum imap_verb imap_verb_parse(struct text word);

/* A tag as a client may write it. */
bool imap_is_tag(struct text tag);

/* "{n}", "{n+}" or "~{n}" at the end of a line; is_asked: the octets wait for a "+". */
bool imap_literal_parse(struct text line, uint64_t *size, bool *is_asked);

/* Arguments of LOGIN on this piece of line, at most 8: a literal is not counted. */
uint8_t imap_arguments_count(struct text rest);
