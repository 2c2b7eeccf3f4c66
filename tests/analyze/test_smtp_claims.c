#include "talk.h"

#include <stdio.h>

static void a_letter_s_lines_are_no_commands_where_its_beginning_is_lost(void **state)
{
	(void)state;
	static const struct talk_step MIDSTREAM[] = {
		C("text\r\nEHLO me\r\nMAIL FROM:<a@b.example> REQUIRETLS\r\n"
		  "AUTH PLAIN AGEAYg==\r\nSTARTTLS\r\nmore\r\n.\r\n"),
		S("250 queued\r\n"), C("QUIT\r\n"), S("221 bye\r\n")};
	static const struct talk_step AT_ITS_END[] = {
		C("LHLO me\r\nMAIL FROM:<a@b.example>\r\nAUTH PLAIN AGEAYg==\r\n"),
		CLIENT_GAP(9), S("250 queued\r\n")};
	const struct talk_step *const scripts[] = {MIDSTREAM, AT_ITS_END};
	for (size_t i = 0; i < 2; i++) {
		const struct facts facts =
			talk_facts(PROTOCOL_SMTP, true, scripts[i], i == 0 ? 4 : 3);
		assert_int_equal(facts.auth_tried, 0);
		assert_int_equal(facts.auth_secret, 0);
		assert_int_equal(facts.starttls, FACTS_STARTTLS_CLEAR_CONTENT);
		assert_false(facts.has_requiretls_clear);
		assert_int_equal(facts.protocol, PROTOCOL_SMTP);
		assert_string_equal(facts.helo, "");
		assert_string_equal(facts.mail_from_domain, "");
	}
}

static struct facts behind_a_gap(const char *command, const char *reply)
{
	const struct talk_step steps[] = {S("220 x\r\n"), C("EHLO c\r\n"),
		S("250 x\r\n"), CLIENT_GAP(100),
		{TALK_CLIENT, command, strlen(command)},
		{TALK_SERVER, reply, strlen(reply)}};
	return talk_facts(PROTOCOL_SMTP, false, STEPS(steps));
}

static void a_command_behind_a_gap_counts_with_the_reply_that_fits(void **state)
{
	(void)state;
	static const char AUTH[] = "AUTH PLAIN AGEAYg==\r\n";
	assert_int_equal(
		behind_a_gap(AUTH, "235 in\r\n").auth_secret, FACTS_MECHANISM_PLAIN);
	assert_int_equal(
		behind_a_gap(AUTH, "535 no\r\n").auth_secret, FACTS_MECHANISM_PLAIN);
	assert_int_equal(behind_a_gap(AUTH, "250 queued\r\n").auth_secret, 0);
	assert_int_equal(behind_a_gap(AUTH, "554 spam\r\n").auth_secret, 0);
	assert_int_equal(behind_a_gap(AUTH, "452 full\r\n").auth_secret, 0);
	assert_int_equal(behind_a_gap("STARTTLS\r\n", "220 go\r\n").starttls,
		FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_ACCEPTED);
	assert_int_equal(behind_a_gap("STARTTLS\r\n", "250 queued\r\n").starttls, 0);
	assert_string_equal(behind_a_gap("MAIL FROM:<a@b.example>\r\n", "250 ok\r\n")
				    .mail_from_domain,
		"b.example");
	static const char TLS[] = "MAIL FROM:<a@b.example> REQUIRETLS\r\n";
	assert_true(behind_a_gap(TLS, "250 ok\r\n").has_requiretls_clear);
	assert_false(behind_a_gap(TLS, "354 go\r\n").has_requiretls_clear);
}

#define CHUNKING                                                         \
	S("220 x\r\n"), C("EHLO c\r\n"), S("250-x\r\n250 CHUNKING\r\n"), \
		C("MAIL FROM:<a@b.example>\r\n"), S("250 ok\r\n")

static void a_refused_chunk_hides_no_command_and_accuses_nobody(void **state)
{
	(void)state;
	static const struct talk_step LEFT_OUT[] = {CHUNKING, C("BDAT 1000 LAST\r\n"),
		S("554 no\r\n"), C("AUTH PLAIN AGEAYg==\r\n"), S("235 in\r\n")};
	static const struct talk_step SENT[] = {CHUNKING, C("BDAT 1000 LAST\r\n"),
		S("554 no\r\n"), C("AUTH PLAIN AGEAYg==\r\ntext\r\nRSET\r\n"),
		S("250 ok\r\n"), C("QUIT\r\n"), S("221 bye\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(LEFT_OUT));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(SENT));
	assert_int_equal(facts.auth_secret, 0);
}

#define LETTER                                                          \
	"AUTH PLAIN AGEAYg==\r\nhi\r\n.\r\nMAIL FROM:<z@q.example>\r\n" \
	"RCPT TO:<q@q.example>\r\nDATA\r\n" /* 82 octets */

static void octets_that_a_server_discards_are_no_commands(void **state)
{
	(void)state;
	static const struct talk_step SENT[] = {CHUNKING, C("BDAT 82 LAST\r\n"),
		S("503 no\r\n"), C(LETTER), C("RCPT TO:<c@d.example>\r\n"),
		S("503 no\r\n"), C("AUTH PLAIN AGEAYg==\r\n"), S("235 in\r\n")};
	static const struct talk_step TWO[] = {CHUNKING,
		C("BDAT 9\r\nSubject: BDAT 82 LAST\r\nAUTH PLAIN "),
		S("503 no\r\n503 no\r\n"), C("AGEAYg==\r\n")};
	static const struct talk_step COMMANDS[] = {CHUNKING, C("BDAT 8900 LAST\r\n"),
		S("503 no\r\n"), C("MAIL FROM:<z@q.example>\r\n"), S("250 ok\r\n"),
		C("RCPT TO:<q@q.example>\r\n"), S("250 ok\r\n"), C("DATA\r\n"),
		S("354 go\r\n"), C("text\r\n.\r\n"), S("250 ok\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(SENT));
	assert_int_equal(facts.rcpt_count, 1);
	assert_int_equal(facts.messages, 1);
	assert_int_equal(facts.smuggling, FACTS_SMUGGLING_NONE);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(TWO));
	assert_int_equal(facts.auth_secret, 0);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(COMMANDS));
	assert_int_equal(facts.rcpt_count, 1);
	assert_int_equal(facts.messages, 2);
	talk_sweep(PROTOCOL_SMTP, STEPS(SENT));
	talk_sweep(PROTOCOL_SMTP, STEPS(COMMANDS));
}

static void what_a_server_that_offers_chunking_does_not_discard_is_read(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("220 x\r\n"), C("EHLO c\r\n"),
		S("250-x\r\n250 CHUNKING\r\n"), C("BDAT 8900 LAST\r\n"),
		S("503 no\r\n"), C("MAIL FROM:<z@q.example>\r\nAUTH LOGIN\r\n"),
		S("250 ok\r\n334 VXNlcm5hbWU6\r\n"), C("YQ==\r\n"), S("334 UGFz\r\n"),
		C("Yg==\r\n"), S("235 in\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_string_equal(facts.mail_from_domain, "q.example");
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
}

#define TO_DATA                                                                    \
	S("220 x\r\n"), C("EHLO c\r\n"), S("250 x\r\n"),                           \
		C("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n"), \
		S("250 ok\r\n250 ok\r\n354 go\r\n")
#define SMUGGLED "\n.\nAUTH PLAIN AGEAYg==\r\n"

static void the_replies_tell_which_end_of_data_the_server_took(void **state)
{
	(void)state;
	static const struct talk_step STRICT[] = {TO_DATA, C("x" SMUGGLED ".\r\n"),
		S("250 queued\r\n"), C("QUIT\r\n"), S("221 bye\r\n")};
	static const struct talk_step REFUSED_NEXT[] = {TO_DATA,
		C("x" SMUGGLED ".\r\n"), S("250 queued\r\n"), C("AUTH GSSAPI\r\n"),
		S("535 no\r\n")};
	static const struct talk_step LENIENT[] = {TO_DATA, C("x" SMUGGLED ".\r\n"),
		S("250 queued\r\n235 in\r\n500 what\r\n")};
	static const struct talk_step EAGER[] = {
		TO_DATA, C("x" SMUGGLED), S("250 queued\r\n"), S("235 in\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STRICT));
	assert_int_equal(facts.smuggling, FACTS_SMUGGLING_TRIED);
	assert_int_equal(facts.auth_tried, 0);
	assert_int_equal(facts.messages, 1);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(REFUSED_NEXT));
	assert_int_equal(facts.auth_secret, 0);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(LENIENT));
	assert_int_equal(facts.smuggling, FACTS_SMUGGLING_TAKEN);
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(EAGER));
	assert_int_equal(facts.smuggling, FACTS_SMUGGLING_TAKEN);
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
	talk_sweep(PROTOCOL_SMTP, STEPS(STRICT));
	talk_sweep(PROTOCOL_SMTP, STEPS(LENIENT));
}

static void bare_line_feeds_without_a_command_behind_them_smuggle_nothing(void **state)
{
	(void)state;
	static const struct talk_step TEXT[] = {TO_DATA, C("x\n.\nyours\r\n.\r\n"),
		S("250 queued\r\n"), C("QUIT\r\n"), S("221 bye\r\n")};
	static const struct talk_step EVERYWHERE[] = {S("220 x\n"), C("EHLO c\n"),
		S("250 x\r\n"),
		C("MAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\nDATA\n"),
		S("250 ok\r\n250 ok\r\n354 go\r\n"),
		C("x\n.\nMAIL FROM:<a@b.example>\n"), S("250 queued\r\n250 ok\r\n")};
	static const struct talk_step LEAVING[] = {
		TO_DATA, C("x\n.\nQUIT\r\n"), S("250 queued\r\n221 bye\r\n")};
	static const struct talk_step WAITING[] = {TO_DATA, C("x\n.\n"),
		S("250 queued\r\n"), C("RSET\r\n"), S("250 ok\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(TEXT));
	assert_int_equal(facts.smuggling, FACTS_SMUGGLING_NONE);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(EVERYWHERE));
	assert_int_equal(facts.smuggling, FACTS_SMUGGLING_NONE);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(WAITING));
	assert_int_equal(facts.smuggling, FACTS_SMUGGLING_NONE);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(LEAVING));
	assert_int_equal(facts.smuggling, FACTS_SMUGGLING_NONE);
}

/* Everything in one burst, before the greeting; the last dot is ended by a line feed alone. */
#define BURST(text)                                    \
	C("EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT " \
	  "TO:<c@d.example>\r\nDATA\r\n" text)
#define LIST "220 x ESMTP\r\n250-x\r\n250 SIZE 9\r\n"

static void what_a_burst_sent_before_an_odd_end_is_answered_all_the_same(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {BURST("x\r\n.\n\n"),
		S(LIST "250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n500 what\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.starttls_offered, FACTS_NO);
	assert_int_equal(facts.messages, 1);
	assert_int_equal(facts.smuggling, FACTS_SMUGGLING_NONE);
}

static enum facts_smuggling in_a_burst(
	const char *end, const char *behind, const char *reply_to_data)
{
	char text[1024];
	char replies[64];
	(void)snprintf(text, sizeof(text),
		"MAIL FROM:<a@b.example>\r\nDATA\r\nx%s%s\r\n.\r\n", end, behind);
	(void)snprintf(replies, sizeof(replies), "250 ok\r\n%s\r\n250 queued\r\n",
		reply_to_data);
	const struct talk_step steps[] = {S("220 x\r\n"), C("EHLO c\r\n"),
		S("250 x\r\n"), {TALK_CLIENT, text, strlen(text)},
		{TALK_SERVER, replies, strlen(replies)}};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(steps));
	return (enum facts_smuggling)facts.smuggling;
}

static void an_odd_end_in_a_burst_that_did_not_wait_for_354_is_seen(void **state)
{
	(void)state;
	static const char HIDDEN[] = "MAIL FROM:<e@b.example>\r\nDATA\r\ny";
	static const char *const ODD[] = {
		"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\n.\r", "\r\n.\r"};
	for (size_t i = 0; i < sizeof(ODD) / sizeof(ODD[0]); i++) {
		assert_int_equal(
			in_a_burst(ODD[i], HIDDEN, "354 go"), FACTS_SMUGGLING_BURST);
		assert_int_equal(
			in_a_burst(ODD[i], HIDDEN, "554 no"), FACTS_SMUGGLING_NONE);
		assert_int_equal(
			in_a_burst(ODD[i], "so long", "354 go"), FACTS_SMUGGLING_NONE);
		assert_int_equal(in_a_burst(ODD[i], "so long\r\n.\r\nRSET", "354 go"),
			FACTS_SMUGGLING_NONE);
	}
	assert_int_equal(
		in_a_burst("\r\n.\r\n", HIDDEN, "354 go"), FACTS_SMUGGLING_NONE);
	char far[600]; /* more than is kept of a line */
	memset(far, 'x', sizeof(far));
	memcpy(far + sizeof(far) - 4, "\r.\r", 4);
	assert_int_equal(in_a_burst(far, HIDDEN, "354 go"), FACTS_SMUGGLING_BURST);
	far[sizeof(far) - 2] = ' ';
	assert_int_equal(in_a_burst(far, HIDDEN, "354 go"), FACTS_SMUGGLING_NONE);
}

static void replies_to_what_came_before_the_text_tell_nothing_of_its_end(void **state)
{
	(void)state;
	static const struct talk_step STRICT[] = {BURST("x" SMUGGLED ".\r\n"),
		S(LIST "250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n"), C("QUIT\r\n"),
		S("221 bye\r\n")};
	static const struct talk_step LENIENT[] = {BURST("x" SMUGGLED ".\r\n"),
		S(LIST "250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n"
		       "235 in\r\n500 what\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STRICT));
	assert_int_equal(facts.smuggling, FACTS_SMUGGLING_TRIED);
	assert_int_equal(facts.auth_tried, 0);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(LENIENT));
	assert_int_equal(facts.smuggling, FACTS_SMUGGLING_TAKEN);
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
}

static void lmtp_answers_one_text_for_each_recipient(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("220 x LMTP\r\n"), C("LHLO c\r\n"),
		S("250 x\r\n"),
		C("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n"
		  "RCPT TO:<e@d.example>\r\nDATA\r\n"),
		S("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"), C("x" SMUGGLED ".\r\n"),
		S("250 queued\r\n250 queued\r\n"), C("QUIT\r\n"), S("221 bye\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_LMTP, false, STEPS(STEP));
	assert_int_equal(facts.smuggling, FACTS_SMUGGLING_TRIED);
	assert_int_equal(facts.auth_tried, 0);
}

static void lone_cr_hides_commands_as_lone_lf_does(void **state)
{
	(void)state;
	static const struct talk_step TRIED[] = {TO_DATA,
		C("x\r.\rMAIL FROM:<e@b.example>\r\nAUTH PLAIN AGEAYg==\r\n.\r\n"),
		S("250 queued\r\n"), C("QUIT\r\n"), S("221 bye\r\n")};
	static const struct talk_step TAKEN[] = {TO_DATA,
		C("x\r\n.\rMAIL FROM:<e@b.example>\r\n.\r\n"), S("250 queued\r\n"),
		S("250 ok\r\n")};
	static const struct talk_step TEXT[] = {TO_DATA, C("x\r.\rso long\r\n.\r\n"),
		S("250 queued\r\n"), C("QUIT\r\n"), S("221 bye\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(TRIED));
	assert_int_equal(facts.smuggling, FACTS_SMUGGLING_TRIED);
	assert_int_equal(facts.auth_secret, 0);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(TAKEN));
	assert_int_equal(facts.smuggling, FACTS_SMUGGLING_TAKEN);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(TEXT));
	assert_int_equal(facts.smuggling, FACTS_SMUGGLING_NONE);
	talk_sweep(PROTOCOL_SMTP, STEPS(TRIED));
}

/* It ends in DATA and a dot, as a howto does: what stood in front of it is no command either. */
static void a_dialogue_in_a_letter_joined_in_mid_stream_is_text(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		C("EHLO me\r\nAUTH PLAIN AGEAYg==\r\nMAIL FROM:<x@b.example> "
		  "REQUIRETLS\r\n"
		  "DATA\r\n.\r\n"),
		S("250 queued\r\n"), C("QUIT\r\n"), S("221 bye\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, true, STEPS(STEP));
	assert_int_equal(facts.auth_secret, 0);
	assert_false(facts.has_requiretls_clear);
}

/* The whole of it, and one reply for the letter. */
static void a_whole_dialogue_in_a_letter_is_text(void **state)
{
	(void)state;
	static const struct talk_step EHLO[] = {
		C("So it goes:\r\nEHLO me\r\nAUTH PLAIN AGEAYg==\r\nSTARTTLS\r\n"
		  "MAIL FROM:<x@b.example> REQUIRETLS\r\nDATA\r\nSubject: a\r\n"),
		C("\r\nb\r\n.\r\n"), S("250 2.0.0 Ok: queued as 1\r\n"), C("QUIT\r\n"),
		S("221 bye\r\n")};
	static const struct talk_step HELO[] = {
		C("So it goes:\r\nHELO me\r\nAUTH PLAIN AGEAYg==\r\nDATA\r\nb\r\n"
		  ".\r\n"),
		S("250 2.0.0 Ok: queued as 1\r\n"), C("QUIT\r\n"), S("221 bye\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, true, STEPS(EHLO));
	assert_int_equal(facts.auth_tried, 0);
	assert_int_equal(facts.starttls & FACTS_STARTTLS_REQUESTED, 0);
	assert_false(facts.has_requiretls_clear);
	assert_int_equal(facts.starttls_offered, FACTS_UNKNOWN);
	facts = talk_facts(PROTOCOL_SMTP, true, STEPS(HELO));
	assert_int_equal(facts.auth_tried, 0);
}

/* The line in doubt may come to light behind its own reply: 354 answers no letter. */
static void a_login_behind_a_gap_counts_with_what_no_letter_is_answered(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("220 x ESMTP\r\n"), C("EHLO me\r\n"),
		S("250-x\r\n250 AUTH PLAIN\r\n"), CLIENT_GAP(20),
		S("235 in\r\n250 ok\r\n250 ok\r\n"),
		C("AUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@b.example>\r\n"
		  "RCPT TO:<c@d.example>\r\nDATA\r\n"),
		S("354 go\r\n"), C("x\r\n.\r\n"), S("250 queued\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
}

/* Nearly the same, joined in mid-stream: each command has its reply. */
static void a_login_joined_in_mid_stream_counts_with_its_own_reply(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {C("EHLO me\r\nAUTH PLAIN AGEAYg==\r\n"),
		S("250-x\r\n250 AUTH PLAIN\r\n235 in\r\n"), C("QUIT\r\n"),
		S("221 bye\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, true, STEPS(STEP));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
}

#define TO_DATA_UNANSWERED                               \
	S("220 x\r\n"), C("EHLO c\r\n"), S("250 x\r\n"), \
		C("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n")
#define HOWTO                                                           \
	"Subject: x\r\n\r\nEHLO me\r\n250-x\r\nAUTH PLAIN AGEAYg==\r\n" \
	"235 in\r\nSTARTTLS\r\n220 go\r\nMAIL FROM:<e@f.example>\r\n"

static void text_that_does_not_wait_for_354_holds_no_commands(void **state)
{
	(void)state;
	static const struct talk_step AT_ONCE[] = {TO_DATA_UNANSWERED,
		C("DATA\r\n" HOWTO ".\r\nQUIT\r\n"),
		S("250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n221 bye\r\n")};
	static const struct talk_step LATE[] = {TO_DATA_UNANSWERED,
		S("250 ok\r\n250 ok\r\n"), C("DATA\r\n" HOWTO), S("354 go\r\n"),
		C(HOWTO ".\r\n"), S("250 queued\r\n"), C("QUIT\r\n"), S("221 bye\r\n")};
	static const struct talk_step UNANSWERED[] = {
		TO_DATA_UNANSWERED, C("DATA\r\n" HOWTO)};
	const struct talk_step *const scripts[] = {AT_ONCE, LATE, UNANSWERED};
	const size_t counts[] = {6, 10, 5};
	for (size_t i = 0; i < 3; i++) {
		const struct facts facts =
			talk_facts(PROTOCOL_SMTP, false, scripts[i], counts[i]);
		assert_int_equal(facts.auth_tried, 0);
		assert_int_equal(facts.auth_secret, 0);
		assert_int_equal(facts.starttls & FACTS_STARTTLS_REQUESTED, 0);
		assert_int_equal(facts.messages, i < 2);
		assert_string_equal(facts.helo, "c");
		assert_string_equal(facts.mail_from_domain, "b.example");
	}
}

/* Nearly the same: DATA is refused, or the next command is no text of it. */
static void commands_behind_a_refused_data_are_commands(void **state)
{
	(void)state;
	static const struct talk_step REFUSED[] = {TO_DATA_UNANSWERED,
		C("DATA\r\nAUTH PLAIN AGEAYg==\r\n"),
		S("550 no\r\n550 no\r\n554 no\r\n235 in\r\n")};
	static const struct talk_step BEHIND[] = {TO_DATA_UNANSWERED,
		C("DATA\r\n" HOWTO ".\r\n"),
		S("250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n"),
		C("AUTH PLAIN AGEAYg==\r\n"), S("235 in\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(REFUSED));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(BEHIND));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	talk_sweep(PROTOCOL_SMTP, STEPS(BEHIND));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_letter_s_lines_are_no_commands_where_its_beginning_is_lost),
		cmocka_unit_test(
			a_command_behind_a_gap_counts_with_the_reply_that_fits),
		cmocka_unit_test(octets_that_a_server_discards_are_no_commands),
		cmocka_unit_test(
			what_a_server_that_offers_chunking_does_not_discard_is_read),
		cmocka_unit_test(a_refused_chunk_hides_no_command_and_accuses_nobody),
		cmocka_unit_test(the_replies_tell_which_end_of_data_the_server_took),
		cmocka_unit_test(
			bare_line_feeds_without_a_command_behind_them_smuggle_nothing),
		cmocka_unit_test(
			what_a_burst_sent_before_an_odd_end_is_answered_all_the_same),
		cmocka_unit_test(
			an_odd_end_in_a_burst_that_did_not_wait_for_354_is_seen),
		cmocka_unit_test(
			replies_to_what_came_before_the_text_tell_nothing_of_its_end),
		cmocka_unit_test(lmtp_answers_one_text_for_each_recipient),
		cmocka_unit_test(lone_cr_hides_commands_as_lone_lf_does),
		cmocka_unit_test(a_dialogue_in_a_letter_joined_in_mid_stream_is_text),
		cmocka_unit_test(a_whole_dialogue_in_a_letter_is_text),
		cmocka_unit_test(
			a_login_behind_a_gap_counts_with_what_no_letter_is_answered),
		cmocka_unit_test(
			a_login_joined_in_mid_stream_counts_with_its_own_reply),
		cmocka_unit_test(text_that_does_not_wait_for_354_holds_no_commands),
		cmocka_unit_test(commands_behind_a_refused_data_are_commands),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
