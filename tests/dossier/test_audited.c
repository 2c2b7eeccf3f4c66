/* What records of audits add up to: the last run of each subject, and a line of each recommendation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dossier/audit_lines.h"
#include "dossier/texts.h"

#define DOMAIN "example.org"
#define SERVER "192.0.2.25:25 smtp"

static struct dossier dossier;

struct told {
	unsigned minute; /* of its run */
	const char *host;
	const char *subject;
	bool is_whole;
	const char *answers; /* JSON */
	const char *id;      /* of the record, or NULL */
};

static void tell(const struct told *told)
{
	char line[2048];
	const int len = snprintf(line, sizeof(line),
		"{\"timestamp\":\"2026-11-30T12:%02u:00.000000+0000\",\"event_type\":"
		"\"stats\",\"event_id\":\"%s\",\"host\":\"%s\",\"audit\":{\"subject\":"
		"\"%s\",\"kind\":\"%"
		"s\","
		"\"whole\":%s,\"answers\":[%s]}}",
		told->minute, told->id ? told->id : "", told->host, told->subject,
		strchr(told->subject, ' ') ? "server" : "domain",
		told->is_whole ? "true" : "false", told->answers);
	assert_in_range(len, 1, sizeof(line) - 1);
	audited_line(&dossier.audited, line, (size_t)len);
}

#define ANSWER(check, answer, severity)                                    \
	"{\"check\":\"" check "\",\"question\":\"q\",\"answer\":\"" answer \
	"\",\"severity\":" severity ",\"why\":\"w\"}"
#define YES(check)     ANSWER(check, "yes", "null")
#define UNKNOWN(check) ANSWER(check, "unknown", "null")

static void once(unsigned minute, const char *subject, const char *answers)
{
	tell(&(struct told){minute, "a", subject, false, answers, NULL});
}

static enum audit_verdict verdict(enum audit_subject subject)
{
	return audit_line(&dossier, subject).verdict;
}

static int forget(void **state)
{
	(void)state;
	audited_free(&dossier.audited);
	return 0;
}

static void the_last_run_counts_in_whatever_order_they_come(void **state)
{
	(void)state;
	once(2, DOMAIN, YES("spf.valid") "," YES("spf.rest"));
	once(1, DOMAIN, ANSWER("spf.valid", "no", "\"high\""));
	once(2, DOMAIN, UNKNOWN("dkim.found")); /* more of the same run */
	const struct audited_subject *asked = audited_find(&dossier.audited, DOMAIN);
	assert_non_null(asked);
	assert_int_equal(asked->count, 3);
	assert_int_equal(asked->answers[0].state, AUDIT_YES);
	assert_string_equal(asked->answers[2].check, "dkim.found");
	assert_null(audited_find(&dossier.audited, "example.net"));
}

static void a_record_that_two_sources_have_counts_once(void **state)
{
	(void)state;
	const char *const yes = YES("spf.valid");
	tell(&(struct told){2, "a", DOMAIN, false, yes, "1-1"});
	tell(&(struct told){2, "a", DOMAIN, false, yes, "1-2"}); /* more of the run */
	tell(&(struct told){2, "a", DOMAIN, false, yes, "1-1"});
	assert_int_equal(audited_find(&dossier.audited, DOMAIN)->count, 2);
	tell(&(struct told){3, "a", DOMAIN, false, yes, "1-1"}); /* of another run */
	assert_int_equal(audited_find(&dossier.audited, DOMAIN)->count, 1);
}

static void where_answers_found_no_room_nothing_is_said_to_be_well(void **state)
{
	(void)state;
	const char *const yes = YES("spf.valid");
	char id[16];
	for (int i = 0; i < AUDITED_RECORDS_MAX; i++) {
		(void)snprintf(id, sizeof(id), "1-%d", i);
		tell(&(struct told){1, "a", DOMAIN, false, yes, id});
	}
	assert_int_equal(verdict(AUDIT_SUBJECT_SPF), AUDIT_VERDICT_CONFORM);
	tell(&(struct told){1, "a", DOMAIN, false, yes, "2-1"});
	assert_int_equal(dossier.audited.lost, 1);
	assert_int_equal(verdict(AUDIT_SUBJECT_SPF), AUDIT_VERDICT_UNKNOWN);
}

static void lines_that_are_none_of_an_audit_are_let_by(void **state)
{
	(void)state;
	static const char *const OTHERS[] = {
		"",
		"{",
		"{\"event_type\":\"stats\",\"audit\":{\"subject\"",
		/* of an alert, not of all answers */
		"{\"timestamp\":\"2026-11-30T12:00:00.000000+0000\",\"event_type\":"
		"\"sensor\",\"audit\":{\"subject\":\"example.org\",\"kind\":\"domain\"}"
		"}",
		/* without a time */
		"{\"event_type\":\"stats\",\"audit\":{\"subject\":\"example.org\","
		"\"kind\":\"domain\",\"answers\":[]}}",
	};
	for (size_t i = 0; i < sizeof(OTHERS) / sizeof(OTHERS[0]); i++) {
		audited_line(&dossier.audited, OTHERS[i], strlen(OTHERS[i]));
	}
	assert_int_equal(dossier.audited.count, 0);
	once(1, DOMAIN, "{},7,null," ANSWER("spf.valid", "perhaps", "null"));
	assert_int_equal(audited_find(&dossier.audited, DOMAIN)->count, 0);
}

static void what_a_whole_run_of_its_host_no_longer_asks_is_declared_no_more(
	void **state)
{
	(void)state;
	tell(&(struct told){
		1, "a", "192.0.2.9:25 smtp", true, YES("server.tls"), NULL});
	tell(&(struct told){
		1, "b", "192.0.2.8:25 smtp", true, YES("server.tls"), NULL});
	tell(&(struct told){1, "a", DOMAIN, true, YES("spf.valid"), NULL});
	tell(&(struct told){2, "a", SERVER, true, YES("server.tls"), NULL});
	tell(&(struct told){
		3, "a", "192.0.2.7:25 smtp", false, YES("server.tls"), NULL});
	audited_finish(&dossier.audited);
	const struct audited *audited = &dossier.audited;
	assert_int_equal(audited->count, 4);
	assert_string_equal(audited->list[0].name, DOMAIN);
	assert_string_equal(audited->list[1].name, SERVER);
	assert_string_equal(audited->list[2].name, "192.0.2.7:25 smtp");
	assert_string_equal(audited->list[3].name, "192.0.2.8:25 smtp");
}

static void what_was_not_asked_is_told_so(void **state)
{
	(void)state;
	for (int i = 0; i < AUDIT_SUBJECTS; i++) {
		assert_int_equal(
			verdict((enum audit_subject)i), AUDIT_VERDICT_NOT_ASKED);
	}
	assert_false(audit_is_breached(&dossier));
}

static void a_fault_outranks_what_could_not_be_asked_and_that_what_is_well(void **state)
{
	(void)state;
	once(1, DOMAIN,
		YES("spf.valid") "," ANSWER("spf.declared", "no", "\"medium\"") "," UNKNOWN("spf.published") "," YES(
			"dkim.found") "," UNKNOWN("dkim.valid") "," YES("dmarc.found") "," ANSWER("dmarc.reports",
			"no", "\"low\""));
	assert_int_equal(verdict(AUDIT_SUBJECT_SPF), AUDIT_VERDICT_BREACHED);
	assert_int_equal(verdict(AUDIT_SUBJECT_DKIM), AUDIT_VERDICT_UNKNOWN);
	assert_int_equal(verdict(AUDIT_SUBJECT_DMARC), AUDIT_VERDICT_CONFORM);
	assert_int_equal(verdict(AUDIT_SUBJECT_MX), AUDIT_VERDICT_NOT_ASKED);
	const struct audit_line line = audit_line(&dossier, AUDIT_SUBJECT_SPF);
	assert_int_equal(line.answers[AUDIT_YES], 1);
	assert_int_equal(line.answers[AUDIT_NO], 1);
	assert_int_equal(line.answers[AUDIT_UNASKED], 1);
	assert_int_equal(line.breaches, 1);
	assert_true(audit_is_breached(&dossier));
}

static void a_server_that_cannot_be_asked_leaves_all_of_it_open(void **state)
{
	(void)state;
	once(1, SERVER,
		YES("server.tls") "," YES("server.certificate-dates") "," ANSWER(
			"server.requiretls", "no",
			"null") "," YES("server.sign-in-clear"));
	assert_int_equal(verdict(AUDIT_SUBJECT_TLS), AUDIT_VERDICT_CONFORM);
	assert_int_equal(verdict(AUDIT_SUBJECT_CERTIFICATE), AUDIT_VERDICT_CONFORM);
	assert_int_equal(verdict(AUDIT_SUBJECT_REQUIRETLS), AUDIT_VERDICT_NOT_OFFERED);
	once(1, "192.0.2.26:25 smtp", UNKNOWN("server.connection"));
	assert_int_equal(verdict(AUDIT_SUBJECT_TLS), AUDIT_VERDICT_UNKNOWN);
	assert_int_equal(verdict(AUDIT_SUBJECT_SIGN_IN), AUDIT_VERDICT_UNKNOWN);
	assert_int_equal(verdict(AUDIT_SUBJECT_CERTIFICATE), AUDIT_VERDICT_UNKNOWN);
	assert_int_equal(verdict(AUDIT_SUBJECT_REQUIRETLS), AUDIT_VERDICT_UNKNOWN);
	assert_int_equal(verdict(AUDIT_SUBJECT_SPF), AUDIT_VERDICT_NOT_ASKED);
}

static void flows_of_the_same_matter_stand_beside_the_answers(void **state)
{
	(void)state;
	struct dossier_breach breaches[] = {
		{.finding = FINDING_TLS_CERTIFICATE_EXPIRED, .flows = 3},
		{.finding = FINDING_REQUIRETLS_CLEAR, .flows = 2},
		{.finding = FINDING_SENDER_ILLEGITIMATE, .flows = 5}};
	dossier.breaches = breaches;
	dossier.breach_count = 3;
	assert_int_equal(audit_line(&dossier, AUDIT_SUBJECT_CERTIFICATE).observed, 3);
	assert_int_equal(audit_line(&dossier, AUDIT_SUBJECT_REQUIRETLS).observed, 2);
	assert_int_equal(audit_line(&dossier, AUDIT_SUBJECT_SPF).observed, 0);
	dossier.breaches = NULL;
	dossier.breach_count = 0;
}

static void a_question_without_a_translation_stays_as_it_was_asked(void **state)
{
	(void)state;
	assert_string_equal(
		texts_audit_question(TEXTS_ENGLISH, "server.starttls", "asked"),
		"asked");
	assert_string_equal(
		texts_audit_question(TEXTS_FRENCH, "server.starttls", "asked"),
		"STARTTLS est proposé");
	assert_string_equal(
		texts_audit_question(TEXTS_FRENCH, "server.new", "asked"), "asked");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
			the_last_run_counts_in_whatever_order_they_come, forget),
		cmocka_unit_test_teardown(
			a_record_that_two_sources_have_counts_once, forget),
		cmocka_unit_test_teardown(
			where_answers_found_no_room_nothing_is_said_to_be_well, forget),
		cmocka_unit_test_teardown(
			lines_that_are_none_of_an_audit_are_let_by, forget),
		cmocka_unit_test_teardown(
			what_a_whole_run_of_its_host_no_longer_asks_is_declared_no_more,
			forget),
		cmocka_unit_test(what_was_not_asked_is_told_so),
		cmocka_unit_test_teardown(
			a_fault_outranks_what_could_not_be_asked_and_that_what_is_well,
			forget),
		cmocka_unit_test_teardown(
			a_server_that_cannot_be_asked_leaves_all_of_it_open, forget),
		cmocka_unit_test(flows_of_the_same_matter_stand_beside_the_answers),
		cmocka_unit_test(
			a_question_without_a_translation_stays_as_it_was_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
