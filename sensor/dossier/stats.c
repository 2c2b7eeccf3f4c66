#include "base/document.h"
#include "dossier/making.h"

#include <stdlib.h>
#include <string.h>

#define KEY_BYTES      256
#define PROCESSES_MOST 1024 /* whose counters are kept apart, one sensor's start each */

/* What one process counted up to now, as it last told. */
struct dossier_counted {
	struct blindness blindness;
	uint64_t given_up;
};

static void add_counter(void *context, const char *path, const char *number)
{
	struct dossier_counted *counted = context;
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

static void add_blindness(struct blindness *into, const struct blindness *more)
{
	into->all.frames += more->all.frames;
	into->all.bytes += more->all.bytes;
	for (int i = 0; i < DECODE_BLIND_COUNT; i++) {
		into->kinds[i].frames += more->kinds[i].frames;
		into->kinds[i].bytes += more->kinds[i].bytes;
	}
}

/* A process that was started anew counts from 0: what it had told stays. */
static void keep(struct dossier_making *making, const char *key,
	const struct dossier_counted *counted)
{
	const uint32_t known = name_table_find(&making->processes, key);
	if (known != NAME_NONE) {
		struct dossier_counted *before = &making->counted[known];
		if (counted->blindness.all.frames < before->blindness.all.frames) {
			add_blindness(&making->blindness, &before->blindness);
			making->given_up += before->given_up;
		}
		*before = *counted;
	} else if (making->counted_count < PROCESSES_MOST) {
		(void)name_table_add(&making->processes,
			arena_text(&making->arena, key, strlen(key)),
			(uint32_t)making->counted_count);
		making->counted = list_room(making->counted, making->counted_count,
			sizeof(*making->counted));
		making->counted[making->counted_count++] = *counted;
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
	struct dossier_counted counted = {.given_up = 0};
	if (type && strcmp(type, "stats") == 0) {
		document_visit_numbers(&record, "stats", add_counter, &counted);
		if (counted.blindness.all.frames > 0) {
			keep(dossier->making, key_of(&record, key), &counted);
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
		add_blindness(&making->blindness, &making->counted[i].blindness);
		making->given_up += making->counted[i].given_up;
	}
	conformity_blind(dossier->conformity, &making->blindness);
	conformity_given_up(dossier->conformity, making->given_up);
	dossier->sight.has_frames = true;
}
