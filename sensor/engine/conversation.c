#include "engine/conversation.h"

#include "analyze/http.h"
#include "base/cold.h"
#include "classify/proxy.h"
#include "engine/early.h"
#include "engine/ether.h"
#include "engine/lookups.h"
#include "engine/mail_port.h"
#include "engine/naming.h"
#include "engine/opaque.h"
#include "engine/opinion.h"
#include "engine/passage.h"
#include "engine/rest.h"
#include "engine/rpc_naming.h"
#include "engine/shunting.h"
#include "engine/verdicts.h"
#include "engine/web.h"
#include "judge/ends.h"
#include "judge/wire.h"

#include <string.h>

/* A hello not read by then was never captured: what is known must do. */
#define TLS_RECORDS_WITHOUT_HELLO 6

/* How often a flow may turn out to be, or to carry, something else. */
#define RESTARTS_MAX 4

/* Behind a proxy that opened the way: the port that was asked for. */
static uint16_t asked_port(const struct flow *flow, const struct classification *result)
{
	const bool has_target = result->proxy == CLASSIFY_PROXY_CONNECT ||
				result->proxy == CLASSIFY_PROXY_SOCKS;
	return has_target ? result->target_port : flow_server_port(flow);
}

/* The one place where a conversation goes before its flow ends. */
static enum conversation_phase give_up(struct watch *watch)
{
	opinion_close(watch);
	if (!watch->flow->is_reported) {
		passage_note_done(watch->flow);
	}
	flow_release(watch->engine->flows, watch->flow);
	watch->conversation = NULL;
	return CONVERSATION_GONE;
}

/* Not mail: on a mail port it is worth a name, elsewhere nothing. */
static enum conversation_phase become_foreign(
	struct watch *watch, enum protocol protocol)
{
	struct engine *engine = watch->engine;
	struct flow *flow = watch->flow;
	struct conversation *conversation = watch->conversation;
	if (conversation->phase == CONVERSATION_DIALOGUE) {
		opaque_note_dialogue(watch);
		dialogue_end(conversation_dialogue(conversation), &engine->tls);
	} else {
		opaque_note_unnamed(watch);
	}
	conversation->phase = CONVERSATION_FOREIGN;
	protocol = mail_port_name(conversation, protocol);
	conversation->classification.protocol = protocol;
	if (!mail_port_has(flow) ||
		(protocol == PROTOCOL_UNKNOWN && mail_port_is_look(watch))) {
		return give_up(watch);
	}
	if (protocol == PROTOCOL_UNKNOWN) { /* too little to say that it is not mail */
		verdicts_attempt(engine, flow, conversation->classification.evidence);
		return give_up(watch);
	}
	opinion_open(watch);
	flow_mute(engine->flows, flow);
	if (conversation->opinion) {
		return CONVERSATION_FOREIGN;
	}
	verdicts_foreign(engine, flow, conversation);
	return give_up(watch);
}

bool conversation_opened(void *context, struct flow *flow, uint64_t now_us)
{
	struct engine *engine = (struct engine *)context;
	struct conversation *conversation = watch_begin(engine, flow).conversation;
	(void)now_us;
	/* the dialogue clears its part when it begins, the prefix is filled as bytes come */
	memset(conversation, 0, offsetof(struct conversation, prefix));
	prefix_begin(&conversation->prefix);
	if (flow->bytes[0] + flow->bytes[1] > 0) {
		rest_end(conversation, flow);
	}
	conversation->source = (uint16_t)engine->source;
	conversation->holder = flow_holder(engine->flows, flow);
	if (flow->way != 0) {
		conversation->way = engine->way;
	}
	return true;
}

/* TLS from the first byte: mail or not, once the hello told. */
static enum conversation_phase name_tls(struct watch *watch, bool is_ended)
{
	const struct flow *flow = watch->flow;
	struct conversation *conversation = watch->conversation;
	struct dialogue *dialogue = conversation_dialogue(conversation);
	struct facts *facts = &dialogue->facts;
	const bool is_blind =
		!facts->session.has_client_hello && !facts->session.has_server_hello;
	/* pieces of a hello are no such record, however small */
	const uint32_t records = dialogue->tls.quiet[0] + dialogue->tls.quiet[1];
	if (is_blind && records < TLS_RECORDS_WITHOUT_HELLO && !is_ended) {
		return conversation->phase;
	}
	const struct matrix_end client = matrix_locate(
		watch->engine->settings.matrix, &flow->address[flow->client]);
	const struct naming_case naming_case = {.facts = facts,
		.server = &flow->address[!flow->client],
		.server_port = asked_port(flow, &conversation->classification),
		.is_from_internet = judge_is_internet(&client),
		.is_ended = is_ended || is_blind,
		.is_start_seen = !flow->is_midstream && !conversation->is_start_lost,
		.is_server_known = flow->confidence != DIRECTION_CONFIDENCE_PORT,
		.is_server_captured = flow->packets[!flow->client] > 0};
	const struct naming naming =
		naming_of_tls(&naming_case, watch->engine->settings.matrix);
	if (!naming.is_decided) {
		return conversation->phase;
	}
	if (naming.protocol == PROTOCOL_TLS) {
		return become_foreign(watch, PROTOCOL_TLS);
	}
	if (!protocol_row(naming.protocol)->is_implicit_tls &&
		!naming_case.is_start_seen) { /* how it began is lost */
		facts->tls = FACTS_TLS_UNKNOWN;
	}
	facts->protocol = naming.protocol;
	conversation->classification.protocol = naming.protocol;
	conversation->classification.evidence = naming.evidence;
	conversation->is_mail_by_name = naming_is_by_name(&naming_case, &naming);
	opinion_open_of_mail(watch);
	return conversation->phase;
}

static enum conversation_phase settle(const struct watch *watch)
{
	opaque_note_dialogue(watch);
	watch->conversation->phase = CONVERSATION_SETTLED;
	flow_mute(watch->engine->flows, watch->flow);
	return CONVERSATION_SETTLED;
}

/* What is known now may be new: to the name, to the judgement, to the end of all looking. */
static enum conversation_phase after_dialogue(
	struct watch *watch, enum dialogue_result result)
{
	struct conversation *conversation = watch->conversation;
	const struct facts *facts = &conversation_dialogue(conversation)->facts;
	if (result == DIALOGUE_NOT_MINE) {
		return become_foreign(watch, wire_foreign_protocol(facts));
	}
	if (conversation->classification.protocol == PROTOCOL_TLS &&
		name_tls(watch, result == DIALOGUE_FINISHED) != CONVERSATION_DIALOGUE) {
		return watch_phase(watch);
	}
	mail_port_tell_web(watch);
	if (conversation->classification.protocol == PROTOCOL_HTTP &&
		facts->is_unanswered && result == DIALOGUE_GO_ON) {
		return CONVERSATION_DIALOGUE; /* pages: most of what comes here */
	}
	rpc_naming_dialogue(watch);
	web_name(conversation);
	struct facts_news news;
	facts_news_of(facts, &news);
	if (wire_is_mail(facts) &&
		(memcmp(&news, &conversation->judged_news, sizeof(news)) != 0 ||
			verdicts_has_message(watch->engine, conversation))) {
		conversation->judged_news = news;
		verdicts_mail(watch->engine, watch->flow, conversation, false);
	}
	return result == DIALOGUE_FINISHED ? settle(watch) : CONVERSATION_DIALOGUE;
}

/* The server went along with what the client's first bytes said. */
static bool has_server_agreed(const struct dialogue *dialogue)
{
	return dialogue->analyzer == &ANALYZER_HTTP
		       ? http_has_answer(dialogue->state)
		       : dialogue->facts.session.has_server_hello;
}

static bool may_listen_anew(const struct watch *watch)
{
	return watch->conversation->restarts < RESTARTS_MAX &&
	       !watch->flow->is_midstream;
}

/* What was taken for one protocol is over, or never was: another one may begin. */
static void listen_anew(const struct watch *watch)
{
	struct conversation *conversation = watch->conversation;
	struct classification *classification = &conversation->classification;
	dialogue_end(conversation_dialogue(conversation), &watch->engine->tls);
	conversation->phase = CONVERSATION_CLASSIFY;
	conversation->restarts++;
	conversation->dropped[0] = 0;
	conversation->dropped[1] = 0;
	classification->outcome = CLASSIFY_NOT_YET;
	classification->slides = 0;
	classification->server_kept = 0;
	prefix_begin(&conversation->prefix);
}

/* A proxy opened the way, or both ends agreed on something else than HTTP. */
static void into_tunnel(const struct watch *watch)
{
	struct classification *classification = &watch->conversation->classification;
	const struct dialogue *dialogue = conversation_dialogue(watch->conversation);
	opaque_note_dialogue(watch);
	if (proxy_note_authority(classification, http_authority(dialogue->state))) {
		classification->proxy = CLASSIFY_PROXY_CONNECT;
	}
	classification->is_opening_known = false; /* that was said to the proxy */
	classification->opening = OPENING_NONE;
	listen_anew(watch);
}

/* *bytes is what is left of them: those of another conversation that begins here. */
static enum conversation_phase to_dialogue(
	struct watch *watch, unsigned side, struct text *bytes)
{
	struct dialogue *dialogue = conversation_dialogue(watch->conversation);
	struct tls_context *tls = &watch->engine->tls;
	tls->holder = watch->conversation->holder;
	quota_begin(&tls->verified, tls->holder, watch->engine->now_us);
	const enum dialogue_result result = dialogue_bytes(
		dialogue, tls, flow_direction(watch->flow, side), *bytes);
	if (result == DIALOGUE_TUNNEL && may_listen_anew(watch)) {
		bytes->at += bytes->len - dialogue->unread;
		bytes->len = dialogue->unread;
		into_tunnel(watch);
		return CONVERSATION_CLASSIFY;
	}
	if (result == DIALOGUE_NOT_MINE && !has_server_agreed(dialogue) &&
		may_listen_anew(watch)) {
		listen_anew(watch);
		return CONVERSATION_CLASSIFY;
	}
	bytes->len = 0;
	return result == DIALOGUE_TUNNEL ? become_foreign(watch, PROTOCOL_HTTP)
					 : after_dialogue(watch, result);
}

static void gap_in_dialogue(const struct watch *watch, unsigned side, uint64_t missing)
{
	dialogue_gap(conversation_dialogue(watch->conversation),
		flow_direction(watch->flow, side), missing);
}

static void gap(const struct watch *watch, unsigned side, uint64_t missing)
{
	if (watch_phase(watch) == CONVERSATION_CLASSIFY) {
		prefix_gap(conversation_prefix(watch->conversation), side);
	} else if (watch_phase(watch) == CONVERSATION_DIALOGUE) {
		gap_in_dialogue(watch, side, missing);
	}
}

/* Play the prefix to the analyzer in the order in which it came. */
static enum conversation_phase play_prefix(
	struct watch *watch, const struct prefix *prefix, const uint32_t dropped[2])
{
	size_t at[2] = {0, 0};
	for (const struct prefix_run *run = prefix->runs;
		run < prefix->runs + prefix->run_count; run++) {
		if (run->is_gap) {
			const bool is_rest = prefix->is_cut[run->side] &&
					     at[run->side] == prefix->len[run->side];
			gap(watch, run->side, is_rest ? dropped[run->side] : 0);
		}
		struct text bytes = {
			prefix->bytes[run->side] + at[run->side], run->len};
		at[run->side] += run->len;
		if (bytes.len > 0 && watch_phase(watch) == CONVERSATION_DIALOGUE) {
			(void)to_dialogue(watch, run->side, &bytes);
		}
		if (watch_phase(watch) == CONVERSATION_CLASSIFY) { /* anew: it fits */
			(void)prefix_add(conversation_prefix(watch->conversation),
				run->side, bytes.at, bytes.len);
		}
	}
	return watch_phase(watch);
}

static enum conversation_phase start_dialogue(struct watch *watch)
{
	struct conversation *conversation = watch->conversation;
	const enum protocol protocol = conversation->classification.protocol;
	struct prefix prefix; /* a copy: the dialogue begins in its place */
	prefix_copy(&prefix, conversation_prefix(conversation));
	const uint32_t dropped[2] = {
		conversation->dropped[0], conversation->dropped[1]};
	conversation->phase = CONVERSATION_DIALOGUE;
	conversation->is_start_lost = prefix_is_start_lost(&prefix);
	struct dialogue *dialogue = conversation_dialogue(conversation);
	dialogue_start(dialogue, protocol, watch->flow->is_midstream);
	dialogue->facts.opening =
		(uint8_t)classify_opening(&conversation->classification);
	if (conversation->classification.is_turned) {
		dialogue_turn(dialogue);
	}
	if (protocol_row(protocol)->is_mail) {
		opinion_open_of_mail(watch);
	}
	if (play_prefix(watch, &prefix, dropped) != CONVERSATION_DIALOGUE) {
		return watch_phase(watch);
	}
	for (unsigned side = 0; side < 2; side++) {
		if (dropped[side] > 0 && !prefix.is_cut[side]) {
			gap_in_dialogue(watch, side, dropped[side]);
		}
	}
	return CONVERSATION_DIALOGUE;
}

/* Mail, or what may yet turn out to be. */
static bool is_followed(const struct watch *watch, enum protocol protocol)
{
	if (protocol_row(protocol)->is_mail || protocol == PROTOCOL_TLS) {
		return true;
	}
	return (protocol == PROTOCOL_DCERPC || protocol == PROTOCOL_HTTP) &&
	       (!mail_port_has(watch->flow) ||
		       (protocol == PROTOCOL_HTTP && mail_port_may_lead_on(watch)));
}

static COLD enum conversation_phase start_rpc(struct watch *watch)
{
	struct classification *classification = &watch->conversation->classification;
	classification->outcome = CLASSIFY_DECIDED;
	classification->protocol = PROTOCOL_MAPI_RPC;
	classification->evidence = "endpoint mapper's answer";
	return start_dialogue(watch);
}

/* Look at the prefix again. */
static enum conversation_phase classify_once(struct watch *watch, bool is_ended)
{
	struct flow *flow = watch->flow;
	struct conversation *conversation = watch->conversation;
	struct prefix *prefix = conversation_prefix(conversation);
	if (flow_server_port(flow) == DNS_PORT && !conversation->is_lookup_read &&
		lookups_begin(watch, is_ended)) {
		return watch_phase(watch);
	}
	conversation->is_lookup_read = true; /* it is told once */
	const struct classify_hint hint = {.client_side = flow->client,
		.is_client_known = flow->confidence > DIRECTION_CONFIDENCE_BANNER,
		.is_client_captured = flow->packets[flow->client] > 0,
		.is_server_captured = flow->packets[!flow->client] > 0,
		.is_mute = {flow_is_mute(watch->engine->flows, flow, 0),
			flow_is_mute(watch->engine->flows, flow, 1)},
		.server_port = flow_server_port(flow),
		.is_ended = is_ended};
	const struct classification *result = &conversation->classification;
	const enum classify_outcome outcome =
		classify_prefix(prefix, &hint, &conversation->classification);
	if (outcome == CLASSIFY_NOT_YET) {
		/* Both spoke and the signatures still cannot rule it out, or they may. */
		if ((prefix->len[0] > 0 && prefix->len[1] > 0) ||
			(result->is_claimed && mail_port_has(flow))) {
			opinion_open(watch);
		}
		return CONVERSATION_CLASSIFY;
	}
	if (outcome == CLASSIFY_DECIDED && result->client_side_is_sure) {
		flow_set_client(flow, result->client_side);
	}
	if (outcome == CLASSIFY_RULED_OUT && rpc_naming_is_mapi(watch)) {
		return start_rpc(watch);
	}
	if (outcome != CLASSIFY_DECIDED || !is_followed(watch, result->protocol)) {
		return become_foreign(watch, result->protocol);
	}
	return !is_ended && rest_is_of_web(flow) && web_rest_at_once(watch)
		       ? CONVERSATION_GONE
		       : start_dialogue(watch);
}

/* The same, and once more where something else begins in it: RESTARTS_MAX times at most. */
static enum conversation_phase classify(struct watch *watch, bool is_ended)
{
	enum conversation_phase phase = CONVERSATION_CLASSIFY;
	unsigned restarts = 0;
	do {
		restarts = watch->conversation->restarts;
		phase = classify_once(watch, is_ended);
	} while (phase == CONVERSATION_CLASSIFY &&
		 watch->conversation->restarts != restarts);
	return phase;
}

/* Of a dialogue joined in the middle of a long message the next reply may still tell. */
static void drop_bytes(struct watch *watch, unsigned side, size_t len)
{
	struct conversation *conversation = watch->conversation;
	if (len > 0) {
		prefix_cut(conversation_prefix(conversation), side);
	}
	const uint32_t dropped = conversation->dropped[side];
	conversation->dropped[side] =
		len < UINT32_MAX - dropped ? dropped + (uint32_t)len : UINT32_MAX;
	if (conversation->dropped[side] >= CONVERSATION_BULK_BYTES &&
		!watch->flow->is_midstream && !early_is_answer_to_come(watch, side)) {
		(void)classify(watch, true);
	}
}

/* Into the prefix; *bytes is what was not kept and may be taken yet. */
static void gather(struct watch *watch, unsigned side, struct text *bytes)
{
	struct conversation *conversation = watch->conversation;
	struct prefix *prefix = conversation_prefix(conversation);
	const unsigned slides = conversation->classification.slides;
	const unsigned restarts = conversation->restarts;
	early_note_ahead(watch, side);
	const size_t kept = prefix_add(prefix, side, bytes->at, bytes->len);
	bytes->at += kept;
	bytes->len -= kept;
	if ((!prefix_is_stale(prefix, side, kept) &&
		    classify(watch, false) != CONVERSATION_CLASSIFY) ||
		conversation->restarts != restarts) {
		return;
	}
	if (kept > 0 && bytes->len > 0 && !prefix_is_full(prefix, side)) {
		return; /* a proxy's message went by and made room */
	}
	if (conversation->classification.slides != slides) {
		conversation->dropped[0] = 0;
		conversation->dropped[1] = 0;
		return;
	}
	drop_bytes(watch, side, bytes->len);
	bytes->len = 0;
}

/* Each turn takes some of the bytes, ends, or is one of RESTARTS_MAX. */
static void feed(struct watch *watch, unsigned side, struct text bytes)
{
	while (bytes.len > 0) {
		if (watch_phase(watch) == CONVERSATION_CLASSIFY) {
			gather(watch, side, &bytes);
		} else if (watch_phase(watch) == CONVERSATION_DIALOGUE) {
			(void)to_dialogue(watch, side, &bytes);
		} else if (watch_phase(watch) == CONVERSATION_LOOKUPS) {
			lookups_bytes(watch, side, &bytes);
		} else {
			return;
		}
	}
}

void conversation_bytes(
	void *context, struct flow *flow, unsigned side, struct text bytes)
{
	struct watch watch = watch_begin((struct engine *)context, flow);
	ether_note(watch.engine, flow, side, watch.conversation);
	if (flow->way != 0 && side == flow->client &&
		ether_is_at_hand(watch.engine, flow, side)) {
		/* who sent it, in the outer network, is who speaks here */
		watch.conversation->way = watch.engine->way;
		watch.conversation->way.is_of_client = true;
	}
	feed(&watch, side, bytes);
	if (side != flow->client) {
		rest_begin(&watch);
	}
}

void conversation_gap(void *context, struct flow *flow, unsigned side, uint64_t missing)
{
	struct watch watch = watch_begin((struct engine *)context, flow);
	if (watch_phase(&watch) != CONVERSATION_LOOKUPS) {
		gap(&watch, side, missing);
	} else if (!lookups_gap(&watch, side)) {
		(void)give_up(&watch);
	}
}

void conversation_ambiguous(
	void *context, struct flow *flow, const struct flow_ambiguity *ambiguity)
{
	struct watch watch = watch_begin((struct engine *)context, flow);
	struct conversation *conversation = watch.conversation;
	if (!conversation || conversation->ambiguity.doubt != FLOW_DOUBT_NONE) {
		return;
	}
	conversation->ambiguity = *ambiguity;
	if (conversation->phase == CONVERSATION_DIALOGUE &&
		wire_is_mail(&conversation_dialogue(conversation)->facts)) {
		verdicts_mail(watch.engine, flow, conversation, false);
	}
}

COLD void conversation_packet(
	struct engine *engine, struct flow *flow, const struct packet *packet)
{
	struct watch watch = watch_begin(engine, flow);
	struct conversation *conversation = watch.conversation;
	if (!conversation || !conversation->opinion || packet->payload_len == 0) {
		return;
	}
	if (!second_opinion_packet(engine->opinion, conversation->opinion,
		    packet->network, packet->network_len, engine->now_us)) {
		return;
	}
	opinion_close(&watch);
	if (conversation->phase == CONVERSATION_FOREIGN) {
		verdicts_foreign(engine, flow, conversation);
		(void)give_up(&watch);
	}
}

/* All that came was seen: what has no name by now gets none, or the one it turned into. */
static enum conversation_phase name_at_end(struct watch *watch)
{
	struct conversation *conversation = watch->conversation;
	if (conversation->phase == CONVERSATION_CLASSIFY) {
		(void)classify(watch, true);
	}
	if (watch_phase(watch) != CONVERSATION_DIALOGUE) {
		return watch_phase(watch);
	}
	if (conversation->classification.protocol == PROTOCOL_TLS) {
		return name_tls(watch, true);
	}
	const enum protocol protocol = web_foreign_protocol(watch);
	return protocol == PROTOCOL_OTHER ? CONVERSATION_DIALOGUE
					  : become_foreign(watch, protocol);
}

/* Its record asks for nearly all of them; most were not looked at since it began. */
static void approach_record(const struct conversation *conversation)
{
	const uint8_t *facts = (const uint8_t *)&conversation->dialogue.facts;
	__builtin_prefetch(conversation->ether);
	for (size_t at = 0; at < sizeof(struct facts); at += CACHE_LINE_BYTES) {
		__builtin_prefetch(facts + at);
	}
}

static void end_conversation(struct watch *watch)
{
	struct engine *engine = watch->engine;
	struct conversation *conversation = watch->conversation;
	approach_record(conversation);
	if (name_at_end(watch) == CONVERSATION_GONE) {
		return;
	}
	opinion_close(watch);
	if (conversation_has_dialogue(conversation)) {
		if (engine->is_pushed_out) { /* it goes on: what it is by now counts */
			verdicts_mail(engine, watch->flow, conversation, false);
		}
		dialogue_end(conversation_dialogue(conversation), &engine->tls);
		verdicts_mail(engine, watch->flow, conversation, true);
	} else if (conversation->phase == CONVERSATION_FOREIGN) {
		verdicts_foreign(engine, watch->flow, conversation);
	}
}

void conversation_ended(void *context, struct flow *flow, enum flow_end end)
{
	struct engine *engine = (struct engine *)context;
	struct watch watch = watch_begin(engine, flow);
	if (flow->is_shunted) {
		shunting_end(engine, flow);
	}
	if (watch.conversation) {
		engine->is_pushed_out = end == FLOW_END_EVICTED;
		end_conversation(&watch);
		engine->is_pushed_out = false;
		return;
	}
	/* One pushed out of a full table may yet have gone on: nothing is known of it. */
	const bool is_known = end != FLOW_END_EVICTED;
	if (is_known && flow->bytes[0] + flow->bytes[1] == 0 && !flow->is_midstream &&
		mail_port_has(flow)) {
		verdicts_attempt(engine, flow,
			engine->is_refusing               ? "banned"
			: flow->state == FLOW_STATE_RESET ? "reset"
							  : "no payload");
	}
}
