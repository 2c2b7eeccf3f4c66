#include "flow/opening.h"

#include "flow/options.h"

void opening_note_first(struct flow *flow, unsigned side, uint32_t sequence)
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

void opening_note(struct flow_table *table, struct flow *flow,
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

void opening_note_scale(struct flow *flow, const struct packet *packet, unsigned side)
{
	const struct tcp_options options = options_of(packet);
	set_scale(flow, side, options.scale);
	if (packet->tcp_flags & TCP_ACK && !options.has_scale) {
		set_scale(flow, !side, 0);
	}
}
