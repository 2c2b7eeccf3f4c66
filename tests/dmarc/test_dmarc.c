#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dmarc/dmarc.h"
#include "matrix/load.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW_S 1793600000

static const char MATRIX[] =
	"schema: 1\n"
	"zones: {internal: [192.0.2.0/24], gateway: [198.51.100.0/28]}\n"
	"groups:\n"
	"  mx-out: {role: outbound, addresses: [198.51.100.2]}\n"
	"  relay: {role: relay, service: office, addresses: [192.0.2.25]}\n"
	"  crm: {role: application, service: office, addresses: [192.0.2.30]}\n"
	"  old: {role: application, service: office, addresses: [192.0.2.31]}\n"
	"rows:\n"
	"  - {id: M-01, from: relay, to: mx-out, protocols: [smtp]}\n"
	"  - {id: M-02, from: crm, to: internet, protocols: [smtp]}\n"
	"  - {id: M-03, from: old, to: internet, protocols: [smtp], expires: "
	"2026-10-01}\n"
	"  - {id: M-04, from: internet, to: mx-out, protocols: [smtp]}\n";

struct fixture {
	struct matrix *matrix;
	struct dmarc dmarc;
	struct network forwarder;
};

static struct matrix *load(const char *domains)
{
	char path[] = "/tmp/mailwarden-dmarc-XXXXXX";
	const int file = mkstemp(path);
	const char *const files[] = {path};
	struct matrix_problems problems = {.count = 0};
	assert_true(file >= 0);
	assert_int_equal(write(file, MATRIX, sizeof(MATRIX) - 1), sizeof(MATRIX) - 1);
	assert_int_equal(write(file, domains, strlen(domains)), strlen(domains));
	(void)close(file);
	struct matrix *matrix = matrix_load(files, 1, &problems);
	(void)unlink(path);
	matrix_problems_free(&problems);
	assert_non_null(matrix);
	return matrix;
}

static void start_with(struct fixture *fixture, const char *declared,
	const char *const *domains, size_t count)
{
	struct reason why;
	struct network list[NETWORK_RANGE_MAX];
	assert_int_equal(network_parse("203.0.113.64/28", list, &why), 1);
	fixture->forwarder = list[0];
	fixture->matrix = load(declared);
	const struct dmarc_settings settings = {.matrix = fixture->matrix,
		.now_s = NOW_S,
		.forwarders = &fixture->forwarder,
		.forwarder_count = 1,
		.domains = domains,
		.domain_count = count};
	assert_true(dmarc_start(&fixture->dmarc, &settings, &why));
}

static void start(struct fixture *fixture, const char *const *domains, size_t count)
{
	start_with(fixture, "", domains, count);
}

static void end(struct fixture *fixture)
{
	dmarc_free(&fixture->dmarc);
	matrix_free(fixture->matrix);
}

struct told {
	const char *source;
	const char *domain;
	const char *spf;
	const char *dkim;
	const char *reason;
};

static void add(struct fixture *fixture, const char *id, const struct told *told)
{
	char xml[4096];
	struct reason why;
	(void)snprintf(xml, sizeof(xml),
		"<feedback><report_metadata><org_name>r.example</org_name><report_id>"
		"%s</report_id><date_range><begin>1793491200</begin><end>1793577599"
		"</end></date_range></report_metadata><policy_published><domain>"
		"example.org</domain></policy_published><record><row><source_ip>%s"
		"</source_ip><count>2</count><policy_evaluated><dkim>%s</dkim><spf>%s"
		"</spf><reason><type>%s</type></reason></policy_evaluated></row>"
		"<identifiers><header_from>%s</header_from></identifiers></record>"
		"</feedback>",
		id, told->source, told->dkim ? told->dkim : "fail",
		told->spf ? told->spf : "fail", told->reason ? told->reason : "other",
		told->domain ? told->domain : "example.org");
	assert_true(dmarc_add(&fixture->dmarc, text_from(xml), &why));
}

static void a_source_is_what_the_matrix_and_receivers_say(void **state)
{
	(void)state;
	static const struct {
		struct told told;
		enum dmarc_standing standing;
		enum dmarc_class class;
	} CASES[] = {
		{{.source = "198.51.100.2"}, DMARC_DECLARED, DMARC_CLASS_DECLARED},
		{{"192.0.2.30", .spf = "pass"}, DMARC_DECLARED, DMARC_CLASS_DECLARED},
		/* its row has expired */
		{{"192.0.2.31", .spf = "pass"}, DMARC_IN_SPF, DMARC_CLASS_RELAY},
		/* it sends to the gateway only */
		{{"192.0.2.25", .spf = "pass"}, DMARC_IN_SPF, DMARC_CLASS_RELAY},
		{{"203.0.113.64", .spf = "pass"}, DMARC_FORWARDER,
			DMARC_CLASS_FORWARDER},
		{{"203.0.113.80", .spf = "pass"}, DMARC_IN_SPF, DMARC_CLASS_RELAY},
		/* whatever receivers say, its SPF lets it send */
		{{"203.0.113.81", .spf = "pass", .reason = "forwarded"}, DMARC_IN_SPF,
			DMARC_CLASS_RELAY},
		{{"203.0.113.82", .dkim = "pass"}, DMARC_UNKNOWN, DMARC_CLASS_SIGNER},
		{{"203.0.113.83", .dkim = "pass", .reason = "forwarded"}, DMARC_UNKNOWN,
			DMARC_CLASS_FORWARDED},
		{{"203.0.113.84", .reason = "mailing_list"}, DMARC_UNKNOWN,
			DMARC_CLASS_FORWARDED},
		{{"203.0.113.85", .reason = "local_policy"}, DMARC_UNKNOWN,
			DMARC_CLASS_SPOOFING},
		{{.source = "2001:db8::25"}, DMARC_UNKNOWN, DMARC_CLASS_SPOOFING},
	};
	const size_t count = sizeof(CASES) / sizeof(CASES[0]);
	struct fixture fixture;
	struct dmarc_totals totals;
	start(&fixture, NULL, 0);
	for (size_t i = 0; i < count; i++) {
		char id[8];
		(void)snprintf(id, sizeof(id), "%zu", i);
		add(&fixture, id, &CASES[i].told);
		const struct dmarc_source *source =
			dmarc_table_entry(&fixture.dmarc.sources, (uint32_t)i);
		assert_int_equal(dmarc_standing(source), CASES[i].standing);
		assert_int_equal(dmarc_class(source), CASES[i].class);
		assert_int_equal(source->messages, 2);
	}
	const void **sorted = dmarc_sorted(&fixture.dmarc);
	assert_non_null(sorted);
	for (size_t i = 1; i < count; i++) {
		assert_true(dmarc_class(sorted[i - 1]) <= dmarc_class(sorted[i]));
	}
	free(sorted);
	dmarc_totals(&fixture.dmarc, &totals);
	assert_int_equal(totals.messages, 2 * count);
	assert_int_equal(totals.classes[DMARC_CLASS_RELAY], 8);
	assert_int_equal(totals.classes[DMARC_CLASS_SPOOFING], 4);
	end(&fixture);
}

/* As `domains` says: who sends for which, who forwards any, and which are own. */
static void what_the_matrix_says_of_domains_holds(void **state)
{
	(void)state;
	static const struct {
		struct told told;
		enum dmarc_standing standing;
	} CASES[] = {
		{{"203.0.113.7", .spf = "pass"}, DMARC_DECLARED},
		{{.source = "203.0.113.7", .domain = "shop.example.org", .spf = "pass"},
			DMARC_IN_SPF},
		{{"203.0.113.8", .dkim = "pass"}, DMARC_FORWARDER},
		{{.source = "203.0.113.8", .domain = "shop.example.org"},
			DMARC_FORWARDER},
		{{"203.0.113.6", .spf = "pass"}, DMARC_IN_SPF},
	};
	const size_t count = sizeof(CASES) / sizeof(CASES[0]);
	struct fixture fixture;
	start_with(&fixture,
		"domains:\n"
		"  example.org: {senders: [203.0.113.7], forwarders: "
		"[203.0.113.8]}\n"
		"  shop.example.org: {own: yes}\n"
		"  partner.example.org: {own: no}\n",
		NULL, 0);
	for (size_t i = 0; i < count; i++) {
		char id[8];
		(void)snprintf(id, sizeof(id), "%zu", i);
		add(&fixture, id, &CASES[i].told);
		assert_int_equal(dmarc_standing(dmarc_table_entry(
					 &fixture.dmarc.sources, (uint32_t)i)),
			CASES[i].standing);
	}
	add(&fixture, "x",
		&(struct told){
			.source = "203.0.113.7", .domain = "a.partner.example.org"});
	assert_int_equal(fixture.dmarc.sources.count, count);
	assert_int_equal(fixture.dmarc.totals.rows_other, 1);
	end(&fixture);
}

static void a_report_counts_once(void **state)
{
	(void)state;
	struct fixture fixture;
	const struct told told = {"203.0.113.9", .spf = "pass"};
	start(&fixture, NULL, 0);
	add(&fixture, "1", &told);
	add(&fixture, "1", &told);
	add(&fixture, "2", &told);
	const struct dmarc_source *source =
		dmarc_table_entry(&fixture.dmarc.sources, 0);
	assert_int_equal(fixture.dmarc.sources.count, 1);
	assert_int_equal(source->messages, 4);
	assert_int_equal(fixture.dmarc.totals.reports, 2);
	assert_int_equal(fixture.dmarc.totals.repeated, 1);
	end(&fixture);
}

static void rows_of_another_domain_are_left_out(void **state)
{
	(void)state;
	static const char *const ASKED[] = {"news.example.org"};
	struct fixture fixture;
	start(&fixture, ASKED, 1);
	add(&fixture, "1",
		&(struct told){.source = "203.0.113.9", .domain = "example.org"});
	add(&fixture, "2",
		&(struct told){
			.source = "203.0.113.9", .domain = "oldnews.example.org"});
	add(&fixture, "3",
		&(struct told){.source = "203.0.113.9", .domain = "news.example.org"});
	add(&fixture, "4",
		&(struct told){
			.source = "203.0.113.9", .domain = "a.news.example.org"});
	assert_int_equal(fixture.dmarc.sources.count, 2);
	assert_int_equal(fixture.dmarc.totals.rows_other, 2);
	end(&fixture);
	start(&fixture, NULL, 0);
	/* the report is about example.org */
	add(&fixture, "1",
		&(struct told){.source = "203.0.113.9", .domain = "example.net"});
	add(&fixture, "2",
		&(struct told){.source = "203.0.113.9", .domain = "badexample.org"});
	add(&fixture, "3",
		&(struct told){.source = "203.0.113.9", .domain = "sub.example.org"});
	assert_int_equal(fixture.dmarc.sources.count, 1);
	assert_int_equal(fixture.dmarc.totals.rows_other, 2);
	end(&fixture);
}

static void what_passed_nothing_never_takes_the_last_of_the_room(void **state)
{
	(void)state;
	struct fixture fixture;
	struct dmarc_totals totals;
	char source[ADDRESS_TEXT_BYTES];
	char id[16];
	start(&fixture, NULL, 0);
	for (unsigned i = 0; i < DMARC_SOURCES_MAX; i++) {
		(void)snprintf(source, sizeof(source), "2001:db8::%x", i);
		(void)snprintf(id, sizeof(id), "%u", i);
		add(&fixture, id, &(struct told){.source = source});
	}
	add(&fixture, "x", &(struct told){"203.0.113.9", .spf = "pass"});
	dmarc_totals(&fixture.dmarc, &totals);
	assert_int_equal(totals.classes[DMARC_CLASS_RELAY], 2);
	assert_int_equal(
		totals.classes[DMARC_CLASS_SPOOFING], DMARC_SOURCES_MAX / 4 * 3 * 2);
	assert_int_equal(totals.lost_messages, DMARC_SOURCES_MAX / 4 * 2);
	end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_is_what_the_matrix_and_receivers_say),
		cmocka_unit_test(what_the_matrix_says_of_domains_holds),
		cmocka_unit_test(a_report_counts_once),
		cmocka_unit_test(rows_of_another_domain_are_left_out),
		cmocka_unit_test(what_passed_nothing_never_takes_the_last_of_the_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
