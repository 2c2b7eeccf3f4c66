/* What header fields show: here those that the matrix expects of a group. */
#include "made_flow.h"

#include "analyze/header.h"

#define UNCHECKED BIT(FINDING_CONTENT_UNCHECKED)
#define UNSIGNED  BIT(FINDING_AUTHENTICATION_MISSING)

#define EXPECTED                                                          \
	MADE_OFFICE                                                       \
	"  - {id: M-07, from: mx-in, to: relay, protocols: [smtp], tls: " \
	"optional}\n"                                                     \
	"expects:\n"                                                      \
	"  mx-in: [X-Virus-Scanned, X-Spam-Status]\n"                     \
	"  mx-out: [\"DKIM-Signature: example.org\", \"DKIM-Signature: "  \
	"example.com\"]\n"

static struct matrix *matrix;

static int make_matrix(void **state)
{
	(void)state;
	matrix = made_matrix(EXPECTED);
	return 0;
}

static int free_matrix(void **state)
{
	(void)state;
	matrix_free(matrix);
	return 0;
}

/* Of one message with these fields ("name" or "name:value"); what is told of both kinds. */
static uint64_t told(struct made_flow *flow, const char *const *fields)
{
	struct facts_headers *headers = &flow->facts.headers;
	headers->messages = 1;
	headers->senders = 1;
	for (; *fields != NULL; fields++) {
		const size_t len = strcspn(*fields, ":");
		const struct text name = {(const uint8_t *)*fields, len};
		const char *value = *fields + len + ((*fields)[len] == ':');
		facts_field_add(
			headers->fields, header_field_hash(name, text_from("")));
		facts_field_add(
			headers->fields, header_field_hash(name, text_from(value)));
	}
	flow->facts.has_content_clear = true;
	made_judge(matrix, flow);
	return flow->judgement.findings & (UNCHECKED | UNSIGNED);
}

#define FIELDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static uint64_t told_of(const char *client, const char *server, const char *const *list)
{
	struct made_flow flow = made_flow(PROTOCOL_SMTP, client, server, 25);
	return told(&flow, list);
}

static void each_field_of_a_check_is_asked_for(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, MX_IN, RELAY, 25);
	assert_int_equal(told(&flow, FIELDS("X-Virus-Scanned", "From")), UNCHECKED);
	assert_string_equal(flow.judgement.detail[FINDING_CONTENT_UNCHECKED],
		"a message without X-Spam-Status");
	assert_int_equal(
		told_of(MX_IN, RELAY, FIELDS("x-spam-status", "X-VIRUS-SCANNED")), 0);
	assert_int_equal(told_of(RELAY, MAILBOX, FIELDS("From")), 0);
}

static void one_signature_of_ours_is_enough(void **state)
{
	(void)state;
	assert_int_equal(
		told_of(MX_OUT, INTERNET, FIELDS("DKIM-Signature:example.com")), 0);
	assert_int_equal(
		told_of(MX_OUT, INTERNET, FIELDS("DKIM2-Signature:example.org")), 0);
	struct made_flow flow = made_flow(PROTOCOL_SMTP, MX_OUT, INTERNET, 25);
	assert_int_equal(told(&flow, FIELDS("DKIM-Signature:example.net")), UNSIGNED);
	assert_string_equal(flow.judgement.detail[FINDING_AUTHENTICATION_MISSING],
		"a message without DKIM-Signature of example.org");
}

static void what_is_not_expected_is_asked_for_as_ever(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, MX_IN, RELAY, 25);
	flow.facts.headers.without_authentication_results = 1;
	assert_int_equal(
		told(&flow, FIELDS("X-Virus-Scanned", "X-Spam-Status")), UNSIGNED);
}

static void without_a_message_nothing_is_missing(void **state)
{
	(void)state;
	struct made_flow flow = made_flow(PROTOCOL_SMTP, MX_IN, RELAY, 25);
	made_judge(matrix, &flow);
	assert_int_equal(flow.judgement.findings & (UNCHECKED | UNSIGNED), 0);
}

static uint64_t leaked(const char *address)
{
	struct made_flow flow = made_flow(PROTOCOL_SMTP, MX_OUT, "203.0.113.25", 25);
	flow.facts.headers.address_count = 1;
	assert_true(address_parse(address, &flow.facts.headers.addresses[0]));
	flow.facts.has_content_clear = true;
	made_judge(matrix, &flow);
	return flow.judgement.findings & BIT(FINDING_HEADER_INTERNAL_LEAK);
}

/* A filter of the server hands its mail back to it by 127.0.0.1. */
static void the_server_itself_is_no_address_of_the_inside(void **state)
{
	(void)state;
	assert_int_equal(leaked("127.0.0.1"), 0);
	assert_int_equal(leaked("::1"), 0);
	assert_int_not_equal(leaked(RELAY), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_of_a_check_is_asked_for),
		cmocka_unit_test(one_signature_of_ours_is_enough),
		cmocka_unit_test(what_is_not_expected_is_asked_for_as_ever),
		cmocka_unit_test(without_a_message_nothing_is_missing),
		cmocka_unit_test(the_server_itself_is_no_address_of_the_inside),
	};
	return cmocka_run_group_tests(tests, make_matrix, free_matrix);
}
