#include "interchange/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct yaml_node *read_text(struct arena *arena, const char *text)
{
	struct yaml_error error;
	const struct yaml_node *root = yaml_read(arena, text, strlen(text), &error);
	if (!root) {
		fail_msg("%u:%u: %s", error.line, error.column, error.text);
	}
	return root;
}

/* Malloced. */
static char *written(const struct yaml_node *root, bool is_json)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	if (is_json) {
		tree_write_json(root, out);
	} else {
		tree_write_yaml(root, out);
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

static void values_that_look_like_something_else_are_quoted_and_come_back(void **state)
{
	(void)state;
	struct arena arena = {.newest = NULL};
	static const char TEXT[] =
		"rows: [{a: \"\", b: \"null\", c: \"1.2\", d: \"x: y\", e: \"- z\", "
		"f: \"\\\"\\\\\", g: \"2001:db8::1\", h: \"#\", i: 192.0.2.0/24, j: "
		"[\"*\", "
		"\"a, b\"], k: {l: \"~\"}}]";
	const struct yaml_node *root = read_text(&arena, TEXT);
	char *yaml = written(root, false);
	char *json = written(root, true);
	char *again = written(read_text(&arena, yaml), true);
	assert_string_equal(again, json);
	free(again);
	again = written(read_text(&arena, json), false);
	assert_string_equal(again, yaml);
	assert_non_null(strstr(yaml, "i: 192.0.2.0/24"));
	assert_non_null(strstr(yaml, "c: \"1.2\""));
	free(again);
	free(yaml);
	free(json);
	arena_free(&arena);
}

static void files_are_joined_key_by_key_in_their_order(void **state)
{
	(void)state;
	struct arena arena = {.newest = NULL};
	const struct yaml_node *roots[] = {
		read_text(&arena, "rows: [{id: 1}]\nzones: {a: x}\nschema: 1"),
		read_text(&arena, "schema: 1\nzones:\nprofile: anssi\nrows: [{id: 2}]"),
		read_text(&arena, "schema: 1\nzones: {b: y}"),
	};
	char *text = written(tree_join(&arena, roots, 3), false);
	assert_string_equal(text, "schema: 1\nprofile: anssi\nzones:\n  a: x\n  b: y\n"
				  "rows:\n  - {id: 1}\n  - {id: 2}\n");
	free(text);
	roots[0] = read_text(&arena, "schema: 1\nzones:\nrows: [{id: 1}]");
	text = written(tree_join(&arena, roots, 1), false);
	assert_string_equal(text, "schema: 1\nrows:\n  - {id: 1}\n");
	free(text);
	roots[0] = read_text(&arena, "rows: [{id: 1}]\nzones: {a: x}\nschema: 1");
	text = written(roots[0], false);
	assert_string_equal(text, "rows:\n  - {id: 1}\nzones:\n  a: x\nschema: 1\n");
	free(text);
	arena_free(&arena);
}

static void a_value_is_found_by_its_key(void **state)
{
	(void)state;
	struct arena arena = {.newest = NULL};
	const struct yaml_node *root = read_text(&arena, "{a: b, c: [d, e]}");
	assert_string_equal(tree_text(root, "a"), "b");
	assert_null(tree_text(root, "c"));
	assert_null(tree_get(root, "b"));
	assert_string_equal(tree_items(tree_get(root, "c"))->text, "d");
	assert_string_equal(tree_items(tree_get(root, "a"))->text, "b");
	assert_null(tree_items(NULL));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			values_that_look_like_something_else_are_quoted_and_come_back),
		cmocka_unit_test(files_are_joined_key_by_key_in_their_order),
		cmocka_unit_test(a_value_is_found_by_its_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
