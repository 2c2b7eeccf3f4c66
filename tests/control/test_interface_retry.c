#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/interface_retry.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACE     SENSOR_WORKERS
#define S_US      UINT64_C(1000000)
#define MINUTE_US (60 * S_US)

static struct settings settings = {
	.interfaces = {.values = {"lo", "nothing0"}, .count = 2}};
static struct sensor sensor = {.settings = &settings};
static struct processes processes = {.sensor = &sensor};
static struct interface_retries retries;
static uint64_t now_us;

_Noreturn static void wait_for_the_end(const struct sensor *of, unsigned place)
{
	(void)of;
	(void)place;
	for (;;) {
		(void)pause();
	}
}

static const struct process_kind KIND = {"worker", wait_for_the_end, 0};

static struct process *process(void)
{
	return &processes.list[PLACE];
}

static struct status_process *status(void)
{
	return sensor_process(&sensor, PLACE);
}

static void look(uint64_t after_us)
{
	now_us += after_us;
	interface_retries_look(&retries, &processes, now_us);
}

/* What the worker does: it ends, and the next one is left without these. */
static void start_anew(uint32_t missing)
{
	int end = 0;
	while (processes_reap(&processes, &end) != PLACE) {
		(void)poll(NULL, 0, 1);
	}
	processes_restart(&processes, UINT64_MAX);
	assert_true(process()->pid > 0);
	status()->interfaces_missing = missing;
	status()->state = STATUS_STATE_RUNNING;
}

static int start_worker(void **state)
{
	(void)state;
	memset(sensor.page, 0, sizeof(*sensor.page));
	memset(&retries, 0, sizeof(retries));
	now_us = MINUTE_US;
	*process() = (struct process){.kind = &KIND, .is_wanted = true};
	if (!process_start(&processes, PLACE)) {
		return -1;
	}
	status()->state = STATUS_STATE_RUNNING;
	return 0;
}

static int end_worker(void **state)
{
	(void)state;
	(void)kill(process()->pid, SIGKILL);
	return waitpid(process()->pid, NULL, 0) == process()->pid ? 0 : -1;
}

static void one_that_is_watched_costs_no_restart(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		look(S_US);
		assert_false(process()->is_renewed);
	}
}

static void one_that_is_up_and_cannot_be_opened_is_tried_after_pauses_that_grow(
	void **state)
{
	(void)state;
	look(S_US);
	status()->interfaces_missing = 1;
	look(S_US);
	uint64_t pause_us = MINUTE_US;
	for (unsigned i = 0; i < 3; i++) {
		look(pause_us - S_US);
		assert_false(process()->is_renewed);
		look(S_US);
		assert_true(process()->is_renewed);
		start_anew(1);
		pause_us *= 2;
	}
}

static void the_pause_has_a_bound_and_begins_anew_when_it_was_opened(void **state)
{
	(void)state;
	look(S_US);
	status()->interfaces_missing = 1;
	look(S_US);
	for (unsigned i = 0; i < 10; i++) {
		look(60 * MINUTE_US);
		assert_true(process()->is_renewed);
		start_anew(1);
	}
	status()->interfaces_missing = 0;
	look(S_US);
	status()->interfaces_missing = 1;
	look(S_US);
	assert_false(process()->is_renewed);
	look(MINUTE_US);
	assert_true(process()->is_renewed);
}

static void one_that_has_come_up_is_taken_at_once_and_once(void **state)
{
	(void)state;
	look(S_US);
	retries.list[0][0].was_up = false; /* as the look before found it */
	status()->interfaces_missing = 1;
	look(S_US);
	assert_true(process()->is_renewed);
	start_anew(1);
	look(S_US);
	assert_false(process()->is_renewed);
}

static void one_that_was_made_anew_before_the_worker_lost_the_old_is_taken_at_once(
	void **state)
{
	(void)state;
	look(S_US);
	retries.list[0][0].index += 1000; /* what the worker opened was another */
	look(S_US);
	assert_false(process()->is_renewed);
	status()->interfaces_missing = 1;
	look(S_US);
	assert_true(process()->is_renewed);
}

static void one_that_came_up_while_no_worker_ran_is_taken_when_one_does(void **state)
{
	(void)state;
	look(S_US);
	retries.list[0][0].was_up = false;
	status()->state = STATUS_STATE_STARTING;
	status()->interfaces_missing = 1;
	look(S_US);
	assert_false(process()->is_renewed);
	status()->state = STATUS_STATE_RUNNING;
	look(S_US);
	assert_true(process()->is_renewed);
}

static void one_that_was_left_out_since_it_was_down_is_taken_when_it_is_up(void **state)
{
	(void)state;
	look(S_US);
	status()->interfaces_missing = 1; /* it came up before anybody looked */
	status()->interfaces_down = 1;
	look(S_US);
	assert_true(process()->is_renewed);
}

static void one_that_is_not_there_is_waited_for(void **state)
{
	(void)state;
	status()->interfaces_missing = 2;
	for (unsigned i = 0; i < 10; i++) {
		look(60 * MINUTE_US);
		assert_false(process()->is_renewed);
	}
}

static void an_ordered_restart_has_no_pause_and_makes_none_longer(void **state)
{
	(void)state;
	look(S_US);
	retries.list[0][0].was_up = false;
	status()->interfaces_missing = 1;
	process()->pause_us = 7;
	look(S_US);
	int end = 0;
	while (processes_reap(&processes, &end) != PLACE) {
		(void)poll(NULL, 0, 1);
	}
	assert_int_equal(process()->pause_us, 7);
	processes_restart(&processes, process()->restart_us);
	assert_true(process()->pid > 0);
	assert_false(process()->is_renewed);
}

static int make_sensor(void **state)
{
	(void)state;
	sensor.workers_end = SENSOR_WORKERS + 1;
	sensor.place_count = sensor.workers_end;
	sensor.page = mmap(NULL, sizeof(*sensor.page), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return sensor.page == MAP_FAILED ? -1 : 0;
}

#define WITH_WORKER(test) \
	cmocka_unit_test_setup_teardown(test, start_worker, end_worker)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORKER(one_that_is_watched_costs_no_restart),
		WITH_WORKER(
			one_that_is_up_and_cannot_be_opened_is_tried_after_pauses_that_grow),
		WITH_WORKER(the_pause_has_a_bound_and_begins_anew_when_it_was_opened),
		WITH_WORKER(one_that_has_come_up_is_taken_at_once_and_once),
		WITH_WORKER(
			one_that_was_made_anew_before_the_worker_lost_the_old_is_taken_at_once),
		WITH_WORKER(
			one_that_came_up_while_no_worker_ran_is_taken_when_one_does),
		WITH_WORKER(
			one_that_was_left_out_since_it_was_down_is_taken_when_it_is_up),
		WITH_WORKER(one_that_is_not_there_is_waited_for),
		WITH_WORKER(an_ordered_restart_has_no_pause_and_makes_none_longer),
	};
	return cmocka_run_group_tests(tests, make_sensor, NULL);
}
