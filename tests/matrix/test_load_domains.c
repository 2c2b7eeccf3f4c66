#include "made_matrix.h"

#include "matrix/domains.h"
#include "matrix/lookup.h"

#define ROWS "rows: [{id: M-1, from: relay, to: mx-out, protocols: smtp}]\n"

static void an_entry_says_whose_a_domain_is_and_who_sends_for_it(void **state)
{
	(void)state;
	struct matrix_problems problems;
	struct matrix *matrix = load_text(HEAD ROWS
		"domains:\n"
		"  Example.ORG: {selectors: [k1, a.b], senders: [mx-in, 203.0.113.80, "
		"203.0.113.96/28], forwarders: [relay, 203.0.113.9]}\n"
		"  example.com:\n"
		"  example.net: {own: no}\n",
		&problems);
	assert_non_null(matrix);
	size_t count;
	const struct matrix_domain *domains = matrix_domains(matrix, &count);
	assert_int_equal(count, 3);
	assert_true(matrix_has_own_domains(matrix));
	assert_string_equal(domains[0].name, "example.org");
	assert_true(domains[0].is_own && domains[1].is_own && !domains[2].is_own);
	assert_int_equal(domains[0].selector_count, 2);
	assert_string_equal(domains[0].selectors[1], "a.b");
	assert_int_equal(domains[0].senders.group_count, 1);
	assert_string_equal(domains[0].senders.groups[0]->name, "mx-in");
	assert_int_equal(domains[0].senders.addresses->prefix_count, 2);
	assert_string_equal(domains[0].forwarders.groups[0]->name, "relay");
	assert_null(domains[1].senders.addresses);
	assert_int_equal(domains[1].place.line, 13);
	matrix_free(matrix);
}

static void domains_of_several_files_are_joined(void **state)
{
	(void)state;
	static const char FIRST[] = HEAD ROWS "domains: {example.org: {}}\n";
	static const char SECOND[] =
		"schema: 1\ndomains: {example.com: {forwarders: relay}}\n";
	const struct matrix_source sources[] = {{"one.yaml", FIRST, sizeof(FIRST) - 1},
		{"two.yaml", SECOND, sizeof(SECOND) - 1}};
	struct matrix_problems problems;
	struct matrix *matrix = matrix_load_sources(sources, 2, &problems);
	assert_non_null(matrix);
	size_t count;
	const struct matrix_domain *domains = matrix_domains(matrix, &count);
	assert_int_equal(count, 2);
	assert_string_equal(domains[1].place.file, "two.yaml");
	matrix_free(matrix);
}

static void mistakes_in_domains_are_told_with_their_place(void **state)
{
	(void)state;
	assert_refused(HEAD ROWS "domains: [example.org]\n",
		"made.yaml:11:10: \"domains\" must be a mapping of names");
	assert_refused(HEAD ROWS "domains: {org: {}}\n",
		"made.yaml:11:11: \"org\" is no mail domain such as example.org");
	assert_refused(HEAD ROWS "domains: {\"*.example.org\": {}}\n",
		"\"*.example.org\" is no mail domain");
	assert_refused(HEAD ROWS "domains: {a@example.org: {}}\n",
		"\"a@example.org\" is no mail domain");
	assert_refused(HEAD ROWS
		"domains: {a123456789.a123456789.a123456789.a123456789."
		"a123456789.example.org: {}}\n",
		"of at most 63 bytes");
	assert_refused(HEAD ROWS "domains:\n  example.org: {}\n  EXAMPLE.org: {}\n",
		"made.yaml:13:3: domain \"example.org\" is already declared "
		"(made.yaml:12)");
	assert_refused(HEAD ROWS "domains: {example.org: {senders: [mx-inn]}}\n",
		"made.yaml:11:35: \"mx-inn\" is neither a declared group nor "
		"addresses; "
		"did you mean \"mx-in\"?");
	assert_refused(HEAD ROWS "domains: {example.org: {senders: internet}}\n",
		"\"internet\" is neither a declared group nor addresses");
	assert_refused(HEAD ROWS "domains: {example.org: {forwarders: []}}\n",
		"\"forwarders\" is an empty list");
	assert_refused(HEAD ROWS "domains: {example.org: {selectors: [k 1]}}\n",
		"\"k 1\" is no selector of DKIM");
	assert_refused(HEAD ROWS "domains: {example.org: {selector: k1}}\n",
		"did you mean \"selectors\"?");
	assert_refused(HEAD ROWS "domains: {example.org: {own: maybe}}\n",
		"own \"maybe\" is unknown (one of: yes, no)");
	assert_refused(HEAD ROWS "domains: {example.org: {own: no, selectors: k1}}\n",
		"made.yaml:11:45: domain example.org is not our own: selectors, "
		"senders "
		"and forwarders are its owner's matter");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_says_whose_a_domain_is_and_who_sends_for_it),
		cmocka_unit_test(domains_of_several_files_are_joined),
		cmocka_unit_test(mistakes_in_domains_are_told_with_their_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
