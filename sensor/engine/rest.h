/*
 * engine/rest - connections that have no conversation until their client goes on.
 *
 * Web pages between two requests (engine/web) and name servers between two queries
 * (engine/lookups) leave nothing to follow; flow/flow.h keeps where each side stands.
 * Private to engine/.
 */
#pragma once

#include "engine/private.h"

/* Behind bytes of the server: it rests where nothing is left to be read. */
void rest_begin(struct watch *watch);

/* Its client went on: what the next bytes are taken for. */
void rest_end(struct conversation *conversation, const struct flow *flow);

/* Not one to a name server, which goes on with queries, nor to a port of mail. */
bool rest_is_of_web(const struct flow *flow);

/* The conversation is gone behind it. False: the flow may not rest. */
bool rest_now(struct watch *watch);
