#include "base/cold.h"
#include "flow/aside.h"
#include "flow/endings.h"
#include "flow/options.h"
#include "flow/rest.h"
#include "flow/table.h"

/* A flow silent this long may be replaced by a new SYN without any FIN (RFC 9293, TIME-WAIT is 2 MSL). */
#define REUSE_AFTER_US 60000000ULL
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

static void note_first(struct flow *flow, unsigned side, uint32_t sequence)
{
	if (flow->bytes[side] == 0) {
		flow->initial_sequence[side] = sequence;
		flow->syns = (flow->syns | 1U << side) & 3U;
	}
}

/* Whether a side's checksums are right, or left to its network card: all that follow are. */
static void note_sum(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	if (!packet_has_sum(packet)) {
		return;
	}
	const enum checksum_result sum = packet_sum(packet);
	table->counters.sums[sum]++;
	if (sum == CHECKSUM_RIGHT) {
		flow->sound = (flow->sound | 1U << side) & 3U;
	} else if (sum == CHECKSUM_OFFLOADED) {
		flow->carded = (flow->carded | 1U << side) & 3U;
	}
}

/* By what its opening side's packets are known: what arrives may be no less. */
static void note_opening(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	if (packet->ttl > flow->ttl[side]) {
		flow->ttl[side] = packet->ttl;
	}
	note_sum(table, flow, packet, side);
}

static void set_scale(struct flow *flow, unsigned side, unsigned scale)
{
	flow->scales =
		(uint8_t)((flow->scales & ~(15U << (4 * side))) | scale << (4 * side));
}

/* RFC 7323 section 2.2: both sides' windows are scaled, or none. */
static void note_scale(struct flow *flow, const struct packet *packet, unsigned side)
{
	const struct tcp_options options = options_of(packet);
	set_scale(flow, side, options.scale);
	if (packet->tcp_flags & TCP_ACK && !options.has_scale) {
		set_scale(flow, !side, 0);
	}
}

static void on_syn(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const bool is_idle = table_was_idle(table, flow, REUSE_AFTER_US);
	struct stream *stream = table_stream(table, flow);
	/* where packets wait for our word its answer tells: both ends may ignore this one */
	const bool is_waiting = table->streams.is_gate && stream && !flow->is_muted;
	if (has_ended(flow) ||
		(!is_waiting && (flow->fins == 3 || (has_data(flow) && is_idle)))) {
		table_restart(table, flow, packet);
		stream = NULL;
	}
	if (stream) { /* its answer will tell whether it is another connection */
		stream->has_syn = true;
		stream->syn_sequence = packet->sequence;
	}
	/* The last one before the answer holds; another one behind it changes nothing. */
	if (flow->state == FLOW_STATE_SYN || !(flow->syns & 1U << side)) {
		note_first(flow, side, packet->sequence + 1);
		note_opening(table, flow, packet, side);
		note_scale(flow, packet, side);
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

/* It says again what the handshake said, or nothing of that is known. */
static bool is_same_answer(
	const struct flow *flow, const struct packet *packet, unsigned side)
{
	const bool is_other = flow->syns & 1U << side &&
			      packet->sequence + 1 != flow->initial_sequence[side];
	const bool is_to_other =
		flow->syns & 1U << !side && flow->bytes[!side] == 0 &&
		packet->acknowledgement != flow->initial_sequence[!side];
	return !is_other && !is_to_other;
}

/*
 * Answers a SYN that this flow did not have: the ports were used again. While bytes are
 * looked at that takes more than this packet, which anybody may have sent: the SYN it
 * answers, or silence before; but where the other side was never heard, nothing else comes.
 */
static bool is_other_connection(const struct flow_table *table, const struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const bool is_idle = table_was_idle(table, flow, REUSE_AFTER_US);
	if (!has_data(flow)) {
		return false;
	}
	if (is_same_answer(flow, packet, side)) {
		return !(flow->syns & 1U << side) && is_idle;
	}
	const struct stream *stream = table_stream(table, flow);
	return is_idle || !stream || flow->packets[!side] == 0 ||
	       (stream->has_syn && packet->acknowledgement == stream->syn_sequence + 1);
}

static void on_syn_ack(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	if (has_ended(flow) || is_other_connection(table, flow, packet, side)) {
		table_restart(table, flow, packet);
	} else if (flow->state != FLOW_STATE_SYN &&
		   !is_same_answer(flow, packet, side)) {
		table->counters
			.out_of_window++; /* the client's word tells which it took */
		return;
	}
	note_opening(table, flow, packet, side);
	note_scale(flow, packet, side);
	note_first(flow, side, packet->sequence + 1);
	note_first(flow, !side, packet->acknowledgement); /* the SYN it answers */
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

static void follow_stream(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const bool is_fin = packet->tcp_flags & TCP_FIN;
	const bool is_ack = packet->tcp_flags & TCP_ACK;
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
	if (flow->list == FLOW_LIST_ENDING) {
		ending_look(table, flow, packet, side);
	}
	struct stream *stream = table_read_stream(table, flow);
	if (stream && is_ack && stream->sides[!side].first_aside != POOL_NONE) {
		/* what it acknowledges was taken: its own bytes come behind that */
		stream_believe(&table->streams, stream, flow, !side, acknowledged);
	}
	table->streams.is_odd =
		false; /* it speaks of what is believed, not of this packet */
	if (!has_ended(flow)) {
		if (has_bytes_to_take(flow, packet, side)) {
			on_payload(table, flow, packet, side);
		}
		if (is_fin && !has_ended(flow)) {
			on_fin(table, flow, packet, side);
		}
	}
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
		note_opening(table, flow, packet, side);
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
