#include "made_flow.h"

static int load_matrix(void **state)
{
	*state = made_matrix(MADE_OFFICE);
	return 0;
}

static int free_matrix(void **state)
{
	matrix_free(*state);
	return 0;
}

static struct flow_reading reading(const char *text)
{
	struct flow_reading reading = {.len = (uint16_t)strlen(text)};
	reading.kept = (uint8_t)(reading.len < FLOW_READING_BYTES ? reading.len
								  : FLOW_READING_BYTES);
	memcpy(reading.bytes, text, reading.kept);
	return reading;
}

static struct made_flow judged(void **state, const struct flow_ambiguity *ambiguity)
{
	struct made_flow flow =
		made_flow(PROTOCOL_SUBMISSION, WORKSTATION, SUBMISSION, 587);
	flow.observation.ambiguity = ambiguity;
	made_judge(*state, &flow);
	return flow;
}

static void an_ambiguity_is_told_with_its_kind_and_both_readings(void **state)
{
	const struct flow_ambiguity ambiguity = {.doubt = FLOW_DOUBT_TTL,
		.first = reading("NOOP\r\n"),
		.second = reading("auth PLAIN AGEAYg==\r\n")};
	const struct made_flow flow = judged(state, &ambiguity);
	assert_true(flow.judgement.findings & BIT(FINDING_EVASION_AMBIGUOUS));
	assert_int_equal(
		flow.judgement.severity[FINDING_EVASION_AMBIGUOUS], SEVERITY_HIGH);
	assert_string_equal(flow.judgement.detail[FINDING_EVASION_AMBIGUOUS],
		"a segment with fewer hops left: NOOP (6 bytes), or AUTH (21 bytes)");
}

static void what_may_be_a_secret_is_only_counted(void **state)
{
	const struct flow_ambiguity ambiguity = {
		.doubt = FLOW_DOUBT_VERSIONS,
		.first = reading("AGEAYg==\r\n"),
		.second = reading("PASSWORD"),
	};
	const struct made_flow flow = judged(state, &ambiguity);
	assert_string_equal(flow.judgement.detail[FINDING_EVASION_AMBIGUOUS],
		"two versions of a segment: 10 bytes, or 8 bytes");
}

static void every_kind_has_its_words(void **state)
{
	for (int doubt = FLOW_DOUBT_NONE + 1; doubt < FLOW_DOUBT_COUNT; doubt++) {
		const struct flow_ambiguity ambiguity = {.doubt = (uint8_t)doubt};
		const struct made_flow flow = judged(state, &ambiguity);
		assert_in_range(
			strlen(flow.judgement.detail[FINDING_EVASION_AMBIGUOUS]), 10,
			40);
	}
}

static void without_one_nothing_is_told(void **state)
{
	const struct flow_ambiguity none = {.doubt = FLOW_DOUBT_NONE};
	assert_false(judged(state, NULL).judgement.findings &
		     BIT(FINDING_EVASION_AMBIGUOUS));
	assert_false(judged(state, &none).judgement.findings &
		     BIT(FINDING_EVASION_AMBIGUOUS));
}

static struct made_flow judged_opening(void **state, const struct facts *facts)
{
	struct made_flow flow =
		made_flow(PROTOCOL_SUBMISSION, WORKSTATION, SUBMISSION, 587);
	flow.facts.opening = facts->opening;
	flow.facts.has_content_clear = facts->has_content_clear;
	flow.facts.tls = facts->tls;
	flow.facts.is_mail_taken = facts->is_mail_taken;
	made_judge(*state, &flow);
	return flow;
}

static void an_early_talker_is_told_once_mail_crosses(void **state)
{
	struct facts facts = {.opening = OPENING_HTTP,
		.tls = FACTS_TLS_NONE,
		.has_content_clear = true,
		.is_mail_taken = true};
	struct made_flow flow = judged_opening(state, &facts);
	assert_true(flow.judgement.findings & BIT(FINDING_EVASION_AMBIGUOUS));
	assert_string_equal(flow.judgement.detail[FINDING_EVASION_AMBIGUOUS],
		"early talker: an http request, or submission");
	facts = (struct facts){.opening = OPENING_LINE, .tls = FACTS_TLS_STARTTLS};
	flow = judged_opening(state, &facts);
	assert_true(flow.judgement.findings & BIT(FINDING_EVASION_AMBIGUOUS));
	/* a form that a browser was made to post: the server took nothing of it */
	facts = (struct facts){.opening = OPENING_HTTP,
		.tls = FACTS_TLS_NONE,
		.has_content_clear = true};
	flow = judged_opening(state, &facts);
	assert_false(flow.judgement.findings & BIT(FINDING_EVASION_AMBIGUOUS));
	/* a browser that was led to a mail server, and went */
	facts = (struct facts){.opening = OPENING_HTTP, .tls = FACTS_TLS_NONE};
	flow = judged_opening(state, &facts);
	assert_false(flow.judgement.findings & BIT(FINDING_EVASION_AMBIGUOUS));
	/* who sends mail commands early is in a hurry */
	facts = (struct facts){.tls = FACTS_TLS_NONE, .has_content_clear = true};
	flow = judged_opening(state, &facts);
	assert_false(flow.judgement.findings & BIT(FINDING_EVASION_AMBIGUOUS));
}

static void lines_that_were_not_read_are_told(void **state)
{
	struct made_flow flow =
		made_flow(PROTOCOL_SUBMISSION, WORKSTATION, SUBMISSION, 587);
	flow.facts.has_unread_lines = true;
	made_judge(*state, &flow);
	assert_true(flow.judgement.findings & BIT(FINDING_EVASION_AMBIGUOUS));
	assert_string_equal(flow.judgement.detail[FINDING_EVASION_AMBIGUOUS],
		"more lines at once than are read");
	flow.facts.has_unread_lines = false;
	flow.facts.gaps = 1; /* of the wire, or of a server's replies */
	made_judge(*state, &flow);
	assert_false(flow.judgement.findings & BIT(FINDING_EVASION_AMBIGUOUS));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, load_matrix, free_matrix)

static bool is_told_of_tunnel(void **state, bool is_of_client, bool is_ended)
{
	struct made_flow flow = made_flow(PROTOCOL_SMTP, WORKSTATION, INTERNET, 25);
	flow.observation.way.tag = WAY_FOREIGN;
	flow.observation.way.is_of_client = is_of_client;
	flow.observation.is_ended = is_ended;
	made_judge(*state, &flow);
	return (flow.judgement.findings & BIT(FINDING_TUNNEL_MAIL)) != 0;
}

static void mail_in_a_tunnel_is_told_once_its_client_s_carrier_is_known(void **state)
{
	assert_false(is_told_of_tunnel(state, false, false));
	assert_true(is_told_of_tunnel(state, true, false));
	assert_true(is_told_of_tunnel(state, false, true)); /* it never will be */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_ambiguity_is_told_with_its_kind_and_both_readings),
		TEST(what_may_be_a_secret_is_only_counted),
		TEST(every_kind_has_its_words),
		TEST(without_one_nothing_is_told),
		TEST(an_early_talker_is_told_once_mail_crosses),
		TEST(lines_that_were_not_read_are_told),
		TEST(mail_in_a_tunnel_is_told_once_its_client_s_carrier_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
