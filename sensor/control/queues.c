#include "control/queues.h"

#include "base/log.h"
#include "control/gate.h"
#include "control/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_BYTES 96 /* numbers in nine columns */
#define SECOND_US  UINT64_C(1000000)

/* Below the process's own directory, where a mount may show nothing else of proc(5). */
static const char KERNEL_LIST[] = "/proc/self/net/netfilter/nfnetlink_queue";

/* A kernel without NFLOG: then packets wait a little longer than they need. */
static void open_log(struct sensor *sensor, unsigned worker)
{
	const uint16_t queue = settings_queue(sensor->settings, worker);
	const struct nflog_settings log = {
		.group = GATE_LOG_GROUP(queue), .ended_mark = GATE_MARK_ENDED};
	struct reason why;
	sensor->logs[worker] = nflog_open(&log, &why);
	if (!sensor->logs[worker]) {
		log_line(LOG_LEVEL_WARNING, "supervisor",
			"%s: flows stay in queue %u while they are looked at", why.text,
			queue);
	}
}

static void read_kernel_list(int file, char text[STATUS_WORKERS_MAX * LINE_BYTES])
{
	const ssize_t len =
		file < 0 ? -1
			 : pread(file, text, STATUS_WORKERS_MAX * LINE_BYTES - 1, 0);
	text[len > 0 ? len : 0] = '\0';
}

/* The kernel calls it a lack of rights when somebody else listens at the queue. */
static void say_who_has_it(uint16_t number, struct reason *why)
{
	char text[STATUS_WORKERS_MAX * LINE_BYTES];
	struct queue_kernel_counters held;
	const struct reason kernel = *why;
	const int file = open(KERNEL_LIST, O_RDONLY | O_CLOEXEC);
	read_kernel_list(file, text);
	if (file >= 0) {
		(void)close(file);
	}
	if (queue_kernel_counters_read(text, number, &held)) {
		(void)reason_set(why,
			"queue %u is held by another program (netlink port %" PRId64
			", mostly its process id): %.100s",
			number, held.port, kernel.text);
	}
}

static bool open_one(struct sensor *sensor, unsigned worker, struct reason *why)
{
	const struct settings *settings = sensor->settings;
	const struct queue_settings queue = {.number = settings_queue(settings, worker),
		.length = settings->queue_length,
		.is_fail_closed = settings->is_fail_closed};
	sensor->queues[worker] = queue_open(&queue, why);
	if (!sensor->queues[worker]) {
		say_who_has_it(queue.number, why);
		return false;
	}
	open_log(sensor, worker);
	return true;
}

bool queues_open(struct sensor *sensor, struct reason *why)
{
	const unsigned workers = sensor->workers_end - SENSOR_WORKERS;
	for (unsigned i = 0; sensor->settings->queues.count > 0 && i < workers; i++) {
		if (!open_one(sensor, i, why)) {
			return false;
		}
	}
	return true;
}

static void open_anew(struct sensor *sensor, unsigned place)
{
	struct reason why;
	queue_close(sensor->queues[place - SENSOR_WORKERS]);
	nflog_close(sensor->logs[place - SENSOR_WORKERS]);
	sensor->logs[place - SENSOR_WORKERS] = NULL;
	if (!open_one(sensor, place - SENSOR_WORKERS, &why)) {
		log_line(LOG_LEVEL_ERROR, sensor_process(sensor, place)->name, "%s",
			why.text);
	}
}

void queues_keep(struct sensor *sensor, unsigned place, int status)
{
	if (place < SENSOR_WORKERS || place >= sensor->workers_end) {
		return;
	}
	struct queue *queue = sensor->queues[place - SENSOR_WORKERS];
	if (WIFEXITED(status) && WEXITSTATUS(status) == WORKER_EXIT_QUEUE_GONE) {
		open_anew(sensor, place);
	} else if (queue) {
		queue_adopt(queue);
	}
}

/* Where it is fail-closed the next one finds what came meanwhile, as far as there is room. */
static bool is_alone(const struct processes *processes, unsigned place)
{
	return processes->sensor->queues[place - SENSOR_WORKERS] != NULL &&
	       !processes->sensor->settings->is_fail_closed &&
	       process_is_away(processes, place);
}

void queues_pass(const struct processes *processes)
{
	const struct sensor *sensor = processes->sensor;
	for (unsigned i = SENSOR_WORKERS; i < sensor->workers_end; i++) {
		if (is_alone(processes, i)) {
			(void)queue_let_waiting_go(sensor->queues[i - SENSOR_WORKERS]);
		}
	}
}

void queues_wait(const struct processes *processes, int timeout_ms)
{
	const struct sensor *sensor = processes->sensor;
	struct pollfd list[STATUS_WORKERS_MAX + 1] = {
		{.fd = sensor->signals, .events = POLLIN}};
	nfds_t count = 1;
	for (unsigned i = SENSOR_WORKERS; i < sensor->workers_end; i++) {
		if (is_alone(processes, i)) {
			list[count++] = (struct pollfd){
				.fd = queue_fd(sensor->queues[i - SENSOR_WORKERS]),
				.events = POLLIN};
		}
	}
	(void)poll(list, count, timeout_ms);
	queues_pass(processes);
}

static bool is_open(struct queues *queues)
{
	if (queues->file == 0) {
		queues->file = open(KERNEL_LIST, O_RDONLY | O_CLOEXEC);
		if (queues->file < 0) {
			log_line(LOG_LEVEL_WARNING, "supervisor",
				"a full queue cannot be reported: %s: %s", KERNEL_LIST,
				strerror(errno));
		}
	}
	return queues->file > 0;
}

/* Since the last look; what began anew counts from 0. */
static uint64_t growth(uint64_t now, uint64_t *before)
{
	const uint64_t grown = now >= *before ? now - *before : now;
	*before = now;
	return grown;
}

/* A full socket loses packets, which the worker counts where they pass. */
static void note_unseen(const struct sensor *sensor, unsigned place,
	const struct queue_kernel_counters *counters, struct queue_seen *seen)
{
	struct status_process *process = sensor_process(sensor, place);
	const uint64_t dropped = counters->dropped_full + counters->dropped_socket;
	const uint64_t lost = growth(process->lost, &seen->lost);
	const bool is_full = counters->waiting >= sensor->settings->queue_length;
	const bool is_closed = sensor->settings->is_fail_closed;
	process->queue_full += is_full;
	process->unseen +=
		growth(dropped, &seen->dropped) + (is_closed ? 0 : lost + is_full);
}

static void publish_queue(struct queues *queues, const struct sensor *sensor,
	unsigned place, const char *text)
{
	struct status_process *process = sensor_process(sensor, place);
	struct queue_kernel_counters counters;
	const uint16_t number =
		settings_queue(sensor->settings, place - SENSOR_WORKERS);
	if (queue_kernel_counters_read(text, number, &counters)) {
		process->waiting = counters.waiting;
		note_unseen(sensor, place, &counters,
			&queues->seen[place - SENSOR_WORKERS]);
	} else { /* nobody listens: it does not exist */
		process->waiting = 0;
	}
}

static void end_second(struct queues *queues, const struct sensor *sensor)
{
	for (unsigned i = SENSOR_WORKERS; i < sensor->workers_end; i++) {
		struct status_process *process = sensor_process(sensor, i);
		struct queue_seen *seen = &queues->seen[i - SENSOR_WORKERS];
		const uint64_t grown = growth(process->unseen, &seen->unseen);
		if (grown > process->unseen_most) {
			process->unseen_most = grown;
		}
	}
}

void queues_look(struct queues *queues, const struct sensor *sensor, uint64_t now_us)
{
	char text[STATUS_WORKERS_MAX * LINE_BYTES];
	if (sensor->settings->queues.count == 0 || !is_open(queues)) {
		return;
	}
	read_kernel_list(queues->file, text);
	for (unsigned i = SENSOR_WORKERS; i < sensor->workers_end; i++) {
		publish_queue(queues, sensor, i, text);
	}
	if (now_us - queues->second_us >= SECOND_US) {
		queues->second_us = now_us;
		end_second(queues, sensor);
	}
}
