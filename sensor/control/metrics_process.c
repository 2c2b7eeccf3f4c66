#include "control/metrics_process.h"

#include "base/clock.h"
#include "base/log.h"
#include "control/child.h"
#include "control/sandbox.h"
#include "status/metrics_text.h"
#include "www/metrics_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BEAT_MS    200
#define NAME_BYTES 128
#define WARN_US    UINT64_C(60000000)

struct metrics_process {
	const struct sensor *sensor;
	struct status_process *process;
	struct metrics_server *server; /* NULL: none wanted */
	int directory;                 /* of the file; -1: none wanted */
	char name[NAME_BYTES];
	char next[NAME_BYTES + 8]; /* while it is written */
	uint64_t written_us;
	uint64_t warn_us;
};

void metrics_process_name(const struct sensor *sensor)
{
	const struct metrics_settings *settings = &sensor->settings->metrics;
	struct status_process *process = sensor_process(sensor, sensor->outputs_end);
	(void)snprintf(process->name, sizeof(process->name), "metrics");
	(void)snprintf(process->source, sizeof(process->source), "%s",
		settings->listen ? settings->listen : "file");
}

/* The folder stays open: in the cage only names in it can be opened. */
static bool open_folder(
	struct metrics_process *self, const char *path, struct reason *why)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!folder || name[0] == '\0' || strlen(name) >= NAME_BYTES) {
		free(folder);
		return reason_set(
			why, "textfile: \"%.150s\" is no path of a file", path);
	}
	(void)snprintf(self->name, sizeof(self->name), "%s", name);
	(void)snprintf(self->next, sizeof(self->next), ".%s.new", name);
	self->directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (self->directory < 0) {
		(void)reason_set(why, "textfile: %.150s: %s", folder, strerror(errno));
	}
	free(folder);
	return self->directory >= 0;
}

/* The collector of node_exporter reads whenever it likes: the file is whole or old. */
static bool write_file(const struct metrics_process *self)
{
	const int file = openat(self->directory, self->next,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	FILE *out = file >= 0 ? fdopen(file, "w") : NULL;
	if (!out) {
		return false;
	}
	metrics_write(out, self->sensor->page, clock_realtime_us());
	const bool is_written = fflush(out) == 0;
	return fclose(out) == 0 && is_written &&
	       renameat(self->directory, self->next, self->directory, self->name) == 0;
}

static void keep_file(struct metrics_process *self)
{
	const uint64_t now_us = clock_monotonic_us();
	const uint64_t interval_us =
		(uint64_t)self->sensor->settings->metrics.interval_s * 1000000;
	if (self->directory < 0 ||
		(self->written_us != 0 && now_us - self->written_us < interval_us)) {
		return;
	}
	self->written_us = now_us;
	if (write_file(self)) {
		self->process->is_down = 0;
		return;
	}
	self->process->faults++;
	self->process->is_down = 1;
	if (now_us >= self->warn_us) {
		self->warn_us = now_us + WARN_US;
		log_line(LOG_LEVEL_WARNING, "metrics", "%s is not written: %s",
			self->name, strerror(errno));
	}
}

static bool start_metrics(struct metrics_process *self, struct reason *why)
{
	const struct sensor *sensor = self->sensor;
	const struct metrics_settings *settings = &sensor->settings->metrics;
	if (settings->textfile && !open_folder(self, settings->textfile, why)) {
		return false;
	}
	if (settings->listen) {
		const struct metrics_place place = {.listen = settings->listen,
			.names = settings->names.values,
			.name_count = settings->names.count,
			.www = sensor->www};
		self->server = metrics_server_open(sensor->page, &place, why);
	}
	if ((settings->listen && !self->server) || !privileges_keep(0, why)) {
		return false;
	}
	if (!child_follow_supervisor(sensor, SIGTERM)) {
		return reason_set(why, "the supervisor is gone");
	}
	return sandbox_enter_metrics(self->directory, sensor->www, why);
}

static void serve_until_told(struct metrics_process *self)
{
	struct pollfd wait = {
		.fd = self->server ? metrics_server_descriptor(self->server) : -1,
		.events = POLLIN};
	while (!child_is_ending()) {
		(void)poll(&wait, 1, BEAT_MS); /* a signal ends it */
		if (self->server) {
			metrics_server_work(self->server); /* also what timed out */
		}
		keep_file(self);
		self->process->heartbeat++;
	}
}

void metrics_process_run(const struct sensor *sensor, unsigned place)
{
	struct metrics_process self = {.sensor = sensor,
		.process = sensor_process(sensor, place),
		.directory = -1};
	struct reason why = {.text = ""};
	child_start(sensor, place);
	if (!start_metrics(&self, &why)) {
		child_fail(sensor, place, &why);
	}
	self.process->state = STATUS_STATE_RUNNING;
	serve_until_told(&self);
	if (self.server) {
		metrics_server_close(self.server);
	}
	self.process->state = STATUS_STATE_ENDED;
	_exit(0);
}
