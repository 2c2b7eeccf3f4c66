/*
 * report/human_text - words and lines for a terminal. For report/ and commands/.
 */
#pragma once

#include "engine/record.h"

#include <stdio.h>

#define HUMAN_INDENT     10
#define HUMAN_TIME_BYTES 32
#define HUMAN_ENDS_BYTES (2 * (ADDRESS_TEXT_BYTES + NAMES_TEXT_BYTES) + 32)
#define HUMAN_WHY_BYTES  (JUDGEMENT_DETAIL_BYTES + JUDGEMENT_REASON_BYTES)

struct human_style {
	FILE *out;       /* borrowed */
	bool use_colour; /* the caller looked at the terminal and NO_COLOR */
	bool is_summary; /* findings without where they were */
	bool is_verbose; /* counters too */
};

/* "192.0.2.70 -> [2001:db8::25]:25 mx.example.net" */
void human_ends(const struct observation *observation, char text[HUMAN_ENDS_BYTES]);

/* What was seen, and of the verdict's reason what that does not say. */
void human_why(const struct judgement *judgement, enum finding finding,
	char text[HUMAN_WHY_BYTES]);

/* "R41 R42", "-" where no recommendation stands behind the finding. At most 4. */
void human_recommendations(const char *const *list, char *text, size_t size);

/* "2026-11-24 08:05:10", UTC. */
const char *human_time(uint64_t time_us, char text[HUMAN_TIME_BYTES]);

/* In capitals and its colour, and blanks to HUMAN_INDENT. */
void human_severity(enum severity severity, const struct human_style *style);

void human_heading(const char *heading, const struct human_style *style);

/* Print text in lines of the terminal, each behind HUMAN_INDENT blanks; nothing of "". */
void human_wrap(FILE *out, const char *text);

/* ASCII capitals. */
void human_upper(const char *text, char *upper, size_t size);
