#include "made_flow.h"

#include "judge/evidence.h"

#include <stdio.h>

static void an_attempt_is_no_mail(void **state)
{
	(void)state;
	assert_true(judge_is_mail(PROTOCOL_SMTP));
	assert_true(judge_is_mail(PROTOCOL_EWS));
	assert_false(judge_is_mail(PROTOCOL_ATTEMPT));
	assert_false(judge_is_mail(PROTOCOL_TLS));
}

static void reading_is_access_and_sending_is_not(void **state)
{
	(void)state;
	assert_true(judge_is_access(PROTOCOL_IMAPS));
	assert_true(judge_is_access(PROTOCOL_MAPI_RPC));
	assert_false(judge_is_access(PROTOCOL_SUBMISSION));
	assert_false(judge_is_access(PROTOCOL_HTTP));
	assert_true(judge_is_smtps(PROTOCOL_SUBMISSIONS));
	assert_false(judge_is_smtps(PROTOCOL_IMAPS));
}

static void another_protocol_is_foreign_on_a_mail_port_alone(void **state)
{
	(void)state;
	assert_true(judge_is_foreign(PROTOCOL_SSH, 25));
	assert_false(judge_is_foreign(PROTOCOL_SSH, 22));
	assert_false(judge_is_foreign(PROTOCOL_UNKNOWN, 25));
	assert_false(judge_is_foreign(PROTOCOL_ATTEMPT, 25));
	assert_false(judge_is_foreign(PROTOCOL_SMTP, 143));
}

static bool is_web_by_alpn(const char *offered, const char *chosen)
{
	struct facts_tls_session session = {.version = 0x0303};
	(void)snprintf(
		session.alpn_offered, sizeof(session.alpn_offered), "%s", offered);
	(void)snprintf(session.alpn, sizeof(session.alpn), "%s", chosen);
	return judge_is_web_inside(PROTOCOL_IMAPS, 993, &session);
}

static void http_inside_tls_is_web_where_no_mail_is_offered_beside_it(void **state)
{
	(void)state;
	assert_true(is_web_by_alpn("h2,http/1.1", ""));
	assert_true(is_web_by_alpn("imap,h2", "h2"));
	assert_false(is_web_by_alpn("imap,h2", ""));
	assert_false(is_web_by_alpn("h2", "imap"));
	assert_false(is_web_by_alpn("h2c", ""));
	assert_false(is_web_by_alpn("", ""));
}

static void mail_is_moved_by_a_message_or_may_be_inside_tls(void **state)
{
	(void)state;
	assert_true(judge_is_mail_moved(&(struct facts){.messages = 1}));
	assert_true(judge_is_mail_moved(
		&(struct facts){.session = {.is_established = true}}));
	assert_false(judge_is_mail_moved(&(struct facts){.rcpt_count = 1}));
}

static void rpc_is_private_where_all_calls_are_and_no_secret_crossed(void **state)
{
	(void)state;
	struct facts facts = {.protocol = PROTOCOL_MAPI_RPC, .rpc_protection = 6};
	assert_true(judge_is_rpc_private(&facts));
	facts.has_content_clear = true;
	assert_false(judge_is_rpc_private(&facts));
	facts.has_content_clear = false;
	facts.rpc_protection = 5; /* signed, and readable */
	assert_false(judge_is_rpc_private(&facts));
}

static void tls_1_3_hides_the_client_s_certificate(void **state)
{
	(void)state;
	struct facts facts = {
		.session = {.client_certificate = FACTS_NO, .version = 0x0303}};
	assert_true(judge_is_client_certificate_absent(&facts));
	facts.session.version = 0x0304;
	assert_false(judge_is_client_certificate_absent(&facts));
	facts.session.version = 0;
	assert_false(judge_is_client_certificate_absent(&facts));
}

static void starttls_is_masked_only_where_it_kept_tls_away(void **state)
{
	(void)state;
	struct facts facts = {.starttls = FACTS_STARTTLS_MASKED, .tls = FACTS_TLS_NONE};
	assert_true(judge_is_starttls_masked(&facts));
	facts.starttls_offered = FACTS_YES;
	assert_false(judge_is_starttls_masked(&facts));
	facts.starttls |= FACTS_STARTTLS_REFUSED;
	assert_true(judge_is_starttls_masked(&facts));
	facts.tls = FACTS_TLS_STARTTLS;
	assert_false(judge_is_starttls_masked(&facts));
}

static void starttls_is_absent_from_a_list_that_could_have_had_it(void **state)
{
	(void)state;
	const struct facts listed = {
		.starttls_offered = FACTS_NO, .tls = FACTS_TLS_NONE};
	assert_true(judge_is_starttls_absent(&listed));
	struct facts facts = listed;
	facts.is_helo_only = true;
	assert_false(judge_is_starttls_absent(&facts));
	facts = listed;
	facts.is_preauth = true;
	assert_false(judge_is_starttls_absent(&facts));
	facts = listed;
	facts.tls = FACTS_TLS_STARTTLS;
	assert_false(judge_is_starttls_absent(&facts));
	facts = listed;
	facts.starttls = FACTS_STARTTLS_MASKED;
	assert_false(judge_is_starttls_absent(&facts));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_attempt_is_no_mail),
		cmocka_unit_test(reading_is_access_and_sending_is_not),
		cmocka_unit_test(another_protocol_is_foreign_on_a_mail_port_alone),
		cmocka_unit_test(
			http_inside_tls_is_web_where_no_mail_is_offered_beside_it),
		cmocka_unit_test(mail_is_moved_by_a_message_or_may_be_inside_tls),
		cmocka_unit_test(
			rpc_is_private_where_all_calls_are_and_no_secret_crossed),
		cmocka_unit_test(tls_1_3_hides_the_client_s_certificate),
		cmocka_unit_test(starttls_is_masked_only_where_it_kept_tls_away),
		cmocka_unit_test(starttls_is_absent_from_a_list_that_could_have_had_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
