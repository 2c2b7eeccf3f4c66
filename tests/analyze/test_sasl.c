#include "analyze/sasl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct text text_of(const char *text)
{
	return (struct text){.at = (const uint8_t *)text, .len = strlen(text)};
}

/* Which secrets crossed, when mechanism is answered with these. */
static unsigned secret_of(const char *mechanism, const char *initial, const char *next)
{
	struct facts facts = {0};
	struct sasl sasl = {0};
	sasl_start(&sasl, &facts, text_of(mechanism), text_of(initial));
	sasl_challenge(&sasl);
	if (next != NULL) {
		sasl_response(&sasl, &facts, text_of(next));
	}
	return facts.auth_secret;
}

static void a_secret_crosses_with_the_initial_response_or_behind_it(void **state)
{
	(void)state;
	const unsigned plain = FACTS_MECHANISM_PLAIN;
	assert_int_equal(secret_of("PLAIN", "AGEAYg==", NULL), plain);
	assert_int_equal(secret_of("plain", "", "AGEAYg=="), plain);
	assert_int_equal(secret_of("PLAIN", "=", "AGEAYg=="), plain);
	assert_int_equal(secret_of("PLAIN", "=", NULL), 0);
	assert_int_equal(secret_of("PLAIN", "", "*"), 0);
	assert_int_equal(secret_of("LOGIN", "YW5u", NULL), 0);
	assert_int_equal(secret_of("LOGIN", "YW5u", "cHc="), FACTS_MECHANISM_LOGIN);
	assert_int_equal(secret_of("LOGIN", "YW5u cHc=", NULL), FACTS_MECHANISM_LOGIN);
}

static void tokens_and_passwords_of_providers_are_secrets_by_their_name(void **state)
{
	(void)state;
	static const char *const NAMES[] = {"ATOKEN", "ptoken", "WETOKEN",
		"X-GOOGLE-TOKEN", "XYMCOOKIE", "XYMCOOKIEB64", "X-PLAIN-SUBMIT",
		"PLAIN-CLIENTTOKEN"};
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		assert_int_equal(
			secret_of(NAMES[i], "dG9r", NULL), FACTS_MECHANISM_OTHER);
	}
}

static void what_a_mechanism_of_another_name_sends_is_nobody_s_secret(void **state)
{
	(void)state;
	static const char *const NAMES[] = {"CRAM-MD5", "SCRAM-SHA-256", "NTLM",
		"GSSAPI", "EXTERNAL", "ANONYMOUS", "SECURID", "OTP", "X-UNKNOWN", "T"};
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		assert_int_equal(secret_of(NAMES[i], "dG9r", "dG9r"), 0);
	}
}

static void a_refused_login_behind_an_accepted_one_undoes_nothing(void **state)
{
	(void)state;
	struct facts facts = {0};
	struct sasl sasl = {0};
	sasl_outcome(&sasl, &facts, false);
	assert_int_equal(facts.auth_accepted, FACTS_NO);
	sasl_outcome(&sasl, &facts, true);
	sasl_try(&facts, FACTS_MECHANISM_PLAIN);
	sasl_outcome(&sasl, &facts, false);
	assert_int_equal(facts.auth_accepted, FACTS_YES);
}

static void a_cancelled_exchange_is_over(void **state)
{
	(void)state;
	struct facts facts = {0};
	struct sasl sasl = {0};
	sasl_challenge(&sasl);
	assert_false(sasl.is_asked);
	sasl_start(&sasl, &facts, text_of("LOGIN"), text_of(""));
	sasl_challenge(&sasl);
	assert_true(sasl.is_asked);
	sasl_response(&sasl, &facts, text_of("*"));
	assert_int_equal(sasl.mechanism, 0);
	assert_false(sasl.is_asked);
}

static void a_reply_that_nothing_asked_for_proves_a_login_by_its_words(void **state)
{
	(void)state;
	struct facts facts = {.has_server_bytes = true};
	assert_true(sasl_reply_unasked(&facts, text_of("Logged in")));
	assert_int_equal(facts.auth_accepted, FACTS_YES);
	facts = (struct facts){.has_server_bytes = true};
	assert_false(sasl_reply_unasked(&facts, text_of("Fetch completed.")));
	facts.has_client_bytes = true;
	assert_false(sasl_reply_unasked(&facts, text_of("Logged in")));
	facts.gaps = 1;
	assert_true(sasl_reply_unasked(&facts, text_of("User authenticated")));
}

static void a_response_is_base64_or_a_star(void **state)
{
	(void)state;
	assert_true(sasl_is_response(text_of("AGEAYg==")));
	assert_true(sasl_is_response(text_of("*")));
	assert_false(sasl_is_response(text_of("")));
	assert_false(sasl_is_response(text_of("MAIL FROM")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_secret_crosses_with_the_initial_response_or_behind_it),
		cmocka_unit_test(
			tokens_and_passwords_of_providers_are_secrets_by_their_name),
		cmocka_unit_test(
			what_a_mechanism_of_another_name_sends_is_nobody_s_secret),
		cmocka_unit_test(a_refused_login_behind_an_accepted_one_undoes_nothing),
		cmocka_unit_test(a_cancelled_exchange_is_over),
		cmocka_unit_test(
			a_reply_that_nothing_asked_for_proves_a_login_by_its_words),
		cmocka_unit_test(a_response_is_base64_or_a_star),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
