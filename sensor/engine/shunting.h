/*
 * engine/shunting - which flows the kernel may count in our place (capture/shunt).
 *
 * Those of which nothing more is to be found, by the same words as inline
 * (engine/passage), whose packets change nothing but counters. What the kernel counted
 * comes back into the flow before anybody asks how long it was idle, or it ends.
 */
#pragma once

#include "engine/private.h"

/* Behind each packet of a flow: it is offered now and then, and stopped where it may turn. */
void shunting_packet(struct engine *engine, struct flow *flow,
	const struct packet *packet, unsigned side);

/* For flow/: what was counted of it elsewhere. context: the engine. */
void shunting_count(void *context, struct flow *flow);

/* It ends. */
void shunting_end(struct engine *engine, struct flow *flow);
