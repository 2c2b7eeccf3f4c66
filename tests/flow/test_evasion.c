#include "flow_run.h"

#include "flow/stream.h"

/* Segments that their receiver may not take, or may read in two ways. */

static void syn_data_that_the_answer_does_not_cover_is_no_evidence(void **state)
{
	struct seen *seen = *state;
	put_client(seen, (struct wire){.flags = TCP_SYN, .text = "GET /x\r\n"});
	(void)put(seen,
		(struct wire){.way = DIRECTION_TO_CLIENT, .flags = TCP_SYN | TCP_ACK});
	client(seen, 0, "EHLO a\r\n");
	assert_string_equal(client_text(seen), "EHLO a\r\n");
	assert_int_equal(seen->ambiguous, 1);
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_SYN);
}

static void syn_data_that_the_answer_covers_are_read(void **state)
{
	struct seen *seen = *state;
	put_client(seen, (struct wire){.flags = TCP_SYN, .text = "EHLO a\r\n"});
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_SYN | TCP_ACK,
				.acknowledged = 8});
	assert_string_equal(client_text(seen), "EHLO a\r\n");
	assert_int_equal(seen->ambiguous, 0);
}

static void syn_data_sent_again_are_no_second_version(void **state)
{
	struct seen *seen = *state;
	put_client(seen, (struct wire){.flags = TCP_SYN, .text = "EHLO a\r\n"});
	(void)put(seen,
		(struct wire){.way = DIRECTION_TO_CLIENT, .flags = TCP_SYN | TCP_ACK});
	client(seen, 0, "EHLO a\r\n");
	assert_string_equal(client_text(seen), "EHLO a\r\n");
	assert_int_equal(seen->ambiguous, 0);
}

static void syn_data_that_nobody_answers_are_what_there_is(void **state)
{
	struct seen *seen = *state;
	put_client(seen, (struct wire){.flags = TCP_SYN, .text = "EHLO a\r\n"});
	flow_table_drain(seen->table);
	assert_string_equal(client_text(seen), "EHLO a\r\n");
}

static void a_decoy_with_fewer_hops_left_gives_way_to_the_real_bytes(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	put_client(seen, (struct wire){.text = "GET /index\r\n", .ttl = 63});
	assert_string_equal(client_text(seen), "");
	client(seen, 0, "EHLO a\r\n");
	assert_string_equal(client_text(seen), "EHLO a\r\n");
	assert_int_equal(seen->ambiguous, 1);
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_TTL);
	assert_int_equal(seen->ambiguity.first.len, 12);
	assert_memory_equal(seen->ambiguity.second.bytes, "EHLO", 4);
	acknowledge(seen, 12);
	assert_string_equal(client_text(seen), "EHLO a\r\n");
}

static void another_path_is_believed_once_it_is_acknowledged(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	put_client(seen, (struct wire){.text = "EHLO a\r\n", .ttl = 60});
	acknowledge(seen, 8);
	assert_string_equal(client_text(seen), "EHLO a\r\n");
	put_client(seen, (struct wire){.offset = 8, .text = "QUIT\r\n", .ttl = 60});
	assert_string_equal(client_text(seen), "EHLO a\r\nQUIT\r\n");
	put_client(seen, (struct wire){.offset = 14, .text = "late", .ttl = 59});
	assert_string_equal(client_text(seen), "EHLO a\r\nQUIT\r\n");
	assert_int_equal(seen->ambiguous, 0);
}

static void a_decoy_syn_with_few_hops_left_teaches_nothing(void **state)
{
	struct seen *seen = *state;
	put_client(seen, (struct wire){.flags = TCP_SYN, .ttl = 2});
	handshake(seen);
	put_client(seen, (struct wire){.text = "GET /\r\n", .ttl = 3});
	client(seen, 0, "EHLO a\r\n");
	assert_string_equal(client_text(seen), "EHLO a\r\n");
}

static void what_waits_for_a_word_is_read_when_the_capture_ends_before_it(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	put_client(seen, (struct wire){.text = "EHLO a\r\n", .ttl = 60});
	flow_table_drain(seen->table);
	assert_string_equal(client_text(seen), "EHLO a\r\n");
}

static void what_was_taken_outside_any_window_begins_anew(void **state)
{
	struct seen *seen = *state;
	const uint32_t far = UINT32_C(0x7fffffff);
	handshake(seen);
	client(seen, 0, "EHLO a\r\n");
	put_client(seen, (struct wire){.offset = 8 + far, .text = "ab", .ttl = 60});
	put_client(seen, (struct wire){.offset = 9, .text = "cd", .ttl = 60});
	acknowledge(seen, 8 + far + 2);
	acknowledge(seen, 11);
	flow_table_drain(seen->table);
	assert_string_equal(client_text(seen), "EHLO a\r\n<0>ab");
}

static void what_was_passed_over_is_never_read(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	put_client(seen, (struct wire){.text = "AUTH PLAIN x\r\n", .ttl = 2});
	acknowledge(seen, 0);
	flow_table_drain(seen->table);
	assert_string_equal(client_text(seen), "");
}

static void more_decoys_than_may_wait_are_read_and_the_real_bytes_told(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	for (int i = 0; i <= STREAM_ASIDE_MAX; i++) {
		put_client(seen, (struct wire){.text = "GET /\r\n", .ttl = 2});
	}
	client(seen, 0, "EHLO a\r\n");
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_VERSIONS);
}

static void once_the_decoys_are_gone_others_wait_again(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	for (int i = 0; i < 5; i++) {
		put_client(seen, (struct wire){.text = "GET /\r\n", .ttl = 2});
	}
	put_client(seen, (struct wire){.text = "EHLO a\r\n"});
	put_client(seen, (struct wire){.offset = 8, .text = "junk", .ttl = 2});
	put_client(seen, (struct wire){.offset = 8, .text = "MAIL"});
	const char *text = seen->text[DIRECTION_TO_SERVER];
	assert_true(strlen(text) > 4);
	assert_string_equal(text + strlen(text) - 4, "MAIL");
}

static void a_segment_without_ack_waits(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	put_client(seen, (struct wire){.flags = TCP_PSH, .text = "GET /\r\n"});
	client(seen, 0, "EHLO a\r\n");
	assert_string_equal(client_text(seen), "EHLO a\r\n");
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_NO_ACK);
}

static void a_segment_that_acknowledges_what_was_never_sent_waits(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	put_client(seen, (struct wire){.text = "GET /\r\n", .acknowledged = 90000});
	client(seen, 0, "EHLO a\r\n");
	assert_string_equal(client_text(seen), "EHLO a\r\n");
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_UNSENT);
}

static void a_wrong_sum_behind_right_ones_waits(void **state)
{
	struct seen *seen = *state;
	handshake_with_sums(seen, false);
	put_client(seen, (struct wire){.text = "GET /\r\n",
				 .is_sum_told = true,
				 .is_sum_wrong = true});
	put_client(seen, (struct wire){.text = "EHLO a\r\n", .is_sum_told = true});
	assert_string_equal(client_text(seen), "EHLO a\r\n");
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_CHECKSUM);
}

static void sums_left_to_the_network_card_tell_nothing(void **state)
{
	struct seen *seen = *state;
	handshake_with_sums(seen, true);
	put_client(seen, (struct wire){.text = "EHLO a\r\n",
				 .is_sum_told = true,
				 .is_sum_wrong = true});
	assert_string_equal(client_text(seen), "EHLO a\r\n");
}

static void a_wrong_sum_of_one_who_leaves_sums_to_his_card_waits(void **state)
{
	struct seen *seen = *state;
	const struct wire left = {
		.text = "EHLO a\r\n", .is_sum_told = true, .is_sum_left = true};
	put_client(seen,
		(struct wire){
			.flags = TCP_SYN, .is_sum_told = true, .is_sum_left = true});
	(void)put(seen,
		(struct wire){.way = DIRECTION_TO_CLIENT, .flags = TCP_SYN | TCP_ACK});
	put_client(seen, (struct wire){.text = "GET /\r\n",
				 .is_sum_told = true,
				 .is_sum_wrong = true});
	put_client(seen, left); /* near miss */
	assert_string_equal(client_text(seen), "EHLO a\r\n");
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_CHECKSUM);
	assert_int_equal(flow_table_counters(seen->table)->sums[CHECKSUM_OFFLOADED], 1);
}

static void without_a_handshake_the_first_packets_tell_of_the_sums(void **state)
{
	struct seen *seen = *state;
	server(seen, 0, "220 a\r\n");
	put_client(seen, (struct wire){.text = "EH", .is_sum_told = true});
	put_client(seen, (struct wire){.offset = 2,
				 .text = "GET /\r\n",
				 .is_sum_told = true,
				 .is_sum_wrong = true});
	put_client(seen,
		(struct wire){.offset = 2, .text = "LO a\r\n", .is_sum_told = true});
	assert_string_equal(client_text(seen), "EHLO a\r\n");
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_CHECKSUM);
}

static void without_a_handshake_the_first_packets_tell_of_the_hops(void **state)
{
	struct seen *seen = *state;
	server(seen, 0, "220 a\r\n");
	client(seen, 0, NULL);
	put_client(seen, (struct wire){.text = "GET /\r\n", .ttl = 3});
	client(seen, 0, "EHLO a\r\n");
	assert_string_equal(client_text(seen), "EHLO a\r\n");
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_TTL);
}

static void a_wrong_sum_that_was_acknowledged_after_all_is_the_captures(void **state)
{
	struct seen *seen = *state;
	handshake_with_sums(seen, false);
	put_client(seen, (struct wire){.text = "EHLO a\r\n",
				 .is_sum_told = true,
				 .is_sum_wrong = true});
	acknowledge(seen, 8);
	put_client(seen, (struct wire){.offset = 8,
				 .text = "QUIT\r\n",
				 .is_sum_told = true,
				 .is_sum_wrong = true});
	assert_string_equal(client_text(seen), "EHLO a\r\nQUIT\r\n");
	assert_int_equal(seen->ambiguous, 0);
}

static void an_urgent_byte_is_out_of_line(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	put_client(seen, (struct wire){.text = "AUXTH PLAIN\r\n", .urgent = 3});
	assert_string_equal(client_text(seen), "AUTH PLAIN\r\n");
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_URGENT);
}

static void an_urgent_byte_ahead_of_a_hole_is_out_of_line_as_well(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	put_client(seen, (struct wire){.offset = 2, .text = "XTH\r\n", .urgent = 1});
	client(seen, 0, "AU");
	assert_string_equal(client_text(seen), "AUTH\r\n");
}

static void two_versions_of_a_segment_are_told_however_long_either_is(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client(seen, 0, "NOOP and a long tail\r\n");
	client(seen, 0, "AUTH x\r\n");
	assert_int_equal(seen->ambiguous, 1);
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_VERSIONS);
	client(seen, 5, "or none\r\n");
	assert_int_equal(seen->ambiguous, 2);
}

static void versions_of_a_long_segment_are_told_wherever_they_differ(void **state)
{
	struct seen *seen = *state;
	char first[1400];
	memset(first, 'x', sizeof(first));
	memcpy(first + sizeof(first) - 7, "NOOP\r\n", 7);
	char second[sizeof(first)];
	memcpy(second, first, sizeof(first));
	handshake(seen);
	client(seen, 0, first);
	client(seen, 0, second);
	assert_int_equal(seen->ambiguous, 0);
	memcpy(second + sizeof(second) - 7, "AUTH\r\n", 7);
	client(seen, 0, second);
	assert_int_equal(seen->ambiguous, 1);
	/* the sum of both is the same one: the head tells */
	memcpy(second, first, sizeof(first));
	second[7] = (char)(second[7] ^ 0x80);
	second[39] = (char)(second[39] ^ 0x80);
	client(seen, 0, second);
	assert_int_equal(seen->ambiguous, 2);
}

static void a_byte_alone_is_compared_until_it_is_acknowledged(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client(seen, 0, "NOOP\r\n");
	acknowledge(seen, 6);
	client(seen, 6, "A");
	client(seen, 6, "A");
	assert_int_equal(seen->ambiguous, 0);
	client(seen, 6, "N");
	assert_int_equal(seen->ambiguous, 1);
	put_client(seen, (struct wire){.offset = 6, .text = "", .len = 1});
	assert_int_equal(seen->ambiguous, 1); /* a keep-alive, as most are */
	acknowledge(seen, 7);
	client(seen, 6, "N"); /* a keep-alive may say anything */
	assert_int_equal(seen->ambiguous, 1);
}

static void another_version_behind_the_acknowledgement_comes_too_late(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client(seen, 0, "NOOP\r\n");
	acknowledge(seen, 6);
	client(seen, 0, "AUTH\r\n");
	assert_int_equal(seen->ambiguous, 0);
	assert_int_equal(flow_table_counters(seen->table)->overlaps_conflicting, 1);
}

static void a_retransmission_and_a_keep_alive_are_no_second_version(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client(seen, 0, "NOOP\r\n");
	client(seen, 6, "QUIT\r\n");
	client(seen, 0, "NOOP\r\nQUIT\r\n");
	client(seen, 2, "OP\r\nQU");
	acknowledge(seen, 12);
	client(seen, 11, "?");
	assert_int_equal(seen->ambiguous, 0);
}

static void two_versions_of_a_fragment_are_told(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	put_client(
		seen, (struct wire){.text = "EHLO a\r\n", .is_fragmented_twice = true});
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_FRAGMENTS);
}

static void a_guess_between_two_fragments_waits_for_the_word_of_the_other_end(
	void **state)
{
	struct seen *seen = *state;
	const struct wire guess = {.text = "GET /\r\n",
		.is_fragmented_twice = true,
		.is_version_guessed = true};
	handshake(seen);
	put_client(seen, guess);
	client(seen, 0, "EHLO a\r\n"); /* it was dropped, and sent again */
	assert_string_equal(client_text(seen), "EHLO a\r\n");
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_FRAGMENTS);
}

static void a_guess_between_two_fragments_is_told_once_it_is_acknowledged(void **state)
{
	struct seen *seen = *state;
	const struct wire guess = {.text = "EHLO a\r\n",
		.is_fragmented_twice = true,
		.is_version_guessed = true};
	handshake(seen);
	put_client(seen, guess);
	acknowledge(seen, 8);
	assert_string_equal(client_text(seen), "EHLO a\r\n");
	assert_int_equal(seen->ambiguous, 1);
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_FRAGMENTS);
}

static void junk_ahead_does_not_give_up_a_hole_that_its_receiver_has(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	for (uint32_t i = 0; i < 200; i++) {
		client(seen, 100001 + 2 * i, "x");
	}
	client(seen, 0, "AUTH PLAIN x\r\n");
	assert_string_equal(client_text(seen), "AUTH PLAIN x\r\n");
}

/* Every other byte, then those between: "many" holes, and the receiver has them too. */
static void many_holes_hide_nothing(void **state)
{
	struct seen *seen = *state;
	char text[402];
	memset(text, 'x', sizeof(text));
	handshake(seen);
	for (uint32_t i = 1; i < 401; i += 2) {
		client(seen, i, (char[]){text[i], '\0'});
	}
	for (uint32_t i = 0; i < 401; i += 2) {
		client(seen, i, (char[]){text[i], '\0'});
	}
	text[401] = '\0';
	assert_string_equal(client_text(seen), text);
	assert_int_equal(seen->ambiguous, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(syn_data_that_the_answer_does_not_cover_is_no_evidence),
		TEST(syn_data_that_the_answer_covers_are_read),
		TEST(syn_data_sent_again_are_no_second_version),
		TEST(syn_data_that_nobody_answers_are_what_there_is),
		TEST(a_decoy_with_fewer_hops_left_gives_way_to_the_real_bytes),
		TEST(another_path_is_believed_once_it_is_acknowledged),
		TEST(a_decoy_syn_with_few_hops_left_teaches_nothing),
		TEST(what_waits_for_a_word_is_read_when_the_capture_ends_before_it),
		TEST(what_was_taken_outside_any_window_begins_anew),
		TEST(what_was_passed_over_is_never_read),
		TEST(more_decoys_than_may_wait_are_read_and_the_real_bytes_told),
		TEST(once_the_decoys_are_gone_others_wait_again),
		TEST(a_segment_without_ack_waits),
		TEST(a_segment_that_acknowledges_what_was_never_sent_waits),
		TEST(a_wrong_sum_behind_right_ones_waits),
		TEST(sums_left_to_the_network_card_tell_nothing),
		TEST(a_wrong_sum_of_one_who_leaves_sums_to_his_card_waits),
		TEST(without_a_handshake_the_first_packets_tell_of_the_sums),
		TEST(without_a_handshake_the_first_packets_tell_of_the_hops),
		TEST(a_wrong_sum_that_was_acknowledged_after_all_is_the_captures),
		TEST(an_urgent_byte_is_out_of_line),
		TEST(an_urgent_byte_ahead_of_a_hole_is_out_of_line_as_well),
		TEST(two_versions_of_a_segment_are_told_however_long_either_is),
		TEST(versions_of_a_long_segment_are_told_wherever_they_differ),
		TEST(a_byte_alone_is_compared_until_it_is_acknowledged),
		TEST(another_version_behind_the_acknowledgement_comes_too_late),
		TEST(a_retransmission_and_a_keep_alive_are_no_second_version),
		TEST(two_versions_of_a_fragment_are_told),
		TEST(a_guess_between_two_fragments_waits_for_the_word_of_the_other_end),
		TEST(a_guess_between_two_fragments_is_told_once_it_is_acknowledged),
		TEST(junk_ahead_does_not_give_up_a_hole_that_its_receiver_has),
		TEST(many_holes_hide_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
