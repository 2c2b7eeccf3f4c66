#include "ship/event.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define US_PER_S UINT64_C(1000000)

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

/* "2026-01-31T12:00:00.000001+0000": always UTC as our writer has it; 0: another form. */
static uint64_t read_time(const char *text)
{
	struct tm parts = {.tm_isdst = 0};
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &parts) : NULL;
	if (!rest || *rest != '.') {
		return 0;
	}
	uint64_t fraction_us = 0;
	unsigned digits = 0;
	for (rest++; *rest >= '0' && *rest <= '9' && digits < 6; rest++, digits++) {
		fraction_us = fraction_us * 10 + (uint64_t)(*rest - '0');
	}
	const time_t seconds = timegm(&parts);
	return digits == 6 && seconds >= 0 ? (uint64_t)seconds * US_PER_S + fraction_us
					   : 0;
}

uint64_t event_time(const struct event *event, const char *path)
{
	return read_time(event_text(event, path));
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
