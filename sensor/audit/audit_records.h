/*
 * audit/audit_records - what an audit was answered, as records of a journal.
 *
 * In: the answers, and what the journal already has of earlier runs. Out: an alert
 * (audit.*) for each answer that is at fault or that could not be had and that was not told
 * so before, then for each subject a record of all its answers. Asks nobody.
 */
#pragma once

#include "audit/answers.h"
#include "dossier/audited.h"

#define AUDIT_ALERTS_MAX 1000 /* of a run; what is more is a number in the last */

struct audit_run {
	const struct audit_answers *answers; /* gathered */
	size_t domain_count; /* the first so many are about domains, the others about servers */
	bool has_all_domains; /* whatever the matrix declares was asked */
	bool has_all_servers;
	const struct audited *before;
};

/* The finding that a "no" to this check is. */
enum finding audit_finding(const char *check);

/* next: the stream for one more record; event: of the first, it is counted on. */
void audit_records(const struct audit_run *run, FILE *(*next)(void *context),
	void *context, const struct json_event *event);
