/* Secrets that leave the environment, and who may read them then. */
#include "base/environment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NAME "MAILWARDEN_TEST_SECRET"

static struct reason why;
static char value[16];

static void a_variable_that_was_taken_is_read_but_stands_nowhere(void **state)
{
	(void)state;
	char entry[] = NAME "=swordfish";
	assert_int_equal(putenv(entry), 0);
	assert_true(environment_take(NAME, &why));
	assert_true(environment_take(NAME, &why));
	assert_null(getenv(NAME));
	assert_string_equal(entry, NAME "=");
	assert_true(environment_read(NAME, value, sizeof(value), &why));
	assert_string_equal(value, "swordfish");
}

static void one_that_was_not_taken_is_read_where_it_is(void **state)
{
	(void)state;
	assert_int_equal(setenv(NAME "_2", "trout", 1), 0);
	assert_true(environment_read(NAME "_2", value, sizeof(value), &why));
	assert_string_equal(value, "trout");
	assert_string_equal(getenv(NAME "_2"), "trout");
}

static void one_that_is_missing_empty_or_too_long_is_told(void **state)
{
	(void)state;
	assert_true(environment_take(NAME "_3", &why));
	assert_false(environment_read(NAME "_3", value, sizeof(value), &why));
	assert_string_equal(why.text, "variable " NAME "_3 is not set");
	assert_int_equal(setenv(NAME "_4", "", 1), 0);
	assert_true(environment_take(NAME "_4", &why));
	assert_false(environment_read(NAME "_4", value, sizeof(value), &why));
	assert_string_equal(why.text, "variable " NAME "_4 is not set");
	assert_int_equal(setenv(NAME "_5", "sixteen letters.", 1), 0);
	assert_true(environment_take(NAME "_5", &why));
	assert_false(environment_read(NAME "_5", value, sizeof(value), &why));
	assert_string_equal(why.text, "variable " NAME "_5 is too long");
	assert_string_equal(value, "");
}

static void what_is_forgotten_is_out_of_reach(void **state)
{
	(void)state;
	environment_forget();
	assert_false(environment_read(NAME, value, sizeof(value), &why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_variable_that_was_taken_is_read_but_stands_nowhere),
		cmocka_unit_test(one_that_was_not_taken_is_read_where_it_is),
		cmocka_unit_test(one_that_is_missing_empty_or_too_long_is_told),
		cmocka_unit_test(what_is_forgotten_is_out_of_reach),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
