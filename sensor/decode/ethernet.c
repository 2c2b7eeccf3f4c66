#include "decode/ethertype.h"
#include "decode/walk.h"

enum {
	LLC_SNAP = 0xaa, /* service access point, IEEE 802.2 */
	LLC_UNNUMBERED = 0x03,
	LLC_BRIDGED = 0x0000f8, /* IEEE 802.1H */
	VLAN_ID_BITS = 0x0fff,
	MPLS_BOTTOM = 0x100,
	PPPOE_VERSION_TYPE = 0x11,
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	PPP_MPLS = 0x0281,
	PPP_MULTILINK = 0x003d,           /* RFC 1990 */
	PPP_ENCRYPTED_IN_BUNDLE = 0x0055, /* RFC 1968 */
	PPP_ENCRYPTED = 0x0053,
	PPP_COMPRESSED_IN_BUNDLE = 0x00fb, /* RFC 1962 */
	PPP_COMPRESSED = 0x00fd,
	PPP_ALL_STATIONS = 0xff, /* RFC 1662 section 3.1 */
	PPP_UNNUMBERED = 0x03,
	BACKBONE_TAG_BYTES = 4,
	DEC_FIRST = 0x6000, /* DECnet, LAT, remote console ... */
	DEC_LAST = 0x6009,
	DEC_MORE_FIRST = 0x8038,
	DEC_MORE_LAST = 0x8042,
	VN_TAG_BYTES = 4,
	E_TAG_BYTES = 6,
	NSH_LENGTH_BITS = 0x003f,
	TRILL_OPTION_BITS = 0x07c0,
	TRILL_NICKNAMES_BYTES = 4,
	FABRIC_PATH_BYTES = 2,
	HSR_BYTES = 4,
	WCCP_BYTES = 4,
	MACSEC_HAS_CHANNEL = 0x20,
	MACSEC_ENCRYPTED = 0x0c, /* encrypted, or changed by a cipher */
	MACSEC_NUMBER_BYTES = 5, /* short length and packet number */
	MACSEC_CHANNEL_BYTES = 8,
};

enum decode_result ethernet_step(struct walk *walk)
{
	cursor_skip(&walk->cur, WALK_ETHERNET_ADDRESSES);
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
	const uint32_t organisation = cursor_be24(&walk->cur);
	walk->ethertype = cursor_be16(&walk->cur);
	if (!cursor_ok(&walk->cur)) {
		return DECODE_TRUNCATED;
	}
	/* another organisation's numbers are its own protocols: CDP, DTP, AppleTalk */
	const bool is_snap = destination == LLC_SNAP && source == LLC_SNAP &&
			     control == LLC_UNNUMBERED &&
			     (organisation == 0 || organisation == LLC_BRIDGED);
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
	cursor_skip(&cur, 4 + WALK_ETHERNET_ADDRESSES);
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
	case PPP_COMPRESSED_IN_BUNDLE:
	case PPP_COMPRESSED: /* MPPE, RFC 3078, too */
	case PPP_ENCRYPTED_IN_BUNDLE:
	case PPP_ENCRYPTED:
	case PPP_MULTILINK:
		return walk_blind(walk, DECODE_BLIND_PPP);
	default:
		return DECODE_UNWANTED;
	}
}

void ppp_skip_address(struct walk *walk)
{
	struct cursor peek = walk->cur;
	const uint8_t station = cursor_u8(&peek);
	const uint8_t control = cursor_u8(&peek);
	if (station == PPP_ALL_STATIONS && control == PPP_UNNUMBERED) {
		walk->cur = peek;
	}
}

/* A tag of len bytes, and the EtherType of what it stands before. */
static enum decode_result tag_step(struct walk *walk, size_t len)
{
	cursor_skip(&walk->cur, len);
	walk->ethertype = cursor_be16(&walk->cur);
	return cursor_ok(&walk->cur) ? DECODE_OK : DECODE_TRUNCATED;
}

/* Cisco's metadata: version, how many options, each of four bytes. */
static enum decode_result cisco_cmd_step(struct walk *walk)
{
	cursor_skip(&walk->cur, 1);
	const size_t options = cursor_u8(&walk->cur);
	return tag_step(walk, options * 4);
}

/* IEEE 802.1ah: the customer's whole frame is behind the service tag. */
static enum decode_result backbone_step(struct walk *walk)
{
	cursor_skip(&walk->cur, BACKBONE_TAG_BYTES);
	walk->next = LAYER_ETHERNET;
	return cursor_ok(&walk->cur) ? DECODE_OK : DECODE_TRUNCATED;
}

/* RFC 8300 section 2.2. */
static enum decode_result nsh_step(struct walk *walk)
{
	static const uint16_t NEXT[] = {0, ETHERTYPE_IPV4, ETHERTYPE_IPV6,
		ETHERTYPE_ETHERNET, ETHERTYPE_NSH, ETHERTYPE_MPLS};
	const size_t words = cursor_be16(&walk->cur) & NSH_LENGTH_BITS;
	cursor_skip(&walk->cur, 1); /* type of metadata */
	const uint8_t next = cursor_u8(&walk->cur);
	if (words < 2) {
		return cursor_ok(&walk->cur) ? DECODE_MALFORMED : DECODE_TRUNCATED;
	}
	cursor_skip(&walk->cur, (words - 1) * 4);
	if (!cursor_ok(&walk->cur)) {
		return DECODE_TRUNCATED;
	}
	if (next == 0 || next >= sizeof(NEXT) / sizeof(NEXT[0])) {
		return walk_blind(walk, DECODE_BLIND_ETHERTYPE);
	}
	walk->ethertype = NEXT[next];
	return DECODE_OK;
}

/* RFC 6325 section 3: the frame as it came to the first bridge is behind the header. */
static enum decode_result trill_step(struct walk *walk)
{
	const uint16_t first = cursor_be16(&walk->cur);
	const size_t option_words = (first & TRILL_OPTION_BITS) >> 6;
	cursor_skip(&walk->cur, TRILL_NICKNAMES_BYTES + option_words * 4);
	walk->next = LAYER_ETHERNET;
	return cursor_ok(&walk->cur) ? DECODE_OK : DECODE_TRUNCATED;
}

static enum decode_result fabric_path_step(struct walk *walk)
{
	cursor_skip(&walk->cur, FABRIC_PATH_BYTES);
	walk->next = LAYER_ETHERNET;
	return cursor_ok(&walk->cur) ? DECODE_OK : DECODE_TRUNCATED;
}

/* IEEE 802.1AE clause 9.3. Integrity alone leaves the frame in clear behind the tag. */
static enum decode_result macsec_step(struct walk *walk)
{
	const uint8_t control = cursor_u8(&walk->cur);
	if (control & MACSEC_ENCRYPTED) {
		return walk_blind(walk, DECODE_BLIND_MACSEC);
	}
	return tag_step(walk, control & MACSEC_HAS_CHANNEL
				      ? MACSEC_NUMBER_BYTES + MACSEC_CHANNEL_BYTES
				      : MACSEC_NUMBER_BYTES);
}

/* Version 2 puts a header in front of the packet, version 1 none. */
static enum decode_result wccp_step(struct walk *walk)
{
	struct cursor peek = walk->cur;
	if (cursor_u8(&peek) >> 4 != 4) {
		cursor_skip(&walk->cur, WCCP_BYTES);
	}
	walk->next = LAYER_IP;
	return cursor_ok(&walk->cur) ? DECODE_OK : DECODE_TRUNCATED;
}

static enum decode_result go_on_with(struct walk *walk, enum layer layer)
{
	walk->next = layer;
	return DECODE_OK;
}

/* What the network says of itself, and what is not IP by its nature. */
static const uint16_t CONTROL[] = {
	0x0600, /* XNS */
	0x0806, /* ARP */
	0x0842, /* wake on LAN */
	0x0bad, /* VINES */
	0x2001, /* NHRP, in GRE */
	0x22ea, /* reservation of streams */
	0x22f0, /* audio and video, IEEE 1722 */
	0x22f4, /* IS-IS of TRILL */
	0x8035, /* RARP */
	0x809b, /* AppleTalk */
	0x80c4, /* VINES */
	0x80d5, /* SNA */
	0x80f3, /* AppleTalk's ARP */
	0x8137, /* IPX */
	0x8138,
	0x8808, /* flow control, IEEE 802.3 */
	0x8809, /* slow protocols: LACP */
	0x8819, /* CobraNet */
	0x8863, /* PPPoE discovery */
	0x886d, /* Intel's teaming */
	0x886f, /* Microsoft's load balancing */
	0x8874, /* Broadcom's */
	0x887b, /* HomePlug */
	0x888e, /* EAP over LAN */
	0x8892, /* PROFINET */
	0x8899, /* Realtek's loop detection */
	0x88a2, /* ATA over Ethernet */
	0x88a4, /* EtherCAT */
	0x88ab, /* POWERLINK */
	0x88b8, /* IEC 61850 */
	0x88b9,
	0x88ba,
	0x88bf, /* MikroTik's management */
	0x88c7, /* IEEE 802.11i */
	0x88ca, /* TIPC */
	0x88cc, /* LLDP */
	0x88cd, /* SERCOS */
	0x88d9, /* LLTD */
	0x88e1, /* HomePlug AV */
	0x88e3, /* media redundancy */
	0x88f5, /* MVRP */
	0x88f6, /* MMRP */
	0x88f7, /* PTP */
	0x88fb, /* PRP */
	0x8902, /* CFM */
	0x8906, /* Fibre Channel over Ethernet */
	0x8914,
	0x8915, /* RDMA */
	0x891d, /* time-triggered Ethernet */
	0x8922, /* VMware's beacons */
	0x893a, /* IEEE 1905 */
	0x9000, /* loopback */
	0x9003,
};

static bool ethertype_is_control(uint16_t ethertype)
{
	if ((ethertype >= DEC_FIRST && ethertype <= DEC_LAST) ||
		(ethertype >= DEC_MORE_FIRST && ethertype <= DEC_MORE_LAST)) {
		return true;
	}
	for (size_t i = 0; i < sizeof(CONTROL) / sizeof(CONTROL[0]); i++) {
		if (CONTROL[i] == ethertype) {
			return true;
		}
	}
	return false;
}

static enum decode_result other_step(struct walk *walk)
{
	if (walk->ethertype <= ETHERTYPE_LENGTHS_MAX) {
		return snap_step(walk);
	}
	return ethertype_is_control(walk->ethertype)
		       ? DECODE_UNWANTED
		       : walk_blind(walk, DECODE_BLIND_ETHERTYPE);
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
	case ETHERTYPE_OLDER_QINQ:
		return vlan_step(walk);
	case ETHERTYPE_CISCO_CMD:
		return cisco_cmd_step(walk);
	case ETHERTYPE_VN_TAG:
		return tag_step(walk, VN_TAG_BYTES);
	case ETHERTYPE_E_TAG:
		return tag_step(walk, E_TAG_BYTES);
	case ETHERTYPE_BACKBONE:
		return backbone_step(walk);
	case ETHERTYPE_NSH:
		return nsh_step(walk);
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_MULTICAST:
		return mpls_step(walk);
	case ETHERTYPE_PPPOE_SESSION:
		return pppoe_step(walk);
	case ETHERTYPE_ETHERNET:
		return go_on_with(walk, LAYER_ETHERNET);
	case ETHERTYPE_PPP:
		return go_on_with(walk, LAYER_PPP);
	case ETHERTYPE_MACSEC:
		return macsec_step(walk);
	case ETHERTYPE_TRILL:
		return trill_step(walk);
	case ETHERTYPE_FABRIC_PATH:
		return fabric_path_step(walk);
	case ETHERTYPE_HSR:
		return tag_step(walk, HSR_BYTES);
	case ETHERTYPE_WCCP:
		return wccp_step(walk);
	default:
		return other_step(walk);
	}
}
