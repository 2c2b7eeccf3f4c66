/*
 * report/human - findings and a summary for a person at a terminal.
 */
#pragma once

#include "report/human_text.h"
#include "report/json.h"

struct human; /* opaque */

struct human *human_new(const struct human_style *style, struct reason *why);
void human_free(struct human *human);

/* What a record names of the matrix and the capture's name are borrowed until the end. */
void human_alert(struct human *human, const struct record *record, enum finding finding,
	const struct fold_count *count);

/* The same of what concerns the capture itself: no ends, no row. */
void human_sensor_alert(struct human *human, enum finding finding, const char *detail);

/* Count one flow for the summary table (protocol x verdict). */
void human_mail(struct human *human, const struct record *record);

/*
 * Findings by severity with where they were first and last, what the matrix accepts, flows
 * by protocol and verdict; the verbose get the counters that are not zero.
 */
void human_print(struct human *human, const struct json_stats *stats);
