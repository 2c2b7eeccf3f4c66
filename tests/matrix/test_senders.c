#include "made_matrix.h"

#include "matrix/senders.h"

#define END_S INT64_C(1798761600) /* of 2026-12-31 */

#define TEXT                                                                        \
	HEAD "rows:\n"                                                              \
	     "  - {id: M-1, from: relay, to: internet, protocols: smtp}\n"          \
	     "  - {id: M-2, from: submission, to: internet, protocols: submission}" \
	     "\n"                                                                   \
	     "  - {id: M-3, from: mailboxes, to: internet, protocols: smtp, "       \
	     "expires: 2026-12-31}\n"                                               \
	     "  - {id: M-4, from: workstations, to: mx-out, protocols: smtp}\n"     \
	     "  - {id: M-5, from: internet, to: mx-in, protocols: smtp}\n"          \
	     "domains:\n"                                                           \
	     "  example.org: {senders: [203.0.113.80, mx-in]}\n"                    \
	     "  news.example.org: {senders: 203.0.113.81}\n"

static struct matrix *made(const char *text)
{
	struct matrix_problems problems;
	struct matrix *matrix = load_text(text, &problems);
	if (!matrix) {
		fail_msg("%s", problems.list[0].text);
	}
	return matrix;
}

static bool may(const struct matrix *matrix, const char *domain, const char *text)
{
	struct address address;
	assert_true(address_parse(text, &address));
	return matrix_may_send(matrix, domain, &address, END_S - 1);
}

static void a_row_a_role_or_the_domain_lets_a_host_send(void **state)
{
	(void)state;
	struct matrix *matrix = made(TEXT);
	assert_true(may(matrix, "example.org", "192.0.2.25"));
	assert_true(may(matrix, "other.example", "192.0.2.25"));
	assert_true(may(matrix, "example.org", "198.51.100.2")); /* outbound */
	assert_true(may(matrix, "example.org", "203.0.113.80"));
	assert_true(may(matrix, "a.example.org", "198.51.100.3"));
	/* a sender of another domain, one next to a sender, one that may only submit */
	assert_false(may(matrix, "news.example.org", "203.0.113.80"));
	assert_true(may(matrix, "news.example.org", "203.0.113.81"));
	assert_false(may(matrix, "example.org", "203.0.113.82"));
	assert_false(may(matrix, "example.org", "192.0.2.20"));
	/* one that may send to the gateway alone, one that takes mail in alone */
	assert_false(may(matrix, "example.org", "192.0.2.70"));
	assert_false(may(matrix, "example.net", "198.51.100.3"));
	matrix_free(matrix);
}

static void a_row_counts_until_its_end(void **state)
{
	(void)state;
	struct address address;
	struct matrix *matrix = made(TEXT);
	assert_true(address_parse("192.0.2.10", &address));
	assert_true(matrix_may_send(matrix, "example.org", &address, END_S - 1));
	assert_false(matrix_may_send(matrix, "example.org", &address, END_S));
	matrix_free(matrix);
}

static void a_zone_sends_too_and_the_internet_is_nobody_of_ours(void **state)
{
	(void)state;
	size_t count;
	struct matrix *matrix =
		made(HEAD "rows:\n"
			  "  - {id: M-1, from: gateway, to: internet, protocols: all}\n"
			  "  - {id: M-2, from: internet, to: mx-in, protocols: smtp}\n"
			  "  - {id: M-3, from: internet, to: mx-in, protocols: imap}\n"
			  "  - {id: M-4, from: relay, to: mx-out, protocols: smtp}\n");
	const struct matrix_row *rows = matrix_rows(matrix, &count);
	static const bool OUT[] = {true, false, false, false};
	static const bool IN[] = {false, true, false, false};
	assert_int_equal(count, sizeof(OUT));
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(matrix_row_sends_out(matrix, &rows[i], 0), OUT[i]);
		assert_int_equal(matrix_row_takes_in(matrix, &rows[i], 0), IN[i]);
	}
	assert_true(may(matrix, "example.org", "198.51.100.9"));
	assert_false(may(matrix, "example.org", "203.0.113.9"));
	assert_false(may(matrix, "example.org", "192.0.2.25"));
	matrix_free(matrix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_a_role_or_the_domain_lets_a_host_send),
		cmocka_unit_test(a_row_counts_until_its_end),
		cmocka_unit_test(a_zone_sends_too_and_the_internet_is_nobody_of_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
