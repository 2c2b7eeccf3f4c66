/*
 * capture/netfilter - what the sockets of NFQUEUE and NFLOG have in common.
 *
 * Private to capture/.
 */
#pragma once

#include "base/reason.h"

#include <libmnl/libmnl.h>
#include <stdint.h>

#define NETFILTER_RECEIVE_BYTES (UINT32_C(32) << 20) /* where settings say 0 */
#define NETFILTER_COPY_BYTES    UINT32_C(65531)      /* the most the kernel copies */
#define NETFILTER_RAW_IP        12                   /* DLT_RAW of libpcap on Linux */

/*
 * A netlink socket with a receive buffer of so many bytes. NULL with the reason behind
 * "NAME: ". What the kernel has no room for is lost without an error: count by numbers.
 */
struct mnl_socket *netfilter_open(
	uint32_t receive_bytes, const char *name, struct reason *why);

/* A packet's time in us; without the attribute (packets made on this host): now_us. */
uint64_t netfilter_time(const struct nlattr *attribute, uint64_t now_us);

/* 0 without the attribute. */
uint32_t netfilter_u32(const struct nlattr *attribute);
