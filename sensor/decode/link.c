/*
 * The link layers of captures, https://www.tcpdump.org/linktypes.html.
 */
#include "decode/ethertype.h"
#include "decode/walk.h"

/* DLT_ values of libpcap. */
enum {
	LINK_NULL = 0,
	LINK_PPP = 9,
	LINK_RAW = 12,
	LINK_RAW_OPENBSD = 14,
	LINK_PPP_SERIAL = 50,
	LINK_PPP_ETHERNET = 51,
	LINK_RAW_IN_FILES = 101,
	LINK_CISCO_HDLC = 104,
	LINK_LOOP = 108,
	LINK_LINUX_SLL = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_NFLOG = 239,
	LINK_LINUX_SLL2 = 276,
};

enum {
	PPP_ALL_STATIONS = 0xff, /* RFC 1662 section 3.1 */
	PPP_UNNUMBERED = 0x03,
	HDLC_UNICAST = 0x0f,
	HDLC_MULTICAST = 0x8f,
	NFLOG_PAYLOAD = 9, /* NFULA_PAYLOAD */
	NFLOG_TLV_HEADER_BYTES = 4,
};

/* The family is in the byte order of whoever captured, so either end may hold it. */
static enum decode_result null_begin(struct walk *walk)
{
	struct cursor little = walk->cur;
	const uint32_t big_family = cursor_be32(&walk->cur);
	const uint32_t family =
		big_family < 0x10000 ? big_family : cursor_le32(&little);
	if (!cursor_ok(&walk->cur)) {
		return DECODE_TRUNCATED;
	}
	switch (family) {
	case 2:
		walk->next = LAYER_IPV4;
		return DECODE_OK;
	case 10: /* AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, Darwin */
	case 24:
	case 28:
	case 30:
		walk->next = LAYER_IPV6;
		return DECODE_OK;
	default:
		return DECODE_UNWANTED;
	}
}

static enum decode_result cooked_begin(
	struct walk *walk, size_t before_protocol, size_t behind_protocol)
{
	cursor_skip(&walk->cur, before_protocol);
	walk->ethertype = cursor_be16(&walk->cur);
	cursor_skip(&walk->cur, behind_protocol);
	walk->next = LAYER_ETHERTYPE;
	return cursor_ok(&walk->cur) ? DECODE_OK : DECODE_TRUNCATED;
}

/* PPP with or without its address and control bytes, or Cisco's HDLC in their place. */
static enum decode_result ppp_begin(struct walk *walk)
{
	struct cursor cur = walk->cur;
	const uint8_t station = cursor_u8(&cur);
	const uint8_t control = cursor_u8(&cur);
	walk->next = LAYER_PPP;
	if (station == PPP_ALL_STATIONS && control == PPP_UNNUMBERED) {
		walk->cur = cur;
	} else if (station == HDLC_UNICAST || station == HDLC_MULTICAST) {
		return cooked_begin(walk, 2, 0);
	}
	return DECODE_OK;
}

/* https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html: TLVs in the order of the host. */
static enum decode_result nflog_begin(struct walk *walk)
{
	cursor_skip(&walk->cur, 4); /* family, version, resource */
	while (cursor_left(&walk->cur) >= NFLOG_TLV_HEADER_BYTES) {
		struct cursor big = walk->cur;
		uint16_t len = cursor_le16(&walk->cur);
		uint16_t type = cursor_le16(&walk->cur);
		if (type > 0xff) {
			len = cursor_be16(&big);
			type = cursor_be16(&big);
		}
		if (len < NFLOG_TLV_HEADER_BYTES) {
			return DECODE_MALFORMED;
		}
		const size_t value_len = (size_t)len - NFLOG_TLV_HEADER_BYTES;
		if (type == NFLOG_PAYLOAD) {
			walk->next = LAYER_IP;
			return DECODE_OK;
		}
		const size_t padded = (value_len + 3) & ~(size_t)3;
		if (padded > cursor_left(&walk->cur)) {
			return DECODE_TRUNCATED;
		}
		cursor_skip(&walk->cur, padded);
	}
	return cursor_ok(&walk->cur) ? DECODE_UNWANTED : DECODE_TRUNCATED;
}

static enum decode_result begin_at(struct walk *walk, enum layer layer)
{
	walk->next = layer;
	return DECODE_OK;
}

static enum decode_result begin_at_ethertype(struct walk *walk, uint16_t ethertype)
{
	walk->ethertype = ethertype;
	return begin_at(walk, LAYER_ETHERTYPE);
}

enum decode_result link_begin(struct walk *walk, uint16_t link_type)
{
	switch (link_type) {
	case LINK_ETHERNET:
		return ethernet_step(walk);
	case LINK_RAW:
	case LINK_RAW_OPENBSD:
	case LINK_RAW_IN_FILES:
		return begin_at(walk, LAYER_IP);
	case LINK_IPV4:
		return begin_at(walk, LAYER_IPV4);
	case LINK_IPV6:
		return begin_at(walk, LAYER_IPV6);
	case LINK_LINUX_SLL:
		return cooked_begin(walk, 14, 0);
	case LINK_LINUX_SLL2:
		return cooked_begin(walk, 0, 18);
	case LINK_NULL:
	case LINK_LOOP:
		return null_begin(walk);
	case LINK_PPP:
	case LINK_PPP_SERIAL:
		return ppp_begin(walk);
	case LINK_PPP_ETHERNET:
		return begin_at_ethertype(walk, ETHERTYPE_PPPOE_SESSION);
	case LINK_CISCO_HDLC:
		return cooked_begin(walk, 2, 0);
	case LINK_NFLOG:
		return nflog_begin(walk);
	default:
		return DECODE_UNKNOWN_LINK;
	}
}
