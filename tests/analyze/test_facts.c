#include "analyze/facts.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static unsigned flag_of(const char *name)
{
	return facts_mechanism_flag((struct text){(const uint8_t *)name, strlen(name)});
}

static void a_mechanism_s_name_leads_back_to_its_flag(void **state)
{
	(void)state;
	const unsigned commands = FACTS_MECHANISM_USER_PASS |
				  FACTS_MECHANISM_USER_ONLY | FACTS_MECHANISM_APOP;
	for (unsigned flag = 1; flag <= FACTS_MECHANISM_OTHER; flag <<= 1) {
		const char *name = facts_mechanism_name(flag);
		/* the commands of POP3 are no names that SASL knows */
		assert_int_equal(flag_of(name),
			(flag & commands) != 0 ? FACTS_MECHANISM_OTHER : flag);
	}
	assert_int_equal(flag_of("scram-sha-256-plus"), FACTS_MECHANISM_SCRAM);
	assert_int_equal(flag_of("plain"), FACTS_MECHANISM_PLAIN);
	assert_int_equal(flag_of("GSS-SPNEGO"), FACTS_MECHANISM_GSSAPI);
	assert_int_equal(flag_of("PLAINER"), FACTS_MECHANISM_OTHER);
}

static void a_challenge_is_content_only_once_it_was_accepted(void **state)
{
	(void)state;
	struct facts facts = {.auth_tried = FACTS_MECHANISM_APOP};
	assert_false(facts_is_content_clear(&facts));
	facts.auth_accepted = FACTS_NO;
	assert_false(facts_is_content_clear(&facts));
	facts.auth_accepted = FACTS_YES;
	assert_true(facts_is_content_clear(&facts));
	facts.auth_tried = FACTS_MECHANISM_GSSAPI;
	assert_false(facts_is_content_clear(&facts));
}

static void mail_and_a_password_are_content(void **state)
{
	(void)state;
	assert_true(facts_is_content_clear(&(struct facts){.has_content_clear = true}));
	assert_true(facts_is_content_clear(
		&(struct facts){.auth_secret = FACTS_MECHANISM_PLAIN}));
	assert_false(facts_is_content_clear(
		&(struct facts){.auth_tried = FACTS_MECHANISM_PLAIN}));
}

static bool is_news(const struct facts *before, const struct facts *after)
{
	struct facts_news news[2];
	memset(&news[0], 0x5a, sizeof(news[0]));
	memset(&news[1], 0xa5, sizeof(news[1]));
	facts_news_of(before, &news[0]);
	facts_news_of(after, &news[1]);
	return memcmp(&news[0], &news[1], sizeof(news[0])) != 0;
}

static void a_flow_with_a_name_is_news_once(void **state)
{
	(void)state;
	const struct facts unnamed = {.protocol = PROTOCOL_UNKNOWN};
	const struct facts named = {.protocol = PROTOCOL_SMTP};
	assert_true(is_news(&unnamed, &named));
	assert_false(is_news(&named, &named));
}

static void a_reusable_secret_is_news_whatever_its_mechanism(void **state)
{
	(void)state;
	for (unsigned flag = 1; flag <= FACTS_MECHANISM_OTHER; flag <<= 1) {
		const struct facts before = {
			.protocol = PROTOCOL_EAS, .has_content_clear = true};
		struct facts after = before;
		after.auth_secret = (uint16_t)(FACTS_MECHANISMS_REUSABLE & flag);
		assert_int_equal(is_news(&before, &after),
			(FACTS_MECHANISMS_REUSABLE & flag) != 0);
	}
}

static void every_protocol_is_news_after_any_other(void **state)
{
	(void)state;
	for (int i = 0; i < PROTOCOL_COUNT * PROTOCOL_COUNT; i++) {
		const struct facts before = {
			.protocol = (enum protocol)(i / PROTOCOL_COUNT)};
		const struct facts after = {
			.protocol = (enum protocol)(i % PROTOCOL_COUNT)};
		assert_int_equal(is_news(&before, &after),
			i / PROTOCOL_COUNT != i % PROTOCOL_COUNT);
	}
}

static void an_offer_is_news_only_beside_content_and_its_absence_always(void **state)
{
	(void)state;
	struct facts before = {.protocol = PROTOCOL_SMTP};
	struct facts after = before;
	after.starttls_offered = FACTS_YES;
	assert_false(is_news(&before, &after));
	after.starttls_offered = FACTS_NO;
	assert_true(is_news(&before, &after));
	before.has_content_clear = true;
	after = before;
	after.starttls_offered = FACTS_YES;
	assert_true(is_news(&before, &after));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mechanism_s_name_leads_back_to_its_flag),
		cmocka_unit_test(a_challenge_is_content_only_once_it_was_accepted),
		cmocka_unit_test(mail_and_a_password_are_content),
		cmocka_unit_test(a_flow_with_a_name_is_news_once),
		cmocka_unit_test(a_reusable_secret_is_news_whatever_its_mechanism),
		cmocka_unit_test(every_protocol_is_news_after_any_other),
		cmocka_unit_test(
			an_offer_is_news_only_beside_content_and_its_absence_always),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
