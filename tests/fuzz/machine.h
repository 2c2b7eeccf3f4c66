/*
 * tests/fuzz/machine - runs an eBPF socket filter as the kernel does (RFC 9669).
 *
 * In: a program of capture/ebpf and a packet. Out: what it returns, which place of the
 * table it asked for, and what it wrote there. As the kernel's verifier would, it ends
 * the process (abort) at what a program may not do: memory that is not its own, no end.
 */
#pragma once

#include "capture/shunt_private.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define MACHINE_MAP_FD 77
#define MACHINE_STEPS  100000
#define MACHINE_NOW_NS UINT64_C(1000000000)
#define MACHINE_STACK  512
#define MACHINE_CALLED UINT64_C(0xdead0000dead0000) /* what a call leaves behind */

struct machine {
	const struct ebpf *program;
	struct shunt_entry *entry; /* the one at: */
	uint32_t slot;
	uint32_t asked;  /* the place asked for; SHUNT_FLOWS: none */
	uint8_t *visits; /* of each instruction; EBPF_INSTRUCTIONS_MAX, or NULL */
	const uint8_t *packet;
	struct __sk_buff context;
	uint64_t registers[11];
	uint8_t stack[MACHINE_STACK];
	struct shunt_entry other; /* any place but that one: free */
};

static inline bool machine_is_in(
	uint64_t address, size_t size, const void *memory, size_t memory_size)
{
	const uint64_t at = address - (uintptr_t)memory;
	return at <= memory_size && size <= memory_size - at;
}

static inline void *machine_memory(
	struct machine *machine, uint64_t address, size_t size, bool is_written)
{
	if (!machine_is_in(address, size, machine->stack, MACHINE_STACK) &&
		!machine_is_in(
			address, size, machine->entry, sizeof(*machine->entry)) &&
		!machine_is_in(
			address, size, &machine->other, sizeof(machine->other)) &&
		(is_written || !machine_is_in(address, size, &machine->context,
				       sizeof(machine->context)))) {
		abort();
	}
	return (void *)(uintptr_t)address; /* NOLINT(performance-no-int-to-ptr) */
}

static inline size_t machine_size(int code)
{
	static const uint8_t SIZES[] = {4, 2, 1, 8}; /* W, H, B, DW */
	return SIZES[BPF_SIZE(code) >> 3];
}

static inline uint64_t machine_load(struct machine *machine, uint64_t address, int code)
{
	uint64_t value = 0; /* little-endian machines, as those of the tests are */
	const size_t size = machine_size(code);
	memcpy(&value, machine_memory(machine, address, size, false), size);
	return value;
}

static inline void machine_store(struct machine *machine, const struct bpf_insn *at)
{
	const size_t size = machine_size(at->code);
	const uint64_t address =
		machine->registers[at->dst_reg] + (uint64_t)(int64_t)at->off;
	uint64_t value = machine->registers[at->src_reg];
	void *memory = machine_memory(machine, address, size, true);
	if (BPF_MODE(at->code) == BPF_ATOMIC) {
		value += machine_load(machine, address, at->code);
	}
	memcpy(memory, &value, size);
}

/* False: beyond the packet, which ends the program. */
static inline bool machine_load_packet(
	struct machine *machine, const struct bpf_insn *at)
{
	const size_t size = machine_size(at->code);
	const uint64_t index = BPF_MODE(at->code) == BPF_IND
				       ? (uint32_t)machine->registers[at->src_reg]
				       : 0;
	const uint64_t from = (index + (uint32_t)at->imm) & UINT32_MAX;
	uint64_t value = 0;
	if (from + size > machine->context.len) {
		return false;
	}
	for (size_t i = 0; i < size; i++) {
		value = value << 8 | machine->packet[from + i];
	}
	machine->registers[0] = value;
	return true;
}

static inline uint64_t machine_load_bytes(struct machine *machine)
{
	const uint64_t *r = machine->registers;
	const size_t size = (size_t)r[4];
	const uint64_t from = (uint32_t)r[2];
	void *to = machine_memory(machine, r[3], size, true);
	if (r[1] != (uintptr_t)&machine->context) {
		abort();
	}
	if (from + size > machine->context.len) {
		memset(to, 0, size);
		return (uint64_t)-14; /* EFAULT */
	}
	memcpy(to, machine->packet + from, size);
	return 0;
}

static inline uint64_t machine_look_up(struct machine *machine)
{
	const uint64_t *r = machine->registers;
	if (r[1] != MACHINE_MAP_FD) {
		abort();
	}
	machine->asked = (uint32_t)machine_load(machine, r[2], BPF_W);
	if (machine->asked >= SHUNT_FLOWS) {
		abort(); /* not what a program may not do, but what ours never does */
	}
	return (uintptr_t)(machine->asked == machine->slot ? machine->entry
							   : &machine->other);
}

static inline void machine_call(struct machine *machine, int32_t helper)
{
	uint64_t answer = MACHINE_NOW_NS;
	switch (helper) {
	case BPF_FUNC_skb_load_bytes:
		answer = machine_load_bytes(machine);
		break;
	case BPF_FUNC_map_lookup_elem:
		answer = machine_look_up(machine);
		break;
	case BPF_FUNC_ktime_get_coarse_ns:
		break;
	default:
		abort();
	}
	for (int i = 1; i <= 5; i++) {
		machine->registers[i] = MACHINE_CALLED;
	}
	machine->registers[0] = answer;
}

static inline uint64_t machine_swap(uint64_t value, int32_t bits)
{
	return bits == 16   ? htobe16((uint16_t)value)
	       : bits == 32 ? htobe32((uint32_t)value)
			    : htobe64(value);
}

static inline uint64_t machine_compute(int operation, uint64_t left, uint64_t right)
{
	switch (operation) {
	case BPF_ADD:
		return left + right;
	case BPF_SUB:
		return left - right;
	case BPF_MUL:
		return left * right;
	case BPF_OR:
		return left | right;
	case BPF_AND:
		return left & right;
	case BPF_LSH:
		return left << right;
	case BPF_RSH:
		return left >> right;
	case BPF_NEG:
		return -left;
	case BPF_XOR:
		return left ^ right;
	case BPF_MOV:
		return right;
	default:
		abort();
	}
}

static inline uint64_t machine_operand(
	const struct machine *machine, const struct bpf_insn *at)
{
	return BPF_SRC(at->code) == BPF_X ? machine->registers[at->src_reg]
					  : (uint64_t)(int64_t)at->imm;
}

static inline void machine_alu(struct machine *machine, const struct bpf_insn *at)
{
	const bool is_wide = BPF_CLASS(at->code) == BPF_ALU64;
	const int operation = BPF_OP(at->code);
	uint64_t *to = &machine->registers[at->dst_reg];
	uint64_t right = machine_operand(machine, at);
	if (operation == BPF_END) {
		*to = machine_swap(*to, at->imm);
		return;
	}
	if (operation == BPF_LSH || operation == BPF_RSH) {
		right &= is_wide ? 63 : 31;
	}
	*to = is_wide ? machine_compute(operation, *to, right)
		      : (uint32_t)machine_compute(
				operation, (uint32_t)*to, (uint32_t)right);
}

static inline bool machine_is_so(
	const struct machine *machine, const struct bpf_insn *at)
{
	uint64_t left = machine->registers[at->dst_reg];
	uint64_t right = machine_operand(machine, at);
	if (BPF_CLASS(at->code) == BPF_JMP32) {
		left = (uint32_t)left;
		right = (uint32_t)right;
	}
	switch (BPF_OP(at->code)) {
	case BPF_JA:
		return true;
	case BPF_JEQ:
		return left == right;
	case BPF_JNE:
		return left != right;
	case BPF_JGT:
		return left > right;
	case BPF_JGE:
		return left >= right;
	case BPF_JLT:
		return left < right;
	case BPF_JLE:
		return left <= right;
	case BPF_JSET:
		return (left & right) != 0;
	default:
		abort();
	}
}

/* One instruction at *at, and on to the next. False: the program ended. */
static inline bool machine_step(struct machine *machine, uint32_t *at)
{
	const struct bpf_insn *code = &machine->program->code[*at];
	const bool is_call = code->code == (BPF_JMP | BPF_CALL);
	if (code->code == (BPF_JMP | BPF_EXIT)) {
		return false;
	}
	*at += 1;
	switch (BPF_CLASS(code->code)) {
	case BPF_LD:
		if (BPF_MODE(code->code) != BPF_IMM) {
			machine->registers[0] = 0;
			return machine_load_packet(machine, code);
		}
		machine->registers[code->dst_reg] =
			(uint32_t)code->imm | (uint64_t)(uint32_t)code[1].imm << 32;
		*at += 1;
		return true;
	case BPF_LDX:
		machine->registers[code->dst_reg] = machine_load(machine,
			machine->registers[code->src_reg] +
				(uint64_t)(int64_t)code->off,
			code->code);
		return true;
	case BPF_STX:
		machine_store(machine, code);
		return true;
	case BPF_ALU:
	case BPF_ALU64:
		machine_alu(machine, code);
		return true;
	default: /* BPF_JMP, BPF_JMP32 */
		if (is_call) {
			machine_call(machine, code->imm);
		} else if (machine_is_so(machine, code)) {
			*at += (uint32_t)(int32_t)code->off;
		}
		return true;
	}
}

/* tag: 0x1000 and an identifier, taken off by the kernel; 0: none was. */
static inline uint32_t machine_run(
	struct machine *machine, const uint8_t *packet, uint32_t len, uint32_t tag)
{
	uint32_t at = 0;
	machine->packet = packet;
	machine->asked = SHUNT_FLOWS;
	memset(&machine->context, 0, sizeof(machine->context));
	memset(&machine->other, 0, sizeof(machine->other));
	memset(machine->stack, 0xa5, sizeof(machine->stack));
	machine->context.len = len;
	machine->context.vlan_present = tag != 0;
	machine->context.vlan_tci = tag;
	machine->registers[1] = (uintptr_t)&machine->context;
	machine->registers[10] = (uintptr_t)machine->stack + MACHINE_STACK;
	for (uint32_t steps = 0; steps < MACHINE_STEPS; steps++) {
		if (at >= machine->program->len) {
			abort();
		}
		if (machine->visits) {
			machine->visits[at]++;
		}
		if (!machine_step(machine, &at)) {
			return (uint32_t)machine->registers[0];
		}
	}
	abort();
}
