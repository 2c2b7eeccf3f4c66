#include "made_matrix.h"

#include "matrix/architecture.h"

#define NOW_S 1800000000 /* 2027-01-15 */

static struct matrix_problems breaches_of(const char *rows)
{
	struct matrix *matrix = load_rows(rows);
	struct matrix_problems breaches;
	architecture_breaches(matrix, NOW_S, &breaches, NULL);
	matrix_free(matrix);
	return breaches;
}

/* The rows breach this and nothing else; NULL: nothing. */
static void assert_breach(const char *rows, const char *words)
{
	struct matrix_problems breaches = breaches_of(rows);
	if (breaches.count != (words ? 1 : 0)) {
		fail_msg("%zu breaches of %s, the first \"%s\"", breaches.count, rows,
			breaches.count ? breaches.list[0].text : "none");
	}
	if (words && !mentions(&breaches, words)) {
		fail_msg("\"%s\" is not \"%s\"", breaches.list[0].text, words);
	}
	matrix_problems_free(&breaches);
}

static void the_gateway_chain_breaches_nothing(void **state)
{
	(void)state;
	assert_breach(
		" - {id: a, from: relay, to: mx-out, protocols: smtp, tls: starttls}\n"
		" - {id: b, from: mx-in, to: relay, protocols: smtp, tls: starttls}\n"
		" - {id: c, from: mx-out, to: internet, protocols: smtp, tls: "
		"optional}\n"
		" - {id: d, from: internet, to: mx-in, protocols: smtp}\n"
		" - {id: e, from: mailboxes, to: relay, protocols: smtp}\n"
		" - {id: f, from: submission, to: mx-out, protocols: smtp}\n",
		NULL);
}

static void a_relay_that_meets_the_internet_breaches_r35(void **state)
{
	(void)state;
	assert_breach(" - {id: a, from: relay, to: internet, protocols: smtp}\n",
		"R35 row a: internal relay relay sends to the Internet");
	assert_breach(" - {id: a, from: internet, to: relay, protocols: smtp}\n",
		"R35 row a: internal relay relay takes mail from the Internet");
	assert_breach(" - {id: a, from: relay, to: mx-in, protocols: smtp}\n",
		"R35 row a: internal relay relay exchanges mail with mx-in");
	assert_breach(" - {id: a, from: mx-out, to: relay, protocols: smtp}\n",
		"R35 row a: internal relay relay exchanges mail with mx-out");
	assert_breach(" - {id: a, from: relay, to: gateway, protocols: smtp}\n",
		"R35 row a: internal relay relay exchanges mail with gateway");
}

static void a_relay_behind_a_chained_server_breaches_r35_too(void **state)
{
	(void)state;
	struct matrix_problems breaches = breaches_of(
		" - {id: a, from: submission, to: internet, protocols: smtp}\n"
		" - {id: b, from: submission, to: relay, protocols: smtp}\n");
	assert_int_equal(breaches.count, 1);
	assert_true(mentions(&breaches, "R35 row b: internal relay relay"));
	matrix_problems_free(&breaches);
}

static void one_server_for_both_ways_breaches_r36(void **state)
{
	(void)state;
	assert_breach(" - {id: a, from: internet, to: submission, protocols: smtp}\n"
		      " - {id: b, from: submission, to: internet, protocols: smtp}\n",
		"R36 row b: submission sends to the Internet and by row a it receives");
	assert_breach(" - {id: a, from: mx-in, to: internet, protocols: smtp}\n",
		"R36 row a: inbound server mx-in sends");
	assert_breach(" - {id: a, from: internet, to: mx-out, protocols: smtp}\n",
		"R36 row a: outbound server mx-out takes mail from the Internet");
	assert_breach(" - {id: a, from: mx-in, to: mx-out, protocols: smtp}\n",
		"R36 row a: outbound server mx-out takes mail from mx-in");
}

static void an_address_in_groups_of_both_kinds_breaches_r36(void **state)
{
	(void)state;
	struct matrix_problems problems;
	struct matrix *matrix = load_text(
		"schema: 1\n"
		"zones: {internal: [192.0.2.0/24], gateway: [198.51.100.0/28]}\n"
		"groups:\n"
		"  out: {role: outbound, addresses: [198.51.100.0/30]}\n"
		"  in: {role: inbound, addresses: [198.51.100.2]}\n"
		"rows:\n"
		" - {id: a, from: out, to: internet, protocols: smtp}\n"
		" - {id: b, from: internet, to: in, protocols: smtp}\n",
		&problems);
	assert_non_null(matrix);
	struct matrix_problems breaches;
	architecture_breaches(matrix, NOW_S, &breaches, NULL);
	assert_int_equal(breaches.count, 1);
	assert_true(mentions(&breaches,
		"made.yaml:5: R36: 198.51.100.2 of inbound group in lies in outbound "
		"group out too"));
	matrix_problems_free(&breaches);
	matrix_free(matrix);
}

static void a_mailbox_server_outside_internal_breaches_r34(void **state)
{
	(void)state;
	struct matrix_problems problems;
	struct matrix *matrix = load_text(
		"schema: 1\n"
		"zones: {internal: [192.0.2.0/24], gateway: [198.51.100.0/28]}\n"
		"groups:\n"
		"  relay: {role: relay, addresses: [192.0.2.25]}\n"
		"  boxes:\n"
		"    role: mailbox\n"
		"    addresses:\n"
		"      - 192.0.2.10\n"
		"      - 198.51.100.9\n"
		"rows:\n"
		" - {id: a, from: boxes, to: relay, protocols: smtp}\n",
		&problems);
	assert_non_null(matrix);
	struct matrix_problems breaches;
	architecture_breaches(matrix, NOW_S, &breaches, NULL);
	assert_int_equal(breaches.count, 1);
	assert_true(
		mentions(&breaches, "made.yaml:9: R34: mailbox server 198.51.100.9"));
	matrix_problems_free(&breaches);
	matrix_free(matrix);
	assert_breach(" - {id: a, from: internet, to: mailboxes, protocols: smtp}\n",
		"R34 row a: the Internet hands mail to mailbox server mailboxes");
}

static void a_group_that_stands_outside_is_one_breach_whatever_it_holds(void **state)
{
	(void)state;
	struct matrix_problems problems;
	struct matrix *matrix = load_text(
		"schema: 1\n"
		"zones: {internal: [192.0.2.0/24], gateway: [198.51.100.0/28]}\n"
		"groups:\n"
		"  relay: {role: relay, addresses: [192.0.2.25]}\n"
		"  cloud: {role: mailbox, addresses: [203.0.113.0/26, 203.0.113.96, "
		"192.0.2.11, 203.0.113.128/26]}\n"
		"  other: {role: mailbox, addresses: [198.51.100.9]}\n"
		"rows:\n"
		" - {id: a, from: other, to: relay, protocols: smtp}\n",
		&problems);
	assert_non_null(matrix);
	struct matrix_problems breaches;
	architecture_breaches(matrix, NOW_S, &breaches, NULL);
	assert_int_equal(breaches.count, 2);
	assert_true(mentions(&breaches,
		"made.yaml:5: R34: mailbox server 203.0.113.0/26 (group cloud) stands "
		"in zone internet, as do 2 more of it; "));
	assert_true(mentions(&breaches,
		"made.yaml:6: R34: mailbox server 198.51.100.9 (group other) stands in "
		"zone gateway; "));
	matrix_problems_free(&breaches);
	matrix_free(matrix);
}

static void a_row_for_probes_breaches_nothing(void **state)
{
	(void)state;
	assert_breach(" - {id: a, from: mailboxes, to: internet, protocols: smtp}\n",
		"R34 row a");
	assert_breach(" - {id: a, from: mailboxes, to: internet, protocols: smtp, "
		      "probe: yes}\n",
		NULL);
	/* nor does it make a server one that exchanges mail with the Internet */
	assert_breach(" - {id: a, from: internet, to: mailboxes, protocols: smtp, "
		      "probe: yes}\n"
		      " - {id: b, from: relay, to: mailboxes, protocols: smtp}\n",
		NULL);
}

static void who_is_no_server_does_not_send_out(void **state)
{
	(void)state;
	assert_breach(" - {id: a, from: workstations, to: internet, protocols: "
		      "submission, tls: required}\n",
		"R37 row a: workstations sends to the Internet past the gateway");
	assert_breach(" - {id: a, from: internal, to: internet, protocols: smtp}\n",
		"R37 row a: internal sends to the Internet");
	assert_breach(" - {id: a, from: workstations, to: relay, protocols: imaps}\n",
		"R37 row a: clients workstations read mail from relay");
	assert_breach(
		" - {id: a, from: workstations, to: mailboxes, protocols: imaps}\n",
		NULL);
}

static void users_are_encrypted_and_log_in(void **state)
{
	(void)state;
	assert_breach(" - {id: a, from: workstations, to: mailboxes, protocols: imap, "
		      "tls: optional}\n",
		"R41 row a: workstations may log in without TLS (tls: optional)");
	assert_breach(" - {id: a, from: internal, to: submission, protocols: "
		      "submission, tls: offered}\n",
		"R41 row a: internal may log in without TLS (tls: offered)");
	assert_breach(" - {id: a, from: workstations, to: mailboxes, protocols: imaps, "
		      "tls: optional}\n",
		NULL);
	assert_breach(" - {id: a, from: workstations, to: mailboxes, protocols: imaps, "
		      "min_tls: 1.1}\n",
		"R41 row a: TLS 1.1 is enough");
	assert_breach(" - {id: a, from: workstations, to: relay, protocols: smtp}\n",
		"R41 row a: clients workstations hand mail in over smtp");
}

static void servers_use_starttls(void **state)
{
	(void)state;
	assert_breach(" - {id: a, from: mailboxes, to: relay, protocols: smtp, tls: "
		      "optional}\n",
		"R42 row a: servers mailboxes and relay may talk in clear");
	assert_breach(" - {id: a, from: mailboxes, to: relay, protocols: smtps}\n",
		"R42 row a: implicit TLS (465) between servers");
	assert_breach(" - {id: a, from: mx-out, to: internet, protocols: smtps}\n",
		"R42 row a: implicit TLS (465) to or from the Internet");
	assert_breach(" - {id: a, from: internet, to: mx-in, protocols: smtp, tls: "
		      "optional}\n",
		"R42 row a: mx-in need not offer STARTTLS");
	assert_breach(" - {id: a, from: mx-in, to: relay, protocols: smtp, min_tls: "
		      "1.0}\n",
		"R42 row a: TLS 1.0 is enough");
}

static void the_profile_decides_about_465_for_users_only(void **state)
{
	(void)state;
	assert_breach(" - {id: a, from: workstations, to: submission, protocols: "
		      "submissions}\n",
		NULL);
	static const char ROWS[] = "profile: rfc8314\nrows:\n"
				   " - {id: a, from: internet, to: submission, "
				   "protocols: submissions}\n"
				   " - {id: b, from: mailboxes, to: relay, protocols: "
				   "smtps}\n";
	char text[4096];
	(void)snprintf(text, sizeof(text), "%s%s", HEAD, ROWS);
	struct matrix_problems problems;
	struct matrix *matrix = load_text(text, &problems);
	assert_non_null(matrix);
	struct matrix_problems breaches;
	architecture_breaches(matrix, NOW_S, &breaches, NULL);
	assert_int_equal(breaches.count, 1);
	assert_true(mentions(&breaches, "R42 row b"));
	matrix_problems_free(&breaches);
	matrix_free(matrix);
}

static void user_access_from_the_internet_is_exposed(void **state)
{
	(void)state;
	assert_breach(" - {id: a, from: internet, to: mailboxes, protocols: imaps}\n",
		"exposure row a: users reach mailboxes from the Internet");
}

static void an_expired_row_breaches_nothing(void **state)
{
	(void)state;
	assert_breach(" - {id: a, from: relay, to: internet, protocols: smtp, expires: "
		      "2020-01-01}\n"
		      " - {id: b, from: relay, to: mx-out, protocols: smtp}\n",
		NULL);
}

/* Of this text: how many breaches are left, and how many are accepted with these words. */
static void assert_accepted(
	const char *text, size_t breaches, size_t accepted, const char *words)
{
	struct matrix_problems problems;
	struct matrix_problems left;
	struct matrix_problems apart;
	struct matrix *matrix = load_text(text, &problems);
	if (!matrix) {
		fail_msg("%s", problems.list[0].text);
	}
	architecture_breaches(matrix, NOW_S, &left, &apart);
	matrix_free(matrix);
	assert_int_equal(left.count, breaches);
	assert_int_equal(apart.count, accepted);
	if (words && !mentions(&apart, words)) {
		fail_msg("\"%s\" is not \"%s\"", apart.list[0].text, words);
	}
	matrix_problems_free(&left);
	matrix_problems_free(&apart);
}

#define REASONED ", owner: it, reason: why"
#define PARTNER(keys)                                                              \
	HEAD "rows:\n - {id: a, from: mx-out, to: internet, protocols: smtps" keys \
		REASONED "}\n"

static void a_row_accepts_its_own_breaches_and_says_why(void **state)
{
	(void)state;
	assert_accepted(PARTNER(", accepts: R42"), 0, 1,
		"made.yaml:11: R42 row a: implicit TLS (465) to or from the Internet; "
		"servers use smtp on port 25 with tls: starttls; accepted by row a "
		"(it): why");
	assert_accepted(PARTNER(", accepts: smtps.implicit"), 0, 1, NULL);
	assert_accepted(PARTNER(", accepts: [R41, tls.missing]"), 1, 0, NULL);
}

/* 2027-01-15 is now. */
static void a_breach_that_was_accepted_until_yesterday_is_one(void **state)
{
	(void)state;
	assert_accepted(PARTNER(", accepts: R42, until: 2027-01-15"), 0, 1,
		"accepted by row a (it, until 2027-01-15): why");
	assert_accepted(PARTNER(", accepts: R42, until: 2027-01-14"), 1, 0, NULL);
}

#define DMZ(keys)                                                                   \
	"schema: 1\n"                                                               \
	"zones: {internal: 192.0.2.0/24, gateway: 198.51.100.0/28}\n"               \
	"groups:\n"                                                                 \
	"  dmz: {role: mailbox, addresses: 198.51.100.9" keys "}\n"                 \
	"  users: {role: client, addresses: 192.0.2.64/26}\n"                       \
	"rows: [{id: a, from: internet, to: dmz, protocols: smtp}, {id: b, from: "  \
	"users, to: dmz, protocols: imap, tls: optional}, {id: c, from: internet, " \
	"to: dmz, protocols: imaps}]\n"

static void a_group_accepts_where_it_stands_and_what_rows_let_it_do(void **state)
{
	(void)state;
	assert_accepted(DMZ(""), 4, 0, NULL);
	assert_accepted(DMZ(", accepts: zone.mailbox-misplaced" REASONED), 3, 1,
		"made.yaml:4: R34: mailbox server 198.51.100.9 (group dmz) stands in "
		"zone gateway; it belongs into internal, behind the gateway; accepted "
		"by group dmz (it): why");
	assert_accepted(DMZ(", accepts: R34" REASONED), 2, 2,
		"R34 row a: the Internet hands mail to mailbox server dmz");
	assert_accepted(DMZ(", accepts: [R34, R41, zone.user-access-exposed]" REASONED),
		0, 4, "exposure row c: users reach dmz from the Internet;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_accepts_its_own_breaches_and_says_why),
		cmocka_unit_test(a_breach_that_was_accepted_until_yesterday_is_one),
		cmocka_unit_test(
			a_group_accepts_where_it_stands_and_what_rows_let_it_do),
		cmocka_unit_test(the_gateway_chain_breaches_nothing),
		cmocka_unit_test(a_relay_that_meets_the_internet_breaches_r35),
		cmocka_unit_test(a_relay_behind_a_chained_server_breaches_r35_too),
		cmocka_unit_test(one_server_for_both_ways_breaches_r36),
		cmocka_unit_test(an_address_in_groups_of_both_kinds_breaches_r36),
		cmocka_unit_test(
			a_group_that_stands_outside_is_one_breach_whatever_it_holds),
		cmocka_unit_test(a_mailbox_server_outside_internal_breaches_r34),
		cmocka_unit_test(a_row_for_probes_breaches_nothing),
		cmocka_unit_test(who_is_no_server_does_not_send_out),
		cmocka_unit_test(users_are_encrypted_and_log_in),
		cmocka_unit_test(servers_use_starttls),
		cmocka_unit_test(the_profile_decides_about_465_for_users_only),
		cmocka_unit_test(user_access_from_the_internet_is_exposed),
		cmocka_unit_test(an_expired_row_breaches_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
