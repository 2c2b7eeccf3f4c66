/*
 * report/human - findings and a summary for a person at a terminal.
 */
#pragma once

#include "report/json.h"

struct human; /* opaque */

/* use_colour: the caller looked at the terminal and NO_COLOR. is_summary: no single alerts. */
struct human *human_new(
	FILE *out, bool use_colour, bool is_summary, struct reason *why);
void human_free(struct human *human);

/* Print one alert: severity, finding, R-number, client -> server, group names, row and reason, count. */
void human_alert(struct human *human, const struct record *record, enum finding finding,
	const struct fold_count *count);

/* The same of what concerns the capture itself: no ends, no row. */
void human_sensor_alert(struct human *human, enum finding finding, const char *detail);

/* Count one flow for the summary table (protocol x verdict). */
void human_mail(struct human *human, const struct record *record);

/* Flows by protocol and verdict, findings by severity, what the matrix accepts, capture anomalies that are not zero. */
void human_summary(struct human *human, const struct json_stats *stats);
