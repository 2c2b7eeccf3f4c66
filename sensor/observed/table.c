#include "observed/table.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_LEAST      16
#define SLOTS_PER           2
#define PREFIX_IPV4         15 /* bytes of a network, mapped: its /24 */
#define PREFIX_IPV6         8  /* its /64 */
#define HOLDERS_OF_ATTEMPTS 32 /* each has more of a full table than anybody else */

static bool take_memory(
	struct observed *observed, uint32_t capacity, struct reason *why)
{
	const struct hash_seed seed = observed->seed;
	observed->slot_count = capacity * SLOTS_PER;
	observed->slots = calloc(observed->slot_count, sizeof(*observed->slots));
	observed->ways = calloc(TABLE_WAYS, sizeof(*observed->ways));
	if (!observed->slots || !observed->ways) {
		return reason_set(why, "no memory for %u pairs", capacity);
	}
	return pool_init(&observed->entries, sizeof(struct observed_entry), capacity,
		       why) &&
	       pool_init(&observed->peers, sizeof(struct peers), TABLE_FOLDED, why) &&
	       shares_init(&observed->shares, capacity, why) &&
	       texts_init(&observed->names, TABLE_NAMES, seed, why) &&
	       texts_init(&observed->rows, TABLE_ROWS, seed, why);
}

struct observed *observed_new(
	uint32_t capacity, struct hash_seed seed, struct reason *why)
{
	struct observed *observed = calloc(1, sizeof(*observed));
	if (!observed) {
		(void)reason_set(why, "no memory for what was observed");
		return NULL;
	}
	observed->seed = seed;
	observed->way_count = 1;
	if (!take_memory(observed,
		    capacity > CAPACITY_LEAST ? capacity : CAPACITY_LEAST, why)) {
		observed_free(observed);
		return NULL;
	}
	return observed;
}

void observed_free(struct observed *observed)
{
	if (!observed) {
		return;
	}
	texts_destroy(&observed->rows);
	texts_destroy(&observed->names);
	shares_destroy(&observed->shares);
	pool_destroy(&observed->peers);
	pool_destroy(&observed->entries);
	free(observed->ways);
	free(observed->slots);
	free(observed);
}

static bool is_same_way(const struct way *a, const struct way *b)
{
	return a->depth == b->depth && a->tunnel.kind == b->tunnel.kind &&
	       a->tunnel.id == b->tunnel.id &&
	       address_equal(&a->tunnel.src, &b->tunnel.src) &&
	       address_equal(&a->tunnel.dst, &b->tunnel.dst);
}

/* Packets of both directions came by it: which was seen first tells nothing. */
static struct way without_direction(const struct way *way)
{
	struct way plain = {.tag = 1, .depth = way->depth};
	const struct tunnel *tunnel = &way->tunnel;
	const bool is_turned = memcmp(tunnel->src.bytes, tunnel->dst.bytes,
				       sizeof(tunnel->src.bytes)) > 0;
	if (way->depth > 0) {
		plain.tunnel.kind = tunnel->kind;
		plain.tunnel.id =
			tunnel_kind_has_common_id((enum tunnel_kind)tunnel->kind)
				? tunnel->id
				: 0;
		plain.tunnel.src = is_turned ? tunnel->dst : tunnel->src;
		plain.tunnel.dst = is_turned ? tunnel->src : tunnel->dst;
	}
	return plain;
}

uint16_t table_way(struct observed *observed, const struct way *way)
{
	if (way->tag == 0) {
		return 0;
	}
	struct way plain = without_direction(way);
	if (observed->way_count >= TABLE_WAYS - 1) {
		plain = (struct way){.tag = 1}; /* the last place is kept for it */
	}
	for (uint16_t i = 1; i < observed->way_count; i++) { /* TABLE_WAYS */
		if (is_same_way(&observed->ways[i], &plain)) {
			return i;
		}
	}
	observed->ways[observed->way_count] = plain;
	return observed->way_count++;
}

static uint32_t slot_of(const struct observed *observed, const struct observed_key *key)
{
	uint64_t words[sizeof(*key) / 8];
	memcpy(words, key, sizeof(words));
	const uint64_t hash =
		hash_words(&observed->seed, words, sizeof(words) / sizeof(words[0]));
	return (uint32_t)(hash % observed->slot_count);
}

static uint32_t next_slot(const struct observed *observed, uint32_t slot)
{
	return slot + 1 < observed->slot_count ? slot + 1 : 0;
}

/* Where it is, or would be; half of the slots are always free. */
static uint32_t find_slot(
	const struct observed *observed, const struct observed_key *key)
{
	uint32_t slot = slot_of(observed, key);
	while (observed->slots[slot] != 0) {
		const struct observed_entry *entry =
			table_at(observed, observed->slots[slot] - 1);
		if (memcmp(&entry->key, key, sizeof(*key)) == 0) {
			break;
		}
		slot = next_slot(observed, slot);
	}
	return slot;
}

const struct observed_entry *observed_find(
	const struct observed *observed, const struct observed_key *key)
{
	const uint32_t slot = find_slot(observed, key);
	return observed->slots[slot] != 0
		       ? table_at(observed, observed->slots[slot] - 1)
		       : NULL;
}

/* The gap that one leaves is closed: what stood behind it may belong in front. */
static void clear_slot(struct observed *observed, uint32_t gap)
{
	observed->slots[gap] = 0;
	for (uint32_t at = next_slot(observed, gap); observed->slots[at] != 0;
		at = next_slot(observed, at)) {
		const struct observed_entry *entry =
			table_at(observed, observed->slots[at] - 1);
		const uint32_t wanted = slot_of(observed, &entry->key);
		const bool is_between = gap <= at ? wanted > gap && wanted <= at
						  : wanted > gap || wanted <= at;
		if (!is_between) {
			observed->slots[gap] = observed->slots[at];
			observed->slots[at] = 0;
			gap = at;
		}
	}
}

static void give_up(struct observed *observed, uint32_t index)
{
	struct observed_entry *entry = table_at(observed, index);
	observed->totals.given_up_entries++;
	observed->totals.given_up_flows += entry->flows;
	observed->totals.entries--;
	clear_slot(observed, find_slot(observed, &entry->key));
	shares_give(&observed->shares, index);
	if (entry->peers > 0) {
		pool_give(&observed->peers, entry->peers - 1U);
	}
	pool_give(&observed->entries, index);
}

/*
 * Of the client's network, or of the server's where clients are folded. Who asks and gets no
 * answer may forge any address: attempts give way to each other alone.
 */
static uint8_t holder_of(
	const struct observed *observed, const struct observed_key *key)
{
	const bool is_attempt = key->protocol == PROTOCOL_ATTEMPT;
	const struct address *address =
		observed_is_folded(&key->client) ? &key->server : &key->client;
	uint64_t words[2] = {0};
	memcpy(words, address->bytes,
		address_is_ipv4(address) ? PREFIX_IPV4 : PREFIX_IPV6);
	const uint64_t hash = hash_words(&observed->seed, words, 2);
	return (uint8_t)(is_attempt ? hash % HOLDERS_OF_ATTEMPTS
				    : HOLDERS_OF_ATTEMPTS +
					      hash % (SHARES_HOLDERS -
							     HOLDERS_OF_ATTEMPTS));
}

static struct observed_entry *new_entry(
	struct observed *observed, const struct observed_key *key)
{
	if (observed->entries.used == observed->entries.capacity) {
		give_up(observed, shares_too_much(&observed->shares, 0));
	}
	const uint32_t index = pool_take(&observed->entries);
	struct observed_entry *entry = table_at(observed, index);
	*entry = (struct observed_entry){.key = *key};
	observed->slots[find_slot(observed, key)] = index + 1;
	shares_take(&observed->shares, index, holder_of(observed, key), index);
	observed->totals.entries++;
	return entry;
}

struct observed_entry *table_entry(
	struct observed *observed, const struct observed_key *key)
{
	const uint32_t slot = find_slot(observed, key);
	if (observed->slots[slot] == 0) {
		return new_entry(observed, key);
	}
	const uint32_t index = observed->slots[slot] - 1;
	const uint8_t holder = observed->shares.list[index].holder;
	shares_give(&observed->shares, index);
	shares_take(&observed->shares, index, holder, index);
	return table_at(observed, index);
}

struct peers *table_peers(
	const struct observed *observed, const struct observed_entry *entry)
{
	return entry->peers > 0 ? pool_at(&observed->peers, entry->peers - 1U) : NULL;
}

void table_count_peers(struct observed *observed, struct observed_entry *entry)
{
	const uint32_t index = pool_take(&observed->peers);
	if (index != POOL_NONE) {
		entry->peers = (uint16_t)(index + 1);
		*table_peers(observed, entry) = (struct peers){.registers = {0}};
	}
}

/* Who gives one up takes its place at once: there is no gap. */
struct observed_entry *table_next(const struct observed *observed, uint32_t *at)
{
	return *at < observed->entries.used ? table_at(observed, (*at)++) : NULL;
}

static void set_day(struct observed_entry *entry, uint64_t day, bool is_seen)
{
	const unsigned bit = (unsigned)(day % OBSERVED_DAYS);
	uint8_t *byte = &entry->days[bit / 8];
	const uint8_t mask = (uint8_t)(1U << bit % 8);
	*byte = (uint8_t)(is_seen ? *byte | mask : *byte & ~mask);
}

void table_mark_day(struct observed_entry *entry, uint64_t day)
{
	const uint64_t last = entry->last_us / TABLE_DAY_US;
	if (day + OBSERVED_DAYS <= last) {
		return; /* too long ago */
	}
	for (uint64_t gone = last + 1; gone <= day && gone <= last + OBSERVED_DAYS;
		gone++) {
		set_day(entry, gone, false);
	}
	set_day(entry, day, true);
}

unsigned observed_days(const struct observed_entry *entry)
{
	unsigned count = 0;
	for (size_t i = 0; i < sizeof(entry->days); i++) {
		count += (unsigned)__builtin_popcount(entry->days[i]);
	}
	return count;
}

bool observed_is_of_days(
	const struct observed_entry *entry, uint64_t first, uint64_t last)
{
	const uint64_t newest = entry->last_us / TABLE_DAY_US;
	const uint64_t oldest = newest < OBSERVED_DAYS ? 0 : newest - OBSERVED_DAYS + 1;
	const uint64_t end = last < newest ? last : newest;
	for (uint64_t day = first > oldest ? first : oldest; day <= end; day++) {
		const unsigned bit = (unsigned)(day % OBSERVED_DAYS);
		if ((entry->days[bit / 8] & 1U << bit % 8) != 0) {
			return true; /* else one of OBSERVED_DAYS more */
		}
	}
	return false;
}

bool table_sample(uint32_t sample[OBSERVED_SAMPLE], uint32_t identity)
{
	size_t at = 0;
	while (at < OBSERVED_SAMPLE && sample[at] != 0 && sample[at] < identity) {
		at++;
	}
	if (at == OBSERVED_SAMPLE || sample[at] == identity) {
		return at < OBSERVED_SAMPLE;
	}
	memmove(&sample[at + 1], &sample[at],
		(OBSERVED_SAMPLE - 1 - at) * sizeof(sample[0]));
	sample[at] = identity;
	return false;
}

static int compare_ways(const struct way *a, const struct way *b)
{
	const int kinds = (int)a->tunnel.kind - (int)b->tunnel.kind;
	const int src = memcmp(&a->tunnel.src, &b->tunnel.src, sizeof(struct address));
	const int dst = memcmp(&a->tunnel.dst, &b->tunnel.dst, sizeof(struct address));
	if (a->tag != b->tag || a->depth != b->depth) {
		return a->tag != b->tag ? (int)a->tag - (int)b->tag
					: (int)a->depth - (int)b->depth;
	}
	if (kinds != 0 || a->tunnel.id != b->tunnel.id) {
		return kinds != 0 ? kinds : a->tunnel.id > b->tunnel.id ? 1 : -1;
	}
	return src != 0 ? src : dst;
}

int table_compare(const void *a, const void *b, void *observed)
{
	const struct way *ways = ((const struct observed *)observed)->ways;
	const struct observed_key *one =
		&(*(const struct observed_entry *const *)a)->key;
	const struct observed_key *other =
		&(*(const struct observed_entry *const *)b)->key;
	const int server = memcmp(&one->server, &other->server, sizeof(one->server));
	const int client = memcmp(&one->client, &other->client, sizeof(one->client));
	if (server != 0) {
		return server;
	}
	if (one->port != other->port) {
		return (int)one->port - (int)other->port;
	}
	if (one->protocol != other->protocol) {
		return (int)one->protocol - (int)other->protocol;
	}
	if (one->tls != other->tls) {
		return (int)one->tls - (int)other->tls;
	}
	return client != 0 ? client : compare_ways(&ways[one->way], &ways[other->way]);
}

struct observed_list observed_sorted(const struct observed *observed)
{
	struct observed_list list = {.count = observed->totals.entries};
	list.entries = calloc(list.count + 1, sizeof(struct observed_entry *));
	if (list.entries) {
		uint32_t at = 0;
		for (size_t i = 0; i < list.count; i++) {
			list.entries[i] = table_next(observed, &at);
		}
		qsort_r(list.entries, list.count, sizeof(struct observed_entry *),
			table_compare, (void *)observed);
	}
	return list;
}

void observed_totals(const struct observed *observed, struct observed_totals *totals)
{
	*totals = observed->totals;
}

const char *observed_text(const struct observed *observed, uint32_t name)
{
	return texts_at(&observed->names, name);
}

const char *observed_row(const struct observed *observed, uint16_t row)
{
	return texts_at(&observed->rows, row);
}

const struct way *observed_way(const struct observed *observed, uint16_t way)
{
	return &observed->ways[way < observed->way_count ? way : 0];
}

uint32_t observed_peers(const struct observed *observed,
	const struct observed_entry *entry, struct peers_largest largest[PEERS_LARGEST])
{
	const struct peers *peers = table_peers(observed, entry);
	if (!peers) {
		memset(largest, 0, PEERS_LARGEST * sizeof(*largest));
		return 0;
	}
	peers_sort(peers, largest);
	return peers_estimate(peers);
}
