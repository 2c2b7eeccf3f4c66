#include "base/pool.h"

#include <setjmp.h>
#include <stdarg.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pool_gives_its_capacity_and_not_one_slot_more),
		cmocka_unit_test(the_slot_freed_last_is_given_next),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
