/* control/child: what becomes of a child whose supervisor is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "control/child.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACE     SENSOR_WORKERS
#define LIFE_MS   1500 /* longer than one that hangs may have a queue */
#define HANGS     true
#define HAS_QUEUE true

static void nap(int ms)
{
	const uint64_t end_us = clock_monotonic_us() + (uint64_t)ms * 1000;
	while (clock_monotonic_us() < end_us) {
		(void)poll(NULL, 0, 10);
	}
}

/* A worker that does not listen to its end, or does and needs long for it. */
static void work(const struct sensor *sensor, bool is_hanging, int told)
{
	const char byte = 0;
	child_start(sensor, PLACE);
	if (!child_follow_supervisor(sensor, SIGTERM)) {
		_exit(2);
	}
	(void)!write(told, &byte, 1);
	while (is_hanging || !child_is_ending()) {
		nap(10);
		if (child_is_ending() && is_hanging) {
			nap(LIFE_MS);
			_exit(1);
		}
	}
	child_takes_its_time();
	(void)raise(SIGTERM); /* once more changes nothing */
	nap(LIFE_MS);
	_exit(0);
}

/* The status with which it ended, once its supervisor was killed. */
static int end_of_worker(bool is_hanging, bool has_queue)
{
	static struct status_page page;
	static struct sensor sensor;
	static char queue; /* looked at by nobody */
	int ends[2];
	char byte;
	int status;
	pid_t worker = 0;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe(ends), 0);
	const pid_t supervisor = fork();
	assert_true(supervisor >= 0);
	if (supervisor == 0) {
		sensor = (struct sensor){.page = &page,
			.workers_end = PLACE + 1,
			.outputs_end = PLACE + 1,
			.lock = -1,
			.signals = -1,
			.control = -1,
			.supervisor = getpid()};
		sensor.queues[0] = has_queue ? (struct queue *)&queue : NULL;
		if (fork() == 0) {
			work(&sensor, is_hanging, ends[1]);
		}
		(void)pause();
	}
	(void)close(ends[1]); /* so that one which ends unasked is an end */
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(kill(supervisor, SIGKILL), 0);
	assert_int_equal(waitpid(supervisor, &status, 0), supervisor);
	worker = waitpid(-1, &status, 0);
	assert_true(worker > 0);
	(void)close(ends[0]);
	return status;
}

static void one_that_hangs_with_a_queue_is_ended(void **state)
{
	(void)state;
	const int status = end_of_worker(HANGS, HAS_QUEUE);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGALRM);
}

static void one_that_ends_in_order_has_its_time(void **state)
{
	(void)state;
	assert_int_equal(end_of_worker(!HANGS, HAS_QUEUE), 0);
}

static void one_without_a_queue_has_its_time(void **state)
{
	(void)state;
	const int status = end_of_worker(HANGS, !HAS_QUEUE);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_hangs_with_a_queue_is_ended),
		cmocka_unit_test(one_that_ends_in_order_has_its_time),
		cmocka_unit_test(one_without_a_queue_has_its_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
