#include "talk.h"

#define LIST                                 \
	"\"IMPLEMENTATION\" \"x\"\r\n"       \
	"\"SASL\" \"PLAIN SCRAM-SHA-1\"\r\n" \
	"\"SIEVE\" \"fileinto\"\r\n"

static const struct talk_step WHOLE[] = {
	S(LIST "\"STARTTLS\"\r\nOK \"ready\"\r\n"),
	C("AUTHENTICATE \"PLAIN\" {8+}\r\nAGEAYg==\r\n"),
	S("OK\r\n"),
	C("PUTSCRIPT \"x\" {16+}\r\nAUTHENTICATE \"Y\"\r\nCAPABILITY\r\n"),
	S("OK\r\n" LIST "OK\r\n"),
	C("GETSCRIPT \"x\"\r\nLOGOUT\r\n"),
	S("{6}\r\nNO \r\n\r\n\r\nOK\r\nOK\r\n"),
};

static void an_initial_response_by_literal_is_a_secret(void **state)
{
	(void)state;
	const struct facts facts = talk_facts(PROTOCOL_SIEVE, false, STEPS(WHOLE));
	assert_int_equal(facts.starttls_offered, FACTS_YES);
	assert_int_equal(
		facts.auth_offered, FACTS_MECHANISM_PLAIN | FACTS_MECHANISM_SCRAM);
	assert_int_equal(facts.auth_tried, FACTS_MECHANISM_PLAIN);
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	assert_true(facts.has_content_clear);
}

static void every_cut_of_a_session_is_read(void **state)
{
	(void)state;
	talk_sweep(PROTOCOL_SIEVE, STEPS(WHOLE));
}

static void a_quoted_response_after_the_challenge_is_a_secret(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S(LIST "OK\r\n"),
		C("AUTHENTICATE \"LOGIN\"\r\n"), S("\"VXNlcm5hbWU6\"\r\n"),
		C("\"YQ==\"\r\n"), S("\"UGFzc3dvcmQ6\"\r\n"), C("{4+}\r\nYg==\r\n"),
		S("NO \"bad\"\r\n")};
	static const struct talk_step CANCELLED[] = {S(LIST "OK\r\n"),
		C("AUTHENTICATE \"PLAIN\"\r\n"), S("\"\"\r\n"), C("\"*\"\r\n"),
		S("NO\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SIEVE, false, STEPS(STEP));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_LOGIN);
	assert_int_equal(facts.auth_accepted, FACTS_NO);
	assert_int_equal(facts.starttls_offered, FACTS_NO);
	facts = talk_facts(PROTOCOL_SIEVE, false, STEPS(CANCELLED));
	assert_int_equal(facts.auth_tried, FACTS_MECHANISM_PLAIN);
	assert_int_equal(facts.auth_secret, 0);
}

static void octets_ahead_of_the_greeting_hide_no_command_behind_them(void **state)
{
	(void)state;
	static const struct talk_step DROPPED[] = {C("\x16\x03xyz"), S(LIST "OK\r\n"),
		C("AUTHENTICATE \"PLAIN\" \"AGEAYg==\"\r\n"), S("OK\r\n")};
	static const struct talk_step ENDED[] = {C("xyz"), S(LIST "OK\r\n"),
		C("\r\nAUTHENTICATE \"PLAIN\" \"AGEAYg==\"\r\n"), S("NO\r\nOK\r\n")};
	static const struct talk_step ANOTHER[] = {C("xyz"), S(LIST "OK\r\n"),
		C("w AUTHENTICATE \"PLAIN\" \"AGEAYg==\"\r\n"), S("NO\r\n")};
	static const struct talk_step LATER[] = {C("xyz\r\n"), S(LIST "OK\r\nNO\r\n"),
		C("xyzAUTHENTICATE \"PLAIN\" \"AGEAYg==\"\r\n"), S("NO\r\n")};
	struct facts facts = talk_facts(PROTOCOL_SIEVE, false, STEPS(DROPPED));
	assert_true(facts.is_early_talker);
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = talk_facts(PROTOCOL_SIEVE, false, STEPS(ENDED));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
	facts = talk_facts(PROTOCOL_SIEVE, false, STEPS(ANOTHER));
	assert_int_equal(facts.auth_secret, 0);
	facts = talk_facts(PROTOCOL_SIEVE, false, STEPS(LATER));
	assert_int_equal(facts.auth_secret, 0);
}

static void a_mechanism_may_be_a_literal(void **state)
{
	(void)state;
	static const struct talk_step PLAIN[] = {S(LIST "OK\r\n"),
		C("AUTHENTICATE {5+}\r\nPLAIN {8+}\r\nAGEAYg==\r\n"), S("OK\r\n")};
	static const struct talk_step QUOTED[] = {S(LIST "OK\r\n"),
		C("AUTHENTICATE {5+}\r\nPLAIN \"AGEAYg==\"\r\n"), S("OK\r\n")};
	static const struct talk_step SCRAM[] = {S(LIST "OK\r\n"),
		C("AUTHENTICATE {11+}\r\nSCRAM-SHA-1 \"biws\"\r\n"), S("OK\r\n")};
	static const struct talk_step REFUSED[] = {S(LIST "OK\r\n"),
		C("AUTHENTICATE {5}\r\n"), S("NO\r\n"),
		C("AUTHENTICATE \"PLAIN\" \"AGEAYg==\"\r\n"), S("OK\r\n")};
	assert_int_equal(talk_facts(PROTOCOL_SIEVE, false, STEPS(PLAIN)).auth_secret,
		FACTS_MECHANISM_PLAIN);
	assert_int_equal(talk_facts(PROTOCOL_SIEVE, false, STEPS(QUOTED)).auth_secret,
		FACTS_MECHANISM_PLAIN);
	const struct facts facts = talk_facts(PROTOCOL_SIEVE, false, STEPS(SCRAM));
	assert_int_equal(facts.auth_tried, FACTS_MECHANISM_SCRAM);
	assert_int_equal(facts.auth_secret & FACTS_MECHANISM_PLAIN, 0);
	assert_int_equal(talk_facts(PROTOCOL_SIEVE, false, STEPS(REFUSED)).auth_secret,
		FACTS_MECHANISM_PLAIN);
	talk_sweep(PROTOCOL_SIEVE, STEPS(PLAIN));
}

#define GREETING S(LIST "OK \"ready\"\r\n")
#define LOGIN    "AUTHENTICATE \"PLAIN\" \"AGEAYg==\"\r\n"

static const struct talk_step IN_OCTETS[][8] = {
	{GREETING, C("NOOP \"x {500+}\r\n"), S("NO \"what\"\r\n"), C(LOGIN),
		S("OK\r\n"), C("LISTSCRIPTS\r\n"), S("OK\r\n")},
	{GREETING, C("NOOP \"x {500+}\r\nCAPABILITY\r\n" LOGIN),
		S("NO\r\nOK\r\nOK\r\n"), C("LISTSCRIPTS\r\n"), S("OK\r\n")},
	{GREETING, C("NOOP \"x {9+}\r\n" LOGIN "LISTSCRIPTS\r\n"),
		S("NO\r\nOK\r\nOK\r\n")},
	{GREETING, C("NOOP \"x {0+}\r\n" LOGIN), S("NO\r\nOK\r\n"),
		C("LISTSCRIPTS\r\n"), S("OK\r\n")},
	{GREETING, C("NOOP {500+}\r\n"), S("NO\r\n"), C("AUTHENTICATE {5+}\r\n"),
		C("PLAIN {8+}\r\nAGEAYg==\r\n"), S("OK\r\n"), C("LISTSCRIPTS\r\n"),
		S("OK\r\n")},
	{GREETING, C("NOOP {500+}\r\nAUTHENTICATE \"PLAIN\"\r\n"), S("NO\r\n\"\"\r\n"),
		C("\"AGEAYg==\"\r\n"), S("OK\r\n"), C("LISTSCRIPTS\r\n"), S("OK\r\n")},
};

static void a_login_in_octets_that_the_server_took_for_lines_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(IN_OCTETS) / sizeof(IN_OCTETS[0]); i++) {
		size_t count = 0;
		while (count < 8 && IN_OCTETS[i][count].text != NULL) {
			count++;
		}
		const struct facts facts =
			talk_facts(PROTOCOL_SIEVE, false, IN_OCTETS[i], count);
		assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
		assert_int_equal(facts.auth_accepted, FACTS_YES);
		assert_true(facts.has_content_clear);
		talk_sweep(PROTOCOL_SIEVE, IN_OCTETS[i], count);
	}
}

static void a_script_that_is_refused_or_taken_holds_no_login(void **state)
{
	(void)state;
	static const struct talk_step REFUSED[] = {GREETING,
		C("PUTSCRIPT \"x\" {33+}\r\n"), S("NO \"log in\"\r\n"), C(LOGIN "\r\n"),
		C("NOOP\r\n"), S("OK\r\n"), C("LOGOUT\r\n"), S("OK\r\nBYE\r\n")};
	static const struct talk_step TAKEN[] = {GREETING,
		C("PUTSCRIPT \"x\" {33+}\r\n" LOGIN "\r\nNOOP\r\n"), S("OK\r\nOK\r\n"),
		C("LOGOUT\r\n"), S("OK\r\n")};
	assert_int_equal(
		talk_facts(PROTOCOL_SIEVE, false, STEPS(REFUSED)).auth_tried, 0);
	assert_int_equal(talk_facts(PROTOCOL_SIEVE, false, STEPS(TAKEN)).auth_tried, 0);
	talk_sweep(PROTOCOL_SIEVE, STEPS(REFUSED));
}

static void a_lost_part_of_the_list_leaves_the_offer_unknown(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("\"IMPLEMENTATION\" \"x\"\r\n"),
		SERVER_GAP(12), S("\"SIEVE\" \"x\"\r\nOK\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SIEVE, false, STEPS(STEP));
	assert_int_equal(facts.starttls_offered, FACTS_UNKNOWN);
}

static void bye_in_place_of_the_greeting_is_told(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {S("BYE \"busy\"\r\n")};
	assert_true(talk_facts(PROTOCOL_SIEVE, false, STEPS(STEP)).is_refused);
}

static void a_mark_in_front_of_a_command_hides_no_password(void **state)
{
	(void)state;
	static const struct talk_step STEP[] = {
		S("\"IMPLEMENTATION\" \"x\"\r\n\"SASL\" \"PLAIN\"\r\nOK\r\n"),
		C("\xef\xbb\xbf"
		  "AUTHENTICATE \"PLAIN\" \"AGEAYg==\"\r\n"),
		S("OK\r\n")};
	const struct facts facts = talk_facts(PROTOCOL_SIEVE, false, STEPS(STEP));
	assert_int_equal(facts.auth_secret, FACTS_MECHANISM_PLAIN);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_login_in_octets_that_the_server_took_for_lines_counts),
		cmocka_unit_test(a_script_that_is_refused_or_taken_holds_no_login),
		cmocka_unit_test(a_mechanism_may_be_a_literal),
		cmocka_unit_test(an_initial_response_by_literal_is_a_secret),
		cmocka_unit_test(every_cut_of_a_session_is_read),
		cmocka_unit_test(a_quoted_response_after_the_challenge_is_a_secret),
		cmocka_unit_test(
			octets_ahead_of_the_greeting_hide_no_command_behind_them),
		cmocka_unit_test(a_lost_part_of_the_list_leaves_the_offer_unknown),
		cmocka_unit_test(bye_in_place_of_the_greeting_is_told),
		cmocka_unit_test(a_mark_in_front_of_a_command_hides_no_password),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
