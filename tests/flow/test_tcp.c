#include "flow_run.h"

#include "flow/stream.h"

static void segments_in_disorder_come_out_in_order_across_the_wrap(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	server(seen, 4, "efgh");
	server(seen, 8, "ij");
	assert_string_equal(seen->text[DIRECTION_TO_CLIENT], "");
	server(seen, 0, "abcd");
	assert_string_equal(seen->text[DIRECTION_TO_CLIENT], "abcdefghij");
	assert_int_equal(flow_table_counters(seen->table)->out_of_order, 2);
}

static void one_byte_segments_are_one_stream(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	const char *text = "EHLO x\r\n";
	for (uint32_t i = 0; text[i] != '\0'; i++) {
		const char byte[2] = {text[i], '\0'};
		client(seen, i, byte);
	}
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], text);
}

static void the_first_version_of_overlapping_data_wins_and_is_counted(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client(seen, 0, "MAIL ");
	client(seen, 0, "EVIL FROM");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "MAIL FROM");
	assert_int_equal(flow_table_counters(seen->table)->overlaps_conflicting, 1);
	client(seen, 0, "MAIL ");
	assert_int_equal(flow_table_counters(seen->table)->retransmitted, 1);
	assert_int_equal(flow_table_counters(seen->table)->overlaps_conflicting, 1);
}

static void a_changed_copy_of_waiting_data_is_counted(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client(seen, 5, "world");
	client(seen, 5, "WORLD");
	client(seen, 0, "hello");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "helloworld");
	assert_int_equal(flow_table_counters(seen->table)->overlaps_conflicting, 1);
}

static void a_hole_that_the_peer_acknowledged_becomes_a_gap(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client(seen, 0, "a");
	for (uint32_t i = 0; i < 4; i++) {
		client(seen, 10 + i, "x");
	}
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "a");
	const uint8_t from[4] = {198, 51, 100, 3};
	const uint8_t to[4] = {192, 0, 2, 70};
	const struct packet ack = {.src = address_from_ipv4(from),
		.dst = address_from_ipv4(to),
		.src_port = 25,
		.dst_port = 40000,
		.transport = IPPROTO_TCP,
		.tcp_flags = TCP_ACK,
		.ttl = 64,
		.sequence = SERVER_ISN + 1,
		.acknowledgement = CLIENT_ISN + 1 + 14};
	(void)flow_table_packet(seen->table, &ack, 0);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "a<9>xxxx");
	assert_int_equal(flow_table_counters(seen->table)->gap_bytes, 9);
}

static void too_much_behind_a_hole_gives_the_hole_up(void **state)
{
	struct seen *seen = *state;
	client(seen, 0, "a");
	for (uint32_t i = 1; i <= STREAM_KEPT_MAX; i++) {
		client(seen, 1 + i, "x");
	}
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "a");
	for (uint32_t i = 0; i < 4; i++) {
		client(seen, 2 + STREAM_KEPT_MAX + i, "x");
	}
	assert_true(strncmp(seen->text[DIRECTION_TO_SERVER], "a<1>xxx", 7) == 0);
}

static void a_segment_cut_by_the_snap_length_leaves_a_gap(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	const uint8_t from[4] = {192, 0, 2, 70};
	const uint8_t to[4] = {198, 51, 100, 3};
	const struct packet cut = {.src = address_from_ipv4(from),
		.dst = address_from_ipv4(to),
		.src_port = 40000,
		.dst_port = 25,
		.transport = IPPROTO_TCP,
		.tcp_flags = TCP_ACK,
		.sequence = CLIENT_ISN + 1,
		.payload = (const uint8_t *)"abc",
		.payload_len = 3,
		.payload_wire_len = 10};
	(void)flow_table_packet(seen->table, &cut, 0);
	client(seen, 10, "k");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "abc<7>k");
}

static void the_handshake_tells_the_client(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	const struct flow *flow =
		put(seen, (struct wire){.flags = TCP_ACK, .text = "x"});
	assert_int_equal(flow->port[flow->client], 40000);
	assert_int_equal(flow->confidence, DIRECTION_CONFIDENCE_SYN);
}

static void a_midstream_flow_guesses_by_port_and_bytes_may_correct_it(void **state)
{
	struct seen *seen = *state;
	struct flow *flow = put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
					      .flags = TCP_ACK,
					      .text = "250 ok"});
	assert_true(flow->is_midstream);
	assert_int_equal(flow->port[flow->client], 40000);
	assert_int_equal(flow->confidence, DIRECTION_CONFIDENCE_PORT);
	flow_set_client(flow, !flow->client);
	assert_int_equal(flow->port[flow->client], 25);
	assert_int_equal(flow->confidence, DIRECTION_CONFIDENCE_BANNER);
}

static void both_fins_end_the_flow_once_all_bytes_are_there(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	(void)put(seen,
		(struct wire){.flags = TCP_ACK | TCP_FIN, .offset = 2, .text = "cd"});
	(void)put(seen,
		(struct wire){.way = DIRECTION_TO_CLIENT, .flags = TCP_ACK | TCP_FIN});
	assert_int_equal(seen->ended, 0);
	client(seen, 0, "ab");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "abcd");
	assert_int_equal(seen->ended, 1);
	assert_int_equal(seen->end, FLOW_END_CLOSED);
}

static void a_reset_outside_the_window_ends_nothing(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client(seen, 0, "abc");
	(void)put(seen, (struct wire){.flags = TCP_RST, .offset = 50000000});
	assert_int_equal(seen->ended, 0);
	(void)put(seen, (struct wire){.flags = TCP_RST, .offset = 3});
	assert_int_equal(seen->ended, 1);
	assert_int_equal(seen->state, FLOW_STATE_RESET);
}

static void reused_ports_are_a_new_flow(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client(seen, 0, "one");
	(void)put(seen, (struct wire){.flags = TCP_RST, .offset = 3});
	handshake(seen);
	client(seen, 0, "two");
	assert_int_equal(seen->opened, 2);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "onetwo");
	flow_table_drain(seen->table);
	assert_int_equal(seen->ended, 2);
}

static void a_released_flow_delivers_no_more_and_still_ends_once(void **state)
{
	struct seen *seen = *state;
	seen->is_released_at_first_byte = true;
	handshake(seen);
	client(seen, 3, "def");
	client(seen, 0, "abc");
	client(seen, 6, "ghi");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "abc");
	flow_table_drain(seen->table);
	assert_int_equal(seen->ended, 1);
}

static void a_flow_that_nobody_wants_is_only_counted(void **state)
{
	struct seen *seen = *state;
	seen->is_wanted = false;
	handshake(seen);
	client(seen, 0, "abc");
	const struct flow *flow =
		put(seen, (struct wire){.flags = TCP_ACK, .offset = 3, .text = "d"});
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "");
	assert_null(flow_area(seen->table, flow));
	assert_int_equal(flow->bytes[flow->client], 4);
	assert_int_equal(seen->opened, 1);
}

static void a_syn_flood_does_not_push_out_a_dialogue(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client(seen, 0, "EHLO ");
	for (uint16_t port = 1; port < 2000; port++) {
		(void)put(seen, (struct wire){.flags = TCP_SYN, .client_port = port});
	}
	client(seen, 5, "x");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLO x");
	assert_true(flow_table_counters(seen->table)->ended[FLOW_END_EVICTED] > 1900);
}

static void silence_ends_a_flow_but_not_half_an_hour_of_it(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client(seen, 0, "EHLO ");
	for (uint64_t minute = 1; minute <= 40; minute++) {
		(void)put(seen, (struct wire){.flags = TCP_SYN,
					.client_port = (uint16_t)minute,
					.now_us = 1800000000});
	}
	client(seen, 5, "x");
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLO x");
	for (uint64_t i = 1; i <= 40; i++) {
		(void)put(seen, (struct wire){.flags = TCP_SYN,
					.client_port = (uint16_t)(100 + i),
					.now_us = 4400000000});
	}
	assert_int_equal(seen->end, FLOW_END_IDLE);
}

/* SYN, SYN-ACK and an acknowledgement of so many bytes; then so many bytes of the server. */
static const char *greeted_behind(struct seen *seen, uint32_t acknowledged)
{
	put_client(seen, (struct wire){.flags = TCP_SYN});
	(void)put(seen,
		(struct wire){.way = DIRECTION_TO_CLIENT, .flags = TCP_SYN | TCP_ACK});
	put_client(seen, (struct wire){.acknowledged = acknowledged});
	server(seen, 0, "220 b\r\n");
	return seen->text[DIRECTION_TO_CLIENT];
}

/* Each way of a TAP comes by a port of its own, and one port may be read late. */
static void a_greeting_that_is_seen_behind_its_acknowledgement_is_read(void **state)
{
	assert_string_equal(greeted_behind(*state, 7), "220 b\r\n");
}

static void who_acknowledges_another_syn_ack_is_believed(void **state)
{
	struct seen *seen = *state;
	assert_string_equal(greeted_behind(seen, 20000), "");
	server(seen, 20000, "220 c\r\n");
	assert_string_equal(seen->text[DIRECTION_TO_CLIENT], "220 c\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(segments_in_disorder_come_out_in_order_across_the_wrap),
		TEST(one_byte_segments_are_one_stream),
		TEST(the_first_version_of_overlapping_data_wins_and_is_counted),
		TEST(a_changed_copy_of_waiting_data_is_counted),
		TEST(a_hole_that_the_peer_acknowledged_becomes_a_gap),
		TEST(too_much_behind_a_hole_gives_the_hole_up),
		TEST(a_segment_cut_by_the_snap_length_leaves_a_gap),
		TEST(the_handshake_tells_the_client),
		TEST(a_midstream_flow_guesses_by_port_and_bytes_may_correct_it),
		TEST(both_fins_end_the_flow_once_all_bytes_are_there),
		TEST(a_reset_outside_the_window_ends_nothing),
		TEST(a_greeting_that_is_seen_behind_its_acknowledgement_is_read),
		TEST(who_acknowledges_another_syn_ack_is_believed),
		TEST(reused_ports_are_a_new_flow),
		TEST(a_released_flow_delivers_no_more_and_still_ends_once),
		TEST(a_flow_that_nobody_wants_is_only_counted),
		TEST(a_syn_flood_does_not_push_out_a_dialogue),
		TEST(silence_ends_a_flow_but_not_half_an_hour_of_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
