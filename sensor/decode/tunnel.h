/*
 * decode/tunnel - one tunnel that a packet came in by: of which kind, between whom.
 *
 * What is inside is another network: its addresses say nothing of the hosts outside
 * (engine/ways). Tags of the link (VLAN, MPLS, PPPoE) are none: no host writes them by
 * sending to another, and a mirror port shows them of one direction and not of the
 * other, so they tell no networks apart.
 */
#pragma once

#include "base/address.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stdint.h>

enum tunnel_kind {
	TUNNEL_IPV4 = 0, /* IPv4 in IP, RFC 2003 and RFC 2473 */
	TUNNEL_IPV6,     /* IPv6 in IP, RFC 4213 */
	TUNNEL_MPLS,     /* MPLS in IP, RFC 4023 */
	TUNNEL_GRE,
	TUNNEL_ERSPAN,
	TUNNEL_VXLAN,
	TUNNEL_GENEVE,
	TUNNEL_TEREDO,
	TUNNEL_GTP,
	TUNNEL_L2TP,
	TUNNEL_PPTP,
	TUNNEL_ETHERIP,
	TUNNEL_ETHERNET,    /* in IP, RFC 8986 */
	TUNNEL_L2TP3,       /* in IP, RFC 3931 */
	TUNNEL_GRE_IN_UDP,  /* RFC 8086 */
	TUNNEL_MPLS_IN_UDP, /* RFC 7510 */
	TUNNEL_GUE,
	TUNNEL_LISP, /* RFC 9300 */
	TUNNEL_TZSP, /* a mirror's */
	TUNNEL_KIND_COUNT
};

struct tunnel {
	struct address src; /* who sent the outer packet */
	struct address dst;
	uint32_t id;       /* VNI, GRE key, ERSPAN session; 0 without one */
	uint16_t src_port; /* of UDP, 0 for a protocol of IP */
	uint16_t dst_port;
	uint8_t kind; /* enum tunnel_kind */
};

/*
 * By which way a flow's packets came in: the tunnel that records name, that is the
 * outermost which nobody declared, else the innermost.
 */
struct way {
	uint32_t tag; /* tells networks apart; 0: on the wire, and nothing else holds */
	uint8_t depth;        /* tunnels around; 0: they are not known any more */
	bool is_of_client;    /* .tunnel carried bytes of the flow's client */
	struct tunnel tunnel; /* where .depth is not 0 */
};

#define WAY_FOREIGN (UINT32_C(1) << 31)

/* Inside a tunnel that the matrix did not declare when the packet came. */
static inline bool way_is_foreign(uint32_t tag)
{
	return (tag & WAY_FOREIGN) != 0;
}

/* "vxlan", as records and matrices have it. */
const char *tunnel_kind_name(enum tunnel_kind kind);

/* IPPROTO_UDP, IPPROTO_GRE ... of the outer packet. */
uint8_t tunnel_transport(enum tunnel_kind kind);

/* Both directions of one tunnel have one id: it tells networks apart. */
bool tunnel_kind_has_common_id(enum tunnel_kind kind);

/* The same for both directions; around: the hash of what is around it, 0 for nothing. */
uint64_t tunnel_hash(
	const struct hash_seed *seed, uint64_t around, const struct tunnel *tunnel);
