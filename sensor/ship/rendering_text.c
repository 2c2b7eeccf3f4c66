#include "ship/rendering_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct rendering_field RENDERING_FIELDS[] = {
	{"event", "event_type"},
	{"finding", "alert.metadata.finding"},
	{"severity", "@severity"},
	{"src", "@source"},
	{"from", "mail.from_group"},
	{"dst", "@destination"},
	{"to", "mail.to_group"},
	{"from_name", "mail.from_name"}, /* as DNS on the wire gave them */
	{"to_name", "mail.to_name"},
	{"proto", "app_proto"},
	{"verdict", "mail.verdict"},
	{"row", "mail.row"},
	{"nearest", "mail.nearest_row"},
	{"process", "sensor.process"},
	{"matrix", "matrix.action"},
	{"event_id", "event_id"},
	{"reason", "@reason"},
	{"detail", "alert.metadata.detail"},
	{"also", "alert.metadata.also"},
	{"hosts", "alert.metadata.hosts"},
	{"prefix", "alert.metadata.prefix"},
	{"update", "alert.metadata.update"},
	{"action", "alert.action"},
	{"count", "alert.metadata.count"},
	{"recommendation", "alert.metadata.recommendation"},
	{"technique", "alert.metadata.mitre_technique_id"},
	{"tls", "mail.tls"},
	{"starttls", "mail.starttls"},
	{"tls_version", "tls.version"},
	{"sni", "tls.sni"},
	{"auth_clear", "mail.auth_clear"},
	{"helo", "mail.helo"},
	{"mail_from_domain", "mail.mail_from_domain"},
	{"messages", "mail.messages"},
	{"first", "alert.metadata.first"},
	{"last", "alert.metadata.last"},
	{"time", "timestamp"},
	{"host", "host"},
	{"interface", "in_iface"},
	{"capture", "pcap_filename"},
	{"community_id", "community_id"},
	{"tunnel", "tunnel.kind"},
	{"tunnel_id", "tunnel.id"},
	{"tunnel_src", "tunnel.src_ip"},
	{"tunnel_dest", "tunnel.dest_ip"},
	{"tunnel_depth", "tunnel.depth"},
	{NULL, NULL},
};

static void put_bytes(struct rendering_text *out, const char *bytes, size_t len)
{
	if (out->is_full || len > out->size - out->len) {
		out->is_full = true;
		return;
	}
	memcpy(out->text + out->len, bytes, len);
	out->len += len;
}

void rendering_put(struct rendering_text *out, const char *words)
{
	put_bytes(out, words, strlen(words));
}

void rendering_put_number(struct rendering_text *out, uint64_t number)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%" PRIu64, number);
	rendering_put(out, text);
}

void rendering_put_value(
	struct rendering_text *out, const char *value, const char *special)
{
	for (; *value; value++) {
		const unsigned char byte = (unsigned char)*value;
		if (byte < 0x20 || byte == 0x7f) {
			put_bytes(out, "?", 1);
			continue;
		}
		if (strchr(special, *value)) {
			put_bytes(out, "\\", 1);
		}
		put_bytes(out, value, 1);
	}
}

bool rendering_keep(struct rendering_text *out, size_t mark)
{
	if (!out->is_full) {
		return true;
	}
	out->len = mark;
	out->is_full = false;
	return false;
}

static const char *end_of(const struct event *event, const char *address_path,
	const char *port_path, char room[RENDERING_VALUE_BYTES])
{
	const char *address = event_text(event, address_path);
	if (!address) {
		return NULL;
	}
	const bool is_v6 = strchr(address, ':') != NULL;
	(void)snprintf(room, RENDERING_VALUE_BYTES, "%s%.64s%s:%" PRIu64,
		is_v6 ? "[" : "", address, is_v6 ? "]" : "",
		event_number(event, port_path, 0));
	return room;
}

/* A text, or what an object is about. */
static const char *item_of(const struct event *event, const char *path, size_t index)
{
	char below[96];
	const char *item = document_item(&event->document, path, index);
	(void)snprintf(below, sizeof(below), "%.60s.%zu.finding", path, index);
	return item ? item : event_text(event, below);
}

static const char *join(
	const struct event *event, const char *path, char room[RENDERING_VALUE_BYTES])
{
	size_t len = 0;
	for (size_t i = 0; i < document_count(&event->document, path); i++) {
		const char *item = item_of(event, path, i);
		const int more = snprintf(room + len, RENDERING_VALUE_BYTES - len,
			"%s%.64s", i ? "," : "", item ? item : "");
		if (more < 0 || (size_t)more >= RENDERING_VALUE_BYTES - len) {
			break;
		}
		len += (size_t)more;
	}
	room[len] = '\0';
	return len > 0 ? room : NULL;
}

/* What was seen, and what else has the same cause. */
static const char *detail_of(
	const struct event *event, char room[RENDERING_VALUE_BYTES])
{
	char others[RENDERING_VALUE_BYTES];
	const char *detail = event_text(event, "alert.metadata.detail");
	const char *also = join(event, "alert.metadata.also", others);
	if (!also) {
		return detail;
	}
	(void)snprintf(room, RENDERING_VALUE_BYTES, "%.160s%salso %.300s",
		detail ? detail : "", detail ? "; " : "", also);
	return room;
}

static const char *made_value(
	const struct event *event, const char *path, char room[RENDERING_VALUE_BYTES])
{
	if (strcmp(path, "@source") == 0) {
		return end_of(event, "src_ip", "src_port", room);
	}
	if (strcmp(path, "@destination") == 0) {
		return end_of(event, "dest_ip", "dest_port", room);
	}
	if (strcmp(path, "@severity") == 0) {
		return event->kind == EVENT_ALERT ? severity_name(event->severity)
						  : NULL;
	}
	if (strcmp(path, "@detail") == 0) {
		return detail_of(event, room);
	}
	const char *reason = event_text(event, "mail.reason");
	if (!reason) {
		reason = event_text(event, "alert.metadata.detail");
	}
	return reason ? reason : event_text(event, "matrix.problem");
}

const char *rendering_value(
	const struct event *event, const char *path, char room[RENDERING_VALUE_BYTES])
{
	uint64_t number;
	bool is_true;
	if (path[0] == '@') {
		return made_value(event, path, room);
	}
	const char *text = event_text(event, path);
	if (text) {
		return text;
	}
	if (document_number(&event->document, path, &number)) {
		(void)snprintf(room, RENDERING_VALUE_BYTES, "%" PRIu64, number);
		return room;
	}
	if (document_flag(&event->document, path, &is_true)) {
		return is_true ? "true" : "false";
	}
	return join(event, path, room);
}

static void put_or(struct rendering_text *out, const struct event *event,
	const char *path, const char *missing)
{
	char room[RENDERING_VALUE_BYTES];
	const char *value = rendering_value(event, path, room);
	rendering_put_value(out, value ? value : missing, "");
}

void rendering_put_sentence(struct rendering_text *out, const struct event *event)
{
	const size_t mark = out->len;
	if (event->kind == EVENT_ALERT) {
		put_or(out, event, "alert.signature", "alert");
	} else {
		put_or(out, event, "event_type", "event");
	}
	if (event_text(event, "src_ip")) {
		rendering_put(out, ": ");
		put_or(out, event, "@source", "");
		rendering_put(out, " (");
		put_or(out, event, "mail.from_group", "unknown");
		rendering_put(out, ") -> ");
		put_or(out, event, "@destination", "");
		rendering_put(out, " (");
		put_or(out, event, "mail.to_group", "unknown");
		rendering_put(out, ") ");
		put_or(out, event, "app_proto", "");
	}
	(void)rendering_keep(out, mark);
	const size_t behind = out->len;
	char room[RENDERING_VALUE_BYTES];
	const char *reason = rendering_value(event, "@reason", room);
	if (reason) {
		rendering_put(out, ": ");
		rendering_put_value(out, reason, "");
		(void)rendering_keep(out, behind);
	}
}
