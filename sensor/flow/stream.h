/*
 * flow/stream - put the segments of one TCP flow in order, per side.
 *
 * First data wins; a second, different version of the same bytes is counted, and told
 * where the other end may have taken either.
 * Segments ahead of a hole wait in a bounded pool; a hole that the peer has
 * acknowledged, or that too much waits behind, is a gap in the capture.
 */
#pragma once

#include "base/pool.h"
#include "base/text.h"
#include "flow/flow.h"

/* A power of two: a waiting slot is a part of the sequence numbers (flow/waiting). */
#define SEGMENT_DATA_BYTES 2048

/*
 * No more slots than this hold what waits behind holes, per side: then the hole is given
 * up, or, while the other end says that it has the same hole, what is furthest behind it.
 * 64 KiB: more than a window that was not scaled.
 */
#define STREAM_SEGMENTS_MAX 32

/* So many segments behind a hole that nobody acknowledges: the capture lost it. */
#define STREAM_KEPT_MAX 64

/* So many given up for one hole: whoever acknowledges may be seen no more. */
#define STREAM_REFUSED_MAX 1024

/* So many acknowledgements in front of a hole: it is the receiver's own, not the capture's. */
#define STREAM_ACKS_BEHIND 8

/* Segments of a side that wait for the word of the other end. */
#define STREAM_ASIDE_MAX 4

/* So many acknowledgements with few hops left: its side's packets come from afar. */
#define STREAM_WORDS_AFAR_MAX 8

/* A hole that the peer acknowledged is given up once this many segments came behind it. */
#define STREAM_SEGMENTS_ACKED 4

/* So many first bytes of a side are summed, however long its segments are. */
#define STREAM_SUMMED_FIRST_BYTES (16 << 10)

#define STREAM_HISTORY    4
#define STREAM_HEAD_BYTES 42 /* a piece has no padding */

/* How far a is ahead of b: sequence numbers wrap (RFC 9293 section 3.4). */
static inline int32_t sequence_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

struct segment {
	uint32_t next; /* slot of the following one, or POOL_NONE */
	uint32_t sequence;
	uint32_t len;
	uint8_t doubt;       /* enum flow_doubt; of one that is set aside */
	uint8_t ttl;         /* the same */
	uint8_t holder;      /* whose share of the pool it is of */
	bool is_passed_over; /* set aside, and something else was acknowledged since */
	/* of a waiting one, a bit per byte that is there; .len is of one set aside */
	uint64_t there[SEGMENT_DATA_BYTES / 64];
	uint8_t bytes[SEGMENT_DATA_BYTES];
};

struct stream_piece { /* delivered lately, to tell a changed copy */
	uint32_t sequence;
	uint32_t sum; /* 0: none was made */
	uint16_t len;
	uint8_t head[STREAM_HEAD_BYTES];
};

struct stream_side {
	uint32_t next_sequence; /* of the next byte to deliver */
	uint32_t fin_sequence;
	uint32_t first_segment;  /* waiting, sorted by sequence */
	uint32_t stray_sequence; /* of the last segment far outside */
	uint32_t acknowledged;   /* by the other side, where is_acknowledged */
	uint32_t first_aside;    /* set aside, as they came */
	/* furthest that the other side gave leave for, where has_window */
	uint32_t window_end;
	uint32_t timestamp;       /* the newest, where has_timestamp */
	uint32_t urgent_sequence; /* of the byte out of line, where has_urgent */
	uint16_t refused;         /* given up behind the hole at hand */
	uint16_t segment_count;   /* slots of those that wait */
	uint16_t kept;            /* segments that came to wait since nothing did */
	uint8_t acks_behind;      /* by the other side, of what is in front of it */
	uint8_t aside_count;
	bool has_urgent;
	bool has_window;
	bool has_timestamp;
	bool is_signed;     /* its signed segments arrive */
	bool is_aside_full; /* no room: until they are gone all is read, doubted or not */
	bool is_synchronised;
	bool has_fin;
	bool has_doubted_fin; /* that may never have arrived */
	bool is_acknowledged;
	uint8_t strays; /* segments far outside in a row, near each other */
	uint8_t history_at;
	uint8_t history_count;
};

struct stream_opening { /* what a handshake tells, as in struct flow */
	uint32_t answer_sequence;
	uint8_t ttl[2];
	uint8_t scales;
	uint8_t sums; /* .sound, and .carded above it */
};

/* What each packet asks for comes first and lies together. */

struct stream {
	struct stream_side sides[2];
	uint8_t resets : 2; /* bit per side: its RST likely ended the flow */
	/* another connection's on the same ports, perhaps (flow/other) */
	bool has_syn : 1;
	uint8_t syn_side : 1;
	bool is_syn_late : 1;    /* behind silence or both FINs: it needs no answer */
	bool has_syn_answer : 1; /* not beside .resets or .has_former */
	bool is_answer_told : 1; /* this connection went on all the same */
	bool has_former : 1;     /* one was left for this one; not beside .resets */
	uint8_t former_client : 1;
	uint8_t former_confidence : 2;
	bool is_former_whole : 1; /* its handshake was seen */
	bool is_former_own : 1;   /* or the place that this one itself was left at */
	uint8_t words_afar[2];    /* of each side, with few hops left */
	uint32_t syn_sequence;
	union {
		uint32_t reset_sequence[2]; /* where .resets has the side */
		/* since .has_syn; the answer since .has_syn_answer */
		struct stream_opening opening;
		uint32_t former[2]; /* where each side of it goes on */
	};
	/* the last member: not cleared, a side's .history_count of them hold */
	struct stream_piece history[2][STREAM_HISTORY];
};

#define STREAM_HOLDERS 256

struct streams {
	struct pool segments;
	/* how many of them hold bytes of the addresses that hash there */
	uint32_t held[STREAM_HOLDERS];
	struct flow_counters *counters;
	const struct flow_handler *handler;
	uint64_t key; /* of the hash of an address */
	bool is_gate;
	/* the bytes of the packet at hand are refused by their receiver, or are a second version */
	bool is_odd;
};

void stream_init(struct stream *stream);

/* Sequence number of the first byte of side, from its SYN. */
void stream_synchronise(struct stream_side *side, uint32_t sequence);

/* The payload of one packet from side. Calls the handler; the flow may be unwatched afterwards. */
void stream_segment(struct streams *streams, struct stream *stream, struct flow *flow,
	unsigned side, const struct packet *packet);

/* The other side acknowledged up to here: what is missing below it was lost by the capture. */
void stream_acknowledged(struct streams *streams, struct stream *stream,
	struct flow *flow, unsigned side, uint32_t acknowledgement);

/* Deliver what waits, holes as gaps. */
void stream_flush(struct streams *streams, struct stream *stream, struct flow *flow);

/*
 * The other side acknowledged up to here: what of it was set aside was taken. To be called
 * before the bytes of the packet that says so.
 */
void stream_believe(struct streams *streams, struct stream *stream, struct flow *flow,
	unsigned side, uint32_t acknowledgement);

/*
 * Go on at sequence, which is far off: the capture missed a jump, or the one before it was
 * made up (flow/other). False when the handler had enough.
 */
bool stream_jump(struct streams *streams, struct stream *stream, struct flow *flow,
	unsigned side, uint32_t sequence);

/* Give waiting segments back undelivered. */
void stream_discard(struct streams *streams, struct stream *stream);

/* Give back what waits of one side, which is to be synchronised anew. */
void stream_lose(struct streams *streams, struct stream_side *side);

/* Everything up to FIN was delivered, and nothing behind it. */
static inline bool stream_is_complete(const struct stream_side *side)
{
	return side->has_fin && side->next_sequence == side->fin_sequence;
}

/* Bytes behind the FIN were delivered: its receiver never took it. */
static inline bool stream_is_fin_false(const struct stream_side *side)
{
	return side->has_fin &&
	       sequence_diff(side->next_sequence, side->fin_sequence) > 0;
}

/* RFC 9293 section 3.8.4: may carry one byte of garbage. Nothing in mail is a zero. */
bool stream_is_keep_alive(const struct packet *packet);

/* A segment further off than any window in use is not of this stream. */
bool stream_is_near(uint32_t sequence, uint32_t expected);
