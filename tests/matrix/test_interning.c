#include "matrix/interning.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define LISTS 5000U

static uint32_t number(struct interning *interning, uint32_t i)
{
	const uint32_t words[] = {i, i * 2654435761U, i % 3};
	return interning_number(interning, words, i % 4);
}

static void lists_alike_have_one_number_and_others_another(void **state)
{
	(void)state;
	struct interning interning = {.count = 0};
	const uint32_t a[] = {1, 2};
	const uint32_t b[] = {1, 2, 0};
	assert_int_equal(interning_number(&interning, a, 2), 0);
	assert_int_equal(interning_number(&interning, b, 3), 1);
	assert_int_equal(interning_number(&interning, a, 1), 2);
	assert_int_equal(interning_number(&interning, NULL, 0), 3);
	assert_int_equal(interning_number(&interning, b, 2), 0);
	assert_int_equal(interning_number(&interning, NULL, 0), 3);
	assert_int_equal(interning.count, 4);
	interning_free(&interning);
}

static void numbers_stay_when_there_are_many(void **state)
{
	(void)state;
	struct interning interning = {.count = 0};
	uint32_t first[LISTS];
	for (uint32_t i = 0; i < LISTS; i++) {
		first[i] = number(&interning, i);
		assert_true(first[i] < interning.count);
		assert_int_equal(first[i], i % 4 == 0 ? 0 : i - (i / 4));
	}
	for (uint32_t i = 0; i < LISTS; i++) {
		assert_int_equal(number(&interning, i), first[i]);
	}
	interning_free(&interning);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_alike_have_one_number_and_others_another),
		cmocka_unit_test(numbers_stay_when_there_are_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
