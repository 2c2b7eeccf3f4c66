#include "made_matrix.h"

static const char *group_name(const struct matrix *matrix, const char *address)
{
	struct address parsed;
	assert_true(address_parse(address, &parsed));
	const struct matrix_end end = matrix_locate(matrix, &parsed);
	assert_non_null(end.zone);
	return end.group ? end.group->name : "none";
}

static void the_longest_prefix_names_the_group(void **state)
{
	(void)state;
	static const char text[] =
		"schema: 1\ngroups:\n"
		"  wide: {role: client, addresses: [192.0.2.0/24, 2001:db8::/32]}\n"
		"  middle: {role: relay, addresses: [192.0.2.64/26]}\n"
		"  one: {role: mailbox, addresses: [192.0.2.70, \"2001:db8::70\"]}\n"
		"rows: [{id: a, from: wide, to: one, protocols: imaps}]\n";
	struct matrix_problems problems;
	struct matrix *matrix = load_text(text, &problems);
	assert_non_null(matrix);
	assert_string_equal(group_name(matrix, "192.0.2.0"), "wide");
	assert_string_equal(group_name(matrix, "192.0.2.63"), "wide");
	assert_string_equal(group_name(matrix, "192.0.2.64"), "middle");
	assert_string_equal(group_name(matrix, "192.0.2.70"), "one");
	assert_string_equal(group_name(matrix, "192.0.2.71"), "middle");
	assert_string_equal(group_name(matrix, "192.0.2.127"), "middle");
	assert_string_equal(group_name(matrix, "192.0.2.128"), "wide");
	assert_string_equal(group_name(matrix, "192.0.3.0"), "none");
	assert_string_equal(group_name(matrix, "192.0.1.255"), "none");
	assert_string_equal(group_name(matrix, "2001:db8::70"), "one");
	assert_string_equal(group_name(matrix, "2001:db8::71"), "wide");
	assert_string_equal(group_name(matrix, "2001:db9::"), "none");
	matrix_free(matrix);
}

static void a_host_name_finds_its_group_exactly_or_by_wildcard(void **state)
{
	(void)state;
	struct matrix *matrix = load_small();
	assert_string_equal(
		matrix_group_of_host(matrix, "MAIL.example.org.")->name, "mailboxes");
	assert_string_equal(matrix_group_of_host(matrix, "a.b.mail.example.org")->name,
		"mailboxes");
	assert_null(matrix_group_of_host(matrix, "example.org"));
	assert_null(matrix_group_of_host(matrix, "xmail.example.org"));
	assert_null(matrix_group_of_host(matrix, ""));
	assert_null(matrix_group_of_host(matrix, "."));
	matrix_free(matrix);
}

/* Without wildcards most names are told apart by length and first letter. */
static void a_host_name_is_found_where_no_group_has_a_wildcard(void **state)
{
	(void)state;
	static const char text[] =
		"schema: 1\nzones: {internal: [192.0.2.0/24]}\n"
		"groups:\n"
		"  boxes: {role: mailbox, names: [Mail.example.org, 1.example.net]}\n"
		"rows: [{id: a, from: internal, to: boxes, protocols: imaps}]\n";
	struct matrix_problems problems;
	struct matrix *matrix = load_text(text, &problems);
	assert_non_null(matrix);
	assert_non_null(matrix_group_of_host(matrix, "MAIL.example.org"));
	assert_non_null(matrix_group_of_host(matrix, "mail.example.org."));
	assert_non_null(matrix_group_of_host(matrix, "1.example.net"));
	assert_null(matrix_group_of_host(matrix, "mail.example.net"));
	assert_null(matrix_group_of_host(matrix, "www.mail.example.org"));
	assert_null(matrix_group_of_host(matrix, "mail.example.org.."));
	matrix_free(matrix);
}

static void an_end_is_found_by_group_zone_internet_or_address(void **state)
{
	(void)state;
	struct matrix *matrix = load_small();
	struct matrix_end end;
	struct reason why;
	assert_true(matrix_find_end(matrix, "relay", &end, &why));
	assert_string_equal(end.group->name, "relay");
	assert_string_equal(end.zone->name, "internal");
	assert_true(matrix_find_end(matrix, "gateway", &end, &why));
	assert_null(end.group);
	assert_true(matrix_find_end(matrix, "internet", &end, &why));
	assert_string_equal(end.zone->name, "internet");
	assert_true(matrix_find_end(matrix, "192.0.2.26", &end, &why));
	assert_null(end.group);
	assert_string_equal(end.zone->name, "internal");
	assert_true(matrix_find_end(matrix, "Mail.Example.org", &end, &why));
	assert_string_equal(end.group->name, "mailboxes");
	assert_false(end.is_named); /* it has addresses */
	assert_false(matrix_find_end(matrix, "www.example.org", &end, &why));
	assert_false(matrix_find_end(matrix, "gatway", &end, &why));
	assert_non_null(strstr(why.text, "did you mean \"gateway\"?"));
	matrix_free(matrix);
}

static const char *zone_of(const struct matrix *matrix, const char *text)
{
	struct address address;
	assert_true(address_parse(text, &address));
	return matrix_locate(matrix, &address).zone->name;
}

/* Of no row, not even one that speaks of the Internet. */
static void the_host_itself_is_not_the_internet(void **state)
{
	(void)state;
	struct matrix *matrix = load_rows(
		" - {id: a, from: internet, to: internet, protocols: smtp}\n");
	assert_string_equal(zone_of(matrix, "127.0.0.1"), "loopback");
	assert_string_equal(zone_of(matrix, "127.255.0.9"), "loopback");
	assert_string_equal(zone_of(matrix, "::1"), "loopback");
	assert_string_equal(zone_of(matrix, "::2"), "internet");
	assert_string_equal(zone_of(matrix, "128.0.0.1"), "internet");
	assert_string_equal(zone_of(matrix, "126.255.255.255"), "internet");
	struct address address;
	assert_true(address_parse("127.0.0.1", &address));
	struct matrix_question question = {.from = matrix_locate(matrix, &address),
		.to = matrix_locate(matrix, &address),
		.protocol = PROTOCOL_SMTP,
		.port = 25};
	struct matrix_result result;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_NO);
	assert_true(address_parse("203.0.113.5", &address));
	question.to = question.from = matrix_locate(matrix, &address);
	question.is_tls_offered = MATRIX_YES;
	matrix_ask(matrix, &question, &result);
	assert_int_equal(result.allowed, MATRIX_YES);
	matrix_free(matrix);
}

static void a_zone_may_hold_the_host_itself(void **state)
{
	(void)state;
	struct matrix_problems problems;
	struct matrix *matrix = load_text(
		"schema: 1\nzones: {internal: [127.0.0.0/8]}\ngroups: {a: "
		"{role: relay, addresses: [127.0.0.1]}}\nrows: [{id: x, from: "
		"a, to: internal, protocols: smtp}]\n",
		&problems);
	assert_int_equal(problems.count, 0);
	assert_string_equal(zone_of(matrix, "127.0.0.1"), "internal");
	matrix_free(matrix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_host_itself_is_not_the_internet),
		cmocka_unit_test(a_zone_may_hold_the_host_itself),
		cmocka_unit_test(the_longest_prefix_names_the_group),
		cmocka_unit_test(a_host_name_finds_its_group_exactly_or_by_wildcard),
		cmocka_unit_test(a_host_name_is_found_where_no_group_has_a_wildcard),
		cmocka_unit_test(an_end_is_found_by_group_zone_internet_or_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
