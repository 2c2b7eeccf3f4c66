/* check_host() of RFC 7208, section by section: zones of our own, and what comes of them. */
#include "made_zone.h"

#include "audit/spf.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

struct row {
	const char *zone; /* its first line is about d.example */
	const char *client;
	enum spf_result result;
	const char *domain; /* NULL: d.example */
	const char *part;   /* of why, or NULL */
};

static void check(const struct row *row, struct spf_verdict *verdict)
{
	struct made_zone zone = {.text = row->zone};
	const struct rr_resolver resolver = {made_ask, &zone};
	struct spf_question question = {.resolver = &resolver,
		.domain = row->domain ? row->domain : "d.example",
		.local_part = "some.user",
		.helo = "mail.d.example",
		.now_s = 1700000000};
	assert_true(address_parse(row->client, &question.client));
	spf_check_host(&question, verdict);
	made_free(&zone);
}

static void try_rows(const struct row *rows, size_t count)
{
	struct spf_verdict verdict;
	for (size_t i = 0; i < count; i++) {
		check(&rows[i], &verdict);
		if (verdict.result != rows[i].result) {
			fail_msg("row %zu: %s (%s), not %s:\n%s", i,
				spf_result_name(verdict.result), verdict.why,
				spf_result_name(rows[i].result), rows[i].zone);
		}
		if (rows[i].part && !strstr(verdict.why, rows[i].part)) {
			fail_msg("row %zu: \"%s\" not in \"%s\"", i, rows[i].part,
				verdict.why);
		}
	}
}
#define TRY(rows) try_rows(rows, sizeof(rows) / sizeof((rows)[0]))

#define IP  "192.0.2.9"
#define IP6 "2001:db8::9"
#define D   "d.example TXT "

#define LABEL_63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"

static void what_is_no_domain_has_no_result(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{D "v=spf1 -all", IP, SPF_NONE, "example", "no domain"},
		{D "v=spf1 -all", IP, SPF_NONE, "[192.0.2.9]", NULL},
		{D "v=spf1 -all", IP, SPF_NONE, "a..example", NULL},
		{D "v=spf1 -all", IP, SPF_NONE, "", NULL},
		{LABEL_63 ".example TXT v=spf1 -all", IP, SPF_FAIL, LABEL_63 ".example",
			NULL},
		{LABEL_63 "x.example TXT v=spf1 -all", IP, SPF_NONE,
			LABEL_63 "x.example", NULL},
		{D "v=spf1 -all", IP, SPF_FAIL, "d.example.", NULL},
		{D "v=spf1 -all", IP, SPF_FAIL, "D.Example", NULL},
	};
	TRY(ROWS);
}

static void one_record_of_this_version_is_taken(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{D "v=spf1 -all", IP, SPF_FAIL, NULL, "-all of d.example"},
		{D "v=spf1", IP, SPF_NEUTRAL, NULL, NULL},
		{D "v=spf1 ", IP, SPF_NEUTRAL, NULL, NULL},
		{D "v=spf10 -all", IP, SPF_NONE, NULL, "no SPF record"},
		{D "v=spf1-all", IP, SPF_NONE, NULL, NULL},
		{D " v=spf1 -all\n", IP, SPF_NONE, "x.example", NULL},
		{D "V=sPf1 -ALL", IP, SPF_FAIL, NULL, NULL},
		{D "v=spf2.0/mfrom -all", IP, SPF_NONE, NULL, NULL},
		{D "google-site-verification=x\n" D "v=spf1 +all", IP, SPF_PASS, NULL,
			NULL},
		{D "v=spf1 +all\n" D "v=spf1 +all", IP, SPF_PERMERROR, NULL,
			"more than one"},
		{D "v=spf1 +all\n" D "v=spf10", IP, SPF_PASS, NULL, NULL},
		{"d.example FAIL:TXT", IP, SPF_TEMPERROR, NULL, "no answer in time"},
		{"d.example A 192.0.2.9", IP, SPF_NONE, NULL, NULL},
		/* strings are joined without a blank (section 3.3) */
		{D "v=spf1 ip4:192.0.|2.9 -all", IP, SPF_PASS, NULL, NULL},
		{D "v=spf1|ip4:192.0.2.9 -all", IP, SPF_NONE, NULL, NULL},
		{D "v=spf1   -all  ", IP, SPF_FAIL, NULL, NULL},
		{D "v=spf1 a:caf\xc3\xa9.example -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip4:192.0.2.9\t-all", IP, SPF_PERMERROR, NULL, NULL},
	};
	TRY(ROWS);
}

static void a_mistake_anywhere_breaks_the_whole_record(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{D "v=spf1 ip4:192.0.2.9 -all nonsense", IP, SPF_PERMERROR, NULL,
			"nonsense"},
		{D "v=spf1 ip4:192.0.2.9 moo.cow-far_out=man:dog/cat -all", IP,
			SPF_PASS, NULL, NULL},
		{D "v=spf1 ip4:192.0.2.9 moo.cow/far_out=man:dog/cat -all", IP,
			SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip4:192.0.2.9 moo.cow:far_out=man:dog/cat -all", IP,
			SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip4:192.0.2.9 1up=foo -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip4:192.0.2.9 =all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip4:192.0.2.9 -exp=a.example", IP, SPF_PERMERROR, NULL,
			NULL},
		{D "v=spf1 ip4:192.0.2.9 foo=%abc", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip4:192.0.2.9 foo=%{c}", IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 ip4:192.0.2.9 ip5=x", IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 ip4:192.0.2.9 ipv4:192.0.2.1", IP, SPF_PERMERROR, NULL,
			NULL},
		{D "v=spf1 include", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 redirect=d2.example redirect=d2.example", IP, SPF_PERMERROR,
			NULL, NULL},
		{D "v=spf1 exp=d2.example exp=d2.example -all", IP, SPF_PERMERROR, NULL,
			NULL},
		{D "v=spf1 redirect=", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 exp= -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 default=pass", IP, SPF_NEUTRAL, NULL, NULL},
		{D "v=spf1 ++all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ?", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 \"ip4:192.0.2.9\"", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 mx,a,ip4:192.0.2.9", IP, SPF_PERMERROR, NULL, NULL},
	};
	TRY(ROWS);
}

static void all_takes_whoever_is_left_and_no_argument(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{D "v=spf1 -all", IP, SPF_FAIL, NULL, NULL},
		{D "v=spf1 ~all", IP, SPF_SOFTFAIL, NULL, NULL},
		{D "v=spf1 ?all", IP, SPF_NEUTRAL, NULL, "?all of"},
		{D "v=spf1 all", IP6, SPF_PASS, NULL, NULL},
		{D "v=spf1 -all ip4:192.0.2.9", IP, SPF_FAIL, NULL, NULL},
		{D "v=spf1 -all.", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 -all:d.example", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 -all/8", IP, SPF_PERMERROR, NULL, NULL},
	};
	TRY(ROWS);
}

static void networks_are_written_exactly(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{D "v=spf1 ip4:192.0.2.9 -all", IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 ip4:192.0.2.8 -all", IP, SPF_FAIL, NULL, NULL},
		{D "v=spf1 ip4:192.0.2.8/31 -all", IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 ip4:192.0.2.8/31 -all", "192.0.2.10", SPF_FAIL, NULL, NULL},
		{D "v=spf1 ip4:10.0.0.0/0 -all", IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 ip4:10.0.0.0/0 -all", IP6, SPF_FAIL, NULL, NULL},
		{D "v=spf1 ip4:192.0.2.9/32 -all", IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 ip4:192.0.2.9/33 -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip4:192.0.2.9/032 -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip4:192.0.2.9/ -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip4 -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip4: -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip4//32 -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip4:192.0.2.9:8080 -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip4:192.0.2 -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip4:192.0.2.0/24//64 -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip4:2001:db8::9 -all", IP6, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 -ip4:192.0.2.9 ip6:::ffff:192.0.2.9", "::ffff:192.0.2.9",
			SPF_FAIL, NULL, NULL},
		{D "v=spf1 ip6:::ffff:192.0.2.9 -all", IP, SPF_FAIL, NULL, NULL},
		{D "v=spf1 ip6:2001:db8::/32 -all", IP6, SPF_PASS, NULL, NULL},
		{D "v=spf1 ip6:2001:db8::/125 -all", IP6, SPF_FAIL, NULL, NULL},
		{D "v=spf1 ip6:2001:db8::8/125 -all", IP6, SPF_PASS, NULL, NULL},
		{D "v=spf1 ip6:::1/0 -all", IP, SPF_FAIL, NULL, NULL},
		{D "v=spf1 ip6:::1/0 -all", IP6, SPF_PASS, NULL, NULL},
		{D "v=spf1 ip6:::1/129 -all", IP6, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip6:2001:db8::9/00 -all", IP6, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip6:192.0.2.9 -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip6:2001:db8:::9 -all", IP6, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ip6 -all", IP6, SPF_PERMERROR, NULL, NULL},
	};
	TRY(ROWS);
}

#define HOSTS                                \
	"\nd.example A 192.0.2.1"            \
	"\nd.example AAAA 2001:db8::1"       \
	"\nmany.d.example A 198.51.100.1"    \
	"\nmany.d.example A 192.0.2.9"       \
	"\nnine.d.example A 192.0.2.9"       \
	"\nonly6.d.example AAAA 2001:db8::9" \
	"\nboth.d.example A 192.0.2.9"       \
	"\nboth.d.example AAAA 2001:db8::9"  \
	"\nslow.d.example FAIL"              \
	"\na:b/c.d.example A 192.0.2.9"

static void a_matches_the_addresses_of_a_name(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{D "v=spf1 a -all" HOSTS, "192.0.2.1", SPF_PASS, NULL, NULL},
		{D "v=spf1 a -all" HOSTS, IP, SPF_FAIL, NULL, NULL},
		{D "v=spf1 a -all" HOSTS, "2001:db8::1", SPF_PASS, NULL, NULL},
		{D "v=spf1 a/24 -all" HOSTS, IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 a/24 -all" HOSTS, IP6, SPF_FAIL, NULL, NULL},
		{D "v=spf1 a//64 -all" HOSTS, IP6, SPF_PASS, NULL, NULL},
		{D "v=spf1 a//64 -all" HOSTS, IP, SPF_FAIL, NULL, NULL},
		{D "v=spf1 a/8//64 -all" HOSTS, "192.9.9.9", SPF_PASS, NULL, NULL},
		{D "v=spf1 a/8//64 -all" HOSTS, IP6, SPF_PASS, NULL, NULL},
		{D "v=spf1 a/8//8 -all" HOSTS, "193.0.2.9", SPF_FAIL, NULL, NULL},
		{D "v=spf1 a/0 -all" HOSTS, "8.8.8.8", SPF_PASS, NULL, NULL},
		{D "v=spf1 a:many.d.example -all" HOSTS, IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 a:many.d.example -all" HOSTS, "192.0.2.8", SPF_FAIL, NULL,
			NULL},
		{D "v=spf1 a:NINE.d.example. -all" HOSTS, IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 a:only6.d.example/0 -all" HOSTS, IP, SPF_FAIL, NULL, NULL},
		{D "v=spf1 a:nine.d.example//0 -all" HOSTS, IP6, SPF_FAIL, NULL, NULL},
		{D "v=spf1 a:both.d.example -all" HOSTS, IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 a:both.d.example -all" HOSTS, IP6, SPF_PASS, NULL, NULL},
		{D "v=spf1 a:none.d.example -all" HOSTS, IP, SPF_FAIL, NULL, NULL},
		{D "v=spf1 a:slow.d.example -all" HOSTS, IP, SPF_TEMPERROR, NULL,
			"slow.d.example A"},
		{D "v=spf1 a:a:b/c.d.example -all" HOSTS, IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 a:nine.d.example/24 -all" HOSTS, "192.0.2.200", SPF_PASS,
			NULL, NULL},
		{D "v=spf1 a: -all" HOSTS, IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 a/33 -all" HOSTS, IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 a//129 -all" HOSTS, IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 a/ -all" HOSTS, IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 a/24/24 -all" HOSTS, IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 a/024 -all" HOSTS, IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 a:111.222.33.44 -all" HOSTS, IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 a:abc.123 -all" HOSTS, IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 a:abc.12-3 -all" HOSTS, IP, SPF_FAIL, NULL, NULL},
		{D "v=spf1 a:abc.x- -all" HOSTS, IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 a:museum -all" HOSTS, IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 a:museum. -all" HOSTS, IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 a:nine.d.example.. -all" HOSTS, IP, SPF_PERMERROR, NULL,
			NULL},
		{D "v=spf1 a:x..d.example -all" HOSTS, IP, SPF_FAIL, NULL, NULL},
	};
	TRY(ROWS);
}

#define MX_HOSTS                                                                       \
	"\nd.example MX 10 m1.d.example"                                               \
	"\nd.example MX 20 m2.d.example"                                               \
	"\nm1.d.example A 192.0.2.1"                                                   \
	"\nm2.d.example A 192.0.2.9"                                                   \
	"\nm2.d.example AAAA 2001:db8::9"                                              \
	"\nnull.example MX 0 ."                                                        \
	"\nplain.example A 192.0.2.9"                                                  \
	"\nten.example MX 1 m2.d.example\nten.example MX 1 m2.d.example\nten.example " \
	"MX 1 m2.d.example"                                                            \
	"\nten.example MX 1 m2.d.example\nten.example MX 1 m2.d.example\nten.example " \
	"MX 1 m2.d.example"                                                            \
	"\nten.example MX 1 m2.d.example\nten.example MX 1 m2.d.example\nten.example " \
	"MX 1 m2.d.example"                                                            \
	"\nten.example MX 1 m2.d.example"

static void mx_matches_the_hosts_that_take_mail(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{D "v=spf1 mx -all" MX_HOSTS, IP, SPF_PASS, NULL, "mx of d.example"},
		{D "v=spf1 mx -all" MX_HOSTS, "192.0.2.8", SPF_FAIL, NULL, NULL},
		{D "v=spf1 mx/24 -all" MX_HOSTS, "192.0.2.8", SPF_PASS, NULL, NULL},
		{D "v=spf1 mx//32 -all" MX_HOSTS, "2001:db8:5::", SPF_PASS, NULL, NULL},
		{D "v=spf1 mx:null.example -all" MX_HOSTS, IP, SPF_FAIL, NULL, NULL},
		/* no MX: the address of the name itself is none (section 5.4) */
		{D "v=spf1 mx:plain.example -all" MX_HOSTS, IP, SPF_FAIL, NULL, NULL},
		{D "v=spf1 mx:ten.example -all" MX_HOSTS, IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 mx:ten.example -all" MX_HOSTS
		   "\nten.example MX 9 m3.d.example",
			IP, SPF_PERMERROR, NULL, "more than 10 MX"},
		{D "v=spf1 mx: -all" MX_HOSTS, IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 mx/33 -all" MX_HOSTS, IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 mx -all\nd.example FAIL:MX", IP, SPF_TEMPERROR, NULL, NULL},
		{D "v=spf1 mx -all\nd.example MX 1 x.example\nx.example FAIL", IP,
			SPF_TEMPERROR, NULL, "x.example A"},
	};
	TRY(ROWS);
}

#define POINTERS                                                                      \
	"\n9.2.0.192.in-addr.arpa PTR other.example"                                  \
	"\n9.2.0.192.in-addr.arpa PTR mail.d.example"                                 \
	"\nmail.d.example A 192.0.2.9"                                                \
	"\nother.example A 192.0.2.7"                                                 \
	"\n9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa " \
	"PTR m.d.example"                                                             \
	"\nm.d.example AAAA 2001:db8::9"

static void ptr_matches_a_name_that_leads_back(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{D "v=spf1 ptr -all" POINTERS, IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 ptr -all" POINTERS, IP6, SPF_PASS, NULL, NULL},
		{D "v=spf1 ptr:D.example -all" POINTERS, IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 ptr:other.example -all" POINTERS, IP, SPF_FAIL, NULL, NULL},
		{D "v=spf1 ptr:example.org -all" POINTERS, IP, SPF_FAIL, NULL, NULL},
		{D "v=spf1 ptr:l.d.example -all" POINTERS, IP, SPF_FAIL, NULL, NULL},
		{D "v=spf1 ptr -all" POINTERS, "192.0.2.10", SPF_FAIL, NULL, NULL},
		{D "v=spf1 ptr: -all" POINTERS, IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ptr/0 -all" POINTERS, IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 ptr -all\n9.2.0.192.in-addr.arpa FAIL", IP, SPF_FAIL, NULL,
			NULL},
	};
	TRY(ROWS);
}

#define INCLUDED                                       \
	"\npass.example TXT v=spf1 ip4:192.0.2.9 -all" \
	"\nsoft.example TXT v=spf1 ~all"               \
	"\nneutral.example TXT v=spf1 ?all"            \
	"\nbroken.example TXT v=spf1 nonsense"         \
	"\nslow.example FAIL"                          \
	"\nplain.example A 192.0.2.9"

static void include_matches_on_pass_alone(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{D "v=spf1 include:pass.example ~all" INCLUDED, IP, SPF_PASS, NULL,
			"include:pass.example of d.example"},
		{D "v=spf1 -include:pass.example ~all" INCLUDED, IP, SPF_FAIL, NULL,
			NULL},
		{D "v=spf1 include:pass.example ~all" INCLUDED, "192.0.2.8",
			SPF_SOFTFAIL, NULL, NULL},
		{D "v=spf1 include:soft.example all" INCLUDED, IP, SPF_PASS, NULL,
			"all of d.example"},
		{D "v=spf1 include:neutral.example -all" INCLUDED, IP, SPF_FAIL, NULL,
			NULL},
		{D "v=spf1 include:broken.example -all" INCLUDED, IP, SPF_PERMERROR,
			NULL, "broken.example"},
		{D "v=spf1 include:slow.example -all" INCLUDED, IP, SPF_TEMPERROR, NULL,
			"slow.example"},
		{D "v=spf1 include:plain.example -all" INCLUDED, IP, SPF_PERMERROR,
			NULL, "leads to no SPF record"},
		{D "v=spf1 include:none.example -all" INCLUDED, IP, SPF_PERMERROR, NULL,
			NULL},
		{D "v=spf1 include:pass.example/24 -all" INCLUDED, IP, SPF_PERMERROR,
			NULL, NULL},
		{D "v=spf1 include: -all" INCLUDED, IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 include:d.example -all", IP, SPF_PERMERROR, NULL, NULL},
		/* whoever matched before is not asked about */
		{D "v=spf1 ip4:192.0.2.9 include:broken.example -all" INCLUDED, IP,
			SPF_PASS, NULL, NULL},
	};
	TRY(ROWS);
}

static void redirect_is_for_whom_nothing_matched(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{D "v=spf1 redirect=pass.example" INCLUDED, IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 redirect=pass.example ip4:192.0.2.8 " INCLUDED, "192.0.2.8",
			SPF_PASS, NULL, "ip4:192.0.2.8 of d.example"},
		{D "v=spf1 redirect=pass.example" INCLUDED, "192.0.2.8", SPF_FAIL, NULL,
			"-all of pass.example"},
		{D "v=spf1 redirect=pass.example ~all" INCLUDED, IP, SPF_SOFTFAIL, NULL,
			NULL},
		{D "v=spf1 redirect=plain.example" INCLUDED, IP, SPF_PERMERROR, NULL,
			"leads to no SPF record"},
		{D "v=spf1 redirect=broken.example" INCLUDED, IP, SPF_PERMERROR, NULL,
			NULL},
		{D "v=spf1 redirect=slow.example" INCLUDED, IP, SPF_TEMPERROR, NULL,
			NULL},
		{D "v=spf1 redirect=d.example", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 redirect:pass.example" INCLUDED, IP, SPF_PERMERROR, NULL,
			NULL},
		{D "v=spf1 include:x.example -all\nx.example TXT v=spf1 "
		   "redirect=pass.example" INCLUDED,
			IP, SPF_PASS, NULL, NULL},
	};
	TRY(ROWS);
}

#define EXISTS                             \
	"\nhere.d.example A 127.0.0.2"     \
	"\nsix.d.example AAAA 2001:db8::1" \
	"\nslow.d.example FAIL"            \
	"\n9.2.0.192.list.d.example A 127.0.0.2"

static void exists_asks_for_an_address_of_ipv4(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{D "v=spf1 exists:here.d.example -all" EXISTS, IP, SPF_PASS, NULL,
			NULL},
		{D "v=spf1 exists:here.d.example -all" EXISTS, IP6, SPF_PASS, NULL,
			NULL},
		{D "v=spf1 exists:six.d.example -all" EXISTS, IP6, SPF_FAIL, NULL,
			NULL},
		{D "v=spf1 exists:slow.d.example -all" EXISTS, IP, SPF_TEMPERROR, NULL,
			NULL},
		{D "v=spf1 exists:%{ir}.list.%{d} -all" EXISTS, IP, SPF_PASS, NULL,
			NULL},
		{D "v=spf1 exists:%{i}.list.%{d} -all" EXISTS, IP, SPF_FAIL, NULL,
			NULL},
		{D "v=spf1 exists: -all" EXISTS, IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 exists -all" EXISTS, IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 exists:here.d.example/24 -all" EXISTS, IP, SPF_PERMERROR,
			NULL, NULL},
	};
	TRY(ROWS);
}

static void macros_of_names_are_expanded(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{D "v=spf1 exists:%{l}.%{o} -all\nsome.user.d.example A 127.0.0.2", IP,
			SPF_PASS, NULL, NULL},
		{D "v=spf1 exists:%{lr}.%{o} -all\nuser.some.d.example A 127.0.0.2", IP,
			SPF_PASS, NULL, NULL},
		{D "v=spf1 exists:%{l1r-}.%{o} -all\nsome.user.d.example A 127.0.0.2",
			IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 exists:%{l1}.%{o} -all\nuser.d.example A 127.0.0.2", IP,
			SPF_PASS, NULL, NULL},
		{D "v=spf1 exists:%{d2}.%{d1} -all\nd.example.example A 127.0.0.2", IP,
			SPF_PASS, NULL, NULL},
		{D "v=spf1 exists:%{d9}.x.%{d} -all\nd.example.x.d.example A 127.0.0.2",
			IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 exists:%{v}.%{d} -all\nin-addr.d.example A 127.0.0.2", IP,
			SPF_PASS, NULL, NULL},
		{D "v=spf1 exists:%{v}.%{d} -all\nip6.d.example A 127.0.0.2", IP6,
			SPF_PASS, NULL, NULL},
		{D "v=spf1 exists:%{i}.%{d} "
		   "-all\n2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
		   "0.9.d.example A 127.0.0.2",
			IP6, SPF_PASS, NULL, NULL},
		{D "v=spf1 exists:%{h}.%{d} -all\nmail.d.example.d.example A 127.0.0.2",
			IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 exists:%{p}.x.%{d} -all\nmail.d.example.x.d.example A "
		   "127.0.0.2" POINTERS,
			IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 exists:%{p}.x.%{d} -all\nunknown.x.d.example A 127.0.0.2",
			IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 exists:%%%_%-.%{d} -all\n% %20.d.example A 127.0.0.2", IP,
			SPF_FAIL, NULL, NULL},
		{D "v=spf1 exists:%{S}.%{d} -all\nsome.user%40d.example.d.example A "
		   "127.0.0.2",
			IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 exists:%{d}.%{d} -all\nd.example.d.example A 127.0.0.2", IP,
			SPF_PASS, NULL, NULL},
		{D "v=spf1 include:%{d1}.inner.example -all\nexample.inner.example TXT "
		   "v=spf1 a:%{d3}.%{o} -all\n"
		   "example.inner.example.d.example A 192.0.2.9",
			IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 exists:%{x}.%{d} -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 exists:%{c}.%{d} -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 exists:%{d0}.x.example -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 exists:%{d -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 exists:%(d).x.example -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 exists:x.example% -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 exists:%{ir -all", IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 exists:%{i}%{d}x -all", IP, SPF_PERMERROR, NULL, NULL},
	};
	TRY(ROWS);
}

#define LONG_LABEL "abcdefghij0123456789abcdefghij0123456789abcdefghij0123456789"

#define THREE_LABELS LONG_LABEL "." LONG_LABEL "." LONG_LABEL
#define FOUR_LABELS  THREE_LABELS "." LONG_LABEL

/* Labels in front go, one by one, until it is a name again. */
static void a_name_that_grew_too_long_loses_its_first_labels(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		/* 253 bytes are a name */
		{D "v=spf1 exists:" FOUR_LABELS ".%{d} -all\n" FOUR_LABELS
		   ".d.example A 127.0.0.2",
			IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 exists:x.y." FOUR_LABELS ".%{d} -all\n" FOUR_LABELS
		   ".d.example A 127.0.0.2",
			IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 exists:" FOUR_LABELS ".x.%{d} -all\n" THREE_LABELS
		   ".x.d.example A 127.0.0.2",
			IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 exists:" FOUR_LABELS ".x.%{d} -all\n" FOUR_LABELS
		   ".d.example A 127.0.0.2",
			IP, SPF_FAIL, NULL, NULL},
	};
	TRY(ROWS);
}

#define FOUR    "a:h.d.example a:h.d.example a:h.d.example a:h.d.example "
#define HOST    "\nh.d.example A 198.51.100.1"
#define FIVE_IN "\nfive.example TXT v=spf1 " FOUR "a:h.d.example -all"

static void ten_terms_look_up_and_no_more(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{D "v=spf1 " FOUR FOUR "a:h.d.example a:h.d.example -all" HOST, IP,
			SPF_FAIL, NULL, NULL},
		{D "v=spf1 " FOUR FOUR
		   "a:h.d.example a:h.d.example ip4:192.0.2.9 a:h.d.example -all" HOST,
			IP, SPF_PASS, NULL, NULL},
		{D "v=spf1 " FOUR FOUR
		   "a:h.d.example a:h.d.example a:h.d.example -all" HOST,
			IP, SPF_PERMERROR, NULL, "more than 10 terms"},
		{D "v=spf1 " FOUR FOUR
		   "a:h.d.example a:h.d.example redirect=x.example" HOST
		   "\nx.example TXT v=spf1 -all",
			IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 " FOUR FOUR "a:h.d.example redirect=x.example" HOST
		   "\nx.example TXT v=spf1 -all",
			IP, SPF_FAIL, NULL, NULL},
		/* those of nested records count as well */
		{D "v=spf1 include:five.example " FOUR "-all" HOST FIVE_IN, IP,
			SPF_FAIL, NULL, NULL},
		{D "v=spf1 include:five.example " FOUR
		   "a:h.d.example -all" HOST FIVE_IN,
			IP, SPF_PERMERROR, NULL, NULL},
		/* terms, not look-ups: each mx here asks for two */
		{D "v=spf1 mx:m.example mx:m.example mx:m.example mx:m.example "
		   "mx:m.example mx:m.example -all"
		   "\nm.example MX 1 h.d.example" HOST,
			IP, SPF_FAIL, NULL, NULL},
		/* networks and all look nothing up */
		{D "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ip4:192.0.2.3 ip4:192.0.2.4 "
		   "ip4:192.0.2.5 ip4:192.0.2.6 ip4:192.0.2.7 "
		   "ip4:192.0.2.8 ip4:192.0.2.10 ip4:192.0.2.11 ip4:192.0.2.12 -all",
			IP, SPF_FAIL, NULL, NULL},
	};
	TRY(ROWS);
}

static void two_look_ups_may_find_nothing(void **state)
{
	(void)state;
	static const struct row ROWS[] = {
		{D "v=spf1 a:n1.d.example a:n2.d.example -all", IP, SPF_FAIL, NULL,
			NULL},
		{D "v=spf1 a:n1.d.example a:n2.d.example a:n3.d.example -all", IP,
			SPF_PERMERROR, NULL, "find nothing"},
		{D "v=spf1 exists:n1.d.example mx:n2.d.example ip4:192.0.2.9 "
		   "a:n3.d.example -all",
			IP, SPF_PASS, NULL, NULL},
		/* a name without this type is as void as no name */
		{D "v=spf1 a:only6.d.example a:only6.d.example a:only6.d.example "
		   "-all" HOSTS,
			IP, SPF_PERMERROR, NULL, NULL},
		{D "v=spf1 a:only6.d.example a:only6.d.example a:only6.d.example "
		   "-all" HOSTS,
			IP6, SPF_PASS, NULL, NULL},
	};
	TRY(ROWS);
}

struct explained {
	const char *zone;
	const char *explanation;
};

static void exp_says_why_a_mail_fails(void **state)
{
	(void)state;
	static const struct explained ROWS[] = {
		{D "v=spf1 -all exp=e.example\ne.example TXT No mail from %{c} for "
		   "%{s}.",
			"No mail from 192.0.2.9 for some.user@d.example."},
		{D "v=spf1 exp=%{d}.e.example -all\nd.example.e.example TXT See "
		   "http://%{d}/why?i=%{I}&t=%{t}",
			"See http://d.example/why?i=192.0.2.9&t=1700000000"},
		{D "v=spf1 -all exp=e.example\ne.example TXT one%_two%-three%%",
			"one two%20three%"},
		{D "v=spf1 ~all exp=e.example\ne.example TXT softly", ""},
		{D "v=spf1 -all exp=e.example\ne.example TXT a\ne.example TXT b", ""},
		{D "v=spf1 -all exp=e.example", ""},
		{D "v=spf1 -all exp=e.example\ne.example FAIL", ""},
		{D "v=spf1 -all exp=e.example\ne.example TXT 100% sure", ""},
		{D "v=spf1 -all exp=e.example\ne.example TXT caf\xc3\xa9", ""},
		/* of an included record there is none; redirect's is its own */
		{D "v=spf1 include:i.example -all\ni.example TXT v=spf1 -all "
		   "exp=e.example\ne.example TXT inner",
			""},
		{D "v=spf1 redirect=r.example exp=e.example\nr.example TXT v=spf1 "
		   "-all\ne.example TXT outer",
			""},
		{D "v=spf1 redirect=r.example\nr.example TXT v=spf1 -all "
		   "exp=e.example\ne.example TXT of %{d}",
			"of r.example"},
	};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		const struct row row = {ROWS[i].zone, IP, SPF_FAIL, NULL, NULL};
		struct spf_verdict verdict;
		check(&row, &verdict);
		assert_string_equal(verdict.explanation, ROWS[i].explanation);
	}
}

/* Every length of a record, on an exact heap copy: none of them reads past its end. */
static void a_record_may_end_anywhere(void **state)
{
	(void)state;
	static const char RECORD[] =
		"v=spf1 -ip4:192.0.2.0/24 ?a:%{d2r-+}.example/8//64 mx//9 "
		"exists:%{ir}._x.%%.example include:%{o}.a.example "
		"redirect=a.example exp=%{d}.e.example x=%{C}";
	for (size_t len = 6; len < sizeof(RECORD); len++) {
		struct spf_record record;
		struct arena arena = {NULL};
		struct reason why;
		char *copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, RECORD, len);
		const bool is_right = spf_record_read(&record, &arena, copy, len, &why);
		assert_true(is_right || strstr(why.text, "cannot be read") ||
			    len == sizeof(RECORD));
		spf_record_free(&record);
		arena_free(&arena);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_domain_has_no_result),
		cmocka_unit_test(one_record_of_this_version_is_taken),
		cmocka_unit_test(a_mistake_anywhere_breaks_the_whole_record),
		cmocka_unit_test(all_takes_whoever_is_left_and_no_argument),
		cmocka_unit_test(networks_are_written_exactly),
		cmocka_unit_test(a_matches_the_addresses_of_a_name),
		cmocka_unit_test(mx_matches_the_hosts_that_take_mail),
		cmocka_unit_test(ptr_matches_a_name_that_leads_back),
		cmocka_unit_test(include_matches_on_pass_alone),
		cmocka_unit_test(redirect_is_for_whom_nothing_matched),
		cmocka_unit_test(exists_asks_for_an_address_of_ipv4),
		cmocka_unit_test(macros_of_names_are_expanded),
		cmocka_unit_test(a_name_that_grew_too_long_loses_its_first_labels),
		cmocka_unit_test(ten_terms_look_up_and_no_more),
		cmocka_unit_test(two_look_ups_may_find_nothing),
		cmocka_unit_test(exp_says_why_a_mail_fails),
		cmocka_unit_test(a_record_may_end_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
