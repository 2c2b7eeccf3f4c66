#include "ship/redis_keys.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define FIELD_BYTES  512
#define SENSOR_BYTES 64
#define US_PER_S     UINT64_C(1000000)
#define ALSO_MAX     16 /* more than any cause has findings */
#define ALSO_BYTES   64 /* of the name of one */
#define ALNUM        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* Where the changes of one event go. */
struct target {
	const struct redis_keys *keys;
	struct redis_delta *delta;
	const struct event *event;
};

bool redis_keys_name(struct redis_keys *keys, const char *prefix, const char *sensor)
{
	char name[SENSOR_BYTES];
	const int len = snprintf(name, sizeof(name), "%s", sensor);
	if (len <= 0 || (size_t)len >= sizeof(name) || prefix[0] == '\0' ||
		prefix[strspn(prefix, ALNUM "._-:")] != '\0') {
		return false;
	}
	for (char *odd = name; *(odd += strspn(odd, ALNUM "._-:")) != '\0';) {
		*odd = '_';
	}
	const int full =
		snprintf(keys->prefix, sizeof(keys->prefix), "%s:{%s}:", prefix, name);
	return full > 0 && (size_t)full < sizeof(keys->prefix);
}

void redis_keys_full(
	const struct redis_keys *keys, const char *name, char full[REDIS_KEY_BYTES])
{
	(void)snprintf(full, REDIS_KEY_BYTES, "%s%s", keys->prefix, name);
}

static unsigned key_of(const struct target *target, const char *name, const char *type)
{
	char full[REDIS_KEY_BYTES];
	redis_keys_full(target->keys, name, full);
	return redis_delta_key(target->delta, full, type);
}

static void add_number(
	const struct target *target, unsigned key, const char *field, uint64_t number)
{
	redis_delta_put(target->delta, key, REDIS_VERB_ADD, field, number);
}

/* "tls:none" and the like: a kind and what it was. */
static void add_kind(
	const struct target *target, unsigned key, const char *kind, const char *path)
{
	char field[FIELD_BYTES];
	const char *what = event_text(target->event, path);
	(void)snprintf(field, sizeof(field), "%s:%s", kind, what ? what : "unknown");
	add_number(target, key, field, 1);
}

static const char *text_or(const struct target *target, const char *path)
{
	const char *text = event_text(target->event, path);
	return text ? text : "-";
}

static unsigned hour_key(const struct target *target)
{
	char name[REDIS_KEY_BYTES - REDIS_PREFIX_BYTES];
	struct tm parts = {.tm_year = 0};
	const time_t seconds = (time_t)(target->event->time_us / US_PER_S);
	(void)gmtime_r(&seconds, &parts);
	(void)snprintf(name, sizeof(name), REDIS_KEY_HOUR "%04d%02d%02d%02d",
		parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour);
	return key_of(target, name, REDIS_TYPE_PLACED);
}

/* Behind what makes the key: one that is not there cannot expire. */
static void expire(const struct target *target, unsigned key, uint64_t seconds)
{
	redis_delta_put(target->delta, key, REDIS_VERB_EXPIRE, "", seconds);
}

/* How a server was met: what it offered, what became of it. */
static void add_server(const struct target *target, const char *verdict)
{
	char name[REDIS_KEY_BYTES - REDIS_PREFIX_BYTES];
	const uint64_t seconds = target->event->time_us / US_PER_S;
	const char *address = event_text(target->event, "dest_ip");
	const int len = snprintf(name, sizeof(name), REDIS_KEY_SERVER "%s|%u",
		address ? address : "-",
		(unsigned)event_number(target->event, "dest_port", 0));
	if (len < 0 || (size_t)len >= sizeof(name)) {
		return; /* no address is that long */
	}
	const unsigned key = key_of(target, name, REDIS_TYPE_PLACED);
	add_number(target, key, "flows", 1);
	add_number(target, key, verdict, 1);
	add_kind(target, key, "offered", "mail.starttls_offered");
	add_kind(target, key, "starttls", "mail.starttls");
	add_kind(target, key, "tls", "mail.tls");
	redis_delta_put(target->delta, key, REDIS_VERB_PUT, "last", seconds);
	expire(target, key, target->keys->servers_s);
	const unsigned list = key_of(target, REDIS_KEY_SERVERS, REDIS_TYPE_SET);
	redis_delta_put(target->delta, list, REDIS_VERB_SCORE_PUT,
		name + strlen(REDIS_KEY_SERVER), seconds);
}

static void add_sender(const struct target *target, const char *verdict)
{
	const char *source = event_text(target->event, "src_ip");
	if (!source) {
		return;
	}
	redis_delta_put(target->delta,
		key_of(target, REDIS_KEY_SENDERS, REDIS_TYPE_STRING), REDIS_VERB_SEEN,
		source, 0);
	if (strcmp(verdict, "illegitimate") == 0) {
		redis_delta_put(target->delta,
			key_of(target, REDIS_KEY_TOP, REDIS_TYPE_BESIDE_SET),
			REDIS_VERB_SCORE_ADD, source, 1);
	}
}

static void add_mail(const struct target *target)
{
	char cell[FIELD_BYTES];
	const struct event *event = target->event;
	const char *verdict = text_or(target, "mail.verdict");
	const char *protocol = text_or(target, "mail.protocol");
	const unsigned totals = key_of(target, REDIS_KEY_TOTALS, REDIS_TYPE_PLACED);
	const unsigned hour = hour_key(target);
	add_number(target, totals, "flows", 1);
	add_number(target, totals, verdict, 1);
	add_number(target, totals, "messages", event_number(event, "mail.messages", 0));
	add_number(target, totals, "bytes",
		event_number(event, "flow.bytes_toserver", 0) +
			event_number(event, "flow.bytes_toclient", 0));
	add_number(target, hour, "flows", 1);
	add_number(target, hour, verdict, 1);
	expire(target, hour, target->keys->hours_s);
	(void)snprintf(cell, sizeof(cell), "%.120s|%.120s|%s|%s",
		text_or(target, "mail.from_group"), text_or(target, "mail.to_group"),
		protocol, verdict);
	add_number(target, key_of(target, REDIS_KEY_MATRIX, REDIS_TYPE_BESIDE_HASH),
		cell, 1);
	add_sender(target, verdict);
	if (strcmp(protocol, "attempt") != 0) { /* else nobody may be there at all */
		add_server(target, verdict);
	}
}

/* Flows with a finding that the alert of another one lists; no alert of its own. */
static void add_also(const struct target *target)
{
	const struct event *event = target->event;
	const unsigned key =
		key_of(target, REDIS_KEY_OCCURRENCES, REDIS_TYPE_BESIDE_HASH);
	const size_t count = document_count(&event->document, "alert.metadata.also");
	for (size_t i = 0; i < count && i < ALSO_MAX; i++) {
		char path[64];
		char field[ALSO_BYTES];
		(void)snprintf(
			path, sizeof(path), "alert.metadata.also.%zu.finding", i);
		const char *finding = event_text(event, path);
		(void)snprintf(path, sizeof(path), "alert.metadata.also.%zu.count", i);
		if (finding) {
			(void)snprintf(field, sizeof(field), "%s", finding);
			add_number(target, key, field, event_number(event, path, 1));
		}
	}
}

static void add_alert(const struct target *target)
{
	static const char *const SEVERITIES[] = {"alerts:none", "alerts:critical",
		"alerts:high", "alerts:medium", "alerts:low"};
	char field[FIELD_BYTES];
	const struct event *event = target->event;
	const char *finding = event_finding(event);
	const char *action = event_text(event, "alert.action");
	const unsigned totals = key_of(target, REDIS_KEY_TOTALS, REDIS_TYPE_PLACED);
	const unsigned hour = hour_key(target);
	finding = finding ? finding : "-";
	add_number(target, totals, "alerts", 1);
	add_number(target, totals, SEVERITIES[event->severity], 1);
	if (action && strcmp(action, "blocked") == 0) {
		add_number(target, totals, "blocked", 1);
	}
	add_number(target, key_of(target, REDIS_KEY_FINDINGS, REDIS_TYPE_BESIDE_HASH),
		finding, 1);
	add_number(target,
		key_of(target, REDIS_KEY_OCCURRENCES, REDIS_TYPE_BESIDE_HASH), finding,
		event_number(event, "alert.metadata.count", 1));
	add_also(target);
	(void)snprintf(field, sizeof(field), "finding:%s", finding);
	add_number(target, hour, "alerts", 1);
	add_number(target, hour, field, 1);
	expire(target, hour, target->keys->hours_s);
}

/* In every delta, so that the script sees which of them are gone: the totals first. */
static void declare_lasting(const struct target *target)
{
	(void)key_of(target, REDIS_KEY_TOTALS, REDIS_TYPE_PLACED);
	(void)key_of(target, REDIS_KEY_MATRIX, REDIS_TYPE_BESIDE_HASH);
	(void)key_of(target, REDIS_KEY_FINDINGS, REDIS_TYPE_BESIDE_HASH);
	(void)key_of(target, REDIS_KEY_OCCURRENCES, REDIS_TYPE_BESIDE_HASH);
	(void)key_of(target, REDIS_KEY_TOP, REDIS_TYPE_BESIDE_SET);
}

void redis_keys_add(const struct redis_keys *keys, struct redis_delta *delta,
	const struct event *event)
{
	const struct target target = {keys, delta, event};
	if (delta->key_count == 0) {
		declare_lasting(&target);
	}
	add_number(&target, key_of(&target, REDIS_KEY_TOTALS, REDIS_TYPE_PLACED),
		"records", 1);
	if (event->kind == EVENT_MAIL) {
		add_mail(&target);
	} else if (event->kind == EVENT_ALERT) {
		add_alert(&target);
	}
	if ((event->kind & keys->stream_kinds) != 0) {
		const struct redis_entry line = {.field = event->line,
			.len = event->len,
			.number = keys->stream_most,
			.time_ms = event->time_us / 1000};
		redis_delta_append(delta,
			key_of(&target, REDIS_KEY_STREAM, REDIS_TYPE_STREAM), &line);
	}
}
