#include "base/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void a_pool_gives_its_capacity_and_not_one_slot_more(void **state)
{
	(void)state;
	struct pool pool;
	struct reason why;
	assert_true(pool_init(&pool, 20, 3, &why));
	assert_int_equal(pool.slot_bytes, 32);
	assert_int_equal(pool_take(&pool), 0);
	assert_int_equal(pool_take(&pool), 1);
	assert_int_equal(pool_take(&pool), 2);
	assert_int_equal(pool_take(&pool), POOL_NONE);
	pool_destroy(&pool);
}

static void the_slot_freed_last_is_given_next(void **state)
{
	(void)state;
	struct pool pool;
	struct reason why;
	assert_true(pool_init(&pool, 16, 4, &why));
	for (int i = 0; i < 3; i++) {
		(void)pool_take(&pool);
	}
	pool_give(&pool, 0);
	pool_give(&pool, 2);
	assert_int_equal(pool_take(&pool), 2);
	assert_int_equal(pool_take(&pool), 0);
	assert_int_equal(pool_take(&pool), 3);
	assert_int_equal(pool.used, 4);
	assert_int_equal(pool_index(&pool, pool_at(&pool, 3)), 3);
	pool_destroy(&pool);
}

static void pages_are_zero_to_their_end_and_begin_at_a_huge_one(void **state)
{
	(void)state;
	static const size_t SIZES[] = {
		1, 4096, 1 << 20, (2 << 20) - 1, 2 << 20, (2 << 20) + 1, 5 << 20};
	for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
		uint8_t *pages = (uint8_t *)pool_pages(SIZES[i]);
		assert_non_null(pages);
		assert_int_equal((uintptr_t)pages % (2 << 20), 0);
		for (size_t at = 0; at < SIZES[i]; at++) {
			assert_int_equal(pages[at], 0);
		}
		memset(pages, 1, SIZES[i]);
		pool_pages_free(pages, SIZES[i]);
	}
	pool_pages_free(NULL, 1);
}

static void pages_that_no_machine_has_are_none(void **state)
{
	(void)state;
	assert_null(pool_pages((size_t)1 << 60));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pool_gives_its_capacity_and_not_one_slot_more),
		cmocka_unit_test(the_slot_freed_last_is_given_next),
		cmocka_unit_test(pages_are_zero_to_their_end_and_begin_at_a_huge_one),
		cmocka_unit_test(pages_that_no_machine_has_are_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
