#include "made_flow.h"

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

static void a_flow_that_a_row_allows_is_legitimate_and_names_the_row(void **state)
{
	(void)state;
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_IMAPS, WORKSTATION, MAILBOX, 993);
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
	assert_string_equal(flow.judgement.row->id, "M-01");
	assert_null(flow.judgement.nearest);
	assert_int_equal(flow.judgement.findings, 0);
	assert_string_equal(flow.judgement.from.group->name, "workstations");
	assert_string_equal(flow.judgement.reason,
		"row M-01 allows imaps from workstations to mailboxes");
}

static void a_workstation_that_sends_to_the_internet_is_an_illegitimate_sender(
	void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, WORKSTATION, INTERNET, 25);
	flow.facts.has_content_clear = true;
	flow.facts.starttls_offered = FACTS_NO;
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
	assert_null(flow.judgement.row);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_SENDER_ILLEGITIMATE));
	assert_int_equal(
		flow.judgement.severity[FINDING_SENDER_ILLEGITIMATE], SEVERITY_HIGH);
	assert_true(strlen(flow.judgement.reason) > 10);
}

static void reading_mail_that_no_row_allows_is_an_illegitimate_flow(void **state)
{
	(void)state;
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_IMAPS, WORKSTATION, INTERNET, 993);
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_FLOW_ILLEGITIMATE));
}

static void a_client_that_reads_mail_from_a_relay_is_a_role_mismatch_alone(void **state)
{
	(void)state;
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_IMAPS, WORKSTATION, RELAY, 993);
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_FLOW_ROLE_MISMATCH));
}

static void a_relay_that_reads_a_mailbox_is_a_role_mismatch(void **state)
{
	(void)state;
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_IMAPS, RELAY, MAILBOX, 993);
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_FLOW_ROLE_MISMATCH));
}

static void the_inbound_server_sending_out_is_a_role_mismatch_alone(void **state)
{
	(void)state;
	struct made_flow flow = made_encrypted_flow(PROTOCOL_SMTP, MX_IN, INTERNET, 25);
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_FLOW_ROLE_MISMATCH));
	assert_string_equal(flow.judgement.detail[FINDING_FLOW_ROLE_MISMATCH],
		"the inbound server sends to the Internet");
}

static void a_right_flow_on_a_wrong_port_is_an_unusual_port_alone(void **state)
{
	(void)state;
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_SMTP, MAILBOX, RELAY, 2525);
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
	assert_string_equal(flow.judgement.nearest->id, "M-02");
	assert_int_equal(flow.judgement.findings, BIT(FINDING_PORT_UNUSUAL));
	assert_string_equal(flow.judgement.detail[FINDING_PORT_UNUSUAL],
		"smtp on port 2525, which row M-02 does not allow");
}

static void an_illegitimate_sender_on_443_uses_an_unusual_port_too(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, WORKSTATION, INTERNET, 443);
	flow.facts.has_content_clear = true;
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.findings,
		BIT(FINDING_SENDER_ILLEGITIMATE) | BIT(FINDING_PORT_UNUSUAL));
}

/* Whoever connects, says hello and goes has sent nothing. */
static void a_probe_that_no_row_allows_is_an_attempt(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, WORKSTATION, INTERNET, 25);
	strcpy(flow.facts.helo, "monitor.example.org");
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_SENDER_ATTEMPT));
	assert_int_equal(
		flow.judgement.severity[FINDING_SENDER_ATTEMPT], SEVERITY_MEDIUM);
	assert_string_equal(flow.judgement.detail[FINDING_SENDER_ATTEMPT],
		"says hello as monitor.example.org, nothing sent");
	flow = made_flow(PROTOCOL_SMTP, MAILBOX, MX_OUT, 25); /* roles forbid to send */
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.findings & BIT(FINDING_FLOW_ROLE_MISMATCH), 0);
}

static void a_row_for_probes_waits_and_lets_nothing_be_sent(void **state)
{
	(void)state;
	struct matrix *matrix = made_matrix(
		MADE_HEAD "  - {id: P-01, from: workstations, to: internet, protocols: "
			  "[smtp], probe: yes}\n");
	struct made_flow flow = made_flow(PROTOCOL_SMTP, WORKSTATION, INTERNET, 25);
	flow.facts.starttls_offered = FACTS_NO;
	flow.observation.is_ended = false;
	made_judge(matrix, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_UNDECIDED);
	assert_int_equal(flow.judgement.findings, 0);
	flow.observation.is_ended = true;
	made_judge(matrix, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
	assert_int_equal(flow.judgement.findings, 0);
	flow.facts.has_content_clear = true;
	flow.observation.is_ended = false;
	made_judge(matrix, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_SENDER_ILLEGITIMATE));
	matrix_free(matrix);
}

static void who_may_have_sent_or_goes_on_is_no_probe(void **state)
{
	(void)state;
	static const struct flow_ambiguity AMBIGUITY = {.doubt = FLOW_DOUBT_NONE};
	for (unsigned i = 0; i < 10; i++) {
		struct made_flow flow =
			made_flow(PROTOCOL_SMTP, WORKSTATION, INTERNET, 25);
		struct facts *facts = &flow.facts;
		facts->has_content_clear = i == 0;
		facts->auth_tried = i == 1 ? FACTS_MECHANISM_PLAIN : 0;
		facts->starttls = i == 2 ? FACTS_STARTTLS_REQUESTED : 0;
		facts->tls = i == 3 ? FACTS_TLS_STARTTLS : FACTS_TLS_NONE;
		facts->gaps = i == 4;
		facts->is_midstream = i == 5;
		facts->has_said_more = i == 6;
		facts->has_unread_lines = i == 7;
		flow.observation.is_ended = i != 8;
		flow.observation.ambiguity = i == 9 ? &AMBIGUITY : NULL;
		made_judge(office, &flow);
		const uint64_t wanted =
			BIT(FINDING_SENDER_ILLEGITIMATE) | BIT(FINDING_SENDER_ATTEMPT);
		assert_int_equal(flow.judgement.findings & wanted,
			BIT(FINDING_SENDER_ILLEGITIMATE));
	}
}

/* A browser that a web page sent to port 25: a form of it may hold a whole envelope. */
static struct made_flow other_talk(void)
{
	struct made_flow flow = made_flow(PROTOCOL_SMTP, WORKSTATION, INTERNET, 25);
	flow.facts.opening = OPENING_HTTP;
	flow.facts.has_said_more = true;
	flow.facts.has_content_clear = true;
	flow.facts.rcpt_count = 1;
	return flow;
}

static void who_speaks_another_protocol_in_vain_only_tried(void **state)
{
	(void)state;
	struct made_flow flow = other_talk();
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_SENDER_ATTEMPT));
	assert_int_equal(
		flow.judgement.severity[FINDING_SENDER_ATTEMPT], SEVERITY_MEDIUM);
	assert_string_equal(flow.judgement.detail[FINDING_SENDER_ATTEMPT],
		"an http request, no mail taken");
	flow.facts.opening = OPENING_NONE; /* the server had greeted by then */
	flow.facts.is_other_talk = true;
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_SENDER_ATTEMPT));
	flow.facts.is_other_talk = false; /* mail, refused */
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_SENDER_ILLEGITIMATE));
}

static void who_speaks_another_protocol_and_has_mail_taken_is_a_sender(void **state)
{
	(void)state;
	static const struct flow_ambiguity AMBIGUITY = {.doubt = FLOW_DOUBT_NONE};
	for (unsigned i = 0; i < 9; i++) {
		struct made_flow flow = other_talk();
		struct facts *facts = &flow.facts;
		facts->is_mail_taken = i == 0;
		facts->starttls = i == 1 ? FACTS_STARTTLS_ACCEPTED : 0;
		facts->tls = i == 2 ? FACTS_TLS_STARTTLS : FACTS_TLS_NONE;
		facts->auth_accepted = i == 3 ? FACTS_YES : FACTS_UNKNOWN;
		facts->gaps = i == 4;
		facts->is_midstream = i == 5;
		facts->has_unread_lines = i == 6;
		facts->has_server_bytes = i != 7;
		flow.observation.ambiguity = i == 8 ? &AMBIGUITY : NULL;
		made_judge(office, &flow);
		const uint64_t wanted =
			BIT(FINDING_SENDER_ILLEGITIMATE) | BIT(FINDING_SENDER_ATTEMPT);
		assert_int_equal(flow.judgement.findings & wanted,
			BIT(FINDING_SENDER_ILLEGITIMATE));
	}
}

static void submission_and_mapi_are_at_home_on_their_ports(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SUBMISSION, MAILBOX, INTERNET, 587);
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.findings & BIT(FINDING_PORT_UNUSUAL), 0);
	flow = made_flow(PROTOCOL_MAPI_RPC, WORKSTATION, INTERNET, 49152);
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_FLOW_ILLEGITIMATE));
}

static void an_expired_row_allows_nothing_and_says_since_when(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, MAILBOX, RELAY, 25);
	flow.facts.has_content_clear = true;
	made_judge_text(MADE_HEAD
		"  - {id: X-1, from: mailboxes, to: relay, protocols: "
		"[smtp], tls: optional, expires: 2026-06-30}\n",
		&flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_SENDER_ILLEGITIMATE));
	assert_string_equal(flow.judgement.detail[FINDING_SENDER_ILLEGITIMATE],
		"row X-1 expired on 2026-06-30");
}

static void an_attempt_that_no_row_allows_is_only_an_attempt(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_ATTEMPT, WORKSTATION, INTERNET, 25);
	flow.observation.how_far = "refused";
	flow.observation.facts = NULL;
	judge_flow(office, &flow.observation, &flow.judgement);
	assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_SENDER_ATTEMPT));
	assert_int_equal(flow.judgement.severity[FINDING_SENDER_ATTEMPT], SEVERITY_LOW);
	assert_string_equal(
		flow.judgement.detail[FINDING_SENDER_ATTEMPT], "port 25, refused");
}

static void an_attempt_on_a_row_s_port_is_legitimate(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_ATTEMPT, MX_OUT, INTERNET, 25);
	flow.observation.facts = NULL;
	judge_flow(office, &flow.observation, &flow.judgement);
	assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
	assert_string_equal(flow.judgement.row->id, "M-04");
	assert_int_equal(flow.judgement.findings, 0);
}

static void another_protocol_on_a_mail_port_is_foreign_and_named(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SSH, WORKSTATION, INTERNET, 587);
	flow.observation.facts = NULL;
	judge_flow(office, &flow.observation, &flow.judgement);
	assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_PORT_FOREIGN));
	assert_string_equal(flow.judgement.detail[FINDING_PORT_FOREIGN],
		"ssh on port 587, which is submission's");
	flow.observation.foreign_name = "OpenVPN";
	judge_flow(office, &flow.observation, &flow.judgement);
	assert_string_equal(flow.judgement.detail[FINDING_PORT_FOREIGN],
		"OpenVPN on port 587, which is submission's");
}

static void what_is_not_known_yet_is_never_accused(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_UNKNOWN, WORKSTATION, INTERNET, 25);
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_UNDECIDED);
	assert_int_equal(flow.judgement.findings, 0);
}

static void tls_that_asks_for_http_on_an_imaps_port_is_told_besides(void **state)
{
	(void)state;
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_IMAPS, WORKSTATION, INTERNET, 993);
	strcpy(flow.facts.session.alpn_offered, "h2,http/1.1");
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.findings,
		BIT(FINDING_PORT_FOREIGN) | BIT(FINDING_FLOW_ILLEGITIMATE));
	strcpy(flow.facts.session.alpn_offered, "imap,h2");
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_FLOW_ILLEGITIMATE));
}

static void a_guessed_direction_is_tried_both_ways(void **state)
{
	(void)state;
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_SMTP, RELAY, MAILBOX, 40000);
	flow.observation.client_port = 25;
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
	flow.observation.confidence = DIRECTION_CONFIDENCE_PORT;
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
	assert_string_equal(flow.judgement.row->id, "M-02");
	assert_int_equal(flow.judgement.findings, 0);
	assert_non_null(strstr(flow.judgement.reason, "other direction"));
}

static void a_guessed_direction_makes_the_accusation_one_step_milder(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, WORKSTATION, INTERNET, 25);
	flow.observation.confidence = DIRECTION_CONFIDENCE_PORT;
	flow.facts.auth_secret = FACTS_MECHANISM_PLAIN;
	made_judge(office, &flow);
	assert_int_equal(
		flow.judgement.severity[FINDING_SENDER_ILLEGITIMATE], SEVERITY_MEDIUM);
	assert_int_equal(flow.judgement.severity[FINDING_TLS_CREDENTIALS_CLEAR],
		SEVERITY_CRITICAL);
}

static void a_running_flow_waits_and_an_ended_one_says_what_was_not_seen(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, MAILBOX, RELAY, 25);
	flow.facts.tls = FACTS_TLS_UNKNOWN;
	flow.observation.is_ended = false;
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_UNDECIDED);
	assert_int_equal(flow.judgement.findings, 0);
	flow.observation.is_ended = true;
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
	assert_string_equal(flow.judgement.row->id, "M-02");
	assert_non_null(strstr(flow.judgement.reason, "TLS state was not seen"));
}

static void a_client_certificate_hidden_by_tls_1_3_is_not_called_missing(void **state)
{
	(void)state;
	static const char ROW[] =
		MADE_HEAD "  - {id: C-1, from: workstations, to: mailboxes, protocols: "
			  "[imaps], tls: required, client_certificate: required}\n";
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_IMAPS, WORKSTATION, MAILBOX, 993);
	flow.facts.session.version = 0x0304;
	flow.facts.session.client_certificate = FACTS_NO;
	made_judge_text(ROW, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
	assert_int_equal(flow.judgement.findings, 0);
	assert_non_null(strstr(flow.judgement.reason, "not visible"));
	flow.facts.session.version = 0x0303;
	made_judge_text(ROW, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
	assert_int_equal(
		flow.judgement.findings, BIT(FINDING_TLS_CLIENT_CERTIFICATE_MISSING));
}

static void port_465_between_servers_is_reported_beside_the_sender(void **state)
{
	(void)state;
	struct made_flow flow = made_encrypted_flow(PROTOCOL_SMTPS, RELAY, MX_OUT, 465);
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.findings,
		BIT(FINDING_SENDER_ILLEGITIMATE) | BIT(FINDING_SMTPS_IMPLICIT));
}

static void port_465_to_the_internet_is_reported_even_where_declared(void **state)
{
	(void)state;
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_SMTPS, MX_OUT, INTERNET, 465);
	made_judge_text(MADE_HEAD
		"  - {id: S-1, from: mx-out, to: internet, protocols: "
		"[smtps], tls: implicit}\n",
		&flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_SMTPS_IMPLICIT));
}

static void profile_rfc8314_lets_clients_submit_on_465_without_a_row(void **state)
{
	(void)state;
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_SUBMISSIONS, WORKSTATION, SUBMISSION, 465);
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.findings,
		BIT(FINDING_SENDER_ILLEGITIMATE) | BIT(FINDING_SMTPS_IMPLICIT));
	made_judge_text(
		"profile: rfc8314\n" MADE_HEAD
		"  - {id: M-02, from: mailboxes, to: relay, protocols: [smtp]}\n",
		&flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
	assert_int_equal(flow.judgement.findings, 0);
	assert_non_null(strstr(flow.judgement.reason, "rfc8314"));
}

static void a_mailbox_server_outside_the_internal_zone_is_misplaced(void **state)
{
	(void)state;
	static const char ROW[] =
		MADE_HEAD "  - {id: Z-1, from: workstations, to: dmz-mailboxes, "
			  "protocols: [imaps], tls: required}\n";
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_IMAPS, WORKSTATION, "198.51.100.9", 993);
	made_judge_text(ROW, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_ZONE_MAILBOX_MISPLACED));
	assert_string_equal(flow.judgement.detail[FINDING_ZONE_MAILBOX_MISPLACED],
		"dmz-mailboxes serves from zone gateway");
}

static void user_access_from_the_internet_is_critical_and_low_where_declared(
	void **state)
{
	(void)state;
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_EXCHANGE_HTTPS, INTERNET, FRONT, 443);
	made_judge(office, &flow);
	assert_int_equal(flow.judgement.findings,
		BIT(FINDING_FLOW_ILLEGITIMATE) | BIT(FINDING_ZONE_USER_ACCESS_EXPOSED));
	assert_int_equal(flow.judgement.severity[FINDING_ZONE_USER_ACCESS_EXPOSED],
		SEVERITY_CRITICAL);
	made_judge_text(MADE_HEAD "  - {id: E-1, from: internet, to: front, protocols: "
				  "[exchange-https], tls: required}\n",
		&flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
	assert_int_equal(
		flow.judgement.findings, BIT(FINDING_ZONE_USER_ACCESS_EXPOSED));
	assert_int_equal(flow.judgement.severity[FINDING_ZONE_USER_ACCESS_EXPOSED],
		SEVERITY_LOW);
	assert_string_equal(flow.judgement.detail[FINDING_ZONE_USER_ACCESS_EXPOSED],
		"exchange-https, declared by row E-1");
}

static void user_access_through_the_vpn_is_not_exposed(void **state)
{
	(void)state;
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_IMAPS, "192.168.7.5", MAILBOX, 993);
	made_judge_text(MADE_HEAD
		"  - {id: N-1, from: nomads, to: mailboxes, protocols: "
		"[imaps], tls: required}\n",
		&flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
	assert_int_equal(flow.judgement.findings, 0);
}

static void encryption_of_the_other_manner_than_the_row_s_still_gets_a_finding(
	void **state)
{
	(void)state;
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_IMAP, WORKSTATION, MAILBOX, 143);
	made_judge_text(MADE_HEAD "  - {id: I-1, from: workstations, to: mailboxes, "
				  "protocols: [imap, imaps], tls: implicit}\n",
		&flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_FLOW_ILLEGITIMATE));
	assert_string_equal(flow.judgement.detail[FINDING_FLOW_ILLEGITIMATE],
		"row I-1 wants tls: implicit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_flow_that_a_row_allows_is_legitimate_and_names_the_row),
		cmocka_unit_test(
			a_workstation_that_sends_to_the_internet_is_an_illegitimate_sender),
		cmocka_unit_test(
			reading_mail_that_no_row_allows_is_an_illegitimate_flow),
		cmocka_unit_test(
			a_client_that_reads_mail_from_a_relay_is_a_role_mismatch_alone),
		cmocka_unit_test(a_relay_that_reads_a_mailbox_is_a_role_mismatch),
		cmocka_unit_test(
			the_inbound_server_sending_out_is_a_role_mismatch_alone),
		cmocka_unit_test(a_right_flow_on_a_wrong_port_is_an_unusual_port_alone),
		cmocka_unit_test(
			an_illegitimate_sender_on_443_uses_an_unusual_port_too),
		cmocka_unit_test(a_probe_that_no_row_allows_is_an_attempt),
		cmocka_unit_test(a_row_for_probes_waits_and_lets_nothing_be_sent),
		cmocka_unit_test(who_may_have_sent_or_goes_on_is_no_probe),
		cmocka_unit_test(who_speaks_another_protocol_in_vain_only_tried),
		cmocka_unit_test(
			who_speaks_another_protocol_and_has_mail_taken_is_a_sender),
		cmocka_unit_test(submission_and_mapi_are_at_home_on_their_ports),
		cmocka_unit_test(an_expired_row_allows_nothing_and_says_since_when),
		cmocka_unit_test(an_attempt_that_no_row_allows_is_only_an_attempt),
		cmocka_unit_test(an_attempt_on_a_row_s_port_is_legitimate),
		cmocka_unit_test(another_protocol_on_a_mail_port_is_foreign_and_named),
		cmocka_unit_test(what_is_not_known_yet_is_never_accused),
		cmocka_unit_test(
			tls_that_asks_for_http_on_an_imaps_port_is_told_besides),
		cmocka_unit_test(a_guessed_direction_is_tried_both_ways),
		cmocka_unit_test(
			a_guessed_direction_makes_the_accusation_one_step_milder),
		cmocka_unit_test(
			a_running_flow_waits_and_an_ended_one_says_what_was_not_seen),
		cmocka_unit_test(
			a_client_certificate_hidden_by_tls_1_3_is_not_called_missing),
		cmocka_unit_test(
			port_465_between_servers_is_reported_beside_the_sender),
		cmocka_unit_test(
			port_465_to_the_internet_is_reported_even_where_declared),
		cmocka_unit_test(
			profile_rfc8314_lets_clients_submit_on_465_without_a_row),
		cmocka_unit_test(
			a_mailbox_server_outside_the_internal_zone_is_misplaced),
		cmocka_unit_test(
			user_access_from_the_internet_is_critical_and_low_where_declared),
		cmocka_unit_test(user_access_through_the_vpn_is_not_exposed),
		cmocka_unit_test(
			encryption_of_the_other_manner_than_the_row_s_still_gets_a_finding),
	};
	return cmocka_run_group_tests(tests, load_office, free_office);
}
