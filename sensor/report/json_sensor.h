/*
 * report/json_sensor - the sensor's own health as EVE JSON lines.
 *
 * `sensor` events: alerts of findings that no flow raised; they have no addresses, which
 * readers of EVE take for granted in an `alert`. And `matrix` events.
 */
#pragma once

#include "engine/blindness.h"
#include "judge/catalogue.h"
#include "report/json_writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json_event { /* what every event begins with */
	uint64_t time_us;
	const char *host;
	const char *event_prefix;
	uint64_t sequence;
};

struct json_sensor_alert {
	enum finding finding;
	const char *process; /* "worker 0" */
	const char *detail;
	uint64_t count;
	/* or NULL: writes a member of its own behind, what it is about as plain data */
	void (*more)(struct json_writer *writer, const void *what);
	const void *what;
};

void json_sensor_alert(FILE *out, const struct json_event *event,
	const struct json_sensor_alert *alert);

/* Key "blind": what was not looked into, in all and by kind. */
void json_blindness(struct json_writer *writer, const struct blindness *blindness);

struct json_matrix {
	bool is_loaded; /* else rejected: the one before stays */
	uint32_t generation;
	size_t rows;
	size_t groups;
	const char *problem; /* the first, or NULL */
	/* or NULL: an entry of this list was added or removed by hand */
	const char *list;
	const char *entry;
	const char *reason; /* "" without */
	bool is_removed;
};

void json_matrix(
	FILE *out, const struct json_event *event, const struct json_matrix *matrix);
