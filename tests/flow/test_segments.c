#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/segments.h"

#define SLOTS 4096

struct fixture {
	struct streams streams;
	struct flow_counters counters;
};

static int set_up(void **state)
{
	static struct fixture fixture;
	struct reason why;
	fixture = (struct fixture){.streams = {.key = UINT64_C(0x9E3779B97F4A7C15)}};
	fixture.streams.counters = &fixture.counters;
	*state = &fixture;
	return pool_init(&fixture.streams.segments, sizeof(struct segment), SLOTS, &why)
		       ? 0
		       : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	pool_destroy(&fixture->streams.segments);
	return 0;
}

static struct flow flow_from(uint8_t host)
{
	const uint8_t bytes[4] = {192, 0, 2, host};
	return (struct flow){.address = {address_from_ipv4(bytes)}};
}

/* As many as it is given, over so many flows of one host. */
static unsigned fill(struct fixture *fixture, uint8_t host, uint32_t flows)
{
	const struct flow flow = flow_from(host);
	unsigned taken = 0;
	for (uint32_t i = 0; i < flows; i++) {
		uint32_t count = 0;
		while (segment_take(&fixture->streams, &flow, 0, count) != POOL_NONE) {
			count++;
		}
		taken += count;
	}
	return taken;
}

static bool is_given(struct fixture *fixture, uint8_t host, uint32_t count)
{
	const struct flow flow = flow_from(host);
	return segment_take(&fixture->streams, &flow, 0, count) != POOL_NONE;
}

static void one_flow_holds_a_part_of_the_pool(void **state)
{
	assert_in_range(fill(*state, 1, 1), 32, 65);
}

static void a_host_that_took_all_it_can_leaves_room_for_the_others(void **state)
{
	assert_in_range(fill(*state, 1, 5000), SLOTS / 2, SLOTS - SLOTS / 5);
	assert_true(is_given(*state, 2, 0));
	assert_true(is_given(*state, 2, 7));
	assert_false(is_given(*state, 1, 0));
}

static void a_few_hosts_that_took_all_they_can_do_so_too(void **state)
{
	for (uint8_t host = 1; host < 9; host++) {
		(void)fill(*state, host, 5000);
	}
	assert_true(is_given(*state, 99, 0));
}

static void what_is_given_back_is_nobodys(void **state)
{
	struct fixture *fixture = *state;
	const struct flow flow = flow_from(1);
	for (int i = 0; i < 3 * SLOTS; i++) {
		const uint32_t index = segment_take(&fixture->streams, &flow, 0, 0);
		assert_int_not_equal(index, POOL_NONE);
		segment_give(&fixture->streams, index);
	}
	assert_int_equal(fixture->counters.segments_refused, 0);
}

static void undeclared_tunnels_have_one_share_whatever_is_claimed_inside(void **state)
{
	struct fixture *fixture = *state;
	unsigned taken = 0;
	for (unsigned host = 0; host < 256; host++) {
		struct flow flow = flow_from((uint8_t)host);
		flow.way = WAY_FOREIGN | host;
		for (uint32_t count = 0;
			segment_take(&fixture->streams, &flow, 0, count) != POOL_NONE;
			count++) {
			taken++;
		}
	}
	assert_in_range(taken, SLOTS / 2, SLOTS - SLOTS / 5);
	assert_true(is_given(fixture, 1, 0));
	/* near miss: a declared one's flows are as those on the wire */
	struct flow flow = flow_from(2);
	const uint8_t holder = segments_holder(&fixture->streams, &flow, 0);
	flow.way = 1;
	assert_int_equal(segments_holder(&fixture->streams, &flow, 0), holder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(undeclared_tunnels_have_one_share_whatever_is_claimed_inside),
		TEST(one_flow_holds_a_part_of_the_pool),
		TEST(a_host_that_took_all_it_can_leaves_room_for_the_others),
		TEST(a_few_hosts_that_took_all_they_can_do_so_too),
		TEST(what_is_given_back_is_nobodys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
