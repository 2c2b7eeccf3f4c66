#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dmarc/dmarc_xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_S 1793600000
#define HEAD                                                               \
	"<feedback><report_metadata><org_name>receiver.example</org_name>" \
	"<report_id>7</report_id><date_range><begin>1793491200</begin>"    \
	"<end>1793577599</end></date_range></report_metadata>"             \
	"<policy_published><domain>Example.ORG.</domain></policy_published>"
#define ROW(source, count, evaluated, domain)                          \
	"<record><row><source_ip>" source "</source_ip><count>" count  \
	"</count><policy_evaluated>" evaluated                         \
	"</policy_evaluated></row><identifiers><header_from>" domain   \
	"</header_from></identifiers><auth_results><dkim><result>pass" \
	"</result></dkim><spf>pass</spf></auth_results></record>"
#define FAIL "<disposition>reject</disposition><dkim>fail</dkim><spf>fail</spf>"
#define TAIL "</feedback>"

struct rows {
	size_t count;
	struct dmarc_row last;
};

static void keep(
	void *context, const struct dmarc_report *report, const struct dmarc_row *row)
{
	struct rows *rows = context;
	assert_string_equal(report->domain, "example.org");
	rows->count++;
	rows->last = *row;
}

static bool read_report(const char *xml, struct dmarc_report *report, struct rows *rows)
{
	struct reason why;
	*rows = (struct rows){.count = 0};
	return dmarc_xml_read(text_from(xml), NOW_S, report, &why) &&
	       dmarc_xml_rows(text_from(xml), report, keep, rows, &why);
}

static void a_row_says_what_passed_aligned_and_what_was_done(void **state)
{
	(void)state;
	struct dmarc_report report;
	struct rows rows;
	assert_true(
		read_report(HEAD ROW("2001:db8::1", "3", FAIL, "News.Example.org") TAIL,
			&report, &rows));
	assert_string_equal(report.organization, "receiver.example");
	assert_int_equal(report.begin_s, 1793491200);
	assert_int_equal(report.end_s, 1793577599);
	assert_int_equal(rows.count, 1);
	assert_int_equal(rows.last.count, 3);
	assert_string_equal(rows.last.domain, "news.example.org");
	/* what auth_results say is of whatever domain */
	assert_false(rows.last.is_dkim_aligned || rows.last.is_spf_aligned);
	assert_int_equal(rows.last.disposition, DMARC_REJECT);
	assert_false(rows.last.is_forwarded);
	assert_true(
		read_report(HEAD ROW("192.0.2.1", "1",
				    "<dkim>pass</dkim><spf>softfail</spf><reason><type>"
				    "mailing_list</type></reason>",
				    "example.org") TAIL,
			&report, &rows));
	assert_true(rows.last.is_dkim_aligned && !rows.last.is_spf_aligned);
	assert_true(rows.last.is_forwarded);
}

static void a_row_without_what_it_is_about_is_left_out_and_counted(void **state)
{
	(void)state;
	static const char *const BAD[] = {
		ROW("192.0.2.300", "1", FAIL, "example.org"),
		ROW("192.0.2.1 192.0.2.2", "1", FAIL, "example.org"),
		ROW("192.0.2.1", "0", FAIL, "example.org"),
		ROW("192.0.2.1", "99999999999", FAIL, "example.org"),
		ROW("192.0.2.1", "-1", FAIL, "example.org"),
		ROW("192.0.2.1", "1", FAIL, "a b.example"),
		ROW("192.0.2.1", "1", FAIL, ""),
	};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		char xml[4096];
		struct dmarc_report report;
		struct rows rows;
		(void)snprintf(xml, sizeof(xml), HEAD "%s%s" TAIL, BAD[i],
			ROW("192.0.2.9", "2", FAIL, "example.org"));
		assert_true(read_report(xml, &report, &rows));
		if (report.bad_rows != 1) {
			fail_msg("%s", BAD[i]);
		}
		assert_int_equal(rows.count, 1);
		assert_int_equal(rows.last.count, 2);
	}
}

static void nothing_of_a_row_is_left_for_the_next(void **state)
{
	(void)state;
	struct dmarc_report report;
	struct rows rows;
	static const char XML[] = HEAD ROW("192.0.2.1", "5", "<dkim>pass</dkim>",
		"example.org") "<record><row><count>1</count></row></record>"
			       "<record><row><source_ip>192.0.2.2</source_ip></row></"
			       "record>" TAIL;
	assert_true(read_report(XML, &report, &rows));
	assert_int_equal(rows.count, 1);
	assert_int_equal(report.bad_rows, 2);
}

/* Each would be a report without the part that is wrong. */
static void what_is_no_report_is_void(void **state)
{
	(void)state;
	static const struct {
		const char *xml;
		const char *why;
	} CASES[] = {
		{"<html></html>", "no DMARC report"},
		{"<html/>", "no DMARC report"},
		{"<!DOCTYPE feedback [<!ENTITY x \"yyyy\">]>" HEAD TAIL,
			"document type"},
		{"<!DOCTYPE feedback SYSTEM \"file:///etc/passwd\">" HEAD TAIL,
			"document type"},
		{HEAD "&x;" TAIL, "undefined entity"},
		{"<feedback></feedback>", "which domain"},
		{"<feedback><policy_published><domain>example.org</domain>"
		 "</policy_published></feedback>",
			"dates"},
		{HEAD "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>", "too deep"},
		{HEAD "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a/>", "too deep"},
		{HEAD, "no element found"},
		{"", "no element found"},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct dmarc_report report;
		struct reason why;
		assert_false(
			dmarc_xml_read(text_from(CASES[i].xml), NOW_S, &report, &why));
		if (!strstr(why.text, CASES[i].why)) {
			fail_msg("%zu: %s", i, why.text);
		}
	}
}

static void a_report_of_times_that_cannot_be_is_void(void **state)
{
	(void)state;
	static const struct {
		uint64_t now_s;
		bool is_report;
	} CASES[] = {{NOW_S, true}, {1793577599 - 2 * 86400, true},
		{1793577598 - 2 * 86400, false}};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct dmarc_report report;
		struct reason why;
		assert_int_equal(dmarc_xml_read(text_from(HEAD TAIL), CASES[i].now_s,
					 &report, &why),
			CASES[i].is_report);
	}
}

static void a_report_cut_anywhere_is_void(void **state)
{
	(void)state;
	static const char XML[] = HEAD ROW("192.0.2.1", "1", FAIL, "example.org") TAIL;
	for (size_t len = 0; len < sizeof(XML) - 1; len++) {
		uint8_t *copy = malloc(len + (len == 0));
		struct dmarc_report report;
		struct reason why;
		assert_non_null(copy);
		memcpy(copy, XML, len);
		assert_false(
			dmarc_xml_read((struct text){copy, len}, NOW_S, &report, &why));
		free(copy);
	}
}

static void a_name_is_cut_to_fit_and_steers_no_terminal(void **state)
{
	(void)state;
	char xml[8192];
	char long_name[2000];
	struct dmarc_report report;
	struct rows rows;
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	(void)snprintf(xml, sizeof(xml),
		"<feedback><report_metadata><org_name>\xe2\x80\xae\xc2\x9b 1m%s"
		"</org_name><date_range><begin>1793491200</begin><end>1793577599"
		"</end></date_range></report_metadata><policy_published><domain>"
		"example.org</domain></policy_published>%s" TAIL,
		long_name, ROW("192.0.2.1", "1", FAIL, "example.org"));
	assert_true(read_report(xml, &report, &rows));
	assert_int_equal(strlen(report.organization), DMARC_NAME_BYTES - 1);
	assert_int_equal(strncmp(report.organization, "????? 1mxx", 10), 0);
}

static void a_domain_is_read_or_it_is_none(void **state)
{
	(void)state;
	char domain[DMARC_DOMAIN_BYTES];
	char longest[300];
	assert_true(dmarc_domain_read(text_from(" MAIL.Example.org.\n"), domain));
	assert_string_equal(domain, "mail.example.org");
	assert_false(dmarc_domain_read(text_from("a@example.org"), domain));
	assert_false(dmarc_domain_read(text_from("\x1b[2J.org"), domain));
	memset(longest, 'a', sizeof(longest));
	assert_true(dmarc_domain_read(
		(struct text){(uint8_t *)longest, DMARC_DOMAIN_BYTES - 1}, domain));
	assert_false(dmarc_domain_read(
		(struct text){(uint8_t *)longest, DMARC_DOMAIN_BYTES}, domain));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_says_what_passed_aligned_and_what_was_done),
		cmocka_unit_test(
			a_row_without_what_it_is_about_is_left_out_and_counted),
		cmocka_unit_test(nothing_of_a_row_is_left_for_the_next),
		cmocka_unit_test(what_is_no_report_is_void),
		cmocka_unit_test(a_report_of_times_that_cannot_be_is_void),
		cmocka_unit_test(a_report_cut_anywhere_is_void),
		cmocka_unit_test(a_name_is_cut_to_fit_and_steers_no_terminal),
		cmocka_unit_test(a_domain_is_read_or_it_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
