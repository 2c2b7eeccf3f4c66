/* control/health: what the supervisor tells of the sensor itself. */
#include "control/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND_US UINT64_C(1000000)

/* What one look writes to the log; "" for nothing. */
static const char *look(struct health *health, uint64_t second)
{
	static char text[400];
	int ends[2];
	const int error = dup(STDERR_FILENO);
	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	health_look(health, second * SECOND_US);
	assert_true(dup2(error, STDERR_FILENO) >= 0);
	(void)close(error);
	(void)close(ends[1]);
	const ssize_t len = read(ends[0], text, sizeof(text) - 1);
	(void)close(ends[0]);
	assert_true(len >= 0);
	text[len] = '\0';
	return text;
}

static void bans_that_found_no_room_are_told_once_a_minute_at_most(void **state)
{
	(void)state;
	struct status_page *page = calloc(1, sizeof(*page));
	struct sensor *sensor = calloc(1, sizeof(*sensor));
	struct health *health = calloc(1, sizeof(*health));
	assert_true(page && sensor && health);
	sensor->page = page;
	const struct settings settings = {.blind_share = 10};
	sensor->settings = &settings;
	sensor->workers_end = SENSOR_WORKERS;
	health->sensor = sensor;
	page->bans.given = 1024;
	assert_string_equal(look(health, 100), "");
	page->bans.refused = 3;
	assert_non_null(strstr(look(health, 101), "bans: no room for 3 more"));
	assert_string_equal(look(health, 102), "");
	page->bans.refused = 5;
	assert_string_equal(look(health, 160), "");
	assert_non_null(strstr(look(health, 161), "bans: no room for 2 more"));
	assert_string_equal(look(health, 300), "");
	free(health);
	free(sensor);
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			bans_that_found_no_room_are_told_once_a_minute_at_most),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
