/*
 * Where checkers of SPF disagreed in public: what RFC 7208 says, on zones of our own. Each row names the issue it is
 * about.
 */
#include "made_zone.h"

#include "audit/spf.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#define D  "d.example TXT "
#define V4 "192.0.2.9"
#define V6 "2001:db8::9"

#define FIVE_A  "a:h.d.example a:h.d.example a:h.d.example a:h.d.example a:h.d.example "
#define H       "\nh.d.example A 192.0.2.1\nh.d.example AAAA 2001:db8::1"
#define FIVE_MX "mx:m.example mx:m.example mx:m.example mx:m.example mx:m.example "
#define M       "\nm.example MX 1 h.d.example" H
#define ONLY_V4                                                                       \
	"\nd.example MX 1 h1.example\nd.example MX 2 h2.example\nd.example MX 3 "     \
	"h3.example"                                                                  \
	"\nd.example MX 4 h4.example\nh1.example A 192.0.2.1\nh2.example A 192.0.2.2" \
	"\nh3.example A 192.0.2.3\nh4.example A 192.0.2.9\nh4.example AAAA "          \
	"2001:db8::9"
#define NINE_MX                                                                     \
	"\nd.example MX 1 h.d.example\nd.example MX 2 h.d.example\nd.example MX 3 " \
	"h.d.example"                                                               \
	"\nd.example MX 4 h.d.example\nd.example MX 5 h.d.example\nd.example MX 6 " \
	"h.d.example"                                                               \
	"\nd.example MX 7 h.d.example\nd.example MX 8 h.d.example\nd.example MX 9 " \
	"h.d.example" H

static const struct {
	const char *issue;
	const char *zone;
	const char *client;
	enum spf_result result;
} ROWS[] = {
	{"foxcpp/maddy 487: A and AAAA are one term",
		D "v=spf1 " FIVE_A FIVE_A "ip4:192.0.2.9 -all" H, V4, SPF_PASS},
	{"foxcpp/maddy 487: eleven are too many",
		D "v=spf1 " FIVE_A FIVE_A "a:h.d.example ip4:192.0.2.9 -all" H, V4,
		SPF_PERMERROR},
	{"mlocati/spf-lib 16: what is included counts",
		D "v=spf1 include:i.example " FIVE_A
		  "ip4:192.0.2.9 -all\ni.example TXT v=spf1 " FIVE_A "-all" H,
		V4, SPF_PERMERROR},
	{"internetstandards/Internet.nl 1336: include and redirect count",
		D "v=spf1 " FIVE_A FIVE_A
		  "redirect=r.example\nr.example TXT v=spf1 +all" H,
		V4, SPF_PERMERROR},
	{"internetstandards/Internet.nl 1544: hosts of an mx do not",
		D "v=spf1 " FIVE_MX FIVE_MX "ip4:192.0.2.9 -all" M, V4, SPF_PASS},
	{"wttw/aboutmyemail 45: one mx is one term",
		D "v=spf1 " FIVE_MX FIVE_A "ip4:192.0.2.9 -all" M, V4, SPF_PASS},
	{"Mika56/PHP-SPF-Check 25: nine MX and two includes are three terms",
		D "v=spf1 mx include:i.example include:i.example ip4:192.0.2.9 "
		  "-all\ni.example TXT v=spf1 -all" NINE_MX,
		V4, SPF_PASS},
	{"stalwartlabs/mail-auth 35: each MX is no term",
		D "v=spf1 mx mx ip4:192.0.2.9 -all" NINE_MX, V4, SPF_PASS},
	{"hardenize-public 19: an include without a record breaks",
		D "v=spf1 include:n.example ip4:192.0.2.9 -all\nn.example TXT hello",
		V4, SPF_PERMERROR},
	{"hardenize-public 53: macros of a redirect, several",
		D "v=spf1 redirect=%{l1r+}._spf.%{d}\nsome._spf.d.example TXT v=spf1 "
		  "ip4:192.0.2.9 -all",
		V4, SPF_PASS},
	{"shevek/libspf2 24: two look-ups may find nothing",
		D "v=spf1 a:x.example a:y.example a:z.example ip4:192.0.2.9 -all", V4,
		SPF_PERMERROR},
	{"sdgathman/pyspf 44: hosts of an mx without an address of the client's family "
	 "are void",
		D "v=spf1 mx -all" ONLY_V4, V6, SPF_PERMERROR},
	{"postalsys/mailauth 104: a client of IPv4 asks for none of IPv6",
		D "v=spf1 mx -all" ONLY_V4, V4, SPF_PASS},
	{"domainaware/checkdmarc 211: void within an include counts once",
		D "v=spf1 include:i.example a:y.example ip4:192.0.2.9 -all\ni.example "
		  "TXT v=spf1 a:x.example -all",
		V4, SPF_PASS},
	{"postalsys/mailauth 125: %{d} is of the record it stands in",
		D "v=spf1 include:i.example -all\ni.example TXT v=spf1 "
		  "include:%{d1}.%{d} -all\nexample.i.example TXT v=spf1 ip4:192.0.2.9 "
		  "-all",
		V4, SPF_PASS},
	{"postalsys/mailauth 126: %{o} stays the sender's",
		D "v=spf1 include:i.example -all\ni.example TXT v=spf1 a:%{o} "
		  "-all\nd.example A 192.0.2.9",
		V4, SPF_PASS},
	{"domainaware/checkdmarc 209: no blank between terms",
		D "v=spf1 ip4:192.0.2.9~all", V4, SPF_PERMERROR},
	{"ShlomiPorush/mailcow-logs-viewer 17: a redirect alone is a record",
		D "v=spf1 redirect=r.example\nr.example TXT v=spf1 ip4:192.0.2.9 -all",
		V4, SPF_PASS},
	{"zmap/zdns 253: the version in any case", D "V=sPf1 Ip4:192.0.2.9 -ALL", V4,
		SPF_PASS},
	{"rspamd 6196: of two records neither counts",
		D "v=spf1 ip4:192.0.2.9 -all\n" D "v=spf1 -all", V4, SPF_PERMERROR},
	{"rspamd 6196: in whatever case",
		D "v=spf1 ip4:192.0.2.9 -all\n" D "V=SPF1 -all", V4, SPF_PERMERROR},
	{"rspamd 6196: beside other TXT records it does",
		D "verification=v=spf1\n" D "v=spf1 ip4:192.0.2.9 -all", V4, SPF_PASS},
	{"iredmail/iRedAPD 25: the second string begins with a blank",
		D "v=spf1 ip4:192.0.2.8| ip4:192.0.2.9 ~all", V4, SPF_PASS},
	{"domainaware/checkdmarc 281: a string may end in the middle of a term",
		D "v=spf1 ip4:192.0.|2.9 ~all", V4, SPF_PASS},
	{"AynOps 213: \"-allow\" is no all", D "v=spf1 ip4:192.0.2.9 -allow", V4,
		SPF_PERMERROR},
	{"AynOps 213: a name with \"-all\" in it is a name",
		D "v=spf1 include:send-all.example ~all\nsend-all.example TXT v=spf1 "
		  "ip4:192.0.2.9 ?all",
		V4, SPF_PASS},
	{"SSC-ICT-Innovatie/nl-kat-coordination 4158: several macros in a name",
		D "v=spf1 exists:%{ir}.%{v}.arpa._spf.d.example "
		  "-all\n9.2.0.192.in-addr.arpa._spf.d.example A 127.0.0.2",
		V4, SPF_PASS},
	{"sdgathman/pyspf 12: \"|\" is written right, and leads nowhere",
		D "v=spf1 include:a.b.example|c.example ip4:192.0.2.9 -all", V4,
		SPF_PERMERROR},
	{"alexreinert/ARSoft.Tools.Net 25: a dot behind the domain is none of its name",
		D "v=spf1 include:%{ir}.%{v}.%{d}.s.example. "
		  "-all\n9.2.0.192.in-addr.d.example.s.example TXT v=spf1 +all",
		V4, SPF_PASS},
	{"shevek/libspf2 35: reversed, then the rightmost labels",
		D "v=spf1 exists:%{d1r}.x.example -all\nd.x.example A 127.0.0.2", V4,
		SPF_PASS},
	{"zaccone/spf 41: %{h} is the greeting's, not the domain",
		D "v=spf1 exists:%{h}.x.example -all\nmail.other.example.x.example A "
		  "127.0.0.2",
		V4, SPF_PASS},
};

static void rfc_7208_decides_where_checkers_disagreed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct made_zone zone = {.text = ROWS[i].zone};
		const struct rr_resolver resolver = {made_ask, &zone};
		struct spf_question question = {.resolver = &resolver,
			.domain = "d.example",
			.local_part = "some+tag",
			.helo = "mail.other.example"};
		struct spf_verdict verdict;
		assert_true(address_parse(ROWS[i].client, &question.client));
		spf_check_host(&question, &verdict);
		if (verdict.result != ROWS[i].result) {
			fail_msg("%s: %s (%s)", ROWS[i].issue,
				spf_result_name(verdict.result), verdict.why);
		}
		made_free(&zone);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_7208_decides_where_checkers_disagreed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
