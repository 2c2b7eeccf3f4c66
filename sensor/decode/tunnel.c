#include "decode/ethertype.h"
#include "decode/walk.h"

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
	PORT_VXLAN = 4789,
	PORT_VXLAN_LINUX = 8472, /* of Linux before IANA gave one */
	PORT_GENEVE = 6081,
	VXLAN_HAS_ID = 0x08,
	GENEVE_VERSION_BITS = 0xc0,
	GENEVE_OPTION_BITS = 0x3f,
};

/* RFC 2784 and RFC 2890; with the routing of RFC 1701 or version 1 (PPTP) not followed. */
enum decode_result gre_step(struct walk *walk)
{
	const uint16_t flags = cursor_be16(&walk->cur);
	walk->ethertype = cursor_be16(&walk->cur);
	if (flags & (GRE_ROUTING | GRE_VERSION_BITS)) {
		return DECODE_UNWANTED;
	}
	if (flags & GRE_CHECKSUM) {
		cursor_skip(&walk->cur, 4);
	}
	if (flags & GRE_KEY) {
		walk->packet->tunnel_id = cursor_be32(&walk->cur);
	}
	if (flags & GRE_SEQUENCE) {
		cursor_skip(&walk->cur, 4);
	}
	if (!cursor_ok(&walk->cur)) {
		return DECODE_TRUNCATED;
	}
	switch (walk->ethertype) {
	case ETHERTYPE_ERSPAN: /* type I has neither sequence nor header of its own */
		return walk_enter_tunnel(
			walk, flags & GRE_SEQUENCE ? LAYER_ERSPAN : LAYER_ETHERNET);
	case ETHERTYPE_ERSPAN_III:
		return walk_enter_tunnel(walk, LAYER_ERSPAN);
	default:
		return walk_enter_tunnel(walk, LAYER_ETHERTYPE);
	}
}

/* draft-foschiano-erspan-03 sections 4.2 and 4.3. */
enum decode_result erspan_step(struct walk *walk)
{
	struct cursor peek = walk->cur;
	const uint8_t version = cursor_u8(&peek) >> 4;
	walk->next = LAYER_ETHERNET;
	if (version == 1) {
		cursor_skip(&walk->cur, ERSPAN_II_BYTES);
	} else if (version == 2) {
		cursor_skip(&walk->cur, ERSPAN_III_BYTES - 2);
		if (cursor_be16(&walk->cur) & ERSPAN_III_HAS_SUBHEADER) {
			cursor_skip(&walk->cur, ERSPAN_III_SUBHEADER_BYTES);
		}
	} else {
		return cursor_ok(&peek) ? DECODE_MALFORMED : DECODE_TRUNCATED;
	}
	return cursor_ok(&walk->cur) ? DECODE_OK : DECODE_TRUNCATED;
}

/* RFC 7348 section 5; false when it is some other datagram on this port. */
static bool vxlan_read(struct walk *walk)
{
	const uint8_t flags = cursor_u8(&walk->cur);
	cursor_skip(&walk->cur, 3);
	const uint32_t id = cursor_be24(&walk->cur);
	cursor_skip(&walk->cur, 1);
	if (!cursor_ok(&walk->cur) || !(flags & VXLAN_HAS_ID)) {
		return false;
	}
	walk->packet->tunnel_id = id;
	walk->ethertype = ETHERTYPE_ETHERNET;
	return true;
}

/* RFC 8926 section 3.4. */
static bool geneve_read(struct walk *walk)
{
	const uint8_t first = cursor_u8(&walk->cur);
	cursor_skip(&walk->cur, 1);
	const uint16_t ethertype = cursor_be16(&walk->cur);
	const uint32_t id = cursor_be24(&walk->cur);
	cursor_skip(&walk->cur, 1 + (size_t)(first & GENEVE_OPTION_BITS) * 4);
	if (!cursor_ok(&walk->cur) || (first & GENEVE_VERSION_BITS)) {
		return false;
	}
	walk->packet->tunnel_id = id;
	walk->ethertype = ethertype;
	return true;
}

bool udp_tunnel_step(struct walk *walk, enum decode_result *result)
{
	const struct cursor start = walk->cur;
	const uint16_t port = walk->packet->dst_port;
	bool is_tunnel = false;
	if (port == PORT_VXLAN || port == PORT_VXLAN_LINUX) {
		is_tunnel = vxlan_read(walk);
	} else if (port == PORT_GENEVE) {
		is_tunnel = geneve_read(walk);
	}
	if (!is_tunnel) {
		walk->cur = start;
		return false;
	}
	*result = walk_enter_tunnel(walk, LAYER_ETHERTYPE);
	return true;
}
