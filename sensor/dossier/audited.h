/*
 * dossier/audited - what audits were answered, as their records last told.
 *
 * In: lines of records, of one journal or of several, in any order. Out: of each subject, a
 * domain or a service of a server, all answers of the last run that asked it. What a later
 * run of the same host, which asked all that is declared, did not ask is declared no more,
 * and left out. Asks nobody.
 */
#pragma once

#include "base/arena.h"
#include "base/name_table.h"
#include "report/json_audit.h"

#define AUDITED_SUBJECTS_MAX 16384 /* what is more is counted */
#define AUDITED_ANSWERS_MAX \
	20000 /* of a subject: as many as a run has (audit/answers) */
#define AUDITED_RECORDS_MAX 1024 /* of a subject, of one time */

struct audited_answer {
	const char *check;
	const char *question; /* in English, as the run had it */
	const char *why;      /* or "" */
	enum audit_state state;
	enum severity severity; /* SEVERITY_NONE: no fault */
};

struct audited_subject {
	const char *name;
	const char *host; /* that asked it */
	bool is_server;
	bool is_whole; /* its run asked all that is declared */
	bool is_past;  /* a later such run did not ask it */
	uint64_t time_us;
	struct audited_answer *answers; /* list_room */
	size_t count;
	const char **records; /* list_room; the ids of those that told it */
	size_t record_count;
	struct arena arena; /* of all its texts but the name */
};

struct audited {
	struct audited_subject *list; /* list_room; sorted by audited_finish */
	size_t count;
	uint64_t lost; /* answers without room */
	struct name_table names;
	struct arena arena;
};

/* A line of records; any other line is let by. */
void audited_line(struct audited *audited, const char *line, size_t len);

/* Once all lines are in: domains by name, then servers; those that are past go. */
void audited_finish(struct audited *audited);

/* What the last run knew of a subject; NULL: it was never asked. Before audited_finish. */
const struct audited_subject *audited_find(
	const struct audited *audited, const char *subject);
void audited_free(struct audited *audited);
