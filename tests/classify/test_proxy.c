#include "fixture.h"

#define GREETING                                      \
	{                                             \
		SERVER, "220 mail.example.org\r\n", 0 \
	}
#define EHLO                            \
	{                               \
		CLIENT, "EHLO x\r\n", 0 \
	}

static void assert_target(const struct talk *talk, const char *address, uint16_t port)
{
	char text[ADDRESS_TEXT_BYTES];
	assert_true(talk->result.has_target_address);
	assert_string_equal(address_text(&talk->result.target, text), address);
	assert_int_equal(talk->result.target_port, port);
}

static void assert_client(const struct talk *talk, const char *address, uint16_t port)
{
	char text[ADDRESS_TEXT_BYTES];
	assert_int_equal(talk->result.proxy, CLASSIFY_PROXY_HEADER);
	assert_true(talk->result.has_proxy_client);
	assert_string_equal(address_text(&talk->result.proxy_client, text), address);
	assert_int_equal(talk->result.proxy_client_port, port);
}

static void assert_only_the_inside_is_left(const struct talk *talk)
{
	assert_in_range(talk->prefix.len[CLIENT], 5, 8);
	assert_memory_equal(talk->prefix.bytes[CLIENT], "EHLO ", 5);
	assert_memory_equal(talk->prefix.bytes[SERVER], "220 mail", 8);
}

static void a_text_header_names_the_real_client(void **state)
{
	(void)state;
	struct talk talk;
	const struct turn turns[] = {
		{CLIENT, "PROXY TCP4 192.0.2.7 198.51.100.3 40000 25\r\n", 0}, GREETING,
		EHLO};
	assert_talk(&talk, turns, COUNT(turns), PROTOCOL_SMTP);
	assert_client(&talk, "192.0.2.7", 40000);
	const struct turn ipv6[] = {
		{CLIENT, "PROXY TCP6 2001:db8::7 2001:db8::1 40000 25\r\nEHLO x\r\n",
			0},
		GREETING};
	assert_talk(&talk, ipv6, COUNT(ipv6), PROTOCOL_SMTP);
	assert_client(&talk, "2001:db8::7", 40000);
}

static void a_header_without_addresses_is_taken_off_all_the_same(void **state)
{
	(void)state;
	struct talk talk;
	const struct turn turns[] = {{CLIENT, "PROXY UNKNOWN\r\n", 0}, GREETING, EHLO};
	assert_talk(&talk, turns, COUNT(turns), PROTOCOL_SMTP);
	assert_int_equal(talk.result.proxy, CLASSIFY_PROXY_HEADER);
	assert_false(talk.result.has_proxy_client);
	const struct turn local[] = {
		{CLIENT, "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16}, GREETING, EHLO};
	assert_talk(&talk, local, COUNT(local), PROTOCOL_SMTP);
	assert_false(talk.result.has_proxy_client);
}

static void a_binary_header_names_the_real_client(void **state)
{
	(void)state;
	struct talk talk;
	const struct turn turns[] = {{CLIENT,
					     "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0f\xc0\0"
					     "\x02\x07\xc6\x33\x64\x03"
					     "\x9c\x40\0\x19\x04\0\0",
					     31},
		GREETING, EHLO};
	assert_talk(&talk, turns, COUNT(turns), PROTOCOL_SMTP);
	assert_client(&talk, "192.0.2.7", 40000);
	assert_only_the_inside_is_left(&talk);
}

static void a_lying_header_is_not_taken(void **state)
{
	(void)state;
	struct talk talk;
	const struct turn turns[] = {
		{CLIENT, "PROXY TCP4 host.example.org 198.51.100.3 1 25\r\n", 0},
		{CLIENT, "EHLO x\r\n", 0}};
	assert_talk(&talk, turns, COUNT(turns), PROTOCOL_UNKNOWN);
	assert_int_equal(talk.result.proxy, CLASSIFY_PROXY_NONE);
}

static void a_connect_leads_to_its_target(void **state)
{
	(void)state;
	struct talk talk;
	const struct turn turns[] = {
		{CLIENT, "CONNECT mail.example.org:25 HTTP/1.1\r\nHost: x\r\n\r\n", 0},
		{SERVER, "HTTP/1.1 200 Connection established\r\n\r\n", 0}, GREETING,
		EHLO};
	assert_talk(&talk, turns, COUNT(turns), PROTOCOL_SMTP);
	assert_int_equal(talk.result.proxy, CLASSIFY_PROXY_CONNECT);
	assert_string_equal(talk.result.target_host, "mail.example.org");
	assert_int_equal(talk.result.target_port, 25);
	assert_only_the_inside_is_left(&talk);
	const struct turn ipv6[] = {
		{CLIENT, "CONNECT [2001:db8::1]:587 HTTP/1.0\r\n\r\n", 0},
		{SERVER, "HTTP/1.0 200 OK\r\n\r\n", 0}, GREETING, EHLO};
	assert_talk(&talk, ipv6, COUNT(ipv6), PROTOCOL_SMTP);
	assert_target(&talk, "2001:db8::1", 587);
}

static void the_lines_of_a_connect_may_end_by_lf_alone(void **state)
{
	(void)state;
	struct talk talk;
	const struct turn turns[] = {
		{CLIENT, "CONNECT mail.example.org:25 HTTP/1.1\nHost: x\r\n\n", 0},
		{SERVER, "HTTP/1.1 200 OK\nVia: y\n\r\n", 0}, GREETING, EHLO};
	assert_talk(&talk, turns, COUNT(turns), PROTOCOL_SMTP);
	assert_int_equal(talk.result.target_port, 25);
	assert_only_the_inside_is_left(&talk);
	const struct turn open_head[] = {
		{CLIENT, "CONNECT x:25 HTTP/1.1\nHost: x\n", 0},
		{SERVER, "HTTP/1.1 200 OK\n\r", 0}, GREETING, EHLO};
	assert_talk(&talk, open_head, COUNT(open_head), PROTOCOL_HTTP);
	assert_int_equal(talk.result.proxy, CLASSIFY_PROXY_NONE);
}

static void a_refused_connect_is_http(void **state)
{
	(void)state;
	struct talk talk;
	const struct turn turns[] = {{CLIENT, "CONNECT x:25 HTTP/1.1\r\n\r\n", 0},
		{SERVER, "HTTP/1.1 403 Forbidden\r\n\r\n", 0}};
	assert_talk(&talk, turns, COUNT(turns), PROTOCOL_HTTP);
	assert_int_equal(talk.result.proxy, CLASSIFY_PROXY_NONE);
}

/* Its answer is missing, or is not there in whole, and the client went on all the same. */
static void who_goes_on_without_an_answer_is_heard_out(void **state)
{
	(void)state;
	struct talk talk;
	const struct turn turns[] = {
		{CLIENT, "CONNECT 203.0.113.5:25 HTTP/1.1\r\n\r\n", 0},
		{SERVER, "HTTP/1.1 2", 0}, EHLO,
		{CLIENT, "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\n",
			0}};
	assert_talk(&talk, turns, COUNT(turns), PROTOCOL_SMTP);
	assert_int_equal(talk.result.proxy, CLASSIFY_PROXY_CONNECT);
	assert_target(&talk, "203.0.113.5", 25);
	const struct turn asked[] = {turns[0], turns[1]};
	assert_talk(&talk, asked, COUNT(asked), PROTOCOL_HTTP);
	assert_int_equal(talk.result.proxy, CLASSIFY_PROXY_NONE);
	const struct turn socks[] = {{CLIENT, "\x05\x01\0", 3}, {SERVER, "\x05\0", 2},
		{CLIENT, "\x05\x01\0\x01\xcb\0\x71\x05\0\x19", 10}, EHLO, turns[3]};
	assert_talk(&talk, socks, COUNT(socks), PROTOCOL_SMTP);
	assert_target(&talk, "203.0.113.5", 25);
	const struct turn refused[] = {turns[0],
		{SERVER, "HTTP/1.1 403 Forbidden\r\n\r\n", 0}, EHLO, turns[3]};
	assert_talk(&talk, refused, COUNT(refused), PROTOCOL_HTTP);
}

static void socks_4_leads_to_its_target(void **state)
{
	(void)state;
	struct talk talk;
	const struct turn turns[] = {{CLIENT, "\x04\x01\0\x19\xc0\0\x02\x19user\0", 13},
		{SERVER, "\0\x5a\0\0\0\0\0\0", 8}, GREETING, EHLO};
	assert_talk(&talk, turns, COUNT(turns), PROTOCOL_SMTP);
	assert_int_equal(talk.result.proxy, CLASSIFY_PROXY_SOCKS);
	assert_target(&talk, "192.0.2.25", 25);
	assert_only_the_inside_is_left(&talk);
	const struct turn named[] = {
		{CLIENT, "\x04\x01\0\x19\0\0\0\x01\0mail.example\0", 22},
		{SERVER, "\0\x5a\0\0\0\0\0\0", 8}, GREETING, EHLO};
	assert_talk(&talk, named, COUNT(named), PROTOCOL_SMTP);
	assert_string_equal(talk.result.target_host, "mail.example");
}

static void socks_5_leads_to_its_target(void **state)
{
	(void)state;
	struct talk talk;
	const struct turn turns[] = {{CLIENT, "\x05\x01\0", 3}, {SERVER, "\x05\0", 2},
		{CLIENT, "\x05\x01\0\x01\xc0\0\x02\x19\0\x19", 10},
		{SERVER, "\x05\0\0\x01\0\0\0\0\0\0", 10}, GREETING, EHLO};
	assert_talk(&talk, turns, COUNT(turns), PROTOCOL_SMTP);
	assert_int_equal(talk.result.proxy, CLASSIFY_PROXY_SOCKS);
	assert_target(&talk, "192.0.2.25", 25);
	assert_only_the_inside_is_left(&talk);
}

static void a_socks_password_leaves_no_copy(void **state)
{
	(void)state;
	struct talk talk;
	const struct turn turns[] = {{CLIENT, "\x05\x02\0\x02", 4},
		{SERVER, "\x05\x02", 2}, {CLIENT, "\x01\x04user\x08hunter42", 15},
		{SERVER, "\x01\0", 2}, {CLIENT, "\x05\x01\0\x03\x06mail.x\0\x19", 13},
		{SERVER, "\x05\0\0\x01\0\0\0\0\0\0", 10}, GREETING, EHLO};
	assert_talk(&talk, turns, COUNT(turns), PROTOCOL_SMTP);
	assert_string_equal(talk.result.target_host, "mail.x");
	assert_null(memmem(&talk, sizeof(talk), "hunter42", 8));
	assert_null(memmem(&talk, sizeof(talk), "nter42", 6));
	talk_begin(&talk, 1080);
	for (size_t i = 0; i < 3; i++) {
		(void)talk_bytes(&talk, turns[i].side, turns[i].bytes, turns[i].len);
	}
	assert_null(memmem(&talk, sizeof(talk), "hunter42", 8));
}

static void a_refused_socks_request_is_socks(void **state)
{
	(void)state;
	struct talk talk;
	const struct turn turns[] = {
		{CLIENT, "\x05\x01\0", 3}, {SERVER, "\x05\xff", 2}};
	assert_talk(&talk, turns, COUNT(turns), PROTOCOL_SOCKS);
	const struct turn refused[] = {{CLIENT, "\x04\x01\0\x19\xc0\0\x02\x19\0", 9},
		{SERVER, "\x04\x5b\0\0\0\0\0\0", 8}};
	assert_talk(&talk, refused, COUNT(refused), PROTOCOL_SOCKS);
	const struct turn silent[] = {{CLIENT, "\x05\x01\0", 3}, {SERVER, "\x05\0", 2},
		{CLIENT, "\x05\x01\0\x01\xc0\0\x02\x19\0\x19", 10}};
	assert_talk(&talk, silent, COUNT(silent), PROTOCOL_SOCKS);
}

#define ASK_5                                                    \
	{                                                        \
		CLIENT, "\x05\x01\0\x01\xc0\0\x02\x19\0\x19", 10 \
	}
#define GIVE_5                                         \
	{                                              \
		SERVER, "\x05\0\0\x01\0\0\0\0\0\0", 10 \
	}

/* RFC 1961: tokens both ways; some clients ask in clear behind them. */
static void socks_5_with_tokens_leads_to_its_target(void **state)
{
	(void)state;
	struct talk talk;
	const struct turn turns[] = {{CLIENT, "\x05\x01\x01", 3},
		{SERVER, "\x05\x01", 2}, {CLIENT, "\x01\x01\0\x06TICKET", 10},
		{SERVER, "\x01\x01\0\x04TOCK", 8}, {CLIENT, "\x01\x02\0\x01p", 5},
		{SERVER, "\x01\x02\0\x01q", 5}, ASK_5, GIVE_5, GREETING, EHLO};
	assert_talk(&talk, turns, COUNT(turns), PROTOCOL_SMTP);
	assert_int_equal(talk.result.proxy, CLASSIFY_PROXY_SOCKS);
	assert_target(&talk, "192.0.2.25", 25);
	assert_only_the_inside_is_left(&talk);
	assert_null(memmem(&talk, sizeof(talk), "TICK", 4));
}

static void socks_5_that_goes_on_encapsulated_is_opaque(void **state)
{
	(void)state;
	struct talk talk;
	const struct turn turns[] = {{CLIENT, "\x05\x01\x01", 3},
		{SERVER, "\x05\x01", 2}, {CLIENT, "\x01\x01\0\x06TICKET", 10},
		{SERVER, "\x01\x01\0\x04TOCK", 8},
		{CLIENT, "\x01\x03\0\x06secret", 10}};
	assert_talk(&talk, turns, COUNT(turns), PROTOCOL_SOCKS);
	assert_true(talk.result.is_opaque);
	const struct turn refused[] = {{CLIENT, "\x05\x01\x01", 3},
		{SERVER, "\x05\x01", 2}, {CLIENT, "\x01\x01\0\x06TICKET", 10},
		{SERVER, "\x01\xff", 2}};
	assert_talk(&talk, refused, COUNT(refused), PROTOCOL_SOCKS);
	assert_false(talk.result.is_opaque);
}

/* A token, and a user, that no prefix holds: as the engine gives them, piece by piece. */
static void what_outgrows_the_prefix_goes_by(void **state)
{
	(void)state;
	struct talk talk;
	static const char BLOB[900];
	talk_begin(&talk, 1080);
	(void)talk_bytes(&talk, CLIENT, "\x05\x01\x01", 3);
	(void)talk_bytes(&talk, SERVER, "\x05\x01", 2);
	(void)talk_bytes(&talk, CLIENT, "\x01\x01\x0e\x10", 4); /* 3600 */
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(talk.prefix.len[CLIENT], 0);
		(void)talk_bytes(&talk, CLIENT, BLOB, sizeof(BLOB));
	}
	(void)talk_bytes(&talk, CLIENT, "\x05\x01\0\x01\xc0\0\x02\x19\0\x19", 10);
	(void)talk_bytes(&talk, SERVER, "\x05\0\0\x01\0\0\0\0\0\0", 10);
	assert_target(&talk, "192.0.2.25", 25);
	for (unsigned is_named = 0; is_named < 2; is_named++) {
		char user[PREFIX_BYTES];
		memset(user, 'u', sizeof(user));
		memcpy(user,
			is_named ? "\x04\x01\0\x19\0\0\0\x01"
				 : "\x04\x01\0\x19\xc0\0\x02\x19",
			8);
		talk_begin(&talk, 1080);
		(void)talk_bytes(&talk, CLIENT, user, sizeof(user));
		(void)talk_bytes(&talk, CLIENT, "user", 5);
		if (is_named) {
			(void)talk_bytes(&talk, CLIENT, "mail.x", 7);
		}
		(void)talk_bytes(&talk, SERVER, "\0\x5a\0\0\0\0\0\0", 8);
		(void)talk_text(&talk, SERVER, "220 mail.x ESMTP\r\n");
		(void)talk_text(&talk, CLIENT, "EHLO x\r\n");
		assert_int_equal(talk.result.protocol, PROTOCOL_SMTP);
		assert_int_equal(talk.result.proxy, CLASSIFY_PROXY_SOCKS);
		assert_int_equal(talk.result.target_port, 25);
		assert_int_equal(talk.result.has_target_address, !is_named);
		if (is_named) {
			assert_string_equal(talk.result.target_host, "mail.x");
		}
	}
}

/* Only the client's word: a server of mail goes on. */
static void a_socks_request_to_a_mail_server_hides_nothing(void **state)
{
	(void)state;
	struct talk talk;
	char user[PREFIX_BYTES];
	memset(user, 'u', sizeof(user));
	memcpy(user, "\x04\x01\0\x19\xc0\0\x02\x19", 8);
	user[sizeof(user) - 1] = '\n';
	const struct turn turns[] = {{CLIENT, user, sizeof(user)}, {CLIENT, "", 1},
		{SERVER, "220 mail.x ESMTP\r\n", 0}, EHLO};
	assert_talk(&talk, turns, COUNT(turns), PROTOCOL_SMTP);
	assert_int_equal(talk.result.proxy, CLASSIFY_PROXY_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_header_names_the_real_client),
		cmocka_unit_test(a_header_without_addresses_is_taken_off_all_the_same),
		cmocka_unit_test(a_binary_header_names_the_real_client),
		cmocka_unit_test(a_lying_header_is_not_taken),
		cmocka_unit_test(a_connect_leads_to_its_target),
		cmocka_unit_test(the_lines_of_a_connect_may_end_by_lf_alone),
		cmocka_unit_test(a_refused_connect_is_http),
		cmocka_unit_test(who_goes_on_without_an_answer_is_heard_out),
		cmocka_unit_test(socks_4_leads_to_its_target),
		cmocka_unit_test(socks_5_leads_to_its_target),
		cmocka_unit_test(a_socks_password_leaves_no_copy),
		cmocka_unit_test(a_refused_socks_request_is_socks),
		cmocka_unit_test(socks_5_with_tokens_leads_to_its_target),
		cmocka_unit_test(socks_5_that_goes_on_encapsulated_is_opaque),
		cmocka_unit_test(what_outgrows_the_prefix_goes_by),
		cmocka_unit_test(a_socks_request_to_a_mail_server_hides_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
