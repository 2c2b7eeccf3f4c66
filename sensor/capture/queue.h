/*
 * capture/queue - packets that the kernel holds in one NFQUEUE, and their verdicts.
 *
 * In: a queue number. Out: batches of raw IP packets to a handler, each held by the
 * kernel until a verdict is given. Never blocks: wait on queue_fd, then dispatch.
 * Verdicts are collected and sent together; all are sent when queue_dispatch returns.
 *
 * Opening binds the queue and dispatching answers it: both need CAP_NET_ADMIN in the
 * process at hand, the kernel checks it per message. No file and no socket is opened
 * after queue_open. A process may take over the queue of one that died: queue_adopt.
 */
#pragma once

#include "base/reason.h"
#include "capture/frame.h"

#define QUEUE_PACKETS_AT_ONCE 16
#define QUEUE_LENGTH          UINT32_C(4096) /* used where settings say 0 */

struct queue_settings {
	uint16_t number;
	uint32_t source; /* frame.source of its packets */
	uint32_t length; /* packets waiting; more are passed unseen; 0: QUEUE_LENGTH */
	uint32_t receive_bytes; /* socket buffer; 0: 32 MiB */
	/* what nobody looks at is dropped instead of passing, also where the queue is full */
	bool is_fail_closed;
	bool is_gso_refused; /* have the kernel cut large packets first (slower) */
};

struct queue_packet {
	struct frame frame; /* link type raw IP; .is_checksum_unset where so */
	uint32_t id;        /* for the verdict */
	uint32_t mark;      /* as the packet came, 0 without */
};

enum queue_result {
	QUEUE_PACKETS = 0, /* some came; there may be more */
	QUEUE_IDLE,        /* none at hand: poll */
	QUEUE_GONE,        /* the socket is broken: open anew; why says */
};

struct queue_counters {
	uint64_t received;
	uint64_t received_ipv6; /* of those */
	uint64_t accepted;
	uint64_t dropped;        /* by our verdict, or by the rules for its mark */
	uint64_t lost;           /* never came: the socket buffer was full */
	uint64_t unreadable;     /* messages that were none, or a packet of no IP */
	uint64_t verdict_errors; /* verdicts that the kernel refused */
};

struct queue; /* opaque */

typedef void queue_handler(
	void *context, const struct queue_packet *packets, size_t count);

struct queue *queue_open(const struct queue_settings *settings, struct reason *why);
void queue_close(struct queue *queue);

/*
 * Let what waits go and close the socket at once: what comes to a queue that is closed
 * with packets in it is dropped by the kernel. Only the counters may be asked then.
 */
void queue_leave(struct queue *queue);

/*
 * Another process with the same socket was at work before: with the first packet that
 * comes, what that one read and left unanswered is let go, and losses count from there.
 */
void queue_adopt(struct queue *queue);

/* The descriptor to poll for POLLIN. */
int queue_fd(const struct queue *queue);

/*
 * Give what is at hand to the handler, a bounded number of packets, and return. Packets
 * are borrowed for the call; their ids hold until a verdict is given, also later.
 */
enum queue_result queue_dispatch(
	struct queue *queue, queue_handler *handler, void *context, struct reason *why);

/* The verdicts; mark 0 leaves the packet's mark as it is. */
void queue_accept(struct queue *queue, uint32_t id, uint32_t mark);
void queue_drop(struct queue *queue, uint32_t id);

/* Through the rule's chain once more, with this mark: what becomes of it is up to the rules. */
void queue_repeat(struct queue *queue, uint32_t id, uint32_t mark);

/*
 * Verdicts for a run of ids go out as one message; while packets before them are held
 * back on purpose they must not, or those would be answered too.
 */
void queue_hold(struct queue *queue, bool is_holding);

/* Send the verdicts collected outside of queue_dispatch. */
void queue_flush(struct queue *queue);

/* A packet that nobody looked at: it passes, or where the queue is fail-closed it does not. */
void queue_let_go(struct queue *queue, uint32_t id);

/* All that waits: for whoever stands in for a worker. Returns how many. */
size_t queue_let_waiting_go(struct queue *queue);

void queue_counters(const struct queue *queue, struct queue_counters *counters);

/* What the kernel counts, from one line set of /proc/net/netfilter/nfnetlink_queue. */
struct queue_kernel_counters {
	int64_t port; /* of the netlink socket that has it: mostly its process's id */
	uint64_t waiting;
	/* no room in the queue (fail-open passes are not counted) */
	uint64_t dropped_full;
	uint64_t dropped_socket; /* no room in the socket buffer */
	uint64_t sequence;       /* id of the latest packet */
};

/* False when text (the file's content) has no such queue. Pure. */
bool queue_kernel_counters_read(
	const char *text, uint16_t number, struct queue_kernel_counters *counters);
