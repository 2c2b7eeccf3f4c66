#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flow/waiting.h"

#define TEXT_BYTES 20000

struct fixture {
	struct streams streams;
	struct flow_counters counters;
	struct stream_side side;
	struct flow flow;
	uint8_t text[TEXT_BYTES];
	uint8_t got[TEXT_BYTES];
};

static struct fixture the_fixture;
static uint32_t the_random;

static uint32_t random_below(uint32_t limit)
{
	the_random = the_random * 1664525 + 1013904223;
	return (the_random >> 8) % limit;
}

static int set_up(void **state)
{
	struct fixture *fixture = &the_fixture;
	struct reason why;
	memset(fixture, 0, sizeof(*fixture));
	fixture->streams.key = UINT64_C(0x9E3779B97F4A7C15);
	fixture->streams.counters = &fixture->counters;
	fixture->side.first_segment = POOL_NONE;
	the_random = 1;
	for (size_t i = 0; i < TEXT_BYTES; i++) {
		fixture->text[i] = (uint8_t)random_below(256);
	}
	*state = fixture;
	return pool_init(&fixture->streams.segments, sizeof(struct segment), 4096, &why)
		       ? 0
		       : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	waiting_discard(&fixture->streams, &fixture->side);
	assert_int_equal(fixture->streams.segments.used, 0);
	assert_int_equal(fixture->side.segment_count, 0);
	pool_destroy(&fixture->streams.segments);
	return 0;
}

/* So much of the text, in as many pieces as it takes; false: no room. */
static bool keep(struct fixture *fixture, uint32_t first, uint32_t at, uint32_t len)
{
	while (len > 0) {
		const size_t kept = waiting_keep(&fixture->streams, &fixture->side,
			&fixture->flow, 0,
			(struct waiting_piece){first + at, {fixture->text + at, len}});
		if (kept == 0) {
			return false;
		}
		at += (uint32_t)kept;
		len -= (uint32_t)kept;
	}
	return true;
}

static bool is_other(struct fixture *fixture, uint32_t sequence, const char *text)
{
	const struct waiting_piece piece = {
		sequence, {(const uint8_t *)text, strlen(text)}};
	struct waiting_piece waiting;
	return waiting_find_other(&fixture->streams, &fixture->side, piece, &waiting);
}

static void read_on(struct fixture *fixture, uint32_t first)
{
	for (;;) {
		const struct text ready =
			waiting_ready(&fixture->streams, &fixture->side);
		if (ready.len == 0) {
			return;
		}
		memcpy(fixture->got + (fixture->side.next_sequence - first), ready.at,
			ready.len);
		fixture->side.next_sequence += (uint32_t)ready.len;
	}
}

/* The whole text in pieces that overlap, in any order, over the end of the numbers. */
static void pieces_in_any_order_make_the_text(void **state)
{
	struct fixture *fixture = *state;
	for (unsigned round = 0; round < 200; round++) {
		const uint32_t first = 0U - random_below(TEXT_BYTES);
		fixture->side.next_sequence = first;
		memset(fixture->got, 0, TEXT_BYTES);
		for (unsigned i = 0; i < 300; i++) {
			const uint32_t at = random_below(TEXT_BYTES);
			const uint32_t most = i % 2 ? 3 : 2500;
			const uint32_t len = 1 + random_below(most);
			assert_true(keep(fixture, first, at,
				len < TEXT_BYTES - at ? len : TEXT_BYTES - at));
		}
		for (uint32_t at = 0; at < TEXT_BYTES; at += 1000) {
			assert_true(keep(fixture, first, at, 1000));
			read_on(fixture, first);
		}
		assert_memory_equal(fixture->got, fixture->text, TEXT_BYTES);
		assert_int_equal(fixture->streams.segments.used, 0);
	}
}

static void small_segments_take_no_more_room_than_large_ones(void **state)
{
	struct fixture *fixture = *state;
	for (uint32_t at = 1; at < SEGMENT_DATA_BYTES; at += 2) {
		assert_true(keep(fixture, 0, at, 1));
	}
	assert_int_equal(fixture->side.segment_count, 1);
}

static void a_side_never_holds_more_than_its_bound(void **state)
{
	struct fixture *fixture = *state;
	for (uint32_t i = 0; i < STREAM_SEGMENTS_MAX; i++) {
		assert_true(waiting_keep(&fixture->streams, &fixture->side,
				    &fixture->flow, 0,
				    (struct waiting_piece){i * SEGMENT_DATA_BYTES + 7,
					    {fixture->text, 1}}) == 1);
	}
	assert_int_equal(
		waiting_keep(&fixture->streams, &fixture->side, &fixture->flow, 0,
			(struct waiting_piece){1U << 20, {fixture->text, 1}}),
		0);
	assert_int_equal(fixture->side.segment_count, STREAM_SEGMENTS_MAX);
	assert_true(keep(fixture, 0, 9, 20)); /* where a slot is, there is room */
	assert_int_equal(fixture->streams.segments.used, STREAM_SEGMENTS_MAX);
}

static void the_first_version_stays_and_another_one_is_found(void **state)
{
	struct fixture *fixture = *state;
	memcpy(fixture->text, "abcdefghij", 10);
	fixture->side.next_sequence = 1;
	assert_true(keep(fixture, 0, 2, 3)); /* cde */
	assert_true(is_other(fixture, 0, "abXd"));
	assert_true(is_other(fixture, 4, "Xyz"));
	assert_false(is_other(fixture, 0, "XXcdeXX")); /* near misses */
	assert_false(is_other(fixture, 5, "X"));
	memcpy(fixture->text, "AbXXXXGh", 8);
	assert_true(keep(fixture, 0, 1, 6));
	read_on(fixture, 0);
	assert_memory_equal(fixture->got + 1, "bcdeXG", 6);
}

static void the_furthest_is_given_up(void **state)
{
	struct fixture *fixture = *state;
	uint32_t sequence = 0;
	fixture->side.next_sequence = 5;
	assert_true(keep(fixture, 0, 3, 1)); /* read before */
	assert_true(keep(fixture, 0, 9000, 1));
	assert_true(keep(fixture, 0, 100, 1));
	assert_in_range(waiting_last(&fixture->streams, &fixture->side), 7000, 9000);
	waiting_drop_last(&fixture->streams, &fixture->side);
	assert_true(waiting_first(&fixture->streams, &fixture->side, &sequence));
	assert_int_equal(sequence, 100);
	fixture->side.next_sequence = 101;
	assert_false(waiting_first(&fixture->streams, &fixture->side, &sequence));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pieces_in_any_order_make_the_text),
		TEST(small_segments_take_no_more_room_than_large_ones),
		TEST(a_side_never_holds_more_than_its_bound),
		TEST(the_first_version_stays_and_another_one_is_found),
		TEST(the_furthest_is_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
