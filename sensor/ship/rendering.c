#include "ship/rendering.h"

#include "base/clock.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#define TEXT_LIMIT 2048 /* RFC 5424 section 6.1: every receiver should take it */
#define JSON_LIMIT 7500 /* rsyslog takes 8 KiB where not told otherwise */

static const struct rendering RENDERINGS[] = {
	{"eve", "the EVE JSON of the journal", RENDERING_BYTES_MAX, rendering_eve},
	{"kv", "key=value", TEXT_LIMIT, rendering_kv},
	{"cee", "@cee: and JSON (rsyslog mmjsonparse)", JSON_LIMIT, rendering_cee},
	{"cef", "ArcSight CEF", TEXT_LIMIT, rendering_cef},
	{"ecs", "Elastic Common Schema 8 JSON", JSON_LIMIT, rendering_ecs},
	{"rfc5424", "RFC 5424 with structured data", TEXT_LIMIT, rendering_rfc5424},
};

const char *const RENDERING_NAMES[] = {
	"eve", "kv", "cee", "cef", "ecs", "rfc5424", NULL};

const char *const RENDERING_CEF_IPV6[] = {"src", "c6a2", NULL};

/* RFC 5424 section 6.2.1, in its order. */
const char *const RENDERING_FACILITIES[] = {"kern", "user", "mail", "daemon", "auth",
	"syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit",
	"alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5",
	"local6", "local7", NULL};
const char *const RENDERING_LEVELS[] = {
	"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", NULL};
const char *const RENDERING_SEVERITY_NAMES[] = {
	"other", "critical", "high", "medium", "low", NULL};
static const char *const STANDARD_LEVELS[] = {
	"info", "alert", "err", "warning", "notice"};

const struct rendering *rendering_at(size_t index)
{
	return index < sizeof(RENDERINGS) / sizeof(RENDERINGS[0]) ? &RENDERINGS[index]
								  : NULL;
}

const struct rendering *rendering_find(const char *name)
{
	const struct rendering *rendering;
	for (size_t i = 0; (rendering = rendering_at(i)) != NULL; i++) {
		if (strcmp(rendering->name, name) == 0) {
			return rendering;
		}
	}
	return NULL;
}

static unsigned index_of(const char *const *words, const char *word)
{
	unsigned i = 0;
	while (words[i] && strcmp(words[i], word) != 0) {
		i++;
	}
	assert(words[i]);
	return i;
}

struct rendering_settings rendering_settings_read(const struct schema_values *values)
{
	struct rendering_settings settings = {.facility = index_of(RENDERING_FACILITIES,
						      schema_text(values, "facility")),
		.enterprise = (uint32_t)schema_number(values, "enterprise"),
		.process_id = (unsigned)getpid(),
		.has_bsd_header = strcmp(schema_text(values, "form"), "cef") == 0,
		.is_ipv6_labelled =
			strcmp(schema_text(values, "cef_ipv6"), "c6a2") == 0,
		.limit = schema_number(values, "limit")};
	for (unsigned i = 0; i < RENDERING_SEVERITIES; i++) {
		const char *given =
			schema_mapped(values, "levels", RENDERING_SEVERITY_NAMES[i]);
		settings.levels[i] =
			index_of(RENDERING_LEVELS, given ? given : STANDARD_LEVELS[i]);
	}
	return settings;
}

const struct rendering *rendering_of(const struct schema_values *values)
{
	return rendering_find(schema_text(values, "form"));
}

size_t rendering_write(const struct rendering *rendering, const struct event *event,
	const struct rendering_settings *settings, char text[RENDERING_BYTES_MAX])
{
	const size_t limit = settings->limit ? settings->limit : rendering->limit;
	struct rendering_settings now = *settings;
	now.now_us = now.now_us > 0 ? now.now_us : clock_realtime_us();
	return rendering->write(event, &now, text, limit);
}

unsigned rendering_priority(
	const struct rendering_settings *settings, const struct event *event)
{
	return settings->facility * 8 + settings->levels[event->severity];
}

size_t rendering_message(const struct rendering *rendering, const struct event *event,
	const struct rendering_settings *settings,
	char message[RENDERING_MESSAGE_BYTES])
{
	size_t len = 0;
	if (rendering->write != rendering_rfc5424) {
		len = rendering_header(event, settings, message, RENDERING_BYTES_MAX);
		if (len == 0) {
			return 0;
		}
	}
	const size_t body = rendering_write(rendering, event, settings, message + len);
	return body > 0 ? len + body : 0;
}
