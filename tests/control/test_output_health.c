/* When an output counts as down, told by a clock that the test sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/output_health.h"

#include <string.h>

#define OUTPUT     SENSOR_WORKERS
#define SECOND_US  UINT64_C(1000000)
#define RING_BYTES 65536

static struct status_page page;
static _Alignas(64) unsigned char memory[RING_BYTES * 2]; /* a ring begins on a line */
static struct sensor sensor = {
	.page = &page, .workers_end = OUTPUT, .outputs_end = OUTPUT + 1, .wake = -1};
static struct health health;
static struct output_health outputs;
static uint64_t now_us;

static struct status_process *output(void)
{
	return &page.processes[OUTPUT];
}

static int start(void **state)
{
	struct reason why;
	(void)state;
	memset(&page, 0, sizeof(page));
	outputs = (struct output_health){0};
	sensor.rings[SENSOR_SUPERVISOR] = ring_init(memory, RING_BYTES);
	now_us = 1000 * SECOND_US;
	return health_start(&health, &sensor, SENSOR_SUPERVISOR, &why) ? 0 : 1;
}

static int end(void **state)
{
	(void)state;
	return fclose(health.records.stream);
}

/* A look each second. */
static void pass(unsigned seconds, enum status_state state)
{
	output()->state = state;
	for (unsigned i = 0; i < seconds; i++) {
		now_us += SECOND_US;
		output_health_look(&outputs, &health, now_us);
	}
}

static void one_that_hangs_while_it_starts_is_down_after_a_minute_and_told_once(
	void **state)
{
	(void)state;
	pass(60, STATUS_STATE_STARTING);
	assert_false(output()->is_down);
	assert_int_equal(page.alerts, 0);
	pass(1, STATUS_STATE_STARTING);
	assert_true(output()->is_down);
	assert_int_equal(output()->down_since_us, now_us - 60 * SECOND_US);
	assert_int_equal(page.alerts, 1);
	assert_non_null(strstr(health.records.bytes, "not ready to take records"));
	pass(100, STATUS_STATE_STARTING);
	assert_int_equal(page.alerts, 1);
}

static void being_ended_for_that_and_started_anew_changes_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		pass(30, STATUS_STATE_STARTING);
		pass(1, STATUS_STATE_FAILED);
		pass(1, STATUS_STATE_ENDED);
	}
	assert_true(output()->is_down);
	assert_int_equal(page.alerts, 1);
}

static void one_that_gets_ready_in_time_is_not(void **state)
{
	(void)state;
	pass(59, STATUS_STATE_STARTING);
	pass(1, STATUS_STATE_RUNNING);
	pass(59, STATUS_STATE_STARTING);
	assert_false(output()->is_down);
	assert_int_equal(page.alerts, 0);
}

static void one_that_took_records_again_is_told_of_anew(void **state)
{
	(void)state;
	pass(61, STATUS_STATE_STARTING);
	output()->is_down = 0; /* the shipper's word */
	pass(10, STATUS_STATE_RUNNING);
	output()->is_down = 1;
	output()->backlog = 4321;
	pass(61, STATUS_STATE_RUNNING);
	assert_int_equal(page.alerts, 2);
	assert_non_null(strstr(health.records.bytes, "4321 bytes wait in the journal"));
}

static void one_whose_receiver_may_forget_is_told_of_once(void **state)
{
	(void)state;
	pass(2, STATUS_STATE_RUNNING);
	assert_int_equal(page.alerts, 0);
	(void)reason_set(&output()->why, "its maxmemory-policy is allkeys-lru");
	output()->is_doubtful = 1;
	pass(10, STATUS_STATE_RUNNING);
	pass(10, STATUS_STATE_STARTING); /* and is not known to be set right */
	output()->is_doubtful = 0;
	pass(1, STATUS_STATE_STARTING);
	output()->is_doubtful = 1;
	pass(10, STATUS_STATE_RUNNING);
	assert_int_equal(page.alerts, 1);
	assert_non_null(strstr(health.records.bytes, "policy is allkeys-lru"));
	assert_non_null(strstr(health.records.bytes, "sensor.output-forgets"));
	output()->is_doubtful = 0;
	pass(1, STATUS_STATE_RUNNING);
	output()->is_doubtful = 1;
	pass(1, STATUS_STATE_RUNNING);
	assert_int_equal(page.alerts, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_that_hangs_while_it_starts_is_down_after_a_minute_and_told_once),
		TEST(being_ended_for_that_and_started_anew_changes_nothing),
		TEST(one_that_gets_ready_in_time_is_not),
		TEST(one_that_took_records_again_is_told_of_anew),
		TEST(one_whose_receiver_may_forget_is_told_of_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
