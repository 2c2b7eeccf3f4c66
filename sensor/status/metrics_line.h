/*
 * status/metrics_line - the lines of which a page of metrics is made.
 *
 * Prometheus' exposition formats, "Text format details": a head of two comments for each
 * metric, then its samples: name, labels, value. A label's value ends no label and no line
 * whatever is in it.
 */
#pragma once

#include "status/status.h"

#include <stdio.h>

enum metric_unit {
	METRIC_UNIT_NUMBER = 0,
	METRIC_UNIT_SECONDS, /* of microseconds */
	METRIC_UNIT_AGE,     /* seconds, of microseconds since 1970; 0: none */
};

struct metric_head {
	const char *name;
	const char *help;
	const char *type; /* counter, gauge */
	enum metric_unit unit;
};

void metrics_head(FILE *out, const struct metric_head *head);

/* before: '{' or ','; field: of size bytes, may not end. */
void metrics_label(
	FILE *out, char before, const char *name, const char *field, size_t size);

/* Of a text that ends. */
void metrics_word(FILE *out, char before, const char *name, const char *word);

/* Behind the labels; the line's end too. */
void metrics_value(FILE *out, enum metric_unit unit, uint64_t value);

/* Head and, while something ends, its sample. */
void metrics_next_ending(FILE *out, const struct metric_head *head, const char *label,
	const struct status_endings *endings);
