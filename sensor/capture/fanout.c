#include "capture/fanout.h"

#include <assert.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#define GOLDEN_RATIO UINT32_C(0x9e3779b1) /* of 2^32, odd */

enum {
	ETHERNET_BYTES = 14,
	TAG_BYTES = 4,
	LABEL_BYTES = 4,
	PPPOE_BYTES = 8, /* with the protocol field of PPP */
	TAGS_MAX = 3,
	LABELS_MAX = 3,
	IPV4_ADDRESSES = 12, /* offset in the header */
	IPV6_ADDRESSES = 8,
	IPV6_ADDRESSES_WORDS = 8,
};

/* Places to jump to; all jumps of classic BPF go forward. */
enum label {
	LABEL_WHEREVER = 0,
	LABEL_HERE_IPV4,
	LABEL_HERE_IPV6,
	LABEL_ETHERNET,
	LABEL_TAG, /* one place for each */
	LABEL_ETHERTYPE = LABEL_TAG + TAGS_MAX,
	LABEL_PPPOE,
	LABEL_MPLS,
	LABEL_UNLABELLED,
	LABEL_IPV4,
	LABEL_IPV6,
	LABEL_MIX,
	LABEL_FOUND, /* A: whose it is, modulo the members */
	LABEL_OWN,
	LABELS,
};

struct assembler {
	struct sock_filter *program;
	uint16_t len;
	uint16_t places[LABELS];
};

static void add_instruction(struct assembler *out, int code, uint32_t value)
{
	assert(out->len < FANOUT_PROGRAM_MAX);
	out->program[out->len++] =
		(struct sock_filter){.code = (uint16_t)code, .k = value};
}

static void place(struct assembler *out, unsigned label)
{
	out->places[label] = out->len;
}

/* Jumps hold their label until resolve() puts the distance. */
static void go(struct assembler *out, unsigned label)
{
	add_instruction(out, BPF_JMP | BPF_JA, label);
}

static void go_if(struct assembler *out, int test, uint32_t value, unsigned label)
{
	add_instruction(out, BPF_JMP | test | BPF_K, value);
	out->program[out->len - 1].jt = (uint8_t)label;
}

static void resolve(struct assembler *out)
{
	for (uint16_t i = 0; i < out->len; i++) {
		struct sock_filter *at = &out->program[i];
		if (at->code == (BPF_JMP | BPF_JA)) {
			at->k = out->places[at->k] - i - 1U;
		} else if (BPF_CLASS(at->code) == BPF_JMP) {
			const unsigned distance = out->places[at->jt] - i - 1U;
			assert(distance <= UINT8_MAX);
			at->jt = (uint8_t)distance;
		}
	}
}

static void compute(struct assembler *out, int operation, uint32_t value)
{
	add_instruction(out, BPF_ALU | operation | BPF_K, value);
}

static void give_to_first(struct assembler *out)
{
	add_instruction(out, BPF_LD | BPF_IMM, 0);
	go(out, LABEL_FOUND);
}

/* A: what the kernel knows of the frame. */
static void load_metadata(struct assembler *out, int what)
{
	add_instruction(out, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + what));
}

/* X: where the layer at hand begins; A: from there. */
static void begin_at(struct assembler *out, int offset)
{
	add_instruction(out, BPF_LDX | BPF_IMM, (uint32_t)offset);
}

static void load(struct assembler *out, int size, int offset)
{
	add_instruction(out, BPF_LD | size | BPF_IND, (uint32_t)offset);
}

static void skip(struct assembler *out, uint32_t bytes)
{
	add_instruction(out, BPF_MISC | BPF_TXA, 0);
	compute(out, BPF_ADD, bytes);
	add_instruction(out, BPF_MISC | BPF_TAX, 0);
}

/*
 * The kernel took the outer tag off what comes in; in what goes out it may be there, with
 * the network layer behind it or not. So only IP is read from where the kernel says,
 * all else as it is on the wire. Such loads see a frame's first buffer only, where
 * drivers put the headers.
 */
static void find_link(struct assembler *out)
{
	place(out, LABEL_WHEREVER);
	begin_at(out, SKF_NET_OFF);
	load_metadata(out, SKF_AD_PROTOCOL);
	go_if(out, BPF_JEQ, ETH_P_IP, LABEL_IPV4);
	go_if(out, BPF_JEQ, ETH_P_IPV6, LABEL_IPV6);
	load_metadata(out, SKF_AD_HATYPE);
	go_if(out, BPF_JEQ, ARPHRD_ETHER, LABEL_ETHERNET);
	go_if(out, BPF_JEQ, ARPHRD_LOOPBACK, LABEL_ETHERNET);
	give_to_first(out);
	place(out, LABEL_ETHERNET);
	begin_at(out, SKF_LL_OFF + ETHERNET_BYTES);
	load(out, BPF_H, -2);
}

/* IEEE 802.1Q, 802.1ad and the older QinQ. */
static void pass_tags(struct assembler *out)
{
	for (unsigned i = 0; i < TAGS_MAX; i++) {
		go_if(out, BPF_JEQ, ETH_P_8021Q, LABEL_TAG + i);
		go_if(out, BPF_JEQ, ETH_P_8021AD, LABEL_TAG + i);
		go_if(out, BPF_JEQ, ETH_P_QINQ1, LABEL_TAG + i);
		go(out, LABEL_ETHERTYPE);
		place(out, LABEL_TAG + i);
		skip(out, TAG_BYTES);
		load(out, BPF_H, -2);
	}
	place(out, LABEL_ETHERTYPE);
	go_if(out, BPF_JEQ, ETH_P_IP, LABEL_IPV4);
	go_if(out, BPF_JEQ, ETH_P_IPV6, LABEL_IPV6);
	go_if(out, BPF_JEQ, ETH_P_PPP_SES, LABEL_PPPOE);
	go_if(out, BPF_JEQ, ETH_P_MPLS_UC, LABEL_MPLS);
	go_if(out, BPF_JEQ, ETH_P_MPLS_MC, LABEL_MPLS);
	give_to_first(out);
}

/* RFC 2516 section 4, RFC 1661 section 2. */
static void pass_pppoe(struct assembler *out)
{
	place(out, LABEL_PPPOE);
	skip(out, PPPOE_BYTES);
	load(out, BPF_H, -2);
	go_if(out, BPF_JEQ, 0x0021, LABEL_IPV4);
	go_if(out, BPF_JEQ, 0x0057, LABEL_IPV6);
	give_to_first(out);
}

/* RFC 3032 section 2.1. The first nibble tells what the labels carry. */
static void pass_labels(struct assembler *out)
{
	place(out, LABEL_MPLS);
	for (unsigned i = 0; i < LABELS_MAX; i++) {
		skip(out, LABEL_BYTES);
		load(out, BPF_B, -2);
		go_if(out, BPF_JSET, 1, LABEL_UNLABELLED);
	}
	give_to_first(out);
	place(out, LABEL_UNLABELLED);
	load(out, BPF_B, 0);
	compute(out, BPF_RSH, 4);
	go_if(out, BPF_JEQ, 4, LABEL_IPV4);
	go_if(out, BPF_JEQ, 6, LABEL_IPV6);
	give_to_first(out);
}

/* A: the words of both addresses added up, so their order does not matter. */
static void add_words(struct assembler *out, int mode, int offset, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		add_instruction(
			out, BPF_LD | BPF_W | mode, (uint32_t)(offset + 4 * (int)i));
		add_instruction(out, BPF_ST, i);
	}
	for (unsigned i = 0; i < count - 1; i++) {
		add_instruction(out, BPF_LDX | BPF_MEM, i);
		add_instruction(out, BPF_ALU | BPF_ADD | BPF_X, 0);
	}
}

/* A: A with its upper half put into the lower one, where the rest of a division looks. */
static void fold(struct assembler *out)
{
	add_instruction(out, BPF_MISC | BPF_TAX, 0);
	compute(out, BPF_RSH, 16);
	add_instruction(out, BPF_ALU | BPF_XOR | BPF_X, 0);
}

/*
 * What comes in is shown from its network layer on, and a load at a known place is much
 * cheaper than one that has to be found.
 */
static void try_incoming_ip(struct assembler *out)
{
	load_metadata(out, SKF_AD_PKTTYPE);
	go_if(out, BPF_JEQ, PACKET_OUTGOING, LABEL_WHEREVER);
	load_metadata(out, SKF_AD_PROTOCOL);
	go_if(out, BPF_JEQ, ETH_P_IP, LABEL_HERE_IPV4);
	go_if(out, BPF_JEQ, ETH_P_IPV6, LABEL_HERE_IPV6);
}

static void hash_incoming(struct assembler *out)
{
	place(out, LABEL_HERE_IPV4);
	add_words(out, BPF_ABS, IPV4_ADDRESSES, 2);
	go(out, LABEL_MIX);
	place(out, LABEL_HERE_IPV6);
	add_words(out, BPF_ABS, IPV6_ADDRESSES, IPV6_ADDRESSES_WORDS);
	go(out, LABEL_MIX);
}

static void hash(struct assembler *out)
{
	place(out, LABEL_IPV4);
	add_words(out, BPF_IND, IPV4_ADDRESSES, 2);
	go(out, LABEL_MIX);
	place(out, LABEL_IPV6);
	add_words(out, BPF_IND, IPV6_ADDRESSES, IPV6_ADDRESSES_WORDS);
	place(out, LABEL_MIX);
	fold(out);
	compute(out, BPF_MUL, GOLDEN_RATIO);
	fold(out);
	place(out, LABEL_FOUND);
}

uint16_t fanout_program(struct sock_filter program[FANOUT_PROGRAM_MAX])
{
	struct assembler out = {.program = program};
	try_incoming_ip(&out);
	find_link(&out);
	pass_tags(&out);
	pass_pppoe(&out);
	pass_labels(&out);
	hash_incoming(&out);
	hash(&out);
	add_instruction(&out, BPF_RET | BPF_A, 0);
	resolve(&out);
	return out.len;
}

/* A filter is shown the frame from its link layer on, wherever its parts lie in memory. */
static void begin_at_link(struct assembler *out, bool is_ethernet)
{
	if (is_ethernet) {
		begin_at(out, ETHERNET_BYTES);
		load(out, BPF_H, -2);
	} else {
		find_link(out);
	}
}

uint16_t fanout_filter(struct sock_filter program[FANOUT_PROGRAM_MAX],
	const struct fanout_share *share)
{
	struct assembler out = {.program = program};
	begin_at_link(&out, share->is_ethernet);
	pass_tags(&out);
	pass_pppoe(&out);
	pass_labels(&out);
	hash(&out);
	compute(&out, BPF_MOD, share->members);
	go_if(&out, BPF_JEQ, share->member, LABEL_OWN);
	add_instruction(&out, BPF_RET | BPF_K, 0);
	place(&out, LABEL_OWN);
	resolve(&out);
	return out.len;
}
