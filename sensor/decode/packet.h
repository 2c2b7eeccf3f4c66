/*
 * decode/packet - what the layers above need of one frame.
 *
 * The innermost IP packet is what counts; tunnels and tags around it are noted.
 */
#pragma once

#include "base/address.h"
#include "base/checksum.h"
#include "decode/tunnel.h"

#include <stdbool.h>
#include <stdint.h>

#define PACKET_VLANS_MAX   2
#define PACKET_TUNNELS_MAX 8

enum {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
};

struct packet {
	struct address src;
	struct address dst;
	uint16_t src_port;
	uint16_t dst_port;
	uint8_t transport; /* IPPROTO_TCP, IPPROTO_UDP, or another one without ports */
	uint8_t tcp_flags;
	uint8_t vlan_count; /* tags noted, outermost first; further ones are passed over */
	uint8_t tunnel_depth; /* IP headers around the innermost one */
	uint8_t ttl;          /* IPv6: hop limit */
	/* two versions of a fragment were seen: no sender needs that */
	bool has_two_versions;
	bool is_version_guessed; /* and nothing tells which of them arrives */
	bool is_reassembled; /* .payload and .network hold until the next frame is decoded */
	uint16_t vlan[PACKET_VLANS_MAX]; /* 12-bit identifiers */
	uint32_t way; /* of the layers above: 0 on the wire, else tells tunnels apart */
	uint32_t sequence; /* TCP only, RFC 9293 section 3.1 */
	uint32_t acknowledgement;
	uint16_t window; /* as the header has it, without its scale */
	uint16_t urgent; /* bytes up to and with the urgent one; 0: there is none */
	/* the TCP header, where the whole segment is there and says where it goes; else NULL */
	const uint8_t *segment;
	const uint8_t *options; /* of the TCP header */
	uint8_t options_len;    /* 0 as well where the capture ends inside of them */
	/* borrowed from the frame or the reassembled datagram */
	const uint8_t *payload;
	uint32_t payload_len; /* bytes at payload */
	/*
	 * bytes the sender wrote: more than payload_len when the capture was cut
	 * (snaplen)
	 */
	uint32_t payload_wire_len;
	const uint8_t *network; /* innermost IP header, for nDPI */
	uint32_t network_len;   /* bytes there */
	/* .tunnel_depth of them, outermost first */
	struct tunnel tunnels[PACKET_TUNNELS_MAX];
};

/* Longer ones were put together by a network card. */
#define PACKET_SUMMED_BYTES 9000

/* Its checksum tells whether it arrives: of more than an acknowledgement. */
static inline bool packet_has_sum(const struct packet *packet)
{
	return packet->segment && packet->payload_len <= PACKET_SUMMED_BYTES &&
	       (packet->payload_len > 0 ||
		       packet->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST));
}

/* Of a packet that has one; its IPv4 header's, which has to be right as well, with it. */
enum checksum_result packet_sum(const struct packet *packet);
