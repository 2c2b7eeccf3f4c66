/*
 * dossier/baseline - a report held against an earlier one.
 *
 * In: a finished report and the JSON form of an earlier one. Out: each breach as new or
 * still there, and those of the earlier report that are not here: fixed only where all
 * recommendations it counted against were observable this time, else no longer observable.
 * Breaches are the same by their fingerprint: finding, row, source and target group.
 */
#pragma once

#include "base/text.h"
#include "dossier/dossier.h"

/* name: for the reason. False: these bytes are no report of ours, or no memory. */
bool baseline_hold(struct dossier *dossier, struct text bytes, const char *name,
	struct reason *why);
