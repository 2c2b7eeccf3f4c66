#include "talk.h"

/* What no hello leads to: the client has seen the server's. */
#define CHANGE_CIPHER "\x14\x03\x03\0\1\1"
#define FATAL_ALERT   "\x15\x03\x03\0\2\2\x28"

#define HELLO C("EHLO c\r\n"), S("250-x\r\n250 STARTTLS\r\n")
#define SMTP  S("220 x\r\n"), HELLO

enum {
	LADDER = FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_ACCEPTED |
		 FACTS_STARTTLS_HELLO,
};

static const struct talk_step UPGRADE[] = {
	SMTP,
	C("STARTTLS\r\n"),
	S("220 go\r\n"),
	C(TALK_CLIENT_HELLO),
	S(TALK_SERVER_HELLO),
};

static void starttls_is_proven_by_the_hello(void **state)
{
	(void)state;
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(UPGRADE));
	assert_int_equal(facts.tls, FACTS_TLS_STARTTLS);
	assert_int_equal(facts.starttls, LADDER);
	assert_int_equal(facts.session.cipher_suite, 0xc02f);
	assert_true(facts.is_final);
	facts = talk_facts(PROTOCOL_SMTP, false, UPGRADE, 5);
	assert_int_equal(facts.tls, FACTS_TLS_NONE);
	assert_int_equal(
		facts.starttls, FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_ACCEPTED);
}

static void each_protocol_is_read_by_the_analyzer_of_its_grammar(void **state)
{
	(void)state;
	static const struct {
		enum protocol protocol;
		const struct analyzer *analyzer;
	} READ[] = {
		{PROTOCOL_SMTP, &ANALYZER_SMTP},
		{PROTOCOL_SUBMISSION, &ANALYZER_SMTP},
		{PROTOCOL_LMTP, &ANALYZER_SMTP},
		{PROTOCOL_IMAP, &ANALYZER_IMAP},
		{PROTOCOL_POP3, &ANALYZER_POP3},
		{PROTOCOL_SIEVE, &ANALYZER_SIEVE},
		{PROTOCOL_MAPI_RPC, &ANALYZER_DCERPC},
		{PROTOCOL_DCERPC, &ANALYZER_DCERPC},
		{PROTOCOL_EWS, &ANALYZER_HTTP},
		{PROTOCOL_EXCHANGE_HTTPS, &ANALYZER_HTTP},
		{PROTOCOL_IMAPS, NULL},
		{PROTOCOL_TLS, NULL},
	};
	for (size_t i = 0; i < sizeof(READ) / sizeof(*READ); i++) {
		struct dialogue dialogue = {0};
		dialogue_start(&dialogue, READ[i].protocol, false);
		assert_ptr_equal(dialogue.analyzer, READ[i].analyzer);
		assert_int_equal(
			dialogue.is_tls[DIRECTION_TO_SERVER], READ[i].analyzer == NULL);
	}
}

static void every_cut_of_an_upgrade_is_read(void **state)
{
	(void)state;
	talk_sweep(PROTOCOL_SMTP, STEPS(UPGRADE));
}

static void imap_pop3_and_sieve_upgrade_alike(void **state)
{
	(void)state;
	static const struct talk_step IMAP[] = {S("* OK x\r\n"), C("a STARTTLS\r\n"),
		S("a OK go\r\n"), C(TALK_CLIENT_HELLO), S(TALK_SERVER_HELLO)};
	static const struct talk_step POP3[] = {S("+OK x\r\n"), C("STLS\r\n"),
		S("+OK go\r\n"), C(TALK_CLIENT_HELLO), S(TALK_SERVER_HELLO)};
	static const struct talk_step SIEVE[] = {
		S("\"IMPLEMENTATION\" \"x\"\r\nOK\r\n"), C("STARTTLS\r\n"), S("OK\r\n"),
		C(TALK_CLIENT_HELLO), S(TALK_SERVER_HELLO)};
	const struct facts facts[] = {
		talk_facts(PROTOCOL_IMAP, false, STEPS(IMAP)),
		talk_facts(PROTOCOL_POP3, false, STEPS(POP3)),
		talk_facts(PROTOCOL_SIEVE, false, STEPS(SIEVE)),
	};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(facts[i].tls, FACTS_TLS_STARTTLS);
		assert_int_equal(facts[i].starttls, LADDER);
		assert_true(facts[i].session.has_server_hello);
		assert_int_equal(facts[i].starttls_offered, FACTS_YES);
	}
}

static void a_hello_captured_ahead_of_the_answer_is_tls(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {SMTP, C("STARTTLS\r\n"),
		C(TALK_CLIENT_HELLO), S("220 go\r\n" TALK_SERVER_HELLO)};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.tls, FACTS_TLS_STARTTLS);
	assert_int_equal(facts.starttls, LADDER);
}

static void one_side_alone_shows_the_upgrade(void **state)
{
	(void)state;
	static const struct talk_step CLIENT[] = {C("EHLO c\r\n"), C("STARTTLS\r\n"),
		C(TALK_CLIENT_HELLO), C(CHANGE_CIPHER)};
	static const struct talk_step SERVER[] = {S("220 x\r\n"),
		S("250-x\r\n250 STARTTLS\r\n"), S("220 go\r\n"), S(TALK_SERVER_HELLO)};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(CLIENT));
	assert_int_equal(facts.tls, FACTS_TLS_STARTTLS);
	facts = talk_facts(PROTOCOL_SMTP, false, CLIENT, 3); /* anybody's claim */
	assert_int_equal(facts.tls, FACTS_TLS_NONE);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(SERVER));
	assert_int_equal(facts.tls, FACTS_TLS_STARTTLS);
	assert_int_equal(facts.starttls_offered, FACTS_YES);
}

static void clear_text_after_the_answer_stays_clear(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {SMTP, C("STARTTLS\r\n"),
		S("220 go\r\n"), C("EHLO again\r\n"), S("250 x\r\n"),
		C("MAIL FROM:<a@b.example>\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.tls, FACTS_TLS_NONE);
	assert_int_equal(facts.starttls,
		FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_ACCEPTED |
			FACTS_STARTTLS_CLEAR_AFTER | FACTS_STARTTLS_CLEAR_CONTENT);
	assert_string_equal(facts.mail_from_domain, "b.example");
	assert_string_equal(facts.helo, "again");
}

static void commands_behind_starttls_are_an_injection_only_when_it_is_accepted(
	void **state)
{
	(void)state;
	static const struct talk_step ACCEPTED[] = {SMTP, C("STARTTLS\r\nNOOP\r\n"),
		S("220 go\r\n"), C(TALK_CLIENT_HELLO), S(TALK_SERVER_HELLO)};
	static const struct talk_step REFUSED[] = {
		SMTP, C("STARTTLS\r\nNOOP\r\n"), S("454 no\r\n250 ok\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(ACCEPTED));
	assert_int_equal(facts.starttls, LADDER | FACTS_STARTTLS_INJECTED_CLIENT);
	assert_int_equal(facts.tls, FACTS_TLS_STARTTLS);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(REFUSED));
	assert_int_equal(
		facts.starttls, FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_REFUSED);
	assert_int_equal(facts.tls, FACTS_TLS_NONE);
}

static void clear_lines_behind_the_answer_are_an_injection(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("* OK x\r\n"), C("a STARTTLS\r\n"),
		S("a OK go\r\n* CAPABILITY X\r\n"), C(TALK_CLIENT_HELLO),
		S(TALK_SERVER_HELLO)};
	const struct facts facts = talk_facts(PROTOCOL_IMAP, false, STEPS(STEP));
	assert_int_equal(facts.starttls, LADDER | FACTS_STARTTLS_INJECTED_SERVER);
	assert_int_equal(facts.tls, FACTS_TLS_STARTTLS);
}

/* As one port of a TAP is read behind the other; a client's lost bytes hide no reply. */
static void a_greeting_behind_a_gap_of_the_client_is_no_go_ahead(void **state)
{
	(void)state;
	static const struct talk_step LATE[] = {C("EHLO c\r\nSTARTTLS\r\n"),
		CLIENT_GAP(100), S("220 x\r\n"), S("250-x\r\n250 STARTTLS\r\n"),
		S("220 go\r\n")};
	static const struct talk_step LOST[] = {C("EHLO c\r\nSTARTTLS\r\n"),
		SERVER_GAP(100), S("220 go\r\n"), S("250 x\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(LATE));
	assert_int_equal(facts.starttls & FACTS_STARTTLS_INJECTED_SERVER, 0);
	assert_int_equal(facts.starttls_offered, FACTS_YES);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(LOST));
	assert_true((facts.starttls & FACTS_STARTTLS_INJECTED_SERVER) != 0);
}

static void a_hello_to_a_clear_server_is_not_tls(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		C(TALK_CLIENT_HELLO), S("220 x\r\n"), S("500 what\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.tls, FACTS_TLS_NONE);
	assert_int_equal(facts.starttls, 0);
	assert_true(facts.session.has_client_hello);
}

/* What a server takes for a bad line and answers with 500, then reads on. */
#define FAKE_RECORD "\x16\x03\x01\r\n"

#define SECRET_MAIL "AUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@b.example>\r\n"

static void assert_clear_mail(const struct facts *facts)
{
	assert_int_equal(facts->tls, FACTS_TLS_NONE);
	assert_int_equal(facts->auth_secret, FACTS_MECHANISM_PLAIN);
	assert_true(facts->has_content_clear);
	assert_string_equal(facts->mail_from_domain, "b.example");
}

static void what_looks_like_a_record_hides_no_command(void **state)
{
	(void)state;
	static const struct talk_step ONE_FLIGHT[] = {SMTP, C(FAKE_RECORD SECRET_MAIL),
		S("500 what\r\n235 ok\r\n250 ok\r\n")};
	static const struct talk_step DATA_RECORDS[] = {SMTP,
		C("\x17\x03\x03\0\1\n\x17\x03\x03\0\1\n\x17\x03\x03\0\1\n"
		  "\x17\x03\x03\0\1\n\x17\x03\x03\0\1\n"),
		S("500 what\r\n"), C(SECRET_MAIL), S("235 ok\r\n250 ok\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(ONE_FLIGHT));
	assert_clear_mail(&facts);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(DATA_RECORDS));
	assert_clear_mail(&facts);
	talk_sweep(PROTOCOL_SMTP, STEPS(ONE_FLIGHT));
	talk_sweep(PROTOCOL_SMTP, STEPS(DATA_RECORDS));
}

static void a_hello_behind_a_refused_starttls_is_not_tls(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("220 x\r\n"), C("EHLO c\r\n"),
		S("250 x\r\n"), C("STARTTLS\r\n" TALK_CLIENT_HELLO "\r\n" SECRET_MAIL),
		S("502 no\r\n500 what\r\n235 ok\r\n250 ok\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_clear_mail(&facts);
	assert_int_equal(facts.starttls & FACTS_STARTTLS_HELLO, 0);
	assert_int_equal(
		facts.starttls & FACTS_STARTTLS_REFUSED, FACTS_STARTTLS_REFUSED);
	assert_false(facts.session.has_client_hello);
	talk_sweep(PROTOCOL_SMTP, STEPS(STEP));
}

static void tls_is_still_found_after_what_only_looked_like_it(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("220 x\r\n"), C("\x16\x03\x01\0\1\n"),
		S("500 what\r\n"), HELLO, C("STARTTLS\r\n"), S("220 go\r\n"),
		C(TALK_CLIENT_HELLO), S(TALK_SERVER_HELLO)};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.tls, FACTS_TLS_STARTTLS);
	assert_int_equal(facts.starttls, LADDER);
	assert_int_equal(facts.session.cipher_suite, 0xc02f);
	talk_sweep(PROTOCOL_SMTP, STEPS(STEP));
}

static void commands_dressed_as_a_record_behind_starttls_are_an_injection(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {SMTP,
		C("STARTTLS\r\n" FAKE_RECORD "RSET\r\n"), S("220 go\r\n"),
		C(TALK_CLIENT_HELLO), S(TALK_SERVER_HELLO)};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.tls, FACTS_TLS_STARTTLS);
	assert_int_equal(facts.starttls, LADDER | FACTS_STARTTLS_INJECTED_CLIENT);
}

static void a_gap_that_swallows_the_answer_leads_into_tls(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {SMTP, C("STARTTLS\r\n"),
		C(TALK_CLIENT_HELLO), SERVER_GAP(1460), S("rest of a record\n"),
		C(CHANGE_CIPHER), S("more of it\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(STEP));
	assert_int_equal(facts.tls, FACTS_TLS_STARTTLS);
	assert_int_equal(facts.gaps, 1);
}

static void what_is_lost_in_clear_is_told_from_what_is_lost_in_tls(void **state)
{
	(void)state;
	static const struct talk_step AHEAD[] = {S("220 x\r\n"), SERVER_GAP(40),
		C("EHLO c\r\n"), S("250 STARTTLS\r\n"), C("STARTTLS\r\n"),
		S("220 go\r\n"), C(TALK_CLIENT_HELLO), S(TALK_SERVER_HELLO)};
	static const struct talk_step BEHIND[] = {SMTP, C("STARTTLS\r\n"),
		S("220 go\r\n"), C(TALK_CLIENT_HELLO), S(TALK_SERVER_HELLO),
		SERVER_GAP(900), CLIENT_GAP(80)};
	assert_true(talk_facts(PROTOCOL_SMTP, false, STEPS(AHEAD)).is_clear_cut);
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(BEHIND));
	assert_int_equal(facts.tls, FACTS_TLS_STARTTLS);
	assert_true(facts.gaps > 0);
	assert_false(facts.is_clear_cut);
}

/* A short snap length cuts the hellos: TLS or not, nobody saw it. */
static void what_follows_a_go_ahead_and_is_lost_is_unknown(void **state)
{
	(void)state;
	static const struct talk_step LOST[] = {SMTP, C("STARTTLS\r\n"),
		S("220 go\r\n"), CLIENT_GAP(500), SERVER_GAP(900)};
	static const struct talk_step CUT[] = {SMTP, C("STARTTLS\r\n"), SERVER_GAP(30),
		CLIENT_GAP(500), SERVER_GAP(900)};
	static const struct talk_step REFUSED[] = {
		SMTP, C("STARTTLS\r\n"), S("454 no\r\n"), SERVER_GAP(9)};
	static const struct talk_step NOTHING[] = {
		SMTP, C("STARTTLS\r\n"), S("220 go\r\n")};
	static const struct talk_step CLEAR[] = {SMTP, C("STARTTLS\r\n"),
		S("220 go\r\n"), SERVER_GAP(9), C("MAIL FROM:<a@example.org>\r\n"),
		S("250 ok\r\n"), C("RCPT TO:<b@example.org>\r\n"), S("250 ok\r\n")};
	assert_int_equal(
		talk_facts(PROTOCOL_SMTP, false, STEPS(LOST)).tls, FACTS_TLS_UNKNOWN);
	assert_int_equal(
		talk_facts(PROTOCOL_SMTP, false, STEPS(CUT)).tls, FACTS_TLS_UNKNOWN);
	assert_int_equal(
		talk_facts(PROTOCOL_SMTP, false, STEPS(REFUSED)).tls, FACTS_TLS_NONE);
	assert_int_equal(
		talk_facts(PROTOCOL_SMTP, false, STEPS(NOTHING)).tls, FACTS_TLS_NONE);
	assert_int_equal(
		talk_facts(PROTOCOL_SMTP, false, STEPS(CLEAR)).tls, FACTS_TLS_NONE);
}

static void implicit_tls_has_no_analyzer_and_clear_text_in_it_is_not_its(void **state)
{
	(void)state;
	static const struct talk_step TLS[] = {
		C(TALK_CLIENT_HELLO), S(TALK_SERVER_HELLO)};
	struct facts facts = talk_facts(PROTOCOL_IMAPS, false, STEPS(TLS));
	assert_int_equal(facts.tls, FACTS_TLS_IMPLICIT);
	assert_true(facts.session.has_server_hello);
	assert_int_equal(facts.starttls, 0);
	struct talk talk;
	talk_open(&talk, PROTOCOL_TLS, false);
	assert_null(talk.dialogue.analyzer);
	talk_piece(&talk, DIRECTION_TO_SERVER, "EHLO c\r\n", 8);
	assert_int_equal(talk.result, DIALOGUE_NOT_MINE);
	talk_close(&talk);
}

static void a_hello_behind_empty_records_is_read(void **state)
{
	(void)state;
#define EMPTY "\x16\x03\xff\0\0"
	static const struct talk_step TLS[] = {
		C(EMPTY EMPTY EMPTY EMPTY EMPTY EMPTY TALK_CLIENT_HELLO),
		S(TALK_SERVER_HELLO)};
	const struct facts facts = talk_facts(PROTOCOL_IMAPS, false, STEPS(TLS));
	assert_true(facts.session.has_client_hello);
	assert_true(facts.session.has_server_hello);
	assert_int_equal(facts.session.cipher_suite, 0xc02f);
}

static void mechanisms_have_one_name_each(void **state)
{
	(void)state;
	static const char *const NAMES[] = {"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER",
		"CRAM-MD5", "DIGEST-MD5", "NTLM", "GSSAPI", "EXTERNAL", "ANONYMOUS"};
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		const struct text name = {(const uint8_t *)NAMES[i], strlen(NAMES[i])};
		assert_string_equal(
			facts_mechanism_name(facts_mechanism_flag(name)), NAMES[i]);
	}
	const struct text scram = {(const uint8_t *)"scram-sha-256-plus", 18};
	assert_int_equal(facts_mechanism_flag(scram), FACTS_MECHANISM_SCRAM);
	const struct text apop = {(const uint8_t *)"APOP", 4};
	assert_int_equal(facts_mechanism_flag(apop), FACTS_MECHANISM_OTHER);
	assert_string_equal(
		facts_mechanism_name(FACTS_MECHANISM_USER_PASS), "USER/PASS");
}

static void assert_failed_and_clear(const struct talk_step *steps, size_t count)
{
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, steps, count);
	const unsigned seen = FACTS_STARTTLS_FAILED | FACTS_STARTTLS_CLEAR_AFTER;
	assert_clear_mail(&facts);
	assert_int_equal(facts.starttls & seen, seen);
	assert_int_equal(facts.starttls & FACTS_STARTTLS_INJECTED_SERVER, 0);
	assert_false(facts.session.has_client_hello);
	talk_sweep(PROTOCOL_SMTP, steps, count);
}

#define ASKED SMTP, C("STARTTLS\r\n"), S("220 go\r\n")

static void clear_text_behind_a_fatal_alert_is_read(void **state)
{
	(void)state;
	static const struct talk_step OF_SERVER[] = {ASKED, C(TALK_CLIENT_HELLO),
		S(FATAL_ALERT), C(SECRET_MAIL), S("235 ok\r\n250 ok\r\n")};
	static const struct talk_step OF_CLIENT[] = {ASKED, C(TALK_CLIENT_HELLO),
		S(TALK_SERVER_HELLO), C(FATAL_ALERT SECRET_MAIL),
		S("235 ok\r\n250 ok\r\n")};
	static const struct talk_step SERVER_SAYS_SO[] = {ASKED, C(TALK_CLIENT_HELLO),
		S(FATAL_ALERT "454 no\r\n"), C(SECRET_MAIL), S("235 ok\r\n250 ok\r\n")};
	assert_failed_and_clear(STEPS(OF_SERVER));
	assert_failed_and_clear(STEPS(OF_CLIENT));
	assert_failed_and_clear(STEPS(SERVER_SAYS_SO));
}

/* The alert came while both readings were open: only the bytes behind the gap end it. */
static void a_gap_behind_a_fatal_alert_leaves_the_bytes_at_hand(void **state)
{
	(void)state;
	static const struct talk_step LOST[] = {SMTP, C("STARTTLS\r\n"),
		C(TALK_CLIENT_HELLO),
		S(TALK_SERVER_HELLO FATAL_ALERT
			"454 a long line of text, and more\r\n"),
		SERVER_GAP(20), S("5\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(LOST));
	assert_int_equal(facts.starttls & FACTS_STARTTLS_FAILED, FACTS_STARTTLS_FAILED);
}

static void hellos_alone_mask_no_clear_text(void **state)
{
	(void)state;
	static const struct talk_step ONE[] = {
		ASKED, C(TALK_CLIENT_HELLO SECRET_MAIL), S("235 ok\r\n250 ok\r\n")};
	static const struct talk_step TWO[] = {ASKED, C(TALK_CLIENT_HELLO),
		S(TALK_SERVER_HELLO), C(SECRET_MAIL), S("235 ok\r\n250 ok\r\n")};
	assert_failed_and_clear(STEPS(ONE));
	assert_failed_and_clear(STEPS(TWO));
}

#define RECORD_OF_23 "\x17\x03\x03\0\x17"

/* Both ends play TLS, and what they seal is text. */
static void records_of_text_are_no_tls(void **state)
{
	(void)state;
	static const struct talk_step MASKED[] = {SMTP, C("STARTTLS\r\n"),
		S("220 go\r\n"), C(TALK_CLIENT_HELLO),
		S(TALK_SERVER_HELLO CHANGE_CIPHER), C(CHANGE_CIPHER),
		C(RECORD_OF_23 "EHLO client.example.org"),
		S(RECORD_OF_23 "250-mx.example.org helo"),
		C(RECORD_OF_23 "\r\nMAIL FROM:<a@b.exampl")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(MASKED));
	assert_int_equal(facts.tls, FACTS_TLS_NONE);
	assert_true(facts.starttls & FACTS_STARTTLS_CLEAR_AFTER);
	assert_true(facts.has_content_clear);
	talk_sweep(PROTOCOL_SMTP, STEPS(MASKED));
	static const struct talk_step REAL[] = {SMTP, C("STARTTLS\r\n"),
		S("220 go\r\n"), C(TALK_CLIENT_HELLO),
		S(TALK_SERVER_HELLO CHANGE_CIPHER), C(CHANGE_CIPHER),
		C(RECORD_OF_23 "by chance\x80 some letters"),
		S(RECORD_OF_23 "250-mx.example.org helo")};
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(REAL));
	assert_int_equal(facts.tls, FACTS_TLS_STARTTLS);
	assert_false(facts.starttls & FACTS_STARTTLS_CLEAR_AFTER);
	assert_true(facts.session.is_established);
}

/* Who was joined in the midst and alone: nobody saw what led to the hello. */
static void a_hello_behind_text_of_the_midst_leaves_tls_unknown(void **state)
{
	(void)state;
	static const struct talk_step TALK[] = {C("EHLO c\r\n"), C("STARTTLS\r\n"),
		C(TALK_CLIENT_HELLO), C(CHANGE_CIPHER)};
	static const struct talk_step ANSWERED[] = {C("EHLO c\r\n"), S("250 x\r\n"),
		C(TALK_CLIENT_HELLO), S("500 what\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SMTP, true, STEPS(TALK));
	assert_int_equal(facts.tls, FACTS_TLS_UNKNOWN);
	facts = talk_facts(PROTOCOL_SMTP, true, TALK, 3);
	assert_int_equal(facts.tls, FACTS_TLS_UNKNOWN);
	facts = talk_facts(PROTOCOL_SMTP, true, TALK, 2);
	assert_int_equal(facts.tls, FACTS_TLS_NONE);
	facts = talk_facts(PROTOCOL_SMTP, true, STEPS(ANSWERED));
	assert_int_equal(facts.tls, FACTS_TLS_NONE);
}

static void a_handshake_without_the_server_s_part_has_failed(void **state)
{
	(void)state;
	static const struct talk_step ALERT[] = {
		ASKED, C(TALK_CLIENT_HELLO), S(FATAL_ALERT), C(FATAL_ALERT)};
	const unsigned failed = FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_ACCEPTED |
				FACTS_STARTTLS_FAILED;
	struct facts facts = talk_facts(PROTOCOL_SMTP, false, STEPS(ALERT));
	assert_int_equal(facts.starttls, failed);
	assert_int_equal(facts.tls, FACTS_TLS_NONE);
	assert_true(facts.session.has_client_hello);
	facts = talk_facts(PROTOCOL_SMTP, false, ALERT, 6);
	assert_int_equal(facts.starttls, failed);
	/* nothing but the go-ahead, and one that went well */
	facts = talk_facts(PROTOCOL_SMTP, false, ALERT, 5);
	assert_int_equal(facts.starttls & FACTS_STARTTLS_FAILED, 0);
	facts = talk_facts(PROTOCOL_SMTP, false, STEPS(UPGRADE));
	assert_int_equal(facts.starttls & FACTS_STARTTLS_FAILED, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starttls_is_proven_by_the_hello),
		cmocka_unit_test(each_protocol_is_read_by_the_analyzer_of_its_grammar),
		cmocka_unit_test(every_cut_of_an_upgrade_is_read),
		cmocka_unit_test(imap_pop3_and_sieve_upgrade_alike),
		cmocka_unit_test(a_hello_captured_ahead_of_the_answer_is_tls),
		cmocka_unit_test(one_side_alone_shows_the_upgrade),
		cmocka_unit_test(clear_text_after_the_answer_stays_clear),
		cmocka_unit_test(
			commands_behind_starttls_are_an_injection_only_when_it_is_accepted),
		cmocka_unit_test(clear_lines_behind_the_answer_are_an_injection),
		cmocka_unit_test(a_greeting_behind_a_gap_of_the_client_is_no_go_ahead),
		cmocka_unit_test(a_hello_to_a_clear_server_is_not_tls),
		cmocka_unit_test(what_looks_like_a_record_hides_no_command),
		cmocka_unit_test(a_hello_behind_a_refused_starttls_is_not_tls),
		cmocka_unit_test(tls_is_still_found_after_what_only_looked_like_it),
		cmocka_unit_test(
			commands_dressed_as_a_record_behind_starttls_are_an_injection),
		cmocka_unit_test(a_gap_that_swallows_the_answer_leads_into_tls),
		cmocka_unit_test(what_follows_a_go_ahead_and_is_lost_is_unknown),
		cmocka_unit_test(
			what_is_lost_in_clear_is_told_from_what_is_lost_in_tls),
		cmocka_unit_test(
			implicit_tls_has_no_analyzer_and_clear_text_in_it_is_not_its),
		cmocka_unit_test(mechanisms_have_one_name_each),
		cmocka_unit_test(a_hello_behind_empty_records_is_read),
		cmocka_unit_test(clear_text_behind_a_fatal_alert_is_read),
		cmocka_unit_test(a_gap_behind_a_fatal_alert_leaves_the_bytes_at_hand),
		cmocka_unit_test(hellos_alone_mask_no_clear_text),
		cmocka_unit_test(records_of_text_are_no_tls),
		cmocka_unit_test(a_hello_behind_text_of_the_midst_leaves_tls_unknown),
		cmocka_unit_test(a_handshake_without_the_server_s_part_has_failed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
