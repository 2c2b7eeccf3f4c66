/* What of a flow's findings is accepted, and by whom. */
#include "made_flow.h"

#include "matrix/acceptance.h"

#define REASONED ", owner: it, reason: why"

static struct matrix *office(const char *group_keys, const char *row_keys)
{
	char text[4096];
	(void)snprintf(text, sizeof(text),
		"schema: 1\n"
		"zones: {internal: [192.0.2.0/24], gateway: [198.51.100.0/28]}\n"
		"groups:\n"
		"  workstations: {role: client, addresses: 192.0.2.64/26}\n"
		"  mailboxes: {role: mailbox, addresses: 192.0.2.10%s}\n"
		"  relay: {role: relay, addresses: 192.0.2.25}\n"
		"  mx-out: {role: outbound, addresses: 198.51.100.2}\n"
		"rows:\n"
		" - {id: M-01, from: workstations, to: mailboxes, protocols: [imap, "
		"imaps], tls: required, min_tls: \"1.2\"%s}\n"
		" - {id: M-02, from: mailboxes, to: relay, protocols: smtp, tls: "
		"starttls}\n"
		" - {id: M-04, from: mx-out, to: internet, protocols: smtps%s}\n",
		group_keys, row_keys, row_keys);
	return made_matrix(text);
}

static struct made_flow old_tls(const char *client, const char *server)
{
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_IMAPS, client, server, 993);
	flow.facts.session.version = 0x0301;
	return flow;
}

static struct made_flow expired_certificate(
	enum protocol protocol, const char *client, const char *server, uint16_t port)
{
	struct made_flow flow = made_encrypted_flow(protocol, client, server, port);
	flow.facts.session.server_certificate = (struct facts_certificate){
		.visibility = FACTS_SEEN, .not_after_s = NOW_S - DAY_S};
	return flow;
}

/* By whom the finding, which the flow has, is accepted; "" by nobody. */
static const char *accepted_by(struct matrix *matrix, const struct made_flow *made,
	enum finding finding, char by[64])
{
	struct made_flow flow = *made;
	made_judge(matrix, &flow);
	assert_true(flow.judgement.findings & BIT(finding));
	assert_true((flow.judgement.accepted & ~flow.judgement.findings) == 0);
	const bool is_accepted = (flow.judgement.accepted & BIT(finding)) != 0;
	(void)snprintf(by, 64, "%s",
		is_accepted ? flow.judgement.accepted_by[finding]->by : "");
	matrix_free(matrix);
	return by;
}

static void the_names_that_the_matrix_knows_are_the_catalogue_s(void **state)
{
	(void)state;
	for (int i = 0; i < FINDING_FLOW_COUNT; i++) {
		assert_string_equal(acceptance_finding_id((size_t)i),
			finding_row((enum finding)i)->id);
	}
	assert_null(acceptance_finding_id(FINDING_FLOW_COUNT));
}

static void a_row_accepts_what_it_names_and_nothing_else(void **state)
{
	(void)state;
	char by[64];
	const struct made_flow flow = old_tls(WORKSTATION, MAILBOX);
	const enum finding finding = FINDING_TLS_VERSION_OBSOLETE;
	assert_string_equal(
		accepted_by(office("", ", accepts: tls.version-obsolete" REASONED),
			&flow, finding, by),
		"row M-01");
	assert_string_equal(
		accepted_by(office("", ", accepts: tls.cipher-weak" REASONED), &flow,
			finding, by),
		"");
	assert_string_equal(accepted_by(office("", ""), &flow, finding, by), "");
}

static void a_recommendation_covers_what_would_count_against_it(void **state)
{
	(void)state;
	char by[64];
	const struct made_flow users = old_tls(WORKSTATION, MAILBOX);
	const struct made_flow servers =
		made_encrypted_flow(PROTOCOL_SMTPS, "198.51.100.2", INTERNET, 465);
	assert_string_equal(accepted_by(office("", ", accepts: R41" REASONED), &users,
				    FINDING_TLS_VERSION_OBSOLETE, by),
		"row M-01");
	assert_string_equal(accepted_by(office("", ", accepts: R42" REASONED), &users,
				    FINDING_TLS_VERSION_OBSOLETE, by),
		"");
	assert_string_equal(accepted_by(office("", ", accepts: R42" REASONED), &servers,
				    FINDING_SMTPS_IMPLICIT, by),
		"row M-04");
	assert_string_equal(accepted_by(office("", ", accepts: R41" REASONED), &servers,
				    FINDING_SMTPS_IMPLICIT, by),
		"");
}

static void behind_its_last_day_it_is_told_again(void **state)
{
	(void)state;
	char by[64];
	const struct made_flow flow = old_tls(WORKSTATION, MAILBOX);
	const enum finding finding = FINDING_TLS_VERSION_OBSOLETE;
	assert_string_equal(
		accepted_by(office("", ", accepts: R41" REASONED ", until: 2026-09-21"),
			&flow, finding, by),
		"row M-01");
	assert_string_equal(
		accepted_by(office("", ", accepts: R41" REASONED ", until: 2026-09-20"),
			&flow, finding, by),
		"");
}

static void a_group_accepts_what_is_told_of_its_own_hosts(void **state)
{
	(void)state;
	char by[64];
	static const char keys[] = ", accepts: tls.certificate-expired" REASONED;
	const enum finding finding = FINDING_TLS_CERTIFICATE_EXPIRED;
	const struct made_flow server =
		expired_certificate(PROTOCOL_IMAPS, WORKSTATION, MAILBOX, 993);
	const struct made_flow client =
		expired_certificate(PROTOCOL_SMTP, MAILBOX, RELAY, 25);
	assert_string_equal(
		accepted_by(office(keys, ""), &server, finding, by), "group mailboxes");
	assert_string_equal(accepted_by(office(keys, ""), &client, finding, by), "");
}

static void a_server_s_group_does_not_accept_what_its_client_leaves_out(void **state)
{
	(void)state;
	char by[64];
	static const char keys[] = ", accepts: tls.starttls-unused" REASONED;
	const enum finding finding = FINDING_TLS_STARTTLS_UNUSED;
	struct made_flow server = made_flow(PROTOCOL_IMAP, WORKSTATION, MAILBOX, 143);
	server.facts.starttls_offered = FACTS_YES;
	server.facts.has_content_clear = true;
	struct made_flow client = made_flow(PROTOCOL_SMTP, MAILBOX, RELAY, 25);
	client.facts.starttls_offered = FACTS_YES;
	client.facts.has_content_clear = true;
	assert_string_equal(accepted_by(office(keys, ""), &server, finding, by), "");
	assert_string_equal(
		accepted_by(office(keys, ""), &client, finding, by), "group mailboxes");
}

static void the_group_of_the_misplaced_server_accepts_it(void **state)
{
	(void)state;
	static const char text[] =
		"schema: 1\n"
		"zones: {internal: 192.0.2.0/24, gateway: 198.51.100.0/28}\n"
		"groups:\n"
		"  workstations: {role: client, addresses: 192.0.2.64/26%s}\n"
		"  outside: {role: mailbox, addresses: 198.51.100.9%s}\n"
		"rows: [{id: r, from: workstations, to: outside, protocols: imaps}]\n";
	static const char keys[] = ", accepts: R34" REASONED;
	char of_client[1024];
	char of_server[1024];
	char by[64];
	(void)snprintf(of_client, sizeof(of_client), text, keys, "");
	(void)snprintf(of_server, sizeof(of_server), text, "", keys);
	const struct made_flow flow =
		made_encrypted_flow(PROTOCOL_IMAPS, WORKSTATION, "198.51.100.9", 993);
	const enum finding finding = FINDING_ZONE_MAILBOX_MISPLACED;
	assert_string_equal(accepted_by(made_matrix(of_server), &flow, finding, by),
		"group outside");
	assert_string_equal(
		accepted_by(made_matrix(of_client), &flow, finding, by), "");
}

static void no_group_accepts_an_illegitimate_flow(void **state)
{
	(void)state;
	char by[64];
	static const char keys[] = ", accepts: [R34, R35, R36, R37, R41, R42, R42+, "
				   "smtps.implicit]" REASONED;
	const struct made_flow direct =
		made_encrypted_flow(PROTOCOL_SMTPS, MAILBOX, INTERNET, 465);
	const struct made_flow reading =
		made_encrypted_flow(PROTOCOL_IMAPS, RELAY, MAILBOX, 993);
	assert_string_equal(
		accepted_by(office(keys, ""), &direct, FINDING_SENDER_ILLEGITIMATE, by),
		"");
	assert_string_equal(
		accepted_by(office(keys, ""), &direct, FINDING_SMTPS_IMPLICIT, by),
		"group mailboxes"); /* what else is wrong with it */
	assert_string_equal(
		accepted_by(office(keys, ""), &reading, FINDING_FLOW_ROLE_MISMATCH, by),
		"");
}

static void an_attack_is_accepted_by_its_own_name_alone(void **state)
{
	(void)state;
	char by[64];
	struct made_flow flow = made_flow(PROTOCOL_IMAP, WORKSTATION, MAILBOX, 143);
	flow.facts.starttls = FACTS_STARTTLS_MASKED;
	flow.facts.has_content_clear = true;
	const enum finding finding = FINDING_TLS_STARTTLS_STRIPPED;
	assert_string_equal(accepted_by(office("", ", accepts: [R41, R42]" REASONED),
				    &flow, finding, by),
		"");
	assert_string_equal(
		accepted_by(office("", ", accepts: tls.starttls-stripped" REASONED),
			&flow, finding, by),
		"row M-01");
}

static void a_row_that_allows_nothing_accepts_nothing(void **state)
{
	(void)state;
	char by[64];
	static const char keys[] = ", accepts: tls.cipher-weak" REASONED;
	static const char ended[] =
		", accepts: tls.cipher-weak, expires: 2026-09-20" REASONED;
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_IMAPS, WORKSTATION, MAILBOX, 993);
	flow.facts.session.cipher_suite = 0x0005; /* RC4 */
	const enum finding finding = FINDING_TLS_CIPHER_WEAK;
	assert_string_equal(
		accepted_by(office("", keys), &flow, finding, by), "row M-01");
	assert_string_equal(accepted_by(office("", ended), &flow, finding, by), "");
	flow.observation.server_port = 994;
	assert_string_equal(accepted_by(office("", keys), &flow, finding, by), "");
}

/* The row wants TLS: it accepts for a time that there is none. */
static void a_row_accepts_that_its_own_condition_fails(void **state)
{
	(void)state;
	char by[64];
	struct made_flow flow = made_flow(PROTOCOL_IMAP, WORKSTATION, MAILBOX, 143);
	flow.facts.has_content_clear = true;
	assert_string_equal(accepted_by(office("", ", accepts: tls.missing" REASONED),
				    &flow, FINDING_TLS_MISSING, by),
		"row M-01");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_names_that_the_matrix_knows_are_the_catalogue_s),
		cmocka_unit_test(a_row_accepts_what_it_names_and_nothing_else),
		cmocka_unit_test(a_recommendation_covers_what_would_count_against_it),
		cmocka_unit_test(behind_its_last_day_it_is_told_again),
		cmocka_unit_test(a_group_accepts_what_is_told_of_its_own_hosts),
		cmocka_unit_test(
			a_server_s_group_does_not_accept_what_its_client_leaves_out),
		cmocka_unit_test(the_group_of_the_misplaced_server_accepts_it),
		cmocka_unit_test(no_group_accepts_an_illegitimate_flow),
		cmocka_unit_test(an_attack_is_accepted_by_its_own_name_alone),
		cmocka_unit_test(a_row_that_allows_nothing_accepts_nothing),
		cmocka_unit_test(a_row_accepts_that_its_own_condition_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
