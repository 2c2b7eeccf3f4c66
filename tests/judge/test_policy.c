/* docs/policy.md's table of severities, line by line, is what the judge does. */
#include "made_flow.h"

#include <stdio.h>

/* The same rows with and without a wish for TLS; none of them asks for a version. */
#define ROWS                                                                          \
	MADE_HEAD                                                                     \
	"  - {id: U-1, from: workstations, to: mailboxes, protocols: [imap], tls: "   \
	"required}\n"                                                                 \
	"  - {id: S-1, from: relay, to: mx-out, protocols: [smtp], tls: starttls}\n"  \
	"  - {id: O-1, from: mx-out, to: internet, protocols: [smtp], tls: "          \
	"optional}\n"                                                                 \
	"  - {id: O-2, from: mailboxes, to: relay, protocols: [smtp], tls: "          \
	"optional}\n"                                                                 \
	"  - {id: O-3, from: internet, to: mx-in, protocols: [smtp], tls: offered}\n" \
	"  - {id: V-1, from: workstations, to: submission, protocols: [submission], " \
	"tls: required, min_tls: \"1.3\"}\n"                                          \
	"  - {id: V-2, from: submission, to: relay, protocols: [smtp], tls: "         \
	"starttls, "                                                                  \
	"min_tls: \"1.3\"}\n"                                                         \
	"  - {id: V-3, from: submission, to: internet, protocols: [smtp], tls: "      \
	"optional, min_tls: \"1.3\"}\n"

enum column { COLUMN_USERS = 0, COLUMN_STRICT, COLUMN_OPPORTUNISTIC, COLUMNS };

static struct matrix *matrix;

static int load(void **state)
{
	(void)state;
	matrix = made_matrix(ROWS);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	matrix_free(matrix);
	return 0;
}

static struct made_flow between(enum column column, bool is_clear)
{
	static const struct {
		enum protocol protocol;
		const char *client;
		const char *server;
		uint16_t port;
	} ENDS[COLUMNS] = {
		{PROTOCOL_IMAP, WORKSTATION, MAILBOX, 143},
		{PROTOCOL_SMTP, RELAY, MX_OUT, 25},
		{PROTOCOL_SMTP, MX_OUT, INTERNET, 25},
	};
	return (is_clear ? made_flow : made_encrypted_flow)(ENDS[column].protocol,
		ENDS[column].client, ENDS[column].server, ENDS[column].port);
}

static struct made_flow of_version(enum column column)
{
	struct made_flow flow = between(column, false);
	flow.facts.session.version = 0x0302;
	flow.facts.session.cipher_suite = 0xc014;
	return flow;
}

static struct made_flow of_version_asked(enum column column)
{
	static const char *const SERVERS[COLUMNS] = {SUBMISSION, RELAY, INTERNET};
	const bool is_user = column == COLUMN_USERS;
	return made_encrypted_flow(is_user ? PROTOCOL_SUBMISSION : PROTOCOL_SMTP,
		is_user ? WORKSTATION : SUBMISSION, SERVERS[column],
		is_user ? 587 : 25);
}

static struct made_flow of_suite(enum column column, uint16_t suite)
{
	struct made_flow flow = between(column, false);
	flow.facts.session.cipher_suite = suite;
	return flow;
}

static struct made_flow of_suite_f(enum column column)
{
	return of_suite(column, 0x0005); /* RC4 */
}

static struct made_flow of_suite_c(enum column column)
{
	return of_suite(column, 0x002f); /* static RSA */
}

static struct made_flow of_suite_b(enum column column)
{
	return of_suite(column, 0xc013); /* ECDHE with CBC */
}

static struct made_flow with_certificate(enum column column, int64_t ends_in_days)
{
	struct made_flow flow = between(column, false);
	struct facts_certificate *certificate = &flow.facts.session.server_certificate;
	certificate->visibility = FACTS_SEEN;
	certificate->not_before_s = NOW_S - 90 * DAY_S;
	certificate->not_after_s = NOW_S + ends_in_days * DAY_S;
	certificate->key_bits = 2048;
	strcpy(certificate->key_type, "RSA");
	certificate->name_matches = FACTS_YES;
	return flow;
}

static struct made_flow of_expired(enum column column)
{
	return with_certificate(column, -1);
}

static struct made_flow of_expiring(enum column column)
{
	return with_certificate(column, 10);
}

static struct made_flow of_self_signed(enum column column)
{
	struct made_flow flow = with_certificate(column, 90);
	flow.facts.session.server_certificate.is_self_signed = true;
	return flow;
}

static struct made_flow of_other_name(enum column column)
{
	struct made_flow flow = with_certificate(column, 90);
	flow.facts.session.server_certificate.name_matches = FACTS_NO;
	return flow;
}

static struct made_flow of_weak_key(enum column column)
{
	struct made_flow flow = with_certificate(column, 90);
	flow.facts.session.server_certificate.key_bits = 1024;
	return flow;
}

static const struct judge_memory CHANGING = {.certificates = 2};
static const struct judge_memory OFFERED = {.starttls_offered_us = NOW_US - 60000000,
	.starttls_first_us = NOW_US - 60000000,
	.starttls_offers = 1};

static struct made_flow of_changing(enum column column)
{
	struct made_flow flow = with_certificate(column, 90);
	flow.observation.memory = &CHANGING;
	return flow;
}

static struct made_flow of_content(enum column column)
{
	struct made_flow flow = between(column, true);
	flow.facts.has_content_clear = true;
	flow.facts.starttls_offered = FACTS_YES;
	return flow;
}

static struct made_flow of_vanished(enum column column)
{
	struct made_flow flow = between(column, true);
	flow.facts.starttls_offered = FACTS_NO;
	flow.observation.memory = &OFFERED;
	return flow;
}

static struct made_flow of_password(enum column column)
{
	struct made_flow flow = between(column, true);
	flow.facts.auth_secret = FACTS_MECHANISM_PLAIN;
	return flow;
}

static const struct {
	const char *what;
	enum finding finding;
	struct made_flow (*flow)(enum column column);
	enum severity severity[COLUMNS];
} LINES[] = {
	{"version below TLS 1.2", FINDING_TLS_VERSION_OBSOLETE, of_version,
		{SEVERITY_MEDIUM, SEVERITY_MEDIUM, SEVERITY_LOW}},
	{"version below the row's `min_tls`", FINDING_TLS_VERSION_OBSOLETE,
		of_version_asked, {SEVERITY_MEDIUM, SEVERITY_MEDIUM, SEVERITY_MEDIUM}},
	{"suite of grade F", FINDING_TLS_CIPHER_WEAK, of_suite_f,
		{SEVERITY_HIGH, SEVERITY_HIGH, SEVERITY_MEDIUM}},
	{"suite of grade C", FINDING_TLS_CIPHER_WEAK, of_suite_c,
		{SEVERITY_MEDIUM, SEVERITY_MEDIUM, SEVERITY_LOW}},
	{"suite of grade B", FINDING_TLS_CIPHER_WEAK, of_suite_b,
		{SEVERITY_LOW, SEVERITY_LOW, SEVERITY_LOW}},
	{"certificate outside its validity", FINDING_TLS_CERTIFICATE_EXPIRED,
		of_expired, {SEVERITY_MEDIUM, SEVERITY_MEDIUM, SEVERITY_LOW}},
	{"certificate ends within 30 days", FINDING_TLS_CERTIFICATE_EXPIRING,
		of_expiring, {SEVERITY_MEDIUM, SEVERITY_MEDIUM, SEVERITY_LOW}},
	{"self-signed certificate", FINDING_TLS_CERTIFICATE_SELF_SIGNED, of_self_signed,
		{SEVERITY_MEDIUM, SEVERITY_MEDIUM, SEVERITY_LOW}},
	{"certificate for another name", FINDING_TLS_CERTIFICATE_NAME_MISMATCH,
		of_other_name, {SEVERITY_MEDIUM, SEVERITY_MEDIUM, SEVERITY_LOW}},
	{"weak key or signature", FINDING_TLS_CERTIFICATE_WEAK_KEY, of_weak_key,
		{SEVERITY_MEDIUM, SEVERITY_MEDIUM, SEVERITY_LOW}},
	{"certificate changes between clients", FINDING_TLS_CERTIFICATE_CHANGING,
		of_changing, {SEVERITY_MEDIUM, SEVERITY_MEDIUM, SEVERITY_LOW}},
	{"content in clear", FINDING_TLS_MISSING, of_content,
		{SEVERITY_HIGH, SEVERITY_HIGH, SEVERITY_NONE}},
	{"content in clear after an offer", FINDING_TLS_STARTTLS_UNUSED, of_content,
		{SEVERITY_MEDIUM, SEVERITY_MEDIUM, SEVERITY_MEDIUM}},
	{"the offer is gone", FINDING_TLS_STARTTLS_STRIPPED, of_vanished,
		{SEVERITY_CRITICAL, SEVERITY_CRITICAL, SEVERITY_CRITICAL}},
	{"password in clear", FINDING_TLS_CREDENTIALS_CLEAR, of_password,
		{SEVERITY_CRITICAL, SEVERITY_CRITICAL, SEVERITY_CRITICAL}},
};
#define LINE_COUNT (sizeof(LINES) / sizeof(*LINES))

static enum severity severity_of(struct made_flow flow, enum finding finding)
{
	made_judge(matrix, &flow);
	return (flow.judgement.findings & BIT(finding)) != 0
		       ? (enum severity)flow.judgement.severity[finding]
		       : SEVERITY_NONE;
}

static void users_are_judged_strictly_and_opportunistic_tls_one_step_milder(
	void **state)
{
	(void)state;
	for (size_t i = 0; i < LINE_COUNT; i++) {
		for (enum column column = 0; column < COLUMNS; column++) {
			const enum severity severity =
				severity_of(LINES[i].flow(column), LINES[i].finding);
			if (severity != LINES[i].severity[column]) {
				fail_msg("%s, column %d: %s", LINES[i].what, column,
					severity_name(severity));
			}
		}
	}
}

static void policy_md_has_this_table_and_no_other_line_in_it(void **state)
{
	(void)state;
	static char text[256 * 1024];
	FILE *file = fopen("docs/policy.md", "r");
	assert_non_null(file);
	const size_t len = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[len] = '\0';
	const char *at = strstr(text, "| seen | finding | users |");
	assert_non_null(at);
	for (int skipped = 0; skipped < 2; skipped++) {
		at = strchr(at, '\n') + 1;
	}
	for (size_t i = 0; i < LINE_COUNT; i++) {
		char line[200];
		(void)snprintf(line, sizeof(line), "| %s | `%s` | %s | %s | %s |\n",
			LINES[i].what, finding_row(LINES[i].finding)->id,
			severity_name(LINES[i].severity[COLUMN_USERS]),
			severity_name(LINES[i].severity[COLUMN_STRICT]),
			severity_name(LINES[i].severity[COLUMN_OPPORTUNISTIC]));
		if (strncmp(at, line, strlen(line)) != 0) {
			fail_msg("docs/policy.md lacks: %s", line);
		}
		at += strlen(line);
	}
	assert_int_equal(*at, '\n');
}

static void a_link_that_may_go_in_clear_is_opportunistic_inside_too(void **state)
{
	(void)state;
	struct made_flow flow = made_encrypted_flow(PROTOCOL_SMTP, MAILBOX, RELAY, 25);
	flow.facts.session.cipher_suite = 0x002f;
	assert_int_equal(severity_of(flow, FINDING_TLS_CIPHER_WEAK), SEVERITY_LOW);
	flow = made_encrypted_flow(PROTOCOL_SMTP, INTERNET, MX_IN, 25);
	flow.facts.session.cipher_suite = 0x002f;
	assert_int_equal(severity_of(flow, FINDING_TLS_CIPHER_WEAK), SEVERITY_LOW);
}

/* RFC 3207 section 4 lets strangers decline; a row may let the inside do so. */
static void only_our_servers_owe_starttls_where_the_row_lets_clear_text_pass(
	void **state)
{
	(void)state;
	const char *const ends[][2] = {{INTERNET, MX_IN}, {MAILBOX, RELAY}};
	for (size_t i = 0; i < 2; i++) {
		struct made_flow flow =
			made_flow(PROTOCOL_SMTP, ends[i][0], ends[i][1], 25);
		flow.facts.has_content_clear = true;
		flow.facts.starttls_offered = FACTS_YES;
		made_judge(matrix, &flow);
		assert_int_equal(flow.judgement.findings, 0);
	}
	struct made_flow flow = of_content(COLUMN_OPPORTUNISTIC);
	made_judge(matrix, &flow);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_TLS_STARTTLS_UNUSED));
	assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
	flow.facts.starttls_offered = FACTS_NO;
	made_judge(matrix, &flow);
	assert_int_equal(flow.judgement.findings, 0);
}

static void cbc_is_no_fault_of_an_older_version(void **state)
{
	(void)state;
	for (enum column column = 0; column < COLUMNS; column++) {
		struct made_flow flow = of_version(column);
		made_judge(matrix, &flow);
		assert_int_equal(
			flow.judgement.findings, BIT(FINDING_TLS_VERSION_OBSOLETE));
	}
}

#define SENDER BIT(FINDING_SENDER_ILLEGITIMATE)
#define SMTPS  BIT(FINDING_SMTPS_IMPLICIT)
#define OTHER  "  - {id: a, from: mailboxes, to: relay, protocols: [smtp]}\n"

/* The lines of "Port 465", in their order; profile anssi, then rfc8314. */
static void port_465_is_judged_by_role_and_profile_as_policy_md_has_it(void **state)
{
	(void)state;
	static const struct {
		const char *client;
		const char *server;
		const char *rows;
		uint64_t findings[2];
	} CASES[] = {
		{WORKSTATION, SUBMISSION, OTHER, {SENDER | SMTPS, 0}},
		{WORKSTATION, SUBMISSION,
			"  - {id: a, from: workstations, to: submission, protocols: "
			"[submission], tls: starttls}\n",
			{SENDER | SMTPS, 0}},
		{WORKSTATION, SUBMISSION,
			"  - {id: a, from: workstations, to: submission, protocols: "
			"[submissions]}\n",
			{0, 0}},
		{WORKSTATION, SUBMISSION,
			"  - {id: a, from: workstations, to: submission, protocols: "
			"[submissions], expires: 2020-01-01}\n",
			{SENDER | SMTPS, SENDER}},
		{WORKSTATION, MAILBOX, OTHER, {SENDER | SMTPS, SENDER | SMTPS}},
		{FRONT, SUBMISSION, OTHER, {SENDER | SMTPS, SENDER}},
		{MAILBOX, SUBMISSION, OTHER, {SENDER | SMTPS, SENDER | SMTPS}},
		{MAILBOX, MX_OUT, OTHER, {SENDER | SMTPS, SENDER | SMTPS}},
		{MAILBOX, MX_OUT,
			"  - {id: a, from: mailboxes, to: mx-out, protocols: "
			"[smtps]}\n",
			{0, 0}},
		{MX_OUT, INTERNET, OTHER, {SENDER | SMTPS, SENDER | SMTPS}},
		{INTERNET, SUBMISSION, OTHER, {SENDER | SMTPS, SENDER}},
		{MX_OUT, INTERNET,
			"  - {id: a, from: mx-out, to: internet, protocols: [smtps]}\n",
			{SMTPS, SMTPS}},
		{INTERNET, SUBMISSION,
			"  - {id: a, from: internet, to: submission, protocols: "
			"[submissions]}\n",
			{SMTPS, 0}},
		{WORKSTATION, INTERNET,
			"  - {id: a, from: workstations, to: internet, protocols: "
			"[submission, submissions]}\n",
			{0, 0}},
		{WORKSTATION, INTERNET, /* near misses: not by that name */
			"  - {id: a, from: workstations, to: internet, protocols: "
			"[smtps]}\n",
			{SMTPS, SMTPS}},
		{WORKSTATION, INTERNET,
			"  - {id: a, from: workstations, to: internet, protocols: "
			"all}\n",
			{SMTPS, SMTPS}},
		{MX_OUT, INTERNET, /* and by a server */
			"  - {id: a, from: mx-out, to: internet, protocols: "
			"[submissions]}\n",
			{SMTPS, SMTPS}},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		for (int profile = 0; profile < 2; profile++) {
			char text[4096];
			(void)snprintf(text, sizeof(text),
				"profile: %s\n" MADE_HEAD "%s",
				profile == 0 ? "anssi" : "rfc8314", CASES[i].rows);
			struct made_flow flow =
				made_encrypted_flow(PROTOCOL_SUBMISSIONS,
					CASES[i].client, CASES[i].server, 465);
			made_judge_text(text, &flow);
			if (flow.judgement.findings != CASES[i].findings[profile]) {
				fail_msg("%zu, profile %d: %llx", i, profile,
					(unsigned long long)flow.judgement.findings);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			users_are_judged_strictly_and_opportunistic_tls_one_step_milder),
		cmocka_unit_test(policy_md_has_this_table_and_no_other_line_in_it),
		cmocka_unit_test(
			a_link_that_may_go_in_clear_is_opportunistic_inside_too),
		cmocka_unit_test(
			only_our_servers_owe_starttls_where_the_row_lets_clear_text_pass),
		cmocka_unit_test(cbc_is_no_fault_of_an_older_version),
		cmocka_unit_test(
			port_465_is_judged_by_role_and_profile_as_policy_md_has_it),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
