/*
 * audit/answers - what was asked, and what came of it: yes, no, or could not ask.
 *
 * In: one answer at a time. Out: a list in the order in which it was asked, as text for
 * people or as JSON. A question is put so that "yes" is as it should be; what could not
 * be asked is never taken for one of the two. Asks nobody itself.
 */
#pragma once

#include "base/arena.h"
#include "judge/catalogue.h"
#include "report/json_audit.h"

#include <stdio.h>

struct audit_check {
	const char *id;         /* "spf.declared" */
	const char *question;   /* what "yes" means: "declared senders may send" */
	enum severity severity; /* of a "no"; SEVERITY_NONE: that is no fault */
};

struct audit_answer {
	const struct audit_check *check;
	const char *subject; /* who was asked: a domain, an address and port */
	enum audit_state state;
	const char *why; /* what was seen, or why it could not be asked; fit to print */
};

#define AUDIT_ANSWERS_MAX 20000 /* what is more is counted */

struct audit_answers {
	struct arena arena;
	struct audit_answer *list;
	size_t count;
	size_t lost;
};

/* check is borrowed; all else is copied, and what steers a terminal becomes '?'. */
void audit_answer(struct audit_answers *answers, const struct audit_check *check,
	const char *subject, enum audit_state state, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* As another process told it: of its check all is copied, too. */
void audit_answer_copy(
	struct audit_answers *answers, const struct audit_answer *answer);

/* Answers of one subject stand together, in their order; subjects in the order of their first. */
void audit_answers_gather(struct audit_answers *answers);
void audit_answers_free(struct audit_answers *answers);

size_t audit_count(const struct audit_answers *answers, enum audit_state state);

/* A "no" that is a fault. */
bool audit_is_fault(const struct audit_answer *answer);

/* How many are that. */
size_t audit_faults(const struct audit_answers *answers);

/* A heading for each subject, a line for each answer, what is at fault first. */
void audit_print_text(const struct audit_answers *answers, FILE *out);

/* One object: answers, how many of each state. */
void audit_print_json(const struct audit_answers *answers, FILE *out);
