#include "decode/ethertype.h"
#include "decode/walk.h"

enum {
	PORT_VXLAN = 4789,
	PORT_VXLAN_LINUX = 8472, /* of Linux before IANA gave one */
	PORT_VXLAN_GPE = 4790,
	PORT_GENEVE = 6081,
	PORT_TEREDO = 3544,
	PORT_GTP = 2152,
	PORT_L2TP = 1701,
	VXLAN_HAS_ID = 0x08,
	VXLAN_GPE_HAS_PROTOCOL = 0x04,
	GENEVE_VERSION_BITS = 0xc0,
	GENEVE_OPTION_BITS = 0x3f,
	TEREDO_AUTHENTICATION = 0x0001,
	TEREDO_ORIGIN = 0x0000,
	TEREDO_ORIGIN_BYTES = 8,
	TEREDO_NONCE_BYTES = 9, /* and the confirmation behind it */
	IPV6_HEADER_BYTES = 40,
	GTP_VERSION_TYPE_BITS = 0xf0,
	GTP_VERSION_1 = 0x30,
	GTP_OPTION_BITS = 0x07,
	GTP_USER_DATA = 255,
	GTP_EXTENSIONS_MAX = 8,
	L2TP_CONTROL = 0x8000,
	L2TP_LENGTH = 0x4000,
	L2TP_SEQUENCE = 0x0800,
	L2TP_OFFSET = 0x0200,
	L2TP_VERSION_BITS = 0x000f,
	L2TP_VERSION = 2,
};

/* What a datagram was found to carry. */
struct carried {
	enum tunnel_kind kind;
	enum layer layer;
	uint32_t id;
};

/* False: some other datagram on this port; nothing of it is read then. */
typedef bool carried_read(struct walk *walk, struct carried *carried);

/* RFC 7348 section 5. */
static bool vxlan_read(struct walk *walk, struct carried *carried)
{
	const uint8_t flags = cursor_u8(&walk->cur);
	cursor_skip(&walk->cur, 3);
	carried->id = cursor_be24(&walk->cur);
	cursor_skip(&walk->cur, 1);
	carried->layer = LAYER_ETHERNET;
	return cursor_ok(&walk->cur) && (flags & VXLAN_HAS_ID);
}

/* draft-ietf-nvo3-vxlan-gpe-13 section 3. */
static bool vxlan_gpe_read(struct walk *walk, struct carried *carried)
{
	static const uint16_t NEXT[] = {
		0, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_ETHERNET, ETHERTYPE_NSH};
	const uint8_t flags = cursor_u8(&walk->cur);
	cursor_skip(&walk->cur, 2);
	const uint8_t next = cursor_u8(&walk->cur);
	carried->id = cursor_be24(&walk->cur);
	cursor_skip(&walk->cur, 1);
	if (!cursor_ok(&walk->cur) || !(flags & VXLAN_HAS_ID)) {
		return false;
	}
	const bool is_told = (flags & VXLAN_GPE_HAS_PROTOCOL) != 0;
	walk->ethertype = ETHERTYPE_ETHERNET;
	if (is_told && (next == 0 || next >= sizeof(NEXT) / sizeof(NEXT[0]))) {
		return false;
	}
	if (is_told) {
		walk->ethertype = NEXT[next];
	}
	return true;
}

/* RFC 8926 section 3.4. */
static bool geneve_read(struct walk *walk, struct carried *carried)
{
	const uint8_t first = cursor_u8(&walk->cur);
	cursor_skip(&walk->cur, 1);
	const uint16_t ethertype = cursor_be16(&walk->cur);
	carried->id = cursor_be24(&walk->cur);
	cursor_skip(&walk->cur, 1 + (size_t)(first & GENEVE_OPTION_BITS) * 4);
	walk->ethertype = ethertype;
	return cursor_ok(&walk->cur) && !(first & GENEVE_VERSION_BITS);
}

/* RFC 4380 section 5.1.1: what a server may put in front of the packet. */
static void teredo_skip_indications(struct walk *walk)
{
	struct cursor peek = walk->cur;
	if (cursor_be16(&peek) == TEREDO_AUTHENTICATION) {
		const uint8_t client_len = cursor_u8(&peek);
		const uint8_t value_len = cursor_u8(&peek);
		cursor_skip(&peek, (size_t)client_len + value_len + TEREDO_NONCE_BYTES);
		walk->cur = peek;
		(void)cursor_be16(&peek);
	}
	peek = walk->cur;
	if (cursor_be16(&peek) == TEREDO_ORIGIN) {
		cursor_skip(&walk->cur, TEREDO_ORIGIN_BYTES);
	}
}

/* A whole IPv6 packet and nothing behind it, or it is something else. */
static bool teredo_read(struct walk *walk, struct carried *carried)
{
	teredo_skip_indications(walk);
	struct cursor peek = walk->cur;
	const uint8_t version = cursor_u8(&peek) >> 4;
	cursor_skip(&peek, 3);
	const uint32_t len = (uint32_t)IPV6_HEADER_BYTES + cursor_be16(&peek);
	carried->layer = LAYER_IPV6;
	return cursor_ok(&peek) && version == 6 && len == walk_wire_left(walk);
}

/* Sequence and N-PDU, then extension headers: section 5.2. */
static bool gtp_skip_options(struct walk *walk)
{
	cursor_skip(&walk->cur, 3);
	uint8_t next = cursor_u8(&walk->cur);
	for (unsigned i = 0; next != 0; i++) {
		const size_t len = (size_t)cursor_u8(&walk->cur) * 4;
		if (len == 0 || i == GTP_EXTENSIONS_MAX) {
			return false;
		}
		cursor_skip(&walk->cur, len - 2);
		next = cursor_u8(&walk->cur);
	}
	return true;
}

/* 3GPP TS 29.281 section 5.1. */
static bool gtp_read(struct walk *walk, struct carried *carried)
{
	const uint8_t flags = cursor_u8(&walk->cur);
	const uint8_t type = cursor_u8(&walk->cur);
	cursor_skip(&walk->cur, 2); /* length */
	carried->id = cursor_be32(&walk->cur);
	carried->layer = LAYER_IP;
	if ((flags & GTP_VERSION_TYPE_BITS) != GTP_VERSION_1 || type != GTP_USER_DATA) {
		return false;
	}
	if ((flags & GTP_OPTION_BITS) && !gtp_skip_options(walk)) {
		return false;
	}
	return cursor_ok(&walk->cur);
}

/* RFC 2661 section 3.1. */
static bool l2tp_read(struct walk *walk, struct carried *carried)
{
	const uint16_t flags = cursor_be16(&walk->cur);
	if ((flags & L2TP_CONTROL) || (flags & L2TP_VERSION_BITS) != L2TP_VERSION) {
		return false;
	}
	if (flags & L2TP_LENGTH) {
		cursor_skip(&walk->cur, 2);
	}
	carried->id = cursor_be32(&walk->cur); /* tunnel and session */
	if (flags & L2TP_SEQUENCE) {
		cursor_skip(&walk->cur, 4);
	}
	if (flags & L2TP_OFFSET) {
		cursor_skip(&walk->cur, cursor_be16(&walk->cur));
	}
	carried->layer = LAYER_PPP;
	ppp_skip_address(walk);
	return cursor_ok(&walk->cur);
}

static carried_read *reader_of_port(uint16_t port, enum tunnel_kind *kind)
{
	switch (port) {
	case PORT_VXLAN:
	case PORT_VXLAN_LINUX:
		*kind = TUNNEL_VXLAN;
		return vxlan_read;
	case PORT_VXLAN_GPE:
		*kind = TUNNEL_VXLAN;
		return vxlan_gpe_read;
	case PORT_GENEVE:
		*kind = TUNNEL_GENEVE;
		return geneve_read;
	case PORT_TEREDO:
		*kind = TUNNEL_TEREDO;
		return teredo_read;
	case PORT_GTP:
		*kind = TUNNEL_GTP;
		return gtp_read;
	case PORT_L2TP:
		*kind = TUNNEL_L2TP;
		return l2tp_read;
	default:
		return NULL;
	}
}

/* Teredo's and L2TP's servers answer from their port to any. */
static carried_read *reader_of(const struct packet *packet, enum tunnel_kind *kind)
{
	carried_read *read = reader_of_port(packet->dst_port, kind);
	const uint16_t port = packet->src_port;
	if (read == NULL && (port == PORT_TEREDO || port == PORT_L2TP)) {
		read = reader_of_port(port, kind);
	}
	return read;
}

bool udp_tunnel_step(struct walk *walk, enum decode_result *result)
{
	const struct cursor start = walk->cur;
	struct carried carried = {.layer = LAYER_ETHERTYPE};
	carried_read *read = reader_of(walk->packet, &carried.kind);
	if (read == NULL) {
		return false;
	}
	if (!read(walk, &carried)) {
		walk->cur = start;
		return false;
	}
	*result = walk_enter_tunnel(walk, carried.kind, carried.id, carried.layer);
	return true;
}
