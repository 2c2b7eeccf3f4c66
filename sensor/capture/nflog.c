#include "capture/nflog.h"

#include "base/clock.h"
#include "capture/netfilter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <stdio.h>
#include <stdlib.h>

#define DATAGRAMS_AT_ONCE 4
#define DATAGRAM_BYTES    (192U << 10) /* the kernel rounds 64 KiB and a header up */
#define ROUNDS_A_DISPATCH 2            /* packets that wait are more urgent */
#define GATHER_COPIES     16
#define GATHER_CS         1 /* hundredths of a second */
#define PACKET_MESSAGE    ((NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_PACKET)
#define CONFIG_MESSAGE    ((NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_CONFIG)

struct nflog {
	struct mnl_socket *socket;
	uint32_t source;
	uint32_t ended_mark;
	uint16_t group;
	bool is_started; /* its first copy came */
	uint32_t last_number;
	struct nflog_counters counters;
	struct netfilter_inbox inbox;
};

/* Those read at one go, and who wants them. */
struct batch {
	struct nflog *log;
	nflog_handler *handler;
	void *context;
	uint64_t now_us;
	size_t count;
	struct frame frames[NFLOG_FRAMES_AT_ONCE];
};

/* --- copies --- */

static int note_attribute(const struct nlattr *attribute, void *data)
{
	const struct nlattr **list = (const struct nlattr **)data;
	const uint16_t type = mnl_attr_get_type(attribute);
	const size_t len = mnl_attr_get_payload_len(attribute);
	const bool is_whole =
		(type != NFULA_TIMESTAMP ||
			len >= sizeof(struct nfulnl_msg_packet_timestamp)) &&
		((type != NFULA_SEQ && type != NFULA_MARK) || len >= sizeof(uint32_t));
	if (type <= NFULA_MAX && is_whole) {
		list[type] = attribute;
	}
	return MNL_CB_OK;
}

/* Numbers run without gaps: one that never came was lost on the way here. */
static void note_number(struct nflog *log, uint32_t number)
{
	if (log->is_started) {
		log->counters.lost += number - log->last_number - 1;
	}
	log->is_started = true;
	log->last_number = number;
	log->counters.received++;
}

static void give_batch(struct batch *batch)
{
	if (batch->count > 0) {
		batch->handler(batch->context, batch->frames, batch->count);
	}
	batch->count = 0;
}

/*
 * No word comes with a copy on whether its checksum was computed yet; conntrack, which
 * let it through to a rule about its connection, verified what came from outside.
 */
static void take_copy(struct batch *batch, const struct nlmsghdr *message)
{
	struct nflog *log = batch->log;
	const struct nlattr *attributes[NFULA_MAX + 1] = {NULL};
	const bool is_sound = mnl_attr_parse(message, sizeof(struct nfgenmsg),
				      note_attribute, (void *)attributes) == MNL_CB_OK;
	const struct nlattr *payload = attributes[NFULA_PAYLOAD];
	if (!is_sound || !payload || !attributes[NFULA_SEQ]) {
		log->counters.unreadable++;
		return;
	}
	const uint32_t len = mnl_attr_get_payload_len(payload);
	note_number(log, netfilter_u32(attributes[NFULA_SEQ]));
	log->counters.received_ipv6 +=
		netfilter_is_ipv6(mnl_attr_get_payload(payload), len);
	batch->frames[batch->count++] = (struct frame){
		.time_us = netfilter_time(attributes[NFULA_TIMESTAMP], batch->now_us),
		.bytes = mnl_attr_get_payload(payload),
		.captured_len = len,
		.wire_len = len,
		.source = log->source,
		.link_type = NETFILTER_RAW_IP,
		.is_checksum_unset = true,
		.is_ended =
			(netfilter_u32(attributes[NFULA_MARK]) & log->ended_mark) != 0,
	};
	if (batch->count == NFLOG_FRAMES_AT_ONCE) {
		give_batch(batch);
	}
}

/* One datagram holds several messages, and one that says so behind them. */
static void take_datagram(struct batch *batch, const uint8_t *bytes, size_t size)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)bytes;
	int left = (int)size;
	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		if (message->nlmsg_type == PACKET_MESSAGE) {
			take_copy(batch, message);
		} else if (message->nlmsg_type != NLMSG_DONE) {
			batch->log->counters.unreadable++;
		}
	}
	if (left > 0) {
		batch->log->counters.unreadable++;
	}
}

enum nflog_result nflog_dispatch(
	struct nflog *log, nflog_handler *handler, void *context, struct reason *why)
{
	struct batch batch = {.log = log, .handler = handler, .context = context};
	int round = 0;
	int count = DATAGRAMS_AT_ONCE;
	for (; round < ROUNDS_A_DISPATCH && count == DATAGRAMS_AT_ONCE; round++) {
		count = netfilter_receive(log->socket, &log->inbox);
		if (count < 0) {
			(void)reason_set(why, "log group %u: %m", log->group);
			return NFLOG_GONE;
		}
		batch.now_us = clock_realtime_us();
		for (int i = 0; i < count; i++) {
			take_datagram(&batch, log->inbox.parts[i].iov_base,
				log->inbox.messages[i].msg_len);
		}
		give_batch(&batch); /* the buffers are used again */
	}
	return count == 0 && round == 1 ? NFLOG_IDLE : NFLOG_FRAMES;
}

/* --- setting up --- */

/* Copies that come before its answer are not looked at. */
static bool request_send(const struct netfilter_request *request, struct nflog *log)
{
	return netfilter_request_send(request, log->socket, &log->inbox, NULL, NULL);
}

static bool configure(struct nflog *log, struct reason *why)
{
	const struct nfulnl_msg_config_cmd bind = {.command = NFULNL_CFG_CMD_BIND};
	const struct nfulnl_msg_config_mode mode = {
		.copy_range = htonl(NETFILTER_COPY_BYTES),
		.copy_mode = NFULNL_COPY_PACKET};
	struct netfilter_request request;
	netfilter_request_begin(&request, CONFIG_MESSAGE, log->group);
	mnl_attr_put(request.message, NFULA_CFG_CMD, sizeof(bind), &bind);
	if (!request_send(&request, log)) {
		return reason_set(why, "log group %u cannot be bound: %m%s", log->group,
			errno == EBUSY || errno == EPERM ? " (has another process it?)"
							 : "");
	}
	netfilter_request_begin(&request, CONFIG_MESSAGE, log->group);
	mnl_attr_put(request.message, NFULA_CFG_MODE, sizeof(mode), &mode);
	mnl_attr_put_u32(request.message, NFULA_CFG_QTHRESH, htonl(GATHER_COPIES));
	mnl_attr_put_u32(request.message, NFULA_CFG_TIMEOUT, htonl(GATHER_CS));
	mnl_attr_put_u16(request.message, NFULA_CFG_FLAGS, htons(NFULNL_CFG_F_SEQ));
	return request_send(&request, log) ||
	       reason_set(why, "log group %u gives no copies: %m", log->group);
}

static bool open_socket(
	struct nflog *log, const struct nflog_settings *settings, struct reason *why)
{
	char name[24];
	(void)snprintf(name, sizeof(name), "log group %u", log->group);
	log->socket = netfilter_open(settings->receive_bytes, name, why);
	return log->socket != NULL;
}

struct nflog *nflog_open(const struct nflog_settings *settings, struct reason *why)
{
	struct nflog *log = calloc(1, sizeof(*log));
	if (!log) {
		(void)reason_set(why, "no memory for a log group");
		return NULL;
	}
	log->group = settings->group;
	log->source = settings->source;
	log->ended_mark = settings->ended_mark;
	if (!netfilter_inbox_make(
		    &log->inbox, DATAGRAMS_AT_ONCE, DATAGRAM_BYTES, why) ||
		!open_socket(log, settings, why) || !configure(log, why)) {
		nflog_close(log);
		return NULL;
	}
	return log;
}

void nflog_close(struct nflog *log)
{
	if (!log) {
		return;
	}
	if (log->socket) {
		(void)mnl_socket_close(log->socket);
	}
	netfilter_inbox_free(&log->inbox);
	free(log);
}

void nflog_adopt(struct nflog *log)
{
	log->is_started = false;
	log->counters = (struct nflog_counters){0};
}

int nflog_fd(const struct nflog *log)
{
	return mnl_socket_get_fd(log->socket);
}

void nflog_counters(const struct nflog *log, struct nflog_counters *counters)
{
	*counters = log->counters;
}
