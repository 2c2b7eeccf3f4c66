/*
 * blast - send frames into an interface, as fast as it takes them or at a rate.
 *
 *     blast IFACE CAPTURE [REPEAT [PACKETS_PER_SECOND]]
 *     blast IFACE syn:COUNT[:SEED] [REPEAT [PACKETS_PER_SECOND]]
 *
 * REPEAT 0: until it is ended. One line at the end: packets, seconds. Both ways go
 * past the queueing discipline. As fast as it goes through an AF_XDP socket in copy
 * mode, straight from the frames in memory; an interface has one such sender. At a
 * rate, and where the kernel has no AF_XDP, through a packet socket.
 */
#include "frames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE     64
#define NS          1e9
#define RING_FRAMES 2048U /* a power of two, as the kernel wants it */
#define PAGE_BYTES  4096U /* the longest frame of an AF_XDP socket */

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

/* What the kernel is to send, and how far it has come. */
struct xdp {
	int fd;
	const uint8_t *memory; /* of all frames: descriptors count from here */
	struct xdp_desc *list;
	uint32_t *produced;
	const uint32_t *completed;
	uint32_t *consumed; /* of the completed ones, by us: their places are free */
	uint32_t next;
};

static uint8_t *xdp_map(int fd, size_t bytes, off_t which)
{
	void *ring = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_POPULATE, fd, which);
	if (ring == MAP_FAILED) {
		fail("AF_XDP ring");
	}
	return (uint8_t *)ring;
}

/* The kernel reads the frames where they are, at any address: nothing is copied. */
static void xdp_share(int fd, const struct frames *frames)
{
	const uint64_t pages = (frames->bytes + PAGE_BYTES - 1) / PAGE_BYTES;
	const struct xdp_umem_reg memory = {
		.addr = (uint64_t)(uintptr_t)frames->list[0].iov_base,
		.len = pages * PAGE_BYTES,
		.chunk_size = PAGE_BYTES,
		.flags = XDP_UMEM_UNALIGNED_CHUNK_FLAG};
	for (size_t i = 0; i < frames->count; i++) {
		if (frames->list[i].iov_len > PAGE_BYTES) {
			errno = EMSGSIZE;
			fail("a frame");
		}
	}
	if (setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &memory, sizeof(memory)) != 0) {
		fail("AF_XDP memory");
	}
}

/* The kernel gives up the place of a socket only some time after it was closed. */
static void xdp_bind(int fd, const char *name)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	const struct sockaddr_xdp address = {.sxdp_family = AF_XDP,
		.sxdp_flags = XDP_COPY,
		.sxdp_ifindex = if_nametoindex(name)};
	for (int tries = 100;
		bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0;
		tries--) {
		if (errno != EBUSY || tries == 0) {
			fail(name);
		}
		(void)nanosleep(&pause, NULL);
	}
}

/* It slows the figures down, so it is told. */
static bool has_xdp(void)
{
	const int fd = socket(AF_XDP, SOCK_RAW, 0);
	if (fd < 0) {
		(void)fprintf(stderr, "blast: no AF_XDP: %s\n", strerror(errno));
		return false;
	}
	(void)close(fd);
	return true;
}

static struct xdp xdp_open(const char *name, const struct frames *frames)
{
	const uint32_t size = RING_FRAMES;
	struct xdp_mmap_offsets at;
	socklen_t len = sizeof(at);
	const int fd = socket(AF_XDP, SOCK_RAW, 0);
	if (fd < 0) {
		fail("AF_XDP");
	}
	xdp_share(fd, frames);
	if (setsockopt(fd, SOL_XDP, XDP_UMEM_FILL_RING, &size, sizeof(size)) != 0 ||
		setsockopt(fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &size,
			sizeof(size)) != 0 ||
		setsockopt(fd, SOL_XDP, XDP_TX_RING, &size, sizeof(size)) != 0 ||
		getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &len) != 0) {
		fail("AF_XDP rings");
	}
	uint8_t *sending = xdp_map(fd,
		at.tx.desc + RING_FRAMES * sizeof(struct xdp_desc), XDP_PGOFF_TX_RING);
	uint8_t *completing = xdp_map(fd, at.cr.desc + RING_FRAMES * sizeof(uint64_t),
		(off_t)XDP_UMEM_PGOFF_COMPLETION_RING);
	xdp_bind(fd, name);
	return (struct xdp){.fd = fd,
		.memory = (const uint8_t *)frames->list[0].iov_base,
		.list = (struct xdp_desc *)(void *)(sending + at.tx.desc),
		.produced = (uint32_t *)(void *)(sending + at.tx.producer),
		.completed = (uint32_t *)(void *)(completing + at.cr.producer),
		.consumed = (uint32_t *)(void *)(completing + at.cr.consumer)};
}

/*
 * Lets the kernel send; how many it has still to send. A frame that the interface
 * refuses is EBUSY, which ends the program: what is counted was taken.
 */
static uint32_t xdp_kick(const struct xdp *xdp)
{
	if (sendto(xdp->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN &&
		errno != ENOBUFS && errno != EINTR) {
		fail("AF_XDP send");
	}
	const uint32_t done = __atomic_load_n(xdp->completed, __ATOMIC_ACQUIRE);
	__atomic_store_n(xdp->consumed, done, __ATOMIC_RELEASE);
	return xdp->next - done;
}

static size_t xdp_send(struct xdp *xdp, const struct iovec *list, size_t count)
{
	const uint32_t waiting =
		xdp->next - __atomic_load_n(xdp->consumed, __ATOMIC_RELAXED);
	const size_t room = RING_FRAMES - waiting;
	const size_t some = count < room ? count : room;
	for (size_t i = 0; i < some; i++) {
		const uint8_t *frame = (const uint8_t *)list[i].iov_base;
		xdp->list[xdp->next++ % RING_FRAMES] =
			(struct xdp_desc){.addr = (uint64_t)(frame - xdp->memory),
				.len = (uint32_t)list[i].iov_len};
	}
	__atomic_store_n(xdp->produced, xdp->next, __ATOMIC_RELEASE);
	(void)xdp_kick(xdp);
	return some;
}

struct sender {
	bool is_packet; /* a packet socket, else an AF_XDP one */
	double rate;    /* packets a second; 0: as fast as it goes */
	int fd;
	struct xdp xdp;
	double start_s;
	uint64_t sent;
};

static struct sender sender_open(
	const char *name, const struct frames *frames, double rate)
{
	struct sender sender = {.is_packet = rate > 0 || !has_xdp(), .rate = rate};
	if (sender.is_packet) {
		sender.fd = packet_open(name);
	} else {
		sender.xdp = xdp_open(name, frames);
	}
	sender.start_s = now_s();
	return sender;
}

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

/* As many as are taken at once, at most count. */
static size_t send_some(struct sender *sender, const struct iovec *list, size_t count)
{
	if (sender->is_packet) {
		const size_t at_once =
			sender->rate > 0 && sender->rate < 20000 ? 1 : AT_ONCE;
		const size_t done = packet_send(
			sender->fd, list, count < at_once ? count : at_once);
		sender->sent += done;
		keep_pace(sender);
		return done;
	}
	const size_t done =
		xdp_send(&sender->xdp, list, count < AT_ONCE ? count : AT_ONCE);
	sender->sent += done;
	return done;
}

/* Until the kernel has sent all that it was given. */
static void send_rest(struct sender *sender)
{
	while (!sender->is_packet && xdp_kick(&sender->xdp) > 0) {
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
	if (argc < 3) {
		(void)fputs(
			"usage: blast IFACE CAPTURE|syn:COUNT[:SEED] [REPEAT [RATE]]\n",
			stderr);
		return 2;
	}
	const struct frames frames = frames_of(argv[2]);
	const unsigned long repeat = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
	const double rate = argc > 4 ? strtod(argv[4], NULL) : 0;
	struct sender sender = sender_open(argv[1], &frames, rate);
	(void)signal(SIGTERM, end);
	(void)signal(SIGINT, end);
	for (unsigned long turn = 0; (repeat == 0 || turn < repeat) && !is_ending;
		turn++) {
		for (size_t at = 0; at < frames.count && !is_ending;) {
			at += send_some(&sender, &frames.list[at], frames.count - at);
		}
	}
	send_rest(&sender);
	(void)printf("%llu packets, %.6f seconds\n", (unsigned long long)sender.sent,
		now_s() - sender.start_s);
	return 0;
}
