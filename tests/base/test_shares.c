#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/shares.h"

#define SLOTS 64

static struct shares shares;

static int set_up(void **state)
{
	struct reason why;
	(void)state;
	return shares_init(&shares, SLOTS, &why) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	shares_destroy(&shares);
	return 0;
}

static void while_all_have_little_nobody_has_too_much(void **state)
{
	(void)state;
	assert_int_equal(shares_too_much(&shares, 8), SHARES_NONE);
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		shares_take(&shares, slot, (uint8_t)(slot % 8), slot + 1000);
	}
	assert_int_equal(shares_too_much(&shares, 8), SHARES_NONE);
}

static void who_has_most_gives_up_what_he_has_longest(void **state)
{
	(void)state;
	shares_take(&shares, 0, 7, 1000);
	for (uint32_t slot = 1; slot < 20; slot++) {
		shares_take(&shares, slot, slot < 9 ? 3 : 200, slot + 1000);
	}
	assert_int_equal(shares_too_much(&shares, 8), 1009);
	shares_give(&shares, 9);
	assert_int_equal(shares_too_much(&shares, 8), 1010);
	shares_take(&shares, 9, 200, 2000); /* now the newest */
	assert_int_equal(shares_too_much(&shares, 8), 1010);
	for (uint32_t slot = 10; slot < 20; slot++) {
		shares_give(&shares, slot);
	}
	assert_int_equal(shares_too_much(&shares, 8), SHARES_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(while_all_have_little_nobody_has_too_much),
		TEST(who_has_most_gives_up_what_he_has_longest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
