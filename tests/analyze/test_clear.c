#include "talk.h"

enum {
	AGREED = FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_ACCEPTED,
};

#define SMTP                                                             \
	S("220 x\r\n"), C("EHLO c\r\n"), S("250-x\r\n250 STARTTLS\r\n"), \
		C("STARTTLS\r\n"), S("220 go\r\n")

static void a_server_may_say_in_clear_that_the_handshake_failed(void **state)
{
	(void)state;
	static const struct talk_step SMTP_ERROR[] = {
		SMTP, C(TALK_CLIENT_HELLO), S("454 4.7.0 TLS failed\r\n221 bye\r\n")};
	static const struct talk_step IMAP_ERROR[] = {S("* OK x\r\n"),
		C("a STARTTLS\r\n"), S("a OK go\r\n"), C(TALK_CLIENT_HELLO),
		S("* BYE TLS failed\r\n")};
	static const struct talk_step POP3_ERROR[] = {S("+OK x\r\n"), C("STLS\r\n"),
		S("+OK go\r\n"), C(TALK_CLIENT_HELLO), S("-ERR TLS failed\r\n")};
	static const struct talk_step SIEVE_ERROR[] = {
		S("\"IMPLEMENTATION\" \"x\"\r\nOK\r\n"), C("STARTTLS\r\n"), S("OK\r\n"),
		C(TALK_CLIENT_HELLO), S("BYE \"TLS failed\"\r\n")};
	const struct facts facts[] = {
		talk_facts(PROTOCOL_SMTP, false, STEPS(SMTP_ERROR)),
		talk_facts(PROTOCOL_IMAP, false, STEPS(IMAP_ERROR)),
		talk_facts(PROTOCOL_POP3, false, STEPS(POP3_ERROR)),
		talk_facts(PROTOCOL_SIEVE, false, STEPS(SIEVE_ERROR)),
	};
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		assert_int_equal(facts[i].starttls, AGREED | FACTS_STARTTLS_FAILED);
	}
	talk_sweep(PROTOCOL_SMTP, STEPS(SMTP_ERROR));
	talk_sweep(PROTOCOL_IMAP, STEPS(IMAP_ERROR));
}

static void an_error_in_front_of_tls_is_an_injection_as_any_other_text(void **state)
{
	(void)state;
	static const struct talk_step ERROR[] = {
		SMTP, S("454 x\r\n"), C(TALK_CLIENT_HELLO), S(TALK_SERVER_HELLO)};
	static const struct talk_step OTHER[] = {SMTP, S("250 x\r\n")};
	static const struct talk_step LIKE[] = {S("* OK x\r\n"), C("a STARTTLS\r\n"),
		S("a OK go\r\n"), S("* CAPABILITY IMAP4rev1\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(ERROR));
	assert_int_equal(facts.tls, FACTS_TLS_STARTTLS);
	assert_true((facts.starttls & FACTS_STARTTLS_INJECTED_SERVER) != 0);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(OTHER));
	assert_int_equal(facts.starttls, AGREED | FACTS_STARTTLS_INJECTED_SERVER);
	facts = talk_facts(PROTOCOL_IMAP, false, STEPS(LIKE));
	assert_int_equal(facts.starttls, AGREED | FACTS_STARTTLS_INJECTED_SERVER);
	talk_sweep(PROTOCOL_SMTP, STEPS(ERROR));
}

static void a_second_request_begins_anew(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {SMTP, S("454 x\r\n"), C("STARTTLS\r\n"),
		S("220 go\r\n"), S("250 x\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_true((facts.starttls & FACTS_STARTTLS_INJECTED_SERVER) != 0);
}

static void an_error_without_a_hello_leaves_the_go_ahead_accepted(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {SMTP, S("421 timeout\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.starttls, AGREED);
}

#define FATAL_ALERT "\x15\x03\x01\0\x02\x02\x28"
#define CLOSE_ALERT "\x15\x03\x01\0\x02\x01\0"

/* Of a script of SMTP, whole and cut at every length. */
static unsigned ladder_of(const struct talk_step *steps, size_t count)
{
	talk_sweep(PROTOCOL_SMTP, steps, count);
	return talk_facts(PROTOCOL_SMTP, false, steps, count).starttls;
}

static void a_client_may_take_its_leave_in_clear_of_a_handshake_that_failed(
	void **state)
{
	(void)state;
	static const struct talk_step REFUSED[] = {SMTP, C(TALK_CLIENT_HELLO),
		S(FATAL_ALERT), C("QUIT\r\n"), S("221 bye\r\n")};
	static const struct talk_step REFUSING[] = {SMTP, C(TALK_CLIENT_HELLO),
		S(TALK_SERVER_HELLO), C(FATAL_ALERT "RSET\r\nquit \r\n")};
	static const struct talk_step NO_HELLO[] = {
		SMTP, C(CLOSE_ALERT "QUIT\r\n"), S("221 bye\r\n")};
	static const struct talk_step NO_ALERT[] = {
		SMTP, C(TALK_CLIENT_HELLO), C("QUIT\r\n")};
	static const struct talk_step NOTHING[] = {SMTP, C("QUIT\r\n"), S("221 x\r\n")};
	static const struct talk_step WORDS[] = {
		SMTP, C(TALK_CLIENT_HELLO), S(FATAL_ALERT), C("EHLO c\r\n")};
	const unsigned failed = AGREED | FACTS_STARTTLS_FAILED;
	assert_int_equal(ladder_of(STEPS(REFUSED)), failed);
	assert_int_equal(ladder_of(STEPS(REFUSING)), failed | FACTS_STARTTLS_HELLO);
	assert_int_equal(ladder_of(STEPS(NO_HELLO)), failed);
	assert_int_equal(ladder_of(STEPS(NO_ALERT)), failed);
	assert_int_equal(ladder_of(STEPS(NOTHING)), AGREED);
	assert_int_equal(ladder_of(STEPS(WORDS)), failed | FACTS_STARTTLS_CLEAR_AFTER);
}

static void a_leave_behind_a_tag_is_one(void **state)
{
	(void)state;
	static const struct talk_step LEAVE[] = {S("* OK x\r\n"), C("a STARTTLS\r\n"),
		S("a OK go\r\n"), C(TALK_CLIENT_HELLO), S(FATAL_ALERT),
		C("b LOGOUT\r\n")};
	static const struct talk_step LIKE[] = {S("* OK x\r\n"), C("a STARTTLS\r\n"),
		S("a OK go\r\n"), C(TALK_CLIENT_HELLO), S(FATAL_ALERT),
		C("b LOGIN u p\r\n")};
	struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(LEAVE));
	assert_int_equal(facts.starttls, AGREED | FACTS_STARTTLS_FAILED);
	facts = talk_facts(PROTOCOL_IMAP, false, STEPS(LIKE));
	assert_true((facts.starttls & FACTS_STARTTLS_CLEAR_AFTER) != 0);
}

static void a_hole_inside_octets_leaves_the_rest_of_them_octets(void **state)
{
	(void)state;
#define CHUNK                                                              \
	S("220 x\r\n"), C("EHLO c\r\n"), S("250-x\r\n250 CHUNKING\r\n"),   \
		C("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n"), \
		S("250 ok\r\n250 ok\r\n"), C("BDAT 60 LAST\r\n1234567890")
	static const struct talk_step INSIDE[] = {CHUNK, CLIENT_GAP(20),
		C("12\r\nRCPT TO:<e@d.example>\r\n345"), S("250 ok\r\n"), C("QUIT\r\n"),
		S("221 bye\r\n")};
	static const struct talk_step BEYOND[] = {CHUNK, CLIENT_GAP(70),
		C("x\r\nRCPT TO:<e@d.example>\r\n"), S("250 ok\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(INSIDE));
	assert_int_equal(facts.rcpt_count, 1);
	assert_int_equal(facts.messages, 1);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(BEYOND));
	assert_int_equal(facts.rcpt_count, 2);
}

#define TIMES_10(text) text text text text text text text text text text
#define TIMES_60(text) \
	TIMES_10(text) \
	TIMES_10(text) TIMES_10(text) TIMES_10(text) TIMES_10(text) TIMES_10(text)
#define GREETED S("220 x\r\n"), C("EHLO c\r\n"), S("250 x\r\n")

static void more_lines_at_once_than_are_read_are_told_and_a_hole(void **state)
{
	(void)state;
	static const struct talk_step LINES[] = {GREETED,
		C(TIMES_60("\n") "MAIL FROM:<a@b.example>\r\n"), S(TIMES_60("500\r\n")),
		C("RCPT TO:<c@d.example>\r\n"), S("250 ok\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(LINES));
	assert_true(facts.has_unread_lines);
	assert_int_equal(facts.gaps, 1);
	assert_string_equal(facts.mail_from_domain, "");
	assert_int_equal(facts.rcpt_count, 1); /* behind the hole it is read on */
	/* the server's are as good as lost, but honest ones may be short */
	static const struct talk_step REPLIES[] = {
		GREETED, S(TIMES_60("250\r\n250\r\n"))};
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(REPLIES));
	assert_false(facts.has_unread_lines);
	assert_int_equal(facts.gaps, 1);
	/* what stands in a letter is read where its beginning is not known */
	facts = talk_facts(PROTOCOL_SMTP, true, STEPS(LINES));
	assert_false(facts.has_unread_lines);
}

static void as_many_lines_as_honest_peers_send_at_once_are_read(void **state)
{
	(void)state;
	static const struct talk_step BURST[] = {GREETED,
		C("MAIL FROM:<a@b.example>\r\n"), S("250 ok\r\n"),
		C(TIMES_60("RCPT TO:<c@d.example>\r\n")),
		S(TIMES_60("250 2.1.5 Ok\r\n")), C("DATA\r\n"), S("354 go\r\n"),
		C(TIMES_60("\r\n") TIMES_60("1\r\n") ".\r\nQUIT\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(BURST));
	assert_false(facts.has_unread_lines);
	assert_int_equal(facts.gaps, 0);
	assert_int_equal(facts.rcpt_count, 60);
	assert_int_equal(facts.messages, 1);
	static const struct talk_step MAILBOX[] = {S("+OK\r\n"), C("USER a\r\n"),
		S("+OK\r\n"), C("PASS b\r\n"), S("+OK\r\n"),
		C(TIMES_60("DELE 17\r\n"))};
	assert_int_equal(talk_facts(PROTOCOL_POP3, false, STEPS(MAILBOX)).gaps, 0);
}

static void messages_that_end_cost_more_than_lines(void **state)
{
	(void)state;
	/* the server's side was not captured: each is read as the client sends it */
	static const struct talk_step MANY[] = {
		C("EHLO c\r\n"), C(TIMES_10("DATA\na\n.\n") "RSET\n")};
	static const struct talk_step LINES[] = {
		C("EHLO c\r\n"), C(TIMES_10("RSET\nNOOP\nRSET\n"))};
	assert_false(talk_facts(PROTOCOL_SMTP, false, STEPS(LINES)).has_unread_lines);
	assert_true(talk_facts(PROTOCOL_SMTP, false, STEPS(MANY)).has_unread_lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_may_say_in_clear_that_the_handshake_failed),
		cmocka_unit_test(
			an_error_in_front_of_tls_is_an_injection_as_any_other_text),
		cmocka_unit_test(a_second_request_begins_anew),
		cmocka_unit_test(an_error_without_a_hello_leaves_the_go_ahead_accepted),
		cmocka_unit_test(
			a_client_may_take_its_leave_in_clear_of_a_handshake_that_failed),
		cmocka_unit_test(a_leave_behind_a_tag_is_one),
		cmocka_unit_test(a_hole_inside_octets_leaves_the_rest_of_them_octets),
		cmocka_unit_test(more_lines_at_once_than_are_read_are_told_and_a_hole),
		cmocka_unit_test(as_many_lines_as_honest_peers_send_at_once_are_read),
		cmocka_unit_test(messages_that_end_cost_more_than_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
