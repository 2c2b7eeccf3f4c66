#include "flow/table.h"

#include "base/cold.h"
#include "flow/other.h"
#include "flow/segments.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_LINES 3 /* what is in front of the history */
#define AREA_LINES   5 /* what the handler reads first of its own */

struct stream *table_stream(const struct flow_table *table, const struct flow *flow)
{
	return flow->stream == POOL_NONE ? NULL
					 : pool_at(&table->watched, flow->stream);
}

static size_t stream_room(void)
{
	return (sizeof(struct stream) + 15) & ~(size_t)15;
}

void *flow_area(const struct flow_table *table, const struct flow *flow)
{
	struct stream *stream = table_stream(table, flow);
	return stream ? (uint8_t *)stream + stream_room() : NULL;
}

static struct age_slots ages(const struct flow_table *table)
{
	return (struct age_slots){
		table->flows.slots + offsetof(struct flow, age), sizeof(struct flow)};
}

static void unlist(struct flow_table *table, struct flow *flow)
{
	age_list_remove(&table->lists[flow->list], ages(table), &flow->age);
}

static void enlist(struct flow_table *table, struct flow *flow, enum flow_list list)
{
	flow->list = list & 15U;
	flow->listed_us = flow->last_us;
	age_list_append(&table->lists[list], ages(table), table_index(table, flow));
}

void table_list(struct flow_table *table, struct flow *flow, enum flow_list list)
{
	if (flow->list != (uint8_t)list) {
		unlist(table, flow);
		enlist(table, flow, list);
	}
}

void table_relist(struct flow_table *table, struct flow *flow)
{
	const enum flow_list list = (enum flow_list)flow->list;
	unlist(table, flow);
	enlist(table, flow, list);
}

static void give_stream(struct flow_table *table, struct flow *flow)
{
	struct stream *stream = table_stream(table, flow);
	if (stream) {
		stream_discard(&table->streams, stream);
		shares_give(&table->shares, flow->stream);
		pool_give(&table->watched, flow->stream);
		flow->stream = POOL_NONE;
		flow->is_packet_wanted = false;
	}
}

void flow_release(struct flow_table *table, struct flow *flow)
{
	give_stream(table, flow);
	if (flow_is_looked_at(flow)) {
		table_list(table, flow, FLOW_LIST_DECIDED);
	}
}

void flow_mute(struct flow_table *table, struct flow *flow)
{
	struct stream *stream = table_stream(table, flow);
	if (stream) {
		stream_discard(&table->streams, stream);
		flow->is_muted = true;
	}
}

/*
 * Nothing denied the RST: the flow ended by it, and whoever sent it may not go on. Nor the
 * FINs, of one that another was left for.
 */
static enum flow_end end_of_ending(struct flow *flow, const struct stream *stream)
{
	if (stream->resets == 0 && flow->fins == 3) {
		flow->state = FLOW_STATE_CLOSED;
		return FLOW_END_CLOSED;
	}
	for (unsigned side = 0; side < 2; side++) {
		if (stream->resets & 1U << side) {
			flow->initial_sequence[side] = stream->reset_sequence[side];
			flow->stands = (flow->stands | 1U << side) & 3U;
		}
	}
	flow->state = FLOW_STATE_RESET;
	return FLOW_END_RESET;
}

void table_end(struct flow_table *table, struct flow *flow, enum flow_end end)
{
	if (!flow->is_reported) {
		struct stream *stream = table_stream(table, flow);
		if (flow->list == FLOW_LIST_ENDING && end != FLOW_END_CLOSED) {
			end = end_of_ending(flow, stream);
		}
		if (stream) {
			stream_flush(&table->streams, stream, flow);
		}
		flow->is_reported = true;
		table->counters.ended[end]++;
		table->counters.unwatched +=
			end == FLOW_END_EVICTED && stream && !flow->is_muted;
		table->handler.ended(table->handler.context, flow, end);
	}
	give_stream(table, flow);
}

static void unhash(struct flow_table *table, const struct flow *flow)
{
	const uint32_t index = table_index(table, flow);
	uint32_t *link = &table->buckets[flow->hash & table->bucket_mask];
	while (*link != index) {
		assert(*link != POOL_NONE);
		link = &table_flow(table, *link)->next_in_bucket;
	}
	*link = flow->next_in_bucket;
}

void table_remove(struct flow_table *table, struct flow *flow, enum flow_end end)
{
	table_end(table, flow, end);
	unlist(table, flow);
	unhash(table, flow);
	pool_give(&table->flows, table_index(table, flow));
}

uint32_t flow_table_used(const struct flow_table *table)
{
	return table->flows.used;
}

/* An endpoint as words that compare as its bytes do. */
struct endpoint {
	uint64_t high;
	uint64_t low;
	uint16_t port;
};

static struct endpoint endpoint_of(const struct address *address, uint16_t port)
{
	uint64_t words[2];
	memcpy(words, address->bytes, sizeof(words));
	return (struct endpoint){be64toh(words[0]), be64toh(words[1]), port};
}

static bool is_in_order(const struct endpoint *a, const struct endpoint *b)
{
	if (a->high != b->high) {
		return a->high < b->high;
	}
	return a->low != b->low ? a->low < b->low : a->port <= b->port;
}

static void take_keys(struct flow_table *table, struct hash_seed seed)
{
	for (uint64_t i = 0; i < TABLE_KEYS; i++) {
		table->keys[i] = hash_words(&seed, &i, 1);
	}
}

/* One product for the two halves of a word. */
static uint64_t word_hash(const uint64_t keys[2], uint64_t word)
{
	return (keys[0] + (uint32_t)word) * (keys[1] + (word >> 32));
}

static struct flow_key hashed(uint64_t sum, bool is_first)
{
	return (struct flow_key){
		.hash = (uint32_t)(sum >> 32), .side = is_first ? 0 : 1};
}

/* Apart from the other, which needs few registers. */
static __attribute__((noinline)) struct flow_key key_of_ipv6(
	const uint64_t keys[TABLE_KEYS], const struct packet *packet)
{
	const struct endpoint src = endpoint_of(&packet->src, packet->src_port);
	const struct endpoint dst = endpoint_of(&packet->dst, packet->dst_port);
	const bool is_first = is_in_order(&src, &dst);
	const struct endpoint *first = is_first ? &src : &dst;
	const struct endpoint *second = is_first ? &dst : &src;
	const uint64_t ports = (uint32_t)first->port << 16 | second->port;
	return hashed(keys[0] + word_hash(keys + 1, first->high) +
			      word_hash(keys + 3, first->low) +
			      word_hash(keys + 5, second->high) +
			      word_hash(keys + 7, second->low) +
			      word_hash(keys + 9, (uint64_t)packet->way << 32 | ports),
		is_first);
}

/* Address and port of IPv4 in one word. */
static uint64_t short_end(const struct address *address, uint16_t port)
{
	uint32_t host = 0;
	memcpy(&host, address->bytes + 12, sizeof(host));
	return (uint64_t)be32toh(host) << 16 | port;
}

/*
 * Every packet pays for this one: add, multiply, shift (Lemire and Kaser, "Strongly
 * universal string hashing is fast", 2014, there Multilinear-HM). Two flows share a value
 * with a chance of about 2^-32 over the random keys, whatever addresses a sender chooses.
 * Sides are ordered by address, then port. The way in is part of the key, so that what a
 * tunnel carries never meets what is on the wire or in another tunnel.
 */
static HOT struct flow_key key_of(
	const struct flow_table *table, const struct packet *packet)
{
	const uint64_t *keys = table->keys;
	if (!address_is_ipv4(&packet->src) || !address_is_ipv4(&packet->dst)) {
		return key_of_ipv6(keys, packet);
	}
	const uint64_t src = short_end(&packet->src, packet->src_port);
	const uint64_t dst = short_end(&packet->dst, packet->dst_port);
	return hashed(keys[0] + word_hash(keys + 1, src < dst ? src : dst) +
			      word_hash(keys + 3, src < dst ? dst : src) +
			      keys[5] * packet->way,
		src <= dst);
}

struct flow_key flow_table_expect(
	const struct flow_table *table, const struct packet *packet)
{
	const struct flow_key key = key_of(table, packet);
	__builtin_prefetch(&table->buckets[key.hash & table->bucket_mask]);
	return key;
}

/* The first flow in the key's bucket: hardly ever another one. */
static const struct flow *likely_flow(
	const struct flow_table *table, struct flow_key key)
{
	const uint32_t index = table->buckets[key.hash & table->bucket_mask];
	return index == POOL_NONE ? NULL : table_flow(table, index);
}

void flow_table_approach(const struct flow_table *table, struct flow_key key)
{
	const struct flow *flow = likely_flow(table, key);
	if (flow) {
		table_prefetch(flow, FLOW_LINES);
	}
}

const void *flow_table_approach_stream(
	const struct flow_table *table, struct flow_key key)
{
	const struct flow *flow = likely_flow(table, key);
	const struct stream *stream =
		flow && !flow->is_muted ? table_stream(table, flow) : NULL;
	if (!stream) {
		return NULL;
	}
	const uint8_t *area = (const uint8_t *)stream + stream_room();
	table_prefetch(stream, STREAM_LINES);
	table_prefetch(area, AREA_LINES);
	return area;
}

static bool is_same(const struct flow *flow, const struct packet *packet, unsigned side)
{
	return flow->port[side] == packet->src_port &&
	       flow->port[!side] == packet->dst_port && flow->way == packet->way &&
	       address_equal(&flow->address[side], &packet->src) &&
	       address_equal(&flow->address[!side], &packet->dst);
}

/* Without a handshake: the lower well-known port serves, else who spoke first asks. */
static unsigned guess_client(const struct packet *packet, unsigned side)
{
	const uint16_t src = packet->src_port;
	const uint16_t dst = packet->dst_port;
	if (packet->tcp_flags & TCP_SYN) {
		return packet->tcp_flags & TCP_ACK ? !side : side;
	}
	return src < dst && src < 1024 ? !side : side;
}

static enum direction_confidence confidence_of(const struct packet *packet)
{
	if (packet->tcp_flags & TCP_SYN) {
		return packet->tcp_flags & TCP_ACK ? DIRECTION_CONFIDENCE_SYN_ACK
						   : DIRECTION_CONFIDENCE_SYN;
	}
	return DIRECTION_CONFIDENCE_PORT;
}

static enum flow_state state_of_first(const struct packet *packet)
{
	if (packet->tcp_flags & TCP_SYN) {
		return packet->tcp_flags & TCP_ACK ? FLOW_STATE_SYN_ACK
						   : FLOW_STATE_SYN;
	}
	return FLOW_STATE_OPEN;
}

/*
 * Everything about a new conversation except its place in bucket and list. What is told
 * first is kept apart from the bits, which are stored together and not read again here.
 */
static void begin_conversation(struct flow_table *table, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const unsigned client = guess_client(packet, side);
	const enum direction_confidence confidence = confidence_of(packet);
	const enum flow_state state = state_of_first(packet);
	const bool is_midstream = !(packet->tcp_flags & TCP_SYN);
	table->counters.opened++;
	table->counters.midstream += is_midstream;
	flow->stream = POOL_NONE;
	flow->packets[0] = flow->packets[1] = 0;
	flow->bytes[0] = flow->bytes[1] = 0;
	flow->start_us = flow->last_us = table->now_us;
	flow->vlan[0] = packet->vlan[0];
	flow->vlan[1] = packet->vlan[1];
	flow->state = state & 15U;
	flow->scales = UINT8_MAX;
	flow->client = client & 1U;
	flow->carded = 0;
	flow->is_reported = false;
	flow->is_midstream = is_midstream;
	flow->is_muted = false;
	flow->is_packet_wanted = false;
	flow->vlan_count = packet->vlan_count & 3U;
	flow->confidence = confidence & 3U;
	flow->fins = 0;
	flow->syns = 0;
	flow->stands = 0;
	flow->is_end_doubted = false;
	flow->is_shunted = false;
	flow->sound = 0;
	flow->ttl[0] = flow->ttl[1] = 0;
	flow->action = 0;
}

/* A bucket holds about one flow: their number is kept below that of buckets. */
static HOT struct flow *find(const struct flow_table *table,
	const struct packet *packet, struct flow_key key)
{
	uint32_t index = table->buckets[key.hash & table->bucket_mask];
	/* no sender knows the keys, so no more of a bucket's flows are his than chance gives */
	while (index != POOL_NONE) {
		struct flow *flow = table_flow(table, index);
		if (flow->hash == key.hash && is_same(flow, packet, key.side)) {
			return flow;
		}
		index = flow->next_in_bucket;
	}
	return NULL;
}

const struct flow *flow_table_look(const struct flow_table *table,
	const struct packet *packet, struct flow_key key)
{
	return find(table, packet, key);
}

bool flow_table_brings_more(const struct flow_table *table, const struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const struct stream *stream = table_stream(table, flow);
	const uint32_t end = packet->sequence + packet->payload_wire_len;
	return stream && (int32_t)(end - stream->sides[side].next_sequence) > 0;
}

struct flow *table_find(
	struct flow_table *table, const struct packet *packet, struct flow_key key)
{
	const unsigned side = key.side;
	struct flow *known = find(table, packet, key);
	if (known) {
		return known;
	}
	uint32_t *bucket = &table->buckets[key.hash & table->bucket_mask];
	if (table->flows.used == table->flows.capacity) {
		table_evict(table);
	}
	const uint32_t index = pool_take(&table->flows);
	assert(index != POOL_NONE);
	struct flow *flow = table_flow(table, index);
	flow->address[side] = packet->src;
	flow->address[!side] = packet->dst;
	flow->port[side] = packet->src_port;
	flow->port[!side] = packet->dst_port;
	flow->way = packet->way;
	flow->hash = key.hash;
	flow->next_in_bucket = *bucket;
	*bucket = index;
	begin_conversation(table, flow, packet, side);
	enlist(table, flow, FLOW_LIST_HALF_OPEN);
	return flow;
}

COLD void table_restart(
	struct flow_table *table, struct flow *flow, const struct packet *packet)
{
	table_end(table, flow, FLOW_END_REUSED);
	begin_conversation(table, flow, packet, key_of(table, packet).side);
	table_list(table, flow, FLOW_LIST_HALF_OPEN);
}

uint8_t flow_holder(const struct flow_table *table, const struct flow *flow)
{
	assert(flow->stream != POOL_NONE);
	return table->shares.list[flow->stream].holder;
}

static void hold_share(struct flow_table *table, const struct flow *flow)
{
	const uint8_t holder = segments_holder(&table->streams, flow, flow->client);
	shares_take(&table->shares, flow->stream, holder, table_index(table, flow));
}

void table_watch(struct flow_table *table, struct flow *flow)
{
	uint32_t slot = pool_take(&table->watched);
	if (slot == POOL_NONE) {
		struct flow *oldest = table_watched_to_go(table);
		if (oldest && oldest != flow) {
			table_end(table, oldest, FLOW_END_EVICTED);
			table_list(table, oldest,
				oldest->state == FLOW_STATE_RESET ? FLOW_LIST_DONE
								  : FLOW_LIST_DECIDED);
			slot = pool_take(&table->watched);
		}
	}
	table_list(table, flow, FLOW_LIST_DECIDED);
	if (slot == POOL_NONE) {
		table->counters.unwatched++;
		return;
	}
	flow->stream = slot;
	hold_share(table, flow);
	flow->is_muted = false;
	struct stream *stream = table_stream(table, flow);
	stream_init(stream);
	for (unsigned side = 0; side < 2; side++) {
		if (flow->syns & 1U << side) {
			stream_synchronise(
				&stream->sides[side], flow->initial_sequence[side]);
			stream->sides[side].acknowledged = flow->initial_sequence[side];
			stream->sides[side].is_acknowledged = flow->syns == 3;
		}
	}
	if (table->handler.opened(table->handler.context, flow, table->now_us)) {
		table_list(table, flow,
			flow->syns == 3 ? FLOW_LIST_ONE_SIDED : FLOW_LIST_UNPROVEN);
		if (table->left.flow == flow) {
			other_begin(table, flow);
		}
	} else {
		give_stream(table, flow);
	}
}

static uint32_t bucket_count(uint32_t flows)
{
	uint32_t count = 1024;
	while (count < flows && count < 1U << 30) {
		count *= 2;
	}
	return count;
}

/* All POOL_NONE; NULL without memory. */
static uint32_t *take_buckets(size_t bytes)
{
	uint32_t *buckets = (uint32_t *)pool_pages(bytes);
	if (buckets) {
		memset(buckets, 0xff, bytes);
	}
	return buckets;
}

uint64_t flow_table_bytes(const struct flow_settings *settings)
{
	const uint64_t watched = stream_room() + settings->area_bytes;
	return bucket_count(settings->flows) * sizeof(uint32_t) +
	       settings->flows * (uint64_t)sizeof(struct flow) +
	       settings->watched * watched +
	       settings->segments * (uint64_t)sizeof(struct segment);
}

struct flow_table *flow_table_new(const struct flow_settings *settings,
	const struct flow_handler *handler, struct reason *why)
{
	struct flow_table *table = calloc(1, sizeof(*table));
	if (!table) {
		(void)reason_set(why, "no memory for the flow table");
		return NULL;
	}
	const uint32_t buckets = bucket_count(settings->flows);
	table->bucket_mask = buckets - 1;
	table->bucket_bytes = buckets * sizeof(*table->buckets);
	table->buckets = take_buckets(table->bucket_bytes);
	table->expire_countdown = 1;
	table->fetched = AGE_LIST_NONE;
	table->area_bytes = settings->area_bytes;
	take_keys(table, settings->seed);
	table->handler = *handler;
	table->streams.handler = &table->handler;
	table->streams.counters = &table->counters;
	table->streams.key = table->keys[1];
	table->streams.is_gate = settings->is_gate;
	const bool is_ready =
		table->buckets &&
		pool_init(&table->flows, sizeof(struct flow), settings->flows, why) &&
		pool_init(&table->watched, stream_room() + settings->area_bytes,
			settings->watched, why) &&
		shares_init(&table->shares, settings->watched, why) &&
		pool_init(&table->streams.segments, sizeof(struct segment),
			settings->segments, why);
	if (!is_ready) {
		flow_table_free(table);
		return NULL;
	}
	for (int list = 0; list < FLOW_LIST_COUNT; list++) {
		age_list_clear(&table->lists[list]);
	}
	return table;
}

void flow_table_free(struct flow_table *table)
{
	if (table) {
		pool_destroy(&table->flows);
		pool_destroy(&table->watched);
		shares_destroy(&table->shares);
		pool_destroy(&table->streams.segments);
		pool_pages_free(table->buckets, table->bucket_bytes);
		free(table);
	}
}

const struct flow_counters *flow_table_counters(const struct flow_table *table)
{
	return &table->counters;
}
