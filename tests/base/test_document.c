/* JSON read and built by paths. */
#include "ship/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct document document;

static void parse(const char *text)
{
	assert_true(document_parse(&document, text, strlen(text)));
}

static int end(void **state)
{
	(void)state;
	document_free(&document);
	return 0;
}

static void members_are_found_by_their_paths(void **state)
{
	(void)state;
	uint64_t number = 0;
	bool is_true = false;
	parse("{\"a\":{\"b\":\"x\",\"n\":7,\"f\":true,\"l\":[\"p\",2]},\"z\":null}");
	assert_string_equal(document_text(&document, "a.b"), "x");
	assert_true(document_number(&document, "a.n", &number));
	assert_int_equal(number, 7);
	assert_true(document_flag(&document, "a.f", &is_true) && is_true);
	assert_int_equal(document_count(&document, "a.l"), 2);
	assert_string_equal(document_item(&document, "a.l", 0), "p");
	assert_null(document_item(&document, "a.l", 1));
	assert_null(document_item(&document, "a.l", 2));
}

static void what_is_missing_or_of_another_kind_is_none(void **state)
{
	(void)state;
	uint64_t number;
	bool is_true;
	parse("{\"a\":{\"n\":-1},\"t\":\"x\",\"z\":null}");
	assert_null(document_text(&document, "a"));
	assert_null(document_text(&document, "a.n.more"));
	assert_null(document_text(&document, "z"));
	assert_null(document_text(&document, "t.x"));
	assert_null(document_text(&document, ""));
	assert_false(document_number(&document, "a.n", &number));
	assert_false(document_number(&document, "t", &number));
	assert_false(document_flag(&document, "t", &is_true));
	assert_int_equal(document_count(&document, "t"), 0);
}

static void what_is_no_object_is_refused(void **state)
{
	(void)state;
	static const char *const WRONG[] = {"", "[]", "7", "{", "{\"a\":1,\"a\":2}",
		"{\"a\":\"\\u0000\"}", "{\"a\":\"\xff\"}", "{} {}"};
	for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
		assert_false(document_parse(&document, WRONG[i], strlen(WRONG[i])));
	}
}

static void what_is_built_is_one_line_of_json(void **state)
{
	(void)state;
	char text[200];
	struct document from;
	assert_true(document_parse(&from, "{\"v\":{\"w\":[1,2]}}", 17));
	assert_true(document_start(&document));
	document_set_text(&document, "a.b.c", "x\n\"y\"");
	document_set_text(&document, "a.none", NULL);
	document_set_text(&document, "a.empty", "");
	document_set_number(&document, "a.n", 7);
	document_set_flag(&document, "f", true);
	document_add_text(&document, "l", "one");
	document_add_text(&document, "l", "two");
	document_add_text(&document, "l", NULL);
	document_copy(&document, "copied", &from, "v.w");
	document_copy(&document, "nothing", &from, "v.x");
	document_set_number(&document, "gone", 1);
	document_remove(&document, "gone");
	document_free(&from);
	const size_t len = document_write(&document, text, sizeof(text));
	static const char WANTED[] =
		"{\"a\":{\"b\":{\"c\":\"x\\n\\\"y\\\"\"},\"n\":7},\"f\":true,"
		"\"l\":[\"one\",\"two\"],\"copied\":[1,2]}";
	assert_int_equal(len, strlen(WANTED));
	assert_memory_equal(text, WANTED, len);
	assert_true(document_write(&document, text, 10) > 10);
}

static void note(void *context, const char *path, const char *number)
{
	char *all = (char *)context;
	(void)snprintf(all + strlen(all), 100 - strlen(all), "%s=%s ", path, number);
}

static void every_number_below_a_path_is_visited(void **state)
{
	(void)state;
	char all[100] = "";
	parse("{\"s\":{\"a\":1,\"b\":{\"c\":2,\"t\":\"x\"}},\"o\":3}");
	document_visit_numbers(&document, "s", note, all);
	assert_string_equal(all, "a=1 b.c=2 ");
}

static void a_date_has_no_fraction(void **state)
{
	(void)state;
	parse("{\"a\":\"2026-01-31T12:00:00\",\"b\":\"2026-01-31T12:00:00.000001+"
	      "0000\","
	      "\"c\":\"2026-01-31\",\"d\":7,\"e\":\"1960-01-01T00:00:00\"}");
	assert_int_equal(document_date(&document, "a"), INT64_C(1769860800));
	assert_int_equal(document_date(&document, "b"), 0);
	assert_int_equal(document_date(&document, "c"), 0);
	assert_int_equal(document_date(&document, "d"), 0);
	assert_int_equal(document_date(&document, "e"), INT64_C(-315619200));
	assert_int_equal(document_date(&document, "none"), 0);
}

static void an_event_knows_its_kind_severity_and_time(void **state)
{
	(void)state;
	static const char LINE[] =
		"{\"timestamp\":\"2026-01-31T12:00:00.000001+0000\",\"event_type\":"
		"\"alert\",\"alert\":{\"severity\":3,\"metadata\":{\"finding\":\"f\"}}"
		"}";
	const struct journal_line line = {
		.text = LINE, .len = sizeof(LINE) - 1, .position = 5, .end = 9};
	struct event event;
	assert_true(event_read(&event, &line));
	assert_int_equal(event.kind, EVENT_ALERT);
	assert_int_equal(event.severity, SEVERITY_MEDIUM);
	assert_int_equal(event.time_us, UINT64_C(1769860800000001));
	assert_int_equal(event.position, 5);
	assert_string_equal(event_finding(&event), "f");
	event_free(&event);
}

static void letters_stay_and_what_steers_a_terminal_is_escaped(void **state)
{
	(void)state;
	static const char WANTED[] =
		"{\"a\":\"\303\251\344\276\213\\u202e\\u009b\\u007f\\u2028x\"}";
	char text[100];
	parse("{\"a\":\"\\u00e9\\u4f8b\\u202e\\u009b\\u007f\\u2028x\"}");
	const size_t len = document_write(&document, text, sizeof(text));
	assert_int_equal(len, sizeof(WANTED) - 1);
	assert_memory_equal(text, WANTED, len);
	for (size_t size = 0; size < len; size++) {
		char *exact = malloc(size > 0 ? size : 1);
		assert_non_null(exact);
		assert_int_equal(document_write(&document, exact, size), len);
		free(exact);
	}
}

static void count_member(void *context, const char *name)
{
	char *names = (char *)context;
	(void)strcat(names, name);
	(void)strcat(names, " ");
}

static void a_list_takes_each_text_once(void **state)
{
	(void)state;
	parse("{}");
	document_add_text(&document, "l", "a");
	document_add_text(&document, "l", "b");
	document_add_text(&document, "l", "a");
	document_add_text(&document, "l", "");
	document_add_text(&document, "none", NULL);
	assert_int_equal(document_count(&document, "l"), 2);
	assert_string_equal(document_item(&document, "l", 1), "b");
	assert_int_equal(document_count(&document, "none"), 0);
}

static void every_member_of_an_object_is_visited(void **state)
{
	(void)state;
	char names[40] = "";
	parse("{\"m\":{\"a\":1,\"b\":null,\"c\":{\"d\":2}},\"l\":[1]}");
	document_visit_members(&document, "m", count_member, names);
	document_visit_members(&document, "l", count_member, names);
	document_visit_members(&document, "none", count_member, names);
	assert_string_equal(names, "a b c ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(members_are_found_by_their_paths, end),
		cmocka_unit_test_teardown(
			what_is_missing_or_of_another_kind_is_none, end),
		cmocka_unit_test(what_is_no_object_is_refused),
		cmocka_unit_test_teardown(a_date_has_no_fraction, end),
		cmocka_unit_test_teardown(what_is_built_is_one_line_of_json, end),
		cmocka_unit_test_teardown(every_number_below_a_path_is_visited, end),
		cmocka_unit_test(an_event_knows_its_kind_severity_and_time),
		cmocka_unit_test_teardown(
			letters_stay_and_what_steers_a_terminal_is_escaped, end),
		cmocka_unit_test_teardown(a_list_takes_each_text_once, end),
		cmocka_unit_test_teardown(every_member_of_an_object_is_visited, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
