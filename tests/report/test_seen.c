#include "made_record.h"

#include "report/seen.h"

/* Both ends, from the first packet on, TLS from the first byte. */
static void made_whole(struct made_record *made)
{
	made_record(made);
	made_tls(made);
	made->facts.tls = FACTS_TLS_IMPLICIT;
	made->judgement.verdict = VERDICT_LEGITIMATE;
}

static void a_whole_flow_was_seen_far_enough(void **state)
{
	(void)state;
	struct made_record made;
	made_whole(&made);
	assert_int_equal(seen_ends(&made.record), SEEN_ENOUGH);
	assert_int_equal(seen_text(&made.record), SEEN_ENOUGH);
	assert_int_equal(seen_tls(&made.record), SEEN_ENOUGH);
}

static void the_packets_of_one_end_alone_are_too_little_whichever_it_is(void **state)
{
	(void)state;
	struct made_record made;
	for (unsigned way = 0; way < 2; way++) {
		made_whole(&made);
		made.record.packets[way] = 0;
		assert_int_equal(seen_ends(&made.record), SEEN_ONE_WAY);
		assert_int_equal(seen_text(&made.record), SEEN_ONE_WAY);
		assert_int_equal(seen_tls(&made.record), SEEN_ONE_WAY);
	}
}

static void without_a_verdict_nobody_knows_whether_a_row_allows_it(void **state)
{
	(void)state;
	struct made_record made;
	made_whole(&made);
	made.judgement.verdict = VERDICT_UNDECIDED;
	assert_int_equal(seen_ends(&made.record), SEEN_UNDECIDED);
	assert_int_equal(seen_tls(&made.record), SEEN_ENOUGH);
	made.judgement.verdict = VERDICT_ILLEGITIMATE;
	assert_int_equal(seen_ends(&made.record), SEEN_ENOUGH);
}

static void tls_is_known_by_the_servers_hello(void **state)
{
	(void)state;
	struct made_record made;
	made_whole(&made);
	made.facts.session.has_server_hello = false;
	assert_int_equal(seen_tls(&made.record), SEEN_NO_HELLO);
	made.facts.tls = FACTS_TLS_STARTTLS;
	assert_int_equal(seen_tls(&made.record), SEEN_NO_HELLO);
	/* near miss: in clear no hello is due */
	made.facts.tls = FACTS_TLS_NONE;
	assert_int_equal(seen_tls(&made.record), SEEN_ENOUGH);
}

static void ahead_of_starttls_and_in_clear_every_byte_counts(void **state)
{
	(void)state;
	static const enum facts_tls in_clear_first[] = {
		FACTS_TLS_STARTTLS, FACTS_TLS_NONE, FACTS_TLS_UNKNOWN};
	struct made_record made;
	for (size_t i = 0; i < 3; i++) {
		made_whole(&made);
		made.facts.tls = in_clear_first[i];
		made.facts.is_clear_cut = true;
		assert_int_equal(seen_tls(&made.record), SEEN_MISSING);
		made.facts.is_midstream = true;
		assert_int_equal(seen_tls(&made.record), SEEN_NO_START);
		assert_int_equal(seen_text(&made.record), SEEN_NO_START);
	}
	/* near miss: nothing was in clear, or what is missing was in TLS */
	made.facts.tls = FACTS_TLS_IMPLICIT;
	assert_int_equal(seen_tls(&made.record), SEEN_ENOUGH);
	made_whole(&made);
	made.facts.tls = FACTS_TLS_STARTTLS;
	made.facts.gaps = 3;
	assert_int_equal(seen_tls(&made.record), SEEN_ENOUGH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_flow_was_seen_far_enough),
		cmocka_unit_test(
			the_packets_of_one_end_alone_are_too_little_whichever_it_is),
		cmocka_unit_test(
			without_a_verdict_nobody_knows_whether_a_row_allows_it),
		cmocka_unit_test(tls_is_known_by_the_servers_hello),
		cmocka_unit_test(ahead_of_starttls_and_in_clear_every_byte_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
