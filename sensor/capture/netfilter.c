#include "capture/netfilter.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <string.h>

#define US_PER_S UINT64_C(1000000)

_Static_assert(sizeof(struct nfqnl_msg_packet_timestamp) ==
		       sizeof(struct nfulnl_msg_packet_timestamp),
	"both tell the time in the same way");

static bool set_buffer(const struct mnl_socket *socket, uint32_t receive_bytes)
{
	const int fd = mnl_socket_get_fd(socket);
	const int bytes =
		(int)(receive_bytes ? receive_bytes : NETFILTER_RECEIVE_BYTES);
	return setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) == 0 ||
	       setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) == 0;
}

struct mnl_socket *netfilter_open(
	uint32_t receive_bytes, const char *name, struct reason *why)
{
	int on = 1;
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		(void)reason_set(why, "%s: no netlink socket: %m", name);
	} else if (!set_buffer(socket, receive_bytes)) {
		(void)reason_set(why, "%s: no receive buffer: %m", name);
	} else {
		(void)mnl_socket_setsockopt(
			socket, NETLINK_NO_ENOBUFS, &on, sizeof(on));
		return socket;
	}
	if (socket) {
		(void)mnl_socket_close(socket);
	}
	return NULL;
}

uint64_t netfilter_time(const struct nlattr *attribute, uint64_t now_us)
{
	if (!attribute) {
		return now_us;
	}
	struct nfqnl_msg_packet_timestamp
		stamp; /* attributes stand at any four bytes */
	memcpy(&stamp, mnl_attr_get_payload(attribute), sizeof(stamp));
	return be64toh(stamp.sec) * US_PER_S + be64toh(stamp.usec);
}

uint32_t netfilter_u32(const struct nlattr *attribute)
{
	return attribute ? ntohl(mnl_attr_get_u32(attribute)) : 0;
}
