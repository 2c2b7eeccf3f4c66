#include "engine/engine.h"

#include "analyze/clear.h"
#include "analyze/smtp.h"
#include "base/cold.h"
#include "engine/alerts.h"
#include "engine/conversation.h"
#include "engine/early.h"
#include "engine/lookups.h"
#include "engine/passage.h"
#include "engine/shunting.h"
#include "engine/verdicts.h"

#include <netinet/in.h>
#include <stdlib.h>

/*
 * What all flows share: 36 MiB when full, so that the whole keeps below 64, the program, its
 * libraries and what is remembered of servers among it (bench/memory holds it to that).
 */
#define SHARED_BYTES       (UINT64_C(64) << 20)
#define FRAGMENT_DATAGRAMS 128  /* 73 KiB each */
#define SEGMENTS           4096 /* out of order, 2.3 KiB each */
#define HANDSHAKES         512  /* TLS messages put together at once, 32 KiB each */
#define STRUCTURE_HOSTS    4096

static struct flow_settings table_of(uint32_t flows, uint32_t watched)
{
	return (struct flow_settings){.flows = flows,
		.watched = watched,
		.segments = SEGMENTS,
		.area_bytes = sizeof(struct conversation)};
}

uint64_t engine_bytes(uint32_t flows, uint32_t watched)
{
	struct flow_settings table = table_of(flows, watched);
	table.segments = 0; /* among what is shared */
	return flow_table_bytes(&table) + SHARED_BYTES;
}

static bool start_parts(struct engine *engine, struct reason *why)
{
	const struct engine_settings *settings = &engine->settings;
	const struct decode_settings decode = {
		.is_verifying_checksums = settings->is_verifying_checksums,
		.fragment_datagrams = FRAGMENT_DATAGRAMS};
	struct flow_settings flows = table_of(settings->flows, settings->watched);
	flows.is_gate = engine->outputs.passage != NULL;
	flows.seed = settings->seed;
	const struct flow_handler handler = {.context = engine,
		.opened = conversation_opened,
		.bytes = conversation_bytes,
		.gap = conversation_gap,
		.ambiguous = conversation_ambiguous,
		.counted = shunting_count,
		.ended = conversation_ended};
	engine->decoder = decoder_new(&decode, settings->seed, why);
	if (!engine->decoder || !tls_context_init(&engine->tls, HANDSHAKES, why)) {
		return false;
	}
	endpoint_map_init(&engine->endpoints, settings->seed);
	early_note_ports(engine);
	engine->asking =
		(struct quota){.each = OPINIONS_A_SECOND, .all = OPINIONS_A_SECOND};
	engine->flows = flow_table_new(&flows, &handler, why);
	engine->fold = alerts_fold_new(settings, why);
	engine->ledger = ledger_new(ENGINE_LEDGER_SERVERS, settings->seed, why);
	engine->structure = structure_new(STRUCTURE_HOSTS, settings->seed, why);
	engine->names = names_new(settings->seed, why);
	if (!engine->flows || !engine->fold || !engine->ledger || !engine->structure ||
		!engine->names) {
		return false;
	}
	structure_listen(
		engine->structure, engine->outputs.moved, engine->outputs.context);
	if (settings->is_second_opinion_wanted) {
		engine->opinion = second_opinion_new(why);
		return engine->opinion != NULL;
	}
	return true;
}

struct engine *engine_new(const struct engine_settings *settings,
	const struct engine_outputs *outputs, struct reason *why)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	if (!engine) {
		(void)reason_set(why, "no memory for the engine");
		return NULL;
	}
	engine->settings = *settings;
	engine->outputs = *outputs;
	engine->ways.seed = settings->seed;
	engine->timeline.is_live = settings->is_live;
	if (!start_parts(engine, why)) {
		engine_free(engine);
		return NULL;
	}
	return engine;
}

void engine_free(struct engine *engine)
{
	if (!engine) {
		return;
	}
	flow_table_free(engine->flows);
	fold_free(engine->fold);
	ledger_free(engine->ledger);
	structure_free(engine->structure);
	names_free(engine->names);
	if (engine->opinion) {
		second_opinion_free(engine->opinion);
	}
	tls_context_destroy(&engine->tls);
	decoder_free(engine->decoder);
	free(engine);
}

/* What a receiver may read and we cannot. One that is cut short by the source is not its fault. */
static void tell_undecoded(
	struct engine *engine, enum decode_result result, size_t frame)
{
	if (engine->outputs.passage &&
		(result == DECODE_TOO_DEEP || result == DECODE_MALFORMED)) {
		const struct engine_passage passage = {
			.frame = frame, .standing = ENGINE_STANDING_UNDECODED};
		passage_tell_unseen(engine, &passage);
	}
}

/* False: nothing to follow. waiting->frame is set already. */
static bool take_frame(
	struct engine *engine, const struct frame *frame, struct waiting *waiting)
{
	waiting->now_us = timeline_take(&engine->timeline, frame->time_us);
	const enum decode_result result =
		decoder_frame(engine->decoder, frame, &waiting->packet);
	if (result != DECODE_OK) {
		tell_undecoded(engine, result, waiting->frame);
		return false;
	}
	waiting->source = frame->source;
	waiting->is_ended = frame->is_ended;
	waiting->is_returned = frame->is_returned;
	engine->packets++;
	if (waiting->packet.tunnel_depth > 0) {
		waiting->way = ways_note(
			&engine->ways, engine->settings.matrix, &waiting->packet);
		if (way_is_foreign(waiting->way.tag)) {
			engine->packets_in_tunnels++;
			engine->last_foreign = waiting->way;
		}
	}
	if (waiting->packet.transport != IPPROTO_TCP) {
		engine->packets_udp++;
		return waiting->packet.dst_port == DNS_PORT ||
		       waiting->packet.src_port == DNS_PORT;
	}
	waiting->key = flow_table_expect(engine->flows, &waiting->packet);
	return true;
}

/* Of a connection that we ended: what is known of it answers, else it is not looked at. */
static __attribute__((noinline)) bool is_ended(
	struct engine *engine, const struct waiting *at)
{
	const struct flow *flow = flow_table_look(engine->flows, &at->packet, at->key);
	if (flow && passage_is_blocked(flow) && !(at->packet.tcp_flags & TCP_SYN)) {
		return false;
	}
	const struct engine_passage passage = {.frame = at->frame,
		.packet = &at->packet,
		.standing = ENGINE_STANDING_ENDED};
	passage_tell_unseen(engine, &passage);
	return true;
}

/* True: it came too early, and is as if it had never come. */
static __attribute__((noinline)) bool is_early(
	struct engine *engine, const struct waiting *at)
{
	const struct flow *flow = early_flow(engine, &at->packet, at->key);
	if (flow) {
		const struct engine_passage passage = {.frame = at->frame,
			.packet = &at->packet,
			.flow = flow,
			.standing = ENGINE_STANDING_EARLY,
			.is_from_client = true};
		passage_tell_unseen(engine, &passage);
	}
	return flow != NULL;
}

/*
 * In the name of one end, and sent by a neighbour of the other one: it goes back to where it
 * came from, and that end's packets did not. True: it is as if it had never come.
 */
static COLD bool is_in_anothers_name(struct engine *engine, const struct waiting *at)
{
	const unsigned side = at->key.side;
	const struct flow *flow = flow_table_look(engine->flows, &at->packet, at->key);
	if (!flow || at->packet.way != 0 || !engine_is_enforcing(engine) ||
		flow->packets[side] == 0 || flow->returned & 1U << side) {
		return false;
	}
	const struct engine_passage passage = {.frame = at->frame,
		.packet = &at->packet,
		.flow = flow,
		.standing = ENGINE_STANDING_ODD,
		.is_from_client = side == flow->client};
	passage_tell_unseen(engine, &passage);
	return true;
}

static void note_return(struct flow *flow, const struct waiting *at)
{
	const unsigned bit = 1U << at->key.side;
	if (!at->is_returned) {
		flow->returned &= (uint8_t)~bit & 3U;
	} else if (flow->packets[at->key.side] == 1) {
		flow->returned |= (uint8_t)bit & 3U;
	}
}

/* Where packets wait for our word. True: this one is not looked at. */
static bool is_passed_over(struct engine *engine, const struct waiting *at)
{
	if (at->is_ended) {
		return is_ended(engine, at);
	}
	return (at->is_returned && is_in_anothers_name(engine, at)) ||
	       is_early(engine, at);
}

/* What most packets of a dialogue ask for, behind what the flow's table has fetched. */
static void approach_dialogue(const struct conversation *conversation)
{
	enum { STATE = offsetof(struct conversation, dialogue.state) };
	static const uint16_t AT[] = {offsetof(struct conversation, dialogue),
		offsetof(struct conversation, dialogue.facts) - CACHE_LINE_BYTES,
		offsetof(struct conversation, dialogue.facts),
		offsetof(struct conversation, dialogue.facts.mail_from_domain),
		offsetof(struct conversation, dialogue.facts.session),
		offsetof(struct conversation, dialogue.facts.headers), STATE,
		STATE + CACHE_LINE_BYTES, STATE + offsetof(struct clear, lines[1]),
		STATE + offsetof(struct clear, lines[1]) + CACHE_LINE_BYTES,
		STATE + offsetof(struct clear, starttls),
		STATE + offsetof(struct smtp, expect)};
	for (size_t i = 0; i < sizeof(AT) / sizeof(AT[0]); i++) {
		__builtin_prefetch((const uint8_t *)conversation + AT[i], 1);
	}
}

static void follow_packets(
	struct engine *engine, const struct waiting *waiting, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		flow_table_approach(engine->flows, waiting[i].key);
	}
	const struct conversation *areas[ENGINE_FRAMES_AT_ONCE];
	for (size_t i = 0; i < count; i++) {
		areas[i] = flow_table_approach_stream(engine->flows, waiting[i].key);
	}
	for (size_t i = 0; i < count; i++) {
		if (areas[i] && conversation_has_dialogue(areas[i])) {
			approach_dialogue(areas[i]);
		}
	}
	for (const struct waiting *at = waiting; at < waiting + count; at++) {
		engine->source = at->source;
		engine->now_us = at->now_us;
		engine->at_hand = at;
		if (at->packet.way != 0) {
			engine->way = at->way;
		}
		if (engine->outputs.passage && is_passed_over(engine, at)) {
			continue;
		}
		struct flow *flow = flow_table_keyed_packet(
			engine->flows, &at->packet, at->key, at->now_us);
		if (flow->is_packet_wanted) {
			conversation_packet(engine, flow, &at->packet);
		}
		if (engine->shunt) {
			shunting_packet(engine, flow, &at->packet, at->key.side);
		}
		if (engine->outputs.passage) {
			note_return(flow, at);
			passage_tell(
				engine, flow, &at->packet, at->key.side, at->frame);
		}
	}
	engine->at_hand = NULL;
	engine->now_us = engine->timeline.now_us;
}

/*
 * The last of them is one. A query takes its turn behind those that wait. Apart from the way
 * of the others, which has no use for the room it takes.
 */
static __attribute__((noinline)) void take_datagram(
	struct engine *engine, struct waiting *waiting, size_t *waiting_count)
{
	const struct waiting *at = &waiting[*waiting_count];
	struct dns_question question;
	lookups_note(engine, &at->packet, at->now_us);
	if (lookups_wanted(&at->packet, &question)) {
		follow_packets(engine, waiting, *waiting_count);
		*waiting_count = 0;
		engine->source = at->source;
		engine->now_us = at->now_us;
		engine->at_hand = at;
		lookups_packet(engine, &at->packet, &question);
		engine->at_hand = NULL;
		engine->now_us = engine->timeline.now_us;
	}
}

void engine_frames(struct engine *engine, const struct frame *frames, size_t count)
{
	struct waiting waiting[ENGINE_FRAMES_AT_ONCE];
	engine->given = frames;
	size_t waiting_count = 0;
	uint64_t bytes = 0;
	for (size_t i = 0; i < count; i++) {
		bytes += frames[i].wire_len;
		waiting[waiting_count].frame = i;
		if (!take_frame(engine, &frames[i], &waiting[waiting_count])) {
			continue;
		}
		if (waiting[waiting_count].packet.transport != IPPROTO_TCP) {
			take_datagram(engine, waiting, &waiting_count);
			continue;
		}
		waiting_count++;
		if (waiting_count == ENGINE_FRAMES_AT_ONCE ||
			waiting[waiting_count - 1].packet.is_reassembled) {
			follow_packets(engine, waiting, waiting_count);
			waiting_count = 0;
		}
	}
	follow_packets(engine, waiting, waiting_count);
	engine->frames += count;
	engine->frame_bytes += bytes;
	alerts_look(engine);
}

void engine_idle(struct engine *engine, uint64_t now_us)
{
	if (now_us > engine->now_us) {
		engine->now_us = now_us;
	}
	flow_table_idle(engine->flows, engine->now_us);
	alerts_look(engine);
}

void engine_set_matrix(struct engine *engine, const struct matrix *matrix)
{
	/* its keys, the last judgement and nothing else point into the old one */
	alerts_drain(engine);
	fold_clear(engine->fold);
	engine->judgement = (struct judgement){0};
	engine->settings.matrix = matrix;
	asked_clear(&engine->answers);
	engine->turn++;
	early_note_ports(engine);
	engine_ledger_loaded(engine);
}

void engine_set_lists(struct engine *engine, struct lists *lists)
{
	if (lists != engine->settings.lists) {
		engine->settings.lists = lists;
		engine->turn++;
	}
}

uint32_t engine_flows(const struct engine *engine)
{
	return flow_table_used(engine->flows);
}

uint64_t engine_taken_us(const struct engine *engine)
{
	return engine->timeline.now_us;
}

void engine_drain(struct engine *engine)
{
	flow_table_drain(engine->flows);
	if (engine->outputs.judging) {
		engine->outputs.judging(engine->outputs.context, UINT64_MAX);
	}
	alerts_drain(engine);
}

uint64_t engine_frame_bytes(const struct engine *engine)
{
	return engine->frame_bytes;
}

struct structure *engine_structure(struct engine *engine)
{
	return engine->structure;
}

void engine_hear_folded(struct engine *engine, const struct fold_lesson *lesson)
{
	alerts_hear(engine, lesson);
}

uint64_t engine_next_sequence(struct engine *engine)
{
	return ++engine->sequence;
}

struct names *engine_names(struct engine *engine)
{
	return engine->names;
}

struct ledger *engine_ledger(struct engine *engine)
{
	return engine->ledger;
}

/* At a port of mail: of the others anybody may make many, until a row has allowed one. */
static bool is_declared(void *context, const struct address *server, uint16_t port)
{
	const struct matrix *matrix = (const struct matrix *)context;
	return protocol_of_port(port) != PROTOCOL_UNKNOWN &&
	       matrix_locate(matrix, server).group != NULL;
}

void engine_ledger_loaded(struct engine *engine)
{
	ledger_declare(engine->ledger, is_declared, (void *)engine->settings.matrix);
}

uint64_t engine_now_us(const struct engine *engine)
{
	return engine->now_us;
}

bool engine_is_all_in_tunnels(const struct engine *engine, struct way *way)
{
	*way = engine->last_foreign;
	return engine->packets > 0 &&
	       engine->packets_in_tunnels >= engine->packets - engine->packets / 10;
}

struct engine_sums engine_sums(const struct engine *engine)
{
	const uint64_t *sums = flow_table_counters(engine->flows)->sums;
	return (struct engine_sums){.right = sums[CHECKSUM_RIGHT],
		.wrong = sums[CHECKSUM_WRONG],
		.offloaded = sums[CHECKSUM_OFFLOADED]};
}

struct engine_decoys engine_decoys(const struct engine *engine)
{
	const struct flow_counters *counters = flow_table_counters(engine->flows);
	return (struct engine_decoys){.set_aside = counters->set_aside,
		.not_taken = counters->not_taken,
		.ambiguous = counters->ambiguous};
}

uint64_t engine_alert_count(const struct engine *engine)
{
	return engine->alerts;
}
