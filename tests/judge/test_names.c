#include "../analyze/dns_maker.h"
#include "made_flow.h"

#include "judge/names.h"

#define NAMED                                                              \
	"schema: 1\n"                                                      \
	"zones: {internal: [192.0.2.0/24]}\n"                              \
	"groups:\n"                                                        \
	"  workstations: {role: client, addresses: [192.0.2.64/26]}\n"     \
	"  resolver: {role: resolver, addresses: [192.0.2.53]}\n"          \
	"  cloud: {role: inbound, names: [smtp.example.net, example.com, " \
	"\"*.example.com\"]}\n"                                            \
	"rows:\n"                                                          \
	"  - {id: N-01, from: workstations, to: cloud, protocols: [smtp]}\n"
#define UNRESOLVED                                                     \
	"schema: 1\n"                                                  \
	"zones: {internal: [192.0.2.0/24]}\n"                          \
	"groups:\n"                                                    \
	"  workstations: {role: client, addresses: [192.0.2.64/26]}\n" \
	"  cloud: {role: inbound, names: [smtp.example.net]}\n"        \
	"rows:\n"                                                      \
	"  - {id: N-01, from: workstations, to: cloud, protocols: [smtp]}\n"

#define RESOLVER "192.0.2.53"
#define CLOUD    "203.0.113.25"
#define SECOND   UINT64_C(1000000)

enum { QUERY = 0x0100, ANSWER = 0x8180, ITERATIVE = 0x0000, AUTHORITY = 0x8480 };

struct site {
	struct matrix *matrix;
	struct names *names;
	struct names_exchange exchange;
};

static void site_begin(struct site *site, const char *matrix)
{
	struct reason why;
	const struct hash_seed seed = {{1, 2}};
	site->matrix = made_matrix(matrix);
	site->names = names_new(seed, &why);
	assert_non_null(site->names);
	site->exchange = (struct names_exchange){.client = made_address(WORKSTATION),
		.server = made_address(RESOLVER),
		.client_port = 40053,
		.server_port = 53,
		.now_us = NOW_US};
}

static void site_end(struct site *site)
{
	names_free(site->names);
	matrix_free(site->matrix);
}

static void take(struct site *site, const struct dns_made *made)
{
	names_take(site->names, site->matrix, &site->exchange,
		(struct text){made->bytes, made->len});
}

static void ask(struct site *site, const char *name, unsigned type)
{
	const struct dns_made query = dns_made(7, QUERY, name, type);
	take(site, &query);
}

/* Asked for and answered with this address. */
static void look_up(struct site *site, const char *name, const char *address)
{
	struct dns_made answer = dns_made(7, ANSWER, name, DNS_TYPE_A);
	dns_put_address(&answer, name, 60, address);
	ask(site, name, DNS_TYPE_A);
	take(site, &answer);
}

static struct host_names known_as(const struct site *site, const char *address,
	uint64_t start_us, uint64_t now_us)
{
	const struct names_wanted wanted = {.host = made_address(address),
		.peer = made_address(WORKSTATION),
		.start_us = start_us,
		.now_us = now_us};
	struct host_names known;
	names_of_host(site->names, &wanted, &known);
	return known;
}

static unsigned count_now(const struct site *site, const char *address)
{
	return known_as(site, address, NOW_US, NOW_US).count;
}

static void an_answer_that_was_asked_for_names_its_address(void **state)
{
	(void)state;
	struct site site;
	site_begin(&site, NAMED);
	look_up(&site, "smtp.example.net", CLOUD);
	const struct host_names known = known_as(&site, CLOUD, NOW_US, NOW_US);
	assert_int_equal(known.count, 1);
	assert_string_equal(known.text[0], "smtp.example.net");
	assert_int_equal(known.asked, 1);
	assert_int_equal(count_now(&site, "203.0.113.26"), 0);
	assert_int_equal(names_counters(site.names)->answers, 1);
	site_end(&site);
}

/* Each differs in one thing from the one that was asked for. */
static void what_nobody_asked_names_nobody(void **state)
{
	(void)state;
	struct site site;
	site_begin(&site, NAMED);
	for (int wrong = 0; wrong < 8; wrong++) {
		const struct names_exchange right = site.exchange;
		struct dns_made answer =
			dns_made(wrong == 0 ? 8 : 7, wrong == 1 ? AUTHORITY : ANSWER,
				wrong == 2 ? "example.com" : "smtp.example.net",
				wrong == 3 ? DNS_TYPE_AAAA : DNS_TYPE_A);
		dns_put_address(&answer,
			wrong == 2 ? "example.com" : "smtp.example.net", 60, CLOUD);
		ask(&site, "smtp.example.net", DNS_TYPE_A);
		if (wrong == 4) {
			site.exchange.server = made_address("192.0.2.54");
		}
		site.exchange.client_port = (uint16_t)(40053 + (wrong == 5));
		site.exchange.way += wrong == 6;
		site.exchange.now_us += wrong == 7 ? 11 * SECOND : 0;
		take(&site, &answer);
		assert_int_equal(count_now(&site, CLOUD), 0);
		assert_int_equal(names_counters(site.names)->unasked, wrong + 1);
		site.exchange = right;
	}
	site_end(&site);
}

static void a_query_is_answered_once(void **state)
{
	(void)state;
	struct site site;
	site_begin(&site, NAMED);
	look_up(&site, "smtp.example.net", CLOUD);
	struct dns_made second = dns_made(7, ANSWER, "smtp.example.net", DNS_TYPE_A);
	dns_put_address(&second, "smtp.example.net", 60, "203.0.113.66");
	take(&site, &second);
	assert_int_equal(count_now(&site, "203.0.113.66"), 0);
	site_end(&site);
}

static void a_server_of_ones_own_choice_is_not_believed(void **state)
{
	(void)state;
	struct site site;
	site_begin(&site, NAMED);
	site.exchange.server = made_address("203.0.113.53");
	look_up(&site, "smtp.example.net", CLOUD);
	assert_int_equal(count_now(&site, CLOUD), 0);
	site.exchange.server = made_address("192.0.2.99"); /* nor one inside */
	look_up(&site, "smtp.example.net", CLOUD);
	assert_int_equal(count_now(&site, CLOUD), 0);
	assert_int_equal(names_counters(site.names)->not_believed, 2);
	site.exchange.client = made_address(RESOLVER); /* it asks whom it must */
	site.exchange.server = made_address("203.0.113.53");
	look_up(&site, "smtp.example.net", CLOUD);
	assert_int_equal(count_now(&site, CLOUD), 1);
	site_end(&site);
}

static void without_a_declared_resolver_hosts_of_a_zone_are_believed(void **state)
{
	(void)state;
	struct site site;
	site_begin(&site, UNRESOLVED);
	look_up(&site, "smtp.example.net", CLOUD);
	assert_int_equal(count_now(&site, CLOUD), 1);
	site.exchange.server = made_address("203.0.113.53");
	look_up(&site, "smtp.example.net", "203.0.113.66");
	assert_int_equal(count_now(&site, "203.0.113.66"), 0);
	site_end(&site);
}

static void a_name_holds_as_long_as_its_ttl(void **state)
{
	(void)state;
	struct site site;
	site_begin(&site, NAMED);
	look_up(&site, "smtp.example.net", CLOUD);
	const uint64_t late = NOW_US + 91 * SECOND; /* 60, and on its way for 30 */
	assert_int_equal(known_as(&site, CLOUD, late, late).count, 0);
	assert_int_equal(known_as(&site, CLOUD, late - 2 * SECOND, late).count, 1);
	/* not before it was told; a flow that waited for it has it */
	assert_int_equal(known_as(&site, CLOUD, 0, NOW_US - 1).count, 0);
	assert_int_equal(known_as(&site, CLOUD, 0, NOW_US).count, 1);
	site_end(&site);
}

static void the_least_ttl_of_a_chain_counts(void **state)
{
	(void)state;
	struct site site;
	site_begin(&site, NAMED);
	struct dns_made answer = dns_made(7, ANSWER, "mail.example.org", DNS_TYPE_A);
	dns_put_target(
		&answer, "mail.example.org", DNS_TYPE_CNAME, 5, "smtp.example.net");
	dns_put_address(&answer, "smtp.example.net", 3600, CLOUD);
	ask(&site, "mail.example.org", DNS_TYPE_A);
	take(&site, &answer);
	const struct host_names known = known_as(&site, CLOUD, NOW_US, NOW_US);
	assert_int_equal(known.count, 2);
	assert_string_equal(known.text[0], "smtp.example.net"); /* declared */
	assert_string_equal(known.text[1], "mail.example.org");
	const uint64_t late = NOW_US + 36 * SECOND;
	assert_int_equal(known_as(&site, CLOUD, late, late).count, 0);
	site_end(&site);
}

static void what_stands_beside_the_chain_is_not_taken(void **state)
{
	(void)state;
	struct site site;
	site_begin(&site, NAMED);
	struct dns_made answer = dns_made(7, ANSWER, "evil.example.org", DNS_TYPE_A);
	dns_put_address(&answer, "smtp.example.net", 60, CLOUD);
	ask(&site, "evil.example.org", DNS_TYPE_A);
	take(&site, &answer);
	assert_int_equal(count_now(&site, CLOUD), 0);
	site_end(&site);
}

/* An authority speaks of its own zone: the rest is asked elsewhere, and believed there. */
static void an_authority_says_where_a_name_leads_and_no_more(void **state)
{
	(void)state;
	struct site site;
	site_begin(&site, NAMED);
	site.exchange.client = made_address(RESOLVER);
	site.exchange.server = made_address("203.0.113.53");
	struct dns_made query = dns_made(7, ITERATIVE, "evil.example.org", DNS_TYPE_A);
	struct dns_made answer = dns_made(7, AUTHORITY, "evil.example.org", DNS_TYPE_A);
	dns_put_target(
		&answer, "evil.example.org", DNS_TYPE_CNAME, 60, "smtp.example.net");
	dns_put_address(&answer, "smtp.example.net", 60, "203.0.113.66");
	take(&site, &query);
	take(&site, &answer);
	assert_int_equal(count_now(&site, "203.0.113.66"), 0);

	query = dns_made(7, ITERATIVE, "smtp.example.net", DNS_TYPE_A);
	answer = dns_made(7, AUTHORITY, "smtp.example.net", DNS_TYPE_A);
	dns_put_target(
		&answer, "smtp.example.net", DNS_TYPE_CNAME, 60, "a.example.org");
	take(&site, &query);
	take(&site, &answer);
	query = dns_made(7, ITERATIVE, "a.example.org", DNS_TYPE_A);
	answer = dns_made(7, AUTHORITY, "a.example.org", DNS_TYPE_A);
	dns_put_address(&answer, "a.example.org", 60, CLOUD);
	take(&site, &query);
	take(&site, &answer);
	const struct host_names known = known_as(&site, CLOUD, NOW_US, NOW_US);
	assert_int_equal(known.count, 2);
	assert_string_equal(known.text[0], "smtp.example.net");
	site_end(&site);
}

static void an_mx_of_a_declared_domain_names_its_server(void **state)
{
	(void)state;
	struct site site;
	site_begin(&site, NAMED);
	struct dns_made answer = dns_made(7, ANSWER, "example.com", DNS_TYPE_MX);
	dns_put_target(&answer, "example.com", DNS_TYPE_MX, 60, "mx1.example.org");
	ask(&site, "example.com", DNS_TYPE_MX);
	take(&site, &answer);
	look_up(&site, "mx1.example.org", CLOUD);
	const struct host_names known = known_as(&site, CLOUD, NOW_US, NOW_US);
	assert_int_equal(known.count, 2);
	assert_string_equal(known.text[0], "example.com");
	assert_string_equal(known.text[1], "mx1.example.org");
	/* near miss: of a domain that nobody declared */
	answer = dns_made(7, ANSWER, "example.org", DNS_TYPE_MX);
	dns_put_target(&answer, "example.org", DNS_TYPE_MX, 60, "mx2.example.org");
	ask(&site, "example.org", DNS_TYPE_MX);
	take(&site, &answer);
	look_up(&site, "mx2.example.org", "203.0.113.26");
	assert_int_equal(count_now(&site, "203.0.113.26"), 1);
	site_end(&site);
}

static void who_asks_too_much_is_not_heard_and_another_one_is(void **state)
{
	(void)state;
	struct site site;
	site_begin(&site, NAMED);
	char name[32];
	for (unsigned i = 0; i < 2000; i++) {
		(void)snprintf(name, sizeof(name), "n%u.example.org", i);
		ask(&site, name, DNS_TYPE_A);
	}
	assert_true(names_counters(site.names)->refused > 1000);
	look_up(&site, "smtp.example.net", CLOUD);
	assert_int_equal(count_now(&site, CLOUD), 0);
	site.exchange.client = made_address("192.0.2.71");
	look_up(&site, "smtp.example.net", CLOUD);
	assert_int_equal(count_now(&site, CLOUD), 1);
	site_end(&site);
}

static void declared_names_do_not_give_way_to_others(void **state)
{
	(void)state;
	struct site site;
	site_begin(&site, NAMED);
	look_up(&site, "smtp.example.net", CLOUD);
	for (unsigned i = 0; i < 60000;
		i++) { /* several times what there is room for */
		char name[32];
		char address[32];
		(void)snprintf(name, sizeof(name), "n%u.example.org", i);
		(void)snprintf(address, sizeof(address), "10.%u.%u.%u", i >> 16,
			i >> 8 & 255, i & 255);
		site.exchange.now_us += SECOND / 1000;
		look_up(&site, name, address);
	}
	const struct host_names known =
		known_as(&site, CLOUD, NOW_US, site.exchange.now_us);
	assert_int_equal(known.count, 1);
	assert_string_equal(known.text[0], "smtp.example.net");
	site_end(&site);
}

static void an_address_with_many_names_keeps_the_declared_ones(void **state)
{
	(void)state;
	struct site site;
	site_begin(&site, NAMED);
	look_up(&site, "smtp.example.net", CLOUD);
	for (char letter = 'a'; letter <= 'z'; letter++) {
		char name[] = "x.example.org";
		name[0] = letter;
		look_up(&site, name, CLOUD);
	}
	const struct host_names known = known_as(&site, CLOUD, NOW_US, NOW_US);
	assert_int_equal(known.count, NAMES_OF_HOST);
	assert_string_equal(known.text[0], "smtp.example.net");
	site_end(&site);
}

static void what_was_learnt_of_names_is_told_once(void **state)
{
	(void)state;
	struct site site;
	struct site other;
	struct names_lesson lesson;
	site_begin(&site, NAMED);
	site_begin(&other, NAMED);
	look_up(&site, "www.example.org", "203.0.113.80");
	assert_true(names_next_lesson(site.names, &lesson));
	assert_true(names_lesson_is_sound(&lesson));
	assert_false(lesson.is_declared);
	assert_false(names_next_lesson(site.names, &lesson));
	look_up(&site, "smtp.example.net", CLOUD);
	assert_true(names_next_lesson(site.names, &lesson));
	assert_true(names_lesson_is_sound(&lesson));
	assert_true(lesson.is_declared);
	names_learn(other.names, &lesson);
	assert_int_equal(count_now(&other, CLOUD), 1);
	assert_false(names_next_lesson(site.names, &lesson));
	assert_false(names_next_lesson(other.names, &lesson));

	struct names_lesson bad = lesson;
	bad.name[3] = '\n';
	assert_false(names_lesson_is_sound(&bad));
	strcpy(bad.name, "b\xc3\xbc"
			 "cher.net");
	assert_true(names_lesson_is_sound(&bad));
	strcpy(bad.name, "a\xe2\x80\xae.net"); /* turns the direction of writing */
	assert_false(names_lesson_is_sound(&bad));
	strcpy(bad.name, "a\xbc.net");
	assert_false(names_lesson_is_sound(&bad));
	bad = lesson;
	memset(bad.name, 'a', sizeof(bad.name));
	assert_false(names_lesson_is_sound(&bad));
	bad = lesson;
	bad.expires_us = UINT64_MAX;
	assert_false(names_lesson_is_sound(&bad));
	site.exchange.way = 7; /* of a tunnel nobody else knows by that number */
	look_up(&site, "smtp.example.net", CLOUD);
	assert_false(names_next_lesson(site.names, &lesson));
	bad.expires_us = lesson.learned_us - 1;
	assert_false(names_lesson_is_sound(&bad));
	site_end(&site);
	site_end(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_that_was_asked_for_names_its_address),
		cmocka_unit_test(what_nobody_asked_names_nobody),
		cmocka_unit_test(a_query_is_answered_once),
		cmocka_unit_test(a_server_of_ones_own_choice_is_not_believed),
		cmocka_unit_test(
			without_a_declared_resolver_hosts_of_a_zone_are_believed),
		cmocka_unit_test(a_name_holds_as_long_as_its_ttl),
		cmocka_unit_test(the_least_ttl_of_a_chain_counts),
		cmocka_unit_test(what_stands_beside_the_chain_is_not_taken),
		cmocka_unit_test(an_authority_says_where_a_name_leads_and_no_more),
		cmocka_unit_test(an_mx_of_a_declared_domain_names_its_server),
		cmocka_unit_test(who_asks_too_much_is_not_heard_and_another_one_is),
		cmocka_unit_test(declared_names_do_not_give_way_to_others),
		cmocka_unit_test(an_address_with_many_names_keeps_the_declared_ones),
		cmocka_unit_test(what_was_learnt_of_names_is_told_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
