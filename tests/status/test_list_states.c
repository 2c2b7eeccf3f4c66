/* status/list_states: what is told of each list over loads. */
#include "status/list_states.h"

#include "lists/layout.h"
#include "lists/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_S INT64_C(1796000000)

/* A block with a list of each of these names, one letter each, as a loader leaves it. */
static struct lists *block_of(const char *names)
{
	struct reason why;
	struct lists *lists = lists_new(&why);
	assert_non_null(lists);
	for (size_t i = 0; names[i] != '\0'; i++) {
		struct lists_list *list = &lists->all[i];
		(void)snprintf(list->name, sizeof(list->name), "%c", names[i]);
		list->kind = MATRIX_LIST_DENY;
		list->entries = (uint32_t)i + 3;
		list->read_s = NOW_S;
		lists->list_count = (uint32_t)i + 1;
	}
	lists->counts[LISTS_IPV4] = 9; /* entries that may be hit */
	return lists;
}

static void hit(struct lists *lists, uint8_t list, unsigned times)
{
	const struct lists_match match = {.entry = 1, .list = list};
	for (unsigned i = 0; i < times; i++) {
		lists_count_hit(lists, &match);
	}
}

static void hits_go_with_the_name_of_a_list_and_never_back(void **state)
{
	(void)state;
	struct list_states *states = calloc(1, sizeof(*states));
	struct lists *first = block_of("ab");
	struct lists *next = block_of("cba");
	list_states_load(states, first, NOW_S);
	hit(first, 0, 5);
	hit(first, 1, 2);
	list_states_count(states, first);
	assert_int_equal(states->list[0].hits, 5);
	list_states_count(states, first); /* each once */
	assert_int_equal(states->list[0].hits, 5);
	/* what was counted in the old block while the new one was read is not in that */
	hit(next, 1, 1);
	hit(next, 2, 4);
	list_states_load(states, next, NOW_S);
	assert_int_equal(list_states_count_of(states), 3);
	assert_string_equal(states->list[2].name, "a");
	list_states_count(states, next);
	assert_int_equal(states->list[0].hits, 0);
	assert_int_equal(states->list[1].hits, 2);
	assert_int_equal(states->list[2].hits, 5);
	hit(next, 2, 3);
	list_states_count(states, next);
	assert_int_equal(states->list[2].hits, 8);
	assert_int_equal(states->list[2].entries, 5);
	lists_free(first);
	lists_free(next);
	free(states);
}

static void a_file_that_fails_in_one_way_failed_once(void **state)
{
	(void)state;
	struct list_states *states = calloc(1, sizeof(*states));
	struct lists *lists = block_of("a");
	list_states_load(states, lists, NOW_S);
	assert_int_equal(states->list[0].failures, 0);
	assert_int_equal(states->list[0].failed_s, 0);
	lists->all[0].is_kept = 1;
	(void)reason_set(&lists->all[0].problem, "a.txt is empty");
	list_states_load(states, lists, NOW_S + 10);
	list_states_load(states, lists, NOW_S + 20);
	assert_int_equal(states->list[0].failures, 1);
	assert_int_equal(states->list[0].failed_s, NOW_S + 10);
	(void)reason_set(&lists->all[0].problem, "a.txt: no such file");
	list_states_load(states, lists, NOW_S + 30);
	assert_int_equal(states->list[0].failures, 2);
	/* lines that are left out are none */
	lists->all[0].is_kept = 0;
	lists->all[0].bad_lines = 1;
	list_states_load(states, lists, NOW_S + 40);
	assert_int_equal(states->list[0].failures, 2);
	assert_int_equal(states->list[0].failed_s, NOW_S + 30);
	assert_int_equal(states->list[0].bad_lines, 1);
	lists_free(lists);
	free(states);
}

static void a_page_that_lies_is_read_in_bounds(void **state)
{
	(void)state;
	struct list_states *states = calloc(1, sizeof(*states));
	struct lists *lists = block_of("a");
	memset(states, 0xff, sizeof(*states));
	assert_int_equal(list_states_count_of(states), LISTS_MAX);
	assert_string_equal(list_state_kind(&states->list[0]), "deny");
	list_states_load(states, lists, NOW_S);
	assert_string_equal(states->list[0].name, "a");
	assert_int_equal(list_states_count_of(states), 1);
	lists_free(lists);
	free(states);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hits_go_with_the_name_of_a_list_and_never_back),
		cmocka_unit_test(a_file_that_fails_in_one_way_failed_once),
		cmocka_unit_test(a_page_that_lies_is_read_in_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
