/*
 * report/json_audit - what an audit was answered, as EVE JSON lines.
 *
 * An answer that is at fault, or that could not be had, is a `sensor` event with its
 * finding: audit.*. All answers about one subject, those that are well among them, are a
 * `stats` event: what a report is made of (dossier/audited).
 */
#pragma once

#include "report/json_sensor.h"

enum audit_state { AUDIT_NO = 0, AUDIT_YES, AUDIT_UNASKED };
#define AUDIT_STATES 3

/* "yes", "no", "unknown"; and back: AUDIT_STATES for what is none of them. */
const char *audit_state_word(enum audit_state state);
unsigned audit_state_of(const char *word);

struct json_audit_answer {
	const char *check;    /* "spf.declared" */
	const char *question; /* what "yes" means */
	enum audit_state state;
	enum severity severity; /* of a "no" that is a fault; else SEVERITY_NONE */
	const char *why;        /* or "" */
};

void json_audit_alert(FILE *out, const struct json_event *event, const char *subject,
	const struct json_audit_answer *answer, enum finding finding);

#define JSON_AUDIT_ANSWERS 40 /* in one record; of more there is another record */

struct json_audit {
	const char *subject; /* a domain, or "192.0.2.25:25 smtp" */
	bool is_server;
	bool is_whole; /* all that the matrix declares was asked in this run */
	struct json_audit_answer answers[JSON_AUDIT_ANSWERS];
	size_t count;
};

void json_audit(
	FILE *out, const struct json_event *event, const struct json_audit *audit);
