#include "control/reload.h"

#include "base/clock.h"
#include "base/environment.h"
#include "base/log.h"
#include "capture/conntrack.h"
#include "control/gate.h"
#include "control/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define US_PER_S  UINT64_C(1000000)
#define NAP_MS    2
#define RECHECK_S 60 /* longer than any table takes */

static pid_t start_loader(const struct sensor *sensor)
{
	return matrix_store_load(
		sensor->store, sensor->page->matrix + 1, sensor->settings);
}

/* Errors, or warnings. */
static void log_problems(enum log_level level, const struct matrix_store_result *result)
{
	for (size_t i = 0; i < result->problem_count; i++) {
		log_line(level, "supervisor", "%s", result->problems[i].text);
	}
	if (result->problem_total > result->problem_count) {
		log_line(level, "supervisor", "%zu more; `mailwarden check` tells all",
			result->problem_total - result->problem_count);
	}
}

/* What a reload changed beside the matrix, and what it could not. */
static void tell_policy(
	const struct sensor *sensor, const struct matrix_store_result *result)
{
	const bool is_enforcing = result->policy.is_enforcing;
	if (sensor->page->is_inline && sensor->page->matrix > 0 &&
		is_enforcing != (sensor->page->is_enforcing != 0)) {
		log_line(LOG_LEVEL_NOTICE, "supervisor", "mode %s from here on",
			is_enforcing ? "enforce" : "audit");
	}
	if (result->differences[0] != '\0') {
		log_line(LOG_LEVEL_WARNING, "supervisor",
			"changed in the settings, and taken at the next start only: %s",
			result->differences);
	}
}

static void take_over(struct reload *reload, const struct matrix_store_result *result)
{
	const struct sensor *sensor = reload->sensor;
	const uint32_t generation = sensor->page->matrix + 1;
	const struct json_matrix event = {.is_loaded = true,
		.generation = generation,
		.rows = result->rows,
		.groups = result->groups};
	tell_policy(sensor, result);
	sensor->page->is_enforcing = result->policy.is_enforcing;
	sensor->page->matrix = generation;
	sensor->page->loaded_us = clock_realtime_us();
	health_matrix(reload->health, &event);
	log_line(LOG_LEVEL_NOTICE, "supervisor",
		"matrix %u loaded: %zu rows, %zu groups", generation, result->rows,
		result->groups);
	log_problems(LOG_LEVEL_WARNING, result);
}

static void print_errors(const struct matrix_store_result *result)
{
	for (size_t i = 0; i < result->problem_count; i++) {
		(void)fprintf(stderr, "%s\n", result->problems[i].text);
	}
}

bool reload_first(struct reload *reload, bool (*is_given_up)(void))
{
	const struct sensor *sensor = reload->sensor;
	int status = 0;
	const pid_t loader = start_loader(sensor);
	while (loader > 0 && waitpid(loader, &status, WNOHANG) == 0) {
		if (is_given_up()) {
			(void)kill(loader, SIGKILL);
			(void)waitpid(loader, &status, 0);
			return false;
		}
		(void)poll(NULL, 0, NAP_MS);
	}
	const struct matrix_store_result *result =
		matrix_store_result(sensor->store, sensor->page->matrix + 1, status);
	if (result->is_loaded) {
		take_over(reload, result);
	} else {
		print_errors(result);
	}
	return result->is_loaded;
}

void reload_want(struct reload *reload)
{
	reload->is_wanted = true;
	reload->is_unfinished = true;
	notify_reloading();
}

/* It takes seconds, and can be begun again. */
static bool is_page_reading(const struct sensor *sensor, struct processes *processes)
{
	for (unsigned i = sensor->metrics_end; i < sensor->place_count; i++) {
		struct process *process = &processes->list[i];
		const uint32_t matrix = sensor_process(sensor, i)->matrix;
		if (process->pid == 0 || matrix == 0 ||
			matrix == sensor->page->matrix) {
			continue;
		}
		if (!process->is_renewed) {
			process_renew(process);
		}
		return true;
	}
	return false;
}

static bool is_taken(const struct sensor *sensor, struct processes *processes)
{
	for (unsigned i = SENSOR_WORKERS; i < sensor->workers_end; i++) {
		if (processes->list[i].pid != 0 &&
			sensor_process(sensor, i)->matrix != sensor->page->matrix) {
			return false;
		}
	}
	return !is_page_reading(sensor, processes);
}

static void reject(struct reload *reload, const struct matrix_store_result *result)
{
	const struct sensor *sensor = reload->sensor;
	const char *first = result->problem_count > 0 ? result->problems[0].text
						      : "the matrix cannot be read";
	log_problems(LOG_LEVEL_ERROR, result);
	const struct json_matrix event = {
		.generation = sensor->page->matrix, .problem = first};
	sensor->page->reload_failures++;
	health_matrix(reload->health, &event);
	health_alert(reload->health, FINDING_SENSOR_RELOAD_FAILED, SENSOR_SUPERVISOR,
		"matrix %u stays: %.150s", sensor->page->matrix, first);
}

static void reap_loader(struct reload *reload)
{
	struct sensor *sensor = reload->sensor;
	int status = 0;
	if (reload->loader <= 0 ||
		waitpid(reload->loader, &status, WNOHANG) != reload->loader) {
		return;
	}
	reload->loader = 0;
	const struct matrix_store_result *result =
		matrix_store_result(sensor->store, sensor->page->matrix + 1, status);
	if (result->is_loaded) {
		reload->is_old_kept = true;
		take_over(reload, result);
	} else {
		reject(reload, result);
		matrix_store_clear(sensor->store, sensor->page->matrix + 1);
	}
}

/* No row has a word for these ends at this port: what a flow would yet show is open. */
static bool is_forbidden(void *context, const struct conntrack_ends *ends)
{
	const struct matrix *matrix = *(const struct matrix *const *)context;
	const struct matrix_question question = {
		.from = matrix_locate(matrix, &ends->client),
		.to = matrix_locate(matrix, &ends->server),
		.protocol = PROTOCOL_ATTEMPT,
		.port = ends->server_port,
		.now_s = (int64_t)(clock_realtime_us() / US_PER_S),
		.is_brief = true};
	struct matrix_result result;
	matrix_ask(matrix, &question, &result);
	return result.allowed == MATRIX_NO;
}

static bool is_any(void *context, const struct conntrack_ends *ends)
{
	(void)context;
	(void)ends;
	return true;
}

static void recheck(const struct sensor *sensor, enum settings_recheck which)
{
	const struct matrix *matrix =
		matrix_store_matrix(sensor->store, sensor->page->matrix);
	const struct conntrack_sweep sweep = {
		.mark = GATE_MARK_PASSED | GATE_MARK_COPIED | GATE_MARK_SILENT,
		.is_wanted = which == SETTINGS_RECHECK_ALL ? is_any : is_forbidden,
		.context = (void *)&matrix};
	struct conntrack_counts counts;
	struct reason why;
	if (conntrack_clear(&sweep, &counts, &why)) {
		log_line(LOG_LEVEL_NOTICE, "supervisor",
			"matrix %u: %" PRIu64 " of %" PRIu64
			" connections that had left the queue come back to it",
			sensor->page->matrix, counts.cleared, counts.marked);
	} else {
		log_line(LOG_LEVEL_WARNING, "supervisor",
			"matrix %u: connections that had left the queue go on unseen, "
			"but %" PRIu64 ": %s",
			sensor->page->matrix, counts.cleared, why.text);
	}
}

/* It has the queues open, and must not be left with them. */
_Noreturn static void run_rechecker(
	const struct sensor *sensor, enum settings_recheck which)
{
	environment_forget();
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != sensor->supervisor) {
		_exit(EXIT_FAILURE);
	}
	(void)prctl(PR_SET_NAME, "rechecker");
	(void)signal(SIGALRM, SIG_DFL);
	(void)alarm(RECHECK_S);
	recheck(sensor, which);
	_exit(EXIT_SUCCESS);
}

/*
 * Behind the workers, who else would mark them again by the old matrix. A process of
 * its own: the kernel's table may be large, and a supervisor has dead workers to see to.
 */
static void start_rechecker(struct reload *reload)
{
	const struct sensor *sensor = reload->sensor;
	const enum settings_recheck which =
		matrix_store_policy(sensor->store, sensor->page->matrix)->recheck;
	if (sensor->settings->queues.count == 0 || which == SETTINGS_RECHECK_NONE) {
		return;
	}
	reload->rechecker = fork();
	if (reload->rechecker == 0) {
		run_rechecker(sensor, which);
	}
	if (reload->rechecker < 0) {
		reload->rechecker = 0;
		recheck(sensor, which);
	}
}

static void reap_rechecker(struct reload *reload)
{
	int status = 0;
	if (reload->rechecker <= 0 ||
		waitpid(reload->rechecker, &status, WNOHANG) != reload->rechecker) {
		return;
	}
	reload->rechecker = 0;
	if (WIFSIGNALED(status)) {
		log_line(LOG_LEVEL_WARNING, "supervisor",
			"matrix %u: connections that had left the queue may go on "
			"unseen: looking at them ended by signal %d",
			reload->sensor->page->matrix, WTERMSIG(status));
	}
}

void reload_reap(struct reload *reload)
{
	reap_loader(reload);
	reap_rechecker(reload);
}

void reload_step(struct reload *reload, struct processes *processes)
{
	struct sensor *sensor = reload->sensor;
	if (reload->loader > 0 || !is_taken(sensor, processes)) {
		return;
	}
	if (reload->is_old_kept) {
		reload->is_old_kept = false;
		matrix_store_clear(sensor->store, sensor->page->matrix - 1);
		start_rechecker(reload);
	}
	if (reload->rechecker > 0) {
		return;
	}
	if (reload->is_wanted) {
		reload->is_wanted = false;
		reload->loader = start_loader(sensor);
		if (reload->loader < 0) {
			log_line(LOG_LEVEL_ERROR, "supervisor", "cannot reload: %s",
				strerror(errno));
			reload->loader = 0;
		}
	} else if (reload->is_unfinished) {
		reload->is_unfinished = false;
		notify_say("READY=1");
	}
}
