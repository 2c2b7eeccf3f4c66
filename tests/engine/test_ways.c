#include "engine_run.h"

#define OUTER_A "192.0.2.71"
#define OUTER_B "203.0.113.9"
#define OUTER_C "203.0.113.10"

#define DECLARED                                                                 \
	MADE_OFFICE "tunnels:\n"                                                 \
		    "  mirror: {kind: ipip, ends: [" OUTER_A ", " OUTER_B "]}\n" \
		    "  overlay: {kind: ipip, ends: [" OUTER_C "], zone: gateway}\n"

static void go_in(struct engine_run *run, const char *from, const char *to)
{
	run->outer[CLIENT] = from;
	run->outer[SERVER] = to;
}

static void come_out(struct engine_run *run)
{
	go_in(run, NULL, NULL);
}

static struct line whole_mail(struct engine_run *run, uint16_t client_port)
{
	struct line line = open_line(run, WORKSTATION, client_port, INTERNET, 25);
	smtp_greeting(&line);
	smtp_message(&line);
	hang_up(&line);
	return line;
}

static void what_a_tunnel_carries_ends_no_flow_outside(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 25);
	struct line inside = line;
	go_in(run, OUTER_A, OUTER_B);
	hang_up(&inside);
	rst(&inside, SERVER);
	come_out(run);
	assert_int_equal(engine_flows(run->engine), 2);
	smtp_sender(&line);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	assert_int_equal(run_last(run)->way, 0);
	run_end(run);
}

static void nor_bytes_to_one(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 8080);
	struct line inside = line;
	go_in(run, OUTER_A, OUTER_B);
	say(&inside, CLIENT, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	come_out(run);
	smtp_sender(&line);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	run_end(run);
}

static void both_directions_of_a_tunnel_are_one_flow_and_two_tunnels_are_two(
	void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	go_in(run, OUTER_A, OUTER_B);
	(void)open_line(run, WORKSTATION, 40000, INTERNET, 25);
	assert_int_equal(engine_flows(run->engine), 1);
	go_in(run, OUTER_A, OUTER_C);
	(void)open_line(run, WORKSTATION, 40000, INTERNET, 25);
	assert_int_equal(engine_flows(run->engine), 2);
	run_end(run);
}

static void mail_in_an_undeclared_tunnel_is_one_finding_of_its_sender(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	go_in(run, OUTER_A, OUTER_B);
	(void)whole_mail(run, 40000);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_TUNNEL_MAIL), 1);
	assert_int_equal(run->told_count, 2);
	assert_string_equal(run->told[0].from, "workstations");
	assert_int_equal(run_mails(run), 1);
	assert_string_equal(run_last(run)->source, WORKSTATION);
	assert_int_equal(run_last(run)->verdict, VERDICT_ILLEGITIMATE);
	assert_int_equal(run_last(run)->tunnel_depth, 1);
	assert_true(way_is_foreign(run_last(run)->way));
	run_end(run);
}

static void its_alerts_name_the_outer_ends(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	go_in(run, OUTER_C, OUTER_C);
	struct line line = open_line(run, MX_OUT, 40000, INTERNET, 25);
	smtp_greeting(&line);
	assert_int_equal(run_last(run)->kind, TOLD_ALERT);
	assert_int_equal(run_last(run)->finding, FINDING_TUNNEL_MAIL);
	assert_string_equal(run_last(run)->source, OUTER_C);
	assert_string_equal(run_last(run)->from, "internet");
	run_end(run);
}

static void and_an_acknowledgement_sent_nothing_of_what_it_lets_through(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	go_in(run, OUTER_A, OUTER_B);
	struct line line = open_line(run, WORKSTATION, 40001, INTERNET, 25);
	smtp_greeting(&line);
	lose(&line, CLIENT, 10);
	for (int i = 0; i < 5; i++) {
		say(&line, CLIENT, "NOOP\r\n");
	}
	acknowledge(&line, SERVER);
	const struct address sender = made_address(OUTER_A);
	assert_true(run->way.is_of_client);
	assert_true(address_equal(&run->way.tunnel.src, &sender));
	run_end(run);
}

static void one_senders_tunnels_are_one_alert_wherever_they_lead(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	go_in(run, OUTER_C, OUTER_A);
	(void)whole_mail(run, 40000);
	go_in(run, OUTER_C, OUTER_B);
	(void)whole_mail(run, 40001);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_TUNNEL_MAIL), 1);
	go_in(run, OUTER_A, OUTER_B); /* near miss: another sender */
	(void)whole_mail(run, 40002);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_TUNNEL_MAIL), 2);
	engine_drain(run->engine);
	assert_true(run_last(run)->is_repeat);
	assert_int_equal(run_last(run)->finding, FINDING_TUNNEL_MAIL);
	assert_string_equal(run_last(run)->source, OUTER_C);
	assert_int_equal(run_last(run)->tunnel_depth, 1);
	run_end(run);
}

static void an_attempt_inside_is_recorded_and_accuses_nobody(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	go_in(run, OUTER_A, OUTER_B);
	struct line line = line_of(run, WORKSTATION, 40000, INTERNET, 25);
	segment(&line, CLIENT, TCP_SYN, line.next[CLIENT] - 1, text_of(""));
	segment(&line, SERVER, TCP_RST | TCP_ACK, 0, text_of(""));
	assert_int_equal(run_mails(run), 1);
	assert_int_equal(run->told_count, 1);
	assert_int_equal(run_last(run)->tunnel_depth, 1);
	run_end(run);
}

static void what_is_inside_teaches_nothing(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	go_in(run, OUTER_A, OUTER_B);
	(void)whole_mail(run, 40000);
	assert_int_equal(run->lessons, 0);
	come_out(run); /* near miss: the same on the wire */
	(void)whole_mail(run, 40001);
	assert_int_equal(run->lessons, 1);
	run_end(run);
}

static void what_is_inside_is_not_blocked(void **state)
{
	(void)state;
	struct engine_run *run = run_new(MADE_OFFICE);
	run_enforce(run);
	for (int i = 0; i < FINDING_FLOW_COUNT; i++) {
		run->actions.of[i] = ACTION_DROP;
	}
	run_start(run);
	go_in(run, OUTER_A, OUTER_B);
	(void)whole_mail(run, 40000);
	assert_int_equal(run->passage.standing, ENGINE_STANDING_SAFE);
	assert_false(run_last(run)->is_blocked);
	come_out(run); /* near miss */
	(void)whole_mail(run, 40000);
	assert_int_equal(run->passage.standing, ENGINE_STANDING_BLOCKED);
	run_end(run);
}

static void a_declared_tunnel_is_judged_as_the_wire(void **state)
{
	(void)state;
	struct engine_run *run = run_new(DECLARED);
	run_start(run);
	go_in(run, OUTER_A, OUTER_B);
	(void)whole_mail(run, 40000);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_TUNNEL_MAIL), 0);
	assert_string_equal(run->told[0].source, WORKSTATION);
	assert_int_equal(run->lessons, 1);
	assert_int_equal(run_last(run)->tunnel_depth, 1);
	assert_false(way_is_foreign(run_last(run)->way));
	/* near miss: one of its ends and a stranger */
	go_in(run, OUTER_A, OUTER_C);
	(void)whole_mail(run, 40001);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_TUNNEL_MAIL), 1);
	run_end(run);
}

static void addresses_that_no_zone_holds_are_in_the_tunnels(void **state)
{
	(void)state;
	struct engine_run *run = run_new(DECLARED);
	run_start(run);
	go_in(run, OUTER_C, OUTER_C);
	struct line line = open_line(run, INTERNET, 40000, WORKSTATION, 25);
	smtp_sender(&line);
	assert_string_equal(run_last(run)->from, "gateway");
	go_in(run, OUTER_A, OUTER_B); /* near miss: a tunnel without a zone */
	line = open_line(run, INTERNET, 40000, WORKSTATION, 25);
	smtp_sender(&line);
	assert_string_equal(run_last(run)->from, "internet");
	run_end(run);
}

/* As many undeclared tunnels as anybody likes. */
static void a_declared_tunnel_is_remembered_among_thousands_of_others(void **state)
{
	(void)state;
	static struct ways ways; /* too large for the stack */
	struct matrix *matrix = made_matrix(DECLARED);
	struct packet packet = {.tunnel_depth = 1, .tunnels = {{.kind = TUNNEL_IPV4}}};
	assert_true(address_parse(OUTER_A, &packet.tunnels[0].src));
	assert_true(address_parse(OUTER_B, &packet.tunnels[0].dst));
	const struct way declared = ways_note(&ways, matrix, &packet);
	assert_false(way_is_foreign(declared.tag));
	for (unsigned i = 0; i < 20 * WAYS_SLOTS; i++) {
		packet.tunnels[0].kind = TUNNEL_VXLAN;
		packet.tunnels[0].id = i;
		assert_true(way_is_foreign(ways_note(&ways, matrix, &packet).tag));
	}
	const struct way recalled = ways_recall(&ways, declared.tag);
	assert_int_equal(recalled.depth, 1);
	assert_int_equal(recalled.tunnel.kind, TUNNEL_IPV4);
	matrix_free(matrix);
}

static void a_capture_inside_a_tunnel_is_known(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct way way;
	assert_false(engine_is_all_in_tunnels(run->engine, &way));
	go_in(run, OUTER_A, OUTER_B);
	(void)whole_mail(run, 40000);
	assert_true(engine_is_all_in_tunnels(run->engine, &way));
	assert_int_equal(way.tunnel.kind, TUNNEL_IPV4);
	come_out(run);
	(void)whole_mail(run, 40001);
	assert_false(engine_is_all_in_tunnels(run->engine, &way));
	run_end(run);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_tunnel_carries_ends_no_flow_outside),
		TEST(nor_bytes_to_one),
		TEST(both_directions_of_a_tunnel_are_one_flow_and_two_tunnels_are_two),
		TEST(mail_in_an_undeclared_tunnel_is_one_finding_of_its_sender),
		TEST(its_alerts_name_the_outer_ends),
		TEST(and_an_acknowledgement_sent_nothing_of_what_it_lets_through),
		TEST(one_senders_tunnels_are_one_alert_wherever_they_lead),
		TEST(an_attempt_inside_is_recorded_and_accuses_nobody),
		TEST(what_is_inside_teaches_nothing),
		TEST(what_is_inside_is_not_blocked),
		TEST(a_declared_tunnel_is_judged_as_the_wire),
		TEST(addresses_that_no_zone_holds_are_in_the_tunnels),
		TEST(a_declared_tunnel_is_remembered_among_thousands_of_others),
		TEST(a_capture_inside_a_tunnel_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
