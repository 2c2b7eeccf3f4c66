#include "decode/fragment.h"

#include "base/age_list.h"
#include "base/pool.h"
#include "base/text.h"
#include "decode/packet.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	UNIT_BYTES = 8, /* offsets count in these */
	UNITS_MAX = (FRAGMENT_PAYLOAD_BYTES_MAX + UNIT_BYTES - 1) / UNIT_BYTES,
	KEY_WORDS = 6,
	HOLDERS = 64, /* sources, those that hash alike together */
	HANDED_OUT_MAX = PACKET_TUNNELS_MAX + 1, /* one per IP header of a frame */
};

#define FRAGMENT_LIFE_US INT64_C(30000000)
#define LEN_UNKNOWN      UINT32_MAX

struct slot {
	uint64_t key[KEY_WORDS];
	uint64_t born_us;
	uint32_t chain_next; /* in its hash bucket */
	struct age_link age;
	uint32_t len;        /* of the payload, LEN_UNKNOWN until the last fragment */
	uint32_t reach;      /* end of the furthest bytes seen */
	uint32_t units_seen; /* bits set in .seen */
	uint32_t header_len; /* 0 until the first fragment */
	uint8_t next_header;
	uint8_t holder;
	uint8_t len_hops;    /* with which the last fragment came */
	uint8_t header_hops; /* the first one */
	uint8_t highest;     /* hops of all fragments */
	uint8_t lowest;
	bool has_two_versions;
	bool is_guessed;    /* and two of them came with as many hops left */
	bool is_handed_out; /* and stays: fragments from nearer may mend it */
	uint64_t seen[(UNITS_MAX + 63) / 64];
	/* The header ends, and the payload begins, at FRAGMENT_HEADER_BYTES_MAX. */
	uint8_t bytes[FRAGMENT_HEADER_BYTES_MAX + UNITS_MAX * UNIT_BYTES];
	uint8_t hops[UNITS_MAX]; /* of each unit that was seen */
};

struct fragments {
	struct pool slots;
	struct hash_seed seed;
	uint32_t *buckets;
	uint32_t bucket_mask;
	struct age_list ages;
	uint32_t handed_out[HANDED_OUT_MAX];
	uint32_t handed_out_count;
	uint32_t held[HOLDERS]; /* slots on the list of ages, by holder */
};

static struct slot *slot_at(const struct fragments *fragments, uint32_t index)
{
	return (struct slot *)pool_at(&fragments->slots, index);
}

static struct age_slots ages(const struct fragments *fragments)
{
	return (struct age_slots){fragments->slots.slots + offsetof(struct slot, age),
		fragments->slots.slot_bytes};
}

struct fragments *fragments_new(
	uint32_t datagrams, struct hash_seed seed, struct reason *why)
{
	uint32_t buckets = 1;
	while (buckets < datagrams && buckets < (1U << 30)) {
		buckets *= 2;
	}
	struct fragments *fragments = (struct fragments *)calloc(1, sizeof(*fragments));
	if (!fragments) {
		(void)reason_set(why, "out of memory");
		return NULL;
	}
	fragments->seed = seed;
	fragments->bucket_mask = buckets - 1;
	age_list_clear(&fragments->ages);
	fragments->buckets = (uint32_t *)malloc(buckets * sizeof(uint32_t));
	if (!fragments->buckets) {
		(void)reason_set(why, "out of memory");
		free(fragments);
		return NULL;
	}
	memset(fragments->buckets, 0xff, buckets * sizeof(uint32_t)); /* POOL_NONE */
	if (!pool_init(&fragments->slots, sizeof(struct slot), datagrams, why)) {
		free(fragments->buckets);
		free(fragments);
		return NULL;
	}
	return fragments;
}

void fragments_free(struct fragments *fragments)
{
	if (fragments) {
		pool_destroy(&fragments->slots);
		free(fragments->buckets);
		free(fragments);
	}
}

static uint32_t *bucket_of(struct fragments *fragments, const uint64_t *key)
{
	const uint64_t hash = hash_words(&fragments->seed, key, KEY_WORDS);
	return &fragments->buckets[hash & fragments->bucket_mask];
}

static void key_of(const struct fragment *fragment, uint64_t *key)
{
	memcpy(&key[0], fragment->src->bytes, 16);
	memcpy(&key[2], fragment->dst->bytes, 16);
	key[4] = (uint64_t)fragment->identification << 32 | fragment->network;
	key[5] = fragment->protocol;
}

/* Out of its bucket and off the list of ages; the slot itself stays taken. */
static void slot_unlink(struct fragments *fragments, uint32_t index)
{
	struct slot *slot = slot_at(fragments, index);
	uint32_t *link = bucket_of(fragments, slot->key);
	while (*link != index) {
		assert(*link != POOL_NONE);
		link = &slot_at(fragments, *link)->chain_next;
	}
	*link = slot->chain_next;
	fragments->held[slot->holder]--;
	age_list_remove(&fragments->ages, ages(fragments), &slot->age);
}

static bool slot_is_whole(const struct slot *slot)
{
	return slot->len != LEN_UNKNOWN && slot->header_len > 0 &&
	       slot->units_seen == (slot->len + UNIT_BYTES - 1) / UNIT_BYTES;
}

static void slot_evict(
	struct fragments *fragments, uint32_t index, struct decode_counters *counters)
{
	counters->fragments_evicted += !slot_is_whole(slot_at(fragments, index));
	slot_unlink(fragments, index);
	pool_give(&fragments->slots, index);
}

static uint8_t holder_of(
	const struct fragments *fragments, const struct address *address)
{
	uint64_t words[2];
	memcpy(words, address->bytes, sizeof(words));
	const uint64_t hash = hash_words(&fragments->seed, words, 2);
	return (uint8_t)(hash % HOLDERS);
}

/*
 * The oldest slot of whoever has most: who fills the table loses first. Only when it is
 * full; HOLDERS steps and as many as there are slots.
 */
static uint32_t slot_to_evict(const struct fragments *fragments)
{
	size_t heaviest = 0;
	for (size_t i = 1; i < HOLDERS; i++) {
		if (fragments->held[i] > fragments->held[heaviest]) {
			heaviest = i;
		}
	}
	uint32_t index = fragments->ages.oldest;
	while (index != AGE_LIST_NONE &&
		(slot_at(fragments, index)->holder != heaviest ||
			slot_at(fragments, index)->is_handed_out)) {
		index = slot_at(fragments, index)->age.newer;
	}
	return index;
}

/* A clock that was set back as far counts as well. */
static bool slot_is_expired(const struct slot *slot, uint64_t now_us)
{
	const int64_t age_us = (int64_t)(now_us - slot->born_us);
	return age_us > FRAGMENT_LIFE_US || age_us < -FRAGMENT_LIFE_US;
}

/* As many steps as there are slots: so is the next one. */
static void evict_expired(
	struct fragments *fragments, uint64_t now_us, struct decode_counters *counters)
{
	while (fragments->ages.oldest != AGE_LIST_NONE &&
		!slot_at(fragments, fragments->ages.oldest)->is_handed_out &&
		slot_is_expired(slot_at(fragments, fragments->ages.oldest), now_us)) {
		slot_evict(fragments, fragments->ages.oldest, counters);
	}
}

static uint32_t slot_find(struct fragments *fragments, const uint64_t *key)
{
	uint32_t index = *bucket_of(fragments, key);
	while (index != POOL_NONE && memcmp(slot_at(fragments, index)->key, key,
					     KEY_WORDS * sizeof(uint64_t)) != 0) {
		index = slot_at(fragments, index)->chain_next;
	}
	return index;
}

/* POOL_NONE only when every slot is handed out. */
static uint32_t slot_start(struct fragments *fragments, const uint64_t *key,
	uint8_t holder, uint64_t now_us, struct decode_counters *counters)
{
	uint32_t index = pool_take(&fragments->slots);
	const uint32_t given_up =
		index == POOL_NONE ? slot_to_evict(fragments) : AGE_LIST_NONE;
	if (given_up != AGE_LIST_NONE) {
		slot_evict(fragments, given_up, counters);
		index = pool_take(&fragments->slots);
	}
	if (index == POOL_NONE) {
		return POOL_NONE;
	}
	struct slot *slot = slot_at(fragments, index);
	memset(slot, 0, offsetof(struct slot, bytes));
	memcpy(slot->key, key, sizeof(slot->key));
	slot->born_us = now_us;
	slot->len = LEN_UNKNOWN;
	uint32_t *bucket = bucket_of(fragments, key);
	slot->chain_next = *bucket;
	*bucket = index;
	slot->holder = holder;
	fragments->held[slot->holder]++;
	age_list_append(&fragments->ages, ages(fragments), index);
	return index;
}

static bool unit_is_seen(const struct slot *slot, uint32_t unit)
{
	return slot->seen[unit / 64] >> (unit % 64) & 1;
}

/* The hops of the units from here on, the most of them; UNITS_MAX steps, and only where two ends differ. */
static uint8_t highest_behind(const struct slot *slot, uint32_t unit)
{
	uint8_t highest = 0;
	for (; unit * UNIT_BYTES < slot->reach; unit++) {
		if (unit_is_seen(slot, unit) && slot->hops[unit] > highest) {
			highest = slot->hops[unit];
		}
	}
	return highest;
}

/* The same steps, for the same reason. */
static void forget_behind(struct slot *slot, uint32_t end)
{
	for (uint32_t unit = (end + UNIT_BYTES - 1) / UNIT_BYTES;
		unit * UNIT_BYTES < slot->reach; unit++) {
		slot->units_seen -= unit_is_seen(slot, unit);
		slot->seen[unit / 64] &= ~(UINT64_C(1) << (unit % 64));
	}
	slot->reach = end;
}

/* One of so many hops left, then another one. */
static void note_versions(struct slot *slot, uint8_t first, uint8_t second)
{
	slot->has_two_versions = true;
	slot->is_guessed = slot->is_guessed || first == second;
}

/*
 * Where the end is. False when the ones before said otherwise and came from nearer, or
 * first: then this one is not looked at.
 */
static bool slot_fits(struct slot *slot, const struct fragment *fragment)
{
	const uint32_t end = fragment->offset + fragment->len;
	if (!fragment->is_more && slot->reach > end) {
		const uint8_t hops = highest_behind(slot, end / UNIT_BYTES);
		note_versions(slot, hops, fragment->hops);
		if (hops >= fragment->hops) {
			return false;
		}
		forget_behind(slot, end);
	}
	if (end > slot->len ||
		(!fragment->is_more && slot->len != LEN_UNKNOWN && slot->len != end)) {
		note_versions(slot, slot->len_hops, fragment->hops);
		if (slot->len_hops >= fragment->hops) {
			return false;
		}
		slot->len = LEN_UNKNOWN;
	}
	if (!fragment->is_more &&
		(slot->len == LEN_UNKNOWN || fragment->hops > slot->len_hops)) {
		slot->len = end;
		slot->len_hops = fragment->hops;
	}
	slot->reach = end > slot->reach ? end : slot->reach;
	return true;
}

/* True when it is news: the first bytes here, or other ones that came over fewer hops. */
static bool slot_put_unit(
	struct slot *slot, uint32_t unit, struct text bytes, uint8_t hops)
{
	uint8_t *place =
		slot->bytes + FRAGMENT_HEADER_BYTES_MAX + (size_t)unit * UNIT_BYTES;
	if (unit_is_seen(slot, unit) && memcmp(place, bytes.at, bytes.len) != 0) {
		note_versions(slot, slot->hops[unit], hops);
	}
	if (unit_is_seen(slot, unit) && slot->hops[unit] >= hops) {
		return false;
	}
	slot->units_seen += !unit_is_seen(slot, unit);
	slot->seen[unit / 64] |= UINT64_C(1) << (unit % 64);
	memcpy(place, bytes.at, bytes.len);
	slot->hops[unit] = hops;
	return true;
}

/* Of the first fragment: that which came over the fewest hops. */
static void slot_put_header(struct slot *slot, const struct fragment *fragment)
{
	if (fragment->offset > 0 ||
		(slot->header_len > 0 && slot->header_hops >= fragment->hops)) {
		return;
	}
	slot->header_hops = fragment->hops;
	slot->header_len = fragment->header_len;
	slot->next_header = fragment->next_header;
	memcpy(slot->bytes + FRAGMENT_HEADER_BYTES_MAX - fragment->header_len,
		fragment->header, fragment->header_len);
}

static bool slot_put(struct slot *slot, const struct fragment *fragment)
{
	bool is_news = false;
	for (uint32_t at = 0; at < fragment->len; at += UNIT_BYTES) {
		const uint32_t left = fragment->len - at;
		const struct text bytes = {
			fragment->bytes + at, left < UNIT_BYTES ? left : UNIT_BYTES};
		is_news |= slot_put_unit(slot, (fragment->offset + at) / UNIT_BYTES,
			bytes, fragment->hops);
	}
	slot_put_header(slot, fragment);
	return is_news;
}

static void slot_note_hops(struct slot *slot, uint8_t hops)
{
	slot->highest = hops > slot->highest ? hops : slot->highest;
	slot->lowest = slot->lowest == 0 || hops < slot->lowest ? hops : slot->lowest;
}

/* Of what the datagram is made of now. UNITS_MAX steps, where not all came over as many. */
static uint8_t lowest_hops(const struct slot *slot)
{
	uint8_t lowest = slot->header_hops;
	if (slot->lowest == slot->highest) {
		return lowest;
	}
	for (uint32_t unit = 0; unit * UNIT_BYTES < slot->len; unit++) {
		lowest = slot->hops[unit] < lowest ? slot->hops[unit] : lowest;
	}
	return lowest;
}

static enum decode_result slot_add(struct slot *slot, const struct fragment *fragment,
	struct decode_counters *counters)
{
	const bool was_one = !slot->has_two_versions;
	const bool was_whole = slot_is_whole(slot);
	slot_note_hops(slot, fragment->hops);
	const bool is_news = slot_fits(slot, fragment) && slot_put(slot, fragment);
	counters->fragments_overlapping += was_one && slot->has_two_versions;
	return slot_is_whole(slot) && (is_news || !was_whole) ? DECODE_OK
							      : DECODE_FRAGMENT;
}

/* A fragment that ends beyond 65535, has no bytes, or stops between two units. */
static bool fragment_is_sane(const struct fragment *fragment)
{
	return fragment->len > 0 && fragment->len <= FRAGMENT_PAYLOAD_BYTES_MAX &&
	       fragment->offset + fragment->len <= FRAGMENT_PAYLOAD_BYTES_MAX &&
	       fragment->offset % UNIT_BYTES == 0 &&
	       (!fragment->is_more || fragment->len % UNIT_BYTES == 0);
}

enum decode_result fragments_add(struct fragments *fragments,
	const struct fragment *fragment, uint64_t now_us,
	struct decode_counters *counters, struct datagram *datagram)
{
	if (!fragment_is_sane(fragment)) {
		return DECODE_MALFORMED;
	}
	uint64_t key[KEY_WORDS];
	key_of(fragment, key);
	evict_expired(fragments, now_us, counters);
	uint32_t index = slot_find(fragments, key);
	if (index == POOL_NONE) {
		index = slot_start(fragments, key,
			holder_of(fragments, fragment->holder), now_us, counters);
	}
	if (index == POOL_NONE || fragments->handed_out_count == HANDED_OUT_MAX) {
		return DECODE_TOO_DEEP;
	}
	struct slot *slot = slot_at(fragments, index);
	if (slot->is_handed_out) { /* this fragment is inside of it */
		return DECODE_TOO_DEEP;
	}
	const enum decode_result result = slot_add(slot, fragment, counters);
	if (result != DECODE_OK) {
		return result;
	}
	counters->fragments_reassembled++;
	*datagram = (struct datagram){
		.header = slot->bytes + FRAGMENT_HEADER_BYTES_MAX - slot->header_len,
		.header_len = slot->header_len,
		.payload_len = slot->len,
		.next_header = slot->next_header,
		.hops = lowest_hops(slot),
		.has_two_versions = slot->has_two_versions,
		.is_guessed = slot->is_guessed};
	slot->is_handed_out = datagram->hops < slot->highest;
	if (!slot->is_handed_out) {
		slot_unlink(fragments, index);
	}
	fragments->handed_out[fragments->handed_out_count++] = index;
	return DECODE_OK;
}

void fragments_release(struct fragments *fragments)
{
	while (fragments->handed_out_count > 0) {
		const uint32_t index =
			fragments->handed_out[--fragments->handed_out_count];
		struct slot *slot = slot_at(fragments, index);
		if (slot->is_handed_out) { /* it stays on the list of ages */
			slot->is_handed_out = false;
		} else {
			pool_give(&fragments->slots, index);
		}
	}
}
