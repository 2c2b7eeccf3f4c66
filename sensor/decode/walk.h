/*
 * decode/walk - where the walk through one frame stands.
 *
 * A frame is walked one header at a time: each step reads its header from .cur,
 * notes what the packet keeps and says in .next what follows. No step calls the
 * next one, so nesting costs no stack and the bounds are counted in one place.
 */
#pragma once

#include "base/cursor.h"
#include "decode/decode.h"
#include "decode/fragment.h"

enum {
	LINK_ETHERNET = 1, /* DLT_EN10MB of libpcap */
	WALK_ETHERNET_ADDRESSES = 12,
	WALK_STEPS_MAX = 256, /* headers of any kind in one frame */
	WALK_TUNNELS_MAX = PACKET_TUNNELS_MAX,
	WALK_EXTENSIONS_MAX = 180, /* of one IPv6 header: all that 1500 bytes hold */
	WALK_LABELS_MAX = 8,       /* MPLS labels of one stack */
};

#define UDP_PORT_PLACES 2048

enum layer {
	LAYER_DONE = 0,
	LAYER_ETHERNET,
	LAYER_ETHERTYPE, /* .ethertype names what follows */
	LAYER_PPP,       /* at the protocol field */
	LAYER_IP,        /* its first nibble tells the version */
	LAYER_IPV4,
	LAYER_IPV6,
	LAYER_PROTOCOL, /* .protocol names what follows */
	LAYER_ERSPAN,   /* type II or III, told by its version field */
};

struct decoder {
	struct decode_settings settings;
	struct decode_counters counters;
	struct fragments *fragments;
	struct hash_seed seed;
	/* of a port of UDP, by its low bits: 1 + the row of its tunnel; 0: none */
	uint8_t tunnel_ports[UDP_PORT_PLACES];
};

struct walk {
	struct cursor cur; /* ends where the innermost header says, or the capture */
	struct packet *packet;
	struct decoder *decoder;
	uint64_t now_us;
	uint32_t cut;       /* bytes that were on the wire behind cur.end */
	uint32_t frame_len; /* the whole frame's, on the wire */
	enum layer next;
	uint16_t ethertype;
	uint8_t protocol;
	uint8_t extensions;     /* passed in this IPv6 header */
	bool is_ipv6;           /* the IP header that is being walked */
	bool is_reassembled;    /* this IP header came out of fragments */
	bool is_checksum_unset; /* of the frame */
	bool is_source_routed;  /* IPv6: the destination here is not the last one */
};

/* Length on the wire of what cur is at. */
static inline uint32_t walk_wire_left(const struct walk *walk)
{
	return (uint32_t)cursor_left(&walk->cur) + walk->cut;
}

/*
 * What an IPv6 header has in the form that stands for IPv4 here is no IPv4 host: no such
 * packet is any receiver's (RFC 4291 section 2.5.5.2). It is kept as the address next to
 * it (::ffff:0:a.b.c.d, RFC 2765 section 2.1), which nobody uses either.
 */
static inline void walk_address_ipv6(struct address *address, const uint8_t *bytes)
{
	*address = address_from_ipv6(bytes);
	if (address_is_ipv4(address)) {
		address->bytes[8] = address->bytes[9] = 0xff;
		address->bytes[10] = address->bytes[11] = 0;
	}
}

/* What follows is inside of the IP packet that is being walked. */
enum decode_result walk_enter_tunnel(
	struct walk *walk, enum tunnel_kind kind, uint32_t id, enum layer layer);

/* Something that may hold mail is not looked into; what is returned ends the walk. */
static inline enum decode_result walk_blind(
	const struct walk *walk, enum decode_blind kind)
{
	struct decode_blind_count *count = &walk->decoder->counters.blind[kind];
	count->frames++;
	count->bytes += walk->frame_len;
	return DECODE_UNWANTED;
}

/* The packet counts as far as it was captured; the rest of it nobody sees. */
static inline void walk_note_cut(const struct walk *walk)
{
	struct decode_blind_count *count =
		&walk->decoder->counters.blind[DECODE_BLIND_CUT];
	if (walk->cut > 0) {
		count->frames++;
		count->bytes +=
			cursor_left(&walk->cur) > 0 ? walk->cut : walk->frame_len;
	}
}

/*
 * Instead of the steps up to the transport, of an Ethernet frame: true where it is one of
 * those that nearly all are, and .cur is at the header of TCP or UDP. False: as if not asked.
 */
bool plain_begin(struct walk *walk);

/* The first step: the link layer of the capture. */
enum decode_result link_begin(struct walk *walk, uint16_t link_type);

/* Steps. DECODE_OK: .next says how to go on. */
enum decode_result ethernet_step(struct walk *walk);
enum decode_result ethertype_step(struct walk *walk);
enum decode_result ppp_step(struct walk *walk);
enum decode_result ip_step(struct walk *walk);
enum decode_result ipv4_step(struct walk *walk);
enum decode_result ipv6_step(struct walk *walk);
enum decode_result protocol_step(struct walk *walk);
enum decode_result gre_step(struct walk *walk);
enum decode_result l2tp3_step(struct walk *walk);
enum decode_result erspan_step(struct walk *walk);
enum decode_result tcp_step(struct walk *walk);
enum decode_result udp_step(struct walk *walk);

/* PPP at .cur may begin with the address and control of its frames (RFC 1662). */
void ppp_skip_address(struct walk *walk);

/* Options of a GRE header whose flags were read; its key, 0 without one. */
uint32_t gre_skip_options(struct walk *walk, uint16_t flags);

/*
 * Behind the session number of L2TP version 3 nothing says how long the cookie is, nor
 * what is carried: true where a frame or a packet can be told, .next says which.
 */
bool l2tp3_find(struct walk *walk);

/* Note the ports of UDP that udp_tunnel_step knows; before its first call. */
void udp_tunnel_note_ports(struct decoder *decoder);

/* UDP payload at .cur: true when it is a tunnel's and *result says how to go on. */
bool udp_tunnel_step(struct walk *walk, enum decode_result *result);
