#include "engine/verdicts.h"

#include "engine/passage.h"
#include "judge/wire.h"

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

static const struct flow_ambiguity *ambiguity_of(
	const struct conversation *conversation)
{
	return conversation && conversation->ambiguity.doubt != FLOW_DOUBT_NONE
		       ? &conversation->ambiguity
		       : NULL;
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
	if (is_told || (judgement->findings & ~reported) != 0) {
		structure_recall_sender(
			engine->structure, observation, &engine->memory);
		judge_flow(matrix, observation, judgement);
	}
}

/* Give out the findings not in *reported yet. */
static void tell(struct engine *engine, struct flow *flow, struct record *record,
	uint64_t *reported)
{
	passage_decide(engine, flow, record);
	const uint64_t fresh = engine->judgement.findings & ~*reported;
	for (int finding = 0; finding < FINDING_FLOW_COUNT; finding++) {
		if (fresh & FINDING_BIT(finding)) {
			give_alert(engine, record, (enum finding)finding);
		}
	}
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

bool verdicts_has_message(struct conversation *conversation)
{
	const struct facts *facts = &conversation_dialogue(conversation)->facts;
	return conversation->is_to_relay &&
	       conversation->learnt != facts->transaction_count;
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
	if (engine->judgement.to.group) {
		lesson.flags |= LEDGER_LESSON_DECLARED;
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

/* What is to be judged: ends, protocol, facts. */
static void observe(struct engine *engine, const struct flow *flow,
	struct conversation *conversation, bool is_ended, struct sight *sight)
{
	struct record *record = &sight->record;
	fill_record(engine, flow, conversation->source, record);
	fill_ends(engine, flow, &sight->on_wire);
	sight->on_wire.facts = &conversation_dialogue(conversation)->facts;
	sight->on_wire.is_ended = is_ended;
	sight->on_wire.ambiguity = ambiguity_of(conversation);
	wire_read(engine->settings.matrix, &conversation->classification,
		&sight->on_wire, &engine->judgement, &sight->reading);
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
	if (reading->is_for_ledger && ledger_is_of_use(observation->facts)) {
		ledger_recall(
			engine->ledger, observation, flow->start_us, &engine->memory);
	}
	if (protocol_row(observation->protocol)->is_sending) {
		structure_recall(engine->structure, observation, &engine->memory);
	}
	observation->memory = &engine->memory;
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
	if (!is_witness(flow)) {
		return;
	}
	if (reading->is_server_known &&
		protocol_row(observation->protocol)->is_sending) {
		structure_note(engine, conversation, observation);
	}
	if (observation->is_ended && reading->is_for_ledger) {
		ledger_note(engine, observation, flow->start_us);
	}
}

static void give_mail(struct engine *engine, struct record *record)
{
	engine->mail_flows++;
	record->sequence = engine_next_sequence(engine);
	engine->outputs.mail(engine->outputs.context, record);
}

void verdicts_mail(struct engine *engine, struct flow *flow,
	struct conversation *conversation, bool is_ended)
{
	struct sight sight;
	if (is_ended && flow->action != ACTION_ACCEPT) {
		/* We cut it short: what it did not do is nobody's fault. */
		conversation->reported = UINT64_MAX;
	}
	observe(engine, flow, conversation, is_ended, &sight);
	recall(engine, flow, &sight.reading);
	judge(engine, &sight.reading.observation, conversation->reported);
	tell(engine, flow, &sight.record, &conversation->reported);
	learn(engine, flow, conversation, &sight.reading);
	if (is_ended) {
		give_mail(engine, &sight.record);
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
	fill_record(engine, flow, (uint16_t)engine->source, &record);
	fill_ends(engine, flow, &observation);
	observation.protocol = PROTOCOL_DNS;
	observation.is_udp = transport == IPPROTO_UDP;
	observation.lookup = question->type;
	observation.lookup_name = question->name;
	observation.is_ended = true;
	record.evidence = "query";
	record.state = observation.is_udp ? "new" : record.state;
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
	fill_record(engine, flow, (uint16_t)engine->source, &record);
	fill_ends(engine, flow, &observation);
	observation.protocol = PROTOCOL_ATTEMPT;
	observation.how_far = how_far(flow);
	observation.ambiguity = ambiguity_of(flow_area(engine->flows, flow));
	observation.is_ended = true;
	record.evidence = evidence;
	engine->attempts++;
	judge_and_tell(engine, NULL, &record, &observation, &reported);
	record.sequence = engine_next_sequence(engine);
	engine->outputs.mail(engine->outputs.context, &record);
}
