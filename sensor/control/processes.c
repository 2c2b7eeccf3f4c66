#include "control/processes.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of 100 ms: a running one beats as often, a starting one with each step of its start. */
#define LOOKS_RUNNING  6
#define LOOKS_STARTING 30
#define LOOKS_STARVED  30               /* a running one that may get no processor */
#define BUSY_US        UINT64_C(100000) /* used up without a beat: it runs in circles */
#define RING_MIB_OF_A_LOOK \
	10 /* the kernel clears it in one step, for all workers at once */
#define PAUSE_FIRST_US UINT64_C(50000)
#define PAUSE_MAX_US   UINT64_C(30000000)
#define STEADY_US      UINT64_C(60000000) /* lived so long: the fault is over */

static void name_process(const struct sensor *sensor, unsigned place, const char *name)
{
	struct status_process *process = sensor_process(sensor, place);
	(void)snprintf(process->name, sizeof(process->name), "%s", name);
}

/* "eth0 eth1" or "queue 3" */
static void name_source(const struct sensor *sensor, unsigned place)
{
	const struct settings *settings = sensor->settings;
	struct status_process *process = sensor_process(sensor, place);
	size_t len = 0;
	if (settings->queues.count > 0) {
		(void)snprintf(process->source, sizeof(process->source), "queue %u",
			settings_queue(settings, place - SENSOR_WORKERS));
	}
	for (size_t i = 0; i < settings->interfaces.count; i++) {
		const int more =
			snprintf(process->source + len, sizeof(process->source) - len,
				"%s%s", i ? " " : "", settings->interfaces.values[i]);
		len += more > 0 ? (size_t)more : 0;
		if (len >= sizeof(process->source)) {
			break;
		}
	}
}

void processes_name(const struct sensor *sensor)
{
	name_process(sensor, SENSOR_SUPERVISOR, "supervisor");
	name_process(sensor, SENSOR_REPORTER, "reporter");
	for (unsigned i = SENSOR_WORKERS; i < sensor->workers_end; i++) {
		char name[STATUS_NAME_BYTES];
		(void)snprintf(name, sizeof(name), "worker %u", i - SENSOR_WORKERS);
		name_process(sensor, i, name);
		name_source(sensor, i);
	}
	for (unsigned i = sensor->metrics_end; i < sensor->place_count; i++) {
		name_process(sensor, i, "page");
	}
}

const char *process_end_text(
	const struct process *process, int wait_status, char *text, size_t size)
{
	if (process->is_stuck) {
		(void)snprintf(text, size, "%s and was ended",
			process->was_starting ? "hung while it started"
					      : "did not answer");
	} else if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGSYS) {
		(void)snprintf(
			text, size, "was ended for a system call it may not make");
	} else if (WIFSIGNALED(wait_status)) {
		(void)snprintf(text, size, "ended by signal %d (%s)",
			WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
	} else {
		(void)snprintf(
			text, size, "ended with code %d", WEXITSTATUS(wait_status));
	}
	return text;
}

bool process_start(struct processes *processes, unsigned place)
{
	struct process *process = &processes->list[place];
	struct status_process *status = sensor_process(processes->sensor, place);
	status->state = STATUS_STATE_STARTING;
	status->matrix = 0;
	process->beat = status->heartbeat;
	process->looks = 0;
	process->is_stopped = false;
	process->is_stuck = false;
	process->was_starting = false;
	process->is_renewed = false;
	const pid_t pid = fork();
	if (pid == 0) {
		process->kind->run(processes->sensor, place);
	}
	if (pid < 0) {
		log_line(LOG_LEVEL_ERROR, status->name, "cannot start: %s",
			strerror(errno));
		process->restart_us = clock_monotonic_us() + PAUSE_FIRST_US;
		return false;
	}
	process->pid = pid;
	process->started_us = clock_monotonic_us();
	status->pid = pid;
	return true;
}

void process_renew(struct process *process)
{
	process->is_renewed = true;
	(void)kill(process->pid, SIGTERM);
}

static void plan_restart(struct process *process, uint64_t now_us)
{
	/* no fault of its own, and none to forget */
	if (process->is_renewed && !process->is_stuck) {
		process->restart_us = now_us;
		return;
	}
	if (now_us - process->started_us >= STEADY_US) {
		process->pause_us = 0;
	}
	process->restart_us = now_us + process->pause_us;
	process->pause_us =
		process->pause_us == 0 ? PAUSE_FIRST_US : process->pause_us * 2;
	if (process->pause_us > PAUSE_MAX_US) {
		process->pause_us = PAUSE_MAX_US;
	}
}

/* What it did last; whether that is that it ended. */
static bool has_ended(struct process *process, int *wait_status)
{
	/* stopped, going on and ended: each is told once, the end at last */
	for (unsigned told = 0; told < 3; told++) {
		if (waitpid(process->pid, wait_status,
			    WNOHANG | WUNTRACED | WCONTINUED) != process->pid) {
			return false;
		}
		if (!WIFSTOPPED(*wait_status) && !WIFCONTINUED(*wait_status)) {
			return true;
		}
		process->is_stopped = WIFSTOPPED(*wait_status);
	}
	return false;
}

unsigned processes_reap(struct processes *processes, int *wait_status)
{
	for (unsigned i = 1; i < processes->sensor->place_count; i++) {
		struct process *process = &processes->list[i];
		if (process->pid == 0 || !has_ended(process, wait_status)) {
			continue;
		}
		struct status_process *status = sensor_process(processes->sensor, i);
		process->pid = 0;
		status->pid = 0;
		if (status->state != STATUS_STATE_FAILED) {
			status->state =
				STATUS_STATE_ENDED; /* a killed one cannot say so */
		}
		plan_restart(process, clock_monotonic_us());
		return i;
	}
	return 0;
}

void processes_restart(struct processes *processes, uint64_t now_us)
{
	for (unsigned i = 1; i < processes->sensor->place_count; i++) {
		struct process *process = &processes->list[i];
		if (process->pid == 0 && process->is_wanted &&
			now_us >= process->restart_us) {
			sensor_process(processes->sensor, i)->restarts++;
			(void)process_start(processes, i);
		}
	}
}

static unsigned looks_to_start(const struct settings *settings)
{
	const size_t rings = settings->interfaces.count * settings_workers(settings);
	return LOOKS_STARTING +
	       (unsigned)(rings * settings->ring_mib / RING_MIB_OF_A_LOOK);
}

/*
 * Looks without a beat that are too many in this state; 0: any number is right. One that
 * was stopped does not start any more, however long that may take.
 */
static unsigned looks_allowed(const struct settings *settings,
	const struct process *process, enum status_state state)
{
	const struct process_kind *kind = process->kind;
	if (state == STATUS_STATE_RUNNING ||
		(state == STATUS_STATE_STARTING && process->is_stopped)) {
		return kind->looks > 0 ? kind->looks : LOOKS_RUNNING;
	}
	if (state == STATUS_STATE_STARTING) {
		const unsigned looks = looks_to_start(settings);
		return kind->looks > looks ? kind->looks : looks;
	}
	return 0;
}

/* Of the processor, so far; 0 when the system does not tell. */
static uint64_t used_us(const struct process *process)
{
	clockid_t id;
	return clock_getcpuclockid(process->pid, &id) == 0 ? clock_us(id) : 0;
}

/*
 * proc(5): R is running or waiting for a processor, D for a disk or memory. True where
 * proc is hidden, as a service manager does: then nobody knows.
 */
static bool may_be_waiting(pid_t pid)
{
	char path[32];
	char line[64] = ""; /* "number (name) state ..." */
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *file = fopen(path, "re");
	if (!file) {
		return true;
	}
	const char *name_end =
		fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	(void)fclose(file);
	return name_end == NULL || strncmp(name_end, ") R", 3) == 0 ||
	       strncmp(name_end, ") D", 3) == 0;
}

/* No fault of its own: a new one would get no processor either. */
static bool is_starved(const struct process *process)
{
	return process->looks < LOOKS_STARVED && !process->is_stopped &&
	       may_be_waiting(process->pid) &&
	       used_us(process) - process->used_us < BUSY_US;
}

static void look_at(const struct settings *settings, struct process *process,
	const struct status_process *status)
{
	const enum status_state state = (enum status_state)status->state;
	const unsigned allowed = looks_allowed(settings, process, state);
	if (status->heartbeat != process->beat || allowed == 0) {
		process->beat = status->heartbeat;
		process->used_us = used_us(process);
		process->looks = 0;
		return;
	}
	process->looks++;
	if (process->looks >= allowed && !process->is_stuck &&
		!(state == STATUS_STATE_RUNNING && is_starved(process))) {
		process->is_stuck = true;
		process->was_starting = state == STATUS_STATE_STARTING;
		(void)kill(process->pid, SIGKILL);
	}
}

void processes_look(struct processes *processes)
{
	for (unsigned i = 1; i < processes->sensor->place_count; i++) {
		if (processes->list[i].pid != 0) {
			look_at(processes->sensor->settings, &processes->list[i],
				sensor_process(processes->sensor, i));
		}
	}
}

bool process_is_away(const struct processes *processes, unsigned place)
{
	const struct process *process = &processes->list[place];
	const uint32_t state = sensor_process(processes->sensor, place)->state;
	return process->pid == 0 || state == STATUS_STATE_DRAINING ||
	       state == STATUS_STATE_ENDED ||
	       (process->looks >= LOOKS_RUNNING && state == STATUS_STATE_STARTING);
}

static bool is_of(const struct process *process, const struct process_kind *kind)
{
	return process->kind != NULL && (kind == NULL || process->kind == kind);
}

void processes_end(
	struct processes *processes, const struct process_kind *kind, int signal)
{
	for (unsigned i = 1; i < processes->sensor->place_count; i++) {
		struct process *process = &processes->list[i];
		if (!is_of(process, kind)) {
			continue;
		}
		process->is_wanted = false;
		if (process->pid > 0) {
			(void)kill(process->pid, signal);
		}
	}
}

void processes_signal(
	const struct processes *processes, const struct process_kind *kind, int signal)
{
	for (unsigned i = 1; i < processes->sensor->place_count; i++) {
		const struct process *process = &processes->list[i];
		if (is_of(process, kind) && process->pid > 0) {
			(void)kill(process->pid, signal);
		}
	}
}

bool processes_are(const struct processes *processes, const struct process_kind *kind,
	enum status_state state)
{
	for (unsigned i = 1; i < processes->sensor->place_count; i++) {
		const struct status_process *status =
			sensor_process(processes->sensor, i);
		if (is_of(&processes->list[i], kind) && status->state != state) {
			return false;
		}
	}
	return true;
}

bool processes_are_gone(
	const struct processes *processes, const struct process_kind *kind)
{
	for (unsigned i = 1; i < processes->sensor->place_count; i++) {
		const struct process *process = &processes->list[i];
		if (is_of(process, kind) && process->pid != 0) {
			return false;
		}
	}
	return true;
}

/* proc(5), statm: pages in all, then those in memory. 0: it is gone. */
static uint64_t resident_bytes(pid_t pid)
{
	char path[32];
	char text[64] = "";
	(void)snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	const int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0) {
		return 0;
	}
	const ssize_t len = read(file, text, sizeof(text) - 1);
	(void)close(file);
	const char *second = len > 0 ? strchr(text, ' ') : NULL;
	const uint64_t pages = second ? strtoull(second, NULL, 10) : 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void processes_measure(struct processes *processes)
{
	const struct sensor *sensor = processes->sensor;
	for (unsigned i = 0; i < sensor->place_count; i++) {
		struct status_process *status = sensor_process(sensor, i);
		const pid_t pid =
			i == SENSOR_SUPERVISOR ? getpid() : processes->list[i].pid;
		if (pid == 0) {
			status->resident_bytes = 0;
			continue;
		}
		const struct process measured = {.pid = pid};
		status->used_us = used_us(&measured);
		status->resident_bytes = resident_bytes(pid);
	}
}
