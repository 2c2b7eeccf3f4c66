/*
 * audit/archive_mail - the parts of a mail that may hold a report.
 *
 * In: one message (RFC 5322, MIME: RFC 2045, 2046). Out: the decoded bytes of each part that
 * is neither text for people nor a list of parts, and of XML. Bounded in parts and depth;
 * its work grows with the bytes of the message alone. Names and charsets are not looked at.
 * And where a mailbox file has the next message.
 */
#pragma once

#include "base/text.h"

#include <stdbool.h>

#define ARCHIVE_MAIL_DEPTH 4

/* False: no more parts, please. The bytes are borrowed for the call. */
typedef bool archive_mail_take(void *context, struct text part);

/* It begins as a message does: with a header field, or the "From " of a mailbox file. */
bool archive_is_mail(struct text file);

/* It begins as a mailbox file does (mbox, RFC 4155). */
bool archive_is_mailbox(struct text file);

/*
 * Of a mailbox file, or what is behind its first bytes: how long its first mail is, up to the
 * next line of "From ", a time in it and an empty line above it. text.len: no other begins in it.
 */
size_t archive_mailbox_first(struct text text);

/* room: of at least mail.len bytes, for one part at a time. False: too many parts, or too deep. */
bool archive_mail_read(
	struct text mail, uint8_t *room, archive_mail_take *take, void *context);
