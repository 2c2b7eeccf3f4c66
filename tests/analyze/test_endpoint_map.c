#include "analyze/endpoint_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW_US UINT64_C(1700000000000000)

static struct endpoint_map map;

static struct address server_of(unsigned number)
{
	const uint8_t bytes[4] = {
		192, 0, (uint8_t)(number >> 8), (uint8_t)(number & 0xff)};
	return address_from_ipv4(bytes);
}

static int begin(void **state)
{
	(void)state;
	const struct hash_seed seed = {{1, 2}};
	endpoint_map_init(&map, seed);
	return 0;
}

static void what_was_told_is_known_for_this_server_and_port_only(void **state)
{
	(void)state;
	const struct address server = server_of(1);
	const struct address other = server_of(2);
	endpoint_map_tell(&map, &server, 49152, true, NOW_US);
	assert_true(endpoint_map_is_exchange(&map, &server, 49152, NOW_US));
	assert_false(endpoint_map_is_exchange(&map, &server, 49153, NOW_US));
	assert_false(endpoint_map_is_exchange(&map, &other, 49152, NOW_US));
}

static void a_port_with_other_interfaces_tells_nothing(void **state)
{
	(void)state;
	const struct address server = server_of(1);
	endpoint_map_tell(&map, &server, 49152, true, NOW_US);
	endpoint_map_tell(&map, &server, 49152, false, NOW_US);
	assert_false(endpoint_map_is_exchange(&map, &server, 49152, NOW_US));
}

static void it_is_forgotten_after_hours(void **state)
{
	(void)state;
	const struct address server = server_of(1);
	const uint64_t late = NOW_US + ENDPOINT_LIFETIME_US;
	endpoint_map_tell(&map, &server, 49152, false, NOW_US);
	endpoint_map_tell(&map, &server, 49152, true, late);
	assert_true(endpoint_map_is_exchange(&map, &server, 49152, late));
	assert_false(endpoint_map_is_exchange(
		&map, &server, 49152, late + ENDPOINT_LIFETIME_US));
}

static void a_full_map_forgets_the_oldest_and_keeps_the_latest(void **state)
{
	(void)state;
	const unsigned count = 4 * ENDPOINT_MAP_SETS * ENDPOINT_MAP_WAYS;
	unsigned known = 0;
	for (unsigned i = 0; i < count; i++) {
		const struct address server = server_of(i);
		endpoint_map_tell(&map, &server, 1025, true, NOW_US + i);
		assert_true(endpoint_map_is_exchange(&map, &server, 1025, NOW_US + i));
	}
	for (unsigned i = 0; i < count; i++) {
		const struct address server = server_of(i);
		known += endpoint_map_is_exchange(&map, &server, 1025, NOW_US + count);
	}
	assert_true(known > 0);
	assert_true(known <= ENDPOINT_MAP_SETS * ENDPOINT_MAP_WAYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			what_was_told_is_known_for_this_server_and_port_only, begin),
		cmocka_unit_test_setup(
			a_port_with_other_interfaces_tells_nothing, begin),
		cmocka_unit_test_setup(it_is_forgotten_after_hours, begin),
		cmocka_unit_test_setup(
			a_full_map_forgets_the_oldest_and_keeps_the_latest, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
