/*
 * dmarc/tlsrpt - how TLS of the entity's servers went, as those who send to it report.
 *
 * In: TLS reports (RFC 8460, JSON), the matrix. Out: for each domain and kind of policy the
 * sessions that went well and that failed; for each kind of failure and each server that
 * was reached, how many. Claims of strangers, like DMARC's: bounded, and no more than that.
 */
#pragma once

#include "dmarc/dmarc.h"

#define TLSRPT_JSON_MAX  (4U << 20)
#define TLSRPT_ROWS_MAX  (1U << 12)
#define TLSRPT_ITEMS_MAX 4096 /* policies, and failures, of one report */
#define TLSRPT_FAILURES  13   /* 0: none, it is the policy's own row */

enum tlsrpt_policy { TLSRPT_STS = 0, TLSRPT_TLSA, TLSRPT_NO_POLICY };

struct tlsrpt_key {
	char domain[256]; /* whose policy; DMARC_DOMAIN_BYTES are used */
	char server[256]; /* by name, else by address; "": of all, or not told */
	uint32_t policy;
	uint32_t failure; /* 0: sums of the policy */
};

struct tlsrpt_row {
	struct tlsrpt_key key;
	const struct matrix_group *group; /* of the server, or NULL */
	bool is_told_by_several;
	char reporter[DMARC_NAME_BYTES];
	uint64_t succeeded;
	uint64_t failed;
	uint64_t begin_s;
	uint64_t end_s;
};

struct tlsrpt_totals {
	uint64_t reports;
	uint64_t rows_bad;   /* no domain, or more than is read */
	uint64_t rows_other; /* of a domain that was not asked for */
	uint64_t rows_lost;  /* without room in the table */
	uint64_t succeeded;
	uint64_t failed;
};

struct tlsrpt {
	/* borrowed: its settings, and which reports were given before */
	struct dmarc *dmarc;
	struct dmarc_table rows;
	struct tlsrpt_totals totals;
};

bool tlsrpt_start(struct tlsrpt *tlsrpt, struct dmarc *dmarc, struct reason *why);
void tlsrpt_free(struct tlsrpt *tlsrpt);

/* One report: false with a reason where it is none. */
bool tlsrpt_add(struct tlsrpt *tlsrpt, struct text json, struct reason *why);

/* By domain and policy, its sums first, then what failed most; as dmarc_table_sorted. */
const void **tlsrpt_sorted(const struct tlsrpt *tlsrpt);

/* "sts", "tlsa", "no-policy-found" */
const char *tlsrpt_policy_word(uint32_t policy);

/* "certificate-expired"; "other" of what RFC 8460 has not; NULL of 0 */
const char *tlsrpt_failure_word(uint32_t failure);

/* Of a policy's sums: one session in a hundred failed, or more. */
bool tlsrpt_is_failing(const struct tlsrpt_row *row);
