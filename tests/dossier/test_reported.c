/* What receivers reported, out of the records of `mailwarden dmarc`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../matrix/made_matrix.h"
#include "../observed/made_sighting.h"
#include "dossier/digest.h"

#define LINE_BYTES 2048
#define MATRIX                                                        \
	HEAD "rows:\n"                                                \
	     "  - {id: M-01, from: mx-out, to: internet, protocols: " \
	     "smtp, expires: 2026-12-31}\n"                           \
	     "domains: {example.org: {forwarders: 203.0.113.50, "     \
	     "senders: 203.0.113.60}}\n"

struct scene {
	struct matrix *matrix;
	struct observed *observed;
	struct dossier now;
	struct dossier before;
	unsigned records;
};

static void begin(struct scene *scene)
{
	struct reason why;
	struct matrix_problems problems;
	*scene = (struct scene){
		.matrix = load_text(MATRIX, &problems), .observed = made_observed(4)};
	assert_non_null(scene->matrix);
	assert_true(dossier_start(&scene->now, scene->matrix, &why));
	assert_true(dossier_start(&scene->before, scene->matrix, &why));
	scene->now.span = (struct dossier_span){
		UINT64_C(1795996800000000), UINT64_C(1796083200000000)};
	scene->before.span = (struct dossier_span){
		UINT64_C(1795910400000000), UINT64_C(1795996800000000)};
}

static void end(struct scene *scene)
{
	dossier_free(&scene->now);
	dossier_free(&scene->before);
	observed_free(scene->observed);
	matrix_free(scene->matrix);
}

static void give(struct scene *scene, const char *line)
{
	dossier_reported(&scene->now, line, strlen(line));
	dossier_reported(&scene->before, line, strlen(line));
}

static void finish(struct scene *scene)
{
	assert_true(dossier_finish(&scene->now, scene->observed, false));
	assert_true(dossier_finish(&scene->before, scene->observed, false));
}

/* Of this day of November 2026; the span is the 30th, the one before the 29th. */
static const char *record(
	struct scene *scene, unsigned day, const char *type, const char *rest)
{
	static char line[LINE_BYTES];
	(void)snprintf(line, sizeof(line),
		"{\"timestamp\":\"2026-11-%02uT12:00:00.000000+0000\",\"event_id\":"
		"\"s-1-%u\",\"event_type\":\"%s\",\"sensor\":{\"process\":\"dmarc\"},%"
		"s}",
		day, scene->records++, type, rest);
	return line;
}

struct told {
	const char *source;
	const char *domain;
	const char *finding;
	const char *reporter;
	unsigned messages;
};

static void sender(struct scene *scene, unsigned day, const struct told *told)
{
	char rest[LINE_BYTES / 2];
	(void)snprintf(rest, sizeof(rest),
		"\"alert\":{\"metadata\":{\"finding\":\"%s\"}},\"dmarc\":{\"source\":"
		"\"%s\",\"domain\":\"%s\",\"messages\":%u,\"aligned\":1,\"first\":"
		"\"2026-11-%02uT00:00:00.000000+0000\",\"last\":"
		"\"2026-11-%02uT23:59:59.000000+0000\",\"reporter\":\"%s\","
		"\"several_reporters\":false}",
		told->finding, told->source,
		told->domain ? told->domain : "example.org", told->messages, day, day,
		told->reporter ? told->reporter : "r.example");
	give(scene, record(scene, day, "sensor", rest));
}

#define RELAY  "audit.relay-undeclared"
#define SIGNER "audit.signer-undeclared"

static void test_runs_in_the_span_add_up_and_the_gravest_is_first(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	sender(&scene, 30,
		&(struct told){"203.0.113.10", .finding = SIGNER, .messages = 900});
	sender(&scene, 30,
		&(struct told){"203.0.113.9", .finding = RELAY, .messages = 3});
	sender(&scene, 30,
		&(struct told){"203.0.113.9", .finding = SIGNER, .messages = 4,
			.reporter = "other.example"});
	sender(&scene, 30,
		&(struct told){"203.0.113.9", .domain = "a.example.org",
			.finding = RELAY, .messages = 2});
	finish(&scene);
	const struct reported *reported = &scene.now.reported;
	assert_int_equal(reported->sender_count, 3);
	assert_int_equal(reported->senders[0].finding, FINDING_AUDIT_RELAY_UNDECLARED);
	assert_int_equal(reported->senders[0].messages, 7);
	assert_int_equal(reported->senders[0].aligned, 2);
	assert_string_equal(reported->senders[0].domain, "example.org");
	assert_string_equal(reported->senders[0].claim.reporter, "r.example");
	assert_true(reported->senders[0].claim.is_of_several);
	assert_string_equal(reported->senders[1].domain, "a.example.org");
	assert_false(reported->senders[1].claim.is_of_several);
	assert_int_equal(reported->senders[2].messages, 900);
	assert_int_equal(scene.before.reported.sender_count, 0);
	end(&scene);
}

static void test_what_was_told_before_is_no_news(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	sender(&scene, 30,
		&(struct told){"203.0.113.9", .finding = RELAY, .messages = 1});
	sender(&scene, 1,
		&(struct told){"203.0.113.9", .finding = RELAY, .messages = 5});
	finish(&scene);
	const struct digest digest = {&scene.now, &scene.before};
	assert_int_equal(scene.now.reported.sender_count, 1);
	assert_int_equal(scene.now.reported.senders[0].messages, 1);
	assert_false(
		digest_is_claim_new(&digest, &scene.now.reported.senders[0].claim));
	end(&scene);

	begin(&scene);
	sender(&scene, 30,
		&(struct told){"203.0.113.9", .finding = RELAY, .messages = 1});
	sender(&scene, 1,
		&(struct told){"203.0.113.8", .finding = RELAY, .messages = 5});
	finish(&scene);
	assert_int_equal(scene.now.reported.sender_count, 1);
	assert_true(digest_is_claim_new(&digest, &scene.now.reported.senders[0].claim));
	end(&scene);
}

static void test_who_is_declared_by_now_is_not_told(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	sender(&scene, 30,
		&(struct told){"203.0.113.50", .finding = SIGNER, .messages = 1});
	sender(&scene, 30,
		&(struct told){"203.0.113.60", .finding = RELAY, .messages = 1});
	sender(&scene, 30,
		&(struct told){"198.51.100.2", .finding = RELAY, .messages = 1});
	sender(&scene, 30,
		&(struct told){"203.0.113.60", .domain = "example.net",
			.finding = RELAY, .messages = 1});
	sender(&scene, 30,
		&(struct told){"198.51.100.3", .finding = RELAY, .messages = 1});
	finish(&scene);
	const struct reported *reported = &scene.now.reported;
	assert_int_equal(reported->declared, 3);
	assert_int_equal(reported->sender_count, 2);
	assert_string_equal(reported->senders[0].group, "mx-in");
	assert_string_equal(reported->senders[1].domain, "example.net");
	assert_null(reported->senders[1].group);
	end(&scene);
}

#define SUMS                                                                \
	"\"stats\":{\"dmarc\":{\"reports\":2,\"messages\":{\"declared\":8," \
	"\"undeclared_relay\":3,\"spoofing\":5,\"lost\":1}},\"tlsrpt\":{"   \
	"\"reports\":1,\"sessions\":{\"succeeded\":90,\"failed\":10}}}"
#define POLICY                                                          \
	"\"alert\":{\"metadata\":{\"finding\":\"audit.tls-failing\"}}," \
	"\"tlsrpt\":{\"domain\":\"example.org\",\"policy\":\"sts\","    \
	"\"succeeded\":90,\"failed\":10,\"first\":"                     \
	"\"2026-11-01T00:00:00.000000+0000\"}"

static void test_sums_are_of_the_span_and_a_record_counts_once(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	const char *line = record(&scene, 30, "stats", SUMS);
	give(&scene, line);
	give(&scene, line); /* in a journal, and in what was shipped of it */
	give(&scene, record(&scene, 30, "stats", SUMS));
	give(&scene, record(&scene, 29, "stats", SUMS));
	give(&scene, record(&scene, 30, "sensor", POLICY));
	finish(&scene);
	const struct reported *reported = &scene.now.reported;
	assert_int_equal(reported->runs, 2);
	assert_int_equal(reported->dmarc_reports, 4);
	assert_int_equal(reported->messages[REPORTED_SPOOFING], 10);
	assert_int_equal(reported->messages[REPORTED_DECLARED], 16);
	assert_int_equal(reported->messages[REPORTED_SIGNER], 0);
	assert_int_equal(reported->lost_messages, 2);
	assert_int_equal(reported->failed, 20);
	assert_int_equal(reported->policy_count, 1);
	assert_int_equal(reported->policies[0].failed, 10);
	assert_string_equal(reported->policies[0].claim.reporter, "");
	assert_int_equal(scene.before.reported.runs, 1);
	assert_int_equal(scene.before.reported.policy_count, 0);
	end(&scene);
}

/* Of another process, of no time, behind the span, of no host, of a name that is none. */
static void test_what_is_no_such_record_is_let_by(void **state)
{
	(void)state;
	static const struct told NONE[] = {
		{"203.0.113.9.1", .finding = RELAY, .messages = 1},
		{"203.0.113.9", .finding = "audit.other", .messages = 1},
		{"203.0.113.9", .domain = "", .finding = RELAY, .messages = 1},
	};
	static const char *const LINES[] = {
		"{\"timestamp\":\"2026-11-30T12:00:00.000000+0000\",\"event_type\":"
		"\"stats\",\"sensor\":{\"process\":\"worker 0\"},\"dmarc\":1," SUMS "}",
		"{\"event_type\":\"stats\",\"sensor\":{\"process\":\"dmarc\"}," SUMS
		"}",
		"{\"timestamp\":\"2026-12-01T00:00:00.000000+0000\",\"event_type\":"
		"\"stats\",\"sensor\":{\"process\":\"dmarc\"}," SUMS "}",
		"\"dmarc\"",
	};
	struct scene scene;
	begin(&scene);
	for (size_t i = 0; i < sizeof(NONE) / sizeof(NONE[0]); i++) {
		sender(&scene, 30, &NONE[i]);
	}
	for (size_t i = 0; i < sizeof(LINES) / sizeof(LINES[0]); i++) {
		give(&scene, LINES[i]);
	}
	finish(&scene);
	assert_int_equal(scene.now.reported.runs, 0);
	assert_int_equal(scene.now.reported.sender_count, 0);
	assert_int_equal(scene.now.reported.unkept, 0);
	end(&scene);
}

static void test_what_finds_no_room_is_counted(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	for (unsigned i = 0; i < REPORTED_MOST + 2; i++) {
		char source[ADDRESS_TEXT_BYTES];
		(void)snprintf(source, sizeof(source), "2001:db8::%x", i + 1);
		sender(&scene, 30,
			&(struct told){source, .finding = RELAY, .messages = 1});
	}
	finish(&scene);
	assert_int_equal(scene.now.reported.sender_count, REPORTED_MOST);
	assert_int_equal(scene.now.reported.unkept, 2);
	end(&scene);
}

/* Whoever mails reports chooses who fills the rooms: the digest is not silenced by it. */
static void test_what_finds_no_room_is_news(void **state)
{
	(void)state;
	for (unsigned today = 0; today < 2; today++) {
		struct scene scene;
		begin(&scene);
		for (unsigned i = 0; i < REPORTED_MOST; i++) {
			char source[ADDRESS_TEXT_BYTES];
			(void)snprintf(source, sizeof(source), "2001:db8::%x", i + 1);
			sender(&scene, 1,
				&(struct told){
					source, .finding = SIGNER, .messages = 1});
		}
		if (today) {
			sender(&scene, 30,
				&(struct told){"203.0.113.9", .finding = RELAY,
					.messages = 1});
		}
		finish(&scene);
		scene.now.sight.last_us = scene.now.span.from_us; /* not silent */
		const struct digest digest = {&scene.now, &scene.before};
		assert_int_equal(scene.now.reported.sender_count, 0);
		assert_int_equal(digest_has_news(&digest), today);
		end(&scene);
	}
}

static void test_a_record_may_be_cut_anywhere(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	const char *line = record(&scene, 30, "sensor", POLICY);
	const size_t len = strlen(line);
	for (size_t i = 0; i < len; i++) {
		char *copy = malloc(i + (i == 0));
		assert_non_null(copy);
		memcpy(copy, line, i);
		dossier_reported(&scene.now, copy, i);
		free(copy);
	}
	assert_int_equal(scene.now.reported.policy_count, 0);
	give(&scene, line);
	assert_int_equal(scene.now.reported.policy_count, 1);
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs_in_the_span_add_up_and_the_gravest_is_first),
		cmocka_unit_test(test_what_was_told_before_is_no_news),
		cmocka_unit_test(test_who_is_declared_by_now_is_not_told),
		cmocka_unit_test(test_sums_are_of_the_span_and_a_record_counts_once),
		cmocka_unit_test(test_what_is_no_such_record_is_let_by),
		cmocka_unit_test(test_what_finds_no_room_is_counted),
		cmocka_unit_test(test_what_finds_no_room_is_news),
		cmocka_unit_test(test_a_record_may_be_cut_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
