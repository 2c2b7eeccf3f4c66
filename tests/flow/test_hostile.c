#include "flow_run.h"

/* What one end sends to make the sensor lose the other, or itself. */

static void say(
	struct seen *seen, enum direction way, uint32_t offset, const char *text)
{
	(void)put(seen,
		(struct wire){
			.way = way, .flags = TCP_ACK, .offset = offset, .text = text});
}

static void client_says(struct seen *seen, uint32_t offset, const char *text)
{
	say(seen, DIRECTION_TO_SERVER, offset, text);
}

static void one_packet_flows_do_not_push_out_a_dialogue(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client(seen, 0, "EHLO a\r\n");
	say(seen, DIRECTION_TO_CLIENT, 0, "250 b\r\n");
	for (uint16_t port = 1; port < 60; port++) {
		(void)put(seen, (struct wire){.way = DIRECTION_TO_SERVER,
					.flags = TCP_ACK,
					.text = "x",
					.now_us = port,
					.client_port = port});
	}
	seen->text[DIRECTION_TO_SERVER][0] = '\0';
	client(seen, 8, "QUIT");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "QUIT");
}

/* Who shook hands is waited for, until both have spoken. */
static void one_packet_flows_do_not_push_out_who_was_greeted(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	say(seen, DIRECTION_TO_CLIENT, 0, "220 b\r\n");
	for (uint16_t port = 1; port < 60; port++) {
		(void)put(seen, (struct wire){.way = DIRECTION_TO_SERVER,
					.flags = TCP_ACK,
					.text = "x",
					.now_us = port,
					.client_port = port});
	}
	seen->text[DIRECTION_TO_SERVER][0] = '\0';
	client(seen, 0, "EHLO");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLO");
}

static uint64_t conflicts(const struct seen *seen)
{
	return flow_table_counters(seen->table)->overlaps_conflicting;
}

static void what_waits_wins_over_a_later_version_that_begins_before_it(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client_says(seen, 5, "FROM:<a>");
	client_says(seen, 3, "XXEVIL:<b>YY");
	client_says(seen, 0, "RCP");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "RCPXXFROM:<a>YY");
	assert_int_equal(conflicts(seen), 1);
}

static void what_waits_wins_over_a_later_version_in_order(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client_says(seen, 2, "cd");
	client_says(seen, 6, "gh");
	client_says(seen, 0, "abXdefXhij");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "abcdefghij");
	assert_int_equal(conflicts(seen), 1);
}

static void a_longer_copy_of_what_waits_adds_only_what_is_new(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client_says(seen, 2, "cd");
	client_says(seen, 2, "cdef");
	client_says(seen, 0, "ab");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "abcdef");
	assert_int_equal(conflicts(seen), 0);
}

static void strays_that_disagree_are_never_believed(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	for (uint32_t i = 1; i <= 9; i++) {
		client_says(seen, i * 400000000U, "EVIL");
	}
	client_says(seen, 0, "EHLO");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLO");
}

static void strays_are_not_believed_while_the_peer_acknowledges_what_was_before(
	void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	say(seen, DIRECTION_TO_CLIENT, 0, "220");
	for (uint32_t i = 0; i < 9; i++) {
		client_says(seen, 100000000 + 4 * i, "EVIL");
	}
	client_says(seen, 0, "EHLO");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLO");
}

static void strays_that_agree_are_believed_once_the_peer_does(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client_says(seen, 0, "a");
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_ACK,
				.acknowledged = 100000000});
	for (uint32_t i = 0; i < 4; i++) {
		client_says(seen, 100000000 + i, "x");
	}
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "a<0>xx");
}

static void a_second_syn_behind_the_answer_moves_nothing(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	(void)put(seen, (struct wire){.flags = TCP_SYN, .offset = 5000});
	client_says(seen, 0, "EHLO");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLO");
}

static void the_answer_tells_which_syn_was_taken(void **state)
{
	struct seen *seen = *state;
	(void)put(seen, (struct wire){.flags = TCP_SYN});
	(void)put(seen, (struct wire){.flags = TCP_SYN, .offset = 5000});
	(void)put(seen,
		(struct wire){.way = DIRECTION_TO_CLIENT, .flags = TCP_SYN | TCP_ACK});
	client_says(seen, 0, "EHLO");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLO");
}

static void a_reset_outside_the_window_ends_no_flow_without_data(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	(void)put(seen, (struct wire){.flags = TCP_RST, .offset = 50000000});
	assert_int_equal(seen->ended, 0);
	client_says(seen, 0, "EHLO");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLO");
}

static void who_goes_on_behind_its_own_reset_is_heard_again(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client_says(seen, 0, "EHLO");
	(void)put(seen, (struct wire){.flags = TCP_RST, .offset = 4});
	assert_int_equal(seen->ended, 1);
	say(seen, DIRECTION_TO_CLIENT, 0, "250");
	client_says(seen, 4, "MAIL");
	say(seen, DIRECTION_TO_CLIENT, 3, "250");
	const struct flow *flow =
		put(seen, (struct wire){.flags = TCP_ACK, .offset = 8, .text = "RCPT"});
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLOMAILRCPT");
	assert_string_equal(seen->text[DIRECTION_TO_CLIENT], "250");
	assert_int_equal(seen->opened, 2);
	assert_int_equal(flow->port[flow->client], 40000);
	assert_int_equal(flow->confidence, DIRECTION_CONFIDENCE_SYN);
}

static void data_from_before_a_reset_open_nothing(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client_says(seen, 0, "QUIT");
	(void)put(seen, (struct wire){.flags = TCP_RST, .offset = 4});
	client_says(seen, 0, "QUIT");
	say(seen, DIRECTION_TO_CLIENT, 0, "221 bye");
	assert_int_equal(seen->opened, 1);
}

static void ports_used_again_behind_two_fins_are_a_new_flow(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client_says(seen, 0, "one");
	(void)put(seen, (struct wire){.flags = TCP_FIN | TCP_ACK, .offset = 4000});
	(void)put(seen,
		(struct wire){.way = DIRECTION_TO_CLIENT, .flags = TCP_FIN | TCP_ACK});
	assert_int_equal(seen->ended, 0); /* bytes are missing */
	(void)put(seen, (struct wire){.flags = TCP_SYN, .offset = 9000});
	client_says(seen, 9000, "two");
	assert_int_equal(seen->opened, 2);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "onetwo");
}

static void put_answer(
	struct seen *seen, uint32_t offset, uint32_t acknowledged, uint64_t now_us)
{
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_SYN | TCP_ACK,
				.offset = offset,
				.acknowledged = acknowledged,
				.now_us = now_us});
}

static void an_answer_to_a_syn_in_the_midst_is_a_new_flow(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client_says(seen, 0, "one");
	(void)put(seen, (struct wire){.flags = TCP_SYN, .offset = 9000});
	put_answer(seen, 70000, 9000, 0);
	(void)put(seen, (struct wire){.flags = TCP_ACK,
				.offset = 9000,
				.acknowledged = 70000,
				.text = "two"});
	assert_int_equal(seen->opened, 2);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "onetwo");
}

static void an_answer_to_no_syn_that_was_seen_ends_no_flow_under_way(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client_says(seen, 0, "one");
	(void)put(seen, (struct wire){.flags = TCP_SYN, .offset = 9000});
	put_answer(seen, 70000, 9001, 0);
	client_says(seen, 3, "two");
	assert_int_equal(seen->opened, 1);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "onetwo");
}

static void an_answer_behind_a_minute_of_silence_is_a_new_flow(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client_says(seen, 0, "one");
	put_answer(seen, 70000, 9000, 61000000);
	(void)put(seen, (struct wire){.flags = TCP_ACK,
				.offset = 9000,
				.acknowledged = 70000,
				.text = "two",
				.now_us = 61000000});
	assert_int_equal(seen->opened, 2);
}

static void another_answer_behind_the_handshake_moves_nothing(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	put_answer(seen, 70000000, 0, 0);
	put_answer(seen, 0, 9000000, 0);
	say(seen, DIRECTION_TO_CLIENT, 0, "220");
	client_says(seen, 0, "EHLO");
	assert_string_equal(seen->text[DIRECTION_TO_CLIENT], "220");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLO");
}

static void the_client_tells_which_of_two_answers_it_took(void **state)
{
	struct seen *seen = *state;
	(void)put(seen, (struct wire){.flags = TCP_SYN});
	put_answer(seen, 70000000, 0, 0);
	put_answer(seen, 0, 0, 0);
	client_says(seen, 0, NULL);
	say(seen, DIRECTION_TO_CLIENT, 0, "220");
	assert_string_equal(seen->text[DIRECTION_TO_CLIENT], "220");
}

static void put_fin(struct seen *seen, enum direction way, uint32_t offset)
{
	(void)put(seen,
		(struct wire){
			.way = way, .flags = TCP_FIN | TCP_ACK, .offset = offset});
}

static void who_goes_on_behind_two_fins_is_heard_again(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	put_fin(seen, DIRECTION_TO_SERVER, 0);
	put_fin(seen, DIRECTION_TO_CLIENT, 0);
	assert_int_equal(seen->ended, 1);
	say(seen, DIRECTION_TO_CLIENT, 0, "220");
	client_says(seen, 0, "EHLO");
	assert_string_equal(seen->text[DIRECTION_TO_CLIENT], "220");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLO");
}

static void what_was_sent_before_two_fins_opens_nothing(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client_says(seen, 0, "QUIT");
	put_fin(seen, DIRECTION_TO_SERVER, 4);
	put_fin(seen, DIRECTION_TO_CLIENT, 0);
	assert_int_equal(seen->end, FLOW_END_CLOSED);
	client_says(seen, 0, "QUIT");
	(void)put(seen, (struct wire){.flags = TCP_ACK, .offset = 4, .text = ""});
	assert_int_equal(seen->opened, 1);
}

static void fins_with_numbers_of_no_use_close_nothing(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client_says(seen, 0, "EHLO");
	put_fin(seen, DIRECTION_TO_SERVER, 3);        /* before what was sent */
	put_fin(seen, DIRECTION_TO_SERVER, 50000000); /* of no window */
	put_fin(seen, DIRECTION_TO_CLIENT, 700);      /* nothing was said yet */
	client_says(seen, 4, "MAIL");
	assert_int_equal(seen->ended, 0);
	put_fin(seen, DIRECTION_TO_SERVER, 8);
	put_fin(seen, DIRECTION_TO_CLIENT, 0);
	assert_int_equal(seen->ended, 1);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLOMAIL");
}

static void a_fin_that_bytes_go_past_was_none(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client_says(seen, 0, "EHLO");
	put_fin(seen, DIRECTION_TO_SERVER, 6); /* waits for two bytes */
	put_fin(seen, DIRECTION_TO_CLIENT, 0);
	client_says(seen, 4, "MAIL");
	client_says(seen, 8, "RCPT");
	assert_int_equal(seen->ended, 0);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLOMAILRCPT");
	put_fin(seen, DIRECTION_TO_SERVER, 12);
	assert_int_equal(seen->ended, 1);
}

static void a_repeated_answer_is_the_same_flow(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client_says(seen, 0, "one");
	(void)put(seen,
		(struct wire){.way = DIRECTION_TO_CLIENT, .flags = TCP_SYN | TCP_ACK});
	client_says(seen, 3, "two");
	assert_int_equal(seen->opened, 1);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "onetwo");
}

static void a_flood_of_bare_acknowledgements_pushes_out_no_opened_flow(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	for (uint16_t port = 1; port < 2000; port++) {
		(void)put(seen, (struct wire){.flags = TCP_ACK, .client_port = port});
	}
	client_says(seen, 0, "EHLO");
	const struct flow *flow =
		put(seen, (struct wire){.flags = TCP_ACK, .offset = 4, .text = "x"});
	assert_int_equal(flow->confidence, DIRECTION_CONFIDENCE_SYN);
}

static void an_opened_flow_may_wait_four_minutes_for_its_greeting(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	for (uint16_t port = 1; port <= 40; port++) {
		(void)put(seen, (struct wire){.flags = TCP_SYN,
					.client_port = port,
					.now_us = 240000000});
	}
	assert_int_equal(seen->ended, 0);
}

/* One host opens so many dialogues; each end says something. */
static void open_dialogues(struct seen *seen, uint8_t host, unsigned count)
{
	const uint8_t from[4] = {192, 0, 2, host};
	const uint8_t to[4] = {198, 51, 100, 3};
	for (unsigned i = 0; i < 3 * count; i++) {
		struct packet packet = {.src = address_from_ipv4(from),
			.dst = address_from_ipv4(to),
			.src_port = (uint16_t)(2000 + i / 3),
			.dst_port = 25,
			.transport = IPPROTO_TCP,
			.ttl = 64,
			.tcp_flags = i % 3 == 0 ? TCP_SYN : TCP_ACK,
			.sequence = i % 3 == 0 ? 99 : 100,
			.payload = (const uint8_t *)"x",
			.payload_len = i % 3 > 0,
			.payload_wire_len = i % 3 > 0};
		if (i % 3 == 2) {
			packet.src = address_from_ipv4(to);
			packet.dst = address_from_ipv4(from);
			packet.src_port = 25;
			packet.dst_port = (uint16_t)(2000 + i / 3);
		}
		(void)flow_table_packet(seen->table, &packet, 1000 + i);
	}
}

/* Of eight that are watched. */
static void who_opens_most_dialogues_loses_his_own_first(void **state)
{
	struct seen *seen = *state;
	client_says(seen, 2, "EHLO a\r\n");
	say(seen, DIRECTION_TO_CLIENT, 0, "220 b\r\n");
	open_dialogues(seen, 99, 40);
	seen->text[DIRECTION_TO_SERVER][0] = '\0';
	client_says(seen, 10, "MAIL");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "MAIL");
}

static void a_keep_alive_is_no_first_byte(void **state)
{
	struct seen *seen = *state;
	static const uint8_t zero[1] = {0};
	const uint8_t from[4] = {192, 0, 2, 70};
	const uint8_t to[4] = {198, 51, 100, 3};
	const struct packet probe = {.src = address_from_ipv4(from),
		.dst = address_from_ipv4(to),
		.src_port = 40000,
		.dst_port = 25,
		.transport = IPPROTO_TCP,
		.tcp_flags = TCP_ACK,
		.sequence = CLIENT_ISN + 2,
		.payload = zero,
		.payload_len = 1,
		.payload_wire_len = 1};
	(void)flow_table_packet(seen->table, &probe, 0);
	client_says(seen, 2, "NOOP");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "NOOP");
	assert_int_equal(seen->pieces, 1);
}

#define CROWD     300
#define LOOKED_AT 64

/* A packet of one of many clients. */
static void of_crowd(struct flow_table *table, unsigned number, uint64_t now_us)
{
	const uint8_t from[4] = {192, 0, 2, 70};
	const uint8_t to[4] = {198, 51, 100, 3};
	const struct packet packet = {.transport = IPPROTO_TCP,
		.tcp_flags = TCP_ACK,
		.src = address_from_ipv4(from),
		.dst = address_from_ipv4(to),
		.src_port = (uint16_t)(1024 + number),
		.dst_port = 443};
	(void)flow_table_packet(table, &packet, now_us);
}

static void on_last_ended(void *context, struct flow *flow, enum flow_end end)
{
	uint16_t *port = context;
	if (end == FLOW_END_EVICTED) {
		*port = flow->port[flow->client];
	}
}

/* All were seen since they were listed, in turn from the last one to the first. */
static void a_full_table_gives_one_up_without_a_look_at_all(void **state)
{
	(void)state;
	uint16_t evicted = 0;
	const struct flow_settings settings = {
		.flows = CROWD, .watched = 8, .segments = 8, .area_bytes = 32};
	const struct flow_handler handler = {
		.context = &evicted, .ended = on_last_ended};
	struct reason why;
	struct flow_table *table = flow_table_new(&settings, &handler, &why);
	assert_non_null(table);
	for (unsigned i = 0; i < CROWD; i++) {
		of_crowd(table, i, 1);
	}
	for (unsigned i = CROWD; i > 0; i--) {
		of_crowd(table, i - 1, 2 + CROWD - i);
	}
	of_crowd(table, CROWD, 1000);
	assert_int_equal(evicted, 1024 + LOOKED_AT - 1);
	flow_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_packet_flows_do_not_push_out_a_dialogue),
		TEST(one_packet_flows_do_not_push_out_who_was_greeted),
		TEST(what_waits_wins_over_a_later_version_that_begins_before_it),
		TEST(what_waits_wins_over_a_later_version_in_order),
		TEST(a_longer_copy_of_what_waits_adds_only_what_is_new),
		TEST(strays_that_disagree_are_never_believed),
		TEST(strays_are_not_believed_while_the_peer_acknowledges_what_was_before),
		TEST(strays_that_agree_are_believed_once_the_peer_does),
		TEST(a_second_syn_behind_the_answer_moves_nothing),
		TEST(the_answer_tells_which_syn_was_taken),
		TEST(a_reset_outside_the_window_ends_no_flow_without_data),
		TEST(who_goes_on_behind_its_own_reset_is_heard_again),
		TEST(data_from_before_a_reset_open_nothing),
		TEST(ports_used_again_behind_two_fins_are_a_new_flow),
		TEST(an_answer_to_a_syn_in_the_midst_is_a_new_flow),
		TEST(an_answer_to_no_syn_that_was_seen_ends_no_flow_under_way),
		TEST(an_answer_behind_a_minute_of_silence_is_a_new_flow),
		TEST(another_answer_behind_the_handshake_moves_nothing),
		TEST(the_client_tells_which_of_two_answers_it_took),
		TEST(who_goes_on_behind_two_fins_is_heard_again),
		TEST(what_was_sent_before_two_fins_opens_nothing),
		TEST(fins_with_numbers_of_no_use_close_nothing),
		TEST(a_fin_that_bytes_go_past_was_none),
		TEST(a_repeated_answer_is_the_same_flow),
		TEST(a_flood_of_bare_acknowledgements_pushes_out_no_opened_flow),
		TEST(an_opened_flow_may_wait_four_minutes_for_its_greeting),
		TEST(who_opens_most_dialogues_loses_his_own_first),
		TEST(a_keep_alive_is_no_first_byte),
		cmocka_unit_test(a_full_table_gives_one_up_without_a_look_at_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
