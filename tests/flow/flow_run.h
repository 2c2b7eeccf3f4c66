/*
 * tests/flow/flow_run - one flow table and what it told, packets of one connection.
 */
#pragma once

#include "flow/flow.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CLIENT_ISN 1000U
#define SERVER_ISN 4294967290U /* wraps within the first bytes */

struct seen {
	struct flow_table *table;
	char text[2][4096]; /* by direction; "<n>" marks a gap of n bytes */
	unsigned opened;
	unsigned pieces; /* of bytes delivered */
	unsigned ended;
	unsigned ambiguous;
	struct flow_ambiguity ambiguity; /* the last one */
	enum flow_end end;
	enum flow_state state;
	uint8_t confidence;
	bool is_wanted;
	bool is_released_at_first_byte;
};

static inline bool on_opened(void *context, struct flow *flow, uint64_t now_us)
{
	struct seen *seen = context;
	(void)flow;
	(void)now_us;
	seen->opened++;
	return seen->is_wanted;
}

static inline void on_bytes(
	void *context, struct flow *flow, unsigned side, struct text bytes)
{
	struct seen *seen = context;
	char *text = seen->text[flow_direction(flow, side)];
	seen->pieces++;
	assert_true(strlen(text) + bytes.len < sizeof(seen->text[0]));
	strncat(text, (const char *)bytes.at, bytes.len);
	if (seen->is_released_at_first_byte) {
		flow_release(seen->table, flow);
	}
}

static inline void on_gap(
	void *context, struct flow *flow, unsigned side, uint64_t missing)
{
	struct seen *seen = context;
	char mark[32];
	(void)snprintf(mark, sizeof(mark), "<%llu>", (unsigned long long)missing);
	strcat(seen->text[flow_direction(flow, side)], mark);
}

static inline void on_ambiguous(
	void *context, struct flow *flow, const struct flow_ambiguity *ambiguity)
{
	struct seen *seen = context;
	(void)flow;
	seen->ambiguous++;
	seen->ambiguity = *ambiguity;
}

static inline void on_ended(void *context, struct flow *flow, enum flow_end end)
{
	struct seen *seen = context;
	seen->ended++;
	seen->end = end;
	seen->state = (enum flow_state)flow->state;
	seen->confidence = flow->confidence;
}

static inline int set_up_as(void **state, bool is_gate)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	seen->is_wanted = true;
	const struct flow_settings settings = {.flows = 64,
		.watched = 8,
		.segments = 4096,
		.area_bytes = 32,
		.is_gate = is_gate};
	const struct flow_handler handler = {.context = seen,
		.opened = on_opened,
		.bytes = on_bytes,
		.gap = on_gap,
		.ambiguous = on_ambiguous,
		.ended = on_ended};
	struct reason why;
	seen->table = flow_table_new(&settings, &handler, &why);
	*state = seen;
	return seen->table ? 0 : -1;
}

static inline int set_up(void **state)
{
	return set_up_as(state, false);
}

/* Where packets wait for our word. */
static inline int set_up_gate(void **state)
{
	return set_up_as(state, true);
}

static inline int tear_down(void **state)
{
	struct seen *seen = *state;
	flow_table_free(seen->table);
	free(seen);
	return 0;
}

struct wire {
	enum direction way;
	uint8_t flags;
	uint32_t offset;       /* of the first byte in its side's stream */
	uint32_t acknowledged; /* bytes of the other side's stream */
	const char *text;
	uint32_t len;         /* of the text; 0: to its NUL */
	uint16_t client_port; /* 0: 40000 */
	uint64_t now_us;
	uint8_t ttl; /* 0: 64 */
	uint16_t urgent;
	uint16_t window; /* 0: 65535 */
	bool is_window_closed;
	const char *options; /* with options_len bytes */
	uint8_t options_len;
	bool is_sum_told; /* it has a TCP header, with this one's sum */
	bool is_sum_wrong;
	bool is_sum_left; /* to the network card */
	bool is_fragmented_twice;
	bool is_version_guessed;
};

/* A header of zeros in front of the payload, but for the sum of both. */
static inline void put_sum(
	struct packet *packet, uint8_t *segment, const struct wire *wire)
{
	const size_t header_len = 20;
	memset(segment, 0, header_len);
	if (packet->payload_len > 0) {
		memcpy(segment + header_len, packet->payload, packet->payload_len);
	}
	const struct checksum_pseudo pseudo = {.src = &packet->src,
		.dst = &packet->dst,
		.len = (uint32_t)header_len + packet->payload_len,
		.protocol = IPPROTO_TCP};
	static const uint8_t nothing[256] = {0};
	const uint16_t left = (uint16_t)~checksum_segment_make(nothing, &pseudo);
	const uint16_t sum =
		wire->is_sum_left ? left : checksum_segment_make(segment, &pseudo);
	segment[16] = (uint8_t)(sum >> 8);
	segment[17] = (uint8_t)(sum ^ (wire->is_sum_wrong ? 0x55 : 0));
	packet->segment = segment;
	packet->payload = segment + header_len;
}

static inline struct flow *put(struct seen *seen, struct wire wire)
{
	const uint8_t client[4] = {192, 0, 2, 70};
	const uint8_t server[4] = {198, 51, 100, 3};
	const bool is_client = wire.way == DIRECTION_TO_SERVER;
	const uint16_t port = wire.client_port ? wire.client_port : 40000;
	const uint32_t first = (is_client ? CLIENT_ISN : SERVER_ISN) + 1;
	struct packet packet = {.transport = IPPROTO_TCP,
		.tcp_flags = wire.flags,
		.ttl = wire.ttl ? wire.ttl : 64,
		.urgent = wire.urgent,
		.window = wire.is_window_closed ? 0
			  : wire.window         ? wire.window
						: 65535,
		.options = (const uint8_t *)wire.options,
		.options_len = wire.options_len,
		.has_two_versions = wire.is_fragmented_twice,
		.is_version_guessed = wire.is_version_guessed};
	packet.src = address_from_ipv4(is_client ? client : server);
	packet.dst = address_from_ipv4(is_client ? server : client);
	packet.src_port = is_client ? port : 25;
	packet.dst_port = is_client ? 25 : port;
	packet.sequence = first + wire.offset - ((wire.flags & TCP_SYN) != 0);
	packet.acknowledgement =
		wire.acknowledged + 1 + (is_client ? SERVER_ISN : CLIENT_ISN);
	packet.payload = (const uint8_t *)wire.text;
	packet.payload_len =
		wire.len == 0 && wire.text ? (uint32_t)strlen(wire.text) : wire.len;
	packet.payload_wire_len = packet.payload_len;
	uint8_t segment[256];
	if (wire.is_sum_told) {
		put_sum(&packet, segment, &wire);
	}
	return flow_table_packet(seen->table, &packet, wire.now_us);
}

static inline void client(struct seen *seen, uint32_t offset, const char *text)
{
	(void)put(seen, (struct wire){.way = DIRECTION_TO_SERVER,
				.flags = TCP_ACK,
				.offset = offset,
				.text = text});
}

static inline void server(struct seen *seen, uint32_t offset, const char *text)
{
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_ACK,
				.offset = offset,
				.text = text});
}

static inline void handshake(struct seen *seen)
{
	(void)put(seen, (struct wire){.way = DIRECTION_TO_SERVER, .flags = TCP_SYN});
	(void)put(seen,
		(struct wire){.way = DIRECTION_TO_CLIENT, .flags = TCP_SYN | TCP_ACK});
	client(seen, 0, NULL);
}

static inline const char *client_text(const struct seen *seen)
{
	return seen->text[DIRECTION_TO_SERVER];
}

/* The server acknowledges so many bytes of the client, and says nothing. */
static inline void acknowledge(struct seen *seen, uint32_t bytes)
{
	(void)put(seen, (struct wire){.way = DIRECTION_TO_CLIENT,
				.flags = TCP_ACK,
				.acknowledged = bytes});
}

static inline void put_client(struct seen *seen, struct wire wire)
{
	wire.way = DIRECTION_TO_SERVER;
	wire.flags = wire.flags ? wire.flags : TCP_ACK;
	(void)put(seen, wire);
}

/* The handshake of a client whose sums are right, or left to its network card. */
static inline void handshake_with_sums(struct seen *seen, bool is_wrong)
{
	put_client(seen, (struct wire){.flags = TCP_SYN,
				 .is_sum_told = true,
				 .is_sum_wrong = is_wrong});
	(void)put(seen,
		(struct wire){.way = DIRECTION_TO_CLIENT, .flags = TCP_SYN | TCP_ACK});
	client(seen, 0, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
