#include "audit/dmarc_told.h"

#include "report/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#define DAY_BYTES  16
#define ALSO_BYTES 40

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

static const char *day(uint64_t time_s, char text[DAY_BYTES])
{
	const time_t time = (time_t)time_s;
	struct tm parts;
	if (!gmtime_r(&time, &parts) ||
		strftime(text, DAY_BYTES, "%Y-%m-%d", &parts) == 0) {
		memcpy(text, "?", sizeof("?"));
	}
	return text;
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static const char *named(const char *reporter)
{
	return reporter[0] != '\0' ? reporter : "somebody without a name";
}

/* ", 3 rejected"; "" of none */
static const char *also(uint64_t count, const char *what, char text[ALSO_BYTES])
{
	text[0] = '\0';
	if (count > 0) {
		(void)snprintf(text, ALSO_BYTES, ", %" PRIu64 " %s", count, what);
	}
	return text;
}

void dmarc_source_text(const struct dmarc_source *source, char text[DMARC_DETAIL_BYTES])
{
	char address[ADDRESS_TEXT_BYTES];
	char first[DAY_BYTES];
	char last[DAY_BYTES];
	char rejected[ALSO_BYTES];
	char quarantined[ALSO_BYTES];
	const char *group = source->group ? source->group->name : "";
	const bool is_many = source->is_told_by_several;
	(void)snprintf(text, DMARC_DETAIL_BYTES,
		"%s%s%s%s as %s: %" PRIu64 " message%s, %" PRIu64
		" aligned (SPF %" PRIu64 ", DKIM %" PRIu64 ")%s%s, %s to %s; says %s%s",
		address_text(&source->key.address, address), group[0] ? " (" : "",
		group, group[0] ? ")" : "", source->key.domain, source->messages,
		plural(source->messages), source->aligned, source->spf_aligned,
		source->dkim_aligned, also(source->rejected, "rejected", rejected),
		also(source->quarantined, "quarantined", quarantined),
		day(source->begin_s, first), day(source->end_s, last),
		named(source->reporter), is_many ? " and others" : "");
}

void tlsrpt_row_text(const struct tlsrpt_row *row, char text[DMARC_DETAIL_BYTES])
{
	char first[DAY_BYTES];
	char last[DAY_BYTES];
	const char *group = row->group ? row->group->name : "";
	if (row->key.failure != 0) {
		(void)snprintf(text, DMARC_DETAIL_BYTES,
			"%s%s%s%s%s%s: %" PRIu64 " session%s",
			tlsrpt_failure_word(row->key.failure),
			row->key.server[0] ? " at " : "", row->key.server,
			group[0] ? " (" : "", group, group[0] ? ")" : "", row->failed,
			plural(row->failed));
		return;
	}
	(void)snprintf(text, DMARC_DETAIL_BYTES,
		"%s, policy %s: %" PRIu64 " session%s with TLS, %" PRIu64
		" failed, %s to %s; says %s%s",
		row->key.domain, tlsrpt_policy_word(row->key.policy), row->succeeded,
		plural(row->succeeded), row->failed, day(row->begin_s, first),
		day(row->end_s, last), named(row->reporter),
		row->is_told_by_several ? " and others" : "");
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
	char text[DMARC_DETAIL_BYTES + 64];
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
	char text[DMARC_DETAIL_BYTES];
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
			.detail = text,
			.more = write_source,
			.what = source};
		dmarc_source_text(source, text);
		tell(records, &alert, count - 1 - i);
	}
}

static void tell_tls(const struct dmarc_told *told, struct records *records)
{
	char text[DMARC_DETAIL_BYTES];
	records->alerts = 0;
	for (uint32_t i = 0; i < told->tlsrpt->rows.count; i++) {
		if (tlsrpt_is_failing(told->rows[i])) {
			struct json_sensor_alert alert = {
				.finding = FINDING_AUDIT_TLS_FAILING,
				.detail = text,
				.more = write_row,
				.what = told->rows[i]};
			tlsrpt_row_text(told->rows[i], text);
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
