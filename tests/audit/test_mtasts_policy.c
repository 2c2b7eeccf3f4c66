/* MTA-STS policies as web servers have them: RFC 8461, section 3.2, and which names they cover. */
#include "audit/mtasts_policy.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <stdlib.h>

#define HEAD  "version: STSv1\nmode: enforce\nmax_age: 604800\n"
#define WHOLE HEAD "mx: a.example\n"

struct row {
	const char *text;
	const char *why; /* a part of it; NULL: it is one */
};

static void a_policy_has_a_version_a_mode_an_age_and_hosts(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{WHOLE, NULL},
		{"mx:*.a.example\r\nmax_age:0\r\nmode:testing\r\nversion:STSv1", NULL},
		{" version : STSv1 \n\n mode: enforce\nmax_age: 31557600\nmx: a\n",
			NULL},
		{WHOLE "later: anything: at all\n", NULL},
		{"version: STSv1\nmode: none\nmax_age: 1\n", NULL},
		{"", "it has no version"},
		{"mode: enforce\nmax_age: 1\nmx: a.example\n", "it has no version"},
		{"version: STSv1\nmax_age: 1\nmx: a.example\n", "it has no mode"},
		{"version: STSv1\nmode: enforce\nmx: a.example\n", "it has no max_age"},
		{HEAD, "it has no mx"},
		{"version: stsv1\n", "version is stsv1"},
		{"version: STSv12\n", "version is STSv12"},
		{"version: STSv1\nmode: Enforce\n", "mode is Enforce"},
		{"version: STSv1\nmode:\n", "mode is"},
		{"max_age: 31557601\n", "max_age"},
		{"max_age: -1\n", "max_age"},
		{"max_age: 1d\n", "max_age"},
		{"max_age:\n", "max_age"},
		{"max_age: 99999999999999999999\n", "max_age"},
		{WHOLE "mx\n", "a line is no"},
		{"<html>\n", "a line is no"},
		{HEAD "mx: *\n", "mx is no name"},
		{HEAD "mx: *.\n", "mx is no name"},
		{HEAD "mx: a.*.example\n", "mx is no name"},
		{HEAD "mx: *.*.example\n", "mx is no name"},
		{HEAD "mx: a..example\n", "mx is no name"},
		{HEAD "mx:\n", "mx is no name"},
	};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct mtasts_policy policy;
		struct reason why = {.text = ""};
		const bool is_one = mtasts_read(text_from(ROWS[i].text), &policy, &why);
		assert_int_equal(is_one, ROWS[i].why == NULL);
		if (!is_one && !strstr(why.text, ROWS[i].why)) {
			fail_msg("%s: %s", ROWS[i].text, why.text);
		}
	}
}

static void of_a_key_that_stands_twice_the_first_counts_but_each_mx(void **state)
{
	(void)state;
	struct mtasts_policy policy;
	struct reason why;
	assert_true(mtasts_read(
		text_from(WHOLE "mode: none\nmax_age: 5\nmx: *.b.example\n"), &policy,
		&why));
	assert_int_equal(policy.mode, MTASTS_ENFORCE);
	assert_string_equal(mtasts_mode_name(policy.mode), "enforce");
	assert_int_equal(policy.max_age_s, 604800);
	assert_int_equal(policy.mx_count, 2);
	assert_string_equal(policy.mx[0].name, "a.example");
	assert_string_equal(policy.mx[1].name, "*.b.example");
}

static void a_policy_has_no_more_hosts_than_there_is_room_for(void **state)
{
	(void)state;
	struct mtasts_policy policy;
	struct reason why;
	char text[4096] = HEAD;
	for (unsigned i = 0; i < MTASTS_MX_MAX; i++) {
		strcat(text, "mx: a.example\n");
	}
	assert_true(mtasts_read(text_from(text), &policy, &why));
	assert_int_equal(policy.mx_count, MTASTS_MX_MAX);
	strcat(text, "mx: a.example\n");
	assert_false(mtasts_read(text_from(text), &policy, &why));
}

static void a_star_stands_for_one_label(void **state)
{
	(void)state;
	assert_true(mtasts_matches("mx.example.org", "MX.example.org"));
	assert_false(mtasts_matches("mx.example.org", "a.mx.example.org"));
	assert_false(mtasts_matches("mx.example.org", "mx.example.or"));
	assert_true(mtasts_matches("*.example.org", "mx.example.org"));
	assert_true(mtasts_matches("*.Example.org", "mx.example.org"));
	assert_false(mtasts_matches("*.example.org", "a.mx.example.org"));
	assert_false(mtasts_matches("*.example.org", "example.org"));
	assert_false(mtasts_matches("*.example.org", ".example.org"));
	assert_false(mtasts_matches("*.example.org", "localhost"));
}

/* Every length, on an exact heap copy: none of them reads past its end. */
static void a_policy_may_end_anywhere(void **state)
{
	(void)state;
	static const char TEXT[] = WHOLE "mx: *.b.example\r\nx: y";
	for (size_t len = 0; len < sizeof(TEXT); len++) {
		struct mtasts_policy policy;
		struct reason why;
		uint8_t *copy = malloc(len + (len == 0));
		assert_non_null(copy);
		memcpy(copy, TEXT, len);
		const struct text text = {copy, len};
		const bool is_one = mtasts_read(text, &policy, &why);
		assert_true(!is_one || len >= sizeof(HEAD "mx: a") - 1);
		assert_true(is_one || len != sizeof(WHOLE) - 1);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_has_a_version_a_mode_an_age_and_hosts),
		cmocka_unit_test(
			of_a_key_that_stands_twice_the_first_counts_but_each_mx),
		cmocka_unit_test(a_policy_has_no_more_hosts_than_there_is_room_for),
		cmocka_unit_test(a_star_stands_for_one_label),
		cmocka_unit_test(a_policy_may_end_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
