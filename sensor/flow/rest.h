/*
 * flow/rest - connections that have said all there is to say, until their client goes on.
 *
 * Nothing is kept for one but where each side stands, in its struct flow. What comes in
 * order from the server moves its stand. Any other packet that carries something ends the
 * rest: it meets a stream again, as if nothing had happened. Private to flow/.
 */
#pragma once

#include "flow/table.h"

/* A packet of a resting flow; behind this call it may rest no more. */
void rest_packet(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side);
