/* In whose name mail is sent: own domains from outside, foreign ones from inside. */
#include "made_flow.h"

#define STRANGER "203.0.113.25"
#define SENDER   "203.0.113.80"
#define PARTNER  "203.0.113.60"

#define OWN     BIT(FINDING_SENDER_OWN_DOMAIN_OUTSIDE)
#define FOREIGN BIT(FINDING_SENDER_FOREIGN_DOMAIN_OUT)

#define ROWS                                                                  \
	"rows:\n"                                                             \
	"  - {id: M-04, from: mx-out, to: internet, protocols: [smtp], tls: " \
	"optional}\n"                                                         \
	"  - {id: M-05, from: internet, to: mx-in, protocols: [smtp], tls: "  \
	"optional}\n"                                                         \
	"  - {id: M-06, from: partners, to: mx-in, protocols: [smtp], tls: "  \
	"optional}\n"                                                         \
	"  - {id: M-07, from: relay, to: internet, protocols: [smtp], tls: "  \
	"optional}\n"
#define GROUPS                                                               \
	"schema: 1\n"                                                        \
	"zones: {internal: [192.0.2.0/24], gateway: [198.51.100.0/28]}\n"    \
	"groups:\n"                                                          \
	"  relay: {role: relay, service: office, addresses: [192.0.2.25]}\n" \
	"  mx-out: {role: outbound, addresses: [198.51.100.2]}\n"            \
	"  forwarding: {role: outbound, addresses: [198.51.100.6]}\n"        \
	"  mx-in: {role: inbound, addresses: [198.51.100.3]}\n"              \
	"  partners: {role: outbound, addresses: [203.0.113.60]}\n"
#define DOMAINS                                                              \
	"domains:\n"                                                         \
	"  example.org: {senders: [203.0.113.80], forwarders: [forwarding, " \
	"203.0.113.90]}\n"                                                   \
	"  shop.example.org:\n"                                              \
	"  example.net: {own: no}\n"

static struct matrix *with_domains;
static struct matrix *without;
static struct matrix *of_others;

static int make_matrices(void **state)
{
	(void)state;
	with_domains = made_matrix(GROUPS ROWS DOMAINS);
	without = made_matrix(GROUPS ROWS);
	of_others = made_matrix(GROUPS ROWS "domains: {example.net: {own: no}}\n");
	return 0;
}

static int free_matrices(void **state)
{
	(void)state;
	matrix_free(with_domains);
	matrix_free(without);
	matrix_free(of_others);
	return 0;
}

static struct made_flow taken(
	const char *client, const char *server, const char *domain)
{
	struct made_flow flow = made_flow(PROTOCOL_SMTP, client, server, 25);
	struct facts_sender *sender = &flow.facts.senders[flow.facts.sender_count++];
	(void)snprintf(sender->domain, sizeof(sender->domain), "%s", domain);
	flow.facts.has_content_clear = true;
	flow.facts.messages = 1;
	return flow;
}

static uint64_t told_of(const struct matrix *matrix, struct made_flow *flow)
{
	made_judge(matrix, flow);
	return flow->judgement.findings & (OWN | FOREIGN);
}

static uint64_t told(const char *client, const char *server, const char *domain)
{
	struct made_flow flow = taken(client, server, domain);
	return told_of(with_domains, &flow);
}

static void an_own_domain_from_a_stranger_is_told(void **state)
{
	(void)state;
	assert_int_equal(told(STRANGER, MX_IN, "example.org"), OWN);
	assert_int_equal(told(STRANGER, MX_IN, "mail.example.org"), OWN);
	assert_int_equal(told(SENDER, MX_IN, "shop.example.org"), OWN);
	assert_int_equal(told(SENDER, MX_IN, "x.shop.example.org"), OWN);
	assert_int_equal(told(STRANGER, MX_IN, "notexample.org"), 0);
	assert_int_equal(told(STRANGER, MX_IN, "example.net"), 0);
	assert_int_equal(told(STRANGER, MX_IN, "org"), 0);
}

static void whoever_the_matrix_knows_is_no_stranger(void **state)
{
	(void)state;
	assert_int_equal(told(SENDER, MX_IN, "example.org"), 0);
	assert_int_equal(told("203.0.113.90", MX_IN, "example.org"), 0);
	assert_int_equal(told(PARTNER, MX_IN, "example.org"), 0);
	struct made_flow flow = taken(STRANGER, MX_IN, "example.org");
	flow.facts.auth_tried = FACTS_MECHANISM_PLAIN;
	flow.facts.auth_accepted = FACTS_NO;
	assert_int_equal(told_of(with_domains, &flow), OWN);
	flow.facts.auth_accepted = FACTS_YES;
	assert_int_equal(told_of(with_domains, &flow), 0);
}

static void a_foreign_domain_of_an_outbound_server_is_told(void **state)
{
	(void)state;
	assert_int_equal(told(MX_OUT, STRANGER, "example.com"), FOREIGN);
	assert_int_equal(told(MX_OUT, STRANGER, "notexample.org"), FOREIGN);
	assert_int_equal(told(MX_OUT, STRANGER, "mail.example.org"), 0);
	assert_int_equal(told(MX_OUT, STRANGER, "mail.example.net"), 0);
	assert_int_equal(told("198.51.100.6", STRANGER, "example.com"), 0);
	assert_int_equal(told(MX_OUT, PARTNER, "example.com"), 0);
	assert_int_equal(told(RELAY, STRANGER, "example.com"), 0);
}

static void without_own_domains_nothing_is_told(void **state)
{
	(void)state;
	struct made_flow inward = taken(STRANGER, MX_IN, "example.org");
	struct made_flow outward = taken(MX_OUT, STRANGER, "example.com");
	assert_int_equal(told_of(without, &inward), 0);
	assert_int_equal(told_of(without, &outward), 0);
	assert_int_equal(told_of(of_others, &inward), 0);
	assert_int_equal(told_of(of_others, &outward), 0);
}

static void one_of_several_messages_is_enough_and_is_named(void **state)
{
	(void)state;
	struct made_flow flow = taken(STRANGER, MX_IN, "example.com");
	flow.facts.sender_count = 6; /* the fifth and sixth in place of two others */
	memcpy(flow.facts.senders[3].domain, "example.org", sizeof("example.org"));
	memcpy(flow.facts.senders[3].author, "a.example", sizeof("a.example"));
	assert_int_equal(told_of(with_domains, &flow), OWN);
	assert_string_equal(flow.judgement.detail[FINDING_SENDER_OWN_DOMAIN_OUTSIDE],
		"MAIL FROM of example.org, From of a.example");
	flow.facts.sender_count = 3;
	assert_int_equal(told_of(with_domains, &flow), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_own_domain_from_a_stranger_is_told),
		cmocka_unit_test(whoever_the_matrix_knows_is_no_stranger),
		cmocka_unit_test(a_foreign_domain_of_an_outbound_server_is_told),
		cmocka_unit_test(without_own_domains_nothing_is_told),
		cmocka_unit_test(one_of_several_messages_is_enough_and_is_named),
	};
	return cmocka_run_group_tests(tests, make_matrices, free_matrices);
}
