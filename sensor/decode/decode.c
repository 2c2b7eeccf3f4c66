#include "decode/decode.h"

#include "base/cold.h"
#include "decode/walk.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>

struct decoder *decoder_new(const struct decode_settings *settings,
	struct hash_seed seed, struct reason *why)
{
	struct decoder *decoder = (struct decoder *)calloc(1, sizeof(*decoder));
	if (!decoder) {
		(void)reason_set(why, "out of memory");
		return NULL;
	}
	decoder->settings = *settings;
	decoder->seed = seed;
	udp_tunnel_note_ports(decoder);
	const uint32_t datagrams =
		settings->fragment_datagrams > 0 ? settings->fragment_datagrams : 1;
	decoder->fragments = fragments_new(datagrams, seed, why);
	if (!decoder->fragments) {
		free(decoder);
		return NULL;
	}
	return decoder;
}

void decoder_free(struct decoder *decoder)
{
	if (decoder) {
		fragments_free(decoder->fragments);
		free(decoder);
	}
}

static __attribute__((noinline)) enum decode_result walk_step(struct walk *walk)
{
	assert(walk->next != LAYER_DONE);
	switch (walk->next) {
	case LAYER_ETHERNET:
		return ethernet_step(walk);
	case LAYER_ETHERTYPE:
		return ethertype_step(walk);
	case LAYER_PPP:
		return ppp_step(walk);
	case LAYER_IP:
		return ip_step(walk);
	case LAYER_IPV4:
		return ipv4_step(walk);
	case LAYER_IPV6:
		return ipv6_step(walk);
	case LAYER_PROTOCOL:
		return protocol_step(walk);
	case LAYER_ERSPAN:
		return erspan_step(walk);
	case LAYER_DONE:
		break;
	}
	return DECODE_MALFORMED;
}

static enum decode_result begin(struct walk *walk, uint16_t link_type)
{
	if (link_type != LINK_ETHERNET || !plain_begin(walk)) {
		return link_begin(walk, link_type);
	}
	return walk->protocol == IPPROTO_TCP ? tcp_step(walk) : udp_step(walk);
}

/* What a result says by itself. */
static COLD void note_blindness(
	const struct walk *walk, const struct frame *frame, enum decode_result result)
{
	if (result == DECODE_TOO_DEEP) {
		(void)walk_blind(walk, DECODE_BLIND_TOO_DEEP);
	} else if (result == DECODE_UNKNOWN_LINK) {
		(void)walk_blind(walk, DECODE_BLIND_LINK);
	} else if (result == DECODE_TRUNCATED &&
		   frame->captured_len < frame->wire_len) {
		(void)walk_blind(walk, DECODE_BLIND_CUT);
	}
}

HOT enum decode_result decoder_frame(
	struct decoder *decoder, const struct frame *frame, struct packet *packet)
{
	struct walk walk = {
		.cur = cursor_over(frame->bytes, frame->captured_len),
		.packet = packet,
		.decoder = decoder,
		.now_us = frame->time_us,
		.cut = frame->wire_len > frame->captured_len
			       ? frame->wire_len - frame->captured_len
			       : 0,
		.frame_len = frame->wire_len,
		.is_checksum_unset = frame->is_checksum_unset,
	};
	packet->vlan_count = 0;
	packet->tunnel_depth = 0;
	packet->way = 0;
	packet->is_reassembled = false;
	packet->has_two_versions = false;
	packet->is_version_guessed = false;
	fragments_release(decoder->fragments);
	enum decode_result result = begin(&walk, frame->link_type);
	for (unsigned steps = 0; result == DECODE_OK && walk.next != LAYER_DONE;
		steps++) {
		result = steps < WALK_STEPS_MAX ? walk_step(&walk) : DECODE_TOO_DEEP;
	}
	decoder->counters.results[result]++;
	if (result != DECODE_OK) {
		note_blindness(&walk, frame, result);
	}
	return result;
}

const uint8_t *decode_ethernet(const struct frame *frame)
{
	return frame->link_type == LINK_ETHERNET &&
			       frame->captured_len >= WALK_ETHERNET_ADDRESSES
		       ? frame->bytes
		       : NULL;
}

void decoder_note_decoded(struct decoder *decoder, uint64_t frames)
{
	decoder->counters.results[DECODE_OK] += frames;
}

const struct decode_counters *decoder_counters(const struct decoder *decoder)
{
	return &decoder->counters;
}

const char *decode_result_name(enum decode_result result)
{
	static const char *const names[DECODE_RESULT_COUNT] = {
		[DECODE_OK] = "ok",
		[DECODE_UNWANTED] = "unwanted",
		[DECODE_FRAGMENT] = "fragment",
		[DECODE_TRUNCATED] = "truncated",
		[DECODE_MALFORMED] = "malformed",
		[DECODE_TOO_DEEP] = "too deep",
		[DECODE_CHECKSUM] = "checksum",
		[DECODE_UNKNOWN_LINK] = "unknown link",
	};
	assert(result < DECODE_RESULT_COUNT);
	return names[result];
}
