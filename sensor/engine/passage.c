#include "engine/passage.h"

#include "base/cold.h"
#include "engine/early.h"
#include "engine/verdicts.h"

/* Of flow->action, beside enum action. */
enum {
	PASSAGE_ACTION_BITS = 0x0f,
	PASSAGE_OF_SENDER = 0x10,
	PASSAGE_TOLD = 0x20,
	PASSAGE_DONE = 0x40, /* nothing more is to be found in its bytes */
	PASSAGE_TEMPORARY = 0x80,
};

void passage_note_done(struct flow *flow)
{
	flow->action |= PASSAGE_DONE;
}

bool passage_is_blocked(const struct flow *flow)
{
	return (flow->action & PASSAGE_ACTION_BITS) != 0;
}

/* It may yet be cut: it goes on, also where it is looked at no more for want of room. */
static bool is_to_be_cut(const struct engine *engine, const struct flow *flow)
{
	return !passage_is_blocked(flow) &&
	       (!flow->is_reported || engine->is_pushed_out);
}

void passage_decide(struct engine *engine, struct flow *flow, struct record *record)
{
	const struct action_table *table = engine->settings.actions;
	if (!table || !flow || way_is_foreign(flow->way)) {
		return; /* a claim cuts nobody off */
	}
	const struct judgement *judgement = &engine->judgement;
	const struct action_choice choice =
		action_choose(table, record->observation, judgement);
	record->is_audited = choice.is_audited;
	if (is_to_be_cut(engine, flow) && choice.action != ACTION_ACCEPT) {
		flow->action |= (uint8_t)choice.action;
		flow->action |= choice.is_temporary ? PASSAGE_TEMPORARY : 0;
		if (judgement->findings & FINDING_BIT(FINDING_SENDER_ILLEGITIMATE)) {
			flow->action |= PASSAGE_OF_SENDER;
		}
	}
	record->is_blocked = passage_is_blocked(flow);
	/* what is blocked, or would be if the sensor enforced, is told whoever accepts it */
	if (record->is_blocked || (choice.is_audited && !choice.is_row_audited)) {
		engine->judgement.accepted = 0;
	}
	const struct watch watch = watch_begin(engine, flow);
	if (watch.conversation) {
		watch.conversation->is_safe =
			action_is_settled(table, record->observation, judgement);
	}
}

/* Its server was heard, and its client, or so much of the server that this one may be silent. */
static bool is_heard(const struct flow *flow)
{
	const uint64_t of_client = flow->bytes[flow->client];
	const uint64_t of_server = flow->bytes[!flow->client];
	const bool is_guess = flow->confidence == DIRECTION_CONFIDENCE_PORT;
	return of_server > 0 &&
	       (of_client > 0 || (!is_guess && of_server >= CONVERSATION_BULK_BYTES));
}

/*
 * A verdict: it was looked at, both ends spoke, and nothing more is to be found. Never one
 * that ended, or was pushed out of a full table; nor does an end let others by.
 */
static bool has_nothing_more(const struct watch *watch)
{
	const struct flow *flow = watch->flow;
	if (flow->is_reported || !is_heard(flow)) {
		return false;
	}
	if (flow_is_resting(flow)) {
		return false; /* a later request is looked at */
	}
	return flow->action & PASSAGE_DONE ||
	       watch_phase(watch) == CONVERSATION_SETTLED;
}

static bool is_passed(const struct watch *watch, const struct packet *packet)
{
	return !(packet->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST)) &&
	       has_nothing_more(watch);
}

bool passage_has_nothing_more(struct engine *engine, struct flow *flow)
{
	const struct watch watch = watch_begin(engine, flow);
	return has_nothing_more(&watch);
}

/* In this dialogue, or where there was no other one, before the flow came to rest. */
static bool has_answer(const struct watch *watch)
{
	const struct conversation *conversation = watch->conversation;
	const struct flow *flow = watch->flow;
	const bool is_only_one =
		conversation->restarts == 0 &&
		conversation->classification.proxy == CLASSIFY_PROXY_NONE;
	return conversation->dialogue.facts.has_server_bytes ||
	       (is_only_one && flow->bytes[!flow->client] > 0);
}

/* Pages of a web server: watched for a later request, and known for what they are. */
static bool is_web(const struct watch *watch)
{
	const struct conversation *conversation = watch->conversation;
	if (!conversation) {
		return flow_is_resting(watch->flow);
	}
	return conversation->phase == CONVERSATION_DIALOGUE &&
	       conversation->classification.protocol == PROTOCOL_HTTP &&
	       has_answer(watch);
}

/* One side went on for long and the other said nothing: bulk, until it does. */
static bool is_bulk(const struct conversation *conversation)
{
	return conversation->phase == CONVERSATION_CLASSIFY &&
	       (conversation->dropped[0] >= CONVERSATION_BULK_BYTES ||
		       conversation->dropped[1] >= CONVERSATION_BULK_BYTES);
}

/*
 * The same, from the first packet on, and by the client: of its bytes nothing more is to be
 * learnt, and the server's word counts alone. So they may pass unseen until it comes.
 */
static bool is_silent(const struct watch *watch)
{
	const struct flow *flow = watch->flow;
	return watch->conversation && is_bulk(watch->conversation) && flow->syns == 3 &&
	       !flow->is_midstream && flow->way == 0 && flow->bytes[!flow->client] == 0;
}

/*
 * Its packets need not wait: copies of them are looked at on. A web server may be a proxy
 * that opens the way to mail with the next request, and then a copy comes too late.
 */
static bool is_safe(const struct watch *watch)
{
	const struct conversation *conversation = watch->conversation;
	if (is_web(watch) && !engine_is_enforcing(watch->engine)) {
		return true;
	}
	return conversation && (conversation->is_safe || is_bulk(conversation));
}

/* Not judged yet: who speaks what is still open. */
static bool is_undecided(const struct watch *watch)
{
	const struct flow *flow = watch->flow;
	const struct conversation *conversation = watch->conversation;
	if (flow->action & PASSAGE_DONE || flow->state == FLOW_STATE_CLOSED ||
		flow->state == FLOW_STATE_RESET || is_web(watch)) {
		return false;
	}
	if (conversation && conversation->phase == CONVERSATION_CLASSIFY) {
		/* what the client says is something else: its server has to answer that */
		return !conversation->classification.is_claimed;
	}
	return !conversation ||
	       (conversation_has_dialogue(conversation) &&
		       conversation->judged_news.protocol == PROTOCOL_UNKNOWN);
}

/* Its end is known where both sides are told; a dropped one goes on knocking. */
static void stop_looking(struct engine *engine, struct flow *flow)
{
	flow->action |= PASSAGE_TOLD;
	if ((flow->action & PASSAGE_ACTION_BITS) != ACTION_DROP) {
		flow_cut(engine->flows, flow);
	} else if (flow_is_looked_at(flow)) {
		flow_mute(engine->flows, flow);
	}
}

/* An urgent byte is read by some receivers and by others not; nothing in mail is urgent. */
static bool is_urgent_in_mail(const struct watch *watch, const struct packet *packet)
{
	const struct flow *flow = watch->flow;
	return packet->urgent > 0 && packet->payload_wire_len > 0 &&
	       protocol_of_port(flow->port[!flow->client]) != PROTOCOL_UNKNOWN;
}

static bool is_odd(const struct watch *watch, const struct packet *packet)
{
	return engine_is_enforcing(watch->engine) &&
	       (flow_table_is_odd(watch->engine->flows) ||
		       is_urgent_in_mail(watch, packet));
}

void passage_tell_unseen(struct engine *engine, const struct engine_passage *passage)
{
	engine->outputs.passage(engine->outputs.passage_context, passage);
}

/* Of what this side sent the other end said that it has some, and no more than there was. */
static bool is_taken(
	const struct engine *engine, const struct flow *flow, unsigned side)
{
	const struct flow_numbers numbers = flow_numbers(engine->flows, flow, side);
	const uint32_t given = numbers.next - flow->initial_sequence[side];
	const uint32_t taken = numbers.acknowledged - flow->initial_sequence[side];
	return numbers.is_known && taken > 0 && taken <= given;
}

/*
 * Nobody else can be the client: it acknowledged bytes that only who receives the server's
 * packets knows the numbers of, or the server answered bytes of its, which it takes from
 * nobody else (TLS, where the client speaks first).
 */
static bool is_proven(const struct engine *engine, const struct flow *flow)
{
	const unsigned server = !flow->client;
	return flow->syns == 3 && !flow->is_midstream && flow->bytes[server] > 0 &&
	       (is_taken(engine, flow, server) || is_taken(engine, flow, flow->client));
}

/* Once for a flow that is blocked; the loop is as long as the matrix has rows. */
static bool is_declared(const struct engine *engine, const struct flow *flow)
{
	size_t count = 0;
	const struct matrix *matrix = engine->settings.matrix;
	const struct matrix_row *rows = matrix_rows(matrix, &count);
	const struct matrix_end end =
		matrix_locate(matrix, &flow->address[flow->client]);
	for (size_t i = 0; end.group && i < count; i++) {
		if (rows[i].from.group == end.group || rows[i].to.group == end.group) {
			return true;
		}
	}
	return false;
}

/* A connection to a mail port begins whose client is banned, and no row lets it there. */
static bool is_banned(
	struct engine *engine, const struct flow *flow, const struct packet *packet)
{
	const struct engine_outputs *outputs = &engine->outputs;
	return outputs->is_banned && engine->settings.actions &&
	       (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
	       protocol_of_port(packet->dst_port) != PROTOCOL_UNKNOWN &&
	       outputs->is_banned(outputs->passage_context, &packet->src) &&
	       early_is_kept_out(engine, flow, packet);
}

static void tell_blocked(struct engine *engine, struct flow *flow, unsigned side,
	struct engine_passage *passage)
{
	passage->standing = ENGINE_STANDING_BLOCKED;
	passage->action = (enum action)(flow->action & PASSAGE_ACTION_BITS);
	passage->is_sender_blocked = (flow->action & PASSAGE_OF_SENDER) != 0;
	passage->is_temporary = (flow->action & PASSAGE_TEMPORARY) != 0;
	passage->is_first_blocked = !(flow->action & PASSAGE_TOLD);
	if (passage->is_first_blocked) {
		passage->received = flow_numbers(engine->flows, flow, side);
		passage->given = flow_numbers(engine->flows, flow, !side);
		passage->is_proven = is_proven(engine, flow);
		passage->is_declared = is_declared(engine, flow);
	}
	stop_looking(engine, flow);
}

/* It is told as an attempt, at once. */
static void refuse(struct engine *engine, struct flow *flow)
{
	engine->is_refusing = true;
	flow_cut(engine->flows, flow);
	engine->is_refusing = false;
}

/* By a new matrix, though it shows nothing new: it may be one that is to be cut. */
static COLD void judge_again(const struct watch *watch)
{
	struct conversation *conversation = watch->conversation;
	if (conversation && conversation->turn != watch->engine->turn &&
		conversation_has_dialogue(conversation) &&
		conversation->judged_news.protocol != PROTOCOL_UNKNOWN) {
		verdicts_mail(watch->engine, watch->flow, conversation, false);
	}
}

__attribute__((noinline)) void passage_tell(struct engine *engine, struct flow *flow,
	const struct packet *packet, unsigned side, size_t frame)
{
	const struct watch watch = watch_begin(engine, flow);
	struct engine_passage passage = {.frame = frame,
		.packet = packet,
		.flow = flow,
		.is_from_client = side == flow->client,
		.holder = watch.conversation ? watch.conversation->holder : 0};
	judge_again(&watch);
	if (passage_is_blocked(flow)) {
		tell_blocked(engine, flow, side, &passage);
	} else if (!way_is_foreign(flow->way) && is_banned(engine, flow, packet)) {
		passage.standing = ENGINE_STANDING_BANNED;
		refuse(engine, flow);
	} else if (!way_is_foreign(flow->way) &&
		   (early_is_in_opening(engine, flow, packet) ||
			   early_is_with_request(&watch, packet, side))) {
		passage.standing = ENGINE_STANDING_EARLY;
	} else if (!way_is_foreign(flow->way) && is_passed(&watch, packet)) {
		passage.standing = ENGINE_STANDING_PASSED;
	} else if (is_silent(&watch)) {
		passage.standing = ENGINE_STANDING_SILENT;
		flow_lose(engine->flows, flow, flow->client);
	} else if (way_is_foreign(flow->way) || is_safe(&watch)) {
		passage.standing = ENGINE_STANDING_SAFE;
	} else if (is_odd(&watch, packet)) {
		passage.standing = ENGINE_STANDING_ODD;
	} else {
		passage.is_undecided = is_undecided(&watch);
	}
	engine->outputs.passage(engine->outputs.passage_context, &passage);
}
