/*
 * judge/ceiling - how many alerts of one finding and source group may be given in a minute.
 *
 * A flood of one finding, or about one group, must not hide the others, nor fill what
 * takes the alerts; nor may one source hide the others of its group: the last quarter is
 * for those that had few.
 * What is above is counted, and the count told when the minute is over: nothing is
 * held back in silence, and the flows themselves are recorded all the same.
 * Several processes may share one in common memory, without a lock: a minute that two
 * begin at once may give an alert more.
 */
#pragma once

#include "base/address.h"
#include "base/reason.h"
#include "judge/catalogue.h"

#include <stdint.h>

#define CEILING_STANDARD 1200 /* a minute */
#define CEILING_MAX      10000000

struct ceiling_table {
	uint32_t most[FINDING_COUNT]; /* in a minute; 0: any number */
};

void ceiling_table_start(struct ceiling_table *table);

/* "600" for all, "sender.attempt=60" for one finding; 0: any number. */
bool ceiling_table_set(
	struct ceiling_table *table, const char *text, struct reason *why);

#define CEILING_GROUPS  16 /* those whose names hash alike share one window */
#define CEILING_SOURCES 64 /* the same of addresses */

struct ceiling_window {
	_Atomic uint64_t first_us; /* of the minute; 0: none is under way */
	_Atomic uint32_t given;
	_Atomic uint32_t held;                    /* back */
	_Atomic uint16_t shares[CEILING_SOURCES]; /* of .given */
};

/* Whom an alert is about. */
struct ceiling_source {
	const char *group; /* or zone, where it is of none */
	const struct address *address;
};

struct ceiling {
	const struct ceiling_table *table; /* borrowed */
	struct ceiling_window windows[FINDING_COUNT][CEILING_GROUPS];
};

/* Whether this alert is given; else it is counted. */
bool ceiling_pass(struct ceiling *ceiling, enum finding finding,
	const struct ceiling_source *source, uint64_t now_us);

/*
 * What was held back of each finding whose minute is over (now_us UINT64_MAX: of all),
 * once.
 */
typedef void ceiling_visit(void *context, enum finding finding, uint32_t held);
void ceiling_due(
	struct ceiling *ceiling, uint64_t now_us, ceiling_visit *visit, void *context);
