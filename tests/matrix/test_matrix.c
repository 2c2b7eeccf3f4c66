#include "matrix/lookup.h"

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

/* The answer by comparing with every prefix, to hold the fast one against. */
static uint32_t slow_owner(const struct lookup *lookup, const struct address *address)
{
	uint32_t owner = LOOKUP_NONE;
	int longest = -1;
	for (size_t i = 0; i < lookup->prefix_count; i++) {
		const struct network *network = &lookup->prefixes[i].network;
		const struct address last = network_last(network);
		if (memcmp(network->base.bytes, address->bytes, 16) <= 0 &&
			memcmp(last.bytes, address->bytes, 16) >= 0 &&
			network->bits > longest) {
			longest = network->bits;
			owner = lookup->prefixes[i].owner;
		}
	}
	return owner;
}

static void ten_thousand_look_ups_agree_with_the_slow_way(void **state)
{
	(void)state;
	struct lookup lookup = {0};
	unsigned random = 1;
	for (uint32_t i = 0; i < 500; i++) {
		random = random * 1103515245u + 12345u;
		char text[64];
		struct network list[NETWORK_RANGE_MAX];
		struct reason why;
		const unsigned first = random >> 16 & 0xff;
		const unsigned count = random >> 8 & 0x0f;
		(void)snprintf(text, sizeof(text), "192.0.2.%u-192.0.2.%u", first,
			first + count > 255 ? 255 : first + count);
		const size_t networks = network_parse(text, list, &why);
		for (size_t j = 0; j < networks; j++) {
			const struct lookup_prefix prefix = {list[j], i, 0, i, 0};
			lookup_add(&lookup, &prefix);
		}
	}
	lookup_sort(&lookup);
	lookup_compile(&lookup);
	for (unsigned i = 0; i < 10000; i++) {
		const uint8_t bytes[4] = {
			192, 0, (uint8_t)(1 + i / 256 % 3), (uint8_t)i};
		const struct address address = address_from_ipv4(bytes);
		const struct lookup_prefix *found = lookup_find(&lookup, &address);
		assert_int_equal(found ? found->owner : LOOKUP_NONE,
			slow_owner(&lookup, &address));
	}
	lookup_free(&lookup);
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
	assert_false(matrix_find_end(matrix, "gatway", &end, &why));
	assert_non_null(strstr(why.text, "did you mean \"gateway\"?"));
	matrix_free(matrix);
}

static void what_is_doubtful_is_warned_about(void **state)
{
	(void)state;
	struct matrix *matrix = load_rows(
		" - {id: a, from: internet, to: mailboxes, protocols: imaps}\n"
		" - {id: b, from: relay, to: mx-out, protocols: all, ports: all}\n"
		" - {id: c, from: relay, to: internet, protocols: smtps, min_tls: "
		"1.0}\n"
		" - {id: d, from: mx-in, to: relay, protocols: smtp, expires: "
		"2020-01-01}\n"
		" - {id: e, from: workstations, to: mailboxes, protocols: imap, tls: "
		"optional}\n"
		" - {id: f, from: workstations, to: mailboxes, protocols: imap, tls: "
		"optional}\n");
	static const char *const WANTED[] = {"row b allows all mail protocols",
		"row b allows any port", "row d expired", "row f is never needed",
		"group submission is in no row"};
	struct matrix_problems warnings;
	matrix_warnings(matrix, 1800000000, &warnings);
	for (size_t i = 0; i < sizeof(WANTED) / sizeof(*WANTED); i++) {
		if (!mentions(&warnings, WANTED[i])) {
			fail_msg("no warning \"%s\"", WANTED[i]);
		}
	}
	matrix_problems_free(&warnings);
	matrix_free(matrix);
}

/* No row speaks of name queries. */
static void a_resolver_needs_no_row(void **state)
{
	(void)state;
	struct matrix_problems problems;
	struct matrix_problems warnings;
	struct matrix *matrix = load_text(HEAD
		"  resolvers: {role: resolver, addresses: [192.0.2.53]}\n"
		"rows:\n"
		" - {id: a, from: relay, to: mx-out, protocols: smtp}\n",
		&problems);
	assert_non_null(matrix);
	matrix_warnings(matrix, 1800000000, &warnings);
	assert_true(mentions(&warnings, "group submission is in no row"));
	assert_false(mentions(&warnings, "resolvers"));
	matrix_problems_free(&warnings);
	matrix_problems_free(&problems);
	matrix_free(matrix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_prefix_names_the_group),
		cmocka_unit_test(ten_thousand_look_ups_agree_with_the_slow_way),
		cmocka_unit_test(a_host_name_finds_its_group_exactly_or_by_wildcard),
		cmocka_unit_test(an_end_is_found_by_group_zone_internet_or_address),
		cmocka_unit_test(what_is_doubtful_is_warned_about),
		cmocka_unit_test(a_resolver_needs_no_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
