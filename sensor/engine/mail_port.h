/*
 * engine/mail_port - what is not mail on a port of mail (R37). Private to engine/.
 *
 * HTTP there is foreign once its server answers so: that is told. Its client may ask for a
 * way elsewhere (CONNECT, an upgrade) at any time, with mail behind it: the flow is read on.
 */
#pragma once

#include "engine/private.h"

static inline uint16_t flow_server_port(const struct flow *flow)
{
	return flow->port[!flow->client];
}

static inline bool mail_port_has(const struct flow *flow)
{
	return protocol_of_port(flow_server_port(flow)) != PROTOCOL_UNKNOWN;
}

/* What is told as foreign: where nothing named it, what was asked of a proxy does. */
enum protocol mail_port_name(
	const struct conversation *conversation, enum protocol protocol);

/* A balancer looked whether its server is there: a PROXY header, and nothing behind it. */
bool mail_port_is_look(const struct watch *watch);

/* HTTP was recognised, its answer seen or to come: worth a dialogue. */
bool mail_port_may_lead_on(const struct watch *watch);

/* In DIALOGUE, behind each of its bytes: tells foreign HTTP, once. */
void mail_port_tell_web(const struct watch *watch);
