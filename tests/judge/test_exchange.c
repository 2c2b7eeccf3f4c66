/* What Exchange does by itself: RPC's own encryption, and ports of its own for transport. */
#include "made_flow.h"

#include "analyze/rpc_pdus.h"

#define HEAD                                                                  \
	"schema: 1\n"                                                         \
	"zones: {internal: [192.0.2.0/24]}\n"                                 \
	"groups:\n"                                                           \
	"  workstations: {role: client, addresses: [192.0.2.64/26]}\n"        \
	"  mailboxes: {role: mailbox, addresses: [192.0.2.10, 192.0.2.11]}\n" \
	"  relay: {role: relay, addresses: [192.0.2.25]}\n"                   \
	"rows:\n"

#define OTHER_MAILBOX "192.0.2.11"

#define TRANSPORT                                                                 \
	HEAD "  - {id: T-1, from: mailboxes, to: mailboxes, protocols: [smtp], "  \
	     "tls: starttls}\n"                                                   \
	     "  - {id: T-2, from: mailboxes, to: relay, protocols: [smtp], tls: " \
	     "starttls}\n"

static struct made_flow mapi_at(unsigned level)
{
	struct made_flow flow =
		made_flow(PROTOCOL_MAPI_RPC, WORKSTATION, MAILBOX, 49152);
	flow.facts.rpc_protection = (uint8_t)level;
	flow.facts.has_content_clear = level < RPC_LEVEL_PRIVACY;
	return flow;
}

static void packet_privacy_is_what_tls_required_asks_for(void **state)
{
	(void)state;
	static const char ROW[] = HEAD "  - {id: M-1, from: workstations, to: "
				       "mailboxes, protocols: [mapi-rpc], "
				       "tls: required}\n";
	for (unsigned level = RPC_LEVEL_NONE; level <= RPC_LEVEL_PRIVACY; level++) {
		struct made_flow flow = mapi_at(level);
		made_judge_text(ROW, &flow);
		const bool is_private = level == RPC_LEVEL_PRIVACY;
		assert_int_equal(flow.judgement.verdict,
			is_private ? VERDICT_LEGITIMATE : VERDICT_ILLEGITIMATE);
		assert_int_equal(flow.judgement.findings,
			is_private ? 0 : FINDING_BIT(FINDING_TLS_MISSING));
	}
}

static void packet_privacy_is_no_tls_from_the_first_byte(void **state)
{
	(void)state;
	static const char ROW[] = HEAD "  - {id: M-1, from: workstations, to: "
				       "mailboxes, protocols: [mapi-rpc], "
				       "tls: implicit}\n";
	struct made_flow flow = mapi_at(RPC_LEVEL_PRIVACY);
	made_judge_text(ROW, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
}

static void min_tls_does_not_accuse_packet_privacy(void **state)
{
	(void)state;
	static const char ROW[] = HEAD "  - {id: M-1, from: workstations, to: "
				       "mailboxes, protocols: [mapi-rpc], "
				       "tls: required, min_tls: \"1.2\"}\n";
	struct made_flow flow = mapi_at(RPC_LEVEL_PRIVACY);
	made_judge_text(ROW, &flow);
	assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
}

static void exchange_servers_talk_on_transport_ports_without_a_word(void **state)
{
	(void)state;
	static const uint16_t PORTS[] = {25, 465, 475, 717, 2525};
	for (size_t i = 0; i < sizeof(PORTS) / sizeof(PORTS[0]); i++) {
		struct made_flow flow = made_encrypted_flow(
			PROTOCOL_SMTP, MAILBOX, OTHER_MAILBOX, PORTS[i]);
		made_judge_text(TRANSPORT, &flow);
		assert_int_equal(flow.judgement.verdict, VERDICT_LEGITIMATE);
		assert_int_equal(flow.judgement.findings, 0);
	}
}

static void the_same_ports_are_unusual_for_any_other_role(void **state)
{
	(void)state;
	static const uint16_t PORTS[] = {465, 475, 717, 2525};
	for (size_t i = 0; i < sizeof(PORTS) / sizeof(PORTS[0]); i++) {
		struct made_flow flow =
			made_encrypted_flow(PROTOCOL_SMTP, MAILBOX, RELAY, PORTS[i]);
		made_judge_text(TRANSPORT, &flow);
		assert_int_equal(flow.judgement.verdict, VERDICT_ILLEGITIMATE);
		assert_int_equal(
			flow.judgement.findings, FINDING_BIT(FINDING_PORT_UNUSUAL));
	}
}

static void other_ports_are_unusual_between_exchange_servers_too(void **state)
{
	(void)state;
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_SMTP, MAILBOX, OTHER_MAILBOX, 2526);
	made_judge_text(TRANSPORT, &flow);
	assert_int_equal(flow.judgement.findings, FINDING_BIT(FINDING_PORT_UNUSUAL));
}

static void implicit_tls_on_465_between_exchange_servers_stays_a_finding(void **state)
{
	(void)state;
	struct made_flow flow =
		made_encrypted_flow(PROTOCOL_SMTPS, MAILBOX, OTHER_MAILBOX, 465);
	made_judge_text(TRANSPORT, &flow);
	assert_true(
		(flow.judgement.findings & FINDING_BIT(FINDING_SMTPS_IMPLICIT)) != 0);
}

static void web_mail_in_clear_misses_the_row_s_tls(void **state)
{
	(void)state;
	static const char ROW[] =
		HEAD "  - {id: M-1, from: workstations, to: mailboxes, protocols: "
		     "[exchange-https], tls: required, ports: [80, 443]}\n";
	struct made_flow flow =
		made_flow(PROTOCOL_EXCHANGE_HTTPS, WORKSTATION, MAILBOX, 80);
	flow.facts.has_content_clear = true;
	made_judge_text(ROW, &flow);
	assert_int_equal(flow.judgement.findings, FINDING_BIT(FINDING_TLS_MISSING));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packet_privacy_is_what_tls_required_asks_for),
		cmocka_unit_test(packet_privacy_is_no_tls_from_the_first_byte),
		cmocka_unit_test(min_tls_does_not_accuse_packet_privacy),
		cmocka_unit_test(
			exchange_servers_talk_on_transport_ports_without_a_word),
		cmocka_unit_test(the_same_ports_are_unusual_for_any_other_role),
		cmocka_unit_test(other_ports_are_unusual_between_exchange_servers_too),
		cmocka_unit_test(
			implicit_tls_on_465_between_exchange_servers_stays_a_finding),
		cmocka_unit_test(web_mail_in_clear_misses_the_row_s_tls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
