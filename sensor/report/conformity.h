/*
 * report/conformity - what a run showed of each recommendation, for the auditor.
 *
 * In: alerts and ended flows, as records. Out: one line per recommendation: conform,
 * breached, accepted or not observable, with counts, the worst row and an example. Accumulates
 * and renders; judges nothing. A recommendation is observable only when traffic was
 * seen that could have breached it, and nearly all of that far enough (report/seen):
 * conform says "of what was seen, nothing did, and little was not".
 */
#pragma once

#include "base/reason.h"
#include "engine/blindness.h"
#include "engine/record.h"
#include "report/seen.h"

#include <stdio.h>

enum conformity_subject {
	CONFORMITY_R34 = 0,
	CONFORMITY_R35,
	CONFORMITY_R36,
	CONFORMITY_R37,
	CONFORMITY_R41,
	CONFORMITY_R42,
	CONFORMITY_R42_PLUS,
	CONFORMITY_EXPOSURE, /* users' access from the Internet */
	CONFORMITY_SUBJECTS
};

enum conformity_verdict {
	CONFORMITY_NOT_OBSERVABLE = 0,
	CONFORMITY_CONFORM,
	CONFORMITY_BREACHED,
	CONFORMITY_ACCEPTED, /* breached by nothing but what the matrix accepts */
};

/* The gravest breach; of several, the first. */
struct conformity_example {
	enum finding finding;
	enum severity severity; /* SEVERITY_NONE: there is no example */
	uint64_t time_us;
	struct address client;
	struct address server;
	uint16_t client_port;
	uint16_t server_port;
	char protocol[40];
	const char *from; /* group or zone, of the matrix; or NULL */
	const char *to;
};

/* Percent of the flows concerned: from so many unseen ones on nothing is conform. */
#define CONFORMITY_UNSEEN_SHARE 10

struct conformity_line {
	uint64_t observed; /* flows that could have breached it, seen far enough */
	uint64_t unseen[SEEN_COUNT]; /* that could have as well, by what they lack */
	uint64_t in_tls; /* R41 and R42: of the observed, those that were encrypted */
	uint64_t certificates; /* and of these, those whose certificate was seen */
	uint64_t breaches; /* findings of medium severity or graver, repeats included */
	uint64_t notices;  /* findings of low severity */
	uint64_t accepted; /* findings that would be breaches, and the matrix accepts */
	const struct matrix_acceptance *accepted_by; /* the first that did, or NULL */
	const struct matrix_row *worst; /* most breaches, as row or nearest; or NULL */
	uint64_t worst_breaches;
	struct conformity_example example;
};

/* What there was to see. */
struct conformity_reach {
	uint64_t flows;    /* of mail, attempts apart */
	uint64_t both_way; /* of these, those whose two ends were heard */
	uint64_t given_up; /* beside these: flows of any kind, for want of room */
	uint64_t first_us; /* 0: there was none */
	uint64_t last_us;
};

/*
 * How servers of ours answered mail from the Internet, where it crossed in clear: that they
 * say no at times shows that some policy is applied (R36); that they never do tells as much.
 */
struct conformity_policy {
	uint64_t messages;
	uint64_t refusals;  /* for good (5yz) */
	uint64_t deferrals; /* temporarily (4yz) */
};

struct conformity; /* opaque */

/* matrix: borrowed until conformity_free. */
struct conformity *conformity_new(const struct matrix *matrix, struct reason *why);
void conformity_free(struct conformity *conformity);

void conformity_alert(struct conformity *conformity, const struct record *record,
	enum finding finding, const struct fold_count *count);
void conformity_mail(struct conformity *conformity, const struct record *record);

/* The same of so many flows that were all alike. */
void conformity_mails(
	struct conformity *conformity, const struct record *record, uint64_t flows);

/* What of the traffic could not be looked into: nothing of it was observable. */
void conformity_blind(struct conformity *conformity, const struct blindness *blindness);
const struct blindness *conformity_blindness(const struct conformity *conformity);

/*
 * Flows whose bytes were looked at no more for want of room, while they could still have
 * been mail of any kind: unseen for every recommendation.
 */
void conformity_given_up(struct conformity *conformity, uint64_t flows);

struct conformity_reach conformity_reach(const struct conformity *conformity);
struct conformity_policy conformity_policy(const struct conformity *conformity);

/* There is something to be said of it. */
static inline bool conformity_has_policy(const struct conformity_policy *policy)
{
	return policy->messages + policy->refusals + policy->deferrals > 0;
}

/* So much could not be looked into that nothing is conform. */
bool conformity_is_blind(const struct conformity *conformity);

/* All of a line's flows that were not seen far enough. */
uint64_t conformity_unseen(const struct conformity_line *line);

enum conformity_verdict conformity_verdict(
	const struct conformity *conformity, enum conformity_subject subject);
struct conformity_line conformity_line(
	const struct conformity *conformity, enum conformity_subject subject);

/* Those that a finding on a flow counts against, 1 << enum conformity_subject of each. */
uint32_t conformity_subjects_of(const struct record *record, enum finding finding);

/* So mild that it is none: a notice. */
bool conformity_is_notice(enum conformity_subject subject, uint8_t severity);

/* "R34" ... "exposure" */
const char *conformity_name(enum conformity_subject subject);

/* Traffic that could have breached it was seen, and nearly all of it far enough. */
bool conformity_is_observable(
	const struct conformity *conformity, enum conformity_subject subject);

/* Why a recommendation is not observable. */
enum conformity_lack {
	CONFORMITY_LACK_TRAFFIC = 0, /* that could have breached it */
	CONFORMITY_LACK_SIGHT,       /* too much could not be looked into */
	CONFORMITY_LACK_DEPTH, /* too many of its flows were not seen far enough */
	CONFORMITY_LACK_ROOM,  /* too many flows were given up */
	CONFORMITY_LACKS
};
enum conformity_lack conformity_lack(
	const struct conformity *conformity, enum conformity_subject subject);

/* What must be seen for a verdict and was not: "no flow of a mailbox server was seen". */
const char *conformity_missing(
	const struct conformity *conformity, enum conformity_subject subject);
