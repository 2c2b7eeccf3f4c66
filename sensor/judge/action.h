/*
 * judge/action - what to do with a flow that breaks the matrix, where packets wait for
 * our word.
 *
 * In: a table of actions by finding, and a judgement. Out: the gravest action its
 * findings ask for, and whether it is to be taken or only told. Pure. A row in `mode:
 * audit` and a table that only audits block nothing; nor does, for a time, that a row has
 * expired. What was blocked before its end is blocked behind it.
 */
#pragma once

#include "base/reason.h"
#include "judge/judge.h"

enum action { /* in order of gravity for a connection that cannot go on */
	ACTION_ACCEPT = 0,
	ACTION_REFUSE, /* clear SMTP: 554 to the client and the end; else as reject */
	ACTION_REJECT, /* both ends get a reset */
	ACTION_DROP,   /* its packets vanish */
	ACTION_COUNT
};

struct action_table {
	bool is_enforcing; /* else: would-block is told, nothing blocked */
	/* behind its last day what a row allowed is told and let by for so long */
	uint32_t grace_s;
	uint8_t of[FINDING_FLOW_COUNT]; /* enum action */
};

struct action_choice {
	enum action action;  /* to be taken; ACTION_ACCEPT when only told */
	bool is_audited;     /* would be blocked if the table or the row enforced */
	bool is_row_audited; /* it is the row that does not */
	bool is_temporary;   /* nothing but a list of that kind blocks it */
};

/* What no row allows is refused or reset; weak TLS and the like only told. */
void action_table_start(struct action_table *table);

/* "sender.illegitimate=drop"; false with the reason when either word is unknown. */
bool action_table_set(struct action_table *table, const char *text, struct reason *why);

struct action_choice action_choose(const struct action_table *table,
	const struct observation *observation, const struct judgement *judgement);

/*
 * Content crossed in clear and the matrix has answered, so that nothing the flow may still
 * show would be blocked. False where in doubt. judgement: the one of this observation.
 */
bool action_is_settled(const struct action_table *table,
	const struct observation *observation, const struct judgement *judgement);

/*
 * A connection to a port of mail from one whom no row lets there, and who would be blocked
 * as soon as mail were seen. judgement: the one of this attempt.
 */
bool action_keeps_out(const struct action_table *table,
	const struct observation *attempt, const struct judgement *judgement);

const char *action_name(enum action action);
