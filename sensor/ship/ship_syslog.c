#include "ship/ship_syslog.h"

#include "ship/output.h"
#include "ship/rendering.h"
#include "ship/taking.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#ifdef HAVE_LIBLOGGING
#include <liblogging/stdlog.h>
#endif

#define CEF_NAME "CEF:" /* what CEF begins with is the name of its messages */
#define ROOM_MS  5000
#define LOG_PATH "/dev/log"

struct ship_syslog {
	const char *ident;
	bool is_cef;
	const struct rendering *rendering;
	struct rendering_settings settings;
	struct log_socket log;
	bool is_open;
	struct taking taking;
#ifdef HAVE_LIBLOGGING
	stdlog_channel_t channel;
	char frame[RENDERING_BYTES_MAX + 128]; /* its header is short */
#endif
	char text[RENDERING_BYTES_MAX + 1];
};

static const struct schema_key KEYS[] = {
	{.name = "ident", .help = "name before the message", .standard = "mailwarden"},
	RENDERING_KEYS("kv"),
	{.name = NULL},
};

#ifdef HAVE_LIBLOGGING

static bool library_open(struct ship_syslog *state)
{
	state->channel = stdlog_open(state->ident, state->is_cef ? 0 : STDLOG_PID,
		(int)state->settings.facility, "syslog:");
	return state->channel != NULL;
}

static bool library_send(struct ship_syslog *state, unsigned level, const char *text)
{
	return stdlog_log_b(state->channel, (int)level, state->frame,
		       sizeof(state->frame), "%s", text) == 0;
}

static void library_close(struct ship_syslog *state)
{
	stdlog_close(state->channel);
}

#else

static bool library_open(struct ship_syslog *state)
{
	openlog(state->ident, (state->is_cef ? 0 : LOG_PID) | LOG_NDELAY,
		(int)(state->settings.facility << 3));
	return true;
}

/* syslog(3) tells nothing; log_socket does. */
static bool library_send(struct ship_syslog *state, unsigned level, const char *text)
{
	(void)state;
	syslog((int)level, "%s", text);
	return true;
}

static void library_close(struct ship_syslog *state)
{
	(void)state;
	closelog();
}

#endif

static void detach(void *opaque)
{
	struct ship_syslog *state = (struct ship_syslog *)opaque;
	if (state->is_open) {
		library_close(state);
	}
	log_socket_detach(&state->log);
	state->is_open = false;
}

static bool attach(void *opaque, struct reason *why)
{
	struct ship_syslog *state = (struct ship_syslog *)opaque;
	if (state->is_open) {
		return true;
	}
	if (!log_socket_attach(&state->log, LOG_PATH, why)) {
		return false;
	}
	state->is_open = library_open(state);
	return state->is_open || reason_set(why, "no memory");
}

static bool send_one(void *opaque, const struct event *event, struct reason *why)
{
	struct ship_syslog *state = (struct ship_syslog *)opaque;
	const size_t len =
		rendering_write(state->rendering, event, &state->settings, state->text);
	const size_t name = state->is_cef && len > 0 ? strlen(CEF_NAME) : 0;
	state->text[len] = '\0';
	if (!log_socket_has_room(&state->log, ROOM_MS)) {
		return reason_set(why,
			LOG_PATH " takes nothing for %d s: its reader is stuck",
			ROOM_MS / 1000);
	}
	if (len == 0 || !library_send(state, state->settings.levels[event->severity],
				state->text + name)) {
		return reason_set(why, "a message was not sent");
	}
	/* liblogging opens its socket with the first message */
	return state->log.logger >= 0 || log_socket_find(&state->log, why);
}

static enum log_socket_state look(const void *opaque)
{
	const struct ship_syslog *state = (const struct ship_syslog *)opaque;
	return log_socket_look(&state->log);
}

static const struct taking_steps STEPS = {
	.attach = attach, .send = send_one, .look = look, .detach = detach};

static enum shipper_result ship_send(void *opaque, const struct event *events,
	size_t count, size_t *acked, struct reason *why)
{
	struct ship_syslog *state = (struct ship_syslog *)opaque;
	return taking_send(&state->taking, events, count, acked, why);
}

static void ship_close(void *opaque)
{
	struct ship_syslog *state = (struct ship_syslog *)opaque;
	detach(state);
	free(state);
}

static bool ship_check(const struct schema_values *values, struct reason *why)
{
	return strcmp(schema_text(values, "form"), "rfc5424") != 0 ||
	       reason_set(why, "form rfc5424 is not for /dev/log, whose readers put a "
			       "header of "
			       "their own: take type relp or syslog-net, or form kv, "
			       "cee, cef, ecs");
}

static void *ship_open(const struct shipper_context *context, struct reason *why)
{
	const struct schema_values *values = &context->output->values;
	struct ship_syslog *state = calloc(1, sizeof(*state));
	if (!state) {
		(void)reason_set(why, "no memory");
		return NULL;
	}
	state->is_cef = strcmp(schema_text(values, "form"), "cef") == 0;
	state->ident = state->is_cef ? "CEF" : schema_text(values, "ident");
	state->taking =
		(struct taking){.steps = &STEPS, .state = state, .path = LOG_PATH};
	state->rendering = rendering_of(values);
	state->settings = rendering_settings_read(values);
	state->log = (struct log_socket){.probe = -1, .logger = -1};
	return state;
}

const struct shipper SHIPPER_SYSLOG = {
	.name = "syslog",
	.what = "messages to the local log daemon at /dev/log",
	.events = EVENT_ALERT,
	.keys = KEYS,
	.open = ship_open,
	.send = ship_send,
	.close = ship_close,
	.check = ship_check,
};
