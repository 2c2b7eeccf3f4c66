#include "engine/ether.h"

#include <string.h>

bool ether_is_at_hand(
	const struct engine *engine, const struct flow *flow, unsigned side)
{
	if (!engine->at_hand) { /* bytes that waited may come with no packet */
		return false;
	}
	const struct packet *packet = &engine->at_hand->packet;
	return packet->way == flow->way && packet->src_port == flow->port[side] &&
	       packet->dst_port == flow->port[!side] &&
	       address_equal(&packet->src, &flow->address[side]) &&
	       address_equal(&packet->dst, &flow->address[!side]);
}

void ether_take(const struct engine *engine, struct record_ether *ether)
{
	const uint8_t *addresses =
		decode_ethernet(&engine->given[engine->at_hand->frame]);
	if (addresses) {
		memcpy(ether->dst, addresses, RECORD_ETHER_BYTES);
		memcpy(ether->src, addresses + RECORD_ETHER_BYTES, RECORD_ETHER_BYTES);
		ether->is_known = true;
	}
}

void ether_fill(const struct engine *engine, const struct flow *flow,
	const struct conversation *conversation, struct record *record)
{
	for (unsigned side = 0; side < 2; side++) {
		struct record_ether *ether = &record->ether[flow_direction(flow, side)];
		if (conversation && conversation->ethers & 1U << side) {
			*ether = conversation->ether[side];
		}
		if (!ether->is_known && ether_is_at_hand(engine, flow, side)) {
			ether_take(engine, ether);
		}
	}
}
