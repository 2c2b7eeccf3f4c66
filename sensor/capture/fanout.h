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
 */
#pragma once

#include <linux/filter.h>
#include <stdint.h>

#define FANOUT_PROGRAM_MAX 160

/* Writes the program; returns how many instructions. */
uint16_t fanout_program(struct sock_filter program[FANOUT_PROGRAM_MAX]);
