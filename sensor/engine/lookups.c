#include "engine/lookups.h"

#include "engine/verdicts.h"

#include <netinet/in.h>

bool lookups_wanted(const struct packet *packet, struct dns_question *question)
{
	return packet->transport == IPPROTO_UDP && packet->dst_port == DNS_PORT &&
	       dns_read_question(
		       (struct text){packet->payload, packet->payload_len}, question);
}

void lookups_packet(struct engine *engine, const struct packet *packet,
	const struct dns_question *question)
{
	const struct flow flow = {.address = {packet->src, packet->dst},
		.port = {packet->src_port, packet->dst_port},
		.packets = {1, 0},
		.bytes = {packet->payload_wire_len, 0},
		.start_us = engine->now_us,
		.last_us = engine->now_us,
		.vlan = {packet->vlan[0], packet->vlan[1]},
		.vlan_count = packet->vlan_count & 3U,
		.way = packet->way,
		.client = 0,
		.confidence = DIRECTION_CONFIDENCE_BANNER,
		.state = FLOW_STATE_OPEN};
	verdicts_lookup(engine, &flow, IPPROTO_UDP, question);
}

bool lookups_stream(const struct watch *watch, bool is_ended)
{
	const unsigned client = watch->flow->client;
	const struct prefix *prefix = conversation_prefix(watch->conversation);
	const bool is_last = is_ended || prefix_is_full(prefix, client);
	struct text stream = {prefix->bytes[client], prefix->len[client]};
	struct text message;
	struct dns_question question;
	enum dns_stream_result result = dns_stream_next(&stream, &message);
	if (result == DNS_STREAM_SHORT && !is_last) {
		return false;
	}
	while (result == DNS_STREAM_MESSAGE) {
		if (dns_read_question(message, &question)) {
			verdicts_lookup(
				watch->engine, watch->flow, IPPROTO_TCP, &question);
		}
		result = dns_stream_next(&stream, &message);
	}
	return true;
}
