/*
 * report/json_parts - the objects that mail and alert events share. Private to report/.
 */
#pragma once

#include "engine/record.h"
#include "judge/recommendation.h"
#include "report/json_writer.h"

/* Open a record: its time, event id and type. */
void json_write_event(struct json_writer *writer, const char *type, uint64_t time_us,
	const char *prefix, uint64_t sequence);

/* Of an alert: a page of docs/findings.md, and what each recommendation is; NULL ends them. */
void json_write_references(struct json_writer *writer, const struct finding_row *row,
	const char *const recommendations[RECOMMENDATIONS_MAX]);

/* Of its metadata: the severity as a word, techniques and tactics. */
void json_write_grading(struct json_writer *writer, const struct finding_row *row,
	enum severity severity);

/*
 * Key "mail": verdict, ends, and what the dialogue showed; always written. Of the summary
 * of a flow that ended also what it takes to judge it again (observed/sighting).
 */
void json_write_mail(
	struct json_writer *writer, const struct record *record, bool is_summary);

/* Key "tls", as EVE has it; only where a hello was seen. */
void json_write_tls(struct json_writer *writer, const struct record *record);

/* Key "flow", as EVE has it. */
void json_write_flow(struct json_writer *writer, const struct record *record);
