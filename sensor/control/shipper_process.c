#include "control/shipper_process.h"

#include "base/clock.h"
#include "base/environment.h"
#include "control/child.h"
#include "control/sandbox.h"
#include "journal/journal_id.h"
#include "ship/shipping.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_RENEW 5
#define RENEW_US   UINT64_C(60000000) /* down for so long */
#define NAME_US    UINT64_C(2000000)  /* one that has a name; then twice that .. */
#define DRAIN_US   UINT64_C(3000000)
#define GATHER_MS  5 /* what is written meanwhile goes with it */

_Static_assert(OUTPUTS_MAX == STATUS_SHIPPERS_MAX, "a place for every output");
_Static_assert(SHIPPER_PROCESS_LOOKS * 100 >= 2 * SHIPPER_WAIT_S * 1000,
	"a shipper that waits is not taken for dead");

struct shipper_process {
	struct status_process *process;
	uint64_t delivered; /* as told on the page */
	uint64_t failures;
	uint64_t lost_bytes;
	uint64_t unreadable;
	uint64_t renew_us; /* of one with a name: down for so long in all */
	int written; /* readable when something was written to the journal; or -1 */
	struct shipping shipping;
};

static const struct output *output_of(const struct sensor *sensor, unsigned place)
{
	return &sensor->settings->outputs.list[place - sensor->workers_end];
}

void shipper_process_name_all(const struct sensor *sensor)
{
	for (unsigned i = sensor->workers_end; i < sensor->outputs_end; i++) {
		const struct output *output = output_of(sensor, i);
		struct status_process *process = sensor_process(sensor, i);
		(void)snprintf(
			process->name, sizeof(process->name), "%s", output->name);
		(void)snprintf(process->source, sizeof(process->source), "%s",
			output->shipper->name);
	}
}

bool shipper_process_is_renewed(int wait_status)
{
	return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == EXIT_RENEW;
}

static void publish(struct shipper_process *self)
{
	const struct shipping_numbers *numbers = &self->shipping.numbers;
	struct status_process *process = self->process;
	process->delivered += numbers->delivered - self->delivered;
	process->faults += numbers->failures - self->failures;
	self->delivered = numbers->delivered;
	process->lost += numbers->lost_bytes - self->lost_bytes;
	self->failures = numbers->failures;
	self->lost_bytes = numbers->lost_bytes;
	process->unreadable += numbers->unreadable - self->unreadable;
	self->unreadable = numbers->unreadable;
	process->backlog = numbers->backlog;
	process->waits_since_us = numbers->oldest_us;
	process->is_down = numbers->is_down;
	process->down_since_us = numbers->down_since_us;
}

/* Seldom other than it was: the text first, then that there is one. */
static void publish_doubt(struct shipper_process *self)
{
	struct status_process *process = self->process;
	const char *doubt = shipping_doubt(&self->shipping);
	if (strcmp(process->why.text, doubt) != 0) {
		(void)reason_set(&process->why, "%s", doubt);
	}
	process->is_doubtful = doubt[0] != '\0';
}

static enum shipping_step ship_and_publish(struct shipper_process *self)
{
	const uint64_t now_us = clock_monotonic_us();
	shipping_read(&self->shipping, now_us);
	publish(self); /* it may wait for its receiver */
	const enum shipping_step result = shipping_step(&self->shipping, now_us);
	self->process->heartbeat++;
	publish(self);
	publish_doubt(self);
	return result;
}

/* -1 where that cannot be had: the journal is looked at every tenth of a second anyway. */
static int watch_writes(int folder)
{
	char path[sizeof("/proc/self/fd/-2147483648")];
	const int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", folder);
	if (watch >= 0 && inotify_add_watch(watch, path, IN_MODIFY) < 0) {
		(void)close(watch);
		return -1;
	}
	return watch;
}

/* A signal ends it, and with nothing to deliver what is written to the journal. */
static void wait_for(const struct shipper_process *self, enum shipping_step result)
{
	char writes[4096];
	struct pollfd wake = {
		.fd = result == SHIPPING_IDLE ? self->written : -1, .events = POLLIN};
	const unsigned wait_ms =
		shipping_wait_ms(&self->shipping, result, clock_monotonic_us());
	if (wait_ms > 0 && poll(&wake, 1, (int)wait_ms) > 0) {
		(void)poll(NULL, 0, GATHER_MS);
		ssize_t got;
		do { /* which they were does not matter */
			got = read(wake.fd, writes, sizeof(writes));
		} while (got > 0);
	}
}

/* A name server that is away, or wrong, costs as much time again as it was. */
static bool is_time_to_renew(const struct shipper_process *self)
{
	const struct shipping *shipping = &self->shipping;
	const uint64_t now_us = clock_monotonic_us();
	const bool is_old =
		shipping->down_us > 0 && now_us - shipping->down_us >= RENEW_US;
	return is_old ||
	       (shipping_is_named(shipping) &&
		       now_us - shipping->numbers.down_since_us >= self->renew_us);
}

/*
 * One with a name is renewed behind 2 s, 4, 8 and so on, at most a minute later. That
 * is one outage, told once a minute.
 */
static void plan_renewal(struct shipper_process *self)
{
	struct shipping *shipping = &self->shipping;
	const struct shipping_numbers *numbers = &shipping->numbers;
	const uint64_t now_us = clock_monotonic_us();
	const uint64_t before_us =
		numbers->is_down ? now_us - numbers->down_since_us : 0;
	self->renew_us = before_us > NAME_US / 2 ? 2 * before_us : NAME_US;
	if (numbers->is_down && before_us < RENEW_US) {
		shipping->warn_us = now_us + RENEW_US - before_us;
	}
}

static void ship_until_told(struct shipper_process *self)
{
	while (!child_is_ending()) {
		if (child_is_told_to_reopen()) {
			shipping_reopen(&self->shipping);
		}
		const enum shipping_step result = ship_and_publish(self);
		if (result == SHIPPING_DOWN && is_time_to_renew(self)) {
			shipping_close(&self->shipping);
			_exit(EXIT_RENEW);
		}
		wait_for(self, result);
	}
}

/* Told to end, and the journal gets no more: what can be delivered at once. */
static void drain(struct shipper_process *self)
{
	const uint64_t end_us = clock_monotonic_us() + DRAIN_US;
	self->process->state = STATUS_STATE_DRAINING;
	enum shipping_step result = SHIPPING_BUSY;
	while (result != SHIPPING_IDLE && result != SHIPPING_DOWN &&
		clock_monotonic_us() < end_us) {
		result = ship_and_publish(self);
		wait_for(self, result);
	}
	shipping_close(&self->shipping);
	self->process->state = STATUS_STATE_ENDED;
}

static bool open_output(struct shipper_process *self, const struct sensor *sensor,
	const struct output *output, struct reason *why)
{
	static char id[JOURNAL_ID_BYTES]; /* lives as long as the shipper */
	static struct shipper_context context;
	const int folder = openat(sensor->state_directory, JOURNAL_FOLDER,
		O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		return reason_set(why, "the journal's folder is gone");
	}
	journal_id_read(folder, id);
	(void)close(folder);
	context = (struct shipper_context){
		.output = output, .host = sensor->host, .journal = id};
	const bool is_open = shipping_open(&self->shipping, &context,
		sensor->state_directory, JOURNAL_FOLDER, why);
	environment_forget(); /* its own secrets it has; others' are not its business */
	return is_open;
}

static bool start_shipper(struct shipper_process *self, const struct sensor *sensor,
	unsigned place, struct reason *why)
{
	tzset();
	if (!open_output(self, sensor, output_of(sensor, place), why) ||
		!privileges_keep(0, why)) {
		return false;
	}
	self->written = watch_writes(self->shipping.reader.folder);
	if (!child_follow_supervisor(sensor, SIGTERM)) {
		return reason_set(why, "the supervisor is gone");
	}
	/* what was down before it was started anew is down until it takes something */
	const struct shipping_numbers before = {.is_down = self->process->is_down != 0,
		.down_since_us = self->process->down_since_us,
		.oldest_us = self->process->waits_since_us};
	shipping_carry_on(&self->shipping, &before);
	plan_renewal(self);
	const struct sandbox_room room = {.journal = self->shipping.reader.folder,
		.own = shipping_directory(&self->shipping),
		.files = shipping_files(&self->shipping),
		.is_udp = shipping_is_udp(&self->shipping),
		.has_threads = self->shipping.output->shipper->has_threads,
		.ports = shipping_ports(&self->shipping)};
	return sandbox_enter_shipper(&room, why);
}

void shipper_process_run(const struct sensor *sensor, unsigned place)
{
	static struct shipper_process self; /* too large for the stack; one */
	struct reason why = {.text = ""};
	self.process = sensor_process(sensor, place);
	child_start(sensor, place);
	if (!start_shipper(&self, sensor, place, &why)) {
		child_fail(sensor, place, &why);
	}
	self.process->state = STATUS_STATE_RUNNING;
	ship_until_told(&self);
	drain(&self);
	_exit(0);
}
