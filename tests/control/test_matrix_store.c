#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/matrix_store.h"
#include "refused_call.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const RIGHT[] = {"tests/matrix/small.yaml"};
static const char *const WRONG[] = {"tests/matrix/mistakes.yaml"};

static const struct matrix_store_result *load(
	struct matrix_store *store, uint32_t generation, const char *const *files)
{
	int status = 0;
	const struct settings settings = {
		.matrices = {.values = {files[0]}, .count = 1}};
	const pid_t loader = matrix_store_load(store, generation, &settings);
	assert_true(loader > 0);
	assert_int_equal(waitpid(loader, &status, 0), loader);
	return matrix_store_result(store, generation, status);
}

static void a_matrix_loaded_by_another_process_is_used_by_this_one(void **state)
{
	(void)state;
	struct reason why;
	struct matrix_store *store = matrix_store_new(&why);
	assert_non_null(store);
	assert_true(load(store, 1, RIGHT)->is_loaded);
	assert_true(load(store, 2, RIGHT)->is_loaded);
	for (uint32_t generation = 1; generation <= 2; generation++) {
		const struct matrix *matrix = matrix_store_matrix(store, generation);
		size_t count = 0;
		const struct matrix_row *rows = matrix_rows(matrix, &count);
		assert_true(count > 0);
		assert_true(strlen(rows[0].id) > 0);
		struct matrix_end end;
		assert_true(matrix_find_end(matrix, "internet", &end, &why));
	}
	assert_true(matrix_store_matrix(store, 1) != matrix_store_matrix(store, 2));
	matrix_store_free(store);
}

static void errors_come_back_with_their_places_and_the_other_matrix_stays(void **state)
{
	(void)state;
	struct reason why;
	struct matrix_store *store = matrix_store_new(&why);
	assert_non_null(store);
	assert_true(load(store, 1, RIGHT)->is_loaded);
	const struct matrix_store_result *result = load(store, 2, WRONG);
	assert_false(result->is_loaded);
	assert_true(result->problem_count > 1);
	assert_non_null(strstr(result->problems[0].text, "mistakes.yaml:"));
	size_t count = 0;
	(void)matrix_rows(matrix_store_matrix(store, 1), &count);
	assert_true(count > 0);
	assert_null(matrix_store_matrix(store, 2));
	matrix_store_free(store);
}

/* The same words as `mailwarden check` has. */
static void warnings_of_a_matrix_that_is_loaded_come_back(void **state)
{
	(void)state;
	static const char *const DOUBTFUL[] = {"tests/control/doubtful.yaml"};
	struct reason why;
	struct matrix_store *store = matrix_store_new(&why);
	assert_non_null(store);
	assert_int_equal(load(store, 1, RIGHT)->problem_total, 0);
	const struct matrix_store_result *result = load(store, 2, DOUBTFUL);
	assert_true(result->is_loaded);
	assert_int_equal(result->problem_count, 1);
	assert_int_equal(result->problem_total, 1);
	assert_non_null(strstr(result->problems[0].text,
		"doubtful.yaml:8: warning: row D-01 expired: its last day was "
		"2020-06-30"));
	matrix_store_free(store);
}

static struct settings next_settings;

static const struct settings *read_next(void *context, struct problems *problems)
{
	if (context) {
		problems_add(problems, NULL, "%s", (const char *)context);
		return NULL;
	}
	return &next_settings;
}

static const struct matrix_store_result *reload(
	struct matrix_store *store, const char *mistake)
{
	int status = 0;
	const struct settings settings = {
		.matrices = {.values = {RIGHT[0]}, .count = 1},
		.policy = {.ban_s = 1},
		.workers = 1,
		.reread = read_next,
		.reread_context = (void *)mistake};
	(void)waitpid(matrix_store_load(store, 1, &settings), &status, 0);
	assert_int_equal(matrix_store_policy(store, 1)->ban_s, 1);
	(void)waitpid(matrix_store_load(store, 2, &settings), &status, 0);
	return matrix_store_result(store, 2, status);
}

static void a_reload_takes_the_policy_of_the_settings_as_they_are_now(void **state)
{
	(void)state;
	struct reason why;
	struct matrix_store *store = matrix_store_new(&why);
	assert_non_null(store);
	next_settings =
		(struct settings){.matrices = {.values = {RIGHT[0]}, .count = 1},
			.policy = {.ban_s = 2, .is_enforcing = true},
			.workers = 3};
	const struct matrix_store_result *result = reload(store, NULL);
	assert_true(result->is_loaded);
	assert_int_equal(matrix_store_policy(store, 2)->ban_s, 2);
	assert_true(matrix_store_policy(store, 2)->is_enforcing);
	assert_string_equal(result->differences, "workers");
	matrix_store_free(store);
}

static void settings_in_error_leave_matrix_and_policy(void **state)
{
	(void)state;
	struct reason why;
	struct matrix_store *store = matrix_store_new(&why);
	assert_non_null(store);
	const struct matrix_store_result *result = reload(store, "no such mode");
	assert_false(result->is_loaded);
	assert_int_equal(result->problem_count, 1);
	assert_non_null(strstr(result->problems[0].text, "no such mode"));
	assert_int_equal(matrix_store_policy(store, 1)->ban_s, 1);
	matrix_store_free(store);
}

static void a_loader_that_is_killed_is_an_error_like_any_other(void **state)
{
	(void)state;
	struct reason why;
	struct matrix_store *store = matrix_store_new(&why);
	assert_non_null(store);
	const struct matrix_store_result *result = matrix_store_result(store, 1, 9);
	assert_false(result->is_loaded);
	assert_non_null(strstr(result->problems[0].text, "signal 9"));
	matrix_store_free(store);
}

static void a_loader_that_cannot_give_up_its_rights_reads_nothing(void **state)
{
	(void)state;
	struct reason why;
	struct matrix_store *store = matrix_store_new(&why);
	assert_non_null(store);
	int status = 0;
	const pid_t starter = fork();
	if (starter == 0) {
		refuse_call(SCMP_SYS(capget));
		(void)load(store, 1, RIGHT);
		_exit(0);
	}
	assert_int_equal(waitpid(starter, &status, 0), starter);
	const struct matrix_store_result *result =
		matrix_store_result(store, 1, status);
	assert_false(result->is_loaded);
	assert_int_equal(result->problem_count, 1);
	assert_non_null(strstr(result->problems[0].text, "capabilities"));
	matrix_store_free(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_matrix_loaded_by_another_process_is_used_by_this_one),
		cmocka_unit_test(
			errors_come_back_with_their_places_and_the_other_matrix_stays),
		cmocka_unit_test(warnings_of_a_matrix_that_is_loaded_come_back),
		cmocka_unit_test(
			a_reload_takes_the_policy_of_the_settings_as_they_are_now),
		cmocka_unit_test(settings_in_error_leave_matrix_and_policy),
		cmocka_unit_test(a_loader_that_is_killed_is_an_error_like_any_other),
		cmocka_unit_test(a_loader_that_cannot_give_up_its_rights_reads_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
