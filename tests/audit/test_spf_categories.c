/*
 * The categories of the public test suite of RFC 7208, in cases of our own: of each what is right and the near miss
 * beside it. The suite itself was run against the evaluator as well (docs/audit.md); it is not ours to keep.
 */
#include "made_zone.h"

#include "audit/spf.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#define D   "d.example TXT "
#define IP  "192.0.2.9"
#define IP6 "2001:db8::9"

struct row {
	const char *what;
	const char *zone;
	const char *client;
	enum spf_result result;
	const char *domain; /* NULL: d.example */
	const char *local;  /* NULL: user */
	const char *helo;   /* NULL: mail.d.example */
};

#define ROW(words, lines, address, verdict, ...)                       \
	{                                                              \
		.what = (words), .zone = (lines), .client = (address), \
		.result = (verdict), __VA_ARGS__                       \
	}

static void try_row(const struct row *row)
{
	struct made_zone zone = {.text = row->zone};
	const struct rr_resolver resolver = {made_ask, &zone};
	struct spf_question question = {.resolver = &resolver,
		.domain = row->domain ? row->domain : "d.example",
		.local_part = row->local ? row->local : "user",
		.helo = row->helo ? row->helo : "mail.d.example"};
	struct spf_verdict verdict;
	assert_true(address_parse(row->client, &question.client));
	spf_check_host(&question, &verdict);
	if (verdict.result != row->result) {
		fail_msg("%s: %s (%s)", row->what, spf_result_name(verdict.result),
			verdict.why);
	}
	made_free(&zone);
}

#define TRY(rows)                                                          \
	for (size_t at = 0; at < sizeof(rows) / sizeof((rows)[0]); at++) { \
		try_row(&(rows)[at]);                                      \
	}

static void a_record_is_looked_up_selected_and_read(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		ROW("initial processing: a host alone", D "v=spf1 +all", IP, SPF_NONE,
			.domain = "localhost"),
		ROW("initial processing: a literal", D "v=spf1 +all", IP, SPF_NONE,
			.domain = "[IPv6:2001:db8::9]"),
		ROW("lookup: what fails", D "v=spf1 +all\nd.example FAIL:TXT", IP,
			SPF_TEMPERROR),
		ROW("lookup: what fails and is not asked",
			D "v=spf1 +all\nd.example FAIL:A", IP, SPF_PASS),
		ROW("lookup: what fails and is asked",
			D "v=spf1 a +all\nd.example FAIL:A", IP, SPF_TEMPERROR),
		ROW("lookup: and is asked too late",
			D "v=spf1 ip4:192.0.2.9 a -all\nd.example FAIL:A", IP,
			SPF_PASS),
		ROW("selecting: a version alone", D "v=spf1", IP, SPF_NEUTRAL),
		ROW("selecting: another version", D "v=spf1.1 +all", IP, SPF_NONE),
		ROW("selecting: one beside another version",
			D "v=spf2.0/pra -all\n" D "v=spf1 +all", IP, SPF_PASS),
		ROW("selecting: two", D "v=spf1\n" D "v=spf1 +all", IP, SPF_PERMERROR),
		ROW("evaluation: a modifier nobody knows", D "v=spf1 x-y_z.1=%{d} +all",
			IP, SPF_PASS),
		ROW("evaluation: its name begins with a digit", D "v=spf1 1x=y +all",
			IP, SPF_PERMERROR),
		ROW("evaluation: its macro is wrong", D "v=spf1 xy=%%%x +all", IP,
			SPF_PERMERROR),
		ROW("evaluation: a mechanism nobody knows", D "v=spf1 xy:z +all", IP,
			SPF_PERMERROR),
		ROW("evaluation: behind what matches", D "v=spf1 +all xy:z", IP,
			SPF_PERMERROR),
		ROW("evaluation: two qualifiers", D "v=spf1 +-all", IP, SPF_PERMERROR),
		ROW("evaluation: a qualifier before a modifier",
			D "v=spf1 +redirect=d.example", IP, SPF_PERMERROR),
	};
	TRY(ROWS);
}

#define POINTER "\n9.2.0.192.in-addr.arpa PTR "
#define NINE                                                                      \
	POINTER "a.d.example" POINTER "b.d.example" POINTER "c.d.example" POINTER \
		"e.d.example" POINTER "f.d.example" POINTER "g.d.example" POINTER \
		"h.d.example" POINTER "i.d.example" POINTER "j.d.example"
#define GOOD POINTER "z.d.example\nz.d.example A 192.0.2.9"
#define TEN_MX                                                                     \
	"\nd.example MX 1 a.x\nd.example MX 1 b.x\nd.example MX 1 c.x\nd.example " \
	"MX 1 d.x\nd.example MX 1 e.x\nd.example MX 1 f.x\nd.example MX 1 "        \
	"g.x\nd.example MX 1 h.x\nd.example MX 1 i.x\nd.example MX 1 h.y\na.x A "  \
	"192.0.2.1\nb.x A 192.0.2.1\nc.x A 192.0.2.1\nd.x A 192.0.2.1\ne.x A "     \
	"192.0.2.1\nf.x A 192.0.2.1\ng.x A 192.0.2.1\nh.x A 192.0.2.1\ni.x A "     \
	"192.0.2.1\nh.y A 192.0.2.9"

static void mechanisms_match_as_they_are_written(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		ROW("all: the first that matches", D "v=spf1 -all ip4:192.0.2.9", IP,
			SPF_FAIL),
		ROW("all: a dot", D "v=spf1 +all.", IP, SPF_PERMERROR),
		ROW("all: a length", D "v=spf1 +all/8", IP, SPF_PERMERROR),
		ROW("ptr: the tenth name", D "v=spf1 ptr -all" NINE GOOD, IP, SPF_PASS),
		ROW("ptr: the eleventh",
			D "v=spf1 ptr -all" NINE POINTER "k.d.example" GOOD, IP,
			SPF_FAIL),
		ROW("a: a length of none takes all",
			D "v=spf1 a/0 -all\nd.example A 198.51.100.1", IP, SPF_PASS),
		ROW("a: of its own family alone",
			D "v=spf1 a/0 -all\nd.example A 198.51.100.1", IP6, SPF_FAIL),
		ROW("a: no name, nobody", D "v=spf1 a:x.example/0 -all", IP, SPF_FAIL),
		ROW("a: a length with letters", D "v=spf1 a/2x -all\nd.example A " IP,
			IP, SPF_PERMERROR),
		ROW("a: a label with a hyphen inside",
			D "v=spf1 a:x.e-1 -all\nx.e-1 A 192.0.2.9", IP, SPF_PASS),
		ROW("a: a hyphen behind", D "v=spf1 a:x.e- -all\nx.e- A 192.0.2.9", IP,
			SPF_PERMERROR),
		ROW("a: a hyphen before", D "v=spf1 a:x.-e -all\nx.-e A 192.0.2.9", IP,
			SPF_PERMERROR),
		ROW("a: digits alone", D "v=spf1 a:192.0.2.9 -all", IP, SPF_PERMERROR),
		ROW("a: capitals", D "v=spf1 A:X.EXAMPLE -all\nx.example A 192.0.2.9",
			IP, SPF_PASS),
		ROW("include: an error within",
			D "v=spf1 include:x.example +all\nx.example FAIL", IP,
			SPF_TEMPERROR),
		ROW("include: a fail within is no match",
			D "v=spf1 include:x.example +all\nx.example TXT v=spf1 -all",
			IP, SPF_PASS),
		ROW("mx: ten", D "v=spf1 mx -all" TEN_MX, IP, SPF_PASS),
		ROW("mx: eleven", D "v=spf1 mx -all\nd.example MX 1 j.x" TEN_MX, IP,
			SPF_PERMERROR),
		ROW("mx: none of its own is no address of its own",
			D "v=spf1 mx -all\nd.example A 192.0.2.9", IP, SPF_FAIL),
		ROW("exists: of IPv4 for whomever",
			D "v=spf1 exists:x.example -all\nx.example A 127.0.0.2", IP6,
			SPF_PASS),
		ROW("exists: of IPv6",
			D "v=spf1 exists:x.example -all\nx.example AAAA ::1", IP6,
			SPF_FAIL),
		ROW("ip4: 32 bits", D "v=spf1 ip4:192.0.2.9/32 -all", IP, SPF_PASS),
		ROW("ip4: 33 bits", D "v=spf1 ip4:192.0.2.9/33 -all", IP,
			SPF_PERMERROR),
		ROW("ip4: a zero in front", D "v=spf1 ip4:192.0.2.9/032 -all", IP,
			SPF_PERMERROR),
		ROW("ip4: digits and more", D "v=spf1 ip4:192.0.2.9/3x -all", IP,
			SPF_PERMERROR),
		ROW("ip6: 128 bits", D "v=spf1 ip6:2001:db8::9/128 -all", IP6,
			SPF_PASS),
		ROW("ip6: 129 bits", D "v=spf1 ip6:2001:db8::9/129 -all", IP6,
			SPF_PERMERROR),
		ROW("ip6: all of it is none of IPv4", D "v=spf1 ip6:::/0 -all", IP,
			SPF_FAIL),
		ROW("ip4: a mapped address is one", D "v=spf1 ip4:192.0.2.9 -all",
			"::ffff:192.0.2.9", SPF_PASS),
	};
	TRY(ROWS);
}

#define STRANGE POINTER "other.example\nother.example A 192.0.2.9"

static void modifiers_macros_and_limits_are_as_they_are_written(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		ROW("modifiers: exp twice", D "v=spf1 exp=x.example exp=x.example -all",
			IP, SPF_PERMERROR),
		ROW("modifiers: exp that leads nowhere", D "v=spf1 exp=x.example -all",
			IP, SPF_FAIL),
		ROW("modifiers: exp that fails",
			D "v=spf1 exp=x.example -all\nx.example FAIL", IP, SPF_FAIL),
		ROW("modifiers: redirect behind all",
			D "v=spf1 redirect=x.example -all\nx.example TXT v=spf1 +all",
			IP, SPF_FAIL),
		ROW("modifiers: redirect to nothing", D "v=spf1 redirect=x.example", IP,
			SPF_PERMERROR),
		ROW("macros: letters, digits and four signs stay",
			D "v=spf1 exists:%{L}.x.example -all\nAz09-_~.x.example A "
			  "127.0.0.2",
			IP, SPF_PASS, .local = "Az09-_~"),
		ROW("macros: all else is written as a number",
			D "v=spf1 exists:%{L}.x.example -all\na%2Bb%3D%2Fc.x.example A "
			  "127.0.0.2",
			IP, SPF_PASS, .local = "a+b=/c"),
		ROW("macros: a small letter changes nothing",
			D
			"v=spf1 exists:%{l}.x.example -all\na+b.x.example A 127.0.0.2",
			IP, SPF_PASS, .local = "a+b"),
		ROW("macros: a name elsewhere that leads back",
			D
			"v=spf1 exists:%{p}.x.example -all\nother.example.x.example A "
			"127.0.0.2" STRANGE,
			IP, SPF_PASS),
		ROW("macros: one below the domain goes first",
			D "v=spf1 exists:%{p}.x.example -all\nz.d.example.x.example A "
			  "127.0.0.2" STRANGE GOOD,
			IP, SPF_PASS),
		ROW("macros: no greeting is the domain's",
			D "v=spf1 exists:%{h}.x.example -all\nd.example.x.example A "
			  "127.0.0.2",
			IP, SPF_PASS, .helo = ""),
		ROW("limits: an include of itself", D "v=spf1 include:d.example +all",
			IP, SPF_PERMERROR),
		ROW("limits: a redirect to itself", D "v=spf1 redirect=d.example", IP,
			SPF_PERMERROR),
		ROW("limits: what looks nothing up is free",
			D "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ip4:192.0.2.3 "
			  "ip4:192.0.2.4 "
			  "ip4:192.0.2.5 ip4:192.0.2.6 ip4:192.0.2.7 ip4:192.0.2.8 "
			  "ip6:::1 ip6:::2 ip6:::3 ip4:192.0.2.9 -all",
			IP, SPF_PASS),
	};
	TRY(ROWS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_looked_up_selected_and_read),
		cmocka_unit_test(mechanisms_match_as_they_are_written),
		cmocka_unit_test(modifiers_macros_and_limits_are_as_they_are_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
