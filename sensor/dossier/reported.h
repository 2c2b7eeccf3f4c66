/*
 * dossier/reported - what receivers reported, as the runs of `mailwarden dmarc` recorded it.
 *
 * In: lines of records, the matrix. Out: messages by class and sessions, added up over all
 * runs in the span; the senders that are still not declared, the policies whose TLS failed.
 * Reads no report (audit/dmarc). What is told is a claim of who wrote the reports; bounded.
 */
#pragma once

#include "base/address.h"
#include "judge/catalogue.h"

#include <stddef.h>

struct dossier;

#define REPORTED_MOST 1024 /* senders, and policies; what finds no room is counted */

/* As audit/dmarc has them. */
enum reported_class {
	REPORTED_DECLARED = 0,
	REPORTED_RELAY,
	REPORTED_SIGNER,
	REPORTED_FORWARDER,
	REPORTED_FORWARDED,
	REPORTED_SPOOFING,
	REPORTED_CLASSES
};

/* Who told, and when. */
struct reported_claim {
	const char *reporter; /* the first that is recorded; "": without a name */
	bool is_of_several;
	uint64_t first_us; /* begin of the earliest report, end of the latest */
	uint64_t last_us;
	uint64_t told_us;       /* when it was recorded first, in the span or before, */
	uint64_t told_again_us; /* and last */
};

/* A host that sends as a domain of the site; in the span, or .messages is 0. */
struct reported_sender {
	struct address source;
	const char *domain;
	const char *group; /* that holds the address now; or NULL */
	enum finding finding;
	uint64_t messages;
	uint64_t aligned;
	struct reported_claim claim;
};

/* A policy of a domain, and the sessions that it was for. */
struct reported_policy {
	const char *domain;
	const char *policy; /* "sts", "tlsa", "no-policy-found" */
	uint64_t succeeded;
	uint64_t failed;
	struct reported_claim claim;
};

struct reported {
	uint64_t runs; /* in the span */
	uint64_t dmarc_reports;
	uint64_t tls_reports;
	uint64_t messages[REPORTED_CLASSES];
	uint64_t lost_messages; /* of sources that the runs had no room for */
	uint64_t succeeded;     /* sessions */
	uint64_t failed;
	struct reported_sender *senders; /* the gravest first, then most messages */
	size_t sender_count;
	struct reported_policy *policies; /* most failures first */
	size_t policy_count;
	uint64_t unkept;   /* records without room here */
	uint64_t declared; /* senders that the matrix declares by now */
};

/* A line of records; what is not of `mailwarden dmarc`, or behind the span, is let by. */
void dossier_reported(struct dossier *dossier, const char *line, size_t len);

/* "undeclared_relay", as in records. */
const char *reported_class_word(enum reported_class class);
