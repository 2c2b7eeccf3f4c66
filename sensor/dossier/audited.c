#include "dossier/audited.h"

#include "base/document.h"

#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 64
#define HOST_BYTES 320

static const char *text_at(const struct document *record, size_t place, const char *key)
{
	char path[PATH_BYTES];
	(void)snprintf(path, sizeof(path), "audit.answers.%zu.%s", place, key);
	const char *text = document_text(record, path);
	return text ? text : "";
}

static enum severity severity_of(const char *word)
{
	for (unsigned i = SEVERITY_CRITICAL; i <= SEVERITY_LOW; i++) {
		if (strcmp(severity_name((enum severity)i), word) == 0) {
			return (enum severity)i;
		}
	}
	return SEVERITY_NONE;
}

static const char *copy(struct audited_subject *subject, const char *text)
{
	return arena_text(&subject->arena, text, strlen(text));
}

static void add_answers(struct audited *audited, struct audited_subject *subject,
	const struct document *record)
{
	const size_t count = document_count(record, "audit.answers");
	for (size_t i = 0; i < count; i++) {
		const unsigned state = audit_state_of(text_at(record, i, "answer"));
		const char *check = text_at(record, i, "check");
		if (state == AUDIT_STATES || check[0] == '\0') {
			continue;
		}
		if (subject->count == AUDITED_ANSWERS_MAX) {
			audited->lost++;
			continue;
		}
		subject->answers = list_room(
			subject->answers, subject->count, sizeof(*subject->answers));
		subject->answers[subject->count++] = (struct audited_answer){
			.check = copy(subject, check),
			.question = copy(subject, text_at(record, i, "question")),
			.why = copy(subject, text_at(record, i, "why")),
			.state = (enum audit_state)state,
			.severity = severity_of(text_at(record, i, "severity"))};
	}
}

static struct audited_subject *subject_of(struct audited *audited, const char *name)
{
	const uint32_t known = name_table_find(&audited->names, name);
	if (known != NAME_NONE) {
		return &audited->list[known];
	}
	if (audited->count == AUDITED_SUBJECTS_MAX) {
		return NULL;
	}
	audited->list =
		list_room(audited->list, audited->count, sizeof(*audited->list));
	struct audited_subject *subject = &audited->list[audited->count];
	*subject = (struct audited_subject){
		.name = arena_text(&audited->arena, name, strlen(name))};
	(void)name_table_add(
		&audited->names, subject->name, (uint32_t)audited->count++);
	return subject;
}

static void forget_answers(struct audited_subject *subject)
{
	list_free(subject->answers);
	list_free(subject->records);
	arena_free(&subject->arena);
	subject->answers = NULL;
	subject->records = NULL;
	subject->count = 0;
	subject->record_count = 0;
}

/* Two sources may have the same record: a journal, and what was shipped of it. */
static bool has_record(const struct audited_subject *subject, const char *id)
{
	for (size_t i = 0; i < subject->record_count; i++) { /* AUDITED_RECORDS_MAX */
		if (strcmp(subject->records[i], id) == 0) {
			return true;
		}
	}
	return false;
}

static void add_record(struct audited *audited, struct audited_subject *subject,
	const struct document *record)
{
	const char *id = document_text(record, "event_id");
	if (id && id[0] == '\0') {
		id = NULL;
	}
	if (id && has_record(subject, id)) {
		return;
	}
	if (id && subject->record_count == AUDITED_RECORDS_MAX) {
		audited->lost += document_count(record, "audit.answers");
		return;
	}
	if (id) {
		subject->records = list_room(subject->records, subject->record_count,
			sizeof(*subject->records));
		subject->records[subject->record_count++] = copy(subject, id);
	}
	add_answers(audited, subject, record);
}

/* Of a subject with many answers several records of one time tell. */
static void take(struct audited *audited, const struct document *record)
{
	const char *name = document_text(record, "audit.subject");
	const char *kind = document_text(record, "audit.kind");
	const char *host = document_text(record, "host");
	const uint64_t time_us = document_time(record, "timestamp");
	struct audited_subject *subject =
		name && kind && time_us > 0 ? subject_of(audited, name) : NULL;
	if (!subject) {
		audited->lost += document_count(record, "audit.answers");
		return;
	}
	if (time_us < subject->time_us) {
		return;
	}
	if (time_us > subject->time_us) {
		forget_answers(subject);
		subject->time_us = time_us;
		subject->is_server = strcmp(kind, "server") == 0;
		subject->is_whole = false;
		subject->host = copy(subject, host ? host : "");
		(void)document_flag(record, "audit.whole", &subject->is_whole);
	}
	add_record(audited, subject, record);
}

void audited_line(struct audited *audited, const char *line, size_t len)
{
	static const char KEY[] = "\"audit\":{\"subject\"";
	struct document record;
	if (!memmem(line, len, KEY, sizeof(KEY) - 1) ||
		!document_parse(&record, line, len)) {
		return;
	}
	const char *type = document_text(&record, "event_type");
	if (type && strcmp(type, "stats") == 0) {
		take(audited, &record);
	}
	document_free(&record);
}

const struct audited_subject *audited_find(
	const struct audited *audited, const char *subject)
{
	const uint32_t known = name_table_find(&audited->names, subject);
	return known == NAME_NONE ? NULL : &audited->list[known];
}

/* When a host last asked all, domains and servers apart. */
struct whole_runs {
	struct name_table names; /* "domain host": place in .times */
	struct arena arena;
	uint64_t *times; /* list_room */
	size_t count;
};

static const char *run_name(
	const struct audited_subject *subject, char text[HOST_BYTES])
{
	(void)snprintf(text, HOST_BYTES, "%s %s",
		subject->is_server ? "server" : "domain", subject->host);
	return text;
}

static void note_run(struct whole_runs *runs, const struct audited_subject *subject)
{
	char text[HOST_BYTES];
	const uint32_t known = name_table_find(&runs->names, run_name(subject, text));
	if (!subject->is_whole) {
		return;
	}
	if (known < runs->count) { /* else NAME_NONE */
		if (runs->times[known] < subject->time_us) {
			runs->times[known] = subject->time_us;
		}
		return;
	}
	(void)name_table_add(&runs->names, arena_text(&runs->arena, text, strlen(text)),
		(uint32_t)runs->count);
	runs->times = list_room(runs->times, runs->count, sizeof(*runs->times));
	runs->times[runs->count++] = subject->time_us;
}

static void mark_past(struct audited *audited)
{
	char text[HOST_BYTES];
	struct whole_runs runs = {.count = 0};
	for (size_t i = 0; i < audited->count; i++) {
		note_run(&runs, &audited->list[i]);
	}
	for (size_t i = 0; i < audited->count; i++) {
		struct audited_subject *subject = &audited->list[i];
		const uint32_t known =
			name_table_find(&runs.names, run_name(subject, text));
		subject->is_past =
			known < runs.count && runs.times[known] > subject->time_us;
	}
	name_table_free(&runs.names);
	arena_free(&runs.arena);
	list_free(runs.times);
}

static int by_name(const void *left, const void *right)
{
	const struct audited_subject *a = left;
	const struct audited_subject *b = right;
	if (a->is_server != b->is_server) {
		return a->is_server - b->is_server;
	}
	return strcmp(a->name, b->name);
}

void audited_finish(struct audited *audited)
{
	size_t kept = 0;
	mark_past(audited);
	for (size_t i = 0; i < audited->count; i++) {
		if (audited->list[i].is_past) {
			forget_answers(&audited->list[i]);
		} else {
			audited->list[kept++] = audited->list[i];
		}
	}
	audited->count = kept;
	if (kept > 0) {
		qsort(audited->list, kept, sizeof(*audited->list), by_name);
	}
}

void audited_free(struct audited *audited)
{
	for (size_t i = 0; i < audited->count; i++) {
		forget_answers(&audited->list[i]);
	}
	list_free(audited->list);
	name_table_free(&audited->names);
	arena_free(&audited->arena);
	*audited = (struct audited){.count = 0};
}
