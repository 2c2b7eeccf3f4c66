/*
 * engine/answer - the segments that end a blocked connection. Pure. Private to engine/.
 *
 * In: the packet that is dropped, and up to where each side has what was held before.
 * Out: what to send. RFC 9293 sections 3.10.7.1 and 3.5.2 for the numbers of a reset,
 * RFC 5321 sections 3.1 and 4.3.2 for 554 in place of a greeting or reply.
 */
#pragma once

#include "capture/inject.h"
#include "engine/engine.h"

#define ANSWERS_MAX 4

struct answers {
	struct inject_segment list[ANSWERS_MAX];
	size_t count;
};

/*
 * A reset is taken by its exact number alone (RFC 5961, section 3.2), and what the other
 * end has is known only as far as it said so: where two numbers may be right, both go out.
 *
 * passage is blocked. sequence: the first of the packet's sender's bytes that its peer
 * never got: the packet's own, or that of one held before it.
 */
void answer_block(const struct engine_passage *passage, uint32_t sequence,
	struct answers *answers);

/*
 * The same for a packet that was not dropped: what follows it is not to be taken. Nobody
 * is spoken to, since its receiver may have answered already, and nothing was dropped:
 * whatever the action, both ends are reset.
 */
void answer_block_behind(const struct engine_passage *passage, struct answers *answers);

/* Of a connection that is not even to begin, or that was ended and is forgotten: its sender is reset. */
void answer_reset(const struct packet *packet, struct answers *answers);
