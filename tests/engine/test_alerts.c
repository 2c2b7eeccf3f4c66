#include "engine_run.h"

/* A host sends to the Internet past the gateway. */
static void send_past(struct engine_run *run, const char *client, uint16_t port)
{
	struct line line = open_line(run, client, port, INTERNET, 25);
	smtp_sender(&line);
	hang_up(&line);
}

static void an_update_tells_of_the_newest_flow_and_why(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	send_past(run, WORKSTATION, 40000);
	send_past(run, WORKSTATION, 40001);
	send_past(run, WORKSTATION, 40002);
	char reason[JUDGEMENT_REASON_BYTES] = "";
	for (size_t i = 0; i < run->told_count; i++) {
		if (run->told[i].kind == TOLD_ALERT) {
			assert_false(run->told[i].is_repeat);
			copy_text(reason, sizeof(reason), run->told[i].reason);
		}
	}
	engine_drain(run->engine);
	const struct told *last = run_last(run);
	assert_true(last->is_repeat);
	assert_int_equal(last->count, 2);
	assert_int_equal(last->client_port, 40002);
	assert_true(reason[0] != '\0');
	assert_string_equal(last->reason, reason);
	assert_string_equal(last->source, WORKSTATION);
	run_end(run);
}

static void an_update_comes_in_time_while_other_frames_go_on(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	send_past(run, WORKSTATION, 40000);
	send_past(run, WORKSTATION, 40001);
	run->told_count = 0;
	run->now_us += FOLD_WINDOW_US;
	struct line other = open_line(run, MAILBOX, 40003, RELAY, 8080);
	hang_up(&other);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	assert_int_equal(run->told[0].count, 1);
	run_end(run);
}

static void undeclared_hosts_of_a_subnet_are_one_alert_that_grows(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	for (unsigned i = 0; i < 32; i++) {
		char client[24];
		(void)snprintf(client, sizeof(client), "10.1.2.%u", i + 1);
		run->told_count = 0;
		send_past(run, client, 40000);
		const unsigned hosts = i + 1;
		const bool is_doubled = (hosts & (hosts - 1)) == 0;
		assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE),
			is_doubled ? 1 : 0);
	}
	run->told_count = 0;
	send_past(run, "10.1.3.1", 40000); /* another prefix */
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	run_end(run);
}

static void a_server_that_sends_and_receives_is_one_fact(void **state)
{
	(void)state;
	struct engine_run *run = run_new(MADE_OFFICE
		"  - {id: M-09, from: mx-in, to: internet, protocols: [smtp], "
		"tls: optional}\n");
	run_start(run);
	struct line out = open_line(run, MX_IN, 40000, INTERNET, 25);
	smtp_greeting(&out);
	smtp_message(&out);
	hang_up(&out);
	for (unsigned i = 0; i < 8; i++) {
		char client[24];
		(void)snprintf(client, sizeof(client), "203.0.113.%u", i + 60);
		struct line in = open_line(run, client, 40000, MX_IN, 25);
		smtp_greeting(&in);
		smtp_message(&in);
		hang_up(&in);
	}
	assert_int_equal(
		run_told(run, TOLD_ALERT, FINDING_GATEWAY_SEND_RECEIVE_MIXED), 1);
	run_end(run);
}

static void what_has_one_cause_is_one_alert_with_the_others_in_it(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 2526);
	smtp_sender(&line);
	hang_up(&line);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_PORT_UNUSUAL), 0);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	assert_true(run->told[0].findings & FINDING_BIT(FINDING_PORT_UNUSUAL));
	run_end(run);
}

static void all_that_is_told_of_a_flow_has_its_id_and_no_other_flow_has(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	send_past(run, WORKSTATION, 40000);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	assert_int_equal(run_mails(run), 1);
	const uint64_t first = run->told[0].flow_id;
	for (size_t i = 0; i < run->told_count; i++) {
		assert_int_equal(run->told[i].flow_id, first);
	}
	assert_true(first > 0 && first < UINT64_C(1) << 51);
	send_past(run, WORKSTATION, 40001);
	const struct told second = *run_last(run);
	assert_int_equal(second.kind, TOLD_MAIL);
	assert_int_not_equal(second.flow_id, first);
	engine_drain(run->engine);
	assert_true(run_last(run)->is_repeat);
	assert_int_equal(run_last(run)->flow_id, second.flow_id);
	run_end(run);
}

/* The same flow at the same time, in a run of its own. */
static uint64_t id_of_sending(const char *outer, uint64_t secret, uint64_t later_us)
{
	struct engine_run *run = run_new(MADE_OFFICE);
	run->settings.seed.words[0] = secret;
	run_start(run);
	run->now_us += later_us;
	run->outer[0] = outer;
	run->outer[1] = outer ? MX_IN : NULL;
	send_past(run, WORKSTATION, 40000);
	const uint64_t id = run_last(run)->flow_id;
	run_end(run);
	return id;
}

static void a_flow_is_another_one_later_and_in_another_network(void **state)
{
	(void)state;
	const uint64_t id = id_of_sending(NULL, 1, 0);
	assert_int_equal(id_of_sending(NULL, 2, 0), id);
	assert_int_not_equal(id_of_sending(NULL, 1, 1), id);
	assert_int_not_equal(id_of_sending(INTERNET, 1, 0), id);
	assert_int_equal(id_of_sending(INTERNET, 2, 0), id_of_sending(INTERNET, 1, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_update_tells_of_the_newest_flow_and_why),
		cmocka_unit_test(an_update_comes_in_time_while_other_frames_go_on),
		cmocka_unit_test(undeclared_hosts_of_a_subnet_are_one_alert_that_grows),
		cmocka_unit_test(a_server_that_sends_and_receives_is_one_fact),
		cmocka_unit_test(what_has_one_cause_is_one_alert_with_the_others_in_it),
		cmocka_unit_test(
			all_that_is_told_of_a_flow_has_its_id_and_no_other_flow_has),
		cmocka_unit_test(a_flow_is_another_one_later_and_in_another_network),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
