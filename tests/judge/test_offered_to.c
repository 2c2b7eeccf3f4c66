#include "judge/offered_to.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct address host(unsigned number)
{
	struct address address;
	char text[ADDRESS_TEXT_BYTES];
	(void)snprintf(text, sizeof(text), "2001:db8::%x", number);
	assert_true(address_parse(text, &address));
	return address;
}

static void note(struct offered_to *offered, unsigned number, bool is_declared)
{
	const struct address client = host(number);
	offered_to_note(offered, &client, is_declared);
}

static bool is_others(const struct offered_to *offered, unsigned number)
{
	const struct address client = host(number);
	return offered_to_others(offered, &client);
}

static void who_is_noted_had_it_and_who_is_not_did_not(void **state)
{
	(void)state;
	struct offered_to offered = {{0}};
	assert_true(offered_to_is_empty(&offered));
	assert_false(is_others(&offered, 1)); /* it may have been this one */
	note(&offered, 1, true);
	note(&offered, 2, false);
	assert_false(offered_to_is_empty(&offered));
	assert_false(is_others(&offered, 1));
	assert_false(is_others(&offered, 2));
	assert_true(is_others(&offered, 3));
}

static void the_last_ones_of_each_kind_are_kept(void **state)
{
	(void)state;
	struct offered_to offered = {{0}};
	for (unsigned i = 0; i < OFFERED_TO_DECLARED; i++) {
		note(&offered, i, true);
	}
	note(&offered, 0, true); /* again: 1 is the oldest by now */
	note(&offered, 100, true);
	assert_false(is_others(&offered, 0));
	assert_true(is_others(&offered, 1));
	for (unsigned i = 2; i < OFFERED_TO_DECLARED; i++) {
		assert_false(is_others(&offered, i));
	}
	assert_false(is_others(&offered, 100));
}

static void nobody_undeclared_displaces_a_declared_client(void **state)
{
	(void)state;
	struct offered_to offered = {{0}};
	note(&offered, 1, true);
	for (unsigned i = 1000; i < 2000; i++) {
		note(&offered, i, false);
	}
	assert_false(is_others(&offered, 1));
	assert_true(is_others(&offered, 1000));
	assert_false(is_others(&offered, 1999));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_noted_had_it_and_who_is_not_did_not),
		cmocka_unit_test(the_last_ones_of_each_kind_are_kept),
		cmocka_unit_test(nobody_undeclared_displaces_a_declared_client),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
