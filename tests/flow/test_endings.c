#include "flow_run.h"

#define SECOND_US UINT64_C(1000000)

static void reset(struct seen *seen, uint32_t offset)
{
	(void)put(seen, (struct wire){.flags = TCP_RST, .offset = offset});
}

static void answer(struct seen *seen, uint32_t acknowledged)
{
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_ACK,
				.offset = 3,
				.acknowledged = acknowledged});
}

/* A dialogue of four bytes one way, answered by three; all acknowledged. */
static void talk(struct seen *seen)
{
	handshake(seen);
	client(seen, 0, "EHLO");
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_ACK,
				.acknowledged = 4,
				.text = "250"});
}

static void pass_time(struct seen *seen)
{
	flow_table_idle(seen->table, 3 * SECOND_US);
}

static void assert_alive(struct seen *seen, uint32_t offset)
{
	const unsigned opened = seen->opened;
	client(seen, offset, "MAIL");
	assert_int_equal(seen->ended, 0);
	assert_int_equal(seen->opened, opened);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLOMAIL");
}

static void assert_reset(struct seen *seen)
{
	assert_int_equal(seen->ended, 1);
	assert_int_equal(seen->end, FLOW_END_RESET);
	assert_int_equal(seen->state, FLOW_STATE_RESET);
}

static void an_inexact_reset_loses_nothing_of_who_goes_on(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	reset(seen, 9);
	assert_alive(seen, 4);
	pass_time(seen);
	assert_int_equal(seen->ended, 0);
}

static void an_inexact_reset_and_silence_are_the_end(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	reset(seen, 9);
	assert_int_equal(seen->ended, 0);
	pass_time(seen);
	assert_reset(seen);
}

static void an_exact_reset_ends_at_once(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	reset(seen, 4);
	assert_reset(seen);
}

static void who_goes_on_behind_an_end_begins_with_that_packet(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	reset(seen, 4);
	const struct flow *flow = put(seen, (struct wire){.way = DIRECTION_TO_SERVER,
						    .flags = TCP_ACK,
						    .offset = 4,
						    .text = "MAIL"});
	assert_int_equal(seen->opened, 2);
	assert_int_equal(flow->packets[flow->client], 1);
	assert_int_equal(flow->packets[!flow->client], 0);
	assert_int_equal(flow->bytes[flow->client], 4);
}

static void at_a_gate_an_inexact_reset_never_was(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	reset(seen, 9);
	reset(seen, 3);
	pass_time(seen);
	assert_alive(seen, 4);
}

static void at_a_gate_so_it_is_before_the_first_byte(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	reset(seen, 5);
	client(seen, 0, "EHLO");
	assert_alive(seen, 4);
}

static void at_a_gate_an_exact_reset_and_silence_are_the_end(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	reset(seen, 4);
	assert_int_equal(seen->ended, 0);
	pass_time(seen);
	assert_reset(seen);
}

/* What was in flight is lost, and its receiver knows the number before it. */
static void at_a_gate_the_last_number_acknowledged_is_exact_too(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	client(seen, 4, "QUIT");
	reset(seen, 4);
	pass_time(seen);
	assert_reset(seen);
}

static void at_a_gate_who_goes_on_behind_an_exact_reset_lost_nothing(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	reset(seen, 4);
	assert_alive(seen, 4);
	pass_time(seen);
	assert_int_equal(seen->ended, 0);
}

/* RFC 5961 section 3.2: the receiver says which number it would take. */
static void at_a_gate_a_receiver_that_waits_for_more_took_no_reset(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	client(seen, 4, "MAIL"); /* passed, and lost behind the gate */
	reset(seen, 8);
	answer(seen, 4);
	pass_time(seen);
	assert_int_equal(seen->ended, 0);
	client(seen, 8, "RCPT");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLOMAILRCPT");
}

static void at_a_gate_an_answer_that_crosses_the_reset_changes_nothing(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	reset(seen, 4);
	answer(seen, 4);
	pass_time(seen);
	assert_reset(seen);
}

static void at_a_gate_a_reset_that_never_arrives_is_none(void **state)
{
	struct seen *seen = *state;
	(void)put(seen, (struct wire){.flags = TCP_SYN, .is_sum_told = true});
	(void)put(seen,
		(struct wire){.way = DIRECTION_TO_CLIENT, .flags = TCP_SYN | TCP_ACK});
	client(seen, 0, "EHLO");
	(void)put(seen, (struct wire){.flags = TCP_RST, .offset = 4, .ttl = 2});
	(void)put(seen, (struct wire){.flags = TCP_RST,
				.offset = 4,
				.is_sum_told = true,
				.is_sum_wrong = true});
	pass_time(seen);
	assert_alive(seen, 4);
}

static void fin(
	struct seen *seen, enum direction way, uint32_t offset, uint32_t acknowledged)
{
	(void)put(seen, (struct wire){.way = way,
				.flags = TCP_FIN | TCP_ACK,
				.offset = offset,
				.acknowledged = acknowledged});
}

static void at_a_gate_two_fins_are_the_end_once_they_were_taken(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	fin(seen, DIRECTION_TO_SERVER, 4, 3);
	fin(seen, DIRECTION_TO_CLIENT, 3, 5);
	assert_int_equal(seen->ended, 0);
	(void)put(
		seen, (struct wire){.flags = TCP_ACK, .offset = 5, .acknowledged = 4});
	assert_int_equal(seen->ended, 1);
	assert_int_equal(seen->end, FLOW_END_CLOSED);
}

static void at_a_gate_a_fin_that_was_not_taken_ends_nothing(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	fin(seen, DIRECTION_TO_SERVER, 4, 3); /* with too few hops left, say */
	fin(seen, DIRECTION_TO_CLIENT, 3, 4);
	(void)put(
		seen, (struct wire){.flags = TCP_ACK, .offset = 4, .acknowledged = 4});
	assert_alive(seen, 4);
}

static void at_a_gate_a_syn_alone_ends_nothing_however_late(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	(void)put(seen,
		(struct wire){
			.flags = TCP_SYN, .offset = 90000, .now_us = 100 * SECOND_US});
	assert_alive(seen, 4);
	(void)put(seen,
		(struct wire){
			.flags = TCP_SYN, .offset = 90000, .now_us = 200 * SECOND_US});
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_SYN | TCP_ACK,
				.offset = 70000,
				.acknowledged = 90000,
				.now_us = 200 * SECOND_US});
	assert_int_equal(seen->ended, 0);
	(void)put(seen, (struct wire){.flags = TCP_ACK,
				.offset = 90000,
				.acknowledged = 70000,
				.text = "more",
				.now_us = 201 * SECOND_US});
	assert_int_equal(seen->ended, 1);
	assert_int_equal(seen->end, FLOW_END_REUSED);
}

/* One byte of a connection that nobody opened, from a port of its own. */
static void made_up(struct seen *seen, uint16_t port)
{
	(void)put(seen,
		(struct wire){.flags = TCP_ACK, .text = "N", .client_port = port});
}

static void flows_without_a_handshake_go_first(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client(seen, 0, "EHLO");
	for (uint16_t port = 50000; port < 50040; port++) {
		made_up(seen, port);
	}
	assert_int_equal(seen->ended, 33); /* there is room for seven beside it */
	client(seen, 4, "MAIL");
	assert_non_null(strstr(seen->text[DIRECTION_TO_SERVER], "MAIL"));
	assert_int_equal(seen->opened, 41);
}

static void push_out(struct seen *seen)
{
	client(seen, 0, "EHLO"); /* midstream: it goes first */
	for (uint16_t port = 50000; port < 50008; port++) {
		made_up(seen, port);
	}
	assert_int_equal(seen->ended, 1);
	assert_int_equal(seen->end, FLOW_END_EVICTED);
}

static void at_a_gate_what_was_pushed_out_is_picked_up_again(void **state)
{
	struct seen *seen = *state;
	push_out(seen);
	const unsigned opened = seen->opened;
	const struct flow *flow =
		put(seen, (struct wire){.flags = TCP_ACK, .offset = 4, .text = "MAIL"});
	assert_int_equal(seen->opened, opened + 1);
	assert_true(flow_is_looked_at(flow));
}

static void elsewhere_what_was_pushed_out_is_only_counted(void **state)
{
	struct seen *seen = *state;
	push_out(seen);
	const unsigned opened = seen->opened;
	const struct flow *flow =
		put(seen, (struct wire){.flags = TCP_ACK, .offset = 4, .text = "MAIL"});
	assert_int_equal(seen->opened, opened);
	assert_false(flow_is_looked_at(flow));
}

#define GATE(name) cmocka_unit_test_setup_teardown(name, set_up_gate, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_inexact_reset_loses_nothing_of_who_goes_on),
		TEST(who_goes_on_behind_an_end_begins_with_that_packet),
		TEST(an_inexact_reset_and_silence_are_the_end),
		TEST(an_exact_reset_ends_at_once),
		GATE(at_a_gate_an_inexact_reset_never_was),
		GATE(at_a_gate_so_it_is_before_the_first_byte),
		GATE(at_a_gate_an_exact_reset_and_silence_are_the_end),
		GATE(at_a_gate_the_last_number_acknowledged_is_exact_too),
		GATE(at_a_gate_who_goes_on_behind_an_exact_reset_lost_nothing),
		GATE(at_a_gate_a_receiver_that_waits_for_more_took_no_reset),
		GATE(at_a_gate_an_answer_that_crosses_the_reset_changes_nothing),
		GATE(at_a_gate_a_reset_that_never_arrives_is_none),
		GATE(at_a_gate_two_fins_are_the_end_once_they_were_taken),
		GATE(at_a_gate_a_fin_that_was_not_taken_ends_nothing),
		GATE(at_a_gate_a_syn_alone_ends_nothing_however_late),
		TEST(flows_without_a_handshake_go_first),
		GATE(at_a_gate_what_was_pushed_out_is_picked_up_again),
		TEST(elsewhere_what_was_pushed_out_is_only_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
