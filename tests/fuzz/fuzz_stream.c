#include "flow/flow.h"

#include <netinet/in.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct flow_table *the_table;

static bool on_opened(void *context, struct flow *flow, uint64_t now_us)
{
	(void)context;
	(void)flow;
	return now_us % 7 != 0;
}

static void on_bytes(void *context, struct flow *flow, unsigned side, struct text bytes)
{
	(void)context;
	(void)side;
	if (bytes.at[0] == 'R') {
		flow_release(the_table, flow);
	} else if (bytes.at[0] == 'M') {
		flow_mute(the_table, flow);
	}
}

static void on_gap(void *context, struct flow *flow, unsigned side, uint64_t missing)
{
	(void)context;
	if (missing % 5 == 4) {
		flow_release(the_table, flow);
	}
	(void)side;
}

static void on_ambiguous(
	void *context, struct flow *flow, const struct flow_ambiguity *ambiguity)
{
	(void)context;
	(void)flow;
	(void)ambiguity;
}

static void on_ended(void *context, struct flow *flow, enum flow_end end)
{
	(void)context;
	if (end == FLOW_END_RESET) {
		flow_release(the_table, flow);
	}
}

/* Every 8 bytes of input are one packet: ports, flags and TTL, sequence, length, time. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t payload[4096] = "x";
	const struct flow_settings settings = {.flows = 16,
		.watched = 4,
		.segments = 40,
		.area_bytes = 16,
		.is_gate = size % 3 == 0};
	const struct flow_handler handler = {.opened = on_opened,
		.bytes = on_bytes,
		.gap = on_gap,
		.ambiguous = on_ambiguous,
		.ended = on_ended};
	struct reason why;
	the_table = flow_table_new(&settings, &handler, &why);
	if (!the_table) {
		abort();
	}
	uint64_t now_us = 0;
	for (; size >= 8; data += 8, size -= 8) {
		struct packet packet = {
			.transport = IPPROTO_TCP,
			.src_port = data[0] & 7,
			.dst_port = data[0] >> 4 & 7,
			.tcp_flags = data[1] & 0x1f,
			.ttl = data[1] >> 5,
			.urgent = data[4] & 8 ? data[5] : 0,
			.window = (uint16_t)(data[7] << 2),
			.options = data,
			.options_len = data[6] & 1 ? 8 : 0,
			.has_two_versions = (data[4] & 0x30) == 0x30,
			.is_version_guessed = (data[4] & 0x70) == 0x70,
			.sequence = (uint32_t)data[2] << (data[3] & 31),
			.acknowledgement = (uint32_t)data[3] << (data[2] & 31),
			.payload = data[4] & 1 ? payload : data,
			.payload_len = data[4] & 1 ? data[5] * 16U : data[5] & 7,
		};
		packet.src.bytes[15] = data[0] & 1;
		packet.payload_wire_len = packet.payload_len + (data[4] & 6);
		now_us += (uint64_t)data[6] << (data[7] & 31);
		(void)flow_table_packet(the_table, &packet, now_us);
	}
	flow_table_drain(the_table);
	flow_table_free(the_table);
	return 0;
}
