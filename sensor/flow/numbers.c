/* How far the bytes of a side are, as both ends tell it: flow/flow.h */

#include "flow/stream.h"
#include "flow/table.h"

struct flow_numbers flow_numbers(
	const struct flow_table *table, const struct flow *flow, unsigned side)
{
	const struct stream *stream = table_read_stream(table, flow);
	const struct stream_side *from = stream ? &stream->sides[side] : NULL;
	if (!from || !from->is_synchronised || !from->is_acknowledged) {
		return (struct flow_numbers){.is_known = false};
	}
	return (struct flow_numbers){.is_known = true,
		.next = from->next_sequence,
		.acknowledged = from->acknowledged};
}

bool flow_is_mute(
	const struct flow_table *table, const struct flow *flow, unsigned side)
{
	if (flow->bytes[side] > 0) {
		return false;
	}
	const struct flow_numbers numbers = flow_numbers(table, flow, side);
	return numbers.is_known ? numbers.acknowledged - numbers.next <= 1
				: flow->packets[side] > 0;
}
