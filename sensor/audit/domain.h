/*
 * audit/domain - what a mail domain publishes, held against the declared flow matrix.
 *
 * In: a domain, who resolves, the matrix. Out: answers (audit/answers). Asked are the
 * domain itself, the names that its own records lead to, and its own web server for the
 * MTA-STS policy; nobody else. Both ways: what is declared and not published loses mail,
 * what is published and not declared is a hole.
 */
#pragma once

#include "audit/answers.h"
#include "audit/dns.h"
#include "audit/https_fetch.h"
#include "audit/server.h"
#include "matrix/matrix.h"

#define DOMAIN_SELECTORS_MAX 128

struct domain_audit {
	const struct matrix *matrix;
	const struct rr_resolver *resolver;
	const struct https_fetcher *web;
	int64_t now_s;                /* rows that have expired declare nobody */
	bool has_trust_anchor;        /* else DNSSEC could not be asked */
	const char *const *selectors; /* of DKIM, selector_count of them */
	size_t selector_count;
	struct audit_answers *answers;
	/* what senders want of certificates, at each address of an MX host; or NULL */
	void (*pinned)(void *context, const struct server_pin *pin);
	void *pinned_context;
};

/* domain: clean (rr_name_clean). */
void audit_domain(const struct domain_audit *audit, const char *domain);
