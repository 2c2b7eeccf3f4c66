#include "engine/lookups.h"

#include "engine/rest.h"
#include "engine/verdicts.h"

#include <netinet/in.h>
#include <string.h>

#define FLAG_RESPONSE 0x80 /* of a message's third byte */

static void take_names(struct engine *engine, const struct names_exchange *exchange,
	struct text message)
{
	struct names_lesson lesson;
	names_take(engine->names, engine->settings.matrix, exchange, message);
	/* as many as one answer has addresses, and each once */
	while (engine->outputs.named && names_next_lesson(engine->names, &lesson)) {
		engine->outputs.named(engine->outputs.context, &lesson);
	}
}

void lookups_note(struct engine *engine, const struct packet *packet, uint64_t now_us)
{
	if (packet->payload_len < 3 || way_is_foreign(packet->way)) {
		return; /* a claim names nobody */
	}
	const bool is_answer = (packet->payload[2] & FLAG_RESPONSE) != 0;
	const struct names_exchange exchange = {
		.client = is_answer ? packet->dst : packet->src,
		.server = is_answer ? packet->src : packet->dst,
		.client_port = is_answer ? packet->dst_port : packet->src_port,
		.server_port = is_answer ? packet->src_port : packet->dst_port,
		.way = packet->way,
		.now_us = now_us};
	if (exchange.server_port == DNS_PORT) {
		take_names(engine, &exchange,
			(struct text){packet->payload, packet->payload_len});
	}
}

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

/* A message of a TCP stream: who is called what. */
static void note_message(const struct watch *watch, struct text message)
{
	const struct flow *flow = watch->flow;
	const unsigned client = flow->client;
	const struct names_exchange exchange = {.client = flow->address[client],
		.server = flow->address[!client],
		.client_port = flow->port[client],
		.server_port = flow->port[!client],
		.way = flow->way,
		.now_us = watch->engine->now_us};
	if (!way_is_foreign(flow->way)) { /* a claim names nobody */
		take_names(watch->engine, &exchange, message);
	}
}

/* Of a message that has its whole header (RFC 1035 section 4.1.1). */
static uint16_t id_of(struct text message)
{
	return (uint16_t)(message.at[0] << 8 | message.at[1]);
}

static void count_query(struct lookups *lookups, struct text message)
{
	if (lookups->waiting < UINT8_MAX) {
		lookups->waiting++;
	}
	lookups->ids = (uint16_t)(lookups->ids + id_of(message));
}

static void count_answer(struct lookups *lookups, struct text message)
{
	if (lookups->waiting > 0) {
		lookups->waiting--;
	}
	lookups->ids = (uint16_t)(lookups->ids - id_of(message));
}

/* Tell what the client's bytes ask for; false where they are no queries. */
static bool read_queries(
	const struct watch *watch, struct lookups *lookups, struct text *bytes)
{
	struct text message;
	struct dns_question question;
	while (bytes->len > 0) { /* each turn takes some */
		const enum dns_stream_result result = dns_stream_take(&lookups->queries,
			lookups->query, sizeof(lookups->query), bytes, &message);
		if (result == DNS_STREAM_ODD) {
			return false;
		}
		if (result != DNS_STREAM_MESSAGE) {
			continue;
		}
		count_query(lookups, message);
		note_message(watch, message);
		if (dns_read_question(message, &question)) {
			verdicts_lookup(
				watch->engine, watch->flow, IPPROTO_TCP, &question);
		}
	}
	return true;
}

/* What is no answer, or stands behind a gap, ends the reading of answers. */
static void read_answers(
	const struct watch *watch, struct lookups *lookups, struct text *bytes)
{
	struct text message;
	while (bytes->len > 0 && !lookups->is_answer_lost) { /* each turn takes some */
		const enum dns_stream_result result = dns_stream_take(&lookups->answers,
			lookups->answer, sizeof(lookups->answer), bytes, &message);
		if (result == DNS_STREAM_MESSAGE) {
			count_answer(lookups, message);
			note_message(watch, message);
		}
		lookups->is_answer_lost = result == DNS_STREAM_ODD;
	}
	bytes->len = 0;
}

/*
 * The first byte of an answer's length, below 8 KiB or from 32 KiB on: no dialogue of mail
 * begins with a control letter or an 8-bit one.
 */
static bool is_answer(uint8_t first)
{
	return first < ' ' || first >= 0x80;
}

bool lookups_begin(const struct watch *watch, bool is_ended)
{
	struct conversation *conversation = watch->conversation;
	const struct prefix *prefix = conversation_prefix(conversation);
	const unsigned client = watch->flow->client;
	const bool is_answered = prefix->len[!client] > 0;
	struct text bytes = {prefix->bytes[client], prefix->len[client]};
	struct text answers = {prefix->bytes[!client], prefix->len[!client]};
	struct lookups lookups = {.answers = {.is_of_server = true},
		.is_answer_lost = prefix->has_gap[!client] || prefix->is_cut[!client]};
	if (prefix->has_gap[client] ||
		(is_answered && !is_answer(prefix->bytes[!client][0])) ||
		!read_queries(watch, &lookups, &bytes)) {
		return false;
	}
	if (lookups.queries.seen == prefix->len[client] &&
		!dns_stream_is_right(&lookups.queries, lookups.query)) {
		return !is_ended && !is_answered; /* less than a header */
	}
	conversation->is_lookup_read = true;
	conversation->is_safe = is_answered; /* nobody is cut off for a query */
	conversation->phase = CONVERSATION_LOOKUPS;
	read_answers(watch, &lookups, &answers);
	conversation->lookups = lookups;
	return true;
}

/* It may be anything: what was taken for the head of a query stands in front. */
static void listen_anew(const struct watch *watch)
{
	struct conversation *conversation = watch->conversation;
	uint8_t kept[DNS_QUERY_BYTES]; /* a copy: the prefix begins in its place */
	const uint32_t seen = conversation->lookups.queries.seen;
	const unsigned client = watch->flow->client;
	memcpy(kept, conversation->lookups.query, sizeof(kept));
	conversation->phase = CONVERSATION_CLASSIFY;
	prefix_begin(&conversation->prefix);
	prefix_gap(&conversation->prefix, client);
	(void)prefix_add(&conversation->prefix, client, kept,
		seen < sizeof(kept) ? seen : sizeof(kept));
}

void lookups_bytes(const struct watch *watch, unsigned side, struct text *bytes)
{
	struct conversation *conversation = watch->conversation;
	if (side == watch->flow->client) {
		if (!read_queries(watch, &conversation->lookups, bytes)) {
			listen_anew(watch);
		}
	} else if (!conversation->is_safe && !is_answer(bytes->at[0])) {
		listen_anew(watch);
	} else {
		conversation->is_safe = true;
		read_answers(watch, &conversation->lookups, bytes);
	}
}

void lookups_resume(struct conversation *conversation)
{
	conversation->is_lookup_read = true;
	conversation->is_safe = true;
	conversation->phase = CONVERSATION_LOOKUPS;
	conversation->lookups = (struct lookups){.answers = {.is_of_server = true}};
}

/* Each message came whole, and each query has its answer. */
static bool is_idle(const struct lookups *lookups)
{
	return lookups->waiting == 0 && lookups->ids == 0 && !lookups->is_answer_lost &&
	       lookups->queries.seen + lookups->answers.seen == 0;
}

void lookups_rest(struct watch *watch)
{
	const struct conversation *conversation = watch->conversation;
	if (watch_phase(watch) == CONVERSATION_LOOKUPS && conversation->is_safe &&
		conversation->ambiguity.doubt == FLOW_DOUBT_NONE &&
		is_idle(&conversation->lookups) &&
		!engine_is_enforcing(watch->engine)) {
		(void)rest_now(watch);
	}
}

void lookups_name_ends(
	const struct engine *engine, uint64_t start_us, struct observation *observation)
{
	const struct matrix *matrix = engine->settings.matrix;
	const struct address *hosts[] = {&observation->client, &observation->server};
	for (unsigned i = 0; i < 2; i++) {
		observation->names[i].count = 0;
		const struct matrix_end end = observation->ends
						      ? observation->ends[i]
						      : matrix_locate(matrix, hosts[i]);
		if (!end.group) {
			const struct names_wanted wanted = {*hosts[i], *hosts[!i],
				observation->way.tag, start_us, engine->now_us};
			names_of_host(engine->names, &wanted, &observation->names[i]);
		}
	}
}

bool lookups_gap(const struct watch *watch, unsigned side)
{
	watch->conversation->lookups.is_answer_lost = true;
	return side != watch->flow->client;
}
