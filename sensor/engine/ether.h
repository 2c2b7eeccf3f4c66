/*
 * engine/ether - the Ethernet addresses that a flow's frames bore.
 *
 * In: the packet whose turn it is, with its frame as it was captured. Out: of each side of
 * a flow the addresses of its first frame with bytes, those of the frame itself and not of
 * one inside of a tunnel. A packet that comes later changes nothing. Of a flow without a
 * conversation nothing is kept: its record has those of the packet that ended it, if any.
 */
#pragma once

#include "engine/private.h"

/* The packet whose turn it is was sent by this side of the flow. */
bool ether_is_at_hand(
	const struct engine *engine, const struct flow *flow, unsigned side);

/* Take them from the packet whose turn it is. */
void ether_take(const struct engine *engine, struct record_ether *ether);

/*
 * The same where it is this side's, told by its hash: another flow with the same one is one
 * of four thousand million.
 */
static inline void ether_note(const struct engine *engine, const struct flow *flow,
	unsigned side, struct conversation *conversation)
{
	const struct waiting *at = engine->at_hand;
	if (!(conversation->ethers & 1U << side) && at && at->key.hash == flow->hash &&
		at->key.side == side) {
		conversation->ethers |= (uint8_t)(1U << side);
		conversation->ether[side].is_known = false;
		ether_take(engine, &conversation->ether[side]);
	}
}

/* conversation: NULL where there is none. */
void ether_fill(const struct engine *engine, const struct flow *flow,
	const struct conversation *conversation, struct record *record);
