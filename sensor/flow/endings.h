/*
 * flow/endings - whether a RST ends its connection, and what shows that it did not.
 *
 * In: a RST, and what follows it. Whoever receives one takes it by its exact number alone
 * and answers any other inside its window (RFC 5961, section 3.2), so one that may not
 * have been taken leaves the flow watched for a while (FLOW_LIST_ENDING): it has ended
 * unless what follows says otherwise. Where packets wait for our word that holds for each
 * of them, since a flow that is forgotten too early goes by unseen. Private to flow/.
 */
#pragma once

#include "flow/table.h"

enum ending {
	ENDING_NONE = 0, /* not of this connection, or never taken */
	ENDING_LIKELY,   /* unless what follows says otherwise */
	ENDING_CERTAIN,
};

/* It would never get as far as the other end, or be thrown away there. */
bool ending_is_lost(
	const struct flow *flow, const struct packet *packet, unsigned side);

/* Of a packet with RST. expected: where its side's next byte is, if is_known. */
enum ending ending_of_reset(const struct flow_table *table, const struct flow *flow,
	const struct packet *packet, unsigned side, const uint32_t *expected);

/* It is likely over: watched on, and ended when nothing comes. */
void ending_begin(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side);

/* Another packet of a flow that likely ended: watched as before when it did not. */
void ending_look(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side);

/* What follows says that it did not end: watched as before. */
void ending_forget(struct flow_table *table, struct flow *flow);

/* The other end acknowledged both FINs; only asked where packets wait for our word. */
bool ending_is_acknowledged(const struct stream *stream);
