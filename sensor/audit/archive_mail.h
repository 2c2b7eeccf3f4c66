/*
 * audit/archive_mail - the parts of a mail that may hold a report.
 *
 * In: one message (RFC 5322, MIME: RFC 2045, 2046). Out: the decoded bytes of each part that
 * is neither text for people nor a list of parts, and of XML. Bounded in parts and depth;
 * its work grows with the bytes of the message alone. Names and charsets are not looked at.
 */
#pragma once

#include "base/text.h"

#include <stdbool.h>

#define ARCHIVE_MAIL_DEPTH 4

/* False: no more parts, please. The bytes are borrowed for the call. */
typedef bool archive_mail_take(void *context, struct text part);

/* It begins as a message does: with a header field, or the "From " of a mailbox file. */
bool archive_is_mail(struct text file);

/* room: of at least mail.len bytes, for one part at a time. False: too many parts, or too deep. */
bool archive_mail_read(
	struct text mail, uint8_t *room, archive_mail_take *take, void *context);
