/*
 * flow/aside - segments that their receiver may never take.
 *
 * In: a packet with payload. Out: why it is doubted, if it is. Such a segment is set
 * aside; it becomes bytes of the stream when the other end acknowledges it, and is
 * dropped when its side sends the same bytes without a doubt. Delivers nothing itself.
 * Private to flow/.
 */
#pragma once

#include "flow/stream.h"

/*
 * True: this packet's payload may never be taken, and was set aside, or at the gate refused.
 * False: it is to be read; where the side is .is_aside_full now, for want of room only.
 */
bool aside_packet(struct streams *streams, struct stream *stream,
	const struct flow *flow, unsigned side, const struct packet *packet);

/* The same where there is no room, at the gate: it is never taken, and is not read. */
bool aside_is_refused(struct streams *streams, const struct stream *stream,
	const struct flow *flow, unsigned side, const struct packet *packet);

/*
 * What a packet with or without payload tells of those that follow: the other side's
 * window, its own side's clock. Behind its payload.
 */
void aside_note(struct stream *stream, const struct flow *flow, unsigned side,
	const struct packet *packet);

/* These bytes come next, without a doubt. True: *ambiguity tells of another version. */
bool aside_compare(struct streams *streams, struct stream_side *from, struct text bytes,
	struct flow_ambiguity *ambiguity);

/*
 * The first one that is below this acknowledgement, taken off the list: the caller gives
 * it back. POOL_NONE: none is. What is known of the side's packets is known better now.
 */
uint32_t aside_take(struct streams *streams, struct stream_side *from,
	struct flow *flow, unsigned side, uint32_t acknowledgement);

/* The first one, whatever the other end said; POOL_NONE: there is none. */
uint32_t aside_take_any(struct streams *streams, struct stream_side *from);

/* What the beginning of these bytes is. */
struct flow_reading aside_reading(struct text bytes);
