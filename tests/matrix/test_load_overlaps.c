/* One address, one owner: what is in two groups or zones, and what only stands inside. */
#include "made_matrix.h"

#define GROUPS(a, b)                                                  \
	"schema: 1\ngroups:\n a: {role: relay, addresses: [" a "]}\n" \
	" b: {role: mailbox, addresses: [" b "]}\n"                   \
	"rows: [{id: r, from: a, to: b, protocols: smtp}]\n"

static void assert_loads(const char *text)
{
	struct matrix_problems problems;
	struct matrix *matrix = load_text(text, &problems);
	if (!matrix) {
		fail_msg("%s", problems.list[0].text);
	}
	matrix_free(matrix);
}

static size_t errors_of(const char *text)
{
	struct matrix_problems problems;
	assert_null(load_text(text, &problems));
	const size_t count = problems.count;
	matrix_problems_free(&problems);
	return count;
}

static void an_address_in_two_groups_names_both(void **state)
{
	(void)state;
	assert_refused(GROUPS("192.0.2.1", "192.0.2.1"),
		"made.yaml:4:33: 192.0.2.1 is in two groups: a (made.yaml:3) and b");
	assert_refused(GROUPS("2001:db8::/32", "2001:db8::/32"),
		"2001:db8::/32 is in two groups: a (made.yaml:3) and b");
}

static void two_ranges_that_cross_are_found_where_the_second_begins(void **state)
{
	(void)state;
	assert_refused(GROUPS("192.0.2.1-192.0.2.9", "192.0.2.8-192.0.2.12"),
		"192.0.2.8 is in two groups: a (made.yaml:3) and b");
	assert_refused(GROUPS("192.0.2.1-192.0.2.9", "192.0.2.9-192.0.2.12"),
		"192.0.2.9 is in two groups: a (made.yaml:3) and b");
	assert_refused(GROUPS("192.0.2.8-192.0.2.12", "192.0.2.1-192.0.2.9"),
		"192.0.2.8 is in two groups: b (made.yaml:4) and a");
}

static void one_that_stands_inside_another_is_fine(void **state)
{
	(void)state;
	assert_loads(GROUPS("192.0.2.0/24", "192.0.2.64/26"));
	assert_loads(GROUPS("192.0.2.64-192.0.2.70", "192.0.2.0/24"));
	assert_loads(GROUPS("192.0.2.0/30", "192.0.2.0/24"));
	assert_loads(GROUPS("192.0.2.1-192.0.2.9", "192.0.2.5-192.0.2.6"));
}

/* Which of the two is meant? Both are written as 192.0.2.2/31 and more. */
static void ranges_made_of_an_equal_prefix_do_not_stand_inside(void **state)
{
	(void)state;
	assert_refused(GROUPS("192.0.2.1-192.0.2.9", "192.0.2.2-192.0.2.8"),
		"192.0.2.2/31 is in two groups: a (made.yaml:3) and b");
}

static void neighbours_do_not_overlap(void **state)
{
	(void)state;
	assert_loads(GROUPS("192.0.2.1-192.0.2.9", "192.0.2.10-192.0.2.12"));
	assert_loads(GROUPS("192.0.2.0/25", "192.0.2.128/25"));
}

static void behind_one_inside_the_wider_one_is_still_looked_at(void **state)
{
	(void)state;
	assert_refused(
		GROUPS("192.0.2.1-192.0.2.20, 192.0.2.2", "192.0.2.18-192.0.2.30"),
		"192.0.2.18 is in two groups: a (made.yaml:3) and b");
}

static void a_group_may_repeat_itself(void **state)
{
	(void)state;
	assert_loads(GROUPS("192.0.2.1, 192.0.2.1", "192.0.2.9"));
	assert_loads(GROUPS("192.0.2.1-192.0.2.5, 192.0.2.3-192.0.2.8", "192.0.2.9"));
}

static void the_same_range_twice_is_told_once(void **state)
{
	(void)state;
	/* eight prefixes are equal */
	assert_int_equal(
		errors_of(GROUPS("192.0.2.1-192.0.2.30", "192.0.2.1-192.0.2.30")), 1);
	assert_int_equal(
		errors_of(GROUPS("192.0.2.1, 192.0.2.3", "192.0.2.1, 192.0.2.3")), 2);
}

static void zones_are_told_as_zones(void **state)
{
	(void)state;
	assert_refused("schema: 1\nzones:\n internal: 192.0.2.0/24\n vpn: "
		       "192.0.2.0/24\nrows: [{id: r, from: vpn, to: internal, "
		       "protocols: imap}]\n",
		"made.yaml:4:7: 192.0.2.0/24 is in two zones: internal (made.yaml:3) "
		"and vpn");
}

static void a_zone_and_a_group_may_hold_the_same(void **state)
{
	(void)state;
	assert_loads("schema: 1\nzones: {internal: 192.0.2.1}\n"
		     "groups: {a: {role: relay, addresses: 192.0.2.1}}\n"
		     "rows: [{id: r, from: a, to: internet, protocols: smtp}]\n");
}

static void both_files_are_named(void **state)
{
	(void)state;
	static const char first[] =
		"schema: 1\ngroups: {a: {role: relay, addresses: 192.0.2.1}}\n";
	static const char second[] =
		"schema: 1\ngroups: {b: {role: relay, addresses: 192.0.2.1}}\n";
	static const char third[] =
		"schema: 1\nrows: [{id: r, from: a, to: b, protocols: smtp}]\n";
	const struct matrix_source sources[] = {{"a.yaml", first, strlen(first)},
		{"b.yaml", second, strlen(second)}, {"c.yaml", third, strlen(third)}};
	struct matrix_problems problems;
	assert_null(matrix_load_sources(sources, 3, &problems));
	assert_string_equal(problems.list[0].text,
		"b.yaml:2:38: 192.0.2.1 is in two groups: a (a.yaml:2) and b");
	matrix_problems_free(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_in_two_groups_names_both),
		cmocka_unit_test(
			two_ranges_that_cross_are_found_where_the_second_begins),
		cmocka_unit_test(one_that_stands_inside_another_is_fine),
		cmocka_unit_test(ranges_made_of_an_equal_prefix_do_not_stand_inside),
		cmocka_unit_test(neighbours_do_not_overlap),
		cmocka_unit_test(behind_one_inside_the_wider_one_is_still_looked_at),
		cmocka_unit_test(a_group_may_repeat_itself),
		cmocka_unit_test(the_same_range_twice_is_told_once),
		cmocka_unit_test(zones_are_told_as_zones),
		cmocka_unit_test(a_zone_and_a_group_may_hold_the_same),
		cmocka_unit_test(both_files_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
