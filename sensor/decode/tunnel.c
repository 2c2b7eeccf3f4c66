#include "decode/tunnel.h"

#include "decode/ethertype.h"
#include "decode/walk.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#define HASH_WORDS 6

enum {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_VERSION_BITS = 0x0007,
	ERSPAN_II_BYTES = 8,
	ERSPAN_III_BYTES = 12,
	ERSPAN_III_SUBHEADER_BYTES = 8,
	ERSPAN_III_HAS_SUBHEADER = 0x0001,
	ERSPAN_SESSION_BITS = 0x03ff,
	PPTP_VERSION = 1,
	PPTP_ACKNOWLEDGEMENT = 0x0080,
	/* draft-foschiano-erspan-03 section 4.3, of the last two bytes */
	ERSPAN_III_FRAME_TYPE_AT = 10,
	ERSPAN_III_FRAME_TYPE_BITS = 0x1f,
	ERSPAN_III_IP = 2,
	ERSPAN_TRUNCATED = 0x0400,
	ERSPAN_CUT_MAX = 65535,
	NVGRE_ID_LEAST = 0x1000, /* RFC 7637 section 3.2 */
	NVGRE_ID_MOST = 0xfffffe,
	L2TP3_LEAD_BYTES_MAX = 12, /* cookie and sublayer */
	L2TP3_ADDRESSES_BYTES = 12,
};

struct kind_row {
	const char *name;
	uint8_t transport;
	bool has_common_id;
};

static const struct kind_row KINDS[TUNNEL_KIND_COUNT] = {
	[TUNNEL_IPV4] = {"ipip", IPPROTO_IPIP, false},
	[TUNNEL_IPV6] = {"6in4", IPPROTO_IPV6, false},
	[TUNNEL_MPLS] = {"mpls", IPPROTO_MPLS, false},
	[TUNNEL_GRE] = {"gre", IPPROTO_GRE, true},
	/* what a switch sends and what it takes may be two sessions */
	[TUNNEL_ERSPAN] = {"erspan", IPPROTO_GRE, false},
	[TUNNEL_VXLAN] = {"vxlan", IPPROTO_UDP, true},
	[TUNNEL_GENEVE] = {"geneve", IPPROTO_UDP, true},
	[TUNNEL_TEREDO] = {"teredo", IPPROTO_UDP, false},
	/* each direction has a number of its own */
	[TUNNEL_GTP] = {"gtp-u", IPPROTO_UDP, false},
	[TUNNEL_L2TP] = {"l2tp", IPPROTO_UDP, false},
	[TUNNEL_PPTP] = {"pptp", IPPROTO_GRE, false},
	[TUNNEL_ETHERIP] = {"etherip", 97, false},
	[TUNNEL_ETHERNET] = {"ethernet", 143, false},
	[TUNNEL_L2TP3] = {"l2tpv3", 115, false},
	[TUNNEL_GRE_IN_UDP] = {"gre-in-udp", IPPROTO_UDP, true},
	[TUNNEL_MPLS_IN_UDP] = {"mpls-in-udp", IPPROTO_UDP, false},
	[TUNNEL_GUE] = {"gue", IPPROTO_UDP, false},
	[TUNNEL_LISP] = {"lisp", IPPROTO_UDP, true},
	[TUNNEL_TZSP] = {"tzsp", IPPROTO_UDP, false},
};

const char *tunnel_kind_name(enum tunnel_kind kind)
{
	assert(kind < TUNNEL_KIND_COUNT);
	return KINDS[kind].name;
}

uint8_t tunnel_transport(enum tunnel_kind kind)
{
	assert(kind < TUNNEL_KIND_COUNT);
	return KINDS[kind].transport;
}

bool tunnel_kind_has_common_id(enum tunnel_kind kind)
{
	assert(kind < TUNNEL_KIND_COUNT);
	return KINDS[kind].has_common_id;
}

uint64_t tunnel_hash(
	const struct hash_seed *seed, uint64_t around, const struct tunnel *tunnel)
{
	const bool is_src_first =
		memcmp(&tunnel->src, &tunnel->dst, sizeof(tunnel->src)) <= 0;
	const struct address *ends[2] = {is_src_first ? &tunnel->src : &tunnel->dst,
		is_src_first ? &tunnel->dst : &tunnel->src};
	const uint64_t id = tunnel_kind_has_common_id((enum tunnel_kind)tunnel->kind)
				    ? tunnel->id
				    : 0;
	uint64_t words[HASH_WORDS] = {around, (uint64_t)tunnel->kind << 32 | id};
	memcpy(&words[2], ends[0]->bytes, sizeof(ends[0]->bytes));
	memcpy(&words[4], ends[1]->bytes, sizeof(ends[1]->bytes));
	return hash_words(seed, words, HASH_WORDS);
}

enum decode_result walk_enter_tunnel(
	struct walk *walk, enum tunnel_kind kind, uint32_t id, enum layer layer)
{
	struct packet *packet = walk->packet;
	const bool has_ports = KINDS[kind].transport == IPPROTO_UDP;
	if (packet->tunnel_depth == WALK_TUNNELS_MAX) {
		return DECODE_TOO_DEEP;
	}
	packet->tunnels[packet->tunnel_depth++] = (struct tunnel){.src = packet->src,
		.dst = packet->dst,
		.id = id,
		.src_port = has_ports ? packet->src_port : 0,
		.dst_port = has_ports ? packet->dst_port : 0,
		.kind = (uint8_t)kind};
	walk->next = layer;
	walk->is_reassembled = false;
	return DECODE_OK;
}

/* The tunnel that was entered last: a header behind says its number. */
static void note_id(struct walk *walk, uint32_t id)
{
	assert(walk->packet->tunnel_depth > 0);
	walk->packet->tunnels[walk->packet->tunnel_depth - 1].id = id;
}

/* RFC 2637 section 4.1: a call's PPP. */
static enum decode_result pptp_step(struct walk *walk, uint16_t flags)
{
	cursor_skip(&walk->cur, 2); /* length */
	const uint16_t call = cursor_be16(&walk->cur);
	if (flags & GRE_SEQUENCE) {
		cursor_skip(&walk->cur, 4);
	}
	if (flags & PPTP_ACKNOWLEDGEMENT) {
		cursor_skip(&walk->cur, 4);
	}
	if (!cursor_ok(&walk->cur)) {
		return DECODE_TRUNCATED;
	}
	if (!(flags & GRE_SEQUENCE)) {
		return DECODE_UNWANTED; /* an acknowledgement alone */
	}
	ppp_skip_address(walk);
	return walk_enter_tunnel(walk, TUNNEL_PPTP, call, LAYER_PPP);
}

uint32_t gre_skip_options(struct walk *walk, uint16_t flags)
{
	uint32_t key = 0;
	if (flags & GRE_CHECKSUM) {
		cursor_skip(&walk->cur, 4);
	}
	if (flags & GRE_KEY) {
		key = cursor_be32(&walk->cur);
	}
	if (flags & GRE_SEQUENCE) {
		cursor_skip(&walk->cur, 4);
	}
	return key;
}

/* RFC 7637 section 3.2: the last byte is the flow's, and differs by direction. */
static uint32_t network_of_key(const struct walk *walk, uint32_t key)
{
	const uint32_t id = key >> 8;
	return walk->ethertype == ETHERTYPE_ETHERNET && id >= NVGRE_ID_LEAST &&
			       id <= NVGRE_ID_MOST
		       ? id
		       : key;
}

/* RFC 2784 and RFC 2890; with the routing of RFC 1701 not followed. */
enum decode_result gre_step(struct walk *walk)
{
	const uint16_t flags = cursor_be16(&walk->cur);
	walk->ethertype = cursor_be16(&walk->cur);
	if ((flags & GRE_VERSION_BITS) == PPTP_VERSION &&
		walk->ethertype == ETHERTYPE_PPP && (flags & GRE_KEY)) {
		return pptp_step(walk, flags);
	}
	if (flags & (GRE_ROUTING | GRE_VERSION_BITS)) {
		return walk_blind(walk, DECODE_BLIND_GRE);
	}
	const uint32_t key = gre_skip_options(walk, flags);
	if (!cursor_ok(&walk->cur)) {
		return DECODE_TRUNCATED;
	}
	switch (walk->ethertype) {
	case ETHERTYPE_ERSPAN: /* type I has neither sequence nor header of its own */
		return walk_enter_tunnel(walk, TUNNEL_ERSPAN, 0,
			flags & GRE_SEQUENCE ? LAYER_ERSPAN : LAYER_ETHERNET);
	case ETHERTYPE_ERSPAN_III:
		return walk_enter_tunnel(walk, TUNNEL_ERSPAN, 0, LAYER_ERSPAN);
	default:
		return walk_enter_tunnel(
			walk, TUNNEL_GRE, network_of_key(walk, key), LAYER_ETHERTYPE);
	}
}

/* At a frame of Ethernet that holds IP or ARP, or at PPP with its address. */
static bool l2tp3_is_carried(struct cursor peek, enum layer *layer)
{
	const uint32_t first = cursor_be32(&peek);
	if (cursor_ok(&peek) && (first == 0xff030021 || first == 0xff030057)) {
		*layer = LAYER_PPP;
		return true;
	}
	cursor_skip(&peek, L2TP3_ADDRESSES_BYTES - 4);
	const uint16_t ethertype = cursor_be16(&peek);
	const uint8_t version = cursor_u8(&peek) >> 4;
	*layer = LAYER_ETHERNET;
	return cursor_ok(&peek) &&
	       ((ethertype == ETHERTYPE_IPV4 && version == 4) ||
		       (ethertype == ETHERTYPE_IPV6 && version == 6) ||
		       ethertype == ETHERTYPE_VLAN || ethertype == 0x0806);
}

bool l2tp3_find(struct walk *walk)
{
	struct cursor at = walk->cur;
	enum layer layer = LAYER_ETHERNET;
	unsigned lead = 0;
	while (lead <= L2TP3_LEAD_BYTES_MAX && !l2tp3_is_carried(at, &layer)) {
		cursor_skip(&at, 4);
		lead += 4;
	}
	if (lead > L2TP3_LEAD_BYTES_MAX) {
		return false;
	}
	walk->cur = at;
	walk->next = layer;
	if (layer == LAYER_PPP) {
		ppp_skip_address(walk);
	}
	return true;
}

/* RFC 3931 section 4.1.1; session 0 is the control channel. */
enum decode_result l2tp3_step(struct walk *walk)
{
	const uint32_t session = cursor_be32(&walk->cur);
	if (!cursor_ok(&walk->cur)) {
		return DECODE_TRUNCATED;
	}
	if (session == 0) {
		return DECODE_UNWANTED;
	}
	return l2tp3_find(walk)
		       ? walk_enter_tunnel(walk, TUNNEL_L2TP3, session, walk->next)
		       : walk_blind(walk, DECODE_BLIND_PROTOCOL);
}

/* draft-foschiano-erspan-03 sections 4.2 and 4.3. */
enum decode_result erspan_step(struct walk *walk)
{
	struct cursor peek = walk->cur;
	const uint8_t version = cursor_u8(&peek) >> 4;
	cursor_skip(&peek, 1);
	const uint16_t session = cursor_be16(&peek);
	note_id(walk, session & ERSPAN_SESSION_BITS);
	walk->next = LAYER_ETHERNET;
	if (session & ERSPAN_TRUNCATED) { /* by the switch, as a capture may be */
		walk->cut += ERSPAN_CUT_MAX;
	}
	if (version == 1) {
		cursor_skip(&walk->cur, ERSPAN_II_BYTES);
	} else if (version == 2) {
		cursor_skip(&walk->cur, ERSPAN_III_BYTES - 2);
		const unsigned last = cursor_be16(&walk->cur);
		if ((last >> ERSPAN_III_FRAME_TYPE_AT & ERSPAN_III_FRAME_TYPE_BITS) ==
			ERSPAN_III_IP) {
			walk->next = LAYER_IP;
		}
		if (last & ERSPAN_III_HAS_SUBHEADER) {
			cursor_skip(&walk->cur, ERSPAN_III_SUBHEADER_BYTES);
		}
	} else {
		return cursor_ok(&peek) ? DECODE_MALFORMED : DECODE_TRUNCATED;
	}
	return cursor_ok(&walk->cur) ? DECODE_OK : DECODE_TRUNCATED;
}
