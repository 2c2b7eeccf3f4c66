/* Answers as records: what is news is an alert, all of it is kept for the report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/audit_records.h"
#include "base/document.h"

static const struct audit_check VALID = {"spf.valid", "it is valid", SEVERITY_HIGH};
static const struct audit_check DECLARED = {
	"spf.declared", "each is declared", SEVERITY_MEDIUM};
static const struct audit_check DATES = {
	"server.certificate-dates", "it is valid yet", SEVERITY_LOW};
static const struct audit_check CHUNKING = {
	"server.chunking", "CHUNKING is offered", SEVERITY_NONE};

struct scene {
	struct audit_answers answers;
	size_t domain_count;
	struct audited journal; /* what earlier runs wrote */
	char *text;             /* what the last run wrote */
	size_t len;
	uint64_t minute;
	size_t alerts;
	size_t kept; /* records of answers */
	char last[512];
	char details[8][512];
	char severities[8][16];
};

static FILE *next(void *context)
{
	return context;
}

static void read_line(struct scene *scene, const char *line, size_t len)
{
	struct document record;
	assert_true(document_parse(&record, line, len));
	if (strcmp(document_text(&record, "event_type"), "sensor") == 0) {
		const size_t at = scene->alerts++;
		(void)snprintf(scene->last, 512, "%s",
			document_text(&record, "alert.metadata.detail"));
		if (at < 8) {
			(void)snprintf(scene->details[at], 512, "%s|%s",
				document_text(&record, "alert.metadata.finding"),
				document_text(&record, "alert.metadata.detail"));
			(void)snprintf(scene->severities[at], 16, "%s",
				document_item(&record,
					"alert.metadata.signature_severity", 0));
		}
	} else {
		scene->kept++;
	}
	document_free(&record);
}

/* Writes a run, and takes what it wrote into the journal. */
static void run(struct scene *scene)
{
	struct audit_run run = {.answers = &scene->answers,
		.domain_count = scene->domain_count,
		.before = &scene->journal};
	const struct json_event event = {
		.time_us = UINT64_C(1796040000000000) + 60000000 * ++scene->minute,
		.host = "h",
		.event_prefix = "h-1"};
	FILE *out = open_memstream(&scene->text, &scene->len);
	audit_records(&run, next, out, &event);
	assert_int_equal(fclose(out), 0);
	scene->alerts = 0;
	scene->kept = 0;
	for (char *at = scene->text; at < scene->text + scene->len;) {
		const char *end = memchr(at, '\n', scene->len);
		read_line(scene, at, (size_t)(end - at));
		audited_line(&scene->journal, at, (size_t)(end - at));
		at += end - at + 1;
	}
	free(scene->text);
	audit_answers_free(&scene->answers);
}

static void end(struct scene *scene)
{
	audited_free(&scene->journal);
}

static void a_fault_is_told_once_and_again_when_it_changes(void **state)
{
	(void)state;
	struct scene scene = {.minute = 0};
	for (int i = 0; i < 2; i++) {
		audit_answer(
			&scene.answers, &VALID, "example.org", AUDIT_YES, "%s", "");
		audit_answer(&scene.answers, &DECLARED, "example.org", AUDIT_NO,
			"203.0.113.%d", 8);
		scene.domain_count = 2;
		run(&scene);
		assert_int_equal(scene.alerts, i == 0 ? 1 : 0);
		assert_int_equal(scene.kept, 1);
	}
	assert_string_equal(scene.details[0], "audit.sender-undeclared|example.org: "
					      "each is declared: no: 203.0.113.8");
	assert_string_equal(scene.severities[0], "medium");
	audit_answer(&scene.answers, &DECLARED, "example.org", AUDIT_NO, "203.0.113.8");
	audit_answer(&scene.answers, &DECLARED, "example.org", AUDIT_NO, "203.0.113.9");
	scene.domain_count = 2;
	run(&scene);
	assert_int_equal(scene.alerts, 1); /* the one that was not there */
	assert_non_null(strstr(scene.details[0], "203.0.113.9"));
	audit_answer(&scene.answers, &DECLARED, "example.org", AUDIT_YES, "%s", "");
	scene.domain_count = 1;
	run(&scene);
	assert_int_equal(scene.alerts, 0);
	audit_answer(&scene.answers, &DECLARED, "example.org", AUDIT_NO, "203.0.113.9");
	scene.domain_count = 1;
	run(&scene);
	assert_int_equal(scene.alerts, 1); /* it is back */
	end(&scene);
}

static void days_left_and_other_reasons_are_no_news_of_a_server(void **state)
{
	(void)state;
	struct scene scene = {.minute = 0};
	for (int days = 20; days > 17; days--) {
		audit_answer(&scene.answers, &DATES, "192.0.2.25:25 smtp", AUDIT_NO,
			"ends in %d days", days);
		run(&scene);
		assert_int_equal(scene.alerts, days == 20 ? 1 : 0);
	}
	assert_string_equal(scene.severities[0], "low");
	audit_answer(&scene.answers,
		&(struct audit_check){DATES.id, DATES.question, SEVERITY_MEDIUM},
		"192.0.2.25:25 smtp", AUDIT_NO, "ended");
	run(&scene);
	assert_int_equal(scene.alerts, 1); /* graver */
	assert_non_null(strstr(scene.details[0], "audit.certificate|"));
	end(&scene);
}

static void a_second_fault_of_a_check_of_a_server_is_news(void **state)
{
	(void)state;
	struct scene scene = {.minute = 0};
	for (int hosts = 1; hosts < 4; hosts++) {
		for (int i = 0; i < hosts; i++) {
			audit_answer(&scene.answers, &DATES, "192.0.2.25:25 smtp",
				AUDIT_NO, "host %d", i);
		}
		run(&scene);
		assert_int_equal(scene.alerts, 1);
	}
	end(&scene);
}

static void another_mx_host_of_a_server_is_news_and_one_that_cannot_be_asked_is_none(
	void **state)
{
	(void)state;
	static const struct audit_check HOSTED[] = {
		{"server.dane", "a record holds", SEVERITY_HIGH},
		{"server.certificate-mtasts", "it is for the host", SEVERITY_HIGH}};
	for (size_t i = 0; i < 2; i++) {
		static const struct {
			const char *why;
			enum audit_state state;
			size_t alerts;
		} RUNS[] = {
			{"a.example.org: none holds", AUDIT_NO, 1},
			{"a.example.org: none holds", AUDIT_NO, 0},
			{"b.example.org: none holds", AUDIT_NO, 1},
			{"b.example.org: no answer", AUDIT_UNASKED, 1},
			{"b.example.org: it broke", AUDIT_UNASKED, 0},
		};
		struct scene scene = {.minute = 0};
		for (size_t j = 0; j < sizeof(RUNS) / sizeof(RUNS[0]); j++) {
			audit_answer(&scene.answers, &HOSTED[i], "192.0.2.25:25 smtp",
				RUNS[j].state, "%s", RUNS[j].why);
			run(&scene);
			assert_int_equal(scene.alerts, RUNS[j].alerts);
		}
		end(&scene);
	}
}

static void what_could_not_be_asked_is_told_and_what_is_no_fault_is_not(void **state)
{
	(void)state;
	struct scene scene = {.domain_count = 1};
	audit_answer(&scene.answers, &VALID, "example.org", AUDIT_UNASKED, "SERVFAIL");
	audit_answer(
		&scene.answers, &CHUNKING, "192.0.2.25:25 smtp", AUDIT_NO, "%s", "");
	run(&scene);
	assert_int_equal(scene.alerts, 1);
	assert_int_equal(scene.kept, 2);
	assert_string_equal(scene.details[0],
		"audit.not-asked|example.org: it is valid: unknown: SERVFAIL");
	assert_string_equal(scene.severities[0], "low");
	end(&scene);
}

static void many_answers_are_several_records_of_one_run(void **state)
{
	(void)state;
	struct scene scene = {.domain_count = 2 * JSON_AUDIT_ANSWERS + 1};
	for (size_t i = 0; i < scene.domain_count; i++) {
		audit_answer(&scene.answers, &DECLARED, "example.org", AUDIT_NO,
			"203.0.113.%zu", i);
	}
	run(&scene);
	assert_int_equal(scene.alerts, 2 * JSON_AUDIT_ANSWERS + 1);
	assert_int_equal(scene.kept, 3);
	assert_int_equal(audited_find(&scene.journal, "example.org")->count,
		2 * JSON_AUDIT_ANSWERS + 1);
	end(&scene);
}

static void all_that_a_run_has_room_for_is_known_to_the_next_one(void **state)
{
	(void)state;
	struct scene scene = {.domain_count = AUDIT_ANSWERS_MAX};
	for (size_t i = 0; i < AUDIT_ANSWERS_MAX - 1; i++) {
		audit_answer(
			&scene.answers, &VALID, "example.org", AUDIT_YES, "%s", "");
	}
	audit_answer(&scene.answers, &DECLARED, "example.org", AUDIT_NO, "last");
	run(&scene);
	assert_int_equal(scene.alerts, 1);
	assert_int_equal(
		audited_find(&scene.journal, "example.org")->count, AUDIT_ANSWERS_MAX);
	assert_int_equal(scene.journal.lost, 0);
	audit_answer(&scene.answers, &DECLARED, "example.org", AUDIT_NO, "last");
	run(&scene);
	assert_int_equal(scene.alerts, 0);
	end(&scene);
}

static void alerts_of_a_run_are_bounded_and_the_last_one_says_how_many_there_are(
	void **state)
{
	(void)state;
	struct scene scene = {.domain_count = AUDIT_ALERTS_MAX + 7};
	for (size_t i = 0; i < scene.domain_count; i++) {
		audit_answer(&scene.answers, &DECLARED, "example.org", AUDIT_NO,
			"address %zu", i);
	}
	run(&scene);
	assert_int_equal(scene.alerts, AUDIT_ALERTS_MAX);
	assert_string_equal(scene.last,
		"example.org: each is declared: no: address 999; and 7 answers more");
	end(&scene);
}

static void a_text_of_a_stranger_is_cut_where_a_character_ends(void **state)
{
	(void)state;
	char why[1000] = "";
	struct scene scene = {.domain_count = 1};
	for (size_t i = 0; i + 3 < sizeof(why); i += 2) {
		memcpy(why + i, "\xc3\xa9", 3);
	}
	audit_answer(&scene.answers, &DECLARED, "example.org", AUDIT_NO, "\"%s", why);
	run(&scene);
	const struct audited_subject *asked =
		audited_find(&scene.journal, "example.org");
	const size_t len = strlen(asked->answers[0].why);
	assert_in_range(len, 390, 400);
	assert_memory_equal(asked->answers[0].why + len - 2, "\xc3\xa9", 2);
	end(&scene);
}

static void each_check_has_a_finding_of_its_matter(void **state)
{
	(void)state;
	static const struct {
		const char *check;
		const char *finding;
	} KNOWN[] = {
		{"spf.published", "audit.sender-unpublished"},
		{"spf.rest", "audit.spf"},
		{"mx.declared", "audit.mx-undeclared"},
		{"mx.published", "audit.mx-unpublished"},
		{"mx.resolves", "audit.mx"},
		{"mtasts.policy", "audit.tls-policy"},
		{"server.certificate-observed", "audit.certificate-differs"},
		{"server.certificate-name", "audit.certificate"},
		{"server.certificate-mtasts", "audit.tls-policy"},
		{"server.starttls-injection", "audit.starttls-injection"},
		{"server.starttls-observed", "audit.starttls"},
		{"server.tls-lowest", "audit.tls"},
		{"server.suites-weak", "audit.tls"},
		{"server.sign-in-clear", "audit.sign-in-clear"},
		{"server.greeting", "audit.answer"},
		{"", "audit.answer"},
	};
	for (size_t i = 0; i < sizeof(KNOWN) / sizeof(KNOWN[0]); i++) {
		assert_string_equal(finding_row(audit_finding(KNOWN[i].check))->id,
			KNOWN[i].finding);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_is_told_once_and_again_when_it_changes),
		cmocka_unit_test(days_left_and_other_reasons_are_no_news_of_a_server),
		cmocka_unit_test(a_second_fault_of_a_check_of_a_server_is_news),
		cmocka_unit_test(
			another_mx_host_of_a_server_is_news_and_one_that_cannot_be_asked_is_none),
		cmocka_unit_test(
			what_could_not_be_asked_is_told_and_what_is_no_fault_is_not),
		cmocka_unit_test(many_answers_are_several_records_of_one_run),
		cmocka_unit_test(all_that_a_run_has_room_for_is_known_to_the_next_one),
		cmocka_unit_test(
			alerts_of_a_run_are_bounded_and_the_last_one_says_how_many_there_are),
		cmocka_unit_test(a_text_of_a_stranger_is_cut_where_a_character_ends),
		cmocka_unit_test(each_check_has_a_finding_of_its_matter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
