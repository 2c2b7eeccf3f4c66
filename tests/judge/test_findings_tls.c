#include "made_flow.h"

#define CLEAR_ROW                                                                  \
	MADE_HEAD "  - {id: M-02, from: mailboxes, to: relay, protocols: [smtp], " \
		  "tls: optional}\n"

static struct matrix *office;

static int load_office(void **state)
{
	(void)state;
	office = made_matrix(MADE_OFFICE);
	return 0;
}

static int free_office(void **state)
{
	(void)state;
	matrix_free(office);
	return 0;
}

/* Mail in clear from the mailboxes to the relay, whose row wants STARTTLS. */
static struct made_flow clear_mail(enum facts_answer offered, unsigned starttls)
{
	struct made_flow flow = made_flow(PROTOCOL_SMTP, MAILBOX, RELAY, 25);
	flow.facts.has_content_clear = true;
	flow.facts.starttls_offered = offered;
	flow.facts.starttls = (uint16_t)starttls;
	return flow;
}

static void assert_findings(
	const struct matrix *matrix, struct made_flow *flow, uint64_t findings)
{
	made_judge(matrix, flow);
	assert_int_equal(flow->judgement.findings, findings);
}

static void a_server_that_offers_no_starttls_is_at_fault(void **state)
{
	(void)state;
	struct made_flow flow = clear_mail(FACTS_NO, 0);
	strcpy(flow.facts.banner_host, "relay.example.org");
	assert_findings(office, &flow,
		BIT(FINDING_TLS_MISSING) | BIT(FINDING_TLS_STARTTLS_NOT_OFFERED));
	assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
	assert_string_equal(flow.judgement.detail[FINDING_TLS_STARTTLS_NOT_OFFERED],
		"server calls itself relay.example.org");
	assert_string_equal(
		flow.judgement.detail[FINDING_TLS_MISSING], "content in clear");
}

static void a_client_that_does_not_use_the_offer_is_at_fault(void **state)
{
	(void)state;
	struct made_flow flow = clear_mail(FACTS_YES, 0);
	assert_findings(office, &flow,
		BIT(FINDING_TLS_MISSING) | BIT(FINDING_TLS_STARTTLS_UNUSED));
	flow.facts.has_client_bytes = false;
	assert_findings(office, &flow, BIT(FINDING_TLS_MISSING));
	flow.facts.has_client_bytes = true;
	flow.facts.is_preauth = true;
	assert_findings(office, &flow, BIT(FINDING_TLS_MISSING));
}

static void a_refusal_is_told_apart_from_a_missing_offer(void **state)
{
	(void)state;
	struct made_flow flow = clear_mail(
		FACTS_YES, FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_REFUSED);
	assert_findings(office, &flow,
		BIT(FINDING_TLS_MISSING) | BIT(FINDING_TLS_STARTTLS_REFUSED));
	flow.facts.starttls_offered = FACTS_NO;
	assert_findings(office, &flow,
		BIT(FINDING_TLS_MISSING) | BIT(FINDING_TLS_STARTTLS_NOT_OFFERED));
}

static void a_refusal_waits_for_what_the_client_does_then(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, MAILBOX, RELAY, 25);
	flow.facts.starttls_offered = FACTS_YES;
	flow.facts.starttls = FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_REFUSED;
	flow.observation.is_ended = false;
	assert_findings(office, &flow, 0);
	flow.facts.auth_secret = FACTS_MECHANISM_PLAIN;
	assert_findings(office, &flow,
		BIT(FINDING_TLS_MISSING) | BIT(FINDING_TLS_STARTTLS_REFUSED));
	assert_int_equal(
		flow.judgement.severity[FINDING_TLS_STARTTLS_REFUSED], SEVERITY_MEDIUM);
	flow.facts.auth_secret = 0;
	flow.facts.tls = FACTS_TLS_STARTTLS; /* it asked once more */
	flow.observation.is_ended = true;
	assert_findings(office, &flow, 0);
}

static void a_refusal_to_a_client_that_leaves_is_low(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, MAILBOX, RELAY, 25);
	flow.facts.starttls_offered = FACTS_YES;
	flow.facts.starttls = FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_REFUSED;
	assert_findings(office, &flow, BIT(FINDING_TLS_STARTTLS_REFUSED));
	assert_int_equal(
		flow.judgement.severity[FINDING_TLS_STARTTLS_REFUSED], SEVERITY_LOW);
	assert_string_equal(flow.judgement.detail[FINDING_TLS_STARTTLS_REFUSED],
		"nothing was sent in clear");
}

static void an_overwritten_offer_is_stripped_and_not_missing(void **state)
{
	(void)state;
	struct made_flow flow = clear_mail(FACTS_NO, FACTS_STARTTLS_MASKED);
	assert_findings(office, &flow,
		BIT(FINDING_TLS_MISSING) | BIT(FINDING_TLS_STARTTLS_STRIPPED));
	assert_int_equal(flow.judgement.severity[FINDING_TLS_STARTTLS_STRIPPED],
		SEVERITY_CRITICAL);
	assert_non_null(strstr(
		flow.judgement.detail[FINDING_TLS_STARTTLS_STRIPPED], "middlebox"));
	flow = clear_mail(FACTS_YES, FACTS_STARTTLS_MASKED | FACTS_STARTTLS_REFUSED);
	assert_findings(office, &flow,
		BIT(FINDING_TLS_MISSING) | BIT(FINDING_TLS_STARTTLS_STRIPPED));
}

static void what_one_end_says_in_mid_stream_takes_no_offer_away(void **state)
{
	(void)state;
	struct made_flow flow = clear_mail(FACTS_NO, FACTS_STARTTLS_MASKED);
	flow.facts.is_midstream = true;
	flow.facts.has_client_bytes = false;
	assert_findings(office, &flow, BIT(FINDING_TLS_MISSING));
	flow.facts.has_client_bytes = true;
	assert_findings(office, &flow,
		BIT(FINDING_TLS_MISSING) | BIT(FINDING_TLS_STARTTLS_STRIPPED));
}

static void a_client_s_overwritten_command_counts_from_a_declared_host(void **state)
{
	(void)state;
	struct made_flow flow = clear_mail(FACTS_YES, FACTS_STARTTLS_MASKED_VERB);
	assert_findings(office, &flow,
		BIT(FINDING_TLS_MISSING) | BIT(FINDING_TLS_STARTTLS_STRIPPED));
	flow = made_flow(PROTOCOL_SMTP, INTERNET, MX_IN, 25);
	flow.facts.has_content_clear = true;
	flow.facts.starttls_offered = FACTS_YES;
	flow.facts.starttls = FACTS_STARTTLS_MASKED_VERB;
	assert_findings(office, &flow, 0);
}

static void a_masked_banner_alone_is_nothing_and_with_ehlo_refused_it_is(void **state)
{
	(void)state;
	struct made_flow flow = clear_mail(FACTS_NO, FACTS_STARTTLS_MASKED_GREETING);
	assert_findings(office, &flow,
		BIT(FINDING_TLS_MISSING) | BIT(FINDING_TLS_STARTTLS_NOT_OFFERED));
	flow = clear_mail(FACTS_UNKNOWN, FACTS_STARTTLS_MASKED_GREETING);
	flow.facts.is_helo_only = true;
	assert_findings(office, &flow, BIT(FINDING_TLS_MISSING));
	flow.facts.is_ehlo_refused = true;
	assert_findings(office, &flow,
		BIT(FINDING_TLS_MISSING) | BIT(FINDING_TLS_STARTTLS_STRIPPED));
}

static void a_missing_offer_waits_for_content_or_the_end(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, MAILBOX, RELAY, 25);
	flow.facts.starttls_offered = FACTS_NO;
	flow.observation.is_ended = false;
	assert_findings(office, &flow, 0);
	flow.facts.starttls = FACTS_STARTTLS_MASKED;
	assert_findings(office, &flow, 0);
	flow.observation.is_ended = true;
	assert_findings(office, &flow, BIT(FINDING_TLS_STARTTLS_STRIPPED));
	flow.facts.starttls = 0;
	assert_findings(office, &flow, BIT(FINDING_TLS_STARTTLS_NOT_OFFERED));
	flow.facts.auth_secret = FACTS_MECHANISM_PLAIN;
	flow.observation.is_ended = false;
	made_judge(office, &flow);
	assert_true(flow.judgement.findings & BIT(FINDING_TLS_STARTTLS_NOT_OFFERED));
}

static void a_masked_banner_before_a_starttls_that_works_is_nothing(void **state)
{
	(void)state;
	struct made_flow flow = made_encrypted_flow(PROTOCOL_SMTP, MAILBOX, RELAY, 25);
	flow.facts.starttls = FACTS_STARTTLS_MASKED | FACTS_STARTTLS_REQUESTED |
			      FACTS_STARTTLS_ACCEPTED | FACTS_STARTTLS_HELLO;
	assert_findings(office, &flow, 0);
	assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
}

static void bytes_around_starttls_are_an_injection(void **state)
{
	(void)state;
	struct made_flow flow = made_encrypted_flow(PROTOCOL_SMTP, MAILBOX, RELAY, 25);
	flow.facts.starttls = FACTS_STARTTLS_INJECTED_CLIENT;
	assert_findings(office, &flow, BIT(FINDING_TLS_STARTTLS_INJECTION));
	flow.facts.starttls = FACTS_STARTTLS_INJECTED_SERVER;
	assert_findings(office, &flow, BIT(FINDING_TLS_STARTTLS_INJECTION));
	flow = clear_mail(FACTS_YES, FACTS_STARTTLS_REQUESTED |
					     FACTS_STARTTLS_ACCEPTED |
					     FACTS_STARTTLS_CLEAR_AFTER);
	assert_findings(office, &flow,
		BIT(FINDING_TLS_MISSING) | BIT(FINDING_TLS_STARTTLS_INJECTION));
}

static void text_behind_a_handshake_that_failed_is_an_injection_once_it_is_mail(
	void **state)
{
	(void)state;
	const uint16_t failed = FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_ACCEPTED |
				FACTS_STARTTLS_CLEAR_AFTER | FACTS_STARTTLS_FAILED;
	struct made_flow flow = clear_mail(FACTS_YES, failed);
	assert_findings(office, &flow,
		BIT(FINDING_TLS_MISSING) | BIT(FINDING_TLS_STARTTLS_INJECTION));
	flow.facts.has_content_clear = false;
	assert_findings(office, &flow, 0);
	flow.facts.starttls &= (uint16_t)~FACTS_STARTTLS_FAILED;
	assert_findings(office, &flow, BIT(FINDING_TLS_STARTTLS_INJECTION));
}

static void an_offer_may_be_declined_where_the_row_says_offered(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, INTERNET, MX_IN, 25);
	flow.facts.has_content_clear = true;
	flow.facts.starttls_offered = FACTS_YES;
	assert_findings(office, &flow, 0);
	assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
	flow.facts.starttls_offered = FACTS_NO;
	assert_findings(office, &flow, BIT(FINDING_TLS_STARTTLS_NOT_OFFERED));
	assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
}

static void an_optional_row_wants_nothing_of_starttls(void **state)
{
	(void)state;
	struct matrix *matrix = made_matrix(CLEAR_ROW);
	struct made_flow flow = clear_mail(FACTS_NO, 0);
	assert_findings(matrix, &flow, 0);
	flow = clear_mail(FACTS_YES, FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_REFUSED);
	assert_findings(matrix, &flow, 0);
	matrix_free(matrix);
}

static void a_server_of_ours_owes_starttls_without_a_row_and_strangers_do_not(
	void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, INTERNET, RELAY, 25);
	flow.facts.starttls_offered = FACTS_NO;
	flow.facts.has_said_more = true;
	assert_findings(office, &flow,
		BIT(FINDING_SENDER_ILLEGITIMATE) | BIT(FINDING_RELAY_CHAINED) |
			BIT(FINDING_TLS_STARTTLS_NOT_OFFERED));
	flow = made_flow(PROTOCOL_SMTP, RELAY, INTERNET, 25);
	flow.facts.starttls_offered = FACTS_NO;
	flow.facts.has_said_more = true;
	assert_findings(office, &flow,
		BIT(FINDING_SENDER_ILLEGITIMATE) | BIT(FINDING_RELAY_CHAINED));
}

static void a_session_without_content_breaks_no_tls_condition(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, MAILBOX, RELAY, 25);
	flow.facts.starttls_offered = FACTS_YES;
	assert_findings(office, &flow, 0);
	assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
	assert_non_null(strstr(flow.judgement.reason, "no content crossed in clear"));
}

static void credentials_in_clear_name_mechanism_and_outcome(void **state)
{
	(void)state;
	struct made_flow flow =
		made_flow(PROTOCOL_SUBMISSION, WORKSTATION, SUBMISSION, 587);
	flow.facts.starttls_offered = FACTS_YES;
	flow.facts.auth_tried = FACTS_MECHANISM_PLAIN | FACTS_MECHANISM_LOGIN;
	flow.facts.auth_secret = FACTS_MECHANISM_PLAIN | FACTS_MECHANISM_LOGIN;
	flow.facts.auth_accepted = FACTS_NO;
	assert_findings(office, &flow,
		BIT(FINDING_TLS_CREDENTIALS_CLEAR) | BIT(FINDING_TLS_MISSING) |
			BIT(FINDING_TLS_STARTTLS_UNUSED));
	assert_string_equal(flow.judgement.detail[FINDING_TLS_CREDENTIALS_CLEAR],
		"PLAIN+LOGIN, rejected");
	flow.facts.auth_accepted = FACTS_UNKNOWN;
	flow.observation.is_ended = false;
	assert_findings(office, &flow,
		BIT(FINDING_TLS_MISSING) | BIT(FINDING_TLS_STARTTLS_UNUSED));
	flow.observation.is_ended = true;
	made_judge(office, &flow);
	assert_string_equal(flow.judgement.detail[FINDING_TLS_CREDENTIALS_CLEAR],
		"PLAIN+LOGIN, outcome not seen");
	flow.facts.auth_secret = 0;
	flow.facts.auth_tried = FACTS_MECHANISM_CRAM_MD5;
	flow.facts.auth_accepted = FACTS_YES;
	assert_findings(office, &flow,
		BIT(FINDING_TLS_MISSING) | BIT(FINDING_TLS_STARTTLS_UNUSED));
}

static void an_old_version_is_milder_between_servers(void **state)
{
	(void)state;
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_IMAPS, WORKSTATION, MAILBOX, 993);
	flow.facts.session.version = 0x0301;
	flow.facts.session.cipher_suite = 0xc014;
	assert_findings(office, &flow, BIT(FINDING_TLS_VERSION_OBSOLETE));
	assert_int_equal(
		flow.judgement.severity[FINDING_TLS_VERSION_OBSOLETE], SEVERITY_MEDIUM);
	assert_string_equal(flow.judgement.detail[FINDING_TLS_VERSION_OBSOLETE],
		"TLS 1.0, row M-01 asks TLS 1.2");
	flow = made_encrypted_flow(PROTOCOL_SMTP, MX_OUT, INTERNET, 25);
	flow.facts.session.version = 0x0301;
	flow.facts.session.cipher_suite = 0xc014;
	assert_findings(office, &flow, BIT(FINDING_TLS_VERSION_OBSOLETE));
	assert_int_equal(
		flow.judgement.severity[FINDING_TLS_VERSION_OBSOLETE], SEVERITY_LOW);
	assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
}

static struct made_flow with_certificate(void)
{
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_IMAPS, WORKSTATION, MAILBOX, 993);
	struct facts_certificate *certificate = &flow.facts.session.server_certificate;
	certificate->visibility = FACTS_SEEN;
	certificate->not_before_s = NOW_S - DAY_S;
	certificate->not_after_s = NOW_S + 90 * DAY_S;
	certificate->key_bits = 2048;
	strcpy(certificate->key_type, "RSA");
	strcpy(certificate->subject, "CN=mail.example.org");
	strcpy(flow.facts.session.sni, "mail.example.org");
	certificate->name_matches = FACTS_YES;
	return flow;
}

static void the_certificate_is_held_against_the_capture_s_clock(void **state)
{
	(void)state;
	struct made_flow flow = with_certificate();
	struct facts_certificate *certificate = &flow.facts.session.server_certificate;
	assert_findings(office, &flow, 0);
	certificate->not_after_s = NOW_S + 30 * DAY_S + 1;
	assert_findings(office, &flow, 0);
	certificate->not_after_s = NOW_S + 30 * DAY_S;
	assert_findings(office, &flow, BIT(FINDING_TLS_CERTIFICATE_EXPIRING));
	certificate->not_after_s = NOW_S;
	assert_findings(office, &flow, BIT(FINDING_TLS_CERTIFICATE_EXPIRING));
	certificate->not_after_s = NOW_S - 1;
	assert_findings(office, &flow, BIT(FINDING_TLS_CERTIFICATE_EXPIRED));
	assert_string_equal(flow.judgement.detail[FINDING_TLS_CERTIFICATE_EXPIRED],
		"expired on 2026-09-21");
	certificate->not_after_s = NOW_S + 90 * DAY_S;
	certificate->not_before_s = NOW_S + 1;
	assert_findings(office, &flow, BIT(FINDING_TLS_CERTIFICATE_EXPIRED));
}

static void nothing_is_said_of_a_certificate_that_was_not_seen(void **state)
{
	(void)state;
	struct made_flow flow = with_certificate();
	flow.facts.session.server_certificate.visibility = FACTS_NOT_VISIBLE;
	flow.facts.session.server_certificate.not_after_s = 1;
	flow.facts.session.server_certificate.is_self_signed = true;
	assert_findings(office, &flow, 0);
}

static void self_signed_wrong_name_and_weak_key_have_their_findings(void **state)
{
	(void)state;
	struct made_flow flow = with_certificate();
	struct facts_certificate *certificate = &flow.facts.session.server_certificate;
	certificate->is_self_signed = true;
	assert_findings(office, &flow, BIT(FINDING_TLS_CERTIFICATE_SELF_SIGNED));
	assert_int_equal(flow.judgement.severity[FINDING_TLS_CERTIFICATE_SELF_SIGNED],
		SEVERITY_MEDIUM);
	certificate->is_self_signed = false;
	certificate->name_matches = FACTS_NO;
	assert_findings(office, &flow, BIT(FINDING_TLS_CERTIFICATE_NAME_MISMATCH));
	assert_string_equal(
		flow.judgement.detail[FINDING_TLS_CERTIFICATE_NAME_MISMATCH],
		"asked mail.example.org, got CN=mail.example.org");
	certificate->name_matches = FACTS_UNKNOWN;
	certificate->key_bits = 1024;
	assert_findings(office, &flow, BIT(FINDING_TLS_CERTIFICATE_WEAK_KEY));
	strcpy(certificate->key_type, "EC");
	certificate->key_bits = 256;
	assert_findings(office, &flow, 0);
	certificate->key_bits = 192;
	assert_findings(office, &flow, BIT(FINDING_TLS_CERTIFICATE_WEAK_KEY));
	certificate->key_bits = 256;
	certificate->is_weak_signature = true;
	assert_findings(office, &flow, BIT(FINDING_TLS_CERTIFICATE_WEAK_KEY));
}

static void without_sni_the_group_s_declared_names_count(void **state)
{
	(void)state;
	struct made_flow flow = with_certificate();
	struct facts_certificate *certificate = &flow.facts.session.server_certificate;
	certificate->name_matches = FACTS_UNKNOWN;
	strcpy(certificate->names, "www.example.net,MAIL.example.org");
	assert_findings(office, &flow, 0);
	strcpy(certificate->names, "*.example.org");
	assert_findings(office, &flow, 0);
	strcpy(certificate->names, "www.example.net,mail.example.org.evil.example");
	assert_findings(office, &flow, BIT(FINDING_TLS_CERTIFICATE_NAME_MISMATCH));
	assert_non_null(
		strstr(flow.judgement.detail[FINDING_TLS_CERTIFICATE_NAME_MISMATCH],
			"mailboxes declares mail.example.org, got www.example.net"));
	memset(certificate->names, 'x', sizeof(certificate->names) - 1);
	assert_findings(office, &flow, 0);
}

static void a_self_signed_certificate_is_milder_between_servers(void **state)
{
	(void)state;
	struct made_flow flow = with_certificate();
	flow.facts.session.server_certificate.is_self_signed = true;
	flow.facts.protocol = PROTOCOL_SMTP;
	flow.facts.tls = FACTS_TLS_STARTTLS;
	flow.observation.protocol = PROTOCOL_SMTP;
	flow.observation.client = made_address(MX_OUT);
	flow.observation.server = made_address(INTERNET);
	flow.observation.server_port = 25;
	assert_findings(office, &flow, BIT(FINDING_TLS_CERTIFICATE_SELF_SIGNED));
	assert_int_equal(flow.judgement.severity[FINDING_TLS_CERTIFICATE_SELF_SIGNED],
		SEVERITY_LOW);
}

static void requiretls_on_a_clear_channel_is_reported(void **state)
{
	(void)state;
	struct matrix *matrix = made_matrix(CLEAR_ROW);
	struct made_flow flow = clear_mail(FACTS_UNKNOWN, 0);
	flow.facts.has_requiretls_clear = true;
	assert_findings(matrix, &flow, BIT(FINDING_REQUIRETLS_CLEAR));
	matrix_free(matrix);
}

static void long_names_are_cut_to_fit_the_detail(void **state)
{
	(void)state;
	struct made_flow flow = with_certificate();
	struct facts_certificate *certificate = &flow.facts.session.server_certificate;
	memset(certificate->subject, 'x', sizeof(certificate->subject) - 1);
	certificate->is_self_signed = true;
	assert_findings(office, &flow, BIT(FINDING_TLS_CERTIFICATE_SELF_SIGNED));
	assert_int_equal(
		strlen(flow.judgement.detail[FINDING_TLS_CERTIFICATE_SELF_SIGNED]),
		JUDGEMENT_DETAIL_BYTES - 1);
}

static void smuggling_is_told_with_what_the_server_did(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, MX_OUT, INTERNET, 25);
	flow.facts.has_content_clear = true;
	assert_findings(office, &flow, 0);
	flow.facts.smuggling = FACTS_SMUGGLING_TRIED;
	assert_findings(office, &flow, BIT(FINDING_SMTP_SMUGGLING));
	assert_non_null(strstr(
		flow.judgement.detail[FINDING_SMTP_SMUGGLING], "took one message"));
	flow.facts.smuggling = FACTS_SMUGGLING_TAKEN;
	assert_findings(office, &flow, BIT(FINDING_SMTP_SMUGGLING));
	assert_non_null(strstr(
		flow.judgement.detail[FINDING_SMTP_SMUGGLING], "took the commands"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_that_offers_no_starttls_is_at_fault),
		cmocka_unit_test(a_client_that_does_not_use_the_offer_is_at_fault),
		cmocka_unit_test(a_refusal_is_told_apart_from_a_missing_offer),
		cmocka_unit_test(a_refusal_waits_for_what_the_client_does_then),
		cmocka_unit_test(a_refusal_to_a_client_that_leaves_is_low),
		cmocka_unit_test(an_overwritten_offer_is_stripped_and_not_missing),
		cmocka_unit_test(what_one_end_says_in_mid_stream_takes_no_offer_away),
		cmocka_unit_test(
			a_masked_banner_before_a_starttls_that_works_is_nothing),
		cmocka_unit_test(bytes_around_starttls_are_an_injection),
		cmocka_unit_test(
			text_behind_a_handshake_that_failed_is_an_injection_once_it_is_mail),
		cmocka_unit_test(an_offer_may_be_declined_where_the_row_says_offered),
		cmocka_unit_test(an_optional_row_wants_nothing_of_starttls),
		cmocka_unit_test(
			a_server_of_ours_owes_starttls_without_a_row_and_strangers_do_not),
		cmocka_unit_test(a_session_without_content_breaks_no_tls_condition),
		cmocka_unit_test(credentials_in_clear_name_mechanism_and_outcome),
		cmocka_unit_test(an_old_version_is_milder_between_servers),
		cmocka_unit_test(the_certificate_is_held_against_the_capture_s_clock),
		cmocka_unit_test(nothing_is_said_of_a_certificate_that_was_not_seen),
		cmocka_unit_test(
			self_signed_wrong_name_and_weak_key_have_their_findings),
		cmocka_unit_test(a_self_signed_certificate_is_milder_between_servers),
		cmocka_unit_test(without_sni_the_group_s_declared_names_count),
		cmocka_unit_test(requiretls_on_a_clear_channel_is_reported),
		cmocka_unit_test(long_names_are_cut_to_fit_the_detail),
		cmocka_unit_test(
			a_client_s_overwritten_command_counts_from_a_declared_host),
		cmocka_unit_test(
			a_masked_banner_alone_is_nothing_and_with_ehlo_refused_it_is),
		cmocka_unit_test(a_missing_offer_waits_for_content_or_the_end),
		cmocka_unit_test(smuggling_is_told_with_what_the_server_did),
	};
	return cmocka_run_group_tests(tests, load_office, free_office);
}
