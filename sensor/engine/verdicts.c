#include "engine/verdicts.h"

#include "engine/passage.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static void fill_record(struct engine *engine, const struct flow *flow, uint16_t source,
	struct record *record)
{
	const char *name = engine->settings.source_names
				   ? engine->settings.source_names[source]
				   : NULL;
	*record = (struct record){
		.time_us = engine->now_us,
		.host = engine->settings.host,
		.pcap_filename = engine->settings.is_live ? NULL : name,
		.in_iface = engine->settings.is_live ? name : NULL,
		.event_prefix = engine->settings.event_prefix,
		.judgement = &engine->judgement,
		.vlan_count = flow->vlan_count,
		.vlan = {flow->vlan[0], flow->vlan[1]},
		.start_us = flow->start_us,
		.end_us = flow->last_us,
		.state = flow_state_name(flow),
	};
	for (unsigned side = 0; side < 2; side++) {
		const enum direction way = flow_direction(flow, side);
		record->packets[way] = flow->packets[side];
		record->bytes[way] = flow->bytes[side];
	}
}

static void fill_ends(const struct engine *engine, const struct flow *flow,
	struct observation *observation)
{
	*observation = (struct observation){
		.client = flow->address[flow->client],
		.server = flow->address[!flow->client],
		.client_port = flow->port[flow->client],
		.server_port = flow->port[!flow->client],
		.confidence = (enum direction_confidence)flow->confidence,
		.now_us = engine->now_us,
	};
}

void verdicts_update(
	void *context, const struct fold_key *key, const struct fold_count *count)
{
	struct engine *engine = (struct engine *)context;
	const struct fold_sample *sample = &key->sample;
	const struct observation observation = {.protocol = sample->protocol,
		.client = key->source,
		.server = key->destination,
		.client_port = sample->client_port,
		.server_port = sample->server_port,
		.is_udp = sample->is_udp,
		.is_ended = true,
		.now_us = count->last_us};
	struct judgement judgement = {.verdict = sample->verdict,
		.row = sample->row,
		.nearest = sample->nearest,
		.from = sample->from,
		.to = sample->to,
		.findings = FINDING_BIT(key->finding)};
	judgement.severity[key->finding] = (uint8_t)sample->severity;
	(void)snprintf(judgement.reason, sizeof(judgement.reason),
		"%u more of the same since it was told", count->count);
	const struct record record = {.time_us = count->last_us,
		.host = engine->settings.host,
		.event_prefix = engine->settings.event_prefix,
		.sequence = engine_next_sequence(engine),
		.observation = &observation,
		.judgement = &judgement,
		.start_us = count->first_us,
		.end_us = count->last_us,
		.state = "folded",
		.is_blocked = sample->is_blocked,
		.is_audited = sample->is_audited,
		.is_repeat = true};
	engine->alerts++;
	engine->outputs.alert(engine->outputs.context, &record, key->finding, count);
}

static void give_alert(
	struct engine *engine, struct record *record, enum finding finding)
{
	const struct judgement *judgement = &engine->judgement;
	const struct fold_key key = {
		.source = record->observation->client,
		.destination = record->observation->server,
		.from = judgement->from.group ? (const void *)judgement->from.group
					      : (const void *)judgement->from.zone,
		.to = judgement->to.group ? (const void *)judgement->to.group
					  : (const void *)judgement->to.zone,
		.row = judgement->row ? judgement->row : judgement->nearest,
		.finding = finding,
		.sample = {.from = judgement->from,
			.to = judgement->to,
			.row = judgement->row,
			.nearest = judgement->nearest,
			.protocol = record->observation->protocol,
			.verdict = judgement->verdict,
			.severity = (enum severity)judgement->severity[finding],
			.client_port = record->observation->client_port,
			.server_port = record->observation->server_port,
			.is_udp = record->observation->is_udp,
			.is_blocked = record->is_blocked,
			.is_audited = record->is_audited},
	};
	struct fold_count count;
	const bool is_due = fold_add(engine->fold, &key, engine->now_us, &count);
	struct fold_key evicted;
	struct fold_count evicted_count;
	if (fold_evicted(engine->fold, &evicted, &evicted_count)) {
		verdicts_update(engine, &evicted, &evicted_count);
	}
	if (!is_due) {
		engine->folded++;
		return;
	}
	engine->alerts++;
	record->sequence = engine_next_sequence(engine);
	engine->outputs.alert(engine->outputs.context, record, finding, &count);
}

/* Judge and give out the findings not in *reported yet. */
static void judge_and_alert(struct engine *engine, struct flow *flow,
	struct record *record, const struct observation *observation,
	uint64_t *reported)
{
	const struct matrix *matrix = engine->settings.matrix;
	struct judgement *judgement = &engine->judgement;
	record->observation = observation;
	const bool is_told =
		observation->is_ended && engine->settings.is_every_reason_wanted;
	if (!is_told) {
		judge_flow_briefly(matrix, observation, judgement);
	}
	if (is_told || (judgement->findings & ~*reported) != 0) {
		structure_recall_sender(
			engine->structure, observation, &engine->memory);
		judge_flow(matrix, observation, judgement);
	}
	passage_decide(engine, flow, record);
	const uint64_t fresh = judgement->findings & ~*reported;
	for (int finding = 0; finding < FINDING_FLOW_COUNT; finding++) {
		if (fresh & FINDING_BIT(finding)) {
			give_alert(engine, record, (enum finding)finding);
		}
	}
	*reported |= fresh;
}

/*
 * SMTP on 587 is submission (RFC 6409), SMTP over implicit TLS to a declared
 * submission server is submissions (RFC 8314); the bytes do not tell them apart.
 */
static enum protocol protocol_at_server(const struct engine *engine,
	enum protocol protocol, const struct observation *observation)
{
	if (protocol == PROTOCOL_SMTP && observation->server_port == 587) {
		return PROTOCOL_SUBMISSION;
	}
	if (protocol != PROTOCOL_SMTPS) {
		return protocol;
	}
	const struct matrix_end end =
		matrix_locate(engine->settings.matrix, &observation->server);
	return end.group && end.group->role == MATRIX_ROLE_SUBMISSION
		       ? PROTOCOL_SUBMISSIONS
		       : protocol;
}

/*
 * Anybody can write a proxy header, and a server that knows none answers 500 and goes
 * on: what it claims counts from a host that the matrix declares, no user's and no
 * application's. At a proxy that nobody declared the target is only a claim as well.
 */
static bool is_proxy_declared(const struct engine *engine,
	const struct classification *classification, const struct observation *wire)
{
	const struct address *proxy =
		classification->has_proxy_client ? &wire->client : &wire->server;
	const struct matrix_end end = matrix_locate(engine->settings.matrix, proxy);
	return end.group != NULL && end.group->role != MATRIX_ROLE_CLIENT &&
	       end.group->role != MATRIX_ROLE_APPLICATION;
}

/* The proxy header's client and target are the judged ends; text tells of the proxy. */
static void apply_proxy(const struct classification *classification,
	struct observation *observation, char *text, size_t size)
{
	if (classification->has_proxy_client) {
		observation->client = classification->proxy_client;
		observation->client_port = classification->proxy_client_port;
		observation->confidence = DIRECTION_CONFIDENCE_BANNER;
		char client[ADDRESS_TEXT_BYTES];
		(void)snprintf(text, size, "proxy-protocol for %s",
			address_text(&classification->proxy_client, client));
	}
	if (classification->proxy != CLASSIFY_PROXY_CONNECT &&
		classification->proxy != CLASSIFY_PROXY_SOCKS) {
		return;
	}
	char address[ADDRESS_TEXT_BYTES];
	const char *target = classification->target_host;
	if (classification->has_target_address) {
		observation->server = classification->target;
		target = address_text(&classification->target, address);
	}
	observation->server_port = classification->target_port;
	(void)snprintf(text, size, "%s to %s:%u",
		classification->proxy == CLASSIFY_PROXY_SOCKS ? "socks"
							      : "http-connect",
		target, classification->target_port);
}

/* Behind a proxy that was given a name, the address is not the server's. */
static bool has_server_address(const struct classification *classification)
{
	return (classification->proxy != CLASSIFY_PROXY_CONNECT &&
		       classification->proxy != CLASSIFY_PROXY_SOCKS) ||
	       classification->has_target_address;
}

/*
 * The ledger is about servers: what a client says of its target must not teach it, and
 * the undeclared proxy's own address stands for any number of them.
 */
static bool is_for_ledger(const struct engine *engine,
	const struct classification *classification, const struct observation *wire)
{
	return (classification->proxy != CLASSIFY_PROXY_CONNECT &&
		       classification->proxy != CLASSIFY_PROXY_SOCKS) ||
	       (classification->has_target_address &&
		       is_proxy_declared(engine, classification, wire));
}

/*
 * Judge by the wire what an undeclared proxy claims: a client always, since the claim
 * would accuse or excuse another host; a target unless it is forbidden anyway.
 */
static void distrust_proxy(struct engine *engine,
	const struct classification *classification, const struct observation *wire,
	struct observation *observation)
{
	if (is_proxy_declared(engine, classification, wire)) {
		return;
	}
	observation->client = wire->client;
	observation->client_port = wire->client_port;
	observation->confidence = wire->confidence;
	judge_flow(engine->settings.matrix, observation, &engine->judgement);
	if (engine->judgement.verdict != VERDICT_ILLEGITIMATE) {
		observation->server = wire->server;
		observation->server_port = wire->server_port;
	}
}

/* Have it remembered who sent mail to whom. */
static void structure_note(struct engine *engine, struct conversation *conversation,
	const struct observation *observation)
{
	const struct judgement *judgement = &engine->judgement;
	const struct matrix_group *to = judgement->to.group;
	structure_learn(
		engine->structure, observation, judgement, conversation->learnt);
	conversation->learnt = observation->facts->transaction_count;
	conversation->is_to_relay = to != NULL && to->role == MATRIX_ROLE_RELAY;
}

bool verdicts_has_message(const struct conversation *conversation)
{
	return conversation->is_to_relay &&
	       conversation->learnt != conversation->dialogue.facts.transaction_count;
}

/* Have it remembered what the server offered, here and wherever else it is wanted. */
static void ledger_note(
	struct engine *engine, const struct observation *observation, uint64_t start_us)
{
	const bool is_stripped =
		(engine->judgement.findings &
			FINDING_BIT(FINDING_TLS_STARTTLS_STRIPPED)) != 0;
	struct ledger_lesson lesson;
	if (!ledger_lesson_of(observation, start_us, is_stripped, &lesson)) {
		return;
	}
	ledger_learn(engine->ledger, &lesson);
	if (engine->outputs.lesson) {
		engine->outputs.lesson(engine->outputs.context, &lesson);
	}
}

void verdicts_mail(struct engine *engine, struct flow *flow,
	struct conversation *conversation, bool is_ended)
{
	struct facts *facts = &conversation->dialogue.facts;
	struct record record;
	struct observation observation;
	char proxy[CLASSIFY_HOST_BYTES + 32] = "";
	fill_record(engine, flow, conversation->source, &record);
	fill_ends(engine, flow, &observation);
	if (is_ended && flow->action != ACTION_ACCEPT) {
		/* We cut it short: what it did not do is nobody's fault. */
		conversation->reported = UINT64_MAX;
	}
	const struct observation wire = observation;
	engine->memory = (struct judge_memory){0};
	apply_proxy(&conversation->classification, &observation, proxy, sizeof(proxy));
	observation.facts = facts;
	observation.is_ended = is_ended;
	observation.protocol =
		protocol_at_server(engine, facts->protocol, &observation);
	if (proxy[0] != '\0') {
		distrust_proxy(
			engine, &conversation->classification, &wire, &observation);
		observation.protocol =
			protocol_at_server(engine, facts->protocol, &observation);
	}
	const bool is_server_known = has_server_address(&conversation->classification);
	const bool is_recorded =
		is_for_ledger(engine, &conversation->classification, &wire);
	if (is_recorded && ledger_is_of_use(facts)) {
		ledger_recall(
			engine->ledger, &observation, flow->start_us, &engine->memory);
	}
	const bool is_sending = protocol_row(observation.protocol)->is_sending;
	const struct matrix_end ends[2] = {
		matrix_locate(engine->settings.matrix, &observation.client),
		matrix_locate(engine->settings.matrix, &observation.server)};
	observation.ends = ends;
	if (is_sending) {
		structure_recall(engine->structure, &observation, &engine->memory);
	}
	observation.memory = &engine->memory;
	record.evidence = conversation->classification.evidence;
	record.second_opinion = conversation->opinion_name;
	if (proxy[0] != '\0') {
		record.proxied_by = proxy;
		record.wire = &wire;
	}
	judge_and_alert(engine, flow, &record, &observation, &conversation->reported);
	if (is_server_known && is_sending) {
		structure_note(engine, conversation, &observation);
	}
	if (is_ended && is_recorded) {
		ledger_note(engine, &observation, flow->start_us);
	}
	if (is_ended) {
		engine->mail_flows++;
		record.sequence = engine_next_sequence(engine);
		engine->outputs.mail(engine->outputs.context, &record);
	}
}

void verdicts_foreign(
	struct engine *engine, struct flow *flow, struct conversation *conversation)
{
	struct record record;
	struct observation observation;
	fill_record(engine, flow, conversation->source, &record);
	fill_ends(engine, flow, &observation);
	observation.protocol = conversation->classification.protocol;
	observation.foreign_name = conversation->opinion_name;
	observation.is_ended = true;
	record.evidence = conversation->classification.evidence;
	record.second_opinion = conversation->opinion_name;
	judge_and_alert(engine, flow, &record, &observation, &conversation->reported);
}

void verdicts_lookup(struct engine *engine, const struct flow *flow, uint8_t transport,
	const struct dns_question *question)
{
	struct record record;
	struct observation observation;
	uint64_t reported = 0;
	fill_record(engine, flow, (uint16_t)engine->source, &record);
	fill_ends(engine, flow, &observation);
	observation.protocol = PROTOCOL_DNS;
	observation.is_udp = transport == IPPROTO_UDP;
	observation.lookup = question->type;
	observation.lookup_name = question->name;
	observation.is_ended = true;
	record.evidence = "query";
	record.state = observation.is_udp ? "new" : record.state;
	judge_and_alert(engine, NULL, &record, &observation, &reported);
}

static const char *how_far(const struct flow *flow)
{
	if (flow->bytes[0] + flow->bytes[1] > 0) {
		return "answered by nothing that names a protocol";
	}
	if (flow->state == FLOW_STATE_RESET) {
		return "refused";
	}
	return flow->state == FLOW_STATE_SYN ? "not answered" : "no payload";
}

void verdicts_attempt(struct engine *engine, struct flow *flow, const char *evidence)
{
	struct record record;
	struct observation observation;
	uint64_t reported = 0;
	fill_record(engine, flow, (uint16_t)engine->source, &record);
	fill_ends(engine, flow, &observation);
	observation.protocol = PROTOCOL_ATTEMPT;
	observation.how_far = how_far(flow);
	observation.is_ended = true;
	record.evidence = evidence;
	engine->attempts++;
	judge_and_alert(engine, NULL, &record, &observation, &reported);
	record.sequence = engine_next_sequence(engine);
	engine->outputs.mail(engine->outputs.context, &record);
}
