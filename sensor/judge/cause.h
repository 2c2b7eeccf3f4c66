/*
 * judge/cause - which findings of one flow have one cause, and whose repeats are one fact.
 *
 * In: a finding. Out: its cause, and by what its repeats are folded (judge/fold). Two
 * tables; pure. What has one cause is one alert: of the gravest finding, which lists the
 * others.
 */
#pragma once

#include "judge/judge.h"

enum cause {
	CAUSE_OWN = 0, /* the finding alone */
	CAUSE_ENDS,    /* who speaks to whom, and where: no row allows it */
	CAUSE_CLEAR,   /* what crosses in clear, and why */
	CAUSE_TLS,     /* how it is encrypted */
	CAUSE_CERTIFICATE,
};

/* Those of findings that have this cause. */
uint64_t cause_select(enum cause cause, uint64_t findings);

enum cause cause_of(enum finding finding);

/*
 * Those of findings that have to wait. Of what is in clear, for the answer to a password,
 * which gives a finding of the same cause, unless content crosses meanwhile. Of who speaks
 * to whom, while nothing was sent yet: it may be a probe. An ended flow waits for nothing.
 */
uint64_t cause_waiting(const struct observation *observation, uint64_t findings);

/* Those of findings that have the cause of the first of them. findings is not 0. */
uint64_t cause_next(uint64_t findings);

/* The gravest of findings, which is not 0; of several the first of the catalogue. */
enum finding cause_head(const struct judgement *judgement, uint64_t findings);

/* Whose repeats are one fact. */
enum cause_scope {
	CAUSE_SCOPE_PAIR = 0, /* of two hosts */
	/* of the hosts of one group, or of one prefix of a zone, towards a group or zone */
	CAUSE_SCOPE_SENDERS,
	CAUSE_SCOPE_SERVER, /* of one server of ours, whoever the other is; told once a day */
	CAUSE_SCOPE_GROUP, /* of one group; told once a day */
};

enum cause_scope cause_scope(enum finding finding);
