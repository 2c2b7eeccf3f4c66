#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/fold.h"

#include <string.h>

#define WINDOW_US UINT64_C(1000)

static const struct hash_seed SEED = {{1, 2}};

static struct fold *new_fold(uint32_t capacity)
{
	struct reason why;
	const struct fold_settings settings = {.window_us = WINDOW_US,
		.capacity = capacity,
		.sample_bytes = sizeof(int),
		.seed = SEED};
	struct fold *fold = fold_new(&settings, &why);
	assert_non_null(fold);
	return fold;
}

static const int NOTHING = 0;

static struct fold_key key_of(uint8_t host)
{
	return (struct fold_key){
		.sample = &NOTHING,
		.source = address_from_ipv4((const uint8_t[4]){192, 0, 2, host}),
		.destination = address_from_ipv4((const uint8_t[4]){203, 0, 113, 25}),
		.finding = FINDING_SENDER_ILLEGITIMATE,
	};
}

static void the_first_is_reported_at_once_and_repeats_once_per_window(void **state)
{
	(void)state;
	struct fold *fold = new_fold(8);
	const struct fold_key key = key_of(1);
	struct fold_count count;
	assert_true(fold_add(fold, &key, 5000, &count));
	assert_int_equal(count.count, 1);
	assert_int_equal(count.first_us, 5000);
	assert_false(fold_add(fold, &key, 5100, &count));
	assert_false(fold_add(fold, &key, 5999, &count));
	assert_true(fold_add(fold, &key, 6000, &count));
	assert_int_equal(count.count, 3);
	assert_int_equal(count.first_us, 5100);
	assert_int_equal(count.last_us, 6000);
	assert_false(fold_add(fold, &key, 6001, &count));
	fold_free(fold);
}

static void every_part_of_the_key_makes_another_alert(void **state)
{
	(void)state;
	struct fold *fold = new_fold(8);
	struct fold_key keys[7];
	for (int i = 0; i < 7; i++) {
		keys[i] = key_of(1);
	}
	keys[1].source = key_of(2).source;
	keys[2].destination = key_of(2).source;
	keys[3].from = &keys[0];
	keys[4].to = &keys[0];
	keys[5].row = &keys[0];
	keys[6].finding = FINDING_PORT_UNUSUAL;
	struct fold_count count;
	for (int i = 0; i < 7; i++) {
		assert_true(fold_add(fold, &keys[i], 1, &count));
	}
	for (int i = 0; i < 7; i++) {
		assert_false(fold_add(fold, &keys[i], 2, &count));
	}
	fold_free(fold);
}

static void what_is_worse_than_was_told_is_told_at_once(void **state)
{
	(void)state;
	struct fold *fold = new_fold(8);
	struct fold_key mild = key_of(1);
	struct fold_key worse = mild;
	mild.grade = 3;
	worse.grade = 4;
	struct fold_count count;
	assert_true(fold_add(fold, &mild, 5000, &count));
	assert_false(fold_add(fold, &mild, 5001, &count));
	assert_true(fold_add(fold, &worse, 5002, &count));
	assert_int_equal(count.count, 1);
	assert_int_equal(count.first_us, 5002);
	assert_false(fold_add(fold, &worse, 5003, &count));
	assert_false(fold_add(fold, &mild, 5004, &count));
	assert_true(fold_add(fold, &mild, 6000, &count));
	assert_int_equal(count.count, 4);
	assert_int_equal(count.first_us, 5001);
	fold_free(fold);
}

static void a_clock_that_steps_back_opens_no_new_window(void **state)
{
	(void)state;
	struct fold *fold = new_fold(2);
	const struct fold_key key = key_of(1);
	struct fold_count count;
	assert_true(fold_add(fold, &key, 5000, &count));
	assert_false(fold_add(fold, &key, 5000 - WINDOW_US + 1, &count));
	fold_free(fold);
}

static void a_clock_that_was_set_back_opens_one(void **state)
{
	(void)state;
	struct fold *fold = new_fold(2);
	const struct fold_key key = key_of(1);
	struct fold_count count;
	assert_true(fold_add(fold, &key, 50000, &count));
	assert_true(fold_add(fold, &key, 50000 - WINDOW_US, &count));
	assert_false(fold_add(fold, &key, 50000 - WINDOW_US + 1, &count));
	assert_true(fold_add(fold, &key, 50000, &count));
	fold_free(fold);
}

static void a_full_table_gives_up_the_key_idle_longest_with_its_count(void **state)
{
	(void)state;
	struct fold *fold = new_fold(2);
	const struct fold_key first = key_of(1);
	const struct fold_key second = key_of(2);
	const struct fold_key third = key_of(3);
	struct fold_key evicted;
	struct fold_count count;
	assert_true(fold_add(fold, &first, 1, &count));
	assert_true(fold_add(fold, &second, 2, &count));
	assert_false(fold_add(fold, &second, 3, &count));
	assert_false(fold_add(fold, &first, 4, &count));
	assert_true(fold_add(fold, &third, 5, &count));
	assert_true(fold_evicted(fold, &evicted, &count));
	assert_true(address_equal(&evicted.source, &second.source));
	assert_int_equal(count.count, 1);
	assert_int_equal(count.first_us, 3);
	assert_false(fold_evicted(fold, &evicted, &count));
	assert_false(fold_add(fold, &first, 6, &count));
	assert_true(fold_add(fold, &second, 7, &count));
	fold_free(fold);
}

struct drained {
	struct fold_key keys[8];
	struct fold_count counts[8];
	int count;
};

static void keep(
	void *context, const struct fold_key *key, const struct fold_count *count)
{
	struct drained *drained = context;
	drained->keys[drained->count] = *key;
	drained->counts[drained->count++] = *count;
}

static void draining_gives_what_was_never_reported_once_and_in_order(void **state)
{
	(void)state;
	struct fold *fold = new_fold(8);
	struct drained drained = {.count = 0};
	struct fold_count count;
	for (uint8_t host = 1; host <= 3; host++) {
		const struct fold_key key = key_of(host);
		assert_true(fold_add(fold, &key, host, &count));
	}
	const struct fold_key third = key_of(3);
	const struct fold_key first = key_of(1);
	assert_false(fold_add(fold, &third, 10, &count));
	assert_false(fold_add(fold, &first, 11, &count));
	assert_false(fold_add(fold, &first, 12, &count));
	fold_drain(fold, keep, &drained);
	assert_int_equal(drained.count, 2);
	assert_true(address_equal(&drained.keys[0].source, &third.source));
	assert_int_equal(drained.counts[1].count, 2);
	assert_int_equal(drained.counts[1].first_us, 11);
	fold_drain(fold, keep, &drained);
	assert_int_equal(drained.count, 2);
	fold_free(fold);
}

static void many_keys_through_a_small_table_never_confuse_it(void **state)
{
	(void)state;
	struct fold *fold = new_fold(8);
	struct fold_count count;
	uint32_t random = 1;
	for (int i = 0; i < 20000; i++) {
		random = random * 1664525 + 1013904223;
		const struct fold_key key = key_of((uint8_t)(random >> 24) % 40);
		(void)fold_add(fold, &key, (uint64_t)i, &count);
		assert_in_range(count.count, 1, (unsigned)i + 1);
	}
	struct fold_key evicted;
	assert_true(fold_evicted(fold, &evicted, &count));
	fold_free(fold);
}

/* Of a prefix, whichever host of it. */
static struct fold_key key_of_host(unsigned host)
{
	struct fold_key key = key_of(0);
	key.has_host = true;
	key.host = address_from_ipv4((const uint8_t[4]){
		198, 51, (uint8_t)(100 + host / 256), (uint8_t)host});
	return key;
}

static void many_hosts_of_one_key_are_told_when_they_double(void **state)
{
	(void)state;
	struct fold *fold = new_fold(8);
	struct fold_count count;
	unsigned told = 0;
	for (unsigned host = 0; host < 200; host++) {
		const struct fold_key key = key_of_host(host);
		const bool is_told = fold_add(fold, &key, 5000 + host, &count);
		const unsigned hosts = host + 1;
		assert_int_equal(is_told, (hosts & (hosts - 1)) == 0);
		told += is_told;
		if (is_told) {
			assert_int_equal(count.hosts, hosts);
			assert_int_equal(count.is_repeat, hosts > 1);
			assert_true(count.is_grown);
			assert_int_equal(count.example_count, hosts < 5 ? hosts : 5);
			assert_true(address_equal(&count.examples[0], &key.host));
		}
	}
	assert_int_equal(told, 8);
	const struct fold_key again = key_of_host(7);
	assert_false(fold_add(fold, &again, 5300, &count));
	fold_free(fold);
}

static void one_host_that_comes_again_is_no_growth(void **state)
{
	(void)state;
	struct fold *fold = new_fold(8);
	const struct fold_key key = key_of_host(1);
	struct fold_count count;
	assert_true(fold_add(fold, &key, 5000, &count));
	for (unsigned i = 1; i < 64; i++) {
		assert_false(fold_add(fold, &key, 5000 + i, &count));
	}
	assert_true(fold_add(fold, &key, 6000, &count));
	assert_int_equal(count.count, 64);
	assert_int_equal(count.hosts, 1);
	assert_false(count.is_grown);
	fold_free(fold);
}

static void the_hosts_of_wide_groups_are_counted_at_least(void **state)
{
	(void)state;
	struct fold *fold = new_fold(8);
	struct fold_count count;
	for (unsigned host = 0; host < 5000; host++) {
		const struct fold_key key = key_of_host(host * 7);
		(void)fold_add(fold, &key, 5000, &count);
	}
	const struct fold_key last = key_of_host(1);
	assert_true(fold_add(fold, &last, 7000, &count));
	assert_in_range(count.hosts, 900, FOLD_HOST_BITS);
	fold_free(fold);
}

static void another_finding_of_the_same_cause_is_told_at_once(void **state)
{
	(void)state;
	struct fold *fold = new_fold(8);
	struct fold_key key = key_of(1);
	struct fold_count count;
	key.findings = FINDING_BIT(FINDING_SENDER_ILLEGITIMATE);
	assert_true(fold_add(fold, &key, 5000, &count));
	assert_false(fold_count_has_also(&count, key.finding));
	assert_false(fold_add(fold, &key, 5001, &count));
	key.findings |= FINDING_BIT(FINDING_PORT_UNUSUAL);
	assert_true(fold_add(fold, &key, 5002, &count));
	assert_int_equal(count.count, 1);
	assert_int_equal(count.of[FINDING_PORT_UNUSUAL], 1);
	assert_true(fold_count_has_also(&count, key.finding));
	assert_false(fold_add(fold, &key, 5003, &count));
	key.findings = FINDING_BIT(FINDING_SENDER_ILLEGITIMATE);
	assert_true(fold_add(fold, &key, 6000, &count));
	assert_int_equal(count.count, 3);
	assert_int_equal(count.of[FINDING_SENDER_ILLEGITIMATE], 3);
	assert_int_equal(count.of[FINDING_PORT_UNUSUAL], 1);
	fold_free(fold);
}

static void what_waits_is_given_when_its_window_is_over_and_not_before(void **state)
{
	(void)state;
	struct fold *fold = new_fold(8);
	struct drained drained = {.count = 0};
	const struct fold_key first = key_of(1);
	const struct fold_key second = key_of(2);
	struct fold_count count;
	assert_true(fold_add(fold, &first, 5000, &count));
	assert_true(fold_add(fold, &second, 5000, &count));
	assert_false(fold_add(fold, &first, 5100, &count));
	assert_false(fold_add(fold, &second, 5200, &count));
	fold_due(fold, 5100 + WINDOW_US - 1, keep, &drained);
	assert_int_equal(drained.count, 0);
	fold_due(fold, 5100 + WINDOW_US, keep, &drained);
	assert_int_equal(drained.count, 1);
	assert_true(address_equal(&drained.keys[0].source, &first.source));
	fold_due(fold, 5200 + WINDOW_US, keep, &drained);
	assert_int_equal(drained.count, 2);
	assert_true(drained.counts[1].is_repeat);
	fold_due(fold, 90000, keep, &drained);
	assert_int_equal(drained.count, 2);
	fold_free(fold);
}

static void what_lasts_is_told_once_a_day(void **state)
{
	(void)state;
	struct fold *fold = new_fold(8);
	struct drained drained = {.count = 0};
	struct fold_key key = key_of(1);
	struct fold_count count;
	key.is_standing = true;
	assert_true(fold_add(fold, &key, 5000, &count));
	assert_false(fold_add(fold, &key, 5001, &count));
	assert_false(fold_add(fold, &key, 5000 + FOLD_DAY_US - 1, &count));
	fold_due(fold, 5000 + FOLD_DAY_US, keep, &drained);
	assert_int_equal(drained.count, 0);
	fold_due(fold, 5001 + FOLD_DAY_US, keep, &drained);
	assert_int_equal(drained.count, 1);
	assert_int_equal(drained.counts[0].count, 2);
	fold_free(fold);
}

static void an_update_has_the_sample_of_the_newest(void **state)
{
	(void)state;
	struct fold *fold = new_fold(1);
	struct fold_count count;
	struct fold_key evicted;
	const int samples[] = {1, 2, 3};
	struct fold_key key = key_of(1);
	for (int i = 0; i < 3; i++) {
		key.sample = &samples[i];
		(void)fold_add(fold, &key, 5000, &count);
	}
	const struct fold_key other = key_of(2);
	assert_true(fold_add(fold, &other, 5001, &count));
	assert_true(fold_evicted(fold, &evicted, &count));
	assert_int_equal(*(const int *)evicted.sample, 3);
	assert_int_equal(count.count, 2);
	fold_free(fold);
}

/* As the updates of one that had all: by key, with how often. */
static void assert_same_updates(const struct drained *shared, const struct drained *one)
{
	assert_int_equal(shared->count, one->count);
	for (int i = 0; i < one->count; i++) {
		int same = 0;
		for (int j = 0; j < shared->count; j++) {
			same += address_equal(&shared->keys[j].source,
					&one->keys[i].source) &&
				memcmp(&shared->counts[j], &one->counts[i],
					sizeof(one->counts[i])) == 0;
		}
		assert_int_equal(same, 1);
	}
}

/* Each occurrence has one of two folds, and the other one is told of it. */
static void folds_that_tell_each_other_report_what_one_would(void **state)
{
	(void)state;
	enum { KEYS = 4, OCCURRENCES = 3000 };
	struct fold *one = new_fold(KEYS);
	struct fold *pair[2] = {new_fold(KEYS), new_fold(KEYS)};
	uint32_t random = 1;
	uint64_t now_us = 5000;
	for (int i = 0; i < OCCURRENCES; i++) {
		struct drained due[2] = {{.count = 0}, {.count = 0}};
		struct fold_count count;
		struct fold_count expected;
		random = random * 1664525 + 1013904223;
		struct fold_key key = key_of((uint8_t)(random >> 30));
		key.has_host = true;
		key.host = key_of((uint8_t)(random >> 20)).source;
		key.findings = FINDING_BIT(key.finding);
		key.findings |=
			random >> 28 == 0 ? FINDING_BIT(FINDING_PORT_UNUSUAL) : 0;
		key.grade = random >> 12 << 24 == 0;
		now_us += random >> 8 & 127;
		fold_due(one, now_us, keep, &due[0]);
		fold_due(pair[0], now_us, keep, &due[1]);
		fold_due(pair[1], now_us, keep, &due[1]);
		assert_same_updates(&due[1], &due[0]);
		struct fold *mine = pair[random >> 19 & 1];
		struct fold *other = mine == pair[0] ? pair[1] : pair[0];
		const struct fold_lesson lesson = fold_lesson_of(&key, now_us);
		assert_true(fold_lesson_is_sound(&lesson));
		fold_hear(other, &lesson);
		assert_int_equal(fold_add(mine, &key, now_us, &count),
			fold_add(one, &key, now_us, &expected));
		assert_memory_equal(&count, &expected, sizeof(count));
		assert_false(fold_evicted(other, &key, &count));
	}
	struct drained left[2] = {{.count = 0}, {.count = 0}};
	fold_drain(one, keep, &left[0]);
	fold_drain(pair[0], keep, &left[1]);
	fold_drain(pair[1], keep, &left[1]);
	assert_true(left[0].count > 0);
	assert_same_updates(&left[1], &left[0]);
	fold_free(one);
	fold_free(pair[0]);
	fold_free(pair[1]);
}

static void an_odd_lesson_is_not_sound(void **state)
{
	(void)state;
	struct fold_key key = key_of(1);
	key.findings = FINDING_BIT(key.finding);
	const struct fold_lesson sound = fold_lesson_of(&key, 5000);
	assert_true(fold_lesson_is_sound(&sound));
	struct fold_lesson odd[5] = {sound, sound, sound, sound, sound};
	odd[0].finding = FINDING_FLOW_COUNT;
	odd[1].findings = 0; /* not even its own */
	odd[2].findings |= FINDING_BIT(FINDING_FLOW_COUNT);
	odd[3].is_standing = 2;
	odd[4].has_host = 2;
	for (size_t i = 0; i < 5; i++) {
		assert_false(fold_lesson_is_sound(&odd[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_first_is_reported_at_once_and_repeats_once_per_window),
		cmocka_unit_test(every_part_of_the_key_makes_another_alert),
		cmocka_unit_test(what_is_worse_than_was_told_is_told_at_once),
		cmocka_unit_test(a_clock_that_steps_back_opens_no_new_window),
		cmocka_unit_test(a_clock_that_was_set_back_opens_one),
		cmocka_unit_test(
			a_full_table_gives_up_the_key_idle_longest_with_its_count),
		cmocka_unit_test(
			draining_gives_what_was_never_reported_once_and_in_order),
		cmocka_unit_test(many_keys_through_a_small_table_never_confuse_it),
		cmocka_unit_test(many_hosts_of_one_key_are_told_when_they_double),
		cmocka_unit_test(one_host_that_comes_again_is_no_growth),
		cmocka_unit_test(the_hosts_of_wide_groups_are_counted_at_least),
		cmocka_unit_test(another_finding_of_the_same_cause_is_told_at_once),
		cmocka_unit_test(
			what_waits_is_given_when_its_window_is_over_and_not_before),
		cmocka_unit_test(what_lasts_is_told_once_a_day),
		cmocka_unit_test(an_update_has_the_sample_of_the_newest),
		cmocka_unit_test(folds_that_tell_each_other_report_what_one_would),
		cmocka_unit_test(an_odd_lesson_is_not_sound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
