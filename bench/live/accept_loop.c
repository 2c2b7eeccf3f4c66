/*
 * accept_loop - the plain inline peer: every packet of a queue is accepted, one by one.
 *
 *     accept_loop QUEUE
 *
 * As the examples of libnetfilter_queue do it: no GSO, no batches, a verdict a packet.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define RECEIVE_BYTES (8U << 20)

static int accept_packet(struct nfq_q_handle *queue, struct nfgenmsg *message,
	struct nfq_data *data, void *context)
{
	(void)message;
	(void)context;
	const struct nfqnl_msg_packet_hdr *header = nfq_get_msg_packet_hdr(data);
	return nfq_set_verdict(
		queue, header ? ntohl(header->packet_id) : 0, NF_ACCEPT, 0, NULL);
}

int main(int argc, char **argv)
{
	static char buf[(64 << 10) + 4096];
	if (argc != 2) {
		(void)fputs("usage: accept_loop QUEUE\n", stderr);
		return 2;
	}
	struct nfq_handle *handle = nfq_open();
	struct nfq_q_handle *queue =
		handle ? nfq_create_queue(
				 handle, (uint16_t)atoi(argv[1]), accept_packet, NULL)
		       : NULL;
	if (!queue || nfq_set_mode(queue, NFQNL_COPY_PACKET, 0xffff) < 0) {
		(void)fprintf(stderr, "accept_loop: %s\n", strerror(errno));
		return 3;
	}
	(void)nfnl_rcvbufsiz(nfq_nfnlh(handle), RECEIVE_BYTES);
	(void)puts("ready");
	(void)fflush(stdout);
	for (;;) {
		const ssize_t len = recv(nfq_fd(handle), buf, sizeof(buf), 0);
		if (len > 0) {
			(void)nfq_handle_packet(handle, buf, (int)len);
		} else if (errno != ENOBUFS && errno != EINTR) {
			(void)fprintf(stderr, "accept_loop: %s\n", strerror(errno));
			return 3;
		}
	}
}
