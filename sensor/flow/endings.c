#include "flow/endings.h"

#include "base/cold.h"
#include "flow/other.h"

/* A reset this far from what is expected is not of this connection (RFC 9293, section 3.10.7.4). */
#define RESET_WINDOW_BYTES (1 << 20)

bool ending_is_lost(const struct flow *flow, const struct packet *packet, unsigned side)
{
	return packet->ttl < flow->ttl[side] ||
	       (flow->sound & 1U << side && packet_has_sum(packet) &&
		       packet_sum(packet) == CHECKSUM_WRONG);
}

/* What its receiver expects: all that came, or as far as it said itself. */
static bool is_exact(const struct stream *stream, const struct packet *packet,
	unsigned side, uint32_t expected)
{
	const struct stream_side *from = stream ? &stream->sides[side] : NULL;
	return packet->sequence == expected ||
	       (from && from->is_acknowledged &&
		       packet->sequence == from->acknowledged);
}

COLD enum ending ending_of_reset(const struct flow_table *table,
	const struct flow *flow, const struct packet *packet, unsigned side,
	const uint32_t *expected)
{
	const struct stream *stream = table_read_stream(table, flow);
	if (!expected) { /* nobody knows its numbers */
		return ENDING_CERTAIN;
	}
	const int32_t off = sequence_diff(packet->sequence, *expected);
	if (off < -RESET_WINDOW_BYTES || off > RESET_WINDOW_BYTES) {
		return ENDING_NONE;
	}
	if (!table->streams.is_gate) {
		const bool is_taken = off == 0 && !ending_is_lost(flow, packet, side) &&
				      !(stream && other_is_left(stream));
		return is_taken ? ENDING_CERTAIN : stream ? ENDING_LIKELY : ENDING_NONE;
	}
	if (!is_exact(stream, packet, side, *expected) ||
		ending_is_lost(flow, packet, side)) {
		return ENDING_NONE;
	}
	return stream ? ENDING_LIKELY : ENDING_CERTAIN;
}

COLD void ending_begin(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	struct stream *stream = table_stream(table, flow);
	table_list(table, flow, FLOW_LIST_ENDING);
	if (other_is_left(stream)) { /* silence is the end, any byte denies it */
		return;
	}
	stream->has_syn_answer = false; /* what they keep is in one place */
	stream->has_former = false;
	stream->resets = (stream->resets | 1U << side) & 3U;
	stream->reset_sequence[side] = packet->sequence;
}

/* Its sender goes on, or the other end still waits for what is in front of it. */
static bool is_denied(
	const struct stream *stream, const struct packet *packet, unsigned side)
{
	if (packet->payload_wire_len > 0 &&
		(stream->resets == 0 || stream->resets & 1U << side)) {
		return true;
	}
	return stream->resets & 1U << !side && packet->tcp_flags & TCP_ACK &&
	       !(packet->tcp_flags & TCP_RST) &&
	       sequence_diff(packet->acknowledgement, stream->reset_sequence[!side]) <
		       0;
}

COLD void ending_forget(struct flow_table *table, struct flow *flow)
{
	struct stream *stream = table_stream(table, flow);
	const bool has_both = flow->bytes[0] > 0 && flow->bytes[1] > 0;
	if (stream->resets != 0) {
		stream->resets = 0;
		stream->opening = (struct stream_opening){.scales = UINT8_MAX};
	}
	table_list(table, flow, has_both ? FLOW_LIST_WATCHED : FLOW_LIST_ONE_SIDED);
}

COLD void ending_look(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const struct stream *stream = table_stream(table, flow);
	if (stream && is_denied(stream, packet, side)) {
		ending_forget(table, flow);
	}
}

COLD bool ending_is_acknowledged(const struct stream *stream)
{
	for (unsigned side = 0; side < 2; side++) {
		const struct stream_side *from = &stream->sides[side];
		if (from->has_fin &&
			(!from->is_acknowledged || sequence_diff(from->acknowledged,
							   from->fin_sequence) <= 0)) {
			return false;
		}
	}
	return true;
}
