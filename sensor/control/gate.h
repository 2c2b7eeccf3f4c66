/*
 * control/gate - the packets of one NFQUEUE: through the engine, then on or not.
 *
 * Each packet gets exactly one verdict. A flow that is blocked is ended toward both
 * sides as its action says; one in which nothing more can be found is marked, so that
 * the rules of `mailwarden export --inline` keep its further packets out of the queue.
 * So is one of which nothing more will be blocked, but its packets are looked at on:
 * they go their way at once and copies of them come by NFLOG.
 * What is not decided passes, or is held for a bounded number of packets and time.
 * Whatever is in doubt passes, and so does what nobody looked at unless the queue is
 * fail-closed: the sensor is never the outage.
 */
#pragma once

#include "capture/inject.h"
#include "capture/nflog.h"
#include "capture/queue.h"
#include "engine/engine.h"
#include "status/bans.h"

/* Bits of packet and connection marks; the others are left alone. */
#define GATE_MARK_PASSED   UINT32_C(0x10000) /* flow needs be seen no more */
#define GATE_MARK_INJECTED UINT32_C(0x20000) /* packet of our own */
/*
 * We ended the connection: the rules drop the packet, keep the mark with the connection
 * and drop the rest of it, too. With GATE_MARK_TOLD they give copies of that, to be answered.
 */
#define GATE_MARK_ENDED      UINT32_C(0x80000)
#define GATE_MARK_TOLD       UINT32_C(0x100000)
#define GATE_MARK_ENDED_MASK (GATE_MARK_ENDED | GATE_MARK_TOLD)
/*
 * Bulk to a server that is silent: the rules let its client's packets by unseen, and take
 * the mark off again with the first packet of the server that says something.
 */
#define GATE_MARK_SILENT UINT32_C(0x1000000)
/*
 * The rules alone: opened while too many others were, and neither that nor its answer was
 * shown to us. Its first words are; where servers greet, its server's.
 */
#define GATE_MARK_OPENED UINT32_C(0x2000000)
/* The flow's packets are copied to a group: its number modulo so many is in the mark. */
#define GATE_MARK_COPIED        UINT32_C(0x40000)
#define GATE_MARK_GROUPS        16
#define GATE_LOG_GROUP(queue)   ((uint16_t)((queue) + 3725)) /* others use low ones */
#define GATE_MARK_GROUP(number) (((number) % GATE_MARK_GROUPS) << 20)
#define GATE_MARK_COPIED_MASK   (GATE_MARK_COPIED | GATE_MARK_GROUP(UINT32_C(15)))

struct gate_policy {
	uint32_t ban_s; /* a blocked sender stays out so long; 0: not at all */
	bool is_banning_declared; /* also senders that a row of the matrix speaks of */
	bool is_enforcing;        /* else nothing is ever blocked, bans included */
};

struct gate_settings {
	struct queue *queue;   /* borrowed, open */
	struct nflog *log;     /* the same; NULL: safe flows stay in the queue */
	uint32_t copied_mark;  /* of safe flows: GATE_MARK_COPIED and its group */
	uint32_t hold_packets; /* of undecided flows, held at once; 0: they pass */
	uint32_t hold_ms;      /* at most so long */
	struct bans *bans; /* shared by all gates; looked into also when ban_s is 0 */
	const struct gate_policy *policy; /* borrowed: may change between packets */
};

struct gate_counters {
	struct queue_counters queue;
	struct nflog_counters log;
	uint64_t passed_marked;
	uint64_t copied_marked;
	uint64_t silent_marked;
	uint64_t blocked_flows;
	uint64_t blocked_banned; /* connections refused for a ban */
	uint64_t injected;
	uint64_t inject_errors;
	/* packets of blocked flows: so many were answered in their second */
	uint64_t unanswered;
	uint64_t undecoded;  /* dropped, where we enforce */
	uint64_t kept_early; /* packets in front of their server's first word */
	uint64_t kept_odd;   /* that no receiver takes, or a second version of bytes */
	uint64_t held;       /* ever */
	uint64_t held_late;  /* let go undecided: time or room was up */
};

struct gate; /* opaque */

/*
 * Needs CAP_NET_RAW, and CAP_NET_ADMIN for the mark of what it sends, as dispatching
 * does for the verdicts.
 */
struct gate *gate_new(const struct gate_settings *settings, struct reason *why);
void gate_close(struct gate *gate);

/* Have the engine, which is made after the gate, tell it of each packet. */
void gate_attach(struct gate *gate, struct engine_outputs *outputs);

/* Give the engine what is at hand, a bounded number of packets. False: none, so wait. */
bool gate_dispatch(struct gate *gate, struct engine *engine);

/* Wait until a packet or a copy comes or a held one is due, at most so long. */
void gate_wait(const struct gate *gate, int timeout_ms);

/*
 * The end: what is held or waits is let go (queue_let_go), and others may have the queue; what the kernel
 * still has of copies goes through the engine.
 */
void gate_drain(struct gate *gate, struct engine *engine);

/* Whether a socket is broken: only a new gate helps. */
bool gate_is_gone(const struct gate *gate);

void gate_counters(const struct gate *gate, struct gate_counters *counters);
