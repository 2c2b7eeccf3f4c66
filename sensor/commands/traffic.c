#include "commands/traffic.h"

#include "commands/matrices.h"
#include "commands/replay_engine.h"
#include "journal/journal_reader.h"
#include "observed/observed_file.h"
#include "report/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLOWS_DEFAULT   (1U << 20)
#define WATCHED_DEFAULT (1U << 16)
#define US_PER_S        UINT64_C(1000000)
#define CLOCKS_US       (2 * US_PER_S) /* as far apart as two sensors' may be */
#define LINE_BYTES_MAX  (1U << 20)

/* Flows that were given, each with the number of its source. */
struct seen {
	uint64_t *slots; /* NULL: there is only one source */
	uint32_t count;
	uint8_t source;
};

struct paths {
	const char **list;
	size_t count;
};

struct reading {
	struct traffic *traffic;
	struct seen seen;
};

#define SOURCE_BITS 8
#define SOURCE_MASK ((UINT64_C(1) << SOURCE_BITS) - 1)

/* Of a slot with this identity, or a free one; a fourth is always free. */
static uint64_t *find_seen(const struct seen *seen, uint64_t identity)
{
	uint32_t at = (uint32_t)(identity >> SOURCE_BITS) % TRAFFIC_SEEN;
	while (seen->slots[at] != 0 &&
		(seen->slots[at] | SOURCE_MASK) != (identity | SOURCE_MASK)) {
		at = (at + 1) % TRAFFIC_SEEN;
	}
	return &seen->slots[at];
}

static bool is_of_another_source(
	const struct seen *seen, const struct sighting *sighting, int64_t shift_us)
{
	struct sighting shifted = *sighting;
	shifted.start_us += (uint64_t)shift_us;
	const uint64_t held = *find_seen(seen, sighting_identity(&shifted));
	return held != 0 && (held & SOURCE_MASK) != seen->source;
}

/* One sensor's flows are all different, however alike. */
static bool is_seen(struct seen *seen, const struct sighting *sighting)
{
	if (!seen->slots) {
		return false;
	}
	if (is_of_another_source(seen, sighting, 0) ||
		is_of_another_source(seen, sighting, CLOCKS_US) ||
		is_of_another_source(seen, sighting, -(int64_t)CLOCKS_US)) {
		return true;
	}
	uint64_t *slot = find_seen(seen, sighting_identity(sighting));
	if (*slot == 0 && seen->count < TRAFFIC_SEEN / 4 * 3) {
		*slot = (sighting_identity(sighting) & ~SOURCE_MASK) | seen->source;
		seen->count++;
	}
	return false;
}

static void give(struct reading *reading, const struct sighting *sighting)
{
	struct traffic *traffic = reading->traffic;
	if (traffic->until_us > 0 && sighting->time_us >= traffic->until_us) {
		return;
	}
	if (is_seen(&reading->seen, sighting)) {
		traffic->twice++;
		return;
	}
	if (traffic->sighting) {
		traffic->sighting(traffic->context, sighting);
	}
	observed_add(traffic->observed, sighting);
}

static void give_line(struct reading *reading, const char *line, size_t len)
{
	const struct traffic *traffic = reading->traffic;
	struct sighting sighting;
	if (traffic->line) {
		traffic->line(traffic->context, line, len);
	}
	if (sighting_read_line(&sighting, line, len)) {
		give(reading, &sighting);
	}
}

static void on_alert(void *context, const struct record *record, enum finding finding,
	const struct fold_count *count)
{
	const struct traffic *traffic = ((const struct reading *)context)->traffic;
	if (traffic->captures) { /* else the record of its flow has it, too */
		traffic->captures->alert(traffic->context, record, finding, count);
	}
}

static void on_mail(void *context, const struct record *record)
{
	struct reading *reading = context;
	const struct traffic *traffic = reading->traffic;
	struct sighting sighting;
	if (traffic->captures) {
		traffic->captures->mail(traffic->context, record);
	}
	if (json_mail_sighting(record, &sighting)) {
		give(reading, &sighting);
	}
}

static void give_counters(const struct traffic *traffic, struct engine *engine)
{
	struct counter counters[ENGINE_COUNTERS_MAX];
	if (traffic->captures) {
		const size_t count = engine_counters(engine, counters);
		traffic->captures->counted(traffic->context, counters, count);
	}
}

static enum traffic_result read_frames(struct reading *reading, struct source *source,
	const char *const *names, struct lists *lists, struct reason *why)
{
	struct engine_settings settings = {.matrix = reading->traffic->matrix,
		.lists = lists,
		.flows = FLOWS_DEFAULT,
		.watched = WATCHED_DEFAULT,
		.fold_window_us = FOLD_WINDOW_S * US_PER_S,
		.is_second_opinion_wanted = true,
		.host = "replay",
		.event_prefix = "replay-0",
		.source_names = names};
	const struct engine_outputs outputs = {
		.context = reading, .alert = on_alert, .mail = on_mail};
	if (getrandom(&settings.seed, sizeof(settings.seed), 0) !=
		sizeof(settings.seed)) {
		(void)reason_set(why, "no random numbers for the hash seed");
		return TRAFFIC_UNREADABLE;
	}
	struct engine *engine = engine_new(&settings, &outputs, why);
	if (!engine) {
		return TRAFFIC_UNREADABLE;
	}
	const bool is_read = replay_frames(engine, source, why);
	give_counters(reading->traffic, engine);
	engine_free(engine);
	return is_read ? TRAFFIC_OK : TRAFFIC_BROKEN;
}

static void tell_cut(struct traffic *traffic, const char *name)
{
	traffic->is_cut = true;
	if (traffic->captures) {
		traffic->captures->lacking(traffic->context, name);
	}
}

/* Together, in order of time, as replay reads them. */
static enum traffic_result read_captures(
	struct reading *reading, const struct paths *captures, struct reason *why)
{
	if (captures->count == 0) {
		return TRAFFIC_OK;
	}
	if (!reading->traffic->matrix) {
		(void)reason_set(why,
			"%.150s: no observed matrix, journal or EVE lines; a capture "
			"is judged by a matrix: -m",
			captures->list[0]);
		return TRAFFIC_BROKEN;
	}
	struct source *source = source_open_files(captures->list, captures->count, why);
	if (!source) {
		return TRAFFIC_BROKEN;
	}
	struct lists *lists;
	enum traffic_result result = TRAFFIC_UNREADABLE;
	if (matrices_read_lists(reading->traffic->matrix, &lists)) {
		result = read_frames(reading, source, captures->list, lists, why);
	} else {
		(void)reason_set(why, "a list of the matrix cannot be used");
	}
	lists_free(lists);
	for (size_t i = 0; result == TRAFFIC_OK && i < captures->count; i++) {
		if (source_lacks(source, i, why)) {
			tell_cut(reading->traffic, captures->list[i]);
		}
	}
	source_close(source);
	return result;
}

static struct journal_reader reader; /* too large for the stack */

/* 0: it is of no flow, and of no sensor. */
static uint64_t record_time(const struct journal_line *line)
{
	struct document record;
	uint64_t time_us = 0;
	if (document_parse(&record, line->text, line->len)) {
		const char *process = document_text(&record, "sensor.process");
		const bool is_of_reports = process && strcmp(process, "dmarc") == 0;
		time_us = is_of_reports ? 0 : document_time(&record, "timestamp");
		document_free(&record);
	}
	return time_us;
}

uint64_t traffic_journal_start(const char *name)
{
	struct journal_line line;
	struct reason why;
	uint64_t time_us = 0;
	if (!journal_reader_open_to_look(&reader, AT_FDCWD, name, 0, &why)) {
		return 0;
	}
	while (time_us == 0 && journal_reader_next(&reader, &line)) {
		time_us = record_time(&line);
	}
	journal_reader_close(&reader);
	return time_us;
}

static enum traffic_result read_journal(
	struct reading *reading, const char *name, struct reason *why)
{
	struct journal_line line;
	if (!journal_reader_open_to_look(&reader, AT_FDCWD, name, 0, why)) {
		return TRAFFIC_UNREADABLE;
	}
	while (journal_reader_next(&reader, &line)) {
		give_line(reading, line.text, line.len);
	}
	journal_reader_close(&reader);
	return TRAFFIC_OK;
}

/* Lines that are no records of ours are let by: an EVE file has others, too. */
static enum traffic_result read_lines(
	struct reading *reading, FILE *file, const char *name, struct reason *why)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	while ((len = getline(&line, &size, file)) > 0) {
		if ((size_t)len <= LINE_BYTES_MAX) {
			give_line(reading, line, (size_t)len);
		}
	}
	free(line);
	if (ferror(file)) {
		(void)reason_set(why, "%.150s: %s", name, strerror(errno));
		return TRAFFIC_UNREADABLE;
	}
	return TRAFFIC_OK;
}

static enum traffic_result read_observed(
	struct reading *reading, const char *name, struct reason *why)
{
	switch (observed_file_load(reading->traffic->observed, name, why)) {
	case OBSERVED_FILE_OK:
		return TRAFFIC_OK;
	case OBSERVED_FILE_BROKEN:
		return TRAFFIC_BROKEN;
	case OBSERVED_FILE_MISSING:
	case OBSERVED_FILE_UNREADABLE:
		break;
	}
	return TRAFFIC_UNREADABLE;
}

/* By its first bytes. TRAFFIC_NONE: *why says why it cannot be read. */
static enum traffic_kind kind_of(const char *name, struct reason *why)
{
	char first[sizeof(OBSERVED_FILE_FIRST_LINE)];
	struct stat status;
	if (strcmp(name, "-") == 0) {
		return TRAFFIC_LINES;
	}
	if (stat(name, &status) == 0 && S_ISDIR(status.st_mode)) {
		return TRAFFIC_JOURNAL;
	}
	FILE *file = fopen(name, "re");
	if (!file) {
		(void)reason_set(why, "%.150s: %s", name, strerror(errno));
		return TRAFFIC_NONE;
	}
	const size_t len = fread(first, 1, sizeof(first) - 1, file);
	(void)fclose(file);
	if (observed_file_is(first, len)) {
		return TRAFFIC_OBSERVED;
	}
	return len == 0 || first[0] == '{' ? TRAFFIC_LINES : TRAFFIC_CAPTURE;
}

enum traffic_kind traffic_kind(const char *name)
{
	struct reason why;
	return kind_of(name, &why);
}

bool traffic_is_capture(const char *name)
{
	return traffic_kind(name) == TRAFFIC_CAPTURE;
}

static enum traffic_result read_file_of_lines(
	struct reading *reading, const char *name, struct reason *why)
{
	const bool is_stdin = strcmp(name, "-") == 0;
	FILE *file = is_stdin ? stdin : fopen(name, "re");
	if (!file) {
		(void)reason_set(why, "%.150s: %s", name, strerror(errno));
		return TRAFFIC_UNREADABLE;
	}
	const enum traffic_result result = read_lines(reading, file, name, why);
	if (!is_stdin) {
		(void)fclose(file);
	}
	return result;
}

/*
 * What has single flows first, so that what was added up elsewhere is held against their
 * sum; captures and observed matrices are put aside for that.
 */
static enum traffic_result read_one(struct reading *reading, const char *name,
	struct paths aside[2], struct reason *why)
{
	switch (kind_of(name, why)) {
	case TRAFFIC_LINES:
		return read_file_of_lines(reading, name, why);
	case TRAFFIC_JOURNAL:
		return read_journal(reading, name, why);
	case TRAFFIC_CAPTURE:
		aside[0].list[aside[0].count++] = name;
		return TRAFFIC_OK;
	case TRAFFIC_OBSERVED:
		aside[1].list[aside[1].count++] = name;
		return TRAFFIC_OK;
	case TRAFFIC_NONE:
		break;
	}
	return TRAFFIC_UNREADABLE;
}

struct given {
	const char *const *names;
	size_t count;
};

static enum traffic_result read_all(struct reading *reading, struct given given,
	struct paths aside[2], struct reason *why)
{
	enum traffic_result result = TRAFFIC_OK;
	for (size_t i = 0; i < given.count && result == TRAFFIC_OK; i++) {
		reading->seen.source = (uint8_t)(i % (SOURCE_MASK - 1) + 1);
		result = read_one(reading, given.names[i], aside, why);
	}
	if (result == TRAFFIC_OK) {
		reading->seen.source = SOURCE_MASK;
		result = read_captures(reading, &aside[0], why);
	}
	for (size_t i = 0; i < aside[1].count && result == TRAFFIC_OK; i++) {
		result = read_observed(reading, aside[1].list[i], why);
	}
	return result;
}

enum traffic_result traffic_read(struct traffic *traffic, const char *const *names,
	size_t count, struct reason *why)
{
	struct reading reading = {.traffic = traffic};
	struct paths aside[2] = {{calloc(count + 1, sizeof(*names)), 0},
		{calloc(count + 1, sizeof(*names)), 0}};
	if (count > 1) {
		reading.seen.slots = calloc(TRAFFIC_SEEN, sizeof(*reading.seen.slots));
	}
	enum traffic_result result = TRAFFIC_UNREADABLE;
	if (!aside[0].list || !aside[1].list || (count > 1 && !reading.seen.slots)) {
		(void)reason_set(why, "no memory for flows seen twice");
	} else {
		result = read_all(&reading, (struct given){names, count}, aside, why);
	}
	free(reading.seen.slots);
	free(aside[0].list);
	free(aside[1].list);
	return result;
}
