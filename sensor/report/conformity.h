/*
 * report/conformity - what a run showed of each recommendation, for the auditor.
 *
 * In: alerts and ended flows, as records. Out: one line per recommendation: conform,
 * breached or not observable, with counts, the worst row and an example. Accumulates
 * and renders; judges nothing. A recommendation is observable only when traffic was
 * seen that could have breached it: conform says "of what was seen, nothing did".
 */
#pragma once

#include "base/reason.h"
#include "engine/blindness.h"
#include "engine/record.h"

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

struct conformity_line {
	uint64_t observed; /* flows that could have breached it */
	uint64_t breaches; /* findings of medium severity or graver, repeats included */
	uint64_t notices;  /* findings of low severity */
	const struct matrix_row *worst; /* most breaches, as row or nearest; or NULL */
	uint64_t worst_breaches;
	struct conformity_example example;
};

struct conformity; /* opaque */

/* matrix: borrowed until conformity_free. */
struct conformity *conformity_new(const struct matrix *matrix, struct reason *why);
void conformity_free(struct conformity *conformity);

void conformity_alert(struct conformity *conformity, const struct record *record,
	enum finding finding, const struct fold_count *count);
void conformity_mail(struct conformity *conformity, const struct record *record);

/* What of the traffic could not be looked into: nothing of it was observable. */
void conformity_blind(struct conformity *conformity, const struct blindness *blindness);
const struct blindness *conformity_blindness(const struct conformity *conformity);

enum conformity_verdict conformity_verdict(
	const struct conformity *conformity, enum conformity_subject subject);
struct conformity_line conformity_line(
	const struct conformity *conformity, enum conformity_subject subject);

/* "R34" ... "exposure" */
const char *conformity_name(enum conformity_subject subject);

/* What must be seen for a verdict: "no flow of a mailbox server was seen". */
const char *conformity_missing(enum conformity_subject subject);
