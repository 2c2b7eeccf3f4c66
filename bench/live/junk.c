/*
 * junk - segments of TCP that nobody asked for, from one host through a router, at a rate.
 *
 *     junk KIND SOURCE TARGET COUNT PACKETS_PER_SECOND
 *
 * KIND: "one" a byte in one flow, "new" a byte in a flow of its own each, "mail" two lines
 * of SMTP likewise from made-up hosts in 198.18.0.0/15 (RFC 2544), "syn" openings to port
 * 25 from these. No connection stands behind any of it. One line at the end: packets, seconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define AT_ONCE 64
#define NS      1e9

static const char TEXT[] = "EHLO x\r\nMAIL FROM:<a@example.org>\r\n";

struct segment {
	struct iphdr ip;
	struct tcphdr tcp;
	char text[sizeof(TEXT)];
} __attribute__((packed));

struct junk {
	char kind; /* its first letter */
	in_addr_t source;
	in_addr_t target;
	uint32_t random;
};

static double now_s(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / NS;
}

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

static size_t make(struct junk *junk, unsigned long number, struct segment *segment)
{
	const size_t text = junk->kind == 'm' ? sizeof(TEXT) - 1 : junk->kind != 's';
	const size_t len = sizeof(segment->ip) + sizeof(segment->tcp) + text;
	const bool is_of_others = junk->kind == 'm' || junk->kind == 's';
	junk->random = junk->random * 1103515245U + 12345U;
	*segment = (struct segment){.ip = {.version = 4,
					    .ihl = 5,
					    .tot_len = htons((uint16_t)len),
					    .frag_off = htons(0x4000),
					    .ttl = 64,
					    .protocol = IPPROTO_TCP,
					    .daddr = junk->target}};
	segment->ip.saddr =
		is_of_others ? htonl(0xc6120000U | (junk->random >> 4 & 0x1ffffU))
			     : junk->source;
	const unsigned long flow = junk->kind == 'o' ? 0 : number;
	segment->tcp = (struct tcphdr){.source = htons((uint16_t)(1024 + flow % 60000)),
		.dest = htons(junk->kind == 'n'
				      ? (uint16_t)(10000 + flow / 60000 % 50000)
				      : 25),
		.seq = htonl(
			junk->kind == 'o' ? 1000 + (uint32_t)number : junk->random),
		.ack_seq = htonl(77),
		.doff = 5,
		.syn = junk->kind == 's',
		.psh = junk->kind != 's',
		.ack = junk->kind != 's',
		.window = htons(1000)};
	memcpy(segment->text, TEXT, text);
	const uint32_t ends = sum_of(&segment->ip.saddr, 8,
		IPPROTO_TCP + sizeof(segment->tcp) + (uint32_t)text);
	segment->tcp.check =
		folded(sum_of(&segment->tcp, sizeof(segment->tcp) + text, ends));
	return len;
}

static size_t send_some(int fd, struct junk *junk, unsigned long first, size_t count)
{
	static struct segment segments[AT_ONCE];
	static struct iovec parts[AT_ONCE];
	static struct mmsghdr messages[AT_ONCE];
	struct sockaddr_in target = {
		.sin_family = AF_INET, .sin_addr = {.s_addr = junk->target}};
	for (size_t i = 0; i < count; i++) {
		parts[i] = (struct iovec){
			&segments[i], make(junk, first + i, &segments[i])};
		messages[i].msg_hdr = (struct msghdr){.msg_name = &target,
			.msg_namelen = sizeof(target),
			.msg_iov = &parts[i],
			.msg_iovlen = 1};
	}
	const int sent = sendmmsg(fd, messages, (unsigned)count, 0);
	return sent > 0 ? (size_t)sent : 0;
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		(void)fputs("usage: junk one|new|mail|syn SOURCE TARGET COUNT RATE\n",
			stderr);
		return 2;
	}
	struct junk junk = {.kind = argv[1][0],
		.source = inet_addr(argv[2]),
		.target = inet_addr(argv[3]),
		.random = 1};
	const unsigned long count = strtoul(argv[4], NULL, 10);
	const double rate = strtod(argv[5], NULL);
	const int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	unsigned long sent = 0;
	if (fd < 0) {
		(void)fprintf(stderr, "junk: %s\n", strerror(errno));
		return 3;
	}
	const double start_s = now_s();
	for (unsigned long at = 0; at < count; at += AT_ONCE) {
		sent += send_some(fd, &junk, at, AT_ONCE);
		const double ahead_s = (double)at / rate - (now_s() - start_s);
		if (ahead_s > 0.0002) {
			const struct timespec pause = {(time_t)ahead_s,
				(long)((ahead_s - (double)(time_t)ahead_s) * NS)};
			(void)nanosleep(&pause, NULL);
		}
	}
	(void)printf("%lu packets, %.3f seconds\n", sent, now_s() - start_s);
	return 0;
}
