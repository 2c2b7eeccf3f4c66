/* What a matrix allows but should be looked at: each warning, and what nearly earns it. */
#include "made_matrix.h"

#define NOW_S INT64_C(1800000000) /* 2027-01-15 */
#define DAY_S INT64_C(86400)

/* Every warning of this text on a line of its own; malloced. */
static char *warnings_of(const char *text, int64_t now_s)
{
	struct matrix_problems problems;
	struct matrix *matrix = load_text(text, &problems);
	if (!matrix) {
		fail_msg("%s", problems.list[0].text);
	}
	struct matrix_problems warnings;
	matrix_warnings(matrix, now_s, &warnings);
	char *all = calloc(warnings.count + 1, sizeof(warnings.list[0].text) + 1);
	assert_non_null(all);
	for (size_t i = 0; i < warnings.count; i++) {
		(void)strcat(strcat(all, warnings.list[i].text), "\n");
	}
	matrix_problems_free(&warnings);
	matrix_free(matrix);
	return all;
}

static void assert_said(const char *text, const char *words, bool is_said)
{
	char *all = warnings_of(text, NOW_S);
	if ((strstr(all, words) != NULL) != is_said) {
		fail_msg("\"%s\" is %s in:\n%s", words, is_said ? "not" : "", all);
	}
	free(all);
}

#define ROWS(rows) HEAD "rows:\n" rows

static void assert_warns(const char *text, const char *words)
{
	assert_said(text, words, true);
}

static void assert_silent(const char *text, const char *words)
{
	assert_said(text, words, false);
}

static void a_warning_names_its_place_and_its_row(void **state)
{
	(void)state;
	assert_warns(ROWS(" - {id: b, from: relay, to: mx-out, protocols: all}\n"),
		"made.yaml:11: warning: row b allows all mail protocols; list those it "
		"needs");
	assert_silent(ROWS(" - {id: b, from: relay, to: mx-out, protocols: smtp}\n"),
		"row b allows all");
}

static void a_learned_row_asks_for_its_owner(void **state)
{
	(void)state;
	assert_warns(
		ROWS(" - {id: b, from: relay, to: mx-out, protocols: smtp, learned: "
		     "2026-11-29}\n"),
		"row b was learned on 2026-11-29 and has no owner; name one");
	assert_silent(
		ROWS(" - {id: b, from: relay, to: mx-out, protocols: smtp, learned: "
		     "2026-11-29, owner: messaging}\n"),
		"was learned");
}

static void any_port_lets_mail_go_by_unseen(void **state)
{
	(void)state;
	assert_warns(ROWS(" - {id: b, from: relay, to: mx-out, protocols: smtp, ports: "
			  "all}\n"),
		"row b allows any port");
	assert_silent(ROWS(" - {id: b, from: relay, to: mx-out, protocols: smtp, "
			   "ports: 1-64}\n"),
		"any port");
}

static void a_row_that_expired_or_soon_will_says_its_last_day(void **state)
{
	(void)state;
	static const char text[] =
		ROWS(" - {id: d, from: mx-in, to: relay, protocols: smtp, expires: "
		     "2027-03-01}\n");
	static const int64_t FIRST_S = INT64_C(1803945600); /* date -d 2027-03-02 */
	static const struct {
		int64_t now_s;
		const char *words;
	} TIMES[] = {{FIRST_S - 31 * DAY_S, NULL},
		{FIRST_S - 30 * DAY_S,
			"row d expires soon: its last day is 2027-03-01"},
		{FIRST_S - 1, "row d expires soon"},
		{FIRST_S, "row d expired: its last day was 2027-03-01, it allows "
			  "nothing"}};
	for (size_t i = 0; i < sizeof(TIMES) / sizeof(TIMES[0]); i++) {
		char *all = warnings_of(text, TIMES[i].now_s);
		if (TIMES[i].words) {
			assert_non_null(strstr(all, TIMES[i].words));
		} else {
			assert_null(strstr(all, "expire"));
		}
		free(all);
	}
}

static void what_is_accepted_for_a_time_says_its_last_day(void **state)
{
	(void)state;
	static const char text[] =
		ROWS(" - {id: d, from: mx-in, to: [relay, mailboxes], protocols: smtp, "
		     "accepts: R42, owner: it, reason: why, until: 2027-03-01}\n");
	static const int64_t FIRST_S = INT64_C(1803945600); /* date -d 2027-03-02 */
	char *all = warnings_of(text, FIRST_S - 31 * DAY_S);
	assert_null(strstr(all, "accepts"));
	free(all);
	all = warnings_of(text, FIRST_S - 30 * DAY_S);
	assert_non_null(strstr(
		all, "row d soon accepts no R42 any more: its last day is 2027-03-01"));
	free(all);
	all = warnings_of(text, FIRST_S);
	const char *first = strstr(all, "row d accepts nothing any more: its last day "
					"was 2027-03-01, R42 is reported again");
	assert_non_null(first);
	assert_null(strstr(
		first + 1, "row d accepts")); /* once, not for each pair of ends */
	free(all);
}

/* Whether a row with these keys is told to accept the finding in vain. */
static bool is_in_vain(const char *keys, const char *finding)
{
	char text[1024];
	char words[160];
	(void)snprintf(text, sizeof(text),
		ROWS(" - {id: d, from: mx-in, to: relay, %s, accepts: %s, owner: it, "
		     "reason: why}\n"),
		keys, finding);
	(void)snprintf(words, sizeof(words),
		"row d accepts %s, which no flow that it allows can raise", finding);
	char *all = warnings_of(text, 0);
	const bool is_told = strstr(all, words) != NULL;
	assert_int_equal(is_told, strstr(all, "row d accepts") != NULL);
	free(all);
	return is_told;
}

static void what_is_accepted_and_can_never_be_told_is_warned_of(void **state)
{
	(void)state;
	assert_true(is_in_vain("protocols: [imaps, pop3s]", "tls.starttls-refused"));
	assert_false(is_in_vain("protocols: [imaps, pop3]", "tls.starttls-refused"));
	assert_true(is_in_vain("protocols: mapi-http", "tls.starttls-unused"));
	assert_true(is_in_vain("protocols: imaps", "tls.credentials-clear"));
	assert_false(is_in_vain("protocols: mapi-http", "tls.credentials-clear"));
	assert_true(is_in_vain("protocols: mapi-rpc", "tls.version-obsolete"));
	assert_false(is_in_vain("protocols: smtp", "tls.version-obsolete"));
	assert_true(is_in_vain("protocols: smtp", "smtps.implicit"));
	assert_false(is_in_vain("protocols: submission", "smtps.implicit"));
	assert_false(is_in_vain("protocols: smtps", "smtps.implicit"));
	assert_true(is_in_vain("protocols: imap", "smtp.smuggling"));
	assert_false(is_in_vain("protocols: lmtp", "smtp.smuggling"));
	assert_true(is_in_vain("protocols: smtp", "zone.user-access-exposed"));
	assert_false(is_in_vain("protocols: all", "zone.user-access-exposed"));
	assert_true(is_in_vain("protocols: smtp", "tls.client-certificate-missing"));
	assert_false(is_in_vain("protocols: smtp, client_certificate: required",
		"tls.client-certificate-missing"));
	assert_false(is_in_vain("protocols: imaps", "R42"));
	assert_false(is_in_vain("protocols: imaps", "zone.mailbox-misplaced"));
}

static void protocols_that_cannot_be_protected_as_asked_allow_nothing(void **state)
{
	(void)state;
	assert_warns(ROWS(" - {id: a, from: relay, to: mx-out, protocols: smtps, tls: "
			  "starttls}\n"),
		"row a can allow nothing: tls: starttls does not go with smtps");
	assert_warns(ROWS(" - {id: a, from: workstations, to: mailboxes, protocols: "
			  "[imap, pop3], tls: implicit}\n"),
		"tls: implicit does not go with imap or pop3");
	assert_silent(ROWS(" - {id: a, from: workstations, to: mailboxes, protocols: "
			   "[imap, imaps], tls: implicit}\n"),
		"can allow nothing");
	assert_silent(ROWS(" - {id: a, from: relay, to: mx-out, protocols: smtps, tls: "
			   "required}\n"),
		"can allow nothing");
}

static void clients_serve_no_mail_and_relays_keep_none(void **state)
{
	(void)state;
	assert_warns(
		ROWS(" - {id: a, from: relay, to: workstations, protocols: smtp}\n"),
		"row a goes to clients, which serve no mail");
	assert_warns(ROWS(" - {id: a, from: submission, to: relay, protocols: imap}\n"),
		"row a reads mail from relay, whose role relay keeps none");
	assert_silent(
		ROWS(" - {id: a, from: submission, to: mailboxes, protocols: imap}\n"),
		"keeps none");
}

static void a_technical_group_has_no_business_with_the_internet(void **state)
{
	(void)state;
	static const char head[] =
		HEAD "  scanners: {role: application, service: technical, addresses: "
		     "[192.0.2.128/28]}\nrows:\n";
	char text[2048];
	(void)snprintf(text, sizeof(text), "%s%s", head,
		" - {id: a, from: scanners, to: internet, protocols: smtp}\n");
	assert_warns(text, "row a joins technical group scanners to the Internet");
	(void)snprintf(text, sizeof(text), "%s%s", head,
		" - {id: a, from: internet, to: scanners, protocols: smtp}\n");
	assert_warns(text, "row a joins technical group scanners to the Internet");
	(void)snprintf(text, sizeof(text), "%s%s", head,
		" - {id: a, from: scanners, to: relay, protocols: smtp}\n");
	assert_silent(text, "technical");
}

#define FIRST " - {id: e, from: workstations, to: mailboxes, protocols: [imap, imaps]"
#define NEXT  " - {id: f, from: workstations, to: mailboxes, protocols: imap"

static void a_row_that_an_earlier_one_covers_is_never_needed(void **state)
{
	(void)state;
	static const char words[] = "row f is never needed: row e allows it all";
	assert_warns(ROWS(FIRST "}\n" NEXT "}\n"), words);
	assert_warns(ROWS(FIRST ", tls: optional}\n" NEXT ", tls: required}\n"), words);
	assert_warns(ROWS(FIRST ", ports: all}\n" NEXT ", ports: 1143}\n"), words);
	static const char *const NOT_COVERED[] = {
		ROWS(FIRST "}\n" NEXT ", tls: optional}\n"),
		ROWS(FIRST "}\n" NEXT ", ports: 1143}\n"),
		ROWS(FIRST ", min_tls: 1.3}\n" NEXT "}\n"),
		ROWS(FIRST ", client_certificate: required}\n" NEXT "}\n"),
		ROWS(FIRST ", expires: 2030-01-01}\n" NEXT "}\n"),
		ROWS(NEXT "}\n" FIRST "}\n"),
	};
	for (size_t i = 0; i < sizeof(NOT_COVERED) / sizeof(NOT_COVERED[0]); i++) {
		assert_silent(NOT_COVERED[i], "never needed");
	}
}

static void a_group_that_no_row_needs_is_told_unless_its_zone_is_named(void **state)
{
	(void)state;
	static const char words[] = "group submission is in no row";
	assert_warns(
		ROWS(" - {id: a, from: relay, to: mx-out, protocols: smtp}\n"), words);
	assert_silent(ROWS(" - {id: a, from: internal, to: mx-out, protocols: smtp}\n"),
		words);
	assert_silent(
		ROWS(" - {id: a, from: submission, to: relay, protocols: smtp}\n"),
		words);
}

/* No row speaks of name queries. */
static void a_resolver_needs_no_row(void **state)
{
	(void)state;
	assert_silent(HEAD "  resolvers: {role: resolver, addresses: [192.0.2.53]}\n"
			   "rows:\n"
			   " - {id: a, from: relay, to: mx-out, protocols: smtp}\n",
		"resolvers");
}

#define ZONED(group)                                                            \
	"schema: 1\nzones: {internal: [192.0.2.0/24], vpn: [192.0.3.0/24]}\n"   \
	"groups:\n  a: {role: relay, addresses: [192.0.2.1]}\n  b: " group "\n" \
	"rows: [{id: r, from: a, to: b, protocols: smtp}]\n"

static void a_group_in_no_zone_or_in_two_is_told(void **state)
{
	(void)state;
	assert_warns(ZONED("{role: relay, addresses: [203.0.113.1]}"),
		"group b is in no zone, so it counts as internet");
	assert_silent(
		ZONED("{role: outbound, addresses: [203.0.113.1]}"), "in no zone");
	assert_warns(ZONED("{role: relay, addresses: [192.0.2.9, 192.0.3.9]}"),
		"group b stands in two zones, internal and vpn; split it");
	assert_silent(ZONED("{role: relay, addresses: [192.0.2.9, 192.0.2.19]}"),
		"two zones");
}

#define RESOLVER "  dns: {role: resolver, addresses: [192.0.2.53]}\n"
#define TO_B     "rows:\n - {id: b, from: relay, to: b, protocols: smtp}\n"

static void who_answers_for_names_is_to_be_declared(void **state)
{
	(void)state;
	assert_warns(HEAD "  b: {role: inbound, names: mx.example.net}\n" TO_B,
		"made.yaml:10: warning: group b is known by name and no group has role "
		"resolver: the sensor believes DNS answers of any host of a zone, and "
		"none of the Internet");
	assert_silent(HEAD RESOLVER
		"  b: {role: inbound, names: mx.example.net}\n" TO_B,
		"group b");
	assert_silent(HEAD "  b: {role: inbound, addresses: 192.0.2.9, names: "
			   "mx.example.net}\n" TO_B,
		"resolver");
	/* its hosts stand where DNS says */
	assert_silent(HEAD RESOLVER "  b: {role: relay, names: mx.example.net}\n" TO_B,
		"in no zone");
}

static void prefixes_that_say_nothing_are_told(void **state)
{
	(void)state;
	assert_warns(ZONED("{role: relay, addresses: [0.0.0.0/0]}"),
		"0.0.0.0/0 of group b is every address");
	assert_warns(ZONED("{role: relay, addresses: [192.0.2.8, 192.0.2.8]}"),
		"192.0.2.8 of group b is written twice");
	assert_warns(ZONED("{role: relay, addresses: [192.0.2.8/31, 192.0.2.8, "
			   "192.0.2.9]}"),
		"192.0.2.8/31 of group b holds nobody: narrower prefixes cover all of "
		"it");
	assert_silent(ZONED("{role: relay, addresses: [192.0.2.8/31, 192.0.2.8]}"),
		"holds nobody");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_warning_names_its_place_and_its_row),
		cmocka_unit_test(a_learned_row_asks_for_its_owner),
		cmocka_unit_test(any_port_lets_mail_go_by_unseen),
		cmocka_unit_test(a_row_that_expired_or_soon_will_says_its_last_day),
		cmocka_unit_test(what_is_accepted_for_a_time_says_its_last_day),
		cmocka_unit_test(what_is_accepted_and_can_never_be_told_is_warned_of),
		cmocka_unit_test(
			protocols_that_cannot_be_protected_as_asked_allow_nothing),
		cmocka_unit_test(clients_serve_no_mail_and_relays_keep_none),
		cmocka_unit_test(a_technical_group_has_no_business_with_the_internet),
		cmocka_unit_test(a_row_that_an_earlier_one_covers_is_never_needed),
		cmocka_unit_test(
			a_group_that_no_row_needs_is_told_unless_its_zone_is_named),
		cmocka_unit_test(a_resolver_needs_no_row),
		cmocka_unit_test(a_group_in_no_zone_or_in_two_is_told),
		cmocka_unit_test(who_answers_for_names_is_to_be_declared),
		cmocka_unit_test(prefixes_that_say_nothing_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
