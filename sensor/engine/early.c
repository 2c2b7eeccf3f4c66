#include "engine/early.h"

#include <string.h>

static bool is_greeting(enum protocol protocol)
{
	const struct protocol_row *row = protocol_row(protocol);
	switch (row->grammar) {
	case PROTOCOL_GRAMMAR_SMTP:
	case PROTOCOL_GRAMMAR_IMAP:
	case PROTOCOL_GRAMMAR_POP3:
	case PROTOCOL_GRAMMAR_SIEVE:
		return true;
	default:
		return false;
	}
}

static uint32_t greeting_protocols(void)
{
	uint32_t protocols = 0;
	for (int i = PROTOCOL_UNKNOWN + 1; i < PROTOCOL_ATTEMPT; i++) {
		protocols |= is_greeting((enum protocol)i) ? PROTOCOL_BIT(i) : 0;
	}
	return protocols;
}

/* Not one at which TLS begins, where the client speaks first. */
static void note_port(struct engine *engine, uint16_t port)
{
	if (port != 0 && !protocol_row(protocol_of_port(port))->is_implicit_tls) {
		engine->greeted[port / 8] |= (uint8_t)(1U << port % 8);
	}
}

static bool is_noted(const struct engine *engine, uint16_t port)
{
	return engine->greeted[port / 8] & 1U << port % 8;
}

void early_note_ports(struct engine *engine)
{
	const uint32_t greeting = greeting_protocols();
	size_t count = 0;
	const struct matrix_row *rows = matrix_rows(engine->settings.matrix, &count);
	memset(engine->greeted, 0, sizeof(engine->greeted));
	for (int i = PROTOCOL_UNKNOWN + 1; i < PROTOCOL_ATTEMPT; i++) {
		const struct protocol_row *row = protocol_row((enum protocol)i);
		for (size_t j = 0; greeting & PROTOCOL_BIT(i) && j < PROTOCOL_PORTS_MAX;
			j++) {
			note_port(engine, row->ports[j]);
		}
	}
	for (const struct matrix_row *row = rows; row < rows + count; row++) {
		for (size_t j = 0; row->protocols & greeting && j < row->port_count;
			j++) {
			note_port(engine, row->ports[j]);
		}
	}
}

/* Opened before our eyes, by this packet's sender, and the other end has yet to speak. */
static bool is_unanswered(
	const struct flow *flow, const struct packet *packet, unsigned side)
{
	return flow->way == 0 && flow->client == side && flow->syns == 3 &&
	       flow->bytes[!side] == 0 && !flow->is_midstream && !flow->is_reported &&
	       !(packet->tcp_flags & TCP_SYN);
}

/* Such a flow to this end, which may be behind the one in the packets. */
static bool is_kept_out(struct engine *engine, const struct flow *flow,
	const struct address *server, uint16_t server_port)
{
	const unsigned client = flow->client;
	const struct observation observation = {.protocol = PROTOCOL_ATTEMPT,
		.client = flow->address[client],
		.server = *server,
		.client_port = flow->port[client],
		.server_port = server_port,
		.confidence = (enum direction_confidence)flow->confidence,
		.how_far = "",
		.now_us = engine->now_us};
	judge_flow_briefly(engine->settings.matrix, &observation, &engine->judgement);
	return action_keeps_out(
		engine->settings.actions, &observation, &engine->judgement);
}

bool early_is_kept_out(
	struct engine *engine, const struct flow *flow, const struct packet *packet)
{
	return is_kept_out(engine, flow, &packet->dst, packet->dst_port);
}

bool early_is_in_opening(
	struct engine *engine, const struct flow *flow, const struct packet *packet)
{
	return (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
	       packet->payload_wire_len > 0 && engine_is_enforcing(engine) &&
	       is_noted(engine, packet->dst_port) &&
	       early_is_kept_out(engine, flow, packet);
}

/* The client has asked a proxy, and this packet has nothing of that request in it. */
static bool is_behind_request(const struct watch *watch, const struct packet *packet)
{
	const struct classification *found = &watch->conversation->classification;
	const unsigned client = watch->flow->client;
	if (found->proxy == CLASSIFY_PROXY_CONNECT ||
		found->proxy == CLASSIFY_PROXY_SOCKS) {
		return watch->conversation->prefix.len[client] > 0;
	}
	const uint32_t offset =
		packet->sequence - watch->flow->initial_sequence[client];
	return found->asked_len > 0 && offset >= found->asked_len;
}

bool early_is_behind_proxy(
	const struct watch *watch, const struct packet *packet, unsigned side)
{
	const struct conversation *conversation = watch->conversation;
	const struct flow *flow = watch->flow;
	if (!conversation || conversation->phase != CONVERSATION_CLASSIFY ||
		side != flow->client || packet->payload_wire_len == 0 ||
		flow->is_midstream || !engine_is_enforcing(watch->engine) ||
		conversation->prefix.len[!side] > 0 ||
		!is_behind_request(watch, packet)) {
		return false;
	}
	const struct classification *found = &conversation->classification;
	return is_noted(watch->engine, found->target_port) &&
	       is_kept_out(watch->engine, flow,
		       found->has_target_address ? &found->target : &packet->dst,
		       found->target_port);
}

const struct flow *early_flow(
	struct engine *engine, const struct packet *packet, struct flow_key key)
{
	if (!engine_is_enforcing(engine) || packet->payload_wire_len == 0 ||
		!is_noted(engine, packet->dst_port)) {
		return NULL;
	}
	const struct flow *flow = flow_table_look(engine->flows, packet, key);
	return flow && is_unanswered(flow, packet, key.side) &&
			       early_is_kept_out(engine, flow, packet)
		       ? flow
		       : NULL;
}

bool early_is_answer_to_come(const struct watch *watch, unsigned side)
{
	const struct flow *flow = watch->flow;
	const unsigned server = !flow->client;
	if (side != flow->client) {
		return false;
	}
	if (flow->bytes[server] == 0) {
		return flow->packets[server] > 0;
	}
	return watch->engine->outputs.passage != NULL &&
	       !prefix_has_gone_on(conversation_prefix(watch->conversation), server);
}
