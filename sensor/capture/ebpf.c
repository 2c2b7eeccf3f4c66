#include "capture/ebpf.h"

#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where a classic program keeps what it has, out of the way of loads from the packet. */
enum {
	ACCUMULATOR = BPF_REG_7,
	INDEX = BPF_REG_8,
};

static struct bpf_insn *next_instruction(struct ebpf *out)
{
	if (out->len == EBPF_INSTRUCTIONS_MAX) {
		out->is_too_long = true;
		out->len = 0;
	}
	struct bpf_insn *at = &out->code[out->len++];
	*at = (struct bpf_insn){.code = 0};
	return at;
}

void ebpf_add(struct ebpf *out, int code, int dst, int src, int32_t value)
{
	*next_instruction(out) = (struct bpf_insn){.code = (uint8_t)code,
		.dst_reg = (uint8_t)dst & 15U,
		.src_reg = (uint8_t)src & 15U,
		.imm = value};
}

static void add_at(struct ebpf *out, int code, int dst, int src, int offset)
{
	*next_instruction(out) = (struct bpf_insn){.code = (uint8_t)code,
		.dst_reg = (uint8_t)dst & 15U,
		.src_reg = (uint8_t)src & 15U,
		.off = (int16_t)offset};
}

void ebpf_load(struct ebpf *out, int size, int dst, int src, int offset)
{
	add_at(out, BPF_LDX | BPF_MEM | size, dst, src, offset);
}

void ebpf_store(struct ebpf *out, int size, int dst, int offset, int src)
{
	add_at(out, BPF_STX | BPF_MEM | size, dst, src, offset);
}

void ebpf_add_atomically(struct ebpf *out, int dst, int offset, int src)
{
	add_at(out, BPF_STX | BPF_ATOMIC | BPF_DW, dst, src, offset);
	out->code[out->len - 1].imm = BPF_ADD;
}

/* Two instructions long. */
static void load_wide(struct ebpf *out, int dst, int kind, uint64_t value)
{
	ebpf_add(out, BPF_LD | BPF_IMM | BPF_DW, dst, kind, (int32_t)(uint32_t)value);
	ebpf_add(out, 0, 0, 0, (int32_t)(uint32_t)(value >> 32));
}

void ebpf_constant(struct ebpf *out, int dst, uint64_t value)
{
	load_wide(out, dst, 0, value);
}

void ebpf_map(struct ebpf *out, int dst, int map_fd)
{
	load_wide(out, dst, BPF_PSEUDO_MAP_FD, (uint32_t)map_fd);
}

void ebpf_call(struct ebpf *out, int helper)
{
	ebpf_add(out, BPF_JMP | BPF_CALL, 0, 0, helper);
}

uint16_t ebpf_label(struct ebpf *out)
{
	if (out->labels == EBPF_LABELS_MAX) {
		out->is_too_long = true;
		out->labels = 0;
	}
	return out->labels++;
}

void ebpf_place(struct ebpf *out, uint16_t label)
{
	out->places[label] = out->len;
}

/* Jumps hold their label until ebpf_finish puts the distance. */
void ebpf_go(struct ebpf *out, uint16_t label)
{
	add_at(out, BPF_JMP | BPF_JA, 0, 0, label);
}

void ebpf_go_if(struct ebpf *out, int test, int dst, int32_t value, uint16_t label)
{
	add_at(out, BPF_JMP | test | BPF_K, dst, 0, label);
	out->code[out->len - 1].imm = value;
}

void ebpf_go_if32(struct ebpf *out, int test, int dst, int32_t value, uint16_t label)
{
	add_at(out, BPF_JMP32 | test | BPF_K, dst, 0, label);
	out->code[out->len - 1].imm = value;
}

void ebpf_go_if_register(struct ebpf *out, int test, int dst, int src, uint16_t label)
{
	add_at(out, BPF_JMP | test | BPF_X, dst, src, label);
}

static bool is_jump(const struct bpf_insn *at)
{
	const int class = BPF_CLASS(at->code);
	const int operation = BPF_OP(at->code);
	return class == BPF_JMP32 ||
	       (class == BPF_JMP && operation != BPF_CALL && operation != BPF_EXIT);
}

bool ebpf_finish(struct ebpf *out, struct reason *why)
{
	if (out->is_too_long) {
		return reason_set(why, "the program is too long");
	}
	for (uint16_t i = 0; i < out->len; i++) {
		struct bpf_insn *at = &out->code[i];
		if (is_jump(at)) {
			at->off = (int16_t)(out->places[at->off] - i - 1);
		} else if (at->code == (BPF_LD | BPF_IMM | BPF_DW)) {
			i++; /* its second half has no code */
		}
	}
	return true;
}

/* ---- classic programs: linux/filter.h, Documentation/networking/filter.rst ---- */

struct classic {
	struct ebpf *out;
	int stack_offset;
	uint16_t first_label; /* of instruction 0, then one each */
};

static int memory_at(const struct classic *classic, uint32_t word)
{
	return classic->stack_offset + 4 * (int)word;
}

/* A load beyond the packet ends the program with 0, here as there. */
static bool load_packet(struct classic *classic, const struct sock_filter *from)
{
	struct ebpf *out = classic->out;
	const int size = BPF_SIZE(from->code);
	const int mode = BPF_MODE(from->code);
	if (from->k > INT16_MAX) {
		return false; /* what the kernel knows of it, and not its bytes */
	}
	ebpf_add(out, BPF_LD | size | mode, 0, mode == BPF_IND ? INDEX : 0,
		(int32_t)from->k);
	ebpf_add(out, BPF_ALU | BPF_MOV | BPF_X, ACCUMULATOR, BPF_REG_0, 0);
	return true;
}

static void load_header_len(struct classic *classic, uint32_t at)
{
	struct ebpf *out = classic->out;
	ebpf_add(out, BPF_LD | BPF_B | BPF_ABS, 0, 0, (int32_t)at);
	ebpf_add(out, BPF_ALU | BPF_MOV | BPF_X, INDEX, BPF_REG_0, 0);
	ebpf_add(out, BPF_ALU | BPF_AND | BPF_K, INDEX, 0, 15);
	ebpf_add(out, BPF_ALU | BPF_LSH | BPF_K, INDEX, 0, 2);
}

static bool load_either(struct classic *classic, const struct sock_filter *from, int to)
{
	struct ebpf *out = classic->out;
	switch (BPF_MODE(from->code)) {
	case BPF_IMM:
		ebpf_add(out, BPF_ALU | BPF_MOV | BPF_K, to, 0, (int32_t)from->k);
		return true;
	case BPF_MEM:
		ebpf_load(out, BPF_W, to, BPF_REG_10, memory_at(classic, from->k));
		return true;
	case BPF_LEN:
		ebpf_load(out, BPF_W, to, BPF_REG_6, offsetof(struct __sk_buff, len));
		return true;
	case BPF_ABS:
	case BPF_IND:
		return to == ACCUMULATOR && load_packet(classic, from);
	case BPF_MSH:
		if (to != INDEX || from->k > INT16_MAX) {
			return false;
		}
		load_header_len(classic, from->k);
		return true;
	default:
		return false;
	}
}

static bool compute(struct classic *classic, const struct sock_filter *from)
{
	const int operation = BPF_OP(from->code);
	if (operation == BPF_DIV || operation == BPF_MOD || operation > BPF_XOR) {
		return false;
	}
	ebpf_add(classic->out, from->code, ACCUMULATOR,
		BPF_SRC(from->code) == BPF_X ? INDEX : 0, (int32_t)from->k);
	return true;
}

static void jump(struct classic *classic, const struct sock_filter *from, uint16_t next)
{
	struct ebpf *out = classic->out;
	if (BPF_OP(from->code) == BPF_JA) {
		ebpf_go(out, (uint16_t)(next + from->k));
		return;
	}
	add_at(out, BPF_JMP32 | BPF_OP(from->code) | BPF_SRC(from->code), ACCUMULATOR,
		BPF_SRC(from->code) == BPF_X ? INDEX : 0, next + from->jt);
	if (BPF_SRC(from->code) == BPF_K) {
		out->code[out->len - 1].imm = (int32_t)from->k;
	}
	ebpf_go(out, (uint16_t)(next + from->jf));
}

static void finish(struct classic *classic, const struct sock_filter *from)
{
	struct ebpf *out = classic->out;
	if (BPF_RVAL(from->code) == BPF_A) {
		ebpf_add(out, BPF_ALU | BPF_MOV | BPF_X, BPF_REG_0, ACCUMULATOR, 0);
	} else {
		ebpf_add(
			out, BPF_ALU | BPF_MOV | BPF_K, BPF_REG_0, 0, (int32_t)from->k);
	}
	ebpf_add(out, BPF_JMP | BPF_EXIT, 0, 0, 0);
}

static bool take_over(
	struct classic *classic, const struct sock_filter *from, uint16_t next)
{
	switch (BPF_CLASS(from->code)) {
	case BPF_LD:
		return load_either(classic, from, ACCUMULATOR);
	case BPF_LDX:
		return load_either(classic, from, INDEX);
	case BPF_ST:
	case BPF_STX:
		ebpf_store(classic->out, BPF_W, BPF_REG_10, memory_at(classic, from->k),
			BPF_CLASS(from->code) == BPF_ST ? ACCUMULATOR : INDEX);
		return true;
	case BPF_ALU:
		return compute(classic, from);
	case BPF_JMP:
		jump(classic, from, next);
		return true;
	case BPF_RET:
		finish(classic, from);
		return true;
	default: { /* BPF_MISC */
		const bool is_to_index = BPF_MISCOP(from->code) == BPF_TAX;
		ebpf_add(classic->out, BPF_ALU | BPF_MOV | BPF_X,
			is_to_index ? INDEX : ACCUMULATOR,
			is_to_index ? ACCUMULATOR : INDEX, 0);
		return true;
	}
	}
}

bool ebpf_classic(struct ebpf *out, const struct sock_fprog *program, int stack_offset,
	struct reason *why)
{
	struct classic classic = {
		.out = out, .stack_offset = stack_offset, .first_label = out->labels};
	if (program->len > EBPF_LABELS_MAX - out->labels) {
		return reason_set(why, "the prefilter is too long");
	}
	out->labels = (uint16_t)(out->labels + program->len);
	ebpf_add(out, BPF_ALU | BPF_MOV | BPF_K, ACCUMULATOR, 0, 0);
	ebpf_add(out, BPF_ALU | BPF_MOV | BPF_K, INDEX, 0, 0);
	for (uint16_t i = 0; i < program->len; i++) {
		const uint16_t label = (uint16_t)(classic.first_label + i);
		ebpf_place(out, label);
		if (!take_over(&classic, &program->filter[i], (uint16_t)(label + 1))) {
			return reason_set(why,
				"instruction %u of the prefilter is of "
				"no kind that is taken over",
				i);
		}
	}
	return true;
}

/* ---- the kernel ---- */

int ebpf_system_call(int command, union bpf_attr *attributes)
{
	return (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

int ebpf_load_filter(const struct ebpf *program, struct reason *why)
{
	static const char LICENCE[] = "GPL";
	union bpf_attr attributes;
	memset(&attributes, 0, sizeof(attributes));
	attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attributes.insn_cnt = program->len;
	attributes.insns = (uintptr_t)program->code;
	attributes.license = (uintptr_t)LICENCE;
	const int fd = ebpf_system_call(BPF_PROG_LOAD, &attributes);
	if (fd < 0) {
		(void)reason_set(why, "the kernel takes no program for it: %m");
	}
	return fd;
}
