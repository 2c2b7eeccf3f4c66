#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/interface_health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define S_US      UINT64_C(1000000)
#define RING_SIZE 65536

static struct settings settings = {
	.interfaces = {.values = {"eth0", "eth1"}, .count = 2}};
static struct sensor sensor = {
	.settings = &settings, .workers_end = SENSOR_WORKERS + 2};
static struct health health;
static struct interface_health interfaces;
static void *memory;
static uint64_t now_us;

static struct status_process *worker(unsigned number)
{
	return sensor_process(&sensor, SENSOR_WORKERS + number);
}

static uint64_t alerts(void)
{
	return sensor_process(&sensor, SENSOR_SUPERVISOR)
		->findings[FINDING_SENSOR_QUEUE_SILENT];
}

static void look_for_s(unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++) {
		now_us += S_US;
		interface_health_look(&interfaces, &health, now_us);
	}
}

static int start(void **state)
{
	(void)state;
	struct reason why;
	sensor.page = calloc(1, sizeof(*sensor.page));
	memory = aligned_alloc(4096, (ring_size(RING_SIZE) + 4095) & ~(size_t)4095);
	sensor.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!sensor.page || !memory || sensor.wake < 0) {
		return -1;
	}
	sensor.rings[SENSOR_SUPERVISOR] = ring_init(memory, RING_SIZE);
	(void)snprintf(worker(0)->name, STATUS_NAME_BYTES, "worker 0");
	(void)snprintf(worker(1)->name, STATUS_NAME_BYTES, "worker 1");
	interfaces = (struct interface_health){.look_us = 0};
	now_us = 100 * S_US;
	return health_start(&health, &sensor, SENSOR_SUPERVISOR, &why) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	(void)fclose(health.records.stream);
	(void)close(sensor.wake);
	free(memory);
	free(sensor.page);
	return 0;
}

static void one_that_is_down_for_a_minute_is_told_once(void **state)
{
	(void)state;
	worker(0)->interfaces_down = 2;
	look_for_s(60);
	assert_int_equal(alerts(), 0);
	look_for_s(1);
	assert_int_equal(alerts(), 1);
	assert_non_null(
		strstr(health.records.bytes, "interface eth1 is down, for 60 s"));
	look_for_s(600);
	assert_int_equal(alerts(), 1);
}

static void one_that_is_not_watched_for_a_minute_is_told(void **state)
{
	(void)state;
	worker(1)->interfaces_missing = 1;
	look_for_s(61);
	assert_int_equal(alerts(), 1);
	assert_non_null(strstr(health.records.bytes, "interface eth0 is not watched"));
	assert_non_null(strstr(health.records.bytes, "worker 1"));
}

static void one_that_is_back_within_a_minute_is_no_alert(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		worker(0)->interfaces_down = 1;
		look_for_s(59);
		worker(0)->interfaces_down = 0;
		look_for_s(1);
	}
	assert_int_equal(alerts(), 0);
}

static void one_that_goes_away_while_it_is_down_has_one_minute(void **state)
{
	(void)state;
	worker(0)->interfaces_down = 1;
	look_for_s(30);
	worker(0)->interfaces_missing = 1;
	worker(0)->interfaces_down = 0;
	look_for_s(31);
	assert_int_equal(alerts(), 1);
}

static void one_that_all_workers_share_is_told_once_and_each_interface_by_itself(
	void **state)
{
	(void)state;
	worker(0)->interfaces_down = 3;
	worker(1)->interfaces_down = 3;
	look_for_s(200);
	assert_int_equal(alerts(), 2);
}

static void it_is_told_again_when_it_goes_down_again(void **state)
{
	(void)state;
	worker(0)->interfaces_down = 1;
	look_for_s(61);
	worker(0)->interfaces_down = 0;
	look_for_s(1);
	worker(0)->interfaces_down = 1;
	look_for_s(61);
	assert_int_equal(alerts(), 2);
}

#define ALONE(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ALONE(one_that_is_down_for_a_minute_is_told_once),
		ALONE(one_that_is_not_watched_for_a_minute_is_told),
		ALONE(one_that_is_back_within_a_minute_is_no_alert),
		ALONE(one_that_goes_away_while_it_is_down_has_one_minute),
		ALONE(one_that_all_workers_share_is_told_once_and_each_interface_by_itself),
		ALONE(it_is_told_again_when_it_goes_down_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
