#include "made_flow.h"

#include "judge/ledger.h"

#include <netinet/in.h>
#include <stdio.h>

#define HOUR_US  (UINT64_C(3600) * 1000000)
#define OTHER_PC "192.0.2.71"
#define SMTP_ROW                                                              \
	MADE_HEAD                                                             \
	"  - {id: M-02, from: mailboxes, to: relay, protocols: [smtp], tls: " \
	"starttls}\n"

static const struct hash_seed SEED = {{1, 2}};

static struct ledger *new_ledger(uint32_t servers)
{
	struct reason why;
	struct ledger *ledger = ledger_new(servers, SEED, &why);
	assert_non_null(ledger);
	return ledger;
}

static struct made_flow smtp(const char *client, enum facts_answer offered)
{
	struct made_flow flow = made_flow(PROTOCOL_SMTP, client, RELAY, 25);
	flow.facts.starttls_offered = offered;
	return flow;
}

static void learn(struct ledger *ledger, struct made_flow flow, uint64_t start_us)
{
	flow.observation.facts = &flow.facts;
	struct ledger_lesson lesson;
	if (ledger_lesson_of(&flow.observation, start_us, false, &lesson)) {
		assert_true(ledger_lesson_is_sound(&lesson));
		ledger_learn(ledger, &lesson);
	}
}

static struct judge_memory recall(
	const struct ledger *ledger, struct made_flow flow, uint64_t start_us)
{
	struct judge_memory memory = {0};
	flow.observation.facts = &flow.facts;
	ledger_recall(ledger, &flow.observation, start_us, &memory);
	return memory;
}

/* The flow's findings, judged with what the ledger knows. */
static struct made_flow judged(
	const struct ledger *ledger, struct made_flow flow, uint64_t start_us)
{
	const struct judge_memory memory = recall(ledger, flow, start_us);
	flow.observation.memory = &memory;
	made_judge_text(SMTP_ROW, &flow);
	flow.observation.memory = NULL;
	return flow;
}

static bool has(const struct made_flow *flow, enum finding finding)
{
	return (flow->judgement.findings & BIT(finding)) != 0;
}

static void an_offer_that_vanished_is_told_with_since_when_and_how_often(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	learn(ledger, smtp(MAILBOX, FACTS_YES), NOW_US - 48 * HOUR_US);
	learn(ledger, smtp(MAILBOX, FACTS_YES), NOW_US - 24 * HOUR_US);
	const struct made_flow flow = judged(ledger, smtp(MAILBOX, FACTS_NO), NOW_US);
	assert_true(has(&flow, FINDING_TLS_STARTTLS_STRIPPED));
	assert_false(has(&flow, FINDING_TLS_STARTTLS_NOT_OFFERED));
	assert_int_equal(flow.judgement.severity[FINDING_TLS_STARTTLS_STRIPPED],
		SEVERITY_CRITICAL);
	assert_string_equal(flow.judgement.detail[FINDING_TLS_STARTTLS_STRIPPED],
		"offered in 2 earlier flows since 2026-09-19, last 2026-09-20; now "
		"gone");
	ledger_free(ledger);
}

#define SOMEBODY "203.0.113.61"

/* Of our inbound server, whose row wants the offer; judged with what the ledger knows. */
static struct made_flow inbound(const struct ledger *ledger, const char *client,
	enum facts_answer offered, uint64_t start_us)
{
	struct made_flow flow = made_flow(PROTOCOL_SMTP, client, MX_IN, 25);
	flow.facts.has_content_clear = true;
	flow.facts.starttls_offered = offered;
	const struct judge_memory memory = recall(ledger, flow, start_us);
	flow.observation.memory = &memory;
	made_judge_text(MADE_OFFICE, &flow);
	flow.observation.memory = NULL;
	return flow;
}

static void learn_judged(
	struct ledger *ledger, struct made_flow *flow, uint64_t start_us)
{
	struct ledger_lesson lesson;
	flow->observation.facts = &flow->facts;
	assert_true(ledger_lesson_of(&flow->observation, start_us,
		has(flow, FINDING_TLS_STARTTLS_STRIPPED), &lesson));
	ledger_learn(ledger, &lesson);
}

static void an_offer_to_others_alone_is_told_once_of_a_server_and_milder(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	struct made_flow offer = inbound(ledger, INTERNET, FACTS_YES, NOW_US);
	learn_judged(ledger, &offer, NOW_US);
	struct made_flow first = inbound(ledger, SOMEBODY, FACTS_NO, NOW_US + 1);
	assert_true(has(&first, FINDING_TLS_STARTTLS_STRIPPED));
	assert_false(has(&first, FINDING_TLS_STARTTLS_NOT_OFFERED));
	assert_int_equal(first.judgement.severity[FINDING_TLS_STARTTLS_STRIPPED],
		SEVERITY_MEDIUM);
	assert_string_equal(first.judgement.detail[FINDING_TLS_STARTTLS_STRIPPED],
		"offered in 1 earlier flow, last 2026-09-21; now not to this client, "
		"which never had it");
	learn_judged(ledger, &first, NOW_US + 1);
	/* what the row wants is told all the same, of each */
	const char *const LATER[] = {SOMEBODY, "203.0.113.62"};
	for (size_t i = 0; i < 2; i++) {
		const struct made_flow later =
			inbound(ledger, LATER[i], FACTS_NO, NOW_US + 2 + i);
		assert_false(has(&later, FINDING_TLS_STARTTLS_STRIPPED));
		assert_true(has(&later, FINDING_TLS_STARTTLS_NOT_OFFERED));
	}
	first = inbound(ledger, SOMEBODY, FACTS_NO, NOW_US + 31 * 24 * HOUR_US);
	assert_false(has(&first, FINDING_TLS_STARTTLS_STRIPPED)); /* all is forgotten */
	offer = inbound(ledger, INTERNET, FACTS_YES, NOW_US + 31 * 24 * HOUR_US);
	learn_judged(ledger, &offer, NOW_US + 31 * 24 * HOUR_US);
	first = inbound(ledger, SOMEBODY, FACTS_NO, NOW_US + 32 * 24 * HOUR_US);
	assert_true(
		has(&first, FINDING_TLS_STARTTLS_STRIPPED)); /* and told once more */
	ledger_free(ledger);
}

static void who_had_the_offer_himself_and_lost_it_is_told_in_full(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	struct made_flow flow = inbound(ledger, INTERNET, FACTS_YES, NOW_US);
	learn_judged(ledger, &flow, NOW_US);
	flow = inbound(ledger, SOMEBODY, FACTS_NO, NOW_US + 1); /* told, milder */
	learn_judged(ledger, &flow, NOW_US + 1);
	flow = inbound(ledger, INTERNET, FACTS_NO, NOW_US + 2);
	assert_int_equal(flow.judgement.severity[FINDING_TLS_STARTTLS_STRIPPED],
		SEVERITY_CRITICAL);
	ledger_free(ledger);
}

static void where_the_row_wants_tls_or_ehlo_is_refused_others_make_no_difference(
	void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	learn(ledger, smtp(MX_IN, FACTS_YES), NOW_US);
	struct made_flow flow = judged(ledger, smtp(MAILBOX, FACTS_NO), NOW_US + 1);
	assert_int_equal(flow.judgement.severity[FINDING_TLS_STARTTLS_STRIPPED],
		SEVERITY_CRITICAL);
	struct made_flow offer = inbound(ledger, INTERNET, FACTS_YES, NOW_US);
	learn_judged(ledger, &offer, NOW_US);
	flow = made_flow(PROTOCOL_SMTP, SOMEBODY, MX_IN, 25);
	flow.facts.is_helo_only = true;
	flow.facts.is_ehlo_refused = true;
	const struct judge_memory memory = recall(ledger, flow, NOW_US + 1);
	assert_true(memory.is_starttls_of_others);
	flow.observation.memory = &memory;
	made_judge_text(MADE_OFFICE, &flow);
	assert_int_equal(flow.judgement.severity[FINDING_TLS_STARTTLS_STRIPPED],
		SEVERITY_CRITICAL);
	ledger_free(ledger);
}

static void a_server_that_never_offered_is_not_stripped(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	learn(ledger, smtp(MAILBOX, FACTS_NO), NOW_US - HOUR_US);
	const struct made_flow flow = judged(ledger, smtp(MAILBOX, FACTS_NO), NOW_US);
	assert_false(has(&flow, FINDING_TLS_STARTTLS_STRIPPED));
	assert_true(has(&flow, FINDING_TLS_STARTTLS_NOT_OFFERED));
	ledger_free(ledger);
}

static void without_a_list_of_capabilities_nothing_vanished(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	learn(ledger, smtp(MAILBOX, FACTS_YES), NOW_US - HOUR_US);
	struct made_flow unknown = smtp(MAILBOX, FACTS_UNKNOWN);
	struct made_flow helo = smtp(MAILBOX, FACTS_NO);
	struct made_flow encrypted = smtp(MAILBOX, FACTS_NO);
	helo.facts.is_helo_only = true;
	encrypted.facts.tls = FACTS_TLS_STARTTLS;
	unknown = judged(ledger, unknown, NOW_US);
	helo = judged(ledger, helo, NOW_US);
	encrypted = judged(ledger, encrypted, NOW_US);
	assert_false(has(&unknown, FINDING_TLS_STARTTLS_STRIPPED));
	assert_false(has(&helo, FINDING_TLS_STARTTLS_STRIPPED));
	assert_false(has(&encrypted, FINDING_TLS_STARTTLS_STRIPPED));
	ledger_free(ledger);
}

static void another_port_of_the_server_is_another_server(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	learn(ledger, smtp(MAILBOX, FACTS_YES), NOW_US - HOUR_US);
	struct made_flow flow = smtp(MAILBOX, FACTS_NO);
	flow.observation.server_port = 2525;
	assert_int_equal(recall(ledger, flow, NOW_US).starttls_offers, 0);
	ledger_free(ledger);
}

static void an_offer_that_came_later_accuses_nobody(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	learn(ledger, smtp(MAILBOX, FACTS_YES), NOW_US);
	const struct made_flow flow = smtp(MAILBOX, FACTS_NO);
	assert_int_equal(recall(ledger, flow, NOW_US - 1).starttls_offered_us, 0);
	assert_int_equal(recall(ledger, flow, NOW_US).starttls_offered_us, 0);
	assert_true(recall(ledger, flow, NOW_US + 1).starttls_offered_us == NOW_US);
	ledger_free(ledger);
}

static void an_offer_is_forgotten_after_thirty_days(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	const struct made_flow flow = smtp(MAILBOX, FACTS_NO);
	learn(ledger, smtp(MAILBOX, FACTS_YES), NOW_US);
	assert_int_equal(
		recall(ledger, flow, NOW_US + LEDGER_MEMORY_US).starttls_offers, 1);
	assert_int_equal(
		recall(ledger, flow, NOW_US + LEDGER_MEMORY_US + 1).starttls_offers, 0);
	ledger_free(ledger);
}

/* Offers missing in a row for so many flows, one every two hours, of so many clients. */
static struct ledger *after_absence(unsigned flows, unsigned clients, uint64_t step_us)
{
	struct ledger *ledger = new_ledger(8);
	learn(ledger, smtp(MAILBOX, FACTS_YES), NOW_US);
	for (unsigned i = 0; i < flows; i++) {
		char client[20];
		(void)snprintf(client, sizeof(client), "192.0.2.%u", 100 + i % clients);
		learn(ledger, smtp(client, FACTS_NO), NOW_US + (i + 1) * step_us);
	}
	return ledger;
}

static uint32_t offers_after(unsigned flows, unsigned clients, uint64_t step_us)
{
	struct ledger *ledger = after_absence(flows, clients, step_us);
	const uint32_t offers =
		recall(ledger, smtp(MAILBOX, FACTS_NO), NOW_US + (flows + 1) * step_us)
			.starttls_offers;
	ledger_free(ledger);
	return offers;
}

static void gone_long_for_many_clients_it_was_switched_off(void **state)
{
	(void)state;
	assert_int_equal(offers_after(16, 4, 2 * HOUR_US), 0);
	assert_int_equal(offers_after(15, 4, 2 * HOUR_US), 1);
	assert_int_equal(offers_after(16, 3, 2 * HOUR_US), 1);
	assert_int_equal(offers_after(16, 4, HOUR_US), 1);
}

static void one_more_offer_ends_the_absence(void **state)
{
	(void)state;
	struct ledger *ledger = after_absence(16, 4, 2 * HOUR_US);
	learn(ledger, smtp(MAILBOX, FACTS_YES), NOW_US + 40 * HOUR_US);
	const struct judge_memory memory =
		recall(ledger, smtp(MAILBOX, FACTS_NO), NOW_US + 41 * HOUR_US);
	assert_int_equal(memory.starttls_offers, 2);
	assert_int_equal(memory.starttls_missed_by, 0);
	ledger_free(ledger);
}

static void missed_by_several_clients_it_is_one_step_milder(void **state)
{
	(void)state;
	struct ledger *ledger = after_absence(2, 2, HOUR_US);
	const struct made_flow flow =
		judged(ledger, smtp(MAILBOX, FACTS_NO), NOW_US + 3 * HOUR_US);
	assert_true(has(&flow, FINDING_TLS_STARTTLS_STRIPPED));
	assert_int_equal(
		flow.judgement.severity[FINDING_TLS_STARTTLS_STRIPPED], SEVERITY_HIGH);
	ledger_free(ledger);
}

static void masking_is_no_absence_and_named_as_a_middlebox(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	struct made_flow masked = smtp(MAILBOX, FACTS_NO);
	masked.facts.starttls = FACTS_STARTTLS_MASKED;
	learn(ledger, smtp(MAILBOX, FACTS_YES), NOW_US);
	learn(ledger, masked, NOW_US + 1);
	const struct ledger_server *server = ledger_find(
		ledger, &masked.observation.server, masked.observation.server_port);
	assert_non_null(server);
	assert_int_equal(server->absence.flows, 0);
	assert_int_equal(server->not_offered, 0);
	masked = judged(ledger, masked, NOW_US + 2);
	assert_string_equal(masked.judgement.detail[FINDING_TLS_STARTTLS_STRIPPED],
		"keyword or command overwritten: a middlebox");
	ledger_free(ledger);
}

static void what_was_seen_of_a_server_is_counted(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	struct made_flow used = made_encrypted_flow(PROTOCOL_SMTP, MAILBOX, RELAY, 25);
	struct made_flow refused = smtp(MAILBOX, FACTS_YES);
	refused.facts.starttls = FACTS_STARTTLS_REFUSED;
	refused.facts.auth_secret = FACTS_MECHANISM_PLAIN;
	learn(ledger, used, NOW_US);
	used.facts.session.version = 0x0304;
	learn(ledger, used, NOW_US + 5);
	learn(ledger, refused, NOW_US + 3);
	const struct ledger_server *server = ledger_find(
		ledger, &used.observation.server, used.observation.server_port);
	assert_int_equal(server->flows, 3);
	assert_int_equal(server->offered, 3);
	assert_int_equal(server->used, 2);
	assert_int_equal(server->refused, 1);
	assert_int_equal(server->auth_clear, 1);
	assert_int_equal(server->versions, LEDGER_VERSION_TLS12 | LEDGER_VERSION_TLS13);
	assert_true(server->first_us == NOW_US && server->last_us == NOW_US + 5);
	ledger_free(ledger);
}

static struct made_flow shown(const char *client, char digit)
{
	struct made_flow flow = made_encrypted_flow(PROTOCOL_SMTP, client, RELAY, 25);
	struct facts_certificate *certificate = &flow.facts.session.server_certificate;
	certificate->visibility = FACTS_SEEN;
	memset(certificate->fingerprint, digit, sizeof(certificate->fingerprint) - 1);
	(void)snprintf(certificate->key_type, sizeof(certificate->key_type), "RSA");
	(void)snprintf(flow.facts.session.sni, sizeof(flow.facts.session.sni),
		"relay.example.org");
	return flow;
}

static void a_certificate_that_goes_and_comes_back_is_changing(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	learn(ledger, shown(MAILBOX, 'a'), NOW_US);
	assert_int_equal(
		recall(ledger, shown(OTHER_PC, 'b'), NOW_US + 1).certificates, 0);
	learn(ledger, shown(OTHER_PC, 'b'), NOW_US + 1);
	assert_int_equal(
		recall(ledger, shown(MAILBOX, 'a'), NOW_US + 2).certificates, 2);
	const struct made_flow flow = judged(ledger, shown(MAILBOX, 'a'), NOW_US + 2);
	assert_true(has(&flow, FINDING_TLS_CERTIFICATE_CHANGING));
	learn(ledger, shown(MAILBOX, 'a'), NOW_US + 2);
	assert_int_equal(
		recall(ledger, shown(OTHER_PC, 'b'), NOW_US + 3).certificates, 2);
	assert_int_equal(
		recall(ledger, shown(MAILBOX, 'a'), NOW_US + 3).certificates, 0);
	ledger_free(ledger);
}

static void a_renewed_certificate_is_not_changing(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	learn(ledger, shown(MAILBOX, 'a'), NOW_US);
	learn(ledger, shown(OTHER_PC, 'a'), NOW_US + 1);
	learn(ledger, shown(MAILBOX, 'b'), NOW_US + 2);
	assert_int_equal(
		recall(ledger, shown(OTHER_PC, 'b'), NOW_US + 3).certificates, 0);
	assert_int_equal(
		recall(ledger, shown(OTHER_PC, 'c'), NOW_US + 3).certificates, 0);
	ledger_free(ledger);
}

static void names_and_key_types_have_certificates_of_their_own(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	struct made_flow other_name = shown(OTHER_PC, 'b');
	struct made_flow other_key = shown(OTHER_PC, 'c');
	(void)snprintf(other_name.facts.session.sni,
		sizeof(other_name.facts.session.sni), "imap.example.org");
	(void)snprintf(other_key.facts.session.server_certificate.key_type,
		sizeof(other_key.facts.session.server_certificate.key_type), "EC");
	learn(ledger, shown(MAILBOX, 'a'), NOW_US);
	learn(ledger, other_name, NOW_US + 1);
	learn(ledger, other_key, NOW_US + 2);
	assert_int_equal(
		recall(ledger, shown(MAILBOX, 'a'), NOW_US + 3).certificates, 0);
	ledger_free(ledger);
}

static void one_client_alone_sees_no_change_between_clients(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	learn(ledger, shown(MAILBOX, 'a'), NOW_US);
	learn(ledger, shown(MAILBOX, 'b'), NOW_US + 1);
	assert_int_equal(
		recall(ledger, shown(MAILBOX, 'a'), NOW_US + 2).certificates, 0);
	ledger_free(ledger);
}

static void the_certificate_seen_longest_ago_gives_way(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	for (unsigned i = 0; i <= LEDGER_CERTIFICATES; i++) {
		learn(ledger, shown(MAILBOX, (char)('a' + i)), NOW_US + i);
	}
	const struct made_flow flow = shown(MAILBOX, 'a');
	const struct ledger_server *server =
		ledger_find(ledger, &flow.observation.server, 25);
	for (unsigned i = 0; i < LEDGER_CERTIFICATES; i++) {
		assert_int_not_equal(server->certificates[i].fingerprint[0], 'a');
		assert_int_equal(server->certificates[i].flows, 1);
	}
	ledger_free(ledger);
}

static struct made_flow smtp_to(unsigned host)
{
	char server[20];
	(void)snprintf(server, sizeof(server), "203.0.113.%u", host);
	struct made_flow flow = made_flow(PROTOCOL_SMTP, MAILBOX, server, 25);
	flow.facts.starttls_offered = FACTS_YES;
	return flow;
}

static void learn_declared(struct ledger *ledger, unsigned host, uint64_t start_us)
{
	struct made_flow flow = smtp_to(host);
	flow.observation.facts = &flow.facts;
	struct ledger_lesson lesson;
	assert_true(ledger_lesson_of(&flow.observation, start_us, false, &lesson));
	lesson.flags |= LEDGER_LESSON_DECLARED;
	assert_true(ledger_lesson_is_sound(&lesson));
	ledger_learn(ledger, &lesson);
}

static void a_declared_server_is_not_given_up_for_others(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(3);
	learn_declared(ledger, 1, NOW_US);
	for (unsigned host = 2; host < 99; host++) {
		learn(ledger, smtp_to(host), NOW_US + host);
	}
	assert_int_equal(recall(ledger, smtp_to(1), NOW_US + 999).starttls_offers, 1);
	assert_int_equal(ledger_count(ledger), 3);
	ledger_free(ledger);
}

/* Nor where nothing else is left to give up: then the other is not learnt. */
static void where_all_are_declared_another_one_is_not_learnt(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(2);
	learn_declared(ledger, 1, NOW_US);
	learn_declared(ledger, 2, NOW_US);
	learn(ledger, smtp_to(3), NOW_US + 1);
	assert_int_equal(recall(ledger, smtp_to(1), NOW_US + 9).starttls_offers, 1);
	assert_int_equal(recall(ledger, smtp_to(2), NOW_US + 9).starttls_offers, 1);
	assert_int_equal(recall(ledger, smtp_to(3), NOW_US + 9).starttls_offers, 0);
	assert_int_equal(ledger_given_up(ledger), 1);
	ledger_free(ledger);
}

static void whoever_teaches_most_loses_his_own_first(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(50);
	learn(ledger, smtp_to(1), NOW_US); /* by MAILBOX, and idle longest */
	for (unsigned host = 2; host < 255; host++) {
		struct made_flow flow = smtp_to(host);
		flow.observation.client = made_address(OTHER_PC);
		learn(ledger, flow, NOW_US + host);
	}
	assert_int_equal(ledger_count(ledger), 50);
	assert_int_equal(recall(ledger, smtp_to(1), NOW_US + 999).starttls_offers, 1);
	ledger_free(ledger);
}

/* A host that talks to servers of its own pushes out nothing that a declared one saw. */
static void what_a_declared_client_saw_is_worth_more(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	for (unsigned host = 1; host < 9; host++) {
		struct made_flow flow = smtp_to(host);
		flow.observation.facts = &flow.facts;
		struct ledger_lesson lesson;
		assert_true(
			ledger_lesson_of(&flow.observation, NOW_US, false, &lesson));
		lesson.flags |= host < 8 ? LEDGER_LESSON_KNOWN_CLIENT : 0;
		ledger_learn(ledger, &lesson);
	}
	for (unsigned host = 9; host < 99; host++) {
		struct made_flow flow = smtp_to(host);
		char client[24];
		(void)snprintf(client, sizeof(client), "203.0.113.%u", host);
		flow.observation.client = made_address(client);
		learn(ledger, flow, NOW_US + host);
	}
	for (unsigned host = 1; host < 8; host++) {
		assert_int_equal(
			recall(ledger, smtp_to(host), NOW_US + 999).starttls_offers, 1);
	}
	ledger_free(ledger);
}

static bool is_first_declared(
	void *context, const struct address *server, uint16_t port)
{
	const struct address first = made_address((const char *)context);
	return address_equal(server, &first) && port == 25;
}

/* Servers seen by declared clients, until all the room is theirs. */
static void fill(struct ledger *ledger, unsigned first)
{
	for (unsigned host = first; host < first + 9; host++) {
		struct made_flow flow = smtp_to(host);
		flow.observation.facts = &flow.facts;
		struct ledger_lesson lesson;
		assert_true(
			ledger_lesson_of(&flow.observation, NOW_US, false, &lesson));
		lesson.flags |= LEDGER_LESSON_KNOWN_CLIENT;
		ledger_learn(ledger, &lesson);
	}
}

static void one_that_was_loaded_is_declared_when_the_matrix_says_so(void **state)
{
	(void)state;
	for (int is_said = 0; is_said < 2; is_said++) {
		struct ledger *ledger = new_ledger(4);
		const struct made_flow flow = smtp_to(1);
		const struct ledger_server server = {.address = flow.observation.server,
			.port = 25,
			.offered = 1,
			.offered_first_us = NOW_US - 2,
			.offered_last_us = NOW_US - 1};
		char name[ADDRESS_TEXT_BYTES];
		ledger_put(ledger, &server);
		(void)address_text(&server.address, name);
		if (is_said) {
			ledger_declare(ledger, is_first_declared, name);
		}
		fill(ledger, 2);
		assert_int_equal(
			recall(ledger, smtp_to(1), NOW_US + 99).starttls_offers,
			is_said);
		(void)strcpy(name, "192.0.2.200"); /* another matrix */
		ledger_declare(ledger, is_first_declared, name);
		fill(ledger, 20);
		assert_int_equal(
			recall(ledger, smtp_to(1), NOW_US + 99).starttls_offers, 0);
		ledger_free(ledger);
	}
}

static void among_declared_servers_the_one_idle_longest_gives_way(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(2);
	learn_declared(ledger, 1, NOW_US);
	learn_declared(ledger, 2, NOW_US + 1);
	learn_declared(ledger, 3, NOW_US + 2);
	assert_int_equal(recall(ledger, smtp_to(1), NOW_US + 9).starttls_offers, 0);
	assert_int_equal(recall(ledger, smtp_to(2), NOW_US + 9).starttls_offers, 1);
	assert_int_equal(recall(ledger, smtp_to(3), NOW_US + 9).starttls_offers, 1);
	ledger_free(ledger);
}

static void a_full_ledger_gives_up_the_server_idle_longest(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(3);
	learn(ledger, smtp_to(1), NOW_US);
	learn(ledger, smtp_to(2), NOW_US + 1);
	learn(ledger, smtp_to(3), NOW_US + 2);
	learn(ledger, smtp_to(1), NOW_US + 3);
	learn(ledger, smtp_to(4), NOW_US + 4);
	assert_int_equal(ledger_count(ledger), 3);
	assert_int_equal(ledger_given_up(ledger), 1);
	ledger_add_given_up_before(ledger, 7);
	assert_int_equal(ledger_given_up(ledger), 1);
	assert_int_equal(ledger_given_up_ever(ledger), 8);
	assert_int_equal(recall(ledger, smtp_to(1), NOW_US + 9).starttls_offers, 2);
	assert_int_equal(recall(ledger, smtp_to(2), NOW_US + 9).starttls_offers, 0);
	assert_int_equal(recall(ledger, smtp_to(3), NOW_US + 9).starttls_offers, 1);
	assert_int_equal(recall(ledger, smtp_to(4), NOW_US + 9).starttls_offers, 1);
	for (unsigned host = 5; host < 255; host++) {
		learn(ledger, smtp_to(host), NOW_US + host);
	}
	assert_int_equal(ledger_count(ledger), 3);
	ledger_free(ledger);
}

static void a_flow_without_server_bytes_teaches_nothing(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(3);
	struct made_flow flow = smtp(MAILBOX, FACTS_UNKNOWN);
	flow.facts.has_server_bytes = false;
	learn(ledger, flow, NOW_US);
	assert_int_equal(ledger_count(ledger), 0);
	ledger_free(ledger);
}

static void judge_lookup(struct made_flow *flow)
{
	made_judge_text(MADE_HEAD
		"  - {id: M-02, from: mailboxes, to: relay, protocols: [smtp], tls: "
		"starttls}\n",
		flow);
}

/* Name queries: the other finding that no mail flow shows. */
static struct made_flow lookup(const char *client)
{
	struct made_flow flow = made_flow(PROTOCOL_DNS, client, "203.0.113.53", 53);
	flow.observation.transport = IPPROTO_UDP;
	flow.observation.lookup = "MX";
	flow.observation.lookup_name = "example.net";
	judge_lookup(&flow);
	return flow;
}

static void who_is_no_mail_server_has_no_need_of_mx_records(void **state)
{
	(void)state;
	struct made_flow flow = lookup(WORKSTATION);
	assert_int_equal(flow.judgement.findings, BIT(FINDING_SENDER_MX_LOOKUP));
	assert_string_equal(flow.judgement.detail[FINDING_SENDER_MX_LOOKUP],
		"asks for the MX record of example.net");
	flow = lookup(MX_OUT);
	assert_int_equal(flow.judgement.findings, 0);
	flow = lookup(INTERNET);
	assert_int_equal(flow.judgement.findings, 0);
}

/* Without the wish for recursion: resolvers ask so, and need not be declared. */
static void who_asks_the_internet_as_resolvers_do_is_told_if_it_is_none(void **state)
{
	(void)state;
	static const struct {
		const char *client;
		const char *server;
		bool is_told;
	} CASES[] = {
		{WORKSTATION, "203.0.113.53", true},
		{WORKSTATION, RELAY, false},            /* one of our own servers */
		{"192.0.2.250", "203.0.113.53", false}, /* of no group */
		{INTERNET, "203.0.113.53", false},
		{MX_OUT, "203.0.113.53", false},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct made_flow flow = lookup(CASES[i].client);
		flow.observation.server = made_address(CASES[i].server);
		flow.observation.is_lookup_iterative = true;
		judge_lookup(&flow);
		assert_int_equal(
			has(&flow, FINDING_SENDER_MX_LOOKUP), CASES[i].is_told);
	}
}

/* The servers of one's own domain are what a mail program is to find: RFC 6186. */
static void services_of_a_declared_domain_may_be_asked_for(void **state)
{
	(void)state;
	static const struct {
		const char *type;
		const char *name;
		bool is_told;
	} CASES[] = {
		{"SRV", "_imaps._tcp.example.net", true},
		{"SRV", "_imaps._tcp.example.org", false},
		{"SRV", "_imaps._tcp.ample.org", true},
		{"SRV", "_imaps._tcp.mail.example.org", false},
		{"SRV", "_imaps._tcp.x.mail.example.org", true},
		{"SRV", "_imaps._tcp", true},
		{"MX", "a.b.example.org", true},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct made_flow flow = lookup(WORKSTATION);
		flow.observation.lookup = CASES[i].type;
		flow.observation.lookup_name = CASES[i].name;
		judge_lookup(&flow);
		assert_int_equal(
			has(&flow, FINDING_SENDER_MX_LOOKUP), CASES[i].is_told);
	}
}

static void a_refusal_by_a_server_that_granted_it_before_is_stripping(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	struct made_flow refused = smtp(MAILBOX, FACTS_YES);
	refused.facts.starttls = FACTS_STARTTLS_REQUESTED | FACTS_STARTTLS_REFUSED;
	refused.facts.has_content_clear = true;
	learn(ledger, smtp(MAILBOX, FACTS_YES), NOW_US - 2 * HOUR_US);
	struct made_flow flow = judged(ledger, refused, NOW_US);
	assert_false(has(&flow, FINDING_TLS_STARTTLS_STRIPPED));
	assert_true(has(&flow, FINDING_TLS_STARTTLS_REFUSED));
	learn(ledger, made_encrypted_flow(PROTOCOL_SMTP, MAILBOX, RELAY, 25),
		NOW_US - HOUR_US);
	flow = judged(ledger, refused, NOW_US);
	assert_false(has(&flow, FINDING_TLS_STARTTLS_REFUSED));
	assert_int_equal(
		flow.judgement.severity[FINDING_TLS_STARTTLS_STRIPPED], SEVERITY_HIGH);
	assert_string_equal(flow.judgement.detail[FINDING_TLS_STARTTLS_STRIPPED],
		"used in 1 earlier flow, now refused");
	/* nothing was lost by it, or the client asked out of place */
	struct made_flow empty = refused;
	empty.facts.has_content_clear = false;
	flow = judged(ledger, empty, NOW_US);
	assert_false(has(&flow, FINDING_TLS_STARTTLS_STRIPPED));
	refused.facts.starttls |= FACTS_STARTTLS_MISPLACED;
	flow = judged(ledger, refused, NOW_US);
	assert_false(has(&flow, FINDING_TLS_STARTTLS_STRIPPED));
	ledger_free(ledger);
}

static void ehlo_refused_by_a_server_that_offered_it_is_stripping(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	struct made_flow helo = smtp(MAILBOX, FACTS_UNKNOWN);
	helo.facts.is_helo_only = true;
	helo.facts.is_ehlo_refused = true;
	helo.facts.has_content_clear = true;
	struct made_flow flow = judged(ledger, helo, NOW_US);
	assert_false(has(&flow, FINDING_TLS_STARTTLS_STRIPPED));
	learn(ledger, smtp(MAILBOX, FACTS_YES), NOW_US - HOUR_US);
	flow = judged(ledger, helo, NOW_US);
	assert_true(has(&flow, FINDING_TLS_STARTTLS_STRIPPED));
	assert_non_null(strstr(flow.judgement.detail[FINDING_TLS_STARTTLS_STRIPPED],
		"now EHLO is refused"));
	helo.facts.is_ehlo_refused = false; /* the client never said it */
	flow = judged(ledger, helo, NOW_US);
	assert_false(has(&flow, FINDING_TLS_STARTTLS_STRIPPED));
	ledger_free(ledger);
}

/* Of this client, under this name: EHLO refused, or HELO and mail behind it. */
static struct made_flow named(const char *client, const char *name, bool is_denied)
{
	struct made_flow flow = smtp(client, FACTS_UNKNOWN);
	(void)snprintf(flow.facts.helo, sizeof(flow.facts.helo), "%s", name);
	flow.facts.is_helo_only = true;
	flow.facts.is_ehlo_denied = is_denied;
	flow.facts.has_content_clear = !is_denied;
	return flow;
}

static bool is_stripped(const struct ledger *ledger, struct made_flow flow, uint64_t us)
{
	flow = judged(ledger, flow, us);
	return has(&flow, FINDING_TLS_STARTTLS_STRIPPED);
}

static void a_client_that_is_back_with_helo_once_ehlo_was_refused_is_stripped(
	void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	const struct made_flow back = named(MAILBOX, "a.example", false);
	learn(ledger, named(MAILBOX, "a.example", true), NOW_US - 2000000);
	assert_false(is_stripped(ledger, back, NOW_US)); /* it never offered */
	learn(ledger, smtp(MAILBOX, FACTS_YES), NOW_US - HOUR_US);
	const struct made_flow flow = judged(ledger, back, NOW_US);
	assert_true(has(&flow, FINDING_TLS_STARTTLS_STRIPPED));
	assert_non_null(strstr(flow.judgement.detail[FINDING_TLS_STARTTLS_STRIPPED],
		"the client is back with HELO"));
	/* old printers always say HELO; so may another program, or another day */
	assert_false(is_stripped(ledger, named(MAILBOX, "b.example", false), NOW_US));
	assert_false(is_stripped(ledger, named(OTHER_PC, "a.example", false), NOW_US));
	assert_false(is_stripped(ledger, back, NOW_US + HOUR_US));
	assert_false(is_stripped(ledger, back, NOW_US - 3000000));
	ledger_free(ledger);
}

static void of_refusals_the_oldest_gives_way(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	static const char *const NAMES[] = {
		"192.0.2.71", "192.0.2.72", "192.0.2.73", "192.0.2.74"};
	learn(ledger, smtp(MAILBOX, FACTS_YES), NOW_US - HOUR_US);
	learn(ledger, named(MAILBOX, "a.example", true), NOW_US - 9000000);
	for (size_t i = 0; i < 3; i++) {
		learn(ledger, named(NAMES[i], "a.example", true), NOW_US - 8000000 + i);
	}
	learn(ledger, named(NAMES[2], "a.example", true), NOW_US - 7000000);
	assert_true(is_stripped(ledger, named(MAILBOX, "a.example", false), NOW_US));
	learn(ledger, named(NAMES[3], "a.example", true), NOW_US - 6000000);
	assert_false(is_stripped(ledger, named(MAILBOX, "a.example", false), NOW_US));
	assert_true(is_stripped(ledger, named(NAMES[3], "a.example", false), NOW_US));
	assert_true(is_stripped(ledger, named(NAMES[0], "a.example", false), NOW_US));
	ledger_free(ledger);
}

static void half_a_dialogue_teaches_nothing(void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(8);
	struct made_flow flow = smtp(MAILBOX, FACTS_YES);
	flow.facts.has_client_bytes = false;
	learn(ledger, flow, NOW_US);
	flow.facts.has_client_bytes = true;
	flow.facts.is_midstream = true;
	learn(ledger, flow, NOW_US);
	assert_int_equal(ledger_count(ledger), 0);
	flow.facts.is_midstream = false;
	learn(ledger, flow, NOW_US);
	assert_int_equal(ledger_count(ledger), 1);
	ledger_free(ledger);
}

static void what_a_server_refused_is_added_up_and_stops_at_the_largest_number(
	void **state)
{
	(void)state;
	struct ledger *ledger = new_ledger(16);
	struct made_flow flow = smtp("192.0.2.10", FACTS_NO);
	flow.facts.messages = 3;
	flow.facts.refusals = 2;
	flow.facts.deferrals = 1;
	learn(ledger, flow, NOW_US);
	learn(ledger, flow, NOW_US);
	const struct ledger_server *server =
		ledger_find(ledger, &flow.observation.server, 25);
	assert_non_null(server);
	assert_int_equal(server->messages, 6);
	assert_int_equal(server->refusals, 4);
	assert_int_equal(server->deferrals, 2);
	flow.facts.refusals = UINT32_MAX - 1;
	learn(ledger, flow, NOW_US);
	assert_int_equal(server->refusals, UINT32_MAX);
	ledger_free(ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_offer_that_vanished_is_told_with_since_when_and_how_often),
		cmocka_unit_test(
			an_offer_to_others_alone_is_told_once_of_a_server_and_milder),
		cmocka_unit_test(who_had_the_offer_himself_and_lost_it_is_told_in_full),
		cmocka_unit_test(
			where_the_row_wants_tls_or_ehlo_is_refused_others_make_no_difference),
		cmocka_unit_test(a_server_that_never_offered_is_not_stripped),
		cmocka_unit_test(without_a_list_of_capabilities_nothing_vanished),
		cmocka_unit_test(another_port_of_the_server_is_another_server),
		cmocka_unit_test(an_offer_that_came_later_accuses_nobody),
		cmocka_unit_test(an_offer_is_forgotten_after_thirty_days),
		cmocka_unit_test(gone_long_for_many_clients_it_was_switched_off),
		cmocka_unit_test(one_more_offer_ends_the_absence),
		cmocka_unit_test(missed_by_several_clients_it_is_one_step_milder),
		cmocka_unit_test(masking_is_no_absence_and_named_as_a_middlebox),
		cmocka_unit_test(what_was_seen_of_a_server_is_counted),
		cmocka_unit_test(a_certificate_that_goes_and_comes_back_is_changing),
		cmocka_unit_test(a_renewed_certificate_is_not_changing),
		cmocka_unit_test(names_and_key_types_have_certificates_of_their_own),
		cmocka_unit_test(one_client_alone_sees_no_change_between_clients),
		cmocka_unit_test(the_certificate_seen_longest_ago_gives_way),
		cmocka_unit_test(a_full_ledger_gives_up_the_server_idle_longest),
		cmocka_unit_test(a_declared_server_is_not_given_up_for_others),
		cmocka_unit_test(where_all_are_declared_another_one_is_not_learnt),
		cmocka_unit_test(whoever_teaches_most_loses_his_own_first),
		cmocka_unit_test(what_a_declared_client_saw_is_worth_more),
		cmocka_unit_test(
			one_that_was_loaded_is_declared_when_the_matrix_says_so),
		cmocka_unit_test(among_declared_servers_the_one_idle_longest_gives_way),
		cmocka_unit_test(a_flow_without_server_bytes_teaches_nothing),
		cmocka_unit_test(who_is_no_mail_server_has_no_need_of_mx_records),
		cmocka_unit_test(
			who_asks_the_internet_as_resolvers_do_is_told_if_it_is_none),
		cmocka_unit_test(services_of_a_declared_domain_may_be_asked_for),
		cmocka_unit_test(
			a_refusal_by_a_server_that_granted_it_before_is_stripping),
		cmocka_unit_test(ehlo_refused_by_a_server_that_offered_it_is_stripping),
		cmocka_unit_test(
			a_client_that_is_back_with_helo_once_ehlo_was_refused_is_stripped),
		cmocka_unit_test(of_refusals_the_oldest_gives_way),
		cmocka_unit_test(half_a_dialogue_teaches_nothing),
		cmocka_unit_test(
			what_a_server_refused_is_added_up_and_stops_at_the_largest_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
