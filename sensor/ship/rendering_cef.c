#include "ship/rendering.h"

#include "base/version.h"
#include "ship/rendering_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * ArcSight Common Event Format, revision 27: in the header '|' and '\' are escaped, in
 * the extension '=' and '\'.
 */
#define HEADER_SPECIAL    "|\\"
#define EXTENSION_SPECIAL "=\\"

#define EXTERNAL_ID_BYTES 41 /* the dictionary's 40 */
#define ID_TAIL_BYTES     23

/*
 * The dictionary's names. What it has none for has the vendor's before it, as the
 * revision wants of extensions of one's own. Translated addresses are those on the wire,
 * where a proxy stands in for who is meant.
 */
static const struct rendering_field FIELDS[] = {
	{"src", RENDERING_SOURCE},
	{"spt", RENDERING_SOURCE_PORT},
	{"shost", "mail.from_name"}, /* as DNS on the wire gave them */
	{"dhost", "mail.to_name"},
	{"dst", RENDERING_DESTINATION},
	{"dpt", RENDERING_DESTINATION_PORT},
	{"proto", "proto"},
	{"app", "mail.protocol"},
	{"act", "alert.action"},
	{"cs1Label=matrixRow cs1", "mail.row"},
	{"cs2Label=recommendation cs2", "alert.metadata.recommendation"},
	{"cs3Label=finding cs3", "alert.metadata.finding"},
	{"cs4Label=fromGroup cs4", "mail.from_group"},
	{"cs5Label=toGroup cs5", "mail.to_group"},
	{"cs6Label=nearestRow cs6", "mail.nearest_row"},
	{"reason", "@reasons"},
	{"msg", "mail.reason"},
	{"sourceTranslatedAddress", "@wire.src_ip"},
	{"sourceTranslatedPort", "@wire.src_port"},
	{"destinationTranslatedAddress", "@wire.dest_ip"},
	{"destinationTranslatedPort", "@wire.dest_port"},
	{"externalId", "event_id"},
	{"cat", "alert.category|event_type"},
	{"cnt", "alert.metadata.count"},
	{"start", "@ms.alert.metadata.first|@ms.flow.start"},
	{"end", "@ms.alert.metadata.last|@ms.flow.end"},
	{"in", "flow.bytes_toserver"},
	{"out", "flow.bytes_toclient"},
	{"outcome", "mail.verdict"},
	{"smac", "ether.src_mac|ether.src_macs.0"},
	{"dmac", "ether.dest_mac|ether.dest_macs.0"},
	{"dvchost", "host"},
	{"deviceInboundInterface", "in_iface"},
	{"cn1Label=flowId cn1", "flow_id"},
	{"flexString1Label=tunnel flexString1", "tunnel.kind"},
	{"flexString2Label=tunnelFrom flexString2", "tunnel.src_ip"},
	{"deviceProcessName", "sensor.process"},
	{"mailwardenEventId", "event_id"},
	{"mailwardenCommunityId", "community_id"},
	{"mailwardenAttackTechnique", "alert.metadata.mitre_technique_id"},
	{"mailwardenProxiedBy", "mail.proxied_by"},
	{"mailwardenHelo", "mail.helo"},
	{"mailwardenMailFromDomain", "mail.mail_from_domain"},
	{NULL, NULL},
};

/* 0 to 10, 10 the worst. */
static unsigned cef_severity(enum severity severity)
{
	static const unsigned SEVERITIES[] = {[SEVERITY_NONE] = 0,
		[SEVERITY_CRITICAL] = 10,
		[SEVERITY_HIGH] = 8,
		[SEVERITY_MEDIUM] = 5,
		[SEVERITY_LOW] = 3};
	return SEVERITIES[severity];
}

/* Short where the values are longer than any of ours. */
static void put_header(
	struct rendering_text *out, const struct event *event, bool is_short)
{
	char room[RENDERING_VALUE_BYTES];
	const char *id = rendering_value(event, "alert.signature_id", room);
	const char *name = event_text(event, "alert.signature");
	const char *type = event_text(event, "event_type");
	rendering_put(out, "CEF:0|mailwarden|mailwarden|" MAILWARDEN_VERSION "|");
	rendering_put_value(out, id && !is_short ? id : type, HEADER_SPECIAL);
	rendering_put(out, "|");
	rendering_put_value(out, name && !is_short ? name : type, HEADER_SPECIAL);
	rendering_put(out, "|");
	rendering_put_number(out, cef_severity(event->severity));
	rendering_put(out, "|");
}

static void put_pair(struct rendering_text *out, const char *name, const char *value)
{
	const size_t mark = out->len;
	rendering_put(out, " ");
	rendering_put(out, name);
	rendering_put(out, "=");
	rendering_put_value(out, value, EXTENSION_SPECIAL);
	(void)rendering_keep(out, mark);
}

/* As it was before src and dst took IPv6. */
static const char *labelled_name(const struct rendering_field *field, const char *value)
{
	if (!strchr(value, ':')) {
		return field->name;
	}
	if (strcmp(field->name, "src") == 0) {
		return "c6a2Label=Source IPv6 Address c6a2";
	}
	return strcmp(field->name, "dst") == 0
		       ? "c6a3Label=Destination IPv6 Address c6a3"
		       : field->name;
}

/* One that is too long: a hash of it all (FNV-1a) and its end, which counts. */
static const char *external_id(const char *id, char room[EXTERNAL_ID_BYTES])
{
	const size_t len = strlen(id);
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	if (len < EXTERNAL_ID_BYTES) {
		return id;
	}
	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ (unsigned char)id[i]) * UINT64_C(0x100000001b3);
	}
	(void)snprintf(room, EXTERNAL_ID_BYTES, "%016" PRIx64 "-%s", hash,
		id + len - ID_TAIL_BYTES);
	return room;
}

static void put_field(struct rendering_text *out, const struct event *event,
	const struct rendering_field *field, bool is_ipv6_labelled)
{
	char room[RENDERING_VALUE_BYTES];
	char id[EXTERNAL_ID_BYTES];
	const char *value = rendering_value(event, field->path, room);
	if (!value) {
		return;
	}
	if (strcmp(field->name, "externalId") == 0) {
		value = external_id(value, id);
	}
	put_pair(out, is_ipv6_labelled ? labelled_name(field, value) : field->name,
		value);
}

/* NOLINTBEGIN(readability-non-const-parameter): written through the struct */
size_t rendering_cef(const struct event *event,
	const struct rendering_settings *settings, char *text, size_t size)
/* NOLINTEND(readability-non-const-parameter) */
{
	struct rendering_text out = {.text = text, .size = size};
	put_header(&out, event, false);
	if (!rendering_keep(&out, 0)) {
		put_header(&out, event, true);
	}
	if (out.is_full) {
		return 0;
	}
	const size_t mark = out.len;
	rendering_put(&out, "rt="); /* ms since 1970: the others come behind a blank */
	rendering_put_number(&out, event->time_us / 1000);
	if (!rendering_keep(&out, mark)) {
		return out.len;
	}
	for (const struct rendering_field *field = FIELDS; field->name; field++) {
		put_field(&out, event, field, settings->is_ipv6_labelled);
	}
	return out.len;
}
