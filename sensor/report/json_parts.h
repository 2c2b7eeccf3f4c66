/*
 * report/json_parts - the objects that mail and alert events share. Private to report/.
 */
#pragma once

#include "engine/record.h"
#include "report/json_writer.h"

/* Open a record: its time, event id and type. */
void json_write_event(struct json_writer *writer, const char *type, uint64_t time_us,
	const char *prefix, uint64_t sequence);

/* Key "mail": verdict, ends, and what the dialogue showed; always written. */
void json_write_mail(struct json_writer *writer, const struct record *record);

/* Key "tls", as EVE has it; only where a hello was seen. */
void json_write_tls(struct json_writer *writer, const struct record *record);

/* Key "flow", as EVE has it. */
void json_write_flow(struct json_writer *writer, const struct record *record);
