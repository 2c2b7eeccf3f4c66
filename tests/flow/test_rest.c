#include "flow_run.h"

/* A question and its answer; then it rests. */
static struct flow *ask(struct seen *seen)
{
	handshake(seen);
	client(seen, 0, "ask");
	struct flow *flow = put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
					      .flags = TCP_ACK,
					      .acknowledged = 3,
					      .text = "answer"});
	assert_true(flow_rest(seen->table, flow));
	assert_true(flow_is_resting(flow));
	assert_null(flow_area(seen->table, flow));
	return flow;
}

static void ask_again(struct seen *seen, uint32_t offset, uint32_t acknowledged)
{
	(void)put(seen, (struct wire){.way = DIRECTION_TO_SERVER,
				.flags = TCP_ACK,
				.offset = offset,
				.acknowledged = acknowledged,
				.text = "more"});
}

static void one_that_rests_is_opened_anew_when_its_client_goes_on(void **state)
{
	struct seen *seen = *state;
	const struct flow *flow = ask(seen);
	server(seen, 6, "passed over");
	assert_true(flow_is_resting(flow));
	assert_int_equal(seen->opened, 1);
	ask_again(seen, 3, 17);
	assert_int_equal(seen->opened, 2);
	assert_false(flow_is_resting(flow));
	server(seen, 17, "told");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "askmore");
	assert_string_equal(seen->text[DIRECTION_TO_CLIENT], "answertold");
	assert_int_equal(flow->bytes[0] + flow->bytes[1], 7 + 21);
}

static void what_comes_out_of_order_is_put_in_order_again(void **state)
{
	struct seen *seen = *state;
	const struct flow *flow = ask(seen);
	ask_again(seen, 7, 6); /* ahead of a hole */
	client(seen, 3, "some");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "asksomemore");
	assert_false(flow_is_resting(flow));
}

static void an_answer_ahead_of_a_hole_is_waited_for(void **state)
{
	struct seen *seen = *state;
	const struct flow *flow = ask(seen);
	server(seen, 10, "er");
	assert_false(flow_is_resting(flow));
	assert_int_equal(seen->opened, 2);
	server(seen, 6, "answ");
	assert_string_equal(seen->text[DIRECTION_TO_CLIENT], "answeranswer");
}

/* Who keeps the connection open, or did not hear that it came, has nothing new to say. */
static void what_was_said_before_does_not_wake_it(void **state)
{
	struct seen *seen = *state;
	const struct flow *flow = ask(seen);
	client(seen, 2, "?"); /* a keep-alive */
	client(seen, 0, "ask");
	server(seen, 0, "answer");
	server(seen, 3, "wer");
	assert_true(flow_is_resting(flow));
	assert_int_equal(seen->opened, 1);
	client(seen, 2, "kmore"); /* some of it is new */
	assert_false(flow_is_resting(flow));
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "askmore");
}

/* A decoy moved the server's stand: the client says what it has. */
static void what_the_client_has_not_got_may_come_again(void **state)
{
	struct seen *seen = *state;
	(void)ask(seen);
	server(seen, 6, "a decoy that nobody takes");
	ask_again(seen, 3, 6);
	server(seen, 6, "told");
	assert_string_equal(seen->text[DIRECTION_TO_CLIENT], "answertold");
}

static void both_ends_end_it(void **state)
{
	struct seen *seen = *state;
	const struct flow *flow = ask(seen);
	for (unsigned way = 0; way < 2; way++) {
		(void)put(seen, (struct wire){.way = (enum direction)way,
					.flags = TCP_FIN | TCP_ACK,
					.offset = way == DIRECTION_TO_CLIENT ? 6 : 3});
	}
	assert_int_equal(seen->ended, 1);
	assert_int_equal(seen->end, FLOW_END_CLOSED);
	assert_int_equal(flow->state, FLOW_STATE_CLOSED);
}

static void no_number_but_its_own_ends_it(void **state)
{
	struct seen *seen = *state;
	const struct flow *flow = ask(seen);
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_SYN | TCP_ACK,
				.offset = 77,
				.acknowledged = 77});
	for (unsigned way = 0; way < 2; way++) {
		(void)put(seen, (struct wire){.way = (enum direction)way,
					.flags = TCP_RST,
					.offset = 1U << 24});
		(void)put(seen, (struct wire){.way = (enum direction)way,
					.flags = TCP_FIN | TCP_ACK,
					.offset = 1U << 24});
	}
	assert_int_equal(seen->ended, 0);
	ask_again(seen, 3, 6);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "askmore");
	(void)put(seen,
		(struct wire){
			.way = DIRECTION_TO_SERVER, .flags = TCP_RST, .offset = 7});
	assert_int_equal(flow->state, FLOW_STATE_RESET);
}

/* The ports were used again, and no end of the first connection was seen. */
static void another_connection_on_its_ports_is_another_one(void **state)
{
	struct seen *seen = *state;
	(void)ask(seen);
	(void)put(seen,
		(struct wire){
			.way = DIRECTION_TO_SERVER, .flags = TCP_SYN, .offset = 5000});
	assert_int_equal(seen->ended, 0); /* anybody may send one */
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_SYN | TCP_ACK,
				.offset = 9000,
				.acknowledged = 5000});
	assert_int_equal(seen->ended, 0); /* nor of its answer */
	ask_again(seen, 5000, 9000);
	assert_int_equal(seen->end, FLOW_END_REUSED);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "askmore");
}

static void what_waits_keeps_it_from_rest(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client(seen, 0, "ask");
	client(seen, 4, "more");
	struct flow *flow = put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
					      .flags = TCP_ACK,
					      .acknowledged = 3,
					      .text = "answer"});
	assert_false(flow_rest(seen->table, flow));
	assert_non_null(flow_area(seen->table, flow));
	client(seen, 3, "?");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "ask?more");
}

static void one_side_that_was_never_heard_keeps_it_from_rest(void **state)
{
	struct seen *seen = *state;
	(void)put(seen, (struct wire){.way = DIRECTION_TO_SERVER, .flags = TCP_SYN});
	client(seen, 0, "ask");
	struct flow *flow =
		put(seen, (struct wire){.way = DIRECTION_TO_SERVER, .flags = TCP_ACK});
	assert_false(flow_rest(seen->table, flow));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_that_rests_is_opened_anew_when_its_client_goes_on),
		TEST(what_comes_out_of_order_is_put_in_order_again),
		TEST(an_answer_ahead_of_a_hole_is_waited_for),
		TEST(what_was_said_before_does_not_wake_it),
		TEST(what_the_client_has_not_got_may_come_again),
		TEST(both_ends_end_it),
		TEST(no_number_but_its_own_ends_it),
		TEST(another_connection_on_its_ports_is_another_one),
		TEST(what_waits_keeps_it_from_rest),
		TEST(one_side_that_was_never_heard_keeps_it_from_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
