#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/cause.h"

#define BIT(finding) FINDING_BIT(FINDING_##finding)

static void what_has_one_cause_is_taken_together(void **state)
{
	(void)state;
	const uint64_t findings = BIT(SENDER_ILLEGITIMATE) | BIT(PORT_UNUSUAL) |
				  BIT(TLS_MISSING) | BIT(TLS_CREDENTIALS_CLEAR);
	assert_int_equal(
		cause_next(findings), BIT(SENDER_ILLEGITIMATE) | BIT(PORT_UNUSUAL));
	assert_int_equal(cause_next(BIT(TLS_MISSING) | BIT(TLS_CREDENTIALS_CLEAR)),
		BIT(TLS_MISSING) | BIT(TLS_CREDENTIALS_CLEAR));
}

static void what_has_a_cause_of_its_own_stays_alone(void **state)
{
	(void)state;
	assert_int_equal(cause_next(BIT(EVASION_AMBIGUOUS) | BIT(SMTP_SMUGGLING)),
		BIT(EVASION_AMBIGUOUS));
	assert_int_equal(cause_next(BIT(RELAY_CHAINED) | BIT(HEADER_INTERNAL_LEAK)),
		BIT(RELAY_CHAINED));
}

static void what_breaks_the_structure_is_told_with_what_no_row_lets(void **state)
{
	(void)state;
	const uint64_t structure = BIT(RELAY_CHAINED) | BIT(GATEWAY_SEND_RECEIVE_MIXED);
	const uint64_t accused = BIT(SENDER_ILLEGITIMATE) | structure;
	assert_int_equal(cause_next(accused | BIT(HEADER_INTERNAL_LEAK)), accused);
	const uint64_t mismatch = BIT(FLOW_ROLE_MISMATCH) | structure;
	assert_int_equal(cause_next(mismatch), mismatch);
	/* rows let these ends, and the port is another matter */
	assert_int_equal(
		cause_next(BIT(SMTPS_IMPLICIT) | structure), BIT(SMTPS_IMPLICIT));
	assert_int_equal(cause_next(structure), BIT(RELAY_CHAINED));
}

/* Every finding is told, whatever it is found with. */
static void all_findings_go_into_alerts_and_each_once(void **state)
{
	(void)state;
	const uint64_t all = FINDING_BIT(FINDING_FLOW_COUNT) - 1;
	uint64_t left = all;
	uint64_t told = 0;
	while (left != 0) {
		const uint64_t same = cause_next(left);
		assert_int_equal(told & same, 0);
		told |= same;
		left &= ~same;
	}
	assert_int_equal(told, all);
}

static void the_head_is_the_gravest_and_of_these_the_first(void **state)
{
	(void)state;
	struct judgement judgement = {.findings = 0};
	judgement.severity[FINDING_TLS_MISSING] = SEVERITY_HIGH;
	judgement.severity[FINDING_TLS_CREDENTIALS_CLEAR] = SEVERITY_CRITICAL;
	judgement.severity[FINDING_TLS_STARTTLS_UNUSED] = SEVERITY_HIGH;
	assert_int_equal(
		cause_head(&judgement, BIT(TLS_MISSING) | BIT(TLS_STARTTLS_UNUSED)),
		FINDING_TLS_MISSING);
	assert_int_equal(
		cause_head(&judgement, BIT(TLS_MISSING) | BIT(TLS_CREDENTIALS_CLEAR)),
		FINDING_TLS_CREDENTIALS_CLEAR);
}

/* A password crossed in clear, and the server's answer gives a finding of the same cause. */
static void what_is_in_clear_waits_for_the_answer_to_a_password(void **state)
{
	(void)state;
	const uint64_t clear = BIT(TLS_MISSING) | BIT(TLS_STARTTLS_UNUSED);
	const uint64_t both = clear | BIT(SENDER_ILLEGITIMATE);
	struct facts facts = {.auth_secret = FACTS_MECHANISM_PLAIN};
	struct observation observation = {.facts = &facts};
	assert_int_equal(cause_waiting(&observation, both), clear);
	facts.auth_accepted = FACTS_NO;
	assert_int_equal(cause_waiting(&observation, both), 0);
	facts.auth_accepted = FACTS_UNKNOWN;
	facts.has_content_clear = true;
	assert_int_equal(cause_waiting(&observation, both), 0);
	facts.has_content_clear = false;
	observation.is_ended = true;
	assert_int_equal(cause_waiting(&observation, both), 0);
	observation = (struct observation){.facts = NULL};
	assert_int_equal(cause_waiting(&observation, both), 0);
}

static void who_may_be_a_probe_is_told_when_he_is_none(void **state)
{
	(void)state;
	const uint64_t ends =
		BIT(SENDER_ILLEGITIMATE) | BIT(PORT_UNUSUAL) | BIT(RELAY_CHAINED);
	const uint64_t both = ends | BIT(TLS_MISSING);
	struct facts facts = {.protocol = PROTOCOL_SMTP,
		.tls = FACTS_TLS_NONE,
		.has_server_bytes = true};
	struct observation observation = {.facts = &facts};
	assert_int_equal(cause_waiting(&observation, both), ends);
	facts.has_said_more = true;
	assert_int_equal(cause_waiting(&observation, both), 0);
	facts.opening = OPENING_HTTP; /* and so may a browser's words be, */
	assert_int_equal(cause_waiting(&observation, both), ends);
	facts.has_server_bytes = false; /* ahead of the greeting as well, */
	assert_int_equal(cause_waiting(&observation, both), ends);
	facts.is_mail_taken = true; /* until the server takes some of them */
	assert_int_equal(cause_waiting(&observation, both), 0);
	facts.is_mail_taken = false;
	facts.opening = OPENING_NONE;
	facts.has_said_more = false;
	facts.protocol = PROTOCOL_IMAP;
	assert_int_equal(cause_waiting(&observation, both), 0);
}

static void only_what_is_no_pair_has_another_scope(void **state)
{
	(void)state;
	unsigned others = 0;
	for (int i = 0; i < FINDING_FLOW_COUNT; i++) {
		others += cause_scope((enum finding)i) != CAUSE_SCOPE_PAIR;
	}
	assert_int_equal(others, 5);
	assert_int_equal(cause_scope(FINDING_SENDER_ILLEGITIMATE), CAUSE_SCOPE_SENDERS);
	assert_int_equal(
		cause_scope(FINDING_GATEWAY_SEND_RECEIVE_MIXED), CAUSE_SCOPE_SERVER);
	assert_int_equal(
		cause_scope(FINDING_ZONE_MAILBOX_MISPLACED), CAUSE_SCOPE_GROUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_one_cause_is_taken_together),
		cmocka_unit_test(what_has_a_cause_of_its_own_stays_alone),
		cmocka_unit_test(
			what_breaks_the_structure_is_told_with_what_no_row_lets),
		cmocka_unit_test(all_findings_go_into_alerts_and_each_once),
		cmocka_unit_test(the_head_is_the_gravest_and_of_these_the_first),
		cmocka_unit_test(what_is_in_clear_waits_for_the_answer_to_a_password),
		cmocka_unit_test(who_may_be_a_probe_is_told_when_he_is_none),
		cmocka_unit_test(only_what_is_no_pair_has_another_scope),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
