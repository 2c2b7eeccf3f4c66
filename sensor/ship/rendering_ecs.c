#include "ship/rendering.h"

#include "base/version.h"
#include "ship/rendering_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ECS_VERSION    "8.11.0"
#define SENTENCE_BYTES 1024
#define US_PER_S       UINT64_C(1000000)

/*
 * Elastic Common Schema. Its email.* fields are about messages, not about who may
 * send them: ours are below mail.*, a name it does not use.
 */
static const struct ecs_field {
	const char *path;
	const char *from;
} FIELDS[] = {
	{"event.id", "event_id"},
	{"event.severity", "alert.severity"},
	{"rule.id", "alert.signature_id"},
	{"rule.name", "alert.signature"},
	{"rule.category", "alert.category"},
	{"rule.version", "alert.rev"},
	{"source.ip", "src_ip"},
	{"source.port", "src_port"},
	{"source.domain", "mail.from_name"}, /* as DNS on the wire gave them */
	{"source.packets", "flow.pkts_toserver"},
	{"source.bytes", "flow.bytes_toserver"},
	{"destination.ip", "dest_ip"},
	{"destination.port", "dest_port"},
	{"destination.domain", "mail.to_name"},
	{"destination.packets", "flow.pkts_toclient"},
	{"destination.bytes", "flow.bytes_toclient"},
	{"network.protocol", "app_proto"},
	{"network.community_id", "community_id"},
	{"network.vlan.id", "vlan"},
	{"tls.client.server_name", "tls.sni"},
	{"tls.server.subject", "tls.subject"},
	{"tls.server.issuer", "tls.issuerdn"},
	{"observer.name", "host"},
	{"observer.ingress.interface.name", "in_iface"},
	{"threat.technique.id", "alert.metadata.mitre_technique_id"},
	{"mail.capture", "pcap_filename"},
	{"mail.finding", "alert.metadata.finding"},
	{"mail.recommendation", "alert.metadata.recommendation"},
	{"mail.count", "alert.metadata.count"},
	{"mail.also", "alert.metadata.also"},
	{"mail.hosts", "alert.metadata.hosts"},
	{"mail.prefix", "alert.metadata.prefix"},
	{"mail.examples", "alert.metadata.examples"},
	{"mail.update", "alert.metadata.update"},
	{"mail.verdict", "mail.verdict"},
	{"mail.verdict_reason", "mail.reason"},
	{"mail.tunnel", "tunnel"},
	{"mail.matrix.row", "mail.row"},
	{"mail.matrix.nearest_row", "mail.nearest_row"},
	{"mail.group.source", "mail.from_group"},
	{"mail.group.destination", "mail.to_group"},
	{"mail.role.source", "mail.from_role"},
	{"mail.role.destination", "mail.to_role"},
	{"mail.tls", "mail.tls"},
	{"mail.starttls.offered", "mail.starttls_offered"},
	{"mail.starttls.state", "mail.starttls"},
	{"mail.auth.mechanism", "mail.auth_mechanism"},
	{"mail.auth.clear", "mail.auth_clear"},
	{"mail.helo", "mail.helo"},
	{"mail.from.domain", "mail.mail_from_domain"},
	{"mail.messages", "mail.messages"},
	{"mail.process", "sensor.process"},
	{"mail.change", "matrix"},
	{"mail.stats", "stats"},
};

static void set_time(struct document *document, uint64_t time_us)
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
	document_set_text(document, "@timestamp", text);
}

/* EVE's "+0000" as ECS's "Z". */
static void copy_time(struct document *document, const char *path,
	const struct event *event, const char *from)
{
	char text[40];
	const char *time = event_text(event, from);
	const char *zone = time ? strstr(time, "+0000") : NULL;
	if (zone) {
		(void)snprintf(text, sizeof(text), "%.*sZ", (int)(zone - time), time);
		document_set_text(document, path, text);
	}
}

static void set_event(struct document *document, const struct event *event)
{
	const bool is_alert = event->kind == EVENT_ALERT;
	const char *action = event_text(event, "alert.action");
	char dataset[40];
	(void)snprintf(dataset, sizeof(dataset), "mailwarden.%.20s",
		event_text(event, "event_type"));
	document_set_text(document, "ecs.version", ECS_VERSION);
	document_set_text(document, "event.kind",
		is_alert                     ? "alert"
		: event->kind == EVENT_STATS ? "metric"
					     : "event");
	document_set_text(document, "event.module", "mailwarden");
	document_set_text(document, "event.dataset", dataset);
	document_set_text(document, "event.action",
		is_alert ? event_finding(event) : event_text(event, "event_type"));
	if (event_text(event, "src_ip")) {
		document_add_text(document, "event.category", "network");
		document_add_text(document, "event.type", "connection");
		document_add_text(document, "event.type", "protocol");
	}
	if (is_alert) {
		document_add_text(document, "event.category", "intrusion_detection");
		document_add_text(document, "event.type",
			action && strcmp(action, "blocked") == 0 ? "denied"
								 : "allowed");
		document_set_text(document, "rule.ruleset", "mailwarden");
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

size_t rendering_ecs(const struct event *event,
	const struct rendering_settings *settings, char *text, size_t size)
{
	struct document document;
	(void)settings;
	if (!document_start(&document)) {
		return 0;
	}
	set_time(&document, event->time_us);
	set_event(&document, event);
	copy_time(&document, "event.start", event, "flow.start");
	copy_time(&document, "event.end", event, "flow.end");
	for (size_t i = 0; i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++) {
		document_copy(
			&document, FIELDS[i].path, &event->document, FIELDS[i].from);
	}
	set_network(&document, event);
	set_tls(&document, event);
	set_words(&document, event);
	size_t len = document_write(&document, text, size);
	if (len > size) { /* counters, mostly */
		document_remove(&document, "mail.stats");
		document_remove(&document, "tls");
		len = document_write(&document, text, size);
	}
	document_free(&document);
	return len <= size ? len : 0;
}
