/*
 * ship/rendering - one event in the words of a receiver: kv, CEF, ECS, RFC 5424 ...
 *
 * The EVE line of the journal is the record; these are views of it. Values come from
 * the network: no control byte, quote or separator of theirs can end a field, start
 * another or break the line. To add one: a function in a file rendering_*.c, a row in
 * rendering.c.
 */
#pragma once

#include "base/schema.h"
#include "ship/event.h"

#define RENDERING_BYTES_MAX  65536
#define RENDERING_BYTES_MIN  480 /* every receiver takes so much: RFC 5424 section 6.1 */
#define RENDERING_SEVERITIES (SEVERITY_LOW + 1)

struct rendering_settings {
	unsigned facility; /* RFC 5424 section 6.2.1: 0 to 23 */
	/* 0 to 7, by enum severity; [0]: no alert */
	unsigned levels[RENDERING_SEVERITIES];
	uint32_t enterprise; /* private enterprise number of our SD-ID */
	unsigned process_id;
	size_t limit;          /* bytes of a message; 0: as the form has it */
	bool has_bsd_header;   /* of CEF: RFC 3164's, not RFC 5424's */
	bool is_ipv6_labelled; /* in CEF: not in src and dst, which were for IPv4 */
	uint64_t now_us;       /* when it is rendered; 0: now */
};

struct rendering {
	const char *name;
	const char *what;
	size_t limit; /* where none is set */
	/*
	 * Into size bytes, without NUL. What matters most comes first; what does not fit
	 * is left out, so that the result is well formed whatever its length. 0: no memory,
	 * or less room than RENDERING_BYTES_MIN, in which there is room for every record.
	 */
	size_t (*write)(const struct event *event,
		const struct rendering_settings *settings, char *text, size_t size);
};

const struct rendering *rendering_find(const char *name);
const struct rendering *rendering_at(size_t index); /* NULL behind the last */

/* rendering_find's names, for a key; NULL behind the last. */
extern const char *const RENDERING_NAMES[];

size_t rendering_write(const struct rendering *rendering, const struct event *event,
	const struct rendering_settings *settings, char text[RENDERING_BYTES_MAX]);

/* PRI of a message: facility times 8 plus level. */
unsigned rendering_priority(
	const struct rendering_settings *settings, const struct event *event);

/* The keys of an output that renders; a shipper has them among its own. */
#define RENDERING_KEYS(form)                                                          \
	{.name = "form",                                                              \
		.help = "eve, kv, cee, cef, ecs or rfc5424",                          \
		.kind = SCHEMA_WORD,                                                  \
		.words = RENDERING_NAMES,                                             \
		.standard = (form)},                                                  \
		{.name = "facility",                                                  \
			.help = "of syslog: local0 to local7, daemon, auth ...",      \
			.kind = SCHEMA_WORD,                                          \
			.words = RENDERING_FACILITIES,                                \
			.standard = "local4"},                                        \
		{.name = "levels",                                                    \
			.help = "of syslog, by severity: {critical: alert, high: "    \
				"err, "                                               \
				"medium: warning, low: notice, other: info}",         \
			.kind = SCHEMA_MAP,                                           \
			.names = RENDERING_SEVERITY_NAMES,                            \
			.words = RENDERING_LEVELS},                                   \
		{.name = "enterprise",                                                \
			.help = "private enterprise number of structured data",       \
			.kind = SCHEMA_NUMBER,                                        \
			.standard = "32473",                                          \
			.least = 1,                                                   \
			.most = UINT32_MAX},                                          \
		{.name = "cef_ipv6",                                                  \
			.help = "IPv6 in CEF: in src, or in c6a2 as it once was",     \
			.kind = SCHEMA_WORD,                                          \
			.words = RENDERING_CEF_IPV6,                                  \
			.standard = "src"},                                           \
	{                                                                             \
		.name = "limit",                                                      \
		.help = "longest message in bytes; 0: 2048, JSON 7500",               \
		.kind = SCHEMA_NUMBER, .standard = "0", .least = RENDERING_BYTES_MIN, \
		.most = RENDERING_BYTES_MAX                                           \
	}
extern const char *const RENDERING_CEF_IPV6[];
extern const char *const RENDERING_FACILITIES[];
extern const char *const RENDERING_LEVELS[];
extern const char *const RENDERING_SEVERITY_NAMES[];

/* Read the values of these keys. */
struct rendering_settings rendering_settings_read(const struct schema_values *values);
const struct rendering *rendering_of(const struct schema_values *values);

/*
 * The header before a body in another form: of RFC 5424, without structured data, but
 * before CEF the time and the host alone, as its guide has it. Into size bytes without
 * NUL. 0: it does not fit.
 */
size_t rendering_header(const struct event *event,
	const struct rendering_settings *settings, char *text, size_t size);

#define RENDERING_MESSAGE_BYTES (2 * RENDERING_BYTES_MAX)

/*
 * A message of syslog over a network, without NUL: that of RFC 5424, or its header before a
 * body in another form. 0: no memory.
 */
size_t rendering_message(const struct rendering *rendering, const struct event *event,
	const struct rendering_settings *settings,
	char message[RENDERING_MESSAGE_BYTES]);

/* rendering_kv.c, rendering_json.c, rendering_cef.c, rendering_ecs.c, rendering_rfc5424.c */
size_t rendering_kv(const struct event *event,
	const struct rendering_settings *settings, char *text, size_t size);
size_t rendering_eve(const struct event *event,
	const struct rendering_settings *settings, char *text, size_t size);
size_t rendering_cee(const struct event *event,
	const struct rendering_settings *settings, char *text, size_t size);
size_t rendering_cef(const struct event *event,
	const struct rendering_settings *settings, char *text, size_t size);
size_t rendering_ecs(const struct event *event,
	const struct rendering_settings *settings, char *text, size_t size);
size_t rendering_rfc5424(const struct event *event,
	const struct rendering_settings *settings, char *text, size_t size);
