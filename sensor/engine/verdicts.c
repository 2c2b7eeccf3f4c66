#include "engine/verdicts.h"

#include "engine/alerts.h"
#include "engine/ether.h"
#include "engine/lookups.h"
#include "engine/passage.h"
#include "judge/cause.h"
#include "judge/wire.h"
#include "matrix/domains.h"

#include <netinet/in.h>
#include <string.h>

#define FLOW_ID_BITS 51

/*
 * Whatever is told of a flow has this number, and no other flow has: of its ends, its
 * network and its start. Two sensors that read one capture give the same, so the hash has
 * no secret. 51 bits, as a number of JavaScript holds them.
 */
static uint64_t flow_id_of(const struct flow *flow, uint8_t transport)
{
	static const struct hash_seed OPEN;
	const uint64_t network = (flow->way != 0) + way_is_foreign(flow->way);
	uint64_t words[6];
	memcpy(words, flow->address, sizeof(flow->address));
	words[4] = (uint64_t)flow->port[0] << 48 | (uint64_t)flow->port[1] << 32 |
		   network << 8 | transport;
	words[5] = flow->start_us;
	return hash_words(&OPEN, words, 6) >> (64 - FLOW_ID_BITS);
}

/* What other engines learnt before this moment belongs to it. */
static void await_others(const struct engine *engine)
{
	if (engine->outputs.judging) {
		engine->outputs.judging(engine->outputs.context, engine->now_us);
	}
}

static void fill_record(struct engine *engine, const struct flow *flow,
	uint8_t transport, uint16_t source, struct record *record)
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
		.flow_id = flow_id_of(flow, transport),
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
	ether_fill(engine, flow,
		transport == IPPROTO_TCP ? flow_area(engine->flows, flow) : NULL,
		record);
}

static const struct flow_ambiguity *ambiguity_of(
	const struct conversation *conversation)
{
	return conversation && conversation->ambiguity.doubt != FLOW_DOUBT_NONE
		       ? &conversation->ambiguity
		       : NULL;
}

static void fill_ends(
	struct engine *engine, const struct flow *flow, struct observation *observation)
{
	*observation = (struct observation){
		.client = flow->address[flow->client],
		.server = flow->address[!flow->client],
		.client_port = flow->port[flow->client],
		.server_port = flow->port[!flow->client],
		.confidence = (enum direction_confidence)flow->confidence,
		.asked = &engine->answers,
		.now_us = engine->now_us,
	};
}

/* By which way it came in; conversation: NULL where there is none. */
static void fill_way(const struct engine *engine, const struct flow *flow,
	const struct conversation *conversation, struct observation *observation)
{
	if (flow->way == 0) {
		return;
	}
	observation->way = conversation && conversation->way.depth > 0
				   ? conversation->way
				   : ways_recall(&engine->ways, flow->way);
	observation->way.tag = flow->way;
	if (observation->way.depth > 0 && !way_is_foreign(flow->way)) {
		const struct matrix_tunnel *declared = matrix_tunnel_of(
			engine->settings.matrix, &observation->way.tunnel);
		observation->zone_inside = declared ? declared->zone : NULL;
	}
}

/* A finding is told now, or may have the flow cut off. */
static bool is_news(const struct engine *engine, const struct observation *observation,
	uint64_t reported)
{
	const struct judgement *judgement = &engine->judgement;
	const uint64_t fresh = judgement->findings & ~reported;
	if (fresh == 0 || engine->settings.actions) {
		return fresh != 0;
	}
	const uint64_t told = fresh & ~judgement->accepted;
	return (told & ~cause_waiting(observation, told)) != 0;
}

/* Its texts are worth their cost only where somebody reads them. */
static void judge(
	struct engine *engine, const struct observation *observation, uint64_t reported)
{
	const struct matrix *matrix = engine->settings.matrix;
	struct judgement *judgement = &engine->judgement;
	const bool is_told =
		observation->is_ended && engine->settings.is_every_reason_wanted;
	if (!is_told) {
		judge_flow_briefly(matrix, observation, judgement);
	}
	if (is_told || is_news(engine, observation, reported)) {
		structure_recall_sender(
			engine->structure, observation, &engine->memory);
		judge_flow(matrix, observation, judgement);
	}
}

/* Give out the findings not in *reported yet, and not accepted. */
static void tell(struct engine *engine, struct flow *flow, struct record *record,
	uint64_t *reported)
{
	passage_decide(engine, flow, record);
	uint64_t fresh =
		engine->judgement.findings & ~engine->judgement.accepted & ~*reported;
	if (!record->is_blocked) { /* nothing more comes of one that is */
		fresh &= ~cause_waiting(record->observation, fresh);
	}
	alerts_give(engine, record, fresh);
	*reported |= fresh;
}

static void judge_and_tell(struct engine *engine, struct flow *flow,
	struct record *record, const struct observation *observation,
	uint64_t *reported)
{
	record->observation = observation;
	judge(engine, observation, *reported);
	tell(engine, flow, record, reported);
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

/* As many different senders, and sets of fields, as at the last look. */
static uint32_t signs_of(const struct facts *facts)
{
	return facts->sender_count + facts->headers.field_changes;
}

bool verdicts_has_message(
	const struct engine *engine, struct conversation *conversation)
{
	const struct matrix *matrix = engine->settings.matrix;
	const struct facts *facts = &conversation_dialogue(conversation)->facts;
	const bool is_of_relay = conversation->is_to_relay &&
				 conversation->learnt != facts->transaction_count;
	return is_of_relay ||
	       (conversation->signs != signs_of(facts) &&
		       (matrix_has_own_domains(matrix) || matrix_has_expected(matrix)));
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
	/* of the others of its ports anybody may make many */
	if (engine->judgement.to.group &&
		(engine->judgement.row ||
			protocol_of_port(lesson.port) != PROTOCOL_UNKNOWN)) {
		lesson.flags |= LEDGER_LESSON_DECLARED;
	}
	if (engine->judgement.from.group) {
		lesson.flags |= LEDGER_LESSON_KNOWN_CLIENT;
	}
	ledger_learn(engine->ledger, &lesson);
	if (engine->outputs.lesson) {
		engine->outputs.lesson(engine->outputs.context, &lesson);
	}
}

/* What a mail flow shows, and the record that may come of it. */
struct sight {
	struct observation on_wire;
	struct wire_reading reading;
	struct record record;
};

/* Its counts go by the roles as judged. */
static void record_turn(struct record *record)
{
	const uint32_t packets = record->packets[0];
	const uint64_t bytes = record->bytes[0];
	record->packets[0] = record->packets[1];
	record->bytes[0] = record->bytes[1];
	record->packets[1] = packets;
	record->bytes[1] = bytes;
	const struct record_ether ether = record->ether[0];
	record->ether[0] = record->ether[1];
	record->ether[1] = ether;
}

/* What is to be judged: ends, protocol, facts. */
static void observe(struct engine *engine, const struct flow *flow,
	struct conversation *conversation, bool is_ended, struct sight *sight)
{
	fill_ends(engine, flow, &sight->on_wire);
	fill_way(engine, flow, conversation, &sight->on_wire);
	sight->on_wire.facts = &conversation_dialogue(conversation)->facts;
	sight->on_wire.is_ended = is_ended;
	sight->on_wire.lists = engine->settings.lists;
	sight->on_wire.ambiguity = ambiguity_of(conversation);
	wire_read(engine->settings.matrix, &conversation->classification,
		&sight->on_wire, &engine->judgement, &sight->reading);
	sight->reading.observation.is_mail_by_name = conversation->is_mail_by_name;
	lookups_name_ends(engine, flow->start_us, &sight->reading.observation);
}

static void note_record(struct engine *engine, const struct flow *flow,
	const struct conversation *conversation, struct sight *sight)
{
	struct record *record = &sight->record;
	fill_record(engine, flow, IPPROTO_TCP, conversation->source, record);
	if (sight->on_wire.facts->is_turned) {
		record_turn(record);
	}
	record->observation = &sight->reading.observation;
	record->evidence = conversation->classification.evidence;
	record->second_opinion = conversation->opinion_name;
	if (sight->reading.is_proxied) {
		record->proxied_by = sight->reading.proxied_by;
		record->wire = &sight->on_wire;
	}
}

/* What other flows taught about its ends. */
static void recall(
	struct engine *engine, const struct flow *flow, struct wire_reading *reading)
{
	struct observation *observation = &reading->observation;
	engine->memory = (struct judge_memory){0};
	observation->memory = &engine->memory;
	if (way_is_foreign(flow->way)) {
		return;
	}
	if (reading->is_for_ledger && ledger_is_of_use(observation->facts)) {
		ledger_recall(
			engine->ledger, observation, flow->start_us, &engine->memory);
	}
	if (protocol_row(observation->protocol)->is_sending) {
		structure_recall(engine->structure, observation, &engine->memory);
	}
}

/* A packet that somebody made up is no such flow: it teaches nothing about its ends. */
static bool is_witness(const struct flow *flow)
{
	return flow->syns == 3 && flow->bytes[0] > 0 && flow->bytes[1] > 0;
}

/* What it teaches about them, for other flows. */
static void learn(struct engine *engine, const struct flow *flow,
	struct conversation *conversation, const struct wire_reading *reading)
{
	const struct observation *observation = &reading->observation;
	if (way_is_foreign(flow->way) || !is_witness(flow)) {
		return; /* a claim teaches nothing */
	}
	if (reading->is_server_known &&
		protocol_row(observation->protocol)->is_sending) {
		structure_note(engine, conversation, observation);
	}
	if (observation->is_ended && reading->is_for_ledger) {
		ledger_note(engine, observation, flow->start_us);
	}
}

static void count_hits(struct engine *engine)
{
	const struct listed *listed = &engine->judgement.listed;
	for (unsigned i = 0; engine->settings.lists && i < LISTED_ENDS; i++) {
		lists_count_hit(engine->settings.lists, &listed->ends[i]);
	}
}

static void give_mail(struct engine *engine, struct record *record)
{
	engine->mail_flows++;
	engine->accepted += (uint64_t)__builtin_popcountll(record->judgement->accepted);
	record->sequence = engine_next_sequence(engine);
	engine->outputs.mail(engine->outputs.context, record);
}

/* What was told of one end accuses not the other one, who sends now. */
static void tell_of_both(struct conversation *conversation, const struct facts *facts)
{
	if (conversation->is_turned != facts->is_turned &&
		conversation->reported != UINT64_MAX) {
		conversation->reported = 0;
	}
	conversation->is_turned = facts->is_turned;
}

/* A guess was told, and then one was right. */
static void retell_login(struct conversation *conversation)
{
	const struct facts *facts = &conversation_dialogue(conversation)->facts;
	if (facts->auth_secret != 0 && facts->auth_accepted == FACTS_YES &&
		!conversation->is_login_told) {
		conversation->is_login_told = true;
		conversation->reported &= ~FINDING_BIT(FINDING_TLS_CREDENTIALS_CLEAR);
	}
}

void verdicts_mail(struct engine *engine, struct flow *flow,
	struct conversation *conversation, bool is_ended)
{
	struct sight sight;
	await_others(engine);
	conversation->turn = engine->turn;
	conversation->signs = signs_of(&conversation_dialogue(conversation)->facts);
	retell_login(conversation);
	if (is_ended && passage_is_blocked(flow)) {
		/* We cut it short: what it did not do is nobody's fault. */
		conversation->reported = UINT64_MAX;
	}
	observe(engine, flow, conversation, is_ended, &sight);
	tell_of_both(conversation, sight.on_wire.facts);
	recall(engine, flow, &sight.reading);
	judge(engine, &sight.reading.observation, conversation->reported);
	if (is_ended || engine->settings.actions ||
		is_news(engine, &sight.reading.observation, conversation->reported)) {
		note_record(engine, flow, conversation, &sight);
		tell(engine, flow, &sight.record, &conversation->reported);
	}
	learn(engine, flow, conversation, &sight.reading);
	if (is_ended) {
		count_hits(engine);
		give_mail(engine, &sight.record);
	}
}

void verdicts_foreign(
	struct engine *engine, struct flow *flow, struct conversation *conversation)
{
	struct record record;
	struct observation observation;
	await_others(engine);
	fill_record(engine, flow, IPPROTO_TCP, conversation->source, &record);
	fill_ends(engine, flow, &observation);
	fill_way(engine, flow, conversation, &observation);
	observation.protocol = conversation->classification.protocol;
	lookups_name_ends(engine, flow->start_us, &observation);
	observation.foreign_name = conversation->opinion_name;
	observation.ambiguity = ambiguity_of(conversation);
	observation.is_ended = true;
	record.evidence = conversation->classification.evidence;
	record.second_opinion = conversation->opinion_name;
	judge_and_tell(engine, flow, &record, &observation, &conversation->reported);
}

void verdicts_lookup(struct engine *engine, const struct flow *flow, uint8_t transport,
	const struct dns_question *question)
{
	struct record record;
	struct observation observation;
	uint64_t reported = 0;
	await_others(engine);
	fill_record(engine, flow, transport, (uint16_t)engine->source, &record);
	fill_ends(engine, flow, &observation);
	fill_way(engine, flow, NULL, &observation);
	observation.protocol = PROTOCOL_DNS;
	observation.transport = transport;
	observation.lookup = question->type;
	observation.lookup_name = question->name;
	observation.is_lookup_iterative = question->is_iterative;
	observation.is_ended = true;
	record.evidence = "query";
	record.state = transport == IPPROTO_UDP ? "new" : record.state;
	judge_and_tell(engine, NULL, &record, &observation, &reported);
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
	await_others(engine);
	fill_record(engine, flow, IPPROTO_TCP, (uint16_t)engine->source, &record);
	fill_ends(engine, flow, &observation);
	fill_way(engine, flow, NULL, &observation);
	lookups_name_ends(engine, flow->start_us, &observation);
	observation.protocol = PROTOCOL_ATTEMPT;
	observation.how_far = how_far(flow);
	observation.ambiguity = ambiguity_of(flow_area(engine->flows, flow));
	observation.is_ended = true;
	record.evidence = evidence;
	record.is_blocked = engine->is_refusing;
	engine->attempts++;
	judge_and_tell(engine, NULL, &record, &observation, &reported);
	record.sequence = engine_next_sequence(engine);
	engine->outputs.mail(engine->outputs.context, &record);
}
