#include "capture/prefilter.h"

/*
 * Name servers, and the tunnels of decode/udp_tunnel: VXLAN (IANA's, Linux's, GPE's port),
 * GENEVE, Teredo, GTP-U, L2TP, GRE and MPLS (each also over DTLS), GUE, LISP, TZSP; and
 * those that are only counted: NAT-T, CAPWAP, WireGuard, OpenVPN. QUIC is too much of
 * the traffic for that.
 */
#define UDP_PORTS                                                                   \
	"port 53 or port 4789 or port 8472 or port 4790 or port 6081 or port 3544 " \
	"or port 2152 or port 1701 or port 4754 or port 4755 or port 6635 or port " \
	"6636 or port 6080 or port 4341 or port 37008 or port 4500 or port 5247 "   \
	"or port 51820 or port 1194"

/*
 * Datagrams to others than these, and what the network says of itself: ICMP, IGMP, ICMPv6,
 * an empty packet, RSVP, PIM, EIGRP, OSPF, VRRP; SCTP, DCCP, UDP-Lite. What is not known
 * passes: it is counted as not looked into.
 */
#define SPARED(protocol)                                                           \
	protocol " = 1 or " protocol " = 2 or " protocol " = 58 or " protocol      \
		 " = 59 or " protocol " = 46 or " protocol " = 103 or " protocol   \
		 " = 88 or " protocol " = 89 or " protocol " = 112 or " protocol   \
		 " = 132 or " protocol " = 33 or " protocol " = 136 or (" protocol \
		 " = 17 and not (" UDP_PORTS "))"

#define IPV4 \
	"(ip and (ip[9] = 6 or ip[6:2] & 0x3fff != 0 or not (" SPARED("ip[9]") ")))"
#define IPV6 "(ip6 and (ip6[6] = 6 or not (" SPARED("ip6[6]") ")))"

/*
 * What the network's own talk and protocols beside IP are, as decode/ethernet has them;
 * all else passes. Frames of IEEE 802.3 with a length pass where SNAP may name a type;
 * spanning tree, IPX, NetBIOS and IS-IS do not.
 */
#define OTHERS                                                                      \
	"(not ip and not ip6 and (ether proto 0xaa or (not ether proto 0x42 and "   \
	"not ether proto 0xe0 and not ether proto 0xf0 and not ether proto 0xfe "   \
	"and not ether proto 0xff and not arp and not rarp and "                    \
	"not ether proto 0x88cc and not ether proto 0x8809 and not ether proto "    \
	"0x888e and not ether proto 0x9000 and not ether proto 0x8863 and not "     \
	"ether proto 0x0600 and not ether proto 0x0842 and not ether proto 0x2001 " \
	"and not ether proto 0x22ea and not ether proto 0x22f0 and not ether "      \
	"proto 0x22f4 and not ether proto 0x6002 and not ether proto 0x6003 and "   \
	"not ether proto 0x6004 and not ether proto 0x809b and not ether proto "    \
	"0x80d5 and not ether proto 0x80f3 and not ether proto 0x8137 and not "     \
	"ether proto 0x8138 and not ether proto 0x8808 and not ether proto 0x8819 " \
	"and not ether proto 0x886d and not ether proto 0x8874 and not ether "      \
	"proto 0x887b and not ether proto 0x8892 and not ether proto 0x8899 and "   \
	"not ether proto 0x88a2 and not ether proto 0x88a4 and not ether proto "    \
	"0x88ab and not ether proto 0x88b8 and not ether proto 0x88b9 and not "     \
	"ether proto 0x88ba and not ether proto 0x88bf and not ether proto 0x88c7 " \
	"and not ether proto 0x88ca and not ether proto 0x88cd and not ether "      \
	"proto 0x88d9 and not ether proto 0x88e1 and not ether proto 0x88e3 and "   \
	"not ether proto 0x88f5 and not ether proto 0x88f6 and not ether proto "    \
	"0x88f7 and not ether proto 0x88fb and not ether proto 0x8902 and not "     \
	"ether proto 0x8906 and not ether proto 0x8914 and not ether proto 0x8915 " \
	"and not ether proto 0x8922 and not ether proto 0x893a and not ether "      \
	"proto 0x9003)))"

const char *prefilter_expression(bool has_ethertypes)
{
	return has_ethertypes ? IPV4 " or " IPV6 " or " OTHERS : IPV4 " or " IPV6;
}
