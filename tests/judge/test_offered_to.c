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

static void note(struct offered_to *offered, unsigned number)
{
	const struct address client = host(number);
	offered_to_note(offered, &client);
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
	note(&offered, 1);
	note(&offered, 2);
	assert_false(offered_to_is_empty(&offered));
	assert_false(is_others(&offered, 1));
	assert_false(is_others(&offered, 2));
	assert_true(is_others(&offered, 3));
}

static unsigned others_of(
	const struct offered_to *offered, unsigned first, unsigned end)
{
	unsigned count = 0;
	for (unsigned i = first; i < end; i++) {
		count += is_others(offered, i);
	}
	return count;
}

static void nobody_who_had_it_is_forgotten(void **state)
{
	(void)state;
	struct offered_to offered = {{0}};
	for (unsigned i = 0; i < 5000; i++) {
		note(&offered, i);
	}
	assert_int_equal(others_of(&offered, 0, 5000), 0);
}

/* 1 - (1 - e^(-3n/256))^3 of those who never had it are known not to */
static void the_fewer_had_it_the_more_is_known(void **state)
{
	(void)state;
	struct offered_to offered = {{0}};
	for (unsigned i = 0; i < 40; i++) {
		note(&offered, i);
	}
	assert_in_range(others_of(&offered, 10000, 20000), 9300, 9700);
	for (unsigned i = 40; i < 130; i++) {
		note(&offered, i);
	}
	assert_in_range(others_of(&offered, 10000, 20000), 4400, 6000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_noted_had_it_and_who_is_not_did_not),
		cmocka_unit_test(nobody_who_had_it_is_forgotten),
		cmocka_unit_test(the_fewer_had_it_the_more_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
