#include "engine/rpc_naming.h"

#include "analyze/dcerpc.h"

static const struct address *server_of(const struct flow *flow)
{
	return &flow->address[!flow->client];
}

static uint16_t port_of(const struct flow *flow)
{
	return flow->port[!flow->client];
}

/* Clients go to the mapper's own address, whatever the tower says: keep both. */
static void learn(struct engine *engine, const struct flow *flow, struct dcerpc *dcerpc)
{
	struct rpc_endpoint endpoint;
	if (way_is_foreign(flow->way)) {
		return;
	}
	while (dcerpc_take_endpoint(dcerpc, &endpoint)) {
		endpoint_map_tell(&engine->endpoints, server_of(flow), endpoint.port,
			endpoint.is_exchange, engine->now_us);
		if (endpoint.has_address &&
			!address_equal(&endpoint.address, server_of(flow))) {
			endpoint_map_tell(&engine->endpoints, &endpoint.address,
				endpoint.port, endpoint.is_exchange, engine->now_us);
		}
	}
}

static bool is_mapis_port(const struct engine *engine, const struct flow *flow)
{
	return endpoint_map_is_exchange(
		&engine->endpoints, server_of(flow), port_of(flow), engine->now_us);
}

void rpc_naming_dialogue(const struct watch *watch)
{
	struct engine *engine = watch->engine;
	const struct flow *flow = watch->flow;
	struct dialogue *dialogue = conversation_dialogue(watch->conversation);
	struct classification *classification = &watch->conversation->classification;
	if (dialogue->analyzer != &ANALYZER_DCERPC) {
		return;
	}
	learn(engine, flow, (struct dcerpc *)(void *)dialogue->state);
	if (dialogue->facts.protocol == PROTOCOL_DCERPC &&
		dcerpc_is_bind_missed(dialogue->state) && is_mapis_port(engine, flow)) {
		dialogue->facts.protocol = PROTOCOL_MAPI_RPC;
		classification->evidence = "endpoint mapper's answer";
	}
	if (dialogue->facts.protocol == PROTOCOL_MAPI_RPC &&
		classification->protocol == PROTOCOL_DCERPC) {
		classification->protocol = PROTOCOL_MAPI_RPC;
		if (!dcerpc_is_bind_missed(dialogue->state)) {
			classification->evidence = "bind to an exchange interface";
		}
	}
}

bool rpc_naming_is_mapi(const struct watch *watch)
{
	return watch->flow->is_midstream && is_mapis_port(watch->engine, watch->flow);
}
