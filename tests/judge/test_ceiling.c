/* Alerts above a ceiling are counted, and the count is told. */
#include "judge/ceiling.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define START_US  UINT64_C(5000000)
#define MINUTE_US UINT64_C(60000000)
#define ONE       FINDING_SENDER_ILLEGITIMATE
#define OTHER     FINDING_TLS_CREDENTIALS_CLEAR

static struct ceiling_table table;
static struct ceiling ceiling;
static struct reason why;
static uint32_t told[FINDING_COUNT];
static unsigned tellings;

static int start(void **state)
{
	(void)state;
	ceiling_table_start(&table);
	ceiling = (struct ceiling){.table = &table};
	memset(told, 0, sizeof(told));
	tellings = 0;
	return 0;
}

static void tell(void *context, enum finding finding, uint32_t held)
{
	(void)context;
	told[finding] += held;
	tellings++;
}

/* So many alerts about a source of a group. */
static unsigned passed_of(
	const char *group, uint8_t host, enum finding finding, unsigned count)
{
	const uint8_t bytes[4] = {192, 0, 2, host};
	const struct address address = address_from_ipv4(bytes);
	const struct ceiling_source source = {group, &address};
	unsigned passed = 0;
	for (unsigned i = 0; i < count; i++) {
		passed += ceiling_pass(&ceiling, finding, &source, START_US + i);
	}
	return passed;
}

/* So many alerts, each about another source of one group. */
static unsigned passed(enum finding finding, unsigned count, uint64_t now_us)
{
	unsigned passed = 0;
	for (unsigned i = 0; i < count; i++) {
		const uint8_t bytes[4] = {10, 0, (uint8_t)(i >> 8), (uint8_t)i};
		const struct address address = address_from_ipv4(bytes);
		const struct ceiling_source source = {"workstations", &address};
		passed += ceiling_pass(&ceiling, finding, &source, now_us + i);
	}
	return passed;
}

static void a_flood_about_one_group_hides_no_other(void **state)
{
	(void)state;
	assert_in_range(passed_of("workstations", 1, ONE, 5000), 800, 1000);
	assert_int_equal(passed_of("relay", 2, ONE, 1), 1);
}

static void a_flood_about_one_source_hides_no_other_of_its_group(void **state)
{
	(void)state;
	assert_true(ceiling_table_set(&table, "100", &why));
	assert_in_range(passed_of("workstations", 1, ONE, 5000), 75, 80);
	assert_int_equal(passed_of("workstations", 2, ONE, 1), 1);
	(void)passed_of("workstations", 3, ONE, 5000);
	assert_int_equal(passed_of("workstations", 4, ONE, 1), 1);
}

static void a_flood_of_one_finding_is_cut_and_no_other(void **state)
{
	(void)state;
	assert_true(ceiling_table_set(&table, "10", &why));
	assert_int_equal(passed(ONE, 25, START_US), 10);
	assert_int_equal(passed(OTHER, 5, START_US), 5);
}

static void what_was_held_back_is_told_once_when_the_minute_is_over(void **state)
{
	(void)state;
	assert_true(ceiling_table_set(&table, "10", &why));
	(void)passed(ONE, 25, START_US);
	ceiling_due(&ceiling, START_US + MINUTE_US - 1, tell, NULL);
	assert_int_equal(tellings, 0);
	ceiling_due(&ceiling, START_US + MINUTE_US, tell, NULL);
	ceiling_due(&ceiling, START_US + 2 * MINUTE_US, tell, NULL);
	assert_int_equal(tellings, 1);
	assert_int_equal(told[ONE], 15);
}

static void the_next_minute_starts_anew_and_forgets_no_count(void **state)
{
	(void)state;
	assert_true(ceiling_table_set(&table, "10", &why));
	(void)passed(ONE, 12, START_US);
	assert_int_equal(passed(ONE, 11, START_US + MINUTE_US), 10);
	ceiling_due(&ceiling, UINT64_MAX, tell, NULL);
	assert_int_equal(told[ONE], 3);
}

static void a_clock_set_back_starts_another_minute(void **state)
{
	(void)state;
	assert_true(ceiling_table_set(&table, "10", &why));
	(void)passed(ONE, 12, START_US + 10 * MINUTE_US);
	assert_int_equal(passed(ONE, 3, START_US), 3);
}

static void one_finding_may_have_a_ceiling_of_its_own_or_none(void **state)
{
	(void)state;
	assert_true(ceiling_table_set(&table, "10", &why));
	assert_true(ceiling_table_set(&table, "sender.illegitimate=2", &why));
	assert_true(ceiling_table_set(&table, "tls.credentials-clear=0", &why));
	assert_int_equal(passed(ONE, 5, START_US), 2);
	assert_int_equal(passed(OTHER, 1000, START_US), 1000);
}

static void what_is_no_ceiling_is_refused(void **state)
{
	(void)state;
	static const char *const WRONG[] = {"", "x", "-1", "10x", "99999999",
		"sender.illegitimate=", "sender.illegal=3", "=3"};
	for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
		assert_false(ceiling_table_set(&table, WRONG[i], &why));
	}
	assert_int_equal(table.most[ONE], CEILING_STANDARD);
}

#define CEILING_TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CEILING_TEST(a_flood_of_one_finding_is_cut_and_no_other),
		CEILING_TEST(a_flood_about_one_group_hides_no_other),
		CEILING_TEST(a_flood_about_one_source_hides_no_other_of_its_group),
		CEILING_TEST(what_was_held_back_is_told_once_when_the_minute_is_over),
		CEILING_TEST(the_next_minute_starts_anew_and_forgets_no_count),
		CEILING_TEST(a_clock_set_back_starts_another_minute),
		CEILING_TEST(one_finding_may_have_a_ceiling_of_its_own_or_none),
		CEILING_TEST(what_is_no_ceiling_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
