#include "flow/other.h"

#include "base/cold.h"
#include "flow/endings.h"
#include "flow/opening.h"

/* Bytes of a connection that begins are no further on than this. */
#define BEGINNING_BYTES (64 << 10)

/* So far in front of what came of a side its SYN may have been. */
#define NUMBERS_BYTES (1 << 20)

static void keep_opening(struct stream *stream, const struct flow *seen)
{
	stream->opening.ttl[0] = seen->ttl[0];
	stream->opening.ttl[1] = seen->ttl[1];
	stream->opening.scales = seen->scales;
	stream->opening.sums = (uint8_t)(seen->sound | seen->carded << 2);
}

static void give_opening(const struct stream_opening *opening, struct flow *flow)
{
	flow->ttl[0] = opening->ttl[0];
	flow->ttl[1] = opening->ttl[1];
	flow->scales = opening->scales;
	flow->sound = opening->sums & 3U;
	flow->carded = opening->sums >> 2 & 3U;
}

/* To what is known of the handshake that is noted. */
static void note_opening(struct flow_table *table, struct stream *stream,
	const struct packet *packet, unsigned side, bool is_first)
{
	struct flow seen = {.scales = UINT8_MAX};
	if (!is_first) {
		give_opening(&stream->opening, &seen);
	}
	opening_note(table, &seen, packet, side);
	opening_note_scale(&seen, packet, side);
	keep_opening(stream, &seen);
}

COLD void other_note_syn(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side, bool is_late)
{
	struct stream *stream = table_stream(table, flow);
	const bool is_own = flow->syns & 1U << side &&
			    packet->sequence + 1 == flow->initial_sequence[side];
	const bool is_known = stream->has_syn && stream->syn_side == side &&
			      stream->syn_sequence == packet->sequence;
	if (is_own || is_known) {
		return;
	}
	stream->has_syn = true;
	stream->syn_side = side & 1U;
	stream->syn_sequence = packet->sequence;
	stream->is_syn_late = is_late;
	stream->has_syn_answer = false;
	stream->is_answer_told = false;
	if (stream->resets == 0 && !stream->has_former) {
		note_opening(table, stream, packet, side, true);
	}
}

/* The number in front of a side's first byte, where its bytes are known and its SYN is not. */
static bool is_elsewhere(const struct stream *stream, const struct flow *flow,
	unsigned side, uint32_t sequence)
{
	const struct stream_side *from = stream ? &stream->sides[side] : NULL;
	return from && from->is_synchronised && !(flow->syns & 1U << side) &&
	       from->next_sequence - (sequence + 1) > NUMBERS_BYTES;
}

/* It says again what the handshake said, or nothing of that is known. */
static bool is_same_answer(const struct stream *stream, const struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const bool is_other = flow->syns & 1U << side &&
			      packet->sequence + 1 != flow->initial_sequence[side];
	const bool is_to_other =
		flow->syns & 1U << !side && flow->bytes[!side] == 0 &&
		packet->acknowledgement != flow->initial_sequence[!side];
	return !is_other && !is_to_other &&
	       !is_elsewhere(stream, flow, side, packet->sequence);
}

static bool is_answer_to_noted(
	const struct stream *stream, const struct packet *packet, unsigned side)
{
	return stream->has_syn && stream->syn_side != side &&
	       packet->acknowledgement == stream->syn_sequence + 1;
}

/* What was to be told of a RST, or of who was left, gives way to it. */
static void note_answer(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	struct stream *stream = table_stream(table, flow);
	const bool is_to_noted = is_answer_to_noted(stream, packet, side);
	const bool is_first = !is_to_noted || stream->resets || stream->has_former;
	if (stream->resets) {
		ending_forget(table, flow);
	}
	if (!is_to_noted) {
		stream->has_syn = true;
		stream->syn_side = !side & 1U;
		stream->syn_sequence = packet->acknowledgement - 1;
		stream->is_syn_late = false;
	}
	stream->has_former = false;
	stream->has_syn_answer = true;
	stream->is_answer_told = false;
	stream->opening.answer_sequence = packet->sequence;
	note_opening(table, stream, packet, side, is_first);
}

/*
 * While bytes are looked at it takes more than one packet, which anybody may have sent: the
 * SYN it answers, or silence before; but where the other side was never heard, nothing else comes.
 */
COLD enum other other_of_answer(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const struct stream *stream = table_stream(table, flow);
	const struct stream *read = table_read_stream(table, flow);
	const bool is_same = is_same_answer(read, flow, packet, side);
	const bool is_idle = table_was_idle(table, flow, TABLE_REUSE_AFTER_US);
	if (flow->bytes[0] + flow->bytes[1] == 0) {
		/* the client's word tells which it took */
		return is_same || flow->state == FLOW_STATE_SYN ? OTHER_NOT
								: OTHER_PERHAPS;
	}
	if (is_same && (flow->syns & 1U << side || !is_idle)) {
		return OTHER_NOT;
	}
	const bool is_due = is_idle || !stream || flow->packets[!side] == 0 ||
			    is_answer_to_noted(stream, packet, side);
	if (is_due && !read) {
		return OTHER_CERTAIN;
	}
	if (is_due) {
		note_answer(table, flow, packet, side);
	}
	return OTHER_PERHAPS;
}

/* Both numbers, or for want of an answer the one there is, are those of the noted handshake. */
static bool is_of_noted(const struct stream *stream, const struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const struct stream_side *from = &stream->sides[side];
	if (!stream->has_syn ||
		(from->is_synchronised && packet->sequence == from->next_sequence)) {
		return false;
	}
	const uint32_t first = stream->syn_sequence + 1;
	if (!stream->has_syn_answer) {
		return side == stream->syn_side && packet->sequence == first &&
		       (stream->is_syn_late || flow->packets[!side] == 0);
	}
	const uint32_t other = stream->opening.answer_sequence + 1;
	const bool is_asking = side == stream->syn_side;
	return packet->sequence - (is_asking ? first : other) < BEGINNING_BYTES &&
	       packet->acknowledgement - (is_asking ? other : first) < BEGINNING_BYTES;
}

/* What is kept of a connection that is left, to know it by when it goes on. */
static struct flow_left left_of(const struct stream *stream, const struct flow *flow)
{
	const struct stream_side *sides = stream->sides;
	return (struct flow_left){
		.is_set = sides[0].is_synchronised && sides[1].is_synchronised,
		.next = {sides[0].next_sequence, sides[1].next_sequence},
		.client = flow->client,
		.confidence = flow->confidence,
		.is_whole = flow->syns == 3};
}

/* Bytes of the noted connection: the flow is that one from here on. */
static void take_noted(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const struct stream *stream = table_stream(table, flow);
	const struct flow_left left = left_of(stream, flow);
	const struct stream_opening opening = stream->opening;
	const bool has_answer = stream->has_syn_answer;
	const unsigned client = stream->syn_side;
	const uint32_t first = stream->syn_sequence + 1;
	struct packet answer = *packet; /* as if its handshake had come */
	answer.tcp_flags = has_answer ? TCP_SYN | TCP_ACK : TCP_SYN;
	table_restart(table, flow, &answer);
	flow->client = client & 1U;
	opening_note_first(flow, client, first);
	if (has_answer) {
		opening_note_first(flow, !client, opening.answer_sequence + 1);
		give_opening(&opening, flow);
	} else {
		opening_note(table, flow, packet, side);
	}
	flow->packets[side] = 1; /* this one, which was counted to the one before */
	table->left = left;
	table->left.flow = flow;
	table->left.now_us = table->now_us;
}

/* Bytes where the connection that was left stood: it never ended. */
static void take_former(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const struct stream *stream = table_stream(table, flow);
	const uint32_t next[2] = {stream->former[0], stream->former[1]};
	const unsigned client = stream->former_client;
	const unsigned confidence = stream->former_confidence;
	const bool is_whole = stream->is_former_whole;
	table_restart(table, flow, packet);
	flow->client = client & 1U;
	flow->confidence = confidence & 3U;
	if (is_whole) {
		opening_note_first(flow, 0, next[0]);
		opening_note_first(flow, 1, next[1]);
	}
	flow->packets[side] = 1;
	table->left = (struct flow_left){
		.is_back = true, .flow = flow, .now_us = table->now_us};
}

static void tell(struct flow_table *table, struct flow *flow, unsigned side,
	enum flow_doubt doubt)
{
	const struct flow_ambiguity ambiguity = {
		.doubt = (uint8_t)doubt, .side = (uint8_t)side};
	table->counters.ambiguous++;
	table->handler.ambiguous(table->handler.context, flow, &ambiguity);
}

/* The one place that is left is kept first: who makes up two of them hides nothing. */
COLD void other_leave(struct stream *stream, unsigned side)
{
	const struct stream_side *sides = stream->sides;
	if (stream->resets == 0 && !stream->has_syn_answer && !stream->has_former &&
		sides[!side].is_synchronised) {
		stream->has_former = true;
		stream->is_former_own = true;
		stream->former[0] = sides[0].next_sequence;
		stream->former[1] = sides[1].next_sequence;
	}
}

/* Bytes where the side stood before it was followed far off; that place is kept in turn. */
static void go_back(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	struct stream *stream = table_stream(table, flow);
	tell(table, flow, side, FLOW_DOUBT_WINDOW);
	stream->has_former = false;
	stream->sides[side].has_window = false; /* of what was acknowledged far off */
	(void)stream_jump(&table->streams, stream, flow, side, packet->sequence);
}

/* Of a packet with bytes: the first of them go on where others were left. */
static bool is_of_former(
	const struct stream *stream, const struct packet *packet, unsigned side)
{
	return stream->has_former && packet->sequence == stream->former[side] &&
	       packet->sequence != stream->sides[side].next_sequence &&
	       stream_is_near(packet->acknowledgement, stream->former[!side]);
}

COLD bool other_look(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	struct stream *stream = table_stream(table, flow);
	const bool has_bytes = packet->payload_wire_len > 0;
	const bool is_expected = packet->sequence == stream->sides[side].next_sequence;
	if ((packet->tcp_flags & (TCP_SYN | TCP_RST | TCP_ACK)) != TCP_ACK) {
		return false;
	}
	if (is_of_noted(stream, flow, packet, side)) {
		if (has_bytes) {
			take_noted(table, flow, packet, side);
		}
		return !has_bytes;
	}
	if (has_bytes && is_of_former(stream, packet, side)) {
		if (stream->is_former_own) {
			go_back(table, flow, packet, side);
		} else {
			take_former(table, flow, packet, side);
		}
	} else if (has_bytes && is_expected && stream->has_syn_answer &&
		   !stream->is_answer_told) {
		stream->is_answer_told = true;
		tell(table, flow, side, FLOW_DOUBT_CONNECTION);
	}
	return false;
}

COLD void other_begin(struct flow_table *table, struct flow *flow)
{
	const struct flow_left left = table->left;
	struct stream *stream = table_stream(table, flow);
	table->left = (struct flow_left){.is_set = false};
	if (left.now_us != table->now_us || !(left.is_set || left.is_back)) {
		return;
	}
	if (left.is_back) {
		tell(table, flow, flow->client, FLOW_DOUBT_CONNECTION);
		return;
	}
	stream->has_former = true;
	stream->is_former_own = false;
	stream->former[0] = left.next[0];
	stream->former[1] = left.next[1];
	stream->former_client = left.client & 1U;
	stream->former_confidence = left.confidence & 3U;
	stream->is_former_whole = left.is_whole;
}
