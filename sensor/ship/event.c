#include "ship/event.h"

#include <string.h>

const char *event_kind_name(size_t index)
{
	static const char *const NAMES[] = {"alert", "mail", "stats", "matrix"};
	return index < sizeof(NAMES) / sizeof(NAMES[0]) ? NAMES[index] : NULL;
}

unsigned event_kind_of(const char *name)
{
	const char *known;
	for (unsigned i = 0; (known = event_kind_name(i)) != NULL; i++) {
		if (strcmp(known, name) == 0) {
			return 1U << i;
		}
	}
	return 0;
}

/* What the sensor tells of itself is an alert to whoever is sent those. */
static unsigned kind_of_type(const char *type)
{
	return strcmp(type, "sensor") == 0 ? (unsigned)EVENT_ALERT
					   : event_kind_of(type);
}

bool event_read(struct event *event, const struct journal_line *line)
{
	*event = (struct event){.line = line->text,
		.len = line->len,
		.position = line->position,
		.end = line->end};
	if (!document_parse(&event->document, line->text, line->len)) {
		return false;
	}
	const char *type = event_text(event, "event_type");
	event->kind = (enum event_kind)(type ? kind_of_type(type) : 0);
	if (event->kind == 0) {
		event_free(event);
		return false;
	}
	if (event->kind == EVENT_ALERT) {
		const uint64_t severity = event_number(event, "alert.severity", 0);
		event->severity = severity <= SEVERITY_LOW ? (enum severity)severity
							   : SEVERITY_LOW;
	}
	event->time_us = event_time(event, "timestamp");
	return true;
}

void event_free(struct event *event)
{
	document_free(&event->document);
}
