#include "talk.h"

static const struct talk_step WHOLE[] = {
	S("+OK ready <1.2@mail.example>\r\n"),
	C("CAPA\r\n"),
	S("+OK list\r\nTOP\r\nUSER\r\nSTLS\r\nSASL PLAIN CRAM-MD5\r\n.\r\n"),
	C("USER alice\r\n"),
	S("+OK\r\n"),
	C("PASS secret\r\n"),
	S("+OK in\r\n"),
	C("STAT\r\nLIST\r\nRETR 1\r\n"),
	S("+OK 1 9\r\n+OK\r\n1 9\r\n.\r\n+OK\r\nSubject: "
	  "x\r\n\r\n+OK\r\n..\r\n-ERR\r\n.\r\n"),
	C("AUTH\r\nQUIT\r\n"),
	S("+OK\r\nPLAIN\r\n.\r\n+OK bye\r\n"),
};

static void user_and_pass_are_a_secret_and_messages_hold_no_replies(void **state)
{
	(void)state;
	const struct facts facts = talk_facts(PROTOCOL_POP3, false, STEPS(WHOLE));
	assert_int_equal(facts.starttls_offered, FACTS_YES);
	assert_int_equal(facts.auth_offered,
		FACTS_MECHANISM_PLAIN | FACTS_MECHANISM_CRAM_MD5 |
			FACTS_MECHANISM_USER_PASS | FACTS_MECHANISM_APOP);
	assert_int_equal(facts.auth_tried, FACTS_MECHANISM_USER_PASS);
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_USER_PASS);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	assert_int_equal(facts.messages, 1);
	assert_true(facts.has_content_clear);
	assert_int_equal(facts.tls, FACTS_TLS_NONE);
}

static void every_cut_of_a_session_is_read(void **state)
{
	(void)state;
	talk_sweep(PROTOCOL_POP3, STEPS(WHOLE));
}

static void a_user_name_alone_and_apop_are_no_secret(void **state)
{
	(void)state;
	static const struct talk_step USER[] = {S("+OK\r\n"), C("USER a\r\n")};
	static const struct talk_step APOP[] = {
		S("+OK <1@a>\r\n"), C("APOP a 00\r\n"), S("-ERR no\r\n")};
	struct facts facts = talk_facts(PROTOCOL_POP3, false, STEPS(USER));
	assert_int_equal(facts.auth_tried, FACTS_MECHANISM_USER_ONLY);
	assert_int_equal(facts.auth_secret, 0);
	facts = talk_facts(PROTOCOL_POP3, false, STEPS(APOP));
	assert_int_equal(facts.auth_tried, FACTS_MECHANISM_APOP);
	assert_int_equal(facts.auth_secret, 0);
	assert_int_equal(facts.auth_accepted, FACTS_NO);
}

static void a_password_of_no_letters_is_no_secret(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("+OK\r\n"), C("USER a\r\n"),
		S("+OK\r\n"), C("PASS \r\n"), S("-ERR\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_POP3, false, STEPS(STEP));
	assert_int_equal(facts.auth_tried, FACTS_MECHANISM_USER_PASS);
	assert_int_equal(facts.auth_secret, 0);
}

static void auth_plain_is_followed_through_its_continuation(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("+OK\r\n"), C("AUTH PLAIN\r\n"),
		S("+ \r\n"), C("AGEAYg==\r\n"), S("+OK\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_POP3, false, STEPS(STEP));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
}

static void a_whole_list_without_stls_is_a_no_and_a_lost_one_is_not(void **state)
{
	(void)state;
	static const struct talk_step LIST[] = {
		S("+OK\r\n"), C("CAPA\r\n"), S("+OK\r\nTOP\r\n.\r\n")};
	static const struct talk_step LOST[] = {S("+OK\r\n"), C("CAPA\r\n"),
		S("+OK\r\nTOP\r\n"), SERVER_GAP(6), S("UIDL\r\n.\r\n")};
	assert_int_equal(talk_facts(PROTOCOL_POP3, false, STEPS(LIST)).starttls_offered,
		FACTS_NO);
	assert_int_equal(talk_facts(PROTOCOL_POP3, false, STEPS(LOST)).starttls_offered,
		FACTS_UNKNOWN);
}

static void a_server_only_capture_still_shows_the_list(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("+OK hi\r\n"),
		S("+OK\r\nTOP\r\nSTLS\r\n.\r\n"), S("+OK\r\n"),
		S("+OK mail\r\nSubject: x\r\nSTLS\r\n.\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_POP3, false, STEPS(STEP));
	assert_int_equal(facts.starttls_offered, FACTS_YES);
	assert_true(facts.has_content_clear);
}

static void a_refusing_greeting_is_told(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("-ERR busy\r\n")};
	assert_true(talk_facts(PROTOCOL_POP3, false, STEPS(STEP)).is_refused);
}

static void a_capture_that_begins_inside_a_message_finds_the_next_command(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		S("of the letter\r\n.\r\n"),
		C("RETR 2\r\n"),
		S("+OK\r\n-ERR\r\n.\r\n"),
	};
	const struct facts facts = talk_facts(PROTOCOL_POP3, true, STEPS(STEP));
	assert_int_equal(facts.messages, 1);
	assert_false(facts.is_refused);
}

static void a_server_s_word_alone_proves_a_login(void **state)
{
	(void)state;
	static const struct talk_step IN[] = {
		S("+OK ready\r\n"), S("+OK\r\n"), S("+OK Logged in.\r\n")};
	static const struct talk_step CAPTURED[] = {
		S("+OK ready\r\n"), C("NOOP\r\n"), S("+OK\r\n+OK Logged in.\r\n")};
	struct facts facts = talk_facts(PROTOCOL_POP3, false, STEPS(IN));
	assert_true(facts_is_content_clear(&facts));
	facts = talk_facts(PROTOCOL_POP3, false, IN, 2);
	assert_false(facts_is_content_clear(&facts));
	facts = talk_facts(PROTOCOL_POP3, false, STEPS(CAPTURED));
	assert_false(facts_is_content_clear(&facts));
}

/* RFC 1939 section 3: the order of a session, in any language. */
static void the_order_of_replies_proves_a_login_whose_commands_are_missing(void **state)
{
	(void)state;
	static const struct talk_step IN_A_ROW[] = {
		S("+OK ready\r\n"), S("+OK\r\n"), S("+OK\r\n"), S("+OK bye\r\n")};
	static const struct talk_step LISTING[] = {
		S("+OK ready\r\n"), S("+OK x\r\n"), S("+OK 2 320\r\n")};
	static const struct talk_step BY_PLUS[] = {
		S("+OK ready\r\n"), S("+ \r\n"), S("+OK\r\n"), S("+OK bye\r\n")};
	struct facts facts = talk_facts(PROTOCOL_POP3, false, STEPS(IN_A_ROW));
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = talk_facts(PROTOCOL_POP3, false, STEPS(LISTING));
	assert_true(facts.has_content_clear);
	facts = talk_facts(PROTOCOL_POP3, false, STEPS(BY_PLUS));
	assert_int_equal(facts.auth_accepted, FACTS_YES);
}

static void no_login_is_read_into_other_replies(void **state)
{
	(void)state;
	static const struct talk_step USER_QUIT[] = {S("+OK ready\r\n"),
		S("+OK name is a valid mailbox, maildrop of two\r\n"),
		S("+OK bye\r\n")};
	static const struct talk_step REFUSED[] = {S("+OK ready\r\n"), S("+OK\r\n"),
		S("-ERR no\r\n"), S("+OK\r\n"), S("+OK bye\r\n")};
	static const struct talk_step STLS[] = {
		S("+OK ready\r\n"), S("+OK go\r\n"), S("\x16\x03\x03\x00\x02\n\n")};
	struct facts facts = talk_facts(PROTOCOL_POP3, false, STEPS(USER_QUIT));
	assert_false(facts_is_content_clear(&facts));
	facts = talk_facts(PROTOCOL_POP3, false, STEPS(REFUSED));
	assert_false(facts_is_content_clear(&facts));
	facts = talk_facts(PROTOCOL_POP3, false, STEPS(STLS));
	assert_false(facts.has_content_clear);
}

#define LETTER "+OK\r\nUIDL\r\nXXXXXXXX\r\n+OK LOGIN\r\n+OK authenticated\r\n"

static void replies_in_a_letter_are_none(void **state)
{
	(void)state;
	static const struct talk_step MID_STREAM[] = {S(LETTER ".\r\n")};
	static const struct talk_step BEHIND_A_GAP[] = {
		S("+OK ready\r\n"), SERVER_GAP(900), S("\r\n" LETTER ".\r\n")};
	static const struct talk_step BEHIND_AN_ODD_END[] = {S("+OK ready\r\n"),
		C("RETR 1\r\n"), S("+OK\r\nx\n.\r\n" LETTER ".\r\n"), C("NOOP\r\n"),
		S("+OK\r\n")};
	struct facts facts = talk_facts(PROTOCOL_POP3, true, STEPS(MID_STREAM));
	assert_int_equal(facts.starttls & FACTS_STARTTLS_MASKED, 0);
	assert_int_equal(facts.auth_accepted, FACTS_UNKNOWN);
	facts = talk_facts(PROTOCOL_POP3, false, STEPS(BEHIND_A_GAP));
	assert_int_equal(facts.starttls & FACTS_STARTTLS_MASKED, 0);
	assert_int_equal(facts.auth_accepted, FACTS_UNKNOWN);
	facts = talk_facts(PROTOCOL_POP3, false, STEPS(BEHIND_AN_ODD_END));
	assert_int_equal(facts.starttls & FACTS_STARTTLS_MASKED, 0);
	assert_int_equal(facts.messages, 1);
}

#define SENT_LETTER \
	"Subject: x\r\n\r\nUSER alice\r\nPASS secret\r\nAUTH PLAIN AGEAYg==\r\n"
#define XMIT S("+OK x\r\n"), C("APOP a b\r\n"), S("+OK in\r\n")

static void a_letter_that_is_sent_by_pop3_holds_no_login(void **state)
{
	(void)state;
	static const struct talk_step SENT[] = {XMIT, C("XTND XMIT\r\n"),
		S("+OK go\r\n"), C(SENT_LETTER ".\r\n"), S("+OK sent\r\n"),
		C("QUIT\r\n"), S("+OK x\r\n")};
	static const struct talk_step AHEAD[] = {XMIT,
		C("XTND XMIT\r\n" SENT_LETTER "STLS\r\n.\r\nNOOP\r\n"),
		S("+OK go\r\n+OK sent\r\n+OK x\r\n")};
	static const struct talk_step PARTLY[] = {XMIT,
		C("XTND XMIT\r\n" SENT_LETTER "PA"), S("+OK go\r\n"),
		C("SS x\r\n.\r\n"), S("+OK sent\r\n")};
	const struct {
		const struct talk_step *steps;
		size_t count;
	} LETTERS[] = {{STEPS(SENT)}, {STEPS(AHEAD)}, {STEPS(PARTLY)}};
	for (size_t i = 0; i < sizeof(LETTERS) / sizeof(LETTERS[0]); i++) {
		const struct facts facts = talk_facts(
			PROTOCOL_POP3, false, LETTERS[i].steps, LETTERS[i].count);
		assert_int_equal(facts.auth_tried, FACTS_MECHANISM_APOP);
		assert_int_equal(facts.auth_secret, 0);
		assert_int_equal(facts.starttls & FACTS_STARTTLS_REQUESTED, 0);
		assert_int_equal(facts.messages, 1);
		talk_sweep(PROTOCOL_POP3, LETTERS[i].steps, LETTERS[i].count);
	}
}

static void commands_behind_a_refused_letter_are_commands(void **state)
{
	(void)state;
	static const struct talk_step REFUSED[] = {S("+OK x\r\n"),
		C("XTND XMIT\r\nUSER alice\r\nPASS secret\r\n"),
		S("-ERR what\r\n+OK\r\n+OK in\r\n")};
	static const struct talk_step BEHIND[] = {S("+OK x\r\n"),
		C("XTND XMIT\r\nhi\r\n.\r\nUSER alice\r\nPASS secret\r\n"),
		S("+OK go\r\n+OK sent\r\n+OK\r\n+OK in\r\n")};
	struct facts facts = talk_facts(PROTOCOL_POP3, false, STEPS(REFUSED));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_USER_PASS);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = talk_facts(PROTOCOL_POP3, false, STEPS(BEHIND));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_USER_PASS);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	talk_sweep(PROTOCOL_POP3, STEPS(REFUSED));
}

static void control_bytes_in_front_of_a_command_hide_no_password(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("+OK ready\r\n"), C("\0USER ann\r\n"),
		S("+OK\r\n"), C("\0PASS s3cret\r\n"), S("+OK in\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_POP3, false, STEPS(STEP));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_USER_PASS);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_letter_that_is_sent_by_pop3_holds_no_login),
		cmocka_unit_test(commands_behind_a_refused_letter_are_commands),
		cmocka_unit_test(
			user_and_pass_are_a_secret_and_messages_hold_no_replies),
		cmocka_unit_test(every_cut_of_a_session_is_read),
		cmocka_unit_test(a_user_name_alone_and_apop_are_no_secret),
		cmocka_unit_test(a_password_of_no_letters_is_no_secret),
		cmocka_unit_test(auth_plain_is_followed_through_its_continuation),
		cmocka_unit_test(
			a_whole_list_without_stls_is_a_no_and_a_lost_one_is_not),
		cmocka_unit_test(a_server_only_capture_still_shows_the_list),
		cmocka_unit_test(a_refusing_greeting_is_told),
		cmocka_unit_test(
			a_capture_that_begins_inside_a_message_finds_the_next_command),
		cmocka_unit_test(a_server_s_word_alone_proves_a_login),
		cmocka_unit_test(
			the_order_of_replies_proves_a_login_whose_commands_are_missing),
		cmocka_unit_test(no_login_is_read_into_other_replies),
		cmocka_unit_test(replies_in_a_letter_are_none),
		cmocka_unit_test(control_bytes_in_front_of_a_command_hide_no_password),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
