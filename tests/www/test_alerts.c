/* Lines of a journal as open alerts: what is one, what is newest, what gives way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "www/alerts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOON_US UINT64_C(1796126400000000) /* 2026-12-01T12:00:00 */
#define MINUTE  UINT64_C(60000000)

struct made {
	unsigned minute;
	const char *finding;
	unsigned severity;
	unsigned count;
	const char *from;
	const char *client;
};

/* On an exact heap copy: a line has no end but its length. */
static void take(struct alerts *alerts, const char *line, uint64_t since_us)
{
	const size_t len = strlen(line);
	char *copy = malloc(len);
	assert_non_null(copy);
	memcpy(copy, line, len);
	alerts_take(alerts, copy, len, since_us);
	free(copy);
}

static void take_made(struct alerts *alerts, const struct made *made, uint64_t since_us)
{
	char line[1024];
	(void)snprintf(line, sizeof(line),
		"{\"timestamp\":\"2026-12-01T12:%02u:00.000000+0000\","
		"\"event_type\":\"alert\",\"src_ip\":\"%s\",\"dest_ip\":\"192.0.2."
		"25\",\"alert\":{\"severity\":%u,\"metadata\":{\"finding\":\"%s\","
		"\"detail\":\"minute %u\",\"count\":%u}},\"mail\":{\"from_group\":"
		"\"%s\",\"to_group\":\"relay\",\"row\":null}}",
		made->minute, made->client, made->severity, made->finding, made->minute,
		made->count, made->from);
	take(alerts, line, since_us);
}

static const struct made FIRST = {
	10, "sender.illegitimate", 2, 1, "workstations", "192.0.2.70"};

static void the_same_finding_between_the_same_ends_is_one(void **state)
{
	(void)state;
	struct alerts alerts = {.count = 0};
	struct made made = FIRST;
	take_made(&alerts, &made, 0);
	made = (struct made){
		30, "sender.illegitimate", 1, 7, "workstations", "192.0.2.71"};
	take_made(&alerts, &made, 0);
	made.minute = 20; /* came later, was earlier: its texts are not the newest */
	made.client = "192.0.2.72";
	made.count = 1;
	take_made(&alerts, &made, 0);
	assert_int_equal(alerts.count, 1);
	const struct open_alert *alert = &alerts.list[0];
	assert_int_equal(alert->finding, FINDING_SENDER_ILLEGITIMATE);
	assert_int_equal(alert->count, 9);
	assert_int_equal(alert->severity, SEVERITY_CRITICAL);
	assert_int_equal(alert->first_us, NOON_US + 10 * MINUTE);
	assert_int_equal(alert->last_us, NOON_US + 30 * MINUTE);
	assert_string_equal(alert->client, "192.0.2.71");
	assert_string_equal(alert->detail, "minute 30");
	assert_string_equal(alert->from, "workstations");
	assert_string_equal(alert->to, "relay");
	assert_string_equal(alert->row, "");
}

static void another_group_or_finding_is_another(void **state)
{
	(void)state;
	struct alerts alerts = {.count = 0};
	struct made made = FIRST;
	take_made(&alerts, &made, 0);
	made.from = "nomads";
	take_made(&alerts, &made, 0);
	made.finding = "tls.missing";
	take_made(&alerts, &made, 0);
	assert_int_equal(alerts.count, 3);
}

static void what_the_sensor_tells_of_itself_is_under_its_process(void **state)
{
	(void)state;
	struct alerts alerts = {.count = 0};
	take(&alerts,
		"{\"timestamp\":\"2026-12-01T12:00:00.000000+0000\",\"event_type\":"
		"\"sensor\",\"alert\":{\"severity\":2,\"metadata\":{\"finding\":"
		"\"sensor.output-down\",\"detail\":\"x\",\"count\":2}},\"sensor\":{"
		"\"process\":\"siem\"}}",
		0);
	assert_int_equal(alerts.count, 1);
	assert_int_equal(alerts.list[0].finding, FINDING_SENSOR_OUTPUT_DOWN);
	assert_string_equal(alerts.list[0].from, "siem");
	assert_string_equal(alerts.list[0].to, "");
}

static void what_is_no_alert_is_let_by(void **state)
{
	(void)state;
	static const char *const LINES[] = {"", "{}", "\"event_type\":\"alert\"",
		"{\"event_type\":\"alert\"}",
		"{\"event_type\":\"mail\",\"helo\":\"\\\"event_type\\\":"
		"\\\"alert\\\"\"}",
		"{\"event_type\":\"alert\",\"alert\":{\"severity\":2,\"metadata\":{"
		"\"finding\":\"no.such\",\"count\":1}}}",
		"{\"event_type\":\"alert\",\"alert\":{\"severity\":9,\"metadata\":{"
		"\"finding\":\"tls.missing\",\"count\":1}}}",
		"{\"event_type\":\"alert\",\"alert\":{\"severity\":2,\"metadata\":{"
		"\"finding\":\"tls.missing\",\"count\":0}}}"};
	struct alerts alerts = {.count = 0};
	for (size_t i = 0; i < sizeof(LINES) / sizeof(LINES[0]); i++) {
		take(&alerts, LINES[i], 0);
	}
	assert_int_equal(alerts.count, 0);
}

static void what_is_long_ago_is_open_no_more(void **state)
{
	(void)state;
	struct alerts alerts = {.count = 0};
	struct made made = FIRST;
	take_made(&alerts, &made, NOON_US + 11 * MINUTE);
	assert_int_equal(alerts.count, 0);
	take_made(&alerts, &made, NOON_US + 10 * MINUTE);
	made.from = "nomads";
	made.minute = 40;
	take_made(&alerts, &made, NOON_US);
	assert_int_equal(alerts.count, 2);
	alerts_forget(&alerts, NOON_US + 10 * MINUTE);
	assert_int_equal(alerts.count, 2);
	alerts_forget(&alerts, NOON_US + 11 * MINUTE);
	assert_int_equal(alerts.count, 1);
	assert_string_equal(alerts.list[0].from, "nomads");
}

static void of_too_many_the_oldest_gives_way_and_is_counted(void **state)
{
	(void)state;
	static struct alerts alerts;
	char from[32];
	struct made made = FIRST;
	made.from = from;
	made.count = 3;
	for (unsigned i = 0; i < ALERTS_PLACES; i++) {
		(void)snprintf(from, sizeof(from), "group-%u", i);
		made.minute = 20 + (i != 5);
		take_made(&alerts, &made, 0);
	}
	assert_int_equal(alerts.count, ALERTS_PLACES);
	assert_int_equal(alerts.given_up, 0);
	made.minute = 10;
	made.from = "older than all";
	take_made(&alerts, &made, 0);
	assert_int_equal(alerts.given_up, 3);
	assert_string_equal(alerts.list[5].from, "group-5");
	made.minute = 50;
	made.from = "newer";
	take_made(&alerts, &made, 0);
	assert_int_equal(alerts.count, ALERTS_PLACES);
	assert_int_equal(alerts.given_up, 6);
	assert_string_equal(alerts.list[5].from, "newer");
}

static void the_gravest_stand_first_then_the_newest(void **state)
{
	(void)state;
	struct alerts alerts = {.count = 0};
	const struct made made[] = {{10, "tls.missing", 2, 1, "a", "192.0.2.1"},
		{20, "tls.missing", 2, 1, "b", "192.0.2.1"},
		{5, "tls.credentials-clear", 1, 1, "c", "192.0.2.1"},
		{30, "sender.attempt", 4, 1, "d", "192.0.2.1"}};
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		take_made(&alerts, &made[i], 0);
	}
	alerts_sort(&alerts);
	assert_string_equal(alerts.list[0].from, "c");
	assert_string_equal(alerts.list[1].from, "b");
	assert_string_equal(alerts.list[2].from, "a");
	assert_string_equal(alerts.list[3].from, "d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_finding_between_the_same_ends_is_one),
		cmocka_unit_test(another_group_or_finding_is_another),
		cmocka_unit_test(what_the_sensor_tells_of_itself_is_under_its_process),
		cmocka_unit_test(what_is_no_alert_is_let_by),
		cmocka_unit_test(what_is_long_ago_is_open_no_more),
		cmocka_unit_test(of_too_many_the_oldest_gives_way_and_is_counted),
		cmocka_unit_test(the_gravest_stand_first_then_the_newest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
