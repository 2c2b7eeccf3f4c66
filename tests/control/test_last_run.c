#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "control/last_run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND_US UINT64_C(1000000)

static struct status_page page;

static char folder[] = "/tmp/test_last_run.XXXXXX";
static int directory;
static int lock;

/* A process that ends by itself after a while; place 0: it holds none. */
static pid_t start(unsigned place, int life_ms)
{
	int ends[2];
	char byte = 0;
	assert_int_equal(pipe(ends), 0);
	const pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)signal(SIGTERM, SIG_IGN);
		(void)prctl(PR_SET_NAME, "worker 0");
		(void)close(lock);
		byte = place == 0 || status_keep_place(directory, place);
		(void)!write(ends[1], &byte, 1);
		(void)poll(NULL, 0, life_ms);
		_exit(0);
	}
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(byte, 1);
	(void)close(ends[0]);
	(void)close(ends[1]);
	/* as for the sensor's: somebody else takes its end */
	(void)signal(SIGCHLD, SIG_IGN);
	return pid;
}

static uint64_t seconds_to_leave(void)
{
	const uint64_t start_us = clock_monotonic_us();
	(void)last_run_leave(&page, lock);
	return (clock_monotonic_us() - start_us) / SECOND_US;
}

static void a_new_page_tells_of_no_run_before(void **state)
{
	(void)state;
	assert_false(last_run_leave(&page, lock).is_cut_off);
}

static void a_run_that_did_not_write_its_end_was_cut_off(void **state)
{
	(void)state;
	page.started_us = 1;
	page.alive_us = 2;
	page.pid = 77;
	const struct last_run last = last_run_leave(&page, lock);
	assert_true(last.is_cut_off);
	assert_int_equal(last.pid, 77);
	assert_int_equal(last.alive_us, 2);
}

static void a_run_that_ended_or_was_told_of_is_not_told_again(void **state)
{
	(void)state;
	page.started_us = 1;
	page.end = STATUS_END_ORDERLY;
	assert_false(last_run_leave(&page, lock).is_cut_off);
	page.end = STATUS_END_TOLD;
	assert_false(last_run_leave(&page, lock).is_cut_off);
}

static void processes_that_are_left_have_time_to_end(void **state)
{
	(void)state;
	const pid_t pid = start(2, 1200);
	assert_int_equal(status_holder(lock, 2), pid);
	assert_int_equal(seconds_to_leave(), 1);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(status_holder(lock, 2), 0);
}

/* As another sensor's worker may be, whatever an old or a forged page says of it. */
static void a_process_that_holds_no_place_is_left_alone_and_not_waited_for(void **state)
{
	(void)state;
	const pid_t pid = start(0, 60000);
	for (unsigned i = 1; i < STATUS_PROCESSES_MAX; i++) {
		(void)snprintf(
			page.processes[i].name, STATUS_NAME_BYTES, "%s", "worker 0");
		page.processes[i].pid = pid;
	}
	assert_int_equal(seconds_to_leave(), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
}

static void every_place_is_seen(void **state)
{
	(void)state;
	const pid_t first = start(1, 1200);
	const pid_t last = start(STATUS_PROCESSES_MAX - 1, 1200);
	assert_int_equal(status_holder(lock, 1), first);
	assert_int_equal(status_holder(lock, STATUS_PROCESSES_MAX - 1), last);
	assert_int_equal(seconds_to_leave(), 1);
}

static void one_that_does_not_end_is_ended_after_six_seconds(void **state)
{
	(void)state;
	const pid_t pid = start(2, 60000);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_in_range(seconds_to_leave(), 6, 7);
	assert_int_equal(kill(pid, 0), -1);
}

static void one_that_was_stopped_goes_on_and_ends_by_itself(void **state)
{
	(void)state;
	const pid_t pid = start(1, 1200);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_in_range(seconds_to_leave(), 1, 2);
	assert_int_equal(kill(pid, 0), -1);
}

static struct status_page *shared_page(void)
{
	struct status_page *shared = mmap(NULL, sizeof(page), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(shared, MAP_FAILED);
	return shared;
}

/* The reporter that is left waits for every worker that the page has. */
static void who_is_gone_is_noted_and_who_is_left_is_not(void **state)
{
	(void)state;
	struct status_page *shared = shared_page();
	const pid_t left = start(1, 60000);
	shared->processes[1].state = STATUS_STATE_DRAINING;
	shared->processes[2].state = STATUS_STATE_RUNNING;
	shared->processes[3].state = STATUS_STATE_FAILED;
	const pid_t next = fork();
	assert_true(next >= 0);
	if (next == 0) {
		(void)last_run_leave(shared, lock);
		_exit(0);
	}
	while (shared->processes[2].state != STATUS_STATE_ENDED) {
		(void)poll(NULL, 0, 1);
	}
	assert_int_equal(kill(left, 0), 0);
	assert_int_equal(shared->processes[1].state, STATUS_STATE_DRAINING);
	assert_int_equal(shared->processes[3].state, STATUS_STATE_FAILED);
	assert_int_equal(kill(left, SIGKILL), 0);
	while (kill(next, 0) == 0) {
		(void)poll(NULL, 0, 1);
	}
	assert_int_equal(shared->processes[1].state, STATUS_STATE_ENDED);
	(void)munmap(shared, sizeof(page));
}

/* A worker of the sensor before, and how it was last. */
static pid_t leave_worker(const char *source, enum status_state state, int life_ms)
{
	const pid_t pid = start(2, life_ms);
	(void)snprintf(page.processes[2].source, STATUS_SOURCE_BYTES, "%s", source);
	page.processes[2].state = state;
	return pid;
}

static void a_worker_that_hangs_with_a_queue_is_ended_at_once(void **state)
{
	(void)state;
	static const enum status_state STATES[] = {
		STATUS_STATE_RUNNING, STATUS_STATE_STARTING};
	for (size_t i = 0; i < sizeof(STATES) / sizeof(STATES[0]); i++) {
		const pid_t pid = leave_worker("queue 3", STATES[i], 60000);
		assert_int_equal(kill(pid, SIGSTOP), 0);
		assert_int_equal(seconds_to_leave(), 0);
		assert_int_equal(kill(pid, 0), -1);
	}
}

static void a_worker_that_left_its_queue_or_has_none_has_time_to_end(void **state)
{
	(void)state;
	static const struct {
		const char *source;
		enum status_state state;
	} LEFT[] = {{"queue 3", STATUS_STATE_DRAINING}, {"eth0", STATUS_STATE_RUNNING}};
	for (size_t i = 0; i < sizeof(LEFT) / sizeof(LEFT[0]); i++) {
		(void)leave_worker(LEFT[i].source, LEFT[i].state, 1200);
		assert_int_equal(seconds_to_leave(), 1);
	}
}

static void a_worker_whose_heart_beats_has_time_to_end(void **state)
{
	(void)state;
	struct status_page *shared = shared_page();
	const pid_t pid = leave_worker("queue 3", STATUS_STATE_RUNNING, 1200);
	memcpy(shared, &page, sizeof(page));
	const pid_t heart = fork();
	assert_true(heart >= 0);
	for (int beats = 0; heart == 0; beats++) {
		shared->processes[2].heartbeat++;
		(void)poll(NULL, 0, 50);
		if (beats == 40) {
			_exit(0);
		}
	}
	const uint64_t start_us = clock_monotonic_us();
	(void)last_run_leave(shared, lock);
	assert_int_equal((clock_monotonic_us() - start_us) / SECOND_US, 1);
	assert_int_equal(kill(pid, 0), -1);
	(void)munmap(shared, sizeof(page));
}

static int make_folder(void **state)
{
	struct reason why;
	(void)state;
	assert_non_null(mkdtemp(folder));
	directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return status_create(directory, &lock, &why) ? 0 : 1;
}

static int remove_folder(void **state)
{
	(void)state;
	return unlinkat(directory, "status", 0) == 0 && rmdir(folder) == 0 ? 0 : 1;
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
			a_process_that_holds_no_place_is_left_alone_and_not_waited_for,
			clear_page),
		cmocka_unit_test_setup(every_place_is_seen, clear_page),
		cmocka_unit_test_setup(
			one_that_does_not_end_is_ended_after_six_seconds, clear_page),
		cmocka_unit_test_setup(
			one_that_was_stopped_goes_on_and_ends_by_itself, clear_page),
		cmocka_unit_test_setup(
			who_is_gone_is_noted_and_who_is_left_is_not, clear_page),
		cmocka_unit_test_setup(
			a_worker_that_hangs_with_a_queue_is_ended_at_once, clear_page),
		cmocka_unit_test_setup(
			a_worker_that_left_its_queue_or_has_none_has_time_to_end,
			clear_page),
		cmocka_unit_test_setup(
			a_worker_whose_heart_beats_has_time_to_end, clear_page),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
