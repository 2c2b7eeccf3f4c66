#include "base/cold.h"
#include "flow/aside.h"
#include "flow/endings.h"
#include "flow/opening.h"
#include "flow/other.h"
#include "flow/rest.h"
#include "flow/table.h"

/* Of a flow without a handshake so many packets of each side tell how it opened. */
#define OPENING_MIDSTREAM 4

#define LEAP_US 3600000000ULL /* nobody is idle for it before the next packet */

#define FIRST_BYTES 14600 /* before an answer: RFC 6928 section 2 */

void flow_set_client(struct flow *flow, unsigned side)
{
	if (flow->confidence <= DIRECTION_CONFIDENCE_BANNER) {
		flow->client = side & 1U;
		flow->confidence = DIRECTION_CONFIDENCE_BANNER;
	}
}

static bool has_ended(const struct flow *flow)
{
	return flow->state == FLOW_STATE_CLOSED || flow->state == FLOW_STATE_RESET;
}

static bool has_data(const struct flow *flow)
{
	return flow->bytes[0] + flow->bytes[1] > 0;
}

static void on_syn(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const bool is_idle = table_was_idle(table, flow, TABLE_REUSE_AFTER_US);
	const bool is_late = flow->fins == 3 || (has_data(flow) && is_idle);
	const bool is_read = table_read_stream(table, flow) != NULL;
	if (has_ended(flow) || (is_late && !is_read)) {
		table_restart(table, flow, packet);
	} else if (table_stream(table, flow)) {
		/* where packets wait for our word both ends may ignore it, however late */
		other_note_syn(
			table, flow, packet, side, is_late && !table->streams.is_gate);
		return;
	}
	/* The last one before the answer holds; another one behind it changes nothing. */
	if (flow->state == FLOW_STATE_SYN || !(flow->syns & 1U << side)) {
		opening_note_first(flow, side, packet->sequence + 1);
		opening_note(table, flow, packet, side);
		opening_note_scale(flow, packet, side);
	}
	if (flow->state == FLOW_STATE_SYN && side != flow->client) {
		flow->state =
			FLOW_STATE_OPEN; /* simultaneous open, RFC 9293 section 3.5 */
	}
	if (flow->confidence < DIRECTION_CONFIDENCE_SYN && !has_data(flow)) {
		flow->client = side & 1U;
		flow->confidence = DIRECTION_CONFIDENCE_SYN;
	}
}

static void on_syn_ack(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const enum other other = has_ended(flow)
					 ? OTHER_CERTAIN
					 : other_of_answer(table, flow, packet, side);
	if (other == OTHER_PERHAPS) {
		table->counters.out_of_window++;
		return;
	}
	if (other == OTHER_CERTAIN) {
		table_restart(table, flow, packet);
	}
	opening_note(table, flow, packet, side);
	opening_note_scale(flow, packet, side);
	opening_note_first(flow, side, packet->sequence + 1);
	opening_note_first(
		flow, !side, packet->acknowledgement); /* the SYN it answers */
	if (flow->state == FLOW_STATE_SYN) {
		flow->state = FLOW_STATE_SYN_ACK;
	}
	if (flow->confidence < DIRECTION_CONFIDENCE_SYN_ACK) {
		flow->client = !side;
		flow->confidence = DIRECTION_CONFIDENCE_SYN_ACK;
	}
}

void flow_lose(struct flow_table *table, struct flow *flow, unsigned side)
{
	struct stream *stream = table_stream(table, flow);
	stream_lose(&table->streams, &stream->sides[side]);
}

COLD void flow_cut(struct flow_table *table, struct flow *flow)
{
	if (!has_ended(flow)) {
		flow->state = FLOW_STATE_RESET;
		table_end(table, flow, FLOW_END_RESET);
		table_list(table, flow, FLOW_LIST_DONE);
	}
}

/*
 * The third packet of the handshake: no SYN flood gets this far. One that takes another
 * answer than the one seen first is believed for its numbers, and once it says so again;
 * one that takes a little more, for bytes that the capture shows later or not at all.
 */
static void on_handshake_end(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	if (!(packet->tcp_flags & TCP_ACK) || !(flow->syns & 1U << !side)) {
		return;
	}
	const uint32_t ahead = packet->acknowledgement - flow->initial_sequence[!side];
	if (ahead == 0) {
		flow->state = FLOW_STATE_OPEN;
		table_list(table, flow, FLOW_LIST_DECIDED);
	} else if (side == flow->client && !has_data(flow) && ahead > FIRST_BYTES) {
		flow->initial_sequence[side] = packet->sequence;
		flow->initial_sequence[!side] = packet->acknowledgement;
	}
}

/* Where the side's next byte is expected; false when nobody knows. */
static bool expected_sequence(const struct flow_table *table, const struct flow *flow,
	unsigned side, uint32_t *sequence)
{
	const struct stream *stream = table_stream(table, flow);
	/* The numbers of one that is muted are not followed. */
	if (stream && !flow->is_muted && stream->sides[side].is_synchronised) {
		*sequence = stream->sides[side].next_sequence;
		return true;
	}
	*sequence = flow->initial_sequence[side];
	return flow_is_resting(flow) ||
	       (flow->bytes[side] == 0 && flow->syns & 1U << side);
}

static COLD void on_reset(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	uint32_t expected = packet->sequence;
	if (has_ended(flow)) {
		return;
	}
	const bool is_known = expected_sequence(table, flow, side, &expected);
	switch (ending_of_reset(
		table, flow, packet, side, is_known ? &expected : NULL)) {
	case ENDING_NONE:
		table->counters.out_of_window++;
		break;
	case ENDING_LIKELY:
		ending_begin(table, flow, packet, side);
		break;
	case ENDING_CERTAIN:
		flow_cut(table, flow);
		flow->is_end_doubted = table->streams.is_gate && !is_known;
		flow->stands = (1U << side) & 3U;
		flow->initial_sequence[side] = is_known ? expected : packet->sequence;
		break;
	}
}

/*
 * Who sent a RST or FIN and then goes on sending did not mean it, or did not send it: its
 * peer never took it (it may have had too small a TTL, or another number than RFC 5961
 * section 3.2 asks for). Of one whose number nobody could tell, whoever goes on says so.
 */
static bool is_end_false(
	const struct flow *flow, const struct packet *packet, unsigned side)
{
	const uint32_t end = packet->sequence + packet->payload_wire_len;
	const uint32_t stood = flow->initial_sequence[side];
	if (!has_ended(flow)) {
		return false;
	}
	if (flow->is_end_doubted) {
		return true;
	}
	if (!(flow->stands & 1U << side)) {
		return false;
	}
	return flow->state == FLOW_STATE_RESET
		       ? sequence_diff(packet->sequence, stood) >= 0
		       : stream_is_near(end, stood) && sequence_diff(end, stood) > 0 &&
				 !stream_is_keep_alive(packet);
}

/*
 * Looked at no more for want of room, and not because nothing is to be found: it is picked
 * up again, as far as packets wait for our word.
 */
static bool is_pushed_out(const struct flow_table *table, const struct flow *flow)
{
	return table->streams.is_gate && flow->is_reported && flow->action == 0 &&
	       !has_ended(flow);
}

/* From here on it is a flow picked up in its midst, but who the client is stays known. */
static COLD void resume(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const unsigned client = flow->client;
	const uint8_t confidence = flow->confidence;
	table_restart(table, flow, packet);
	flow->client = client & 1U;
	flow->confidence = confidence & 3U;
	flow->packets[side] = 1; /* this one, which was counted to what ended */
}

static void on_payload(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	if (!has_data(flow)) {
		table_watch(table, flow);
	}
	flow->bytes[side] += packet->payload_wire_len;
	if (flow->state < FLOW_STATE_OPEN) {
		flow->state = FLOW_STATE_OPEN;
	}
	struct stream *stream = table_read_stream(table, flow);
	if (stream) {
		stream_segment(&table->streams, stream, flow, side, packet);
	}
	/* unless these bytes were enough to release it */
	const bool is_one_sided =
		flow->list == FLOW_LIST_ONE_SIDED || flow->list == FLOW_LIST_UNPROVEN;
	if (is_one_sided && flow->bytes[!side] > 0) {
		table_list(table, flow, FLOW_LIST_WATCHED);
	}
}

/*
 * A FIN behind what its side has sent is its end; one further on waits for the bytes in
 * front of it; any other is not of this connection (RFC 9293 section 3.10.7.4).
 */
static void on_fin(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const uint32_t sequence = packet->sequence + packet->payload_wire_len;
	struct stream *stream = table_read_stream(table, flow);
	const bool may_wait = stream && stream->sides[side].is_synchronised;
	if (ending_is_lost(flow, packet, side) || !(packet->tcp_flags & TCP_ACK)) {
		if (may_wait) {
			stream->sides[side].has_doubted_fin = true;
		}
		return;
	}
	uint32_t expected = sequence;
	const bool is_expected = expected_sequence(table, flow, side, &expected);
	const int32_t ahead = sequence_diff(sequence, expected);
	if (is_expected && (ahead < 0 || (ahead > 0 && !may_wait) ||
				   !stream_is_near(sequence, expected))) {
		table->counters.out_of_window++;
		return;
	}
	flow->fins = (flow->fins | 1U << side) & 3U;
	if (may_wait) {
		stream->sides[side].has_fin = true;
		stream->sides[side].fin_sequence = sequence;
	}
}

/* A FIN that bytes went past was none. */
static void forget_false_fins(struct flow *flow, struct stream *stream)
{
	for (unsigned side = 0; side < 2; side++) {
		if (stream_is_fin_false(&stream->sides[side])) {
			stream->sides[side].has_fin = false;
			flow->fins = flow->fins & ~(1U << side) & 3U;
		}
	}
}

/* Nothing is missing in front of either FIN; a side that was never captured does not count. */
static bool is_complete(const struct stream *stream)
{
	for (unsigned side = 0; side < 2; side++) {
		const struct stream_side *from = &stream->sides[side];
		if (from->is_synchronised && !stream_is_complete(from)) {
			return false;
		}
	}
	return true;
}

/* Where each side stood, to tell one that goes on. */
static void note_stands(struct flow_table *table, struct flow *flow)
{
	for (unsigned side = 0; side < 2; side++) {
		uint32_t sequence = 0;
		if (expected_sequence(table, flow, side, &sequence)) {
			flow->initial_sequence[side] = sequence;
			flow->stands = (flow->stands | 1U << side) & 3U;
		}
	}
}

/* Both FINs: over, unless bytes are missing; then it waits for them or its idle time. */
static void close_if_complete(struct flow_table *table, struct flow *flow)
{
	struct stream *stream = table_read_stream(table, flow);
	if (stream) {
		forget_false_fins(flow, stream);
		if (flow->fins != 3 || !is_complete(stream) ||
			(table->streams.is_gate && !ending_is_acknowledged(stream))) {
			return;
		}
		if (other_is_left(stream)) { /* made up, perhaps, and so is its end */
			table_list(table, flow, FLOW_LIST_ENDING);
			return;
		}
	}
	note_stands(table, flow);
	flow->state = FLOW_STATE_CLOSED;
	table_end(table, flow, FLOW_END_CLOSED);
	table_list(table, flow, FLOW_LIST_DONE);
}

/*
 * No receiver takes the bytes of a RST, nor those of a SYN where the side's own SYN was
 * another one (RFC 9293 section 3.10.7.4, RFC 5961 section 4).
 */
static bool has_bytes_to_take(
	const struct flow *flow, const struct packet *packet, unsigned side)
{
	if (packet->payload_wire_len == 0 || packet->tcp_flags & TCP_RST) {
		return false;
	}
	return !(packet->tcp_flags & TCP_SYN && flow->syns & 1U << side) ||
	       packet->sequence + 1 == flow->initial_sequence[side];
}

/* The other end took a FIN behind all there was, though it was doubted. */
static void believe_fin(struct flow *flow, struct stream_side *from, unsigned side,
	uint32_t acknowledgement)
{
	if (from->has_doubted_fin && acknowledgement == from->next_sequence + 1) {
		from->has_doubted_fin = false;
		from->has_fin = true;
		from->fin_sequence = from->next_sequence;
		flow->fins = (flow->fins | 1U << side) & 3U;
	}
}

/*
 * With less than half of the hops left that its side's packets have it hardly gets as far as the
 * other end: its word of what arrived there is nobody's, until so many came that the side's
 * packets have changed their way. Where packets wait for ours no doubt of bytes would show that.
 */
static COLD bool is_word_from_afar(const struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	struct stream *stream = table_read_stream(table, flow);
	if (!stream || table->streams.is_gate) {
		return false;
	}
	stream->words_afar[side]++;
	if (stream->words_afar[side] < STREAM_WORDS_AFAR_MAX) {
		return true;
	}
	stream->words_afar[side] = 0;
	flow->ttl[side] = packet->ttl;
	return false;
}

/* It says what of the other side arrived, and that counts. */
static bool is_word(const struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	return packet->tcp_flags & TCP_ACK &&
	       !(packet->ttl < flow->ttl[side] / 2 &&
		       is_word_from_afar(table, flow, packet, side));
}

/* What it bears, and then its end. */
static void take(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	if (!has_ended(flow) && has_bytes_to_take(flow, packet, side)) {
		on_payload(table, flow, packet, side);
	}
	if (packet->tcp_flags & TCP_FIN && !has_ended(flow)) {
		on_fin(table, flow, packet, side);
	}
}

static void follow_stream(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const bool is_fin = packet->tcp_flags & TCP_FIN;
	const bool is_ack = is_word(table, flow, packet, side);
	const uint32_t acknowledged = packet->acknowledgement;
	if (packet->payload_wire_len == 0 && !is_fin && flow->stream == POOL_NONE &&
		(flow->fins != 3 || has_ended(flow))) {
		table->streams.is_odd = false;
		return; /* no byte came, and none waits */
	}
	if (packet->payload_wire_len > 0 &&
		(is_end_false(flow, packet, side) || is_pushed_out(table, flow))) {
		resume(table, flow, packet, side);
	}
	struct stream *stream = table_read_stream(table, flow);
	if (stream && other_is_likely(stream)) {
		if (other_look(table, flow, packet, side)) {
			table->streams.is_odd = false;
			return;
		}
		stream = table_read_stream(table, flow);
	}
	if (flow->list == FLOW_LIST_ENDING) {
		ending_look(table, flow, packet, side);
	}
	if (stream && is_ack && stream->sides[!side].first_aside != POOL_NONE) {
		/* what it acknowledges was taken: its own bytes come behind that */
		stream_believe(&table->streams, stream, flow, !side, acknowledged);
	}
	table->streams.is_odd =
		false; /* it speaks of what is believed, not of this packet */
	take(table, flow, packet, side);
	stream = table_read_stream(table, flow);
	if (stream && is_ack) {
		aside_note(stream, flow, side, packet);
		believe_fin(flow, &stream->sides[!side], !side, acknowledged);
		stream_acknowledged(&table->streams, stream, flow, !side, acknowledged);
	}
	if (flow->fins == 3 && !has_ended(flow)) {
		close_if_complete(table, flow);
	}
}

/*
 * Most packets: in the midst of a connection that is looked at no more, and as they are
 * they can change nothing about it. Such a packet is only counted.
 */
static bool is_only_counted(const struct flow_table *table, const struct flow *flow,
	const struct packet *packet, unsigned side)
{
	return flow->stream == POOL_NONE && flow->state == FLOW_STATE_OPEN &&
	       flow->list == FLOW_LIST_DECIDED &&
	       !(packet->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST)) && has_data(flow) &&
	       flow->fins != 3 &&
	       (!flow->is_midstream || flow->packets[side] >= OPENING_MIDSTREAM) &&
	       !table->streams.is_gate;
}

bool flow_is_only_counted(const struct flow *flow)
{
	const bool is_unread =
		flow->list == FLOW_LIST_DECIDED
			? flow->stream == POOL_NONE
			: flow->list == FLOW_LIST_WATCHED && flow->is_muted;
	return is_unread && flow->way == 0 && flow->state == FLOW_STATE_OPEN &&
	       flow->fins == 0 && flow->bytes[0] > 0 && flow->bytes[1] > 0 &&
	       !flow->is_reported && !flow->is_packet_wanted &&
	       (!flow->is_midstream || (flow->packets[0] >= OPENING_MIDSTREAM &&
					       flow->packets[1] >= OPENING_MIDSTREAM));
}

static void count_packet(struct flow *flow, unsigned side, uint64_t now_us)
{
	flow->packets[side]++;
	flow->last_us = now_us;
	if (flow->start_us > now_us) { /* its first packet bore a wrong time */
		flow->start_us = now_us;
	}
}

static void on_flags(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	if (packet->tcp_flags & TCP_RST) {
		on_reset(table, flow, packet, side);
	} else if (packet->tcp_flags & TCP_ACK) {
		on_syn_ack(table, flow, packet, side);
	} else {
		on_syn(table, flow, packet, side);
	}
}

struct flow *flow_table_packet(
	struct flow_table *table, const struct packet *packet, uint64_t now_us)
{
	return flow_table_keyed_packet(
		table, packet, flow_table_expect(table, packet), now_us);
}

struct flow *flow_table_keyed_packet(struct flow_table *table,
	const struct packet *packet, struct flow_key key, uint64_t now_us)
{
	const bool is_leap = now_us > table->now_us + LEAP_US;
	table->now_us = now_us;
	if (!is_leap) { /* the next packet may show that it was none */
		table_expire(table);
	}
	const unsigned side = key.side;
	struct flow *flow = table_find(table, packet, key);
	if (is_only_counted(table, flow, packet, side)) {
		table->streams.is_odd = false;
		flow->bytes[side] += packet->payload_wire_len;
		count_packet(flow, side, now_us);
		return flow;
	}
	if (flow->is_shunted) { /* how long it was idle is to be known */
		table->handler.counted(table->handler.context, flow);
	}
	if (flow_is_resting(flow)) {
		rest_packet(table, flow, packet, side);
	}
	if (packet->tcp_flags & (TCP_SYN | TCP_RST)) {
		on_flags(table, flow, packet, side);
	} else if (flow->state == FLOW_STATE_SYN_ACK) {
		on_handshake_end(table, flow, packet, side);
	}
	if (flow->is_midstream && flow->packets[side] < OPENING_MIDSTREAM) {
		opening_note(table, flow, packet, side);
	}
	count_packet(flow, side, now_us);
	if (flow->list == FLOW_LIST_DONE && flow->listed_us < now_us) {
		table_relist(
			table, flow); /* while it is at hand, not once it is cold */
	}
	follow_stream(table, flow, packet, side);
	return flow;
}

bool flow_table_is_odd(const struct flow_table *table)
{
	return table->streams.is_odd;
}

const char *flow_state_name(const struct flow *flow)
{
	switch ((enum flow_state)flow->state) {
	case FLOW_STATE_SYN:
		return "syn";
	case FLOW_STATE_SYN_ACK:
		return "syn-ack";
	case FLOW_STATE_CLOSED:
		return "closed";
	case FLOW_STATE_RESET:
		return "reset";
	case FLOW_STATE_OPEN:
	case FLOW_STATE_COUNT:
		break;
	}
	return flow->is_midstream ? "midstream" : "established";
}
