/*
 * report/human_findings - what was found, the gravest first, for a person at a terminal.
 *
 * In: alerts as they come. Out, at the end: a line per finding, and below it what it was
 * found of: alerts with the same groups and protocol are one entry, which says why (of
 * the gravest), of how many flows, and of the first and the last which ends, when and in
 * which capture.
 * Bounded: what finds no room for an entry is counted. Judges nothing.
 */
#pragma once

#include "report/human_text.h"

struct human_findings; /* opaque */

struct human_findings *human_findings_new(struct reason *why);
void human_findings_free(struct human_findings *findings);

/* What a record names of the matrix and the capture's name are borrowed until the end. */
void human_findings_alert(struct human_findings *findings, const struct record *record,
	enum finding finding, const struct fold_count *count);

/* The same of what concerns the capture itself: no ends, no row. */
void human_findings_sensor(
	struct human_findings *findings, enum finding finding, const char *detail);

void human_findings_print(
	struct human_findings *findings, const struct human_style *style);
