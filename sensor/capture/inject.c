#include "capture/inject.h"

#include "base/checksum.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEND_BYTES (4 << 20)

enum {
	IPV4_HEADER_BYTES = 20,
	IPV4_CHECKSUM_AT = 10,
	IPV6_HEADER_BYTES = 40,
	TCP_HEADER_BYTES = 20,
	TCP_CHECKSUM_AT = 16,
	HOPS = 64,
	DONT_FRAGMENT = 0x4000,
	WINDOW = 0x2000, /* the peer may go on speaking: what it says is dropped */
};

struct injector {
	int ipv4;
	int ipv6;
};

static uint8_t *put_u16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
	return put_u16(put_u16(at, value >> 16), value);
}

static uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

/* RFC 791 section 3.1. */
static void put_ipv4(
	uint8_t *at, const struct inject_segment *segment, size_t segment_len)
{
	uint8_t *header = at;
	*at++ = 0x45;
	*at++ = 0; /* type of service */
	at = put_u16(at, (uint32_t)(IPV4_HEADER_BYTES + segment_len));
	at = put_u16(at, 0); /* never fragmented, so no identification (RFC 6864) */
	at = put_u16(at, DONT_FRAGMENT);
	*at++ = HOPS;
	*at++ = IPPROTO_TCP;
	at = put_u16(at, 0); /* checksum */
	at = put_bytes(at, &segment->src.bytes[12], 4);
	(void)put_bytes(at, &segment->dst.bytes[12], 4);
	(void)put_u16(header + IPV4_CHECKSUM_AT,
		checksum_ipv4_make(header, IPV4_HEADER_BYTES));
}

/* RFC 8200 section 3. */
static void put_ipv6(
	uint8_t *at, const struct inject_segment *segment, size_t segment_len)
{
	at = put_u32(at, UINT32_C(6) << 28);
	at = put_u16(at, (uint32_t)segment_len);
	*at++ = IPPROTO_TCP;
	*at++ = HOPS;
	at = put_bytes(at, segment->src.bytes, 16);
	(void)put_bytes(at, segment->dst.bytes, 16);
}

/* RFC 9293 section 3.1. */
static void put_tcp(uint8_t *at, const struct inject_segment *segment, size_t text_len)
{
	uint8_t *header = at;
	at = put_u16(at, segment->src_port);
	at = put_u16(at, segment->dst_port);
	at = put_u32(at, segment->sequence);
	at = put_u32(at, segment->acknowledgement);
	*at++ = (TCP_HEADER_BYTES / 4) << 4;
	*at++ = segment->flags;
	at = put_u16(at, WINDOW);
	at = put_u32(at, 0); /* checksum, urgent pointer */
	if (text_len > 0) {
		(void)put_bytes(at, segment->text, text_len);
	}
	const struct checksum_pseudo pseudo = {.src = &segment->src,
		.dst = &segment->dst,
		.len = (uint32_t)(TCP_HEADER_BYTES + text_len),
		.protocol = IPPROTO_TCP};
	(void)put_u16(header + TCP_CHECKSUM_AT, checksum_segment_make(header, &pseudo));
}

size_t inject_build(
	const struct inject_segment *segment, uint8_t packet[INJECT_PACKET_BYTES])
{
	const bool is_ipv4 = address_is_ipv4(&segment->src);
	const size_t text_len = segment->text ? strlen(segment->text) : 0;
	assert(text_len <= INJECT_TEXT_BYTES);
	if (is_ipv4 != address_is_ipv4(&segment->dst)) {
		return 0;
	}
	const size_t header_len = is_ipv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
	const size_t segment_len = TCP_HEADER_BYTES + text_len;
	put_tcp(packet + header_len, segment, text_len);
	if (is_ipv4) {
		put_ipv4(packet, segment, segment_len);
	} else {
		put_ipv6(packet, segment, segment_len);
	}
	return header_len + segment_len;
}

/* IPPROTO_RAW: the header is ours, of both IP versions. */
static int open_raw(int family, uint32_t mark, struct reason *why)
{
	const int fd =
		socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	const int nothing = 0;
	const int much = SEND_BYTES;
	if (fd < 0) {
		(void)reason_set(why, "no raw socket to end connections with: %m");
		return -1;
	}
	/* It only sends; a small buffer where IPPROTO_RAW should ever receive. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &nothing, sizeof(nothing));
	/* A host that is not there keeps what is sent to it for seconds. */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &much, sizeof(much));
	if (mark != 0 && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0) {
		(void)reason_set(why, "raw socket without mark: %m");
		(void)close(fd);
		return -1;
	}
	return fd;
}

struct injector *inject_open(uint32_t mark, struct reason *why)
{
	struct injector *injector = malloc(sizeof(*injector));
	if (!injector) {
		(void)reason_set(why, "no memory for an injector");
		return NULL;
	}
	struct reason ignored;
	injector->ipv4 = open_raw(AF_INET, mark, why);
	injector->ipv6 = open_raw(AF_INET6, mark, &ignored); /* a host without IPv6 */
	if (injector->ipv4 < 0) {
		inject_close(injector);
		return NULL;
	}
	return injector;
}

void inject_close(struct injector *injector)
{
	if (!injector) {
		return;
	}
	if (injector->ipv4 >= 0) {
		(void)close(injector->ipv4);
	}
	if (injector->ipv6 >= 0) {
		(void)close(injector->ipv6);
	}
	free(injector);
}

bool inject_send(struct injector *injector, const struct inject_segment *segment)
{
	uint8_t packet[INJECT_PACKET_BYTES];
	const size_t len = inject_build(segment, packet);
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
	} to = {0};
	socklen_t to_len = sizeof(to.ipv4);
	int fd = injector->ipv4;
	if (address_is_ipv4(&segment->dst)) {
		to.ipv4.sin_family = AF_INET;
		memcpy(&to.ipv4.sin_addr, &segment->dst.bytes[12], 4);
	} else {
		to.ipv6.sin6_family = AF_INET6;
		memcpy(&to.ipv6.sin6_addr, segment->dst.bytes, 16);
		to_len = sizeof(to.ipv6);
		fd = injector->ipv6;
	}
	return len > 0 && fd >= 0 &&
	       sendto(fd, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL, &to.any, to_len) ==
		       (ssize_t)len;
}
