#include "base/checksum.h"
#include "decode/ethertype.h"
#include "decode/walk.h"

#include <netinet/in.h>

enum {
	IPV4_HEADER_BYTES = 20,
	IPV6_HEADER_BYTES = 40,
	IPV4_MORE_FRAGMENTS = 0x2000,
	IPV4_OFFSET_BITS = 0x1fff,
	IPV6_MORE_FRAGMENTS = 0x0001,
	IPV6_OFFSET_BITS = 0xfff8,
	ROUTING_SEGMENTS_AT = 3,
	PROTOCOL_ETHERIP = 97,
	PROTOCOL_L2TP3 = 115,
	PROTOCOL_ETHERNET = 143,
	PROTOCOL_HIP = 139,
	PROTOCOL_SHIM6 = 140,
	ETHERIP_VERSION = 0x3000,
	OFFLOAD_BYTES_MAX = 512 * 1024, /* Linux: GSO_MAX_SIZE, of BIG TCP */
};

static void put_be16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Which network the addresses belong to, as far as the frame tells. */
static uint32_t network_of(const struct walk *walk)
{
	const struct packet *packet = walk->packet;
	uint64_t hash = 0;
	for (unsigned i = 0; i < packet->tunnel_depth; i++) {
		hash = tunnel_hash(&walk->decoder->seed, hash, &packet->tunnels[i]);
	}
	return (uint32_t)hash ^
	       (packet->vlan_count > 0 ? (uint32_t)packet->vlan[0] << 20 : 0);
}

/*
 * Ends the cursor where the packet of len bytes at start ends: before link-layer
 * padding, or at the end of the capture. 0 is what segmentation offload leaves;
 * false when the frame is too long for that, or shorter on the wire than the packet:
 * no receiver takes that one.
 */
static bool bound_packet(struct walk *walk, const uint8_t *start, uint32_t len)
{
	const uint32_t captured_len = (uint32_t)(walk->cur.end - start);
	if (len == 0) {
		if (walk->cut > OFFLOAD_BYTES_MAX) {
			return false;
		}
		len = captured_len;
	} else if (len <= captured_len) {
		walk->cur.end = start + len;
		walk->cut = 0;
	} else if (len - captured_len <= walk->cut) {
		walk->cut = len - captured_len;
	} else {
		/* so a mirror or a broker slices frames, without a word of it */
		(void)walk_blind(walk, DECODE_BLIND_CUT);
		return false;
	}
	walk->packet->network = start;
	walk->packet->network_len = len < captured_len ? len : captured_len;
	return true;
}

/* The whole datagram takes the place of the fragment: it is read from its header on. */
static enum decode_result add_fragment(
	struct walk *walk, struct fragment *fragment, struct datagram *whole)
{
	if (walk->cut > 0) {
		return DECODE_TRUNCATED;
	}
	if (walk->is_reassembled) {
		return DECODE_MALFORMED;
	}
	fragment->src = &walk->packet->src;
	fragment->dst = &walk->packet->dst;
	fragment->bytes = walk->cur.at;
	fragment->len = (uint32_t)cursor_left(&walk->cur);
	fragment->network = network_of(walk);
	fragment->hops = walk->packet->ttl;
	/* what a tunnel carries is of who sent it, whoever it is said to be of */
	fragment->holder = walk->packet->tunnel_depth > 0
				   ? &walk->packet->tunnels[0].src
				   : fragment->src;
	struct decoder *decoder = walk->decoder;
	const enum decode_result result = fragments_add(
		decoder->fragments, fragment, walk->now_us, &decoder->counters, whole);
	if (result == DECODE_OK) {
		walk->is_reassembled = true;
		walk->packet->is_reassembled = true;
		walk->packet->has_two_versions |= whole->has_two_versions;
		walk->packet->is_version_guessed |= whole->is_guessed;
		walk->cur = cursor_over(
			whole->header, (size_t)whole->header_len + whole->payload_len);
	}
	return result;
}

static enum decode_result ipv4_fragment(
	struct walk *walk, const uint8_t *header, uint16_t flags_offset)
{
	struct fragment fragment = {
		.identification = (uint32_t)header[4] << 8 | header[5],
		.offset = (uint32_t)(flags_offset & IPV4_OFFSET_BITS) * 8,
		.is_more = (flags_offset & IPV4_MORE_FRAGMENTS) != 0,
		.protocol = header[9],
		.header = header,
		.header_len = IPV4_HEADER_BYTES,
	};
	/* RFC 791: header and payload together are not longer than 65535 bytes. */
	if (fragment.offset + cursor_left(&walk->cur) >
		UINT16_MAX - IPV4_HEADER_BYTES) {
		return DECODE_MALFORMED;
	}
	struct datagram whole;
	const enum decode_result result = add_fragment(walk, &fragment, &whole);
	if (result != DECODE_OK) {
		return result;
	}
	whole.header[0] = 0x45;
	put_be16(whole.header + 2, IPV4_HEADER_BYTES + whole.payload_len);
	put_be16(whole.header + 6, 0);
	whole.header[8] = whole.hops;
	put_be16(whole.header + 10, 0);
	put_be16(
		whole.header + 10, checksum_ipv4_make(whole.header, IPV4_HEADER_BYTES));
	walk->next = LAYER_IPV4;
	return DECODE_OK;
}

static bool ipv4_checksum_is_wrong(
	struct walk *walk, const uint8_t *header, size_t header_len)
{
	const enum checksum_result result = checksum_ipv4_header(header, header_len);
	walk->decoder->counters.checksums_offloaded += result == CHECKSUM_OFFLOADED;
	return result == CHECKSUM_WRONG;
}

/* RFC 791 section 3.1. */
enum decode_result ipv4_step(struct walk *walk)
{
	struct packet *packet = walk->packet;
	const uint8_t *header = cursor_take(&walk->cur, IPV4_HEADER_BYTES);
	if (!header) {
		return DECODE_TRUNCATED;
	}
	const uint32_t header_len = (uint32_t)(header[0] & 0x0f) * 4;
	const uint32_t total_len = (uint32_t)header[2] << 8 | header[3];
	if (header[0] >> 4 != 4 || header_len < IPV4_HEADER_BYTES ||
		(total_len < header_len && total_len != 0) ||
		!bound_packet(walk, header, total_len)) {
		return DECODE_MALFORMED;
	}
	cursor_skip(&walk->cur, header_len - IPV4_HEADER_BYTES);
	if (!cursor_ok(&walk->cur)) {
		return DECODE_TRUNCATED;
	}
	packet->src = address_from_ipv4(header + 12);
	packet->dst = address_from_ipv4(header + 16);
	packet->ttl = header[8];
	walk->protocol = header[9];
	walk->extensions = 0;
	walk->is_ipv6 = false;
	walk->is_source_routed = false;
	walk->next = LAYER_PROTOCOL;
	if (walk->decoder->settings.is_verifying_checksums &&
		ipv4_checksum_is_wrong(walk, header, header_len)) {
		return DECODE_CHECKSUM;
	}
	const uint16_t flags_offset = (uint16_t)((unsigned)header[6] << 8 | header[7]);
	if (flags_offset & (IPV4_MORE_FRAGMENTS | IPV4_OFFSET_BITS)) {
		return ipv4_fragment(walk, header, flags_offset);
	}
	return DECODE_OK;
}

/* RFC 8200 section 4.5. */
static enum decode_result ipv6_fragment(struct walk *walk)
{
	const uint8_t next_header = cursor_u8(&walk->cur);
	cursor_skip(&walk->cur, 1);
	const uint16_t offset_flags = cursor_be16(&walk->cur);
	const uint32_t identification = cursor_be32(&walk->cur);
	if (!cursor_ok(&walk->cur)) {
		return DECODE_TRUNCATED;
	}
	if (!(offset_flags & (IPV6_OFFSET_BITS | IPV6_MORE_FRAGMENTS))) {
		walk->protocol = next_header; /* atomic, RFC 6946 */
		return DECODE_OK;
	}
	struct fragment fragment = {
		.identification = identification,
		.offset = offset_flags & IPV6_OFFSET_BITS,
		.is_more = (offset_flags & IPV6_MORE_FRAGMENTS) != 0,
		.header = walk->packet->network,
		.header_len = IPV6_HEADER_BYTES,
		.next_header = next_header,
	};
	struct datagram whole;
	const enum decode_result result = add_fragment(walk, &fragment, &whole);
	if (result != DECODE_OK) {
		return result;
	}
	put_be16(whole.header + 4, whole.payload_len);
	whole.header[6] = whole.next_header;
	whole.header[7] = whole.hops;
	walk->next = LAYER_IPV6;
	return DECODE_OK;
}

/* One extension header of the common form, RFC 6564 section 4, or AH, RFC 4302. */
static enum decode_result extension_step(struct walk *walk)
{
	const bool is_routing = walk->protocol == IPPROTO_ROUTING;
	const bool is_ah = walk->protocol == IPPROTO_AH;
	struct cursor cur = walk->cur;
	const uint8_t next_header = cursor_u8(&cur);
	const uint8_t len = cursor_u8(&cur);
	const uint8_t *header = cursor_take(
		&walk->cur, is_ah ? ((size_t)len + 2) * 4 : ((size_t)len + 1) * 8);
	if (!header) {
		return DECODE_TRUNCATED;
	}
	if (is_routing && header[ROUTING_SEGMENTS_AT] > 0) {
		walk->is_source_routed = true;
	}
	walk->protocol = next_header;
	return DECODE_OK;
}

/* RFC 8200 section 3; the chain behind it is walked header by header. */
enum decode_result ipv6_step(struct walk *walk)
{
	struct packet *packet = walk->packet;
	const uint8_t *header = cursor_take(&walk->cur, IPV6_HEADER_BYTES);
	if (!header) {
		return DECODE_TRUNCATED;
	}
	/* 0: a jumbogram (RFC 2675) or segmentation offload. */
	const uint32_t payload_len = (uint32_t)header[4] << 8 | header[5];
	const uint32_t len = payload_len ? IPV6_HEADER_BYTES + payload_len : 0;
	if (header[0] >> 4 != 6 || !bound_packet(walk, header, len)) {
		return DECODE_MALFORMED;
	}
	walk_address_ipv6(&packet->src, header + 8);
	walk_address_ipv6(&packet->dst, header + 24);
	packet->ttl = header[7];
	walk->protocol = header[6];
	walk->extensions = 0;
	walk->is_ipv6 = true;
	walk->is_source_routed = false;
	walk->next = LAYER_PROTOCOL;
	return DECODE_OK;
}

enum decode_result ip_step(struct walk *walk)
{
	struct cursor peek = walk->cur;
	const uint8_t version = cursor_u8(&peek) >> 4;
	if (!cursor_ok(&peek)) {
		return DECODE_TRUNCATED;
	}
	if (version == 4) {
		return ipv4_step(walk);
	}
	return version == 6 ? ipv6_step(walk) : DECODE_MALFORMED;
}

/* The headers that only IPv6 chains, and AH. */
static enum decode_result chain_step(struct walk *walk)
{
	if (!walk->is_ipv6 && walk->protocol != IPPROTO_AH) {
		return walk_blind(walk, DECODE_BLIND_PROTOCOL);
	}
	if (++walk->extensions > WALK_EXTENSIONS_MAX) {
		return DECODE_TOO_DEEP;
	}
	return walk->protocol == IPPROTO_FRAGMENT ? ipv6_fragment(walk)
						  : extension_step(walk);
}

/* RFC 3378 section 2. */
static enum decode_result etherip_step(struct walk *walk)
{
	const uint16_t version = cursor_be16(&walk->cur);
	if (!cursor_ok(&walk->cur)) {
		return DECODE_TRUNCATED;
	}
	return version == ETHERIP_VERSION
		       ? walk_enter_tunnel(walk, TUNNEL_ETHERIP, 0, LAYER_ETHERNET)
		       : DECODE_UNWANTED;
}

/* What the network says of itself, and transports that carry no mail. */
static bool protocol_is_control(uint8_t protocol)
{
	static const uint8_t CONTROL[] = {IPPROTO_ICMP, IPPROTO_IGMP, IPPROTO_ICMPV6,
		IPPROTO_NONE, IPPROTO_RSVP, IPPROTO_PIM, IPPROTO_SCTP, IPPROTO_DCCP,
		IPPROTO_UDPLITE, 88 /* EIGRP */, 89 /* OSPF */, 112 /* VRRP */};
	for (size_t i = 0; i < sizeof(CONTROL); i++) {
		if (CONTROL[i] == protocol) {
			return true;
		}
	}
	return false;
}

enum decode_result protocol_step(struct walk *walk)
{
	switch (walk->protocol) {
	case IPPROTO_TCP:
		return tcp_step(walk);
	case IPPROTO_UDP:
		return udp_step(walk);
	case IPPROTO_IPIP:
		return walk_enter_tunnel(walk, TUNNEL_IPV4, 0, LAYER_IPV4);
	case IPPROTO_IPV6:
		return walk_enter_tunnel(walk, TUNNEL_IPV6, 0, LAYER_IPV6);
	case IPPROTO_GRE:
		return gre_step(walk);
	case IPPROTO_MPLS:
		walk->ethertype = ETHERTYPE_MPLS; /* RFC 4023 */
		return walk_enter_tunnel(walk, TUNNEL_MPLS, 0, LAYER_ETHERTYPE);
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
	case IPPROTO_AH:
	case PROTOCOL_HIP:   /* RFC 7401 section 5.1 */
	case PROTOCOL_SHIM6: /* RFC 5533 section 5.1 */
		return chain_step(walk);
	case PROTOCOL_ETHERIP:
		return etherip_step(walk);
	case PROTOCOL_L2TP3:
		return l2tp3_step(walk);
	case PROTOCOL_ETHERNET: /* RFC 8986 section 4.9 */
		return walk_enter_tunnel(walk, TUNNEL_ETHERNET, 0, LAYER_ETHERNET);
	case IPPROTO_ESP:
		return walk_blind(walk, DECODE_BLIND_ESP);
	default:
		return protocol_is_control(walk->protocol)
			       ? DECODE_UNWANTED
			       : walk_blind(walk, DECODE_BLIND_PROTOCOL);
	}
}
