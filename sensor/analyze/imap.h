/*
 * analyze/imap - one line of IMAP in its parts, and which reply answers which command.
 *
 * For the analyzer alone. imap_line.c: text of a line in, what it says out; keeps nothing.
 * imap_capabilities.c: a list of the server in, what it offers to the facts.
 * imap_tags.c: commands as they are read and tagged replies as they come in, the verb
 * that is answered out; of fixed size. Where bytes are lost a reply may be read ahead of
 * its command: the first few are kept. RFC 9051 (and 3501), RFC 7888.
 */
#pragma once

#include "analyze/facts.h"
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

/* Of a login, or STARTTLS: its reply says what crosses from here on. */
static inline bool imap_is_of_login(int verb)
{
	return verb == IMAP_VERB_LOGIN || verb == IMAP_VERB_AUTHENTICATE ||
	       verb == IMAP_VERB_STARTTLS;
}

/* A tag as a client may write it. */
bool imap_is_tag(struct text tag);

/*
 * Tag and verb off the front of *rest; without a tag (empty) it is no command. No tag has
 * control bytes in it: what a client sent without a line end of its own stands in front of
 * the command then.
 */
enum imap_verb imap_command_parse(struct text *rest, struct text *tag);

/* Untagged data of the authenticated state: "* LIST ...", "* 3 EXISTS" (RFC 9051 section 7.3). */
bool imap_is_mailbox_data(struct text kind);

/* "{n}", "{n+}" or "~{n}" at the end of a line; is_asked: the octets wait for a "+". */
bool imap_literal_parse(struct text line, uint64_t *size, bool *is_asked);

/* Arguments of LOGIN on this piece of line, at most 8: a literal is not counted. */
uint8_t imap_arguments_count(struct text rest);

/* Untagged data may hold literals; the text of a status never does (RFC 9051 section 7.1). */
bool imap_is_data(struct text line);

/* "OK [CODE ...] text" with one of these codes, NULL behind them: RFC 9051 section 7.1, RFC 4315. */
bool imap_has_code(struct text rest, const char *const *codes);

/* imap_capabilities.c. RFC 9051 section 7.2.2; what is listed after login says nothing of STARTTLS. */
void imap_capabilities_note(
	struct facts *facts, struct text list, bool is_whole, bool is_before_login);

/* imap_tags.c */
#define IMAP_TAGS_COMMANDS 8
#define IMAP_TAGS_LATE     4

struct imap_tags_command {
	uint32_t tag; /* hash: tags are free text */
	uint8_t verb; /* enum imap_verb */
};

/* All zero: none. */
struct imap_tags {
	struct imap_tags_command commands[IMAP_TAGS_COMMANDS]; /* oldest first */
	uint32_t late[IMAP_TAGS_LATE];
	uint8_t command_count;
	uint8_t late_count;
	uint8_t late_accepted; /* a bit for each */
};

uint32_t imap_tag_hash(struct text tag);

void imap_tags_add(struct imap_tags *tags, struct text tag, enum imap_verb verb);

/* The oldest command of this tag (some clients use one for all), taken out; or -1. */
int imap_tags_take(struct imap_tags *tags, struct text tag);

/* The verb of the newest command, or -1. */
int imap_tags_newest(const struct imap_tags *tags);

/* Commands of this tag. */
unsigned imap_tags_count(const struct imap_tags *tags, struct text tag);

/* A reply came that answers none of them. */
void imap_tags_note_late(struct imap_tags *tags, struct text tag, bool is_accepted);

/* The newest command, where such a reply bears its tag, taken out; or -1. */
int imap_tags_take_late(struct imap_tags *tags, bool *is_accepted);
