#include "flow/rest.h"

#include "base/cold.h"

static bool may_rest(const struct stream_side *side)
{
	return side->is_synchronised && !side->has_fin && !side->has_urgent &&
	       side->first_segment == POOL_NONE && side->first_aside == POOL_NONE;
}

bool flow_rest(struct flow_table *table, struct flow *flow)
{
	const struct stream *stream = table_stream(table, flow);
	if (flow->is_muted || stream->has_syn || !may_rest(&stream->sides[0]) ||
		!may_rest(&stream->sides[1])) {
		return false;
	}
	for (unsigned side = 0; side < 2; side++) {
		flow->initial_sequence[side] = stream->sides[side].next_sequence;
	}
	flow->syns = 3;
	flow_release(table, flow);
	table_list(table, flow, FLOW_LIST_RESTING);
	return true;
}

/* All of it came before: a keep-alive, or what its receiver had and its sender does not know. */
static bool is_old(const struct flow *flow, const struct packet *packet, unsigned side)
{
	const uint32_t end = packet->sequence + packet->payload_wire_len;
	const uint32_t stand = flow->initial_sequence[side];
	return packet->payload_wire_len > 0 && !(packet->tcp_flags & TCP_SYN) &&
	       stream_is_near(end, stand) && sequence_diff(end, stand) <= 0;
}

/* Nothing to look at: no byte, or the next ones of an answer that is known for what it is. */
static bool is_ordinary(
	const struct flow *flow, const struct packet *packet, unsigned side)
{
	const bool has_bytes = packet->payload_wire_len > 0;
	if (packet->tcp_flags & TCP_SYN || (has_bytes && side == flow->client)) {
		return false;
	}
	return packet->sequence == flow->initial_sequence[side] ||
	       (!has_bytes && !(packet->tcp_flags & TCP_FIN));
}

COLD void rest_packet(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const bool is_going_on = packet->payload_wire_len > 0 &&
				 packet->sequence == flow->initial_sequence[side];
	if (is_old(flow, packet, side)) {
		return;
	}
	if (is_going_on) { /* behind a FIN that was none */
		flow->fins = flow->fins & ~(1U << side) & 3U;
	}
	if (is_ordinary(flow, packet, side)) {
		flow->initial_sequence[side] += packet->payload_wire_len;
		return;
	}
	/* what the client has not got yet may come again, or may never have been sent so */
	uint32_t *stand = &flow->initial_sequence[!side];
	if (is_going_on && packet->tcp_flags & TCP_ACK &&
		stream_is_near(packet->acknowledgement, *stand) &&
		sequence_diff(packet->acknowledgement, *stand) < 0) {
		*stand = packet->acknowledgement;
	}
	table_watch(table, flow);
}
