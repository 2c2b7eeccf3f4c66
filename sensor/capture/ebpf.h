/*
 * capture/ebpf - eBPF programs, written instruction by instruction (RFC 9669).
 *
 * In: instructions in order, with jumps to labels further on. Out: a program for the
 * kernel. Classic programs (pcap_compile) are taken over as they are, so that one socket
 * can have both.
 */
#pragma once

#include "base/reason.h"

#include <linux/bpf.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#define EBPF_INSTRUCTIONS_MAX 4096
#define EBPF_LABELS_MAX       2048

struct ebpf {
	struct bpf_insn *code; /* of EBPF_INSTRUCTIONS_MAX */
	uint16_t len;
	uint16_t labels;
	bool is_too_long;
	uint16_t places[EBPF_LABELS_MAX];
};

/* Destination, then source. */
void ebpf_add(struct ebpf *out, int code, int dst, int src, int32_t value);
void ebpf_load(struct ebpf *out, int size, int dst, int src, int offset);
void ebpf_store(struct ebpf *out, int size, int dst, int offset, int src);
void ebpf_constant(struct ebpf *out, int dst, uint64_t value);
/* dst: the map of that descriptor. */
void ebpf_map(struct ebpf *out, int dst, int map_fd);
void ebpf_call(struct ebpf *out, int helper);
void ebpf_add_atomically(struct ebpf *out, int dst, int offset, int src);

uint16_t ebpf_label(struct ebpf *out);
void ebpf_place(struct ebpf *out, uint16_t label);
void ebpf_go(struct ebpf *out, uint16_t label);
/* By all 64 bits; in _if32 by the lower half. value is signed. */
void ebpf_go_if(struct ebpf *out, int test, int dst, int32_t value, uint16_t label);
void ebpf_go_if32(struct ebpf *out, int test, int dst, int32_t value, uint16_t label);
void ebpf_go_if_register(struct ebpf *out, int test, int dst, int src, uint16_t label);

/*
 * A classic program, to its end: the program's context is in register 6, and room for 16
 * words on the stack from this offset on. False: it asks for what is not taken over.
 */
bool ebpf_classic(struct ebpf *out, const struct sock_fprog *classic, int stack_offset,
	struct reason *why);

/* Fills in the jumps. False: it is longer than there is room for. */
bool ebpf_finish(struct ebpf *out, struct reason *why);

/* A socket filter of it, or -1; needs CAP_BPF. */
int ebpf_load_filter(const struct ebpf *program, struct reason *why);

/* bpf(2), which no library is needed for. */
int ebpf_system_call(int command, union bpf_attr *attributes);
