#include "fixture.h"

/* A ClientHello (TLS 1.2, one suite, no extension) and a ServerHello in their records. */
#define CLIENT_HELLO                                                              \
	"\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03RRRRRRRRRRRRRRRRRRRRRRRRRRR" \
	"RRRRR\x00\x00\x02\xc0\x2f\x01\x00"
#define SERVER_HELLO                                                              \
	"\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03SSSSSSSSSSSSSSSSSSSSSSSSSSS" \
	"SSSSS\x00\xc0\x2f\x00"
#define C(text)                                \
	{                                      \
		CLIENT, text, sizeof(text) - 1 \
	}
#define S(text)                                \
	{                                      \
		SERVER, text, sizeof(text) - 1 \
	}

/* What it is named whole and byte by byte, where the capture begins with it. */
static enum protocol joined(uint16_t port, const struct turn *turns, size_t count,
	const bool is_captured[2])
{
	struct talk talk;
	enum protocol protocols[2];
	for (size_t piece = 0; piece < 2; piece++) {
		talk_begin(&talk, port);
		talk.hint.is_client_known = false;
		talk.hint.is_client_captured = is_captured[CLIENT];
		talk.hint.is_server_captured = is_captured[SERVER];
		protocols[piece] = talk_all(&talk, turns, count, piece);
	}
	assert_int_equal(protocols[0], protocols[1]);
	return protocols[0];
}

static enum protocol joined_by_both(
	uint16_t port, const struct turn *turns, size_t count)
{
	return joined(port, turns, count, (const bool[2]){true, true});
}

struct upgrade {
	struct turn request;
	struct turn go_ahead;
	enum protocol protocol;
	uint16_t port;
};

static const struct upgrade UPGRADES[] = {
	{C("STARTTLS\r\n"), S("220 2.0.0 Ready to start TLS\r\n"), PROTOCOL_SMTP, 25},
	{C("STARTTLS\r\n"), S("220 go\r\n"), PROTOCOL_SMTP, 587},
	{C("STARTTLS\r\n"), S("220 go\r\n"), PROTOCOL_LMTP, 24},
	{C("a STARTTLS\r\n"), S("a OK Begin TLS\r\n"), PROTOCOL_IMAP, 143},
	{C("STLS\r\n"), S("+OK Begin TLS\r\n"), PROTOCOL_POP3, 110},
	{C("STARTTLS\r\n"), S("OK \"Begin TLS\"\r\n"), PROTOCOL_SIEVE, 4190},
};

static void a_go_ahead_and_what_follows_it_name_the_protocol(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(UPGRADES); i++) {
		const struct upgrade *at = &UPGRADES[i];
		const struct turn turns[] = {
			at->request, at->go_ahead, C(CLIENT_HELLO), S(SERVER_HELLO)};
		assert_int_equal(joined_by_both(at->port, turns, 4), at->protocol);
		assert_int_equal(joined_by_both(at->port, turns + 1, 3), at->protocol);
		const enum protocol elsewhere =
			at->protocol == PROTOCOL_LMTP ? PROTOCOL_SMTP : at->protocol;
		assert_int_equal(joined_by_both(12345, turns, 4), elsewhere);
		assert_int_equal(joined_by_both(12345, turns + 1, 3), elsewhere);
	}
}

static void either_end_alone_names_it_on_its_port(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(UPGRADES); i++) {
		const struct upgrade *at = &UPGRADES[i];
		const struct turn client[] = {at->request, C(CLIENT_HELLO)};
		const struct turn server[] = {at->go_ahead, S(SERVER_HELLO)};
		assert_int_equal(
			joined(at->port, client, 2, (const bool[2]){true, false}),
			at->protocol);
		assert_int_equal(
			joined(at->port, server, 2, (const bool[2]){false, true}),
			at->protocol);
		/* the client is there and says nothing: no server goes ahead unasked */
		assert_int_not_equal(joined_by_both(12345, server, 2), at->protocol);
	}
}

static void go_aheads_of_others_are_none(void **state)
{
	(void)state;
	static const struct turn OTHERS[][2] = {
		{C("AUTH TLS\r\n"), S("234 go\r\n")},
		{C("STARTTLS\r\n"), S("382 go\r\n")},
		{C("STARTTLS\r\n"), S("OK\r\n")},
		{C("STARTTLS\r\n"), S("OK MPD 0.23\r\n")},
		{C("x\r\n"), S("220 FTP server\r\n")},
	};
	for (size_t i = 0; i < COUNT(OTHERS); i++) {
		const struct turn turns[] = {
			OTHERS[i][0], OTHERS[i][1], C(CLIENT_HELLO), S(SERVER_HELLO)};
		assert_false(protocol_row(joined_by_both(12345, turns, 4))->is_mail);
		assert_false(
			protocol_row(joined_by_both(12345, turns + 1, 3))->is_mail);
	}
}

static void seen_from_its_beginning_a_greeting_is_no_go_ahead(void **state)
{
	(void)state;
	static const struct turn TURNS[] = {
		S("220 x\r\n"), C(CLIENT_HELLO), S(SERVER_HELLO)};
	struct talk talk;
	talk_begin(&talk, 12345);
	assert_false(protocol_row(talk_all(&talk, TURNS, COUNT(TURNS), 0))->is_mail);
}

static void a_letter_that_quotes_a_go_ahead_names_nothing(void **state)
{
	(void)state;
	static const struct turn LETTER[] = {
		S("220 go\r\n" SERVER_HELLO "\r\n"), C("a NOOP\r\n"), S("a OK\r\n")};
	assert_int_equal(joined_by_both(143, LETTER, COUNT(LETTER)), PROTOCOL_IMAP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_go_ahead_and_what_follows_it_name_the_protocol),
		cmocka_unit_test(either_end_alone_names_it_on_its_port),
		cmocka_unit_test(go_aheads_of_others_are_none),
		cmocka_unit_test(seen_from_its_beginning_a_greeting_is_no_go_ahead),
		cmocka_unit_test(a_letter_that_quotes_a_go_ahead_names_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
