#include "flow/table.h"

/* A reset this far from what is expected is not of this connection (RFC 9293, section 3.10.7.4). */
#define RESET_WINDOW_BYTES (1 << 20)

/* A flow silent this long may be replaced by a new SYN without any FIN (RFC 9293, TIME-WAIT is 2 MSL). */
#define REUSE_AFTER_US 60000000ULL

void flow_set_client(struct flow *flow, unsigned side)
{
	if (flow->confidence <= DIRECTION_CONFIDENCE_BANNER) {
		flow->client = (uint8_t)side;
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

/* Where the side's data begins; the last SYN before any data holds. */
static void note_syn(struct flow *flow, const struct packet *packet, unsigned side)
{
	if (flow->bytes[side] == 0) {
		flow->initial_sequence[side] = packet->sequence + 1;
		flow->syns |= (uint8_t)(1U << side);
	}
}

static void syn(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const bool is_idle = table->now_us - flow->last_us > REUSE_AFTER_US;
	if (has_ended(flow) || (has_data(flow) && is_idle)) {
		table_restart(table, flow, packet);
		return;
	}
	if (flow->state == FLOW_STATE_SYN && side != flow->client) {
		flow->state =
			FLOW_STATE_OPEN; /* simultaneous open, RFC 9293 section 3.5 */
	}
	if (flow->confidence < DIRECTION_CONFIDENCE_SYN && !has_data(flow)) {
		flow->client = (uint8_t)side;
		flow->confidence = DIRECTION_CONFIDENCE_SYN;
	}
}

static void syn_ack(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	struct stream *stream = table_stream(table, flow);
	if (has_ended(flow)) {
		table_restart(table, flow, packet);
		return;
	}
	if (stream && stream->sides[side].is_synchronised && flow->bytes[side] > 0 &&
		packet->sequence + 1 != stream->sides[side].next_sequence &&
		table->now_us - flow->last_us > REUSE_AFTER_US) {
		table_restart(table, flow, packet);
		return;
	}
	if (flow->state == FLOW_STATE_SYN) {
		flow->state = FLOW_STATE_SYN_ACK;
	}
	if (flow->confidence < DIRECTION_CONFIDENCE_SYN_ACK) {
		flow->client = (uint8_t)!side;
		flow->confidence = DIRECTION_CONFIDENCE_SYN_ACK;
	}
}

void flow_cut(struct flow_table *table, struct flow *flow)
{
	if (!has_ended(flow)) {
		flow->state = FLOW_STATE_RESET;
		table_end(table, flow, FLOW_END_RESET);
		table_list(table, flow, FLOW_LIST_DONE);
	}
}

static void reset(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const struct stream *stream = table_stream(table, flow);
	/* The numbers of one that is muted are not followed. */
	if (stream && !flow->is_muted && stream->sides[side].is_synchronised) {
		const int32_t off =
			(int32_t)(packet->sequence - stream->sides[side].next_sequence);
		if (off < -RESET_WINDOW_BYTES || off > RESET_WINDOW_BYTES) {
			table->counters.out_of_window++;
			return;
		}
	}
	flow_cut(table, flow);
}

static void payload(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	if (flow->list == FLOW_LIST_HALF_OPEN ||
		(flow->is_midstream && flow->bytes[0] + flow->bytes[1] == 0)) {
		table_watch(table, flow);
	}
	flow->bytes[side] += packet->payload_wire_len;
	if (flow->state < FLOW_STATE_OPEN) {
		flow->state = FLOW_STATE_OPEN;
	}
	struct stream *stream = flow->is_muted ? NULL : table_stream(table, flow);
	if (stream) {
		stream_segment(&table->streams, stream, flow, side, packet);
	}
}

static void fin(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	flow->fins |= (uint8_t)(1U << side);
	struct stream *stream = table_stream(table, flow);
	if (stream && !stream->sides[side].has_fin) {
		stream->sides[side].has_fin = true;
		stream->sides[side].fin_sequence =
			packet->sequence + packet->payload_wire_len;
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

/* Both FINs: over, unless bytes are missing; then it waits for them or its idle time. */
static void close_if_complete(struct flow_table *table, struct flow *flow)
{
	const struct stream *stream = table_stream(table, flow);
	if (stream && !flow->is_muted && !is_complete(stream)) {
		return;
	}
	flow->state = FLOW_STATE_CLOSED;
	table_end(table, flow, FLOW_END_CLOSED);
	table_list(table, flow, FLOW_LIST_DONE);
}

static void follow(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	if (packet->payload_wire_len > 0 && !has_ended(flow)) {
		payload(table, flow, packet, side);
	}
	if (packet->tcp_flags & TCP_FIN && !has_ended(flow)) {
		fin(table, flow, packet, side);
	}
	struct stream *stream = flow->is_muted ? NULL : table_stream(table, flow);
	if (stream && packet->tcp_flags & TCP_ACK) {
		stream_acknowledged(
			&table->streams, stream, flow, !side, packet->acknowledgement);
	}
	if (flow->fins == 3 && !has_ended(flow)) {
		close_if_complete(table, flow);
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
	if (now_us > table->now_us) {
		table->now_us = now_us;
	}
	table_expire(table);
	const unsigned side = key.side;
	struct flow *flow = table_find(table, packet, key);
	const uint8_t flags = packet->tcp_flags;
	if (flags & TCP_RST) {
		reset(table, flow, packet, side);
	} else if (flags & TCP_SYN) {
		if (flags & TCP_ACK) {
			syn_ack(table, flow, packet, side);
		} else {
			syn(table, flow, packet, side);
		}
		note_syn(flow, packet, side);
	}
	flow->packets[side]++;
	flow->last_us = table->now_us;
	follow(table, flow, packet, side);
	return flow;
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
