/*
 * junk - packets that nobody asked for, through a router, at a rate.
 *
 *     junk KIND SOURCE[/BITS] TARGET SECONDS PACKETS_PER_SECOND
 *
 * KIND is a row of KINDS. Each packet comes from another address where BITS says how much
 * of SOURCE stays. IPv4 or IPv6, as the addresses are. No connection stands behind any of
 * it. One line at the end: packets, seconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define AT_ONCE     64
#define NS          1e9
#define PACKET_MAX  256
#define FIRST_PORT  1024
#define LOCAL_PORTS 60000
#define TEXT        "EHLO x\r\nMAIL FROM:<a@example.org>\r\n"

struct kind {
	const char *name;
	const char *text;
	uint16_t port; /* 0: another one each time */
	uint8_t protocol;
	uint8_t flags; /* of TCP */
	bool is_one_flow;
	bool is_fragment; /* the first one of a packet that never becomes whole */
};

static const struct kind KINDS[] = {
	{.name = "one",
		.text = "E",
		.port = 25,
		.protocol = IPPROTO_TCP,
		.flags = TH_PUSH | TH_ACK,
		.is_one_flow = true},
	{.name = "new",
		.text = "E",
		.protocol = IPPROTO_TCP,
		.flags = TH_PUSH | TH_ACK},
	{.name = "mail",
		.text = TEXT,
		.port = 25,
		.protocol = IPPROTO_TCP,
		.flags = TH_PUSH | TH_ACK},
	{.name = "syn-open",
		.text = "",
		.port = 25,
		.protocol = IPPROTO_TCP,
		.flags = TH_SYN},
	{.name = "syn-closed",
		.text = "",
		.port = 26,
		.protocol = IPPROTO_TCP,
		.flags = TH_SYN},
	{.name = "ack",
		.text = "",
		.port = 25,
		.protocol = IPPROTO_TCP,
		.flags = TH_ACK},
	{.name = "rst",
		.text = "",
		.port = 25,
		.protocol = IPPROTO_TCP,
		.flags = TH_RST},
	{.name = "udp", .text = TEXT, .protocol = IPPROTO_UDP},
	{.name = "dns", .text = TEXT, .port = 53, .protocol = IPPROTO_UDP},
	{.name = "fragment",
		.text = TEXT,
		.port = 25,
		.protocol = IPPROTO_TCP,
		.flags = TH_PUSH | TH_ACK,
		.is_fragment = true},
};

struct junk {
	const struct kind *kind;
	int family;
	size_t address_len;
	uint8_t source[16];
	uint8_t target[16];
	unsigned source_bits; /* of source that stay as they are */
	uint64_t random;
	uint64_t number; /* of packets made */
};

static double now_s(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / NS;
}

/* xorshift64 */
static uint64_t next_random(struct junk *junk)
{
	junk->random ^= junk->random << 13;
	junk->random ^= junk->random >> 7;
	junk->random ^= junk->random << 17;
	return junk->random;
}

/* --- a packet --- */

static uint32_t sum_of(const void *bytes, size_t len, uint32_t sum)
{
	const uint8_t *at = (const uint8_t *)bytes;
	for (; len > 1; at += 2, len -= 2) {
		sum += (uint32_t)at[0] << 8 | at[1];
	}
	return len ? sum + ((uint32_t)at[0] << 8) : sum;
}

static uint16_t folded(uint32_t sum)
{
	while (sum >> 16) {
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return htons((uint16_t)~sum);
}

static void put_source(struct junk *junk, uint8_t *address)
{
	memcpy(address, junk->source, junk->address_len);
	uint64_t random = next_random(junk);
	for (size_t bit = junk->source_bits; bit < junk->address_len * 8 && bit < 64;
		bit++, random >>= 1) {
		address[bit / 8] ^= (uint8_t)((random & 1) << (7 - bit % 8));
	}
}

static uint16_t target_port(const struct junk *junk)
{
	return junk->kind->port != 0
		       ? junk->kind->port
		       : (uint16_t)(10000 + junk->number / LOCAL_PORTS % 50000);
}

/* TCP or UDP with its text, without a checksum; its length. */
static size_t put_transport(struct junk *junk, uint8_t *at)
{
	const struct kind *kind = junk->kind;
	const uint64_t flow = kind->is_one_flow ? 0 : junk->number;
	const uint16_t source = htons((uint16_t)(FIRST_PORT + flow % LOCAL_PORTS));
	const uint16_t target = htons(target_port(junk));
	const size_t text_len = strlen(kind->text);
	const uint32_t sequence = kind->is_one_flow ? (uint32_t)(1000 + junk->number)
						    : (uint32_t)next_random(junk);
	if (kind->protocol == IPPROTO_UDP) {
		const struct udphdr udp = {.source = source,
			.dest = target,
			.len = htons((uint16_t)(sizeof(udp) + text_len))};
		memcpy(at, &udp, sizeof(udp));
		memcpy(at + sizeof(udp), kind->text, text_len);
		return sizeof(udp) + text_len;
	}
	struct tcphdr tcp = {.source = source,
		.dest = target,
		.seq = htonl(sequence),
		.ack_seq = htonl(kind->flags & TH_ACK ? 77 : 0),
		.doff = 5,
		.window = htons(1000)};
	tcp.th_flags = kind->flags;
	memcpy(at, &tcp, sizeof(tcp));
	memcpy(at + sizeof(tcp), kind->text, text_len);
	return sizeof(tcp) + text_len;
}

static void put_checksum(const struct junk *junk, const uint8_t *addresses,
	uint8_t *transport, size_t len)
{
	const uint32_t ends = sum_of(addresses, 2 * junk->address_len,
		(uint32_t)(junk->kind->protocol + len));
	const uint16_t sum = folded(sum_of(transport, len, ends));
	const size_t place = junk->kind->protocol == IPPROTO_UDP
				     ? offsetof(struct udphdr, check)
				     : offsetof(struct tcphdr, check);
	memcpy(transport + place, &sum, sizeof(sum));
}

static size_t make_ipv4(struct junk *junk, uint8_t *packet)
{
	struct ip ip = {
		.ip_v = 4, .ip_hl = 5, .ip_ttl = 64, .ip_p = junk->kind->protocol};
	put_source(junk, (uint8_t *)&ip.ip_src);
	memcpy(&ip.ip_dst, junk->target, sizeof(ip.ip_dst));
	const size_t len = put_transport(junk, packet + sizeof(ip));
	put_checksum(junk, (const uint8_t *)&ip.ip_src, packet + sizeof(ip), len);
	const size_t sent_len = junk->kind->is_fragment ? len & ~(size_t)7 : len;
	ip.ip_id = htons((uint16_t)(junk->number % UINT16_MAX + 1));
	ip.ip_off = htons(junk->kind->is_fragment ? IP_MF : IP_DF);
	ip.ip_len = htons((uint16_t)(sizeof(ip) + sent_len));
	memcpy(packet, &ip, sizeof(ip));
	return sizeof(ip) + sent_len;
}

static size_t make_ipv6(struct junk *junk, uint8_t *packet)
{
	struct ip6_hdr ip = {.ip6_nxt = junk->kind->protocol, .ip6_hlim = 64};
	const struct ip6_frag fragment = {.ip6f_nxt = junk->kind->protocol,
		.ip6f_offlg = IP6F_MORE_FRAG,
		.ip6f_ident = htonl((uint32_t)junk->number + 1)};
	const size_t between = junk->kind->is_fragment ? sizeof(fragment) : 0;
	uint8_t *transport = packet + sizeof(ip) + between;
	put_source(junk, ip.ip6_src.s6_addr);
	memcpy(&ip.ip6_dst, junk->target, sizeof(ip.ip6_dst));
	const size_t len = put_transport(junk, transport);
	put_checksum(junk, ip.ip6_src.s6_addr, transport, len);
	const size_t sent_len = between > 0 ? len & ~(size_t)7 : len;
	ip.ip6_flow = htonl(UINT32_C(6) << 28);
	ip.ip6_plen = htons((uint16_t)(between + sent_len));
	if (between > 0) {
		ip.ip6_nxt = IPPROTO_FRAGMENT;
		memcpy(packet + sizeof(ip), &fragment, sizeof(fragment));
	}
	memcpy(packet, &ip, sizeof(ip));
	return sizeof(ip) + between + sent_len;
}

/* --- sending --- */

static size_t send_some(int fd, struct junk *junk)
{
	static uint8_t packets[AT_ONCE][PACKET_MAX];
	static struct iovec parts[AT_ONCE];
	static struct mmsghdr messages[AT_ONCE];
	struct sockaddr_in target4 = {.sin_family = AF_INET};
	struct sockaddr_in6 target6 = {.sin6_family = AF_INET6};
	memcpy(&target4.sin_addr, junk->target, sizeof(target4.sin_addr));
	memcpy(&target6.sin6_addr, junk->target, sizeof(target6.sin6_addr));
	const bool is_ipv4 = junk->family == AF_INET;
	for (size_t i = 0; i < AT_ONCE; i++, junk->number++) {
		parts[i] = (struct iovec){
			packets[i], is_ipv4 ? make_ipv4(junk, packets[i])
					    : make_ipv6(junk, packets[i])};
		messages[i].msg_hdr = (struct msghdr){
			.msg_name = is_ipv4 ? (void *)&target4 : (void *)&target6,
			.msg_namelen = is_ipv4 ? sizeof(target4) : sizeof(target6),
			.msg_iov = &parts[i],
			.msg_iovlen = 1};
	}
	const int sent = sendmmsg(fd, messages, AT_ONCE, 0);
	return sent > 0 ? (size_t)sent : 0;
}

/* Not ahead of the rate. */
static void keep_pace(double ahead_s)
{
	if (ahead_s > 0.0002) {
		const struct timespec pause = {(time_t)ahead_s,
			(long)((ahead_s - (double)(time_t)ahead_s) * NS)};
		(void)nanosleep(&pause, NULL);
	}
}

/* --- its words --- */

static bool take_ends(struct junk *junk, char *source, const char *target)
{
	char *bits = strchr(source, '/');
	if (bits) {
		*bits++ = '\0';
	}
	junk->family = strchr(target, ':') ? AF_INET6 : AF_INET;
	junk->address_len = junk->family == AF_INET ? 4 : 16;
	junk->source_bits = bits ? (unsigned)strtoul(bits, NULL, 10) : 128;
	return inet_pton(junk->family, source, junk->source) == 1 &&
	       inet_pton(junk->family, target, junk->target) == 1;
}

static const struct kind *kind_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
		if (strcmp(KINDS[i].name, name) == 0) {
			return &KINDS[i];
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct junk junk = {.random = 88172645463325252U};
	junk.kind = argc == 6 ? kind_by_name(argv[1]) : NULL;
	if (!junk.kind || !take_ends(&junk, argv[2], argv[3])) {
		(void)fputs(
			"usage: junk KIND SOURCE[/BITS] TARGET SECONDS RATE\n", stderr);
		return 2;
	}
	const double seconds = strtod(argv[4], NULL);
	const double rate = strtod(argv[5], NULL);
	const int fd = socket(junk.family, SOCK_RAW, IPPROTO_RAW);
	if (fd < 0) {
		(void)fprintf(stderr, "junk: %s\n", strerror(errno));
		return 3;
	}
	uint64_t sent = 0;
	const double start_s = now_s();
	double passed_s = 0;
	while (passed_s < seconds) {
		sent += send_some(fd, &junk);
		passed_s = now_s() - start_s;
		keep_pace((double)junk.number / rate - passed_s);
	}
	(void)printf(
		"%llu packets, %.3f seconds\n", (unsigned long long)sent, passed_s);
	return 0;
}
