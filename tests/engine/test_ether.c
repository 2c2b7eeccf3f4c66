#include "engine_run.h"

/* The last byte of its sender's and its receiver's address; 0: not known. */
static void assert_ether(
	const struct told *told, enum direction way, unsigned src, unsigned dst)
{
	const struct record_ether *ether = &told->ether[way];
	assert_int_equal(ether->is_known, src != 0);
	assert_int_equal(ether->src[0], src != 0 ? 2 : 0);
	assert_int_equal(ether->src[RECORD_ETHER_BYTES - 1], src);
	assert_int_equal(ether->dst[RECORD_ETHER_BYTES - 1], dst);
}

static void a_flow_has_the_addresses_of_its_first_frames_each_way(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	run->is_ethernet = true;
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 25);
	smtp_greeting(&line);
	run->is_ethernet = false;
	hang_up(&line);
	assert_int_equal(run_last(run)->kind, TOLD_MAIL);
	assert_ether(run_last(run), DIRECTION_TO_SERVER, 1, 2);
	assert_ether(run_last(run), DIRECTION_TO_CLIENT, 2, 1);
	run_end(run);
}

static void a_frame_of_another_link_layer_has_none(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 25);
	smtp_sender(&line);
	hang_up(&line);
	assert_true(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE) > 0);
	for (size_t i = 0; i < run->told_count; i++) {
		assert_ether(&run->told[i], DIRECTION_TO_SERVER, 0, 0);
		assert_ether(&run->told[i], DIRECTION_TO_CLIENT, 0, 0);
	}
	run_end(run);
}

static void another_flows_frame_is_not_taken_for_it(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 25);
	smtp_sender(&line);
	run->is_ethernet = true;
	struct line other = open_line(run, WORKSTATION, 40001, INTERNET, 25);
	say(&other, CLIENT, "EHLO x\r\n");
	run->now_us += 3600 * SECOND_US;
	say(&other, CLIENT, "NOOP\r\n");
	engine_drain(run->engine);
	for (size_t i = 0; i < run->told_count; i++) {
		const bool is_other = run->told[i].client_port == 40001;
		assert_ether(
			&run->told[i], DIRECTION_TO_SERVER, is_other, is_other * 2);
	}
	run_end(run);
}

static void an_attempt_has_those_of_the_packet_that_ended_it(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	run->is_ethernet = true;
	struct line refused = line_of(run, WORKSTATION, 40000, INTERNET, 25);
	segment(&refused, CLIENT, TCP_SYN, refused.next[CLIENT] - 1, text_of(""));
	segment(&refused, SERVER, TCP_RST | TCP_ACK, 0, text_of(""));
	assert_string_equal(run_last(run)->state, "reset");
	assert_ether(run_last(run), DIRECTION_TO_SERVER, 0, 0);
	assert_ether(run_last(run), DIRECTION_TO_CLIENT, 2, 1);
	struct line silent = line_of(run, WORKSTATION, 40001, INTERNET, 25);
	segment(&silent, CLIENT, TCP_SYN, silent.next[CLIENT] - 1, text_of(""));
	engine_drain(run->engine);
	assert_string_equal(run_last(run)->state, "syn");
	assert_ether(run_last(run), DIRECTION_TO_SERVER, 0, 0);
	run_end(run);
}

static void a_tunnels_flow_has_the_outer_frames(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	run->is_ethernet = true;
	run->outer[CLIENT] = "192.0.2.71";
	run->outer[SERVER] = "203.0.113.9";
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 25);
	smtp_sender(&line);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_TUNNEL_MAIL), 1);
	assert_string_equal(run_last(run)->source, "192.0.2.71");
	assert_ether(run_last(run), DIRECTION_TO_SERVER, 1, 2);
	run_end(run);
}

/* Which of the outer ends is the client's is not known: better none than the wrong one. */
static void and_none_where_the_server_alone_is_seen(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	run->is_ethernet = true;
	run->outer[CLIENT] = "192.0.2.71";
	run->outer[SERVER] = "203.0.113.9";
	struct line line = line_of(run, WORKSTATION, 40000, INTERNET, 25);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n250-mx.example.net\r\n");
	say(&line, SERVER, "250 SIZE\r\n250 ok\r\n250 ok\r\n354 go on\r\n");
	engine_drain(run->engine);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_TUNNEL_MAIL), 1);
	assert_ether(&run->told[0], DIRECTION_TO_CLIENT, 0, 0);
	assert_ether(run_last(run), DIRECTION_TO_CLIENT, 2, 1);
	run_end(run);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_flow_has_the_addresses_of_its_first_frames_each_way),
		TEST(a_frame_of_another_link_layer_has_none),
		TEST(another_flows_frame_is_not_taken_for_it),
		TEST(an_attempt_has_those_of_the_packet_that_ended_it),
		TEST(a_tunnels_flow_has_the_outer_frames),
		TEST(and_none_where_the_server_alone_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
