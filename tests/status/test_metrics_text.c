/* status/metrics_text: what Prometheus reads. */
#include "base/clock.h"
#include "status/metrics_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_US UINT64_C(1767225600000000)

/* A sensor with one worker and one output. */
static struct status_page *made_page(void)
{
	struct status_page *page = calloc(1, sizeof(*page));
	assert_non_null(page);
	page->workers_end = SENSOR_WORKERS + 1;
	page->outputs_end = SENSOR_WORKERS + 2;
	page->place_count = SENSOR_WORKERS + 2;
	page->started_us = NOW_US - 60000000;
	page->alive_us = NOW_US - 500000;
	page->loaded_us = NOW_US - 30500000;
	for (unsigned i = 0; i < page->place_count; i++) {
		page->processes[i].state = STATUS_STATE_RUNNING;
	}
	struct status_process *worker = &page->processes[SENSOR_WORKERS];
	(void)snprintf(worker->name, sizeof(worker->name), "worker 0");
	(void)snprintf(worker->source, sizeof(worker->source), "eth0");
	worker->packets = 1234;
	worker->lag_us = 1500;
	status_note_finding(worker, FINDING_SENDER_ILLEGITIMATE, SEVERITY_HIGH, 3);
	return page;
}

static char *text_of(const struct status_page *page)
{
	static char *text; /* the stream writes to it */
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	metrics_write(out, page, NOW_US);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void assert_tells(const struct status_page *page, const char *line)
{
	char *text = text_of(page);
	if (!strstr(text, line)) {
		fail_msg("no \"%s\" in\n%s", line, text);
	}
	free(text);
}

static void numbers_are_in_base_units(void **state)
{
	(void)state;
	struct status_page *page = made_page();
	assert_tells(page, "\nmailwarden_packets_total{worker=\"worker "
			   "0\",source=\"eth0\"} 1234\n");
	assert_tells(page, "\nmailwarden_packet_lag_seconds{worker=\"worker 0\","
			   "source=\"eth0\"} 0.001500\n");
	assert_tells(page, "\nmailwarden_start_time_seconds 1767225540.000000\n");
	free(page);
}

static void what_ends_next_is_told_with_its_end(void **state)
{
	(void)state;
	struct status_page *page = made_page();
	struct status_endings *rows = &page->endings[MATRIX_ENDING_ROW];
	struct status_endings *accepted = &page->endings[MATRIX_ENDING_ACCEPTANCE];
	char *text = text_of(page);
	assert_null(strstr(text, "matrix_next_expiry_timestamp_seconds{"));
	assert_null(strstr(text, "next_acceptance_expiry_timestamp_seconds{"));
	free(text);
	(void)snprintf(rows->next, sizeof(rows->next), "M-06");
	rows->next_s = 1814400000;
	rows->ended_count = 2;
	(void)snprintf(accepted->next, sizeof(accepted->next), "group scanners");
	accepted->next_s = 1814486400;
	accepted->ended_count = 1;
	assert_tells(page, "\nmailwarden_matrix_next_expiry_timestamp_seconds{row="
			   "\"M-06\"} 1814400000\n");
	assert_tells(page, "\nmailwarden_matrix_rows_expired 2\n");
	assert_tells(page,
		"\nmailwarden_matrix_next_acceptance_expiry_timestamp_seconds"
		"{by=\"group scanners\"} 1814486400\n");
	assert_tells(page, "\nmailwarden_matrix_acceptances_expired 1\n");
	free(page);
}

static void bans_are_told_with_those_that_found_no_room(void **state)
{
	(void)state;
	struct status_page *page = made_page();
	const uint64_t now_us = clock_boottime_us();
	for (uint32_t i = 0; i < 4 * BANS_PLACES; i++) {
		const uint8_t bytes[4] = {10, 0, (uint8_t)(i >> 8), (uint8_t)i};
		const struct address sender = address_from_ipv4(bytes);
		(void)bans_add(&page->bans, &(struct ban_cause){.address = sender},
			now_us, UINT64_MAX - 1);
	}
	assert_true(page->bans.refused > 0);
	char line[100];
	(void)snprintf(
		line, sizeof(line), "\nmailwarden_banned_addresses %u\n", BANS_PLACES);
	assert_tells(page, line);
	(void)snprintf(line, sizeof(line), "\nmailwarden_bans_given_total %u\n",
		page->bans.given);
	assert_tells(page, line);
	(void)snprintf(line, sizeof(line), "\nmailwarden_bans_refused_total %u\n",
		3 * BANS_PLACES);
	assert_tells(page, line);
	free(page);
}

static void values_of_labels_cannot_end_a_label_or_a_line(void **state)
{
	(void)state;
	struct status_page *page = made_page();
	(void)snprintf(page->processes[SENSOR_WORKERS].source, STATUS_SOURCE_BYTES,
		"a\"b\\c\nd\x1b");
	assert_tells(page, "source=\"a\\\"b\\\\c?d?\"} 1234\n");
	free(page);
}

static void a_name_that_does_not_end_is_bounded(void **state)
{
	(void)state;
	struct status_page *page = made_page();
	memset(page->processes[SENSOR_WORKERS].source, 'x', STATUS_SOURCE_BYTES);
	page->processes[SENSOR_WORKERS].counter_count = UINT32_MAX;
	page->workers_end = UINT32_MAX;
	page->place_count = UINT32_MAX;
	free(text_of(page));
	free(page);
}

/* Every metric: HELP, TYPE, then its samples and never again. */
static void each_metric_stands_together_behind_its_help_and_type(void **state)
{
	(void)state;
	struct status_page *page = made_page();
	char *text = text_of(page);
	char *again = text_of(page);
	assert_string_equal(text, again);
	char *rest = text;
	char *line;
	char name[128] = "";
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		if (strncmp(line, "# HELP ", 7) == 0) {
			char head[160];
			(void)snprintf(name, sizeof(name), "%.*s",
				(int)strcspn(line + 7, " "), line + 7);
			(void)snprintf(head, sizeof(head), "\n# HELP %s ", name);
			assert_null(strstr(strstr(again, line) + 1, head));
			(void)snprintf(head, sizeof(head), "# TYPE %s ", name);
			assert_int_equal(strncmp(rest, head, strlen(head)), 0);
		} else if (*line != '#') {
			assert_int_equal(strcspn(line, "{ "), strlen(name));
			assert_int_equal(strncmp(line, name, strlen(name)), 0);
		}
	}
	free(text);
	free(again);
	free(page);
}

static void an_interface_that_is_down_or_not_watched_is_named(void **state)
{
	(void)state;
	struct reason why;
	struct status_page *page = made_page();
	struct status_process *worker = &page->processes[SENSOR_WORKERS];
	(void)snprintf(worker->source, sizeof(worker->source), "eth0 eth1");
	worker->interfaces_down = 1;
	assert_false(status_is_healthy(page, NOW_US, &why));
	assert_string_equal(why.text, "worker 0: interface eth0 is down");
	assert_tells(page, "\nmailwarden_interfaces_down{worker=\"worker "
			   "0\",source=\"eth0 eth1\"} 1\n");
	assert_tells(page, "\nmailwarden_healthy 0\n");
	worker->interfaces_missing = 2;
	assert_false(status_is_healthy(page, NOW_US, &why));
	assert_string_equal(why.text, "worker 0: interface eth0 is down, "
				      "interface eth1 is not watched");
	worker->interfaces_down = 0;
	worker->interfaces_missing = 4;
	assert_false(status_is_healthy(page, NOW_US, &why));
	assert_string_equal(why.text, "worker 0: interface number 3 is not watched");
	memset(worker->source, 'x', sizeof(worker->source)); /* no end: cut */
	worker->interfaces_missing = UINT32_MAX;
	assert_false(status_is_healthy(page, NOW_US, &why));
	assert_non_null(strstr(why.text, "interface number 1 is"));
	free(page);
}

static void a_worker_or_a_journal_that_is_down_is_not_healthy(void **state)
{
	(void)state;
	struct reason why;
	struct status_page *page = made_page();
	assert_true(status_is_healthy(page, NOW_US, &why));
	page->processes[SENSOR_REPORTER].is_down = 1;
	assert_false(status_is_healthy(page, NOW_US, &why));
	page->processes[SENSOR_REPORTER].is_down = 0;
	page->processes[SENSOR_WORKERS].state = STATUS_STATE_STARTING;
	assert_false(status_is_healthy(page, NOW_US, &why));
	assert_string_equal(why.text, "worker 0: starting");
	page->processes[SENSOR_WORKERS].state = STATUS_STATE_RUNNING;
	assert_false(status_is_healthy(page, NOW_US + 10000000, &why));
	free(page);
}

static void an_output_that_is_down_shows_but_the_sensor_is_at_work(void **state)
{
	(void)state;
	struct reason why;
	struct status_page *page = made_page();
	struct status_process *output = &page->processes[SENSOR_WORKERS + 1];
	(void)snprintf(output->name, sizeof(output->name), "siem");
	(void)snprintf(output->source, sizeof(output->source), "relp");
	output->is_down = 1;
	output->waits_since_us = NOW_US - 2000000;
	assert_true(status_is_healthy(page, NOW_US, &why));
	assert_tells(page, "\nmailwarden_output_up{output=\"siem\",type=\"relp\"} 0\n");
	assert_tells(page, "\nmailwarden_output_lag_seconds{output=\"siem\",type="
			   "\"relp\"} 2.000000\n");
	free(page);
}

static void a_finding_is_told_with_the_severity_that_it_had(void **state)
{
	(void)state;
	struct status_page *page = made_page();
	status_note_finding(&page->processes[SENSOR_WORKERS],
		FINDING_SENDER_ILLEGITIMATE, SEVERITY_CRITICAL, 2);
	assert_tells(page, "{finding=\"sender.illegitimate\",severity=\"high\"} 3\n");
	assert_tells(
		page, "{finding=\"sender.illegitimate\",severity=\"critical\"} 2\n");
	assert_tells(page, "{finding=\"sender.illegitimate\",severity=\"low\"} 0\n");
	assert_tells(page, "{finding=\"sensor.blind\",severity=\"medium\"} 0\n");
	free(page);
}

static void flows_are_told_by_verdict_protocol_and_row_in_bounds(void **state)
{
	(void)state;
	struct status_page *page = made_page();
	struct status_process *worker = &page->processes[SENSOR_WORKERS];
	char id[16];
	for (unsigned i = 0; i < STATUS_ROWS_MAX + 5; i++) {
		(void)snprintf(id, sizeof(id), "M-%02u", i);
		status_note_flow(worker, VERDICT_LEGITIMATE, PROTOCOL_SMTP, id);
	}
	status_note_flow(worker, VERDICT_LEGITIMATE, PROTOCOL_SMTP, "M-01");
	status_note_flow(worker, VERDICT_ILLEGITIMATE, PROTOCOL_SSH, NULL);
	status_note_flow(worker, VERDICT_ILLEGITIMATE, PROTOCOL_OTHER, NULL);
	worker->held = 7;
	assert_tells(
		page, "_flows_total{verdict=\"legitimate\",protocol=\"smtp\"} 70\n");
	assert_tells(
		page, "_flows_total{verdict=\"illegitimate\",protocol=\"other\"} 2\n");
	assert_tells(page, "_flows_total{verdict=\"undecided\",protocol=\"imap\"} 0\n");
	assert_tells(page, "_row_flows_total{worker=\"worker 0\",row=\"M-01\"} 2\n");
	assert_tells(page, "_row_flows_total{worker=\"worker 0\",row=\"M-63\"} 1\n");
	assert_tells(
		page, "_row_flows_total{worker=\"worker 0\",row=\"(others)\"} 5\n");
	assert_tells(
		page, "_alerts_held_total{worker=\"worker 0\",source=\"eth0\"} 7\n");
	free(page);
}

/* A flow over SMTP, encrypted by STARTTLS. */
static struct sighting flow(const char *from, const char *to, enum verdict verdict)
{
	struct sighting sighting = {.protocol = PROTOCOL_SMTP,
		.verdict = (uint8_t)verdict,
		.tls = FACTS_TLS_STARTTLS};
	(void)snprintf(sighting.groups[0], SIGHTING_ID_BYTES, "%s", from);
	(void)snprintf(sighting.groups[1], SIGHTING_ID_BYTES, "%s", to);
	return sighting;
}

#define CELL "\nmailwarden_cell_flows_total{from="

static void cells_are_told_by_their_groups_and_what_had_no_room_apart(void **state)
{
	(void)state;
	struct status_page *page = made_page();
	struct sighting sighting = flow("relay", "mx-out", VERDICT_LEGITIMATE);
	char group[16];
	cells_take(&page->cells, &sighting);
	cells_take(&page->cells, &sighting);
	sighting = flow("internal", "internet", VERDICT_ILLEGITIMATE);
	sighting.protocol = PROTOCOL_SSH;
	cells_take(&page->cells, &sighting);
	assert_tells(page, CELL "\"relay\",to=\"mx-out\",protocol=\"smtp\",verdict="
				"\"legitimate\"} 2\n");
	assert_tells(page, CELL "\"internal\",to=\"internet\",protocol=\"other\","
				"verdict=\"illegitimate\"} 1\n");
	assert_tells(page, CELL "\"(others)\",to=\"(others)\",protocol=\"(others)\","
				"verdict=\"legitimate\"} 0\n");
	for (unsigned i = 0; i < CELLS_ENDS; i++) {
		(void)snprintf(group, sizeof(group), "group-%u", i);
		sighting = flow("relay", group, VERDICT_LEGITIMATE);
		cells_take(&page->cells, &sighting);
	}
	assert_tells(page, CELL "\"(others)\",to=\"(others)\",protocol=\"(others)\","
				"verdict=\"legitimate\"} 4\n");
	assert_tells(page, CELL "\"(others)\",to=\"(others)\",protocol=\"(others)\","
				"verdict=\"illegitimate\"} 0\n");
	free(page);
}

static void the_encryption_of_a_server_is_told_of_servers_alone(void **state)
{
	(void)state;
	struct status_page *page = made_page();
	struct sighting sighting = flow("relay", "mx-out", VERDICT_LEGITIMATE);
	cells_take(&page->cells, &sighting);
	sighting = flow("internal", "mx-out", VERDICT_ILLEGITIMATE);
	cells_take(&page->cells, &sighting);
	sighting.tls = FACTS_TLS_NONE;
	sighting.messages = 6;
	sighting.refusals = 3;
	cells_take(&page->cells, &sighting);
	assert_tells(page,
		"\nmailwarden_clear_mail_total{to=\"mx-out\",outcome=\"message\"} 6\n"
		"mailwarden_clear_mail_total{to=\"mx-out\",outcome=\"refusal\"} 3\n"
		"mailwarden_clear_mail_total{to=\"mx-out\",outcome=\"deferral\"} 0\n");
	assert_tells(page,
		"\nmailwarden_tls_flows_total{to=\"mx-out\",tls=\"starttls\"} 2\n");
	assert_tells(
		page, "\nmailwarden_tls_flows_total{to=\"mx-out\",tls=\"none\"} 1\n");
	assert_tells(page,
		"\nmailwarden_tls_flows_total{to=\"mx-out\",tls=\"implicit\"} 0\n");
	char *text = text_of(page);
	assert_null(strstr(text, "mailwarden_tls_flows_total{to=\"relay\""));
	assert_null(strstr(text, "mailwarden_clear_mail_total{to=\"relay\""));
	free(text);
	free(page);
}

static void a_page_of_cells_that_lies_ends_no_line(void **state)
{
	(void)state;
	struct status_page *page = made_page();
	memset(&page->cells, 0xff, sizeof(page->cells));
	free(text_of(page));
	page->cells.end_count = 1;
	page->cells.count = 1;
	memset(page->cells.ends[0], '\n', CELLS_NAME_BYTES);
	page->cells.cells[0].from = 0;
	char *text = text_of(page);
	assert_non_null(strstr(text, CELL "\"??"));
	assert_null(strstr(text, "\n\n"));
	free(text);
	free(page);
}

static void that_the_observed_matrix_is_partial_is_told(void **state)
{
	(void)state;
	struct status_page *page = made_page();
	assert_tells(page, "\nmailwarden_observed_partial 0\n");
	page->observed_given_up_pairs = 3;
	assert_tells(page, "\nmailwarden_observed_partial 1\n");
	free(page);
}

#define NOW_S  ((int64_t)(NOW_US / 1000000))
#define EXPIRY "\nmailwarden_certificate_next_expiry_timestamp_seconds{"

/* A server's, by the last byte of its address: ends in so many seconds. */
static void note_certificate(struct status_process *worker, uint8_t host, int64_t in_s)
{
	struct address server = {.bytes = {0}};
	const struct status_ends ends = {.at_s = NOW_S + in_s, .now_s = NOW_S};
	server.bytes[15] = host;
	status_note_certificate(worker, &server, 993, &ends);
}

static void the_certificate_that_expires_first_is_told_until_it_is_renewed(void **state)
{
	(void)state;
	struct status_page *page = made_page();
	struct status_process *worker = &page->processes[SENSOR_WORKERS];
	char *text = text_of(page);
	assert_null(strstr(text, EXPIRY));
	free(text);
	for (unsigned i = 0; i < 2 * STATUS_CERTIFICATES_MAX; i++) {
		note_certificate(worker, (uint8_t)(100 + i), -(int64_t)i); /* ended */
		note_certificate(worker, (uint8_t)i, 1000 + i);
	}
	note_certificate(worker, 90, 500);
	assert_tells(page, EXPIRY "server=\"[::5a]:993\"} 1767226100\n");
	note_certificate(worker, 90, 900000);
	assert_tells(page, EXPIRY "server=\"[::]:993\"} 1767226600\n");
	free(page);
}

static void each_list_has_one_label_set_and_times_only_where_there_are_any(void **state)
{
	(void)state;
	struct status_page *page = made_page();
	struct list_state *list = page->lists.list;
	page->lists.count = 2;
	(void)snprintf(list[0].name, sizeof(list[0].name), "drop");
	list[0].kind = MATRIX_LIST_DENY;
	list[0].entries = 42;
	list[0].hits = 7;
	list[0].is_kept = 1;
	list[0].failures = 2;
	list[0].failed_s = 1796000001;
	memset(list[1].name, '"', sizeof(list[1].name)); /* does not end */
	assert_tells(
		page, "\nmailwarden_list_entries{list=\"drop\",kind=\"deny\"} 42\n");
	assert_tells(
		page, "\nmailwarden_list_hits_total{list=\"drop\",kind=\"deny\"} 7\n");
	assert_tells(page, "\nmailwarden_list_kept{list=\"drop\",kind=\"deny\"} 1\n");
	assert_tells(page,
		"\nmailwarden_list_failures_total{list=\"drop\",kind=\"deny\"} 2\n");
	assert_tells(page,
		"\nmailwarden_list_last_failure_timestamp_seconds{list=\"drop\","
		"kind=\"deny\"} 1796000001\n");
	char *text = text_of(page);
	assert_null(strstr(text, "mailwarden_list_read_timestamp_seconds{"));
	assert_non_null(strstr(text, "kind=\"allow\"} 0\n"));
	free(text);
	page->lists.count = UINT32_MAX;
	free(text_of(page));
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_in_base_units),
		cmocka_unit_test(a_finding_is_told_with_the_severity_that_it_had),
		cmocka_unit_test(flows_are_told_by_verdict_protocol_and_row_in_bounds),
		cmocka_unit_test(
			cells_are_told_by_their_groups_and_what_had_no_room_apart),
		cmocka_unit_test(the_encryption_of_a_server_is_told_of_servers_alone),
		cmocka_unit_test(a_page_of_cells_that_lies_ends_no_line),
		cmocka_unit_test(that_the_observed_matrix_is_partial_is_told),
		cmocka_unit_test(
			the_certificate_that_expires_first_is_told_until_it_is_renewed),
		cmocka_unit_test(what_ends_next_is_told_with_its_end),
		cmocka_unit_test(bans_are_told_with_those_that_found_no_room),
		cmocka_unit_test(values_of_labels_cannot_end_a_label_or_a_line),
		cmocka_unit_test(a_name_that_does_not_end_is_bounded),
		cmocka_unit_test(each_metric_stands_together_behind_its_help_and_type),
		cmocka_unit_test(an_interface_that_is_down_or_not_watched_is_named),
		cmocka_unit_test(a_worker_or_a_journal_that_is_down_is_not_healthy),
		cmocka_unit_test(
			an_output_that_is_down_shows_but_the_sensor_is_at_work),
		cmocka_unit_test(
			each_list_has_one_label_set_and_times_only_where_there_are_any),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
