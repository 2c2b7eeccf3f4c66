#include "capture/netfilter.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <stdlib.h>
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

bool netfilter_inbox_make(
	struct netfilter_inbox *inbox, unsigned count, size_t size, struct reason *why)
{
	assert(count <= NETFILTER_DATAGRAMS_MAX);
	inbox->count = count;
	inbox->size = size;
	inbox->bytes = malloc(count * size);
	if (!inbox->bytes) {
		return reason_set(why, "no memory for packets of the firewall");
	}
	for (unsigned i = 0; i < count; i++) {
		inbox->parts[i] = (struct iovec){
			.iov_base = inbox->bytes + i * size, .iov_len = size};
		inbox->messages[i].msg_hdr =
			(struct msghdr){.msg_iov = &inbox->parts[i], .msg_iovlen = 1};
	}
	return true;
}

void netfilter_inbox_free(struct netfilter_inbox *inbox)
{
	free(inbox->bytes);
	inbox->bytes = NULL;
}

int netfilter_receive(const struct mnl_socket *socket, struct netfilter_inbox *inbox)
{
	const int count = recvmmsg(mnl_socket_get_fd(socket), inbox->messages,
		inbox->count, MSG_DONTWAIT, NULL);
	if (count < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)) {
		return 0;
	}
	return count;
}

void netfilter_request_begin(
	struct netfilter_request *request, uint16_t type, uint16_t number)
{
	static uint32_t sequence;
	memset(request, 0, sizeof(*request));
	request->message = mnl_nlmsg_put_header(request->bytes);
	request->message->nlmsg_type = type;
	request->message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	request->message->nlmsg_seq = ++sequence;
	struct nfgenmsg *head =
		mnl_nlmsg_put_extra_header(request->message, sizeof(*head));
	head->nfgen_family = AF_UNSPEC;
	head->version = NFNETLINK_V0;
	head->res_id = htons(number);
}

bool netfilter_request_send(const struct netfilter_request *request,
	const struct mnl_socket *socket, struct netfilter_inbox *inbox,
	void (*early)(void *context, const struct nlmsghdr *message), void *context)
{
	if (mnl_socket_sendto(socket, request->message, request->message->nlmsg_len) <
		0) {
		return false;
	}
	for (;;) {
		const ssize_t len =
			mnl_socket_recvfrom(socket, inbox->bytes, inbox->size);
		const struct nlmsghdr *message = (const struct nlmsghdr *)inbox->bytes;
		if (len < 0 || !mnl_nlmsg_ok(message, (int)len)) {
			return false;
		}
		if (message->nlmsg_type == NLMSG_ERROR &&
			message->nlmsg_seq == request->message->nlmsg_seq) {
			const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
			errno = -error->error;
			return error->error == 0;
		}
		if (early) {
			early(context, message);
		}
	}
}

uint64_t netfilter_time(const struct nlattr *attribute, uint64_t now_us)
{
	if (!attribute) {
		return now_us;
	}
	/* attributes stand at any four bytes */
	struct nfqnl_msg_packet_timestamp stamp;
	memcpy(&stamp, mnl_attr_get_payload(attribute), sizeof(stamp));
	return be64toh(stamp.sec) * US_PER_S + be64toh(stamp.usec);
}

uint32_t netfilter_u32(const struct nlattr *attribute)
{
	return attribute ? ntohl(mnl_attr_get_u32(attribute)) : 0;
}
