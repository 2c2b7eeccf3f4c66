/*
 * engine/services - name DCE/RPC flows with what endpoint mappers told before.
 *
 * A flow that shows its interfaces is named by them. One whose bind was not captured is
 * named by its server and port, where a mapper told that MAPI listens there. Private to
 * engine/.
 */
#pragma once

#include "engine/conversation.h"

/* Keep what a mapper answered in this flow; name the flow where that is possible now. */
void services_rpc(struct engine *engine, const struct flow *flow,
	struct conversation *conversation);

/* Its bytes tell nothing, but it began before the capture and its server's port is MAPI's. */
bool services_is_known_rpc(const struct engine *engine, const struct flow *flow);
