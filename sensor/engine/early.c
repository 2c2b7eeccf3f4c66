#include "engine/early.h"

#include "analyze/http.h"
#include "classify/proxy.h"
#include "engine/ether.h"

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

/* Of its dialogue of HTTP, or NULL. */
static const void *http_state(const struct conversation *conversation)
{
	return conversation_has_dialogue(conversation) &&
			       conversation->dialogue.analyzer == &ANALYZER_HTTP
		       ? conversation->dialogue.state
		       : NULL;
}

/*
 * Where the way leads that the client asked a proxy for, to be opened yet or nothing came
 * back through it; else NULL. In a dialogue of HTTP it was asked for behind another request,
 * and goes to *asked.
 */
static const struct classification *awaited_way(const struct conversation *conversation,
	unsigned client, struct classification *asked)
{
	const struct classification *found = &conversation->classification;
	if (conversation->phase == CONVERSATION_CLASSIFY) {
		return proxy_is_awaited(&conversation->prefix, found, client) ? found
									      : NULL;
	}
	const void *http = http_state(conversation);
	return http && http_is_asked(http) &&
			       proxy_note_authority(asked, http_asked_authority(http))
		       ? asked
		       : NULL;
}

/* It is to a port where servers greet, and no row lets the client there. */
static bool is_way_kept_out(struct engine *engine, const struct flow *flow,
	const struct conversation *conversation, const struct packet *packet)
{
	struct classification asked = {.outcome = CLASSIFY_NOT_YET};
	const struct classification *way =
		awaited_way(conversation, flow->client, &asked);
	return way && is_noted(engine, way->target_port) &&
	       is_kept_out(engine, flow,
		       way->has_target_address ? &way->target : &packet->dst,
		       way->target_port);
}

/* What it says behind that, which comes by itself. */
static bool is_behind_proxy(struct engine *engine, const struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const struct conversation *conversation = flow_area(engine->flows, flow);
	return conversation && side == flow->client && !flow->is_midstream &&
	       flow_table_brings_more(engine->flows, flow, packet, side) &&
	       is_way_kept_out(engine, flow, conversation, packet);
}

/* The packet has more in it than the request of the prefix, which may come again. */
static bool has_more_than_request(
	const struct watch *watch, const struct packet *packet)
{
	const struct conversation *conversation = watch->conversation;
	const unsigned client = watch->flow->client;
	if (conversation->phase != CONVERSATION_CLASSIFY) {
		const void *http = http_state(conversation);
		return http && http_is_ahead(http);
	}
	const uint16_t asked_len = conversation->classification.asked_len;
	const uint32_t offset =
		packet->sequence - watch->flow->initial_sequence[client];
	return proxy_is_ahead(
		       &conversation->prefix, &conversation->classification, client) &&
	       (asked_len == 0 || offset + packet->payload_wire_len > asked_len);
}

bool early_is_with_request(
	const struct watch *watch, const struct packet *packet, unsigned side)
{
	return watch->conversation && side == watch->flow->client &&
	       packet->payload_wire_len > 0 && !watch->flow->is_midstream &&
	       engine_is_enforcing(watch->engine) &&
	       has_more_than_request(watch, packet) &&
	       is_way_kept_out(watch->engine, watch->flow, watch->conversation, packet);
}

const struct flow *early_flow(
	struct engine *engine, const struct packet *packet, struct flow_key key)
{
	if (!engine_is_enforcing(engine) || packet->payload_wire_len == 0) {
		return NULL;
	}
	const struct flow *flow = flow_table_look(engine->flows, packet, key);
	if (!flow) {
		return NULL;
	}
	const bool is_greeting_to_come = is_noted(engine, packet->dst_port) &&
					 is_unanswered(flow, packet, key.side) &&
					 early_is_kept_out(engine, flow, packet);
	return is_greeting_to_come || is_behind_proxy(engine, flow, packet, key.side)
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

void early_note_ahead(const struct watch *watch, unsigned side)
{
	const struct flow *flow = watch->flow;
	struct conversation *conversation = watch->conversation;
	struct classification *classification = &conversation->classification;
	if (side != flow->client || flow->syns != 3 || conversation->restarts > 0 ||
		conversation_prefix(conversation)->run_count > 0 ||
		!ether_is_at_hand(watch->engine, flow, side)) {
		return;
	}
	const struct packet *packet = &watch->engine->at_hand->packet;
	const uint32_t heard = packet->acknowledgement - flow->initial_sequence[!side];
	const bool is_said = packet->tcp_flags & TCP_ACK;
	classification->is_ahead = is_said && heard == 0;
	classification->is_opening_known = is_said && heard > 0 && heard <= UINT16_MAX;
}
