/*
 * engine/rpc_naming - name DCE/RPC flows with what endpoint mappers told before.
 *
 * A flow that shows its interfaces is named by them. One whose bind was not captured is
 * named by its server and port, where a mapper told that MAPI listens there. Private to
 * engine/.
 */
#pragma once

#include "engine/private.h"

/* Keep what a mapper answered in this dialogue; name the flow where that is possible now. */
void rpc_naming_dialogue(const struct watch *watch);

/* Its bytes tell nothing, but it began before the capture and its server's port is MAPI's. */
bool rpc_naming_is_mapi(const struct watch *watch);
