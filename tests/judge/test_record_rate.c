/* Records of one sender above a rate are counted, and the count is told. */
#include "judge/record_rate.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define START_US  UINT64_C(5000000)
#define MINUTE_US UINT64_C(60000000)

static struct record_rate rate;
static struct record_rate_held held;

static int start(void **state)
{
	(void)state;
	rate = (struct record_rate){.most = 100, .seed = {{7, 11}}};
	return 0;
}

static struct address host(uint8_t last)
{
	const uint8_t bytes[4] = {192, 0, 2, last};
	return address_from_ipv4(bytes);
}

/* So many records, of which this many are given. */
static unsigned passed(const struct address *sender, unsigned count, uint64_t now_us)
{
	unsigned passed = 0;
	for (unsigned i = 0; i < count; i++) {
		passed += record_rate_pass(&rate, sender, now_us + i);
	}
	return passed;
}

static void a_sender_at_the_rate_loses_nothing_minute_after_minute(void **state)
{
	(void)state;
	const struct address sender = host(1);
	for (uint64_t minute = 0; minute < 5; minute++) {
		const uint64_t now_us = START_US + minute * MINUTE_US;
		assert_int_equal(passed(&sender, 100, now_us), 100);
	}
	assert_false(record_rate_due(&rate, UINT64_MAX, &held));
}

static void who_floods_is_held_back_and_told_when_the_minute_is_over(void **state)
{
	(void)state;
	const struct address flooder = host(1);
	const struct address other = host(2);
	assert_int_equal(passed(&flooder, 5000, START_US), 100);
	assert_int_equal(passed(&other, 103, START_US), 100);
	assert_false(record_rate_due(&rate, START_US + MINUTE_US - 1, &held));
	assert_true(record_rate_due(&rate, START_US + MINUTE_US, &held));
	assert_int_equal(held.records, 4903);
	assert_int_equal(held.senders, 2);
	assert_int_equal(held.most, 4900);
	assert_false(held.is_anybody);
	assert_memory_equal(&held.address, &flooder, sizeof(flooder));
	assert_false(record_rate_due(&rate, UINT64_MAX, &held));
	assert_int_equal(passed(&flooder, 1, START_US + MINUTE_US), 1);
}

static void other_senders_lose_nothing_beside_a_flood(void **state)
{
	(void)state;
	const struct address flooder = host(1);
	assert_int_equal(passed(&flooder, 100000, START_US), 100);
	for (uint8_t last = 2; last < 60; last++) {
		const struct address other = host(last);
		assert_int_equal(passed(&other, 2, START_US), 2);
	}
}

static void whoever_may_be_anybody_is_one_and_no_sender_pays_for_him(void **state)
{
	(void)state;
	const struct address sender = host(1);
	assert_int_equal(passed(NULL, 5000, START_US), 100);
	assert_int_equal(passed(&sender, 100, START_US), 100);
	assert_true(record_rate_due(&rate, UINT64_MAX, &held));
	assert_int_equal(held.most, 4900);
	assert_true(held.is_anybody);
}

static void a_network_of_ipv6_is_one_sender(void **state)
{
	(void)state;
	struct address sender = {.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1}};
	unsigned given = 0;
	for (uint8_t last = 0; last < 200; last++) {
		sender.bytes[15] = last;
		given += record_rate_pass(&rate, &sender, START_US);
	}
	assert_int_equal(given, 100);
	sender.bytes[7] = 2;
	assert_true(record_rate_pass(&rate, &sender, START_US));
}

#define PROCESSES 2
#define SENDERS   16     /* each with a minute of its own */
#define OF_EACH   100000 /* records, by each process: the more, the surer they meet */

/* What processes that share a rate gave, and what they were to tell was held. */
struct shared {
	struct record_rate rate;
	_Atomic uint32_t ready;
	_Atomic uint32_t given;
	_Atomic uint32_t told;
};

static void tell(struct shared *shared, uint64_t now_us)
{
	struct record_rate_held due;
	if (record_rate_due(&shared->rate, now_us, &due)) {
		shared->told += due.records;
	}
}

static uint32_t pass_all(struct shared *shared, unsigned times)
{
	uint32_t given = 0;
	for (uint8_t last = 0; last < SENDERS; last++) {
		const struct address sender = host(last);
		for (unsigned i = 0; i < times; i++) {
			given += record_rate_pass(&shared->rate, &sender, START_US);
		}
		tell(shared, START_US + MINUTE_US);
	}
	return given;
}

static void send_with_the_others(struct shared *shared)
{
	shared->ready++;
	while (shared->ready < PROCESSES) {
		(void)sched_yield();
	}
	shared->given += pass_all(shared, OF_EACH);
}

static void processes_that_share_it_give_as_much_as_one_and_tell_all_once(void **state)
{
	(void)state;
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(shared, MAP_FAILED);
	shared->rate.most = OF_EACH;
	shared->rate.seed = (struct hash_seed){{7, 11}};
	assert_int_equal(pass_all(shared, 1), SENDERS);
	for (unsigned i = 0; i < PROCESSES; i++) {
		const pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			send_with_the_others(shared);
			_exit(0);
		}
	}
	for (unsigned i = 0; i < PROCESSES; i++) {
		assert_true(wait(NULL) > 0);
	}
	tell(shared, UINT64_MAX);
	assert_int_equal(shared->given, SENDERS * (OF_EACH - 1));
	assert_int_equal(shared->told, SENDERS * (OF_EACH * (PROCESSES - 1) + 1));
	assert_int_equal(munmap(shared, sizeof(*shared)), 0);
}

static void without_a_rate_all_are_given(void **state)
{
	(void)state;
	const struct address sender = host(1);
	rate.most = 0;
	assert_int_equal(passed(&sender, 5000, START_US), 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			a_sender_at_the_rate_loses_nothing_minute_after_minute, start),
		cmocka_unit_test_setup(
			who_floods_is_held_back_and_told_when_the_minute_is_over,
			start),
		cmocka_unit_test_setup(
			other_senders_lose_nothing_beside_a_flood, start),
		cmocka_unit_test_setup(
			whoever_may_be_anybody_is_one_and_no_sender_pays_for_him,
			start),
		cmocka_unit_test_setup(a_network_of_ipv6_is_one_sender, start),
		cmocka_unit_test(
			processes_that_share_it_give_as_much_as_one_and_tell_all_once),
		cmocka_unit_test_setup(without_a_rate_all_are_given, start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
