#include "ship/ship_unix.h"

#include "ship/output.h"
#include "ship/rendering.h"
#include "ship/taking.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define ROOM_MS  5000
#define HELD_MIN (256 * 1024) /* for the longest record, and some more */

struct ship_unix {
	struct sockaddr_un address;
	int type;                 /* SOCK_STREAM or SOCK_DGRAM */
	int file;                 /* -1: not connected */
	struct log_socket reader; /* of datagrams */
	struct taking taking;
	const struct rendering *rendering;
	struct rendering_settings settings;
	char line[RENDERING_BYTES_MAX + 1];
};

static const char *const SOCKET_WORDS[] = {"stream", "datagram", NULL};

static const struct schema_key KEYS[] = {
	{.name = "path",
		.help = "of the socket that its reader made",
		.is_required = true},
	{.name = "socket",
		.help = "stream: lines; datagram: one record each",
		.kind = SCHEMA_WORD,
		.words = SOCKET_WORDS,
		.standard = "stream"},
	RENDERING_KEYS("eve"),
	{.name = NULL},
};

static bool check(const struct schema_values *values, struct reason *why)
{
	const char *path = schema_text(values, "path");
	const size_t most = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
	return (path[0] == '/' && strlen(path) <= most) ||
	       reason_set(why,
		       "path takes a whole path of at most %zu bytes: \"%.120s\"", most,
		       path);
}

static void detach(void *opaque)
{
	struct ship_unix *state = (struct ship_unix *)opaque;
	if (state->file >= 0) {
		(void)close(state->file);
	}
	log_socket_detach(&state->reader);
	state->file = -1;
}

static bool attach(void *opaque, struct reason *why)
{
	struct ship_unix *state = (struct ship_unix *)opaque;
	const int held = HELD_MIN;
	if (state->file >= 0) {
		return true;
	}
	if (state->type == SOCK_DGRAM &&
		!log_socket_attach(&state->reader, state->address.sun_path, why)) {
		return false;
	}
	state->file = socket(AF_UNIX, state->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (state->file < 0) {
		return reason_set(why, "no socket: %s", strerror(errno));
	}
	/* as much as the kernel gives: what is too little shows when a record is sent */
	(void)setsockopt(state->file, SOL_SOCKET, SO_SNDBUF, &held, sizeof(held));
	if (connect(state->file, (const struct sockaddr *)&state->address,
		    sizeof(state->address)) != 0) {
		(void)reason_set(why, "%.107s: nobody reads there: %s",
			state->address.sun_path, strerror(errno));
		detach(state);
		return false;
	}
	state->reader.logger = state->file;
	return true;
}

static bool wait_for_room(const struct ship_unix *state, struct reason *why)
{
	struct pollfd socket = {.fd = state->file, .events = POLLOUT};
	const int found = poll(&socket, 1, ROOM_MS);
	return found > 0 || (found < 0 && errno == EINTR) ||
	       reason_set(why, "%.107s takes nothing for %d s: its reader is stuck",
		       state->address.sun_path, ROOM_MS / 1000);
}

/* After a send that sent nothing: is it to be tried again? */
static bool is_again(const struct ship_unix *state, size_t len, struct reason *why)
{
	const char *path = state->address.sun_path;
	switch (errno) {
	case EINTR:
		return true;
	case EAGAIN:
		return wait_for_room(state, why);
	case EMSGSIZE:
		return reason_set(why,
			"%.107s: a record of %zu bytes is too long for a datagram here "
			"(net.core.wmem_max): take socket: stream",
			path, len);
	default:
		return reason_set(why, "%.107s: %s", path, strerror(errno));
	}
}

/* All of it; one call sends a datagram whole. */
static bool send_whole(const struct ship_unix *state, size_t len, struct reason *why)
{
	size_t done = 0;
	while (done < len) {
		const ssize_t sent =
			send(state->file, state->line + done, len - done, MSG_NOSIGNAL);
		if (sent < 0 && !is_again(state, len, why)) {
			return false;
		}
		done += sent > 0 ? (size_t)sent : 0;
	}
	return true;
}

static bool send_one(void *opaque, const struct event *event, struct reason *why)
{
	struct ship_unix *state = (struct ship_unix *)opaque;
	size_t len =
		rendering_write(state->rendering, event, &state->settings, state->line);
	if (len == 0) {
		return reason_set(why, "no memory to write a record");
	}
	if (state->type == SOCK_STREAM) {
		state->line[len++] = '\n';
	}
	return send_whole(state, len, why);
}

static enum log_socket_state look(const void *opaque)
{
	const struct ship_unix *state = (const struct ship_unix *)opaque;
	struct pollfd socket = {.fd = state->file, .events = POLLIN};
	int waiting = 0;
	if (state->type == SOCK_DGRAM) {
		return log_socket_look(&state->reader);
	}
	/* in this order: a socket that is closed gives up what waits in it */
	const bool is_known = ioctl(state->file, TIOCOUTQ, &waiting) == 0;
	if (!is_known || poll(&socket, 1, 0) < 0 ||
		(socket.revents & (POLLHUP | POLLERR)) != 0) {
		return LOG_SOCKET_GONE;
	}
	return waiting > 0 ? LOG_SOCKET_WAITS : LOG_SOCKET_TAKEN;
}

static const struct taking_steps STEPS = {
	.attach = attach, .send = send_one, .look = look, .detach = detach};

static enum shipper_result ship_send(void *opaque, const struct event *events,
	size_t count, size_t *acked, struct reason *why)
{
	struct ship_unix *state = (struct ship_unix *)opaque;
	return taking_send(&state->taking, events, count, acked, why);
}

static void ship_close(void *opaque)
{
	struct ship_unix *state = (struct ship_unix *)opaque;
	detach(state);
	free(state);
}

static void *ship_open(const struct shipper_context *context, struct reason *why)
{
	const struct schema_values *values = &context->output->values;
	struct ship_unix *state = calloc(1, sizeof(*state));
	if (!state) {
		(void)reason_set(why, "no memory");
		return NULL;
	}
	state->address.sun_family = AF_UNIX;
	(void)snprintf(state->address.sun_path, sizeof(state->address.sun_path), "%s",
		schema_text(values, "path"));
	state->type = strcmp(schema_text(values, "socket"), "datagram") == 0
			      ? SOCK_DGRAM
			      : SOCK_STREAM;
	state->file = -1;
	state->reader = (struct log_socket){.probe = -1, .logger = -1};
	state->taking = (struct taking){
		.steps = &STEPS, .state = state, .path = state->address.sun_path};
	state->rendering = rendering_of(values);
	state->settings = rendering_settings_read(values);
	return state;
}

const struct shipper SHIPPER_UNIX = {
	.name = "unix",
	.what = "records to a program on this machine by its UNIX socket",
	.events = EVENT_ALL,
	.keys = KEYS,
	.open = ship_open,
	.send = ship_send,
	.close = ship_close,
	.check = check,
};
