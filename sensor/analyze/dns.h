/*
 * analyze/dns - tell the questions that somebody who means to deliver mail asks DNS.
 *
 * In: one DNS message, or the bytes of a TCP stream of them. Out: the record type and
 * the name asked for, of standard queries. Answers are analyze/dns_answer's. RFC 1035
 * section 4.
 */
#pragma once

#include "base/cursor.h"
#include "base/text.h"

#define DNS_NAME_BYTES 128 /* longer names are cut at their end */
#define DNS_PORT       53

struct dns_question {
	const char *type;          /* "MX", "ANY", "SRV", "TXT" or "TLSA" */
	bool is_iterative;         /* no recursion wanted: asked as resolvers do */
	char name[DNS_NAME_BYTES]; /* printable, lower case, no dot at its end */
};

/*
 * Of a label: letters in lower case, digits, '-', '_' and what is no ASCII as they are, all
 * else is '?'. A name that has some that is no ASCII is made printable when it is whole.
 */
static inline char dns_letter(uint8_t byte)
{
	const bool is_small = byte >= 'a' && byte <= 'z'; /* most are */
	if (is_small || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' ||
		byte >= 0x80) {
		return (char)byte;
	}
	return (char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : '?');
}

/*
 * True when one of the message's questions is for a record that mail servers look up:
 * any MX, SRV of mail's services, and TXT or TLSA of the names that SPF, DKIM, DMARC,
 * MTA-STS and DANE use. *question is the first such.
 */
bool dns_read_question(struct text message, struct dns_question *question);

/*
 * Of each message so much is kept: of a query, four names of full length; of an answer, all
 * addresses that are read of it.
 */
#define DNS_QUERY_BYTES  1264
#define DNS_ANSWER_BYTES 1700

/* One side's TCP stream: two bytes of length and a message, again and again. */
struct dns_stream {
	uint32_t seen;     /* bytes of the message at hand, with those of its length */
	bool is_of_server; /* answers, no queries */
};

enum dns_stream_result {
	DNS_STREAM_MESSAGE = 0, /* *message is all that was kept of it */
	DNS_STREAM_SHORT,       /* the next message is not whole yet */
	DNS_STREAM_ODD,         /* no query begins so, or no answer */
};

/*
 * Take bytes off the front of *bytes up to the end of a message (RFC 1035 section 4.2.2);
 * *message stands until the next call, in kept: room bytes, the same with each call.
 */
enum dns_stream_result dns_stream_take(struct dns_stream *stream, uint8_t *kept,
	uint32_t room, struct text *bytes, struct text *message);

/* The length and header of the message at hand are there, and as this side sends them. */
bool dns_stream_is_right(const struct dns_stream *stream, const uint8_t *kept);
