#include "engine_run.h"

#include "../analyze/dns_maker.h"
#include "engine/lookups.h"

#define RESOLVER "203.0.113.53"

static void assert_one_lookup(const struct engine_run *run, bool is_udp)
{
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_MX_LOOKUP), 1);
	assert_int_equal(run_last(run)->protocol, PROTOCOL_DNS);
	assert_int_equal(run_last(run)->is_udp, is_udp);
	assert_string_equal(run_last(run)->evidence, "query");
	assert_int_equal(run_mails(run), 0);
}

static void a_query_for_an_mx_over_udp_is_an_alert_and_no_record(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	const struct line line = line_of(run, WORKSTATION, 40000, RESOLVER, 53);
	uint8_t query[64];
	const size_t len = make_mx_query(query);
	datagram(&line, query, len);
	assert_one_lookup(run, true);
	assert_int_equal(run_last(run)->time_us, NOW_US);
	assert_string_equal(run_last(run)->state, "new");
	assert_int_equal(engine_flows(run->engine), 0);
	run_end(run);
}

static void other_datagrams_tell_nothing(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = line_of(run, WORKSTATION, 40000, RESOLVER, 53);
	uint8_t query[64];
	const size_t len = make_mx_query(query);
	for (size_t cut = 0; cut < len; cut++) {
		datagram(&line, query, cut);
	}
	query[len - 3] = 1; /* an address */
	datagram(&line, query, len);
	line.ports[SERVER] = 54;
	(void)make_mx_query(query);
	datagram(&line, query, len);
	assert_int_equal(run->told_count, 0);
	assert_int_equal(run_counter(run, "packets.udp"), len + 2);
	run_end(run);
}

static void only_a_datagram_toward_a_name_server_is_wanted(void **state)
{
	(void)state;
	uint8_t query[64];
	struct dns_question question;
	struct packet packet = {.transport = IPPROTO_UDP,
		.dst_port = 53,
		.payload = query,
		.payload_len = (uint32_t)make_mx_query(query)};
	assert_true(lookups_wanted(&packet, &question));
	assert_string_equal(question.type, "MX");
	assert_string_equal(question.name, "example.org");
	packet.dst_port = 5353;
	assert_false(lookups_wanted(&packet, &question));
	packet.dst_port = 53;
	packet.transport = IPPROTO_TCP;
	assert_false(lookups_wanted(&packet, &question));
}

/* Two bytes of length in front: RFC 1035 section 4.2.2. */
static size_t make_stream(uint8_t stream[128], size_t queries)
{
	size_t len = 0;
	for (size_t i = 0; i < queries; i++) {
		const size_t query = make_mx_query(stream + len + 2);
		put16(stream + len, query);
		len += 2 + query;
	}
	return len;
}

static void a_query_over_tcp_is_told_when_it_is_whole(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, RESOLVER, 53);
	uint8_t stream[128];
	const size_t len = make_stream(stream, 1);
	for (size_t at = 0; at + 1 < len; at++) {
		say_bytes(&line, CLIENT, stream + at, 1);
		assert_int_equal(run->phase,
			at < 13 ? CONVERSATION_CLASSIFY : CONVERSATION_LOOKUPS);
	}
	assert_int_equal(run->told_count, 0);
	say_bytes(&line, CLIENT, stream + len - 1, 1);
	assert_one_lookup(run, false);
	say_bytes(&line, CLIENT, stream, 1);
	say_bytes(&line, SERVER, stream, len);
	assert_int_equal(run->phase, CONVERSATION_LOOKUPS);
	hang_up(&line);
	assert_one_lookup(run, false);
	run_end(run);
}

/* An address first, in a message of 1,200 bytes; then what mail servers ask. */
static void a_later_query_is_told_however_long_those_before_it_are(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, RESOLVER, 53);
	uint8_t stream[1202] = {0};
	const size_t len = make_mx_query(stream + 2);
	put16(stream, sizeof(stream) - 2);
	stream[2 + len - 3] = 1;
	say_bytes(&line, CLIENT, stream, sizeof(stream));
	say_bytes(&line, SERVER, stream, 40);
	assert_int_equal(run->told_count, 0);
	say_bytes(&line, CLIENT, stream, make_stream(stream, 1));
	assert_one_lookup(run, false);
	run_end(run);
}

/* A first query is only the client's word: what the server says counts. */
/* Its length begins with a letter that is none of text: 60,000 bytes. */
static void a_query_behind_a_long_answer_is_told(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, RESOLVER, 53);
	uint8_t stream[128];
	const size_t len = make_stream(stream, 1);
	static uint8_t answer[1200] = {60000 >> 8, 60000 & 0xff};
	stream[len - 3] = 1; /* an address */
	say_bytes(&line, CLIENT, stream, len);
	for (unsigned i = 0; i < 50; i++) {
		say_bytes(&line, SERVER, answer, sizeof(answer));
	}
	assert_int_equal(run->phase, CONVERSATION_LOOKUPS);
	(void)make_stream(stream, 1);
	say_bytes(&line, CLIENT, stream, len);
	assert_one_lookup(run, false);
	run_end(run);
}

static void mail_behind_a_query_is_mail(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 53);
	uint8_t stream[128];
	say_bytes(&line, CLIENT, stream, make_stream(stream, 1));
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	assert_int_equal(run->phase, CONVERSATION_CLASSIFY);
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	say(&line, SERVER, "250-mx.example.net\r\n250 SIZE\r\n");
	smtp_message(&line);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	run_end(run);
}

/* The server has not spoken when the client goes on with something else. */
static void text_behind_a_query_is_heard_out(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 53);
	uint8_t stream[128];
	say_bytes(&line, CLIENT, stream, make_stream(stream, 1));
	say(&line, CLIENT, "EHLO host.example.org\r\n");
	assert_int_equal(run->phase, CONVERSATION_CLASSIFY);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n250 mx.example.net\r\n");
	smtp_message(&line);
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	run_end(run);
}

static void a_lost_query_ends_the_reading(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, RESOLVER, 53);
	uint8_t stream[128];
	const size_t len = make_stream(stream, 1);
	say_bytes(&line, CLIENT, stream, len);
	lose(&line, CLIENT, 7);
	for (size_t at = 0; at < len; at++) {
		say_bytes(&line, CLIENT, stream + at, 1);
	}
	acknowledge(&line, SERVER);
	assert_int_equal(run_counter(run, "tcp.gap_bytes"), 7);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	hang_up(&line);
	assert_one_lookup(run, false);
	assert_int_equal(run_counter(run, "alerts.folded"), 0);
	run_end(run);
}

static void two_queries_in_one_segment_are_both_told(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, RESOLVER, 53);
	uint8_t stream[128];
	say_bytes(&line, CLIENT, stream, make_stream(stream, 2));
	assert_one_lookup(run, false);
	assert_int_equal(run_counter(run, "alerts.folded"), 1);
	run_end(run);
}

/* What is kept of the first bytes may end anywhere, in the next one's header too. */
static void queries_beyond_the_first_kilobyte_are_told(void **state)
{
	(void)state;
	for (size_t first = 1000; first < 1030; first++) {
		struct engine_run *run = run_begin();
		struct line line = open_line(run, WORKSTATION, 40000, RESOLVER, 53);
		uint8_t stream[1100] = {0};
		(void)make_mx_query(stream + 2);
		put16(stream, first - 2);
		stream[2 + 12 + 13 + 1] = 1; /* its type: an address */
		const size_t len = first + make_stream(stream + first, 1);
		say_bytes(&line, CLIENT, stream, len);
		assert_one_lookup(run, false);
		run_end(run);
	}
}

static void half_a_query_tells_nothing_at_its_end(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line line = open_line(run, WORKSTATION, 40000, RESOLVER, 53);
	uint8_t stream[128];
	say_bytes(&line, CLIENT, stream, make_stream(stream, 1) - 1);
	assert_int_equal(run->phase, CONVERSATION_LOOKUPS);
	hang_up(&line);
	assert_int_equal(run->told_count, 0);
	run_end(run);
}

/* Packets in front of it in the same call have their turn before it. */
static void a_query_waits_for_the_packets_in_front_of_it(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct line mail = open_line(run, WORKSTATION, 40000, INTERNET, 25);
	say(&mail, SERVER, "220 mx.example.net ESMTP\r\n");
	const struct line line = line_of(run, WORKSTATION, 40000, RESOLVER, 53);
	struct frame_bytes made[2];
	uint8_t query[64];
	make_segment(&made[0], &mail, CLIENT, TCP_ACK, mail.next[CLIENT],
		text_of("EHLO host.example.org\r\nMAIL FROM:<>\r\n"));
	make_datagram(&made[1], &line, query, make_mx_query(query));
	struct frame frames[2];
	for (unsigned i = 0; i < 2; i++) {
		frames[i] = (struct frame){.time_us = NOW_US + i,
			.bytes = frame_at(&made[i]),
			.captured_len = (uint32_t)made[i].len,
			.wire_len = (uint32_t)made[i].len,
			.link_type = LINK_RAW_IP};
	}
	engine_frames(run->engine, frames, 2);
	assert_int_equal(run->told[0].finding, FINDING_SENDER_ILLEGITIMATE);
	assert_int_equal(run->told[0].time_us, NOW_US);
	assert_one_lookup(run, true);
	assert_int_equal(run_last(run)->time_us, NOW_US + 1);
	run_end(run);
}

/* An answer of the resolver's gives its address a name, in the record of a flow behind it. */
static void an_answer_names_the_host_of_an_alert(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	const struct line line = line_of(run, WORKSTATION, 40000, "192.0.2.53", 53);
	struct dns_made query = dns_made(7, 0x0100, "mx.example.net", DNS_TYPE_A);
	struct dns_made answer = dns_made(7, 0x8180, "mx.example.net", DNS_TYPE_A);
	dns_put_address(&answer, "mx.example.net", 60, INTERNET);
	struct line back = line_of(run, "192.0.2.53", 53, WORKSTATION, 40000);
	datagram(&back, answer.bytes, answer.len); /* nobody asked */
	assert_int_equal(run_counter(run, "dns.unasked"), 1);
	datagram(&line, query.bytes, query.len);
	datagram(&back, answer.bytes, answer.len);
	assert_int_equal(run_counter(run, "dns.answers"), 1);
	struct line mail = open_line(run, WORKSTATION, 40001, INTERNET, 25);
	say(&mail, SERVER, "220 mx.example.net ESMTP\r\n");
	say(&mail, CLIENT, "EHLO pc.example.org\r\n");
	say(&mail, SERVER, "250 mx.example.net\r\n");
	say(&mail, CLIENT, "MAIL FROM:<a@example.org>\r\n");
	assert_int_equal(run_told(run, TOLD_ALERT, FINDING_SENDER_ILLEGITIMATE), 1);
	assert_string_equal(run_last(run)->to_name, "mx.example.net");
	run_end(run);
}

/* A message behind its length, as a TCP stream holds it. */
static void say_message(struct line *line, enum side side, const struct dns_made *made)
{
	uint8_t stream[2 + sizeof(made->bytes)];
	put16(stream, (uint16_t)made->len);
	memcpy(stream + 2, made->bytes, made->len);
	say_bytes(line, side, stream, made->len + 2);
}

static const char *name_of_mail_to(struct engine_run *run, uint16_t port)
{
	struct line mail = open_line(run, WORKSTATION, port, INTERNET, 25);
	say(&mail, SERVER, "220 mx.example.net ESMTP\r\n");
	say(&mail, CLIENT, "EHLO pc.example.org\r\n");
	say(&mail, SERVER, "250 mx.example.net\r\n");
	hang_up(&mail);
	return run_last(run)->to_name;
}

static void an_answer_over_tcp_names_the_host_and_one_that_was_not_asked_for_does_not(
	void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct dns_made query = dns_made(7, 0x0100, "mx.example.net", DNS_TYPE_A);
	struct dns_made answer = dns_made(7, 0x8180, "mx.example.net", DNS_TYPE_A);
	struct dns_made other = dns_made(8, 0x8180, "mx.example.net", DNS_TYPE_A);
	dns_put_address(&answer, "mx.example.net", 60, INTERNET);
	dns_put_address(&other, "mx.example.net", 60, INTERNET);
	struct line line = open_line(run, WORKSTATION, 40000, "192.0.2.53", 53);
	say_message(&line, CLIENT, &query);
	say_message(&line, SERVER, &other);
	assert_int_equal(run_counter(run, "dns.unasked"), 1);
	assert_string_equal(name_of_mail_to(run, 40001), "");
	say_message(&line, SERVER, &answer);
	assert_int_equal(run_counter(run, "dns.answers"), 1);
	assert_string_equal(name_of_mail_to(run, 40002), "mx.example.net");
	run_end(run);
}

static void an_answer_in_pieces_behind_others_is_read_and_one_behind_a_gap_is_not(
	void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct dns_made query = dns_made(7, 0x0100, "mx.example.net", DNS_TYPE_A);
	struct dns_made answer = dns_made(7, 0x8180, "mx.example.net", DNS_TYPE_A);
	dns_put_address(&answer, "mx.example.net", 60, INTERNET);
	struct line line = open_line(run, WORKSTATION, 40000, "192.0.2.53", 53);
	uint8_t stream[2 + sizeof(answer.bytes)];
	put16(stream, (uint16_t)answer.len);
	memcpy(stream + 2, answer.bytes, answer.len);
	for (unsigned round = 0; round < 3; round++) {
		say_message(&line, CLIENT, &query);
		for (size_t at = 0; at < answer.len + 2; at++) {
			say_bytes(&line, SERVER, stream + at, 1);
		}
		assert_int_equal(run_counter(run, "dns.answers"), round + 1);
	}
	say_message(&line, CLIENT, &query);
	lose(&line, SERVER, 3);
	for (size_t at = 0; at < answer.len + 2; at++) {
		say_bytes(&line, SERVER, stream + at, 1);
	}
	acknowledge(&line, CLIENT);
	assert_int_equal(run_counter(run, "tcp.gap_bytes"), 3);
	assert_int_equal(run_counter(run, "dns.answers"), 3);
	/* nor one behind what no server says */
	line = open_line(run, WORKSTATION, 40003, "192.0.2.53", 53);
	say_message(&line, CLIENT, &query);
	say_message(&line, SERVER, &query);
	say_message(&line, SERVER, &answer);
	assert_int_equal(run_counter(run, "dns.answers"), 3);
	run_end(run);
}

static void a_connection_whose_queries_are_answered_rests_until_the_next_one(
	void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct dns_made query = dns_made(7, 0x0100, "mx.example.net", DNS_TYPE_A);
	struct dns_made answer = dns_made(7, 0x8180, "mx.example.net", DNS_TYPE_A);
	struct dns_made later = dns_made(0, 0x0100, "mx.example.net", DNS_TYPE_A);
	struct dns_made last = dns_made(0, 0x8180, "mx.example.net", DNS_TYPE_A);
	dns_put_address(&answer, "mx.example.net", 60, INTERNET);
	dns_put_address(&last, "mx.example.net", 60, INTERNET);
	struct line line = open_line(run, WORKSTATION, 40000, "192.0.2.53", 53);
	for (unsigned round = 0; round < 2; round++) {
		say_message(&line, CLIENT, &query);
		say_message(&line, CLIENT, &later);
		say_message(&line, SERVER, &last);
		assert_int_equal(run->phase, CONVERSATION_LOOKUPS);
		say_message(&line, SERVER, &answer);
		assert_int_equal(run->phase, CONVERSATION_GONE);
		assert_int_equal(run_counter(run, "dns.answers"), 2 * (round + 1));
	}
	say_bytes(&line, CLIENT, later.bytes, 1); /* of a length: it is looked at */
	assert_int_equal(run->phase, CONVERSATION_LOOKUPS);
	run_end(run);
}

static void where_a_verdict_may_block_nothing_rests(void **state)
{
	(void)state;
	struct engine_run *run = run_new(MADE_OFFICE);
	run_enforce(run);
	run_start(run);
	struct dns_made query = dns_made(7, 0x0100, "mx.example.net", DNS_TYPE_A);
	struct dns_made answer = dns_made(7, 0x8180, "mx.example.net", DNS_TYPE_A);
	struct line line = open_line(run, WORKSTATION, 40000, "192.0.2.53", 53);
	say_message(&line, CLIENT, &query);
	say_message(&line, SERVER, &answer);
	assert_int_equal(run->phase, CONVERSATION_LOOKUPS);
	run_end(run);
}

/* What its server says first is passed over, what the client says then is not. */
static void mail_behind_queries_that_were_answered_is_mail(void **state)
{
	(void)state;
	struct engine_run *run = run_begin();
	struct dns_made query = dns_made(7, 0x0100, "mx.example.net", DNS_TYPE_A);
	struct dns_made answer = dns_made(7, 0x8180, "mx.example.net", DNS_TYPE_A);
	dns_put_address(&answer, "mx.example.net", 60, INTERNET);
	struct line line = open_line(run, WORKSTATION, 40000, INTERNET, 53);
	say_message(&line, CLIENT, &query);
	say_message(&line, SERVER, &answer);
	assert_int_equal(run->phase, CONVERSATION_GONE);
	say(&line, SERVER, "220 mx.example.net ESMTP\r\n");
	say(&line, CLIENT, "EHLO pc.example.org\r\n");
	say(&line, SERVER, "250 mx.example.net\r\n");
	say(&line, CLIENT, "MAIL FROM:<a@example.org>\r\n");
	say(&line, SERVER, "250 ok\r\n");
	hang_up(&line);
	assert_int_equal(run_mails(run), 1);
	run_end(run);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_query_for_an_mx_over_udp_is_an_alert_and_no_record),
		TEST(other_datagrams_tell_nothing),
		TEST(only_a_datagram_toward_a_name_server_is_wanted),
		TEST(a_query_over_tcp_is_told_when_it_is_whole),
		TEST(a_later_query_is_told_however_long_those_before_it_are),
		TEST(a_query_behind_a_long_answer_is_told),
		TEST(mail_behind_a_query_is_mail),
		TEST(text_behind_a_query_is_heard_out),
		TEST(a_lost_query_ends_the_reading),
		TEST(two_queries_in_one_segment_are_both_told),
		TEST(queries_beyond_the_first_kilobyte_are_told),
		TEST(half_a_query_tells_nothing_at_its_end),
		TEST(an_answer_names_the_host_of_an_alert),
		TEST(an_answer_over_tcp_names_the_host_and_one_that_was_not_asked_for_does_not),
		TEST(an_answer_in_pieces_behind_others_is_read_and_one_behind_a_gap_is_not),
		TEST(a_query_waits_for_the_packets_in_front_of_it),
		TEST(a_connection_whose_queries_are_answered_rests_until_the_next_one),
		TEST(where_a_verdict_may_block_nothing_rests),
		TEST(mail_behind_queries_that_were_answered_is_mail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
