#include "ship/rendering_ecs_fields.h"

#include "ship/rendering_text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define PATH_BYTES 96
#define HASH_BYTES 80
#define SHA1_LEN   40 /* in hexadecimal digits */

enum ecs_kind {
	ECS_AS_IS,
	ECS_KEYWORD, /* a number that nobody adds up */
	ECS_LOWER,   /* a keyword in small letters */
	ECS_TIME,
	ECS_HASH, /* in capitals, without colons; its length says which */
	ECS_MAC,  /* RFC 7042: capitals and hyphens */
	ECS_MADE, /* by rendering_ecs.c out of more than this */
};

/*
 * Elastic Common Schema. Its email.* fields are about messages, not about who may
 * send them: ours are below mail.*, a name it does not use.
 */
static const struct ecs_field {
	const char *path;
	const char *from;
	enum ecs_kind kind;
} FIELDS[] = {
	{"event.id", "event_id", ECS_AS_IS},
	{"event.severity", "alert.severity", ECS_AS_IS},
	{"event.start", "flow.start", ECS_TIME},
	{"event.end", "flow.end", ECS_TIME},
	{"rule.id", "alert.signature_id", ECS_KEYWORD},
	{"rule.name", "alert.signature", ECS_AS_IS},
	{"rule.category", "alert.category", ECS_AS_IS},
	{"rule.version", "alert.rev", ECS_KEYWORD},
	{"rule.reference", "alert.references", ECS_AS_IS},
	{"source.ip", "src_ip", ECS_AS_IS},
	{"source.address", "src_ip", ECS_AS_IS},
	{"source.port", "src_port", ECS_AS_IS},
	{"source.mac", "ether.src_mac|ether.src_macs.0", ECS_MAC},
	{"source.packets", "flow.pkts_toserver", ECS_AS_IS},
	{"source.bytes", "flow.bytes_toserver", ECS_AS_IS},
	{"destination.ip", "dest_ip", ECS_AS_IS},
	{"destination.address", "dest_ip", ECS_AS_IS},
	{"destination.port", "dest_port", ECS_AS_IS},
	{"destination.mac", "ether.dest_mac|ether.dest_macs.0", ECS_MAC},
	{"destination.packets", "flow.pkts_toclient", ECS_AS_IS},
	{"destination.bytes", "flow.bytes_toclient", ECS_AS_IS},
	{"client.ip", "mail.judged_src_ip", ECS_AS_IS},
	{"client.address", "mail.judged_src_ip", ECS_AS_IS},
	{"client.port", "mail.judged_src_port", ECS_AS_IS},
	{"server.ip", "mail.judged_dest_ip", ECS_AS_IS},
	{"server.address", "mail.judged_dest_ip", ECS_AS_IS},
	{"server.port", "mail.judged_dest_port", ECS_AS_IS},
	{"network.protocol", "mail.protocol", ECS_LOWER},
	{"network.community_id", "community_id", ECS_AS_IS},
	{"network.vlan.id", "vlan.0", ECS_KEYWORD},
	{"network.inner.vlan.id", "vlan.1", ECS_KEYWORD},
	{"dns.type", "dns.type", ECS_AS_IS},
	{"dns.question.name", "dns.rrname", ECS_AS_IS},
	{"dns.question.type", "dns.rrtype", ECS_AS_IS},
	{"tls.cipher", "mail.tls_cipher", ECS_AS_IS},
	{"tls.client.server_name", "tls.sni", ECS_AS_IS},
	{"tls.client.ja3", "tls.ja3.hash", ECS_AS_IS},
	{"tls.server.ja3s", "tls.ja3s.hash", ECS_AS_IS},
	{"tls.server.subject", "tls.subject", ECS_AS_IS},
	{"tls.server.x509.alternative_names", "tls.subjectaltname", ECS_AS_IS},
	{"tls.server.issuer", "tls.issuerdn", ECS_AS_IS},
	{"tls.server.not_before", "tls.notbefore", ECS_TIME},
	{"tls.server.not_after", "tls.notafter", ECS_TIME},
	{"tls.server.hash", "tls.fingerprint", ECS_HASH},
	{"tls.server.hash", "mail.certificate_sha256", ECS_HASH},
	{"mail.ja4", "tls.ja4", ECS_AS_IS},
	{"observer.name", "host", ECS_AS_IS},
	{"observer.hostname", "host", ECS_AS_IS},
	{"observer.ingress.interface.name", "in_iface", ECS_AS_IS},
	{"threat.tactic.id", "alert.metadata.mitre_tactic_id", ECS_AS_IS},
	{"threat.tactic.name", "alert.metadata.mitre_tactic_name", ECS_AS_IS},
	{"threat.technique.id", "alert.metadata.mitre_technique_id", ECS_AS_IS},
	{"threat.technique.name", "alert.metadata.mitre_technique_name", ECS_AS_IS},
	{"event.reason", "alert.metadata.detail", ECS_MADE},
	{"mail.severity", "alert.metadata.signature_severity", ECS_MADE},
	{"mail.first", "alert.metadata.first", ECS_TIME},
	{"mail.last", "alert.metadata.last", ECS_TIME},
	{"mail.capture", "pcap_filename", ECS_AS_IS},
	{"mail.flow.id", "flow_id", ECS_KEYWORD},
	{"mail.flow.state", "flow.state", ECS_AS_IS},
	{"mail.verdict_reason", "mail.reason", ECS_AS_IS},
	{"mail.tunnel", "tunnel", ECS_AS_IS},
	{"mail.matrix.row", "mail.row", ECS_AS_IS},
	{"mail.matrix.nearest_row", "mail.nearest_row", ECS_AS_IS},
	{"mail.group.source", "mail.from_group", ECS_AS_IS},
	{"mail.group.destination", "mail.to_group", ECS_AS_IS},
	{"mail.role.source", "mail.from_role", ECS_AS_IS},
	{"mail.role.destination", "mail.to_role", ECS_AS_IS},
	{"source.domain", "mail.from_name", ECS_MADE},
	{"destination.domain", "mail.to_name", ECS_MADE},
	{"mail.starttls.offered", "mail.starttls_offered", ECS_AS_IS},
	{"mail.starttls.state", "mail.starttls", ECS_AS_IS},
	{"mail.auth.mechanism", "mail.auth_mechanism", ECS_AS_IS},
	{"mail.auth.clear", "mail.auth_clear", ECS_AS_IS},
	{"mail.auth.accepted", "mail.auth_accepted", ECS_AS_IS},
	{"mail.from.domain", "mail.mail_from_domain", ECS_AS_IS},
	{"mail.recipients", "mail.rcpt_count", ECS_AS_IS},
	{"mail.process", "sensor.process", ECS_AS_IS},
	{"mail.change", "matrix", ECS_AS_IS},
	{"mail.stats", "stats", ECS_AS_IS},
};

#define FIELD_COUNT (sizeof(FIELDS) / sizeof(FIELDS[0]))

/* EVE's "+0000", or nothing where it means that, as ECS's "Z". */
static void set_time(struct document *document, const char *path, const char *time)
{
	char text[40];
	const char *zone = strstr(time, "+0000");
	const size_t len = zone ? (size_t)(zone - time) : strlen(time);
	(void)snprintf(text, sizeof(text), "%.*sZ", (int)len, time);
	document_set_text(document, path, text);
}

/* Letter by letter by change; a colon becomes sign, or nothing. */
static void change_letters(
	const char *value, int (*change)(int letter), char sign, char text[HASH_BYTES])
{
	size_t len = 0;
	for (; *value && len + 1 < HASH_BYTES; value++) {
		char letter = *value;
		if (letter == ':') {
			letter = sign;
		}
		if (letter != '\0') {
			text[len++] = (char)change((unsigned char)letter);
		}
	}
	text[len] = '\0';
}

static void set_hash(struct document *document, const char *path, const char *value)
{
	char text[HASH_BYTES];
	char whole[PATH_BYTES];
	change_letters(value, toupper, '\0', text);
	(void)snprintf(whole, sizeof(whole), "%s.%s", path,
		strlen(text) == SHA1_LEN ? "sha1" : "sha256");
	document_set_text(document, whole, text);
}

static void set_field(struct document *document, const struct event *event,
	const struct ecs_field *field)
{
	char room[RENDERING_VALUE_BYTES];
	char text[HASH_BYTES];
	if (field->kind == ECS_AS_IS) {
		document_copy(document, field->path, &event->document, field->from);
		return;
	}
	const char *value = rendering_value(event, field->from, room);
	if (!value || field->kind == ECS_MADE) {
		return;
	}
	switch (field->kind) {
	case ECS_TIME:
		set_time(document, field->path, value);
		break;
	case ECS_HASH:
		set_hash(document, field->path, value);
		break;
	case ECS_LOWER:
		change_letters(value, tolower, ':', text);
		document_set_text(document, field->path, text);
		break;
	case ECS_MAC:
		change_letters(value, toupper, '-', text);
		document_set_text(document, field->path, text);
		break;
	default:
		document_set_text(document, field->path, value);
	}
}

struct rest {
	struct document *document;
	const struct event *event;
	const char *folder;
};

static bool is_listed(const char *from)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (strcmp(FIELDS[i].from, from) == 0) {
			return true;
		}
	}
	return false;
}

/* What has no row keeps its name, below mail. */
static void copy_rest(void *context, const char *name)
{
	const struct rest *rest = (const struct rest *)context;
	char from[PATH_BYTES];
	char path[PATH_BYTES];
	(void)snprintf(from, sizeof(from), "%s.%.60s", rest->folder, name);
	(void)snprintf(path, sizeof(path), "mail.%.60s", name);
	if (!is_listed(from)) {
		document_copy(rest->document, path, &rest->event->document, from);
	}
}

void ecs_copy_fields(struct document *document, const struct event *event)
{
	static const char *const FOLDERS[] = {"mail", "alert.metadata"};
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		set_field(document, event, &FIELDS[i]);
	}
	for (size_t i = 0; i < sizeof(FOLDERS) / sizeof(FOLDERS[0]); i++) {
		struct rest rest = {document, event, FOLDERS[i]};
		document_visit_members(&event->document, FOLDERS[i], copy_rest, &rest);
	}
}
