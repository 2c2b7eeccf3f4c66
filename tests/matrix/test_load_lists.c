#include "made_matrix.h"

#define ROWS "rows: [{id: M-1, from: relay, to: mx-out, protocols: smtp}]\n"

static void a_list_has_a_kind_a_file_and_a_severity_by_its_kind(void **state)
{
	(void)state;
	struct matrix_problems problems;
	const char text[] = HEAD ROWS
		"lists:\n"
		"  drop: {kind: deny, file: feeds/drop.json, format: ndjson}\n"
		"  slow: {kind: temporary, file: /var/lib/slow, severity: low, "
		"shrinks: yes}\n"
		"  wait: {kind: temporary}\n"
		"  ours: {kind: allow, file: ours.csv}\n";
	const struct matrix_source source = {"/etc/m/made.yaml", text, strlen(text)};
	struct matrix *matrix = matrix_load_sources(&source, 1, &problems);
	assert_non_null(matrix);
	size_t count;
	const struct matrix_list *lists = matrix_lists(matrix, &count);
	assert_int_equal(count, 4);
	assert_string_equal(lists[0].name, "drop");
	assert_string_equal(lists[0].file, "/etc/m/feeds/drop.json");
	assert_int_equal(lists[0].format, MATRIX_LIST_FORMAT_NDJSON);
	assert_int_equal(lists[0].severity, 2);
	assert_false(lists[0].may_shrink);
	assert_string_equal(lists[1].file, "/var/lib/slow");
	assert_int_equal(lists[1].kind, MATRIX_LIST_TEMPORARY);
	assert_int_equal(lists[1].severity, 4);
	assert_true(lists[1].may_shrink);
	assert_null(lists[2].file);
	assert_int_equal(lists[2].severity, 3);
	assert_int_equal(lists[3].severity, 0);
	matrix_free(matrix);
}

static void mistakes_in_lists_are_told_with_their_place(void **state)
{
	(void)state;
	assert_refused(
		HEAD ROWS "lists: {a: {kind: denied}}\n", "did you mean \"deny\"?");
	assert_refused(HEAD ROWS "lists: {a: {file: x}}\n",
		"made.yaml:11:12: list a has no \"kind\"");
	assert_refused(
		HEAD ROWS "lists: {a: {kind: deny}, a: {kind: deny}}\n", "\"a\"");
	assert_refused(HEAD ROWS "lists: {a: {kind: allow, severity: low}}\n",
		"so it has no severity");
	assert_refused(HEAD ROWS "lists: {a: {kind: deny, formt: csv}}\n",
		"did you mean \"format\"?");
	assert_refused(HEAD ROWS "lists: [a]\n", "must be a mapping of names");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_has_a_kind_a_file_and_a_severity_by_its_kind),
		cmocka_unit_test(mistakes_in_lists_are_told_with_their_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
