/*
 * observed/held - the observed matrix held against the declared one, entry by entry.
 *
 * In: both. Out: each entry with what the declared matrix says of it today, in the order
 * of observed_sorted: the step that grid and unused begin with. Pure: no I/O, no clock;
 * rows end by the time of the flow, not by that of the reader.
 */
#pragma once

#include "observed/observed.h"
#include "observed/rejudge.h"

enum held_standing {
	HELD_ALLOWED = 0,
	HELD_OPEN,       /* it was not seen for long enough, or by name alone */
	HELD_UNDECLARED, /* no row allows it, and nothing speaks against one */
	HELD_FORBIDDEN, /* no row allows it, and a finding of medium or more says why */
	HELD_STANDINGS
};

struct held {
	const struct observed_entry *entry;
	const struct sighting *sighting; /* that stands for all of it */
	const struct judgement *judgement;
	enum held_standing standing;
	uint64_t reasons; /* FINDING_BIT of those that forbid it */
};

/* What is given holds until take returns. False: no memory, nothing was given. */
bool held_each(const struct matrix *matrix, const struct observed *observed,
	void (*take)(void *context, const struct held *held), void *context);
