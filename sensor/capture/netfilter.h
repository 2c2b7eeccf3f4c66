/*
 * capture/netfilter - what the sockets of NFQUEUE and NFLOG have in common.
 *
 * Private to capture/.
 */
#pragma once

#include "base/reason.h"

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define NETFILTER_RECEIVE_BYTES (UINT32_C(32) << 20) /* where settings say 0 */
#define NETFILTER_COPY_BYTES    UINT32_C(65531)      /* the most the kernel copies */
#define NETFILTER_RAW_IP        12                   /* DLT_RAW of libpcap on Linux */

/*
 * A netlink socket with a receive buffer of so many bytes. NULL with the reason behind
 * "NAME: ". What the kernel has no room for is lost without an error: count by numbers.
 */
struct mnl_socket *netfilter_open(
	uint32_t receive_bytes, const char *name, struct reason *why);

/* How many datagrams are read at one go. */
#define NETFILTER_DATAGRAMS_MAX 16

struct netfilter_inbox {
	unsigned count;
	size_t size; /* bytes of each */
	uint8_t *bytes;
	struct mmsghdr messages[NETFILTER_DATAGRAMS_MAX]; /* msg_len: what came */
	struct iovec parts[NETFILTER_DATAGRAMS_MAX];
};

/* Room for count datagrams of at most size bytes; netfilter_inbox_free in any case. */
bool netfilter_inbox_make(
	struct netfilter_inbox *inbox, unsigned count, size_t size, struct reason *why);
void netfilter_inbox_free(struct netfilter_inbox *inbox);

/* Never waits. Returns how many datagrams came, -1 when the socket is broken (errno). */
int netfilter_receive(const struct mnl_socket *socket, struct netfilter_inbox *inbox);

/* A request for the configuration of a queue or group, and its answer. */
struct netfilter_request {
	_Alignas(struct nlmsghdr) char bytes[256];
	struct nlmsghdr *message; /* attributes are put behind it */
};

/* type: subsystem << 8 | message; number: the queue's or group's. */
void netfilter_request_begin(
	struct netfilter_request *request, uint16_t type, uint16_t number);

/*
 * Send it and wait for the answer. True when the kernel agreed, else errno says. Other
 * messages that come before, in the inbox's first place, go to early (NULL: nowhere).
 */
bool netfilter_request_send(const struct netfilter_request *request,
	const struct mnl_socket *socket, struct netfilter_inbox *inbox,
	void (*early)(void *context, const struct nlmsghdr *message), void *context);

/* A packet's time in us; without the attribute (packets made on this host): now_us. */
uint64_t netfilter_time(const struct nlattr *attribute, uint64_t now_us);

/* Whether the packet's first byte says so. */
static inline bool netfilter_is_ipv6(const uint8_t *bytes, size_t len)
{
	return len > 0 && bytes[0] >> 4 == 6;
}

/* The number in the attribute, or 0 without it. */
uint32_t netfilter_u32(const struct nlattr *attribute);
