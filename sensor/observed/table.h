/*
 * observed/table - what an observed matrix is made of. Private to observed/.
 */
#pragma once

#include "base/pool.h"
#include "base/shares.h"
#include "observed/observed.h"
#include "observed/texts.h"

#define TABLE_FOLDED 4096  /* entries of folded hosts that are counted */
#define TABLE_NAMES  16384 /* different names of hosts; more are left out */
#define TABLE_ROWS   8192  /* ids of rows; the same */
#define TABLE_WAYS   1024  /* tunnels; the others are one */

struct observed {
	struct hash_seed seed;
	struct pool entries;
	struct pool peers; /* of struct peers, number 1 in slot 0 */
	struct shares shares;
	uint32_t *slots; /* by hash: place of an entry and one, 0 free */
	uint32_t slot_count;
	struct texts names;
	struct texts rows;
	struct way *ways; /* [0]: on the wire */
	uint16_t way_count;
	struct observed_totals totals;
};

/* The number of a way; what there is no room for is one of which nothing is known. */
uint16_t table_way(struct observed *observed, const struct way *way);

/*
 * The entry of this key, made where there is none, perhaps in place of another; it was
 * used now. .flows is 0 in a new one. Never NULL.
 */
struct observed_entry *table_entry(
	struct observed *observed, const struct observed_key *key);

static inline struct observed_entry *table_at(
	const struct observed *observed, uint32_t index)
{
	return pool_at(&observed->entries, index);
}

/* Of an entry; NULL: nothing is folded in it, or it is not counted. */
struct peers *table_peers(
	const struct observed *observed, const struct observed_entry *entry);

/* The peers of a new entry with a folded end, if there is room. */
void table_count_peers(struct observed *observed, struct observed_entry *entry);

/* Every entry; in the order in which they came, where none was given up. */
struct observed_entry *table_next(const struct observed *observed, uint32_t *at);

/* The order of observed_sorted, for qsort_r: of two pointers to entries. */
int table_compare(const void *a, const void *b, void *observed);

/* A day (since 1970) of an entry whose last one is that of .last_us. */
void table_mark_day(struct observed_entry *entry, uint64_t day);
#define TABLE_DAY_US UINT64_C(86400000000)

/* One more of the smallest identities. True: it was in it. */
bool table_sample(uint32_t sample[OBSERVED_SAMPLE], uint32_t identity);

static inline uint32_t table_sum(uint32_t a, uint32_t b)
{
	return a < UINT32_MAX - b ? a + b : UINT32_MAX;
}
