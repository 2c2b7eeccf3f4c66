/* Two observed matrices added up: what both saw is counted once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "made_sighting.h"

/* Flows from first on, of one pair. */
static struct observed *flows(unsigned first, unsigned count)
{
	struct observed *observed = made_observed(64);
	for (unsigned i = 0; i < count; i++) {
		struct sighting sighting = made_sighting(first + i);
		sighting.start_us += i * UINT64_C(60000000);
		sighting.end_us += i * UINT64_C(60000000);
		sighting.start_us = MADE_US + (first + i) * UINT64_C(60000000);
		observed_add(observed, &sighting);
	}
	return observed;
}

static unsigned flows_of_both(
	unsigned first, unsigned count, unsigned second, unsigned more)
{
	struct observed *into = flows(first, count);
	struct observed *from = flows(second, more);
	struct observed_totals totals;
	observed_merge(into, from);
	observed_totals(into, &totals);
	const unsigned sum = made_only(into)->flows;
	assert_int_equal(totals.flows, sum);
	observed_free(into);
	observed_free(from);
	return sum;
}

static void different_flows_are_all_counted(void **state)
{
	(void)state;
	assert_int_equal(flows_of_both(0, 5, 5, 4), 9);
	assert_int_equal(flows_of_both(0, 500, 500, 700), 1200);
}

static void the_same_flows_are_counted_once(void **state)
{
	(void)state;
	assert_int_equal(flows_of_both(0, 5, 0, 5), 5);
	assert_int_equal(flows_of_both(0, 5, 3, 5), 8);
	assert_int_equal(flows_of_both(0, 8, 7, 8), 15);
	assert_int_equal(flows_of_both(0, 500, 0, 500), 500);
}

static void of_many_flows_those_that_both_have_are_estimated(void **state)
{
	(void)state;
	unsigned error = 0;
	for (unsigned i = 0; i < 20; i++) { /* a half in common: 1500 in all */
		const unsigned sum =
			flows_of_both(i * 10000, 1000, i * 10000 + 500, 1000);
		assert_true(sum >= 1000 && sum <= 2000);
		error += sum > 1500 ? sum - 1500 : 1500 - sum;
	}
	assert_true(error / 20 < 300);
}

static void adding_the_same_twice_changes_nothing(void **state)
{
	(void)state;
	struct observed *into = flows(0, 300);
	struct observed *same = flows(0, 300);
	const struct observed_entry before = *made_only(into);
	observed_merge(into, same);
	observed_merge(into, same);
	assert_memory_equal(made_only(into), &before, sizeof(before));
	observed_free(into);
	observed_free(same);
}

static void what_was_seen_last_before_is_left_out(void **state)
{
	(void)state;
	struct observed *from = made_observed(64);
	for (unsigned i = 0; i < 3; i++) {
		struct sighting sighting = made_sighting(i);
		sighting.server_port = sighting.port = (uint16_t)(25 + i);
		sighting.time_us = sighting.end_us = MADE_US + i * MADE_DAY_US;
		observed_add(from, &sighting);
	}
	const unsigned wanted[] = {3, 2, 1, 0};
	for (unsigned i = 0; i < 4; i++) {
		struct observed *into = made_observed(64);
		struct observed_totals totals;
		observed_merge_since(into, from, MADE_US + i * MADE_DAY_US);
		observed_totals(into, &totals);
		assert_int_equal(totals.entries, wanted[i]);
		assert_int_equal(totals.flows, wanted[i]);
		observed_free(into);
	}
	observed_free(from);
}

static struct sighting varied(unsigned number)
{
	struct sighting sighting = made_sighting(number);
	sighting.client.bytes[15] = (uint8_t)(number % 5);
	sighting.way.tag = number % 4;
	sighting.way.depth = (uint8_t)(number % 4);
	sighting.end_us += number % 13 * MADE_DAY_US;
	sighting.findings = UINT64_C(1) << number % 9;
	sighting.tls_version = (uint16_t)(0x0301 + number % 4);
	sighting.shown = (uint16_t)(1 + number % 3);
	sighting.confidence = (uint8_t)(number % 3);
	sighting.rpc_protection = (uint8_t)(number % 6);
	(void)snprintf(sighting.row, sizeof(sighting.row), "M-%u", number % 6);
	(void)snprintf(sighting.sni, sizeof(sighting.sni), "a.example.org");
	if (number % 5 == 4) {
		sighting.is_internet[0] = true;
		sighting.role[0] = MATRIX_ROLE_NONE;
	}
	return sighting;
}

/* But for the numbers of ways and texts, which are each table's own. */
static void assert_same(const struct observed *a, const struct observed *b)
{
	const struct observed_list one = observed_sorted(a);
	const struct observed_list other = observed_sorted(b);
	struct peers_largest largest[2][PEERS_LARGEST];
	assert_int_equal(one.count, other.count);
	for (size_t i = 0; i < one.count; i++) {
		struct observed_entry left = *one.entries[i];
		struct observed_entry right = *other.entries[i];
		assert_string_equal(observed_row(a, left.last_row),
			observed_row(b, right.last_row));
		assert_string_equal(
			observed_text(a, left.name), observed_text(b, right.name));
		assert_int_equal(observed_way(a, left.key.way)->depth,
			observed_way(b, right.key.way)->depth);
		assert_int_equal(observed_peers(a, &left, largest[0]),
			observed_peers(b, &right, largest[1]));
		assert_memory_equal(largest[0], largest[1], sizeof(largest[0]));
		right.key.way = left.key.way;
		right.last_row = left.last_row;
		right.name = left.name;
		right.peers = left.peers;
		assert_memory_equal(&left, &right, sizeof(left));
	}
	free(one.entries);
	free(other.entries);
}

static void the_parts_added_up_are_the_whole(void **state)
{
	(void)state;
	struct observed *whole = made_observed(256);
	struct observed *parts[3];
	for (size_t i = 0; i < 3; i++) {
		parts[i] = made_observed(256);
	}
	for (unsigned i = 0; i < 900; i++) {
		struct sighting sighting = varied(i);
		observed_add(whole, &sighting);
		observed_add(parts[i / 7 % 3], &sighting);
	}
	observed_merge(parts[2], parts[0]);
	observed_merge(parts[2], parts[1]);
	assert_same(whole, parts[2]);
	struct observed_totals a;
	struct observed_totals b;
	observed_totals(whole, &a);
	observed_totals(parts[2], &b);
	assert_memory_equal(&a, &b, sizeof(a));
	observed_free(whole);
	for (size_t i = 0; i < 3; i++) {
		observed_free(parts[i]);
	}
}

static void days_long_apart_fall_out_whichever_comes_first(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 2; turn++) {
		struct observed *old = flows(0, 1);
		struct observed *new = made_observed(64);
		for (unsigned i = 0; i < 3; i++) {
			struct sighting sighting = made_sighting(i + 5);
			sighting.end_us += (398 + i) * MADE_DAY_US;
			observed_add(new, &sighting);
		}
		struct observed *into = turn ? old : new;
		observed_merge(into, turn ? new : old);
		assert_int_equal(observed_days(made_only(into)), 3);
		assert_int_equal(made_only(into)->flows, 4);
		assert_int_equal(made_only(into)->last_us / MADE_DAY_US,
			MADE_US / MADE_DAY_US + 400);
		observed_free(old);
		observed_free(new);
	}
}

static void what_was_given_up_is_told_of_the_sum(void **state)
{
	struct observed_totals totals;
	(void)state;
	struct observed *from = made_observed(16);
	for (unsigned i = 0; i < 40; i++) {
		struct sighting sighting = made_sighting(i);
		sighting.client.bytes[15] = (uint8_t)i;
		observed_add(from, &sighting);
	}
	struct observed *into = made_observed(64);
	observed_merge(into, from);
	observed_totals(into, &totals);
	assert_true(observed_is_partial(&totals));
	assert_int_equal(totals.given_up_flows, 24);
	assert_int_equal(totals.flows, 40);
	observed_free(into);
	observed_free(from);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(different_flows_are_all_counted),
		cmocka_unit_test(the_same_flows_are_counted_once),
		cmocka_unit_test(of_many_flows_those_that_both_have_are_estimated),
		cmocka_unit_test(adding_the_same_twice_changes_nothing),
		cmocka_unit_test(the_parts_added_up_are_the_whole),
		cmocka_unit_test(days_long_apart_fall_out_whichever_comes_first),
		cmocka_unit_test(what_was_seen_last_before_is_left_out),
		cmocka_unit_test(what_was_given_up_is_told_of_the_sum),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
