#include "made_matrix.h"

#include "matrix/domains.h"

#define TEXT                                                                      \
	HEAD "rows: [{id: M-1, from: relay, to: mx-out, protocols: smtp}]\n"      \
	     "domains:\n"                                                         \
	     "  example.org: {senders: [mx-in, 203.0.113.80, 203.0.113.96/28]}\n" \
	     "  shop.example.org: {forwarders: [203.0.113.9, relay]}\n"           \
	     "  example.com: {forwarders: 2001:db8::1}\n"

static struct matrix *made(void)
{
	struct matrix_problems problems;
	struct matrix *matrix = load_text(TEXT, &problems);
	assert_non_null(matrix);
	return matrix;
}

static const char *name_of(const struct matrix *matrix, const char *domain)
{
	const struct matrix_domain *found = matrix_domain_of(matrix, domain);
	return found ? found->name : "none";
}

static void the_longest_entry_speaks_of_a_domain_and_of_all_below(void **state)
{
	(void)state;
	struct matrix *matrix = made();
	assert_string_equal(name_of(matrix, "example.org"), "example.org");
	assert_string_equal(name_of(matrix, "a.b.example.org"), "example.org");
	assert_string_equal(name_of(matrix, "shop.example.org"), "shop.example.org");
	assert_string_equal(name_of(matrix, "x.shop.example.org"), "shop.example.org");
	assert_string_equal(name_of(matrix, "workshop.example.org"), "example.org");
	assert_string_equal(name_of(matrix, "notexample.org"), "none");
	assert_string_equal(name_of(matrix, "example.org.example.net"), "none");
	assert_string_equal(name_of(matrix, "org"), "none");
	assert_string_equal(name_of(matrix, ""), "none");
	assert_string_equal(name_of(matrix, "..example.org"), "example.org");
	matrix_free(matrix);
}

static bool is_source(const struct matrix *matrix, const char *domain, const char *text)
{
	struct address address;
	assert_true(address_parse(text, &address));
	const struct matrix_end end = matrix_locate(matrix, &address);
	return matrix_is_source(
		&matrix_domain_of(matrix, domain)->senders, &address, &end);
}

static bool is_forwarder(const struct matrix *matrix, const char *text)
{
	struct address address;
	assert_true(address_parse(text, &address));
	const struct matrix_end end = matrix_locate(matrix, &address);
	return matrix_is_forwarder(matrix, &address, &end);
}

static void senders_are_of_their_domain_and_forwarders_of_all(void **state)
{
	(void)state;
	struct matrix *matrix = made();
	assert_true(is_source(matrix, "example.org", "203.0.113.80"));
	assert_true(is_source(matrix, "example.org", "203.0.113.111"));
	assert_false(is_source(matrix, "example.org", "203.0.113.112"));
	assert_true(is_source(matrix, "example.org", "198.51.100.3"));
	assert_false(is_source(matrix, "example.org", "198.51.100.2"));
	assert_false(is_source(matrix, "shop.example.org", "203.0.113.80"));
	assert_true(is_forwarder(matrix, "203.0.113.9"));
	assert_true(is_forwarder(matrix, "2001:db8::1"));
	assert_true(is_forwarder(matrix, "192.0.2.25"));
	assert_false(is_forwarder(matrix, "203.0.113.80"));
	matrix_free(matrix);
}

static void the_tenant_of_an_own_domain_is_known_by_its_name(void **state)
{
	(void)state;
	static const char ORG[] = "Example-ORG.Mail.Protection.outlook.com";
	struct matrix *matrix = made();
	const struct matrix_domain *found = matrix_domain_of_tenant(matrix, ORG);
	assert_non_null(found);
	assert_string_equal(found->name, "example.org");
	assert_non_null(matrix_domain_of_tenant(
		matrix, "shop-example-org.mail.protection.outlook.com"));
	static const char *const OTHERS[] = {"", "example-org",
		"example-net.mail.protection.outlook.com",
		"example-or.mail.protection.outlook.com",
		"example-orgs.mail.protection.outlook.com",
		"example.org.mail.protection.outlook.com",
		"a.example-org.mail.protection.outlook.com",
		"example-org.mail.protection.outlook.com.example.net",
		".mail.protection.outlook.com", "mail.protection.outlook.com"};
	for (size_t i = 0; i < sizeof(OTHERS) / sizeof(*OTHERS); i++) {
		assert_null(matrix_domain_of_tenant(matrix, OTHERS[i]));
	}
	matrix_free(matrix);
}

static void without_the_key_nothing_is_ours(void **state)
{
	(void)state;
	struct matrix_problems problems;
	struct matrix *matrix = load_text(HEAD
		"rows: [{id: M-1, from: relay, to: mx-out, protocols: smtp}]\n"
		"domains: {example.net: {own: no}}\n",
		&problems);
	assert_false(matrix_has_own_domains(matrix));
	assert_false(is_forwarder(matrix, "203.0.113.9"));
	matrix_free(matrix);
	matrix = load_text(HEAD
		"rows: [{id: M-1, from: relay, to: mx-out, protocols: smtp}]\n",
		&problems);
	assert_null(matrix_domain_of(matrix, "example.net"));
	assert_false(matrix_has_own_domains(matrix));
	matrix_free(matrix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_entry_speaks_of_a_domain_and_of_all_below),
		cmocka_unit_test(senders_are_of_their_domain_and_forwarders_of_all),
		cmocka_unit_test(the_tenant_of_an_own_domain_is_known_by_its_name),
		cmocka_unit_test(without_the_key_nothing_is_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
