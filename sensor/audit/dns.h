/*
 * audit/dns - resource records (RR): what a resolver is asked, and what it answers.
 *
 * In: the bytes of a record's data, as the name server sent them. Out: text, names,
 * addresses. Three things are kept apart: there is such a record, there is none, and it
 * could not be asked (no answer in time, the server failed, or its signatures do not
 * hold). Who resolves is a function: audit/dns_resolver on the network, tables in tests.
 * RFC 1035, RFC 3596, RFC 6698.
 */
#pragma once

#include "base/address.h"
#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RR_NAME_BYTES 254 /* of text, with its NUL */

enum rr_type {
	RR_TYPE_A = 1,
	RR_TYPE_CNAME = 5,
	RR_TYPE_PTR = 12,
	RR_TYPE_MX = 15,
	RR_TYPE_TXT = 16,
	RR_TYPE_AAAA = 28,
	RR_TYPE_TLSA = 52,
};

enum rr_outcome {
	RR_FOUND = 0,
	RR_NO_DATA, /* the name is there, records of this type are not */
	RR_NO_NAME,
	RR_FAILED, /* could not be asked: why */
};

struct rr_data {
	const uint8_t *bytes;
	size_t len;
};

struct rr_answer {
	enum rr_outcome outcome;
	bool is_secure; /* its DNSSEC signatures hold */
	const struct rr_data *list;
	size_t count;    /* 0 unless found */
	const char *why; /* of RR_FAILED */
};

#define RR_ANSWER_MAX 256 /* records of one answer; more: could not be asked */

struct rr_resolver {
	/*
	 * name: labels with dots between them, each byte as it is. The answer lives as
	 * long as the resolver.
	 */
	void (*ask)(void *context, const char *name, enum rr_type type,
		struct rr_answer *answer);
	void *context;
};

void rr_ask(const struct rr_resolver *resolver, const char *name, enum rr_type type,
	struct rr_answer *answer);

/*
 * Labels of at most 63 bytes, none of them empty, 253 bytes altogether; one dot behind
 * the last may stand.
 */
bool rr_name_is_valid(const char *name);

/* In lower case and without a dot at the end. False: it is not valid. */
bool rr_name_clean(char clean[RR_NAME_BYTES], const char *name);

/* Letters apart, a dot at the end apart. */
bool rr_name_equal(const char *one, const char *other);

/* name is domain or below it. */
bool rr_name_is_below(const char *name, const char *domain);

/* The character strings of a TXT record, joined (RFC 7208, section 3.3). NULL: broken. */
const char *rr_data_text(struct arena *arena, const struct rr_data *data, size_t *len);

/*
 * The name in the data of an MX (behind its preference), a PTR or a CNAME. False: it is broken, or
 * text cannot say it: a dot or a NUL inside a label.
 */
bool rr_data_name(
	const struct rr_data *data, enum rr_type type, char name[RR_NAME_BYTES]);
uint16_t rr_data_preference(const struct rr_data *data);

/* Of an A or AAAA record. */
bool rr_data_address(const struct rr_data *data, struct address *address);

/* "TXT" */
const char *rr_type_name(enum rr_type type);

/* Of RR_FAILED its why; else "no such name", "no TXT record". */
const char *rr_answer_text(
	const struct rr_answer *answer, enum rr_type type, char text[64]);

/* "1.2.0.192.in-addr.arpa" */
#define RR_REVERSE_BYTES 80
void rr_reverse_name(const struct address *address, char name[RR_REVERSE_BYTES]);
