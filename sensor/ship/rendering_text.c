#include "ship/rendering_text.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PATH_BYTES 96
#define MS_PREFIX  "@ms."
#define US_PER_MS  1000

const struct rendering_field RENDERING_FIELDS[] = {
	{"event", "event_type"},
	{"finding", "alert.metadata.finding"},
	{"severity", "@severity"},
	{"src", RENDERING_SOURCE},
	{"src_port", RENDERING_SOURCE_PORT},
	{"from", "mail.from_group"},
	{"dst", RENDERING_DESTINATION},
	{"dst_port", RENDERING_DESTINATION_PORT},
	{"to", "mail.to_group"},
	{"proto", "mail.protocol"},
	{"verdict", "mail.verdict"},
	{"row", "mail.row"},
	{"nearest", "mail.nearest_row"},
	{"process", "sensor.process"},
	{"matrix", "matrix.action"},
	{"reason", RENDERING_REASON},
	{"verdict_reason", "mail.reason"},
	{"event_id", "event_id"},
	{"flow_id", "flow_id"},
	{"proxied_by", "mail.proxied_by"},
	{"wire_src", "@wire.src_ip"},
	{"wire_src_port", "@wire.src_port"},
	{"wire_dst", "@wire.dest_ip"},
	{"wire_dst_port", "@wire.dest_port"},
	{"from_name", "mail.from_name"}, /* as DNS on the wire gave them */
	{"to_name", "mail.to_name"},
	{"also", "alert.metadata.also"},
	{"accepted", "mail.accepted"},
	{"hosts", "alert.metadata.hosts"},
	{"prefix", "alert.metadata.prefix"},
	{"update", "alert.metadata.update"},
	{"action", "alert.action"},
	{"would_block", "alert.metadata.would_block"},
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
	{"query", "dns.rrname"},
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
	while (*value) {
		uint32_t code = 0;
		const size_t len = utf8_read(value, &code);
		if (len == 0 || utf8_is_control(code)) {
			put_bytes(out, "?", 1);
		} else {
			put_bytes(out, "\\", strchr(special, *value) ? 1 : 0);
			put_bytes(out, value, len);
		}
		value += len > 0 ? len : 1;
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

/* RENDERING_REASON, and what else has the same cause. */
static const char *reasons_of(
	const struct event *event, char room[RENDERING_VALUE_BYTES])
{
	char others[RENDERING_VALUE_BYTES];
	const char *reason = event_text(event, "alert.metadata.detail");
	const char *also = join(event, "alert.metadata.also", others);
	reason = reason ? reason : event_text(event, "mail.reason");
	reason = reason ? reason : event_text(event, "matrix.problem");
	if (!also) {
		return reason;
	}
	(void)snprintf(room, RENDERING_VALUE_BYTES, "%.400s%salso %.400s",
		reason ? reason : "", reason ? "; " : "", also);
	return room;
}

static const char *value_at(
	const struct event *event, const char *path, char room[RENDERING_VALUE_BYTES])
{
	uint64_t number;
	bool is_true;
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

static const char *ms_of(
	const struct event *event, const char *path, char room[RENDERING_VALUE_BYTES])
{
	const uint64_t time_us = event_time(event, path);
	(void)snprintf(room, RENDERING_VALUE_BYTES, "%" PRIu64, time_us / US_PER_MS);
	return time_us > 0 ? room : NULL;
}

static const char *made_value(
	const struct event *event, const char *path, char room[RENDERING_VALUE_BYTES])
{
	if (strcmp(path, "@severity") == 0) {
		return event_finding(event) ? severity_name(event->severity) : NULL;
	}
	if (strcmp(path, "@reasons") == 0) {
		return reasons_of(event, room);
	}
	if (strncmp(path, MS_PREFIX, strlen(MS_PREFIX)) == 0) {
		return ms_of(event, path + strlen(MS_PREFIX), room);
	}
	/* "@wire.": where the ends that were judged are others */
	return event_text(event, "mail.proxied_by")
		       ? value_at(event, strchr(path, '.') + 1, room)
		       : NULL;
}

const char *rendering_value(
	const struct event *event, const char *path, char room[RENDERING_VALUE_BYTES])
{
	const char *value = NULL;
	while (path && !value) {
		char one[PATH_BYTES];
		const char *bar = strchr(path, '|');
		const size_t len = bar ? (size_t)(bar - path) : strlen(path);
		(void)snprintf(one, sizeof(one), "%.*s", (int)len, path);
		value = one[0] == '@' ? made_value(event, one, room)
				      : value_at(event, one, room);
		path = bar ? bar + 1 : NULL;
	}
	return value;
}

static void put_or(struct rendering_text *out, const struct event *event,
	const char *path, const char *missing)
{
	char room[RENDERING_VALUE_BYTES];
	const char *value = rendering_value(event, path, room);
	rendering_put_value(out, value ? value : missing, "");
}

/* "192.0.2.1:25", "[2001:db8::1]:25" */
static void put_end(struct rendering_text *out, const struct event *event,
	const char *address_path, const char *port_path)
{
	char room[RENDERING_VALUE_BYTES];
	const char *address = rendering_value(event, address_path, room);
	const bool is_v6 = address && strchr(address, ':');
	rendering_put(out, is_v6 ? "[" : "");
	rendering_put_value(out, address ? address : "", "");
	rendering_put(out, is_v6 ? "]:" : ":");
	put_or(out, event, port_path, "0");
}

/* Who to whom; what a proxy stands between, and how it is on the wire. */
static void put_ends(struct rendering_text *out, const struct event *event)
{
	rendering_put(out, ": ");
	put_end(out, event, RENDERING_SOURCE, RENDERING_SOURCE_PORT);
	rendering_put(out, " (");
	put_or(out, event, "mail.from_group", "unknown");
	rendering_put(out, ") -> ");
	put_end(out, event, RENDERING_DESTINATION, RENDERING_DESTINATION_PORT);
	rendering_put(out, " (");
	put_or(out, event, "mail.to_group", "unknown");
	rendering_put(out, ") ");
	put_or(out, event, "mail.protocol", "");
	if (event_text(event, "mail.proxied_by")) {
		rendering_put(out, ", ");
		put_or(out, event, "mail.proxied_by", "");
		rendering_put(out, ", on the wire ");
		put_end(out, event, "src_ip", "src_port");
		rendering_put(out, " -> ");
		put_end(out, event, "dest_ip", "dest_port");
	}
}

static void put_why(struct rendering_text *out, const char *sign, const char *why)
{
	const size_t mark = out->len;
	rendering_put(out, sign);
	rendering_put_value(out, why, "");
	(void)rendering_keep(out, mark);
}

void rendering_put_sentence(struct rendering_text *out, const struct event *event)
{
	const size_t mark = out->len;
	char room[RENDERING_VALUE_BYTES];
	put_or(out, event, "alert.signature|event_type", "event");
	if (event_text(event, "src_ip")) {
		put_ends(out, event);
	}
	(void)rendering_keep(out, mark);
	const char *reason = rendering_value(event, RENDERING_REASON, room);
	const char *verdict = event_text(event, "mail.reason");
	if (!reason) {
		return;
	}
	put_why(out, ": ", reason);
	if (verdict && strcmp(verdict, reason) != 0) {
		put_why(out, "; ", verdict);
	}
}
