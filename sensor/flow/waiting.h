/*
 * flow/waiting - bytes ahead of a hole, per side, in order and each once.
 *
 * They wait in slots of the shared pool. A slot is a fixed part of the sequence numbers,
 * with a bit per byte that is there, so that many small segments take no more room than
 * few large ones. First data win. Delivers nothing itself. Private to flow/.
 */
#pragma once

#include "flow/stream.h"

struct waiting_piece {
	uint32_t sequence; /* of the first byte */
	struct text bytes;
};

/*
 * How many of these bytes are dealt with: kept, or there before. 0: no room, which is the
 * pool's where the side has fewer than STREAM_SEGMENTS_MAX slots.
 */
size_t waiting_keep(struct streams *streams, struct stream_side *from,
	const struct flow *flow, unsigned side, struct waiting_piece piece);

/* Other bytes wait where these would go: *waiting are those. */
bool waiting_find_other(const struct streams *streams, const struct stream_side *from,
	struct waiting_piece piece, struct waiting_piece *waiting);

/* The first byte that waits; false: none does. What was delivered before is given back. */
bool waiting_first(
	struct streams *streams, struct stream_side *from, uint32_t *sequence);

/* What waits at .next_sequence, as one piece of a slot; empty: nothing does. */
struct text waiting_ready(struct streams *streams, struct stream_side *from);

/* Where the slot begins that is furthest from the hole, which there is. */
uint32_t waiting_last(const struct streams *streams, const struct stream_side *from);

/* Give that one up. */
void waiting_drop_last(struct streams *streams, struct stream_side *from);

/* Give all back undelivered. */
void waiting_discard(struct streams *streams, struct stream_side *from);
