#include "dossier/reported.h"

#include "base/document.h"
#include "dossier/making.h"
#include "matrix/domains.h"
#include "matrix/senders.h"

#include <stdlib.h>
#include <string.h>

#define NAME_BYTES   254 /* of a domain: RFC 1035 section 2.3.4 */
#define KEY_BYTES    (NAME_BYTES + 64)
#define RECORDS_MOST 65536               /* told apart by their ids */
#define NUMBER_MOST  (UINT64_C(1) << 48) /* in one record; sums do not turn over */
#define US_PER_S     UINT64_C(1000000)

/* One record, while it is read. */
struct reading {
	struct dossier *dossier;
	const struct document *record;
	uint64_t time_us;
	bool is_in_span; /* else before it */
};

const char *reported_class_word(enum reported_class class)
{
	static const char *const WORDS[REPORTED_CLASSES] = {
		[REPORTED_DECLARED] = "declared",
		[REPORTED_RELAY] = "undeclared_relay",
		[REPORTED_SIGNER] = "undeclared_signer",
		[REPORTED_FORWARDER] = "forwarder",
		[REPORTED_FORWARDED] = "forwarded",
		[REPORTED_SPOOFING] = "spoofing",
	};
	return WORDS[class];
}

static uint64_t number(const struct reading *reading, const char *path)
{
	uint64_t value = 0;
	(void)document_number(reading->record, path, &value);
	return value < NUMBER_MOST ? value : 0;
}

static void add_sums(const struct reading *reading)
{
	struct reported *reported = &reading->dossier->reported;
	char path[64];
	if (!reading->is_in_span) {
		return;
	}
	reported->runs++;
	reported->dmarc_reports += number(reading, "stats.dmarc.reports");
	reported->tls_reports += number(reading, "stats.tlsrpt.reports");
	for (int i = 0; i < REPORTED_CLASSES; i++) {
		(void)snprintf(path, sizeof(path), "stats.dmarc.messages.%s",
			reported_class_word((enum reported_class)i));
		reported->messages[i] += number(reading, path);
	}
	reported->lost_messages += number(reading, "stats.dmarc.messages.lost");
	reported->succeeded += number(reading, "stats.tlsrpt.sessions.succeeded");
	reported->failed += number(reading, "stats.tlsrpt.sessions.failed");
}

/* A name that may become a key; NULL: none, or a longer one than there are. */
static const char *name(const struct reading *reading, const char *path)
{
	const char *text = document_text(reading->record, path);
	return text && text[0] != '\0' && strlen(text) < NAME_BYTES ? text : NULL;
}

static const char *keep(const struct reading *reading, const char *text)
{
	struct dossier_making *making = reading->dossier->making;
	return arena_text(
		&making->arena, text ? text : "", strnlen(text ? text : "", KEY_BYTES));
}

/* Of the entry with this key, count where it is to be made there; NAME_NONE: no room. */
static size_t place_of(const struct reading *reading, const char *key, size_t count)
{
	struct dossier_making *making = reading->dossier->making;
	const uint32_t known = name_table_find(&making->reported, key);
	if (known != NAME_NONE) {
		return known;
	}
	if (count == REPORTED_MOST) {
		reading->dossier->reported.unkept += reading->is_in_span;
		return NAME_NONE;
	}
	(void)name_table_add(&making->reported, keep(reading, key), (uint32_t)count);
	return count;
}

/* inside: the object that has them. */
static void add_claim(
	const struct reading *reading, const char *inside, struct reported_claim *claim)
{
	char path[4][32];
	static const char *const MEMBERS[] = {
		"first", "last", "reporter", "several_reporters"};
	bool is_of_several = false;
	for (size_t i = 0; i < sizeof(MEMBERS) / sizeof(MEMBERS[0]); i++) {
		(void)snprintf(path[i], sizeof(path[i]), "%s.%s", inside, MEMBERS[i]);
	}
	const uint64_t first_us = document_time(reading->record, path[0]);
	const uint64_t last_us = document_time(reading->record, path[1]);
	const char *reporter = document_text(reading->record, path[2]);
	(void)document_flag(reading->record, path[3], &is_of_several);
	if (claim->told_us == 0) {
		claim->reporter = keep(reading, reporter);
		claim->first_us = first_us;
	}
	claim->is_of_several = claim->is_of_several || is_of_several ||
			       (reporter && strcmp(reporter, claim->reporter) != 0);
	claim->first_us = first_us < claim->first_us ? first_us : claim->first_us;
	claim->last_us = last_us > claim->last_us ? last_us : claim->last_us;
	if (claim->told_us == 0 || reading->time_us < claim->told_us) {
		claim->told_us = reading->time_us;
	}
	if (reading->time_us > claim->told_again_us) {
		claim->told_again_us = reading->time_us;
	}
}

static void add_sender(const struct reading *reading, enum finding finding)
{
	struct reported *reported = &reading->dossier->reported;
	struct address source;
	char key[KEY_BYTES];
	const char *domain = name(reading, "dmarc.domain");
	const char *text = name(reading, "dmarc.source");
	if (!domain || !text || !address_parse(text, &source)) {
		return;
	}
	(void)snprintf(key, sizeof(key), "dmarc %s %s", text, domain);
	const size_t place = place_of(reading, key, reported->sender_count);
	if (place == NAME_NONE) {
		return;
	}
	if (place == reported->sender_count) {
		reported->senders = list_room(reported->senders, reported->sender_count,
			sizeof(*reported->senders));
		reported->senders[place] = (struct reported_sender){.source = source,
			.domain = keep(reading, domain),
			.finding = finding};
		reported->sender_count++;
	}
	struct reported_sender *sender = &reported->senders[place];
	if (finding < sender->finding) { /* the graver one comes first */
		sender->finding = finding;
	}
	add_claim(reading, "dmarc", &sender->claim);
	if (reading->is_in_span) {
		sender->messages += number(reading, "dmarc.messages");
		sender->aligned += number(reading, "dmarc.aligned");
	}
}

static void add_policy(const struct reading *reading)
{
	struct reported *reported = &reading->dossier->reported;
	char key[KEY_BYTES];
	const char *domain = name(reading, "tlsrpt.domain");
	const char *policy = name(reading, "tlsrpt.policy");
	if (!domain || !policy) {
		return;
	}
	(void)snprintf(key, sizeof(key), "tlsrpt %.32s %s", policy, domain);
	const size_t place = place_of(reading, key, reported->policy_count);
	if (place == NAME_NONE) {
		return;
	}
	if (place == reported->policy_count) {
		reported->policies = list_room(reported->policies,
			reported->policy_count, sizeof(*reported->policies));
		reported->policies[place] =
			(struct reported_policy){.domain = keep(reading, domain),
				.policy = keep(reading, policy)};
		reported->policy_count++;
	}
	struct reported_policy *one = &reported->policies[place];
	add_claim(reading, "tlsrpt", &one->claim);
	if (reading->is_in_span) {
		one->succeeded += number(reading, "tlsrpt.succeeded");
		one->failed += number(reading, "tlsrpt.failed");
	}
}

static void add_finding(const struct reading *reading)
{
	const char *id = document_text(reading->record, "alert.metadata.finding");
	for (int i = FINDING_AUDIT_RELAY_UNDECLARED; id && i < FINDING_COUNT; i++) {
		if (strcmp(id, finding_row((enum finding)i)->id) != 0) {
			continue;
		}
		if (i == FINDING_AUDIT_TLS_FAILING) {
			add_policy(reading);
		} else if (i == FINDING_AUDIT_RELAY_UNDECLARED ||
			   i == FINDING_AUDIT_SIGNER_UNDECLARED) {
			add_sender(reading, (enum finding)i);
		}
		return;
	}
}

/* Two sources may have the same record: a journal, and what was shipped of it. */
static bool is_new(const struct reading *reading)
{
	struct dossier_making *making = reading->dossier->making;
	const char *id = document_text(reading->record, "event_id");
	char key[KEY_BYTES];
	(void)snprintf(key, sizeof(key), "id %.*s", NAME_BYTES, id ? id : "");
	if (name_table_find(&making->reported, key) != NAME_NONE) {
		return false;
	}
	if (making->reported.count >= RECORDS_MOST) {
		reading->dossier->reported.unkept += reading->is_in_span;
		return false;
	}
	(void)name_table_add(&making->reported, keep(reading, key), 0);
	return true;
}

static void add_record(const struct reading *reading)
{
	const char *type = document_text(reading->record, "event_type");
	const char *process = document_text(reading->record, "sensor.process");
	const bool is_told = reading->time_us > 0 &&
			     (reading->is_in_span ||
				     reading->time_us < reading->dossier->span.from_us);
	if (!is_told || !type || !process || strcmp(process, "dmarc") != 0 ||
		!is_new(reading)) {
		return;
	}
	if (strcmp(type, "stats") == 0) {
		add_sums(reading);
	} else if (strcmp(type, "sensor") == 0) {
		add_finding(reading);
	}
}

void dossier_reported(struct dossier *dossier, const char *line, size_t len)
{
	static const char PROCESS[] = "\"dmarc\"";
	struct document record;
	if (!memmem(line, len, PROCESS, sizeof(PROCESS) - 1) ||
		!document_parse(&record, line, len)) {
		return;
	}
	const uint64_t time_us = document_time(&record, "timestamp");
	const struct reading reading = {.dossier = dossier,
		.record = &record,
		.time_us = time_us,
		.is_in_span = dossier_is_in_span(dossier, time_us)};
	add_record(&reading);
	document_free(&record);
}

/* By the matrix as it is, when the sender was told of last. */
static bool is_declared(
	const struct matrix *matrix, const struct reported_sender *sender)
{
	const struct matrix_end end = matrix_locate(matrix, &sender->source);
	return matrix_is_forwarder(matrix, &sender->source, &end) ||
	       matrix_may_send(matrix, sender->domain, &sender->source,
		       (int64_t)(sender->claim.told_again_us / US_PER_S));
}

static int by_gravity(const void *left, const void *right)
{
	const struct reported_sender *a = left;
	const struct reported_sender *b = right;
	if (a->finding != b->finding) {
		return a->finding < b->finding ? -1 : 1;
	}
	if (a->messages != b->messages) {
		return a->messages > b->messages ? -1 : 1;
	}
	const int order = memcmp(&a->source, &b->source, sizeof(a->source));
	return order != 0 ? order : strcmp(a->domain, b->domain);
}

static int by_failures(const void *left, const void *right)
{
	const struct reported_policy *a = left;
	const struct reported_policy *b = right;
	if (a->failed != b->failed) {
		return a->failed > b->failed ? -1 : 1;
	}
	const int order = strcmp(a->domain, b->domain);
	return order != 0 ? order : strcmp(a->policy, b->policy);
}

/* What was told of before the span alone, or is declared by now, is no part of it. */
static void sift_senders(struct reported *reported, const struct matrix *matrix)
{
	size_t kept = 0;
	for (size_t i = 0; i < reported->sender_count; i++) {
		struct reported_sender sender = reported->senders[i];
		const struct matrix_end end = matrix_locate(matrix, &sender.source);
		const bool is_seen = sender.messages > 0;
		const bool is_declared_now = is_declared(matrix, &sender);
		reported->declared += is_seen && is_declared_now;
		if (is_seen && !is_declared_now) {
			sender.group = end.group ? end.group->name : NULL;
			reported->senders[kept++] = sender;
		}
	}
	reported->sender_count = kept;
}

static void sift_policies(struct reported *reported)
{
	size_t kept = 0;
	for (size_t i = 0; i < reported->policy_count; i++) {
		if (reported->policies[i].failed > 0) {
			reported->policies[kept++] = reported->policies[i];
		}
	}
	reported->policy_count = kept;
}

void reported_finish(struct dossier *dossier)
{
	struct reported *reported = &dossier->reported;
	sift_senders(reported, dossier->matrix);
	sift_policies(reported);
	if (reported->sender_count > 0) {
		qsort(reported->senders, reported->sender_count,
			sizeof(*reported->senders), by_gravity);
	}
	if (reported->policy_count > 0) {
		qsort(reported->policies, reported->policy_count,
			sizeof(*reported->policies), by_failures);
	}
}
