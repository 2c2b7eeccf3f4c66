/* control/health: what the supervisor tells of the sensor itself. */
#include "control/health.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

/* A sensor of one queue, its page and what the supervisor keeps of it. */
struct site {
	struct settings settings;
	struct status_page *page;
	struct sensor *sensor;
	struct health *health;
};

static void build(struct site *site)
{
	site->settings = (struct settings){.blind_share = 10};
	site->page = calloc(1, sizeof(*site->page));
	site->sensor = calloc(1, sizeof(*site->sensor));
	site->health = calloc(1, sizeof(*site->health));
	assert_true(site->page && site->sensor && site->health);
	site->sensor->page = site->page;
	site->sensor->settings = &site->settings;
	site->sensor->workers_end = SENSOR_WORKERS;
	site->health->sensor = site->sensor;
}

static void tear_down(struct site *site)
{
	free(site->health);
	free(site->sensor);
	free(site->page);
}

static void bans_that_found_no_room_are_told_once_a_minute_at_most(void **state)
{
	(void)state;
	struct site site;
	build(&site);
	struct health *health = site.health;
	struct status_page *page = site.page;
	page->bans.given = 1024;
	assert_string_equal(look(health, 100), "");
	page->bans.refused = 3;
	assert_non_null(strstr(look(health, 101), "bans: no room for 3 more"));
	assert_string_equal(look(health, 102), "");
	page->bans.refused = 5;
	assert_string_equal(look(health, 160), "");
	assert_non_null(strstr(look(health, 161), "bans: no room for 2 more"));
	assert_string_equal(look(health, 300), "");
	tear_down(&site);
}

/* Inline, with a worker, records that go nowhere and the kernel's counters in two files. */
static void build_inline(struct site *site, unsigned char ring[1 << 16])
{
	struct reason why;
	build(site);
	site->settings.queues.count = 1;
	site->settings.family_silence_s = 60;
	site->sensor->workers_end = SENSOR_WORKERS + 1;
	site->sensor->rings[SENSOR_SUPERVISOR] = ring_init(ring, 1 << 15);
	site->sensor->wake = -1;
	assert_true(record_writer_start(
		&site->health->records, site->sensor, SENSOR_SUPERVISOR, &why));
	for (int i = 0; i < FORWARDED_FAMILIES; i++) {
		site->health->forwarded.files[i] = memfd_create("counters", 0);
		assert_true(site->health->forwarded.files[i] >= 0);
	}
}

static void tear_down_inline(struct site *site)
{
	for (int i = 0; i < FORWARDED_FAMILIES; i++) {
		(void)close(site->health->forwarded.files[i]);
	}
	tear_down(site);
}

/* Through the kernel, and of these into the queue. */
static void pass(struct site *site, uint64_t ipv4, uint64_t ipv6, uint64_t queued_ipv6)
{
	const struct counter counters[] = {
		{"inline.packets_ipv4", ipv4}, {"inline.packets_ipv6", queued_ipv6}};
	char text[FORWARDED_FAMILIES][80];
	(void)snprintf(text[FORWARDED_IPV4], sizeof(text[0]),
		"Ip: A ForwDatagrams B\nIp: 1 %" PRIu64 " 2\n", ipv4);
	(void)snprintf(text[FORWARDED_IPV6], sizeof(text[0]),
		"Ip6OutForwDatagrams %" PRIu64 "\n", ipv6);
	for (int i = 0; i < FORWARDED_FAMILIES; i++) {
		assert_true(pwrite(site->health->forwarded.files[i], text[i],
				    strlen(text[i]), 0) > 0);
	}
	status_publish(sensor_process(site->sensor, SENSOR_WORKERS), counters, 2);
}

static void a_family_that_passes_unseen_is_told_once_and_so_is_its_end(void **state)
{
	(void)state;
	_Alignas(64) static unsigned char ring[1 << 16];
	struct site site;
	build_inline(&site, ring);
	pass(&site, 50, 1000, 0);
	assert_string_equal(look(site.health, 100), "");
	pass(&site, 60, 1099, 0);
	assert_string_equal(look(site.health, 159), "");
	pass(&site, 70, 1100, 0);
	assert_non_null(strstr(look(site.health, 160),
		"no packet of IPv6 came to a queue for 60 s, while 100 passed"));
	assert_int_equal(site.page->families_unseen, 1U << FORWARDED_IPV6);
	pass(&site, 80, 9000, 0);
	assert_string_equal(look(site.health, 240), "");
	pass(&site, 90, 9000, 1);
	assert_non_null(strstr(
		look(site.health, 241), "packets of IPv6 come to the queues again"));
	assert_int_equal(site.page->families_unseen, 0);
	pass(&site, 90, 9000, 1);
	assert_string_equal(look(site.health, 400), "");
	tear_down_inline(&site);
}

static void a_family_of_which_little_or_nothing_passes_is_missed_by_nobody(void **state)
{
	(void)state;
	_Alignas(64) static unsigned char ring[1 << 16];
	struct site site;
	build_inline(&site, ring);
	uint64_t passed = 0;
	for (uint64_t second = 100; second < 1000; second += 60) {
		pass(&site, second, passed, 0);
		assert_string_equal(look(site.health, second), "");
		passed += 99;
	}
	site.settings.family_silence_s = 0;
	pass(&site, 1000, 9000, 0);
	assert_string_equal(look(site.health, 2000), "");
	tear_down_inline(&site);
}

static void the_counters_of_each_worker_are_a_record_once_a_minute(void **state)
{
	(void)state;
	_Alignas(64) static unsigned char ring[1 << 16];
	struct site site;
	build_inline(&site, ring);
	assert_string_equal(look(site.health, 99), "");
	assert_int_equal(site.health->sequence, 0); /* the worker has none yet */
	pass(&site, 1, 1, 1);
	assert_string_equal(look(site.health, 158), "");
	assert_int_equal(site.health->sequence, 0);
	assert_string_equal(look(site.health, 159), "");
	assert_int_equal(site.health->sequence, 1);
	assert_string_equal(look(site.health, 218), "");
	assert_int_equal(site.health->sequence, 1);
	assert_string_equal(look(site.health, 219), "");
	assert_int_equal(site.health->sequence, 2);
	tear_down_inline(&site);
}

/* Two workers without a packet for a minute, but for those of the first one. */
static void build_silent(struct site *site, unsigned char ring[1 << 16], size_t queues)
{
	build_inline(site, ring);
	site->settings.queues.count = queues;
	site->settings.family_silence_s = 0;
	site->settings.silence_s = 60;
	site->sensor->workers_end = SENSOR_WORKERS + 2;
	for (unsigned i = SENSOR_WORKERS; i < site->sensor->workers_end; i++) {
		struct status_process *process = sensor_process(site->sensor, i);
		(void)snprintf(
			process->source, sizeof(process->source), "source %u", i);
		site->health->seen[i].arrived_us = 100 * SECOND_US;
	}
	sensor_process(site->sensor, SENSOR_WORKERS)->packets = 1;
	assert_string_equal(look(site->health, 110), "");
}

static void interfaces_are_silent_when_none_of_their_workers_has_a_packet(void **state)
{
	(void)state;
	_Alignas(64) static unsigned char ring[1 << 16];
	struct site site;
	build_silent(&site, ring, 0);
	assert_string_equal(look(site.health, 160), "");
	assert_non_null(
		strstr(look(site.health, 170), "no packet from source 2 for 60 s"));
	sensor_process(site.sensor, SENSOR_WORKERS + 1)->packets = 1;
	assert_non_null(strstr(look(site.health, 171), "packets arrive again"));
	tear_down_inline(&site);
}

static void each_queue_is_silent_by_itself(void **state)
{
	(void)state;
	_Alignas(64) static unsigned char ring[1 << 16];
	struct site site;
	build_silent(&site, ring, 2);
	assert_non_null(
		strstr(look(site.health, 160), "no packet from source 3 for 60 s"));
	assert_non_null(
		strstr(look(site.health, 170), "no packet from source 2 for 60 s"));
	tear_down_inline(&site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_counters_of_each_worker_are_a_record_once_a_minute),
		cmocka_unit_test(
			interfaces_are_silent_when_none_of_their_workers_has_a_packet),
		cmocka_unit_test(each_queue_is_silent_by_itself),
		cmocka_unit_test(
			bans_that_found_no_room_are_told_once_a_minute_at_most),
		cmocka_unit_test(
			a_family_that_passes_unseen_is_told_once_and_so_is_its_end),
		cmocka_unit_test(
			a_family_of_which_little_or_nothing_passes_is_missed_by_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
