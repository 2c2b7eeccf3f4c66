#include "made_record.h"

#include "report/human_text.h"

static const struct fold_count ONCE = {.first_us = 1, .last_us = 1, .count = 1};
static const struct fold_count THRICE = {.first_us = 1, .last_us = 2, .count = 3};

static struct human *new_human(FILE *out, bool use_colour)
{
	struct reason why;
	struct human *human = human_new(out, use_colour, false, &why);
	assert_non_null(human);
	return human;
}

static void assert_narrow(const char *text)
{
	while (*text != '\0') {
		const size_t len = strcspn(text, "\n");
		if (len > 80) {
			fail_msg("%zu columns: %.*s", len, (int)len, text);
		}
		text += len + (text[len] == '\n' ? 1 : 0);
	}
}

static void an_alert_takes_two_lines_where_its_ends_fit_and_three_elsewhere(
	void **state)
{
	(void)state;
	static const struct matrix_group A = {.name = "a"};
	struct made_record made;
	struct made_output output;
	made_record(&made);
	struct human *human = new_human(made_open(&output), false);
	human_alert(human, &made.record, FINDING_SENDER_ILLEGITIMATE, &ONCE);
	made.row.mode = MATRIX_MODE_AUDIT;
	made.observation.client_port++;
	human_alert(human, &made.record, FINDING_SENDER_ILLEGITIMATE, &THRICE);
	made.observation.client_port++;
	made.row.mode = MATRIX_MODE_ENFORCE;
	made.judgement.from.group = &A;
	made.judgement.to.group = &A;
	human_alert(human, &made.record, FINDING_SENDER_ILLEGITIMATE, &ONCE);
	human_free(human);
	assert_string_equal(made_close(&output),
		"HIGH      sender.illegitimate  R37  smtp\n"
		"          192.0.2.70 (workstations) -> 203.0.113.25:25 (internet)\n"
		"          no row lets workstations send smtp to the Internet\n"
		"HIGH      sender.illegitimate  R37  smtp  x3  (audit)\n"
		"          192.0.2.70 (workstations) -> 203.0.113.25:25 (internet)\n"
		"          no row lets workstations send smtp to the Internet\n"
		"HIGH      sender.illegitimate  R37  192.0.2.70 (a) -> "
		"203.0.113.25:25 (a)  smtp\n"
		"          no row lets workstations send smtp to the Internet\n");
	free(output.text);
}

static void long_addresses_and_reasons_stay_within_80_columns(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	made.observation.client =
		made_address("2001:db8:1111:2222:3333:4444:5555:6666");
	made.observation.server =
		made_address("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff");
	made.observation.server_port = 65535;
	for (size_t i = 0; i + 1 < sizeof(made.judgement.reason); i++) {
		made.judgement.reason[i] = i % 7 == 6 ? ' ' : 'r';
	}
	memset(made.judgement.detail[FINDING_TLS_CERTIFICATE_NAME_MISMATCH], 'd', 95);
	made.judgement.severity[FINDING_TLS_CERTIFICATE_NAME_MISMATCH] =
		SEVERITY_CRITICAL;
	struct human *human = new_human(made_open(&output), false);
	human_alert(
		human, &made.record, FINDING_TLS_CERTIFICATE_NAME_MISMATCH, &THRICE);
	human_free(human);
	const char *text = made_close(&output);
	assert_narrow(text);
	assert_has(text, "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65535 (internet)");
	free(output.text);
}

static void the_summary_counts_flows_findings_and_what_is_not_zero(void **state)
{
	(void)state;
	static const struct counter COUNTERS[] = {
		{"packets", 50}, {"tcp.overlaps", 0}, {"decode.truncated", 3}};
	const struct json_stats stats = {.counters = COUNTERS, .counter_count = 3};
	struct made_record made;
	struct made_output output;
	made_record(&made);
	made.judgement.severity[FINDING_SENDER_ATTEMPT] = SEVERITY_LOW;
	struct human *human = new_human(made_open(&output), false);
	human_alert(human, &made.record, FINDING_SENDER_ATTEMPT, &ONCE);
	human_alert(human, &made.record, FINDING_SENDER_ILLEGITIMATE, &THRICE);
	human_mail(human, &made.record);
	made.judgement.verdict = VERDICT_LEGITIMATE;
	human_mail(human, &made.record);
	human_mail(human, &made.record);
	human_summary(human, &stats);
	human_free(human);
	const char *text = made_close(&output);
	assert_narrow(text);
	assert_has(text,
		"\n  smtp                            2            1            0 "
		"           3\n");
	const char *high = strstr(text, "  HIGH      sender.illegitimate");
	const char *low = strstr(text, "  LOW       sender.attempt");
	assert_non_null(high);
	assert_non_null(low);
	assert_true(high < low);
	assert_has(text, "decode.truncated");
	assert_has_not(text, "tcp.overlaps");
	free(output.text);
}

static void the_summary_says_how_many_were_as_grave_as_the_worst(void **state)
{
	(void)state;
	const struct json_stats stats = {.counter_count = 0};
	struct made_record made;
	struct made_output output;
	made_record(&made);
	struct human *human = new_human(made_open(&output), false);
	uint8_t *severity = made.judgement.severity;
	severity[FINDING_SENDER_ATTEMPT] = SEVERITY_LOW;
	severity[FINDING_SENDER_ILLEGITIMATE] = SEVERITY_HIGH;
	human_alert(human, &made.record, FINDING_SENDER_ATTEMPT, &ONCE);
	human_alert(human, &made.record, FINDING_SENDER_ATTEMPT, &ONCE);
	human_alert(human, &made.record, FINDING_SENDER_ILLEGITIMATE, &ONCE);
	severity[FINDING_SENDER_ILLEGITIMATE] = SEVERITY_CRITICAL;
	human_alert(human, &made.record, FINDING_SENDER_ILLEGITIMATE, &ONCE);
	human_alert(human, &made.record, FINDING_SENDER_ILLEGITIMATE, &ONCE);
	severity[FINDING_SENDER_ILLEGITIMATE] = SEVERITY_HIGH;
	human_alert(human, &made.record, FINDING_SENDER_ILLEGITIMATE, &ONCE);
	human_summary(human, &stats);
	human_free(human);
	const char *text = made_close(&output);
	assert_has(text,
		"  CRITICAL  sender.illegitimate                  2 of 4        4");
	assert_has(text,
		"  LOW       sender.attempt                            2        2");
	free(output.text);
}

static void without_findings_the_summary_says_so(void **state)
{
	(void)state;
	const struct json_stats stats = {.counter_count = 0};
	struct made_output output;
	struct human *human = new_human(made_open(&output), false);
	human_summary(human, &stats);
	human_free(human);
	assert_has(made_close(&output), "No findings.");
	free(output.text);
}

static void colours_are_used_only_when_asked(void **state)
{
	(void)state;
	struct made_record made;
	made_record(&made);
	for (int use_colour = 0; use_colour < 2; use_colour++) {
		struct made_output output;
		struct human *human = new_human(made_open(&output), use_colour);
		human_alert(human, &made.record, FINDING_SENDER_ILLEGITIMATE, &ONCE);
		human_free(human);
		assert_int_equal(
			strchr(made_close(&output), '\x1b') != NULL, use_colour);
		free(output.text);
	}
}

/* What stands behind the first line of an alert, in one line. */
static void assert_why(const struct made_record *made, enum finding finding,
	const char *detail, const char *expected)
{
	struct made_record copy = *made;
	struct human_alert_text text;
	const struct human_repeat once = {.count = 1};
	copy.record.judgement = &copy.judgement;
	copy.record.observation = &copy.observation;
	copy.judgement.nearest = made->judgement.nearest ? &copy.row : NULL;
	(void)snprintf(copy.judgement.detail[finding],
		sizeof(copy.judgement.detail[finding]), "%s", detail);
	human_alert_text(&text, &copy.record, finding, &once);
	assert_string_equal(text.why, expected);
}

static void a_reason_is_given_where_the_detail_does_not_say_it(void **state)
{
	(void)state;
	struct made_record made;
	made_record(&made);
	made.judgement.nearest = &made.row;
	(void)snprintf(made.judgement.reason, sizeof(made.judgement.reason),
		"row M-04 (a -> b) wants STARTTLS; this flow carried content in clear");
	assert_why(&made, FINDING_SENDER_ILLEGITIMATE, "direct send",
		"direct send; row M-04 (a -> b) wants STARTTLS; this flow carried "
		"content in clear");
	assert_why(&made, FINDING_SENDER_ILLEGITIMATE, "",
		"row M-04 (a -> b) wants STARTTLS; this flow carried content in clear");
	assert_why(&made, FINDING_SENDER_ILLEGITIMATE, "row M-04 wants tls: starttls",
		"row M-04 (a -> b) wants STARTTLS; this flow carried content in clear");
	assert_why(&made, FINDING_SENDER_ILLEGITIMATE, "row M-041 is another",
		"row M-041 is another; row M-04 (a -> b) wants STARTTLS; this flow "
		"carried content in clear");
	assert_why(&made, FINDING_TLS_MISSING, "content in clear",
		"content in clear; row M-04 (a -> b) wants STARTTLS");
	assert_why(&made, FINDING_TLS_STARTTLS_UNUSED, "",
		"Client does not use the STARTTLS offered; row M-04 (a -> b) wants "
		"STARTTLS");
	assert_why(&made, FINDING_TLS_VERSION_OBSOLETE,
		"TLS 1.0, row M-04 asks TLS 1.2", "TLS 1.0, row M-04 asks TLS 1.2");
	assert_why(&made, FINDING_PORT_FOREIGN, "ftp on port 25, which is smtp's",
		"ftp on port 25, which is smtp's");
}

static void the_reason_is_not_repeated_for_the_next_finding_of_a_flow(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	struct human *human = new_human(made_open(&output), false);
	made.judgement.severity[FINDING_TLS_STARTTLS_UNUSED] = SEVERITY_MEDIUM;
	human_alert(human, &made.record, FINDING_SENDER_ILLEGITIMATE, &ONCE);
	human_alert(human, &made.record, FINDING_TLS_STARTTLS_UNUSED, &ONCE);
	made.observation.client_port++;
	human_alert(human, &made.record, FINDING_TLS_STARTTLS_UNUSED, &ONCE);
	human_free(human);
	assert_string_equal(made_close(&output),
		"HIGH      sender.illegitimate  R37  smtp\n"
		"          192.0.2.70 (workstations) -> 203.0.113.25:25 (internet)\n"
		"          no row lets workstations send smtp to the Internet\n"
		"MEDIUM    tls.starttls-unused  R42  smtp\n"
		"          192.0.2.70 (workstations) -> 203.0.113.25:25 (internet)\n"
		"          Client does not use the STARTTLS offered\n"
		"MEDIUM    tls.starttls-unused  R42  smtp\n"
		"          192.0.2.70 (workstations) -> 203.0.113.25:25 (internet)\n"
		"          Client does not use the STARTTLS offered; no row lets "
		"workstations\n"
		"          send smtp to the Internet\n");
	free(output.text);
}

static void the_summary_says_what_is_accepted_and_why_once(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	const struct json_stats stats = {.counter_count = 0};
	made_record(&made);
	made_accepted(&made, FINDING_SMTPS_IMPLICIT, SEVERITY_MEDIUM);
	struct human *human = new_human(made_open(&output), false);
	human_mail(human, &made.record);
	made_accepted(&made, FINDING_TLS_CIPHER_WEAK, SEVERITY_LOW);
	human_mail(human, &made.record);
	human_summary(human, &stats);
	human_free(human);
	const char *text = made_close(&output);
	assert_has(text, "\nNo findings.\n\nAccepted by the matrix, no alerts\n");
	assert_has(text,
		"    smtps.implicit                                       2\n"
		"          row M-04 (it, until 2027-06-30): an old "
		"\"appliance\"\n"
		"            tls.cipher-weak                                      "
		"1\n\n");
	assert_narrow(text);
	free(output.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_alert_takes_two_lines_where_its_ends_fit_and_three_elsewhere),
		cmocka_unit_test(the_summary_says_what_is_accepted_and_why_once),
		cmocka_unit_test(a_reason_is_given_where_the_detail_does_not_say_it),
		cmocka_unit_test(
			the_reason_is_not_repeated_for_the_next_finding_of_a_flow),
		cmocka_unit_test(long_addresses_and_reasons_stay_within_80_columns),
		cmocka_unit_test(
			the_summary_counts_flows_findings_and_what_is_not_zero),
		cmocka_unit_test(the_summary_says_how_many_were_as_grave_as_the_worst),
		cmocka_unit_test(without_findings_the_summary_says_so),
		cmocka_unit_test(colours_are_used_only_when_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
