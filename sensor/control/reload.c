#include "control/reload.h"

#include "base/clock.h"
#include "base/environment.h"
#include "base/log.h"
#include "capture/conntrack.h"
#include "control/gate.h"
#include "control/notify.h"
#include "lists/build.h"
#include "lists/by_hand.h"
#include "lists/load.h"
#include "lists/request.h"

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

#define LISTS_PAUSE_US  UINT64_C(1000000)  /* between two looks at their files */
#define LISTS_FAILED_US UINT64_C(60000000) /* behind a loader that died */
#define LISTS_SHARE     10 /* the pause behind a load, in times what that took */

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
		log_line(level, "supervisor", "%zu more; `mailwarden check` shows all",
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

/* What became of each list, where it is another thing than before. */
static void tell_lists(
	struct reload *reload, const struct lists *before, const struct lists *now)
{
	size_t count = 0;
	const struct lists_list *all = lists_all(now, &count);
	for (size_t i = 0; i < count; i++) { /* LISTS_MAX */
		const struct lists_list *list = &all[i];
		const struct lists_list *old =
			before ? lists_named(before, list->name) : NULL;
		const char *told = old ? old->problem.text : "";
		if (strcmp(list->problem.text, told) == 0) {
			continue;
		}
		if (list->is_kept) {
			health_alert(reload->health, FINDING_SENSOR_LIST_FAILED,
				SENSOR_SUPERVISOR, "list %s, %u entries stay: %.150s",
				list->name, list->entries, list->problem.text);
		} else if (list->problem.text[0] != '\0') {
			log_line(LOG_LEVEL_WARNING, "supervisor",
				"list %s: %u lines are left out: %s", list->name,
				list->bad_lines, list->problem.text);
		}
	}
	log_line(LOG_LEVEL_NOTICE, "supervisor", "lists loaded: %zu with %u entries",
		count, lists_entry_count(now));
}

/* In a process of its own. */
_Noreturn static void run_list_loader(const struct sensor *sensor)
{
	const struct lists_store *store = sensor->lists;
	const uint32_t generation = lists_store_generation(store);
	struct reason why;
	if (!matrix_store_confine_loader(&why)) {
		_exit(EXIT_FAILURE);
	}
	const struct lists_past past = {
		.before = generation > 0 ? lists_store_block(store, generation) : NULL,
		.directory = sensor->state_directory};
	lists_load(lists_store_block(store, generation + 1),
		matrix_store_matrix(sensor->store, sensor->page->matrix), &past,
		(int64_t)(clock_realtime_us() / US_PER_S));
	_exit(EXIT_SUCCESS);
}

static void start_list_loader(struct reload *reload)
{
	reload->began_us = clock_monotonic_us();
	reload->listed = reload->sensor->page->matrix;
	reload->list_loader = fork();
	if (reload->list_loader == 0) {
		run_list_loader(reload->sensor);
	}
	if (reload->list_loader < 0) {
		reload->list_loader = 0;
		reload->lists_us = reload->began_us + LISTS_FAILED_US;
		reload->listed = 0;
		log_line(LOG_LEVEL_ERROR, "supervisor", "cannot read lists: %s",
			strerror(errno));
	}
}

static void count_hits(const struct sensor *sensor)
{
	const uint32_t generation = lists_store_generation(sensor->lists);
	if (generation > 0) {
		list_states_count(&sensor->page->lists,
			lists_store_block(sensor->lists, generation));
	}
}

/* What a loader that ended left in the next block. */
static void take_lists(struct reload *reload, int status)
{
	struct lists_store *store = reload->sensor->lists;
	const uint32_t generation = lists_store_generation(store);
	const uint64_t now_us = clock_monotonic_us();
	if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS) {
		reload->lists_us = now_us + LISTS_FAILED_US;
		reload->listed = 0;
		lists_store_clear(store);
		health_alert(reload->health, FINDING_SENSOR_LIST_FAILED,
			SENSOR_SUPERVISOR,
			"all lists stay: reading them ended by signal %d",
			WIFSIGNALED(status) ? WTERMSIG(status) : 0);
		return;
	}
	tell_lists(reload, generation > 0 ? lists_store_block(store, generation) : NULL,
		lists_store_block(store, generation + 1));
	count_hits(reload->sensor); /* of those that are in force no more */
	list_states_load(&reload->sensor->page->lists,
		lists_store_block(store, generation + 1),
		(int64_t)(clock_realtime_us() / US_PER_S));
	lists_store_publish(store);
	reload->are_old_kept = true;
	reload->lists_us =
		now_us + LISTS_PAUSE_US + (now_us - reload->began_us) * LISTS_SHARE;
}

static void reap_list_loader(struct reload *reload)
{
	int status = 0;
	if (reload->list_loader > 0 &&
		waitpid(reload->list_loader, &status, WNOHANG) == reload->list_loader) {
		reload->list_loader = 0;
		take_lists(reload, status);
	}
}

static bool has_lists(const struct sensor *sensor)
{
	size_t count = 0;
	(void)matrix_lists(
		matrix_store_matrix(sensor->store, sensor->page->matrix), &count);
	return count > 0 || lists_store_generation(sensor->lists) > 0;
}

static bool are_lists_stale(const struct sensor *sensor)
{
	const uint32_t generation = lists_store_generation(sensor->lists);
	return generation > 0 &&
	       lists_are_stale(lists_store_block(sensor->lists, generation),
		       sensor->state_directory);
}

static bool are_lists_taken(const struct sensor *sensor, struct processes *processes)
{
	for (unsigned i = SENSOR_WORKERS; i < sensor->workers_end; i++) {
		if (processes->list[i].pid != 0 &&
			!lists_store_is_taken(sensor->lists, i)) {
			return false;
		}
	}
	return true;
}

/* Never beside a load of the matrix, which a loader of lists reads. */
static void step_lists(struct reload *reload, struct processes *processes)
{
	const struct sensor *sensor = reload->sensor;
	const uint64_t now_us = clock_monotonic_us();
	count_hits(sensor);
	if (reload->list_loader > 0 || !has_lists(sensor) ||
		!are_lists_taken(sensor, processes)) {
		return;
	}
	if (reload->are_old_kept) {
		reload->are_old_kept = false;
		lists_store_clear(sensor->lists);
	}
	if (now_us < reload->lists_us) {
		return;
	}
	reload->lists_us = now_us + LISTS_PAUSE_US;
	if (reload->listed != sensor->page->matrix || are_lists_stale(sensor)) {
		start_list_loader(reload);
	}
}

static bool is_declared(const struct sensor *sensor, const char *name)
{
	size_t count = 0;
	const struct matrix_list *lists = matrix_lists(
		matrix_store_matrix(sensor->store, sensor->page->matrix), &count);
	for (size_t i = 0; i < count; i++) { /* MATRIX_LISTS_MAX */
		if (strcmp(lists[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

/* Written down and journalled; in force with the next load, which is soon. */
static bool change_list(
	struct reload *reload, const struct lists_request *request, struct reason *why)
{
	const struct sensor *sensor = reload->sensor;
	char entry[LISTS_TEXT_BYTES];
	const struct by_hand_change change = {.list = request->list,
		.entry = entry,
		.reason = request->reason,
		.expires_s = request->expires_s,
		.is_removed = request->operation == LISTS_REMOVE};
	const struct json_matrix event = {.generation = sensor->page->matrix,
		.list = request->list,
		.entry = entry,
		.reason = request->reason,
		.is_removed = change.is_removed};
	if (!is_declared(sensor, request->list)) {
		return reason_set(
			why, "the matrix declares no list \"%s\"", request->list);
	}
	if (!build_entry_text(request->entry, entry, why) ||
		!by_hand_keep(sensor->state_directory, &change,
			(int64_t)(clock_realtime_us() / US_PER_S), why)) {
		return false;
	}
	health_matrix(reload->health, &event);
	log_line(LOG_LEVEL_NOTICE, "supervisor", "list %s: %s %s by hand",
		request->list, entry, change.is_removed ? "removed" : "added");
	reload->lists_us = 0;
	return true;
}

void reload_serve(struct reload *reload)
{
	const struct lists_store *store = reload->sensor->lists;
	const uint32_t generation = lists_store_generation(store);
	struct lists_request request;
	struct lists_answer answer = {.generation = generation};
	struct reason why = {.text = ""};
	int file = -1;
	const int connection = lists_request_next(reload->sensor->control, &request);
	if (connection < 0) {
		return;
	}
	switch ((enum lists_operation)request.operation) {
	case LISTS_OPEN:
		answer.is_done = generation > 0 ||
				 reason_set(&why, "the matrix declares no lists");
		file = generation > 0 ? lists_store_file(store, generation) : -1;
		break;
	case LISTS_ADD:
	case LISTS_REMOVE:
		answer.is_done = change_list(reload, &request, &why);
		break;
	}
	(void)snprintf(answer.text, sizeof(answer.text), "%s", why.text);
	lists_request_answer(connection, &answer, file);
}

/* Before there are workers: none judges without them. */
static void wait_for_lists(struct reload *reload, bool (*is_given_up)(void))
{
	int status = 0;
	if (!has_lists(reload->sensor)) {
		reload->listed = reload->sensor->page->matrix;
		return;
	}
	start_list_loader(reload);
	while (reload->list_loader > 0 &&
		waitpid(reload->list_loader, &status, WNOHANG) == 0) {
		if (is_given_up()) {
			(void)kill(reload->list_loader, SIGKILL);
		}
		(void)poll(NULL, 0, NAP_MS);
	}
	if (reload->list_loader > 0) {
		reload->list_loader = 0;
		take_lists(reload, status);
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
		wait_for_lists(reload, is_given_up);
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
	reap_list_loader(reload);
	reap_rechecker(reload);
}

void reload_step(struct reload *reload, struct processes *processes)
{
	struct sensor *sensor = reload->sensor;
	if (reload->loader > 0 || !is_taken(sensor, processes)) {
		return;
	}
	step_lists(reload, processes);
	if (reload->list_loader > 0) {
		return; /* it reads the matrix */
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
