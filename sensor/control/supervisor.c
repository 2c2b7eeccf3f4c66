#include "control/supervisor.h"

#include "base/clock.h"
#include "base/landlock.h"
#include "base/log.h"
#include "control/interface_health.h"
#include "control/interface_retry.h"
#include "control/interfaces.h"
#include "control/last_run.h"
#include "control/lessons.h"
#include "control/metrics_process.h"
#include "control/notify.h"
#include "control/output_health.h"
#include "control/page_process.h"
#include "control/queues.h"
#include "control/reload.h"
#include "control/reporter.h"
#include "control/sandbox.h"
#include "control/shipper_process.h"
#include "control/worker.h"
#include "lists/request.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS     100
#define WATCHDOG_US UINT64_C(1000000)
#define START_US    UINT64_C(30000000) /* for all children to be running */
#define SHIPPERS_US UINT64_C(3000000)  /* for shippers: then the start goes on */
#define NAP_MS      2
#define DRAIN_US    UINT64_C(10000000) /* for workers to drain */
#define LAST_US     UINT64_C(5000000)  /* then for the reporter, then for shippers */
#define RING_BYTES  ((size_t)8 << 20)  /* of records, per process */

#define REPORTER_LOOKS 300 /* it waits for the disk */
#define METRICS_LOOKS  50  /* so does its file */

/* Every kind of process, in the order they start. */
static const struct process_kind REPORTER = {"reporter", reporter_run, REPORTER_LOOKS};
static const struct process_kind WORKER = {"worker", worker_run, 0};
static const struct process_kind SHIPPER = {
	"shipper", shipper_process_run, SHIPPER_PROCESS_LOOKS};
static const struct process_kind METRICS = {
	"metrics", metrics_process_run, METRICS_LOOKS};
static const struct process_kind PAGE = {"page", page_process_run, PAGE_PROCESS_LOOKS};

struct supervisor {
	struct sensor sensor;
	struct processes processes;
	struct health health;
	struct output_health outputs;
	struct interface_health interface_health;
	struct interface_retries retries;
	struct reload reload;
	struct queues queues;
	struct last_run last;
	bool is_ending;
	bool is_aborting;
	bool is_matrix_wrong;
	bool is_given_up; /* told to end while it started */
	uint64_t end_us;  /* when ending: kill what is left */
	uint64_t watchdog_us;
};

static bool name_sensor(struct supervisor *supervisor, struct reason *why)
{
	struct sensor *sensor = &supervisor->sensor;
	if (sensor->settings->host) {
		(void)snprintf(sensor->host, sizeof(sensor->host), "%s",
			sensor->settings->host);
	} else if (gethostname(sensor->host, sizeof(sensor->host) - 1) != 0) {
		return reason_set(why, "no host name: %s", strerror(errno));
	}
	sensor->supervisor = getpid();
	sensor->boot_us = clock_realtime_us();
	return true;
}

static bool find_user(struct supervisor *supervisor, struct reason *why)
{
	struct sensor *sensor = &supervisor->sensor;
	const char *wanted = sensor->settings->user;
	if (!privileges_find_user(wanted, &sensor->user, why)) {
		return false;
	}
	if (!wanted && strcmp(sensor->user.name, "nobody") == 0) {
		log_line(LOG_LEVEL_WARNING, "supervisor",
			"no user " PRIVILEGES_DEFAULT_USER ", so nobody is used");
	}
	return true;
}

/* The directory is made when missing; one of somebody else is refused, never taken. */
static bool open_state(struct supervisor *supervisor, struct reason *why)
{
	struct sensor *sensor = &supervisor->sensor;
	const char *path = sensor->settings->state_dir;
	const bool is_new = mkdir(path, 0750) == 0;
	struct stat status;
	sensor->state_directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sensor->state_directory < 0 ||
		fstat(sensor->state_directory, &status) != 0) {
		return reason_set(why, "%.150s: %s", path, strerror(errno));
	}
	if (is_new && fchown(sensor->state_directory, sensor->user.uid,
			      sensor->user.gid) != 0) {
		return reason_set(why, "%.150s: %s", path, strerror(errno));
	}
	if (!is_new && status.st_uid != sensor->user.uid) {
		return reason_set(why, "%.150s does not belong to user %s (%u)", path,
			sensor->user.name, (unsigned)sensor->user.uid);
	}
	return true;
}

static bool give_up_rights(struct supervisor *supervisor, struct reason *why)
{
	const bool is_shunting = settings_want_shunt(supervisor->sensor.settings);
	return privileges_become(&supervisor->sensor.user,
		       PRIVILEGE_CAPTURE | PRIVILEGE_NETWORK | PRIVILEGE_READ_FILES |
			       (is_shunting ? PRIVILEGE_SHUNT : 0),
		       why) &&
	       sandbox_harden(why);
}

static bool make_page(struct supervisor *supervisor, struct reason *why)
{
	struct sensor *sensor = &supervisor->sensor;
	const unsigned workers = settings_workers(sensor->settings);
	struct reason error;
	sensor->page = status_create(sensor->state_directory, &sensor->lock, &error);
	if (!sensor->page) {
		return reason_set(
			why, "%.100s: %s", sensor->settings->state_dir, error.text);
	}
	supervisor->last = last_run_leave(sensor->page, sensor->lock);
	status_clear(sensor->page);
	sensor->page->endings_told = supervisor->last.endings_told;
	sensor->workers_end = SENSOR_WORKERS + workers;
	sensor->outputs_end =
		sensor->workers_end + (unsigned)sensor->settings->outputs.count;
	sensor->metrics_end =
		sensor->outputs_end + (sensor->settings->metrics.is_wanted ? 1 : 0);
	page_process_open_folder(sensor);
	sensor->place_count = sensor->metrics_end + (sensor->www >= 0 ? 1 : 0);
	sensor->page->workers_end = sensor->workers_end;
	sensor->page->outputs_end = sensor->outputs_end;
	sensor->page->place_count = sensor->place_count;
	sensor->page->pid = sensor->supervisor;
	sensor->page->started_us = clock_realtime_us();
	sensor->page->memory_bytes = settings_memory(sensor->settings);
	sensor->page->alive_us = sensor->page->started_us;
	sensor->page->is_inline = sensor->settings->queues.count > 0;
	sensor->page->is_enforcing = sensor->settings->policy.is_enforcing;
	sensor->page->is_fail_closed = sensor->settings->is_fail_closed;
	sensor->page->landlock = (uint32_t)landlock_version();
	memcpy(sensor->page->host, sensor->host, sizeof(sensor->host));
	sensor_process(sensor, SENSOR_SUPERVISOR)->pid = sensor->supervisor;
	processes_name(sensor);
	shipper_process_name_all(sensor);
	if (sensor->settings->metrics.is_wanted) {
		metrics_process_name(sensor);
	}
	return true;
}

static bool make_rings(struct supervisor *supervisor, struct reason *why)
{
	struct sensor *sensor = &supervisor->sensor;
	const size_t size = (ring_size(RING_BYTES) + 4095) & ~(size_t)4095;
	unsigned char *memory = mmap(NULL, size * sensor->workers_end,
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sensor->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (memory == MAP_FAILED || sensor->wake < 0) {
		return reason_set(why, "no memory for records: %s", strerror(errno));
	}
	for (unsigned i = 0; i < sensor->workers_end; i++) {
		sensor->rings[i] = ring_init(memory + size * i, RING_BYTES);
	}
	if (!lessons_make_rings(sensor, why)) {
		return false;
	}
	sensor->ceiling->table = &sensor->settings->ceilings;
	sensor->record_rate->most = sensor->settings->record_rate;
	sensor->record_rate->seed = sensor->seed;
	return health_start(&supervisor->health, sensor, SENSOR_SUPERVISOR, why);
}

/* The order to end, which waits for the start to be over or given up. */
static bool is_told_to_end(void)
{
	sigset_t pending;
	return sigpending(&pending) == 0 && (sigismember(&pending, SIGTERM) == 1 ||
						    sigismember(&pending, SIGINT) == 1);
}

static bool load_matrix(struct supervisor *supervisor, struct reason *why)
{
	struct sensor *sensor = &supervisor->sensor;
	sensor->store = matrix_store_new(why);
	sensor->lists = sensor->store ? lists_store_new(why) : NULL;
	sensor->control = lists_socket_listen(sensor->state_directory, why);
	if (!sensor->lists || sensor->control < 0) {
		return false;
	}
	supervisor->reload =
		(struct reload){.sensor = sensor, .health = &supervisor->health};
	supervisor->is_matrix_wrong =
		!reload_first(&supervisor->reload, is_told_to_end) && !is_told_to_end();
	return !supervisor->is_matrix_wrong ||
	       reason_set(why, "the matrix cannot be used");
}

static bool take_signals(struct supervisor *supervisor, struct reason *why)
{
	static const int SIGNALS[] = {SIGHUP, SIGUSR1, SIGTERM, SIGINT, SIGCHLD};
	sigset_t set;
	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(SIGNALS[0]); i++) {
		(void)sigaddset(&set, SIGNALS[i]);
	}
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	supervisor->sensor.signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (supervisor->sensor.signals < 0) {
		return reason_set(why, "cannot take signals: %s", strerror(errno));
	}
	return true;
}

enum wait {
	WAIT_RUNNING,
	WAIT_NOT_YET,
	WAIT_FAILED, /* a child ended: why says it */
};

/* All of them running, within this time; the first that cannot says why. */
static enum wait wait_until_running(struct supervisor *supervisor,
	const struct process_kind *kind, uint64_t patience_us, struct reason *why)
{
	const uint64_t end_us = clock_monotonic_us() + patience_us;
	for (unsigned naps = 1;
		!processes_are(&supervisor->processes, kind, STATUS_STATE_RUNNING);
		naps++) {
		int status;
		const unsigned place = processes_reap(&supervisor->processes, &status);
		if (place != 0) {
			char text[96];
			const struct status_process *process =
				sensor_process(&supervisor->sensor, place);
			(void)reason_set(why, "%s: %.180s", process->name,
				process->why.text[0] != '\0'
					? process->why.text
					: process_end_text(
						  &supervisor->processes.list[place],
						  status, text, sizeof(text)));
			return WAIT_FAILED;
		}
		if (clock_monotonic_us() >= end_us) {
			return WAIT_NOT_YET;
		}
		if (naps % (TICK_MS / NAP_MS) == 0) {
			processes_look(&supervisor->processes);
		}
		queues_pass(&supervisor->processes);
		(void)poll(NULL, 0, NAP_MS);
	}
	return WAIT_RUNNING;
}

static bool fork_kind(struct supervisor *supervisor, const struct process_kind *kind,
	unsigned first, unsigned end, struct reason *why)
{
	struct processes *processes = &supervisor->processes;
	processes->sensor = &supervisor->sensor;
	for (unsigned i = first; i < end; i++) {
		processes->list[i] = (struct process){.kind = kind, .is_wanted = true};
		if (!process_start(processes, i)) {
			return reason_set(
				why, "cannot start a process: %s", strerror(errno));
		}
	}
	return true;
}

static bool start_kind(struct supervisor *supervisor, const struct process_kind *kind,
	unsigned first, unsigned end, struct reason *why)
{
	if (!fork_kind(supervisor, kind, first, end, why)) {
		return false;
	}
	const enum wait result = wait_until_running(supervisor, kind, START_US, why);
	if (result == WAIT_NOT_YET) {
		(void)reason_set(why, "%s does not start", kind->name);
	}
	return result == WAIT_RUNNING;
}

static bool start_reporter(struct supervisor *supervisor, struct reason *why)
{
	return start_kind(supervisor, &REPORTER, SENSOR_REPORTER, SENSOR_WORKERS, why);
}

/* The reporter that takes the record runs by now. */
static bool tell_of_last_run(struct supervisor *supervisor, struct reason *why)
{
	(void)why;
	last_run_tell(&supervisor->last, &supervisor->health);
	return true;
}

static bool open_queues(struct supervisor *supervisor, struct reason *why)
{
	return queues_open(&supervisor->sensor, why);
}

static bool choose_groups(struct supervisor *supervisor, struct reason *why)
{
	return interfaces_choose_group(&supervisor->sensor, why);
}

static bool start_workers(struct supervisor *supervisor, struct reason *why)
{
	return start_kind(supervisor, &WORKER, SENSOR_WORKERS,
		supervisor->sensor.workers_end, why);
}

/*
 * A mistake ends them at once, and with them the start. A name server that does not
 * answer holds them up for long: that must not keep the sensor from its work.
 */
static bool start_shippers(struct supervisor *supervisor, struct reason *why)
{
	const unsigned first = supervisor->sensor.workers_end;
	const unsigned end = supervisor->sensor.outputs_end;
	if (!fork_kind(supervisor, &SHIPPER, first, end, why)) {
		return false;
	}
	const enum wait result =
		wait_until_running(supervisor, &SHIPPER, SHIPPERS_US, why);
	for (unsigned i = first; result == WAIT_NOT_YET && i < end; i++) {
		const struct status_process *output =
			sensor_process(&supervisor->sensor, i);
		if (output->state == STATUS_STATE_STARTING) {
			log_line(LOG_LEVEL_WARNING, output->name,
				"output is not ready yet (it may wait for a name "
				"server); the sensor starts meanwhile");
		}
	}
	return result != WAIT_FAILED;
}

static bool start_metrics(struct supervisor *supervisor, struct reason *why)
{
	return start_kind(supervisor, &METRICS, supervisor->sensor.outputs_end,
		supervisor->sensor.metrics_end, why);
}

/* Nobody waits for it. */
static bool start_page(struct supervisor *supervisor, struct reason *why)
{
	return fork_kind(supervisor, &PAGE, supervisor->sensor.metrics_end,
		supervisor->sensor.place_count, why);
}

/* The start of a sensor, in order. */
static bool (*const STEPS[])(struct supervisor *supervisor, struct reason *why) = {
	take_signals,           /* from here on none ends it unheard */
	name_sensor, find_user, /* before root is given up */
	open_state,             /* as root: it may have to be made */
	give_up_rights,         /* from here on only captures and the admin's files */
	make_page,              /* its lock: no second sensor here */
	make_rings, load_matrix,
	choose_groups,    /* once: a worker that starts anew joins the same */
	start_reporter,   /* somebody takes the records ... */
	start_shippers,   /* ... and passes them on ... */
	start_metrics,    /* (another tells how all of them are) */
	tell_of_last_run, /* ... this one too ... */
	open_queues,      /* packets wait from here on, for ... */
	start_workers,    /* ... before there are any; each opens its captures */
	start_page,       /* of all that is there by now */
};

static void on_signal(struct supervisor *supervisor, uint32_t signal)
{
	if (signal == SIGHUP) {
		reload_want(&supervisor->reload);
		processes_signal(&supervisor->processes, &REPORTER, SIGHUP);
		processes_signal(&supervisor->processes, &SHIPPER, SIGHUP);
	} else if (signal == SIGUSR1) {
		health_stats(&supervisor->health);
	} else if (signal == SIGTERM || signal == SIGINT) {
		supervisor->is_aborting = supervisor->is_ending;
		supervisor->is_ending = true;
	}
}

static void take_pending_signals(struct supervisor *supervisor)
{
	struct signalfd_siginfo info;
	while (read(supervisor->sensor.signals, &info, sizeof(info)) == sizeof(info)) {
		on_signal(supervisor, info.ssi_signo);
	}
}

static void tell_of_end(struct supervisor *supervisor, unsigned place, int status)
{
	char text[96];
	const struct process *process = &supervisor->processes.list[place];
	const struct status_process *page = sensor_process(&supervisor->sensor, place);
	const bool has_failed = page->state == STATUS_STATE_FAILED;
	const bool is_as_ordered = process->is_renewed && WIFEXITED(status) &&
				   WEXITSTATUS(status) == EXIT_SUCCESS;
	if (!process->is_wanted && WIFSIGNALED(status)) {
		log_line(LOG_LEVEL_ERROR, page->name, "%s while the sensor ended",
			process_end_text(process, status, text, sizeof(text)));
	}
	if (!process->is_wanted || is_as_ordered ||
		shipper_process_is_renewed(status)) {
		return;
	}
	health_alert(&supervisor->health, FINDING_SENSOR_WORKER_RESTARTED, place,
		"%s %s%s%.100s; it is started again", page->name,
		process_end_text(process, status, text, sizeof(text)),
		has_failed ? ": " : "", has_failed ? page->why.text : "");
}

static void reap(struct supervisor *supervisor)
{
	int status;
	unsigned place;
	reload_reap(&supervisor->reload);
	while ((place = processes_reap(&supervisor->processes, &status)) != 0) {
		queues_keep(&supervisor->sensor, place, status);
		tell_of_end(supervisor, place, status);
	}
}

/* Until the next look is due, however many signals come before. */
static void wait_tick(const struct supervisor *supervisor, uint64_t look_us)
{
	const uint64_t since_ms = (clock_monotonic_us() - look_us) / 1000;
	queues_wait(&supervisor->processes,
		since_ms < TICK_MS ? TICK_MS - (int)since_ms : 0);
}

/* Nothing more once nobody is left who would write it. */
static void look_at_health(struct supervisor *supervisor, uint64_t now_us)
{
	if (supervisor->is_ending &&
		processes_are_gone(&supervisor->processes, &REPORTER)) {
		return;
	}
	health_look(&supervisor->health, now_us);
	output_health_look(&supervisor->outputs, &supervisor->health, now_us);
	interface_health_look(
		&supervisor->interface_health, &supervisor->health, now_us);
}

/* One look at everything. */
static void tick(struct supervisor *supervisor, uint64_t *look_us)
{
	const uint64_t now_us = clock_monotonic_us();
	take_pending_signals(supervisor);
	reap(supervisor);
	processes_restart(&supervisor->processes, now_us);
	if (now_us - *look_us >= UINT64_C(1000) * TICK_MS) {
		*look_us = now_us;
		processes_look(&supervisor->processes);
		queues_look(&supervisor->queues, &supervisor->sensor, now_us);
		look_at_health(supervisor, now_us);
	}
	if (now_us - supervisor->watchdog_us >= WATCHDOG_US) {
		supervisor->watchdog_us = now_us;
		supervisor->sensor.page->alive_us = clock_realtime_us();
		notify_say("WATCHDOG=1");
		processes_measure(&supervisor->processes);
		interface_retries_look(
			&supervisor->retries, &supervisor->processes, now_us);
	}
}

static void supervise(struct supervisor *supervisor)
{
	uint64_t look_us = 0;
	while (!supervisor->is_ending) {
		tick(supervisor, &look_us);
		reload_step(&supervisor->reload, &supervisor->processes);
		reload_serve(&supervisor->reload);
		wait_tick(supervisor, look_us);
	}
}

/* Tell one kind to end and wait for it; past the time, or aborting, by force. */
static void end_kind(struct supervisor *supervisor, const struct process_kind *kind,
	uint64_t patience_us)
{
	struct processes *processes = &supervisor->processes;
	const uint64_t end_us = clock_monotonic_us() + patience_us;
	uint64_t look_us = 0;
	processes_end(processes, kind, SIGTERM);
	while (!processes_are_gone(processes, kind)) {
		tick(supervisor, &look_us);
		if (supervisor->is_aborting || clock_monotonic_us() >= end_us) {
			processes_end(processes, kind, SIGKILL);
		}
		wait_tick(supervisor, look_us);
	}
}

static void end_all(struct supervisor *supervisor)
{
	notify_say("STOPPING=1");
	end_kind(supervisor, &WORKER, DRAIN_US);
	supervisor->health.look_us = 0; /* what they left, while it can be written */
	look_at_health(supervisor, clock_monotonic_us());
	end_kind(supervisor, &REPORTER, LAST_US);
	end_kind(supervisor, &SHIPPER, LAST_US);
	end_kind(supervisor, &PAGE, LAST_US);
	end_kind(supervisor, &METRICS, LAST_US);
}

static bool start_all(struct supervisor *supervisor, struct reason *why)
{
	for (size_t i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]); i++) {
		supervisor->is_given_up = is_told_to_end();
		if (supervisor->is_given_up || !STEPS[i](supervisor, why)) {
			return false;
		}
	}
	return true;
}

/* What runs already ends: in order where it was told to, at once where the start failed. */
static enum supervisor_end give_up_start(struct supervisor *supervisor)
{
	supervisor->is_aborting = !supervisor->is_given_up;
	if (supervisor->processes.sensor) {
		end_all(supervisor);
	}
	(void)last_run_end(&supervisor->last, &supervisor->sensor);
	notify_stop();
	if (supervisor->is_given_up) {
		return SUPERVISOR_END_DRAINED;
	}
	return supervisor->is_matrix_wrong ? SUPERVISOR_END_MATRIX
					   : SUPERVISOR_END_FAILED;
}

enum supervisor_end supervisor_run(const struct settings *settings, struct reason *why)
{
	static struct supervisor supervisor; /* too large for the stack; one */
	supervisor.sensor.settings = settings;
	notify_start();
	if (!start_all(&supervisor, why)) {
		return give_up_start(&supervisor);
	}
	notify_say("READY=1");
	log_line(LOG_LEVEL_NOTICE, "supervisor", "watching %s",
		sensor_process(&supervisor.sensor, SENSOR_WORKERS)->source);
	supervise(&supervisor);
	end_all(&supervisor);
	const uint64_t unwritten = last_run_end(&supervisor.last, &supervisor.sensor);
	notify_stop();
	if (unwritten > 0) {
		(void)reason_set(
			why, "ended with %" PRIu64 " bytes of records lost", unwritten);
		return SUPERVISOR_END_FAILED;
	}
	if (supervisor.is_aborting) {
		(void)reason_set(why, "ended at once, as asked for");
		return SUPERVISOR_END_FAILED;
	}
	return SUPERVISOR_END_DRAINED;
}
