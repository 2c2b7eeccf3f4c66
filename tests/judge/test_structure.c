#include "judge/structure.h"

#include "analyze/header.h"
#include "made_flow.h"

#include <stdio.h>

#define MINUTE_US STRUCTURE_MINUTE_US

/* Rows of MADE_OFFICE, and the inside of the way of mail in. */
#define INWARD                                                                       \
	MADE_OFFICE                                                                  \
	"  - {id: M-07, from: mx-in, to: relay, protocols: [smtp], tls: optional}\n" \
	"  - {id: M-08, from: relay, to: mailboxes, protocols: [smtp], tls: "        \
	"optional}\n"

#define CHAINED BIT(FINDING_RELAY_CHAINED)
#define MIXED   BIT(FINDING_GATEWAY_SEND_RECEIVE_MIXED)
#define SENDER  BIT(FINDING_SENDER_ILLEGITIMATE)

struct site {
	struct matrix *matrix;
	struct structure *structure;
};

static struct site site_open(const char *matrix, uint32_t hosts)
{
	struct reason why;
	const struct hash_seed seed = {{1, 2}};
	struct site site = {.matrix = made_matrix(matrix),
		.structure = structure_new(hosts, seed, &why)};
	assert_non_null(site.structure);
	return site;
}

static void site_close(struct site *site)
{
	structure_free(site->structure);
	matrix_free(site->matrix);
}

/* Recall, judge and learn, as for one flow that ended. */
static uint64_t seen(const struct site *site, struct made_flow *flow, uint64_t now_us)
{
	struct judge_memory memory = {0};
	flow->observation.facts = &flow->facts;
	flow->observation.now_us = now_us;
	const struct matrix_end ends[2] = {
		matrix_locate(site->matrix, &flow->observation.client),
		matrix_locate(site->matrix, &flow->observation.server)};
	flow->observation.ends = ends;
	structure_recall(site->structure, &flow->observation, &memory);
	structure_recall_sender(site->structure, &flow->observation, &memory);
	flow->observation.memory = &memory;
	made_judge(site->matrix, flow);
	structure_learn(site->structure, &flow->observation, &flow->judgement, 0);
	flow->observation.memory = NULL;
	flow->observation.ends = NULL;
	return flow->judgement.findings;
}

/* One message in clear from client to server. */
static struct made_flow message(const char *client, const char *server)
{
	struct made_flow flow = made_flow(PROTOCOL_SMTP, client, server, 25);
	flow.facts.has_content_clear = true;
	flow.facts.messages = 1;
	flow.facts.transaction_count = 1;
	flow.facts.transactions[0] =
		(struct facts_transaction){.bytes = 1000, .recipients = 1};
	return flow;
}

static uint64_t send(const struct site *site, const char *client, const char *server,
	uint64_t now_us)
{
	struct made_flow flow = message(client, server);
	return seen(site, &flow, now_us);
}

static uint64_t hash(const char *word)
{
	return header_word_hash((struct text){(const uint8_t *)word, strlen(word)});
}

static void a_server_that_took_mail_and_sends_is_mixed_for_a_day(void **state)
{
	(void)state;
	struct site site = site_open(MADE_OFFICE, 64);
	assert_int_equal(send(&site, INTERNET, MX_IN, NOW_US) & MIXED, 0);
	assert_int_equal(send(&site, MX_OUT, INTERNET, NOW_US) & MIXED, 0);
	assert_int_equal(send(&site, RELAY, MX_OUT, NOW_US) & MIXED, 0);
	assert_int_equal(
		send(&site, MX_IN, "203.0.113.26", NOW_US + MINUTE_US) & MIXED, MIXED);
	const uint64_t later = NOW_US + 2 * MINUTE_US + STRUCTURE_DAY_US;
	assert_int_equal(send(&site, INTERNET, MX_IN, later) & MIXED, 0);
	assert_int_equal(send(&site, MX_OUT, INTERNET, later) & MIXED, 0);
	assert_int_equal(send(&site, INTERNET, MX_OUT, later) & MIXED, MIXED);
	site_close(&site);
}

static void what_rows_let_a_server_do_both_ways_is_mixed(void **state)
{
	(void)state;
	struct site site = site_open(MADE_OFFICE
		"  - {id: M-09, from: internet, to: mx-out, protocols: [smtp], tls: "
		"offered}\n",
		64);
	assert_int_equal(send(&site, INTERNET, MX_OUT, NOW_US) & MIXED, 0);
	assert_int_equal(send(&site, MX_OUT, INTERNET, NOW_US) & MIXED, MIXED);
	assert_int_equal(send(&site, INTERNET, MX_OUT, NOW_US) & MIXED, MIXED);
	site_close(&site);
}

/* The message against the rows is an alert already; the mail by the rows is as it should be. */
static void what_was_against_the_rows_makes_nothing_mixed_that_they_let(void **state)
{
	(void)state;
	struct site site = site_open(MADE_OFFICE, 64);
	const uint64_t out = send(&site, MX_IN, INTERNET, NOW_US);
	assert_int_equal(
		out & BIT(FINDING_FLOW_ROLE_MISMATCH), BIT(FINDING_FLOW_ROLE_MISMATCH));
	assert_int_equal(send(&site, INTERNET, MX_IN, NOW_US) & MIXED, 0);
	(void)send(&site, INTERNET, MX_OUT, NOW_US);
	assert_int_equal(send(&site, MX_OUT, INTERNET, NOW_US) & MIXED, 0);
	assert_int_equal(send(&site, INTERNET, MX_OUT, NOW_US) & MIXED, MIXED);
	site_close(&site);
}

/* With the alert of who sends, so that no other one comes behind it. */
static void who_is_accused_is_mixed_before_mail_moves(void **state)
{
	(void)state;
	struct site site = site_open(MADE_OFFICE, 64);
	struct made_flow begun = made_flow(PROTOCOL_SMTP, MX_IN, INTERNET, 25);
	begun.facts.has_said_more = true;
	assert_int_equal(send(&site, INTERNET, MX_IN, NOW_US) & MIXED, 0);
	assert_int_equal(seen(&site, &begun, NOW_US) & MIXED, MIXED);
	struct made_flow let = made_flow(PROTOCOL_SMTP, INTERNET, MX_IN, 25);
	let.facts.has_said_more = true;
	assert_int_equal(seen(&site, &let, NOW_US) & MIXED, 0);
	site_close(&site);
}

static void a_probe_moves_no_mail(void **state)
{
	(void)state;
	struct site site = site_open(MADE_OFFICE, 64);
	struct made_flow probe = made_flow(PROTOCOL_SMTP, MX_IN, INTERNET, 25);
	probe.facts.has_server_bytes = true;
	probe.observation.is_ended = true;
	(void)seen(&site, &probe, NOW_US);
	assert_int_equal(send(&site, INTERNET, MX_IN, NOW_US) & MIXED, 0);
	assert_int_equal(seen(&site, &probe, NOW_US) & MIXED, 0);
	struct made_flow hidden =
		made_encrypted_flow(PROTOCOL_SMTP, MX_IN, INTERNET, 25);
	assert_int_equal(seen(&site, &hidden, NOW_US) & MIXED, MIXED);
	site_close(&site);
}

static void a_guessed_direction_is_not_remembered(void **state)
{
	(void)state;
	struct site site = site_open(MADE_OFFICE, 64);
	struct made_flow guess = message(INTERNET, MX_OUT);
	guess.observation.confidence = DIRECTION_CONFIDENCE_PORT;
	(void)seen(&site, &guess, NOW_US);
	assert_int_equal(send(&site, MX_OUT, INTERNET, NOW_US) & MIXED, 0);
	site_close(&site);
}

static void a_relay_and_the_internet_are_chained_whatever_the_rows_say(void **state)
{
	(void)state;
	struct site site = site_open(MADE_OFFICE
		"  - {id: M-09, from: relay, to: internet, protocols: [smtp], tls: "
		"optional}\n",
		64);
	struct made_flow out = message(RELAY, INTERNET);
	assert_int_equal(seen(&site, &out, NOW_US) & CHAINED, CHAINED);
	assert_int_equal(out.judgement.severity[FINDING_RELAY_CHAINED], SEVERITY_LOW);
	assert_string_equal(out.judgement.detail[FINDING_RELAY_CHAINED],
		"relay sends to the Internet itself, declared by row M-09");
	struct made_flow in = message(INTERNET, RELAY);
	assert_int_equal(seen(&site, &in, NOW_US) & CHAINED, CHAINED);
	assert_int_equal(in.judgement.severity[FINDING_RELAY_CHAINED], SEVERITY_HIGH);
	site_close(&site);
}

static void a_relay_that_only_says_hello_to_the_internet_is_not_chained(void **state)
{
	(void)state;
	struct site site = site_open(MADE_OFFICE, 64);
	struct made_flow probe = made_flow(PROTOCOL_SMTP, RELAY, INTERNET, 25);
	probe.facts.has_server_bytes = true;
	probe.observation.is_ended = true;
	const uint64_t both = CHAINED | BIT(FINDING_SENDER_ATTEMPT);
	assert_int_equal(
		seen(&site, &probe, NOW_US) & both, BIT(FINDING_SENDER_ATTEMPT));
	probe.facts.has_said_more = true;
	assert_int_equal(seen(&site, &probe, NOW_US) & both, CHAINED);
	site_close(&site);
}

static void a_relay_speaks_with_the_gateway_where_a_row_has_it(void **state)
{
	(void)state;
	struct site site = site_open(MADE_OFFICE, 64);
	assert_int_equal(send(&site, RELAY, MX_OUT, NOW_US) & CHAINED, 0);
	/* by another protocol the pair stays declared */
	struct made_flow other = message(RELAY, MX_OUT);
	other.observation.protocol = PROTOCOL_LMTP;
	assert_int_equal(seen(&site, &other, NOW_US) & CHAINED, 0);
	assert_int_equal(send(&site, RELAY, MX_IN, NOW_US) & CHAINED, CHAINED);
	assert_int_equal(send(&site, MX_IN, RELAY, NOW_US) & CHAINED, CHAINED);
	assert_int_equal(send(&site, MAILBOX, RELAY, NOW_US) & CHAINED, 0);
	assert_int_equal(send(&site, SUBMISSION, RELAY, NOW_US) & CHAINED, 0);
	site_close(&site);
}

static void a_server_seen_taking_mail_from_the_internet_is_exposed(void **state)
{
	(void)state;
	struct site site = site_open(MADE_OFFICE, 64);
	assert_int_equal(send(&site, SUBMISSION, RELAY, NOW_US) & CHAINED, 0);
	(void)send(&site, INTERNET, SUBMISSION, NOW_US);
	assert_int_equal(send(&site, SUBMISSION, RELAY, NOW_US) & CHAINED, CHAINED);
	(void)send(&site, INTERNET, MAILBOX, NOW_US);
	assert_int_equal(send(&site, MAILBOX, RELAY, NOW_US) & CHAINED, 0);
	site_close(&site);
}

struct hop {
	const char *queue_id; /* that the relay gave, or NULL */
	const char *received_id;
	const char *received_from;
	uint64_t bytes; /* more than it was given */
	uint64_t pause_us;
};

/* mx-in gives the relay a message, the relay hands one to the mailbox server. */
static struct judgement passed_on(const char *matrix, const struct hop *hop)
{
	struct site site = site_open(matrix, 64);
	struct made_flow in = message(MX_IN, RELAY);
	struct made_flow out = message(RELAY, MAILBOX);
	strcpy(in.facts.helo, "mx-in.example.org");
	in.facts.transactions[0].queue_id = hop->queue_id ? hash(hop->queue_id) : 0;
	out.facts.transactions[0].received_id =
		hop->received_id ? hash(hop->received_id) : 0;
	out.facts.transactions[0].received_from =
		hop->received_from ? hash(hop->received_from) : 0;
	out.facts.transactions[0].bytes =
		(out.facts.transactions[0].bytes + hop->bytes) & UINT32_MAX;
	(void)seen(&site, &in, NOW_US);
	(void)seen(&site, &out, NOW_US + hop->pause_us);
	out.judgement.row = NULL;
	site_close(&site);
	return out.judgement;
}

#define MAILBOX_ROW                                                           \
	MADE_OFFICE                                                           \
	"  - {id: M-08, from: relay, to: mailboxes, protocols: [smtp], tls: " \
	"optional}\n"

static void assert_chained_by(const struct hop *hop, const char *what)
{
	const struct judgement judgement = passed_on(MAILBOX_ROW, hop);
	char detail[96];
	(void)snprintf(detail, sizeof(detail),
		"relay passes on what an exposed server gave it (%s)", what);
	assert_int_equal(judgement.findings & CHAINED, CHAINED);
	assert_string_equal(judgement.detail[FINDING_RELAY_CHAINED], detail);
}

static void what_is_passed_on_is_told_by_queue_id_helo_or_size(void **state)
{
	(void)state;
	const struct hop id = {"4F1B", "4f1b", "other", 90000, 30 * MINUTE_US};
	const struct hop helo = {NULL, "4f1b", "MX-IN.example.org", 90000, MINUTE_US};
	const struct hop size = {NULL, NULL, NULL, 300, 2000000};
	assert_chained_by(&id, "queue id");
	assert_chained_by(&helo, "HELO and time");
	assert_chained_by(&size, "size and time");
}

static void what_differs_or_comes_too_late_is_another_message(void **state)
{
	(void)state;
	const struct hop hops[] = {
		{"4F1B", "4F1C", "mx-in.example.org", 300, 0}, /* both ids known */
		{"4F1B", "4F1B", NULL, 300, STRUCTURE_HOUR_US + 1},
		{NULL, NULL, "crm.example.org", 300, 0},
		{NULL, NULL, "mx-in.example.org", 300, MINUTE_US + 1},
		{NULL, NULL, NULL, 300, STRUCTURE_MOMENT_US + 1},
		{NULL, NULL, NULL, STRUCTURE_SIZE_ADDED + 1, 0},
		{NULL, NULL, NULL, (uint64_t)-1, 0}, /* smaller than it was */
	};
	for (size_t i = 0; i < sizeof(hops) / sizeof(hops[0]); i++) {
		assert_int_equal(
			passed_on(MAILBOX_ROW, &hops[i]).findings & CHAINED, 0);
	}
}

static void a_chain_of_declared_hops_is_none(void **state)
{
	(void)state;
	const struct hop id = {"4F1B", "4F1B", NULL, 300, 0};
	assert_int_equal(passed_on(INWARD, &id).findings, 0);
	/* the second hop alone breaks the rows */
	const struct judgement judgement = passed_on(MADE_OFFICE
		"  - {id: M-07, from: mx-in, to: relay, protocols: [smtp], tls: "
		"optional}\n",
		&id);
	assert_int_equal(judgement.findings & CHAINED, CHAINED);
}

static void the_last_messages_of_a_relay_are_remembered(void **state)
{
	(void)state;
	struct site site = site_open(MAILBOX_ROW, 64);
	for (int i = 0; i < STRUCTURE_GIFTS + 1; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "Q%d", i);
		struct made_flow in = message(MX_IN, RELAY);
		in.facts.transactions[0].queue_id = hash(id);
		(void)seen(&site, &in, NOW_US);
	}
	struct made_flow out = message(RELAY, MAILBOX);
	out.facts.transactions[0].received_id = hash("Q0");
	assert_int_equal(seen(&site, &out, NOW_US) & CHAINED, 0);
	out.facts.transactions[0].received_id = hash("Q1");
	assert_int_equal(seen(&site, &out, NOW_US) & CHAINED, CHAINED);
	site_close(&site);
}

static void transactions_learnt_before_are_not_learnt_again(void **state)
{
	(void)state;
	struct site site = site_open(MAILBOX_ROW, 64);
	struct made_flow in = message(MX_IN, RELAY);
	in.facts.transactions[0].queue_id = hash("Q0");
	(void)seen(&site, &in, NOW_US);
	for (int i = 0; i < STRUCTURE_GIFTS; i++) {
		structure_learn(site.structure, &in.observation, &in.judgement, 1);
	}
	struct made_flow out = message(RELAY, MAILBOX);
	out.facts.transactions[0].received_id = hash("Q0");
	assert_int_equal(seen(&site, &out, NOW_US) & CHAINED, CHAINED);
	site_close(&site);
}

static enum severity severity_to(
	const struct site *site, const char *client, unsigned server, uint64_t now_us)
{
	char address[32];
	(void)snprintf(address, sizeof(address), "203.0.113.%u", server);
	struct made_flow flow = message(client, address);
	assert_int_equal(seen(site, &flow, now_us) & SENDER, SENDER);
	return flow.judgement.severity[FINDING_SENDER_ILLEGITIMATE];
}

static void five_servers_within_an_hour_make_a_fan(void **state)
{
	(void)state;
	struct site site = site_open(MADE_OFFICE, 64);
	for (unsigned server = 1; server <= 4; server++) {
		assert_int_equal(
			severity_to(&site, WORKSTATION, server, NOW_US), SEVERITY_HIGH);
		assert_int_equal(/* the same one again adds nothing */
			severity_to(&site, WORKSTATION, server, NOW_US), SEVERITY_HIGH);
	}
	assert_int_equal(severity_to(&site, "192.0.2.71", 5, NOW_US), SEVERITY_HIGH);
	assert_int_equal(severity_to(&site, WORKSTATION, 5, NOW_US), SEVERITY_CRITICAL);
	assert_int_equal(
		severity_to(&site, WORKSTATION, 6, NOW_US + STRUCTURE_HOUR_US + 1),
		SEVERITY_HIGH);
	site_close(&site);
}

static void a_fan_says_how_wide_it_is(void **state)
{
	(void)state;
	struct site site = site_open(MADE_OFFICE, 64);
	for (unsigned server = 1; server <= 20; server++) {
		(void)severity_to(&site, WORKSTATION, server, NOW_US + server);
	}
	struct made_flow flow = message(WORKSTATION, "203.0.113.21");
	(void)seen(&site, &flow, NOW_US + 30);
	assert_string_equal(flow.judgement.detail[FINDING_SENDER_ILLEGITIMATE],
		"direct send to a foreign server, one of 9 servers within an hour");
	site_close(&site);
}

static void a_direct_send_is_told(void **state)
{
	(void)state;
	struct site site = site_open(MADE_OFFICE, 64);
	struct made_flow direct = message(WORKSTATION, INTERNET);
	(void)seen(&site, &direct, NOW_US);
	assert_string_equal(direct.judgement.detail[FINDING_SENDER_ILLEGITIMATE],
		"direct send to a foreign server");
	struct made_flow inside = message(WORKSTATION, MAILBOX);
	(void)seen(&site, &inside, NOW_US);
	assert_string_equal(inside.judgement.detail[FINDING_SENDER_ILLEGITIMATE], "");
	struct made_flow server = message(MAILBOX, INTERNET);
	(void)seen(&site, &server, NOW_US);
	assert_string_equal(server.judgement.detail[FINDING_SENDER_ILLEGITIMATE], "");
	site_close(&site);
}

static void a_full_table_gives_up_the_host_idle_longest(void **state)
{
	(void)state;
	struct site site = site_open(MADE_OFFICE, 1); /* one place */
	for (unsigned host = 0; host < 8; host++) {
		char client[32];
		(void)snprintf(client, sizeof(client), "192.0.2.%u", 64 + host);
		(void)severity_to(&site, client, 1, NOW_US + host);
	}
	assert_int_equal(structure_given_up(site.structure), 0);
	for (unsigned server = 1; server <= 4; server++) {
		(void)severity_to(&site, "192.0.2.64", server, NOW_US + 10);
	}
	(void)severity_to(&site, "192.0.2.90", 1, NOW_US + 11);
	assert_int_equal(structure_given_up(site.structure), 1);
	assert_int_equal(
		severity_to(&site, "192.0.2.64", 5, NOW_US + 12), SEVERITY_CRITICAL);
	site_close(&site);
}

/* Mail from the Internet for thousands of hosts that nobody declared. */
static void a_declared_server_is_given_up_for_no_other_host(void **state)
{
	(void)state;
	struct site site = site_open(MADE_OFFICE, 1); /* one place */
	assert_int_equal(send(&site, MX_OUT, INTERNET, NOW_US) & MIXED, 0);
	for (unsigned host = 100; host < 200; host++) {
		char server[32];
		(void)snprintf(server, sizeof(server), "192.0.2.%u", host);
		(void)send(&site, INTERNET, server, NOW_US + host);
	}
	assert_true(structure_given_up(site.structure) > 0);
	assert_int_equal(
		send(&site, INTERNET, MX_OUT, NOW_US + MINUTE_US) & MIXED, MIXED);
	site_close(&site);
}

/* A workstation stays known however many senders of the Internet there are. */
static void senders_from_outside_push_out_none_from_inside(void **state)
{
	(void)state;
	struct site site = site_open(MADE_OFFICE, 1);
	for (unsigned server = 1; server <= 4; server++) {
		(void)severity_to(&site, "192.0.2.64", server, NOW_US);
	}
	for (unsigned host = 1; host < 100; host++) {
		char client[32];
		(void)snprintf(client, sizeof(client), "203.0.113.%u", host + 100);
		(void)send(&site, client, RELAY, NOW_US + host);
	}
	assert_true(structure_given_up(site.structure) > 0);
	assert_int_equal(severity_to(&site, "192.0.2.64", 5, NOW_US + MINUTE_US),
		SEVERITY_CRITICAL);
	site_close(&site);
}

static void a_step_back_in_time_is_no_age(void **state)
{
	(void)state;
	struct site site = site_open(MADE_OFFICE, 64);
	(void)send(&site, INTERNET, MX_IN, NOW_US + MINUTE_US);
	assert_int_equal(send(&site, MX_IN, INTERNET, NOW_US) & MIXED, MIXED);
	site_close(&site);
}

static unsigned told;

static void on_told(void *context, const struct structure_lesson *lesson)
{
	struct structure *other = (struct structure *)context;
	told++;
	assert_true(structure_lesson_is_sound(lesson));
	structure_hear(other, lesson);
}

/* Two that see half of the flows each; is_told: what one learns the other hears. */
static void sites_open(struct site sites[2], bool is_told)
{
	told = 0;
	for (size_t i = 0; i < 2; i++) {
		sites[i] = site_open(MAILBOX_ROW, 64);
	}
	for (size_t i = 0; i < 2 && is_told; i++) {
		structure_listen(sites[i].structure, on_told, sites[1 - i].structure);
	}
}

static uint64_t chained_over(struct site sites[2], const char *queue_id)
{
	struct made_flow in = message(MX_IN, RELAY);
	struct made_flow out = message(RELAY, MAILBOX);
	in.facts.transactions[0].queue_id = hash("4F1B");
	out.facts.transactions[0].received_id = hash(queue_id);
	(void)seen(&sites[0], &in, NOW_US);
	return seen(&sites[1], &out, NOW_US + MINUTE_US) & CHAINED;
}

static void what_one_half_of_the_flows_shows_the_other_half_knows(void **state)
{
	(void)state;
	for (int is_told = 0; is_told <= 1; is_told++) {
		struct site sites[2];
		sites_open(sites, is_told != 0);
		(void)send(&sites[0], INTERNET, MX_IN, NOW_US);
		assert_int_equal(send(&sites[1], MX_IN, "203.0.113.26", NOW_US) & MIXED,
			is_told ? MIXED : 0);
		assert_int_equal(send(&sites[1], MX_OUT, INTERNET, NOW_US) & MIXED, 0);
		(void)send(&sites[1], INTERNET, MX_OUT, NOW_US);
		assert_int_equal(send(&sites[0], INTERNET, MX_OUT, NOW_US) & MIXED,
			is_told ? MIXED : 0);
		assert_int_equal(chained_over(sites, "4F1B"), is_told ? CHAINED : 0);
		assert_int_equal(chained_over(sites, "4F1C"), 0);
		for (unsigned server = 1; server <= 4; server++) {
			(void)severity_to(
				&sites[server % 2], WORKSTATION, server, NOW_US);
		}
		assert_int_equal(severity_to(&sites[0], WORKSTATION, 5, NOW_US),
			is_told ? SEVERITY_CRITICAL : SEVERITY_HIGH);
		site_close(&sites[0]);
		site_close(&sites[1]);
	}
}

static void who_does_all_day_the_same_is_told_of_once_a_minute(void **state)
{
	(void)state;
	struct site sites[2];
	sites_open(sites, true);
	for (unsigned i = 0; i < 100; i++) {
		(void)send(&sites[i % 2], INTERNET, MX_IN, NOW_US + i);
		(void)severity_to(&sites[i % 2], WORKSTATION, 1, NOW_US + i);
	}
	assert_int_equal(told, 2);
	(void)send(&sites[0], INTERNET, MX_IN, NOW_US + 2 * MINUTE_US);
	assert_int_equal(told, 3);
	site_close(&sites[0]);
	site_close(&sites[1]);
}

static void an_odd_lesson_is_not_sound(void **state)
{
	(void)state;
	const struct structure_lesson sound = {.time_us = NOW_US};
	assert_true(structure_lesson_is_sound(&sound));
	struct structure_lesson odd[3] = {sound, sound, sound};
	odd[0].kind = STRUCTURE_LESSON_COUNT;
	odd[1].worth = 4;
	odd[2].time_us = 0;
	for (size_t i = 0; i < 3; i++) {
		assert_false(structure_lesson_is_sound(&odd[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_that_took_mail_and_sends_is_mixed_for_a_day),
		cmocka_unit_test(what_rows_let_a_server_do_both_ways_is_mixed),
		cmocka_unit_test(
			what_was_against_the_rows_makes_nothing_mixed_that_they_let),
		cmocka_unit_test(who_is_accused_is_mixed_before_mail_moves),
		cmocka_unit_test(a_probe_moves_no_mail),
		cmocka_unit_test(a_guessed_direction_is_not_remembered),
		cmocka_unit_test(
			a_relay_and_the_internet_are_chained_whatever_the_rows_say),
		cmocka_unit_test(
			a_relay_that_only_says_hello_to_the_internet_is_not_chained),
		cmocka_unit_test(a_relay_speaks_with_the_gateway_where_a_row_has_it),
		cmocka_unit_test(
			a_server_seen_taking_mail_from_the_internet_is_exposed),
		cmocka_unit_test(what_is_passed_on_is_told_by_queue_id_helo_or_size),
		cmocka_unit_test(what_differs_or_comes_too_late_is_another_message),
		cmocka_unit_test(a_chain_of_declared_hops_is_none),
		cmocka_unit_test(the_last_messages_of_a_relay_are_remembered),
		cmocka_unit_test(transactions_learnt_before_are_not_learnt_again),
		cmocka_unit_test(five_servers_within_an_hour_make_a_fan),
		cmocka_unit_test(a_fan_says_how_wide_it_is),
		cmocka_unit_test(a_direct_send_is_told),
		cmocka_unit_test(a_full_table_gives_up_the_host_idle_longest),
		cmocka_unit_test(a_declared_server_is_given_up_for_no_other_host),
		cmocka_unit_test(senders_from_outside_push_out_none_from_inside),
		cmocka_unit_test(a_step_back_in_time_is_no_age),
		cmocka_unit_test(what_one_half_of_the_flows_shows_the_other_half_knows),
		cmocka_unit_test(who_does_all_day_the_same_is_told_of_once_a_minute),
		cmocka_unit_test(an_odd_lesson_is_not_sound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
