/*
 * engine/web - connections to web servers: most of what is neither mail nor TLS.
 *
 * A later request of one may be for mail, so they are followed as long as they last; but
 * between two requests there is nothing to follow. Then the flow rests (flow/flow.h) and
 * has no conversation, until its client goes on: a dialogue in HTTP begins with that.
 */
#pragma once

#include "engine/private.h"

/* Opened behind a rest: the next byte begins a request, or is of another protocol. */
void web_resume(struct conversation *conversation, const struct flow *flow);

/* Just recognised: its first exchange may be all there is. True: it rests. */
bool web_rest_at_once(struct watch *watch);

/* Behind bytes of the server: where nothing is left to be read of the dialogue it rests. */
void web_rest(struct watch *watch);

/* A later request of a connection that was plain HTTP asked for mail, and got it. */
void web_name(struct conversation *conversation);

/*
 * At its end: what it is where it is no mail, else PROTOCOL_OTHER. A service that was asked of
 * a server that is heard and never says a word is none.
 */
enum protocol web_foreign_protocol(const struct watch *watch);
