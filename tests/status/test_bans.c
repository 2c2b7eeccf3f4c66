#include "status/bans.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct address address_number(uint32_t number)
{
	const uint8_t bytes[4] = {
		10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
	return address_from_ipv4(bytes);
}

static bool add(struct bans *bans, const struct address *address, uint64_t now_us,
	uint64_t until_us)
{
	const struct ban_cause cause = {.address = *address, .server_port = 25};
	return bans_add(bans, &cause, now_us, until_us);
}

static int make(void **state)
{
	*state = calloc(1, sizeof(struct bans));
	return *state ? 0 : -1;
}

static int end(void **state)
{
	free(*state);
	return 0;
}

static void a_ban_ends_by_itself(void **state)
{
	struct bans *bans = *state;
	const struct address sender = address_number(1);
	const struct address other = address_number(2);
	assert_false(bans_has(bans, &sender, 100));
	assert_true(add(bans, &sender, 100, 200));
	assert_true(bans_has(bans, &sender, 199));
	assert_false(bans_has(bans, &other, 199));
	assert_false(bans_has(bans, &sender, 200));
}

static void a_ban_given_again_lasts_until_the_later_time(void **state)
{
	struct bans *bans = *state;
	const struct address sender = address_number(1);
	assert_true(add(bans, &sender, 100, 300));
	assert_true(add(bans, &sender, 100, 200));
	assert_true(bans_has(bans, &sender, 250));
	assert_true(add(bans, &sender, 100, 400));
	assert_true(bans_has(bans, &sender, 350));
	assert_int_equal(bans->given, 1);
}

static void a_ban_can_be_taken_back(void **state)
{
	struct bans *bans = *state;
	const struct address sender = address_number(1);
	assert_false(bans_undo(bans, &sender, 100));
	assert_true(add(bans, &sender, 100, 200));
	assert_true(bans_undo(bans, &sender, 100));
	assert_false(bans_has(bans, &sender, 100));
	assert_true(add(bans, &sender, 100, 200));
}

static void room_is_bounded_and_refusals_are_counted(void **state)
{
	struct bans *bans = *state;
	uint32_t added = 0;
	for (uint32_t i = 0; i < 4 * BANS_PLACES; i++) {
		const struct address sender = address_number(i);
		const bool is_added = add(bans, &sender, 100, 200);
		added += is_added && add(bans, &sender, 100, 200); /* an offence more */
	}
	uint32_t listed = 0;
	for (size_t i = 0; i < BANS_PLACES; i++) {
		struct address address;
		uint64_t until_us;
		listed += bans_at(bans, i, 100, &address, &until_us);
	}
	assert_int_equal(listed, added);
	assert_true(added > BANS_PLACES / 2 && added <= BANS_PLACES);
	assert_int_equal(bans->refused, 4 * BANS_PLACES - added);
	/* what is over makes room */
	const struct address late = address_number(4 * BANS_PLACES);
	assert_true(add(bans, &late, 200, 300));
}

static void who_was_blocked_once_gives_way_to_who_comes_and_the_worst_stay(void **state)
{
	struct bans *bans = *state;
	const struct address worst = address_number(7);
	assert_true(add(bans, &worst, 100, 200));
	assert_true(add(bans, &worst, 100, 200));
	for (uint32_t i = 1000; i < 1000 + 4 * BANS_PLACES; i++) {
		const struct address sender = address_number(i);
		assert_true(add(bans, &sender, 100, 300));
		assert_true(bans_has(bans, &sender, 100));
	}
	assert_true(bans_has(bans, &worst, 100));
	assert_true(bans->refused >= 3 * BANS_PLACES);
}

static void each_ban_is_told_once(void **state)
{
	struct bans *bans = *state;
	const struct address sender = address_number(1);
	struct ban_cause cause;
	uint64_t until_us = 0;
	unsigned told = 0;
	assert_true(add(bans, &sender, 100, 200));
	assert_true(add(bans, &sender, 100, 300));
	for (size_t i = 0; i < 2 * BANS_PLACES; i++) {
		told += bans_take_untold(bans, i % BANS_PLACES, 100, &cause, &until_us);
	}
	assert_int_equal(told, 1);
	assert_true(address_equal(&cause.address, &sender));
	assert_int_equal(cause.server_port, 25);
	assert_int_equal(until_us, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_ban_ends_by_itself, make, end),
		cmocka_unit_test_setup_teardown(
			a_ban_given_again_lasts_until_the_later_time, make, end),
		cmocka_unit_test_setup_teardown(a_ban_can_be_taken_back, make, end),
		cmocka_unit_test_setup_teardown(
			room_is_bounded_and_refusals_are_counted, make, end),
		cmocka_unit_test_setup_teardown(
			who_was_blocked_once_gives_way_to_who_comes_and_the_worst_stay,
			make, end),
		cmocka_unit_test_setup_teardown(each_ban_is_told_once, make, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
