#include "made_record.h"

#include "report/human_text.h"

#define LAST_US UINT64_C(1790000060000000) /* a minute behind the record's time */

/* What is printed of one human; the rest of the style is as given. */
static struct human *new_human(struct made_output *output, struct human_style style)
{
	struct reason why;
	style.out = made_open(output);
	struct human *human = human_new(&style, &why);
	assert_non_null(human);
	return human;
}

static struct human *new_plain(struct made_output *output)
{
	return new_human(output, (struct human_style){.use_colour = false});
}

/* The report; free it with the output. */
static const char *printed(struct human *human, struct made_output *output)
{
	static const struct json_stats NONE = {.counter_count = 0};
	human_print(human, &NONE);
	human_free(human);
	return made_close(output);
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

/* Once, in the flow of the record. */
static void alert_at(struct human *human, const struct made_record *made,
	enum finding finding, uint64_t time_us)
{
	const struct fold_count once = {
		.first_us = time_us, .last_us = time_us, .count = 1};
	human_alert(human, &made->record, finding, &once);
}

static void
an_entry_says_why_how_often_and_of_the_first_and_the_last_who_when_and_where(
	void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	struct human *human = new_plain(&output);
	alert_at(human, &made, FINDING_SENDER_ILLEGITIMATE, made.record.time_us);
	made.record.pcap_filename = "tuesday.pcap";
	made.observation.client = made_address("192.0.2.71");
	const struct fold_count thrice = {
		.first_us = made.record.time_us + 1, .last_us = LAST_US, .count = 3};
	human_alert(human, &made.record, FINDING_SENDER_ILLEGITIMATE, &thrice);
	const char *text = printed(human, &output);
	assert_narrow(text);
	assert_has(text,
		"  HIGH      sender.illegitimate                       2        4  "
		"R37\n"
		"    workstations -> internet, smtp, 4 flows\n"
		"      no row lets workstations send smtp to the Internet\n"
		"      first 192.0.2.70 -> 203.0.113.25:25 at 2026-09-21 14:13:20 UTC "
		"in\n"
		"        traffic.pcap\n"
		"      last 192.0.2.71 -> 203.0.113.25:25 at 2026-09-21 14:14:20 UTC "
		"in\n"
		"        tuesday.pcap\n\n");
	free(output.text);
}

static void what_was_found_once_has_one_line_of_where(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	made.row.mode = MATRIX_MODE_AUDIT;
	struct human *human = new_plain(&output);
	alert_at(human, &made, FINDING_SENDER_ILLEGITIMATE, made.record.time_us);
	const char *text = printed(human, &output);
	assert_has(text,
		"    workstations -> internet, smtp, 1 flow, audit\n"
		"      no row lets workstations send smtp to the Internet\n"
		"      192.0.2.70 -> 203.0.113.25:25 at 2026-09-21 14:13:20 UTC in "
		"traffic.pcap\n\n");
	free(output.text);
}

static void other_groups_and_another_protocol_are_other_entries(void **state)
{
	(void)state;
	static const struct matrix_group GROUP = {.name = "scanners"};
	struct made_record made;
	struct made_output output;
	made_record(&made);
	struct human *human = new_plain(&output);
	alert_at(human, &made, FINDING_SENDER_ILLEGITIMATE, made.record.time_us);
	made.judgement.from.group = &GROUP;
	alert_at(human, &made, FINDING_SENDER_ILLEGITIMATE, made.record.time_us);
	made.observation.protocol = PROTOCOL_LMTP;
	alert_at(human, &made, FINDING_SENDER_ILLEGITIMATE, LAST_US);
	made.judgement.to.group = &GROUP;
	alert_at(human, &made, FINDING_SENDER_ILLEGITIMATE, LAST_US);
	const char *text = printed(human, &output);
	assert_has(text, "    workstations -> internet, smtp, 1 flow\n");
	assert_has(text, "    scanners -> internet, smtp, 1 flow\n");
	assert_has(text, "    scanners -> internet, lmtp, 1 flow\n");
	assert_has(text, "    scanners -> scanners, lmtp, 1 flow\n");
	free(output.text);
}

static void an_entry_has_the_words_of_the_gravest_and_the_gravest_come_first(
	void **state)
{
	(void)state;
	static const struct matrix_group GROUP = {.name = "scanners"};
	struct made_record made;
	struct made_output output;
	made_record(&made);
	char *detail = made.judgement.detail[FINDING_SENDER_ILLEGITIMATE];
	struct human *human = new_plain(&output);
	alert_at(human, &made, FINDING_SENDER_ILLEGITIMATE, made.record.time_us);
	made.judgement.from.group = &GROUP;
	alert_at(human, &made, FINDING_SENDER_ILLEGITIMATE, LAST_US);
	made.judgement.severity[FINDING_SENDER_ILLEGITIMATE] = SEVERITY_CRITICAL;
	strcpy(detail, "one of 5 servers");
	alert_at(human, &made, FINDING_SENDER_ILLEGITIMATE, LAST_US);
	made.judgement.severity[FINDING_SENDER_ILLEGITIMATE] = SEVERITY_HIGH;
	strcpy(detail, "of less weight");
	alert_at(human, &made, FINDING_SENDER_ILLEGITIMATE, LAST_US);
	const char *text = printed(human, &output);
	assert_has(text,
		"  CRITICAL  sender.illegitimate                  1 of 4        4  "
		"R37\n    scanners -> internet, smtp, 3 flows\n      one of 5 "
		"servers; no row");
	assert_has(text, "\n    workstations -> internet, smtp, 1 flow, high\n");
	assert_has_not(text, "of less weight");
	free(output.text);
}

static void what_has_the_same_cause_is_named_and_counted(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	const struct fold_count count = {.first_us = made.record.time_us,
		.last_us = made.record.time_us,
		.count = 1,
		.of = {[FINDING_PORT_UNUSUAL] = 1}};
	made.judgement.severity[FINDING_PORT_UNUSUAL] = SEVERITY_MEDIUM;
	strcpy(made.judgement.detail[FINDING_PORT_UNUSUAL], "smtp on port 443");
	struct human *human = new_plain(&output);
	human_alert(human, &made.record, FINDING_SENDER_ILLEGITIMATE, &count);
	const char *text = printed(human, &output);
	assert_has(text, "\n      also port.unusual: smtp on port 443\n");
	assert_has(text,
		"  MEDIUM    port.unusual                              0        1  "
		"R37\n    shown as \"also\" of findings with the same cause\n");
	free(output.text);
}

static void hosts_are_named_where_the_first_and_the_last_are_not_all(void **state)
{
	(void)state;
	static const char *const NAMES[] = {"192.0.2.71", "192.0.2.70", "192.0.2.72"};
	for (size_t hosts = 1; hosts <= 3; hosts++) {
		struct made_record made;
		struct made_output output;
		made_record(&made);
		struct human *human = new_plain(&output);
		for (size_t i = 0; i < hosts; i++) {
			made.observation.client = made_address(NAMES[i]);
			alert_at(human, &made, FINDING_SENDER_ILLEGITIMATE,
				made.record.time_us + i);
		}
		const char *from = strstr(printed(human, &output), "\n      from ");
		assert_int_equal(from != NULL, hosts == 3);
		if (from != NULL) {
			assert_has(from,
				"      from 192.0.2.71, 192.0.2.70, 192.0.2.72\n");
		}
		free(output.text);
	}
}

/* Eight of each: so many are named, with one more there are others. */
static void of_hosts_no_more_than_eight_are_named(void **state)
{
	(void)state;
	for (uint32_t hosts = 8; hosts <= 9; hosts++) {
		struct made_record made;
		struct made_output output;
		made_record(&made);
		struct human *human = new_plain(&output);
		for (uint32_t i = 0; i < hosts; i++) {
			char server[32];
			(void)snprintf(server, sizeof(server), "203.0.113.%u", i);
			made.observation.server = made_address(server);
			alert_at(human, &made, FINDING_SENDER_ILLEGITIMATE,
				made.record.time_us + i);
		}
		const char *text = printed(human, &output);
		assert_has(text, "      to 203.0.113.0, 203.0.113.1, 203.0.113.2,");
		assert_int_equal(strstr(text, " and others\n") != NULL, hosts == 9);
		assert_has_not(text, "      from ");
		free(output.text);
	}
}

/* As the fold has it: who is newest comes first, and the alert is of one of them. */
static void of_many_hosts_in_one_alert_those_are_named_that_it_names(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	struct fold_count count = {.first_us = made.record.time_us,
		.last_us = LAST_US,
		.count = 4,
		.hosts = 4,
		.example_count = 3,
		.examples = {made_address("192.0.2.73"), made_address("192.0.2.72"),
			made_address("192.0.2.71")}};
	struct human *human = new_plain(&output);
	for (int i = 0; i < 3;
		i++) { /* which servers all of them had it does not say */
		char server[32];
		(void)snprintf(server, sizeof(server), "203.0.113.%d", i);
		made.observation.server = made_address(server);
		human_alert(human, &made.record, FINDING_SENDER_ILLEGITIMATE, &count);
	}
	count.hosts = 5;
	made.judgement.from.group = NULL;
	human_alert(human, &made.record, FINDING_SENDER_ILLEGITIMATE, &count);
	const char *text = printed(human, &output);
	assert_has(text, "      from 192.0.2.71, 192.0.2.72, 192.0.2.73, 192.0.2.70\n");
	assert_has(text,
		"      from 192.0.2.71, 192.0.2.72, 192.0.2.73, 192.0.2.70 and "
		"others\n");
	assert_has_not(text, "      to ");
	free(output.text);
}

static void what_has_no_room_for_an_entry_is_counted(void **state)
{
	(void)state;
	enum { ROOM = 1024, MORE = 3 };
	static struct matrix_group groups[ROOM + MORE];
	struct made_record made;
	struct made_output output;
	made_record(&made);
	struct human *human = new_plain(&output);
	for (int i = 0; i < ROOM + MORE; i++) {
		static char names[ROOM + MORE][24];
		(void)snprintf(names[i], sizeof(names[i]), "group-%d.", i);
		groups[i].name = names[i];
		made.judgement.from.group = &groups[i];
		alert_at(
			human, &made, FINDING_SENDER_ILLEGITIMATE, made.record.time_us);
	}
	const char *text = printed(human, &output);
	assert_has(text, "    group-1023. -> internet, smtp, 1 flow\n");
	assert_has_not(text, "group-1024.");
	assert_has(text, "    and 3 more in flows of others\n\nMail flows");
	assert_has(text, "                    1027     1027  R37\n");
	free(output.text);
}

static void a_capture_s_name_is_printed_as_text(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	made.record.pcap_filename = "\x1b[2Jn\xc3\xa9.pcap";
	struct human *human = new_plain(&output);
	alert_at(human, &made, FINDING_SENDER_ILLEGITIMATE, made.record.time_us);
	const char *text = printed(human, &output);
	assert_null(strchr(text, '\x1b'));
	assert_has(text, "in ?[2Jn\xc3\xa9.pcap\n");
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
	struct human *human = new_plain(&output);
	alert_at(human, &made, FINDING_TLS_CERTIFICATE_NAME_MISMATCH, LAST_US);
	const char *text = printed(human, &output);
	assert_narrow(text);
	assert_has(text, "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65535 at");
	free(output.text);
}

static void flows_are_counted_by_protocol_and_findings_by_severity(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	made.judgement.severity[FINDING_SENDER_ATTEMPT] = SEVERITY_LOW;
	struct human *human = new_plain(&output);
	alert_at(human, &made, FINDING_SENDER_ATTEMPT, LAST_US);
	alert_at(human, &made, FINDING_SENDER_ILLEGITIMATE, LAST_US);
	human_mail(human, &made.record);
	made.judgement.verdict = VERDICT_LEGITIMATE;
	human_mail(human, &made.record);
	human_mail(human, &made.record);
	const char *text = printed(human, &output);
	assert_narrow(text);
	assert_has(text,
		"\n  smtp                            2            1            0 "
		"           3\n");
	const char *high = strstr(text, "  HIGH      sender.illegitimate");
	const char *low = strstr(text, "  LOW       sender.attempt");
	assert_non_null(high);
	assert_non_null(low);
	assert_true(high < low);
	free(output.text);
}

static void counters_that_are_not_zero_are_for_the_verbose(void **state)
{
	(void)state;
	static const struct counter COUNTERS[] = {
		{"packets", 50}, {"tcp.overlaps", 0}, {"decode.truncated", 3}};
	const struct json_stats stats = {.counters = COUNTERS, .counter_count = 3};
	for (int is_verbose = 0; is_verbose < 2; is_verbose++) {
		struct made_output output;
		struct human *human = new_human(
			&output, (struct human_style){.is_verbose = is_verbose});
		human_print(human, &stats);
		human_free(human);
		const char *text = made_close(&output);
		assert_int_equal(strstr(text, "decode.truncated") != NULL, is_verbose);
		assert_has_not(text, "tcp.overlaps");
		free(output.text);
	}
}

static void the_summary_has_the_lines_of_findings_and_not_where_they_were(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	struct human *human =
		new_human(&output, (struct human_style){.is_summary = true});
	alert_at(human, &made, FINDING_SENDER_ILLEGITIMATE, LAST_US);
	const char *text = printed(human, &output);
	assert_has(text, "  HIGH      sender.illegitimate");
	assert_has_not(text, "workstations");
	free(output.text);
}

static void without_findings_the_report_says_so(void **state)
{
	(void)state;
	struct made_output output;
	assert_has(printed(new_plain(&output), &output), "No findings.");
	free(output.text);
}

static void what_concerns_the_capture_has_its_words_and_no_ends(void **state)
{
	(void)state;
	struct made_output output;
	struct human *human = new_plain(&output);
	human_sensor_alert(human, FINDING_SENSOR_BLIND, "33 of 66 frames");
	assert_has(printed(human, &output),
		"  MEDIUM    sensor.blind                              1        1  "
		"-\n      33 of 66 frames\n\n");
	free(output.text);
}

static void colours_are_used_only_when_asked(void **state)
{
	(void)state;
	struct made_record made;
	made_record(&made);
	for (int use_colour = 0; use_colour < 2; use_colour++) {
		struct made_output output;
		struct human *human = new_human(
			&output, (struct human_style){.use_colour = use_colour});
		alert_at(human, &made, FINDING_SENDER_ILLEGITIMATE, LAST_US);
		assert_int_equal(
			strchr(printed(human, &output), '\x1b') != NULL, use_colour);
		free(output.text);
	}
}

/* What an alert says why. */
static void assert_why(const struct made_record *made, enum finding finding,
	const char *detail, const char *expected)
{
	struct made_record copy = *made;
	char text[HUMAN_WHY_BYTES];
	copy.judgement.nearest = made->judgement.nearest ? &copy.row : NULL;
	(void)snprintf(copy.judgement.detail[finding],
		sizeof(copy.judgement.detail[finding]), "%s", detail);
	human_why(&copy.judgement, finding, text);
	assert_string_equal(text, expected);
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

static void what_is_accepted_is_told_and_why_once(void **state)
{
	(void)state;
	struct made_record made;
	struct made_output output;
	made_record(&made);
	made_accepted(&made, FINDING_SMTPS_IMPLICIT, SEVERITY_MEDIUM);
	struct human *human = new_plain(&output);
	human_mail(human, &made.record);
	made_accepted(&made, FINDING_TLS_CIPHER_WEAK, SEVERITY_LOW);
	human_mail(human, &made.record);
	const char *text = printed(human, &output);
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
			an_entry_says_why_how_often_and_of_the_first_and_the_last_who_when_and_where),
		cmocka_unit_test(what_was_found_once_has_one_line_of_where),
		cmocka_unit_test(other_groups_and_another_protocol_are_other_entries),
		cmocka_unit_test(
			an_entry_has_the_words_of_the_gravest_and_the_gravest_come_first),
		cmocka_unit_test(what_has_the_same_cause_is_named_and_counted),
		cmocka_unit_test(
			hosts_are_named_where_the_first_and_the_last_are_not_all),
		cmocka_unit_test(of_hosts_no_more_than_eight_are_named),
		cmocka_unit_test(
			of_many_hosts_in_one_alert_those_are_named_that_it_names),
		cmocka_unit_test(what_has_no_room_for_an_entry_is_counted),
		cmocka_unit_test(a_capture_s_name_is_printed_as_text),
		cmocka_unit_test(long_addresses_and_reasons_stay_within_80_columns),
		cmocka_unit_test(
			flows_are_counted_by_protocol_and_findings_by_severity),
		cmocka_unit_test(counters_that_are_not_zero_are_for_the_verbose),
		cmocka_unit_test(
			the_summary_has_the_lines_of_findings_and_not_where_they_were),
		cmocka_unit_test(without_findings_the_report_says_so),
		cmocka_unit_test(what_concerns_the_capture_has_its_words_and_no_ends),
		cmocka_unit_test(colours_are_used_only_when_asked),
		cmocka_unit_test(a_reason_is_given_where_the_detail_does_not_say_it),
		cmocka_unit_test(what_is_accepted_is_told_and_why_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
