/*
 * flow/flow - TCP conversations and their bytes in order.
 *
 * In: struct packet with the frame's time. Out, to the handler: bytes of each side
 * in order, gaps, and the end of each flow. Knows no protocol. All memory is taken
 * at start; a full table gives up half-open flows first, then the flow idle longest.
 * RFC 9293.
 */
#pragma once

#include "base/age_list.h"
#include "base/direction.h"
#include "base/hash.h"
#include "base/reason.h"
#include "base/text.h"
#include "decode/packet.h"
#include "flow/ambiguity.h"

#include <stddef.h>

enum flow_state {
	FLOW_STATE_SYN = 0, /* a SYN, no answer to it yet */
	FLOW_STATE_SYN_ACK, /* answered, no data and no acknowledgement of it yet */
	FLOW_STATE_OPEN,
	FLOW_STATE_CLOSED, /* both sides sent FIN */
	FLOW_STATE_RESET,
	FLOW_STATE_COUNT
};

enum flow_end {
	FLOW_END_CLOSED = 0, /* FIN both ways */
	FLOW_END_RESET,
	FLOW_END_REUSED,  /* a new connection on the same ports */
	FLOW_END_IDLE,    /* timed out */
	FLOW_END_EVICTED, /* the table was full */
	FLOW_END_DRAINED, /* end of input */
};

/* The order is the order of eviction. */
enum flow_list {
	FLOW_LIST_DONE = 0,  /* closed or reset, kept to absorb late packets */
	FLOW_LIST_HALF_OPEN, /* no data, no whole handshake: compact, without stream */
	FLOW_LIST_DECIDED,   /* counted only; or opened, and no data yet */
	FLOW_LIST_RESTING,   /* counted only, until its client goes on */
	FLOW_LIST_ENDING,    /* bytes are looked at, but likely no more will come */
	FLOW_LIST_UNPROVEN, /* bytes are looked at, of one side only, and no handshake was seen */
	FLOW_LIST_ONE_SIDED, /* bytes are looked at, and only one side sent any */
	FLOW_LIST_WATCHED,   /* bytes of both sides are looked at */
	FLOW_LIST_COUNT
};

/* 128 bytes; sides 0 and 1 are the endpoints in the order of their bytes, not roles. */
struct flow {
	struct address address[2];
	uint16_t port[2];
	uint32_t hash;
	uint32_t next_in_bucket;
	struct age_link age; /* of its list */
	uint32_t stream;     /* slot of struct stream, or POOL_NONE when not watched */
	uint32_t packets[2];
	uint64_t bytes[2]; /* payload as the headers say */
	uint64_t start_us;
	uint64_t last_us;
	uint64_t listed_us; /* when it was put at the end of its list */
	/*
	 * of the first data byte, where syns has the side; while the flow rests, or once
	 * it has ended, where stands has it, of what that side sends if it goes on
	 */
	uint32_t initial_sequence[2];
	/* the packets': 0 on the wire, else the tunnel's; part of the flow's identity */
	uint32_t way;
	/* of the first packet; no part of it (decode/tunnel) */
	uint16_t vlan[PACKET_VLANS_MAX];
	uint8_t state : 4; /* enum flow_state */
	uint8_t list : 4;  /* enum flow_list */
	/* by which each side's window is shifted, 4 bits each; 15: not known */
	uint8_t scales;
	uint8_t client : 1; /* side that opened the conversation */
	/* bit per side: its checksums are left to its network card (see sound) */
	uint8_t carded : 2;
	bool is_reported : 1;      /* the handler was told of the end */
	bool is_midstream : 1;     /* no handshake was seen */
	bool is_muted : 1;         /* its bytes are delivered no more */
	bool is_packet_wanted : 1; /* of the layer above: it looks at packets, too */
	uint8_t vlan_count : 2;
	uint8_t confidence : 2; /* enum direction_confidence in who is the client */
	/* bit per side: its FIN was taken */
	uint8_t fins : 2;
	/* its SYN was seen, or told by the answer */
	uint8_t syns : 2;
	/* its RST or FIN ended the flow */
	uint8_t stands : 2;
	/* its checksums were right, and no wrong one was taken since */
	uint8_t sound : 2;
	/* by a RST whose number nobody could tell, where packets wait for our word */
	bool is_end_doubted : 1;
	bool is_shunted : 1; /* of the layer above: packets of it are counted elsewhere */
	/* bit per side, of the layer above: all its packets left by where they came in */
	uint8_t returned : 2;
	/* of each side, the lowest with which its packets arrive; 0: not known */
	uint8_t ttl[2];
	uint8_t action; /* of the layer above, what is done with it; 0 at first */
};

_Static_assert(sizeof(struct flow) <= 128, "a flow is two cache lines");

/* What the layer above does; all but opened may release the flow. */
struct flow_handler {
	void *context;
	/*
	 * First payload of a flow, or the first behind a rest, where flow->bytes are not 0:
	 * its area, not cleared, lives until release, rest or end. False: not wanted, only
	 * count it.
	 */
	bool (*opened)(void *context, struct flow *flow, uint64_t now_us);
	void (*bytes)(
		void *context, struct flow *flow, unsigned side, struct text bytes);
	void (*gap)(void *context, struct flow *flow, unsigned side, uint64_t missing);
	/* What its ends may have read in two ways. Releases nothing. */
	void (*ambiguous)(void *context, struct flow *flow,
		const struct flow_ambiguity *ambiguity);
	/* Of a flow that is shunted: have added to it what was counted elsewhere. */
	void (*counted)(void *context, struct flow *flow);
	/* Every flow's end, once; flow_area(flow) still holds. */
	void (*ended)(void *context, struct flow *flow, enum flow_end end);
};

struct flow_settings {
	uint32_t flows;    /* entries; 128 bytes each, touched when used */
	uint32_t watched;  /* flows whose bytes are looked at at once */
	uint32_t segments; /* out-of-order segments kept, 2.3 KiB each */
	size_t area_bytes; /* of the handler, per watched flow */
	/* Packets wait for our word: none is set aside only because it came over fewer hops. */
	bool is_gate;
	struct hash_seed seed;
};

struct flow_counters {
	uint64_t opened;
	uint64_t ended[6]; /* by enum flow_end */
	uint64_t midstream;
	uint64_t retransmitted;        /* segments that held nothing new */
	uint64_t overlaps_conflicting; /* two versions of the same bytes */
	uint64_t out_of_order;
	uint64_t out_of_window;
	uint64_t gaps;
	uint64_t gap_bytes;
	uint64_t segments_refused; /* no room to keep one out of order */
	uint64_t set_aside;        /* until the other end tells whether it took them */
	uint64_t not_taken;        /* of these: it took another version, or none */
	uint64_t ambiguous;        /* told to the handler */
	uint64_t unwatched; /* no room to look at a flow's bytes, or at more of them */
	uint64_t sums[3];   /* of openings, by enum checksum_result */
};

struct flow_table; /* opaque */

/* What a table takes once all its flows are there, and as many watched as may be. */
uint64_t flow_table_bytes(const struct flow_settings *settings);

struct flow_table *flow_table_new(const struct flow_settings *settings,
	const struct flow_handler *handler, struct reason *why);
void flow_table_free(struct flow_table *table);

/* Where a packet's flow is looked for. */
struct flow_key {
	uint32_t hash;
	uint8_t side; /* the sender's */
};

/* The key of a packet whose turn comes soon; has the table's memory for it fetched. */
struct flow_key flow_table_expect(
	const struct flow_table *table, const struct packet *packet);
/* Some time after that: have the flow's memory fetched, then that of its bytes. None changes anything. */
void flow_table_approach(const struct flow_table *table, struct flow_key key);
/* Returns the likely area, on its way as well but not there yet; NULL: none is looked at. */
const void *flow_table_approach_stream(
	const struct flow_table *table, struct flow_key key);

/* The packet's flow as it stands, or NULL; nothing is changed. */
const struct flow *flow_table_look(const struct flow_table *table,
	const struct packet *packet, struct flow_key key);

/*
 * This packet of it has bytes that were not given on before; of a flow that is watched, else
 * false. Nothing is changed.
 */
bool flow_table_brings_more(const struct flow_table *table, const struct flow *flow,
	const struct packet *packet, unsigned side);

/*
 * One TCP packet. Returns its flow, valid until the next call. now_us is one clock for all
 * packets (engine/timeline); where it leaps ahead by an hour no flow is idle for it yet.
 */
struct flow *flow_table_packet(
	struct flow_table *table, const struct packet *packet, uint64_t now_us);
/* The same of a packet whose key is known. */
struct flow *flow_table_keyed_packet(struct flow_table *table,
	const struct packet *packet, struct flow_key key, uint64_t now_us);

/*
 * Where packets wait for our word: no receiver would take the bytes of the packet that came
 * last (no ACK flag, a wrong checksum, a closed window), or they are a second version of
 * bytes that passed before. Equal bytes, probes and keep-alives are neither.
 */
bool flow_table_is_odd(const struct flow_table *table);

/* No packet at hand: end what was idle too long, a bounded number of flows. */
void flow_table_idle(struct flow_table *table, uint64_t now_us);

/* How many flows are in the table now. */
uint32_t flow_table_used(const struct flow_table *table);

/* End of input: end every flow, oldest first. */
void flow_table_drain(struct flow_table *table);

/* The handler's bytes of this flow; NULL when it is not watched. */
void *flow_area(const struct flow_table *table, const struct flow *flow);

/*
 * Of a flow that is watched: whose share of what is scarce it takes, its client's, or that
 * of all undeclared tunnels.
 */
uint8_t flow_holder(const struct flow_table *table, const struct flow *flow);

/* Look at this flow's bytes no more: its stream and area are given back. */
void flow_release(struct flow_table *table, struct flow *flow);

/*
 * All that was said is known: release it, until its client goes on; then it is opened again.
 * False: something of it waits, so it was not done.
 */
bool flow_rest(struct flow_table *table, struct flow *flow);

/* Keep the area, but deliver no more bytes. */
void flow_mute(struct flow_table *table, struct flow *flow);

/*
 * From here on this side's packets may not be seen: what comes next of it follows on
 * nothing. Of a flow that is looked at.
 */
void flow_lose(struct flow_table *table, struct flow *flow, unsigned side);

/* It was cut off by us: it ends as if reset, and its late packets are absorbed. */
void flow_cut(struct flow_table *table, struct flow *flow);

/* Where a side's bytes stand; not known of one that is not looked at. */
struct flow_numbers {
	bool is_known;
	uint32_t next;         /* behind all that came in order */
	uint32_t acknowledged; /* by the other end, the last time it said */
};

struct flow_numbers flow_numbers(
	const struct flow_table *table, const struct flow *flow, unsigned side);

/*
 * A side that would be heard said nothing: no byte of it came, and the other end acknowledged
 * none but its FIN. Of one whose start was not seen nobody knows what went before.
 */
bool flow_is_mute(
	const struct flow_table *table, const struct flow *flow, unsigned side);

/* The bytes tell who is the client (never overrules a handshake). */
void flow_set_client(struct flow *flow, unsigned side);

/*
 * Its packets, but SYN, FIN and RST, change nothing about it but its counters and the time
 * of the last one.
 */
bool flow_is_only_counted(const struct flow *flow);

static inline bool flow_is_looked_at(const struct flow *flow)
{
	return flow->list >= FLOW_LIST_ENDING;
}

static inline enum direction flow_direction(const struct flow *flow, unsigned side)
{
	return side == flow->client ? DIRECTION_TO_SERVER : DIRECTION_TO_CLIENT;
}

/* It may be looked at again. */
static inline bool flow_is_resting(const struct flow *flow)
{
	return flow->list == FLOW_LIST_RESTING;
}

const struct flow_counters *flow_table_counters(const struct flow_table *table);
const char *flow_state_name(const struct flow *flow);
