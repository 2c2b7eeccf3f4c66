#include "made_matrix.h"

static struct matrix_question question_of(const struct matrix *matrix,
	const char *const ends[2], enum protocol protocol, uint16_t port)
{
	struct matrix_question question = {
		.protocol = protocol, .port = port, .now_s = 1800000000};
	struct reason why;
	assert_true(matrix_find_end(matrix, ends[0], &question.from, &why));
	assert_true(matrix_find_end(matrix, ends[1], &question.to, &why));
	return question;
}

#define ENDS(from, to) ((const char *const[2]){from, to})

static void a_clear_flow_over_a_starttls_row_is_refused_in_words(void **state)
{
	(void)state;
	struct matrix *matrix = load_small();
	struct matrix_question question =
		question_of(matrix, ENDS("relay", "mx-out"), PROTOCOL_SMTP, 25);
	struct matrix_result result;
	question.has_clear_content = MATRIX_YES;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_NO);
	assert_int_equal(result.failed, MATRIX_CRITERION_TLS);
	assert_string_equal(result.nearest->id, "M-03");
	assert_string_equal(result.reason, "row M-03 (relay -> mx-out) wants STARTTLS; "
					   "this flow carried content in clear");
	matrix_free(matrix);
}

static void a_row_for_probes_allows_what_ends_without_sending(void **state)
{
	(void)state;
	struct matrix *matrix = load_rows(" - {id: P, from: workstations, to: mx-out, "
					  "protocols: smtp, probe: yes}\n");
	struct matrix_question question =
		question_of(matrix, ENDS("workstations", "mx-out"), PROTOCOL_SMTP, 25);
	struct matrix_result result;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_UNKNOWN);
	assert_int_equal(result.waits_for, MATRIX_CRITERION_PROBE);
	assert_non_null(strstr(result.reason, "as long as nothing is sent"));
	question.is_probe = MATRIX_YES;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_YES);
	question.is_probe = MATRIX_NO;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_NO);
	assert_int_equal(result.failed, MATRIX_CRITERION_PROBE);
	question.protocol = PROTOCOL_ATTEMPT;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_YES);
	matrix_free(matrix);
}

static void a_probe_of_what_nobody_can_see_into_is_refused(void **state)
{
	(void)state;
	struct matrix_problems problems;
	assert_null(
		load_text(HEAD "rows:\n - {id: P, from: workstations, to: mailboxes, "
			       "protocols: [smtp, imaps], probe: yes}\n",
			&problems));
	assert_int_equal(problems.count, 1);
	assert_non_null(strstr(
		problems.list[0].text, "probe is for smtp, submission and lmtp alone"));
	matrix_problems_free(&problems);
}

static void what_is_not_seen_yet_waits_and_then_decides(void **state)
{
	(void)state;
	struct matrix *matrix = load_small();
	struct matrix_question question = question_of(
		matrix, ENDS("192.0.2.25", "198.51.100.2"), PROTOCOL_SMTP, 25);
	struct matrix_result result;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_UNKNOWN);
	assert_string_equal(result.nearest->id, "M-03");
	question.is_starttls = MATRIX_YES;
	question.is_encrypted = MATRIX_YES;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_YES);
	assert_string_equal(result.row->id, "M-03");
	matrix_free(matrix);
}

static void a_sender_without_any_row_is_named_with_its_role_and_zone(void **state)
{
	(void)state;
	struct matrix *matrix = load_small();
	const struct matrix_question question = question_of(
		matrix, ENDS("192.0.2.70", "192.0.2.130"), PROTOCOL_SMTP, 25);
	struct matrix_result result;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_NO);
	assert_null(result.nearest);
	assert_string_equal(result.reason,
		"no row lets workstations (client, internal) send smtp "
		"to scanners (application, internal)");
	matrix_free(matrix);
}

static void the_nearest_row_is_the_one_that_fails_last(void **state)
{
	(void)state;
	static const struct {
		const char *ends[2];
		enum protocol protocol;
		uint16_t port;
		const char *nearest;
		enum matrix_criterion failed;
	} CASES[] = {
		{{"192.0.2.70", "internet"}, PROTOCOL_SMTP, 25, "M-04",
			MATRIX_CRITERION_FROM},
		{{"relay", "internet"}, PROTOCOL_SMTP, 25, "M-03", MATRIX_CRITERION_TO},
		{{"relay", "mx-out"}, PROTOCOL_IMAP, 143, "M-03",
			MATRIX_CRITERION_PROTOCOL},
		{{"relay", "mx-out"}, PROTOCOL_SMTP, 2525, "M-03",
			MATRIX_CRITERION_PORT},
		{{"relay", "mx-out"}, PROTOCOL_SUBMISSION, 587, "M-03",
			MATRIX_CRITERION_PORT},
	};
	struct matrix *matrix = load_small();
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		const struct matrix_question question = question_of(
			matrix, CASES[i].ends, CASES[i].protocol, CASES[i].port);
		struct matrix_result result;
		matrix_ask(matrix, &question, &result);
		assert_int_equal(result.allowed, MATRIX_NO);
		assert_non_null(result.nearest);
		assert_string_equal(result.nearest->id, CASES[i].nearest);
		assert_int_equal(result.failed, CASES[i].failed);
	}
	matrix_free(matrix);
}

static void a_row_holds_through_its_last_second(void **state)
{
	(void)state;
	struct matrix *matrix = load_small();
	struct matrix_question question =
		question_of(matrix, ENDS("scanners", "relay"), PROTOCOL_SMTP, 25);
	struct matrix_result result;
	question.now_s = 1814399999; /* 2027-06-30T23:59:59Z */
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_YES);
	question.now_s++;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_NO);
	assert_int_equal(result.failed, MATRIX_CRITERION_EXPIRY);
	assert_non_null(strstr(result.reason, "its last day was 2027-06-30"));
	matrix_free(matrix);
}

static void an_old_tls_version_fails_where_the_row_sets_one(void **state)
{
	(void)state;
	struct matrix *matrix = load_small();
	struct matrix_question question = question_of(
		matrix, ENDS("workstations", "mailboxes"), PROTOCOL_IMAPS, 993);
	struct matrix_result result;
	question.is_encrypted = MATRIX_YES;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_UNKNOWN);
	question.tls_version = 0x0301;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.failed, MATRIX_CRITERION_MIN_TLS);
	assert_non_null(strstr(
		result.reason, "wants TLS 1.2 or newer; this flow uses TLS 1.0"));
	question.tls_version = 0x0304;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_YES);
	matrix_free(matrix);
}

static void https_not_told_apart_matches_a_row_of_any_exchange_service(void **state)
{
	(void)state;
	struct matrix *matrix = load_small();
	struct matrix_question question = question_of(matrix,
		ENDS("workstations", "mailboxes"), PROTOCOL_EXCHANGE_HTTPS, 443);
	struct matrix_result result;
	question.is_encrypted = MATRIX_YES;
	question.tls_version = 0x0303;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_YES);
	question.protocol = PROTOCOL_EAS;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.failed, MATRIX_CRITERION_PROTOCOL);
	matrix_free(matrix);
}

static void a_row_of_exchange_https_lets_each_of_its_services(void **state)
{
	static const enum protocol SERVICES[] = {PROTOCOL_MAPI_HTTP,
		PROTOCOL_OUTLOOK_ANYWHERE, PROTOCOL_EAS, PROTOCOL_EWS};
	(void)state;
	struct matrix *matrix =
		load_rows("  - {id: M-1, from: workstations, to: mailboxes, "
			  "protocols: [exchange-https], tls: optional}\n");
	struct matrix_question question = question_of(
		matrix, ENDS("workstations", "mailboxes"), PROTOCOL_IMAPS, 443);
	struct matrix_result result;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.failed, MATRIX_CRITERION_PROTOCOL);
	for (size_t i = 0; i < sizeof(SERVICES) / sizeof(SERVICES[0]); i++) {
		question.protocol = SERVICES[i];
		matrix_ask(matrix, &question, &result);
		assert_int_equal(result.allowed, MATRIX_YES);
	}
	matrix_free(matrix);
}

static void an_attempt_is_judged_by_its_port_alone(void **state)
{
	(void)state;
	struct matrix *matrix = load_small();
	struct matrix_question question =
		question_of(matrix, ENDS("relay", "mx-out"), PROTOCOL_ATTEMPT, 25);
	struct matrix_result result;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_YES);
	question.port = 465;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_NO);
	assert_int_equal(result.failed, MATRIX_CRITERION_PORT);
	matrix_free(matrix);
}

static void rfc8314_lets_clients_submit_on_465_without_a_row_of_its_own(void **state)
{
	(void)state;
	static const char rows[] = "rows: [{id: a, from: workstations, to: submission, "
				   "protocols: submission, tls: starttls}]\n";
	for (int is_rfc8314 = 0; is_rfc8314 < 2; is_rfc8314++) {
		char text[2048];
		(void)snprintf(text, sizeof(text), HEAD "profile: %s\n%s",
			is_rfc8314 ? "rfc8314" : "anssi", rows);
		struct matrix_problems problems;
		struct matrix *matrix = load_text(text, &problems);
		assert_non_null(matrix);
		struct matrix_question question = question_of(matrix,
			ENDS("workstations", "submission"), PROTOCOL_SUBMISSIONS, 465);
		struct matrix_result result;
		question.is_encrypted = MATRIX_YES;
		question.is_implicit = MATRIX_YES;
		matrix_ask(matrix, &question, &result);
		assert_int_equal(result.allowed, is_rfc8314 ? MATRIX_YES : MATRIX_NO);
		question.port = 2465;
		matrix_ask(matrix, &question, &result);
		assert_int_equal(result.allowed, MATRIX_NO);
		matrix_free(matrix);
	}
}

static struct matrix *rfc8314_matrix(const char *rows)
{
	char text[2048];
	(void)snprintf(text, sizeof(text), HEAD "profile: rfc8314\nrows: [%s]\n", rows);
	struct matrix_problems problems;
	struct matrix *matrix = load_text(text, &problems);
	assert_non_null(matrix);
	return matrix;
}

#define NO_SUCH_ROW "{id: a, from: relay, to: mx-out, protocols: smtp}"

static void rfc8314_needs_no_row_between_clients_and_their_submission_server(
	void **state)
{
	(void)state;
	static const struct {
		const char *from;
		const char *to;
		enum protocol protocol;
		uint16_t port;
		enum matrix_answer allowed;
	} CASES[] = {
		{"workstations", "submission", PROTOCOL_SUBMISSIONS, 465, MATRIX_YES},
		{"workstations", "submission", PROTOCOL_SMTPS, 465, MATRIX_YES},
		{"workstations", "submission", PROTOCOL_ATTEMPT, 465, MATRIX_YES},
		{"workstations", "submission", PROTOCOL_SMTP, 465, MATRIX_NO},
		{"workstations", "submission", PROTOCOL_SUBMISSIONS, 443, MATRIX_NO},
		{"workstations", "submission", PROTOCOL_SUBMISSION, 587, MATRIX_NO},
		{"workstations", "mailboxes", PROTOCOL_SUBMISSIONS, 465, MATRIX_NO},
		{"workstations", "internet", PROTOCOL_SUBMISSIONS, 465, MATRIX_NO},
		{"internet", "submission", PROTOCOL_SUBMISSIONS, 465, MATRIX_NO},
		{"relay", "submission", PROTOCOL_SUBMISSIONS, 465, MATRIX_NO},
		{"relay", "mx-out", PROTOCOL_SMTPS, 465, MATRIX_NO},
	};
	struct matrix *matrix = rfc8314_matrix(NO_SUCH_ROW);
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		const struct matrix_question question =
			question_of(matrix, ENDS(CASES[i].from, CASES[i].to),
				CASES[i].protocol, CASES[i].port);
		struct matrix_result result;
		matrix_ask(matrix, &question, &result);
		assert_int_equal(result.allowed, CASES[i].allowed);
		if (CASES[i].allowed == MATRIX_YES) {
			assert_null(result.row);
			assert_string_equal(result.reason,
				"profile rfc8314 lets clients submit over implicit "
				"TLS");
		}
	}
	matrix_free(matrix);
}

static void rfc8314_does_not_outrank_a_row_that_expired_or_wants_more(void **state)
{
	(void)state;
	static const struct {
		const char *row;
		enum matrix_criterion failed;
	} CASES[] = {
		{"{id: a, from: workstations, to: submission, protocols: submission, "
		 "expires: 2020-01-01}",
			MATRIX_CRITERION_EXPIRY},
		{"{id: a, from: workstations, to: submission, protocols: submission, "
		 "min_tls: \"1.3\"}",
			MATRIX_CRITERION_MIN_TLS},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		struct matrix *matrix = rfc8314_matrix(CASES[i].row);
		struct matrix_question question = question_of(matrix,
			ENDS("workstations", "submission"), PROTOCOL_SUBMISSIONS, 465);
		struct matrix_result result;
		question.is_encrypted = MATRIX_YES;
		question.is_implicit = MATRIX_YES;
		question.tls_version = 0x0303;
		matrix_ask(matrix, &question, &result);
		assert_int_equal(result.allowed, MATRIX_NO);
		assert_int_equal(result.failed, CASES[i].failed);
		matrix_free(matrix);
	}
}

static void offered_lets_the_client_decline_but_not_the_server(void **state)
{
	(void)state;
	struct matrix *matrix = load_small();
	struct matrix_question question =
		question_of(matrix, ENDS("internet", "mx-in"), PROTOCOL_SMTP, 25);
	struct matrix_result result;
	question.has_clear_content = MATRIX_YES;
	question.is_tls_offered = MATRIX_YES;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_YES);
	question.is_tls_offered = MATRIX_NO;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_NO);
	matrix_free(matrix);
}

static void rows_by_zone_hold_for_every_host_of_it(void **state)
{
	(void)state;
	struct matrix *matrix = load_rows(" - {id: z, from: internal, to: gateway, "
					  "protocols: smtp, tls: optional}\n");
	struct matrix_question question = question_of(
		matrix, ENDS("192.0.2.200", "198.51.100.2"), PROTOCOL_SMTP, 25);
	struct matrix_result result;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_YES);
	question =
		question_of(matrix, ENDS("203.0.113.1", "mx-out"), PROTOCOL_SMTP, 25);
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_NO);
	matrix_free(matrix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clear_flow_over_a_starttls_row_is_refused_in_words),
		cmocka_unit_test(a_probe_of_what_nobody_can_see_into_is_refused),
		cmocka_unit_test(a_row_for_probes_allows_what_ends_without_sending),
		cmocka_unit_test(what_is_not_seen_yet_waits_and_then_decides),
		cmocka_unit_test(
			a_sender_without_any_row_is_named_with_its_role_and_zone),
		cmocka_unit_test(the_nearest_row_is_the_one_that_fails_last),
		cmocka_unit_test(a_row_holds_through_its_last_second),
		cmocka_unit_test(an_old_tls_version_fails_where_the_row_sets_one),
		cmocka_unit_test(
			https_not_told_apart_matches_a_row_of_any_exchange_service),
		cmocka_unit_test(a_row_of_exchange_https_lets_each_of_its_services),
		cmocka_unit_test(an_attempt_is_judged_by_its_port_alone),
		cmocka_unit_test(
			rfc8314_lets_clients_submit_on_465_without_a_row_of_its_own),
		cmocka_unit_test(
			rfc8314_needs_no_row_between_clients_and_their_submission_server),
		cmocka_unit_test(
			rfc8314_does_not_outrank_a_row_that_expired_or_wants_more),
		cmocka_unit_test(offered_lets_the_client_decline_but_not_the_server),
		cmocka_unit_test(rows_by_zone_hold_for_every_host_of_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
