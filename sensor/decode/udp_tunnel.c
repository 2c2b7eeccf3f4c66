#include "decode/ethertype.h"
#include "decode/walk.h"

#include <assert.h>
#include <netinet/in.h>

enum {
	PORT_VXLAN = 4789,
	PORT_VXLAN_LINUX = 8472, /* of Linux before IANA gave one */
	PORT_VXLAN_GPE = 4790,
	PORT_GENEVE = 6081,
	PORT_TEREDO = 3544,
	PORT_GTP = 2152,
	PORT_L2TP = 1701,
	PORT_GRE = 4754,
	PORT_GRE_DTLS = 4755,
	PORT_MPLS = 6635,
	PORT_MPLS_DTLS = 6636,
	PORT_GUE = 6080,
	PORT_LISP = 4341,
	PORT_TZSP = 37008,
	PORT_NAT_T = 4500,
	PORT_CAPWAP = 5247, /* its data; 5246 is control */
	PORT_WIREGUARD = 51820,
	PORT_OPENVPN = 1194,
	PORT_QUIC = 443,
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
	L2TP_VERSION_3 = 3,
	GRE_FLAGS = 0xb000, /* checksum, key, sequence */
	MPLS_BOTTOM = 0x100,
	GUE_VERSION_BITS = 0xc0,
	GUE_DIRECT = 0x40, /* version 1: the packet itself */
	GUE_CONTROL = 0x20,
	GUE_LENGTH_BITS = 0x1f,
	GUE_HEADER_BYTES = 4,
	LISP_HEADER_BYTES = 8,
	LISP_HAS_INSTANCE = 0x08,
	DTLS_RECORD_LEAST = 20, /* RFC 6347 section 4.1: types of content */
	DTLS_RECORD_MOST = 26,
	DTLS_MAJOR = 254,
	TZSP_VERSION = 1,
	TZSP_TO_SEND = 1,
	TZSP_ETHERNET = 1,
	TZSP_PADDING = 0,
	TZSP_END = 1,
	TZSP_FIELDS_MAX = 32,
	ESP_LEAST_BYTES = 8,    /* number of the association and sequence */
	CAPWAP_LEAST_BYTES = 8, /* its header, or that of DTLS and what it protects */
	CAPWAP_VERSION_BITS = 0xf0,
	CAPWAP_DTLS = 1,
	WIREGUARD_DATA = 4,
	WIREGUARD_DATA_LEAST = 32, /* its header and the tag of an empty packet */
	WIREGUARD_BLOCK_BYTES = 16,
	OPENVPN_KEY_BITS = 3, /* of the first byte; the kind stands above */
	OPENVPN_DATA_1 = 6,
	OPENVPN_DATA_2 = 9,
	OPENVPN_DATA_LEAST = 24, /* head, tag and number */
	QUIC_FIXED_BIT = 0x40,
	QUIC_LEAST_BYTES = 21, /* RFC 9000 section 10.3: or it is a reset */
};

/* What a datagram was found to carry. */
struct carried {
	enum layer layer;
	uint32_t id;
	bool is_blind; /* a tunnel's datagram, and what is in it cannot be read */
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
	static const uint16_t NEXT[] = {0, ETHERTYPE_IPV4, ETHERTYPE_IPV6,
		ETHERTYPE_ETHERNET, ETHERTYPE_NSH, ETHERTYPE_MPLS};
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

/* RFC 3931 section 4.1.2.1. */
static bool l2tp3_read(struct walk *walk, struct carried *carried)
{
	cursor_skip(&walk->cur, 2);
	carried->id = cursor_be32(&walk->cur);
	if (!cursor_ok(&walk->cur)) {
		return false;
	}
	carried->is_blind = !l2tp3_find(walk);
	carried->layer = walk->next;
	return true;
}

/* RFC 2661 section 3.1. */
static bool l2tp_read(struct walk *walk, struct carried *carried)
{
	const uint16_t flags = cursor_be16(&walk->cur);
	if (!(flags & L2TP_CONTROL) && (flags & L2TP_VERSION_BITS) == L2TP_VERSION_3) {
		return l2tp3_read(walk, carried);
	}
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

/* RFC 8086 section 3. */
static bool gre_read(struct walk *walk, struct carried *carried)
{
	const uint16_t flags = cursor_be16(&walk->cur);
	walk->ethertype = cursor_be16(&walk->cur);
	carried->id = gre_skip_options(walk, flags);
	return cursor_ok(&walk->cur) && !(flags & ~(unsigned)GRE_FLAGS);
}

/* RFC 7510 section 3: a stack of labels, and a packet of IP or a frame behind it. */
static bool mpls_read(struct walk *walk, struct carried *carried)
{
	struct cursor peek = walk->cur;
	uint32_t label = 0;
	(void)carried;
	for (unsigned i = 0; i < WALK_LABELS_MAX && !(label & MPLS_BOTTOM); i++) {
		label = cursor_be32(&peek);
	}
	walk->ethertype = ETHERTYPE_MPLS;
	return cursor_ok(&peek) && cursor_left(&peek) > 0 && (label & MPLS_BOTTOM);
}

/* RFC 6347 section 4.1: what RFC 8086 and RFC 7510 have encrypted. */
static bool dtls_read(struct walk *walk, struct carried *carried)
{
	const uint8_t type = cursor_u8(&walk->cur);
	const uint8_t major = cursor_u8(&walk->cur);
	carried->is_blind = true;
	return cursor_ok(&walk->cur) && major == DTLS_MAJOR &&
	       type >= DTLS_RECORD_LEAST && type <= DTLS_RECORD_MOST;
}

/* draft-ietf-intarea-gue-09 sections 3.1 and 4; as Linux has it. */
static bool gue_read(struct walk *walk, struct carried *carried)
{
	struct cursor peek = walk->cur;
	const uint8_t first = cursor_u8(&peek);
	const uint8_t protocol = cursor_u8(&peek);
	if ((first & GUE_VERSION_BITS) == GUE_DIRECT) {
		carried->layer = LAYER_IP;
		return cursor_ok(&peek);
	}
	cursor_skip(
		&walk->cur, GUE_HEADER_BYTES + (size_t)(first & GUE_LENGTH_BITS) * 4);
	if ((first & (GUE_VERSION_BITS | GUE_CONTROL)) || !cursor_ok(&walk->cur)) {
		return false;
	}
	switch (protocol) {
	case IPPROTO_IPIP:
		carried->layer = LAYER_IPV4;
		return true;
	case IPPROTO_IPV6:
		carried->layer = LAYER_IPV6;
		return true;
	case IPPROTO_GRE:
	case IPPROTO_MPLS:
		walk->protocol = protocol;
		carried->layer = LAYER_PROTOCOL;
		return true;
	default:
		return false;
	}
}

/* RFC 9300 section 5.1. */
static bool lisp_read(struct walk *walk, struct carried *carried)
{
	struct cursor peek = walk->cur;
	const bool has_instance = (cursor_u8(&peek) & LISP_HAS_INSTANCE) != 0;
	cursor_skip(&peek, 3);
	const uint32_t instance = cursor_be24(&peek);
	cursor_skip(&peek, 1);
	carried->id = has_instance ? instance : 0;
	carried->layer = LAYER_IP;
	cursor_skip(&walk->cur, LISP_HEADER_BYTES);
	const uint8_t version = cursor_u8(&peek) >> 4;
	return cursor_ok(&peek) && (version == 4 || version == 6);
}

/* TaZmen Sniffer Protocol: fields up to the one that ends them, then the frame. */
static bool tzsp_read(struct walk *walk, struct carried *carried)
{
	const uint8_t version = cursor_u8(&walk->cur);
	const uint8_t type = cursor_u8(&walk->cur);
	const uint16_t carries = cursor_be16(&walk->cur);
	uint8_t field = TZSP_PADDING;
	if (version != TZSP_VERSION || type > TZSP_TO_SEND ||
		carries != TZSP_ETHERNET) {
		return false;
	}
	for (unsigned i = 0; field != TZSP_END && i < TZSP_FIELDS_MAX; i++) {
		field = cursor_u8(&walk->cur);
		if (field != TZSP_END && field != TZSP_PADDING) {
			cursor_skip(&walk->cur, cursor_u8(&walk->cur));
		}
	}
	carried->layer = LAYER_ETHERNET;
	return cursor_ok(&walk->cur) && field == TZSP_END;
}

/* RFC 3948 section 2: ESP, where it is neither IKE nor a keep-alive. */
static bool nat_t_read(struct walk *walk, struct carried *carried)
{
	carried->is_blind = true;
	return walk_wire_left(walk) >= ESP_LEAST_BYTES && cursor_be32(&walk->cur) != 0;
}

/* RFC 5415 sections 4.2 and 4.3: frames of the air, mostly encrypted. */
static bool capwap_read(struct walk *walk, struct carried *carried)
{
	const uint8_t preamble = cursor_u8(&walk->cur);
	carried->is_blind = true;
	return walk_wire_left(walk) >= CAPWAP_LEAST_BYTES - 1 &&
	       cursor_ok(&walk->cur) && !(preamble & CAPWAP_VERSION_BITS) &&
	       preamble <= CAPWAP_DTLS;
}

/* Its data: "4, zero, zero, zero", receiver, counter, and whole blocks behind. */
static bool wireguard_read(struct walk *walk, struct carried *carried)
{
	const uint32_t len = walk_wire_left(walk);
	const uint32_t type = cursor_be32(&walk->cur);
	carried->is_blind = true;
	return type == (uint32_t)WIREGUARD_DATA << 24 && len >= WIREGUARD_DATA_LEAST &&
	       len % WIREGUARD_BLOCK_BYTES == 0;
}

/* Its data, in the two forms of the protocol; what it says of itself holds nothing. */
static bool openvpn_read(struct walk *walk, struct carried *carried)
{
	const uint32_t len = walk_wire_left(walk);
	const unsigned kind = cursor_u8(&walk->cur) >> OPENVPN_KEY_BITS;
	carried->is_blind = true;
	return (kind == OPENVPN_DATA_1 || kind == OPENVPN_DATA_2) &&
	       len >= OPENVPN_DATA_LEAST;
}

/* RFC 9000 section 17: the fixed bit, in either form of the header. */
static bool quic_read(struct walk *walk, struct carried *carried)
{
	const uint32_t len = walk_wire_left(walk);
	carried->is_blind = true;
	return (cursor_u8(&walk->cur) & QUIC_FIXED_BIT) && len >= QUIC_LEAST_BYTES;
}

struct port_row {
	uint16_t port;
	uint8_t kind;          /* enum tunnel_kind, where it is looked into */
	uint8_t blind;         /* enum decode_blind, where it is not */
	bool is_answered_from; /* its servers answer from their port to any */
	carried_read *read;
};

static const struct port_row PORTS[] = {
	{PORT_VXLAN, TUNNEL_VXLAN, DECODE_BLIND_UDP, false, vxlan_read},
	{PORT_VXLAN_LINUX, TUNNEL_VXLAN, DECODE_BLIND_UDP, false, vxlan_read},
	{PORT_VXLAN_GPE, TUNNEL_VXLAN, DECODE_BLIND_UDP, false, vxlan_gpe_read},
	{PORT_GENEVE, TUNNEL_GENEVE, DECODE_BLIND_UDP, false, geneve_read},
	{PORT_TEREDO, TUNNEL_TEREDO, DECODE_BLIND_UDP, true, teredo_read},
	{PORT_GTP, TUNNEL_GTP, DECODE_BLIND_UDP, false, gtp_read},
	{PORT_L2TP, TUNNEL_L2TP, DECODE_BLIND_UDP, true, l2tp_read},
	{PORT_GRE, TUNNEL_GRE_IN_UDP, DECODE_BLIND_UDP, false, gre_read},
	{PORT_GRE_DTLS, TUNNEL_GRE_IN_UDP, DECODE_BLIND_UDP, false, dtls_read},
	{PORT_MPLS, TUNNEL_MPLS_IN_UDP, DECODE_BLIND_UDP, false, mpls_read},
	{PORT_MPLS_DTLS, TUNNEL_MPLS_IN_UDP, DECODE_BLIND_UDP, false, dtls_read},
	{PORT_GUE, TUNNEL_GUE, DECODE_BLIND_UDP, false, gue_read},
	{PORT_LISP, TUNNEL_LISP, DECODE_BLIND_UDP, false, lisp_read},
	{PORT_TZSP, TUNNEL_TZSP, DECODE_BLIND_UDP, false, tzsp_read},
	{PORT_NAT_T, 0, DECODE_BLIND_NAT_T, true, nat_t_read},
	{PORT_CAPWAP, 0, DECODE_BLIND_CAPWAP, true, capwap_read},
	{PORT_WIREGUARD, 0, DECODE_BLIND_WIREGUARD, true, wireguard_read},
	{PORT_OPENVPN, 0, DECODE_BLIND_OPENVPN, true, openvpn_read},
	{PORT_QUIC, 0, DECODE_BLIND_QUIC, true, quic_read},
};

void udp_tunnel_note_ports(struct decoder *decoder)
{
	for (size_t i = 0; i < sizeof(PORTS) / sizeof(PORTS[0]); i++) {
		uint8_t *place =
			&decoder->tunnel_ports[PORTS[i].port % UDP_PORT_PLACES];
		assert(*place == 0); /* no two share one */
		*place = (uint8_t)(i + 1);
	}
}

static const struct port_row *row_of_port(const struct decoder *decoder, uint16_t port)
{
	const uint8_t place = decoder->tunnel_ports[port % UDP_PORT_PLACES];
	return place > 0 && PORTS[place - 1].port == port ? &PORTS[place - 1] : NULL;
}

/* Where both ports have one, the first of the table. */
static const struct port_row *row_of(
	const struct decoder *decoder, const struct packet *packet)
{
	const struct port_row *to = row_of_port(decoder, packet->dst_port);
	const struct port_row *from = row_of_port(decoder, packet->src_port);
	if (!from || !from->is_answered_from) {
		return to;
	}
	return to && to < from ? to : from;
}

bool udp_tunnel_step(struct walk *walk, enum decode_result *result)
{
	const struct cursor start = walk->cur;
	const struct port_row *row = row_of(walk->decoder, walk->packet);
	if (row == NULL) {
		return false;
	}
	struct carried carried = {.layer = LAYER_ETHERTYPE};
	if (!row->read(walk, &carried)) {
		walk->cur = start;
		return false;
	}
	*result = carried.is_blind
			  ? walk_blind(walk, (enum decode_blind)row->blind)
			  : walk_enter_tunnel(walk, (enum tunnel_kind)row->kind,
				    carried.id, carried.layer);
	return true;
}
