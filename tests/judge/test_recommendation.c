#include "made_flow.h"

#include "judge/recommendation.h"

static void a_role_mismatch_is_r36_s_only_where_it_is_the_gateway_s(void **state)
{
	(void)state;
	static const struct {
		enum protocol protocol;
		const char *client;
		const char *server;
		uint16_t port;
		const char *detail;
		const char *second; /* behind R37 */
	} CASES[] = {
		{PROTOCOL_IMAPS, WORKSTATION, RELAY, 993,
			"mail is read from a server that keeps no mailboxes", NULL},
		{PROTOCOL_IMAPS, WORKSTATION, MX_OUT, 993,
			"mail is read from a server that keeps no mailboxes", NULL},
		{PROTOCOL_IMAPS, RELAY, MAILBOX, 993, "a transport server reads mail",
			NULL},
		{PROTOCOL_SMTP, MX_IN, INTERNET, 25,
			"the inbound server sends to the Internet", "R36"},
		{PROTOCOL_IMAPS, MX_IN, INTERNET, 993,
			"the inbound server reads mail in the Internet", "R36"},
		{PROTOCOL_SMTP, INTERNET, MX_OUT, 25,
			"the outbound server takes mail from the Internet", "R36"},
		{PROTOCOL_SMTP, MX_IN, MX_OUT, 25,
			"the outbound server takes mail from no mail server", "R36"},
		{PROTOCOL_SUBMISSION, WORKSTATION, MX_OUT, 587,
			"the outbound server takes mail from no mail server", "R36"},
	};
	struct matrix *matrix = made_matrix(MADE_OFFICE);
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		struct made_flow flow = made_encrypted_flow(CASES[i].protocol,
			CASES[i].client, CASES[i].server, CASES[i].port);
		const char *list[RECOMMENDATIONS_MAX];
		made_judge(matrix, &flow);
		assert_int_equal(
			flow.judgement.findings, BIT(FINDING_FLOW_ROLE_MISMATCH));
		assert_string_equal(flow.judgement.detail[FINDING_FLOW_ROLE_MISMATCH],
			CASES[i].detail);
		recommendations_of(&flow.judgement, CASES[i].protocol,
			FINDING_FLOW_ROLE_MISMATCH, list);
		assert_string_equal(list[0], "R37");
		assert_ptr_equal(list[2], NULL);
		if (CASES[i].second == NULL) {
			assert_null(list[1]);
		} else {
			assert_string_equal(list[1], CASES[i].second);
		}
	}
	matrix_free(matrix);
}

static void servers_of_the_inside_may_hand_mail_to_the_outbound_server(void **state)
{
	(void)state;
	struct matrix *matrix = made_matrix(MADE_OFFICE);
	const char *const inside[] = {MAILBOX, SUBMISSION, RELAY, "192.0.2.200"};
	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++) {
		struct made_flow flow =
			made_encrypted_flow(PROTOCOL_SMTP, inside[i], MX_OUT, 25);
		made_judge(matrix, &flow);
		assert_false(flow.judgement.findings & BIT(FINDING_FLOW_ROLE_MISMATCH));
	}
	matrix_free(matrix);
}

static void every_other_finding_keeps_the_catalogue_s_list(void **state)
{
	(void)state;
	struct matrix *matrix = made_matrix(MADE_OFFICE);
	struct made_flow flow = made_flow(PROTOCOL_SMTP, WORKSTATION, INTERNET, 25);
	made_judge(matrix, &flow);
	for (int i = 0; i < FINDING_FLOW_COUNT; i++) {
		const char *list[RECOMMENDATIONS_MAX];
		if (i == FINDING_FLOW_ROLE_MISMATCH) {
			continue;
		}
		recommendations_of(
			&flow.judgement, PROTOCOL_SMTP, (enum finding)i, list);
		for (size_t at = 0; at < RECOMMENDATIONS_MAX; at++) {
			assert_ptr_equal(list[at],
				finding_row((enum finding)i)->recommendations[at]);
		}
	}
	matrix_free(matrix);
}

/* A flow of users, and one between servers. */
struct two {
	struct made_flow user;
	struct made_flow server;
};

static struct two made_two(const struct matrix *matrix)
{
	struct two two = {
		.user = made_flow(PROTOCOL_SUBMISSION, WORKSTATION, SUBMISSION, 587),
		.server = made_flow(PROTOCOL_SMTP, MAILBOX, RELAY, 25)};
	made_judge(matrix, &two.user);
	made_judge(matrix, &two.server);
	return two;
}

static const char *breached(const struct made_flow *flow, enum finding finding)
{
	return recommendation_breached(
		&flow->judgement, flow->observation.protocol, finding);
}

static void weak_tls_is_r42_s_between_servers_and_r41_s_for_users(void **state)
{
	(void)state;
	static const enum finding FOUND[] = {FINDING_TLS_MISSING,
		FINDING_TLS_VERSION_OBSOLETE, FINDING_TLS_STARTTLS_STRIPPED,
		FINDING_TLS_CERTIFICATE_EXPIRED};
	struct matrix *matrix = made_matrix(MADE_OFFICE);
	const struct two two = made_two(matrix);
	for (size_t i = 0; i < sizeof(FOUND) / sizeof(*FOUND); i++) {
		assert_string_equal(breached(&two.user, FOUND[i]), "R41");
		assert_string_equal(breached(&two.server, FOUND[i]), "R42");
	}
	assert_string_equal(
		recommendation_of_tls(&two.user.judgement, PROTOCOL_SUBMISSION), "R41");
	assert_string_equal(
		recommendation_of_tls(&two.server.judgement, PROTOCOL_SMTP), "R42");
	matrix_free(matrix);
}

static void port_465_is_r42_s_and_a_password_r41_s_whoever_speaks(void **state)
{
	(void)state;
	struct matrix *matrix = made_matrix(MADE_OFFICE);
	const struct two two = made_two(matrix);
	assert_string_equal(breached(&two.user, FINDING_SMTPS_IMPLICIT), "R42");
	assert_string_equal(breached(&two.server, FINDING_SMTPS_IMPLICIT), "R42");
	assert_string_equal(breached(&two.user, FINDING_TLS_CREDENTIALS_CLEAR), "R41");
	assert_string_equal(
		breached(&two.server, FINDING_TLS_CREDENTIALS_CLEAR), "R41");
	matrix_free(matrix);
}

static void what_is_not_about_tls_breaches_the_first_of_the_catalogue_s_list(
	void **state)
{
	(void)state;
	struct matrix *matrix = made_matrix(MADE_OFFICE);
	const struct two two = made_two(matrix);
	assert_string_equal(breached(&two.user, FINDING_SENDER_ILLEGITIMATE), "R37");
	assert_string_equal(breached(&two.server, FINDING_RELAY_CHAINED), "R35");
	assert_string_equal(breached(&two.user, FINDING_REQUIRETLS_CLEAR), "R42+");
	matrix_free(matrix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_role_mismatch_is_r36_s_only_where_it_is_the_gateway_s),
		cmocka_unit_test(
			servers_of_the_inside_may_hand_mail_to_the_outbound_server),
		cmocka_unit_test(every_other_finding_keeps_the_catalogue_s_list),
		cmocka_unit_test(weak_tls_is_r42_s_between_servers_and_r41_s_for_users),
		cmocka_unit_test(port_465_is_r42_s_and_a_password_r41_s_whoever_speaks),
		cmocka_unit_test(
			what_is_not_about_tls_breaches_the_first_of_the_catalogue_s_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
