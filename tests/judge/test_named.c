#include "made_flow.h"

#define NAMED                                                                          \
	"schema: 1\n"                                                                  \
	"zones: {internal: [192.0.2.0/24], gateway: [198.51.100.0/28]}\n"              \
	"groups:\n"                                                                    \
	"  workstations: {role: client, addresses: [192.0.2.64/26]}\n"                 \
	"  crm: {role: application, addresses: [192.0.2.40]}\n"                        \
	"  relay: {role: relay, addresses: [192.0.2.25]}\n"                            \
	"  mx-out: {role: outbound, addresses: [198.51.100.2]}\n"                      \
	"  mx-in: {role: inbound, addresses: [198.51.100.3]}\n"                        \
	"  cloud: {role: mailbox, names: [imap.example.net, \"*.example.com\"]}\n"     \
	"  letters: {role: outbound, names: [smtp.example.org], "                      \
	"certificate: claim}\n"                                                        \
	"  asked: {role: submission, names: [smtp.example.info], sni: trusted}\n"      \
	"  both: {role: mailbox, addresses: [192.0.2.10], names: "                     \
	"[mail.example.org]}\n"                                                        \
	"rows:\n"                                                                      \
	"  - {id: N-01, from: workstations, to: cloud, protocols: [imaps, smtp], "     \
	"tls: required}\n"                                                             \
	"  - {id: N-02, from: crm, to: letters, protocols: [smtp], tls: optional}\n"   \
	"  - {id: N-03, from: workstations, to: asked, protocols: [submission], tls: " \
	"required}\n"                                                                  \
	"  - {id: N-04, from: workstations, to: both, protocols: [imaps], tls: "       \
	"required}\n"                                                                  \
	"  - {id: N-05, from: mx-out, to: internet, protocols: [smtp], tls: "          \
	"optional}\n"                                                                  \
	"  - {id: N-06, from: letters, to: mx-in, protocols: [smtp], tls: optional}\n" \
	"  - {id: N-08, from: [workstations, mx-out], to: asked, protocols: "          \
	"[submissions], tls: implicit}\n"                                              \
	"  - {id: N-09, from: crm, to: asked, protocols: [submission], tls: "          \
	"optional, expires: 2026-09-18}\n"                                             \
	"  - {id: N-07, from: relay, to: letters, protocols: [smtp], tls: optional}\n"

#define CRM "192.0.2.40"

static struct matrix *site;

static int load_site(void **state)
{
	(void)state;
	site = made_matrix(NAMED);
	return 0;
}

static int free_site(void **state)
{
	(void)state;
	matrix_free(site);
	return 0;
}

static struct made_flow imaps_flow(void)
{
	return made_encrypted_flow(PROTOCOL_IMAPS, WORKSTATION, INTERNET, 993);
}

static struct made_flow mail_flow(const char *client, const char *server)
{
	struct made_flow flow = made_flow(PROTOCOL_SMTP, client, server, 25);
	flow.facts.has_content_clear = true;
	flow.facts.starttls_offered = FACTS_NO;
	return flow;
}

static void set_name(struct made_flow *flow, const char *name)
{
	flow->observation.names[1] = (struct host_names){{name}, 1, 1};
}

static void set_text(char *field, const char *text)
{
	memcpy(field, text, strlen(text) + 1);
}

static void show_certificate(struct made_flow *flow, const char *names)
{
	flow->facts.session.server_certificate.visibility = FACTS_SEEN;
	flow->facts.session.server_certificate.not_after_s = NOW_S + 200 * DAY_S;
	flow->facts.session.server_certificate.key_bits = 2048;
	set_text(flow->facts.session.server_certificate.key_type, "RSA");
	set_text(flow->facts.session.server_certificate.names, names);
}

static void assert_judged(struct made_flow *flow, enum verdict verdict, const char *row,
	uint64_t findings)
{
	made_judge(site, flow);
	assert_int_equal(flow->judgement.verdict, verdict);
	assert_int_equal(flow->judgement.findings, findings);
	assert_int_equal(flow->judgement.row != NULL, row != NULL);
	if (row != NULL) {
		assert_string_equal(flow->judgement.row->id, row);
	}
}

static void an_address_that_dns_gave_a_declared_name_is_of_its_group(void **state)
{
	(void)state;
	struct made_flow flow = imaps_flow();
	set_name(&flow, "imap.example.net");
	assert_judged(&flow, VERDICT_LEGITIMATE, "N-01", 0);
	assert_string_equal(flow.judgement.to.group->name, "cloud");
	assert_true(flow.judgement.to.is_named);
	assert_string_equal(flow.judgement.reason,
		"row N-01 allows imaps from workstations to cloud");
	set_name(&flow, "a.b.example.com"); /* by its wildcard */
	assert_judged(&flow, VERDICT_LEGITIMATE, "N-01", 0);
}

static void where_no_name_is_known_the_flow_stays_undecided(void **state)
{
	(void)state;
	struct made_flow flow = imaps_flow();
	assert_judged(&flow, VERDICT_UNDECIDED, NULL, 0);
	assert_string_equal(flow.judgement.reason,
		"row N-01 (workstations -> cloud) may allow it; no DNS answer or "
		"certificate was seen that makes the server one of cloud");
	flow.observation.is_ended = false;
	assert_judged(&flow, VERDICT_UNDECIDED, NULL, 0);
}

static void a_row_that_could_not_allow_it_anyway_does_not_wait(void **state)
{
	(void)state;
	struct made_flow flow = imaps_flow();
	flow.observation.server_port = 1993;
	assert_judged(&flow, VERDICT_ILLEGITIMATE, NULL,
		BIT(FINDING_FLOW_ILLEGITIMATE) | BIT(FINDING_PORT_UNUSUAL));
	flow = made_encrypted_flow(PROTOCOL_IMAPS, CRM, INTERNET, 993);
	assert_judged(
		&flow, VERDICT_ILLEGITIMATE, NULL, BIT(FINDING_FLOW_ILLEGITIMATE));
	flow = mail_flow(WORKSTATION, INTERNET); /* in clear */
	assert_judged(
		&flow, VERDICT_ILLEGITIMATE, NULL, BIT(FINDING_SENDER_ILLEGITIMATE));
}

static void who_asked_for_another_name_went_to_another_server(void **state)
{
	(void)state;
	struct made_flow flow = imaps_flow();
	set_name(&flow, "imap.example.org");
	assert_judged(
		&flow, VERDICT_ILLEGITIMATE, NULL, BIT(FINDING_FLOW_ILLEGITIMATE));
	/* near miss: it was somebody else who asked */
	flow.observation.names[1].asked = 0;
	assert_judged(&flow, VERDICT_UNDECIDED, NULL, 0);
}

static void sni_is_a_claim_that_must_fit(void **state)
{
	(void)state;
	struct made_flow flow = imaps_flow();
	set_text(flow.facts.session.sni, "imap.example.net");
	assert_judged(&flow, VERDICT_UNDECIDED, NULL, 0); /* not enough */
	set_name(&flow, "imap.example.net");
	assert_judged(&flow, VERDICT_LEGITIMATE, "N-01", 0);
	set_text(flow.facts.session.sni, "www.example.org");
	assert_judged(
		&flow, VERDICT_ILLEGITIMATE, NULL, BIT(FINDING_FLOW_ILLEGITIMATE));
	/* near miss: the alias under which it found the server */
	flow.observation.names[1] =
		(struct host_names){{"imap.example.net", "www.example.org"}, 2, 2};
	assert_judged(&flow, VERDICT_LEGITIMATE, "N-01", 0);
}

static void sni_is_enough_where_the_group_trusts_it(void **state)
{
	(void)state;
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_SUBMISSION, WORKSTATION, INTERNET, 587);
	set_text(flow.facts.session.sni, "SMTP.example.info");
	assert_judged(&flow, VERDICT_LEGITIMATE, "N-03", 0);
	set_text(flow.facts.session.sni, "smtp.example.biz");
	assert_judged(
		&flow, VERDICT_ILLEGITIMATE, NULL, BIT(FINDING_SENDER_ILLEGITIMATE));
}

static void a_certificate_that_was_gone_on_with_names_its_server(void **state)
{
	(void)state;
	struct made_flow flow = imaps_flow();
	show_certificate(&flow, "www.example.net,imap.example.net");
	assert_judged(&flow, VERDICT_LEGITIMATE, "N-01", 0);
	flow.facts.session.is_established = false;
	made_judge(site, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_UNDECIDED);
	flow.facts.session.is_established = true;
	flow.facts.session.server_certificate.is_self_signed = true;
	made_judge(site, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_UNDECIDED);
	flow = imaps_flow();
	show_certificate(&flow, "*.example.net"); /* may be any of them */
	assert_judged(&flow, VERDICT_UNDECIDED, NULL, 0);
	flow.facts.session.server_certificate.name_matches = FACTS_YES;
	set_text(flow.facts.session.sni, "imap.example.net");
	assert_judged(&flow, VERDICT_LEGITIMATE, "N-01", 0);
}

static void a_certificate_alone_is_the_servers_claim_where_nobody_trusts_it(
	void **state)
{
	(void)state;
	struct made_flow flow = made_encrypted_flow(PROTOCOL_SMTP, CRM, INTERNET, 25);
	show_certificate(&flow, "smtp.example.org");
	assert_judged(&flow, VERDICT_UNDECIDED, NULL, 0);
	set_text(flow.facts.session.sni, "smtp.example.org");
	flow.facts.session.server_certificate.name_matches = FACTS_YES;
	assert_judged(&flow, VERDICT_UNDECIDED, NULL, 0);
	/* near miss: DNS leads there, too */
	set_name(&flow, "smtp.example.org");
	assert_judged(&flow, VERDICT_LEGITIMATE, "N-02", 0);
}

static void a_group_with_addresses_waits_for_no_name(void **state)
{
	(void)state;
	struct matrix *matrix = made_matrix(MADE_OFFICE);
	struct made_flow flow = imaps_flow();
	made_judge(matrix, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
	show_certificate(
		&flow, "mail.example.org"); /* nor takes a certificate for it */
	made_judge(matrix, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
	set_name(&flow, "mail.example.org"); /* DNS may say more */
	made_judge(matrix, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
	matrix_free(matrix);
}

/* As far as the row allows it: that is what it was written for. */
static void the_role_of_a_named_group_accuses_nobody(void **state)
{
	(void)state;
	struct made_flow flow = mail_flow(MX_OUT, INTERNET);
	assert_judged(&flow, VERDICT_LEGITIMATE, "N-05", 0);
	set_name(&flow, "mx.example.com"); /* a mailbox server outside */
	assert_judged(&flow, VERDICT_LEGITIMATE, "N-05", 0);
	set_name(&flow, "smtp.example.org"); /* takes mail of the Internet's */
	assert_judged(&flow, VERDICT_LEGITIMATE, "N-05", 0);
	flow = mail_flow(RELAY, INTERNET);
	set_name(&flow, "smtp.example.org");
	assert_judged(&flow, VERDICT_LEGITIMATE, "N-07", 0);
}

static void a_server_found_by_name_may_have_another_ones_certificate(void **state)
{
	(void)state;
	struct made_flow flow = imaps_flow();
	set_name(&flow, "imap.example.net");
	show_certificate(&flow, "pool-7.example.biz");
	assert_judged(&flow, VERDICT_LEGITIMATE, "N-01", 0);
	/* near miss: a server of ours, by its address */
	flow.observation.server = made_address("192.0.2.10");
	assert_judged(&flow, VERDICT_LEGITIMATE, "N-04",
		BIT(FINDING_TLS_CERTIFICATE_NAME_MISMATCH));
}

static void a_client_is_known_by_dns_alone(void **state)
{
	(void)state;
	struct made_flow flow = mail_flow(INTERNET, MX_IN);
	flow.facts.starttls_offered = FACTS_UNKNOWN;
	assert_judged(&flow, VERDICT_UNDECIDED, NULL, 0);
	flow.observation.names[0] = (struct host_names){{"smtp.example.org"}, 1, 1};
	assert_judged(&flow, VERDICT_LEGITIMATE, "N-06", 0);
	assert_string_equal(flow.judgement.from.group->name, "letters");
	flow.observation.names[0].count = 0;
	set_text(flow.facts.helo, "smtp.example.org");
	assert_judged(&flow, VERDICT_UNDECIDED, NULL, 0);
}

static void what_is_mail_by_its_declared_name_alone_is_never_told(void **state)
{
	(void)state;
	struct made_flow flow = made_encrypted_flow(
		PROTOCOL_EXCHANGE_HTTPS, WORKSTATION, INTERNET, 443);
	set_text(flow.facts.session.sni, "www.example.com");
	flow.facts.session.version = 0x0301;
	flow.observation.is_mail_by_name = true;
	assert_judged(&flow, VERDICT_UNDECIDED, NULL, 0);
	flow.observation.is_mail_by_name = false;
	made_judge(site, &flow);
	assert_true(flow.judgement.findings != 0);
}

static void an_attempt_at_what_may_be_a_named_server_is_no_attempt(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_ATTEMPT, CRM, INTERNET, 25);
	flow.observation.how_far = "refused";
	assert_judged(&flow, VERDICT_UNDECIDED, NULL, 0);
	set_name(&flow, "smtp.example.biz");
	assert_judged(&flow, VERDICT_ILLEGITIMATE, NULL, BIT(FINDING_SENDER_ATTEMPT));
}

/* Whose name is not known yet may be whom the row means; a server that sends so is not. */
static void submissions_to_what_may_be_a_named_provider_are_not_told(void **state)
{
	(void)state;
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_SMTPS, WORKSTATION, INTERNET, 465);
	assert_judged(&flow, VERDICT_UNDECIDED, NULL, 0);
	set_name(&flow, "smtp.example.info");
	assert_judged(&flow, VERDICT_LEGITIMATE, "N-08", 0);
	set_name(&flow, "smtp.example.biz");
	made_judge(site, &flow);
	assert_true(flow.judgement.findings & BIT(FINDING_SMTPS_IMPLICIT));
	flow = made_encrypted_flow(PROTOCOL_SMTPS, MX_OUT, INTERNET, 465);
	made_judge(site, &flow);
	assert_true(flow.judgement.findings & BIT(FINDING_SMTPS_IMPLICIT));
}

/* Inline its grace is for it too: before its end the flow was let by in the same way. */
static void a_row_that_has_ended_is_the_nearest_of_what_it_may_have_meant(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SUBMISSION, CRM, INTERNET, 587);
	flow.facts.has_content_clear = true;
	made_judge(site, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
	assert_string_equal(flow.judgement.nearest->id, "N-09");
	assert_true(flow.judgement.is_expired);
	set_name(&flow, "smtp.example.biz");
	made_judge(site, &flow);
	assert_false(flow.judgement.is_expired);
	/* near miss: of another protocol */
	flow = imaps_flow();
	flow.observation.client = made_address(CRM);
	made_judge(site, &flow);
	assert_false(flow.judgement.is_expired);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_address_that_dns_gave_a_declared_name_is_of_its_group),
		cmocka_unit_test(where_no_name_is_known_the_flow_stays_undecided),
		cmocka_unit_test(a_row_that_could_not_allow_it_anyway_does_not_wait),
		cmocka_unit_test(who_asked_for_another_name_went_to_another_server),
		cmocka_unit_test(sni_is_a_claim_that_must_fit),
		cmocka_unit_test(sni_is_enough_where_the_group_trusts_it),
		cmocka_unit_test(a_certificate_that_was_gone_on_with_names_its_server),
		cmocka_unit_test(
			a_certificate_alone_is_the_servers_claim_where_nobody_trusts_it),
		cmocka_unit_test(a_group_with_addresses_waits_for_no_name),
		cmocka_unit_test(the_role_of_a_named_group_accuses_nobody),
		cmocka_unit_test(
			a_server_found_by_name_may_have_another_ones_certificate),
		cmocka_unit_test(a_client_is_known_by_dns_alone),
		cmocka_unit_test(what_is_mail_by_its_declared_name_alone_is_never_told),
		cmocka_unit_test(
			an_attempt_at_what_may_be_a_named_server_is_no_attempt),
		cmocka_unit_test(
			a_row_that_has_ended_is_the_nearest_of_what_it_may_have_meant),
		cmocka_unit_test(
			submissions_to_what_may_be_a_named_provider_are_not_told),
	};
	return cmocka_run_group_tests(tests, load_site, free_site);
}
