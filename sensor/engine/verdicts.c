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

/* What its ends are called; an address of a group needs no name. */
static void fill_names(
	const struct engine *engine, uint64_t start_us, struct observation *observation)
{
	const struct matrix *matrix = engine->settings.matrix;
	const struct address *hosts[] = {&observation->client, &observation->server};
	for (unsigned i = 0; i < 2; i++) {
		observation->names[i].count = 0;
		const struct matrix_end end = observation->ends
						      ? observation->ends[i]
						      : matrix_locate(matrix, hosts[i]);
		if (!end.group) {
			const struct names_wanted wanted = {*hosts[i], *hosts[!i],
				observation->way.tag, start_us, engine->now_us};
			names_of_host(engine->names, &wanted, &observation->names[i]);
		}
	}
}

/* Of a claim the outer ends are told: anybody may have written those inside. */
static bool is_told_of_outer(const struct observation *observation)
{
	return way_is_foreign(observation->way.tag) && observation->way.depth > 0;
}

void verdicts_update(
	void *context, const struct fold_key *key, const struct fold_count *count)
{
	struct engine *engine = (struct engine *)context;
	const struct fold_sample *sample = &key->sample;
	struct observation observation = {.protocol = sample->protocol,
		.client = key->source,
		.server = key->destination,
		.client_port = sample->client_port,
		.server_port = sample->server_port,
		.transport = sample->transport,
		.way = sample->way,
		.is_ended = true,
		.now_us = count->last_us};
	if (is_told_of_outer(&observation)) { /* not all went to the one folded last */
		judge_outer(&sample->way, &observation);
	} else {
		fill_names(engine, count->first_us, &observation);
	}
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

/* One sender's tunnels are one finding, whatever they claim and wherever they lead. */
static void fold_by_outer_sender(struct fold_key *key)
{
	key->destination = (struct address){0};
	key->from = key->to = key->row = NULL;
	key->way = WAY_FOREIGN;
}

/* How bad it is: by severity, and of credentials whether they let somebody in. */
static uint8_t grade_of(const struct record *record, enum finding finding)
{
	const struct facts *facts = record->observation->facts;
	const bool is_login = finding == FINDING_TLS_CREDENTIALS_CLEAR &&
			      facts != NULL && facts->auth_accepted == FACTS_YES;
	const unsigned severity = record->judgement->severity[finding];
	return (uint8_t)((SEVERITY_LOW - severity) * 2 + is_login);
}

static void fold_key_of(
	const struct record *record, enum finding finding, struct fold_key *key)
{
	const struct judgement *judgement = record->judgement;
	const struct observation *observation = record->observation;
	*key = (struct fold_key){
		.source = observation->client,
		.destination = observation->server,
		.from = judgement->from.group ? (const void *)judgement->from.group
					      : (const void *)judgement->from.zone,
		.to = judgement->to.group ? (const void *)judgement->to.group
					  : (const void *)judgement->to.zone,
		.row = judgement->row ? judgement->row : judgement->nearest,
		.finding = finding,
		.way = observation->way.tag,
		.grade = grade_of(record, finding),
		.sample = {.from = judgement->from,
			.to = judgement->to,
			.row = judgement->row,
			.nearest = judgement->nearest,
			.protocol = observation->protocol,
			.verdict = judgement->verdict,
			.severity = (enum severity)judgement->severity[finding],
			.client_port = observation->client_port,
			.server_port = observation->server_port,
			.transport = observation->transport,
			.way = observation->way,
			.is_blocked = record->is_blocked,
			.is_audited = record->is_audited},
	};
	if (is_told_of_outer(observation)) {
		fold_by_outer_sender(key);
	}
}

static void give_alert(
	struct engine *engine, struct record *record, enum finding finding)
{
	struct fold_key key;
	struct fold_count count;
	fold_key_of(record, finding, &key);
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

/* Of what is claimed inside a tunnel its outer ends are told, and nobody inside. */
static void give_alert_of_outer(
	struct engine *engine, const struct record *record, enum finding finding)
{
	const struct matrix *matrix = engine->settings.matrix;
	struct record told = *record;
	struct observation outer = *record->observation;
	struct judgement judgement = {.findings = FINDING_BIT(finding)};
	judge_outer(&outer.way, &outer);
	judgement.from = matrix_locate(matrix, &outer.client);
	judgement.to = matrix_locate(matrix, &outer.server);
	judgement.severity[finding] = engine->judgement.severity[finding];
	memcpy(judgement.detail[finding], engine->judgement.detail[finding],
		sizeof(judgement.detail[finding]));
	(void)snprintf(judgement.reason, sizeof(judgement.reason),
		"the matrix declares no such tunnel: what is inside is a claim");
	told.observation = &outer;
	told.wire = NULL;
	told.proxied_by = NULL;
	told.judgement = &judgement;
	give_alert(engine, &told, finding);
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
		if (!(fresh & FINDING_BIT(finding))) {
			continue;
		}
		if (is_told_of_outer(record->observation)) {
			give_alert_of_outer(engine, record, (enum finding)finding);
		} else {
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
}

/* What is to be judged: ends, protocol, facts. */
static void observe(struct engine *engine, const struct flow *flow,
	struct conversation *conversation, bool is_ended, struct sight *sight)
{
	struct record *record = &sight->record;
	fill_record(engine, flow, conversation->source, record);
	fill_ends(engine, flow, &sight->on_wire);
	fill_way(engine, flow, conversation, &sight->on_wire);
	sight->on_wire.facts = &conversation_dialogue(conversation)->facts;
	sight->on_wire.is_ended = is_ended;
	sight->on_wire.ambiguity = ambiguity_of(conversation);
	wire_read(engine->settings.matrix, &conversation->classification,
		&sight->on_wire, &engine->judgement, &sight->reading);
	sight->reading.observation.is_mail_by_name = conversation->is_mail_by_name;
	fill_names(engine, flow->start_us, &sight->reading.observation);
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

static void give_mail(struct engine *engine, struct record *record)
{
	engine->mail_flows++;
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
	conversation->turn = engine->turn;
	retell_login(conversation);
	if (is_ended && passage_is_blocked(flow)) {
		/* We cut it short: what it did not do is nobody's fault. */
		conversation->reported = UINT64_MAX;
	}
	observe(engine, flow, conversation, is_ended, &sight);
	tell_of_both(conversation, sight.on_wire.facts);
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
	fill_way(engine, flow, conversation, &observation);
	observation.protocol = conversation->classification.protocol;
	fill_names(engine, flow->start_us, &observation);
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
	fill_record(engine, flow, (uint16_t)engine->source, &record);
	fill_ends(engine, flow, &observation);
	fill_way(engine, flow, NULL, &observation);
	fill_names(engine, flow->start_us, &observation);
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
