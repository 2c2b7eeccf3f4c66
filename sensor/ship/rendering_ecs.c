#include "ship/rendering.h"

#include "base/version.h"
#include "ship/rendering_ecs_fields.h"
#include "ship/rendering_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ECS_VERSION    "8.11.0"
#define SENTENCE_BYTES 2048
#define PATH_BYTES     40
#define US_PER_S       UINT64_C(1000000)
#define NS_PER_US      UINT64_C(1000)

static void set_time(struct document *document, const char *path, uint64_t time_us)
{
	char text[40];
	struct tm parts;
	const time_t seconds = (time_t)(time_us / US_PER_S);
	if (time_us == 0 || !gmtime_r(&seconds, &parts)) {
		return;
	}
	const size_t len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	(void)snprintf(
		text + len, sizeof(text) - len, ".%06" PRIu64 "Z", time_us % US_PER_S);
	document_set_text(document, path, text);
}

static void set_times(struct document *document, const struct event *event,
	const struct rendering_settings *settings)
{
	const uint64_t start_us = event_time(event, "flow.start");
	const uint64_t end_us = event_time(event, "flow.end");
	set_time(document, "@timestamp", event->time_us);
	set_time(document, "event.created", settings->now_us);
	if (start_us > 0 && end_us >= start_us) {
		document_set_number(
			document, "event.duration", (end_us - start_us) * NS_PER_US);
	}
}

/* What an event without a flow is about: the sensor itself. */
static void set_own_category(struct document *document, const struct event *event)
{
	static const struct {
		const char *about;
		const char *category;
		const char *type;
	} OWN[] = {{"sensor.banned", "intrusion_detection", "denied"},
		{"sensor.reload-failed", "configuration", "info"},
		{"sensor.row-expiring", "configuration", "info"},
		{"matrix", "configuration", "change"}, {NULL, "host", "info"}};
	const char *finding = event_finding(event);
	const char *about = finding ? finding : event_text(event, "event_type");
	size_t i = 0;
	while (OWN[i].about && strcmp(OWN[i].about, about) != 0) {
		i++;
	}
	document_add_text(document, "event.category", OWN[i].category);
	document_add_text(document, "event.type", OWN[i].type);
}

static void set_category(struct document *document, const struct event *event)
{
	const char *action = event_text(event, "alert.action");
	if (!event_text(event, "src_ip")) {
		set_own_category(document, event);
		return;
	}
	document_add_text(document, "event.category", "network");
	document_add_text(document, "event.type", "connection");
	document_add_text(document, "event.type", "protocol");
	if (action) {
		document_add_text(document, "event.category", "intrusion_detection");
		document_add_text(document, "event.type",
			strcmp(action, "blocked") == 0 ? "denied" : "allowed");
	}
}

/* Of a login, or of a load of the matrix. */
static void set_outcome(struct document *document, const struct event *event)
{
	bool is_success = false;
	const char *load = event_text(event, "matrix.action");
	if (load) {
		is_success = strcmp(load, "loaded") == 0;
	} else if (!document_flag(
			   &event->document, "mail.auth_accepted", &is_success)) {
		return;
	}
	document_set_text(
		document, "event.outcome", is_success ? "success" : "failure");
}

static void set_event(struct document *document, const struct event *event)
{
	/* Elastic's own figures for its words */
	static const uint64_t RISK[] = {[SEVERITY_CRITICAL] = 99,
		[SEVERITY_HIGH] = 73,
		[SEVERITY_MEDIUM] = 47,
		[SEVERITY_LOW] = 21};
	const char *finding = event_finding(event);
	const char *type = event_text(event, "event_type");
	char room[RENDERING_VALUE_BYTES];
	char dataset[PATH_BYTES];
	(void)snprintf(dataset, sizeof(dataset), "mailwarden.%.20s", type);
	document_set_text(document, "ecs.version", ECS_VERSION);
	document_set_text(document, "event.kind",
		finding                      ? "alert"
		: event->kind == EVENT_STATS ? "metric"
					     : "event");
	document_set_text(document, "event.module", "mailwarden");
	document_set_text(document, "event.dataset", dataset);
	document_set_text(document, "event.action", finding ? finding : type);
	set_category(document, event);
	set_outcome(document, event);
	if (finding) {
		document_set_text(document, "rule.ruleset", "mailwarden");
		document_set_number(
			document, "event.risk_score", RISK[event->severity]);
		document_set_text(document, "mail.severity",
			rendering_value(event, "@severity", room));
	}
}

/* IANA's keyword in small letters, as ECS wants it. */
static const char *transport_keyword(const char *name)
{
	static const struct {
		const char *name;
		const char *keyword;
	} KEYWORDS[] = {{"UDP", "udp"}, {"GRE", "gre"}, {"IP-ENCAP", "ipv4"},
		{"IPv6", "ipv6"}, {"MPLS-IN-IP", "mpls-in-ip"}, {"ETHERIP", "etherip"}};
	for (size_t i = 0; i < sizeof(KEYWORDS) / sizeof(KEYWORDS[0]); i++) {
		if (strcmp(name, KEYWORDS[i].name) == 0) {
			return KEYWORDS[i].keyword;
		}
	}
	return "tcp";
}

static void set_network(struct document *document, const struct event *event)
{
	const char *address = event_text(event, "src_ip");
	const char *transport = event_text(event, "proto");
	if (address) {
		document_set_text(document, "network.type",
			strchr(address, ':') ? "ipv6" : "ipv4");
	}
	if (transport) {
		document_set_text(
			document, "network.transport", transport_keyword(transport));
	}
	if (document_count(&event->document, "alert.metadata.mitre_technique_id") > 0) {
		document_set_text(document, "threat.framework", "MITRE ATT&CK");
	}
}

struct end_paths {
	const char *judged;
	const char *wire;
	const char *name;
	const char *judged_end; /* of ECS, behind a proxy */
	const char *wire_end;
};

/* A name is of the end that was judged; what stands in for it is its translation. */
static void set_end(struct document *document, const struct event *event,
	const struct end_paths *end)
{
	char path[PATH_BYTES];
	const char *wire = event_text(event, end->wire);
	const char *judged = event_text(event, end->judged);
	const char *holder = judged ? end->judged_end : end->wire_end;
	(void)snprintf(path, sizeof(path), "%s.domain", holder);
	document_set_text(document, path, event_text(event, end->name));
	if (judged && wire && strcmp(judged, wire) != 0) {
		(void)snprintf(path, sizeof(path), "%s.nat.ip", holder);
		document_set_text(document, path, wire);
	}
}

static void set_ends(struct document *document, const struct event *event)
{
	static const struct end_paths CLIENT = {
		"mail.judged_src_ip", "src_ip", "mail.from_name", "client", "source"};
	static const struct end_paths SERVER = {"mail.judged_dest_ip", "dest_ip",
		"mail.to_name", "server", "destination"};
	set_end(document, event, &CLIENT);
	set_end(document, event, &SERVER);
}

/* Every address and name, in one field each to look for. */
static void set_related(struct document *document, const struct event *event)
{
	static const char *const ADDRESSES[] = {"src_ip", "dest_ip",
		"mail.judged_src_ip", "mail.judged_dest_ip", "tunnel.src_ip",
		"tunnel.dest_ip"};
	static const char *const HOSTS[] = {
		"mail.from_name", "mail.to_name", "mail.helo", "tls.sni", "dns.rrname"};
	const char *const examples = "alert.metadata.examples";
	for (size_t i = 0; i < sizeof(ADDRESSES) / sizeof(ADDRESSES[0]); i++) {
		document_add_text(
			document, "related.ip", event_text(event, ADDRESSES[i]));
	}
	for (size_t i = 0; i < document_count(&event->document, examples); i++) {
		document_add_text(document, "related.ip",
			document_item(&event->document, examples, i));
	}
	for (size_t i = 0; i < sizeof(HOSTS) / sizeof(HOSTS[0]); i++) {
		document_add_text(
			document, "related.hosts", event_text(event, HOSTS[i]));
	}
	document_add_text(document, "related.hash",
		document_text(document, "tls.server.hash.sha1"));
	document_add_text(document, "related.hash",
		document_text(document, "tls.server.hash.sha256"));
}

/* "TLS 1.2" is version 1.2 of protocol tls. */
static void set_tls(struct document *document, const struct event *event)
{
	const char *version = event_text(event, "tls.version");
	const char *blank = version ? strchr(version, ' ') : NULL;
	char protocol[8] = "";
	if (!blank) {
		return;
	}
	for (size_t i = 0; i + 1 < sizeof(protocol) && version + i < blank; i++) {
		protocol[i] = (char)tolower((unsigned char)version[i]);
	}
	document_set_text(document, "tls.version", blank + 1);
	document_set_text(document, "tls.version_protocol", protocol);
}

static void set_words(struct document *document, const struct event *event)
{
	char sentence[SENTENCE_BYTES];
	char room[RENDERING_VALUE_BYTES];
	struct rendering_text out = {.text = sentence, .size = sizeof(sentence) - 1};
	rendering_put_sentence(&out, event);
	sentence[out.len] = '\0';
	document_set_text(document, "message", sentence);
	document_set_text(document, "event.reason",
		rendering_value(event, RENDERING_REASON, room));
	document_set_text(document, "observer.type", "sensor");
	document_set_text(document, "observer.vendor", "mailwarden");
	document_set_text(document, "observer.product", "mailwarden");
	document_set_text(document, "observer.version", MAILWARDEN_VERSION);
}

/* What is left where even that is too long. */
static size_t write_least(const struct document *document, char *text, size_t size)
{
	static const char *const MOST[] = {"@timestamp", "ecs.version", "event.kind",
		"event.id", "event.action", "event.severity", "event.dataset",
		"source.ip", "source.port", "destination.ip", "destination.port",
		"event.category", "event.type", "rule.id", "event.reason", "rule.name",
		"event.module", NULL};
	struct document least;
	if (!document_start(&least)) {
		return 0;
	}
	document_set_flag(&least, "mail.shortened", true);
	document_copy_within(&least, document, MOST, size);
	const size_t len = document_write(&least, text, size);
	document_free(&least);
	return len <= size ? len : 0;
}

/* What matters least goes first, until it fits. */
static size_t write_within(struct document *document, char *text, size_t size)
{
	static const char *const LEAST[] = {"mail.stats", "mail.also", "mail.accepted",
		"tls", "related", "observer", "network", "dns", "threat", "message",
		"mail"};
	size_t len = document_write(document, text, size);
	for (size_t i = 0; len > size && i < sizeof(LEAST) / sizeof(LEAST[0]); i++) {
		document_remove(document, LEAST[i]);
		document_set_flag(document, "mail.shortened", true);
		len = document_write(document, text, size);
	}
	return len <= size ? len : write_least(document, text, size);
}

size_t rendering_ecs(const struct event *event,
	const struct rendering_settings *settings, char *text, size_t size)
{
	struct document document;
	if (!document_start(&document)) {
		return 0;
	}
	set_times(&document, event, settings);
	set_event(&document, event);
	ecs_copy_fields(&document, event);
	set_ends(&document, event);
	set_network(&document, event);
	set_tls(&document, event);
	set_related(&document, event);
	set_words(&document, event);
	const size_t len = write_within(&document, text, size);
	document_free(&document);
	return len;
}
