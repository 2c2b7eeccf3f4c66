#include "ship/rendering.h"

#include "base/version.h"
#include "ship/rendering_text.h"

#include <string.h>

/*
 * ArcSight Common Event Format, revision 27: in the header '|' and '\' are escaped, in
 * the extension '=' and '\'.
 */
#define HEADER_SPECIAL    "|\\"
#define EXTENSION_SPECIAL "=\\"

static const struct rendering_field FIELDS[] = {
	{"src", "src_ip"}, /* of IPv4; else c6a2, c6a3 */
	{"spt", "src_port"},
	{"shost", "mail.from_name"}, /* as DNS on the wire gave them */
	{"dhost", "mail.to_name"},
	{"dst", "dest_ip"},
	{"dpt", "dest_port"},
	{"proto", "proto"},
	{"app", "app_proto"},
	{"act", "alert.action"},
	{"cs1Label=matrixRow cs1", "mail.row"},
	{"cs2Label=recommendation cs2", "alert.metadata.recommendation"},
	{"cs3Label=finding cs3", "alert.metadata.finding"},
	{"cs4Label=fromGroup cs4", "mail.from_group"},
	{"cs5Label=toGroup cs5", "mail.to_group"},
	{"cs6Label=nearestRow cs6", "mail.nearest_row"},
	{"reason", "@reasons"},
	{"msg", "mail.reason"},
	{"externalId", "event_id"},
	{"cnt", "alert.metadata.count"},
	{"outcome", "mail.verdict"},
	{"dvchost", "host"},
	{"deviceInboundInterface", "in_iface"},
	{"flexString1Label=tunnel flexString1", "tunnel.kind"},
	{"flexString2Label=tunnelFrom flexString2", "tunnel.src_ip"},
	{"deviceProcessName", "sensor.process"},
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

static void put_header(struct rendering_text *out, const struct event *event)
{
	char room[RENDERING_VALUE_BYTES];
	const char *id = rendering_value(event, "alert.signature_id", room);
	const char *name = event_text(event, "alert.signature");
	const char *type = event_text(event, "event_type");
	rendering_put(out, "CEF:0|mailwarden|mailwarden|" MAILWARDEN_VERSION "|");
	rendering_put_value(out, id ? id : type, HEADER_SPECIAL);
	rendering_put(out, "|");
	rendering_put_value(out, name ? name : type, HEADER_SPECIAL);
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

/* src and dst are addresses of IPv4 only. */
static const char *name_of(const struct rendering_field *field, const char *value)
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

/* NOLINTBEGIN(readability-non-const-parameter): written through the struct */
size_t rendering_cef(const struct event *event,
	const struct rendering_settings *settings, char *text, size_t size)
/* NOLINTEND(readability-non-const-parameter) */
{
	struct rendering_text out = {.text = text, .size = size};
	char room[RENDERING_VALUE_BYTES];
	(void)settings;
	put_header(&out, event);
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
		const char *value = rendering_value(event, field->path, room);
		if (value) {
			put_pair(&out, name_of(field, value), value);
		}
	}
	return out.len;
}
