#include "made_flow.h"

#include "judge/wire.h"

/* A balancer before a mailbox server, a proxy of the outside, and who may not be one. */
#define SITE                                                                           \
	"schema: 1\n"                                                                  \
	"zones:\n"                                                                     \
	"  internal: [192.0.2.0/24]\n"                                                 \
	"groups:\n"                                                                    \
	"  balancer: {role: proxy, addresses: [192.0.2.4]}\n"                          \
	"  users: {role: client, service: office, addresses: [192.0.2.64/26]}\n"       \
	"  scripts: {role: application, addresses: [192.0.2.40]}\n"                    \
	"  submission: {role: submission, service: office, addresses: [192.0.2.20]}\n" \
	"  relay: {role: relay, service: office, addresses: [192.0.2.25]}\n"           \
	"rows:\n"                                                                      \
	"  - {id: M-01, from: users, to: relay, protocols: [smtp], tls: optional}\n"   \
	"  - {id: M-02, from: users, to: submission, protocols: [submission, "         \
	"submissions], tls: optional}\n"                                               \
	"  - {id: M-03, from: users, to: balancer, protocols: [smtp], tls: "           \
	"optional}\n"                                                                  \
	"  - {id: M-04, from: scripts, to: relay, protocols: [lmtp], ports: "          \
	"[2424], tls: optional}\n"

#define BALANCER "192.0.2.4"
#define USER     "192.0.2.65"
#define SCRIPT   "192.0.2.40"
#define NOBODY   "192.0.2.200" /* of the inside, in no group */

static struct matrix *site;

static int load_site(void **state)
{
	(void)state;
	site = made_matrix(SITE);
	return 0;
}

static int free_site(void **state)
{
	(void)state;
	matrix_free(site);
	return 0;
}

static bool is_address(const struct address *address, const char *text)
{
	const struct address wanted = made_address(text);
	return address_equal(address, &wanted);
}

static void read_wire(struct made_flow *flow,
	const struct classification *classification, struct wire_reading *reading)
{
	flow->observation.facts = &flow->facts;
	flow->observation.protocol = PROTOCOL_UNKNOWN; /* the facts have it */
	memset(reading, 0x5a, sizeof(*reading));
	wire_read(site, classification, &flow->observation, &flow->judgement, reading);
	assert_ptr_equal(reading->observation.ends, reading->ends);
}

static struct classification header_for(const char *client)
{
	return (struct classification){.proxy = CLASSIFY_PROXY_HEADER,
		.has_proxy_client = true,
		.proxy_client = made_address(client),
		.proxy_client_port = 50001};
}

static struct classification tunnel_to(enum classify_proxy proxy, const char *target)
{
	struct classification classification = {.proxy = proxy, .target_port = 25};
	classification.has_target_address =
		address_parse(target, &classification.target);
	if (!classification.has_target_address) {
		memcpy(classification.target_host, target, strlen(target) + 1);
	}
	return classification;
}

static void without_a_proxy_the_ends_are_the_wire_s(void **state)
{
	(void)state;
	const struct classification none = {.proxy = CLASSIFY_PROXY_NONE};
	struct made_flow flow = made_flow(PROTOCOL_SMTP, USER, RELAY, 25);
	struct wire_reading reading;
	read_wire(&flow, &none, &reading);
	assert_false(reading.is_proxied);
	assert_string_equal(reading.proxied_by, "");
	assert_true(is_address(&reading.observation.client, USER));
	assert_true(is_address(&reading.observation.server, RELAY));
	assert_string_equal(reading.ends[1].group->name, "relay");
	assert_true(reading.is_server_known);
	assert_true(reading.is_for_ledger);
}

static void smtp_on_587_is_submission_and_on_25_it_is_not(void **state)
{
	(void)state;
	const struct classification none = {.proxy = CLASSIFY_PROXY_NONE};
	struct wire_reading reading;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, USER, RELAY, 587);
	read_wire(&flow, &none, &reading);
	assert_int_equal(reading.observation.protocol, PROTOCOL_SUBMISSION);
	flow.observation.server_port = 25;
	read_wire(&flow, &none, &reading);
	assert_int_equal(reading.observation.protocol, PROTOCOL_SMTP);
	flow = made_flow(PROTOCOL_LMTP, USER, RELAY, 587);
	read_wire(&flow, &none, &reading);
	assert_int_equal(reading.observation.protocol, PROTOCOL_LMTP);
}

static void smtps_to_a_submission_server_is_submissions_and_elsewhere_not(void **state)
{
	(void)state;
	const struct classification none = {.proxy = CLASSIFY_PROXY_NONE};
	struct wire_reading reading;
	struct made_flow flow = made_flow(PROTOCOL_SMTPS, USER, SUBMISSION, 465);
	read_wire(&flow, &none, &reading);
	assert_int_equal(reading.observation.protocol, PROTOCOL_SUBMISSIONS);
	flow = made_flow(PROTOCOL_SMTPS, USER, RELAY, 465);
	read_wire(&flow, &none, &reading);
	assert_int_equal(reading.observation.protocol, PROTOCOL_SMTPS);
}

static void who_is_declared_and_no_user_may_be_a_proxy(void **state)
{
	(void)state;
	const struct {
		const char *host;
		bool is_proxy;
	} hosts[] = {{BALANCER, true}, {RELAY, true}, {USER, false}, {SCRIPT, false},
		{NOBODY, false}, {"203.0.113.9", false}};
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		const struct address host = made_address(hosts[i].host);
		assert_int_equal(wire_is_proxy(site, &host), hosts[i].is_proxy);
	}
}

static void a_declared_proxy_s_header_names_the_client(void **state)
{
	(void)state;
	const struct classification header = header_for("203.0.113.9");
	struct wire_reading reading;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, BALANCER, RELAY, 25);
	read_wire(&flow, &header, &reading);
	assert_true(reading.is_proxied);
	assert_string_equal(reading.proxied_by, "proxy-protocol for 203.0.113.9");
	assert_true(is_address(&reading.observation.client, "203.0.113.9"));
	assert_int_equal(reading.observation.client_port, 50001);
	assert_int_equal(reading.observation.confidence, DIRECTION_CONFIDENCE_BANNER);
	assert_true(is_address(&reading.observation.server, RELAY));
	assert_true(reading.is_server_known);
	assert_true(reading.is_for_ledger);
}

static void who_is_no_declared_server_accuses_nobody_by_a_header(void **state)
{
	(void)state;
	const char *const liars[] = {USER, SCRIPT, NOBODY, INTERNET};
	const struct classification header = header_for("203.0.113.9");
	for (size_t i = 0; i < sizeof(liars) / sizeof(*liars); i++) {
		struct wire_reading reading;
		struct made_flow flow = made_flow(PROTOCOL_SMTP, liars[i], RELAY, 25);
		read_wire(&flow, &header, &reading);
		assert_true(reading.is_proxied); /* it is told all the same */
		assert_true(is_address(&reading.observation.client, liars[i]));
		assert_int_equal(reading.observation.client_port, 40000);
		assert_int_equal(
			reading.observation.confidence, DIRECTION_CONFIDENCE_SYN);
	}
}

static void behind_a_declared_proxy_the_target_is_the_server(void **state)
{
	(void)state;
	const struct classification socks = tunnel_to(CLASSIFY_PROXY_SOCKS, INTERNET);
	struct wire_reading reading;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, USER, BALANCER, 1080);
	read_wire(&flow, &socks, &reading);
	assert_string_equal(reading.proxied_by, "socks to 203.0.113.25:25");
	assert_true(is_address(&reading.observation.client, USER));
	assert_true(is_address(&reading.observation.server, INTERNET));
	assert_int_equal(reading.observation.server_port, 25);
	assert_true(reading.is_server_known);
	assert_true(reading.is_for_ledger);
}

static void behind_a_name_no_server_s_address_is_known_and_nothing_is_taught(
	void **state)
{
	(void)state;
	const struct classification connect =
		tunnel_to(CLASSIFY_PROXY_CONNECT, "mail.example.org");
	struct wire_reading reading;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, USER, BALANCER, 3128);
	read_wire(&flow, &connect, &reading);
	assert_string_equal(reading.proxied_by, "http-connect to mail.example.org:25");
	assert_true(is_address(&reading.observation.server, BALANCER));
	assert_int_equal(reading.observation.server_port, 25);
	assert_false(reading.is_server_known);
	assert_false(reading.is_for_ledger);
}

static void an_undeclared_proxy_s_target_counts_only_where_it_is_forbidden(void **state)
{
	(void)state;
	struct wire_reading reading;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, USER, NOBODY, 1080);
	struct classification socks = tunnel_to(CLASSIFY_PROXY_SOCKS, INTERNET);
	read_wire(&flow, &socks, &reading);
	assert_true(is_address(&reading.observation.server, INTERNET));
	assert_int_equal(reading.observation.server_port, 25);
	assert_true(reading.is_server_known);
	assert_false(reading.is_for_ledger);            /* a claim teaches nothing */
	socks = tunnel_to(CLASSIFY_PROXY_SOCKS, RELAY); /* which M-01 allows */
	read_wire(&flow, &socks, &reading);
	assert_true(is_address(&reading.observation.server, NOBODY));
	assert_int_equal(reading.observation.server_port, 1080);
	assert_false(reading.is_for_ledger);
}

static void the_name_of_the_protocol_is_the_target_s(void **state)
{
	(void)state;
	struct wire_reading reading;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, USER, BALANCER, 1080);
	struct classification socks = tunnel_to(CLASSIFY_PROXY_SOCKS, INTERNET);
	socks.target_port = 587;
	read_wire(&flow, &socks, &reading);
	assert_int_equal(reading.observation.protocol, PROTOCOL_SUBMISSION);
	flow = made_flow(PROTOCOL_SMTPS, USER, BALANCER, 1080);
	socks = tunnel_to(CLASSIFY_PROXY_SOCKS, SUBMISSION);
	read_wire(&flow, &socks, &reading);
	assert_int_equal(reading.observation.protocol, PROTOCOL_SUBMISSIONS);
}

static void what_no_server_answered_is_a_scanner_s_and_no_mail(void **state)
{
	(void)state;
	struct facts facts = {.protocol = PROTOCOL_EXCHANGE_HTTPS};
	assert_true(wire_is_mail(&facts));
	assert_int_equal(wire_foreign_protocol(&facts), PROTOCOL_OTHER);
	facts.is_unanswered = true;
	assert_false(wire_is_mail(&facts));
	assert_int_equal(wire_foreign_protocol(&facts), PROTOCOL_HTTP);
	facts.protocol = PROTOCOL_EAS; /* a path that nobody guesses */
	assert_int_equal(wire_foreign_protocol(&facts), PROTOCOL_OTHER);
	facts.protocol = PROTOCOL_DCERPC;
	assert_int_equal(wire_foreign_protocol(&facts), PROTOCOL_DCERPC);
}

static void ends_that_turned_are_judged_by_who_sends(void **state)
{
	(void)state;
	const struct classification plain = {.proxy = CLASSIFY_PROXY_NONE};
	struct wire_reading reading;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, INTERNET, RELAY, 25);
	read_wire(&flow, &plain, &reading);
	assert_true(is_address(&reading.observation.client, INTERNET));
	assert_true(reading.is_for_ledger);
	flow.facts.is_turned = true;
	read_wire(&flow, &plain, &reading);
	assert_true(is_address(&reading.observation.client, RELAY));
	assert_true(is_address(&reading.observation.server, INTERNET));
	assert_int_equal(reading.observation.client_port, 25);
	assert_int_equal(reading.observation.server_port, 40000);
	assert_false(reading.is_for_ledger);
	judge_flow(site, &reading.observation, &flow.judgement);
	assert_true(flow.judgement.findings & BIT(FINDING_RELAY_CHAINED));
	/* the port that was opened counts, not the one it was opened from */
	assert_false(flow.judgement.findings & BIT(FINDING_PORT_UNUSUAL));
}

static enum protocol smtp_read(const char *client, uint16_t port, const char *helo)
{
	static const struct classification plain;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, client, RELAY, port);
	struct wire_reading reading;
	(void)snprintf(flow.facts.helo, sizeof(flow.facts.helo), "%s", helo);
	read_wire(&flow, &plain, &reading);
	return reading.observation.protocol;
}

static void what_may_be_lmtp_is_what_a_row_lets_the_ends_speak(void **state)
{
	(void)state;
	assert_int_equal(smtp_read(SCRIPT, 2424, ""), PROTOCOL_LMTP);
	assert_int_equal(smtp_read(SCRIPT, 2424, "a.example.org"), PROTOCOL_SMTP);
	assert_int_equal(smtp_read(SCRIPT, 25, ""), PROTOCOL_SMTP);
	assert_int_equal(smtp_read(USER, 2424, ""), PROTOCOL_SMTP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_be_lmtp_is_what_a_row_lets_the_ends_speak),
		cmocka_unit_test(without_a_proxy_the_ends_are_the_wire_s),
		cmocka_unit_test(smtp_on_587_is_submission_and_on_25_it_is_not),
		cmocka_unit_test(
			smtps_to_a_submission_server_is_submissions_and_elsewhere_not),
		cmocka_unit_test(who_is_declared_and_no_user_may_be_a_proxy),
		cmocka_unit_test(a_declared_proxy_s_header_names_the_client),
		cmocka_unit_test(who_is_no_declared_server_accuses_nobody_by_a_header),
		cmocka_unit_test(behind_a_declared_proxy_the_target_is_the_server),
		cmocka_unit_test(
			behind_a_name_no_server_s_address_is_known_and_nothing_is_taught),
		cmocka_unit_test(
			an_undeclared_proxy_s_target_counts_only_where_it_is_forbidden),
		cmocka_unit_test(the_name_of_the_protocol_is_the_target_s),
		cmocka_unit_test(what_no_server_answered_is_a_scanner_s_and_no_mail),
		cmocka_unit_test(ends_that_turned_are_judged_by_who_sends),
	};
	return cmocka_run_group_tests(tests, load_site, free_site);
}
