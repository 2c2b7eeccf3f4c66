/*
 * engine/passage - whether a flow's packets may pass, for who holds them back.
 *
 * A passage is what is told of one packet: where its flow stands (enum engine_standing).
 * A flow is blocked when the action for one of its findings says so, from the packet
 * on that showed it, and then looked at no more. Private to engine/.
 */
#pragma once

#include "engine/private.h"

/*
 * The judgement at hand is of this flow (NULL: of none that could be blocked): choose
 * the action, keep it with the flow, note it in the record, and whether more may come.
 */
void passage_decide(struct engine *engine, struct flow *flow, struct record *record);

/* It is looked at no more since nothing is to be found in its bytes, not for want of room. */
void passage_note_done(struct flow *flow);

/*
 * Both ends spoke and nothing more is to be found, as far as its packets neither begin nor
 * end anything; so none of them needs to be seen.
 */
bool passage_has_nothing_more(struct engine *engine, struct flow *flow);

/* We ended it, or are about to. */
bool passage_is_blocked(const struct flow *flow);

/* Of a packet that is not looked at: too early (engine/early), or of what we ended. */
void passage_tell_unseen(struct engine *engine, const struct engine_passage *passage);

/* Tell the outputs where the packet's flow stands; side is the sender's. */
void passage_tell(struct engine *engine, struct flow *flow, const struct packet *packet,
	unsigned side, size_t frame);
