/* From nothing to a matrix: who is who, what is proposed, and what never is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "made_network.h"
#include "observed/rejudge.h"

static void every_host_has_its_role_and_its_group(void **state)
{
	static const struct {
		const char *first;
		unsigned count;
		const char *group;
		enum matrix_role role;
	} PERSON[] = {
		{"192.0.2.64", 60, "clients-1", MATRIX_ROLE_CLIENT},
		{"192.0.2.192", 24, "clients-2", MATRIX_ROLE_CLIENT},
		{"192.0.2.232", 8, "clients-3", MATRIX_ROLE_CLIENT},
		{"192.0.2.10", 2, "mailboxes-1", MATRIX_ROLE_MAILBOX},
		{"192.0.2.20", 1, "submission-1", MATRIX_ROLE_SUBMISSION},
		{"192.0.2.25", 1, "relays-1", MATRIX_ROLE_RELAY},
		{"192.0.2.40", 3, "applications-1", MATRIX_ROLE_APPLICATION},
		{"192.0.2.50", 2, "applications-2", MATRIX_ROLE_APPLICATION},
		{"192.0.2.130", 5, "applications-3", MATRIX_ROLE_APPLICATION},
		{"198.51.100.4", 1, "proxies-1", MATRIX_ROLE_PROXY},
		{"198.51.100.2", 1, "outbound-1", MATRIX_ROLE_OUTBOUND},
		{"198.51.100.3", 1, "inbound-1", MATRIX_ROLE_INBOUND},
	};
	(void)state;
	struct observed *observed = made_observed(65536);
	made_busy_network(observed);
	const struct learn_settings settings = made_settings();
	struct learn learn = made_learnt(observed, &settings);
	for (size_t i = 0; i < sizeof(PERSON) / sizeof(PERSON[0]); i++) {
		for (unsigned j = 0; j < PERSON[i].count; j++) {
			char text[ADDRESS_TEXT_BYTES];
			const struct address address = made_host(PERSON[i].first, j);
			const struct learn_host *host =
				made_host_learnt(&learn, address_text(&address, text));
			assert_int_equal(host->role, PERSON[i].role);
			assert_string_equal(
				learn.groups[host->group].name, PERSON[i].group);
		}
	}
	assert_true(learn.flows > 200000);
	assert_int_equal(learn.flows_in[LEARN_PROPOSED], learn.flows);
	learn_free(&learn);
	observed_free(observed);
}

static void every_legitimate_flow_is_allowed_by_what_is_proposed(void **state)
{
	(void)state;
	static struct judgement judgement;
	struct observed *observed = made_observed(65536);
	made_busy_network(observed);
	const struct learn_settings settings = made_settings();
	struct learn learn = made_learnt(observed, &settings);
	struct matrix *matrix = made_proposed_matrix(&learn);
	assert_int_equal(matrix_declared_rows(matrix), 15); /* a person: 16 */
	for (size_t i = 0; i < MADE_KIND_COUNT; i++) {
		const struct sighting sighting =
			made_flow(&MADE_KINDS[i], 0, 6, (unsigned)i);
		rejudge_sighting(matrix, &sighting, 0, &judgement);
		assert_int_equal(judgement.verdict, VERDICT_LEGITIMATE);
		assert_int_equal(judgement.row->mode, MATRIX_MODE_AUDIT);
		assert_true(judgement.row->learned_s > 0);
	}
	matrix_free(matrix);
	learn_free(&learn);
	observed_free(observed);
}

static void the_same_traffic_gives_the_same_bytes_in_whatever_order(void **state)
{
	(void)state;
	const struct learn_settings settings = made_settings();
	char *texts[2];
	for (unsigned turn = 0; turn < 2; turn++) {
		struct observed *observed = made_observed(65536);
		for (size_t i = 0; i < MADE_KIND_COUNT; i++) {
			const size_t at = turn == 0 ? i : MADE_KIND_COUNT - 1 - i;
			(void)made_week(observed, &MADE_KINDS[at], 7,
				(unsigned)at * 100000 + 1);
		}
		struct learn learn = made_learnt(observed, &settings);
		texts[turn] = made_proposal(&learn);
		learn_free(&learn);
		observed_free(observed);
	}
	assert_string_equal(texts[0], texts[1]);
	free(texts[0]);
	free(texts[1]);
}

/* So many flows of it on each day, beside the legitimate ones; it must be refused. */
static void assert_refused(
	struct sighting bad, unsigned daily, const char *recommendation)
{
	static struct judgement judgement;
	struct observed *observed = made_observed(65536);
	unsigned number = made_network(observed, 7);
	for (unsigned day = 0; day < 7; day++) {
		for (unsigned i = 0; i < daily; i++) {
			const struct sighting dated =
				made_flow(&MADE_KINDS[0], 0, day, number);
			bad.start_us = dated.start_us;
			bad.end_us = dated.end_us;
			bad.time_us = dated.time_us;
			(void)snprintf(bad.community_id, sizeof(bad.community_id),
				"1:%u", number);
			bad.flow_id = ++number;
			observed_add(observed, &bad);
		}
	}
	const struct learn_settings settings = made_settings();
	struct learn learn = made_learnt(observed, &settings);
	const struct learn_edge *edge = made_edge_of(&learn, &bad);
	assert_int_equal(edge->basket, LEARN_REFUSED);
	assert_string_equal(edge->recommendation, recommendation);
	struct matrix *matrix = made_proposed_matrix(&learn);
	rejudge_sighting(matrix, &bad, 0, &judgement);
	assert_true(judgement.verdict == VERDICT_ILLEGITIMATE || bad.findings != 0);
	char *text = made_proposal(&learn);
	const char *refused = strstr(text, "# Refused:");
	assert_non_null(refused);
	assert_non_null(strstr(refused, recommendation));
	free(text);
	/* and the others lose nothing by it but what its client does besides */
	assert_true(
		learn.flows_in[LEARN_PROPOSED] * 100 >= (learn.flows - 7 * daily) * 98);
	matrix_free(matrix);
	learn_free(&learn);
	observed_free(observed);
}

/* A workstation that does something else, in clear or under STARTTLS. */
static struct sighting from_workstation(const char *server)
{
	struct sighting bad = made_flow(made_kind("sales"), 0, 0, 0);
	bad.client = made_address("192.0.2.70");
	bad.server = made_address(server);
	bad.is_internet[1] = strncmp(server, "203.", 4) == 0;
	return bad;
}

static void a_workstation_that_sends_to_the_internet_is_refused(void **state)
{
	(void)state;
	assert_refused(from_workstation("203.0.113.9"), 1, "R37");
	assert_refused(from_workstation("203.0.113.9"), 3000, "R37");
}

static void a_workstation_that_sends_past_the_relay_is_refused(void **state)
{
	(void)state;
	assert_refused(from_workstation("198.51.100.2"), 50, "R37");
	assert_refused(from_workstation("198.51.100.3"), 50, "R36");
	assert_refused(from_workstation("192.0.2.25"), 50, "R41");
}

static void a_host_of_its_own_that_sends_to_the_internet_is_refused(void **state)
{
	(void)state;
	struct sighting bad = from_workstation("203.0.113.9");
	bad.client = made_address("192.0.2.33"); /* does nothing else */
	assert_refused(bad, 500, "R37");
	bad.client = made_address("198.51.100.9"); /* even at the gateway */
	assert_refused(bad, 500, "R37");
}

static void a_server_that_breaks_its_place_is_refused(void **state)
{
	(void)state;
	struct sighting bad = from_workstation("203.0.113.9");
	bad.client = made_address("192.0.2.10");
	assert_refused(bad, 50, "R34");
	bad.client = made_address("192.0.2.25");
	assert_refused(bad, 50, "R35");
	bad.client = made_address("198.51.100.3");
	assert_refused(bad, 50, "R36");
}

static void a_spoofed_sender_is_refused(void **state)
{
	(void)state;
	struct sighting bad = made_flow(made_kind("sales"), 0, 0, 0);
	bad.client = made_address("192.0.2.34");
	bad.bytes[1] = 0;
	assert_refused(bad, 50, "R37");
}

static void a_stripped_server_is_refused(void **state)
{
	(void)state;
	struct sighting bad = made_flow(made_kind("leave"), 0, 0, 0);
	bad.tls = FACTS_TLS_NONE;
	bad.shown = SIGHTING_CONTENT_CLEAR;
	bad.findings = FINDING_BIT(FINDING_TLS_STARTTLS_STRIPPED);
	assert_refused(bad, 50, "R42");
}

static void mail_in_a_tunnel_is_refused(void **state)
{
	(void)state;
	struct sighting bad = made_flow(made_kind("sales"), 0, 0, 0);
	bad.client = made_address("192.0.2.35");
	bad.way = (struct way){.tag = 9, .depth = 1};
	bad.way.tunnel = (struct tunnel){.kind = TUNNEL_GRE,
		.src = made_address("192.0.2.200"),
		.dst = made_address("203.0.113.7")};
	assert_refused(bad, 50, "R37");
	bad.findings = FINDING_BIT(FINDING_TUNNEL_MAIL);
	assert_refused(bad, 50, "R37");
}

static void a_password_in_clear_is_refused(void **state)
{
	(void)state;
	struct sighting bad = made_flow(made_kind("robot"), 0, 0, 0);
	bad.client = made_address("192.0.2.53");
	bad.tls = FACTS_TLS_NONE;
	bad.shown = SIGHTING_CONTENT_CLEAR;
	bad.mechanisms = bad.clear_mechanisms = FACTS_MECHANISM_PLAIN;
	assert_refused(bad, 50, "R41");
}

static void a_sender_to_many_servers_is_refused_with_all_that_it_does(void **state)
{
	(void)state;
	struct observed *observed = made_observed(65536);
	unsigned number = made_network(observed, 7);
	struct made_kind fan = *made_kind("sales");
	fan.from = "192.0.2.36";
	fan.from_count = 1;
	fan.to = "192.0.2.220";
	fan.to_count = LEARN_FAN_OUT;
	number = made_week(observed, &fan, 7, number);
	const struct learn_settings settings = made_settings();
	struct learn learn = made_learnt(observed, &settings);
	const struct sighting few = made_flow(&fan, 0, 0, 0);
	assert_int_not_equal(made_edge_of(&learn, &few)->basket, LEARN_REFUSED);
	learn_free(&learn);
	fan.to_count++;
	(void)made_week(observed, &fan, 7, number);
	learn = made_learnt(observed, &settings);
	assert_int_equal(made_edge_of(&learn, &few)->basket, LEARN_REFUSED);
	assert_string_equal(made_edge_of(&learn, &few)->recommendation, "R37");
	learn_free(&learn);
	observed_free(observed);
}

static void hosts_that_hand_each_other_mail_are_no_relay(void **state)
{
	(void)state;
	struct observed *observed = made_observed(65536);
	unsigned number = made_network(observed, 7);
	struct made_kind in = *made_kind("sales");
	struct made_kind on = in;
	in.from = "192.0.2.160";
	in.from_count = 2;
	in.to = on.from = "192.0.2.170";
	on.from_count = 1;
	on.to = "192.0.2.25";
	number = made_week(observed, &in, 7, number);
	number = made_week(observed, &on, 7, number);
	const struct learn_settings settings = made_settings();
	struct learn learn = made_learnt(observed, &settings);
	const struct sighting one = made_flow(&in, 0, 0, 0);
	const struct sighting other = made_flow(&on, 0, 0, 0);
	assert_int_equal(made_edge_of(&learn, &one)->basket, LEARN_ASK);
	assert_int_equal(made_edge_of(&learn, &other)->basket, LEARN_ASK);
	learn_free(&learn);
	/* once a server of ours hands it mail, it is one */
	struct made_kind fed = *made_kind("handed");
	fed.to = "192.0.2.170";
	(void)made_week(observed, &fed, 7, number);
	learn = made_learnt(observed, &settings);
	assert_int_equal(made_edge_of(&learn, &one)->basket, LEARN_PROPOSED);
	assert_int_equal(made_edge_of(&learn, &other)->basket, LEARN_PROPOSED);
	learn_free(&learn);
	observed_free(observed);
}

/* A group whose networks hold this address; NULL: none does. */
static const struct learn_group *holder_of(const struct learn *learn, const char *text)
{
	const struct address address = made_address(text);
	for (size_t i = 0; i < learn->group_count; i++) {
		const struct learn_group *group = &learn->groups[i];
		for (size_t j = 0; j < group->network_count; j++) {
			const struct address last = network_last(&group->networks[j]);
			if (memcmp(&group->networks[j].base, &address, 16) <= 0 &&
				memcmp(&address, &last, 16) <= 0) {
				return group;
			}
		}
	}
	return NULL;
}

static void a_refused_sender_is_in_no_prefix_and_nothing_of_it_is_proposed(void **state)
{
	(void)state;
	struct observed *observed = made_observed(65536);
	unsigned number = made_network(observed, 7);
	struct made_kind bad = *made_kind("sales");
	bad.from = "192.0.2.70";
	bad.from_count = 1;
	bad.to = "203.0.113.9";
	(void)made_week(observed, &bad, 1, number);
	struct sighting read =
		made_flow(&MADE_KINDS[0], 6, 0, 2); /* of the same host */
	const struct learn_settings settings = made_settings();
	struct learn learn = made_learnt(observed, &settings);
	assert_int_equal(made_edge_of(&learn, &read)->basket, LEARN_REFUSED);
	assert_null(holder_of(&learn, "192.0.2.70"));
	read.client = made_address("192.0.2.71");
	assert_int_equal(made_edge_of(&learn, &read)->basket, LEARN_PROPOSED);
	assert_string_equal(holder_of(&learn, "192.0.2.71")->name, "clients-1");
	learn_free(&learn);
	observed_free(observed);
}

static void no_prefix_of_clients_holds_a_host_of_another_group(void **state)
{
	(void)state;
	struct observed *observed = made_observed(65536);
	unsigned number = made_network(observed, 7);
	struct made_kind amid = *made_kind("sales");
	amid.from = "192.0.2.124"; /* behind the last of the clients, in their /26 */
	amid.from_count = 2;
	(void)made_week(observed, &amid, 7, number);
	const struct learn_settings settings = made_settings();
	struct learn learn = made_learnt(observed, &settings);
	const struct learn_group *group = holder_of(&learn, "192.0.2.124");
	assert_int_equal(group->role, MATRIX_ROLE_APPLICATION);
	assert_null(holder_of(&learn, "192.0.2.126"));
	learn_free(&learn);
	observed_free(observed);
}

static void a_gateway_that_no_server_of_ours_feeds_is_refused(void **state)
{
	(void)state;
	struct observed *observed = made_observed(65536);
	unsigned number = made_network(observed, 7);
	struct made_kind in = *made_kind("sales");
	struct made_kind out = *made_kind("out");
	in.from = "192.0.2.160";
	in.to = out.from = "198.51.100.9";
	number = made_week(observed, &in, 7, number);
	(void)made_week(observed, &out, 7, number);
	const struct learn_settings settings = made_settings();
	struct learn learn = made_learnt(observed, &settings);
	const struct sighting one = made_flow(&out, 0, 0, 0);
	assert_int_equal(made_edge_of(&learn, &one)->basket, LEARN_REFUSED);
	assert_non_null(
		strstr(made_edge_of(&learn, &one)->reason, "no server of ours"));
	learn_free(&learn);
	observed_free(observed);
}

static void a_finding_of_medium_severity_is_refused_and_a_low_one_is_not(void **state)
{
	(void)state;
	struct sighting bad = made_flow(&MADE_KINDS[0], 3, 0, 0);
	bad.findings = FINDING_BIT(FINDING_TLS_CIPHER_WEAK);
	assert_refused(
		bad, 1, finding_row(FINDING_TLS_CIPHER_WEAK)->recommendations[0]);
	struct observed *observed = made_observed(65536);
	const unsigned number = made_network(observed, 7);
	bad.findings = FINDING_BIT(FINDING_HEADER_INTERNAL_LEAK);
	bad.flow_id = number + 1;
	observed_add(observed, &bad);
	const struct learn_settings settings = made_settings();
	struct learn learn = made_learnt(observed, &settings);
	assert_int_equal(made_edge_of(&learn, &bad)->basket, LEARN_PROPOSED);
	learn_free(&learn);
	observed_free(observed);
}

static void what_the_matrix_itself_would_breach_is_refused(void **state)
{
	(void)state;
	struct made_kind smtps = *made_kind("up"); /* 465 between servers */
	smtps.protocol = PROTOCOL_SMTPS;
	smtps.port = 465;
	smtps.tls = FACTS_TLS_IMPLICIT;
	assert_refused(made_flow(&smtps, 0, 0, 0), 50, "R42");
	struct made_kind store = MADE_KINDS[0]; /* mailboxes at the gateway */
	store.to = "198.51.100.9";
	store.to_count = 1;
	assert_refused(made_flow(&store, 0, 0, 0), 50, "R34");
}

static void what_only_a_row_would_let_the_sensor_find_is_refused(void **state)
{
	(void)state;
	struct made_kind old = MADE_KINDS[0]; /* TLS 1.0, told of no flow so far */
	old.from = "192.0.2.125";
	struct sighting bad = made_flow(&old, 0, 0, 0);
	bad.tls_version = 0x0301;
	assert_refused(
		bad, 50, finding_row(FINDING_TLS_VERSION_OBSOLETE)->recommendations[0]);
}

static enum learn_basket basket_of(const struct made_kind *kind, unsigned days)
{
	struct observed *observed = made_observed(65536);
	const unsigned number = made_network(observed, 7);
	(void)made_week(observed, kind, days, number);
	const struct learn_settings settings = made_settings();
	struct learn learn = made_learnt(observed, &settings);
	const struct sighting one = made_flow(kind, 0, 0, 0);
	const enum learn_basket basket =
		(enum learn_basket)made_edge_of(&learn, &one)->basket;
	learn_free(&learn);
	observed_free(observed);
	return basket;
}

static void what_is_young_or_alone_is_asked_about(void **state)
{
	(void)state;
	struct made_kind kind = *made_kind("scan");
	kind.from = "192.0.2.160";
	kind.from_count = 2;
	kind.to = "192.0.2.20"; /* another server: a group of their own */
	assert_int_equal(basket_of(&kind, 7), LEARN_PROPOSED);
	assert_int_equal(basket_of(&kind, LEARN_DAYS), LEARN_PROPOSED);
	assert_int_equal(basket_of(&kind, LEARN_DAYS - 1), LEARN_ASK);
	kind.from_count = 1;
	assert_int_equal(basket_of(&kind, 7), LEARN_ASK);
}

static void with_a_matrix_only_what_it_lacks_is_proposed(void **state)
{
	(void)state;
	static const char DECLARED[] =
		"schema: 1\n"
		"zones: {internal: [192.0.2.0/24], gateway: [198.51.100.0/28]}\n"
		"groups:\n"
		"  people: {role: client, addresses: [192.0.2.64/26]}\n"
		"  stores: {role: mailbox, addresses: [192.0.2.10, 192.0.2.11]}\n"
		"rows:\n"
		"  - {id: L-07, from: people, to: stores, protocols: [imaps, "
		"mapi-http], tls: implicit}\n";
	const struct matrix_source source = {
		"declared", DECLARED, sizeof(DECLARED) - 1};
	struct matrix_problems problems;
	struct matrix *matrix = matrix_load_sources(&source, 1, &problems);
	assert_non_null(matrix);
	struct observed *observed = made_observed(65536);
	(void)made_network(observed, 7);
	struct learn_settings settings = made_settings();
	settings.internal_count = settings.gateway_count = 0;
	settings.matrix = matrix;
	settings.sources = &source;
	settings.source_count = 1;
	struct learn learn = made_learnt(observed, &settings);
	char *text = made_proposal(&learn);
	assert_int_equal(learn.flows_in[LEARN_COVERED], 25200);
	assert_int_equal(learn.flows_in[LEARN_COVERED] + learn.flows_in[LEARN_PROPOSED],
		learn.flows);
	assert_null(strstr(text, "zones:"));
	assert_null(strstr(text, "imaps"));
	assert_null(strstr(text, "L-07"));
	assert_non_null(strstr(text, "L-08"));
	assert_non_null(strstr(text, "from: people, to: submission-1"));
	free(text);
	learn_free(&learn);
	observed_free(observed);
	matrix_free(matrix);
}

static void what_a_row_allows_only_at_times_is_asked_about(void **state)
{
	(void)state;
	static const char DECLARED[] =
		"schema: 1\n"
		"zones: {internal: [192.0.2.0/24]}\n"
		"groups:\n"
		"  people: {role: client, addresses: [192.0.2.64/26]}\n"
		"  stores: {role: mailbox, addresses: [192.0.2.10, 192.0.2.11]}\n"
		"rows:\n"
		"  - {id: M-01, from: people, to: stores, protocols: imaps}\n";
	const struct matrix_source source = {
		"declared", DECLARED, sizeof(DECLARED) - 1};
	struct matrix_problems problems;
	struct matrix *matrix = matrix_load_sources(&source, 1, &problems);
	assert_non_null(matrix);
	struct observed *observed = made_observed(16);
	struct sighting sighting = made_flow(&MADE_KINDS[0], 0, 0, 2);
	struct learn_settings settings = made_settings();
	settings.internal_count = settings.gateway_count = 0;
	settings.matrix = matrix;
	settings.sources = &source;
	settings.source_count = 1;
	sighting.verdict = VERDICT_LEGITIMATE;
	observed_add(observed, &sighting);
	struct learn learn = made_learnt(observed, &settings);
	assert_int_equal(made_edge_of(&learn, &sighting)->basket, LEARN_COVERED);
	learn_free(&learn);
	sighting.flow_id++;
	sighting.verdict = VERDICT_UNDECIDED;
	observed_add(observed, &sighting);
	learn = made_learnt(observed, &settings);
	assert_int_equal(made_edge_of(&learn, &sighting)->basket, LEARN_ASK);
	learn_free(&learn);
	observed_free(observed);
	matrix_free(matrix);
}

static void a_wider_row_says_how_much_it_admits(void **state)
{
	(void)state;
	struct observed *observed = made_observed(65536);
	(void)made_network(observed, 7);
	struct learn_settings settings = made_settings();
	settings.fill = 100;
	struct learn narrow = made_learnt(observed, &settings);
	settings.fill = 12;
	struct learn wide = made_learnt(observed, &settings);
	const struct learn_host *narrow_host = made_host_learnt(&narrow, "192.0.2.64");
	const struct learn_host *wide_host = made_host_learnt(&wide, "192.0.2.64");
	assert_true(narrow.groups[narrow_host->group].addresses == 60);
	assert_true(wide.groups[wide_host->group].addresses == 64);
	for (size_t i = 0; i < wide.row_count; i++) {
		const struct learn_row *row = &wide.rows[i];
		if (!row->is_merged && row->from == wide_host->group) {
			assert_true(learn_permissiveness(&wide, row) > 1);
		}
	}
	learn_free(&narrow);
	learn_free(&wide);
	observed_free(observed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_host_has_its_role_and_its_group),
		cmocka_unit_test(every_legitimate_flow_is_allowed_by_what_is_proposed),
		cmocka_unit_test(
			the_same_traffic_gives_the_same_bytes_in_whatever_order),
		cmocka_unit_test(a_workstation_that_sends_to_the_internet_is_refused),
		cmocka_unit_test(a_workstation_that_sends_past_the_relay_is_refused),
		cmocka_unit_test(
			a_host_of_its_own_that_sends_to_the_internet_is_refused),
		cmocka_unit_test(a_server_that_breaks_its_place_is_refused),
		cmocka_unit_test(a_spoofed_sender_is_refused),
		cmocka_unit_test(a_stripped_server_is_refused),
		cmocka_unit_test(mail_in_a_tunnel_is_refused),
		cmocka_unit_test(a_password_in_clear_is_refused),
		cmocka_unit_test(
			a_sender_to_many_servers_is_refused_with_all_that_it_does),
		cmocka_unit_test(hosts_that_hand_each_other_mail_are_no_relay),
		cmocka_unit_test(
			a_refused_sender_is_in_no_prefix_and_nothing_of_it_is_proposed),
		cmocka_unit_test(no_prefix_of_clients_holds_a_host_of_another_group),
		cmocka_unit_test(a_gateway_that_no_server_of_ours_feeds_is_refused),
		cmocka_unit_test(
			a_finding_of_medium_severity_is_refused_and_a_low_one_is_not),
		cmocka_unit_test(what_the_matrix_itself_would_breach_is_refused),
		cmocka_unit_test(what_only_a_row_would_let_the_sensor_find_is_refused),
		cmocka_unit_test(what_is_young_or_alone_is_asked_about),
		cmocka_unit_test(with_a_matrix_only_what_it_lacks_is_proposed),
		cmocka_unit_test(what_a_row_allows_only_at_times_is_asked_about),
		cmocka_unit_test(a_wider_row_says_how_much_it_admits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
