#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "control/last_run.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND_US UINT64_C(1000000)

static struct status_page page;

static void name_place(unsigned place, const char *name, int pid)
{
	(void)snprintf(page.processes[place].name, STATUS_NAME_BYTES, "%s", name);
	page.processes[place].pid = pid;
}

/* A process of this name that ends by itself after a while. */
static pid_t start(const char *name, int life_ms)
{
	int ends[2];
	char byte = 0;
	assert_int_equal(pipe(ends), 0);
	const pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)signal(SIGTERM, SIG_IGN);
		(void)prctl(PR_SET_NAME, name);
		(void)!write(ends[1], &byte, 1);
		(void)poll(NULL, 0, life_ms);
		_exit(0);
	}
	assert_int_equal(read(ends[0], &byte, 1), 1);
	(void)close(ends[0]);
	(void)close(ends[1]);
	/* as for the sensor's: somebody else takes its end */
	(void)signal(SIGCHLD, SIG_IGN);
	return pid;
}

static uint64_t seconds_to_leave(void)
{
	const uint64_t start_us = clock_monotonic_us();
	(void)last_run_leave(&page);
	return (clock_monotonic_us() - start_us) / SECOND_US;
}

static void a_new_page_tells_of_no_run_before(void **state)
{
	(void)state;
	assert_false(last_run_leave(&page).is_cut_off);
}

static void a_run_that_did_not_write_its_end_was_cut_off(void **state)
{
	(void)state;
	page.started_us = 1;
	page.alive_us = 2;
	page.pid = 77;
	const struct last_run last = last_run_leave(&page);
	assert_true(last.is_cut_off);
	assert_int_equal(last.pid, 77);
	assert_int_equal(last.alive_us, 2);
}

static void a_run_that_ended_or_was_told_of_is_not_told_again(void **state)
{
	(void)state;
	page.started_us = 1;
	page.end = STATUS_END_ORDERLY;
	assert_false(last_run_leave(&page).is_cut_off);
	page.end = STATUS_END_TOLD;
	assert_false(last_run_leave(&page).is_cut_off);
}

static void processes_that_are_left_have_time_to_end(void **state)
{
	(void)state;
	const pid_t pid = start("worker 0", 1200);
	name_place(2, "worker 0", pid);
	assert_int_equal(seconds_to_leave(), 1);
	assert_int_equal(kill(pid, 0), -1);
}

static void a_process_of_another_name_is_left_alone_and_not_waited_for(void **state)
{
	(void)state;
	const pid_t pid = start("worker 01", 60000);
	name_place(2, "worker 0", pid);
	name_place(3, "", pid);
	name_place(4, "worker 0", 1);
	name_place(5, "worker 0", -1);
	assert_int_equal(seconds_to_leave(), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
}

static void a_name_longer_than_the_kernel_keeps_is_known_again(void **state)
{
	(void)state;
	const pid_t pid = start("a-shipper-with-a-long-name", 1200);
	name_place(2, "a-shipper-with-a-long-name", pid);
	assert_int_equal(seconds_to_leave(), 1);
}

static void one_that_does_not_end_is_ended_after_six_seconds(void **state)
{
	(void)state;
	const pid_t pid = start("worker 0", 60000);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	name_place(2, "worker 0", pid);
	assert_in_range(seconds_to_leave(), 6, 7);
	assert_int_equal(kill(pid, 0), -1);
}

static int clear_page(void **state)
{
	(void)state;
	memset(&page, 0, sizeof(page));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_new_page_tells_of_no_run_before, clear_page),
		cmocka_unit_test_setup(
			a_run_that_did_not_write_its_end_was_cut_off, clear_page),
		cmocka_unit_test_setup(
			a_run_that_ended_or_was_told_of_is_not_told_again, clear_page),
		cmocka_unit_test_setup(
			processes_that_are_left_have_time_to_end, clear_page),
		cmocka_unit_test_setup(
			a_process_of_another_name_is_left_alone_and_not_waited_for,
			clear_page),
		cmocka_unit_test_setup(
			a_name_longer_than_the_kernel_keeps_is_known_again, clear_page),
		cmocka_unit_test_setup(
			one_that_does_not_end_is_ended_after_six_seconds, clear_page),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
