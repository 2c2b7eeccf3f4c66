#include "made_record.h"

#include "../matrix/made_matrix.h"

#include "report/conformity_print.h"

static struct matrix *office;
static const struct fold_count ONCE = {.count = 1};

static int load_office(void **state)
{
	(void)state;
	office = load_rows(
		" - {id: a, from: workstations, to: mailboxes, protocols: imaps}\n"
		" - {id: b, from: relay, to: [mx-out, mailboxes], protocols: smtp}\n");
	return 0;
}

static int free_office(void **state)
{
	(void)state;
	matrix_free(office);
	return 0;
}

/* A flow between these two ends whose TLS was seen. */
static void made_flow(struct made_record *made, enum protocol protocol,
	const char *client, const char *server)
{
	made_record(made);
	made->facts = (struct facts){.protocol = protocol,
		.tls = FACTS_TLS_IMPLICIT,
		.session.has_server_hello = true};
	made->judgement.verdict = VERDICT_LEGITIMATE;
	made->observation.protocol = protocol;
	made->observation.client = made_address(client);
	made->observation.server = made_address(server);
	made->judgement.from = matrix_locate(office, &made->observation.client);
	made->judgement.to = matrix_locate(office, &made->observation.server);
	made->judgement.nearest = NULL;
}

static void add_flow(struct conformity *conformity, enum protocol protocol,
	const char *client, const char *server)
{
	struct made_record made;
	made_flow(&made, protocol, client, server);
	conformity_mail(conformity, &made.record);
}

static struct conformity *made_conformity(void)
{
	struct reason why;
	struct conformity *conformity = conformity_new(office, &why);
	assert_non_null(conformity);
	return conformity;
}

static void without_traffic_nothing_is_observable(void **state)
{
	(void)state;
	struct conformity *conformity = made_conformity();
	for (int i = 0; i < CONFORMITY_SUBJECTS; i++) {
		assert_int_equal(
			conformity_verdict(conformity, (enum conformity_subject)i),
			CONFORMITY_NOT_OBSERVABLE);
	}
	conformity_free(conformity);
}

static char *printed(const struct conformity *conformity)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	conformity_print(conformity, out, false);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void what_could_not_be_looked_into_is_named_and_only_then(void **state)
{
	(void)state;
	struct conformity *conformity = made_conformity();
	struct blindness blindness = {.all = {200, 20000}};
	conformity_blind(conformity, &blindness);
	char *text = printed(conformity);
	assert_null(strstr(text, "looked into"));
	free(text);
	blindness.kinds[DECODE_BLIND_MACSEC] = (struct decode_blind_count){7, 900};
	conformity_blind(conformity, &blindness);
	text = printed(conformity);
	assert_non_null(strstr(text, "\n  not seen  7 of 200 frames (3 %) and 4 % of "
				     "their bytes could not be looked\n            "
				     "into: macsec 7\n"));
	free(text);
	conformity_free(conformity);
}

static void assert_conform(
	const struct conformity *conformity, enum conformity_subject subject)
{
	assert_int_equal(conformity_verdict(conformity, subject), CONFORMITY_CONFORM);
}

static void assert_not_observable(
	const struct conformity *conformity, enum conformity_subject subject)
{
	assert_int_equal(
		conformity_verdict(conformity, subject), CONFORMITY_NOT_OBSERVABLE);
}

static void sending_and_taking_must_both_be_seen_for_r36(void **state)
{
	(void)state;
	struct conformity *conformity = made_conformity();
	add_flow(conformity, PROTOCOL_SMTP, "198.51.100.2", "203.0.113.25");
	assert_not_observable(conformity, CONFORMITY_R36);
	add_flow(conformity, PROTOCOL_SMTP, "203.0.113.25", "198.51.100.3");
	assert_conform(conformity, CONFORMITY_R36);
	assert_not_observable(conformity, CONFORMITY_R34);
	assert_not_observable(conformity, CONFORMITY_R35);
	assert_not_observable(conformity, CONFORMITY_R41);
	conformity_free(conformity);
}

static void flows_that_are_all_alike_count_as_many(void **state)
{
	(void)state;
	struct made_record made;
	struct conformity *one = made_conformity();
	struct conformity *many = made_conformity();
	made_flow(&made, PROTOCOL_IMAPS, "192.0.2.70", "192.0.2.10");
	for (int i = 0; i < 7; i++) {
		conformity_mail(one, &made.record);
	}
	conformity_mails(many, &made.record, 7);
	for (int i = 0; i < CONFORMITY_SUBJECTS; i++) {
		const struct conformity_line left =
			conformity_line(one, (enum conformity_subject)i);
		const struct conformity_line right =
			conformity_line(many, (enum conformity_subject)i);
		assert_int_equal(left.observed, right.observed);
		assert_int_equal(left.in_tls, right.in_tls);
		assert_int_equal(conformity_unseen(&left), conformity_unseen(&right));
	}
	assert_int_equal(conformity_reach(many).flows, 7);
	assert_int_equal(conformity_reach(many).both_way, 7);
	conformity_free(one);
	conformity_free(many);
}

static void what_a_recommendation_lacks_is_the_first_that_is_not_there(void **state)
{
	(void)state;
	struct conformity *conformity = made_conformity();
	struct blindness blindness = {.all = {200, 20000}};
	assert_int_equal(
		conformity_lack(conformity, CONFORMITY_R34), CONFORMITY_LACK_TRAFFIC);
	assert_false(conformity_is_observable(conformity, CONFORMITY_R34));
	add_flow(conformity, PROTOCOL_IMAPS, "192.0.2.70", "192.0.2.10");
	assert_true(conformity_is_observable(conformity, CONFORMITY_R34));
	conformity_given_up(conformity, 1000);
	assert_int_equal(
		conformity_lack(conformity, CONFORMITY_R34), CONFORMITY_LACK_ROOM);
	blindness.kinds[DECODE_BLIND_MACSEC] = (struct decode_blind_count){90, 900};
	conformity_blind(conformity, &blindness);
	assert_int_equal(
		conformity_lack(conformity, CONFORMITY_R34), CONFORMITY_LACK_SIGHT);
	assert_false(conformity_is_observable(conformity, CONFORMITY_R34));
	conformity_free(conformity);
}

static void exposure_needs_a_view_of_the_internet(void **state)
{
	(void)state;
	struct conformity *conformity = made_conformity();
	add_flow(conformity, PROTOCOL_IMAPS, "192.0.2.70", "192.0.2.10");
	assert_not_observable(conformity, CONFORMITY_EXPOSURE);
	assert_conform(conformity, CONFORMITY_R34);
	assert_conform(conformity, CONFORMITY_R41);
	add_flow(conformity, PROTOCOL_SMTP, "203.0.113.25", "198.51.100.3");
	assert_conform(conformity, CONFORMITY_EXPOSURE);
	conformity_free(conformity);
}

static void requiretls_is_observable_only_where_mail_is_clear(void **state)
{
	(void)state;
	struct conformity *conformity = made_conformity();
	struct made_record made;
	made_flow(&made, PROTOCOL_SMTP, "192.0.2.25", "198.51.100.2");
	conformity_mail(conformity, &made.record);
	assert_not_observable(conformity, CONFORMITY_R42_PLUS);
	assert_conform(conformity, CONFORMITY_R42);
	assert_conform(conformity, CONFORMITY_R35);
	made.facts.tls = FACTS_TLS_NONE;
	made.facts.rcpt_count = 1;
	conformity_mail(conformity, &made.record);
	assert_conform(conformity, CONFORMITY_R42_PLUS);
	conformity_free(conformity);
}

static void tls_that_was_not_seen_makes_nothing_conform(void **state)
{
	(void)state;
	struct conformity *conformity = made_conformity();
	struct made_record made;
	made_flow(&made, PROTOCOL_IMAP, "192.0.2.70", "192.0.2.10");
	made.facts.tls = FACTS_TLS_UNKNOWN;
	conformity_mail(conformity, &made.record);
	assert_not_observable(conformity, CONFORMITY_R41);
	made.observation.protocol = PROTOCOL_ATTEMPT;
	made.observation.facts = NULL;
	conformity_mail(conformity, &made.record);
	made.record.packets[DIRECTION_TO_CLIENT] = 0; /* an attempt nobody answered */
	conformity_mail(conformity, &made.record);
	assert_int_equal(conformity_line(conformity, CONFORMITY_R37).observed, 2);
	assert_int_equal(conformity_line(conformity, CONFORMITY_R34).observed, 1);
	conformity_free(conformity);
}

/* These flows of users, of which so many came in one direction only. */
static struct conformity *made_access(unsigned flows, unsigned one_way)
{
	struct conformity *conformity = made_conformity();
	struct made_record made;
	for (unsigned i = 0; i < flows; i++) {
		made_flow(&made, PROTOCOL_IMAPS, "192.0.2.70", "192.0.2.10");
		if (i < one_way) {
			made.record.packets[DIRECTION_TO_CLIENT] = 0;
		}
		conformity_mail(conformity, &made.record);
	}
	return conformity;
}

static void from_one_flow_in_ten_on_that_was_not_seen_nothing_is_conform(void **state)
{
	(void)state;
	static const enum conformity_subject subjects[] = {
		CONFORMITY_R34, CONFORMITY_R37, CONFORMITY_R41};
	struct conformity *much = made_access(20, 2);
	struct conformity *little = made_access(20, 1);
	for (size_t i = 0; i < 3; i++) {
		const struct conformity_line line = conformity_line(much, subjects[i]);
		assert_not_observable(much, subjects[i]);
		assert_int_equal(line.observed, 18);
		assert_int_equal(line.unseen[SEEN_ONE_WAY], 2);
		assert_conform(little, subjects[i]);
	}
	const struct conformity_reach reach = conformity_reach(much);
	assert_int_equal(reach.flows, 20);
	assert_int_equal(reach.both_way, 18);
	conformity_free(much);
	conformity_free(little);
}

static void where_a_tenth_could_not_be_looked_into_nothing_is_conform(void **state)
{
	(void)state;
	struct conformity *conformity = made_access(3, 0);
	struct blindness blindness = {.all = {200, 20000}};
	blindness.kinds[DECODE_BLIND_CUT] = (struct decode_blind_count){19, 1900};
	conformity_blind(conformity, &blindness);
	assert_conform(conformity, CONFORMITY_R41);
	blindness.kinds[DECODE_BLIND_CUT] = (struct decode_blind_count){20, 1900};
	conformity_blind(conformity, &blindness);
	assert_not_observable(conformity, CONFORMITY_R41);
	assert_non_null(
		strstr(conformity_missing(conformity, CONFORMITY_R41), "too much"));
	conformity_free(conformity);
}

static void flows_given_up_for_want_of_room_were_not_seen_of_any_recommendation(
	void **state)
{
	(void)state;
	struct conformity *conformity = made_access(19, 0);
	conformity_given_up(conformity, 2);
	assert_conform(conformity, CONFORMITY_R41);
	conformity_given_up(conformity, 3);
	assert_not_observable(conformity, CONFORMITY_R34);
	assert_not_observable(conformity, CONFORMITY_R37);
	assert_not_observable(conformity, CONFORMITY_R41);
	assert_non_null(strstr(
		conformity_missing(conformity, CONFORMITY_R41), "for want of room"));
	assert_int_equal(conformity_reach(conformity).given_up, 3);
	conformity_free(conformity);
}

static void what_is_found_of_tls_counts_for_whose_traffic_it_is(void **state)
{
	(void)state;
	struct conformity *conformity = made_conformity();
	struct made_record made;
	made_flow(&made, PROTOCOL_IMAPS, "192.0.2.70", "192.0.2.10");
	made.judgement.severity[FINDING_TLS_CERTIFICATE_EXPIRED] = SEVERITY_MEDIUM;
	conformity_alert(
		conformity, &made.record, FINDING_TLS_CERTIFICATE_EXPIRED, &ONCE);
	assert_int_equal(conformity_line(conformity, CONFORMITY_R41).breaches, 1);
	made_flow(&made, PROTOCOL_SMTP, "192.0.2.25", "198.51.100.2");
	made.judgement.severity[FINDING_TLS_CERTIFICATE_EXPIRED] = SEVERITY_LOW;
	conformity_alert(
		conformity, &made.record, FINDING_TLS_CERTIFICATE_EXPIRED, &ONCE);
	assert_int_equal(conformity_line(conformity, CONFORMITY_R42).breaches, 0);
	assert_int_equal(conformity_line(conformity, CONFORMITY_R42).notices, 1);
	assert_not_observable(conformity, CONFORMITY_R42);
	conformity_free(conformity);
}

static void the_example_is_the_first_of_the_gravest_and_the_row_the_worst(void **state)
{
	(void)state;
	struct conformity *conformity = made_conformity();
	struct made_record made;
	size_t count;
	const struct matrix_row *rows = matrix_rows(office, &count);
	const struct fold_count seven = {.count = 7};
	made_flow(&made, PROTOCOL_SMTP, "192.0.2.70", "203.0.113.25");
	made.judgement.severity[FINDING_PORT_UNUSUAL] = SEVERITY_MEDIUM;
	made.judgement.severity[FINDING_SENDER_ILLEGITIMATE] = SEVERITY_HIGH;
	made.judgement.nearest = &rows[0];
	made.record.time_us = 1;
	conformity_alert(conformity, &made.record, FINDING_PORT_UNUSUAL, &ONCE);
	made.record.time_us = 2;
	conformity_alert(conformity, &made.record, FINDING_SENDER_ILLEGITIMATE, &ONCE);
	made.judgement.nearest = &rows[1];
	made.record.time_us = 3;
	conformity_alert(conformity, &made.record, FINDING_SENDER_ILLEGITIMATE, &seven);
	made.judgement.nearest = &rows[2]; /* another end of the same row */
	conformity_alert(conformity, &made.record, FINDING_SENDER_ILLEGITIMATE, &ONCE);
	const struct conformity_line line = conformity_line(conformity, CONFORMITY_R37);
	assert_int_equal(line.breaches, 10);
	assert_ptr_equal(line.worst, &rows[1]);
	assert_int_equal(line.worst_breaches, 8);
	assert_int_equal(line.example.time_us, 2);
	assert_int_equal(line.example.finding, FINDING_SENDER_ILLEGITIMATE);
	assert_int_equal(
		conformity_verdict(conformity, CONFORMITY_R37), CONFORMITY_BREACHED);
	conformity_free(conformity);
}

static void access_that_a_row_opens_to_the_internet_is_open_all_the_same(void **state)
{
	(void)state;
	struct conformity *conformity = made_conformity();
	struct made_record made;
	made_flow(&made, PROTOCOL_IMAPS, "203.0.113.70", "192.0.2.10");
	made.judgement.severity[FINDING_ZONE_USER_ACCESS_EXPOSED] = SEVERITY_LOW;
	conformity_alert(
		conformity, &made.record, FINDING_ZONE_USER_ACCESS_EXPOSED, &ONCE);
	assert_int_equal(conformity_verdict(conformity, CONFORMITY_EXPOSURE),
		CONFORMITY_BREACHED);
	conformity_free(conformity);
}

static void the_lines_name_who_whom_and_when(void **state)
{
	(void)state;
	struct conformity *conformity = made_conformity();
	struct made_record made;
	char *text = NULL;
	size_t len = 0;
	made_flow(&made, PROTOCOL_SMTP, "192.0.2.25", "203.0.113.25");
	made.judgement.severity[FINDING_RELAY_CHAINED] = SEVERITY_HIGH;
	made.record.time_us = UINT64_C(1790000000000007);
	conformity_alert(conformity, &made.record, FINDING_RELAY_CHAINED, &ONCE);
	FILE *out = open_memstream(&text, &len);
	conformity_print(conformity, out, false);
	(void)fclose(out);
	assert_non_null(strstr(text, "relay.chained, smtp: 192.0.2.25 (relay) -> "
				     "203.0.113.25:25 (internet)"));
	assert_non_null(strstr(text, "2026-09-21"));
	assert_non_null(strstr(text, "R34       not observable  no flow of a mailbox"));
	assert_null(strchr(text, '\x1b'));
	free(text);
	conformity_free(conformity);
}

static void raise_mismatch(struct conformity *conformity, enum protocol protocol,
	const char *client, const char *server)
{
	struct made_record made;
	made_flow(&made, protocol, client, server);
	made.judgement.severity[FINDING_FLOW_ROLE_MISMATCH] = SEVERITY_HIGH;
	conformity_alert(conformity, &made.record, FINDING_FLOW_ROLE_MISMATCH, &ONCE);
}

static void a_role_mismatch_breaches_r36_only_at_the_gateway(void **state)
{
	(void)state;
	struct conformity *conformity = made_conformity();
	raise_mismatch(conformity, PROTOCOL_IMAP, "192.0.2.70", "192.0.2.25");
	assert_int_equal(conformity_line(conformity, CONFORMITY_R36).breaches, 0);
	assert_int_equal(conformity_line(conformity, CONFORMITY_R37).breaches, 1);
	raise_mismatch(conformity, PROTOCOL_SMTP, "192.0.2.70", "198.51.100.2");
	raise_mismatch(conformity, PROTOCOL_IMAP, "198.51.100.3", "203.0.113.25");
	assert_int_equal(conformity_line(conformity, CONFORMITY_R36).breaches, 2);
	assert_int_equal(conformity_line(conformity, CONFORMITY_R37).breaches, 3);
	conformity_free(conformity);
}

static void what_is_accepted_is_neither_conform_nor_breached(void **state)
{
	(void)state;
	struct made_record made;
	struct conformity *conformity = made_conformity();
	made_flow(&made, PROTOCOL_SMTP, "192.0.2.25", "198.51.100.2");
	made_accepted(&made, FINDING_TLS_CIPHER_WEAK, SEVERITY_LOW); /* a notice */
	conformity_mail(conformity, &made.record);
	assert_conform(conformity, CONFORMITY_R42);
	made_accepted(&made, FINDING_TLS_VERSION_OBSOLETE, SEVERITY_MEDIUM);
	conformity_mail(conformity, &made.record);
	assert_int_equal(
		conformity_verdict(conformity, CONFORMITY_R42), CONFORMITY_ACCEPTED);
	assert_int_equal(conformity_line(conformity, CONFORMITY_R42).breaches, 0);
	char *text = printed(conformity);
	assert_non_null(strstr(text, "R42       accepted               2         0"));
	assert_non_null(strstr(text, "1 accepted, first by row M-04 (it, until "));
	free(text);
	made.judgement.severity[FINDING_TLS_CERTIFICATE_EXPIRED] = SEVERITY_MEDIUM;
	conformity_alert(
		conformity, &made.record, FINDING_TLS_CERTIFICATE_EXPIRED, &ONCE);
	assert_int_equal(
		conformity_verdict(conformity, CONFORMITY_R42), CONFORMITY_BREACHED);
	assert_int_equal(conformity_line(conformity, CONFORMITY_R42).accepted, 1);
	conformity_free(conformity);
}

static void what_the_internet_is_refused_is_told_of_servers_that_take_its_mail_alone(
	void **state)
{
	(void)state;
	static const struct {
		const char *client;
		const char *server;
	} FLOWS[] = {{"203.0.113.25", "198.51.100.3"}, /* the one that counts */
		{"198.51.100.2", "203.0.113.25"}, {"192.0.2.10", "192.0.2.25"}};
	struct made_record made;
	struct conformity *conformity = made_conformity();
	struct conformity_policy policy = conformity_policy(conformity);
	assert_false(conformity_has_policy(&policy));
	for (size_t i = 0; i < sizeof(FLOWS) / sizeof(FLOWS[0]); i++) {
		made_flow(&made, PROTOCOL_SMTP, FLOWS[i].client, FLOWS[i].server);
		made.facts.messages = 5;
		made.facts.refusals = 2;
		made.facts.deferrals = 1;
		conformity_mail(conformity, &made.record);
	}
	policy = conformity_policy(conformity);
	assert_true(conformity_has_policy(&policy));
	assert_int_equal(policy.messages, 5);
	assert_int_equal(policy.refusals, 2);
	assert_int_equal(policy.deferrals, 1);
	conformity_free(conformity);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_accepted_is_neither_conform_nor_breached),
		cmocka_unit_test(
			what_the_internet_is_refused_is_told_of_servers_that_take_its_mail_alone),
		cmocka_unit_test(without_traffic_nothing_is_observable),
		cmocka_unit_test(what_could_not_be_looked_into_is_named_and_only_then),
		cmocka_unit_test(sending_and_taking_must_both_be_seen_for_r36),
		cmocka_unit_test(flows_that_are_all_alike_count_as_many),
		cmocka_unit_test(
			what_a_recommendation_lacks_is_the_first_that_is_not_there),
		cmocka_unit_test(exposure_needs_a_view_of_the_internet),
		cmocka_unit_test(requiretls_is_observable_only_where_mail_is_clear),
		cmocka_unit_test(tls_that_was_not_seen_makes_nothing_conform),
		cmocka_unit_test(
			from_one_flow_in_ten_on_that_was_not_seen_nothing_is_conform),
		cmocka_unit_test(
			where_a_tenth_could_not_be_looked_into_nothing_is_conform),
		cmocka_unit_test(
			flows_given_up_for_want_of_room_were_not_seen_of_any_recommendation),
		cmocka_unit_test(what_is_found_of_tls_counts_for_whose_traffic_it_is),
		cmocka_unit_test(
			the_example_is_the_first_of_the_gravest_and_the_row_the_worst),
		cmocka_unit_test(
			access_that_a_row_opens_to_the_internet_is_open_all_the_same),
		cmocka_unit_test(a_role_mismatch_breaches_r36_only_at_the_gateway),
		cmocka_unit_test(the_lines_name_who_whom_and_when),
	};
	return cmocka_run_group_tests(tests, load_office, free_office);
}
