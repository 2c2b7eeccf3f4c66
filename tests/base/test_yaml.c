#include "base/yaml.h"

#include "../matrix/made_matrix.h"

static void a_megabyte_of_nesting_is_one_clear_error(void **state)
{
	(void)state;
	const size_t len = 1024 * 1024;
	char *deep = malloc(len + 1);
	memset(deep, '[', len);
	deep[len] = '\0';
	assert_refused(deep, "made.yaml:1:33: nested deeper than 32 levels");
	free(deep);
}

static void anchors_aliases_and_tags_are_refused_where_they_stand(void **state)
{
	(void)state;
	assert_refused("schema: 1\nrows: &x []\n", "made.yaml:2:7: anchor \"&x\"");
	assert_refused("schema: 1\nrows: *x\n", "made.yaml:2:7: alias \"*x\"");
	assert_refused("schema: !!int 1\n", "made.yaml:1:9: tag ");
	assert_refused("schema: 1\n---\nschema: 1\n", "a second document");
}

static void text_that_is_no_yaml_is_located(void **state)
{
	(void)state;
	assert_refused("schema: 1\nrows: [\n", "made.yaml:3:1: not YAML: ");
	assert_refused("schema: 1\n# d\xe9j\xe0\nrows:\n - {owner: \"si\xe8ge\"}\n",
		"made.yaml:2:4: not text in UTF-8 (is it Latin-1? save it as UTF-8)");
	assert_refused("schema: 1\nrows: # d\xc3\xa9j\xc3\xa0 vu\n\t- {}\n",
		"made.yaml:3:1: not YAML: a tab, where YAML wants spaces");
	assert_refused("schema: 1\nzones: {s\xc3\xa9: [2001:db8::1, ::1]}\n",
		"made.yaml:2:27: not YAML: a value that begins with \":\", as an IPv6 "
		"address may, belongs in quotes");
	assert_refused("schema: \"1\\0\"\n", "control character");
}

static void a_file_over_the_size_limit_is_refused_unread(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct yaml_error error;
	assert_null(yaml_read(&arena, "", YAML_BYTES_MAX + 1u, &error));
	assert_string_equal(error.text, "larger than 64 MB");
	arena_free(&arena);
}

static void too_many_values_are_refused(void **state)
{
	(void)state;
	const size_t len = 2u * YAML_NODES_MAX + 4;
	char *many = malloc(len);
	many[0] = '[';
	for (size_t i = 1; i < len; i++) {
		many[i] = i % 2 ? 'a' : ',';
	}
	struct arena arena = {0};
	struct yaml_error error;
	assert_null(yaml_read(&arena, many, len, &error));
	assert_non_null(strstr(error.text, "more than 2000000 values"));
	arena_free(&arena);
	free(many);
}

static void nodes_carry_line_and_column(void **state)
{
	(void)state;
	static const char text[] = "a:\n  - b\n  - {c: d}\n";
	struct arena arena = {0};
	struct yaml_error error;
	const struct yaml_node *root = yaml_read(&arena, text, strlen(text), &error);
	assert_non_null(root);
	assert_int_equal(root->kind, YAML_MAPPING);
	const struct yaml_node *list = root->first->next;
	assert_int_equal(list->kind, YAML_SEQUENCE);
	const struct yaml_node *inner = list->first->next;
	assert_int_equal(inner->line, 3);
	assert_int_equal(inner->column, 5);
	assert_string_equal(inner->first->next->text, "d");
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_megabyte_of_nesting_is_one_clear_error),
		cmocka_unit_test(anchors_aliases_and_tags_are_refused_where_they_stand),
		cmocka_unit_test(text_that_is_no_yaml_is_located),
		cmocka_unit_test(a_file_over_the_size_limit_is_refused_unread),
		cmocka_unit_test(too_many_values_are_refused),
		cmocka_unit_test(nodes_carry_line_and_column),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
