#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/quota.h"

#define EACH 4
#define ALL  10

static struct quota fresh(void)
{
	return (struct quota){.each = EACH, .all = ALL};
}

/* How often holder, who wants it ALL times, has it at that time. */
static unsigned had(struct quota *quota, uint8_t holder, uint64_t now_us)
{
	unsigned count = 0;
	for (unsigned i = 0; i < ALL; i++) {
		quota_begin(quota, holder, now_us);
		count += quota_take(quota);
	}
	return count;
}

static void who_takes_much_takes_it_from_nobody_else(void **state)
{
	(void)state;
	struct quota quota = fresh();
	assert_int_equal(had(&quota, 1, 5000000), EACH);
	assert_int_equal(had(&quota, 255, 5999999), EACH);
}

static void all_together_have_no_more_than_all(void **state)
{
	(void)state;
	struct quota quota = fresh();
	assert_int_equal(had(&quota, 1, 0), EACH);
	assert_int_equal(had(&quota, 2, 0), EACH);
	assert_int_equal(had(&quota, 3, 0), ALL - 2 * EACH);
	assert_int_equal(had(&quota, 4, 0), 0);
}

static void another_second_begins_anew_also_one_before(void **state)
{
	(void)state;
	struct quota quota = fresh();
	assert_int_equal(had(&quota, 1, 5999999), EACH);
	assert_int_equal(had(&quota, 1, 5000000), 0);
	assert_int_equal(had(&quota, 1, 6000000), EACH);
	assert_int_equal(had(&quota, 1, 5000000), EACH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_takes_much_takes_it_from_nobody_else),
		cmocka_unit_test(all_together_have_no_more_than_all),
		cmocka_unit_test(another_second_begins_anew_also_one_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
