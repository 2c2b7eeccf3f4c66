#include "report/ship_file.h"

#include "report/output.h"
#include "report/rendering.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_BYTES 256

struct ship_file {
	int directory; /* -1: standard output */
	int file;      /* -1: to be opened */
	bool is_synced;
	bool is_regular;
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

static bool open_directory(
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

static bool open_file(struct ship_file *state, struct reason *why)
{
	struct stat status;
	if (state->file >= 0) {
		return true;
	}
	state->file = openat(state->directory, state->name,
		O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	if (state->file < 0 || fstat(state->file, &status) != 0) {
		return reason_set(why, "%.100s: %s", state->name, strerror(errno));
	}
	state->is_regular = S_ISREG(status.st_mode);
	return true;
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
	} else if (!open_directory(state, path, why) || !open_file(state, why)) {
		ship_close(state);
		return NULL;
	}
	return state;
}

/* All or nothing; what was written of it is cut off again where that can be. */
static bool write_line(
	const struct ship_file *state, const char *line, size_t len, struct reason *why)
{
	size_t done = 0;
	const off_t before = state->is_regular ? lseek(state->file, 0, SEEK_END) : 0;
	while (done < len) {
		const ssize_t written = write(state->file, line + done, len - done);
		if (written > 0) {
			done += (size_t)written;
		} else if (written == 0 || errno != EINTR) {
			(void)reason_set(why, "cannot write: %s", strerror(errno));
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
	.reopen = ship_reopen,
	.directory = ship_directory,
};
