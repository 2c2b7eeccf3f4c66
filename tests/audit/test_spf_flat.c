/* All addresses that a record lets send are exactly those that check_host() lets. */
#include "made_zone.h"

#include "audit/spf_flat.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#define D "d.example TXT "

static void flatten(const char *text, struct spf_flat *flat)
{
	struct made_zone zone = {.text = text};
	const struct rr_resolver resolver = {made_ask, &zone};
	spf_flatten(&resolver, "d.example", flat);
	made_free(&zone);
}

static void write_passes(const struct spf_flat *flat, char *text, size_t size)
{
	char range[SPF_RANGE_BYTES];
	size_t len = 0;
	text[0] = '\0';
	for (size_t i = 0; i < flat->passes.count; i++) {
		len += (size_t)snprintf(text + len, size - len, "%s%s by %s",
			i > 0 ? ", " : "", spf_range_text(&flat->passes.list[i], range),
			flat->passes.list[i].origin);
	}
}

struct row {
	const char *zone;
	const char *passes;
};

static void ranges_name_the_terms_that_led_to_them(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{D "v=spf1 ip4:192.0.2.0/24 -all", "192.0.2.0/24 by ip4:192.0.2.0/24"},
		{D "v=spf1 ip4:192.0.2.77/24 ip6:2001:db8::/32 -all",
			"192.0.2.0/24 by ip4:192.0.2.77/24, 2001:db8::/32 by "
			"ip6:2001:db8::/32"},
		/* what an earlier term took is not taken again, nor away from it */
		{D "v=spf1 -ip4:192.0.2.0/25 ip4:192.0.2.0/24 -all",
			"192.0.2.128/25 by ip4:192.0.2.0/24"},
		{D "v=spf1 ip4:192.0.2.0/24 -ip4:192.0.2.0/25 -all",
			"192.0.2.0/24 by ip4:192.0.2.0/24"},
		{D "v=spf1 ~ip4:192.0.2.1 ip4:192.0.2.0/30 -all",
			"192.0.2.0 by ip4:192.0.2.0/30, 192.0.2.2/31 by "
			"ip4:192.0.2.0/30"},
		{D "v=spf1 a mx/31 -all\nd.example A 192.0.2.1\nd.example AAAA "
		   "2001:db8::1\nd.example MX 5 m.example\nm.example A 192.0.2.9",
			"192.0.2.1 by a, 2001:db8::1 by a, 192.0.2.8/31 by mx/31"},
		{D "v=spf1 include:a.example -all\na.example TXT v=spf1 "
		   "include:b.example -all\nb.example TXT v=spf1 ip4:192.0.2.1 -all",
			"192.0.2.1 by include:a.example > include:b.example > "
			"ip4:192.0.2.1"},
		/* "-" inside an include says nothing outside of it */
		{D "v=spf1 include:a.example ip4:192.0.2.0/30 -all\na.example TXT "
		   "v=spf1 -ip4:192.0.2.1 ip4:192.0.2.0/31 -all",
			"192.0.2.0 by include:a.example > ip4:192.0.2.0/31, "
			"192.0.2.1-192.0.2.3 by ip4:192.0.2.0/30"},
		{D "v=spf1 -include:a.example ip4:192.0.2.0/31 -all\na.example TXT "
		   "v=spf1 ip4:192.0.2.1 -all",
			"192.0.2.0 by ip4:192.0.2.0/31"},
		{D "v=spf1 ?include:a.example ip4:192.0.2.0/31 -all\na.example TXT "
		   "v=spf1 ip4:192.0.2.1 -all",
			"192.0.2.0 by ip4:192.0.2.0/31"},
		{D "v=spf1 redirect=a.example\na.example TXT v=spf1 ip4:192.0.2.1 "
		   "-all",
			"192.0.2.1 by redirect=a.example > ip4:192.0.2.1"},
		{D "v=spf1 -all redirect=a.example\na.example TXT v=spf1 +all", ""},
		{D "v=spf1 -all ip4:192.0.2.1", ""},
		/* a domain is known without a client */
		{D "v=spf1 a:mail.%{d} a:%{o} -all\nmail.d.example A "
		   "192.0.2.1\nd.example A 192.0.2.2",
			"192.0.2.1 by a:mail.%{d}, 192.0.2.2 by a:%{o}"},
		{D "v=spf1 include:i.example -all\ni.example TXT v=spf1 a:%{d} "
		   "a:%{o} -all\ni.example A 192.0.2.3\nd.example A 192.0.2.2",
			"192.0.2.3 by include:i.example > a:%{d}, 192.0.2.2 by "
			"include:i.example > a:%{o}"},
		/* no client of IPv4 is in a prefix of IPv6, whatever it covers */
		{D "v=spf1 ip6:::/1 -all",
			"::-::fffe:ffff:ffff by ip6:::/1, "
			"::1:0:0:0-7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff by "
			"ip6:::/1"},
	};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct spf_flat flat;
		char passes[2048];
		flatten(ROWS[i].zone, &flat);
		write_passes(&flat, passes, sizeof(passes));
		assert_string_equal(passes, ROWS[i].passes);
		assert_int_equal(flat.state, SPF_NEUTRAL);
		spf_flat_free(&flat);
	}
}

static void what_depends_on_the_client_is_unknown(void **state)
{
	(void)state;
	struct spf_flat flat;
	flatten(D "v=spf1 exists:%{i}.d.example include:i.example ptr "
		  "a:%{l}.x.example exists:here.example ip4:192.0.2.1 ~all\n"
		  "i.example TXT v=spf1 include:%{h}.x.example -all",
		&flat);
	assert_int_equal(flat.state, SPF_NEUTRAL);
	assert_int_equal(flat.unknown_count, 5);
	assert_string_equal(flat.unknown[0].term, "exists:%{i}.d.example");
	assert_string_equal(
		flat.unknown[1].term, "include:i.example > include:%{h}.x.example");
	assert_string_equal(flat.unknown[1].domain, "i.example");
	assert_string_equal(flat.unknown[4].term, "exists:here.example");
	assert_true(flat.has_ptr);
	assert_int_equal(flat.terms, 6);
	assert_int_equal(flat.rest, SPF_SOFTFAIL);
	assert_int_equal(flat.passes.count, 1);
	spf_flat_free(&flat);
}

struct broken {
	const char *zone;
	enum spf_result state;
	const char *part;
};

static void what_breaks_a_record_for_some_client_breaks_it_here(void **state)
{
	(void)state;
	static const struct broken ROWS[] = {
		{"x.example A 192.0.2.1", SPF_NONE, "no SPF record"},
		{"d.example FAIL", SPF_TEMPERROR, "no answer in time"},
		{D "v=spf1\n" D "v=spf1", SPF_PERMERROR, "more than one"},
		{D "v=spf1 nonsense", SPF_PERMERROR, "nonsense"},
		{D "v=spf1 +all include:none.example", SPF_NEUTRAL, ""},
		{D "v=spf1 include:none.example +all", SPF_PERMERROR,
			"include:none.example: none.example has no SPF record"},
		{D "v=spf1 include:i.example -all\ni.example TXT v=spf1 ip4:x -all",
			SPF_PERMERROR, "i.example"},
		{D "v=spf1 a:slow.example include:none.example\nslow.example FAIL",
			SPF_TEMPERROR, "slow.example A"},
		{D "v=spf1 include:d.example -all", SPF_PERMERROR,
			"more than 50 terms look up"},
		{D "v=spf1 a a a a a a a a a a a -all\nd.example A "
		   "192.0.2.1\nd.example AAAA 2001:db8::1",
			SPF_PERMERROR, "11 terms look up, of 10"},
		{D "v=spf1 a a a a a a a a a a -all\nd.example A "
		   "192.0.2.1\nd.example AAAA 2001:db8::1",
			SPF_NEUTRAL, ""},
		{D "v=spf1 a:x.example a:y.example -all", SPF_NEUTRAL, ""},
		{D "v=spf1 a a a ip6:2001:db8::1 -all\nd.example A 192.0.2.1",
			SPF_PERMERROR, "3 look-ups find nothing for a client of IPv6"},
		/* nobody sends from there */
		{D "v=spf1 a a a -all\nd.example A 192.0.2.1", SPF_NEUTRAL, ""},
		{D "v=spf1 a a a -all", SPF_PERMERROR, "for a client of IPv4"},
	};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct spf_flat flat;
		flatten(ROWS[i].zone, &flat);
		assert_int_equal(flat.state, ROWS[i].state);
		if (!strstr(flat.why, ROWS[i].part)) {
			fail_msg("\"%s\" not in \"%s\"", ROWS[i].part, flat.why);
		}
		spf_flat_free(&flat);
	}
}

#define BOTH_ZONE                                                            \
	D "v=spf1 -ip4:192.0.2.16/28 include:i.example ?ip4:192.0.2.64/26 "  \
	  "a/28 mx -ip4:192.0.2.128/26 redirect=r.example\n"                 \
	  "i.example TXT v=spf1 -ip4:192.0.2.8/29 ip4:192.0.2.0/25 ?all\n"   \
	  "r.example TXT v=spf1 ip4:192.0.2.192/27 ~ip4:192.0.2.0/24 -all\n" \
	  "d.example A 192.0.2.160\nd.example AAAA 2001:db8::1\n"            \
	  "d.example MX 1 m.example\nm.example A 192.0.2.255\n"              \
	  "m.example AAAA 2001:db8::2"

/* Two ways to one answer, for each address of a network. */
static void flattened_and_asked_one_by_one_they_are_the_same(void **state)
{
	(void)state;
	struct made_zone zone = {.text = BOTH_ZONE};
	const struct rr_resolver resolver = {made_ask, &zone};
	struct spf_flat flat;
	unsigned passed = 0;
	spf_flatten(&resolver, "d.example", &flat);
	for (unsigned host = 0; host < 256; host++) {
		const uint8_t bytes[] = {192, 0, 2, (uint8_t)host};
		const struct spf_question question = {.resolver = &resolver,
			.client = address_from_ipv4(bytes),
			.domain = "d.example"};
		struct spf_verdict verdict;
		bool is_in = false;
		zone.asked[0] = '\0';
		spf_check_host(&question, &verdict);
		for (size_t i = 0; i < flat.passes.count; i++) {
			is_in = is_in ||
				(memcmp(question.client.bytes,
					 flat.passes.list[i].first.bytes, 16) >= 0 &&
					memcmp(question.client.bytes,
						flat.passes.list[i].last.bytes,
						16) <= 0);
		}
		assert_int_equal(is_in, verdict.result == SPF_PASS);
		passed += is_in;
	}
	/* i: 128 - 16 - 8; a/28: 16; mx: 1; r: 32 */
	assert_int_equal(passed, 128 - 16 - 8 + 16 + 1 + 32);
	assert_int_equal(spf_ranges_ipv4(&flat.passes), passed);
	spf_flat_free(&flat);
	made_free(&zone);
}

static void whoever_lets_half_of_the_internet_send_is_counted(void **state)
{
	(void)state;
	struct spf_flat flat;
	flatten(D "v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all", &flat);
	assert_int_equal(spf_ranges_ipv4(&flat.passes), UINT64_C(1) << 32);
	spf_flat_free(&flat);
	flatten(D "v=spf1 +all", &flat);
	assert_int_equal(spf_ranges_ipv4(&flat.passes), UINT64_C(1) << 32);
	assert_int_equal(flat.rest, SPF_PASS);
	spf_flat_free(&flat);
	flatten(D "v=spf1 -include:i.example -all\ni.example TXT v=spf1 +all", &flat);
	assert_int_equal(spf_ranges_ipv4(&flat.passes), 0);
	assert_int_equal(flat.rest, SPF_FAIL);
	spf_flat_free(&flat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_name_the_terms_that_led_to_them),
		cmocka_unit_test(what_depends_on_the_client_is_unknown),
		cmocka_unit_test(what_breaks_a_record_for_some_client_breaks_it_here),
		cmocka_unit_test(flattened_and_asked_one_by_one_they_are_the_same),
		cmocka_unit_test(whoever_lets_half_of_the_internet_send_is_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
