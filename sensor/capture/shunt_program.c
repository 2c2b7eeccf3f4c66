/* The socket filter of capture/shunt. */

#include "capture/shunt_private.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>

enum {
	VLAN_LEN = 4,
	TAGS_MAX = 2,
	IPV4_LEN = 20,
	IPV6_LEN = 40,
	TCP_LEN = 20,
	FRAGMENT_LEAST = 8,
	ETHERTYPE_LEN = 2,
	EXTENSIONS_MAX = 180, /* of IPv6, as decode/ walks */
	ACCEPTED = 262144,    /* bytes: the most that libpcap takes */
};

/* Offsets on the stack. The network header lies so that its addresses are aligned. */
enum {
	AT_INDEX = -4,
	AT_EXTRA =
		-8,   /* bytes on the wire that the frame is without: a tag taken off */
	AT_TCP = -32, /* behind IPv6; or a header of an odd packet */
	AT_NETWORK = -72,
	AT_FRAME = AT_NETWORK - ETHERTYPE_LEN,
	AT_SOURCE = -96,       /* two words */
	AT_DESTINATION = -112, /* the same */
	AT_KEY = -152,
	AT_MEMORY = -216, /* of the prefilter */
};

/* Registers, all through; 0 to 5 are a call's. */
enum {
	CONTEXT = BPF_REG_6,
	AT = BPF_REG_7,    /* where in the frame the network header is */
	FLAGS = BPF_REG_7, /* then: of TCP, and on which side the sender is */
	TAGS = BPF_REG_8,
	LEFT = BPF_REG_9, /* bytes of the segment, then of its payload */
	FRAME = BPF_REG_10,
};

enum {
	FLAG_ENDS = 0x07, /* FIN, SYN, RST */
	FLAG_ACK = 0x10,
	FLAG_SECOND = 0x100, /* the sender is side 1 */
	TAG_IS_THERE = 0x1000,
};

struct writer {
	struct ebpf *out;
	int map_fd;
	const uint64_t *keys;
	uint16_t other; /* not one to look up: the prefilter's */
	uint16_t pass;
	uint16_t shorter;
	uint16_t ipv4, ipv6;
	uint16_t odd; /* an extension, option or fragment before TCP, or no length */
	uint16_t look_up;
};

static void set(struct ebpf *out, int dst, int32_t value)
{
	ebpf_add(out, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, value);
}

static void copy(struct ebpf *out, int dst, int src)
{
	ebpf_add(out, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0);
}

static void compute(struct ebpf *out, int operation, int dst, int32_t value)
{
	ebpf_add(out, BPF_ALU64 | operation | BPF_K, dst, 0, value);
}

static void combine(struct ebpf *out, int operation, int dst, int src)
{
	ebpf_add(out, BPF_ALU64 | operation | BPF_X, dst, src, 0);
}

static void from_network(struct ebpf *out, int dst, int bits)
{
	ebpf_add(out, BPF_ALU | BPF_END | BPF_TO_BE, dst, 0, bits);
}

static void load_network(struct ebpf *out, int size, int dst, int offset)
{
	ebpf_load(out, size, dst, FRAME, offset);
	from_network(out, dst, size == BPF_H ? 16 : size == BPF_W ? 32 : 64);
}

/* Bytes of the frame, from where register 2 says, to the stack; where it is shorter: there. */
static void load_frame_or(
	const struct writer *w, int to, int32_t bytes, uint16_t where_shorter)
{
	struct ebpf *out = w->out;
	copy(out, BPF_REG_1, CONTEXT);
	copy(out, BPF_REG_3, FRAME);
	compute(out, BPF_ADD, BPF_REG_3, to);
	set(out, BPF_REG_4, bytes);
	ebpf_call(out, BPF_FUNC_skb_load_bytes);
	ebpf_go_if(out, BPF_JNE, BPF_REG_0, 0, where_shorter);
}

static void load_frame(const struct writer *w, int to, int32_t bytes)
{
	load_frame_or(w, to, bytes, w->other);
}

/* No whole header of TCP: it may be a fragment. */
static void write_shorter(const struct writer *w)
{
	struct ebpf *out = w->out;
	ebpf_place(out, w->shorter);
	set(out, BPF_REG_1, 0);
	ebpf_store(out, BPF_DW, FRAME, AT_NETWORK + IPV4_LEN + 4, BPF_REG_1);
	ebpf_store(out, BPF_DW, FRAME, AT_NETWORK + IPV4_LEN + 12, BPF_REG_1);
	copy(out, BPF_REG_2, AT);
	compute(out, BPF_SUB, BPF_REG_2, ETHERTYPE_LEN);
	load_frame(w, AT_FRAME, ETHERTYPE_LEN + IPV4_LEN + FRAGMENT_LEAST);
	ebpf_load(out, BPF_H, BPF_REG_1, FRAME, AT_FRAME);
	ebpf_go_if(out, BPF_JEQ, BPF_REG_1, htons(ETH_P_IP), w->ipv4);
	ebpf_go(out, w->other);
}

/* The kernel took the outer tag off. */
static void write_tag_taken_off(const struct writer *w)
{
	struct ebpf *out = w->out;
	const uint16_t untagged = ebpf_label(out);
	copy(out, CONTEXT, BPF_REG_1);
	set(out, TAGS, 0);
	set(out, BPF_REG_2, 0);
	ebpf_load(out, BPF_W, BPF_REG_1, CONTEXT,
		offsetof(struct __sk_buff, vlan_present));
	ebpf_go_if(out, BPF_JEQ, BPF_REG_1, 0, untagged);
	ebpf_load(out, BPF_W, TAGS, CONTEXT, offsetof(struct __sk_buff, vlan_tci));
	compute(out, BPF_AND, TAGS, 0x0fff);
	compute(out, BPF_OR, TAGS, TAG_IS_THERE);
	set(out, BPF_REG_2, VLAN_LEN);
	ebpf_place(out, untagged);
	ebpf_store(out, BPF_W, FRAME, AT_EXTRA, BPF_REG_2);
}

/* IEEE 802.1Q, 802.1ad and the older QinQ; together no more than two. */
static void write_tags(const struct writer *w)
{
	static const uint16_t TYPES[] = {ETH_P_8021Q, ETH_P_8021AD, ETH_P_QINQ1};
	struct ebpf *out = w->out;
	for (int tags = 0; tags <= TAGS_MAX; tags++) {
		const int link_len = ETH_HLEN + VLAN_LEN * tags;
		set(out, AT, link_len);
		set(out, BPF_REG_2, link_len - ETHERTYPE_LEN);
		load_frame_or(
			w, AT_FRAME, ETHERTYPE_LEN + IPV4_LEN + TCP_LEN, w->shorter);
		ebpf_load(out, BPF_H, BPF_REG_1, FRAME, AT_FRAME);
		ebpf_go_if(out, BPF_JEQ, BPF_REG_1, htons(ETH_P_IP), w->ipv4);
		ebpf_go_if(out, BPF_JEQ, BPF_REG_1, htons(ETH_P_IPV6), w->ipv6);
		const uint16_t tag = ebpf_label(out);
		for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
			ebpf_go_if(out, BPF_JEQ, BPF_REG_1, htons(TYPES[i]), tag);
		}
		ebpf_go(out, w->other);
		ebpf_place(out, tag);
		copy(out, BPF_REG_1, TAGS);
		compute(out, BPF_RSH, BPF_REG_1, 16);
		ebpf_go_if(out, BPF_JNE, BPF_REG_1, 0, w->other);
		load_network(out, BPF_H, BPF_REG_1, AT_NETWORK);
		compute(out, BPF_AND, BPF_REG_1, 0x0fff);
		compute(out, BPF_OR, BPF_REG_1, TAG_IS_THERE);
		compute(out, BPF_LSH, TAGS, 16);
		combine(out, BPF_OR, TAGS, BPF_REG_1);
	}
	ebpf_go(out, w->other);
}

/* Register 3: how many bytes the network header says that it and the rest are. */
static void check_len(const struct writer *w)
{
	struct ebpf *out = w->out;
	ebpf_load(out, BPF_W, BPF_REG_1, CONTEXT, offsetof(struct __sk_buff, len));
	combine(out, BPF_SUB, BPF_REG_1, AT);
	ebpf_go_if_register(out, BPF_JGT, BPF_REG_3, BPF_REG_1, w->other);
}

/* The mapped form, as base/address has it. */
static void store_ipv4_address(struct ebpf *out, int to, int from)
{
	load_network(out, BPF_W, BPF_REG_1, from);
	combine(out, BPF_OR, BPF_REG_1, BPF_REG_2);
	ebpf_store(out, BPF_DW, FRAME, to + 8, BPF_REG_1);
	ebpf_store(out, BPF_DW, FRAME, to, BPF_REG_3);
}

/* One in the mapped form is no IPv4 host: kept as decode/ has it (walk_address_ipv6). */
static void store_ipv6_address(struct ebpf *out, int to, int from)
{
	const uint16_t is_other = ebpf_label(out);
	load_network(out, BPF_DW, BPF_REG_1, from);
	load_network(out, BPF_DW, BPF_REG_2, from + 8);
	ebpf_go_if(out, BPF_JNE, BPF_REG_1, 0, is_other);
	copy(out, BPF_REG_3, BPF_REG_2);
	compute(out, BPF_RSH, BPF_REG_3, 32);
	ebpf_go_if(out, BPF_JNE, BPF_REG_3, 0xffff, is_other);
	ebpf_constant(out, BPF_REG_3, UINT64_C(0xffffffff) << 32);
	combine(out, BPF_XOR, BPF_REG_2, BPF_REG_3);
	ebpf_place(out, is_other);
	ebpf_store(out, BPF_DW, FRAME, to, BPF_REG_1);
	ebpf_store(out, BPF_DW, FRAME, to + 8, BPF_REG_2);
}

/* Register 3: the ports; register 4: header length and flags, as they stand there. */
static void take_tcp(const struct writer *w, int at)
{
	struct ebpf *out = w->out;
	load_network(out, BPF_W, BPF_REG_3, at);
	load_network(out, BPF_H, BPF_REG_4, at + 12);
	copy(out, FLAGS, BPF_REG_4);
	compute(out, BPF_AND, FLAGS, 0xff);
	compute(out, BPF_RSH, BPF_REG_4, 12);
	compute(out, BPF_LSH, BPF_REG_4, 2);
	ebpf_go_if(out, BPF_JLT, BPF_REG_4, TCP_LEN, w->other);
	ebpf_go_if_register(out, BPF_JGT, BPF_REG_4, LEFT, w->other);
	combine(out, BPF_SUB, LEFT, BPF_REG_4);
	ebpf_go_if(out, BPF_JSET, FLAGS, FLAG_ENDS | FLAG_ACK, w->look_up);
	ebpf_go(out, w->other);
}

/* RFC 791 section 3.1. A length of 0 may be that of segments put together. */
static void write_ipv4(const struct writer *w)
{
	struct ebpf *out = w->out;
	const uint16_t is_odd = ebpf_label(out);
	ebpf_place(out, w->ipv4);
	ebpf_constant(out, BPF_REG_2, UINT64_C(0xffff) << 32);
	set(out, BPF_REG_3, 0);
	store_ipv4_address(out, AT_SOURCE, AT_NETWORK + 12);
	store_ipv4_address(out, AT_DESTINATION, AT_NETWORK + 16);
	ebpf_load(out, BPF_B, BPF_REG_5, FRAME, AT_NETWORK + 9);
	ebpf_load(out, BPF_B, BPF_REG_1, FRAME, AT_NETWORK);
	ebpf_go_if(out, BPF_JNE, BPF_REG_1, 0x45, is_odd);
	compute(out, BPF_AND, BPF_REG_1, 0x0f);
	load_network(out, BPF_H, BPF_REG_2, AT_NETWORK + 6);
	ebpf_go_if(out, BPF_JSET, BPF_REG_2, 0x3fff, is_odd);
	ebpf_go_if(out, BPF_JNE, BPF_REG_5, IPPROTO_TCP, is_odd);
	load_network(out, BPF_H, BPF_REG_3, AT_NETWORK + 2);
	ebpf_go_if(out, BPF_JLT, BPF_REG_3, IPV4_LEN + TCP_LEN, is_odd);
	check_len(w);
	copy(out, LEFT, BPF_REG_3);
	compute(out, BPF_SUB, LEFT, IPV4_LEN);
	take_tcp(w, AT_NETWORK + IPV4_LEN);
	ebpf_place(out, is_odd); /* register 1: the first byte, or its lower half */
	compute(out, BPF_AND, BPF_REG_1, 0x0f);
	ebpf_go_if(out, BPF_JLT, BPF_REG_1, IPV4_LEN / 4, w->other);
	ebpf_go_if(out, BPF_JEQ, BPF_REG_5, IPPROTO_UDP, w->other);
	load_network(out, BPF_H, BPF_REG_2, AT_NETWORK + 6);
	ebpf_go_if(out, BPF_JSET, BPF_REG_2, 0x1fff, w->other); /* not the first */
	compute(out, BPF_LSH, BPF_REG_1, 2);
	combine(out, BPF_ADD, AT, BPF_REG_1);
	ebpf_go(out, w->odd);
}

/* RFC 8200 section 3; the length likewise. */
static void write_ipv6(const struct writer *w)
{
	struct ebpf *out = w->out;
	const uint16_t is_odd = ebpf_label(out);
	ebpf_place(out, w->ipv6);
	store_ipv6_address(out, AT_SOURCE, AT_NETWORK + 8);
	store_ipv6_address(out, AT_DESTINATION, AT_NETWORK + 24);
	ebpf_load(out, BPF_B, BPF_REG_1, FRAME, AT_NETWORK);
	compute(out, BPF_RSH, BPF_REG_1, 4);
	ebpf_go_if(out, BPF_JNE, BPF_REG_1, 6, w->other);
	ebpf_load(out, BPF_B, BPF_REG_5, FRAME, AT_NETWORK + 6);
	ebpf_go_if(out, BPF_JEQ, BPF_REG_5, IPPROTO_UDP, w->other);
	ebpf_go_if(out, BPF_JNE, BPF_REG_5, IPPROTO_TCP, is_odd);
	load_network(out, BPF_H, LEFT, AT_NETWORK + 4);
	ebpf_go_if(out, BPF_JLT, LEFT, TCP_LEN, is_odd);
	copy(out, BPF_REG_3, LEFT);
	compute(out, BPF_ADD, BPF_REG_3, IPV6_LEN);
	check_len(w);
	copy(out, BPF_REG_2, AT);
	compute(out, BPF_ADD, BPF_REG_2, IPV6_LEN);
	load_frame(w, AT_TCP, TCP_LEN);
	take_tcp(w, AT_TCP);
	ebpf_place(out, is_odd);
	compute(out, BPF_ADD, AT, IPV6_LEN);
	ebpf_go(out, w->odd);
}

/* dst: 0 where the value in src is this one, else 1. No jump: see write_size. */
static void tell_apart(struct ebpf *out, int dst, int src, int32_t value)
{
	copy(out, dst, src);
	compute(out, BPF_XOR, dst, value);
	ebpf_add(out, BPF_ALU64 | BPF_NEG, dst, 0, 0); /* of 0 alone the sign stays */
	compute(out, BPF_RSH, dst, 63);
}

/*
 * Register 1: bytes of the header of the kind in register 5, as extension headers have
 * them (RFC 6564 section 4), a fragment's (RFC 8200 section 4.5) or AH (RFC 4302 section
 * 2.2). Without a jump, as the kernel's verifier follows each way through the loop.
 */
static void write_size(struct ebpf *out)
{
	ebpf_load(out, BPF_B, BPF_REG_1, FRAME, AT_TCP + 1);
	tell_apart(out, BPF_REG_2, BPF_REG_5, IPPROTO_FRAGMENT);
	ebpf_add(out, BPF_ALU64 | BPF_NEG, BPF_REG_2, 0, 0);
	combine(out, BPF_AND, BPF_REG_1, BPF_REG_2);
	tell_apart(out, BPF_REG_2, BPF_REG_5, IPPROTO_AH);
	compute(out, BPF_ADD, BPF_REG_1, 2);
	combine(out, BPF_SUB, BPF_REG_1, BPF_REG_2);
	compute(out, BPF_ADD, BPF_REG_2, 2);
	combine(out, BPF_LSH, BPF_REG_1, BPF_REG_2);
}

/* Past one header between IP and TCP; the next one's kind is in front of it. */
static void write_odd_step(const struct writer *w)
{
	static const uint8_t KINDS[] = {IPPROTO_HOPOPTS, IPPROTO_ROUTING,
		IPPROTO_DSTOPTS, IPPROTO_MH, IPPROTO_AH, 139, 140}; /* RFC 7401, 5533 */
	struct ebpf *out = w->out;
	const uint16_t known = ebpf_label(out);
	write_size(out);
	for (size_t i = 0; i < sizeof(KINDS); i++) {
		ebpf_go_if(out, BPF_JEQ, BPF_REG_5, KINDS[i], known);
	}
	ebpf_go_if(out, BPF_JNE, BPF_REG_5, IPPROTO_FRAGMENT, w->other);
	load_network(out, BPF_H, BPF_REG_2, AT_TCP + 2);
	ebpf_go_if(out, BPF_JGT, BPF_REG_2, 7, w->other); /* not the first */
	ebpf_place(out, known);
	combine(out, BPF_ADD, AT, BPF_REG_1);
}

/* Register 5: what is at AT. An honest stack may take it, so its flags count as any could. */
static void write_odd(const struct writer *w)
{
	struct ebpf *out = w->out;
	const uint16_t again = ebpf_label(out);
	const uint16_t found = ebpf_label(out);
	ebpf_place(out, w->odd);
	set(out, LEFT, 0);
	ebpf_place(out, again);
	copy(out, TAGS, BPF_REG_5);
	copy(out, BPF_REG_2, AT);
	load_frame(w, AT_TCP, 8);
	copy(out, BPF_REG_5, TAGS);
	ebpf_go_if(out, BPF_JEQ, BPF_REG_5, IPPROTO_TCP, found);
	write_odd_step(w);
	ebpf_load(out, BPF_B, BPF_REG_5, FRAME, AT_TCP);
	compute(out, BPF_ADD, LEFT, 1);
	ebpf_go_if(out, BPF_JLT, LEFT, EXTENSIONS_MAX, again);
	ebpf_go(out, w->other);
	ebpf_place(out, found);
	load_network(out, BPF_W, BPF_REG_3, AT_TCP);
	set(out, FLAGS, FLAG_ENDS);
	ebpf_go(out, w->look_up);
}

/* a and b change places, by way of register 0. */
static void swap(struct ebpf *out, int a, int b)
{
	copy(out, BPF_REG_0, a);
	copy(out, a, b);
	copy(out, b, BPF_REG_0);
}

/* Both addresses and ports in the order of the flow table. */
static void write_key(const struct writer *w)
{
	struct ebpf *out = w->out;
	const uint16_t second = ebpf_label(out);
	const uint16_t first = ebpf_label(out);
	const uint16_t by_port = ebpf_label(out);
	ebpf_place(out, w->look_up);
	ebpf_load(out, BPF_DW, BPF_REG_1, FRAME, AT_SOURCE);
	ebpf_load(out, BPF_DW, BPF_REG_2, FRAME, AT_SOURCE + 8);
	ebpf_load(out, BPF_DW, BPF_REG_4, FRAME, AT_DESTINATION);
	ebpf_load(out, BPF_DW, BPF_REG_5, FRAME, AT_DESTINATION + 8);
	ebpf_go_if_register(out, BPF_JGT, BPF_REG_1, BPF_REG_4, second);
	ebpf_go_if_register(out, BPF_JLT, BPF_REG_1, BPF_REG_4, first);
	ebpf_go_if_register(out, BPF_JGT, BPF_REG_2, BPF_REG_5, second);
	ebpf_go_if_register(out, BPF_JLT, BPF_REG_2, BPF_REG_5, first);
	/* one host: by its ports */
	copy(out, BPF_REG_0, BPF_REG_3);
	compute(out, BPF_RSH, BPF_REG_0, 16);
	ebpf_store(out, BPF_DW, FRAME, AT_KEY, BPF_REG_1);
	copy(out, BPF_REG_1, BPF_REG_3);
	compute(out, BPF_AND, BPF_REG_1, 0xffff);
	ebpf_go_if_register(out, BPF_JGT, BPF_REG_0, BPF_REG_1, by_port);
	ebpf_load(out, BPF_DW, BPF_REG_1, FRAME, AT_KEY);
	ebpf_go(out, first);
	ebpf_place(out, by_port);
	ebpf_load(out, BPF_DW, BPF_REG_1, FRAME, AT_KEY);
	ebpf_place(out, second);
	swap(out, BPF_REG_1, BPF_REG_4);
	swap(out, BPF_REG_2, BPF_REG_5);
	copy(out, BPF_REG_0, BPF_REG_3);
	compute(out, BPF_RSH, BPF_REG_0, 16);
	compute(out, BPF_AND, BPF_REG_3, 0xffff);
	compute(out, BPF_LSH, BPF_REG_3, 16);
	combine(out, BPF_OR, BPF_REG_3, BPF_REG_0);
	compute(out, BPF_OR, FLAGS, FLAG_SECOND);
	ebpf_place(out, first);
}

/*
 * Multilinear-HM, as in the flow table: however a sender chooses, two flows share a place
 * by chance alone. Stores the words, in registers 1 to 5, on its way.
 */
static void write_hash(const struct writer *w)
{
	static const int WORDS[SHUNT_KEY_WORDS] = {
		BPF_REG_1, BPF_REG_2, BPF_REG_4, BPF_REG_5, BPF_REG_3};
	struct ebpf *out = w->out;
	for (int i = 0; i < SHUNT_KEY_WORDS; i++) {
		ebpf_store(out, BPF_DW, FRAME, AT_KEY + 8 * i, WORDS[i]);
	}
	ebpf_constant(out, BPF_REG_0, w->keys[0]);
	for (int i = 0; i < SHUNT_KEY_WORDS; i++) {
		const int key = 1 + 2 * i;
		ebpf_load(out, BPF_DW, BPF_REG_1, FRAME, AT_KEY + 8 * i);
		copy(out, BPF_REG_2, BPF_REG_1);
		ebpf_add(out, BPF_ALU | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_1, 0);
		compute(out, BPF_RSH, BPF_REG_2, 32);
		ebpf_constant(out, BPF_REG_3, w->keys[key]);
		combine(out, BPF_ADD, BPF_REG_1, BPF_REG_3);
		ebpf_constant(out, BPF_REG_3, w->keys[key + 1]);
		combine(out, BPF_ADD, BPF_REG_2, BPF_REG_3);
		combine(out, BPF_MUL, BPF_REG_1, BPF_REG_2);
		combine(out, BPF_ADD, BPF_REG_0, BPF_REG_1);
	}
	compute(out, BPF_RSH, BPF_REG_0, 32);
	compute(out, BPF_AND, BPF_REG_0, SHUNT_FLOWS - 1);
	ebpf_store(out, BPF_W, FRAME, AT_INDEX, BPF_REG_0);
}

static void compare_key(const struct writer *w)
{
	struct ebpf *out = w->out;
	for (int i = 0; i < SHUNT_KEY_WORDS; i++) {
		ebpf_load(out, BPF_DW, BPF_REG_1, FRAME, AT_KEY + 8 * i);
		ebpf_load(out, BPF_DW, BPF_REG_2, BPF_REG_0,
			(int)offsetof(struct shunt_entry, key) + 8 * i);
		ebpf_go_if_register(out, BPF_JNE, BPF_REG_1, BPF_REG_2, w->pass);
	}
}

/* Register 6: the entry; register 8: bytes on the wire. Ends the program. */
static void write_count(struct ebpf *out, int side)
{
	const int by_side = 8 * side;
	set(out, BPF_REG_1, 1);
	ebpf_add_atomically(out, BPF_REG_6,
		(int)offsetof(struct shunt_entry, packets) + by_side, BPF_REG_1);
	ebpf_add_atomically(out, BPF_REG_6,
		(int)offsetof(struct shunt_entry, bytes) + by_side, LEFT);
	ebpf_add_atomically(
		out, BPF_REG_6, offsetof(struct shunt_entry, wire_bytes), BPF_REG_8);
	set(out, BPF_REG_0, 0);
	ebpf_add(out, BPF_JMP | BPF_EXIT, 0, 0, 0);
}

/* Of this side the tags have to fit, too. Register 0: the entry. */
static void write_hit(const struct writer *w, int side)
{
	struct ebpf *out = w->out;
	ebpf_load(out, BPF_W, BPF_REG_1, BPF_REG_0,
		(int)offsetof(struct shunt_entry, tags) + 4 * side);
	ebpf_go_if_register(out, BPF_JNE, BPF_REG_1, TAGS, w->pass);
	ebpf_load(out, BPF_W, BPF_REG_8, CONTEXT, offsetof(struct __sk_buff, len));
	ebpf_load(out, BPF_W, BPF_REG_1, FRAME, AT_EXTRA);
	combine(out, BPF_ADD, BPF_REG_8, BPF_REG_1);
	copy(out, BPF_REG_6, BPF_REG_0);
	ebpf_call(out, BPF_FUNC_ktime_get_coarse_ns);
	ebpf_store(out, BPF_DW, BPF_REG_6, offsetof(struct shunt_entry, last_ns),
		BPF_REG_0);
	write_count(out, side);
}

static void write_look_up(const struct writer *w)
{
	struct ebpf *out = w->out;
	const uint16_t ends = ebpf_label(out);
	const uint16_t second = ebpf_label(out);
	ebpf_map(out, BPF_REG_1, w->map_fd);
	copy(out, BPF_REG_2, FRAME);
	compute(out, BPF_ADD, BPF_REG_2, AT_INDEX);
	ebpf_call(out, BPF_FUNC_map_lookup_elem);
	ebpf_go_if(out, BPF_JEQ, BPF_REG_0, 0, w->pass);
	ebpf_load(
		out, BPF_W, BPF_REG_3, BPF_REG_0, offsetof(struct shunt_entry, state));
	ebpf_go_if(out, BPF_JSET, FLAGS, FLAG_ENDS, ends);
	ebpf_go_if(out, BPF_JNE, BPF_REG_3, SHUNT_STATE_ON, w->pass);
	compare_key(w);
	ebpf_go_if(out, BPF_JSET, FLAGS, FLAG_SECOND, second);
	write_hit(w, 0);
	ebpf_place(out, second);
	write_hit(w, 1);
	ebpf_place(out, ends); /* whatever its tags are */
	ebpf_go_if(out, BPF_JEQ, BPF_REG_3, SHUNT_STATE_FREE, w->pass);
	compare_key(w);
	set(out, BPF_REG_1, SHUNT_STATE_STOPPED);
	ebpf_store(
		out, BPF_W, BPF_REG_0, offsetof(struct shunt_entry, state), BPF_REG_1);
	ebpf_place(out, w->pass);
	set(out, BPF_REG_0, ACCEPTED);
	ebpf_add(out, BPF_JMP | BPF_EXIT, 0, 0, 0);
}

bool shunt_write_program(struct ebpf *out, int map_fd,
	const uint64_t keys[SHUNT_HASH_KEYS], const struct sock_fprog *prefilter,
	struct reason *why)
{
	const struct writer w = {.out = out,
		.map_fd = map_fd,
		.keys = keys,
		.other = ebpf_label(out),
		.pass = ebpf_label(out),
		.shorter = ebpf_label(out),
		.ipv4 = ebpf_label(out),
		.ipv6 = ebpf_label(out),
		.odd = ebpf_label(out),
		.look_up = ebpf_label(out)};
	write_tag_taken_off(&w);
	write_tags(&w);
	write_shorter(&w);
	write_ipv4(&w);
	write_ipv6(&w);
	write_odd(&w);
	write_key(&w);
	write_hash(&w);
	write_look_up(&w);
	ebpf_place(out, w.other);
	return ebpf_classic(out, prefilter, AT_MEMORY, why) && ebpf_finish(out, why);
}
