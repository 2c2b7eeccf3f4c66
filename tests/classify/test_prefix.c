#include "classify/prefix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

static void add(struct prefix *prefix, unsigned side, const char *text)
{
	assert_int_equal(prefix_add(prefix, side, (const uint8_t *)text, strlen(text)),
		strlen(text));
}

static void bytes_of_one_side_in_a_row_are_one_run(void **state)
{
	(void)state;
	struct prefix prefix = {0};
	add(&prefix, 1, "220 ");
	add(&prefix, 1, "ready");
	add(&prefix, 0, "EHLO");
	assert_int_equal(prefix.run_count, 2);
	assert_int_equal(prefix.runs[0].len, 9);
	assert_int_equal(prefix.runs[1].side, 0);
	assert_memory_equal(prefix.bytes[1], "220 ready", 9);
}

static void a_full_side_keeps_no_more(void **state)
{
	(void)state;
	struct prefix prefix = {0};
	uint8_t bytes[PREFIX_BYTES - 3];
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(prefix_add(&prefix, 0, bytes, sizeof(bytes)), sizeof(bytes));
	assert_false(prefix_is_full(&prefix, 0));
	assert_int_equal(prefix_add(&prefix, 0, bytes, 10), 3);
	assert_true(prefix_is_full(&prefix, 0));
	assert_false(prefix_is_full(&prefix, 1));
	assert_int_equal(prefix_add(&prefix, 0, bytes, 10), 0);
	assert_int_equal(prefix.runs[0].len, PREFIX_BYTES);
}

static void a_side_that_finds_no_free_run_is_full(void **state)
{
	(void)state;
	struct prefix prefix = {0};
	for (unsigned i = 0; i < PREFIX_RUNS; i++) {
		add(&prefix, i % 2, "x");
	}
	assert_true(prefix_is_full(&prefix, 0));
	assert_false(prefix_is_full(&prefix, 1));
	assert_int_equal(prefix_add(&prefix, 0, (const uint8_t *)"x", 1), 0);
	add(&prefix, 1, "x");
}

static void a_gap_is_a_run_of_its_own(void **state)
{
	(void)state;
	struct prefix prefix = {0};
	add(&prefix, 0, "a");
	prefix_gap(&prefix, 0);
	prefix_gap(&prefix, 0);
	add(&prefix, 0, "b");
	assert_int_equal(prefix.run_count, 3);
	assert_true(prefix.runs[1].is_gap);
	assert_int_equal(prefix.runs[2].len, 1);
	assert_true(prefix.has_gap[0]);
	assert_false(prefix.has_gap[1]);
}

static void what_is_dropped_leaves_bytes_and_runs(void **state)
{
	(void)state;
	struct prefix prefix = {0};
	add(&prefix, 0, "secret");
	add(&prefix, 1, "ok");
	add(&prefix, 0, "EHLO");
	prefix_drop(&prefix, 0, 6);
	assert_int_equal(prefix.len[0], 4);
	assert_memory_equal(prefix.bytes[0], "EHLO", 4);
	assert_int_equal(prefix.run_count, 2);
	assert_int_equal(prefix.runs[0].side, 1);
	assert_int_equal(prefix.runs[1].len, 4);
	assert_null(memmem(prefix.bytes[0], PREFIX_BYTES, "cret", 4));
}

static void runs_that_meet_after_a_drop_become_one(void **state)
{
	(void)state;
	struct prefix prefix = {0};
	add(&prefix, 0, "a");
	add(&prefix, 1, "x");
	add(&prefix, 0, "b");
	prefix_drop(&prefix, 1, 9);
	assert_int_equal(prefix.run_count, 1);
	assert_int_equal(prefix.runs[0].len, 2);
	assert_int_equal(prefix.len[1], 0);
}

static void what_is_forgotten_stays_a_gap_of_both_sides(void **state)
{
	(void)state;
	struct prefix prefix = {0};
	(void)prefix_add(&prefix, 0, (const uint8_t *)"ab", 2);
	(void)prefix_add(&prefix, 1, (const uint8_t *)"cd", 2);
	prefix_forget(&prefix);
	for (unsigned side = 0; side < 2; side++) {
		assert_int_equal(prefix.len[side], 0);
		assert_true(prefix.has_gap[side]);
	}
	assert_true(prefix_is_start_lost(&prefix));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_of_one_side_in_a_row_are_one_run),
		cmocka_unit_test(a_full_side_keeps_no_more),
		cmocka_unit_test(a_side_that_finds_no_free_run_is_full),
		cmocka_unit_test(a_gap_is_a_run_of_its_own),
		cmocka_unit_test(what_is_dropped_leaves_bytes_and_runs),
		cmocka_unit_test(runs_that_meet_after_a_drop_become_one),
		cmocka_unit_test(what_is_forgotten_stays_a_gap_of_both_sides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
