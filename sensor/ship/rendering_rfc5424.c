#include "ship/rendering.h"

#include "base/version.h"
#include "ship/rendering_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NAME_BYTES  256 /* RFC 5424 section 6: HOSTNAME is 255 at most */
#define MSGID_BYTES 33
#define SD_SPECIAL  "\"\\]" /* section 6.3.3 */
#define SD_PART     4       /* of the message: three quarters for structured data */
#define US_PER_S    UINT64_C(1000000)
#define ORIGIN      "[origin software=\"mailwarden\" swVersion=\"" MAILWARDEN_VERSION "\"]"

/* A header field: printable ASCII without blanks (PRINTUSASCII), "-" for none. */
static void put_name(struct rendering_text *out, const char *name, size_t size)
{
	char text[NAME_BYTES];
	size_t len = 0;
	for (; name && name[len] != '\0' && len + 1 < size; len++) {
		text[len] = name[len];
		if (name[len] <= 0x20 || name[len] >= 0x7f) {
			text[len] = '?';
		}
	}
	text[len] = '\0';
	rendering_put(out, len > 0 ? text : "-");
	rendering_put(out, " ");
}

static void put_time(struct rendering_text *out, uint64_t time_us)
{
	char text[40];
	struct tm parts;
	const time_t seconds = (time_t)(time_us / US_PER_S);
	if (time_us == 0 || !gmtime_r(&seconds, &parts)) {
		rendering_put(out, "- ");
		return;
	}
	const size_t len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	(void)snprintf(
		text + len, sizeof(text) - len, ".%06" PRIu64 "Z ", time_us % US_PER_S);
	rendering_put(out, text);
}

static void put_header(struct rendering_text *out, const struct event *event,
	const struct rendering_settings *settings)
{
	const char *finding = event_finding(event);
	rendering_put(out, "<");
	rendering_put_number(out, rendering_priority(settings, event));
	rendering_put(out, ">1 ");
	put_time(out, event->time_us);
	put_name(out, event_text(event, "host"), NAME_BYTES);
	rendering_put(out, "mailwarden ");
	rendering_put_number(out, settings->process_id);
	rendering_put(out, " ");
	put_name(out, finding ? finding : event_text(event, "event_type"), MSGID_BYTES);
}

/* RFC 3164 section 4.1.2: local time, as receivers take it; then the host. */
static void put_bsd_header(struct rendering_text *out, const struct event *event,
	const struct rendering_settings *settings)
{
	char text[40];
	struct tm parts = {.tm_mday = 1};
	const time_t seconds = (time_t)(event->time_us / US_PER_S);
	(void)localtime_r(&seconds, &parts);
	const size_t len = strftime(text, sizeof(text), ">%b %e %H:%M:%S ", &parts);
	text[len] = '\0';
	rendering_put(out, "<");
	rendering_put_number(out, rendering_priority(settings, event));
	rendering_put(out, text);
	put_name(out, event_text(event, "host"), NAME_BYTES);
}

static void put_parameter(
	struct rendering_text *out, const char *name, const char *value)
{
	const size_t mark = out->len;
	rendering_put(out, " ");
	rendering_put(out, name);
	rendering_put(out, "=\"");
	rendering_put_value(out, value, SD_SPECIAL);
	rendering_put(out, "\"");
	(void)rendering_keep(out, mark);
}

/* SD-ID with our enterprise number (section 7.2.2), then who made it (section 7.2). */
static void put_structured_data(struct rendering_text *out, const struct event *event,
	const struct rendering_settings *settings, const char *origin)
{
	char room[RENDERING_VALUE_BYTES];
	rendering_put(out, origin);
	rendering_put(out, "[mail@");
	rendering_put_number(out, settings->enterprise);
	if (out->is_full) {
		return; /* no parameter may hide that */
	}
	for (const struct rendering_field *field = RENDERING_FIELDS; field->name;
		field++) {
		const char *value = rendering_value(event, field->path, room);
		if (value) {
			put_parameter(out, field->name, value);
		}
	}
}

/* NOLINTBEGIN(readability-non-const-parameter): written through the struct */
size_t rendering_header(const struct event *event,
	const struct rendering_settings *settings, char *text, size_t size)
{
	struct rendering_text out = {.text = text, .size = size};
	if (settings->has_bsd_header) {
		put_bsd_header(&out, event, settings);
	} else {
		put_header(&out, event, settings);
		rendering_put(&out, "- "); /* no structured data */
	}
	return out.is_full ? 0 : out.len;
}

size_t rendering_rfc5424(const struct event *event,
	const struct rendering_settings *settings, char *text, size_t size)
/* NOLINTEND(readability-non-const-parameter) */
{
	const size_t behind = size / SD_PART; /* for the end and the sentence */
	struct rendering_text out = {.text = text, .size = size - behind};
	put_header(&out, event, settings);
	put_structured_data(&out, event, settings, ORIGIN);
	if (!rendering_keep(&out, 0)) { /* a host may have 255 letters */
		out.size = size > strlen("] ") ? size - strlen("] ") : 0;
		put_header(&out, event, settings);
		put_structured_data(&out, event, settings, "");
	}
	if (out.is_full) {
		return 0;
	}
	out.size = size;
	rendering_put(&out, "] ");
	rendering_put_sentence(&out, event);
	return out.len;
}
