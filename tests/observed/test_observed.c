/* The observed matrix: what is added up, what is folded, what is given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "made_sighting.h"
#include "observed/rejudge.h"

static void add(struct observed *observed, struct sighting sighting)
{
	observed_add(observed, &sighting);
}

static void flows_of_one_pair_are_one_entry(void **state)
{
	(void)state;
	struct observed *observed = made_observed(64);
	struct sighting second = made_sighting(2);
	struct sighting first = made_sighting(1);
	second.messages = 4;
	second.findings = FINDING_BIT(FINDING_TLS_MISSING);
	second.verdict = VERDICT_ILLEGITIMATE;
	second.row[0] = '\0';
	(void)snprintf(second.nearest_row, sizeof(second.nearest_row), "M-02");
	second.tls_version = 0x0301;
	first.mechanisms = FACTS_MECHANISM_PLAIN;
	(void)snprintf(first.helo, sizeof(first.helo), "w70");
	(void)snprintf(second.sni, sizeof(second.sni), "mx.example.org");
	observed_add(observed, &second);
	observed_add(observed, &first); /* out of order */
	const struct observed_entry *entry = made_only(observed);
	assert_int_equal(entry->flows, 2);
	assert_int_equal(entry->messages, 5);
	assert_int_equal(entry->bytes[0], 200);
	assert_int_equal(entry->bytes[1], 100);
	assert_int_equal(entry->first_s, first.start_us / 1000000);
	assert_int_equal(entry->last_us, second.end_us);
	assert_int_equal(entry->last_flow_id, second.flow_id);
	assert_int_equal(entry->last_verdict, VERDICT_ILLEGITIMATE);
	assert_string_equal(observed_row(observed, entry->last_row), "M-02");
	assert_int_equal(entry->findings, second.findings);
	assert_int_equal(entry->mechanisms, FACTS_MECHANISM_PLAIN);
	assert_int_equal(entry->versions, OBSERVED_VERSION_1_2 | OBSERVED_VERSION_1_0);
	assert_int_equal(
		entry->verdicts, 1 << VERDICT_LEGITIMATE | 1 << VERDICT_ILLEGITIMATE);
	assert_int_equal(entry->flags, OBSERVED_HEARD);
	assert_int_equal(entry->name_kind, OBSERVED_NAME_SNI);
	assert_string_equal(observed_text(observed, entry->name), "mx.example.org");
	assert_int_equal(observed_days(entry), 1);
	observed_free(observed);
}

static void each_part_of_the_key_makes_an_entry_of_its_own(void **state)
{
	(void)state;
	struct observed *observed = made_observed(64);
	struct sighting sighting = made_sighting(1);
	observed_add(observed, &sighting);
	sighting.client = made_address("192.0.2.71");
	observed_add(observed, &sighting);
	sighting.server = made_address("192.0.2.26");
	observed_add(observed, &sighting);
	sighting.port = 2525;
	observed_add(observed, &sighting);
	sighting.protocol = PROTOCOL_LMTP;
	observed_add(observed, &sighting);
	sighting.tls = FACTS_TLS_NONE;
	observed_add(observed, &sighting);
	sighting.way.tag = 1;
	observed_add(observed, &sighting);
	sighting.way.depth = 1;
	sighting.way.tunnel.src = made_address("198.51.100.1");
	sighting.way.tunnel.dst = made_address("198.51.100.2");
	observed_add(observed, &sighting);
	sighting.way.tunnel.kind = TUNNEL_VXLAN;
	observed_add(observed, &sighting);
	sighting.way.tunnel.id = 9;
	observed_add(observed, &sighting);
	struct observed_totals totals;
	observed_totals(observed, &totals);
	assert_int_equal(totals.entries, 10);
	assert_int_equal(totals.flows, 10);
	/* none of these does: the same tunnel in the other direction, another client port */
	sighting.way.tunnel.src = made_address("198.51.100.2");
	sighting.way.tunnel.dst = made_address("198.51.100.1");
	sighting.way.tag = 77;
	sighting.client_port++;
	sighting.tls_version = 0x0304;
	observed_add(observed, &sighting);
	observed_totals(observed, &totals);
	assert_int_equal(totals.entries, 10);
	observed_free(observed);
}

static void the_order_of_entries_is_that_of_their_keys(void **state)
{
	(void)state;
	struct observed *forth = made_observed(1024);
	struct observed *back = made_observed(1024);
	for (unsigned i = 0; i < 300; i++) {
		struct sighting one = made_sighting(i % 300);
		struct sighting other = made_sighting(299 - i);
		one.client.bytes[15] = (uint8_t)(i % 7);
		one.server.bytes[15] = (uint8_t)(i % 11);
		one.way.tag = i % 3;
		one.way.depth = (uint8_t)(i % 3);
		other.client.bytes[15] = (uint8_t)((299 - i) % 7);
		other.server.bytes[15] = (uint8_t)((299 - i) % 11);
		other.way.tag = (299 - i) % 3;
		other.way.depth = (uint8_t)((299 - i) % 3);
		observed_add(forth, &one);
		observed_add(back, &other);
	}
	const struct observed_list a = observed_sorted(forth);
	const struct observed_list b = observed_sorted(back);
	assert_int_equal(a.count, 231);
	assert_int_equal(a.count, b.count);
	for (size_t i = 0; i < a.count; i++) {
		assert_memory_equal(
			&a.entries[i]->key.client, &b.entries[i]->key.client, 32);
		assert_int_equal(observed_way(forth, a.entries[i]->key.way)->depth,
			observed_way(back, b.entries[i]->key.way)->depth);
		assert_int_equal(a.entries[i]->flows, b.entries[i]->flows);
		assert_memory_equal(a.entries[i]->sample, b.entries[i]->sample,
			sizeof(a.entries[i]->sample));
		assert_int_equal(
			a.entries[i]->last_flow_id, b.entries[i]->last_flow_id);
	}
	free(a.entries);
	free(b.entries);
	observed_free(forth);
	observed_free(back);
}

static struct sighting of_internet(unsigned number)
{
	struct sighting sighting = made_sighting(number);
	sighting.client = made_address("203.0.113.0");
	sighting.client.bytes[13] = (uint8_t)(number >> 16);
	sighting.client.bytes[14] = (uint8_t)(number >> 8);
	sighting.client.bytes[15] = (uint8_t)number;
	sighting.role[0] = MATRIX_ROLE_NONE;
	sighting.is_internet[0] = true;
	return sighting;
}

static void hosts_of_the_internet_at_a_declared_server_are_one_entry(void **state)
{
	static const unsigned COUNTS[] = {1, 4, 30, 300, 3000, 60000};
	struct peers_largest largest[PEERS_LARGEST];
	(void)state;
	for (size_t i = 0; i < sizeof(COUNTS) / sizeof(COUNTS[0]); i++) {
		struct observed *observed = made_observed(64);
		for (unsigned j = 0; j < COUNTS[i]; j++) {
			add(observed, of_internet(j));
			add(observed, of_internet(j / 2 * 2)); /* again */
		}
		const struct observed_entry *entry = made_only(observed);
		assert_true(observed_is_folded(&entry->key.client));
		const double about = observed_peers(observed, entry, largest);
		assert_true(about >= 0.8 * COUNTS[i] && about <= 1.2 * COUNTS[i]);
		observed_free(observed);
	}
}

static void the_largest_of_the_folded_hosts_are_kept_by_name(void **state)
{
	struct peers_largest largest[PEERS_LARGEST];
	(void)state;
	struct observed *observed = made_observed(64);
	for (unsigned i = 0; i < 1000; i++) {
		add(observed, of_internet(1000 + i));
		add(observed, of_internet(7));
		add(observed, of_internet(i % 3 == 0 ? 8 : 2000 + i));
	}
	(void)observed_peers(observed, made_only(observed), largest);
	const struct sighting seventh = of_internet(7);
	assert_true(address_equal(&largest[0].address, &seventh.client));
	assert_true(largest[0].flows >= 1000 && largest[0].flows < 1800);
	observed_free(observed);
}

static void what_is_not_a_declared_server_s_is_not_folded(void **state)
{
	(void)state;
	struct observed *observed = made_observed(64);
	struct sighting sighting = of_internet(1);
	sighting.role[1] = MATRIX_ROLE_NONE; /* undeclared, inside */
	observed_add(observed, &sighting);
	assert_int_equal(made_only(observed)->peers, 0);
	assert_false(observed_is_folded(&made_only(observed)->key.client));
	observed_free(observed);
	observed = made_observed(64);
	sighting.role[1] =
		MATRIX_ROLE_CLIENT; /* a user's, whose provider is one host */
	observed_add(observed, &sighting);
	assert_false(observed_is_folded(&made_only(observed)->key.client));
	observed_free(observed);
	observed = made_observed(64);
	sighting.is_internet[1] = true; /* past us */
	sighting.role[1] = MATRIX_ROLE_RELAY;
	observed_add(observed, &sighting);
	assert_false(observed_is_folded(&made_only(observed)->key.client));
	observed_free(observed);
}

/* 100 networks, one entry each. */
static void add_honest(struct observed *observed)
{
	for (unsigned i = 0; i < 100; i++) {
		struct sighting honest = made_sighting(i);
		honest.client.bytes[14] = (uint8_t)i;
		observed_add(observed, &honest);
	}
}

/* One client, who asks many servers. */
static void add_noise(struct observed *observed)
{
	for (unsigned i = 0; i < 5000; i++) {
		struct sighting noisy = made_sighting(1000 + i);
		noisy.client = made_address("198.51.100.9");
		noisy.server.bytes[13] = (uint8_t)(i >> 8);
		noisy.server.bytes[14] = (uint8_t)i;
		observed_add(observed, &noisy);
	}
}

static unsigned honest_left(const struct observed *observed)
{
	const struct sighting again = made_sighting(0);
	unsigned left = 0;
	for (unsigned i = 0; i < 100; i++) {
		struct observed_key key = {.client = again.client,
			.server = again.server,
			.port = 25,
			.protocol = PROTOCOL_SMTP,
			.tls = FACTS_TLS_STARTTLS};
		key.client.bytes[14] = (uint8_t)i;
		left += observed_find(observed, &key) != NULL;
	}
	return left;
}

static void who_fills_it_loses_his_own(void **state)
{
	struct observed_totals totals;
	(void)state;
	for (unsigned turn = 0; turn < 2; turn++) {
		struct observed *observed = made_observed(256);
		(turn ? add_honest : add_noise)(observed);
		(turn ? add_noise : add_honest)(observed);
		observed_totals(observed, &totals);
		assert_int_equal(totals.entries, 256);
		assert_true(observed_is_partial(&totals));
		assert_int_equal(totals.given_up_entries, 5000 + 100 - 256);
		assert_int_equal(totals.given_up_flows, 5000 + 100 - 256);
		assert_int_equal(totals.flows, 5100);
		/* but for those that share a bucket with him */
		assert_true(honest_left(observed) >= 95);
		observed_free(observed);
	}
}

static void forged_attempts_take_nothing_from_who_was_answered(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 2; turn++) {
		struct observed *observed = made_observed(1024);
		add_honest(observed);
		for (unsigned i = 0; i < 100000; i++) {
			struct sighting forged = made_sighting(1000 + i);
			const uint32_t anybody = (i + 1) * 2654435761U;
			memcpy(&forged.client.bytes[12], &anybody, sizeof(anybody));
			forged.protocol = turn == 0 ? PROTOCOL_ATTEMPT : PROTOCOL_SMTP;
			observed_add(observed, &forged);
		}
		/* who goes through with it from so many networks does */
		assert_true((honest_left(observed) == 100) == (turn == 0));
		observed_free(observed);
	}
}

static void days_are_counted_and_the_oldest_forgotten(void **state)
{
	(void)state;
	struct observed *observed = made_observed(64);
	static const unsigned DAYS[] = {0, 3, 3, 1, 399, 400, 405};
	static const unsigned COUNTED[] = {1, 2, 2, 3, 4, 4, 3};
	for (size_t i = 0; i < sizeof(DAYS) / sizeof(DAYS[0]); i++) {
		struct sighting sighting = made_sighting((unsigned)i);
		sighting.start_us += DAYS[i] * MADE_DAY_US;
		sighting.end_us += DAYS[i] * MADE_DAY_US;
		observed_add(observed, &sighting);
		assert_int_equal(observed_days(made_only(observed)), COUNTED[i]);
	}
	struct sighting old = made_sighting(9);
	observed_add(observed, &old);
	assert_int_equal(observed_days(made_only(observed)), 3);
	assert_int_equal(made_only(observed)->flows, 8);
	observed_free(observed);
}

static void a_pair_is_of_the_days_on_which_it_was_seen(void **state)
{
	(void)state;
	struct observed *observed = made_observed(64);
	const uint64_t day = MADE_US / MADE_DAY_US;
	for (unsigned i = 0; i < 3; i++) {
		struct sighting sighting = made_sighting(i);
		sighting.start_us += i * 5 * MADE_DAY_US; /* days 0, 5 and 10 */
		sighting.end_us += i * 5 * MADE_DAY_US;
		observed_add(observed, &sighting);
	}
	const struct observed_entry *entry = made_only(observed);
	assert_true(observed_is_of_days(entry, day, day));
	assert_false(observed_is_of_days(entry, day + 1, day + 4));
	assert_true(observed_is_of_days(entry, day + 1, day + 5));
	assert_true(observed_is_of_days(entry, day + 10, day + 9999));
	assert_false(observed_is_of_days(entry, day + 11, day + 9999));
	assert_true(observed_is_of_days(entry, 0, day));
	/* the place of a day that is 400 days older or newer */
	assert_false(observed_is_of_days(entry, 0, day - 1));
	assert_false(observed_is_of_days(entry, day + 400, day + 405));
	assert_false(observed_is_of_days(entry, day + 9, day + 6));
	observed_free(observed);
}

static void a_flow_that_began_behind_its_end_has_one_time(void **state)
{
	struct observed_totals totals;
	(void)state;
	struct observed *observed = made_observed(64);
	struct sighting sighting = made_sighting(0);
	sighting.start_us += MADE_DAY_US;
	observed_add(observed, &sighting);
	observed_totals(observed, &totals);
	assert_int_equal(totals.first_us, sighting.end_us);
	assert_int_equal(totals.last_us, sighting.end_us);
	assert_int_equal(made_only(observed)->first_s, sighting.end_us / 1000000);
	observed_free(observed);
}

static void what_stands_in_is_the_worst_of_all_flows(void **state)
{
	(void)state;
	struct observed *observed = made_observed(64);
	struct sighting good = made_sighting(1);
	struct sighting bad = made_sighting(2);
	struct sighting worst;
	good.shown = SIGHTING_ESTABLISHED | SIGHTING_PROBE;
	bad.shown = SIGHTING_CONTENT_CLEAR;
	bad.tls_version = 0x0301;
	bad.starttls_offered = FACTS_NO;
	bad.confidence = DIRECTION_CONFIDENCE_PORT;
	observed_add(observed, &good);
	observed_add(observed, &bad);
	observed_stand_in(observed, made_only(observed), &worst);
	assert_int_equal(worst.shown, SIGHTING_CONTENT_CLEAR);
	assert_int_equal(worst.tls_version, 0x0301);
	assert_int_equal(worst.starttls_offered, FACTS_NO);
	assert_int_equal(worst.confidence, DIRECTION_CONFIDENCE_PORT);
	assert_int_equal(worst.port, 25);
	assert_true(address_equal(&worst.client, &good.client));
	assert_string_equal(worst.row, "M-01");
	observed_free(observed);
}

static void of_folded_hosts_the_largest_stands_in(void **state)
{
	(void)state;
	struct observed *observed = made_observed(64);
	struct sighting worst;
	add(observed, of_internet(3));
	add(observed, of_internet(5));
	add(observed, of_internet(5));
	observed_stand_in(observed, made_only(observed), &worst);
	const struct sighting fifth = of_internet(5);
	assert_true(address_equal(&worst.client, &fifth.client));
	assert_true(worst.is_internet[0]);
	observed_free(observed);
}

static void a_full_one_takes_no_more_than_64_megabytes(void **state)
{
	(void)state;
	const size_t entry = sizeof(struct observed_entry) + 16 /* share */ + 8;
	assert_true(entry * OBSERVED_ENTRIES + (size_t)4096 * sizeof(struct peers) <
		    (size_t)62 * 1024 * 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_of_one_pair_are_one_entry),
		cmocka_unit_test(a_pair_is_of_the_days_on_which_it_was_seen),
		cmocka_unit_test(each_part_of_the_key_makes_an_entry_of_its_own),
		cmocka_unit_test(the_order_of_entries_is_that_of_their_keys),
		cmocka_unit_test(
			hosts_of_the_internet_at_a_declared_server_are_one_entry),
		cmocka_unit_test(the_largest_of_the_folded_hosts_are_kept_by_name),
		cmocka_unit_test(what_is_not_a_declared_server_s_is_not_folded),
		cmocka_unit_test(who_fills_it_loses_his_own),
		cmocka_unit_test(forged_attempts_take_nothing_from_who_was_answered),
		cmocka_unit_test(days_are_counted_and_the_oldest_forgotten),
		cmocka_unit_test(a_flow_that_began_behind_its_end_has_one_time),
		cmocka_unit_test(what_stands_in_is_the_worst_of_all_flows),
		cmocka_unit_test(of_folded_hosts_the_largest_stands_in),
		cmocka_unit_test(a_full_one_takes_no_more_than_64_megabytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
