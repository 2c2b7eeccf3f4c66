/*
 * ring_count - the raw peer: a TPACKET_V3 ring that is read and only counted.
 *
 *     ring_count IFACE [MEMBERS [program]]
 *
 * The least any reader of packets can do. With MEMBERS, so many processes, each with a
 * ring of its own, share the frames: by the hash of the kernel (PACKET_FANOUT_HASH), or by
 * the shortest program that shares anything out, which goes by one octet of an address.
 * Ends on SIGTERM; one line: packets, lost; of all members.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK_BYTES (1U << 18)
#define RING_BYTES  (64U << 20)
#define BLOCKS      (RING_BYTES / BLOCK_BYTES)
#define FRAME_BYTES 2048
#define TIMEOUT_MS  20
#define MEMBERS_MAX 32

/* A fanout program sees a frame from its network layer on. */
#define IPV4_SOURCE_LAST 15

struct member {
	int fd;
	uint8_t *ring;
	pid_t pid; /* of all but the first, which the program itself reads */
};

struct counts {
	uint64_t packets;
	uint64_t lost;
	uint64_t bytes;
};

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

static struct member open_member(const char *name)
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
	const int fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || address.sll_ifindex == 0 ||
		setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) !=
			0 ||
		setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) !=
			0) {
		fail(name);
	}
	void *ring = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED ||
		bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		fail(name);
	}
	return (struct member){.fd = fd, .ring = (uint8_t *)ring};
}

static void join(const struct member *member, bool is_by_program)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, IPV4_SOURCE_LAST),
		BPF_STMT(BPF_RET | BPF_A, 0)};
	const struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]), .filter = code};
	const uint32_t mode = is_by_program ? PACKET_FANOUT_CBPF : PACKET_FANOUT_HASH;
	const uint32_t option = ((uint32_t)getpid() & 0xffff) | mode << 16;
	if (setsockopt(member->fd, SOL_PACKET, PACKET_FANOUT, &option,
		    sizeof(option)) != 0) {
		fail("PACKET_FANOUT");
	}
	if (is_by_program && setsockopt(member->fd, SOL_PACKET, PACKET_FANOUT_DATA,
				     &program, sizeof(program)) != 0) {
		fail("PACKET_FANOUT_DATA");
	}
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

/* Until it is told to end. */
static struct counts read_ring(const struct member *member)
{
	struct counts counts = {0};
	size_t at = 0;
	while (!is_ending) {
		struct tpacket_block_desc *block =
			(struct tpacket_block_desc *)(void *)(member->ring +
							      at * BLOCK_BYTES);
		if ((__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
			    TP_STATUS_USER) == 0) {
			struct pollfd list = {.fd = member->fd, .events = POLLIN};
			(void)poll(&list, 1, 100);
			continue;
		}
		counts.packets += count_block(block, &counts.bytes);
		__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL,
			__ATOMIC_RELEASE);
		at = (at + 1) % BLOCKS;
	}
	struct tpacket_stats_v3 stats = {0};
	socklen_t len = sizeof(stats);
	if (getsockopt(member->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) != 0) {
		fail("PACKET_STATISTICS");
	}
	counts.lost = stats.tp_drops;
	return counts;
}

static void start(struct member *member, int results)
{
	member->pid = fork();
	if (member->pid < 0) {
		fail("fork");
	}
	if (member->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		const struct counts counts = read_ring(member);
		_exit(write(results, &counts, sizeof(counts)) == sizeof(counts) ? 0
										: 3);
	}
}

static void add(struct counts *sum, const struct member *member, int results)
{
	struct counts counts;
	if (kill(member->pid, SIGTERM) != 0 ||
		read(results, &counts, sizeof(counts)) != sizeof(counts)) {
		fail("a member");
	}
	sum->packets += counts.packets;
	sum->lost += counts.lost;
	sum->bytes += counts.bytes;
}

int main(int argc, char **argv)
{
	const unsigned long count = argc >= 3 ? strtoul(argv[2], NULL, 10) : 1;
	const bool is_by_program = argc == 4;
	struct member members[MEMBERS_MAX];
	int results[2];
	if (argc < 2 || argc > 4 || count < 1 || count > MEMBERS_MAX ||
		(is_by_program && strcmp(argv[3], "program") != 0)) {
		(void)fputs("usage: ring_count IFACE [MEMBERS [program]]\n", stderr);
		return 2;
	}
	if (pipe(results) != 0) {
		fail("pipe");
	}
	(void)signal(SIGTERM, end);
	for (size_t i = 0; i < count; i++) {
		members[i] = open_member(argv[1]);
		if (count > 1) {
			join(&members[i], is_by_program);
		}
	}
	for (size_t i = 1; i < count; i++) {
		start(&members[i], results[1]);
	}
	(void)puts("ready");
	(void)fflush(stdout);
	struct counts sum = read_ring(&members[0]);
	(void)close(results[1]);
	for (size_t i = 1; i < count; i++) {
		add(&sum, &members[i], results[0]);
	}
	(void)printf("%llu packets, %llu lost, %llu bytes\n",
		(unsigned long long)sum.packets, (unsigned long long)sum.lost,
		(unsigned long long)sum.bytes);
	return 0;
}
