/* What a shipper is given, and what is kept of what it has. A made shipper. */
#include "base/clock.h"
#include "journal/journal.h"
#include "ship/shipping.h"

#include "../journal/journal_folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_US 1000000

static char folder[JOURNAL_FOLDER_BYTES];
static struct journal journal;
static struct shipping shipping;
static struct reason why;

/* The made receiver. */
static struct {
	bool is_down;
	bool is_late; /* acknowledges with the next call only */
	size_t room;  /* then down */
	size_t unacked;
	unsigned count; /* events it was given */
	unsigned numbers[4096];
	uint64_t ends[4096]; /* of the same, in the journal */
	bool is_behind;      /* and says so once */
	uint64_t place;
	unsigned calls;
	size_t largest; /* batch */
} receiver;

static void *made_open(const struct shipper_context *context, struct reason *reason)
{
	(void)context;
	(void)reason;
	return &receiver;
}

static enum shipper_result made_send(void *state, const struct event *events,
	size_t count, size_t *acked, struct reason *reason)
{
	(void)state;
	receiver.calls++;
	if (receiver.is_behind) {
		receiver.is_behind = false;
		return SHIPPER_REWIND;
	}
	if (receiver.is_down) {
		receiver.unacked = 0;
		(void)reason_set(reason, "the made receiver is down");
		return SHIPPER_AGAIN;
	}
	receiver.largest = count > receiver.largest ? count : receiver.largest;
	*acked = receiver.unacked;
	receiver.unacked = 0;
	for (size_t i = 0; i < count; i++) {
		if (receiver.room == 0) {
			*acked += receiver.is_late ? 0 : i;
			(void)reason_set(reason, "the made receiver is full");
			return SHIPPER_AGAIN;
		}
		receiver.room--;
		receiver.ends[receiver.count] = events[i].end;
		receiver.numbers[receiver.count++] =
			(unsigned)event_number(&events[i], "n", 0);
	}
	if (receiver.is_late) {
		receiver.unacked = count;
	} else {
		*acked += count;
	}
	return SHIPPER_DELIVERED;
}

static void made_close(void *state)
{
	(void)state;
}

static uint64_t made_place(void *state)
{
	(void)state;
	return receiver.place;
}

static const struct schema_key NO_KEYS[] = {{.name = NULL}};
static const struct shipper MADE = {.name = "made",
	.what = "for tests",
	.events = EVENT_ALL,
	.keys = NO_KEYS,
	.open = made_open,
	.send = made_send,
	.close = made_close};
static const struct shipper MADE_KNOWING = {.name = "knowing",
	.what = "for tests, knows its place",
	.events = EVENT_ALL,
	.keys = NO_KEYS,
	.open = made_open,
	.send = made_send,
	.close = made_close,
	.place = made_place,
	.idle_ms = 2000};
static struct output output;
static const struct shipper_context CONTEXT = {
	.output = &output, .host = "sensor.example.org", .journal = "0123456789abcdef"};

/* What is logged meanwhile: the last text of it. */
static char logged[512];
static int kept_error;

static void log_begin(void)
{
	const int file = memfd_create("log", 0);
	kept_error = dup(STDERR_FILENO);
	assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(close(file), 0);
}

static void log_end(void)
{
	memset(logged, 0, sizeof(logged));
	assert_true(pread(STDERR_FILENO, logged, sizeof(logged) - 1, 0) >= 0);
	assert_int_equal(dup2(kept_error, STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(close(kept_error), 0);
}

static int start(void **state)
{
	(void)state;
	struct journal_limits limits = journal_limits_default();
	limits.segment_bytes = 16384;
	limits.total_bytes = 163840;
	output = (struct output){.name = "made",
		.shipper = &MADE,
		.events = EVENT_ALL,
		.least = SEVERITY_LOW,
		.values = {.keys = NO_KEYS}};
	memset(&receiver, 0, sizeof(receiver));
	receiver.room = SIZE_MAX;
	journal_folder_make(folder, "test_shipping");
	journal_start(&journal, -1, &limits);
	assert_true(journal_open(&journal, AT_FDCWD, folder, NOW_US, &why));
	assert_true(shipping_open(&shipping, &CONTEXT, AT_FDCWD, folder, &why));
	return 0;
}

static int end(void **state)
{
	(void)state;
	shipping_close(&shipping);
	journal_close(&journal);
	return journal_folder_remove(folder);
}

static void append_line(const char *line)
{
	const size_t len = strlen(line);
	assert_int_equal(journal_append(&journal, line, len, NOW_US, &why), len);
}

static void append(const char *type, unsigned severity, unsigned number)
{
	char line[256];
	(void)snprintf(line, sizeof(line),
		"{\"timestamp\":\"2026-01-31T12:00:00.000001+0000\",\"event_type\":"
		"\"%s\",\"n\":%u,\"alert\":{\"severity\":%u}}\n",
		type, number, severity);
	append_line(line);
}

static void append_many(unsigned first, unsigned last)
{
	for (unsigned i = first; i < last; i++) {
		append("alert", SEVERITY_HIGH, i);
	}
}

/* Rounds, a second apart, until one gives this. */
static void step_until(enum shipping_step wanted)
{
	static uint64_t now_us = NOW_US;
	for (unsigned i = 0; i < 10000; i++) {
		now_us += NOW_US;
		if (shipping_step(&shipping, now_us) == wanted) {
			return;
		}
	}
	fail_msg("never came to step %d", (int)wanted);
}

static void assert_received(unsigned first, unsigned last)
{
	assert_int_equal(receiver.count, last - first);
	for (unsigned i = first; i < last; i++) {
		assert_int_equal(receiver.numbers[i - first], i);
	}
}

static void all_is_delivered_in_order_and_the_place_is_kept(void **state)
{
	(void)state;
	append_many(0, 1000);
	step_until(SHIPPING_IDLE);
	assert_received(0, 1000);
	assert_true(receiver.largest <= SHIPPING_EVENTS_MAX);
	assert_int_equal(shipping.numbers.delivered, 1000);
	assert_int_equal(shipping.reader.cursor.position, journal.end);
	assert_int_equal(shipping.numbers.backlog, 0);
}

static void what_a_receiver_that_is_down_did_not_take_comes_again(void **state)
{
	(void)state;
	append_many(0, 300);
	receiver.room = 100;
	step_until(SHIPPING_DOWN);
	assert_true(shipping.numbers.is_down);
	receiver.is_down = true;
	step_until(SHIPPING_DOWN);
	receiver.is_down = false;
	receiver.room = SIZE_MAX;
	step_until(SHIPPING_IDLE);
	assert_received(0, 300);
	assert_false(shipping.numbers.is_down);
	assert_true(shipping.numbers.failures >= 2);
}

static void what_was_sent_and_never_acknowledged_comes_again(void **state)
{
	(void)state;
	append_many(0, 100);
	receiver.is_late = true;
	assert_int_equal(shipping_step(&shipping, NOW_US), SHIPPING_BUSY);
	assert_int_equal(receiver.count, 100);
	assert_int_equal(shipping.numbers.delivered, 0);
	receiver.is_down = true;
	step_until(SHIPPING_DOWN);
	receiver.is_down = false;
	receiver.count = 0;
	step_until(SHIPPING_IDLE);
	assert_received(0, 100);
	assert_int_equal(shipping.numbers.delivered, 100);
}

static void late_acknowledgements_move_the_place(void **state)
{
	(void)state;
	append_many(0, 100);
	receiver.is_late = true;
	assert_int_equal(shipping_step(&shipping, NOW_US), SHIPPING_BUSY);
	assert_int_equal(shipping.commit, 0);
	step_until(SHIPPING_IDLE);
	assert_received(0, 100);
	assert_int_equal(shipping.reader.cursor.position, journal.end);
}

static void another_start_goes_on_where_the_last_one_was(void **state)
{
	(void)state;
	append_many(0, 50);
	step_until(SHIPPING_IDLE);
	shipping_close(&shipping);
	append_many(50, 80);
	receiver.count = 0;
	assert_true(shipping_open(&shipping, &CONTEXT, AT_FDCWD, folder, &why));
	step_until(SHIPPING_IDLE);
	assert_received(50, 80);
}

static void two_never_ship_to_one_output(void **state)
{
	(void)state;
	static struct shipping second;
	assert_false(shipping_open(&second, &CONTEXT, AT_FDCWD, folder, &why));
	assert_non_null(strstr(why.text, "another process"));
}

static void only_what_the_output_wants_is_sent(void **state)
{
	(void)state;
	output.events = EVENT_ALERT;
	output.least = SEVERITY_HIGH;
	append("mail", SEVERITY_NONE, 1);
	append("alert", SEVERITY_CRITICAL, 0);
	append("alert", SEVERITY_MEDIUM, 2);
	append("sensor", SEVERITY_LOW, 4);
	append("sensor", SEVERITY_HIGH, 1);
	append("stats", SEVERITY_NONE, 3);
	step_until(SHIPPING_IDLE);
	assert_received(0, 2);
	assert_int_equal(shipping.reader.cursor.position, journal.end);
}

static void a_line_that_is_no_record_is_counted_and_passed_over(void **state)
{
	(void)state;
	append("alert", SEVERITY_HIGH, 0);
	append_line("{\"event_type\":\"alert\",\n");
	append_line("[1]\n");
	append_line("{\"event_type\":\"other\"}\n");
	append_line("{\"event_type\":\"alert\",\"host\":\"\\u0000\"}\n");
	append("alert", SEVERITY_HIGH, 1);
	receiver.is_down = true; /* until it is there, all is looked at again */
	step_until(SHIPPING_DOWN);
	shipping_read(&shipping, NOW_US);
	assert_int_equal(shipping.numbers.unreadable, 4);
	receiver.is_down = false;
	step_until(SHIPPING_IDLE);
	assert_received(0, 2);
	assert_int_equal(shipping.numbers.unreadable, 4);
}

static void pauses_grow_to_a_bound_and_a_success_ends_them(void **state)
{
	(void)state;
	uint64_t now_us = NOW_US;
	uint64_t before_us = 0;
	append_many(0, 1);
	receiver.is_down = true;
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(shipping_step(&shipping, now_us), SHIPPING_DOWN);
		const uint64_t pause_us = shipping.retry_us - now_us;
		assert_true(pause_us >= before_us && pause_us <= 30000000);
		assert_int_equal(
			shipping_step(&shipping, shipping.retry_us - 1), SHIPPING_DOWN);
		before_us = pause_us;
		now_us = shipping.retry_us;
	}
	assert_int_equal(shipping.numbers.failures, 20);
	receiver.is_down = false;
	assert_int_equal(shipping_step(&shipping, now_us), SHIPPING_BUSY);
	assert_int_equal(shipping.pause_us, 0);
	assert_received(0, 1);
}

static void what_the_journal_dropped_unsent_is_counted(void **state)
{
	(void)state;
	receiver.is_down = true;
	append_many(0, 1);
	step_until(SHIPPING_DOWN);
	append_many(1, 3000);
	assert_true(journal.lost_bytes > 0);
	receiver.is_down = false;
	step_until(SHIPPING_IDLE);
	assert_int_equal(shipping.numbers.lost_bytes, journal.lost_bytes);
	assert_int_equal(receiver.numbers[receiver.count - 1], 2999);
}

/* 100 are delivered; then the receiver loses what was behind the 40th. */
static void lose_some(void)
{
	output.shipper = &MADE_KNOWING;
	append_many(0, 100);
	step_until(SHIPPING_IDLE);
	receiver.place = receiver.ends[39];
	receiver.is_behind = true;
	receiver.count = 0;
}

static void a_receiver_that_lost_something_is_given_it_again(void **state)
{
	(void)state;
	lose_some();
	append_many(100, 110);
	step_until(SHIPPING_IDLE);
	assert_received(40, 110);
	assert_int_equal(shipping.numbers.failures, 0);
	assert_int_equal(shipping.reader.cursor.position, journal.end);
}

static void a_loss_is_noticed_with_nothing_to_send(void **state)
{
	(void)state;
	lose_some();
	assert_int_equal(shipping_step(&shipping, UINT64_C(1) << 50), SHIPPING_BUSY);
	step_until(SHIPPING_IDLE);
	assert_received(40, 100);
}

static void a_receiver_that_goes_down_at_once_gets_it_later(void **state)
{
	(void)state;
	lose_some();
	append_many(100, 101);
	receiver.is_down = true;
	step_until(SHIPPING_DOWN);
	assert_int_equal(shipping.reader.cursor.position, receiver.place);
	receiver.is_down = false;
	step_until(SHIPPING_IDLE);
	assert_received(40, 101);
}

static void a_receiver_that_has_nothing_gets_all_that_there_is(void **state)
{
	(void)state;
	output.shipper = &MADE_KNOWING;
	for (unsigned i = 0; i < 3000; i += 100) {
		append_many(i, i + 100);
		step_until(SHIPPING_IDLE);
	}
	receiver.count = 0;
	receiver.place = 0;
	receiver.is_behind = true;
	assert_true(journal.total < journal.end); /* the oldest are gone */
	append_many(3000, 3001);
	step_until(SHIPPING_IDLE);
	assert_true(receiver.count > 100);
	assert_received(3001 - receiver.count, 3001);
	/* what was gone before is no loss of this output's */
	assert_int_equal(shipping.numbers.lost_bytes, 0);
}

static void a_receiver_ahead_of_the_place_is_given_the_rest_only(void **state)
{
	(void)state;
	lose_some();
	receiver.place = receiver.ends[79];
	shipping_close(&shipping);
	(void)unlinkat(journal.folder, "output-made.cursor", 0);
	assert_true(shipping_open(&shipping, &CONTEXT, AT_FDCWD, folder, &why));
	step_until(SHIPPING_IDLE);
	assert_received(80, 100);
}

static void with_nothing_to_send_a_shipper_is_called_now_and_then(void **state)
{
	(void)state;
	uint64_t now_us = NOW_US;
	output.shipper = &MADE_KNOWING;
	assert_int_equal(shipping_step(&shipping, now_us), SHIPPING_IDLE);
	assert_int_equal(receiver.calls, 1);
	now_us += 1999999;
	assert_int_equal(shipping_step(&shipping, now_us), SHIPPING_IDLE);
	assert_int_equal(receiver.calls, 1);
	now_us += 1;
	assert_int_equal(shipping_step(&shipping, now_us), SHIPPING_IDLE);
	assert_int_equal(receiver.calls, 2);
	receiver.is_down = true;
	now_us += 2000000;
	assert_int_equal(shipping_step(&shipping, now_us), SHIPPING_DOWN);
	assert_true(shipping.numbers.is_down);
	receiver.is_down = false;
	now_us += 2000000;
	assert_int_equal(shipping_step(&shipping, now_us), SHIPPING_IDLE);
	assert_false(shipping.numbers.is_down);
}

#define SHIPPING_TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

static void the_time_that_an_output_was_down_is_told_over_a_renewal_too(void **state)
{
	(void)state;
	const uint64_t now_us = UINT64_C(1337000000);
	shipping.numbers.is_down = true; /* as it is carried over */
	shipping.numbers.down_since_us = now_us - UINT64_C(61500000);
	append_many(0, 1);
	log_begin();
	(void)shipping_step(&shipping, now_us);
	log_end();
	assert_non_null(strstr(logged, "takes records again, after 61 s"));
	assert_int_equal(shipping.numbers.down_since_us, 0);
}

/* The timestamp of all made records. */
#define WRITTEN_US UINT64_C(1769860800000001)

static void what_waits_for_a_receiver_that_is_down_has_the_age_of_its_oldest(
	void **state)
{
	(void)state;
	uint64_t now_us = NOW_US;
	append_many(0, 600);
	receiver.is_down = true;
	for (unsigned i = 0; i < 50; i++) { /* sent in vain, and between */
		assert_int_equal(shipping_step(&shipping, now_us), SHIPPING_DOWN);
		assert_int_equal(shipping.numbers.oldest_us, WRITTEN_US);
		now_us += 100000;
	}
	receiver.is_down = false;
	step_until(SHIPPING_IDLE);
	assert_int_equal(shipping.numbers.oldest_us, 0);
}

static void what_is_about_to_be_sent_is_told_before_the_receiver_is_asked(void **state)
{
	(void)state;
	append_many(0, 1);
	shipping_read(&shipping, NOW_US);
	assert_int_equal(shipping.numbers.oldest_us, WRITTEN_US);
	assert_int_equal(receiver.calls, 0);
	assert_int_equal(shipping_step(&shipping, NOW_US), SHIPPING_BUSY);
	assert_received(0, 1);
}

static void what_comes_while_an_output_is_down_waits_from_then_on(void **state)
{
	(void)state;
	uint64_t now_us = NOW_US;
	output.shipper = &MADE_KNOWING;
	receiver.is_down = true;
	assert_int_equal(shipping_step(&shipping, now_us), SHIPPING_DOWN);
	assert_int_equal(shipping.numbers.oldest_us, 0);
	const uint64_t before_us = clock_realtime_us();
	now_us = shipping.retry_us - 100000;
	assert_int_equal(shipping_step(&shipping, now_us), SHIPPING_DOWN);
	assert_int_equal(shipping.numbers.oldest_us, 0);
	append("mail", SEVERITY_NONE, 0); /* of an hour that ended long ago */
	now_us += 50000;
	assert_int_equal(shipping_step(&shipping, now_us), SHIPPING_DOWN);
	assert_true(shipping.numbers.oldest_us >= before_us);
	assert_true(shipping.numbers.oldest_us <= clock_realtime_us());
	receiver.is_down = false;
	step_until(SHIPPING_IDLE);
	assert_received(0, 1);
}

static void what_an_output_does_not_want_waits_for_nobody(void **state)
{
	(void)state;
	output.shipper = &MADE_KNOWING;
	output.events = EVENT_ALERT;
	receiver.is_down = true;
	assert_int_equal(shipping_step(&shipping, NOW_US), SHIPPING_DOWN);
	append("mail", SEVERITY_NONE, 0);
	assert_int_equal(shipping_step(&shipping, NOW_US + 100000), SHIPPING_DOWN);
	assert_int_equal(shipping.numbers.oldest_us, 0);
}

static void what_waited_before_a_renewal_waits_since_then(void **state)
{
	(void)state;
	append_many(0, 1);
	receiver.is_down = true;
	const struct shipping_numbers before = {
		.is_down = true, .down_since_us = 7, .oldest_us = WRITTEN_US + 5000000};
	shipping_carry_on(&shipping, &before);
	assert_int_equal(shipping.numbers.oldest_us, before.oldest_us);
	assert_int_equal(shipping_step(&shipping, NOW_US), SHIPPING_DOWN);
	/* and not since its timestamp, which may be of long before it was written */
	assert_int_equal(shipping.numbers.oldest_us, before.oldest_us);
	assert_int_equal(shipping.numbers.down_since_us, 7);
}

static void what_was_dropped_is_counted_once_over_retries_and_another_start(
	void **state)
{
	(void)state;
	uint64_t now_us = NOW_US;
	receiver.is_down = true;
	append_many(0, 1);
	assert_int_equal(shipping_step(&shipping, now_us), SHIPPING_DOWN);
	append_many(1, 3000);
	for (unsigned i = 0; i < 5; i++) {
		now_us = shipping.retry_us;
		assert_int_equal(shipping_step(&shipping, now_us), SHIPPING_DOWN);
	}
	assert_true(journal.lost_bytes > 0);
	assert_int_equal(shipping.numbers.lost_bytes, journal.lost_bytes);
	shipping_close(&shipping);
	assert_true(shipping_open(&shipping, &CONTEXT, AT_FDCWD, folder, &why));
	receiver.is_down = false;
	step_until(SHIPPING_IDLE);
	assert_int_equal(shipping.numbers.lost_bytes, 0);
	assert_int_equal(receiver.numbers[receiver.count - 1], 2999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SHIPPING_TEST(all_is_delivered_in_order_and_the_place_is_kept),
		SHIPPING_TEST(what_a_receiver_that_is_down_did_not_take_comes_again),
		SHIPPING_TEST(
			the_time_that_an_output_was_down_is_told_over_a_renewal_too),
		SHIPPING_TEST(
			what_waits_for_a_receiver_that_is_down_has_the_age_of_its_oldest),
		SHIPPING_TEST(
			what_is_about_to_be_sent_is_told_before_the_receiver_is_asked),
		SHIPPING_TEST(what_comes_while_an_output_is_down_waits_from_then_on),
		SHIPPING_TEST(what_an_output_does_not_want_waits_for_nobody),
		SHIPPING_TEST(what_waited_before_a_renewal_waits_since_then),
		SHIPPING_TEST(
			what_was_dropped_is_counted_once_over_retries_and_another_start),
		SHIPPING_TEST(what_was_sent_and_never_acknowledged_comes_again),
		SHIPPING_TEST(late_acknowledgements_move_the_place),
		SHIPPING_TEST(another_start_goes_on_where_the_last_one_was),
		SHIPPING_TEST(two_never_ship_to_one_output),
		SHIPPING_TEST(only_what_the_output_wants_is_sent),
		SHIPPING_TEST(a_line_that_is_no_record_is_counted_and_passed_over),
		SHIPPING_TEST(pauses_grow_to_a_bound_and_a_success_ends_them),
		SHIPPING_TEST(what_the_journal_dropped_unsent_is_counted),
		SHIPPING_TEST(a_receiver_that_lost_something_is_given_it_again),
		SHIPPING_TEST(a_loss_is_noticed_with_nothing_to_send),
		SHIPPING_TEST(a_receiver_that_goes_down_at_once_gets_it_later),
		SHIPPING_TEST(a_receiver_that_has_nothing_gets_all_that_there_is),
		SHIPPING_TEST(a_receiver_ahead_of_the_place_is_given_the_rest_only),
		SHIPPING_TEST(with_nothing_to_send_a_shipper_is_called_now_and_then),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
