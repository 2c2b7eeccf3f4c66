/* What somebody may send so that a row of his is proposed, or one of ours is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "made_network.h"

/* The legitimate network and what is put beside it. */
struct made_attack {
	struct observed *observed;
	struct learn_settings settings;
	struct learn learn;
	unsigned number; /* of the next flow */
};

static struct made_attack made_attack(void)
{
	struct made_attack attack = {
		.observed = made_observed(65536), .settings = made_settings()};
	attack.number = made_network(attack.observed, 7);
	return attack;
}

static void flows(
	struct made_attack *attack, const struct made_kind *kind, unsigned days)
{
	attack->number = made_week(attack->observed, kind, days, attack->number);
}

static enum learn_basket basket_of(
	struct made_attack *attack, const struct made_kind *kind)
{
	const struct sighting one = made_flow(kind, 0, 0, 0);
	return (enum learn_basket)made_edge_of(&attack->learn, &one)->basket;
}

static void learn(struct made_attack *attack)
{
	learn_free(&attack->learn);
	attack->learn = made_learnt(attack->observed, &attack->settings);
}

static void attack_free(struct made_attack *attack)
{
	learn_free(&attack->learn);
	observed_free(attack->observed);
}

/* What kind does, of other hosts. */
static struct made_kind like(
	const char *name, const char *from, unsigned count, const char *to)
{
	struct made_kind kind = *made_kind(name);
	kind.from = from;
	kind.from_count = count;
	kind.to = to;
	kind.to_count = 1;
	return kind;
}

static void a_young_sender_does_not_hide_in_a_group_of_old_ones(void **state)
{
	(void)state;
	struct made_attack attack = made_attack();
	struct made_kind one = like("sales", "192.0.2.150", 1, "192.0.2.25");
	one.daily = 1;
	flows(&attack, &one, 1);
	learn(&attack);
	assert_int_equal(basket_of(&attack, &one), LEARN_ASK);
	assert_int_equal(basket_of(&attack, made_kind("sales")), LEARN_PROPOSED);
	flows(&attack, &one, LEARN_DAYS);
	learn(&attack); /* now it is as old as they are */
	assert_int_equal(basket_of(&attack, &one), LEARN_PROPOSED);
	attack_free(&attack);
}

static void a_young_server_does_not_hide_in_a_group_of_old_ones(void **state)
{
	(void)state;
	struct made_attack attack = made_attack();
	const struct made_kind one = like("read", "192.0.2.64", 60, "192.0.2.150");
	flows(&attack, &one, LEARN_DAYS - 1);
	learn(&attack);
	assert_int_equal(basket_of(&attack, &one), LEARN_ASK);
	assert_int_equal(basket_of(&attack, made_kind("read")), LEARN_PROPOSED);
	flows(&attack, &one, LEARN_DAYS);
	learn(&attack);
	assert_int_equal(basket_of(&attack, &one), LEARN_PROPOSED);
	attack_free(&attack);
}

static void a_server_that_one_client_alone_uses_is_asked_about(void **state)
{
	(void)state;
	struct made_attack attack = made_attack();
	struct made_kind one = like("read", "192.0.2.64", 1, "192.0.2.150");
	flows(&attack, &one, 7);
	learn(&attack);
	assert_int_equal(basket_of(&attack, &one), LEARN_ASK);
	one.from_count = LEARN_WITNESSES - 1;
	flows(&attack, &one, 7);
	learn(&attack);
	assert_int_equal(basket_of(&attack, &one), LEARN_ASK);
	one.from_count = LEARN_WITNESSES;
	flows(&attack, &one, 7);
	learn(&attack);
	assert_int_equal(basket_of(&attack, &one), LEARN_PROPOSED);
	attack_free(&attack);
}

static void what_one_client_alone_does_is_not_proposed_for_all_of_them(void **state)
{
	(void)state;
	struct made_attack attack = made_attack();
	struct made_kind one = like("fetch", "192.0.2.64", 1, "192.0.2.10");
	flows(&attack, &one, 7);
	learn(&attack);
	assert_int_equal(basket_of(&attack, &one), LEARN_ASK);
	one.from_count = 2;
	flows(&attack, &one, 7);
	learn(&attack);
	assert_int_equal(basket_of(&attack, &one), LEARN_PROPOSED);
	attack_free(&attack);
}

/* Three hosts of his: one reads mail from the second, which feeds the third. */
static void a_made_up_mailbox_feeds_nobody(void **state)
{
	(void)state;
	struct made_attack attack = made_attack();
	const struct made_kind reads = like("read", "192.0.2.151", 1, "192.0.2.152");
	const struct made_kind feeds = like("leave", "192.0.2.152", 1, "198.51.100.9");
	const struct made_kind sends = like("out", "198.51.100.9", 1, "");
	flows(&attack, &reads, 7);
	flows(&attack, &feeds, 7);
	flows(&attack, &sends, 7);
	learn(&attack);
	assert_int_equal(basket_of(&attack, &sends), LEARN_REFUSED);
	assert_int_not_equal(basket_of(&attack, &feeds), LEARN_PROPOSED);
	attack_free(&attack);
}

static void without_a_gateway_nothing_of_the_internet_is_proposed(void **state)
{
	(void)state;
	struct made_attack attack = made_attack();
	learn(&attack);
	assert_int_equal(basket_of(&attack, made_kind("out")), LEARN_PROPOSED);
	static struct network internal[2];
	internal[0] = made_prefix("192.0.2.0/24");
	internal[1] = made_prefix("198.51.100.0/28");
	attack.settings.internal = internal;
	attack.settings.internal_count = 2;
	attack.settings.gateway_count = 0;
	learn(&attack);
	assert_int_equal(basket_of(&attack, made_kind("out")), LEARN_ASK);
	assert_int_equal(basket_of(&attack, made_kind("in")), LEARN_ASK);
	assert_int_equal(basket_of(&attack, made_kind("leave")), LEARN_PROPOSED);
	attack_free(&attack);
}

static void answers_are(
	struct made_attack *attack, struct answers *answers, const char *text)
{
	struct reason why;
	answers_free(answers);
	assert_true(answers_read(answers, text, strlen(text), &why));
	attack->settings.answers = answers;
	learn(attack);
}

static void who_was_denied_stays_so_whoever_joins_him(void **state)
{
	(void)state;
	struct made_attack attack = made_attack();
	struct answers answers = {.row_count = 0};
	struct made_kind bad = like("scan", "192.0.2.160", 2, "192.0.2.20");
	flows(&attack, &bad, 7);
	answers_are(&attack, &answers, "deny 192.0.2.160/31 > 192.0.2.20 smtp\n");
	assert_int_equal(basket_of(&attack, &bad), LEARN_REFUSED);
	bad.from_count = 4;
	flows(&attack, &bad, 7);
	learn(&attack);
	assert_int_equal(basket_of(&attack, &bad), LEARN_REFUSED);
	bad.from = "192.0.2.162"; /* of whom nobody was asked */
	assert_int_equal(basket_of(&attack, &bad), LEARN_PROPOSED);
	answers_are(&attack, &answers, "deny 192.0.2.160/30 > 192.0.2.20 lmtp, imap\n");
	assert_int_equal(basket_of(&attack, &bad), LEARN_PROPOSED);
	answers_are(&attack, &answers,
		"deny internet > 192.0.2.20 smtp\ndeny 192.0.2.160 > internet smtp\n");
	assert_int_equal(basket_of(&attack, &bad), LEARN_PROPOSED);
	answers_are(&attack, &answers, "deny internet > 198.51.100.3 smtp\n");
	assert_int_equal(basket_of(&attack, made_kind("in")), LEARN_REFUSED);
	answers_free(&answers);
	attack_free(&attack);
}

static void what_was_accepted_under_tls_is_not_accepted_in_clear(void **state)
{
	(void)state;
	struct made_attack attack = made_attack();
	struct answers answers = {.row_count = 0};
	struct made_kind one = like("robot", "192.0.2.58", 1, "192.0.2.20");
	flows(&attack, &one, 7);
	answers_are(&attack, &answers, "accept 192.0.2.58 > 192.0.2.20 submission\n");
	assert_int_equal(basket_of(&attack, &one), LEARN_PROPOSED);
	one.tls = FACTS_TLS_NONE; /* and nothing told that it was stripped */
	flows(&attack, &one, 7);
	learn(&attack);
	assert_int_equal(basket_of(&attack, &one), LEARN_ASK);
	answers_are(&attack, &answers,
		"accept 192.0.2.58 > 192.0.2.20 submission in clear\n");
	assert_int_equal(basket_of(&attack, &one), LEARN_PROPOSED);
	answers_free(&answers);
	attack_free(&attack);
}

static void a_finding_that_a_row_once_accepted_is_not_accepted_for_ever(void **state)
{
	(void)state;
	struct made_attack attack = made_attack();
	struct sighting flow = made_flow(made_kind("leave"), 0, 0, 0);
	flow.flow_id = attack.number++;
	flow.accepted = FINDING_BIT(FINDING_TLS_CIPHER_WEAK);
	observed_add(attack.observed, &flow);
	learn(&attack);
	assert_int_equal(basket_of(&attack, made_kind("leave")), LEARN_PROPOSED);
	flow.flow_id = attack.number++;
	flow.findings = flow.accepted;
	flow.accepted = 0;
	observed_add(attack.observed, &flow);
	learn(&attack);
	assert_int_equal(basket_of(&attack, made_kind("leave")), LEARN_REFUSED);
	attack_free(&attack);
}

static void a_declared_row_s_tls_is_not_proposed_away(void **state)
{
	(void)state;
	static const char DECLARED[] =
		"schema: 1\n"
		"zones: {internal: [192.0.2.0/24], gateway: [198.51.100.0/28]}\n"
		"groups:\n"
		"  sales: {role: application, addresses: [192.0.2.40-192.0.2.42]}\n"
		"  relay: {role: relay, addresses: [192.0.2.25]}\n"
		"rows:\n"
		"  - {id: M-01, from: sales, to: relay, protocols: smtp, tls: "
		"starttls}\n";
	const struct matrix_source source = {
		"declared", DECLARED, sizeof(DECLARED) - 1};
	struct matrix_problems problems;
	struct matrix *matrix = matrix_load_sources(&source, 1, &problems);
	assert_non_null(matrix);
	struct made_attack attack = made_attack();
	struct made_kind clear = *made_kind("sales");
	clear.tls = FACTS_TLS_NONE;
	flows(&attack, &clear, 7);
	attack.settings.internal_count = attack.settings.gateway_count = 0;
	attack.settings.matrix = matrix;
	attack.settings.sources = &source;
	attack.settings.source_count = 1;
	learn(&attack);
	assert_int_equal(basket_of(&attack, made_kind("sales")), LEARN_COVERED);
	assert_int_equal(basket_of(&attack, &clear), LEARN_REFUSED);
	/* another pair in clear is nobody's condition */
	assert_int_equal(basket_of(&attack, made_kind("scan")), LEARN_PROPOSED);
	attack_free(&attack);
	matrix_free(matrix);
}

/* What nobody else does: three days of one client, two of another so many days later. */
static enum learn_basket basket_after(uint64_t apart)
{
	struct made_attack attack = made_attack();
	struct made_kind kind = like("read", "192.0.2.150", 1, "192.0.2.10");
	kind.protocol = PROTOCOL_IMAP;
	kind.port = 143;
	kind.tls = FACTS_TLS_STARTTLS;
	for (unsigned day = 0; day < 3; day++) {
		struct sighting old = made_flow(&kind, 0, day, attack.number++);
		old.start_us -= apart * MADE_DAY_US;
		old.end_us -= apart * MADE_DAY_US;
		observed_add(attack.observed, &old);
	}
	kind.from = "192.0.2.151";
	flows(&attack, &kind, 2);
	learn(&attack);
	const enum learn_basket basket = basket_of(&attack, &kind);
	attack_free(&attack);
	return basket;
}

static void days_too_long_ago_make_nothing_older(void **state)
{
	(void)state;
	assert_int_equal(basket_after(100), LEARN_PROPOSED);
	assert_int_equal(basket_after(OBSERVED_DAYS - 10), LEARN_PROPOSED);
	assert_int_equal(basket_after(OBSERVED_DAYS), LEARN_ASK);
	assert_int_equal(basket_after(OBSERVED_DAYS + 100), LEARN_ASK);
}

static void a_record_of_no_protocol_of_mail_stops_nobody_s_learning(void **state)
{
	static const enum protocol STRANGE[] = {
		PROTOCOL_UNKNOWN, PROTOCOL_TLS, PROTOCOL_HTTP, PROTOCOL_OTHER};
	(void)state;
	for (size_t i = 0; i < sizeof(STRANGE) / sizeof(STRANGE[0]); i++) {
		struct made_attack attack = made_attack();
		struct made_kind odd = like("read", "192.0.2.64", 60, "192.0.2.10");
		odd.protocol = STRANGE[i];
		flows(&attack, &odd, 7);
		learn(&attack);
		assert_int_equal(basket_of(&attack, &odd), LEARN_ASK);
		assert_int_equal(basket_of(&attack, made_kind("read")), LEARN_PROPOSED);
		attack_free(&attack);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_young_sender_does_not_hide_in_a_group_of_old_ones),
		cmocka_unit_test(a_young_server_does_not_hide_in_a_group_of_old_ones),
		cmocka_unit_test(a_server_that_one_client_alone_uses_is_asked_about),
		cmocka_unit_test(
			what_one_client_alone_does_is_not_proposed_for_all_of_them),
		cmocka_unit_test(a_made_up_mailbox_feeds_nobody),
		cmocka_unit_test(without_a_gateway_nothing_of_the_internet_is_proposed),
		cmocka_unit_test(who_was_denied_stays_so_whoever_joins_him),
		cmocka_unit_test(what_was_accepted_under_tls_is_not_accepted_in_clear),
		cmocka_unit_test(
			a_finding_that_a_row_once_accepted_is_not_accepted_for_ever),
		cmocka_unit_test(a_declared_row_s_tls_is_not_proposed_away),
		cmocka_unit_test(days_too_long_ago_make_nothing_older),
		cmocka_unit_test(
			a_record_of_no_protocol_of_mail_stops_nobody_s_learning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
