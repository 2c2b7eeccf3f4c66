#include "capture/queue.h"

#include "base/clock.h"
#include "capture/netfilter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS_A_DISPATCH 16
#define LEAVE_ROUNDS      1000        /* of dispatches: traffic may never pause */
#define MESSAGE_BYTES     (68U << 10) /* a packet and the attributes around it */
#define VERDICT_BYTES     64          /* one message, at most */
#define VERDICTS_BYTES    (QUEUE_PACKETS_AT_ONCE * 2 * VERDICT_BYTES)
#define PACKET_MESSAGE    ((NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_PACKET)
#define CONFIG_MESSAGE    ((NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_CONFIG)

struct queue {
	struct mnl_socket *socket;
	uint32_t source;
	uint16_t number;
	bool is_fail_closed;
	bool is_holding;
	bool is_started; /* its first packet came */
	uint32_t last_id;
	struct queue_counters counters;
	uint32_t run_count; /* accepted in a row, not yet told */
	uint32_t run_last;
	uint32_t run_mark;
	size_t verdicts_len; /* messages to send */
	struct netfilter_inbox inbox;
	_Alignas(struct nlmsghdr) uint8_t verdicts[VERDICTS_BYTES];
};

/* --- verdicts --- */

static void send_verdicts(struct queue *queue)
{
	if (queue->verdicts_len > 0 && mnl_socket_sendto(queue->socket, queue->verdicts,
					       queue->verdicts_len) < 0) {
		queue->counters.verdict_errors++;
	}
	queue->verdicts_len = 0;
}

static void put_verdict(
	struct queue *queue, int type, uint32_t id, int verdict, uint32_t mark)
{
	if (queue->verdicts_len + VERDICT_BYTES > sizeof(queue->verdicts)) {
		send_verdicts(queue);
	}
	struct nlmsghdr *message = nfq_nlmsg_put(
		(char *)queue->verdicts + queue->verdicts_len, type, queue->number);
	nfq_nlmsg_verdict_put(message, (int)id, verdict);
	if (mark != 0) {
		nfq_nlmsg_verdict_put_mark(message, mark);
	}
	queue->verdicts_len += MNL_ALIGN(message->nlmsg_len);
}

static void end_run(struct queue *queue)
{
	if (queue->run_count > 0) {
		put_verdict(queue,
			queue->run_count > 1 ? NFQNL_MSG_VERDICT_BATCH
					     : NFQNL_MSG_VERDICT,
			queue->run_last, NF_ACCEPT, queue->run_mark);
	}
	queue->run_count = 0;
}

void queue_accept(struct queue *queue, uint32_t id, uint32_t mark)
{
	queue->counters.accepted++;
	const bool is_behind =
		queue->run_count == 0 || (int32_t)(id - queue->run_last) > 0;
	if (queue->is_holding || !is_behind) {
		end_run(queue);
		put_verdict(queue, NFQNL_MSG_VERDICT, id, NF_ACCEPT, mark);
		return;
	}
	if (queue->run_count > 0 && queue->run_mark != mark) {
		end_run(queue);
	}
	queue->run_count++;
	queue->run_last = id;
	queue->run_mark = mark;
}

void queue_drop(struct queue *queue, uint32_t id)
{
	queue->counters.dropped++;
	end_run(queue);
	put_verdict(queue, NFQNL_MSG_VERDICT, id, NF_DROP, 0);
}

void queue_repeat(struct queue *queue, uint32_t id, uint32_t mark)
{
	queue->counters.dropped++;
	end_run(queue);
	put_verdict(queue, NFQNL_MSG_VERDICT, id, NF_REPEAT, mark);
}

void queue_hold(struct queue *queue, bool is_holding)
{
	end_run(queue);
	queue->is_holding = is_holding;
}

void queue_flush(struct queue *queue)
{
	end_run(queue);
	send_verdicts(queue);
}

/* --- packets --- */

/* Only what is forwarded has both. */
static bool is_returned(struct nlattr *const *attributes)
{
	const uint32_t came_in_by = netfilter_u32(attributes[NFQA_IFINDEX_INDEV]);
	return came_in_by != 0 &&
	       came_in_by == netfilter_u32(attributes[NFQA_IFINDEX_OUTDEV]);
}

/* False when the message tells of no packet that could be answered. */
static bool read_packet(const struct queue *queue, const struct nlmsghdr *message,
	uint64_t now_us, struct queue_packet *packet)
{
	struct nlattr *attributes[NFQA_MAX + 1] = {0};
	if (nfq_nlmsg_parse(message, attributes) < 0 || !attributes[NFQA_PACKET_HDR]) {
		return false;
	}
	const struct nfqnl_msg_packet_hdr *header =
		mnl_attr_get_payload(attributes[NFQA_PACKET_HDR]);
	const struct nlattr *payload = attributes[NFQA_PAYLOAD];
	const uint32_t captured_len = payload ? mnl_attr_get_payload_len(payload) : 0;
	const uint32_t wire_len = netfilter_u32(attributes[NFQA_CAP_LEN]);
	*packet = (struct queue_packet){
		.frame =
			{
				.time_us = netfilter_time(
					attributes[NFQA_TIMESTAMP], now_us),
				.bytes = payload ? mnl_attr_get_payload(payload) : NULL,
				.captured_len = captured_len,
				.wire_len = wire_len > captured_len ? wire_len
								    : captured_len,
				.source = queue->source,
				.link_type = NETFILTER_RAW_IP,
				.is_checksum_unset =
					(netfilter_u32(attributes[NFQA_SKB_INFO]) &
						NFQA_SKB_CSUMNOTREADY) != 0,
				.is_returned = is_returned(attributes),
			},
		.id = ntohl(header->packet_id),
		.mark = netfilter_u32(attributes[NFQA_MARK]),
	};
	return true;
}

/* Of a packet that nobody looks at. */
static int unseen_verdict(const struct queue *queue)
{
	return queue->is_fail_closed ? NF_DROP : NF_ACCEPT;
}

/* Ids run without gaps: one that never came was lost on the way here. */
static void note_id(struct queue *queue, uint32_t id)
{
	if (!queue->is_started) {
		/* A worker before us may have left packets without an answer. */
		queue->is_started = true;
		put_verdict(queue, NFQNL_MSG_VERDICT_BATCH, id - 1,
			unseen_verdict(queue), 0);
	} else {
		queue->counters.lost += id - queue->last_id - 1;
	}
	queue->last_id = id;
	queue->counters.received++;
}

static void note_error(struct queue *queue, const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
	/* ENOENT: the first batch verdict found nothing left behind. */
	if (message->nlmsg_len >= mnl_nlmsg_size(sizeof(*error)) && error->error != 0 &&
		error->error != -ENOENT) {
		queue->counters.verdict_errors++;
	}
}

/* One datagram holds one message; returns whether it is a packet. */
static bool take_message(struct queue *queue, const struct nlmsghdr *message,
	uint64_t now_us, struct queue_packet *packet)
{
	if (message->nlmsg_type == NLMSG_ERROR) {
		note_error(queue, message);
		return false;
	}
	if (message->nlmsg_type != PACKET_MESSAGE ||
		!read_packet(queue, message, now_us, packet)) {
		queue->counters.unreadable++;
		return false;
	}
	note_id(queue, packet->id);
	queue->counters.received_ipv6 +=
		netfilter_is_ipv6(packet->frame.bytes, packet->frame.captured_len);
	return true;
}

static size_t take_messages(
	struct queue *queue, int count, struct queue_packet packets[])
{
	const uint64_t now_us = clock_realtime_us();
	size_t taken = 0;
	for (int i = 0; i < count; i++) {
		const struct nlmsghdr *message =
			(const struct nlmsghdr *)queue->inbox.parts[i].iov_base;
		if (!mnl_nlmsg_ok(message, (int)queue->inbox.messages[i].msg_len)) {
			queue->counters.unreadable++;
			continue;
		}
		taken += take_message(queue, message, now_us, &packets[taken]);
	}
	return taken;
}

enum queue_result queue_dispatch(
	struct queue *queue, queue_handler *handler, void *context, struct reason *why)
{
	int round = 0;
	int count = QUEUE_PACKETS_AT_ONCE;
	for (; round < ROUNDS_A_DISPATCH && count == QUEUE_PACKETS_AT_ONCE; round++) {
		struct queue_packet packets[QUEUE_PACKETS_AT_ONCE];
		count = netfilter_receive(queue->socket, &queue->inbox);
		if (count < 0) {
			(void)reason_set(why, "queue %u: %m", queue->number);
			return QUEUE_GONE;
		}
		const size_t taken = take_messages(queue, count, packets);
		if (taken > 0) {
			handler(context, packets, taken);
		}
		queue_flush(queue);
	}
	return count == 0 && round == 1 ? QUEUE_IDLE : QUEUE_PACKETS;
}

void queue_let_go(struct queue *queue, uint32_t id)
{
	if (queue->is_fail_closed) {
		queue_drop(queue, id);
	} else {
		queue_accept(queue, id, 0);
	}
}

struct letting_go {
	struct queue *queue;
	size_t count;
};

static void let_packets_go(
	void *context, const struct queue_packet *packets, size_t count)
{
	struct letting_go *letting_go = (struct letting_go *)context;
	for (size_t i = 0; i < count; i++) {
		queue_let_go(letting_go->queue, packets[i].id);
	}
	letting_go->count += count;
}

size_t queue_let_waiting_go(struct queue *queue)
{
	struct letting_go letting_go = {.queue = queue};
	struct reason why;
	(void)queue_dispatch(queue, let_packets_go, &letting_go, &why);
	return letting_go.count;
}

void queue_leave(struct queue *queue)
{
	unsigned rounds = 0;
	while (rounds < LEAVE_ROUNDS && queue_let_waiting_go(queue) > 0) {
		rounds++;
	}
	(void)mnl_socket_close(queue->socket);
	queue->socket = NULL;
}

/* --- setting up --- */

/* A packet that comes before the answer to a request goes unseen. */
static void let_early_go(void *context, const struct nlmsghdr *message)
{
	struct queue *queue = (struct queue *)context;
	struct queue_packet packet;
	if (take_message(queue, message, 0, &packet)) {
		queue_let_go(queue, packet.id);
		queue_flush(queue);
	}
}

static bool request_send(const struct netfilter_request *request, struct queue *queue)
{
	return netfilter_request_send(
		request, queue->socket, &queue->inbox, let_early_go, queue);
}

static bool set_flag(struct queue *queue, uint32_t flag, bool is_on)
{
	struct netfilter_request request;
	netfilter_request_begin(&request, CONFIG_MESSAGE, queue->number);
	mnl_attr_put_u32(request.message, NFQA_CFG_FLAGS, htonl(is_on ? flag : 0));
	mnl_attr_put_u32(request.message, NFQA_CFG_MASK, htonl(flag));
	return request_send(&request, queue);
}

/* The parameters come last: before them the kernel gives no packet. */
static bool configure(
	struct queue *queue, const struct queue_settings *settings, struct reason *why)
{
	struct netfilter_request request;
	netfilter_request_begin(&request, CONFIG_MESSAGE, queue->number);
	nfq_nlmsg_cfg_put_cmd(request.message, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
	if (!request_send(&request, queue)) {
		return reason_set(why, "queue %u cannot be bound: %m", queue->number);
	}
	netfilter_request_begin(&request, CONFIG_MESSAGE, queue->number);
	nfq_nlmsg_cfg_put_qmaxlen(
		request.message, settings->length ? settings->length : QUEUE_LENGTH);
	if (!request_send(&request, queue)) {
		return reason_set(why, "queue %u has no length: %m", queue->number);
	}
	/* Kernels since 3.6 and 3.10; without fail-open nothing else would be left. */
	if (!settings->is_fail_closed && !set_flag(queue, NFQA_CFG_F_FAIL_OPEN, true)) {
		return reason_set(why, "queue %u cannot fail open: %m", queue->number);
	}
	(void)set_flag(queue, NFQA_CFG_F_GSO, !settings->is_gso_refused);
	netfilter_request_begin(&request, CONFIG_MESSAGE, queue->number);
	nfq_nlmsg_cfg_put_params(
		request.message, NFQNL_COPY_PACKET, NETFILTER_COPY_BYTES);
	return request_send(&request, queue) ||
	       reason_set(why, "queue %u gives no packets: %m", queue->number);
}

/* Losses are counted by the packets' ids. */
static bool open_socket(
	struct queue *queue, const struct queue_settings *settings, struct reason *why)
{
	char name[16];
	(void)snprintf(name, sizeof(name), "queue %u", queue->number);
	queue->socket = netfilter_open(settings->receive_bytes, name, why);
	return queue->socket != NULL;
}

struct queue *queue_open(const struct queue_settings *settings, struct reason *why)
{
	struct queue *queue = calloc(1, sizeof(*queue));
	if (!queue) {
		(void)reason_set(why, "no memory for a queue");
		return NULL;
	}
	queue->number = settings->number;
	queue->source = settings->source;
	queue->is_fail_closed = settings->is_fail_closed;
	if (!netfilter_inbox_make(
		    &queue->inbox, QUEUE_PACKETS_AT_ONCE, MESSAGE_BYTES, why) ||
		!open_socket(queue, settings, why) ||
		!configure(queue, settings, why)) {
		queue_close(queue);
		return NULL;
	}
	return queue;
}

void queue_close(struct queue *queue)
{
	if (!queue) {
		return;
	}
	if (queue->socket) {
		(void)mnl_socket_close(queue->socket);
	}
	netfilter_inbox_free(&queue->inbox);
	free(queue);
}

void queue_adopt(struct queue *queue)
{
	queue->is_started = false;
	queue->is_holding = false;
	queue->run_count = 0;
	queue->verdicts_len = 0;
	queue->counters = (struct queue_counters){0};
}

int queue_fd(const struct queue *queue)
{
	return mnl_socket_get_fd(queue->socket);
}

void queue_counters(const struct queue *queue, struct queue_counters *counters)
{
	*counters = queue->counters;
}
