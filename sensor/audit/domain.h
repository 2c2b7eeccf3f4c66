/*
 * audit/domain - what a mail domain publishes, held against the declared flow matrix.
 *
 * In: a domain, who resolves, the matrix. Out: answers (audit/answers). Asked are the
 * domain itself and the names that its own records lead to, nobody else. Both ways: what
 * is declared and not published loses mail, what is published and not declared is a hole.
 */
#pragma once

#include "audit/answers.h"
#include "audit/dns.h"
#include "matrix/matrix.h"

#define DOMAIN_SELECTORS_MAX 128

struct domain_audit {
	const struct matrix *matrix;
	const struct rr_resolver *resolver;
	int64_t now_s;                /* rows that have expired declare nobody */
	bool has_trust_anchor;        /* else DNSSEC could not be asked */
	const char *const *selectors; /* of DKIM, selector_count of them */
	size_t selector_count;
	struct audit_answers *answers;
};

/* domain: clean (rr_name_clean). */
void audit_domain(const struct domain_audit *audit, const char *domain);
