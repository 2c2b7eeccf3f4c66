/*
 * capture/fanout - which of the members that share an interface is given a frame.
 *
 * A classic BPF program for PACKET_FANOUT_CBPF: the kernel gives the frame to member
 * (what it returns) % (members). That is a hash of the two addresses of the outermost IP
 * header, the same in both directions, and of nothing else: so all flows between two
 * hosts, every fragment (only the first has ports) and a tunnel whose outer ports differ
 * by inner flow or direction (VXLAN, RFC 7348 section 5; GENEVE) stay together. What one
 * tunnel carries therefore is one member's.
 *
 * Found behind up to three VLAN tags, three MPLS labels or PPPoE. All that is not IP, or
 * deeper, is the first member's; so is a frame that ends within its addresses, as a load
 * past the end makes a program return 0.
 *
 * The kernel numbers the members of a group in the order in which they came, which need
 * not be the same on two interfaces. Where a flow may come by several of them (a TAP gives
 * one for each direction), each member therefore has a filter that passes what is its own.
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#define FANOUT_PROGRAM_MAX 192

/* Writes the program; returns how many instructions. */
uint16_t fanout_program(struct sock_filter program[FANOUT_PROGRAM_MAX]);

struct fanout_share {
	uint32_t members; /* 0: there is one, or the kernel deals out */
	uint32_t member;  /* from 0 on */
	bool is_ethernet;
};

/*
 * The same as the beginning of a socket's filter: it goes on behind the last instruction
 * with what is this member's and drops all else, with it what ends within its addresses.
 */
uint16_t fanout_filter(struct sock_filter program[FANOUT_PROGRAM_MAX],
	const struct fanout_share *share);
