/*
 * tests/fuzz/fuzz_decode - any bytes as frames of any link layer.
 *
 * Input: settings and link type (1 and 2 bytes), then frames, each behind its
 * length (2 bytes) and the bytes its capture cut off (1 byte).
 */
#include "base/cursor.h"
#include "decode/decode.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_packet(const struct packet *packet)
{
	volatile uint8_t sum = 0;
	for (uint32_t i = 0; i < packet->payload_len; i++) {
		sum ^= packet->payload[i];
	}
	for (uint32_t i = 0; i < packet->network_len; i++) {
		sum ^= packet->network[i];
	}
	if (packet->payload_wire_len < packet->payload_len ||
		packet->vlan_count > PACKET_VLANS_MAX ||
		packet->tunnel_depth > PACKET_TUNNELS_MAX) {
		abort();
	}
	for (unsigned i = 0; i < packet->tunnel_depth; i++) {
		if (packet->tunnels[i].kind >= TUNNEL_KIND_COUNT) {
			abort();
		}
	}
}

/* On an exact copy, so that a read beyond its end is seen. */
static void decode_one(struct decoder *decoder, struct frame *frame,
	const uint8_t *bytes, uint32_t cut)
{
	uint8_t *copy =
		(uint8_t *)malloc(frame->captured_len ? frame->captured_len : 1);
	if (!copy) {
		abort();
	}
	memcpy(copy, bytes, frame->captured_len);
	frame->bytes = copy;
	frame->wire_len = frame->captured_len + cut;
	struct packet packet;
	if (decoder_frame(decoder, frame, &packet) == DECODE_OK) {
		expect_packet(&packet);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor cur = cursor_over(data, size);
	const uint8_t flags = cursor_u8(&cur);
	const struct decode_settings settings = {
		.is_verifying_checksums = flags & 1,
		.fragment_datagrams = 2,
	};
	struct reason why;
	struct decoder *decoder =
		decoder_new(&settings, (struct hash_seed){{1, 2}}, &why);
	if (!decoder) {
		abort();
	}
	struct frame frame = {.link_type = cursor_be16(&cur)};
	while (cursor_left(&cur) >= 3) {
		const uint16_t len = cursor_be16(&cur);
		const uint8_t cut = cursor_u8(&cur);
		frame.captured_len =
			len < cursor_left(&cur) ? len : (uint32_t)cursor_left(&cur);
		frame.time_us += 1000000;
		decode_one(decoder, &frame, cur.at, cut);
		cursor_skip(&cur, frame.captured_len);
	}
	decoder_free(decoder);
	return 0;
}
