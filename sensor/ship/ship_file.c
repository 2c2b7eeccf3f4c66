#include "ship/ship_file.h"

#include "base/clock.h"
#include "ship/output.h"
#include "ship/rendering.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_BYTES 256
#define FULL_US    UINT64_C(30000000) /* for who reads a pipe: below SHIPPER_WAIT_S */

struct ship_file {
	int directory; /* -1: standard output */
	int file;      /* -1: to be opened */
	bool is_synced;
	bool is_regular;
	bool is_unread;   /* a pipe without a reader, when last opened */
	uint64_t full_us; /* in this call of send: full since; 0: it was not */
	const struct rendering *rendering;
	struct rendering_settings settings;
	char name[NAME_BYTES];
};

static const struct schema_key KEYS[] = {
	{.name = "path",
		.help = "file, appended to; - is standard output",
		.is_required = true},
	{.name = "sync",
		.help = "on the disk before it counts as delivered",
		.kind = SCHEMA_YES_NO,
		.standard = "yes"},
	RENDERING_KEYS("eve"),
	{.name = NULL},
};

static bool open_directory_of(
	struct ship_file *state, const char *path, struct reason *why)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!folder || name[0] == '\0' || strlen(name) >= NAME_BYTES) {
		free(folder);
		return reason_set(why, "\"%.150s\" is no path of a file", path);
	}
	(void)snprintf(state->name, sizeof(state->name), "%s", name);
	state->directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state->directory < 0) {
		(void)reason_set(why, "%.150s: %s", folder, strerror(errno));
	}
	free(folder);
	return state->directory >= 0;
}

/* The folder where the file is: in the cage a link does not lead out of it. */
static bool open_directory(
	struct ship_file *state, const char *path, struct reason *why)
{
	char *target = realpath(path, NULL); /* NULL: there is no file yet */
	const bool is_open = open_directory_of(state, target ? target : path, why);
	free(target);
	return is_open;
}

/* Without O_NONBLOCK a named pipe keeps its writer here until somebody reads. */
static bool open_file(struct ship_file *state, struct reason *why)
{
	struct stat status;
	if (state->file >= 0) {
		return true;
	}
	state->file = openat(state->directory, state->name,
		O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		0640);
	state->is_unread = state->file < 0 && errno == ENXIO;
	if (state->file < 0 || fstat(state->file, &status) != 0) {
		return reason_set(why, "%.100s: %s", state->name,
			state->is_unread ? "nobody reads from it" : strerror(errno));
	}
	state->is_regular = S_ISREG(status.st_mode);
	return true;
}

/* Its reader may come later: no mistake of the settings. */
static bool is_unread_pipe(const struct ship_file *state)
{
	struct stat status;
	return state->is_unread &&
	       fstatat(state->directory, state->name, &status, 0) == 0 &&
	       S_ISFIFO(status.st_mode);
}

static void ship_close(void *opaque)
{
	struct ship_file *state = (struct ship_file *)opaque;
	if (state->directory >= 0) {
		(void)close(state->directory);
		if (state->file >= 0) {
			(void)close(state->file);
		}
	}
	free(state);
}

static void *ship_open(const struct shipper_context *context, struct reason *why)
{
	const struct schema_values *values = &context->output->values;
	const char *path = schema_text(values, "path");
	struct ship_file *state = calloc(1, sizeof(*state));
	if (!state) {
		(void)reason_set(why, "no memory");
		return NULL;
	}
	state->directory = -1;
	state->file = -1;
	state->is_synced = schema_is(values, "sync");
	state->rendering = rendering_of(values);
	state->settings = rendering_settings_read(values);
	if (strcmp(path, "-") == 0) {
		state->file = STDOUT_FILENO;
	} else if (!open_directory(state, path, why) ||
		   (!open_file(state, why) && !is_unread_pipe(state))) {
		ship_close(state);
		return NULL;
	}
	return state;
}

static bool ship_probe(const struct schema_values *values, struct reason *why)
{
	struct ship_file state = {.directory = -1, .file = -1};
	const char *path = schema_text(values, "path");
	if (strcmp(path, "-") == 0) {
		return true;
	}
	const bool is_open = open_directory(&state, path, why);
	if (is_open) {
		(void)close(state.directory);
	}
	return is_open;
}

/* A pipe that is full. False: for too long in this call. */
static bool wait_for_room(struct ship_file *state)
{
	const uint64_t now_us = clock_monotonic_us();
	struct pollfd pipe = {.fd = state->file, .events = POLLOUT};
	if (state->full_us == 0) {
		state->full_us = now_us;
	}
	const uint64_t end_us = state->full_us + FULL_US;
	return now_us < end_us &&
	       (poll(&pipe, 1, (int)((end_us - now_us) / 1000) + 1) >= 0 ||
		       errno == EINTR);
}

/* After a write that wrote nothing: is it to be tried again? */
static bool is_again(struct ship_file *state, ssize_t written, struct reason *why)
{
	if (written == 0 || (errno != EINTR && errno != EAGAIN)) {
		return reason_set(why, "cannot write: %s", strerror(errno));
	}
	return errno == EINTR || wait_for_room(state) ||
	       reason_set(why, "cannot write: nobody reads");
}

/* All or nothing; what was written of it is cut off again where that can be. */
static bool write_line(
	struct ship_file *state, const char *line, size_t len, struct reason *why)
{
	size_t done = 0;
	const off_t before = state->is_regular ? lseek(state->file, 0, SEEK_END) : 0;
	while (done < len) {
		const ssize_t written = write(state->file, line + done, len - done);
		if (written > 0) {
			done += (size_t)written;
		} else if (!is_again(state, written, why)) {
			break;
		}
	}
	if (done < len && done > 0 && state->is_regular) {
		(void)!ftruncate(state->file, before);
	}
	return done == len;
}

static enum shipper_result ship_send(void *opaque, const struct event *events,
	size_t count, size_t *acked, struct reason *why)
{
	struct ship_file *state = (struct ship_file *)opaque;
	static char line[RENDERING_BYTES_MAX + 1]; /* one shipper per process */
	size_t written = 0;
	state->full_us = 0;
	if (!open_file(state, why)) {
		return SHIPPER_AGAIN;
	}
	for (; written < count; written++) {
		const size_t len = rendering_write(
			state->rendering, &events[written], &state->settings, line);
		line[len] = '\n';
		if (len == 0) {
			(void)reason_set(why, "no memory to write a record");
			break;
		}
		if (!write_line(state, line, len + 1, why)) {
			break;
		}
	}
	if (state->is_synced && state->is_regular && fdatasync(state->file) != 0) {
		(void)reason_set(why, "cannot sync: %s", strerror(errno));
		return SHIPPER_AGAIN;
	}
	*acked = written;
	return written == count ? SHIPPER_DELIVERED : SHIPPER_AGAIN;
}

static void ship_reopen(void *opaque)
{
	struct ship_file *state = (struct ship_file *)opaque;
	if (state->directory >= 0 && state->file >= 0) {
		(void)close(state->file);
		state->file = -1;
	}
}

static int ship_directory(void *opaque)
{
	const struct ship_file *state = (const struct ship_file *)opaque;
	return state->directory;
}

const struct shipper SHIPPER_FILE = {
	.name = "file",
	.what = "lines of a file or of standard output",
	.events = EVENT_ALL,
	.keys = KEYS,
	.open = ship_open,
	.send = ship_send,
	.close = ship_close,
	.probe = ship_probe,
	.reopen = ship_reopen,
	.directory = ship_directory,
};
