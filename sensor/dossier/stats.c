#include "base/document.h"
#include "dossier/making.h"

#include <stdlib.h>
#include <string.h>

#define KEY_BYTES      256
#define PROCESSES_MOST 1024 /* whose counters are kept apart, one sensor's start each */

/* What one process counted up to now, as it last told. */
struct counts {
	struct blindness blindness;
	uint64_t given_up;
};

struct dossier_counted {
	struct counts last;
	struct counts before; /* the span of the report */
};

static void add_counter(void *context, const char *path, const char *number)
{
	struct counts *counted = context;
	const uint64_t value = strtoull(number, NULL, 10);
	blindness_add(&counted->blindness, path, value);
	if (strcmp(path, "flow.unwatched") == 0) {
		counted->given_up = value;
	}
}

/* Of an event id "<sensor>-<boot>-<sequence>" what is in front of the last dash. */
static const char *key_of(const struct document *record, char key[KEY_BYTES])
{
	const char *id = document_text(record, "event_id");
	const char *process = document_text(record, "sensor.process");
	const char *dash = id ? strrchr(id, '-') : NULL;
	(void)snprintf(key, KEY_BYTES, "%.*s|%s", dash ? (int)(dash - id) : 0,
		id ? id : "", process ? process : "");
	return key;
}

/* Counters of one process only grow; a file may say otherwise. */
static uint64_t grown(uint64_t last, uint64_t before)
{
	return last > before ? last - before : 0;
}

static void add_difference(struct decode_blind_count *into,
	const struct decode_blind_count *last, const struct decode_blind_count *before)
{
	into->frames += grown(last->frames, before->frames);
	into->bytes += grown(last->bytes, before->bytes);
}

static void add_up(struct dossier_making *making, const struct dossier_counted *counted)
{
	const struct counts *last = &counted->last;
	const struct counts *before = &counted->before;
	add_difference(
		&making->blindness.all, &last->blindness.all, &before->blindness.all);
	for (int i = 0; i < DECODE_BLIND_COUNT; i++) {
		add_difference(&making->blindness.kinds[i], &last->blindness.kinds[i],
			&before->blindness.kinds[i]);
	}
	making->given_up += grown(last->given_up, before->given_up);
}

/* A process that was started anew counts from 0: what it had told stays. */
static void keep(struct dossier_making *making, const char *key,
	const struct counts *counted, bool is_before)
{
	struct dossier_counted *kept = NULL;
	const uint32_t known = name_table_find(&making->processes, key);
	if (known != NAME_NONE) {
		kept = &making->counted[known];
		if (counted->blindness.all.frames < kept->last.blindness.all.frames) {
			add_up(making, kept);
			kept->before = (struct counts){.given_up = 0};
		}
	} else if (making->counted_count < PROCESSES_MOST) {
		(void)name_table_add(&making->processes,
			arena_text(&making->arena, key, strlen(key)),
			(uint32_t)making->counted_count);
		making->counted = list_room(making->counted, making->counted_count,
			sizeof(*making->counted));
		kept = &making->counted[making->counted_count++];
		*kept = (struct dossier_counted){.last = *counted};
	}
	if (kept) {
		kept->last = *counted;
		kept->before = is_before ? *counted : kept->before;
	}
}

void dossier_stats(struct dossier *dossier, const char *line, size_t len)
{
	static const char TYPE[] = "\"stats\"";
	char key[KEY_BYTES];
	struct document record;
	if (!memmem(line, len, TYPE, sizeof(TYPE) - 1) ||
		!document_parse(&record, line, len)) {
		return;
	}
	const char *type = document_text(&record, "event_type");
	struct counts counted = {.given_up = 0};
	const uint64_t time_us = document_time(&record, "timestamp");
	const bool is_before = time_us < dossier->span.from_us;
	if (type && strcmp(type, "stats") == 0 &&
		(is_before || dossier_is_in_span(dossier, time_us))) {
		document_visit_numbers(&record, "stats", add_counter, &counted);
		if (counted.blindness.all.frames > 0) {
			keep(dossier->making, key_of(&record, key), &counted,
				is_before);
		}
	}
	document_free(&record);
}

void dossier_sum_stats(struct dossier *dossier)
{
	struct dossier_making *making = dossier->making;
	if (making->counted_count == 0) {
		return;
	}
	for (size_t i = 0; i < making->counted_count; i++) {
		add_up(making, &making->counted[i]);
	}
	conformity_blind(dossier->conformity, &making->blindness);
	conformity_given_up(dossier->conformity, making->given_up);
	dossier->sight.has_frames = true;
}
