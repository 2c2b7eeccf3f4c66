/*
 * capture/nflog - copies of packets that a firewall rule gives to one NFLOG group.
 *
 * In: a group number. Out: batches of raw IP packets to a handler. The packets themselves
 * have gone on: nothing waits for us, and nothing can be done about them. Never blocks:
 * wait on nflog_fd, then dispatch. The kernel gathers copies for at most 10 ms.
 *
 * No file and no socket is opened after nflog_open. A process may take over the group of
 * one that died: nflog_adopt.
 */
#pragma once

#include "base/reason.h"
#include "capture/frame.h"

#define NFLOG_FRAMES_AT_ONCE 16

struct nflog_settings {
	uint16_t group;
	uint32_t source;        /* frame.source of its packets */
	uint32_t receive_bytes; /* socket buffer; 0: 32 MiB */
	uint32_t ended_mark;    /* of packets that the rules drop: frame.is_ended */
};

enum nflog_result {
	NFLOG_FRAMES = 0, /* some came; there may be more */
	NFLOG_IDLE,       /* none at hand: poll */
	NFLOG_GONE,       /* the socket is broken: open anew; why says */
};

struct nflog_counters {
	uint64_t received;
	uint64_t received_ipv6; /* of those */
	uint64_t lost;          /* never came: the socket buffer was full */
	uint64_t unreadable;    /* messages that were none */
};

struct nflog; /* opaque */

/* At most NFLOG_FRAMES_AT_ONCE, borrowed for the call. */
typedef void nflog_handler(void *context, const struct frame *frames, size_t count);

struct nflog *nflog_open(const struct nflog_settings *settings, struct reason *why);
void nflog_close(struct nflog *log);

/* Another process read from the same socket before: losses count from the next copy on. */
void nflog_adopt(struct nflog *log);

/* The descriptor to poll for POLLIN. */
int nflog_fd(const struct nflog *log);

/* Give what is at hand to the handler, a bounded number of packets, and return. */
enum nflog_result nflog_dispatch(
	struct nflog *log, nflog_handler *handler, void *context, struct reason *why);

void nflog_counters(const struct nflog *log, struct nflog_counters *counters);
