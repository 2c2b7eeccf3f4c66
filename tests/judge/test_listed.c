#include "made_denied.h"

#include "judge/findings.h"

static struct made_denied made;

static int load(void **state)
{
	(void)state;
	made = made_denied("203.0.113.0/28 added=2026-09-01 SBL1\nbulk.example\n"
			   "192.0.2.25\n198.51.100.3\n",
		"203.0.113.20 expires=2026-09-21T14:13:21Z\nbulk.example.net\n",
		"203.0.113.1\ngood.bulk.example\n192.0.2.70\n");
	return 0;
}

static int unload(void **state)
{
	(void)state;
	made_denied_free(&made);
	return 0;
}

/* From there to the inbound server; the detail, or NULL where nothing is told. */
static const char *told(struct made_flow *flow, const char *client, const char *domain)
{
	*flow = made_flow(PROTOCOL_SMTP, client, MX_IN, 25);
	(void)snprintf(flow->facts.mail_from_domain,
		sizeof(flow->facts.mail_from_domain), "%s", domain);
	flow->observation.lists = made.lists;
	made_judge(made.matrix, flow);
	return (flow->judgement.findings & BIT(FINDING_SENDER_LISTED)) != 0
		       ? flow->judgement.detail[FINDING_SENDER_LISTED]
		       : NULL;
}

static void a_denied_end_is_told_with_its_entry_and_the_gravest_first(void **state)
{
	(void)state;
	struct made_flow flow;
	/* the inbound server is on the list too: of equals the client */
	assert_string_equal(told(&flow, "203.0.113.9", "example.com"),
		"client: 203.0.113.0/28 on list d since 2026-09-01, SBL1");
	assert_int_equal(flow.judgement.severity[FINDING_SENDER_LISTED], SEVERITY_HIGH);
	assert_string_equal(told(&flow, "203.0.113.20", "example.com"),
		"server: 198.51.100.3 on list d");
	assert_string_equal(told(&flow, "203.0.113.99", "x.bulk.example"),
		"server: 198.51.100.3 on list d");
	assert_int_equal(
		flow.judgement.listed.ends[LISTED_DOMAIN].kind, MATRIX_LIST_DENY);
}

/* As a flow between two ends of which no server is listed. */
static const char *told_of(
	struct made_flow *flow, const char *client, const char *domain)
{
	*flow = made_flow(PROTOCOL_SMTP, client, MAILBOX, 25);
	flow->facts.has_content_clear = true;
	(void)snprintf(flow->facts.mail_from_domain,
		sizeof(flow->facts.mail_from_domain), "%s", domain);
	flow->observation.lists = made.lists;
	made_judge(made.matrix, flow);
	return (flow->judgement.findings & BIT(FINDING_SENDER_LISTED)) != 0
		       ? flow->judgement.detail[FINDING_SENDER_LISTED]
		       : NULL;
}

static void allow_takes_from_the_lists_what_it_names_and_no_more(void **state)
{
	(void)state;
	struct made_flow flow;
	assert_null(told_of(&flow, "203.0.113.1", "example.com"));
	assert_non_null(told_of(&flow, "203.0.113.2", "example.com"));
	assert_null(told_of(&flow, "203.0.113.16", "example.com"));
	/* an allowed client's claim goes with it; an allowed claim excuses no client */
	assert_null(told_of(&flow, "203.0.113.1", "bulk.example"));
	assert_non_null(told_of(&flow, "203.0.113.2", "good.bulk.example"));
	assert_null(told_of(&flow, "203.0.113.99", "x.good.bulk.example"));
	assert_string_equal(told_of(&flow, "203.0.113.99", "x.bulk.example"),
		"sender's domain: bulk.example on list d");
	assert_null(told_of(&flow, "203.0.113.99", "notbulk.example"));
}

static void being_allowed_by_a_list_hides_nothing_of_the_matrix(void **state)
{
	(void)state;
	struct made_flow flow;
	assert_null(told_of(&flow, WORKSTATION, "example.com"));
	assert_int_equal(
		flow.judgement.listed.ends[LISTED_CLIENT].kind, MATRIX_LIST_ALLOW);
	assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
	const uint64_t findings = flow.judgement.findings;
	assert_true((findings & BIT(FINDING_SENDER_ILLEGITIMATE)) != 0);
	flow.observation.lists = NULL;
	made_judge(made.matrix, &flow);
	assert_int_equal(flow.judgement.findings, findings);
}

static void a_temporary_entry_ends_at_its_second(void **state)
{
	(void)state;
	struct made_flow flow;
	assert_string_equal(told_of(&flow, "203.0.113.20", ""),
		"client: 203.0.113.20 on list t until 2026-09-21");
	assert_int_equal(flow.judgement.severity[FINDING_SENDER_LISTED], SEVERITY_LOW);
	flow.observation.now_us += 1000000;
	made_judge(made.matrix, &flow);
	assert_int_equal(flow.judgement.findings & BIT(FINDING_SENDER_LISTED), 0);
}

static void what_is_no_mail_is_not_looked_for(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_HTTP, "203.0.113.9", MAILBOX, 25);
	flow.observation.lists = made.lists;
	made_judge(made.matrix, &flow);
	assert_int_equal(flow.judgement.findings & BIT(FINDING_SENDER_LISTED), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_denied_end_is_told_with_its_entry_and_the_gravest_first),
		cmocka_unit_test(allow_takes_from_the_lists_what_it_names_and_no_more),
		cmocka_unit_test(being_allowed_by_a_list_hides_nothing_of_the_matrix),
		cmocka_unit_test(a_temporary_entry_ends_at_its_second),
		cmocka_unit_test(what_is_no_mail_is_not_looked_for),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
