#include "dossier/audit_lines.h"

#include <string.h>

#define BEGINS_MOST 6

static const struct {
	const char *name;
	const char *begins[BEGINS_MOST]; /* of its checks; NULL ends them */
	uint64_t findings;               /* of flows, of the same matter */
	bool is_offer;                   /* a "no" is no fault, and yet not conform */
} LINES[AUDIT_SUBJECTS] = {
	[AUDIT_SUBJECT_SPF] = {"SPF", {"spf."},
		FINDING_BIT(FINDING_AUTHENTICATION_MISSING) |
			FINDING_BIT(FINDING_SENDER_OWN_DOMAIN_OUTSIDE),
		false},
	[AUDIT_SUBJECT_DKIM] = {"DKIM", {"dkim."},
		FINDING_BIT(FINDING_AUTHENTICATION_MISSING), false},
	[AUDIT_SUBJECT_DMARC] = {"DMARC", {"dmarc."},
		FINDING_BIT(FINDING_AUTHENTICATION_MISSING) |
			FINDING_BIT(FINDING_SENDER_OWN_DOMAIN_OUTSIDE),
		false},
	[AUDIT_SUBJECT_MX] = {"MX", {"mx."}, 0, false},
	[AUDIT_SUBJECT_POLICY] = {"DNSSEC, DANE, MTA-STS, TLS-RPT",
		{"dnssec.", "dane.", "mtasts.", "tlsrpt.", "server.dane"}, 0, false},
	[AUDIT_SUBJECT_SIGN_IN] = {"R41", {"server.sign-in", "server.connection"},
		FINDING_BIT(FINDING_TLS_CREDENTIALS_CLEAR), false},
	[AUDIT_SUBJECT_TLS] = {"R42",
		{"server.starttls", "server.tls", "server.suite", "server.connection"},
		FINDING_BIT(FINDING_TLS_MISSING) |
			FINDING_BIT(FINDING_TLS_STARTTLS_NOT_OFFERED) |
			FINDING_BIT(FINDING_TLS_STARTTLS_REFUSED) |
			FINDING_BIT(FINDING_TLS_STARTTLS_STRIPPED) |
			FINDING_BIT(FINDING_TLS_STARTTLS_INJECTION) |
			FINDING_BIT(FINDING_TLS_VERSION_OBSOLETE) |
			FINDING_BIT(FINDING_TLS_CIPHER_WEAK),
		false},
	[AUDIT_SUBJECT_CERTIFICATE] = {"certificates",
		{"server.certificate", "server.connection"},
		FINDING_BIT(FINDING_TLS_CERTIFICATE_EXPIRED) |
			FINDING_BIT(FINDING_TLS_CERTIFICATE_EXPIRING) |
			FINDING_BIT(FINDING_TLS_CERTIFICATE_SELF_SIGNED) |
			FINDING_BIT(FINDING_TLS_CERTIFICATE_NAME_MISMATCH) |
			FINDING_BIT(FINDING_TLS_CERTIFICATE_WEAK_KEY) |
			FINDING_BIT(FINDING_TLS_CERTIFICATE_CHANGING),
		false},
	[AUDIT_SUBJECT_REQUIRETLS] = {"R42+",
		{"server.requiretls", "server.connection"},
		FINDING_BIT(FINDING_REQUIRETLS_CLEAR), true},
};

const char *audit_subject_name(enum audit_subject subject)
{
	return LINES[subject].name;
}

const char *audit_verdict_word(enum audit_verdict verdict)
{
	static const char *const WORDS[AUDIT_VERDICTS] = {
		[AUDIT_VERDICT_NOT_ASKED] = "not_asked",
		[AUDIT_VERDICT_UNKNOWN] = "could_not_ask",
		[AUDIT_VERDICT_CONFORM] = "conform",
		[AUDIT_VERDICT_NOT_OFFERED] = "not_offered",
		[AUDIT_VERDICT_BREACHED] = "breached",
	};
	return WORDS[verdict];
}

static bool is_of(enum audit_subject subject, const char *check)
{
	const char *const *begins = LINES[subject].begins;
	for (size_t i = 0; i < BEGINS_MOST && begins[i]; i++) {
		if (strncmp(check, begins[i], strlen(begins[i])) == 0) {
			return true;
		}
	}
	return false;
}

static void add(struct audit_line *line, enum audit_subject subject,
	const struct audited_subject *asked)
{
	for (size_t i = 0; i < asked->count; i++) {
		const struct audited_answer *answer = &asked->answers[i];
		if (!is_of(subject, answer->check)) {
			continue;
		}
		line->answers[answer->state]++;
		line->breaches += answer->state == AUDIT_NO &&
				  answer->severity != SEVERITY_NONE &&
				  answer->severity < SEVERITY_LOW;
		if (line->last_us < asked->time_us) {
			line->last_us = asked->time_us;
		}
	}
}

static enum audit_verdict verdict_of(const struct dossier *dossier,
	const struct audit_line *line, enum audit_subject subject)
{
	if (line->breaches > 0) {
		return AUDIT_VERDICT_BREACHED;
	}
	if (line->answers[AUDIT_UNASKED] > 0 || dossier->audited.lost > 0) {
		return AUDIT_VERDICT_UNKNOWN;
	}
	if (LINES[subject].is_offer && line->answers[AUDIT_NO] > 0) {
		return AUDIT_VERDICT_NOT_OFFERED;
	}
	return line->answers[AUDIT_YES] + line->answers[AUDIT_NO] > 0
		       ? AUDIT_VERDICT_CONFORM
		       : AUDIT_VERDICT_NOT_ASKED;
}

struct audit_line audit_line(const struct dossier *dossier, enum audit_subject subject)
{
	struct audit_line line = {.verdict = AUDIT_VERDICT_NOT_ASKED};
	for (size_t i = 0; i < dossier->audited.count; i++) {
		add(&line, subject, &dossier->audited.list[i]);
	}
	for (size_t i = 0; i < dossier->breach_count; i++) {
		const struct dossier_breach *breach = &dossier->breaches[i];
		if ((LINES[subject].findings & FINDING_BIT(breach->finding)) != 0) {
			line.observed += breach->flows;
		}
	}
	line.verdict = verdict_of(dossier, &line, subject);
	return line;
}

bool audit_is_breached(const struct dossier *dossier)
{
	for (int i = 0; i < AUDIT_SUBJECTS; i++) {
		if (audit_line(dossier, (enum audit_subject)i).verdict ==
			AUDIT_VERDICT_BREACHED) {
			return true;
		}
	}
	return false;
}
