#include "analyze/pending.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* "abbc": the verbs in order. */
static struct pending pending_of(const char *verbs)
{
	struct pending pending = {0};
	for (const char *verb = verbs; *verb != '\0'; verb++) {
		pending_add(&pending, (unsigned)*verb);
	}
	return pending;
}

static void assert_left(struct pending pending, const char *verbs)
{
	for (const char *verb = verbs; *verb != '\0'; verb++) {
		assert_int_equal(pending_first(&pending), *verb);
		pending_drop(&pending);
	}
	assert_int_equal(pending_first(&pending), -1);
}

static void verbs_are_answered_in_their_order(void **state)
{
	(void)state;
	assert_left(pending_of("abbca"), "abbca");
	struct pending pending = {0};
	pending_drop(&pending);
	assert_left(pending, "");
}

static void a_verb_is_reached_past_older_ones_or_nothing_is_dropped(void **state)
{
	(void)state;
	struct pending pending = pending_of("abbcb");
	assert_false(pending_reach(&pending, 'd'));
	assert_left(pending, "abbcb");
	assert_true(pending_has(&pending, 'c'));
	assert_false(pending_has(&pending, 'd'));
	assert_true(pending_reach(&pending, 'b'));
	assert_left(pending, "bbcb");
}

static void what_is_newer_than_a_verb_is_cut(void **state)
{
	(void)state;
	struct pending pending = pending_of("abbcb");
	pending_cut(&pending, 'b');
	assert_left(pending, "abb");
	pending_cut(&pending, 'd');
	assert_left(pending, "");
}

static void many_at_once_are_as_many_as_one_by_one(void **state)
{
	(void)state;
	struct pending pending = pending_of("ab");
	pending_add_many(&pending, 'b', 2);
	pending_add_many(&pending, 'c', 2);
	assert_left(pending, "abbbcc");
	pending_add_many(&pending, 'a', UINT16_MAX);
	pending_add_many(&pending, 'a', 2);
	assert_int_equal(pending.counts[3], UINT16_MAX);
	assert_int_equal(pending.counts[4], 2);
}

static void more_rows_than_there_are_forget_what_was_there(void **state)
{
	(void)state;
	struct pending pending = {0};
	for (unsigned i = 0; i < PENDING_ROWS; i++) {
		pending_add(&pending, i % 2);
		pending_add(&pending, i % 2);
	}
	assert_int_equal(pending.len, PENDING_ROWS);
	pending_add(&pending, 7);
	assert_int_equal(pending_first(&pending), 7);
	assert_int_equal(pending.len, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verbs_are_answered_in_their_order),
		cmocka_unit_test(
			a_verb_is_reached_past_older_ones_or_nothing_is_dropped),
		cmocka_unit_test(what_is_newer_than_a_verb_is_cut),
		cmocka_unit_test(many_at_once_are_as_many_as_one_by_one),
		cmocka_unit_test(more_rows_than_there_are_forget_what_was_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
