/*
 * blast - send frames into an interface, as fast as it takes them or at a rate.
 *
 *     blast IFACE[,PEER] CAPTURE [REPEAT [PACKETS_PER_SECOND]]
 *     blast IFACE[,PEER] syn:COUNT[:SEED] [REPEAT [PACKETS_PER_SECOND]]
 *
 * REPEAT 0: until it is ended. One line at the end: packets, seconds. Past the queueing
 * discipline. With PEER, the other end of a veth pair, as fast as it goes by XDP frames
 * (cross.h); at a rate, without PEER, and where the kernel cannot (which is told),
 * through a packet socket.
 */
#include "cross.h"
#include "frames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE 64
#define NS      1e9

static volatile sig_atomic_t is_ending;

static void end(int signal)
{
	(void)signal;
	is_ending = 1;
}

static double now_s(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / NS;
}

static void fail(const char *what)
{
	(void)fprintf(stderr, "blast: %s: %s\n", what, strerror(errno));
	exit(3);
}

static int packet_open(const char *name)
{
	const struct sockaddr_ll address = {
		.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name)};
	const int on = 1;
	const int fd = socket(AF_PACKET, SOCK_RAW, 0); /* receives nothing */
	if (fd < 0 || address.sll_ifindex == 0 ||
		bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
		setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) != 0) {
		fail(name);
	}
	return fd;
}

static size_t packet_send(int fd, const struct iovec *list, size_t count)
{
	static struct mmsghdr messages[AT_ONCE];
	for (size_t i = 0; i < count; i++) {
		messages[i].msg_hdr = (struct msghdr){
			.msg_iov = (struct iovec *)(void *)(size_t)&list[i],
			.msg_iovlen = 1};
	}
	const int sent = sendmmsg(fd, messages, (unsigned)count, 0);
	if (sent < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR) {
		fail("sendmmsg");
	}
	return sent > 0 ? (size_t)sent : 0;
}

struct sender {
	double rate; /* packets a second; 0: as fast as it goes */
	int fd;
	double start_s;
	uint64_t sent;
};

/* Not ahead of the rate: a pause where one is due. */
static void keep_pace(const struct sender *sender)
{
	const double ahead_s = sender->rate > 0 ? (double)sender->sent / sender->rate -
							  (now_s() - sender->start_s)
						: 0.0;
	if (ahead_s > 0.0002) {
		const struct timespec pause = {(time_t)ahead_s,
			(long)((ahead_s - (double)(time_t)ahead_s) * NS)};
		(void)nanosleep(&pause, NULL);
	}
}

/* All frames, or until a signal comes. */
static void send_all(struct sender *sender, const struct frames *frames)
{
	const size_t at_once = sender->rate > 0 && sender->rate < 20000 ? 1 : AT_ONCE;
	for (size_t at = 0; at < frames->count && !is_ending;) {
		const size_t left = frames->count - at;
		const size_t done = packet_send(
			sender->fd, &frames->list[at], left < at_once ? left : at_once);
		at += done;
		sender->sent += done;
		keep_pace(sender);
	}
}

static struct frames frames_of(const char *what)
{
	if (strncmp(what, "syn:", 4) != 0) {
		return frames_read(what);
	}
	char *end_of_count = NULL;
	const size_t count = strtoull(what + 4, &end_of_count, 10);
	if (count == 0) {
		errno = EINVAL;
		fail(what);
	}
	return frames_make_syns(
		count, *end_of_count == ':' ? strtoull(end_of_count + 1, NULL, 10) : 1);
}

int main(int argc, char **argv)
{
	struct cross cross;
	if (argc < 3) {
		(void)fputs(
			"usage: blast IFACE[,PEER] CAPTURE|syn:COUNT[:SEED] [REPEAT "
			"[RATE]]\n",
			stderr);
		return 2;
	}
	const char *name = strtok(argv[1], ",");
	const char *peer = strtok(NULL, ",");
	const struct frames frames = frames_of(argv[2]);
	const unsigned long repeat = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
	struct sender sender = {.rate = argc > 4 ? strtod(argv[4], NULL) : 0};
	const bool is_crossing =
		peer && sender.rate == 0 && cross_open(&cross, name, peer, &frames);
	if (!is_crossing) {
		if (peer && sender.rate == 0) {
			(void)fprintf(
				stderr, "blast: no XDP frames: %s\n", strerror(errno));
		}
		sender.fd = packet_open(name);
	}
	(void)signal(SIGTERM, end);
	(void)signal(SIGINT, end);
	sender.start_s = now_s();
	for (unsigned long turn = 0; (repeat == 0 || turn < repeat) && !is_ending;
		turn++) {
		if (is_crossing) {
			sender.sent += cross_send(&cross);
		} else {
			send_all(&sender, &frames);
		}
	}
	(void)printf("%llu packets, %.6f seconds\n", (unsigned long long)sender.sent,
		now_s() - sender.start_s);
	return 0;
}
