#include "decode/ethertype.h"
#include "decode/walk.h"

enum {
	ADDRESSES_BYTES = 12,
	LLC_SNAP = 0xaa, /* service access point, IEEE 802.2 */
	LLC_UNNUMBERED = 0x03,
	VLAN_ID_BITS = 0x0fff,
	MPLS_BOTTOM = 0x100,
	PPPOE_VERSION_TYPE = 0x11,
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	PPP_MPLS = 0x0281,
};

enum decode_result ethernet_step(struct walk *walk)
{
	cursor_skip(&walk->cur, ADDRESSES_BYTES);
	walk->ethertype = cursor_be16(&walk->cur);
	if (walk->ethertype == ETHERTYPE_IPV4) {
		walk->next = LAYER_IPV4;
	} else if (walk->ethertype == ETHERTYPE_IPV6) {
		walk->next = LAYER_IPV6;
	} else {
		walk->next = LAYER_ETHERTYPE;
	}
	return cursor_ok(&walk->cur) ? DECODE_OK : DECODE_TRUNCATED;
}

/* RFC 1042: an EtherType behind LLC and SNAP. */
static enum decode_result snap_step(struct walk *walk)
{
	const uint8_t destination = cursor_u8(&walk->cur);
	const uint8_t source = cursor_u8(&walk->cur);
	const uint8_t control = cursor_u8(&walk->cur);
	cursor_skip(&walk->cur, 3); /* organisation */
	walk->ethertype = cursor_be16(&walk->cur);
	if (!cursor_ok(&walk->cur)) {
		return DECODE_TRUNCATED;
	}
	const bool is_snap = destination == LLC_SNAP && source == LLC_SNAP &&
			     control == LLC_UNNUMBERED;
	return is_snap && walk->ethertype > ETHERTYPE_LENGTHS_MAX ? DECODE_OK
								  : DECODE_UNWANTED;
}

/* IEEE 802.1Q; identifier 0 is a priority without a VLAN. */
static enum decode_result vlan_step(struct walk *walk)
{
	struct packet *packet = walk->packet;
	const uint16_t id = cursor_be16(&walk->cur) & VLAN_ID_BITS;
	walk->ethertype = cursor_be16(&walk->cur);
	if (!cursor_ok(&walk->cur)) {
		return DECODE_TRUNCATED;
	}
	if (id != 0 && packet->vlan_count < PACKET_VLANS_MAX) {
		packet->vlan[packet->vlan_count++] = id;
	}
	return DECODE_OK; /* the EtherType behind the tag is next */
}

static bool ethertype_is_known(uint16_t ethertype)
{
	switch (ethertype) {
	case ETHERTYPE_IPV4:
	case ETHERTYPE_IPV6:
	case ETHERTYPE_VLAN:
	case ETHERTYPE_PROVIDER_VLAN:
	case ETHERTYPE_MPLS:
	case ETHERTYPE_PPPOE_SESSION:
	case 0x0806: /* ARP */
		return true;
	default:
		return false;
	}
}

/* RFC 4448 section 4.6: a pseudowire may put a control word before the frame. */
static void skip_control_word(struct walk *walk)
{
	struct cursor cur = walk->cur;
	cursor_skip(&cur, 4 + ADDRESSES_BYTES);
	if (ethertype_is_known(cursor_be16(&cur))) {
		cursor_skip(&walk->cur, 4);
	}
}

/* RFC 3032 section 2.1. Nothing says what the labels carry: its first nibble does. */
static enum decode_result mpls_step(struct walk *walk)
{
	uint32_t label = 0;
	for (unsigned count = 0; !(label & MPLS_BOTTOM); count++) {
		if (count == WALK_LABELS_MAX) {
			return DECODE_TOO_DEEP;
		}
		label = cursor_be32(&walk->cur);
		if (!cursor_ok(&walk->cur)) {
			return DECODE_TRUNCATED;
		}
	}
	struct cursor peek = walk->cur;
	const uint8_t nibble = cursor_u8(&peek) >> 4;
	if (nibble == 4 || nibble == 6) {
		walk->next = LAYER_IP;
		return DECODE_OK;
	}
	if (nibble == 0) {
		skip_control_word(walk);
	}
	walk->next = LAYER_ETHERNET;
	return DECODE_OK;
}

/* RFC 2516 section 4. */
static enum decode_result pppoe_step(struct walk *walk)
{
	const uint8_t version_type = cursor_u8(&walk->cur);
	const uint8_t code = cursor_u8(&walk->cur);
	cursor_skip(&walk->cur, 4); /* session, length: IP knows its own */
	if (!cursor_ok(&walk->cur)) {
		return DECODE_TRUNCATED;
	}
	walk->next = LAYER_PPP;
	return version_type == PPPOE_VERSION_TYPE && code == 0 ? DECODE_OK
							       : DECODE_MALFORMED;
}

/* RFC 1661 section 2: an odd first byte is a protocol of one byte. */
enum decode_result ppp_step(struct walk *walk)
{
	uint16_t protocol = cursor_u8(&walk->cur);
	if (!(protocol & 1)) {
		protocol = (uint16_t)((unsigned)protocol << 8 | cursor_u8(&walk->cur));
	}
	if (!cursor_ok(&walk->cur)) {
		return DECODE_TRUNCATED;
	}
	switch (protocol) {
	case PPP_IPV4:
		walk->next = LAYER_IPV4;
		return DECODE_OK;
	case PPP_IPV6:
		walk->next = LAYER_IPV6;
		return DECODE_OK;
	case PPP_MPLS:
		return mpls_step(walk);
	default:
		return DECODE_UNWANTED;
	}
}

static enum decode_result go_on_with(struct walk *walk, enum layer layer)
{
	walk->next = layer;
	return DECODE_OK;
}

enum decode_result ethertype_step(struct walk *walk)
{
	switch (walk->ethertype) {
	case ETHERTYPE_IPV4:
		return go_on_with(walk, LAYER_IPV4);
	case ETHERTYPE_IPV6:
		return go_on_with(walk, LAYER_IPV6);
	case ETHERTYPE_VLAN:
	case ETHERTYPE_PROVIDER_VLAN:
	case ETHERTYPE_OLD_QINQ:
		return vlan_step(walk);
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_MULTICAST:
		return mpls_step(walk);
	case ETHERTYPE_PPPOE_SESSION:
		return pppoe_step(walk);
	case ETHERTYPE_ETHERNET:
		return go_on_with(walk, LAYER_ETHERNET);
	case ETHERTYPE_PPP:
		return go_on_with(walk, LAYER_PPP);
	default:
		return walk->ethertype <= ETHERTYPE_LENGTHS_MAX ? snap_step(walk)
								: DECODE_UNWANTED;
	}
}
