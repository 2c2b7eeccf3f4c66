/*
 * report/human_text - the words of one alert for a terminal. For report/ and commands/.
 */
#pragma once

#include "engine/record.h"

#include <stdio.h>

#define HUMAN_INDENT 10

struct human_alert_text {
	char head[96];  /* "sender.illegitimate  R37  " */
	char from[300]; /* "192.0.2.70 (workstations)" */
	char to[300];   /* "[2001:db8::25]:25 mx.example.net (internet)" */
	char tail[96];  /* "  smtp  x3" */
	char why[320];  /* detail and reason */
};

struct human_repeat {
	uint32_t count;
	bool is_reason_told; /* by the alert above: same flow, same reason */
};

void human_alert_text(struct human_alert_text *text, const struct record *record,
	enum finding finding, const struct human_repeat *repeat);

/* "R41 R42", "-" where no recommendation stands behind the finding. At most 4. */
void human_recommendations(const char *const *list, char *text, size_t size);

/* Print text in lines of the terminal, each behind HUMAN_INDENT blanks; nothing of "". */
void human_wrap(FILE *out, const char *text);

/* ASCII capitals. */
void human_upper(const char *text, char *upper, size_t size);
