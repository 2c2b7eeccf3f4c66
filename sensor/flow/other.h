/*
 * flow/other - whether a handshake in the midst of a flow is another connection's.
 *
 * Anybody may send a SYN, its answer, or both, with the ports of others, so neither ends a
 * flow that is looked at: they are noted, and the first bytes with their numbers begin the
 * other connection. Where the one before goes on all the same, with its own numbers, it is
 * picked up again and that is told. The same holds where numbers far off were followed in the
 * midst of one. Of flows that are not looked at the answer decides.
 * RFC 9293 section 3.10.7.4, RFC 5961 section 4. Private to flow/.
 */
#pragma once

#include "flow/table.h"

enum other {
	OTHER_NOT = 0, /* of the flow as it is */
	OTHER_PERHAPS, /* not of it */
	OTHER_CERTAIN, /* the ports were used again */
};

/* A SYN of a flow that has a stream; is_late: it needs no answer to be another connection's. */
void other_note_syn(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side, bool is_late);

/* A SYN with ACK of a flow that has not ended. */
enum other other_of_answer(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side);

/* Something is noted, so that other_look is to be asked. */
static inline bool other_is_likely(const struct stream *stream)
{
	return stream->has_syn || stream->has_former;
}

/* Who was left for this one may go on, so that its end is no reason to forget that. */
static inline bool other_is_left(const struct stream *stream)
{
	return stream->has_former && !stream->is_former_own;
}

/*
 * A packet of a flow whose bytes are read. True: it says nothing of this connection. False:
 * it is to be followed, by a flow that may have been started over.
 */
bool other_look(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side);

/* A side is about to go on far off: bytes where it stood bring it back. */
void other_leave(struct stream *stream, unsigned side);

/* The flow has a stream since now: what it was left for, or picked up from. */
void other_begin(struct flow_table *table, struct flow *flow);
