/*
 * flow/opening - what the packets of a handshake tell of those that follow.
 *
 * In: a SYN, its answer, or the first packets of a flow that began before the capture.
 * Out, in the flow: first numbers, hops, checksums, the scale of windows. Private to flow/.
 */
#pragma once

#include "flow/table.h"

/* Of the side's first data byte, as long as none came. */
void opening_note_first(struct flow *flow, unsigned side, uint32_t sequence);

/* By what its opening side's packets are known: what arrives may be no less. */
void opening_note(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side);

/* RFC 7323 section 2.2: both sides' windows are scaled, or none. */
void opening_note_scale(struct flow *flow, const struct packet *packet, unsigned side);
