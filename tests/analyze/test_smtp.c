#include "talk.h"

#include <stdio.h>

#define SERVER_LIST "250-mx.example.org\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n"

static const struct talk_step WHOLE[] = {
	S("220 mx.example.org ESMTP\r\n"),
	C("EHLO client.example.net\r\n"),
	S("250-mx.example.org\r\n250-CHUNKING\r\n250 SIZE 1000\r\n"),
	C("MAIL FROM:<\"a@b\"@sender.example> SIZE=9 REQUIRETLS\r\n"
	  "RCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"),
	S("250 ok\r\n250 ok\r\n550 no\r\n354 go\r\n"),
	C("Subject: x\r\n\r\nRCPT TO:<no@example.org>\r\n..\r\nSTARTTLS\r\n.\r\n"
	  "MAIL FROM:<c@other.example>\r\nRCPT TO:<d@example.org>\r\n"),
	S("250 queued\r\n250 ok\r\n250 ok\r\n"),
	C("BDAT 10\r\nQUIT\r\nQUITBDAT 6 LAST\r\nRSET\r\nQUIT\r\n"),
	S("250 ok\r\n250 ok\r\n221 bye\r\n"),
};

static void a_pipelined_session_is_understood(void **state)
{
	(void)state;
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(WHOLE));
	assert_string_equal(facts.helo, "client.example.net");
	assert_string_equal(facts.banner_host, "mx.example.org");
	assert_string_equal(facts.mail_from_domain, "sender.example");
	assert_int_equal(facts.rcpt_count, 3);
	assert_int_equal(facts.messages, 2);
	assert_int_equal(facts.tls, FACTS_TLS_NONE);
	assert_int_equal(facts.starttls_offered, FACTS_NO);
	assert_int_equal(facts.starttls, FACTS_STARTTLS_CLEAR_CONTENT);
	assert_true(facts.has_requiretls_clear);
	assert_true(facts.has_content_clear);
	assert_false(facts.is_early_talker);
	assert_int_equal(facts.smuggling, FACTS_SMUGGLING_NONE);
	assert_false(facts.is_helo_only);
}

static void a_probe_says_no_more_than_hello(void **state)
{
	(void)state;
	static const struct talk_step PROBE[] = {
		S("220 mx.example.org ESMTP\r\n"),
		C("EHLO monitor.example.net\r\n"),
		S("250-mx.example.org\r\n250 SIZE 1000\r\n"),
		C("NOOP\r\nRSET\r\nHELP\r\nQUIT\r\n"),
		S("250 ok\r\n250 ok\r\n214 no\r\n221 bye\r\n"),
	};
	assert_false(talk_facts(PROTOCOL_SMTP, false, STEPS(PROBE)).has_said_more);
	static const char *const MORE[] = {"VRFY root\r\n", "ETRN x\r\n", "TURN\r\n",
		"AUTH\r\n", "DATA\r\n", "X\r\n"};
	for (size_t i = 0; i < sizeof(MORE) / sizeof(MORE[0]); i++) {
		const struct talk_step step[] = {PROBE[0], PROBE[1], PROBE[2],
			{TALK_CLIENT, MORE[i], strlen(MORE[i])}};
		assert_true(
			talk_facts(PROTOCOL_SMTP, false, STEPS(step)).has_said_more);
	}
}

static void what_a_client_not_seen_was_answered_is_more(void **state)
{
	(void)state;
	static const struct talk_step ALONE[] = {
		S("220 mx.example.org ESMTP\r\n"), S("421 timeout\r\n")};
	static const struct talk_step ANSWERED[] = {
		S("220 mx.example.org ESMTP\r\n"), S("250 mx.example.org\r\n")};
	assert_false(talk_facts(PROTOCOL_SMTP, false, STEPS(ALONE)).has_said_more);
	assert_true(talk_facts(PROTOCOL_SMTP, false, STEPS(ANSWERED)).has_said_more);
}

#define LURED                                                  \
	C("POST / HTTP/1.1\r\nHost: mx.example.org:25\r\n\r\n" \
	  "EHLO x\r\nMAIL FROM:<a@example.org>\r\n")
#define IN_VAIN S("502 no\r\n502 no\r\n502 no\r\n250 mx.example.org\r\n530 no\r\n")

static void what_no_mail_client_says_first_is_other_talk(void **state)
{
	(void)state;
	static const struct talk_step LATE[] = {
		S("220 mx.example.org ESMTP\r\n"), LURED, IN_VAIN};
	static const struct talk_step EARLY[] = {
		LURED, S("220 mx.example.org ESMTP\r\n"), IN_VAIN};
	static const char *const FIRST[] = {
		"GET /\r\n", "alice\r\n", "\r\n", "USER alice\r\n"};
	static const char *const OF_MAIL[] = {"EHLO x\r\nGET / HTTP/1.0\r\n",
		"NOOP\r\nHELP\r\n", "MAIL FROM:<>\r\nX\r\n", "VRFY root\r\n",
		"AUTH PLAIN\r\n"};
	assert_true(talk_facts(PROTOCOL_SMTP, false, STEPS(LATE)).is_other_talk);
	assert_true(talk_facts(PROTOCOL_SMTP, false, STEPS(EARLY)).is_other_talk);
	for (size_t i = 0; i < sizeof(FIRST) / sizeof(FIRST[0]); i++) {
		const struct talk_step step[] = {
			LATE[0], {TALK_CLIENT, FIRST[i], strlen(FIRST[i])}};
		assert_true(
			talk_facts(PROTOCOL_SMTP, false, STEPS(step)).is_other_talk);
	}
	for (size_t i = 0; i < sizeof(OF_MAIL) / sizeof(OF_MAIL[0]); i++) {
		const struct talk_step step[] = {
			LATE[0], {TALK_CLIENT, OF_MAIL[i], strlen(OF_MAIL[i])}};
		assert_false(
			talk_facts(PROTOCOL_SMTP, false, STEPS(step)).is_other_talk);
	}
}

static void a_yes_to_mail_is_no_yes_to_small_talk(void **state)
{
	(void)state;
	static const struct talk_step GREETING = S("220 mx.example.org ESMTP\r\n");
	static const struct {
		const char *said;
		const char *answered;
		bool is_taken;
	} CASES[] = {
		{"EHLO x\r\n", "250-mx\r\n250 SIZE\r\n", false},
		{"HELO x\r\nNOOP\r\nRSET\r\n", "250 mx\r\n250 ok\r\n250 ok\r\n", false},
		{"HELP\r\nVRFY a\r\nQUIT\r\n", "214 no\r\n252 maybe\r\n221 bye\r\n",
			false},
		{"AUTH LOGIN\r\n", "334 VXNlcm5hbWU6\r\n", false},
		{"GET /\r\nMAIL FROM:<>\r\n", "500 no\r\n550 no\r\n", false},
		{"GET /\r\nMAIL FROM:<>\r\n", "500 no\r\n250 ok\r\n", true},
		{"RCPT TO:<a@b>\r\n", "250 ok\r\n", true},
		{"GET /\r\n", "250 ok\r\n", true}, /* out of step: who knows to what */
		{"NOOP\r\n", "354 go on\r\n", true},
		{"STARTTLS\r\n", "220 go on\r\n", true},
		{"BDAT 4 LAST\r\n", "", true},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		const struct talk_step step[] = {GREETING,
			{TALK_CLIENT, CASES[i].said, strlen(CASES[i].said)},
			{TALK_SERVER, CASES[i].answered, strlen(CASES[i].answered)}};
		assert_int_equal(
			talk_facts(PROTOCOL_SMTP, false, STEPS(step)).is_mail_taken,
			CASES[i].is_taken);
	}
}

static void every_cut_of_a_session_is_read(void **state)
{
	(void)state;
	talk_sweep(PROTOCOL_SMTP, STEPS(WHOLE));
}

#define HELLO S("220 x\r\n"), C("HELO c\r\n"), S("250 x\r\n")
#define LETTER(from, end)                                                             \
	C("MAIL FROM:" from "\r\n"), S("250 ok\r\n"), C("RCPT TO:<a@b.example>\r\n"), \
		S("250 ok\r\n"), C("DATA\r\n"), S("354 go\r\n"),                      \
		C("Subject: x\r\n\r\nx\r\n.\r\n"), S(end)

static void a_sender_is_known_by_its_domain_once_the_message_is_taken(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {HELLO,
		LETTER("<a@One.Example.ORG.> SIZE=9", "250 ok\r\n"),
		LETTER("<b@one.example.org>", "250 ok\r\n"),
		LETTER("<c@refused.example.org>", "550 no\r\n"),
		LETTER("<>", "250 ok\r\n"),
		LETTER("<@hop.example:\"a@b\"@two.example.org>", "250 ok\r\n"),
		C("MAIL FROM:<d@unused.example>\r\n"), S("250 ok\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.sender_count, 2);
	assert_string_equal(facts.senders[0].domain, "one.example.org");
	assert_string_equal(facts.senders[1].domain, "two.example.org");
	assert_string_equal(facts.mail_from_domain, "One.Example.ORG.");
}

static void the_last_senders_are_kept_and_of_a_long_domain_its_end(void **state)
{
	(void)state;
#define LONG "a123456789.a123456789.a123456789.a123456789.a123456789.a123456789"
	static const struct talk_step STEP[] = {HELLO, LETTER("<a@b0>", "250 ok\r\n"),
		LETTER("<a@b1>", "250 ok\r\n"), LETTER("<a@b2>", "250 ok\r\n"),
		LETTER("<a@b3>", "250 ok\r\n"),
		LETTER("<a@" LONG ".example.org>", "250 ok\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.sender_count, 5);
	assert_string_equal(facts.senders[0].domain + 52, "example.org");
	assert_string_equal(facts.senders[1].domain, "b3");
}

static void of_a_client_alone_the_text_is_what_there_is_to_ask(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		C("HELO c\r\nMAIL FROM:<a@s.example>\r\nRCPT TO:<b@r.example>\r\n"
		  "DATA\r\n"),
		C("Subject: x\r\nMAIL FROM:<x@text.example>\r\nDATA\r\n.\r\nQUIT\r\n"),
	};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.sender_count, 1);
	assert_string_equal(facts.senders[0].domain, "s.example");
}

static void a_body_in_a_client_only_capture_holds_no_commands(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		C("EHLO c.example\r\nMAIL FROM:<a@s.example>\r\nRCPT "
		  "TO:<b@r.example>\r\n"
		  "DATA\r\n"),
		C("Subject: x\r\nMAIL FROM:<x@y>\r\nRCPT TO:<z@y>\r\n.\r\n"),
		C("QUIT\r\n"),
	};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.rcpt_count, 1);
	assert_int_equal(facts.messages, 1);
	assert_int_equal(facts.starttls_offered, FACTS_UNKNOWN);
	assert_int_equal(facts.tls, FACTS_TLS_NONE);
	assert_false(facts.is_early_talker);
}

static void a_refused_data_is_followed_by_commands(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		S("220 x\r\n"),
		C("HELO c\r\n"),
		S("250 x\r\n"),
		C("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n"),
		S("250 ok\r\n550 no\r\n554 none\r\n"),
		C("RCPT TO:<c@b>\r\nQUIT\r\n"),
	};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.rcpt_count, 2);
	assert_int_equal(facts.messages, 0);
	assert_string_equal(facts.mail_from_domain, "");
	assert_true(facts.is_helo_only);
	assert_int_equal(facts.starttls_offered, FACTS_UNKNOWN);
}

static void ehlo_refused_and_helo_taken_is_helo_only(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		S("220 x\r\n"),
		C("EHLO c\r\n"),
		S("500 what\r\n"),
		C("HELO c\r\n"),
		S("250 x\r\n"),
	};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_true(facts.is_helo_only);
	assert_int_equal(facts.starttls_offered, FACTS_UNKNOWN);
}

static void a_lost_part_of_the_list_leaves_the_offer_unknown(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		S("220 x\r\n"),
		C("EHLO c\r\n"),
		S("250-x\r\n"),
		SERVER_GAP(14),
		S("250 HELP\r\n"),
		CLIENT_GAP(26),
		C("RCPT TO:<a@b.example>\r\n"),
	};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.starttls_offered, FACTS_UNKNOWN);
	assert_int_equal(facts.rcpt_count, 1);
}

static void a_masked_keyword_and_a_masked_banner_are_told(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		S("220 x\r\n"),
		C("EHLO c\r\n"),
		S("250-x\r\n250-XXXXXXXA\r\n250 SIZE\r\n"),
	};
	static const struct talk_step BANNER[] = {S("220 **********\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.starttls_offered, FACTS_NO);
	assert_int_equal(facts.starttls, FACTS_STARTTLS_MASKED);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(BANNER));
	assert_int_equal(facts.starttls, FACTS_STARTTLS_MASKED_GREETING);
}

/* Secret and outcome of one AUTH exchange. */
static struct facts auth_facts(const struct talk_step *steps, size_t count)
{
	struct talk talk;
	static const struct talk_step BEGIN[] = {
		S("220 x\r\n"), C("EHLO c\r\n"), S(SERVER_LIST)};
	talk_open(&talk, PROTOCOL_SUBMISSION, false);
	for (size_t i = 0; i < 3; i++) {
		talk_step(&talk, &BEGIN[i], SIZE_MAX, SIZE_MAX);
	}
	for (size_t i = 0; i < count; i++) {
		talk_step(&talk, &steps[i], SIZE_MAX, SIZE_MAX);
	}
	talk_close(&talk);
	assert_int_equal(talk.dialogue.facts.auth_offered,
		FACTS_MECHANISM_PLAIN | FACTS_MECHANISM_LOGIN);
	return talk.dialogue.facts;
}

static void plain_crosses_with_the_verb_or_after_the_challenge(void **state)
{
	(void)state;
	static const struct talk_step INITIAL[] = {
		C("AUTH PLAIN AGEAYg==\r\n"), S("235 ok\r\n")};
	static const struct talk_step LATER[] = {
		C("auth plain\r\n"), S("334 \r\n"), C("AGEAYg==\r\n"), S("535 no\r\n")};
	static const struct talk_step CANCELLED[] = {
		C("AUTH PLAIN\r\n"), S("334 \r\n"), C("*\r\n"), S("501 no\r\n")};
	struct facts facts = auth_facts(STEPS(INITIAL));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = auth_facts(STEPS(LATER));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
	assert_int_equal(facts.auth_accepted, FACTS_NO);
	facts = auth_facts(STEPS(CANCELLED));
	assert_int_equal(facts.auth_tried, FACTS_MECHANISM_PLAIN);
	assert_int_equal(facts.auth_secret, 0);
}

static void login_is_a_secret_only_with_its_password(void **state)
{
	(void)state;
	static const struct talk_step BOTH[] = {C("AUTH LOGIN\r\n"),
		S("334 VXNlcm5hbWU6\r\n"), C("YQ==\r\n"), S("334 UGFzc3dvcmQ6\r\n"),
		C("QUIT\r\n"), S("235 ok\r\n")};
	static const struct talk_step NAME[] = {C("AUTH LOGIN YQ==\r\n"),
		S("535 no\r\n"), C("MAIL FROM:<a@b.example>\r\n")};
	static const struct talk_step LOST[] = {C("AUTH LOGIN\r\n"), SERVER_GAP(18),
		C("YQ==\r\n"), SERVER_GAP(18), C("Yg==\r\n"), S("235 ok\r\n")};
	struct facts facts = auth_facts(STEPS(BOTH));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = auth_facts(STEPS(NAME));
	assert_int_equal(facts.auth_secret, 0);
	assert_string_equal(facts.mail_from_domain, "b.example");
	facts = auth_facts(STEPS(LOST));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
}

static void a_burst_that_is_answered_in_another_protocol_is_no_smtp(void **state)
{
	(void)state;
	static const char *const ANSWERS[] = {"SSH-2.0-x\r\n", "HTTP/1.1 400 no\r\n",
		"* OK ready\r\n", "-ERR what\r\n", "hello\r\n"};
	static const char BURST[] = "EHLO c\r\nMAIL FROM:<a@b.example>\r\n";
	for (size_t i = 0; i < sizeof(ANSWERS) / sizeof(ANSWERS[0]); i++) {
		struct talk talk;
		talk_open(&talk, PROTOCOL_SMTP, false);
		talk_piece(&talk, DIRECTION_TO_SERVER, BURST, sizeof(BURST) - 1);
		talk_piece(&talk, DIRECTION_TO_CLIENT, ANSWERS[i], strlen(ANSWERS[i]));
		assert_int_equal(talk.result, DIALOGUE_NOT_MINE);
		assert_false(talk.dialogue.facts.is_final);
		talk_close(&talk);
	}
	static const struct talk_step SMTP[] = {
		C("EHLO c\r\nMAIL FROM:<a@b.example>\r\n"), S("\r\n220 x\r\n250 x\r\n"),
		S("odd line\r\n250 ok\r\n")};
	static const struct talk_step SILENT[] = {
		S("ld.so: no such file\r\n220 x\r\n"), C("EHLO c\r\n"), S("250 x\r\n")};
	static const struct talk_step LOST[] = {C("EHLO c\r\n"), SERVER_GAP(10),
		S("aptured\r\n250 x\r\n"), S("250 ok\r\n")};
	assert_int_equal(talk_facts(PROTOCOL_SMTP, false, STEPS(SMTP)).starttls_offered,
		FACTS_NO);
	assert_string_equal(talk_facts(PROTOCOL_SMTP, false, STEPS(SILENT)).helo, "c");
	assert_true(talk_facts(PROTOCOL_SMTP, false, STEPS(LOST)).has_server_bytes);
}

static void login_may_be_prompted_by_another_code_of_its_class(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("220 x\r\n"), C("EHLO c\r\n"),
		S(SERVER_LIST), C("AUTH LOGIN\r\n"), S("300 VXNlcm5hbWU6\r\n"),
		C("YW5u\r\n"), S("300 UGFzc3dvcmQ6\r\n"), C("cHc=\r\n"),
		S("235 in\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEP, 6);
	assert_int_equal(facts.auth_secret, 0);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	talk_sweep(PROTOCOL_SMTP, STEPS(STEP));
}

static void a_challenge_mechanism_is_tried_without_a_secret(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {C("AUTH CRAM-MD5\r\n"),
		S("334 PDFAeD4=\r\n"), C("YSAwMDAw\r\n"), S("235 ok\r\n")};
	const struct facts facts = auth_facts(STEPS(STEP));
	assert_int_equal(facts.auth_tried, FACTS_MECHANISM_CRAM_MD5);
	assert_int_equal(facts.auth_secret, 0);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
}

static void lhlo_makes_it_lmtp_and_each_recipient_is_answered(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		S("220 x\r\n"),
		C("LHLO c.example\r\n"),
		S("250-x\r\n250 STARTTLS\r\n"),
		C("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@d>\r\nDATA\r\n"),
		S("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
		C("x\r\n.\r\nAUTH PLAIN\r\n"),
		S("250 one\r\n250 two\r\n334 \r\n"),
		C("AGEAYg==\r\n"),
	};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.protocol, PROTOCOL_LMTP);
	assert_int_equal(facts.starttls_offered, FACTS_YES);
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
}

static void xclient_names_the_real_client(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		S("220 x\r\n"),
		C("EHLO c\r\n"),
		S("250-x\r\n250 XCLIENT ADDR\r\n"),
		C("XCLIENT NAME=a ADDR=IPV6:2001:db8::1\r\n"),
		S("220 x\r\n"),
		C("XFORWARD ADDR=[UNAVAILABLE]\r\n"),
	};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_string_equal(facts.real_client, "2001:db8::1");
	assert_false(facts.is_refused);
}

static void a_capture_that_begins_inside_a_message_finds_the_next_command(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		C("of the letter\r\nMail from home\r\nHelp me\r\n.\r\n"),
		S("250 queued\r\n"),
		C("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d>\r\n"),
	};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, true, STEPS(STEP));
	assert_int_equal(facts.rcpt_count, 1);
	assert_int_equal(facts.messages, 1);
	assert_string_equal(facts.mail_from_domain, "b.example");
	assert_false(facts.is_early_talker);
}

static void a_gap_in_a_message_does_not_hide_the_next_one(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		S("220 x\r\n"),
		C("HELO c\r\n"),
		S("250 x\r\n"),
		C("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d>\r\nDATA\r\n"),
		S("250 ok\r\n250 ok\r\n354 go\r\n"),
		C("Subject: x\r\n\r\ntext"),
		CLIENT_GAP(1000),
		C("lost text\r\nRCPTs\r\n"),
		S("250 queued\r\n"),
		C("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d>\r\nDATA\r\n"),
		S("250 ok\r\n250 ok\r\n354 go\r\n"),
		C("x\r\n.\r\n"),
	};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.rcpt_count, 2);
	assert_int_equal(facts.messages, 2);
}

static void a_refusing_greeting_and_an_early_talker_are_told(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		C("EHLO c\r\n"), S("554 no service\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_true(facts.is_refused);
	assert_true(facts.is_early_talker);
}

static void a_greeting_without_its_end_does_not_swallow_the_list(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		S("220 mx.example.org"), C("EHLO c\r\n"), S(SERVER_LIST)};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_string_equal(facts.banner_host, "mx.example.org");
	assert_int_equal(facts.starttls_offered, FACTS_YES);
}

static void ftp_is_not_taken_for_smtp(void **state)
{
	(void)state;
	struct talk talk;
	static const struct talk_step STEP[] = {
		S("220 ftp\r\n"), C("AUTH TLS\r\n"), S("234 go\r\n")};
	talk_open(&talk, PROTOCOL_SMTP, false);
	talk_step(&talk, &STEP[0], SIZE_MAX, SIZE_MAX);
	talk_step(&talk, &STEP[1], SIZE_MAX, SIZE_MAX);
	assert_int_equal(talk.result, DIALOGUE_GO_ON);
	talk_step(&talk, &STEP[2], SIZE_MAX, SIZE_MAX);
	assert_int_equal(talk.result, DIALOGUE_NOT_MINE);
	talk_close(&talk);
	talk_open(&talk, PROTOCOL_SMTP, false);
	talk_step(&talk, &STEP[1], SIZE_MAX, SIZE_MAX); /* no server to refuse it yet */
	assert_int_equal(talk.result, DIALOGUE_GO_ON);
	talk_step(&talk, &STEP[0], SIZE_MAX, SIZE_MAX);
	talk_step(&talk, &STEP[2], SIZE_MAX, SIZE_MAX);
	assert_int_equal(talk.result, DIALOGUE_NOT_MINE);
	talk_close(&talk);
}

static void an_ftp_command_ahead_of_the_greeting_hides_no_smtp(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {C("USER x\r\n"),
		S("220 mx.example.org\r\n"), S("502 5.5.2 no\r\n"),
		C("EHLO c.example\r\n"), S("250 mx.example.org\r\n"),
		C("MAIL FROM:<a@b.example>\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_string_equal(facts.mail_from_domain, "b.example");
}

static void a_refused_ftp_command_does_not_end_smtp(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("220 mx.example.org\r\n"),
		C("USER x\r\n"), S("502 5.5.2 no\r\n"), C("EHLO c.example\r\n"),
		S("250 mx.example.org\r\n"), C("MAIL FROM:<a@b.example>\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_string_equal(facts.helo, "c.example");
	assert_string_equal(facts.mail_from_domain, "b.example");
}

static void octets_of_xexch50_are_no_commands(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		S("220 x\r\n"),
		C("EHLO c\r\n"),
		S("250-x\r\n250 XEXCH50\r\n"),
		C("XEXCH50 16 2\r\n"),
		S("354 send\r\n"),
		C("RCPT TO:<a@b>\r\n\nRCPT TO:<c@d>\r\n"),
	};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.rcpt_count, 1);
}

#define AUTH_HIDDEN "AUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@b.example>\r\n"
#define WITHOUT_CHUNKING \
	S("220 x ESMTP\r\n"), C("EHLO c\r\n"), S("250-x\r\n250 AUTH PLAIN\r\n")
#define WITH_CHUNKING \
	S("220 x ESMTP\r\n"), C("EHLO c\r\n"), S("250-x\r\n250 CHUNKING\r\n")

static void assert_nothing_is_hidden(const struct talk_step *steps, size_t count)
{
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, steps, count);
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
	assert_string_equal(facts.mail_from_domain, "b.example");
	talk_sweep(PROTOCOL_SMTP, steps, count);
}

static void octets_that_the_server_does_not_take_hide_no_command(void **state)
{
	(void)state;
	static const struct talk_step NOT_OFFERED[] = {WITHOUT_CHUNKING,
		C("BDAT 99999 LAST\r\n" AUTH_HIDDEN),
		S("502 no\r\n235 ok\r\n250 ok\r\n")};
	static const struct talk_step NO_SUCH_FORM[] = {WITH_CHUNKING,
		C("BDAT 99999x\r\nBDAT 99999 FIRST\r\n" AUTH_HIDDEN),
		S("501 what\r\n501 what\r\n235 ok\r\n250 ok\r\n")};
	static const struct talk_step REFUSED[] = {WITH_CHUNKING,
		C("BDAT 99999 LAST\r\n"), S("502 no\r\n"), C("RSET\r\n"),
		C(AUTH_HIDDEN), S("250 ok\r\n235 ok\r\n250 ok\r\n")};
	assert_nothing_is_hidden(STEPS(NOT_OFFERED));
	assert_nothing_is_hidden(STEPS(NO_SUCH_FORM));
	assert_nothing_is_hidden(STEPS(REFUSED));
}

static void a_text_that_the_server_does_not_take_hides_no_command(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {WITHOUT_CHUNKING,
		C("DATA\r\nSubject: hide\r\n\r\n" AUTH_HIDDEN),
		S("503 no\r\n500 what\r\n500 what\r\n235 ok\r\n250 ok\r\n")};
	assert_nothing_is_hidden(STEPS(STEP));
}

static void a_535_to_another_command_is_no_failed_login(void **state)
{
	(void)state;
	static const struct talk_step SENDER[] = {WITHOUT_CHUNKING,
		C("MAIL FROM:<a@b.example>\r\n"), S("535 5.7.1 log in\r\n")};
	static const struct talk_step BURST[] = {WITHOUT_CHUNKING,
		C("MAIL FROM:<a@b.example>\r\nAUTH CRAM-MD5\r\n"),
		S("535 5.7.1 log in\r\n")};
	static const struct talk_step LOGIN[] = {
		WITHOUT_CHUNKING, C("AUTH PLAIN AGEAYg==\r\n"), S("535 5.7.8 no\r\n")};
	assert_int_equal(talk_facts(PROTOCOL_SMTP, false, STEPS(SENDER)).auth_accepted,
		FACTS_UNKNOWN);
	assert_int_equal(talk_facts(PROTOCOL_SMTP, false, STEPS(BURST)).auth_accepted,
		FACTS_UNKNOWN);
	assert_int_equal(
		talk_facts(PROTOCOL_SMTP, false, STEPS(LOGIN)).auth_accepted, FACTS_NO);
}

static void a_refused_login_behind_an_accepted_one_does_not_hide_it(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {WITHOUT_CHUNKING,
		C("AUTH PLAIN AGEAYg==\r\n"), S("235 ok\r\n"),
		C("AUTH PLAIN AGEAYg==\r\n"), S("503 again\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.auth_accepted, FACTS_YES);
}

static void a_text_sent_ahead_of_354_is_one_message(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {WITHOUT_CHUNKING,
		C("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n"
		  "Subject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n"),
		S("250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n221 bye\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.messages, 1);
	assert_int_equal(facts.rcpt_count, 1);
	assert_int_equal(facts.auth_tried, 0);
	talk_sweep(PROTOCOL_SMTP, STEPS(STEP));
}

/* One port of a TAP is read late, or the client's first piece was lost. */
static void a_message_whose_354_came_ahead_of_its_sender_counts_once(void **state)
{
	(void)state;
#define ENVELOPE "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n"
	static const struct talk_step LATE[] = {
		S("220 x\r\n250-x\r\n250 DSN\r\n250 ok\r\n250 ok\r\n354 go\r\n250 "
		  "queued\r\n"),
		C("EHLO c\r\n" ENVELOPE "DATA\r\nhello\r\n.\r\nQUIT\r\n")};
	/* nearly: nothing of the first was captured, and all of the second */
	static const struct talk_step SECOND[] = {
		S("220 x\r\n250-x\r\n250 DSN\r\n250 ok\r\n250 ok\r\n354 go\r\n250 "
		  "queued\r\n"),
		CLIENT_GAP(100), C(ENVELOPE "DATA\r\n"),
		S("250 ok\r\n250 ok\r\n354 go\r\n"), C("hello\r\n.\r\n"),
		S("250 queued\r\n")};
	assert_int_equal(talk_facts(PROTOCOL_SMTP, false, STEPS(LATE)).messages, 1);
	assert_int_equal(talk_facts(PROTOCOL_SMTP, false, STEPS(SECOND)).messages, 2);
}

static unsigned starttls_of(const char *command, const char *reply)
{
	const struct talk_step steps[] = {S("220 x\r\n"), C("EHLO c\r\n"),
		S("250-x\r\n250 STARTTLS\r\n"), {TALK_CLIENT, command, strlen(command)},
		{TALK_SERVER, reply, strlen(reply)}};
	return talk_facts(PROTOCOL_SMTP, false, STEPS(steps)).starttls;
}

static void a_command_of_x_is_masked_where_it_could_be_starttls_and_is_refused(
	void **state)
{
	(void)state;
	assert_int_equal(starttls_of("XXXXXXXX\r\n", "500 what\r\n"),
		FACTS_STARTTLS_MASKED_VERB);
	assert_int_equal(starttls_of("XXXX\r\n", "500 what\r\n"), 0);
	assert_int_equal(starttls_of("XXXXXXXX\r\n", "250 ok\r\n"), 0);
}

static void a_starttls_out_of_place_is_told_from_one_in_place(void **state)
{
	(void)state;
	static const struct talk_step BEFORE_EHLO[] = {
		S("220 x\r\n"), C("STARTTLS\r\n"), S("503 no\r\n")};
	const unsigned misplaced = FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_REFUSED |
				   FACTS_STARTTLS_MISPLACED;
	assert_int_equal(starttls_of("STARTTLS now\r\n", "501 no\r\n"), misplaced);
	assert_int_equal(talk_facts(PROTOCOL_SMTP, false, STEPS(BEFORE_EHLO)).starttls,
		misplaced);
	assert_int_equal(starttls_of("MAIL FROM:<a@b.example>\r\nSTARTTLS\r\n",
				 "250 ok\r\n503 no\r\n"),
		misplaced | FACTS_STARTTLS_CLEAR_CONTENT);
	assert_int_equal(starttls_of("STARTTLS\r\n", "454 no\r\n"),
		FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_REFUSED);
}

static bool is_ehlo_refused(
	const char *ehlo, const char *refusal, const char *helo, const char *answer)
{
	const struct talk_step steps[] = {S("220 x\r\n"),
		{TALK_CLIENT, ehlo, strlen(ehlo)},
		{TALK_SERVER, refusal, strlen(refusal)},
		{TALK_CLIENT, helo, strlen(helo)},
		{TALK_SERVER, answer, strlen(answer)}};
	return talk_facts(PROTOCOL_SMTP, false, STEPS(steps)).is_ehlo_refused;
}

static void ehlo_is_refused_where_helo_with_the_same_name_is_taken(void **state)
{
	(void)state;
	static const char NO[] = "502 no\r\n";
	static const char OK[] = "250 x\r\n";
	static const char HELO[] = "HELO pc.example\r\n";
	assert_true(is_ehlo_refused("EHLO pc.example\r\n", NO, HELO, OK));
	assert_true(is_ehlo_refused("EHLO pc.example\r\n", "550 no\r\n", HELO, OK));
	assert_true(is_ehlo_refused("EHLO pc.example\r\n", "421 no\r\n", HELO, OK));
	assert_true(is_ehlo_refused(
		"EHLO pc.example\r\n", NO, "MAIL FROM:<a@b.example>\r\n", OK));
	/* the client may have earned it */
	assert_false(is_ehlo_refused("EHLO pc.example\r\n", NO, "HELO p\r\n", OK));
	assert_false(is_ehlo_refused("EHLO pc.example\r\n", NO,
		"HELO p\r\nMAIL FROM:<a@b.example>\r\n", "250 x\r\n250 ok\r\n"));
	assert_false(is_ehlo_refused(
		"EHLO pc.example\r\n", NO, "MAIL FROM:<a@b.example>\r\n", NO));
	assert_false(is_ehlo_refused("EHLO p_c.example\r\n", NO, HELO, OK));
	assert_false(is_ehlo_refused("EHLO pc.example x\r\n", NO, HELO, OK));
	assert_false(is_ehlo_refused("EHLO a\"b\r\n", NO, "HELO a\"b\r\n", OK));
	assert_false(is_ehlo_refused("EHLO pc.example\r\n", NO, HELO, NO));
	/* it was not refused, or there was a list before */
	assert_false(is_ehlo_refused("EHLO pc.example\r\n", OK, HELO, OK));
	assert_false(is_ehlo_refused(
		"EHLO a\r\nEHLO pc.example\r\n", "250 x\r\n503 twice\r\n", HELO, OK));
	assert_false(is_ehlo_refused("EHLO pc.example\r\n", "450 later\r\n",
		"EHLO pc.example\r\nMAIL FROM:<a@b.example>\r\n",
		"250-x\r\n250 STARTTLS\r\n250 ok\r\n"));
}

#define ASKED(hello) \
	S("220 x\r\n"), C(hello " c\r\n"), S(SERVER_LIST), C("STARTTLS\r\n")

static unsigned ladder_of(const struct talk_step *steps, size_t count)
{
	return talk_facts(PROTOCOL_SMTP, false, steps, count).starttls;
}

static void whoever_goes_on_in_clear_behind_no_220_was_refused(void **state)
{
	(void)state;
	static const struct talk_step ODD[] = {
		ASKED("EHLO"), S("250 ok\r\n"), C("MAIL FROM:<a@b.example>\r\n")};
	static const struct talk_step UNANSWERED[] = {ASKED("EHLO"),
		C("MAIL FROM:<a@b.example>\r\n"), S("250 ok\r\n"), C("DATA\r\n")};
	static const struct talk_step OF_LMTP[] = {
		ASKED("LHLO"), S("454 no\r\n"), C("MAIL FROM:<a@b.example>\r\n")};
	static const struct talk_step WITH_TLS[] = {ASKED("EHLO"), S("250 ok\r\n"),
		C(TALK_CLIENT_HELLO), S(TALK_SERVER_HELLO)};
	static const struct talk_step LOST[] = {ASKED("EHLO"), SERVER_GAP(20),
		S("\r\n250 ok\r\n"), C("MAIL FROM:<a@b.example>\r\n")};
	static const struct talk_step DISORDERED[] = {S("220 x\r\n"), CLIENT_GAP(9),
		C("\r\nEHLO c\r\n"), S(SERVER_LIST), C("STARTTLS\r\n"), S("250 ok\r\n"),
		C("MAIL FROM:<a@b.example>\r\n")};
	assert_false(ladder_of(STEPS(DISORDERED)) & FACTS_STARTTLS_REFUSED);
	assert_true(ladder_of(STEPS(ODD)) & FACTS_STARTTLS_REFUSED);
	assert_true(ladder_of(STEPS(UNANSWERED)) & FACTS_STARTTLS_REFUSED);
	assert_true(ladder_of(STEPS(OF_LMTP)) & FACTS_STARTTLS_REFUSED);
	assert_false(ladder_of(STEPS(WITH_TLS)) & FACTS_STARTTLS_REFUSED);
	assert_true(ladder_of(STEPS(WITH_TLS)) & FACTS_STARTTLS_HELLO);
	assert_false(ladder_of(STEPS(LOST)) & FACTS_STARTTLS_REFUSED);
}

static void a_server_s_replies_alone_prove_login_and_content(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("220 x\r\n"),
		S("250-x\r\n250 AUTH PLAIN\r\n"), S("250 ok\r\n"), S("235 in\r\n"),
		S("354 go\r\n250 queued\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	assert_int_equal(facts.auth_secret, 0); /* what it was is not known */
	assert_true(facts.has_content_clear);
	assert_int_equal(facts.messages, 1);
	facts = talk_facts(PROTOCOL_SMTP, false, STEP, 4);
	assert_false(facts.has_content_clear);
	assert_true(facts_is_content_clear(&facts));
	facts = talk_facts(PROTOCOL_SMTP, false, STEP, 3);
	assert_false(facts_is_content_clear(&facts));
}

#define TURNED_MAIL                                                                \
	S("EHLO mx.example.org\r\n"), C("250-c\r\n250 STARTTLS\r\n"),              \
		S("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n"), \
		C("250 ok\r\n250 ok\r\n354 go\r\n"), S("x\r\nQUIT\r\n.\r\n"),      \
		C("250 queued\r\n")

static void assert_turned(const struct talk_step *steps, size_t count)
{
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, steps, count);
	assert_true(facts.is_turned);
	assert_int_equal(facts.starttls_offered, FACTS_YES);
	assert_string_equal(facts.mail_from_domain, "b.example");
	assert_int_equal(facts.rcpt_count, 1);
	assert_int_equal(facts.messages, 1);
	talk_sweep(PROTOCOL_SMTP, steps, count);
}

static void who_says_mail_and_is_answered_sends_whoever_opened_it(void **state)
{
	(void)state;
	static const struct talk_step FROM_THE_START[] = {
		C("220 c.example ESMTP\r\n"), TURNED_MAIL};
	static const struct talk_step BY_TURN[] = {S("220 x\r\n"), C("HELO c\r\n"),
		S("250 x\r\n"), C("TURN\r\n"), S("250 ok\r\n"), C("220 c\r\n"),
		TURNED_MAIL};
	assert_turned(STEPS(FROM_THE_START));
	assert_turned(STEPS(BY_TURN));
}

static void who_sends_behind_a_turn_greeted_with_what_it_said_then(void **state)
{
	(void)state;
	static const struct talk_step BY_HELO[] = {C("220 c.example ESMTP\r\n"),
		S("HELO mx.example.org\r\n"), C("250 c\r\n"), S("STARTTLS\r\n"),
		C("502 no\r\n")};
	static const struct talk_step BY_EHLO[] = {C("220 c.example ESMTP\r\n"),
		S("EHLO mx.example.org\r\n"), C("250-c\r\n250 STARTTLS\r\n"),
		S("STARTTLS\r\n"), C("454 no\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(BY_HELO));
	assert_true((facts.starttls & FACTS_STARTTLS_MISPLACED) != 0);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(BY_EHLO));
	assert_int_equal(facts.starttls & FACTS_STARTTLS_MISPLACED, 0);
}

static void one_end_alone_turns_no_roles(void **state)
{
	(void)state;
	static const struct talk_step SERVER[] = {S("220 x\r\n"), C("HELO c\r\n"),
		S("MAIL FROM:<a@b.example>\r\n"), C("RSET\r\n"), S("250 ok\r\n")};
	static const struct talk_step CLIENT[] = {S("220 x\r\n"), C("250 ok\r\n"),
		S("500 what\r\n"), C("HELO c\r\n"), S("250 x\r\n")};
	assert_false(talk_facts(PROTOCOL_SMTP, false, STEPS(SERVER)).is_turned);
	assert_false(talk_facts(PROTOCOL_SMTP, false, STEPS(CLIENT)).is_turned);
}

/* Whether a secret crossed in this line, and was taken. */
static bool is_login_in(const char *line, size_t len)
{
	const struct talk_step step[] = {S("220 mx.example.org ESMTP\r\n"),
		C("EHLO client.example.net\r\n"), S(SERVER_LIST),
		{TALK_CLIENT, line, len}, S("235 2.7.0 in\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(step));
	return facts.auth_secret != 0 && facts.auth_accepted == FACTS_YES;
}

#define IS_LOGIN_IN(line) is_login_in((line), sizeof(line) - 1)

static void control_bytes_around_a_verb_hide_no_password(void **state)
{
	(void)state;
	assert_true(IS_LOGIN_IN("\0AUTH PLAIN AGEAYg==\r\n"));
	assert_true(IS_LOGIN_IN("\1\2 AUTH PLAIN AGEAYg==\r\n"));
	assert_true(IS_LOGIN_IN("AUTH\0 PLAIN AGEAYg==\r\n"));
	assert_true(IS_LOGIN_IN("AUTH\vPLAIN AGEAYg==\r\n"));
	assert_false(IS_LOGIN_IN("XAUTH\0PLAIN AGEAYg==\r\n"));
	assert_false(IS_LOGIN_IN("NOOP\0AUTH PLAIN AGEAYg==\r\n"));
	assert_false(IS_LOGIN_IN("\0\0\0\0\0\r\n"));
}

static struct facts facts_of_burl(const char *command, const char *reply)
{
	const struct talk_step step[] = {S("220 mx.example.org ESMTP\r\n"),
		C("EHLO client.example.net\r\n"),
		S("250-mx.example.org\r\n250 BURL imap\r\n"),
		C("MAIL FROM:<a@sender.example>\r\nRCPT TO:<b@example.org>\r\n"),
		S("250 ok\r\n250 ok\r\n"), {TALK_CLIENT, command, strlen(command)},
		{TALK_SERVER, reply, strlen(reply)}, C("AUTH PLAIN AGEAYg==\r\n"),
		S("235 in\r\n")};
	return talk_facts(PROTOCOL_SMTP, false, STEPS(step));
}

static void a_message_that_the_server_fetches_is_a_message(void **state)
{
	(void)state;
	const struct facts taken = facts_of_burl(
		"BURL imap://a@b.example/Sent;uid=1:internal:9 LAST\r\n", "250 ok\r\n");
	assert_int_equal(taken.messages, 1);
	assert_int_equal(taken.auth_accepted, FACTS_YES);
	const struct facts parts = facts_of_burl(
		"BURL imap://a@b.example/1:internal:9\r\nBDAT 4 LAST\r\nQUIT",
		"250 ok\r\n250 ok\r\n");
	assert_int_equal(parts.messages, 1);
	assert_int_equal(parts.auth_accepted, FACTS_YES);
	assert_int_equal(
		facts_of_burl("VRFY imap://a@b.example/ LAST\r\n", "252 ok\r\n")
			.messages,
		0);
}

static void who_sends_to_a_terminal_sends(void **state)
{
	(void)state;
	static const struct talk_step SEND[] = {S("220 mx.example.org ESMTP\r\n"),
		C("HELO c.example\r\n"), S("250 mx.example.org\r\n"),
		C("SOML FROM:<a@sender.example>\r\n"), S("250 ok\r\n")};
	assert_string_equal(
		talk_facts(PROTOCOL_SMTP, false, STEPS(SEND)).mail_from_domain,
		"sender.example");
}

/* RFC 5321 section 4.2, RFC 7504. */
static void what_a_policy_refuses_or_defers_is_counted_and_mistakes_are_not(
	void **state)
{
	(void)state;
	static const struct {
		const char *code;
		uint32_t refusals;
		uint32_t deferrals;
	} CODES[] = {{"550", 1, 0}, {"554", 1, 0}, {"521", 1, 0}, {"556", 1, 0},
		{"450", 0, 1}, {"451", 0, 1}, {"421", 0, 1}, {"471", 0, 1},
		{"250", 0, 0}, {"452", 0, 0}, {"454", 0, 0}, {"455", 0, 0},
		{"501", 0, 0}, {"503", 0, 0}, {"530", 0, 0}, {"555", 0, 0}};
	/* of MAIL, of RCPT, of DATA */
	static const char *const BEFORE[] = {
		"", "250 ok\r\n", "250-of\r\n250 ok\r\n250 ok\r\n"};
	for (size_t i = 0; i < 3 * sizeof(CODES) / sizeof(CODES[0]); i++) {
		char said[64];
		(void)snprintf(said, sizeof(said), "%s%s-no\r\n%s no\r\n",
			BEFORE[i % 3], CODES[i / 3].code, CODES[i / 3].code);
		const struct talk_step steps[] = {S("220 mx.example.org ESMTP\r\n"),
			C("EHLO client.example.net\r\n"), S("250 mx.example.org\r\n"),
			C("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@example.org>\r\n"
			  "DATA\r\n"),
			{TALK_SERVER, said, strlen(said)}};
		const struct facts facts =
			talk_facts(PROTOCOL_SMTP, false, STEPS(steps));
		assert_int_equal(facts.refusals, CODES[i / 3].refusals);
		assert_int_equal(facts.deferrals, CODES[i / 3].deferrals);
	}
}

static void a_policy_speaks_in_greetings_and_of_messages_and_of_no_other_command(
	void **state)
{
	(void)state;
	static const struct talk_step TURNED_AWAY[] = {S("554 not you\r\n")};
	static const struct talk_step PUT_OFF[] = {S("421 later\r\n")};
	static const struct talk_step OTHER[] = {S("220 mx.example.org ESMTP\r\n"),
		C("EHLO client.example.net\r\nVRFY root\r\nAUTH PLAIN AGEAYg==\r\n"),
		S("250 mx.example.org\r\n550 no\r\n550 no\r\n")};
	static const struct talk_step MESSAGES[] = {S("220 mx.example.org ESMTP\r\n"),
		C("EHLO client.example.net\r\n"),
		S("250-mx.example.org\r\n250 CHUNKING\r\n"),
		C("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@example.org>\r\nDATA\r\n"),
		S("250 ok\r\n250 ok\r\n354 go\r\n"),
		C("Subject: x\r\n\r\n550 no\r\n.\r\n"), S("554 a virus\r\n"),
		C("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@example.org>\r\n"
		  "BDAT 4 LAST\r\nabcd"),
		S("250 ok\r\n250 ok\r\n451 busy\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(TURNED_AWAY));
	assert_int_equal(facts.refusals, 1);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(PUT_OFF));
	assert_int_equal(facts.deferrals, 1);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(OTHER));
	assert_int_equal(facts.refusals + facts.deferrals, 0);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(MESSAGES));
	assert_int_equal(facts.refusals, 1);
	assert_int_equal(facts.deferrals, 1);
	assert_int_equal(facts.messages, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_535_to_another_command_is_no_failed_login),
		cmocka_unit_test(a_pipelined_session_is_understood),
		cmocka_unit_test(a_probe_says_no_more_than_hello),
		cmocka_unit_test(what_a_client_not_seen_was_answered_is_more),
		cmocka_unit_test(what_no_mail_client_says_first_is_other_talk),
		cmocka_unit_test(a_yes_to_mail_is_no_yes_to_small_talk),
		cmocka_unit_test(every_cut_of_a_session_is_read),
		cmocka_unit_test(
			a_sender_is_known_by_its_domain_once_the_message_is_taken),
		cmocka_unit_test(
			the_last_senders_are_kept_and_of_a_long_domain_its_end),
		cmocka_unit_test(of_a_client_alone_the_text_is_what_there_is_to_ask),
		cmocka_unit_test(a_body_in_a_client_only_capture_holds_no_commands),
		cmocka_unit_test(a_refused_data_is_followed_by_commands),
		cmocka_unit_test(ehlo_refused_and_helo_taken_is_helo_only),
		cmocka_unit_test(a_lost_part_of_the_list_leaves_the_offer_unknown),
		cmocka_unit_test(a_masked_keyword_and_a_masked_banner_are_told),
		cmocka_unit_test(plain_crosses_with_the_verb_or_after_the_challenge),
		cmocka_unit_test(login_is_a_secret_only_with_its_password),
		cmocka_unit_test(
			a_burst_that_is_answered_in_another_protocol_is_no_smtp),
		cmocka_unit_test(login_may_be_prompted_by_another_code_of_its_class),
		cmocka_unit_test(a_challenge_mechanism_is_tried_without_a_secret),
		cmocka_unit_test(lhlo_makes_it_lmtp_and_each_recipient_is_answered),
		cmocka_unit_test(xclient_names_the_real_client),
		cmocka_unit_test(
			a_capture_that_begins_inside_a_message_finds_the_next_command),
		cmocka_unit_test(a_gap_in_a_message_does_not_hide_the_next_one),
		cmocka_unit_test(a_refusing_greeting_and_an_early_talker_are_told),
		cmocka_unit_test(a_greeting_without_its_end_does_not_swallow_the_list),
		cmocka_unit_test(ftp_is_not_taken_for_smtp),
		cmocka_unit_test(a_refused_ftp_command_does_not_end_smtp),
		cmocka_unit_test(an_ftp_command_ahead_of_the_greeting_hides_no_smtp),
		cmocka_unit_test(octets_of_xexch50_are_no_commands),
		cmocka_unit_test(octets_that_the_server_does_not_take_hide_no_command),
		cmocka_unit_test(a_text_that_the_server_does_not_take_hides_no_command),
		cmocka_unit_test(a_text_sent_ahead_of_354_is_one_message),
		cmocka_unit_test(
			a_message_whose_354_came_ahead_of_its_sender_counts_once),
		cmocka_unit_test(
			a_refused_login_behind_an_accepted_one_does_not_hide_it),
		cmocka_unit_test(
			a_command_of_x_is_masked_where_it_could_be_starttls_and_is_refused),
		cmocka_unit_test(a_starttls_out_of_place_is_told_from_one_in_place),
		cmocka_unit_test(
			ehlo_is_refused_where_helo_with_the_same_name_is_taken),
		cmocka_unit_test(whoever_goes_on_in_clear_behind_no_220_was_refused),
		cmocka_unit_test(a_server_s_replies_alone_prove_login_and_content),
		cmocka_unit_test(who_says_mail_and_is_answered_sends_whoever_opened_it),
		cmocka_unit_test(
			who_sends_behind_a_turn_greeted_with_what_it_said_then),
		cmocka_unit_test(one_end_alone_turns_no_roles),
		cmocka_unit_test(a_message_that_the_server_fetches_is_a_message),
		cmocka_unit_test(who_sends_to_a_terminal_sends),
		cmocka_unit_test(control_bytes_around_a_verb_hide_no_password),
		cmocka_unit_test(
			what_a_policy_refuses_or_defers_is_counted_and_mistakes_are_not),
		cmocka_unit_test(
			a_policy_speaks_in_greetings_and_of_messages_and_of_no_other_command),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
