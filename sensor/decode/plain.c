/*
 * The frame that nearly all are: Ethernet, an IP header without options, whole, and TCP or
 * UDP behind it. One question covers all bounds; what is read is what the steps would read.
 */
#include "decode/ethertype.h"
#include "decode/walk.h"

#include <netinet/in.h>

enum {
	ETHERTYPE_AT = 12,
	ETHERNET_BYTES = 14,
	IPV4_BYTES = 20,
	IPV6_BYTES = 40,
	IPV4_PLAIN = 0x45,           /* version, and five words of header */
	IPV4_FRAGMENT_BITS = 0x3fff, /* more of them, or an offset */
};

static uint32_t be16_at(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

/* What both versions leave: the header of the transport is next. */
static bool enter(struct walk *walk, size_t header_len, uint32_t len, uint8_t protocol)
{
	const uint8_t *start = walk->cur.at + ETHERNET_BYTES;
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) {
		return false;
	}
	walk->packet->network = start;
	walk->packet->network_len = len;
	walk->cur.at = start + header_len;
	walk->cur.end = start + len;
	walk->cut = 0;
	walk->protocol = protocol;
	walk->extensions = 0;
	walk->is_source_routed = false;
	walk->next = LAYER_PROTOCOL;
	return true;
}

/* RFC 791 section 3.1. */
static bool enter_ipv4(struct walk *walk, const uint8_t *header, size_t left)
{
	const uint32_t len = be16_at(header + 2);
	if (header[0] != IPV4_PLAIN || len < IPV4_BYTES || len > left ||
		(be16_at(header + 6) & IPV4_FRAGMENT_BITS) ||
		walk->decoder->settings.is_verifying_checksums ||
		!enter(walk, IPV4_BYTES, len, header[9])) {
		return false;
	}
	walk->is_ipv6 = false;
	walk->packet->src = address_from_ipv4(header + 12);
	walk->packet->dst = address_from_ipv4(header + 16);
	walk->packet->ttl = header[8];
	return true;
}

/* RFC 8200 section 3. */
static bool enter_ipv6(struct walk *walk, const uint8_t *header, size_t left)
{
	const uint32_t payload_len = be16_at(header + 4);
	const uint32_t len = IPV6_BYTES + payload_len;
	if (header[0] >> 4 != 6 || payload_len == 0 || len > left ||
		!enter(walk, IPV6_BYTES, len, header[6])) {
		return false;
	}
	walk->is_ipv6 = true;
	walk_address_ipv6(&walk->packet->src, header + 8);
	walk_address_ipv6(&walk->packet->dst, header + 24);
	walk->packet->ttl = header[7];
	return true;
}

bool plain_begin(struct walk *walk)
{
	const uint8_t *frame = walk->cur.at;
	const size_t len = cursor_left(&walk->cur);
	if (len < ETHERNET_BYTES + IPV6_BYTES) { /* IPv4 and TCP are as long */
		return false;
	}
	const uint8_t *header = frame + ETHERNET_BYTES;
	const size_t left = len - ETHERNET_BYTES;
	switch (be16_at(frame + ETHERTYPE_AT)) {
	case ETHERTYPE_IPV4:
		return enter_ipv4(walk, header, left);
	case ETHERTYPE_IPV6:
		return enter_ipv6(walk, header, left);
	default:
		return false;
	}
}
