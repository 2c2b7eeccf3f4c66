#include "capture/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char FILE_TEXT[] =
	"    0  12345     3 2 65531     7     2      100  1\n"
	"   12   -204     0 2 65531     0     9 4000000000  1\n";

static void each_queue_has_its_own_line(void **state)
{
	(void)state;
	struct queue_kernel_counters counters;
	assert_true(queue_kernel_counters_read(FILE_TEXT, 0, &counters));
	assert_int_equal(counters.port, 12345);
	assert_int_equal(counters.waiting, 3);
	assert_int_equal(counters.dropped_full, 7);
	assert_int_equal(counters.dropped_socket, 2);
	assert_int_equal(counters.sequence, 100);
	assert_true(queue_kernel_counters_read(FILE_TEXT, 12, &counters));
	assert_int_equal(counters.port, -204);
	assert_int_equal(counters.dropped_socket, 9);
	assert_int_equal(counters.sequence, 4000000000U);
}

static void a_queue_that_is_not_there_has_none(void **state)
{
	(void)state;
	struct queue_kernel_counters counters;
	assert_false(queue_kernel_counters_read(FILE_TEXT, 1, &counters));
	assert_false(queue_kernel_counters_read("", 0, &counters));
	assert_false(queue_kernel_counters_read("0 1 2\n", 0, &counters));
	assert_false(queue_kernel_counters_read("0 1 2 x 4 5 6 7", 0, &counters));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_queue_has_its_own_line),
		cmocka_unit_test(a_queue_that_is_not_there_has_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
