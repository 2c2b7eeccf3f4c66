#include "flow_run.h"

#include "flow/stream.h"

/* What a receiver's TCP refuses by its own rules, whoever sent it. */

/* Two times nothing, timestamps; the peer's part is never read. */
#define CLOCK(bytes) .options = "\1\1\10\12" bytes "\0\0\0\0", .options_len = 12

static const char no_scale[] = "\2\4\5\264";

static void an_older_timestamp_waits(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	server(seen, 0, "220 a\r\n");
	put_client(seen, (struct wire){CLOCK("\0\0\1\0")});
	put_client(seen, (struct wire){.text = "GET /\r\n", CLOCK("\0\0\0\377")});
	assert_string_equal(client_text(seen), "");
	put_client(seen, (struct wire){.text = "EHLO a\r\n", CLOCK("\0\0\1\0")});
	assert_string_equal(client_text(seen), "EHLO a\r\n");
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_TIMESTAMP);
}

static void a_timestamp_that_is_left_out_waits(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	put_client(seen, (struct wire){.text = "EHLO a\r\n", CLOCK("\0\0\1\0")});
	acknowledge(seen, 8);
	put_client(seen, (struct wire){.offset = 8, .text = "GET /\r\n"});
	assert_string_equal(client_text(seen), "EHLO a\r\n");
	acknowledge(seen, 15); /* not all receivers mind */
	put_client(seen, (struct wire){.offset = 15, .text = "QUIT\r\n"});
	assert_string_equal(client_text(seen), "EHLO a\r\nGET /\r\nQUIT\r\n");
	assert_int_equal(seen->ambiguous, 0);
}

/* Near misses: the clock wraps, a lost segment comes again, an old one comes late. */
static void honest_timestamps_are_no_doubt(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	put_client(
		seen, (struct wire){.text = "EHLO a\r\n", CLOCK("\377\377\377\377")});
	put_client(
		seen, (struct wire){.offset = 12, .text = "b\r\n", CLOCK("\0\0\0\2")});
	put_client(seen, (struct wire){.offset = 8, .text = "NOOP", CLOCK("\0\0\0\1")});
	put_client(
		seen, (struct wire){.text = "EHLO a\r\n", CLOCK("\377\377\377\377")});
	put_client(seen,
		(struct wire){.offset = 15, .text = "QUIT\r\n", CLOCK("\0\0\0\3")});
	assert_string_equal(client_text(seen), "EHLO a\r\nNOOPb\r\nQUIT\r\n");
	assert_int_equal(flow_table_counters(seen->table)->set_aside, 0);
}

static void a_signature_waits_until_one_is_acknowledged(void **state)
{
	static const char md5[] = "\23\22MMMMMMMMMMMMMMMM\1\1";
	struct wire wire = {
		.text = "EHLO a\r\n", .options = md5, .options_len = sizeof(md5) - 1};
	struct seen *seen = *state;
	handshake(seen);
	put_client(seen, wire);
	assert_string_equal(client_text(seen), "");
	acknowledge(seen, 8);
	wire.offset = 8;
	put_client(seen, wire);
	assert_string_equal(client_text(seen), "EHLO a\r\nEHLO a\r\n");
}

static void narrow_handshake(struct seen *seen)
{
	struct wire wire = {.way = DIRECTION_TO_SERVER,
		.flags = TCP_SYN,
		.window = 8,
		.options = no_scale,
		.options_len = sizeof(no_scale) - 1};
	(void)put(seen, wire);
	wire.way = DIRECTION_TO_CLIENT;
	wire.flags = TCP_SYN | TCP_ACK;
	(void)put(seen, wire);
	wire.way = DIRECTION_TO_SERVER;
	wire.flags = TCP_ACK;
	(void)put(seen, wire);
}

static void a_window_is_never_taken_back(void **state)
{
	struct seen *seen = *state;
	const struct wire closed = {.way = DIRECTION_TO_CLIENT,
		.flags = TCP_ACK,
		.acknowledged = 8,
		.is_window_closed = true};
	handshake(seen);
	server(seen, 0, "220 a\r\n");
	client(seen, 0, "EHLO a\r\n");
	(void)put(seen, closed); /* less leave than before is none */
	client(seen, 8, "NOOP\r\n");
	assert_string_equal(client_text(seen), "EHLO a\r\nNOOP\r\n");
}

static void a_probe_of_a_closed_window_is_no_second_version(void **state)
{
	struct seen *seen = *state;
	struct wire narrow = {.way = DIRECTION_TO_CLIENT,
		.flags = TCP_ACK,
		.text = "220 a\r\n",
		.window = 8};
	narrow_handshake(seen);
	(void)put(seen, narrow);
	client(seen, 0, "EHLO a\r\n");
	narrow.text = NULL;
	narrow.offset = 7;
	narrow.acknowledged = 8;
	narrow.is_window_closed = true;
	(void)put(seen, narrow);
	client(seen, 8, "Q"); /* the probe */
	assert_string_equal(client_text(seen), "EHLO a\r\n");
	(void)put(seen, narrow);
	narrow.is_window_closed = false;
	(void)put(seen, narrow);
	client(seen, 8, "QUIT\r\n");
	assert_string_equal(client_text(seen), "EHLO a\r\nQUIT\r\n");
	assert_int_equal(seen->ambiguous, 0);
}

static void another_version_in_a_closed_window_is_told(void **state)
{
	struct seen *seen = *state;
	const struct wire narrow = {.way = DIRECTION_TO_CLIENT,
		.flags = TCP_ACK,
		.text = "220 a\r\n",
		.window = 8};
	narrow_handshake(seen);
	(void)put(seen, narrow);
	client(seen, 0, "EHLO a\r\n");
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_ACK,
				.offset = 7,
				.acknowledged = 8,
				.is_window_closed = true});
	client(seen, 8, "NOOP\r\n");
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_ACK,
				.offset = 7,
				.acknowledged = 8,
				.window = 4000});
	client(seen, 8, "AUTH\r\n");
	assert_string_equal(client_text(seen), "EHLO a\r\nAUTH\r\n");
	assert_int_equal(seen->ambiguity.doubt, FLOW_DOUBT_WINDOW);
}

/* However much lies beyond the window, its receiver keeps none of it. */
static void junk_outside_the_window_never_gives_a_hole_up(void **state)
{
	struct seen *seen = *state;
	const struct wire narrow = {.way = DIRECTION_TO_CLIENT,
		.flags = TCP_ACK,
		.text = "220 a\r\n",
		.window = 8000};
	narrow_handshake(seen);
	(void)put(seen, narrow);
	for (uint32_t i = 0; i < 3 * STREAM_REFUSED_MAX; i++) {
		client(seen, 9000 + i * 1000, "x");
	}
	client(seen, 0, "EHLO a\r\n");
	assert_string_equal(client_text(seen), "EHLO a\r\n");
}

static void a_fin_that_never_arrives_ends_nothing(void **state)
{
	static const struct wire DECOYS[] = {{.flags = TCP_FIN | TCP_ACK, .ttl = 2},
		{.flags = TCP_FIN},
		{.flags = TCP_FIN | TCP_ACK,
			.is_sum_told = true,
			.is_sum_wrong = true}};
	struct seen *seen = *state;
	handshake_with_sums(seen, false);
	client(seen, 0, "EHLO a\r\n");
	server(seen, 0, "220 a\r\n");
	for (size_t i = 0; i < sizeof(DECOYS) / sizeof(DECOYS[0]); i++) {
		struct wire decoy = DECOYS[i];
		decoy.offset = 8;
		put_client(seen, decoy);
		(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
					.flags = TCP_FIN | TCP_ACK,
					.offset = 7,
					.ttl = 2,
					.acknowledged = 8});
	}
	assert_int_equal(seen->ended, 0);
	client(seen, 8, "QUIT\r\n");
	assert_string_equal(client_text(seen), "EHLO a\r\nQUIT\r\n");
	assert_int_equal(seen->opened, 1);
}

/* Near miss: its path changed, and the other end took it. */
static void a_doubted_fin_counts_once_it_is_acknowledged(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client(seen, 0, "EHLO a\r\n");
	server(seen, 0, "220 a\r\n");
	put_client(seen,
		(struct wire){.flags = TCP_FIN | TCP_ACK, .offset = 8, .ttl = 60});
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_FIN | TCP_ACK,
				.offset = 7,
				.acknowledged = 9});
	assert_int_equal(seen->ended, 1);
	assert_int_equal(seen->end, FLOW_END_CLOSED);
}

static void a_reset_that_never_arrives_ends_nothing(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client(seen, 0, "EHLO a\r\n");
	put_client(seen, (struct wire){.flags = TCP_RST, .offset = 8, .ttl = 2});
	assert_int_equal(seen->ended, 0);
	client(seen, 8, "QUIT\r\n");
	assert_string_equal(client_text(seen), "EHLO a\r\nQUIT\r\n");
	assert_int_equal(seen->opened, 1);
	put_client(seen, (struct wire){.flags = TCP_RST, .offset = 14}); /* near miss */
	assert_int_equal(seen->end, FLOW_END_RESET);
}

/* Nor does one in front of the first byte. */
static void an_end_in_front_of_the_first_byte_needs_its_number(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	put_client(seen, (struct wire){.flags = TCP_RST, .offset = 5});
	put_client(seen, (struct wire){.flags = TCP_RST, .ttl = 2});
	put_client(seen, (struct wire){.flags = TCP_FIN | TCP_ACK, .ttl = 2});
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_FIN | TCP_ACK,
				.ttl = 2});
	assert_int_equal(seen->ended, 0);
	put_client(seen, (struct wire){.flags = TCP_RST}); /* near miss */
	assert_int_equal(seen->ended, 1);
}

static void bytes_of_a_reset_or_of_a_late_syn_are_never_read(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client(seen, 0, "EHLO a\r\n");
	for (int i = 0; i < 2 * STREAM_ASIDE_MAX; i++) {
		put_client(seen,
			(struct wire){
				.flags = TCP_RST, .offset = 10, .text = "OP x\r\n"});
		put_client(seen,
			(struct wire){
				.flags = TCP_SYN, .offset = 8, .text = "NOOP xxx\r\n"});
	}
	client(seen, 8, "AUTH x\r\n");
	assert_string_equal(client_text(seen), "EHLO a\r\nAUTH x\r\n");
	assert_int_equal(seen->opened, 1);
}

static bool is_odd(const struct seen *seen)
{
	return flow_table_is_odd(seen->table);
}

/* Where packets wait for our word. */
static void what_no_receiver_takes_is_odd_however_much_of_it_comes(void **state)
{
	struct seen *seen = *state;
	handshake_with_sums(seen, false);
	server(seen, 0, "220 a\r\n");
	for (int i = 0; i < 3 * STREAM_ASIDE_MAX; i++) {
		put_client(seen, (struct wire){.flags = TCP_PSH, .text = "GET /\r\n"});
		assert_true(is_odd(seen));
		put_client(seen, (struct wire){.text = "GET /\r\n",
					 .is_sum_told = true,
					 .is_sum_wrong = true});
		assert_true(is_odd(seen));
	}
	client(seen, 0, "EHLO a\r\n");
	assert_false(is_odd(seen));
	assert_string_equal(client_text(seen), "EHLO a\r\n");
}

static void a_second_version_is_odd_and_a_second_copy_is_not(void **state)
{
	struct seen *seen = *state;
	handshake(seen);
	client(seen, 0, "NOOP\r\n");
	client(seen, 0, "NOOP\r\n");
	assert_false(is_odd(seen));
	client(seen, 0, "NOOP\r\nQUIT");
	assert_false(is_odd(seen));
	acknowledge(seen, 10);
	client(seen, 9, "?"); /* a keep-alive */
	assert_false(is_odd(seen));
	client(seen, 0, "AUTH\r\n");
	assert_true(is_odd(seen));
	acknowledge(seen, 6);
	assert_false(is_odd(seen));
	client(seen, 20, "ahead");
	client(seen, 20, "ahEAd");
	assert_true(is_odd(seen));
	client(seen, 10, "and so on ");
	assert_false(is_odd(seen));
}

static void a_probe_of_a_closed_window_is_let_by_and_more_is_not(void **state)
{
	struct seen *seen = *state;
	const struct wire closed = {.way = DIRECTION_TO_CLIENT,
		.flags = TCP_ACK,
		.offset = 7,
		.acknowledged = 8,
		.is_window_closed = true};
	narrow_handshake(seen);
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_ACK,
				.text = "220 a\r\n",
				.window = 8});
	client(seen, 0, "EHLO a\r\n");
	(void)put(seen, closed);
	client(seen, 8, "Q");
	assert_false(is_odd(seen));
	client(seen, 8, "QUIT\r\n");
	assert_true(is_odd(seen));
}

#define GATE(name) cmocka_unit_test_setup_teardown(name, set_up_gate, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_older_timestamp_waits),
		TEST(a_timestamp_that_is_left_out_waits),
		TEST(honest_timestamps_are_no_doubt),
		TEST(a_signature_waits_until_one_is_acknowledged),
		TEST(a_window_is_never_taken_back),
		TEST(a_probe_of_a_closed_window_is_no_second_version),
		TEST(another_version_in_a_closed_window_is_told),
		TEST(junk_outside_the_window_never_gives_a_hole_up),
		TEST(a_fin_that_never_arrives_ends_nothing),
		TEST(a_doubted_fin_counts_once_it_is_acknowledged),
		TEST(a_reset_that_never_arrives_ends_nothing),
		TEST(an_end_in_front_of_the_first_byte_needs_its_number),
		TEST(bytes_of_a_reset_or_of_a_late_syn_are_never_read),
		GATE(what_no_receiver_takes_is_odd_however_much_of_it_comes),
		GATE(a_second_version_is_odd_and_a_second_copy_is_not),
		GATE(a_probe_of_a_closed_window_is_let_by_and_more_is_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
