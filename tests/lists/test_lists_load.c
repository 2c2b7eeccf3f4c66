#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "made_lists.h"

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(made_folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	char command[128];
	(void)snprintf(command, sizeof(command), "rm -r %s", made_folder);
	return system(command);
}

/* 203.0.113.0 to .(count - 1), one a line. */
static const char *addresses(unsigned count)
{
	static char text[8192];
	size_t len = 0;
	text[0] = '\0';
	for (unsigned i = 0; i < count; i++) {
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "203.0.113.%u\n", i);
	}
	return text;
}

static const char LIST[] = "  d: {kind: deny, file: deny}\n";

static void a_file_that_is_not_usable_leaves_what_was_and_is_told(void **state)
{
	(void)state;
	static const struct {
		const char *bytes; /* NULL: there is none */
		const char *told;
	} BROKEN[] = {
		{NULL, "/deny: No such file or directory"},
		{"", "/deny is empty"},
		{"# nothing\n\n", "/deny is empty"},
		{"<html>\n<body>503</body>\n203.0.113.1\n", "/deny:1: "},
		{"203.0.113.0\n203.0.113.1\n203.0.113.2\n",
			"/deny shrank from 40 entries to 3"},
		{"{\"cidr\":\"203.0.113.0/33\"}\n", "/deny:1: "},
		{"0.0.0.0/0\n", "0.0.0.0/0 is wider than a list may deny"},
	};
	struct matrix *matrix = made_matrix(LIST);
	made_write("deny", addresses(40));
	struct lists *lists = made_lists(matrix, NULL);
	for (size_t i = 0; i < sizeof(BROKEN) / sizeof(BROKEN[0]); i++) {
		if (BROKEN[i].bytes) {
			made_write("deny", BROKEN[i].bytes);
		} else {
			char path[128];
			(void)snprintf(path, sizeof(path), "%s/deny", made_folder);
			assert_int_equal(unlink(path), 0);
		}
		assert_true(lists_are_stale(lists, -1));
		struct lists *next = made_lists(matrix, lists);
		size_t count = 0;
		const struct lists_list *list = lists_all(next, &count);
		assert_int_equal(count, 1);
		assert_true(list->is_kept);
		assert_int_equal(list->entries, 40);
		assert_non_null(strstr(list->problem.text, BROKEN[i].told));
		assert_string_equal(
			made_answer(next, "203.0.113.39"), "d 203.0.113.39");
		assert_string_equal(made_answer(next, "203.0.113.40"), "");
		assert_false(lists_are_stale(next, -1));
		lists_free(lists);
		lists = next;
	}
	made_write("deny", addresses(20)); /* half of it is left */
	struct lists *next = made_lists(matrix, lists);
	assert_string_equal(made_answer(next, "203.0.113.20"), "");
	assert_string_equal(made_answer(next, "203.0.113.19"), "d 203.0.113.19");
	size_t count = 0;
	assert_string_equal(lists_all(next, &count)->problem.text, "");
	lists_free(next);
	lists_free(lists);
	matrix_free(matrix);
}

static void a_list_that_shrinks_may_become_empty(void **state)
{
	(void)state;
	struct matrix *matrix =
		made_matrix("  d: {kind: temporary, file: deny, shrinks: yes}\n");
	made_write("deny", addresses(40));
	struct lists *lists = made_lists(matrix, NULL);
	made_write("deny", "# nobody\n");
	struct lists *next = made_lists(matrix, lists);
	assert_int_equal(lists_entry_count(next), 0);
	lists_free(next);
	lists_free(lists);
	matrix_free(matrix);
}

static void one_line_in_twenty_may_be_broken_and_is_told(void **state)
{
	(void)state;
	char text[1024];
	struct matrix *matrix = made_matrix(LIST);
	for (unsigned good = 18; good <= 19; good++) {
		(void)snprintf(text, sizeof(text), "%snonsense\n", addresses(good));
		made_write("deny", text);
		struct lists *lists = made_lists(matrix, NULL);
		size_t count = 0;
		const struct lists_list *list = lists_all(lists, &count);
		assert_int_equal(list->is_kept, good == 18);
		assert_int_equal(list->entries, good == 18 ? 0 : 19);
		assert_non_null(strstr(
			list->problem.text, good == 18 ? "/deny:19: " : "/deny:20: "));
		lists_free(lists);
	}
	matrix_free(matrix);
}

static void hits_stay_with_an_entry_while_it_is_listed(void **state)
{
	(void)state;
	struct matrix *matrix = made_matrix(LIST);
	made_write("deny", "203.0.113.9\n203.0.113.7\nbad.example\n");
	struct lists *lists = made_lists(matrix, NULL);
	const struct lists_match nowhere = {.entry = LISTS_NONE};
	const struct lists_match host = made_find(lists, "203.0.113.9");
	const struct lists_match domain = made_find(lists, "bad.example");
	lists_count_hit(lists, &host);
	lists_count_hit(lists, &host);
	lists_count_hit(lists, &domain);
	lists_count_hit(lists, &nowhere);
	assert_int_equal(lists_hits(lists, 0), 3);
	assert_int_equal(lists_hits(lists, 1), 0);
	made_write("deny", "203.0.113.8\n203.0.113.9\n0a.example\nbad.example\n");
	struct lists *next = made_lists(matrix, lists);
	static const struct {
		const char *asked;
		uint32_t hits;
	} HITS[] = {{"203.0.113.9", 2}, {"203.0.113.8", 0}, {"bad.example", 1},
		{"0a.example", 0}};
	for (size_t i = 0; i < sizeof(HITS) / sizeof(HITS[0]); i++) {
		struct lists_entry entry;
		lists_describe(next, made_find(next, HITS[i].asked).entry, &entry);
		assert_int_equal(entry.hits, HITS[i].hits);
	}
	lists_free(next);
	lists_free(lists);
	matrix_free(matrix);
}

static void what_is_there_twice_is_one_entry_that_lasts_longest(void **state)
{
	(void)state;
	struct matrix *matrix = made_matrix(LIST);
	made_write("deny", "203.0.113.9 expires=2026-11-30 one\n"
			   "203.0.113.9 expires=2026-12-24 two\n"
			   "203.0.113.9 expires=2026-12-01 three\n");
	struct lists *lists = made_lists(matrix, NULL);
	struct lists_entry entry;
	size_t count = 0;
	assert_int_equal(lists_entry_count(lists), 1);
	assert_int_equal(lists_all(lists, &count)->duplicates, 2);
	lists_describe(lists, 0, &entry);
	assert_string_equal(entry.reason, "two");
	lists_free(lists);
	matrix_free(matrix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_that_is_not_usable_leaves_what_was_and_is_told),
		cmocka_unit_test(a_list_that_shrinks_may_become_empty),
		cmocka_unit_test(one_line_in_twenty_may_be_broken_and_is_told),
		cmocka_unit_test(hits_stay_with_an_entry_while_it_is_listed),
		cmocka_unit_test(what_is_there_twice_is_one_entry_that_lasts_longest),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
