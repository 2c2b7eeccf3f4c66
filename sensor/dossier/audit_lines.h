/*
 * dossier/audit_lines - what audits were answered, held against each recommendation.
 *
 * In: the last answers (dossier/audited), the matrix, the findings of flows. Out: a line of
 * each recommendation: declared, observed, audited. What could not be asked keeps a verdict
 * open, unless something is at fault anyway.
 */
#pragma once

#include "dossier/dossier.h"

enum audit_subject {
	AUDIT_SUBJECT_SPF = 0,
	AUDIT_SUBJECT_DKIM,
	AUDIT_SUBJECT_DMARC,
	AUDIT_SUBJECT_MX,
	AUDIT_SUBJECT_POLICY, /* DNSSEC, DANE, MTA-STS, TLS-RPT */
	AUDIT_SUBJECT_SIGN_IN,
	AUDIT_SUBJECT_TLS,
	AUDIT_SUBJECT_CERTIFICATE,
	AUDIT_SUBJECT_REQUIRETLS,
	AUDIT_SUBJECTS
};

enum audit_verdict {
	AUDIT_VERDICT_NOT_ASKED = 0,
	AUDIT_VERDICT_UNKNOWN, /* something could not be asked, and nothing is at fault */
	AUDIT_VERDICT_CONFORM,
	AUDIT_VERDICT_NOT_OFFERED, /* which is no fault */
	AUDIT_VERDICT_BREACHED,
	AUDIT_VERDICTS
};

struct audit_line {
	uint64_t answers[AUDIT_STATES];
	uint64_t breaches; /* faults of medium severity and graver */
	uint64_t observed; /* flows whose finding is of the same matter */
	uint64_t last_us;  /* when it was asked last */
	enum audit_verdict verdict;
};

/* "SPF", "R42+"; for programs. */
const char *audit_subject_name(enum audit_subject subject);

/* "could_not_ask"; for programs. */
const char *audit_verdict_word(enum audit_verdict verdict);

/* Of domains, not of servers. */
static inline bool audit_subject_is_of_domains(enum audit_subject subject)
{
	return subject <= AUDIT_SUBJECT_POLICY;
}

struct audit_line audit_line(const struct dossier *dossier, enum audit_subject subject);

/* Some line is breached. */
bool audit_is_breached(const struct dossier *dossier);
