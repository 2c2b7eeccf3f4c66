/* Which record speaks for a domain: the walk up the tree of RFC 9989, on zones of our own. */
#include "made_zone.h"

#include "audit/domain.h"
#include "matrix/load.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

static const char MATRIX[] =
	"schema: 1\nzones: {internal: [192.0.2.0/24]}\n"
	"groups: {out: {role: outbound, addresses: [192.0.2.1]}}\n"
	"rows: [{id: A, from: out, to: internet, protocols: [smtp], tls: optional}]\n";

struct row {
	const char *domain;
	const char *zone;
	const char *found;  /* begins why dmarc.found is yes; NULL: it is no */
	const char *policy; /* why of dmarc.policy, or NULL */
};

static const char *why_of(const struct audit_answers *answers, const char *check)
{
	for (size_t i = 0; i < answers->count; i++) {
		if (strcmp(answers->list[i].check->id, check) == 0) {
			return answers->list[i].why;
		}
	}
	return "";
}

static void ask(
	const char *domain, struct made_zone *zone, struct audit_answers *answers)
{
	struct matrix_problems problems;
	const struct matrix_source source = {"made", MATRIX, strlen(MATRIX)};
	struct matrix *matrix = matrix_load_sources(&source, 1, &problems);
	const struct rr_resolver resolver = {made_ask, zone};
	const struct domain_audit audit = {
		.matrix = matrix, .resolver = &resolver, .answers = answers};
	audit_domain(&audit, domain);
	matrix_free(matrix);
}

#define R "; rua=mailto:x@d.example"

static void the_record_is_the_domains_own_or_the_organizations(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{"d.example", "_dmarc.d.example TXT v=DMARC1; p=reject" R,
			"at d.example: ", "p=reject"},
		{"a.d.example", "_dmarc.d.example TXT v=DMARC1; p=reject; sp=none" R,
			"at d.example: ", "sp=none"},
		{"a.d.example", "_dmarc.d.example TXT v=DMARC1; p=quarantine" R,
			"at d.example: ", "sp=quarantine"},
		{"a.d.example",
			"_dmarc.a.d.example TXT v=DMARC1; p=none\n_dmarc.d.example TXT "
			"v=DMARC1; p=reject",
			"at a.d.example: ", "p=none"},
		/* of several above it the highest is the organization's */
		{"b.a.d.example",
			"_dmarc.a.d.example TXT v=DMARC1; p=none\n_dmarc.d.example TXT "
			"v=DMARC1; p=reject",
			"at d.example: ", "sp=reject"},
		/* but psd=n says: here it ends */
		{"b.a.d.example",
			"_dmarc.a.d.example TXT v=DMARC1; p=none; "
			"psd=n\n_dmarc.d.example TXT v=DMARC1; p=reject",
			"at a.d.example: ", "sp=none"},
		/* below a public suffix: the domain under it, where that has one */
		{"b.d.example",
			"_dmarc.d.example TXT v=DMARC1; p=reject\n_dmarc.example TXT "
			"v=DMARC1; p=none; psd=y",
			"at d.example: ", "sp=reject"},
		{"d.example", "_dmarc.example TXT v=DMARC1; p=none; sp=reject; psd=y",
			"at example: ", "sp=reject"},
		{"d.example",
			"_dmarc.d.example TXT v=DMARC1; p=reject\n_dmarc.d.example TXT "
			"v=DMARC1; p=none",
			NULL, NULL},
		{"d.example", "_dmarc.d.example TXT v=DMARC2; p=reject", NULL, NULL},
		{"d.example", "_dmarc.d.example TXT p=reject; v=DMARC1", NULL, NULL},
		{"d.example", "_dmarc.d.example TXT v=dmarc1; p=reject", NULL, NULL},
		{"d.example",
			"_dmarc.d.example TXT v = DMARC1 ;p= reject ; unknown=x" R,
			"at d.example: ", "p=reject"},
		{"d.example", "_dmarc.d.example TXT v=DMARC1; reject", NULL, NULL},
	};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct made_zone zone = {.text = ROWS[i].zone};
		struct audit_answers answers = {.count = 0};
		ask(ROWS[i].domain, &zone, &answers);
		const char *found = why_of(&answers, "dmarc.found");
		if (ROWS[i].found ? strncmp(found, ROWS[i].found,
					    strlen(ROWS[i].found)) != 0
				  : strncmp(found, "at ", 3) == 0) {
			fail_msg("row %zu: %s", i, found);
		}
		assert_string_equal(why_of(&answers, "dmarc.policy"),
			ROWS[i].policy ? ROWS[i].policy : "");
		audit_answers_free(&answers);
		made_free(&zone);
	}
}

/* A name of nine labels is cut down to seven: eight questions at most. */
static void a_long_name_costs_eight_questions(void **state)
{
	(void)state;
	struct made_zone zone = {.text = "x.invalid A 192.0.2.1"};
	struct audit_answers answers = {.count = 0};
	ask("l1.l2.l3.l4.l5.l6.l7.l8.l9.l10.l11.example", &zone, &answers);
	unsigned asked = 0;
	for (const char *at = zone.asked; (at = strstr(at, "_dmarc.")); at++) {
		asked++;
	}
	assert_int_equal(asked, 8);
	assert_non_null(strstr(zone.asked, "_dmarc.l6.l7.l8.l9.l10.l11.example TXT"));
	assert_null(strstr(zone.asked, "_dmarc.l5.l6.l7."));
	assert_non_null(strstr(zone.asked, "_dmarc.example TXT"));
	audit_answers_free(&answers);
	made_free(&zone);
}

static void what_cannot_be_asked_on_the_way_is_unknown(void **state)
{
	(void)state;
	struct made_zone zone = {
		.text = "_dmarc.d.example FAIL\n_dmarc.example TXT v=DMARC1; psd=y"};
	struct audit_answers answers = {.count = 0};
	ask("a.d.example", &zone, &answers);
	for (size_t i = 0; i < answers.count; i++) {
		if (strcmp(answers.list[i].check->id, "dmarc.found") == 0) {
			assert_int_equal(answers.list[i].state, AUDIT_UNASKED);
		}
	}
	assert_string_equal(why_of(&answers, "dmarc.found"), "no answer in time");
	audit_answers_free(&answers);
	made_free(&zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_record_is_the_domains_own_or_the_organizations),
		cmocka_unit_test(a_long_name_costs_eight_questions),
		cmocka_unit_test(what_cannot_be_asked_on_the_way_is_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
