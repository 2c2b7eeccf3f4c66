#include "ship/rendering.h"

#include <string.h>

#define CEE_COOKIE "@cee: " /* CEE 1.0: what rsyslog's mmjsonparse looks for */

/* Where the whole record is too long: what an alert is about. */
static const char *const SHORT_PATHS[] = {"timestamp", "event_id", "event_type", "host",
	"src_ip", "src_port", "dest_ip", "dest_port", "proto", "app_proto",
	"community_id", "alert.signature_id", "alert.signature", "alert.severity",
	"alert.action", "alert.metadata.finding", "alert.metadata.count",
	"mail.verdict", "mail.row", "mail.nearest_row", "mail.from_group",
	"mail.to_group", "mail.from_name", "mail.to_name", "mail.reason",
	"alert.metadata.detail", NULL};

static size_t write_short(const struct event *event, char *text, size_t size)
{
	struct document document;
	if (!document_start(&document)) {
		return 0;
	}
	document_set_flag(&document, "shortened", true);
	document_copy_within(&document, &event->document, SHORT_PATHS, size);
	const size_t len = document_write(&document, text, size);
	document_free(&document);
	return len <= size ? len : 0;
}

size_t rendering_eve(const struct event *event,
	const struct rendering_settings *settings, char *text, size_t size)
{
	(void)settings;
	if (event->len > size) {
		return write_short(event, text, size);
	}
	memcpy(text, event->line, event->len);
	return event->len;
}

size_t rendering_cee(const struct event *event,
	const struct rendering_settings *settings, char *text, size_t size)
{
	const size_t cookie = sizeof(CEE_COOKIE) - 1;
	if (size < cookie) {
		return 0;
	}
	memcpy(text, CEE_COOKIE, cookie);
	const size_t len = rendering_eve(event, settings, text + cookie, size - cookie);
	return len > 0 ? cookie + len : 0;
}
