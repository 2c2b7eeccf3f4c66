/*
 * audit/spf - may this client send for this domain? check_host() of RFC 7208.
 *
 * In: a client's address, a domain, who resolves. Out: one of seven results, and which
 * term of which record gave it, or what is broken. Bounded as section 4.6.4 says: 10
 * terms that look up, 10 names of one mx, 2 look-ups that find nothing.
 */
#pragma once

#include "audit/dns.h"
#include "audit/spf_record.h"

#define SPF_TERMS_MAX 10 /* that look up: include, a, mx, ptr, exists, redirect */
#define SPF_VOIDS_MAX 2  /* look-ups without an answer */
#define SPF_NAMES_MAX 10 /* of one mx or ptr */

#define SPF_TEXT_BYTES 512

struct spf_question {
	const struct rr_resolver *resolver;
	struct address client;
	const char *domain;
	const char *local_part; /* of MAIL FROM; NULL or "": postmaster */
	const char *sender;     /* its domain; NULL: the same domain */
	const char *helo;       /* NULL: the same domain */
	int64_t now_s;          /* for an explanation */
};

struct spf_verdict {
	enum spf_result result;
	unsigned terms; /* that looked up */
	unsigned voids;
	char why[SPF_TEXT_BYTES];         /* "-all of example.org" */
	char explanation[SPF_TEXT_BYTES]; /* what the domain says of a fail, or "" */
};

void spf_check_host(const struct spf_question *question, struct spf_verdict *verdict);

/*
 * The one SPF record among a domain's TXT records, in the arena. SPF_NEUTRAL: it is there;
 * else SPF_NONE, SPF_TEMPERROR or SPF_PERMERROR, and why.
 */
enum spf_result spf_find_record(const struct rr_resolver *resolver, struct arena *arena,
	const char *domain, struct rr_data *text, char why[SPF_TEXT_BYTES]);
