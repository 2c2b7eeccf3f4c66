#include "capture/prefilter.h"

/* Name servers; VXLAN (IANA's, Linux's, GPE's port), GENEVE, Teredo, GTP-U, L2TP. */
#define UDP_PORTS                                                                   \
	"port 53 or port 4789 or port 8472 or port 4790 or port 6081 or port 3544 " \
	"or port 2152 or port 1701"

/* IP in IP, TCP, IPv6 in IP, GRE, AH; Ethernet and MPLS in IP (RFC 3378, RFC 4023). */
#define IPV4                                                                           \
	"(ip and (ip[6:2] & 0x3fff != 0 or ip[9] = 6 or ip[9] = 4 or ip[9] = 41 "      \
	"or ip[9] = 47 or ip[9] = 51 or ip[9] = 97 or ip[9] = 137 or (ip[9] = 17 and " \
	"(" UDP_PORTS "))))"

/*
 * Likewise, and the extension headers of RFC 8200 section 4 with AH: hop-by-hop 0,
 * routing 43, fragment 44, AH 51, destination options 60, mobility 135, HIP 139, Shim6 140.
 */
#define IPV6                                                                         \
	"(ip6 and (ip6[6] = 6 or ip6[6] = 4 or ip6[6] = 41 or ip6[6] = 47 or "       \
	"ip6[6] = 0 or ip6[6] = 43 or ip6[6] = 44 or ip6[6] = 51 or ip6[6] = 60 or " \
	"ip6[6] = 135 or ip6[6] = 137 or ip6[6] = 139 or ip6[6] = 140 or ip6[6] = "  \
	"97 or (ip6[6] = 17 and (" UDP_PORTS "))))"

/*
 * 802.1Q, 802.1ad and the older QinQ, MPLS, PPPoE; MAC in MAC, Cisco's CMD, VN-Tag, E-Tag,
 * NSH. A tag the card took off is not seen.
 */
#define ETHERTYPES                                                           \
	"ether proto 0x8100 or ether proto 0x88a8 or ether proto 0x9100 or " \
	"ether proto 0x8847 or ether proto 0x8848 or ether proto 0x8864 or " \
	"ether proto 0x9200 or ether proto 0x88e7 or ether proto 0x8909 or " \
	"ether proto 0x8926 or ether proto 0x893f or ether proto 0x894f"

const char *prefilter_expression(bool has_ethertypes)
{
	return has_ethertypes ? IPV4 " or " IPV6 " or " ETHERTYPES : IPV4 " or " IPV6;
}
