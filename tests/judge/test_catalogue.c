#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/catalogue.h"

#include <regex.h>
#include <stdbool.h>
#include <string.h>

static void assert_matches(const char *text, const char *pattern)
{
	regex_t regex;
	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&regex, text, 0, NULL, 0) != 0) {
		fail_msg("'%s' does not match %s", text, pattern);
	}
	regfree(&regex);
}

static void every_finding_is_described_whole(void **state)
{
	(void)state;
	for (int i = 0; i < FINDING_COUNT; i++) {
		const struct finding_row *row = finding_row((enum finding)i);
		assert_matches(row->id, "^[a-z]+\\.[a-z]+(-[a-z]+)*$");
		assert_in_range(row->severity, SEVERITY_CRITICAL, SEVERITY_LOW);
		assert_in_range(row->revision, 1, 255);
		assert_in_range(strlen(row->signature), 10, 49);
		assert_matches(row->meaning, "\\.$");
		assert_matches(row->action, "\\.$");
		assert_matches(row->false_positives, "\\.$");
		assert_true(strlen(finding_category((enum finding)i)) > 0);
	}
}

static void no_id_and_no_signature_is_used_twice(void **state)
{
	(void)state;
	for (int i = 0; i < FINDING_COUNT; i++) {
		const struct finding_row *row = finding_row((enum finding)i);
		for (int j = 0; j < i; j++) {
			const struct finding_row *other = finding_row((enum finding)j);
			assert_string_not_equal(row->id, other->id);
			assert_int_not_equal(row->signature_id, other->signature_id);
		}
	}
}

static void references_are_recommendations_and_current_techniques(void **state)
{
	(void)state;
	/* Numbers that ATT&CK v19 no longer has. */
	static const char *const MOVED[] = {
		"T1562", "T1562.004", "T1562.010", "T1656", "T1672"};
	for (int i = 0; i < FINDING_COUNT; i++) {
		const struct finding_row *row = finding_row((enum finding)i);
		for (int j = 0; j < 4 && row->recommendations[j] != NULL; j++) {
			assert_matches(row->recommendations[j],
				"^(R[0-9]+\\+?|SPF|DKIM|DMARC)$");
			assert_non_null(recommendation_text(row->recommendations[j]));
		}
		for (int j = 0; j < 4 && row->techniques[j] != NULL; j++) {
			assert_matches(row->techniques[j], "^T[0-9]{4}(\\.[0-9]{3})?$");
			for (size_t k = 0; k < sizeof(MOVED) / sizeof(*MOVED); k++) {
				assert_string_not_equal(row->techniques[j], MOVED[k]);
			}
		}
	}
}

static void every_technique_has_a_tactic_but_those_that_moved(void **state)
{
	(void)state;
	for (int i = 0; i < FINDING_COUNT; i++) {
		const struct finding_row *row = finding_row((enum finding)i);
		for (int j = 0; j < 4 && row->techniques[j] != NULL; j++) {
			const struct tactic *tactic = tactic_of(row->techniques[j]);
			const bool has_moved =
				strcmp(row->techniques[j], "T1684.002") == 0 ||
				strcmp(row->techniques[j], "T1689") == 0;
			assert_int_equal(tactic == NULL, has_moved);
			if (tactic) {
				assert_matches(tactic->id, "^TA[0-9]{4}$");
				assert_string_not_equal(tactic->name, "");
			}
		}
	}
	assert_null(tactic_of("T1071"));
	assert_null(recommendation_text("R3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_finding_is_described_whole),
		cmocka_unit_test(no_id_and_no_signature_is_used_twice),
		cmocka_unit_test(references_are_recommendations_and_current_techniques),
		cmocka_unit_test(every_technique_has_a_tactic_but_those_that_moved),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
