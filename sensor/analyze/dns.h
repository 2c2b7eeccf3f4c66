/*
 * analyze/dns - tell the questions that somebody who means to deliver mail asks DNS.
 *
 * In: one DNS message, or the bytes of a TCP stream of them. Out: the record type and
 * the name asked for, of standard queries with one question only. Answers are not
 * read. RFC 1035 section 4.
 */
#pragma once

#include "base/cursor.h"
#include "base/text.h"

#define DNS_NAME_BYTES 128 /* longer names are cut at their end */
#define DNS_PORT       53

struct dns_question {
	const char *type;          /* "MX", "TXT" or "TLSA" */
	char name[DNS_NAME_BYTES]; /* printable, lower case, no dot at its end */
};

/*
 * True when message is a recursive query for a record that mail servers look up: any
 * MX, and TXT or TLSA of the names that SPF, DKIM, DMARC, MTA-STS and DANE use. One
 * that asks for no recursion is a resolver's way down the tree and is passed over.
 */
bool dns_read_question(struct text message, struct dns_question *question);

enum dns_stream_result {
	DNS_STREAM_MESSAGE = 0, /* *message holds, *stream is behind it */
	DNS_STREAM_SHORT,       /* the next message is not whole yet */
	DNS_STREAM_ODD,         /* no query begins so */
};

/* The next message of a client's TCP stream: two bytes of length and it (RFC 1035 section 4.2.2). */
enum dns_stream_result dns_stream_next(struct text *stream, struct text *message);
