#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "control/lessons.h"
#include "control/record_writer.h"
#include "report/servers_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORKERS   3
#define NOW_US    UINT64_C(1790000000000000)
#define MINUTE_US UINT64_C(60000000)

static char folder[] = "/tmp/mailwarden-test-XXXXXX";
static struct sensor sensor;
static struct status_page page;
static struct lessons_listener listeners[WORKERS];
static unsigned folded_heard;

static void on_folded(void *context, const struct fold_lesson *lesson)
{
	(void)context;
	folded_heard++;
	assert_int_equal(lesson->finding, FINDING_SENDER_ILLEGITIMATE);
}

static int start_sensor(void **state)
{
	(void)state;
	struct reason why;
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(folder));
	sensor = (struct sensor){
		.workers_end = SENSOR_WORKERS + WORKERS, .page = &page, .wake = -1};
	sensor.state_directory = open(folder, O_RDONLY | O_DIRECTORY);
	assert_true(sensor.state_directory >= 0);
	assert_true(lessons_make_rings(&sensor, &why));
	for (unsigned i = 0; i < WORKERS; i++) {
		page.processes[SENSOR_WORKERS + i].state = STATUS_STATE_RUNNING;
		listeners[i] = (struct lessons_listener){.sensor = &sensor,
			.place = SENSOR_WORKERS + i,
			.folded = on_folded};
		lessons_listen(&listeners[i]);
	}
	return 0;
}

static int end_sensor(void **state)
{
	(void)state;
	(void)unlinkat(sensor.state_directory, LESSONS_FILE, 0);
	(void)unlinkat(sensor.state_directory, LESSONS_FILE ".broken", 0);
	(void)close(sensor.state_directory);
	return rmdir(folder);
}

static struct ledger_lesson made_lesson(uint16_t flags)
{
	struct ledger_lesson lesson = {
		.start_us = NOW_US, .port = 25, .version = 0x0304, .flags = flags};
	assert_true(address_parse("192.0.2.25", &lesson.server));
	assert_true(address_parse("192.0.2.10", &lesson.client));
	return lesson;
}

static struct record_writer writer_of(unsigned worker)
{
	return (struct record_writer){
		.lessons = &sensor.told[worker], .feed = &sensor.feeds[worker]};
}

static void tell(unsigned worker, const struct ledger_lesson *lesson)
{
	struct record_writer writer = writer_of(worker);
	record_writer_lesson(&writer, lesson);
}

static struct lessons started(void)
{
	struct lessons lessons;
	struct reason why = {.text = ""};
	if (!lessons_start(&lessons, &sensor, &why)) {
		fail_msg("%s", why.text);
	}
	return lessons;
}

static struct ledger *new_ledger(void)
{
	const struct hash_seed seed = {{1, 2}};
	struct reason why;
	struct ledger *ledger = ledger_new(8, seed, &why);
	assert_non_null(ledger);
	return ledger;
}

static struct names *new_names(void)
{
	const struct hash_seed seed = {{3, 4}};
	struct reason why;
	struct names *names = names_new(seed, &why);
	assert_non_null(names);
	return names;
}

/* What is known of the one server, in whatever ledger. */
static struct ledger_server server_in(const struct ledger *ledger)
{
	const struct ledger_lesson lesson = made_lesson(0);
	const struct ledger_server *server =
		ledger_find(ledger, &lesson.server, lesson.port);
	return server ? *server : (struct ledger_server){.flows = 0};
}

static struct ledger_server server_saved(void)
{
	struct ledger *ledger = new_ledger();
	lessons_recall(&sensor, ledger);
	const struct ledger_server server = server_in(ledger);
	ledger_free(ledger);
	return server;
}

static void hear(unsigned worker, struct ledger *ledger, struct names *names)
{
	listeners[worker].ledger = ledger;
	listeners[worker].names = names;
	lessons_hear(&listeners[worker]);
}

static struct ledger_server server_heard(unsigned worker)
{
	struct ledger *ledger = new_ledger();
	struct names *names = new_names();
	hear(worker, ledger, names);
	const struct ledger_server server = server_in(ledger);
	names_free(names);
	ledger_free(ledger);
	return server;
}

static void what_one_worker_learns_the_others_and_the_file_know(void **state)
{
	(void)state;
	struct lessons lessons = started();
	const struct ledger_lesson offer = made_lesson(LEDGER_LESSON_OFFERED);
	tell(1, &offer);
	tell(1, &offer);
	tell(2, &offer);
	lessons_take(&lessons, NOW_US);
	assert_int_equal(server_saved().offered, 3);
	assert_int_equal(server_heard(0).offered, 3);
	assert_int_equal(server_heard(1).offered, 1);
	assert_int_equal(server_heard(2).offered, 2);
	assert_int_equal(server_heard(0).offered, 0);
	lessons_end(&lessons);
}

static void it_is_saved_once_a_minute_and_at_the_end_and_adds_up(void **state)
{
	(void)state;
	const struct ledger_lesson offer = made_lesson(LEDGER_LESSON_OFFERED);
	struct lessons lessons = started();
	tell(0, &offer);
	lessons_take(&lessons, NOW_US);
	assert_int_equal(server_saved().offered, 1);
	tell(0, &offer);
	lessons_take(&lessons, NOW_US + MINUTE_US - 1);
	assert_int_equal(server_saved().offered, 1);
	lessons_take(&lessons, NOW_US + MINUTE_US);
	assert_int_equal(server_saved().offered, 2);
	tell(0, &offer);
	lessons_end(&lessons);
	assert_int_equal(server_saved().offered, 3);
	lessons = started();
	tell(2, &offer);
	lessons_end(&lessons);
	assert_int_equal(server_saved().offered, 4);
}

static void without_news_nothing_is_written(void **state)
{
	(void)state;
	struct stat status;
	struct lessons lessons = started();
	lessons_take(&lessons, NOW_US);
	lessons_end(&lessons);
	assert_int_equal(fstatat(sensor.state_directory, LESSONS_FILE, &status, 0), -1);
}

static void what_is_no_lesson_teaches_nobody(void **state)
{
	(void)state;
	struct ledger_lesson wrong[6];
	struct lessons lessons = started();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		wrong[i] = made_lesson(LEDGER_LESSON_OFFERED);
	}
	wrong[0].port = 0;
	wrong[1].start_us = 0;
	wrong[2].flags = UINT16_MAX;
	memset(wrong[3].sni, 'x', sizeof(wrong[3].sni)); /* does not end */
	(void)snprintf(wrong[4].sni, sizeof(wrong[4].sni), "a\nend 0");
	(void)snprintf(wrong[5].fingerprint, sizeof(wrong[5].fingerprint), "12");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_false(ledger_lesson_is_sound(&wrong[i]));
		tell(0, &wrong[i]);
	}
	lessons_take(&lessons, NOW_US);
	assert_int_equal(lessons.faults, sizeof(wrong) / sizeof(*wrong));
	assert_int_equal(server_saved().flows, 0);
	assert_int_equal(server_heard(1).flows, 0);
	assert_int_equal(listeners[1].faults, sizeof(wrong) / sizeof(*wrong));
	/* a worker that writes something else altogether does no harm either */
	assert_true(ring_put(&sensor.told[0], "rubbish", 7, 0));
	lessons_take(&lessons, NOW_US);
	assert_int_equal(ring_waiting(&sensor.told[0]), 0);
	lessons_end(&lessons);
}

static struct names_lesson made_name(const char *name)
{
	struct names_lesson lesson = {.learned_us = NOW_US,
		.expires_us = NOW_US + MINUTE_US,
		.is_declared = true};
	assert_true(address_parse("203.0.113.100", &lesson.address));
	assert_true(address_parse("192.0.2.40", &lesson.asker));
	(void)snprintf(lesson.name, sizeof(lesson.name), "%s", name);
	return lesson;
}

static void tell_name(unsigned worker, const struct names_lesson *lesson)
{
	struct record_writer writer = writer_of(worker);
	record_writer_name(&writer, lesson);
}

/* How many names a worker hears of the one address. */
static unsigned names_heard(unsigned worker)
{
	struct host_names known;
	struct names *names = new_names();
	struct ledger *ledger = new_ledger();
	const struct names_lesson lesson = made_name("");
	const struct names_wanted wanted = {.host = lesson.address,
		.peer = lesson.asker,
		.start_us = NOW_US,
		.now_us = NOW_US};
	hear(worker, ledger, names);
	names_of_host(names, &wanted, &known);
	names_free(names);
	ledger_free(ledger);
	return known.count;
}

static void a_name_that_one_worker_learns_the_others_know_and_no_file(void **state)
{
	(void)state;
	struct lessons lessons = started();
	const struct names_lesson name = made_name("smtp.example.net");
	const struct ledger_lesson offer = made_lesson(LEDGER_LESSON_OFFERED);
	tell_name(1, &name);
	lessons_take(&lessons, NOW_US);
	assert_false(lessons.is_changed);
	assert_int_equal(names_heard(0), 1);
	assert_int_equal(names_heard(1), 0); /* its own */
	assert_int_equal(names_heard(2), 1);
	tell(1, &offer);
	tell_name(1, &name);
	tell(1, &offer);
	lessons_take(&lessons, NOW_US);
	assert_int_equal(names_heard(0), 1);
	assert_int_equal(server_heard(2).offered, 2);
	lessons_end(&lessons);
}

static void a_worker_that_starts_anew_is_told_the_names_that_were_heard_once(
	void **state)
{
	(void)state;
	struct lessons lessons = started();
	const struct names_lesson name = made_name("smtp.example.net");
	lessons_ask(&sensor, SENSOR_WORKERS + 1);
	lessons_take(&lessons, NOW_US);
	assert_int_equal(ring_waiting(&sensor.heard[1]), 0); /* nothing is known */
	tell_name(1, &name);
	lessons_take(&lessons, NOW_US);
	assert_int_equal(names_heard(1), 0); /* its own */
	assert_int_equal(names_heard(0), 1);
	lessons_listen(&listeners[1]); /* what was given before is gone */
	lessons_ask(&sensor, SENSOR_WORKERS + 1);
	lessons_take(&lessons, NOW_US);
	assert_int_equal(names_heard(1), 1);
	assert_int_equal(names_heard(0), 0); /* it did not ask */
	lessons_take(&lessons, NOW_US);
	assert_int_equal(names_heard(1), 0);
	lessons_end(&lessons);
}

static void many_names_are_told_by_and_by_and_none_is_lost_for_want_of_room(
	void **state)
{
	(void)state;
	enum { NAMES = 2000 };
	struct lessons lessons = started();
	for (unsigned i = 0; i < NAMES; i++) {
		char text[NAMES_TEXT_BYTES];
		(void)snprintf(text, sizeof(text), "smtp%u.example.net", i);
		const struct names_lesson name = made_name(text);
		tell_name(0, &name);
		lessons_take(&lessons, NOW_US);
		(void)names_heard(1);
		(void)names_heard(2);
	}
	const uint64_t lost = lessons_lost(&listeners[0]);
	size_t told = 0;
	lessons_ask(&sensor, SENSOR_WORKERS);
	lessons_take(&lessons, NOW_US);
	const size_t at_once = ring_waiting(&sensor.heard[0]);
	for (size_t waits = at_once; waits > 0;
		waits = ring_waiting(&sensor.heard[0])) {
		told += waits / sizeof(struct lesson);
		ring_done(&sensor.heard[0], waits);
		lessons_take(&lessons, NOW_US);
	}
	assert_true(told * sizeof(struct lesson) > at_once);
	assert_true(told > NAMES / 2); /* some have one place in common */
	assert_true(told <= NAMES);
	assert_int_equal(lessons_lost(&listeners[0]), lost);
	lessons_end(&lessons);
}

static void what_is_no_name_teaches_nobody(void **state)
{
	(void)state;
	struct lessons lessons = started();
	struct names_lesson wrong[3] = {
		made_name(""), made_name("a\nb"), made_name("smtp.example.net")};
	wrong[2].way = 7; /* another process's number */
	for (size_t i = 0; i < 3; i++) {
		tell_name(0, &wrong[i]);
	}
	lessons_take(&lessons, NOW_US);
	assert_int_equal(lessons.faults, 3);
	assert_int_equal(names_heard(1), 0);
	lessons_end(&lessons);
}

static void names_that_no_matrix_declares_and_where_they_lead_are_told_and_not_kept(
	void **state)
{
	(void)state;
	struct lessons lessons = started();
	struct names_lesson name = made_name("www.example.net");
	name.is_declared = false;
	tell_name(1, &name);
	name.is_declared = true;
	name.lead = 7; /* no name of the address */
	tell_name(1, &name);
	lessons_take(&lessons, NOW_US);
	assert_int_equal(names_heard(0), 1);
	assert_int_equal(ring_waiting(&sensor.told[1]), 0);
	lessons_ask(&sensor, SENSOR_WORKERS + 2);
	lessons_take(&lessons, NOW_US);
	assert_int_equal(ring_waiting(&sensor.heard[2]), 0);
	lessons_end(&lessons);
}

/* How many servers a sender reached, as a worker knows it, one more among them. */
static uint32_t reached_heard(unsigned worker, const struct address *sender)
{
	const struct hash_seed seed = {{5, 6}};
	struct reason why;
	struct judge_memory memory = {0};
	struct structure *structure = structure_new(16, seed, &why);
	struct observation observation = {.client = *sender, .now_us = NOW_US};
	assert_non_null(structure);
	listeners[worker].structure = structure;
	lessons_hear(&listeners[worker]);
	structure_recall_sender(structure, &observation, &memory);
	structure_free(structure);
	return memory.servers_reached;
}

static void who_sent_to_whom_and_what_repeats_the_others_know(void **state)
{
	(void)state;
	struct record_writer writer = writer_of(0);
	struct structure_lesson moved = {
		.kind = STRUCTURE_LESSON_REACHED, .time_us = NOW_US};
	struct fold_lesson folded = {.finding = FINDING_SENDER_ILLEGITIMATE,
		.findings = FINDING_BIT(FINDING_SENDER_ILLEGITIMATE),
		.now_us = NOW_US};
	assert_true(address_parse("192.0.2.70", &moved.host));
	assert_true(address_parse("203.0.113.25", &moved.server));
	record_writer_moved(&writer, &moved);
	record_writer_folded(&writer, &folded);
	folded_heard = 0;
	assert_int_equal(reached_heard(1, &moved.host), 2);
	assert_int_equal(folded_heard, 1);
	assert_int_equal(reached_heard(0, &moved.host), 1); /* its own */
	assert_int_equal(folded_heard, 1);
	moved.kind = STRUCTURE_LESSON_COUNT;
	folded.finding = FINDING_FLOW_COUNT;
	record_writer_moved(&writer, &moved);
	record_writer_folded(&writer, &folded);
	assert_int_equal(reached_heard(1, &moved.host), 1);
	assert_int_equal(folded_heard, 1);
	assert_int_equal(listeners[1].faults, 2);
	assert_int_equal(ring_waiting(&sensor.told[0]), 0); /* nobody keeps it */
}

static void who_judges_waits_for_the_others_and_not_for_ever(void **state)
{
	(void)state;
	const uint64_t now_us = clock_realtime_us();
	lessons_come_to(&listeners[1], now_us);
	lessons_come_to(&listeners[2], now_us);
	lessons_await(&listeners[0], now_us, 600 * MINUTE_US);
	assert_int_equal(listeners[0].alone, 0);
	assert_int_equal(feed_moment(&sensor.feeds[0]), now_us);
	/* one of them is not so far: patience ends */
	lessons_come_to(&listeners[1], now_us + 2);
	lessons_await(&listeners[0], now_us + 1, 1000);
	assert_int_equal(listeners[0].alone, 1);
	assert_true(clock_realtime_us() >= now_us + 1001);
	/* however far ahead of the real time it is */
	lessons_await(&listeners[0], now_us + 600 * MINUTE_US, 1000);
	assert_int_equal(listeners[0].alone, 2);
	lessons_come_to(&listeners[1], now_us + 600 * MINUTE_US + 1);
	/* nobody waits for who does not run, nor goes back */
	page.processes[SENSOR_WORKERS + 2].state = STATUS_STATE_STARTING;
	lessons_await(&listeners[0], now_us + 600 * MINUTE_US + 1, 600 * MINUTE_US);
	assert_int_equal(listeners[0].alone, 2);
	lessons_come_to(&listeners[0], now_us);
	assert_int_equal(feed_moment(&sensor.feeds[0]), now_us + 600 * MINUTE_US + 1);
}

static void who_waited_often_lately_is_content_with_those_that_are_nearly_there(
	void **state)
{
	(void)state;
	const uint64_t now_us = clock_realtime_us() + MINUTE_US;
	page.processes[SENSOR_WORKERS + 2].state = STATUS_STATE_ENDED;
	lessons_come_to(&listeners[1], now_us);
	for (unsigned i = 1; i <= 20; i++) { /* no patience but for one nap */
		lessons_await(&listeners[0], now_us + 10 * i, 1);
	}
	assert_int_equal(listeners[0].alone, 10);
	lessons_await(&listeners[0], now_us + 5000, 1);
	assert_int_equal(listeners[0].alone, 11);
	/* a while later each is waited for again */
	lessons_await(&listeners[0], now_us + 20000, 1);
	lessons_come_to(&listeners[1], now_us + 19999);
	lessons_await(&listeners[0], now_us + 20000, 1);
	assert_int_equal(listeners[0].alone, 13);
}

static void a_full_ring_refuses_and_counts(void **state)
{
	(void)state;
	const struct ledger_lesson offer = made_lesson(LEDGER_LESSON_OFFERED);
	unsigned told = 0;
	while (lessons_lost(&listeners[0]) == 0) {
		tell(0, &offer);
		told++;
	}
	told--; /* the last one */
	assert_int_equal(lessons_lost(&listeners[0]), 1);
	struct lessons lessons = started();
	lessons_take(&lessons, NOW_US);
	assert_int_equal(server_saved().offered, told);
	lessons_end(&lessons);
}

static void a_broken_file_is_set_aside_and_used_up_to_the_mistake(void **state)
{
	(void)state;
	static const char BROKEN[] =
		"mailwarden-servers 1\n"
		"server address=192.0.2.25 port=25 flows=7 "
		"first=2026-01-31T12:00:00.000000Z last=2026-02-01T00:00:00.000000Z\n"
		"server address=nobody\nend 2\n";
	struct stat status;
	const int file =
		openat(sensor.state_directory, LESSONS_FILE, O_WRONLY | O_CREAT, 0600);
	assert_true(file >= 0);
	assert_int_equal(write(file, BROKEN, sizeof(BROKEN) - 1), sizeof(BROKEN) - 1);
	(void)close(file);
	struct lessons lessons = started();
	assert_int_equal(
		fstatat(sensor.state_directory, LESSONS_FILE ".broken", &status, 0), 0);
	lessons_end(&lessons);
	assert_int_equal(server_saved().flows, 7);
}

static void a_link_in_its_place_is_not_followed(void **state)
{
	(void)state;
	struct lessons lessons;
	struct reason why;
	assert_int_equal(
		symlinkat("/etc/hostname", sensor.state_directory, LESSONS_FILE), 0);
	assert_false(lessons_start(&lessons, &sensor, &why));
	assert_int_equal(server_saved().flows, 0);
}

#define SENSOR_TEST(test) \
	cmocka_unit_test_setup_teardown(test, start_sensor, end_sensor)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENSOR_TEST(what_one_worker_learns_the_others_and_the_file_know),
		SENSOR_TEST(it_is_saved_once_a_minute_and_at_the_end_and_adds_up),
		SENSOR_TEST(without_news_nothing_is_written),
		SENSOR_TEST(what_is_no_lesson_teaches_nobody),
		SENSOR_TEST(a_name_that_one_worker_learns_the_others_know_and_no_file),
		SENSOR_TEST(
			a_worker_that_starts_anew_is_told_the_names_that_were_heard_once),
		SENSOR_TEST(
			many_names_are_told_by_and_by_and_none_is_lost_for_want_of_room),
		SENSOR_TEST(what_is_no_name_teaches_nobody),
		SENSOR_TEST(
			names_that_no_matrix_declares_and_where_they_lead_are_told_and_not_kept),
		SENSOR_TEST(who_sent_to_whom_and_what_repeats_the_others_know),
		SENSOR_TEST(who_judges_waits_for_the_others_and_not_for_ever),
		SENSOR_TEST(
			who_waited_often_lately_is_content_with_those_that_are_nearly_there),
		SENSOR_TEST(a_full_ring_refuses_and_counts),
		SENSOR_TEST(a_broken_file_is_set_aside_and_used_up_to_the_mistake),
		SENSOR_TEST(a_link_in_its_place_is_not_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
