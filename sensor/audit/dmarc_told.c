#include "audit/dmarc_told.h"

#include "dossier/page.h"
#include "report/json.h"

#include <inttypes.h>
#include <stdlib.h>

#define GROUP_BYTES 128

bool dmarc_told_start(
	struct dmarc_told *told, const struct dmarc *dmarc, const struct tlsrpt *tlsrpt)
{
	*told = (struct dmarc_told){.dmarc = dmarc, .tlsrpt = tlsrpt};
	told->sources = dmarc_sorted(dmarc);
	told->rows = tlsrpt_sorted(tlsrpt);
	dmarc_totals(dmarc, &told->totals);
	return told->sources && told->rows;
}

void dmarc_told_free(struct dmarc_told *told)
{
	free(told->sources);
	free(told->rows);
}

static bool is_undeclared(const struct dmarc_source *source)
{
	return dmarc_class(source) <= DMARC_CLASS_SIGNER;
}

bool dmarc_told_is_at_fault(const struct dmarc_told *told)
{
	bool is_at_fault = told->dmarc->sources.count > 0 &&
			   is_undeclared(told->sources[0]); /* the gravest */
	for (uint32_t i = 0; i < told->tlsrpt->rows.count && !is_at_fault; i++) {
		is_at_fault = tlsrpt_is_failing(told->rows[i]);
	}
	return is_at_fault;
}

static const char *reporter_text(enum texts_language language, const char *reporter,
	bool is_told_by_several, struct text_filled *filled)
{
	const char *const name = reporter[0] != '\0'
					 ? reporter
					 : texts_of(language, TEXT_REPORTED_BY_NOBODY);
	return is_told_by_several
		       ? texts_fill(texts_of(language, TEXT_REPORTED_BY_SEVERAL), &name,
				 filled)
		       : name;
}

/* " (relay)"; "" of none */
static const char *group_text(const struct matrix_group *group, char text[GROUP_BYTES])
{
	text[0] = '\0';
	if (group) {
		(void)snprintf(text, GROUP_BYTES, " (%s)", group->name);
	}
	return text;
}

/* ", rejected 3"; "" of none */
static const char *also(enum texts_language language, enum text_id id, uint64_t count,
	struct text_filled *filled)
{
	char number[PAGE_NUMBER_BYTES];
	const char *const value = page_number(count, number);
	return count > 0 ? texts_fill(texts_of(language, id), &value, filled) : "";
}

const char *dmarc_source_text(const struct dmarc_source *source,
	enum texts_language language, struct text_filled *filled)
{
	char address[ADDRESS_TEXT_BYTES];
	char group[GROUP_BYTES];
	char place[ADDRESS_TEXT_BYTES + GROUP_BYTES];
	char numbers[4][PAGE_NUMBER_BYTES];
	char days[2][PAGE_TIME_BYTES];
	struct text_filled parts[3];
	(void)snprintf(place, sizeof(place), "%s%s",
		address_text(&source->key.address, address),
		group_text(source->group, group));
	const char *const values[] = {place, source->key.domain,
		page_number(source->messages, numbers[0]),
		page_number(source->aligned, numbers[1]),
		page_number(source->spf_aligned, numbers[2]),
		page_number(source->dkim_aligned, numbers[3]),
		also(language, TEXT_REPORTED_REJECTED, source->rejected, &parts[0]),
		also(language, TEXT_REPORTED_QUARANTINED, source->quarantined,
			&parts[1]),
		page_day((int64_t)source->begin_s, days[0]),
		page_day((int64_t)source->end_s, days[1]),
		reporter_text(language, source->reporter, source->is_told_by_several,
			&parts[2])};
	return texts_fill(texts_of(language, TEXT_REPORTED_SOURCE), values, filled);
}

static const char *failure_text(const struct tlsrpt_row *row,
	enum texts_language language, struct text_filled *filled)
{
	char group[GROUP_BYTES];
	char failed[PAGE_NUMBER_BYTES];
	const char *const failure = tlsrpt_failure_word(row->key.failure);
	const char *const values[] = {failure, row->key.server,
		group_text(row->group, group), page_number(row->failed, failed)};
	const char *const nowhere[] = {failure, failed};
	return row->key.server[0] != '\0'
		       ? texts_fill(texts_of(language, TEXT_REPORTED_FAILURE_AT),
				 values, filled)
		       : texts_fill(texts_of(language, TEXT_REPORTED_FAILURE), nowhere,
				 filled);
}

const char *tlsrpt_row_text(const struct tlsrpt_row *row, enum texts_language language,
	struct text_filled *filled)
{
	char numbers[2][PAGE_NUMBER_BYTES];
	char days[2][PAGE_TIME_BYTES];
	struct text_filled reporter;
	if (row->key.failure != 0) {
		return failure_text(row, language, filled);
	}
	const char *const values[] = {row->key.domain,
		tlsrpt_policy_word(row->key.policy),
		page_number(row->succeeded, numbers[0]),
		page_number(row->failed, numbers[1]),
		page_day((int64_t)row->begin_s, days[0]),
		page_day((int64_t)row->end_s, days[1]),
		reporter_text(
			language, row->reporter, row->is_told_by_several, &reporter)};
	return texts_fill(texts_of(language, TEXT_REPORTED_SESSIONS), values, filled);
}

struct records {
	FILE *(*next)(void *context);
	void *context;
	struct json_event event;
	unsigned alerts;
};

/* The last one of a run says how many there would be. */
static void tell(
	struct records *records, struct json_sensor_alert *alert, uint64_t others)
{
	char text[sizeof(struct text_filled) + 64];
	if (records->alerts == DMARC_ALERTS_MAX - 1 && others > 0) {
		(void)snprintf(text, sizeof(text), "%s; and %" PRIu64 " more",
			alert->detail, others);
		alert->detail = text;
	}
	if (records->alerts++ >= DMARC_ALERTS_MAX) {
		return;
	}
	alert->process = "dmarc";
	alert->count = 1;
	json_sensor_alert(records->next(records->context), &records->event, alert);
	records->event.sequence++;
}

static void write_source(struct json_writer *json, const void *source)
{
	json_object_open(json, "dmarc");
	dmarc_source_json(json, source);
	json_object_close(json);
}

static void write_row(struct json_writer *json, const void *row)
{
	json_object_open(json, "tlsrpt");
	tlsrpt_row_json(json, row);
	json_object_close(json);
}

static void tell_sources(const struct dmarc_told *told, struct records *records)
{
	struct text_filled text;
	uint64_t count = 0;
	while (count < told->dmarc->sources.count &&
		is_undeclared(told->sources[count])) {
		count++;
	}
	for (uint64_t i = 0; i < count; i++) { /* they come first */
		const struct dmarc_source *source = told->sources[i];
		struct json_sensor_alert alert = {
			.finding = dmarc_class(source) == DMARC_CLASS_RELAY
					   ? FINDING_AUDIT_RELAY_UNDECLARED
					   : FINDING_AUDIT_SIGNER_UNDECLARED,
			.detail = dmarc_source_text(source, TEXTS_ENGLISH, &text),
			.more = write_source,
			.what = source};
		tell(records, &alert, count - 1 - i);
	}
}

static void tell_tls(const struct dmarc_told *told, struct records *records)
{
	struct text_filled text;
	records->alerts = 0;
	for (uint32_t i = 0; i < told->tlsrpt->rows.count; i++) {
		if (tlsrpt_is_failing(told->rows[i])) {
			struct json_sensor_alert alert = {
				.finding = FINDING_AUDIT_TLS_FAILING,
				.detail = tlsrpt_row_text(
					told->rows[i], TEXTS_ENGLISH, &text),
				.more = write_row,
				.what = told->rows[i]};
			tell(records, &alert, 0);
		}
	}
}

void dmarc_told_records(const struct dmarc_told *told, FILE *(*next)(void *context),
	void *context, const struct json_event *event)
{
	struct records records = {.next = next, .context = context, .event = *event};
	const struct dmarc_totals *totals = &told->totals;
	tell_sources(told, &records);
	tell_tls(told, &records);
	const struct counter counters[] = {
		{"dmarc.reports", totals->reports},
		{"dmarc.repeated", totals->repeated},
		{"dmarc.messages.declared", totals->classes[DMARC_CLASS_DECLARED]},
		{"dmarc.messages.undeclared_relay", totals->classes[DMARC_CLASS_RELAY]},
		{"dmarc.messages.undeclared_signer",
			totals->classes[DMARC_CLASS_SIGNER]},
		{"dmarc.messages.forwarder", totals->classes[DMARC_CLASS_FORWARDER]},
		{"dmarc.messages.forwarded", totals->classes[DMARC_CLASS_FORWARDED]},
		{"dmarc.messages.spoofing", totals->classes[DMARC_CLASS_SPOOFING]},
		{"dmarc.messages.lost", totals->lost_messages},
		{"tlsrpt.reports", told->tlsrpt->totals.reports},
		{"tlsrpt.sessions.succeeded", told->tlsrpt->totals.succeeded},
		{"tlsrpt.sessions.failed", told->tlsrpt->totals.failed},
	};
	const struct json_stats stats = {.time_us = event->time_us,
		.host = event->host,
		.sequence = records.event.sequence,
		.event_prefix = event->event_prefix,
		.process = "dmarc",
		.counters = counters,
		.counter_count = sizeof(counters) / sizeof(counters[0])};
	json_stats(next(context), &stats);
}
