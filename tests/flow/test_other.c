#include "flow_run.h"

#define OTHER_CLIENT 90000U /* how far off another connection's numbers are */
#define OTHER_SERVER 70000U
#define SECOND_US    1000000ULL

/* Each side has said something, four and three bytes. */
static void talk(struct seen *seen)
{
	handshake(seen);
	client(seen, 0, "EHLO");
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_ACK,
				.acknowledged = 4,
				.text = "250"});
}

static void put_syn(struct seen *seen, enum direction way)
{
	const bool is_client = way == DIRECTION_TO_SERVER;
	(void)put(seen, (struct wire){.way = way,
				.flags = TCP_SYN,
				.offset = is_client ? OTHER_CLIENT : OTHER_SERVER});
}

static void put_answer(struct seen *seen, enum direction way)
{
	const bool is_client = way == DIRECTION_TO_SERVER;
	(void)put(
		seen, (struct wire){.way = way,
			      .flags = TCP_SYN | TCP_ACK,
			      .offset = is_client ? OTHER_CLIENT : OTHER_SERVER,
			      .acknowledged = is_client ? OTHER_SERVER : OTHER_CLIENT});
}

/* A segment of the other connection; of the client. */
static void put_other(struct seen *seen, const char *text)
{
	put_client(seen, (struct wire){.offset = OTHER_CLIENT,
				 .acknowledged = OTHER_SERVER,
				 .text = text});
}

static void go_on(struct seen *seen)
{
	put_client(seen, (struct wire){.offset = 4, .acknowledged = 3, .text = "MAIL"});
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_ACK,
				.offset = 3,
				.acknowledged = 8,
				.text = "ok"});
}

static void assert_undisturbed(const struct seen *seen)
{
	assert_int_equal(seen->opened, 1);
	assert_int_equal(seen->ended, 0);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLOMAIL");
	assert_string_equal(seen->text[DIRECTION_TO_CLIENT], "250ok");
}

static void a_handshake_made_up_by_a_third_party_changes_nothing(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	put_syn(seen, DIRECTION_TO_SERVER);
	put_answer(seen, DIRECTION_TO_CLIENT);
	put_other(seen, NULL);
	go_on(seen);
	assert_undisturbed(seen);
	assert_int_equal(seen->ambiguous, 1); /* and is told */
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_CONNECTION);
}

static void so_it_is_when_the_servers_side_asks(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	put_syn(seen, DIRECTION_TO_CLIENT);
	put_answer(seen, DIRECTION_TO_SERVER);
	put_other(seen, NULL);
	go_on(seen);
	assert_undisturbed(seen);
}

static void so_it_is_behind_a_reset_that_was_none(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	put_client(seen, (struct wire){.flags = TCP_RST, .offset = 700});
	put_syn(seen, DIRECTION_TO_SERVER);
	put_answer(seen, DIRECTION_TO_CLIENT);
	go_on(seen);
	assert_undisturbed(seen);
}

static void a_syn_alone_ends_nothing_behind_silence(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	put_client(seen, (struct wire){.flags = TCP_SYN,
				 .offset = OTHER_CLIENT,
				 .now_us = 61 * SECOND_US});
	put_client(seen, (struct wire){.offset = 4,
				 .acknowledged = 3,
				 .text = "MAIL",
				 .now_us = 62 * SECOND_US});
	assert_int_equal(seen->opened, 1);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLOMAIL");
}

/* Its answer was not captured. */
static void bytes_behind_it_are_another_connection(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	put_client(seen, (struct wire){.flags = TCP_SYN,
				 .offset = OTHER_CLIENT,
				 .now_us = 61 * SECOND_US});
	put_client(seen, (struct wire){.offset = OTHER_CLIENT,
				 .acknowledged = OTHER_SERVER,
				 .text = "two",
				 .now_us = 62 * SECOND_US});
	assert_int_equal(seen->opened, 2);
	assert_int_equal(seen->end, FLOW_END_REUSED);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLOtwo");
}

static void ports_used_again_are_a_flow_with_its_own_handshake(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	put_syn(seen, DIRECTION_TO_CLIENT);
	put_answer(seen, DIRECTION_TO_SERVER);
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_ACK,
				.offset = OTHER_SERVER,
				.acknowledged = OTHER_CLIENT});
	assert_int_equal(seen->ended, 0); /* nothing of it has come */
	put_other(seen, "220");
	const struct flow *flow = put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
						    .flags = TCP_ACK,
						    .offset = OTHER_SERVER,
						    .acknowledged = OTHER_CLIENT + 3,
						    .text = "HELO"});
	assert_int_equal(seen->opened, 2);
	assert_int_equal(seen->end, FLOW_END_REUSED);
	assert_int_equal(seen->ambiguous, 0);
	assert_int_equal(flow->port[flow->client], 25);
	assert_false(flow->is_midstream);
	assert_int_equal(flow->syns, 3);
	assert_int_equal(flow->ttl[0], 64);
	assert_int_equal(flow->ttl[1], 64);
}

static void who_is_left_for_bytes_made_up_is_picked_up_again(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	put_syn(seen, DIRECTION_TO_CLIENT);
	put_answer(seen, DIRECTION_TO_SERVER);
	put_other(seen, "xx");
	go_on(seen);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLOMAIL");
	assert_string_equal(seen->text[DIRECTION_TO_CLIENT], "250xxok");
	assert_int_equal(seen->opened, 3);
	assert_int_equal(seen->ambiguous, 1);
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_CONNECTION);
}

/* Another client's flow, of the same numbers; it repeats what stands where the first went on. */
static void put_neighbour(struct seen *seen)
{
	seen->is_wanted = true;
	put_client(seen, (struct wire){.client_port = 40001, .text = "EHLO"});
	for (unsigned i = 0; i < 2; i++) {
		put_client(seen, (struct wire){.client_port = 40001,
					 .offset = 4,
					 .acknowledged = 3,
					 .text = "NOOP"});
	}
}

static void nobody_else_is_taken_for_who_was_left(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	put_syn(seen, DIRECTION_TO_SERVER);
	put_answer(seen, DIRECTION_TO_CLIENT);
	seen->is_wanted = false; /* no stream for it */
	put_other(seen, "xx");
	put_neighbour(seen);
	assert_int_equal(seen->opened, 3);
	assert_int_equal(seen->ambiguous, 0);
}

static void nor_for_who_was_picked_up(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	put_syn(seen, DIRECTION_TO_SERVER);
	put_answer(seen, DIRECTION_TO_CLIENT);
	put_other(seen, "xx");
	seen->is_wanted = false;
	put_client(seen, (struct wire){.offset = 4, .acknowledged = 3, .text = "MAIL"});
	put_neighbour(seen);
	assert_int_equal(seen->opened, 4);
	assert_int_equal(seen->ambiguous, 0);
}

static void fin(struct seen *seen, enum direction way)
{
	const bool is_client = way == DIRECTION_TO_SERVER;
	(void)put(seen,
		(struct wire){.way = way,
			.flags = TCP_FIN | TCP_ACK,
			.offset = is_client ? OTHER_CLIENT + 2 : OTHER_SERVER,
			.acknowledged = is_client ? OTHER_SERVER : OTHER_CLIENT + 2});
}

static void make_up_with_bytes(struct seen *seen)
{
	talk(seen);
	put_syn(seen, DIRECTION_TO_SERVER);
	put_answer(seen, DIRECTION_TO_CLIENT);
	put_other(seen, "xx");
}

static void so_it_is_when_what_was_made_up_has_ended(void **state)
{
	struct seen *seen = *state;
	make_up_with_bytes(seen);
	fin(seen, DIRECTION_TO_SERVER);
	fin(seen, DIRECTION_TO_CLIENT);
	go_on(seen);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLOxxMAIL");
	assert_int_equal(seen->ambiguous, 1);
}

static void so_it_is_when_it_was_reset(void **state)
{
	struct seen *seen = *state;
	make_up_with_bytes(seen);
	put_client(seen, (struct wire){.flags = TCP_RST, .offset = OTHER_CLIENT + 2});
	go_on(seen);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLOxxMAIL");
	assert_int_equal(seen->ambiguous, 1);
}

static void ports_used_again_end_as_any_flow_does(void **state)
{
	struct seen *seen = *state;
	make_up_with_bytes(seen);
	fin(seen, DIRECTION_TO_SERVER);
	fin(seen, DIRECTION_TO_CLIENT);
	flow_table_idle(seen->table, 3 * SECOND_US);
	assert_int_equal(seen->ended, 2);
	assert_int_equal(seen->end, FLOW_END_CLOSED);
	assert_int_equal(seen->state, FLOW_STATE_CLOSED);
	assert_int_equal(seen->ambiguous, 0);
}

/* What came before comes again, and what was sent long ago. */
static void an_old_segment_does_not_pick_it_up(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	put_syn(seen, DIRECTION_TO_SERVER);
	put_answer(seen, DIRECTION_TO_CLIENT);
	put_other(seen, "xx");
	client(seen, 0, "EHLO");
	client(seen, 2, "LO");
	assert_int_equal(seen->opened, 2);
	assert_int_equal(seen->ambiguous, 0);
}

/* A flow of which no handshake was seen. */
static void an_answer_with_any_numbers_teaches_nothing(void **state)
{
	struct seen *seen = *state;
	client(seen, 0, "EHLO");
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_ACK,
				.acknowledged = 4,
				.text = "250"});
	const struct flow *flow = put(seen, (struct wire){.way = DIRECTION_TO_SERVER,
						    .flags = TCP_SYN | TCP_ACK,
						    .offset = 900000000,
						    .ttl = 255});
	assert_int_equal(flow->port[flow->client], 40000);
	assert_int_equal(flow->syns, 0);
	go_on(seen);
	assert_undisturbed(seen);
}

/* Bytes far off, and the other end's word that it has them. */
static void jump_with(struct seen *seen, uint8_t ttl)
{
	const uint32_t far = UINT32_C(512) << 20;
	put_client(seen, (struct wire){.offset = far, .text = "xx", .ttl = ttl});
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_ACK,
				.offset = 3,
				.acknowledged = far + 2,
				.ttl = ttl});
}

static void numbers_far_off_and_back_again_lose_nothing(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	jump_with(seen, 64);
	go_on(seen);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLO<0>xx<0>MAIL");
	assert_string_equal(seen->text[DIRECTION_TO_CLIENT], "250ok");
	assert_int_equal(seen->opened, 1);
	assert_int_equal(seen->ambiguous, 1);
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_WINDOW);
}

/* The first place was the made up one: what goes on far off is read as well. */
static void who_goes_on_far_off_is_read_behind_bytes_made_up_at_the_old_place(
	void **state)
{
	struct seen *seen = *state;
	talk(seen);
	jump_with(seen, 64);
	put_client(seen, (struct wire){.offset = 4, .acknowledged = 3, .text = "yy"});
	put_client(seen,
		(struct wire){
			.offset = (512U << 20) + 2, .acknowledged = 3, .text = "MAIL"});
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLO<0>xx<0>yy<0>MAIL");
}

/* The capture missed them, and their sender goes on. */
static void a_jump_that_lasts_is_no_doubt(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	jump_with(seen, 64);
	put_client(seen,
		(struct wire){
			.offset = (512U << 20) + 2, .acknowledged = 3, .text = "MAIL"});
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLO<0>xxMAIL");
	assert_int_equal(seen->ambiguous, 0);
}

static void a_word_with_few_hops_left_is_nobodys(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	jump_with(seen, 2);
	go_on(seen);
	assert_undisturbed(seen);
	assert_int_equal(seen->ambiguous, 0);
}

/* Nor does it give up a hole. */
static void a_word_with_few_hops_left_loses_no_bytes(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	for (uint32_t i = 0; i < 5; i++) {
		put_client(seen,
			(struct wire){
				.offset = 1000 + i, .acknowledged = 3, .text = "x"});
	}
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_ACK,
				.offset = 3,
				.acknowledged = 1005,
				.ttl = 3});
	go_on(seen);
	assert_undisturbed(seen);
}

/* Each side opened with as many hops as there are, and its packets have few of them. */
static void whose_packets_all_come_from_afar_is_read(void **state)
{
	struct seen *seen = *state;
	put_client(seen, (struct wire){.flags = TCP_SYN, .ttl = 255});
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_SYN | TCP_ACK,
				.ttl = 255});
	client(seen, 0, NULL);
	for (uint32_t i = 0; i < 12; i++) {
		(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
					.flags = TCP_ACK,
					.offset = i,
					.acknowledged = i,
					.text = "s"});
		put_client(seen,
			(struct wire){.offset = i, .acknowledged = i + 1, .text = "c"});
	}
	acknowledge(seen, 12);
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "cccccccccccc");
	assert_string_equal(seen->text[DIRECTION_TO_CLIENT], "ssssssssssss");
}

/* Another way of the packets than before: some hops less. */
static void a_word_from_a_little_further_is_believed(void **state)
{
	struct seen *seen = *state;
	talk(seen);
	put_client(seen,
		(struct wire){
			.offset = 4, .acknowledged = 3, .text = "MAIL", .ttl = 50});
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_ACK,
				.offset = 3,
				.acknowledged = 8,
				.ttl = 50});
	assert_string_equal(seen->text[DIRECTION_TO_SERVER], "EHLOMAIL");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_handshake_made_up_by_a_third_party_changes_nothing),
		TEST(so_it_is_when_the_servers_side_asks),
		TEST(so_it_is_behind_a_reset_that_was_none),
		TEST(a_syn_alone_ends_nothing_behind_silence),
		TEST(bytes_behind_it_are_another_connection),
		TEST(ports_used_again_are_a_flow_with_its_own_handshake),
		TEST(who_is_left_for_bytes_made_up_is_picked_up_again),
		TEST(nobody_else_is_taken_for_who_was_left),
		TEST(nor_for_who_was_picked_up),
		TEST(so_it_is_when_what_was_made_up_has_ended),
		TEST(so_it_is_when_it_was_reset),
		TEST(ports_used_again_end_as_any_flow_does),
		TEST(an_old_segment_does_not_pick_it_up),
		TEST(an_answer_with_any_numbers_teaches_nothing),
		TEST(numbers_far_off_and_back_again_lose_nothing),
		TEST(who_goes_on_far_off_is_read_behind_bytes_made_up_at_the_old_place),
		TEST(a_jump_that_lasts_is_no_doubt),
		TEST(a_word_with_few_hops_left_is_nobodys),
		TEST(a_word_with_few_hops_left_loses_no_bytes),
		TEST(whose_packets_all_come_from_afar_is_read),
		TEST(a_word_from_a_little_further_is_believed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
