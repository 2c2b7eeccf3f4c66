/*
 * ship/event - one line of the journal, read back: what shippers and renderings get.
 *
 * The line itself is borrowed; its content is a document (jansson), asked by path:
 * event_text(event, "alert.signature").
 */
#pragma once

#include "base/document.h"
#include "journal/journal_reader.h"
#include "judge/catalogue.h"

enum event_kind { /* flags; the EVE event_type of the same name, `sensor` is an alert, too */
	EVENT_ALERT = 1 << 0,
	EVENT_MAIL = 1 << 1,
	EVENT_STATS = 1 << 2,
	EVENT_MATRIX = 1 << 3,
	EVENT_ALL = EVENT_ALERT | EVENT_MAIL | EVENT_STATS | EVENT_MATRIX,
};

/* "alert", "mail" ...; NULL behind the last. */
const char *event_kind_name(size_t index);

/* The flag of such a name; 0: none. */
unsigned event_kind_of(const char *name);

struct event {
	const char *line; /* EVE JSON without line end; borrowed for the call */
	size_t len;
	uint64_t position; /* of its first byte in the journal; only grows */
	uint64_t end;      /* behind it */
	enum event_kind kind;
	enum severity severity; /* of an alert; else SEVERITY_NONE */
	uint64_t time_us;       /* of its timestamp; 0: it has none */
	struct document document;
};

/* False: no record of ours. Else event_free it. line->text must outlive the event. */
bool event_read(struct event *event, const struct journal_line *line);
void event_free(struct event *event);

/* What the event's document says at a path; see document_text, document_number. */
static inline const char *event_text(const struct event *event, const char *path)
{
	return document_text(&event->document, path);
}

static inline uint64_t event_number(
	const struct event *event, const char *path, uint64_t missing)
{
	uint64_t number = missing;
	return document_number(&event->document, path, &number) ? number : missing;
}

/* A time of the event, in microseconds since 1970; 0: it has none there. */
static inline uint64_t event_time(const struct event *event, const char *path)
{
	return document_time(&event->document, path);
}

/* The finding's id of an alert, else NULL. */
static inline const char *event_finding(const struct event *event)
{
	return event_text(event, "alert.metadata.finding");
}
