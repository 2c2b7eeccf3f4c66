/*
 * decode/ethertype - the EtherTypes that are followed (IANA ieee-802-numbers).
 */
#pragma once

enum {
	ETHERTYPE_LENGTHS_MAX = 0x05dc, /* up to here it is a length, IEEE 802.3 */
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_MPLS = 0x8847,
	ETHERTYPE_MPLS_MULTICAST = 0x8848,
	ETHERTYPE_PPPOE_SESSION = 0x8864,
	ETHERTYPE_PROVIDER_VLAN = 0x88a8, /* IEEE 802.1ad */
	ETHERTYPE_OLD_QINQ = 0x9100,
	ETHERTYPE_OLDER_QINQ = 0x9200,
	ETHERTYPE_MACSEC = 0x88e5,
	ETHERTYPE_BACKBONE = 0x88e7,  /* service tag of IEEE 802.1ah, MAC in MAC */
	ETHERTYPE_CISCO_CMD = 0x8909, /* TrustSec's security group */
	ETHERTYPE_VN_TAG = 0x8926,
	ETHERTYPE_E_TAG = 0x893f,       /* IEEE 802.1BR */
	ETHERTYPE_NSH = 0x894f,         /* RFC 8300 */
	ETHERTYPE_TRILL = 0x22f3,       /* RFC 6325 */
	ETHERTYPE_FABRIC_PATH = 0x8903, /* Cisco's */
	ETHERTYPE_HSR = 0x892f,         /* IEC 62439-3 */
	ETHERTYPE_WCCP = 0x883e,        /* in GRE, towards a web cache */
	ETHERTYPE_ETHERNET = 0x6558,    /* transparent Ethernet bridging, RFC 1701 */
	ETHERTYPE_ERSPAN = 0x88be,
	ETHERTYPE_ERSPAN_III = 0x22eb,
	ETHERTYPE_PPP = 0x880b, /* in GRE */
};
