#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dmarc/tlsrpt.h"
#include "matrix/load.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW_S 1793600000

static const char MATRIX[] =
	"schema: 1\n"
	"zones: {internal: [192.0.2.0/24], gateway: [198.51.100.0/28]}\n"
	"groups:\n"
	"  mx-in: {role: inbound, addresses: [198.51.100.3], names: "
	"[mx1.example.org]}\n"
	"  relay: {role: relay, service: office, addresses: [192.0.2.25]}\n"
	"rows:\n"
	"  - {id: M-01, from: mx-in, to: relay, protocols: [smtp]}\n";

#define HEAD(id)                                                          \
	"{\"organization-name\":\"r.example\",\"report-id\":\"" id        \
	"\",\"date-range\":{\"start-datetime\":\"2026-11-01T00:00:00Z\"," \
	"\"end-datetime\":\"2026-11-01T23:59:59Z\"},\"policies\":["
#define POLICY(type, domain, succeeded, failed, details)                             \
	"{\"policy\":{\"policy-type\":\"" type "\",\"policy-domain\":\"" domain      \
	"\"},\"summary\":{\"total-successful-session-count\":" succeeded             \
	",\"total-failure-session-count\":" failed "},\"failure-details\":[" details \
	"]}"
#define FAILURE(type, server, address, count)                               \
	"{\"result-type\":\"" type "\",\"receiving-mx-hostname\":\"" server \
	"\",\"receiving-ip\":\"" address "\",\"failed-session-count\":" count "}"
#define TAIL "]}"

struct fixture {
	struct matrix *matrix;
	struct dmarc dmarc;
	struct tlsrpt tlsrpt;
};

static void start(struct fixture *fixture)
{
	char path[] = "/tmp/mailwarden-tlsrpt-XXXXXX";
	const int file = mkstemp(path);
	const char *const files[] = {path};
	struct matrix_problems problems = {.count = 0};
	struct reason why;
	assert_true(file >= 0);
	assert_int_equal(write(file, MATRIX, sizeof(MATRIX) - 1), sizeof(MATRIX) - 1);
	(void)close(file);
	fixture->matrix = matrix_load(files, 1, &problems);
	(void)unlink(path);
	matrix_problems_free(&problems);
	assert_non_null(fixture->matrix);
	const struct dmarc_settings settings = {
		.matrix = fixture->matrix, .now_s = NOW_S};
	assert_true(dmarc_start(&fixture->dmarc, &settings, &why));
	assert_true(tlsrpt_start(&fixture->tlsrpt, &fixture->dmarc, &why));
}

static void end(struct fixture *fixture)
{
	tlsrpt_free(&fixture->tlsrpt);
	dmarc_free(&fixture->dmarc);
	matrix_free(fixture->matrix);
}

static bool add(struct fixture *fixture, const char *json)
{
	struct reason why;
	return tlsrpt_add(&fixture->tlsrpt, text_from(json), &why);
}

static void sessions_add_up_by_policy_and_failures_by_kind_and_server(void **state)
{
	(void)state;
	struct fixture fixture;
	start(&fixture);
	assert_true(add(&fixture,
		HEAD("1") POLICY("sts", "Example.org", "990", "9",
			FAILURE("certificate-expired", "MX1.example.org", "192.0.2.9",
				"4") "," FAILURE("starttls-not-supported", "",
				"198.51.100.3",
				"3") "," FAILURE("a-new-kind", "", "", "2")) TAIL));
	assert_true(
		add(&fixture, HEAD("2") POLICY("sts", "example.org", "1", "1",
				      FAILURE("certificate-expired", "mx1.example.org",
					      "", "1")) "," POLICY("no-policy-found",
				      "example.org", "5", "0", "") TAIL));
	const void **sorted = tlsrpt_sorted(&fixture.tlsrpt);
	const struct tlsrpt_row *rows[5];
	assert_non_null(sorted);
	assert_int_equal(fixture.tlsrpt.rows.count, 5);
	memcpy(rows, sorted, sizeof(rows));
	assert_int_equal(rows[0]->key.failure, 0);
	assert_int_equal(rows[0]->succeeded, 991);
	assert_int_equal(rows[0]->failed, 10);
	assert_string_equal(
		tlsrpt_failure_word(rows[1]->key.failure), "certificate-expired");
	assert_string_equal(rows[1]->key.server, "mx1.example.org");
	assert_string_equal(rows[1]->group->name, "mx-in"); /* by its name */
	assert_int_equal(rows[1]->failed, 5);
	assert_string_equal(rows[2]->key.server, "198.51.100.3");
	assert_string_equal(rows[2]->group->name, "mx-in"); /* by its address */
	assert_string_equal(tlsrpt_failure_word(rows[3]->key.failure), "other");
	assert_null(rows[3]->group);
	assert_string_equal(tlsrpt_policy_word(rows[4]->key.policy), "no-policy-found");
	assert_int_equal(fixture.tlsrpt.totals.failed, 10);
	free(sorted);
	end(&fixture);
}

static void tls_fails_from_one_session_in_a_hundred_on(void **state)
{
	(void)state;
	struct tlsrpt_row row = {.succeeded = 99, .failed = 1};
	assert_true(tlsrpt_is_failing(&row));
	row.succeeded = 199;
	assert_false(tlsrpt_is_failing(&row));
	row.failed = 2;
	assert_true(tlsrpt_is_failing(&row));
	row.key.failure = 3;
	assert_false(tlsrpt_is_failing(&row));
	row = (struct tlsrpt_row){.succeeded = 5};
	assert_false(tlsrpt_is_failing(&row));
}

static void what_is_no_report_is_void_and_a_second_one_is_not_counted(void **state)
{
	(void)state;
	static const char *const VOID[] = {"", "{", "[]", "{}", "{\"policies\":[]}",
		"{\"policies\":[{}]}",
		"{\"date-range\":{\"start-datetime\":\"2026-11-02T00:00:00Z\","
		"\"end-datetime\":\"2026-11-01T00:00:00Z\"},\"policies\":[{}]}",
		"{\"date-range\":{\"start-datetime\":\"2036-11-02T00:00:00Z\","
		"\"end-datetime\":\"2036-11-03T00:00:00Z\"},\"policies\":[{}]}"};
	struct fixture fixture;
	start(&fixture);
	for (size_t i = 0; i < sizeof(VOID) / sizeof(VOID[0]); i++) {
		assert_false(add(&fixture, VOID[i]));
	}
	for (int i = 0; i < 2; i++) {
		assert_true(add(&fixture,
			HEAD("1") POLICY("tlsa", "example.org", "1", "0", "") TAIL));
	}
	assert_int_equal(fixture.tlsrpt.totals.reports, 1);
	assert_int_equal(fixture.tlsrpt.totals.succeeded, 1);
	assert_int_equal(fixture.dmarc.totals.repeated, 1);
	end(&fixture);
}

static void hostile_members_are_left_out(void **state)
{
	(void)state;
	struct fixture fixture;
	start(&fixture);
	assert_true(add(&fixture,
		HEAD("1") POLICY("sts", "\\u001b[2J", "1", "1", "") ",7," POLICY("sts",
			"example.org", "-1", "\"x\"", "7,null,{}") "," POLICY("sts",
			"example.org", "99999999999999", "0", "") TAIL));
	const struct tlsrpt_row *row = dmarc_table_entry(&fixture.tlsrpt.rows, 0);
	assert_int_equal(fixture.tlsrpt.totals.rows_bad, 2);
	assert_int_equal(row->succeeded, UINT32_MAX);
	assert_int_equal(row->failed, 0);
	end(&fixture);
}

static void a_report_cut_anywhere_is_void(void **state)
{
	(void)state;
	static const char JSON[] = HEAD("1") POLICY("sts", "example.org", "1", "1",
		FAILURE("certificate-expired", "mx1.example.org", "", "1")) TAIL;
	struct fixture fixture;
	start(&fixture);
	for (size_t len = 0; len < sizeof(JSON) - 1; len++) {
		struct reason why;
		uint8_t *copy = malloc(len + (len == 0));
		assert_non_null(copy);
		memcpy(copy, JSON, len);
		assert_false(
			tlsrpt_add(&fixture.tlsrpt, (struct text){copy, len}, &why));
		free(copy);
	}
	end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			sessions_add_up_by_policy_and_failures_by_kind_and_server),
		cmocka_unit_test(tls_fails_from_one_session_in_a_hundred_on),
		cmocka_unit_test(
			what_is_no_report_is_void_and_a_second_one_is_not_counted),
		cmocka_unit_test(hostile_members_are_left_out),
		cmocka_unit_test(a_report_cut_anywhere_is_void),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
