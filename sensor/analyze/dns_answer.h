/*
 * analyze/dns_answer - what a name server says of the addresses of names.
 *
 * In: one DNS message. Out: the question of a query or an answer, and of an answer the
 * records A, AAAA, CNAME and MX of its answer section, one by one. What is added to it
 * (authority, additional) is nobody's answer and not read. Follows no connection and
 * believes nobody. RFC 1035 section 4, RFC 3596.
 */
#pragma once

#include "base/address.h"
#include "base/cursor.h"
#include "base/text.h"

/* Of the longest name, RFC 1035 section 3.1, with dots for lengths, and a NUL. */
#define DNS_HOST_BYTES 256

/* Records of one answer that are read; servers of large sites give eight or so. */
#define DNS_RECORDS_MAX 24

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_MX = 15,
	DNS_TYPE_AAAA = 28
};

struct dns_asked {
	uint16_t id;
	uint16_t type;
	bool is_answer;
	bool is_iterative;         /* no recursion wanted */
	char name[DNS_HOST_BYTES]; /* printable, lower case, no dot at its end */
};

struct dns_record {
	enum dns_type type;
	uint32_t ttl_s;
	char owner[DNS_HOST_BYTES];
	char target[DNS_HOST_BYTES]; /* of CNAME and MX */
	struct address address;      /* of A and AAAA */
};

/* The records of an answer, from the first on. */
struct dns_records {
	const uint8_t *message;
	struct cursor cur;
	uint16_t left;
	const char *asked; /* the name of the question */
};

/*
 * True: a query, or a whole answer without an error, to one question for addresses,
 * CNAME or MX of the Internet's class. Records are then at its first.
 */
bool dns_read_asked(
	struct text message, struct dns_asked *asked, struct dns_records *records);

/* The next of the types above; false: there is none, or the rest cannot be read. */
bool dns_next_record(struct dns_records *records, struct dns_record *record);
