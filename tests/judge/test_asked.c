#include "judge/asked.h"

#include "made_flow.h"

#define SITE                                                                        \
	"schema: 1\n"                                                               \
	"zones: {internal: [192.0.2.0/24], gateway: [198.51.100.0/28]}\n"           \
	"groups:\n"                                                                 \
	"  workstations: {role: client, addresses: [192.0.2.64/26]}\n"              \
	"  relay: {role: relay, addresses: [192.0.2.25]}\n"                         \
	"  mx-out: {role: outbound, addresses: [198.51.100.2]}\n"                   \
	"  cloud: {role: mailbox, names: [imap.example.net]}\n"                     \
	"rows:\n"                                                                   \
	"  - {id: A-01, from: workstations, to: relay, protocols: [submission], "   \
	"tls: starttls}\n"                                                          \
	"  - {id: A-02, from: workstations, to: cloud, protocols: [imaps], tls: "   \
	"implicit, min_tls: \"1.2\", client_certificate: required}\n"               \
	"  - {id: A-03, from: relay, to: mx-out, protocols: [smtp], tls: offered, " \
	"expires: 2026-09-18}\n"                                                    \
	"  - {id: A-04, from: mx-out, to: internet, protocols: [smtp], probe: "     \
	"yes}\n"

#define LAST_DAY_S INT64_C(1789689600) /* 2026-09-18 00:00 UTC */

static const char *const ENDS[] = {
	"192.0.2.70", "192.0.2.25", "198.51.100.2", "203.0.113.9"};
#define END_COUNT (sizeof(ENDS) / sizeof(ENDS[0]))

static struct matrix_end end_of(const struct matrix *matrix, const char *text)
{
	const struct address address = made_address(text);
	return matrix_locate(matrix, &address);
}

static void assert_same_answer(struct asked *asked, const struct matrix *matrix,
	const struct matrix_question *question)
{
	struct matrix_result looked_up;
	struct matrix_result remembered;
	memset(&remembered, 0xff, sizeof(remembered));
	matrix_ask(matrix, question, &looked_up);
	asked_matrix(asked, matrix, question, &remembered);
	assert_int_equal(remembered.allowed, looked_up.allowed);
	assert_int_equal(remembered.failed, looked_up.failed);
	assert_int_equal(remembered.waits_for, looked_up.waits_for);
	assert_ptr_equal(remembered.row, looked_up.row);
	assert_ptr_equal(remembered.nearest, looked_up.nearest);
	assert_string_equal(remembered.reason, "");
}

/* One member another than in a question whose answer is remembered. */
static void ask_variants(struct asked *asked, const struct matrix *matrix,
	const struct matrix_question *question)
{
	static const size_t ANSWERS[] = {offsetof(struct matrix_question, is_encrypted),
		offsetof(struct matrix_question, is_starttls),
		offsetof(struct matrix_question, is_implicit),
		offsetof(struct matrix_question, is_tls_offered),
		offsetof(struct matrix_question, is_probe),
		offsetof(struct matrix_question, has_clear_content),
		offsetof(struct matrix_question, has_client_certificate)};
	for (size_t i = 0; i < sizeof(ANSWERS) / sizeof(ANSWERS[0]); i++) {
		for (int answer = MATRIX_UNKNOWN; answer <= MATRIX_YES; answer++) {
			struct matrix_question other = *question;
			memcpy((uint8_t *)&other + ANSWERS[i], &answer, sizeof(answer));
			assert_same_answer(asked, matrix, question);
			assert_same_answer(asked, matrix, &other);
		}
	}
	for (uint16_t version = 0x0301; version <= 0x0304; version++) {
		struct matrix_question other = *question;
		other.tls_version = version;
		other.is_encrypted = other.is_implicit = MATRIX_YES;
		other.has_client_certificate = MATRIX_YES;
		assert_same_answer(asked, matrix, &other);
	}
}

static void what_is_remembered_is_what_the_matrix_answers(void **state)
{
	(void)state;
	static const enum protocol PROTOCOLS[] = {
		PROTOCOL_SMTP, PROTOCOL_SUBMISSION, PROTOCOL_IMAPS, PROTOCOL_ATTEMPT};
	static const uint16_t PORTS[] = {25, 587, 993};
	static struct asked asked;
	struct matrix *matrix = made_matrix(SITE);
	for (size_t i = 0; i < END_COUNT * END_COUNT; i++) {
		for (size_t j = 0; j < 4 * 3; j++) {
			const struct matrix_question question = {
				.from = end_of(matrix, ENDS[i / END_COUNT]),
				.to = end_of(matrix, ENDS[i % END_COUNT]),
				.protocol = PROTOCOLS[j / 3],
				.port = PORTS[j % 3],
				.now_s = LAST_DAY_S - DAY_S,
				.is_brief = true};
			ask_variants(&asked, matrix, &question);
		}
	}
	matrix_free(matrix);
}

static struct matrix_question relayed(const struct matrix *matrix)
{
	return (struct matrix_question){.from = end_of(matrix, "192.0.2.25"),
		.to = end_of(matrix, "198.51.100.2"),
		.protocol = PROTOCOL_SMTP,
		.port = 25,
		.now_s = LAST_DAY_S - DAY_S,
		.is_encrypted = MATRIX_YES,
		.is_brief = true};
}

/* More hosts than there are places, so that one takes another's; each of them twice. */
static void a_host_stands_where_the_matrix_has_it(void **state)
{
	(void)state;
	static struct asked asked;
	struct matrix *matrix = made_matrix(SITE);
	unsigned declared = 0;
	for (unsigned i = 0; i < 2 * 3 * ASKED_PLACES; i++) {
		char text[32];
		(void)snprintf(text, sizeof(text), "%s.%u",
			i % 3 ? "192.0.2" : "203.0.113", i / 6);
		const struct address address = made_address(text);
		const struct matrix_end right = matrix_locate(matrix, &address);
		const struct matrix_end end = asked_locate(&asked, matrix, &address);
		assert_ptr_equal(end.group, right.group);
		assert_ptr_equal(end.zone, right.zone);
		assert_false(end.is_named);
		declared += right.group != NULL;
	}
	assert_int_equal(declared, 4 * (64 + 1)); /* a prefix and a host */
	matrix_free(matrix);
}

static void a_row_that_ends_is_not_remembered_as_allowing(void **state)
{
	(void)state;
	static struct asked asked;
	struct matrix *matrix = made_matrix(SITE);
	struct matrix_question question = relayed(matrix);
	struct matrix_result result;
	asked_matrix(&asked, matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_YES);
	question.now_s += 2 * DAY_S;
	asked_matrix(&asked, matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_NO);
	assert_int_equal(result.failed, MATRIX_CRITERION_EXPIRY);
	matrix_free(matrix);
}

static void a_name_that_became_known_is_asked_about(void **state)
{
	(void)state;
	static struct asked asked;
	struct matrix *matrix = made_matrix(SITE);
	struct matrix_named named = {.is_open = true};
	struct matrix_question question = {.from = end_of(matrix, "192.0.2.70"),
		.to = end_of(matrix, "203.0.113.9"),
		.to_named = &named,
		.protocol = PROTOCOL_IMAPS,
		.port = 993,
		.now_s = LAST_DAY_S,
		.is_encrypted = MATRIX_YES,
		.is_implicit = MATRIX_YES,
		.has_client_certificate = MATRIX_YES,
		.tls_version = 0x0303,
		.is_brief = true};
	struct matrix_result result;
	asked_matrix(&asked, matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_UNKNOWN);
	assert_int_equal(result.waits_for, MATRIX_CRITERION_TO);
	named.is_open = false;
	asked_matrix(&asked, matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_NO);
	named.groups[named.count++] = matrix_group_of_host(matrix, "imap.example.net");
	asked_matrix(&asked, matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_YES);
	question.to_named = NULL;
	asked_matrix(&asked, matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_UNKNOWN);
	matrix_free(matrix);
}

static void an_emptied_one_asks_anew(void **state)
{
	(void)state;
	static struct asked asked;
	struct matrix *matrix = made_matrix(SITE);
	const struct matrix_question question = relayed(matrix);
	struct matrix_result result;
	const struct address relay = made_address("192.0.2.25");
	asked_matrix(&asked, matrix, &question, &result);
	const struct matrix_group *group = asked_locate(&asked, matrix, &relay).group;
	struct matrix *other = made_matrix(SITE);
	asked_matrix(&asked, other, &question, &result);
	assert_string_equal(result.row->id, "A-03"); /* remembered: of the first one */
	size_t count = 0;
	const struct matrix_row *first = matrix_rows(matrix, &count);
	assert_true(result.row >= first && result.row < first + count);
	assert_ptr_equal(asked_locate(&asked, other, &relay).group, group);
	asked_clear(&asked);
	const struct matrix_question its = relayed(other);
	asked_matrix(&asked, other, &its, &result);
	assert_false(result.row >= first && result.row < first + count);
	assert_ptr_not_equal(asked_locate(&asked, other, &relay).group, group);
	matrix_free(other);
	matrix_free(matrix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_remembered_is_what_the_matrix_answers),
		cmocka_unit_test(a_host_stands_where_the_matrix_has_it),
		cmocka_unit_test(a_row_that_ends_is_not_remembered_as_allowing),
		cmocka_unit_test(a_name_that_became_known_is_asked_about),
		cmocka_unit_test(an_emptied_one_asks_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
