#include "www/alerts.h"

#include "base/document.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Most lines are of something else: this look costs far less than parsing. */
static bool may_be_alert(const char *line, size_t len)
{
	static const char ALERT[] = "\"event_type\":\"alert\"";
	static const char SENSOR[] = "\"event_type\":\"sensor\"";
	return memmem(line, len, ALERT, sizeof(ALERT) - 1) ||
	       memmem(line, len, SENSOR, sizeof(SENSOR) - 1);
}

static bool find_finding(const char *id, enum finding *finding)
{
	for (int i = 0; id && i < FINDING_COUNT; i++) {
		if (strcmp(finding_row((enum finding)i)->id, id) == 0) {
			*finding = (enum finding)i;
			return true;
		}
	}
	return false;
}

static void keep(char *text, size_t size, const char *value)
{
	(void)snprintf(text, size, "%s", value ? value : "");
}

/* The first of these that the record has. */
static void keep_end(char text[ALERTS_NAME_BYTES], const struct document *record,
	const char *name, const char *otherwise)
{
	const char *value = document_text(record, name);
	keep(text, ALERTS_NAME_BYTES, value ? value : document_text(record, otherwise));
}

/* False: it is none of ours. */
static bool read_alert(const struct document *record, struct open_alert *alert)
{
	uint64_t severity = 0;
	*alert = (struct open_alert){.count = 1};
	if (!find_finding(
		    document_text(record, "alert.metadata.finding"), &alert->finding) ||
		!document_number(record, "alert.severity", &severity) ||
		severity == 0 || severity > SEVERITY_LOW) {
		return false;
	}
	(void)document_number(record, "alert.metadata.count", &alert->count);
	alert->severity = (uint8_t)severity;
	alert->first_us = alert->last_us = document_time(record, "timestamp");
	keep_end(alert->from, record, "mail.from_group", "src_ip");
	keep_end(alert->to, record, "mail.to_group", "dest_ip");
	keep_end(alert->client, record, "src_ip", "sensor.process");
	keep_end(alert->server, record, "dest_ip", "-");
	keep(alert->row, sizeof(alert->row), document_text(record, "mail.row"));
	keep(alert->detail, sizeof(alert->detail),
		document_text(record, "alert.metadata.detail"));
	if (alert->from[0] == '\0') {
		keep(alert->from, sizeof(alert->from), alert->client);
	}
	return alert->count > 0;
}

static bool is_same(const struct open_alert *a, const struct open_alert *b)
{
	return a->finding == b->finding && strcmp(a->from, b->from) == 0 &&
	       strcmp(a->to, b->to) == 0 && strcmp(a->row, b->row) == 0;
}

static void add_to(struct open_alert *into, const struct open_alert *alert)
{
	struct open_alert sum = alert->last_us >= into->last_us
					? *alert
					: *into; /* the newer's texts */
	sum.count = into->count + alert->count;
	sum.severity =
		into->severity < alert->severity ? into->severity : alert->severity;
	sum.first_us =
		into->first_us < alert->first_us ? into->first_us : alert->first_us;
	*into = sum;
}

static struct open_alert *oldest_of(struct alerts *alerts)
{
	struct open_alert *oldest = &alerts->list[0];
	for (size_t i = 1; i < alerts->count; i++) { /* ALERTS_PLACES */
		if (alerts->list[i].last_us < oldest->last_us) {
			oldest = &alerts->list[i];
		}
	}
	return oldest;
}

static void add(struct alerts *alerts, const struct open_alert *alert)
{
	for (size_t i = 0; i < alerts->count; i++) { /* ALERTS_PLACES */
		if (is_same(&alerts->list[i], alert)) {
			add_to(&alerts->list[i], alert);
			return;
		}
	}
	if (alerts->count < ALERTS_PLACES) {
		alerts->list[alerts->count++] = *alert;
		return;
	}
	struct open_alert *oldest = oldest_of(alerts);
	const bool is_older = alert->last_us < oldest->last_us;
	alerts->given_up += is_older ? alert->count : oldest->count;
	if (!is_older) {
		*oldest = *alert;
	}
}

void alerts_take(struct alerts *alerts, const char *line, size_t len, uint64_t since_us)
{
	struct document record;
	struct open_alert alert;
	if (!may_be_alert(line, len) || !document_parse(&record, line, len)) {
		return;
	}
	if (read_alert(&record, &alert) && alert.last_us >= since_us) {
		add(alerts, &alert);
	}
	document_free(&record);
}

void alerts_forget(struct alerts *alerts, uint64_t since_us)
{
	size_t left = 0;
	for (size_t i = 0; i < alerts->count; i++) { /* ALERTS_PLACES */
		if (alerts->list[i].last_us >= since_us) {
			alerts->list[left++] = alerts->list[i];
		}
	}
	alerts->given_up = left == alerts->count ? alerts->given_up : 0;
	alerts->count = left;
}

static int by_gravity(const void *left, const void *right)
{
	const struct open_alert *a = left;
	const struct open_alert *b = right;
	if (a->severity != b->severity) {
		return (int)a->severity - (int)b->severity;
	}
	if (a->last_us != b->last_us) {
		return a->last_us > b->last_us ? -1 : 1;
	}
	return (int)a->finding - (int)b->finding;
}

void alerts_sort(struct alerts *alerts)
{
	qsort(alerts->list, alerts->count, sizeof(alerts->list[0]), by_gravity);
}
