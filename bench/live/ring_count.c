/*
 * ring_count - the raw peer: a TPACKET_V3 ring that is read and only counted.
 *
 *     ring_count IFACE
 *
 * The least any reader of packets can do. Ends on SIGTERM; one line: packets, lost.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define BLOCK_BYTES (1U << 18)
#define RING_BYTES  (64U << 20)
#define BLOCKS      (RING_BYTES / BLOCK_BYTES)
#define FRAME_BYTES 2048
#define TIMEOUT_MS  20

static volatile sig_atomic_t is_ending;

static void end(int signal)
{
	(void)signal;
	is_ending = 1;
}

static void fail(const char *what)
{
	(void)fprintf(stderr, "ring_count: %s: %s\n", what, strerror(errno));
	exit(3);
}

static uint8_t *open_ring(const char *name, int *fd)
{
	const struct tpacket_req3 request = {.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = BLOCKS,
		.tp_frame_size = FRAME_BYTES,
		.tp_frame_nr = RING_BYTES / FRAME_BYTES,
		.tp_retire_blk_tov = TIMEOUT_MS};
	const struct sockaddr_ll address = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(name)};
	const int version = TPACKET_V3;
	*fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (*fd < 0 || address.sll_ifindex == 0 ||
		setsockopt(*fd, SOL_PACKET, PACKET_VERSION, &version,
			sizeof(version)) != 0 ||
		setsockopt(*fd, SOL_PACKET, PACKET_RX_RING, &request,
			sizeof(request)) != 0) {
		fail(name);
	}
	void *ring = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (ring == MAP_FAILED ||
		bind(*fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		fail(name);
	}
	return (uint8_t *)ring;
}

/* Walks the frames, as any reader must, and looks at each one's length. */
static uint64_t count_block(const struct tpacket_block_desc *block, uint64_t *bytes)
{
	const struct tpacket_hdr_v1 *head = &block->hdr.bh1;
	const uint8_t *at = (const uint8_t *)block + head->offset_to_first_pkt;
	for (uint32_t i = 0; i < head->num_pkts; i++) {
		const struct tpacket3_hdr *frame =
			(const struct tpacket3_hdr *)(const void *)at;
		*bytes += frame->tp_len;
		at += frame->tp_next_offset;
	}
	return head->num_pkts;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		(void)fputs("usage: ring_count IFACE\n", stderr);
		return 2;
	}
	int fd;
	uint8_t *ring = open_ring(argv[1], &fd);
	uint64_t packets = 0;
	uint64_t bytes = 0;
	size_t at = 0;
	(void)signal(SIGTERM, end);
	(void)puts("ready");
	(void)fflush(stdout);
	while (!is_ending) {
		struct tpacket_block_desc *block =
			(struct tpacket_block_desc *)(void *)(ring + at * BLOCK_BYTES);
		if ((__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
			    TP_STATUS_USER) == 0) {
			struct pollfd list = {.fd = fd, .events = POLLIN};
			(void)poll(&list, 1, 100);
			continue;
		}
		packets += count_block(block, &bytes);
		__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL,
			__ATOMIC_RELEASE);
		at = (at + 1) % BLOCKS;
	}
	struct tpacket_stats_v3 stats = {0};
	socklen_t len = sizeof(stats);
	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) != 0) {
		fail("PACKET_STATISTICS");
	}
	(void)printf("%llu packets, %u lost, %llu bytes\n", (unsigned long long)packets,
		stats.tp_drops, (unsigned long long)bytes);
	return 0;
}
