/* Why a row allows, waits or fails: the sentence, word for word. */
#include "matrix/explanation.h"

#include "made_matrix.h"

#define BIT(protocol) (1u << (protocol))

static const struct matrix_group FROM = {.name = "pcs", .role = MATRIX_ROLE_CLIENT};
static const struct matrix_group TO = {
	.name = "post", .role = MATRIX_ROLE_MAILBOX, .is_certificate_trusted = true};

static struct matrix_row row;
static struct matrix_question question;
static struct matrix_result result;

static int start(void **state)
{
	(void)state;
	row = (struct matrix_row){.id = "M-1",
		.from.group = &FROM,
		.to.group = &TO,
		.protocols = BIT(PROTOCOL_IMAP) | BIT(PROTOCOL_IMAPS),
		.tls = MATRIX_TLS_REQUIRED};
	question = (struct matrix_question){
		.from = row.from, .to = row.to, .protocol = PROTOCOL_IMAP, .port = 143};
	result = (struct matrix_result){.nearest = &row};
	return 0;
}

static void assert_failed(enum matrix_criterion criterion, const char *words)
{
	char wanted[sizeof(result.reason)];
	result.failed = criterion;
	result.reason[0] = '\0';
	(void)snprintf(wanted, sizeof(wanted), "row M-1 (pcs -> post)%s", words);
	explain_failed(&question, &result);
	assert_string_equal(result.reason, wanted);
}

static void what_is_allowed_names_its_row_or_the_profile(void **state)
{
	(void)state;
	result.row = &row;
	explain_allowed(&result);
	assert_string_equal(result.reason, "row M-1 (pcs -> post) allows it");
	result.row = NULL;
	result.reason[0] = '\0';
	explain_allowed(&result);
	assert_string_equal(
		result.reason, "profile rfc8314 lets clients submit over implicit TLS");
}

static void what_waits_tells_what_is_not_seen_yet(void **state)
{
	(void)state;
	static const struct {
		enum matrix_criterion criterion;
		const char *words;
	} WAITS[] = {{MATRIX_CRITERION_TLS, "its TLS is not seen yet"},
		{MATRIX_CRITERION_MIN_TLS, "its TLS version is not seen yet"},
		{MATRIX_CRITERION_CLIENT_CERTIFICATE,
			"no client certificate is seen yet"},
		{MATRIX_CRITERION_FROM, "no DNS answer was seen that makes the client "
					"one of pcs"},
		{MATRIX_CRITERION_TO, "no DNS answer or certificate was seen that "
				      "makes the server one of post"},
		{MATRIX_CRITERION_PROTOCOL, "its protocol is not known yet"}};
	for (size_t i = 0; i < sizeof(WAITS) / sizeof(WAITS[0]); i++) {
		char wanted[sizeof(result.reason)];
		(void)snprintf(wanted, sizeof(wanted),
			"row M-1 (pcs -> post) may allow it; %s", WAITS[i].words);
		result.reason[0] = '\0';
		result.waits_for = WAITS[i].criterion;
		explain_waiting(&result);
		assert_string_equal(result.reason, wanted);
	}
}

static void without_a_row_the_flow_is_told_and_the_nearest_row(void **state)
{
	(void)state;
	result.failed = MATRIX_CRITERION_TO;
	explain_failed(&question, &result);
	assert_string_equal(result.reason,
		"no row lets pcs (client) use imap of post (mailbox); nearest is row "
		"M-1 (pcs -> post)");
	result.nearest = NULL;
	result.reason[0] = '\0';
	explain_failed(&question, &result);
	assert_string_equal(
		result.reason, "no row lets pcs (client) use imap of post (mailbox)");
}

static void a_row_of_other_protocols_or_ports_tells_its_own(void **state)
{
	(void)state;
	question.protocol = PROTOCOL_POP3;
	question.port = 1143;
	assert_failed(MATRIX_CRITERION_PROTOCOL, " allows imap and imaps, not pop3");
	assert_failed(MATRIX_CRITERION_PORT, " allows ports 143 and 993, not 1143");
}

static void an_expired_row_tells_its_last_day(void **state)
{
	(void)state;
	row.expires_s = INT64_C(1835481600); /* date -u -d 2028-03-01 +%s */
	assert_failed(MATRIX_CRITERION_EXPIRY,
		" would allow it but its last day was 2028-02-29");
}

static void a_row_for_probes_tells_that_more_was_said(void **state)
{
	(void)state;
	assert_failed(MATRIX_CRITERION_PROBE,
		" is for probes; this flow did more than say hello");
}

static void tls_tells_what_was_wanted_and_what_was_seen(void **state)
{
	(void)state;
	assert_failed(MATRIX_CRITERION_TLS, " wants TLS; this flow is in clear");
	question.has_clear_content = MATRIX_YES;
	assert_failed(
		MATRIX_CRITERION_TLS, " wants TLS; this flow carried content in clear");
	question.has_clear_content = MATRIX_NO;
	question.is_implicit = MATRIX_YES;
	row.tls = MATRIX_TLS_STARTTLS;
	assert_failed(MATRIX_CRITERION_TLS,
		" wants STARTTLS; this flow is under TLS from the first byte");
	question.is_implicit = MATRIX_NO;
	question.is_starttls = MATRIX_YES;
	row.tls = MATRIX_TLS_IMPLICIT;
	assert_failed(MATRIX_CRITERION_TLS,
		" wants TLS from the first byte; this flow uses STARTTLS");
	row.tls = MATRIX_TLS_OFFERED;
	question.has_clear_content = MATRIX_YES;
	assert_failed(MATRIX_CRITERION_TLS,
		" wants TLS to be offered; this server did not offer it");
}

static void an_old_version_is_named_and_ssl_has_no_number(void **state)
{
	(void)state;
	row.min_tls = 0x0303;
	question.tls_version = 0x0302;
	assert_failed(MATRIX_CRITERION_MIN_TLS,
		" wants TLS 1.2 or newer; this flow uses TLS 1.1");
	question.tls_version = 0x0300;
	assert_failed(MATRIX_CRITERION_MIN_TLS,
		" wants TLS 1.2 or newer; this flow uses SSL");
}

static void a_missing_client_certificate_is_told(void **state)
{
	(void)state;
	assert_failed(MATRIX_CRITERION_CLIENT_CERTIFICATE,
		" wants a client certificate; this flow showed none");
}

/* Those behind the ends, the protocol and the port, which any flow shows. */
static void every_other_criterion_has_sentences_of_its_own(void **state)
{
	(void)state;
	char told[2][32][sizeof(result.reason)];
	int end = MATRIX_CRITERION_TLS;
	for (; strcmp(matrix_criterion_name((enum matrix_criterion)end), "none") != 0;
		end++) {
		assert_in_range(end, 0, 31);
		result.failed = (enum matrix_criterion)end;
		result.reason[0] = '\0';
		explain_failed(&question, &result);
		memcpy(told[0][end], result.reason, sizeof(result.reason));
		result.reason[0] = '\0';
		result.waits_for = (enum matrix_criterion)end;
		explain_waiting(&result);
		memcpy(told[1][end], result.reason, sizeof(result.reason));
		assert_null(strstr(told[1][end], "its protocol"));
		for (int other = MATRIX_CRITERION_TLS; other < end; other++) {
			assert_string_not_equal(told[0][end], told[0][other]);
			assert_string_not_equal(told[1][end], told[1][other]);
		}
	}
	assert_true(end > MATRIX_CRITERION_MIN_TLS);
}

#define EACH(test) cmocka_unit_test_setup(test, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(what_is_allowed_names_its_row_or_the_profile),
		EACH(what_waits_tells_what_is_not_seen_yet),
		EACH(without_a_row_the_flow_is_told_and_the_nearest_row),
		EACH(a_row_of_other_protocols_or_ports_tells_its_own),
		EACH(an_expired_row_tells_its_last_day),
		EACH(a_row_for_probes_tells_that_more_was_said),
		EACH(tls_tells_what_was_wanted_and_what_was_seen),
		EACH(an_old_version_is_named_and_ssl_has_no_number),
		EACH(a_missing_client_certificate_is_told),
		EACH(every_other_criterion_has_sentences_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
