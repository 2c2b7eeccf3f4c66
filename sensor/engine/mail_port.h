/*
 * engine/mail_port - what is not mail on a port of mail (R37). Private to engine/.
 *
 * HTTP there is foreign once its server answers so. Where its client asks for a way
 * elsewhere (CONNECT, an upgrade) mail may be behind it all the same: that is told, and
 * the flow is read on.
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

/* HTTP was recognised, its answer seen or to come: worth a dialogue. */
bool mail_port_may_lead_on(const struct watch *watch);

/* In DIALOGUE, behind each of its bytes: true when it is foreign HTTP and nothing else. */
bool mail_port_is_web(const struct watch *watch);
