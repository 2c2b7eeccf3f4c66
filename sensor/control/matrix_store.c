#include "control/matrix_store.h"

#include "base/arena.h"
#include "base/environment.h"
#include "control/privileges.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HALF_BYTES     ((size_t)512 << 20) /* touched as far as a matrix needs it */
#define SECONDS_OF_CPU 120

struct half {
	const struct matrix *matrix; /* or NULL */
	struct matrix_store_result result;
	_Alignas(64) unsigned char memory[];
};

struct matrix_store {
	struct half *halves[2];
};

struct matrix_store *matrix_store_new(struct reason *why)
{
	struct matrix_store *store = calloc(1, sizeof(*store));
	if (!store) {
		(void)reason_set(why, "no memory for the matrix store");
		return NULL;
	}
	for (int i = 0; i < 2; i++) {
		void *memory = mmap(NULL, HALF_BYTES, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (memory == MAP_FAILED) {
			(void)reason_set(why, "no memory for the matrix store: %s",
				strerror(errno));
			matrix_store_free(store);
			return NULL;
		}
		store->halves[i] = memory;
	}
	return store;
}

void matrix_store_free(struct matrix_store *store)
{
	for (int i = 0; store && i < 2; i++) {
		if (store->halves[i]) {
			(void)munmap(store->halves[i], HALF_BYTES);
		}
	}
	free(store);
}

static struct half *half_of(const struct matrix_store *store, uint32_t generation)
{
	return store->halves[generation % 2];
}

/* The one problem of files that were not read. */
static void tell(struct matrix_store_result *result, const struct reason *why)
{
	*result = (struct matrix_store_result){.problem_count = 1, .problem_total = 1};
	(void)snprintf(result->problems[0].text, sizeof(result->problems[0].text), "%s",
		why->text);
}

/* As many as there is room for. */
static void keep(
	struct matrix_store_result *result, const struct matrix_problems *problems)
{
	for (size_t i = 0; i < problems->count && i < MATRIX_STORE_PROBLEMS; i++) {
		result->problems[result->problem_count++] = problems->list[i];
	}
	result->problem_total = problems->count;
}

/* In the loader. */
static void load(struct half *half, const struct settings *settings)
{
	arena_settle(half->memory, HALF_BYTES - sizeof(*half));
	struct matrix_problems problems = {0};
	const struct settings_list *files = &settings->matrices;
	const struct matrix *matrix =
		matrix_load(files->values, files->count, &problems);
	struct matrix_store_result *result = &half->result;
	result->policy = settings->policy;
	if (matrix) {
		matrix_warnings(matrix, (int64_t)time(NULL), &problems);
		result->rows = matrix_declared_rows(matrix);
		(void)matrix_groups(matrix, &result->groups);
		half->matrix = matrix;
		result->is_loaded = true;
	}
	keep(result, &problems);
}

_Static_assert(PROBLEMS_MAX <= MATRIX_STORE_PROBLEMS, "there is room for all mistakes");

static void keep_mistakes(
	struct matrix_store_result *result, const struct problems *mistakes)
{
	for (size_t i = 0; i < mistakes->count; i++) { /* PROBLEMS_MAX steps */
		(void)snprintf(result->problems[i].text,
			sizeof(result->problems[i].text), "%s", mistakes->list[i].text);
	}
	result->problem_count = result->problem_total = mistakes->count;
}

/* In the loader. Settings in error leave those that are in force, and their matrix. */
static void load_again(struct half *half, const struct settings *settings)
{
	static struct problems mistakes; /* too large for the stack */
	const struct settings *next =
		settings->reread(settings->reread_context, &mistakes);
	if (!next) {
		keep_mistakes(&half->result, &mistakes);
		return;
	}
	(void)settings_differences(settings, next, half->result.differences,
		sizeof(half->result.differences));
	load(half, next);
}

bool matrix_store_confine_loader(struct reason *why)
{
	const struct rlimit bound = {SECONDS_OF_CPU, SECONDS_OF_CPU};
	sigset_t none;
	environment_forget();
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGINT, SIG_IGN);
	(void)setrlimit(RLIMIT_CPU, &bound);
	const bool is_confined = privileges_keep(PRIVILEGE_READ_FILES, why);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	return is_confined;
}

static void run_loader(
	struct half *half, const struct settings *settings, bool is_again)
{
	struct reason why;
	if (!matrix_store_confine_loader(&why)) {
		tell(&half->result, &why);
	} else if (is_again) {
		load_again(half, settings);
	} else {
		load(half, settings);
	}
	_exit(0);
}

pid_t matrix_store_load(struct matrix_store *store, uint32_t generation,
	const struct settings *settings)
{
	struct half *half = half_of(store, generation);
	matrix_store_clear(store, generation);
	const pid_t pid = fork();
	if (pid == 0) {
		run_loader(half, settings, generation > 1 && settings->reread);
	}
	return pid;
}

const struct matrix_store_result *matrix_store_result(
	struct matrix_store *store, uint32_t generation, int wait_status)
{
	struct half *half = half_of(store, generation);
	struct matrix_store_result *result = &half->result;
	if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) {
		return result;
	}
	struct reason why;
	(void)reason_set(&why,
		"reading the matrix ended by signal %d: too large, or too slow",
		WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0);
	tell(result, &why);
	return result;
}

const struct matrix *matrix_store_matrix(
	const struct matrix_store *store, uint32_t generation)
{
	return half_of(store, generation)->matrix;
}

const struct settings_policy *matrix_store_policy(
	const struct matrix_store *store, uint32_t generation)
{
	return &half_of(store, generation)->result.policy;
}

void matrix_store_clear(struct matrix_store *store, uint32_t generation)
{
	(void)madvise(half_of(store, generation), HALF_BYTES, MADV_REMOVE);
}

bool matrix_store_freeze(const struct matrix_store *store, struct reason *why)
{
	for (int i = 0; i < 2; i++) {
		if (mprotect(store->halves[i], HALF_BYTES, PROT_READ) != 0) {
			return reason_set(
				why, "cannot protect the matrix: %s", strerror(errno));
		}
	}
	return true;
}
