/* A matrix read back in words. */
#include "made_matrix.h"

/* What matrix_print writes of this text; malloced. */
static char *printed(const char *text)
{
	struct matrix_problems problems;
	struct matrix *matrix = load_text(text, &problems);
	if (!matrix) {
		fail_msg("%s", problems.list[0].text);
	}
	char *words = NULL;
	size_t len;
	FILE *out = open_memstream(&words, &len);
	matrix_print(matrix, out);
	assert_int_equal(fclose(out), 0);
	matrix_free(matrix);
	return words;
}

static void assert_says(const char *text, const char *words)
{
	char *page = printed(text);
	if (!strstr(page, words)) {
		fail_msg("\"%s\" is not in:\n%s", words, page);
	}
	free(page);
}

static void a_matrix_is_told_as_a_page_of_sentences(void **state)
{
	(void)state;
	char *page = printed(
		"schema: 1\n"
		"profile: rfc8314\n"
		"zones: {internal: [192.0.2.0/24, \"2001:db8::/48\"], vpn: "
		"192.0.3.1}\n"
		"groups:\n"
		"  post: {role: mailbox, service: office, addresses: [192.0.2.9, "
		"192.0.2.10], names: [mail.example.org, \"*.example.net\"]}\n"
		"  pcs: {role: client, addresses: [192.0.3.1]}\n"
		"rows:\n"
		"  - {id: A, from: pcs, to: post, protocols: [imaps, pop3s], min_tls: "
		"1.2, owner: jo, ticket: T-1, learned: 2028-01-30, expires: "
		"2028-02-29, mode: audit, comment: Mail at home}\n"
		"  - {id: B, from: internal, to: internet, protocols: [smtp], tls: "
		"optional, ports: all}\n");
	assert_string_equal(page,
		"Profile rfc8314.\n"
		"\n"
		"Zones\n"
		"  internal holds 192.0.2.0/24, 2001:db8::/48.\n"
		"  vpn holds 192.0.3.1.\n"
		"  internet is every other address.\n"
		"\n"
		"Groups\n"
		"  post are mailbox servers for office mail in internal: 192.0.2.9, "
		"192.0.2.10, named mail.example.org, *.example.net.\n"
		"  pcs are mail clients in vpn: 192.0.3.1.\n"
		"\n"
		"Rows\n"
		"  A: pcs may use imaps and pop3s of post on ports 993 and 995, under "
		"TLS, TLS 1.2 or newer. Owner: jo. Ticket: T-1. Learned: 2028-01-30. "
		"Last day: 2028-02-29. Audit only: reported, never blocked. Comment: "
		"Mail at home\n"
		"  B: internal may send smtp to internet on any port, with or without "
		"TLS.\n"
		"\n"
		"What no row allows is illegitimate.\n");
	free(page);
}

#define ONE(role, addresses)                                             \
	"schema: 1\ngroups: {g: {role: " role ", addresses: [" addresses \
	"]}}\nrows: [{id: r, from: g, to: internet, protocols: smtp}]\n"

static void of_many_prefixes_twelve_are_shown(void **state)
{
	(void)state;
	assert_says(ONE("relay", "192.0.2.2, 192.0.2.4, 192.0.2.6, 192.0.2.8, "
				 "192.0.2.10, 192.0.2.12, 192.0.2.14, 192.0.2.16, "
				 "192.0.2.18, 192.0.2.20, 192.0.2.22, 192.0.2.24"),
		"192.0.2.22, 192.0.2.24.\n");
	assert_says(ONE("relay", "192.0.2.2, 192.0.2.4, 192.0.2.6, 192.0.2.8, "
				 "192.0.2.10, 192.0.2.12, 192.0.2.14, 192.0.2.16, "
				 "192.0.2.18, 192.0.2.20, 192.0.2.22, 192.0.2.24, "
				 "192.0.2.26, 192.0.2.28"),
		"192.0.2.22, 192.0.2.24 and 2 more.\n");
}

static void every_role_says_what_it_does(void **state)
{
	(void)state;
	assert_says(ONE("application", "192.0.2.2"),
		"g are applications that send without a user in internet");
	assert_says(ONE("submission", "192.0.2.2"), "g are submission servers in");
	assert_says(ONE("relay", "192.0.2.2"), "g are internal relays in");
	assert_says(ONE("outbound", "192.0.2.2"), "g are gateway servers that send in");
	assert_says(
		ONE("inbound", "192.0.2.2"), "g are gateway servers that receive in");
	assert_says(ONE("proxy", "192.0.2.2"),
		"g are proxies in front of mailbox servers in");
}

static void a_row_that_also_reads_is_a_use(void **state)
{
	(void)state;
	assert_says(
		"schema: 1\ngroups: {g: {role: client, addresses: 192.0.2.2}}\nrows: "
		"[{id: r, from: g, to: internet, protocols: [submission, imaps]}]\n",
		"r: g may use submission and imaps of internet");
}

static void what_is_accepted_is_read_back_with_its_reason(void **state)
{
	(void)state;
	static const char text[] =
		"schema: 1\ngroups: {g: {role: client, addresses: 192.0.2.2, owner: "
		"desk, accepts: tls.missing, reason: old readers}}\nrows: [{id: r, "
		"from: g, to: internet, protocols: imap, owner: it, accepts: [R41, "
		"tls.cipher-weak], reason: a trial, until: 2027-06-30}]\n";
	assert_says(text, "192.0.2.2. Owner: desk. Accepted: tls.missing (old "
			  "readers).\n");
	assert_says(text, " Owner: it. Accepted: R41, tls.cipher-weak until 2027-06-30 "
			  "(a trial).\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_matrix_is_told_as_a_page_of_sentences),
		cmocka_unit_test(of_many_prefixes_twelve_are_shown),
		cmocka_unit_test(every_role_says_what_it_does),
		cmocka_unit_test(a_row_that_also_reads_is_a_use),
		cmocka_unit_test(what_is_accepted_is_read_back_with_its_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
