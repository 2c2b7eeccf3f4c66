/* What a settings file may say of outputs, and how its mistakes are told. */
#include "ship/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct arena arena;
static struct outputs outputs;
static struct problems problems;

static void read_list(const char *text)
{
	struct yaml_error error = {0};
	const struct yaml_node *root = yaml_read(&arena, text, strlen(text), &error);
	assert_non_null(root);
	problems = (struct problems){.path = "x.yaml"};
	outputs_read(&outputs, root, &arena, &problems);
}

static int end(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void assert_problem(size_t index, const char *wanted)
{
	assert_true(index < problems.count);
	assert_string_equal(problems.list[index].text, wanted);
}

static void an_output_is_named_after_its_type_and_gets_what_its_shipper_says(
	void **state)
{
	(void)state;
	read_list("- {type: file, path: /x}\n");
	assert_int_equal(problems.count, 0);
	assert_int_equal(outputs.count, 1);
	const struct output *output = outputs_find(&outputs, "file");
	assert_non_null(output);
	assert_int_equal(output->events, EVENT_ALL);
	assert_int_equal(output->least, SEVERITY_LOW);
	assert_string_equal(schema_text(&output->values, "path"), "/x");
	assert_true(schema_is(&output->values, "sync"));
	assert_null(outputs_find(&outputs, "other"));
}

static void every_mistake_is_told_with_its_place_and_the_nearest_name(void **state)
{
	(void)state;
	read_list("- {type: fiel, path: /x}\n"
		  "- {type: file, name: a b, path: /x}\n"
		  "- {type: file, name: one, pth: /x}\n"
		  "- {type: file, name: two, path: /x, severity: hgh}\n"
		  "- {type: file, name: three}\n"
		  "- {type: file, name: four, path: /x, events: [alert, mial]}\n"
		  "- {path: /x}\n"
		  "- {type: file, name: five, path: /x, path: /y}\n"
		  "- {type: file, name: six, path: /x, sync: perhaps}\n");
	assert_int_equal(outputs.count, 0);
	assert_int_equal(problems.count, 9);
	assert_problem(0,
		"x.yaml:1:10: unknown type of output \"fiel\"; did you mean \"file\"?");
	assert_problem(1,
		"x.yaml:2:22: name of an output takes 1 to 23 letters, digits, - and "
		"_");
	assert_problem(2,
		"x.yaml:3:27: unknown key of output one \"pth\"; did you mean "
		"\"path\"?");
	assert_problem(
		3, "x.yaml:4:47: unknown severity \"hgh\"; did you mean \"high\"?");
	assert_problem(4, "x.yaml:5:3: output three lacks \"path\"");
	assert_problem(
		5, "x.yaml:6:54: unknown events \"mial\"; did you mean \"mail\"?");
	assert_problem(6, "x.yaml:7:3: an output lacks its \"type\"");
	assert_problem(7, "x.yaml:8:38: path is given twice");
	assert_problem(8, "x.yaml:9:43: sync takes yes or no, not \"perhaps\"");
}

static void no_list_and_two_of_one_name_are_mistakes(void **state)
{
	(void)state;
	read_list("{type: file}\n");
	assert_problem(0, "x.yaml:1:1: outputs takes a list, not a mapping");
	read_list("- {type: file, path: /x}\n- {type: file, path: /y}\n");
	assert_problem(0, "x.yaml:2:3: two outputs are named \"file\"");
}

static void more_outputs_than_there_are_places_are_a_mistake(void **state)
{
	(void)state;
	char text[2048];
	size_t len = 0;
	for (unsigned i = 0; i <= OUTPUTS_MAX; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"- {type: file, name: n%u, path: /x}\n", i);
	}
	read_list(text);
	assert_int_equal(outputs.count, OUTPUTS_MAX);
	assert_problem(0, "x.yaml:17:3: more outputs than 16");
}

/* --- keys of every kind, of a made table */

static const char *const COLOURS[] = {"red", "green", NULL};
static const char *const SIDES[] = {"left", "right", NULL};
static const struct schema_key KEYS[] = {
	{.name = "count",
		.kind = SCHEMA_NUMBER,
		.least = 2,
		.most = 5,
		.standard = "3"},
	{.name = "colours", .kind = SCHEMA_LIST, .words = COLOURS},
	{.name = "sides", .kind = SCHEMA_MAP, .names = SIDES, .words = COLOURS},
	{.name = "password", .kind = SCHEMA_SECRET},
	{.name = NULL},
};
static struct schema_values values;

static void read_keys(const char *text)
{
	struct yaml_error error = {0};
	const struct yaml_node *root = yaml_read(&arena, text, strlen(text), &error);
	const struct schema_reader reader = {
		.arena = &arena, .problems = &problems, .what = "thing"};
	assert_non_null(root);
	problems = (struct problems){.path = "x.yaml"};
	values = (struct schema_values){.keys = KEYS};
	schema_read(&reader, root, &values, NULL);
}

static void every_kind_of_key_is_read(void **state)
{
	(void)state;
	read_keys("count: 5\ncolours: [green, red]\nsides: {right: red}\n");
	assert_int_equal(problems.count, 0);
	assert_int_equal(schema_number(&values, "count"), 5);
	assert_int_equal(schema_count(&values, "colours"), 2);
	assert_string_equal(schema_item(&values, "colours", 1), "red");
	assert_string_equal(schema_mapped(&values, "sides", "right"), "red");
	assert_null(schema_mapped(&values, "sides", "left"));
	read_keys("colours: red\n");
	assert_int_equal(schema_number(&values, "count"), 3);
	assert_int_equal(schema_count(&values, "colours"), 1);
}

static void what_is_out_of_bounds_or_no_word_is_told(void **state)
{
	(void)state;
	read_keys("count: 6\ncolours: [gren]\nsides: {rigt: red, left: gren}\n");
	assert_int_equal(problems.count, 4);
	assert_problem(0, "x.yaml:1:8: count takes 2 to 5, not \"6\"");
	assert_problem(
		1, "x.yaml:2:11: unknown colours \"gren\"; did you mean \"green\"?");
	assert_problem(
		2, "x.yaml:3:9: unknown sides \"rigt\"; did you mean \"right\"?");
	assert_problem(
		3, "x.yaml:3:26: unknown sides \"gren\"; did you mean \"green\"?");
	static const char *const NO_NUMBERS[] = {
		"count: -3", "count: 3x", "count: \" 3\"", "count: [3]", "count: +3"};
	for (size_t i = 0; i < sizeof(NO_NUMBERS) / sizeof(NO_NUMBERS[0]); i++) {
		read_keys(NO_NUMBERS[i]);
		assert_int_equal(problems.count, 1);
	}
}

static void a_secret_in_the_file_is_refused_and_never_repeated(void **state)
{
	(void)state;
	read_keys("password: hunter2\n");
	assert_int_equal(problems.count, 1);
	assert_non_null(strstr(problems.list[0].text, "password_file"));
	assert_non_null(strstr(problems.list[0].text, "password_env"));
	assert_null(strstr(problems.list[0].text, "hunter2"));
}

static void a_secret_is_read_from_a_file_or_a_variable(void **state)
{
	(void)state;
	char secret[64];
	char path[] = "/tmp/test_output.XXXXXX";
	char text[128];
	struct reason why;
	const int file = mkstemp(path);
	assert_int_equal(write(file, "hunter2\nmore\n", 13), 13);
	(void)snprintf(text, sizeof(text), "password_file: %s\n", path);
	read_keys(text);
	assert_true(schema_secret(&values, "password", secret, sizeof(secret), &why));
	assert_string_equal(secret, "hunter2");
	/* a part of it is no secret, and nothing of it stays */
	char cut[5] = "xxxx";
	assert_false(schema_secret(&values, "password", cut, sizeof(cut), &why));
	assert_non_null(strstr(why.text, "too long"));
	assert_memory_equal(cut, "\0\0\0\0", sizeof(cut));
	assert_int_equal(fchmod(file, 0644), 0);
	assert_false(schema_secret(&values, "password", secret, sizeof(secret), &why));
	assert_non_null(strstr(why.text, "everybody"));
	assert_int_equal(unlink(path), 0);
	assert_false(schema_secret(&values, "password", secret, sizeof(secret), &why));
	(void)close(file);

	assert_int_equal(setenv("TEST_OUTPUT_SECRET", "hunter3", 1), 0);
	read_keys("password_env: TEST_OUTPUT_SECRET\n");
	assert_true(schema_secret(&values, "password", secret, sizeof(secret), &why));
	assert_string_equal(secret, "hunter3");
	assert_int_equal(unsetenv("TEST_OUTPUT_SECRET"), 0);
	assert_false(schema_secret(&values, "password", secret, sizeof(secret), &why));

	read_keys("count: 2\n");
	assert_true(schema_secret(&values, "password", secret, sizeof(secret), &why));
	assert_string_equal(secret, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_output_is_named_after_its_type_and_gets_what_its_shipper_says),
		cmocka_unit_test(
			every_mistake_is_told_with_its_place_and_the_nearest_name),
		cmocka_unit_test(no_list_and_two_of_one_name_are_mistakes),
		cmocka_unit_test(more_outputs_than_there_are_places_are_a_mistake),
		cmocka_unit_test(every_kind_of_key_is_read),
		cmocka_unit_test(what_is_out_of_bounds_or_no_word_is_told),
		cmocka_unit_test(a_secret_in_the_file_is_refused_and_never_repeated),
		cmocka_unit_test(a_secret_is_read_from_a_file_or_a_variable),
	};
	return cmocka_run_group_tests(tests, NULL, end);
}
