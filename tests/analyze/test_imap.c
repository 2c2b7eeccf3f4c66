#include "talk.h"

#include <stdio.h>

static const struct talk_step WHOLE[] = {
	S("* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN AUTH=SCRAM-SHA-256] "
	  "ready\r\n"),
	C("a1 LOGIN {5}\r\n"),
	S("+ go\r\n"),
	C("alice {6+}\r\nsecret\r\n"),
	S("a1 OK [CAPABILITY IMAP4rev1 IDLE] in\r\n"),
	C("a2 APPEND x {21}\r\n"),
	S("+ go\r\n"),
	C("a9 AUTHENTICATE NTLM\r\n\r\n"),
	S("a2 OK done\r\n"),
	C("a3 FETCH 1 BODY[]\r\n"),
	S("* 1 FETCH (BODY[] {20}\r\n* PREAUTH [ALERT] \r\n)\r\na3 OK done\r\n"),
	C("a4 LOGOUT\r\n"),
	S("* BYE bye\r\na4 OK bye\r\n"),
};

static void a_login_by_literals_is_a_secret_and_literals_hold_no_commands(void **state)
{
	(void)state;
	const struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(WHOLE));
	assert_int_equal(facts.starttls_offered, FACTS_YES);
	assert_int_equal(
		facts.auth_offered, FACTS_MECHANISM_PLAIN | FACTS_MECHANISM_SCRAM);
	assert_int_equal(facts.login_disabled, FACTS_NO);
	assert_int_equal(facts.auth_tried, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	assert_true(facts.has_content_clear);
	assert_false(facts.is_refused);
	assert_false(facts.is_preauth);
	assert_int_equal(facts.tls, FACTS_TLS_NONE);
}

static void every_cut_of_a_session_is_read(void **state)
{
	(void)state;
	talk_sweep(PROTOCOL_IMAP, STEPS(WHOLE));
}

static void a_refused_literal_is_followed_by_a_command(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		S("* OK ready\r\n"),
		C("a LOGIN {30}\r\n"),
		S("a BAD no\r\n"),
		C("b SELECT INBOX\r\n"),
	};
	const struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(STEP));
	assert_int_equal(facts.auth_tried, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_secret, 0);
	assert_int_equal(facts.auth_accepted, FACTS_NO);
	assert_true(facts.has_content_clear);
}

static void what_is_listed_after_login_says_nothing_of_starttls(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		S("* OK ready\r\n"),
		C("x LOGIN \"a b\" \"c \\\" d\"\r\n"),
		S("x OK in\r\n"),
		C("x CAPABILITY\r\n"),
		S("* CAPABILITY IMAP4rev1\r\nx OK\r\n"),
	};
	const struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(STEP));
	assert_int_equal(facts.starttls_offered, FACTS_UNKNOWN);
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
}

static void a_whole_list_without_starttls_is_a_no(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		S("* OK ready\r\n"),
		C("a CAPABILITY\r\n"),
		S("* CAPABILITY IMAP4rev1 XXXXXXXX LOGINDISABLED\r\na OK\r\n"),
		C("b LOGIN a\r\n"),
	};
	const struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(STEP));
	assert_int_equal(facts.starttls_offered, FACTS_NO);
	assert_int_equal(facts.starttls, FACTS_STARTTLS_MASKED);
	assert_int_equal(facts.login_disabled, FACTS_YES);
	assert_int_equal(facts.auth_secret, 0);
	assert_false(facts.has_content_clear);
}

static void authenticate_is_followed_through_its_continuation(void **state)
{
	(void)state;
	static const struct talk_step PLAIN[] = {S("* OK ready\r\n"),
		C("a AUTHENTICATE PLAIN\r\n"), S("+ \r\n"), C("AGEAYg==\r\n"),
		S("a OK in\r\n")};
	static const struct talk_step CRAM[] = {S("* OK ready\r\n"),
		C("a AUTHENTICATE CRAM-MD5\r\n"), S("+ PDE+\r\n"), C("YSBi\r\n"),
		S("a NO no\r\n")};
	static const struct talk_step ALONE[] = {
		C("a AUTHENTICATE LOGIN\r\n"), C("YQ==\r\n"), C("b NOOP\r\n")};
	struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(PLAIN));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = talk_facts(PROTOCOL_IMAP, false, STEPS(CRAM));
	assert_int_equal(facts.auth_tried, FACTS_MECHANISM_CRAM_MD5);
	assert_int_equal(facts.auth_secret, 0);
	assert_int_equal(facts.auth_accepted, FACTS_NO);
	facts = talk_facts(PROTOCOL_IMAP, false, STEPS(ALONE));
	assert_int_equal(facts.auth_secret, 0);
}

static void preauth_and_bye_greetings_are_told(void **state)
{
	(void)state;
	static const struct talk_step PREAUTH[] = {S("* PREAUTH hello\r\n")};
	static const struct talk_step BYE[] = {S("* BYE busy\r\n")};
	assert_true(talk_facts(PROTOCOL_IMAP, false, STEPS(PREAUTH)).is_preauth);
	assert_true(talk_facts(PROTOCOL_IMAP, false, STEPS(BYE)).is_refused);
}

static void one_tag_for_all_commands_is_matched_in_order(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		S("* OK ready\r\n"),
		C("a CAPABILITY\r\na STARTTLS\r\n"),
		S("* CAPABILITY IMAP4rev1 STARTTLS\r\na OK\r\na NO not now\r\n"),
	};
	const struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(STEP));
	assert_int_equal(
		facts.starttls, FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_REFUSED);
}

static void a_long_fetch_line_still_announces_its_literal(void **state)
{
	(void)state;
	char line[1100];
	memset(line, 'x', sizeof(line));
	memcpy(line, "* 1 FETCH (ENVELOPE ", 20);
	memcpy(line + sizeof(line) - 8, " {200}\r\n", 8);
	char body[200];
	memset(body, 'y', sizeof(body));
	memcpy(body, "\r\n* BYE a\r\n* OK [CAPABILITY NONE] x\r\n", 38);
	const struct talk_step steps[] = {
		S("* OK ready\r\n"),
		{TALK_SERVER, line, sizeof(line)},
		{TALK_SERVER, body, sizeof(body)},
		S(")\r\na OK\r\n"),
	};
	const struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(steps));
	assert_int_equal(facts.starttls_offered, FACTS_UNKNOWN);
	talk_sweep(PROTOCOL_IMAP, STEPS(steps));
}

static void compression_ends_what_can_be_read(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("* OK ready\r\n"),
		C("a COMPRESS DEFLATE\r\n"), S("a OK go\r\n"), C("b LOGIN a b\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(STEP));
	assert_int_equal(facts.auth_tried, 0);
}

static void a_literal_that_the_server_refuses_hides_no_login(void **state)
{
	(void)state;
	static const struct talk_step ONE_FLIGHT[] = {S("* OK x\r\n"),
		C("a LOGIN {99999999}\r\nb LOGIN user pass\r\n"),
		S("a BAD too big\r\nb OK in\r\n")};
	static const struct talk_step OCTETS_CAME[] = {S("* OK x\r\n"),
		C("a LOGIN {99999999}\r\n"), S("+ go\r\n"), C("xx"),
		S("a BAD too big\r\n"), C("\r\nb LOGIN user pass\r\n"),
		S("b OK in\r\n")};
	struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(ONE_FLIGHT));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = talk_facts(PROTOCOL_IMAP, false, STEPS(OCTETS_CAME));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	talk_sweep(PROTOCOL_IMAP, STEPS(ONE_FLIGHT));
	talk_sweep(PROTOCOL_IMAP, STEPS(OCTETS_CAME));
}

#define PIPED "b LOGIN user pass\r\n"

/* One flight and two; in front of what hides it, and behind. */
static const struct talk_step IN_OCTETS[][8] = {
	{S("* OK x\r\n"), C("a NOOP \"x {500+}\r\n"), S("a BAD what\r\n"), C(PIPED),
		S("b OK in\r\n"), C("c LOGOUT\r\n"), S("c OK x\r\n")},
	{S("* OK x\r\n"), C("z NOOP\r\na NOOP \"x {500+}\r\n" PIPED),
		S("z OK x\r\na BAD what\r\nb OK in\r\n")},
	{S("* OK x\r\n"), C("a LOGIN {9+}\r\n" PIPED), S("a BAD long\r\nb OK in\r\n")},
	{S("* OK x\r\n"), C("a NOOP \"x {0+}\r\n" PIPED),
		S("a BAD what\r\nb OK in\r\n")},
	{S("* OK x\r\n"), C("a NOOP \"x {17+}\r\n" PIPED "b NOOP\r\n"),
		S("a BAD what\r\nb OK in\r\nb OK x\r\n")},
	{S("* OK x\r\n"), C("a NOOP {900+}\r\n"), S("a OK x\r\n"),
		C("b LOGIN {4+}\r\nuser {4+}\r\npass\r\n"), S("b OK in\r\n")},
	{S("* OK x\r\n"), C("a NOOP {900+}\r\n"), S("a BAD x\r\n"),
		C("b AUTHENTICATE LOGIN\r\n"), S("+ VXNlcm5hbWU6\r\n"), C("YQ==\r\n"),
		S("+ UGFzc3dvcmQ6\r\n"), C("Yg==\r\n")},
};

static void a_login_in_octets_that_the_server_took_for_lines_counts(void **state)
{
	(void)state;
	static const struct talk_step IN[] = {S("b OK in\r\n"), C("c LIST\r\n")};
	for (size_t i = 0; i < sizeof(IN_OCTETS) / sizeof(IN_OCTETS[0]); i++) {
		struct talk talk;
		talk_open(&talk, PROTOCOL_IMAP, false);
		for (size_t j = 0; j < 8 && IN_OCTETS[i][j].len > 0; j++) {
			talk_step(&talk, &IN_OCTETS[i][j], SIZE_MAX,
				i % 2 ? 1 : SIZE_MAX);
		}
		if (i == 6) {
			assert_int_equal(talk.dialogue.facts.auth_tried, 0);
			talk_step(&talk, &IN[0], SIZE_MAX, SIZE_MAX);
			talk_step(&talk, &IN[1], SIZE_MAX, SIZE_MAX);
			assert_true(talk.dialogue.facts.has_content_clear);
		}
		talk_close(&talk);
		assert_int_equal(
			talk.dialogue.facts.auth_secret, FACTS_MECHANISM_LOGIN);
		assert_int_equal(talk.dialogue.facts.auth_accepted, FACTS_YES);
	}
}

static void starttls_in_octets_is_followed(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("* OK x\r\n"),
		C("a NOOP \"x {900+}\r\n"), S("a BAD x\r\n"), C("b STARTTLS\r\n"),
		S("b OK go\r\n"), C(TALK_CLIENT_HELLO), S(TALK_SERVER_HELLO)};
	assert_int_equal(
		talk_facts(PROTOCOL_IMAP, false, STEPS(STEP)).tls, FACTS_TLS_STARTTLS);
}

#define LETTER                                                            \
	"a LOGIN user pass\r\nb LOGIN user pass\r\nx LOGIN user pass\r\n" \
	"y AUTHENTICATE PLAIN\r\nAGEAYg==\r\nz STARTTLS\r\n\r\n" /* 103 octets */

static void a_letter_that_is_refused_or_taken_holds_no_login(void **state)
{
	(void)state;
	static const struct talk_step TAKEN[] = {S("* PREAUTH x\r\n"),
		C("a APPEND x {103+}\r\n" LETTER "\r\nb NOOP\r\n"),
		S("a OK done\r\nb OK x\r\n"), C("c NOOP\r\n"), S("c OK x\r\n")};
	static const struct talk_step REFUSED[] = {S("* PREAUTH x\r\n"),
		C("a APPEND x {103+}\r\n"), S("a NO none\r\n"), C(LETTER "\r\n"),
		C("b NOOP\r\n"), S("b OK x\r\n"), C("c NOOP\r\n"), S("c OK x\r\n")};
	static const struct talk_step NOT_WAITED[] = {S("* PREAUTH x\r\n"),
		C("a APPEND x {103}\r\n"), S("a NO none\r\n"), C(LETTER "\r\n"),
		C("c NOOP\r\n"), S("* BAD what\r\nc OK x\r\n")};
	static const struct talk_step AHEAD[] = {S("* PREAUTH x\r\n"),
		C("a APPEND x {103}\r\nx LOGIN u p\r\n"), S("a NO none\r\n"),
		C("c NOOP\r\n"), S("c OK x\r\n")};
	static const struct talk_step ANSWERED[] = {S("* PREAUTH x\r\n"),
		C("a APPEND x {103}\r\n"), S("a NO none\r\n"),
		C("c NOOP\r\nx LOGIN u p\r\n"), S("c OK x\r\nx NO in already\r\n")};
	const struct {
		const struct talk_step *steps;
		size_t count;
	} LETTERS[] = {
		{STEPS(TAKEN)}, {STEPS(REFUSED)}, {STEPS(NOT_WAITED)}, {STEPS(AHEAD)}};
	for (size_t i = 0; i < sizeof(LETTERS) / sizeof(LETTERS[0]); i++) {
		const struct facts facts = talk_facts(
			PROTOCOL_IMAP, false, LETTERS[i].steps, LETTERS[i].count);
		assert_int_equal(facts.auth_tried | facts.auth_secret, 0);
		assert_int_equal(facts.starttls & FACTS_STARTTLS_REQUESTED, 0);
		talk_sweep(PROTOCOL_IMAP, LETTERS[i].steps, LETTERS[i].count);
	}
	assert_int_equal(talk_facts(PROTOCOL_IMAP, false, STEPS(ANSWERED)).auth_secret,
		FACTS_MECHANISM_LOGIN);
}

static void a_no_to_another_command_leaves_the_literal_alone(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("* OK x\r\n"),
		C("a STATUS x (MESSAGES)\r\nb APPEND x {16}\r\n"),
		S("a NO none\r\n+ go\r\n"), C("c LOGIN u pass\r\n\r\n"),
		S("b OK done\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(STEP));
	assert_int_equal(facts.auth_tried, 0);
	talk_sweep(PROTOCOL_IMAP, STEPS(STEP));
}

static void a_login_by_literals_captured_in_disorder_is_a_secret(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("* OK x\r\n"), C("a LOGIN {4}\r\n"),
		C("user {4}\r\n"), S("+ go\r\n"), C("pass\r\n"),
		S("+ go\r\na OK in\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(STEP));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
}

static void a_mechanism_may_be_given_as_a_literal(void **state)
{
	(void)state;
	static const struct talk_step ASKED[] = {S("* OK x\r\n"),
		C("a AUTHENTICATE {5}\r\n"), S("+ go\r\n"), C("PLAIN\r\n"), S("+ \r\n"),
		C("AHVzZXIAcGFzcw==\r\n"), S("a OK in\r\n"), C("b SELECT INBOX\r\n")};
	static const struct talk_step AT_ONCE[] = {S("* OK x\r\n"),
		C("a AUTHENTICATE {5+}\r\nPLAIN AHVzZXIAcGFzcw==\r\n"),
		S("a OK in\r\n"), C("b SELECT INBOX\r\n")};
	struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(ASKED));
	assert_int_equal(facts.auth_tried, FACTS_MECHANISM_PLAIN);
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	assert_true(facts.has_content_clear);
	facts = talk_facts(PROTOCOL_IMAP, false, STEPS(AT_ONCE));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	assert_true(facts.has_content_clear);
	talk_sweep(PROTOCOL_IMAP, STEPS(ASKED));
	talk_sweep(PROTOCOL_IMAP, STEPS(AT_ONCE));
}

static void what_stands_in_place_of_the_mechanism_is_read_as_what_it_is(void **state)
{
	(void)state;
	static const struct talk_step REFUSED[] = {S("* OK x\r\n"),
		C("a AUTHENTICATE {5}\r\n"), S("a BAD no\r\n"),
		C("PLAIN LOGIN u p\r\n"), S("PLAIN OK in\r\n")};
	static const struct talk_step COMMAND[] = {S("* OK x\r\n"),
		C("a AUTHENTICATE {5}\r\nb LOGIN u p\r\n"),
		S("a BAD no\r\nb OK in\r\n")};
	static const struct talk_step AHEAD[] = {S("* OK x\r\n"),
		C("a AUTHENTICATE {5+}\r\nPLAIN LOGIN u p\r\n"),
		S("a NO unsupported\r\nPLAIN OK in\r\n")};
	static const struct talk_step HARMLESS[] = {S("* OK x\r\n"),
		C("a AUTHENTICATE {8}\r\n"), S("+ go\r\n"), C("CRAM-MD5\r\n"),
		S("+ PDE+\r\n"), C("dSAxMjM=\r\n"), S("a OK in\r\n")};
	struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(REFUSED));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = talk_facts(PROTOCOL_IMAP, false, STEPS(COMMAND));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = talk_facts(PROTOCOL_IMAP, false, STEPS(AHEAD));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = talk_facts(PROTOCOL_IMAP, false, STEPS(HARMLESS));
	assert_int_equal(facts.auth_secret, 0);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
}

static void many_commands_behind_starttls_are_an_injection(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("* OK x\r\n"),
		C("s STARTTLS\r\n1 NOOP\r\n2 NOOP\r\n3 NOOP\r\n4 NOOP\r\n"
		  "5 NOOP\r\n6 NOOP\r\n7 NOOP\r\n8 NOOP\r\n9 NOOP\r\n"),
		S("s OK go\r\n"), C(TALK_CLIENT_HELLO), S(TALK_SERVER_HELLO)};
	const struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(STEP));
	assert_int_equal(facts.tls, FACTS_TLS_STARTTLS);
	assert_int_equal(facts.starttls & FACTS_STARTTLS_INJECTED_CLIENT,
		FACTS_STARTTLS_INJECTED_CLIENT);
}

static void the_text_of_a_status_announces_no_literal(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("* OK x\r\n"), C("a FOO {x}\r\n"),
		S("a BAD unknown {99999999}\r\n* OK {99999}\r\n"), C("b STARTTLS\r\n"),
		S("b OK go\r\n"), C(TALK_CLIENT_HELLO), S(TALK_SERVER_HELLO)};
	const struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(STEP));
	assert_int_equal(facts.tls, FACTS_TLS_STARTTLS);
}

static void a_server_s_word_alone_proves_a_login(void **state)
{
	(void)state;
	static const struct talk_step IN[] = {S("* OK x\r\n"),
		S("a OK [CAPABILITY IMAP4rev1 LOGIN-REFERRALS] Logged in\r\n")};
	static const struct talk_step OUT[] = {
		S("* OK x\r\n"), S("a OK LOGOUT completed\r\n")};
	static const struct talk_step CAPTURED[] = {
		S("* OK x\r\n"), C("a NOOP\r\n"), S("b OK Logged in\r\n")};
	struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(IN));
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	assert_true(facts_is_content_clear(&facts));
	facts = talk_facts(PROTOCOL_IMAP, false, STEPS(OUT));
	assert_int_equal(facts.auth_accepted, FACTS_UNKNOWN);
	facts = talk_facts(PROTOCOL_IMAP, false, STEPS(CAPTURED));
	assert_int_equal(facts.auth_accepted, FACTS_UNKNOWN);
}

static void a_tag_of_8_bit_letters_is_one(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("* OK x\r\n"),
		C("\xe9"
		  "a LOGIN user secret\r\n"),
		S("\xe9"
		  "a OK in\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(STEP));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
}

#define GREETING   S("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n")
#define LOGGED_OUT S("* BYE x\r\nz OK x\r\n")

/* RFC 9051 sections 6.2.2, 6.2.3 and 7.1: the form of the reply, in any language. */
static void the_form_of_a_reply_proves_a_login_whose_command_is_missing(void **state)
{
	(void)state;
	static const struct talk_step BY_CODE[] = {
		GREETING, S("a OK [CAPABILITY IMAP4rev1 IDLE] fertig\r\n"), LOGGED_OUT};
	static const struct talk_step BY_PLUS[] = {
		GREETING, S("+ \r\n"), S("a OK fertig\r\n"), LOGGED_OUT};
	static const struct talk_step SELECTED[] = {
		GREETING, S("a OK [READ-WRITE] fertig\r\n"), LOGGED_OUT};
	struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(BY_CODE));
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = talk_facts(PROTOCOL_IMAP, false, STEPS(BY_PLUS));
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = talk_facts(PROTOCOL_IMAP, false, STEPS(SELECTED));
	assert_true(facts.has_content_clear);
}

static void no_login_is_read_into_other_replies(void **state)
{
	(void)state;
	static const struct talk_step NOOP[] = {
		GREETING, S("a OK fertig\r\n"), LOGGED_OUT};
	static const struct talk_step LISTED[] = {GREETING,
		S("* CAPABILITY IMAP4rev1\r\n"), S("a OK authenticated LOGIN\r\n"),
		LOGGED_OUT};
	static const struct talk_step REFUSED[] = {GREETING, S("+ \r\n"),
		S("a NO [CAPABILITY IMAP4rev1] LOGIN failed\r\n"), S("b OK fertig\r\n"),
		LOGGED_OUT};
	struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(NOOP));
	assert_false(facts_is_content_clear(&facts));
	facts = talk_facts(PROTOCOL_IMAP, false, STEPS(LISTED));
	assert_false(facts_is_content_clear(&facts));
	facts = talk_facts(PROTOCOL_IMAP, false, STEPS(REFUSED));
	assert_false(facts_is_content_clear(&facts));
}

#define UPLOADED                                                      \
	C("x1 LOGIN bob secret\r\nx2 AUTHENTICATE PLAIN AGEAYg==\r\n" \
	  "x3 STARTTLS\r\na3 LOGIN bob secret\r\n")

/* Somebody's letter about IMAP, on its way into a folder. */
static void a_login_in_a_letter_that_is_uploaded_is_none(void **state)
{
	(void)state;
	static const struct talk_step BEHIND_A_GAP[] = {GREETING,
		C("a3 APPEND x {4000}\r\n"), S("+ go\r\n"), CLIENT_GAP(5000), UPLOADED,
		S("a3 OK done\r\n"), C("a4 NOOP\r\n"), S("a4 OK x\r\n")};
	static const struct talk_step IN_MID_STREAM[] = {
		UPLOADED, C("a4 NOOP\r\n"), S("a4 OK x\r\n")};
	struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(BEHIND_A_GAP));
	assert_int_equal(facts.auth_secret, 0);
	assert_int_equal(facts.starttls & FACTS_STARTTLS_REQUESTED, 0);
	facts = talk_facts(PROTOCOL_IMAP, true, STEPS(IN_MID_STREAM));
	assert_int_equal(facts.auth_secret, 0);
}

static void a_login_behind_a_gap_counts_with_its_reply(void **state)
{
	(void)state;
	static const struct talk_step ANSWERED[] = {GREETING, CLIENT_GAP(9),
		C("\r\na1 LOGIN bob secret\r\n"), S("a1 OK x\r\n")};
	static const struct talk_step LATE[] = {GREETING, S("a1 OK x\r\na2 OK x\r\n"),
		CLIENT_GAP(9), C("\r\na1 LOGIN bob secret\r\na2 NOOP\r\n")};
	static const struct talk_step ALONE[] = {
		CLIENT_GAP(9), C("\r\na1 LOGIN bob secret\r\n")};
	struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(ANSWERED));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = talk_facts(PROTOCOL_IMAP, false, STEPS(LATE));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = talk_facts(PROTOCOL_IMAP, false, STEPS(ALONE));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
}

static void a_list_in_a_letter_that_is_fetched_is_none(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {GREETING, C("a3 FETCH 1 BODY[]\r\n"),
		S("* 1 FETCH (BODY[] {3000}\r\n"), SERVER_GAP(4000),
		S("* CAPABILITY IMAP4rev1 XXXXXXXX\r\nx OK [CAPABILITY IMAP4rev1] "
		  "LOGIN\r\n"),
		S(")\r\na3 OK done\r\n"), C("a4 NOOP\r\n"), S("a4 OK x\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(STEP));
	assert_int_equal(facts.starttls & FACTS_STARTTLS_MASKED, 0);
	assert_int_equal(facts.auth_accepted, FACTS_UNKNOWN);
	/* behind a reply that fits they are the server's again */
	static const struct talk_step AGAIN[] = {GREETING, SERVER_GAP(9),
		C("a3 NOOP\r\n"), S("\r\na3 OK x\r\n"), C("a4 CAPABILITY\r\n"),
		S("* CAPABILITY IMAP4rev1 STARTTLS\r\na4 OK x\r\n")};
	assert_int_equal(
		talk_facts(PROTOCOL_IMAP, false, STEPS(AGAIN)).starttls_offered,
		FACTS_YES);
}

/* A tag of any length pairs with its reply; blanks hide nothing. */
static void a_long_tag_and_many_blanks_hide_no_login(void **state)
{
	(void)state;
	char tag[900];
	memset(tag, 't', sizeof(tag));
	tag[sizeof(tag) - 1] = '\0';
	char login[2000];
	char reply[1000];
	(void)snprintf(login, sizeof(login), "%s LOGIN%600s \"b c\"\r\n", tag, "a");
	(void)snprintf(reply, sizeof(reply), "%s OK in\r\n", tag);
	const struct talk_step step[] = {S("* OK IMAP4rev1\r\n"),
		{TALK_CLIENT, login, strlen(login)},
		{TALK_SERVER, reply, strlen(reply)}};
	const struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(step));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	talk_sweep(PROTOCOL_IMAP, STEPS(step));
	struct talk talk;
	talk_open(&talk, PROTOCOL_IMAP, false);
	talk_step(&talk, &step[0], SIZE_MAX, SIZE_MAX);
	talk_step(&talk, &step[1], SIZE_MAX, SIZE_MAX);
	assert_null(memmem(&talk.dialogue, sizeof(talk.dialogue), "b c", 3));
	talk_close(&talk);
}

static void what_holds_a_control_byte_or_a_special_is_no_tag(void **state)
{
	(void)state;
	static const char *const TAGS[] = {"\x7f"
					   "a",
		"a\x01", "a+", "a(", "a\"", "a*"};
	for (size_t i = 0; i < sizeof(TAGS) / sizeof(TAGS[0]); i++) {
		char login[64];
		(void)snprintf(
			login, sizeof(login), "%s LOGIN user secret\r\n", TAGS[i]);
		const struct talk_step steps[] = {
			S("* OK x\r\n"), {TALK_CLIENT, login, strlen(login)}};
		assert_int_equal(
			talk_facts(PROTOCOL_IMAP, false, STEPS(steps)).auth_secret, 0);
	}
}

static void junk_without_a_line_end_hides_no_login(void **state)
{
	(void)state;
	static const struct talk_step JUNK[] = {S("* OK x\r\n"),
		C("\x05 \x01\x02 x\x01"
		  "a LOGIN user secret\r\n"),
		S("a OK in\r\n")};
	static const struct talk_step TEXT[] = {S("* OK x\r\n"),
		C("\x05 a LOGIN user secret \x01\r\n"), S("* BAD what\r\n")};
	struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(JUNK));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = talk_facts(PROTOCOL_IMAP, false, STEPS(TEXT));
	assert_int_equal(facts.auth_tried, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_login_in_octets_that_the_server_took_for_lines_counts),
		cmocka_unit_test(starttls_in_octets_is_followed),
		cmocka_unit_test(a_letter_that_is_refused_or_taken_holds_no_login),
		cmocka_unit_test(
			a_login_by_literals_is_a_secret_and_literals_hold_no_commands),
		cmocka_unit_test(every_cut_of_a_session_is_read),
		cmocka_unit_test(a_refused_literal_is_followed_by_a_command),
		cmocka_unit_test(what_is_listed_after_login_says_nothing_of_starttls),
		cmocka_unit_test(a_whole_list_without_starttls_is_a_no),
		cmocka_unit_test(authenticate_is_followed_through_its_continuation),
		cmocka_unit_test(preauth_and_bye_greetings_are_told),
		cmocka_unit_test(one_tag_for_all_commands_is_matched_in_order),
		cmocka_unit_test(a_long_fetch_line_still_announces_its_literal),
		cmocka_unit_test(compression_ends_what_can_be_read),
		cmocka_unit_test(a_literal_that_the_server_refuses_hides_no_login),
		cmocka_unit_test(a_no_to_another_command_leaves_the_literal_alone),
		cmocka_unit_test(a_mechanism_may_be_given_as_a_literal),
		cmocka_unit_test(
			what_stands_in_place_of_the_mechanism_is_read_as_what_it_is),
		cmocka_unit_test(a_login_by_literals_captured_in_disorder_is_a_secret),
		cmocka_unit_test(many_commands_behind_starttls_are_an_injection),
		cmocka_unit_test(the_text_of_a_status_announces_no_literal),
		cmocka_unit_test(a_server_s_word_alone_proves_a_login),
		cmocka_unit_test(a_tag_of_8_bit_letters_is_one),
		cmocka_unit_test(junk_without_a_line_end_hides_no_login),
		cmocka_unit_test(
			the_form_of_a_reply_proves_a_login_whose_command_is_missing),
		cmocka_unit_test(no_login_is_read_into_other_replies),
		cmocka_unit_test(a_login_in_a_letter_that_is_uploaded_is_none),
		cmocka_unit_test(a_login_behind_a_gap_counts_with_its_reply),
		cmocka_unit_test(a_list_in_a_letter_that_is_fetched_is_none),
		cmocka_unit_test(a_long_tag_and_many_blanks_hide_no_login),
		cmocka_unit_test(what_holds_a_control_byte_or_a_special_is_no_tag),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
