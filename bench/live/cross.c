#include "cross.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * A page is given as FRAME_BYTES, and the program cuts it to the frame. The verifier follows
 * offsets below 512 MiB only, so the frames lie in chunks, each with room behind it for a whole
 * frame whatever its offset. Between two turns veth's ring of 256 places is emptied.
 */
#define FRAME_BYTES 2048U
#define CHUNK_BYTES (256U << 20)
#define VALUE_BYTES (CHUNK_BYTES + FRAME_BYTES)
#define AT_ONCE     64U

/* Instructions as Documentation/bpf/standardization/instruction-set.rst has them. */
#define INSN(op, to, from, at, value)    \
	((struct bpf_insn){.code = (op), \
		.dst_reg = (to),         \
		.src_reg = (from),       \
		.off = (int16_t)(at),    \
		.imm = (int32_t)(value)})
#define SET(to, value)            INSN(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value)
#define COPY(to, from)            INSN(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0)
#define ADD(to, value)            INSN(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, value)
#define ADD_REG(to, from)         INSN(BPF_ALU64 | BPF_ADD | BPF_X, to, from, 0, 0)
#define AND(to, value)            INSN(BPF_ALU64 | BPF_AND | BPF_K, to, 0, 0, value)
#define SHIFT(to, value)          INSN(BPF_ALU64 | BPF_LSH | BPF_K, to, 0, 0, value)
#define LOAD(size, to, from, at)  INSN(BPF_LDX | BPF_MEM | (size), to, from, at, 0)
#define STORE(size, to, from, at) INSN(BPF_STX | BPF_MEM | (size), to, from, at, 0)
#define DROP_IF(op, reg, value)   INSN(BPF_JMP | (op) | BPF_K, reg, 0, 0, value)
#define CALL(function)            INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function)
#define MAP(to, kind, fd) \
	INSN(BPF_LD | BPF_IMM | BPF_DW, to, kind, 0, fd), INSN(0, 0, 0, 0, 0)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* Where a frame lies. */
struct place {
	uint32_t chunk;
	uint32_t offset; /* in it */
	uint32_t bytes;
	uint32_t unused; /* a place is 16 bytes: the program shifts */
};

/* The one value of the first map. */
struct plan {
	uint64_t next;
	struct place list[];
};

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* An array of the kernel's that is memory of ours as well; -1 and errno. */
static int share(size_t value, uint32_t count, void **memory)
{
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = (uint32_t)value,
		.max_entries = count,
		.map_flags = BPF_F_MMAPABLE};
	if (value > INT32_MAX) {
		errno = EFBIG;
		return -1;
	}
	const int fd = bpf(BPF_MAP_CREATE, &attr);
	if (fd < 0) {
		return -1;
	}
	*memory = mmap(NULL, value * count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return *memory == MAP_FAILED ? -1 : fd;
}

static int load(const struct bpf_insn *list, size_t count)
{
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uint64_t)(uintptr_t)list,
		.insn_cnt = (uint32_t)count,
		.license = (uint64_t)(uintptr_t) "GPL"};
	return bpf(BPF_PROG_LOAD, &attr);
}

/* Its receiving end takes XDP frames as long as the process lives; -1 and errno. */
static int open_receiver(const char *name)
{
	const struct bpf_insn list[] = {SET(BPF_REG_0, XDP_PASS), EXIT()};
	const int program = load(list, sizeof(list) / sizeof(*list));
	union bpf_attr attr = {.link_create = {.prog_fd = (uint32_t)program,
				       .target_ifindex = if_nametoindex(name),
				       .attach_type = BPF_XDP,
				       .flags = XDP_FLAGS_DRV_MODE}};
	return program < 0 ? -1 : bpf(BPF_LINK_CREATE, &attr);
}

/*
 * r6 context, r7 the place, then the frame's bytes, r8 offset, r9 length. A frame that is
 * not there is dropped, which the count of the receiving end would show.
 */
static int load_writer(int plan, int bytes, uint32_t count, unsigned sender)
{
	struct bpf_insn list[] = {
		COPY(BPF_REG_6, BPF_REG_1),
		MAP(BPF_REG_7, BPF_PSEUDO_MAP_VALUE, plan),
		LOAD(BPF_DW, BPF_REG_1, BPF_REG_7, 0), /* next++ */
		DROP_IF(BPF_JGE, BPF_REG_1, count),
		COPY(BPF_REG_2, BPF_REG_1),
		ADD(BPF_REG_2, 1),
		STORE(BPF_DW, BPF_REG_7, BPF_REG_2, 0),
		SHIFT(BPF_REG_1, 4),
		ADD_REG(BPF_REG_7, BPF_REG_1),
		LOAD(BPF_W, BPF_REG_1, BPF_REG_7, sizeof(struct plan)),
		LOAD(BPF_W, BPF_REG_8, BPF_REG_7, sizeof(struct plan) + 4),
		LOAD(BPF_W, BPF_REG_9, BPF_REG_7, sizeof(struct plan) + 8),
		STORE(BPF_W, BPF_REG_10, BPF_REG_1, -4), /* the chunk's bytes */
		MAP(BPF_REG_1, BPF_PSEUDO_MAP_FD, bytes),
		COPY(BPF_REG_2, BPF_REG_10),
		ADD(BPF_REG_2, -4),
		CALL(BPF_FUNC_map_lookup_elem),
		DROP_IF(BPF_JEQ, BPF_REG_0, 0),
		AND(BPF_REG_8, CHUNK_BYTES - 1),
		AND(BPF_REG_9, FRAME_BYTES - 1),
		DROP_IF(BPF_JEQ, BPF_REG_9, 0),
		COPY(BPF_REG_7, BPF_REG_0),
		ADD_REG(BPF_REG_7, BPF_REG_8),
		COPY(BPF_REG_1, BPF_REG_6), /* as long as the frame */
		COPY(BPF_REG_2, BPF_REG_9),
		ADD(BPF_REG_2, -(int32_t)FRAME_BYTES),
		CALL(BPF_FUNC_xdp_adjust_tail),
		COPY(BPF_REG_1, BPF_REG_6), /* the frame */
		SET(BPF_REG_2, 0),
		COPY(BPF_REG_3, BPF_REG_7),
		COPY(BPF_REG_4, BPF_REG_9),
		CALL(BPF_FUNC_xdp_store_bytes),
		SET(BPF_REG_1, sender),
		SET(BPF_REG_2, 0),
		CALL(BPF_FUNC_redirect),
		EXIT(),
		SET(BPF_REG_0, XDP_DROP),
		EXIT(),
	};
	const size_t count_of_list = sizeof(list) / sizeof(*list);
	for (size_t i = 0; i < count_of_list; i++) {
		if (list[i].code == (BPF_JMP | BPF_JGE | BPF_K) ||
			list[i].code == (BPF_JMP | BPF_JEQ | BPF_K)) {
			list[i].off = (int16_t)(count_of_list - 2 - (i + 1));
		}
	}
	return load(list, count_of_list);
}

/* One frame behind the other, none over the end of a chunk. */
static void lay_out(const struct frames *frames, struct plan *plan, uint8_t *bytes)
{
	struct place at = {0};
	for (size_t i = 0; i < frames->count; i++) {
		const struct iovec *frame = &frames->list[i];
		if (at.offset + frame->iov_len > CHUNK_BYTES) {
			at.chunk++;
			at.offset = 0;
		}
		at.bytes = (uint32_t)frame->iov_len;
		memcpy(bytes + (size_t)at.chunk * VALUE_BYTES + at.offset,
			frame->iov_base, frame->iov_len);
		plan->list[i] = at;
		at.offset += at.bytes;
	}
}

bool cross_open(struct cross *cross, const char *sender, const char *receiver,
	const struct frames *frames)
{
	const unsigned sender_index = if_nametoindex(sender);
	const uint32_t chunks =
		(uint32_t)(frames->bytes / (CHUNK_BYTES - FRAME_BYTES)) + 1;
	void *plan = NULL;
	void *bytes = NULL;
	if (sender_index == 0) {
		return false;
	}
	for (size_t i = 0; i < frames->count; i++) {
		if (frames->list[i].iov_len >= FRAME_BYTES) {
			errno = EMSGSIZE;
			return false;
		}
	}
	const int plan_fd = share(
		sizeof(struct plan) + frames->count * sizeof(struct place), 1, &plan);
	const int bytes_fd = plan_fd < 0 ? -1 : share(VALUE_BYTES, chunks, &bytes);
	if (bytes_fd < 0) {
		return false;
	}
	lay_out(frames, plan, bytes);
	*cross = (struct cross){.receiver = receiver,
		.count = (uint32_t)frames->count,
		.next = &((struct plan *)plan)->next,
		.program = load_writer(
			plan_fd, bytes_fd, (uint32_t)frames->count, sender_index)};
	return cross->program >= 0 && open_receiver(receiver) >= 0;
}

static void fail(const char *what)
{
	(void)fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(3);
}

/* Packets that came in on an interface, modulo 2^32. */
static uint32_t received(const char *name)
{
	struct ifaddrs *list = NULL;
	const struct rtnl_link_stats *stats = NULL;
	if (getifaddrs(&list) != 0) {
		fail(name);
	}
	for (const struct ifaddrs *at = list; at; at = at->ifa_next) {
		if (at->ifa_addr && at->ifa_addr->sa_family == AF_PACKET &&
			strcmp(at->ifa_name, name) == 0) {
			stats = (const struct rtnl_link_stats *)at->ifa_data;
		}
	}
	if (!stats) {
		errno = ENODEV;
		fail(name);
	}
	const uint32_t packets = stats->rx_packets;
	freeifaddrs(list);
	return packets;
}

uint64_t cross_send(struct cross *cross)
{
	static const uint8_t ROOM[FRAME_BYTES];
	union bpf_attr attr = {.test = {.prog_fd = (uint32_t)cross->program,
				       .data_in = (uint64_t)(uintptr_t)ROOM,
				       .data_size_in = FRAME_BYTES,
				       .repeat = cross->count,
				       .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
				       .batch_size = AT_ONCE}};
	const uint32_t before = received(cross->receiver);
	*cross->next = 0;
	if (bpf(BPF_PROG_TEST_RUN, &attr) < 0 && errno != EINTR) {
		fail("XDP frames");
	}
	return received(cross->receiver) - before;
}
