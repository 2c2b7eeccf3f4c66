/* Ends, rows and conditions as they are read aloud. */
#include "matrix/sentence.h"

#include "made_matrix.h"

#define BIT(protocol) (1u << (protocol))

static char text[SENTENCE_LIST_BYTES];

static void an_end_is_a_group_with_its_role_a_zone_or_the_internet(void **state)
{
	(void)state;
	struct matrix *matrix = load_small();
	static const char *const ENDS[][3] = {
		{"relay", "relay (relay, internal)", "relay"},
		{"gateway", "gateway (no group)", "gateway"},
		{"192.0.2.99", "workstations (client, internal)", "workstations"},
		{"192.0.2.200", "internal (no group)", "internal"},
		{"internet", "internet", "internet"},
		{"203.0.113.9", "internet", "internet"},
	};
	for (size_t i = 0; i < sizeof(ENDS) / sizeof(ENDS[0]); i++) {
		struct matrix_end end;
		struct reason why;
		assert_true(matrix_find_end(matrix, ENDS[i][0], &end, &why));
		assert_string_equal(sentence_end(&end, text), ENDS[i][1]);
		assert_string_equal(sentence_end_name(&end), ENDS[i][2]);
	}
	const struct matrix_end nowhere = {.group = NULL, .zone = NULL};
	assert_string_equal(sentence_end(&nowhere, text), "internet");
	matrix_free(matrix);
}

static void a_row_is_its_id_and_its_ends(void **state)
{
	(void)state;
	struct matrix *matrix = load_small();
	size_t count;
	assert_string_equal(sentence_row(&matrix_rows(matrix, &count)[2], text),
		"row M-03 (relay -> mx-out)");
	assert_string_equal(sentence_row(&matrix_rows(matrix, &count)[4], text),
		"row M-05 (internet -> mx-in)");
	matrix_free(matrix);
}

static void a_list_has_its_word_before_the_last_only(void **state)
{
	(void)state;
	assert_string_equal(sentence_protocols(0, "and", text), "");
	assert_string_equal(
		sentence_protocols(BIT(PROTOCOL_IMAPS), "and", text), "imaps");
	assert_string_equal(sentence_protocols(BIT(PROTOCOL_SMTP) | BIT(PROTOCOL_IMAPS),
				    "or", text),
		"smtp or imaps");
	assert_string_equal(
		sentence_protocols(
			BIT(PROTOCOL_SMTP) | BIT(PROTOCOL_SMTPS) | BIT(PROTOCOL_IMAPS),
			"and", text),
		"smtp, smtps and imaps");
}

static void a_list_of_all_mail_protocols_is_not_cut(void **state)
{
	(void)state;
	char last[64];
	(void)sentence_protocols(BIT(PROTOCOL_ATTEMPT) - 2, "and", text);
	(void)snprintf(last, sizeof(last), " and %s",
		protocol_name((enum protocol)(PROTOCOL_ATTEMPT - 1)));
	assert_true(strlen(text) > strlen(last));
	assert_string_equal(text + strlen(text) - strlen(last), last);
}

static void ports_are_those_declared_else_the_protocols_own(void **state)
{
	(void)state;
	static const uint16_t PORTS[] = {25, 26, 27, 28, 29, 30, 31, 32, 33, 34};
	struct matrix_row row = {.protocols = BIT(PROTOCOL_SMTP)};
	assert_string_equal(sentence_ports(&row, text), "port 25");
	row.protocols = BIT(PROTOCOL_IMAP) | BIT(PROTOCOL_IMAPS);
	assert_string_equal(sentence_ports(&row, text), "ports 143 and 993");
	row.protocols = BIT(PROTOCOL_MAPI_HTTP) | BIT(PROTOCOL_EWS);
	assert_string_equal(sentence_ports(&row, text), "ports 443 and 80");
	row.protocols = BIT(PROTOCOL_MAPI_RPC);
	assert_string_equal(sentence_ports(&row, text), "any port");
	row.ports = PORTS;
	row.port_count = 3;
	assert_string_equal(sentence_ports(&row, text), "ports 25, 26 and 27");
	row.port_count = 8;
	assert_string_equal(
		sentence_ports(&row, text), "ports 25, 26, 27, 28, 29, 30, 31 and 32");
	row.port_count = 10;
	assert_string_equal(sentence_ports(&row, text),
		"ports 25, 26, 27, 28, 29, 30, 31, 32 and 2 more");
	row.is_any_port = true;
	assert_string_equal(sentence_ports(&row, text), "any port");
}

static void a_condition_tells_each_wish_of_the_row(void **state)
{
	(void)state;
	struct matrix_row row = {.tls = MATRIX_TLS_OPTIONAL};
	assert_string_equal(sentence_condition(&row, text), "with or without TLS");
	row.tls = MATRIX_TLS_IMPLICIT;
	assert_string_equal(
		sentence_condition(&row, text), "under TLS from the first byte");
	row.tls = MATRIX_TLS_OFFERED;
	assert_string_equal(sentence_condition(&row, text),
		"if the server offers TLS (the client may decline)");
	row.tls = MATRIX_TLS_STARTTLS;
	row.min_tls = 0x0303;
	row.is_client_certificate_required = true;
	assert_string_equal(sentence_condition(&row, text),
		"under STARTTLS, TLS 1.2 or newer, with a client certificate");
}

static void the_last_day_is_the_one_before_the_first_expired_second(void **state)
{
	(void)state;
	char day[SENTENCE_DAY_BYTES];
	/* date -u -d 2028-03-01 +%s */
	assert_string_equal(sentence_last_day(INT64_C(1835481600), day), "2028-02-29");
	assert_string_equal(sentence_last_day(INT64_C(1835481601), day), "2028-03-01");
}

static void mail_is_sent_and_mailboxes_are_used(void **state)
{
	(void)state;
	assert_string_equal(
		sentence_verb(PROTOCOL_SUBMISSION, 587, text), "send submission to");
	assert_string_equal(sentence_verb(PROTOCOL_IMAP, 143, text), "use imap of");
	assert_string_equal(
		sentence_verb(PROTOCOL_ATTEMPT, 25, text), "connect to port 25 of");
}

static void what_does_not_fit_is_cut(void **state)
{
	(void)state;
	char small[8] = "abc";
	sentence_append(small, sizeof(small), "%s", "defghij");
	assert_string_equal(small, "abcdefg");
	sentence_append(small, sizeof(small), "%s", "more");
	assert_string_equal(small, "abcdefg");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_end_is_a_group_with_its_role_a_zone_or_the_internet),
		cmocka_unit_test(a_row_is_its_id_and_its_ends),
		cmocka_unit_test(a_list_has_its_word_before_the_last_only),
		cmocka_unit_test(a_list_of_all_mail_protocols_is_not_cut),
		cmocka_unit_test(ports_are_those_declared_else_the_protocols_own),
		cmocka_unit_test(a_condition_tells_each_wish_of_the_row),
		cmocka_unit_test(
			the_last_day_is_the_one_before_the_first_expired_second),
		cmocka_unit_test(mail_is_sent_and_mailboxes_are_used),
		cmocka_unit_test(what_does_not_fit_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
