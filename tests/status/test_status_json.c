/* status/status_json: the page as one JSON document. */
#include "status/status_json.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE_US UINT64_C(60000000)

static void assert_holds(const char *text, const char *part)
{
	if (!strstr(text, part)) {
		fail_msg("no %s in %s", part, text);
	}
}

static char *text_of(const struct status_page *page, bool is_running)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	status_json_write(out, page, is_running);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void bans_are_listed_and_counted_while_the_sensor_runs(void **state)
{
	(void)state;
	struct status_page *page = calloc(1, sizeof(*page));
	assert_non_null(page);
	struct address sender;
	assert_true(address_parse("192.0.2.70", &sender));
	const uint64_t now_us = clock_boottime_us();
	assert_true(bans_add(&page->bans, &(struct ban_cause){.address = sender},
		now_us, now_us + 10 * MINUTE_US));
	page->bans.refused = 7;
	char *running = text_of(page, true);
	assert_holds(running, "\"bans\":[{\"address\":\"192.0.2.70\",\"until\":\"");
	assert_holds(running, "\"bans_given\":1,\"bans_refused\":7");
	char *ended = text_of(page, false);
	assert_holds(ended, "\"bans\":[],\"bans_given\":1,\"bans_refused\":7");
	free(ended);
	free(running);
	free(page);
}

static void rows_and_acceptances_that_end_are_named(void **state)
{
	(void)state;
	struct status_page *page = calloc(1, sizeof(*page));
	assert_non_null(page);
	struct status_endings *rows = &page->endings[MATRIX_ENDING_ROW];
	struct status_endings *accepted = &page->endings[MATRIX_ENDING_ACCEPTANCE];
	char *none = text_of(page, true);
	assert_holds(none, "\"rows\":{\"expiring_within_30_days\":0,\"expired\":0,"
			   "\"grace_over\":0}");
	assert_holds(
		none, "\"acceptances\":{\"expiring_within_30_days\":0,\"expired\":0}");
	(void)snprintf(rows->next, sizeof(rows->next), "M-06");
	rows->next_s = 1814400000;
	rows->soon_count = 2;
	rows->over_count = 1;
	(void)snprintf(accepted->ended, sizeof(accepted->ended), "group scanners");
	accepted->ended_s = 1814400000;
	accepted->ended_count = 3;
	char *some = text_of(page, true);
	assert_holds(some, "\"rows\":{\"next_to_expire\":{\"row\":\"M-06\",\"end\":\"");
	assert_holds(
		some, "\"expiring_within_30_days\":2,\"expired\":0,\"grace_over\":1}");
	assert_holds(some, "\"last_expired\":{\"by\":\"group scanners\",\"end\":\"");
	assert_holds(some, "},\"expired\":3}");
	free(some);
	free(none);
	free(page);
}

static void note(struct status_page *page, unsigned worker, unsigned host,
	uint64_t count, uint64_t now_us)
{
	const uint8_t bytes[4] = {192, 0, 2, (uint8_t)host};
	const struct address sender = address_from_ipv4(bytes);
	struct status_process *process = &page->processes[SENSOR_WORKERS + worker];
	process->would_block[FINDING_SENDER_ILLEGITIMATE] += count;
	for (uint64_t i = 0; i < count; i++) {
		status_note_sender(process, &sender, now_us);
	}
}

static void whom_it_would_block_is_added_up_over_the_workers_of_a_queue(void **state)
{
	(void)state;
	struct status_page *page = calloc(1, sizeof(*page));
	assert_non_null(page);
	page->workers_end = SENSOR_WORKERS + 2;
	note(page, 0, 70, 2, 3 * MINUTE_US);
	note(page, 1, 70, 2, 2 * MINUTE_US);
	note(page, 1, 71, 3, 4 * MINUTE_US);
	char *passive = text_of(page, true);
	assert_null(strstr(passive, "would_block"));
	assert_null(strstr(passive, "\"mode\""));
	assert_null(strstr(passive, "unseen_are"));
	page->is_inline = 1;
	char *queued = text_of(page, true);
	assert_holds(queued, "\"would_block\":{\"sender.illegitimate\":7}");
	assert_holds(queued, "\"would_block_senders\":[{\"address\":\"192.0.2.70\","
			     "\"count\":4,\"since\":\"1970-01-01T");
	assert_holds(queued,
		":02:00.000000+0000\"},{\"address\":\"192.0.2.71\",\"count\":3");
	struct status_sender_sum one;
	assert_int_equal(status_senders(page, &one, 1), 1);
	free(queued);
	free(passive);
	free(page);
}

static void what_could_not_be_looked_into_is_added_up_over_the_workers(void **state)
{
	(void)state;
	struct status_page *page = calloc(1, sizeof(*page));
	const struct counter first[] = {{"frames", 100}, {"bytes", 9000},
		{"blind.esp", 20}, {"blind.esp_bytes", 3000}};
	const struct counter second[] = {
		{"frames", 50}, {"blind.gre", 1}, {"blind.gre_bytes", 60}};
	assert_non_null(page);
	page->workers_end = SENSOR_WORKERS + 2;
	status_publish(&page->processes[SENSOR_WORKERS], first, 4);
	status_publish(&page->processes[SENSOR_WORKERS + 1], second, 3);
	char *text = text_of(page, true);
	assert_holds(text,
		"\"blind\":{\"frames\":21,\"bytes\":3060,\"of\":{\"frames\":150,"
		"\"bytes\":9000},\"kinds\":{\"esp\":{\"frames\":20,\"bytes\":3000},"
		"\"gre\":{\"frames\":1,\"bytes\":60}}}");
	free(text);
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_and_acceptances_that_end_are_named),
		cmocka_unit_test(
			whom_it_would_block_is_added_up_over_the_workers_of_a_queue),
		cmocka_unit_test(bans_are_listed_and_counted_while_the_sensor_runs),
		cmocka_unit_test(
			what_could_not_be_looked_into_is_added_up_over_the_workers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
