/*
 * flow/table - the flow table's inside: entries, buckets, lists. Private to flow/.
 *
 * An entry is on one list at a time; lists are in order of time and only lazily so:
 * an entry that was seen since it was listed is put back when it comes to the front.
 */
#pragma once

#include "base/pool.h"
#include "base/shares.h"
#include "flow/stream.h"

#define TABLE_KEYS 11

/* A flow silent this long may be replaced by a new SYN without any FIN (RFC 9293, TIME-WAIT is 2 MSL). */
#define TABLE_REUSE_AFTER_US 60000000ULL

/* From the end of one flow to the stream of the next on its ports (flow/other). */
struct flow_left {
	bool is_set;   /* the new one may be a third party's: this one is left for it */
	bool is_back;  /* the new one is who was left before */
	bool is_whole; /* its handshake was seen */
	uint8_t client; /* a side */
	uint8_t confidence;
	uint32_t next[2]; /* where each side goes on */
	uint64_t now_us;
	/* the new one, which may get no stream: then it is of no use */
	const struct flow *flow;
};

struct flow_table {
	struct pool flows;
	struct pool watched;  /* struct stream and the handler's area behind it */
	struct shares shares; /* of .watched */
	struct streams streams;
	uint32_t *buckets;
	uint32_t bucket_mask;
	size_t bucket_bytes;
	struct age_list lists[FLOW_LIST_COUNT];
	uint32_t expire_countdown; /* packets, with this one */
	/* up to here the oldest that ended are on their way into the cache */
	uint32_t fetched;
	uint64_t now_us;       /* of the packet at hand */
	struct flow_left left; /* the same */
	size_t area_bytes;
	uint64_t keys[TABLE_KEYS]; /* of the hash of two endpoints */
	struct flow_handler handler;
	struct flow_counters counters;
};

#define CACHE_LINE_BYTES 64
#define FLOW_LINES       2

#define PACKETS_BETWEEN_EXPIRIES 33
#define PACKETS_BETWEEN_FETCHES  4

static inline void table_prefetch(const void *memory, size_t lines)
{
	for (size_t i = 0; i < lines; i++) {
		__builtin_prefetch((const uint8_t *)memory + i * CACHE_LINE_BYTES, 1);
	}
}

_Static_assert(sizeof(struct flow) % 16 == 0, "base/pool pads slots to that");

static inline struct flow *table_flow(const struct flow_table *table, uint32_t index)
{
	return (struct flow *)(void *)table->flows.slots + index;
}

static inline uint32_t table_index(
	const struct flow_table *table, const struct flow *flow)
{
	return (uint32_t)(flow - (const struct flow *)(const void *)table->flows.slots);
}

/* Longer than limit_us. A time that is still to come, from a clock that was set, is now. */
static inline bool table_was_idle(
	const struct flow_table *table, const struct flow *flow, uint64_t limit_us)
{
	return flow->last_us < table->now_us &&
	       table->now_us - flow->last_us > limit_us;
}

struct stream *table_stream(const struct flow_table *table, const struct flow *flow);

/* The same; NULL where its bytes are not read. */
static inline struct stream *table_read_stream(
	const struct flow_table *table, const struct flow *flow)
{
	return flow->is_muted ? NULL : table_stream(table, flow);
}

/* Find the packet's flow or make one (evicting where needed). */
struct flow *table_find(
	struct flow_table *table, const struct packet *packet, struct flow_key key);

/* Put the flow on this list, as the newest, if it is on another one. */
void table_list(struct flow_table *table, struct flow *flow, enum flow_list list);

/* Put it behind the others of its list. */
void table_relist(struct flow_table *table, struct flow *flow);

/* Tell the handler of the end (once) and give stream and area back. */
void table_end(struct flow_table *table, struct flow *flow, enum flow_end end);

/* Do what table_end does, then forget the entry. */
void table_remove(struct flow_table *table, struct flow *flow, enum flow_end end);

/* Same ports, new connection: end the old one, start the entry over. */
void table_restart(
	struct flow_table *table, struct flow *flow, const struct packet *packet);

/* Give it a stream and an area and ask the handler. */
void table_watch(struct flow_table *table, struct flow *flow);

/* The steps of table_expire. */
void table_expire_step(struct flow_table *table);

/* End what was idle too long; cheap enough for every packet: most only count. */
static inline void table_expire(struct flow_table *table)
{
	table->expire_countdown--;
	if (table->expire_countdown % PACKETS_BETWEEN_FETCHES == 0) {
		table_expire_step(table);
	}
}

/* Where every entry is taken: remove one, of those least likely to be missed. */
void table_evict(struct flow_table *table);

/*
 * Who is to be watched no more where there is no room, or NULL. What likely ended and what
 * may be made up go first, the one idle longest; before a dialogue goes one of whoever has
 * far more than others are watched for.
 */
struct flow *table_watched_to_go(struct flow_table *table);
