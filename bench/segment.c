#include "segment.h"

#include <string.h>

enum {
	ETHERNET_LEN = 14,
	IPV4_LEN = 20,
	IPV6_LEN = 40,
	UDP_LEN = 8,
	TCP_LEN = 20,
	TCP_TIMESTAMP_LEN = 12, /* with two NOP in front, RFC 7323 appendix A */
	TCP_SYN_OPTIONS_LEN = 20,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
};

static void put_u16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put_u32(uint8_t *at, uint32_t value)
{
	put_u16(at, value >> 16);
	put_u16(at + 2, value & 0xffff);
}

/* Sum of native 16-bit words; folding later makes the word size irrelevant (RFC 1071). */
static uint64_t sum_bytes(uint64_t sum, const uint8_t *at, size_t len)
{
	for (; len >= 8; at += 8, len -= 8) {
		uint64_t word;

		memcpy(&word, at, sizeof(word));
		sum += (word & 0xffffffff) + (word >> 32);
	}
	for (; len >= 2; at += 2, len -= 2) {
		uint16_t word;

		memcpy(&word, at, sizeof(word));
		sum += word;
	}
	if (len == 1) {
		const uint8_t padded[2] = {at[0], 0};
		uint16_t word;

		memcpy(&word, padded, sizeof(word));
		sum += word;
	}
	return sum;
}

static void put_checksum(uint8_t *at, uint64_t sum)
{
	while (sum >> 16 != 0) {
		sum = (sum & 0xffff) + (sum >> 16);
	}
	const uint16_t folded = (uint16_t)~sum;

	memcpy(at, &folded, sizeof(folded));
}

static size_t transport_len(const struct segment *segment)
{
	if (segment->is_udp) {
		return UDP_LEN;
	}
	return (segment->flags & SEGMENT_SYN) != 0 ? TCP_LEN + TCP_SYN_OPTIONS_LEN
						   : TCP_LEN + TCP_TIMESTAMP_LEN;
}

size_t segment_header_len(const struct segment *segment)
{
	return ETHERNET_LEN + (segment->is_ipv6 ? IPV6_LEN : IPV4_LEN) +
	       transport_len(segment);
}

static void put_tcp_options(uint8_t *at, const struct segment *segment)
{
	if ((segment->flags & SEGMENT_SYN) != 0) {
		const uint8_t syn[] = {2, 4, 0x05, 0xb4, 4, 2, 8, 10};
		const uint8_t scale[] = {1, 3, 3, 7};

		memcpy(at, syn, sizeof(syn));
		if (segment->is_ipv6) {
			put_u16(at + 2, 1440);
		}
		memcpy(at + 16, scale, sizeof(scale));
		at += sizeof(syn);
	} else {
		const uint8_t nop[] = {1, 1, 8, 10};

		memcpy(at, nop, sizeof(nop));
		at += sizeof(nop);
	}
	put_u32(at, segment->from->clock_ms);
	put_u32(at + 4,
		(segment->flags & SEGMENT_ACK) != 0 ? segment->to->clock_ms : 0);
}

static void put_transport(
	uint8_t *at, const struct segment *segment, size_t payload_len)
{
	put_u16(at, segment->from->port);
	put_u16(at + 2, segment->to->port);
	if (segment->is_udp) {
		put_u16(at + 4, UDP_LEN + payload_len);
		put_u16(at + 6, 0);
		return;
	}
	put_u32(at + 4, segment->from->sequence);
	put_u32(at + 8,
		(segment->flags & SEGMENT_ACK) != 0 ? segment->to->sequence : 0);
	at[12] = (uint8_t)(transport_len(segment) / 4 << 4);
	at[13] = segment->flags;
	put_u16(at + 14, (segment->flags & SEGMENT_SYN) != 0 ? 64240 : 501);
	put_u32(at + 16, 0); /* checksum, urgent pointer */
	put_tcp_options(at + TCP_LEN, segment);
}

static void put_network(uint8_t *at, const struct segment *segment, size_t inner_len)
{
	const uint8_t protocol = segment->is_udp ? PROTOCOL_UDP : PROTOCOL_TCP;

	if (segment->is_ipv6) {
		put_u32(at, UINT32_C(6) << 28);
		put_u16(at + 4, inner_len);
		at[6] = protocol;
		at[7] = 64;
		memcpy(at + 8, segment->from->address, 16);
		memcpy(at + 24, segment->to->address, 16);
		return;
	}
	put_u16(at, 0x4500);
	put_u16(at + 2, IPV4_LEN + inner_len);
	put_u16(at + 4, segment->datagram_id);
	put_u16(at + 6, 0x4000); /* do not fragment */
	at[8] = 64;
	at[9] = protocol;
	put_u16(at + 10, 0);
	memcpy(at + 12, segment->from->address, 4);
	memcpy(at + 16, segment->to->address, 4);
	put_checksum(at + 10, sum_bytes(0, at, IPV4_LEN));
}

size_t segment_finish(uint8_t *frame, const struct segment *segment, size_t payload_len)
{
	uint8_t *network = frame + ETHERNET_LEN;
	uint8_t *transport = network + (segment->is_ipv6 ? IPV6_LEN : IPV4_LEN);
	const size_t inner_len = transport_len(segment) + payload_len;
	const size_t address_len = segment->is_ipv6 ? 16 : 4;
	uint8_t pseudo[4];

	memcpy(frame, segment->to->hardware, 6);
	memcpy(frame + 6, segment->from->hardware, 6);
	put_u16(frame + 12, segment->is_ipv6 ? 0x86dd : 0x0800);
	put_network(network, segment, inner_len);
	put_transport(transport, segment, payload_len);

	put_u16(pseudo, segment->is_udp ? PROTOCOL_UDP : PROTOCOL_TCP);
	put_u16(pseudo + 2, inner_len);
	uint64_t sum = sum_bytes(0, pseudo, sizeof(pseudo));

	sum = sum_bytes(sum, segment->from->address, address_len);
	sum = sum_bytes(sum, segment->to->address, address_len);
	sum = sum_bytes(sum, transport, inner_len);
	uint8_t *checksum = transport + (segment->is_udp ? 6 : 16);

	put_checksum(checksum, sum);
	if (segment->is_udp && checksum[0] == 0 && checksum[1] == 0) {
		put_u16(checksum, 0xffff); /* 0 means "none", RFC 768 */
	}
	return ETHERNET_LEN + (size_t)(transport - network) + inner_len;
}
