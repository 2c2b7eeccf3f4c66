/*
 * report/json - write records as EVE JSON lines.
 */
#pragma once

#include "base/counter.h"
#include "engine/record.h"
#include "observed/sighting.h"

#include <stdio.h>

/* `mail` event: the flow's summary. */
void json_mail(FILE *out, const struct record *record);

/* What a reader of that line sees of the flow; false: no memory. */
bool json_mail_sighting(const struct record *record, struct sighting *sighting);

/* `alert` event for one finding of the record's judgement. */
void json_alert(FILE *out, const struct record *record, enum finding finding,
	const struct fold_count *count);

/* Named counters of the run, written in table order. */
struct json_stats {
	uint64_t time_us;
	const char *host;
	uint64_t sequence;
	const char *event_prefix;
	const char *process; /* of a running sensor: whose they are; or NULL */
	const struct counter *counters;
	size_t counter_count;
};
void json_stats(FILE *out, const struct json_stats *stats);
