/*
 * dmarc/dmarc_table - a bounded number of entries, each found by the key it begins with.
 *
 * Strangers choose the keys: the hash is seeded. Memory is reserved at start and touched
 * as entries are added; none is ever taken out. Keys are compared whole, padding too.
 */
#pragma once

#include "base/hash.h"
#include "base/reason.h"

struct dmarc_table {
	uint8_t *entries; /* in the order in which they were added */
	uint32_t *slots;  /* the entry's place and 1; 0: free */
	size_t entry_bytes;
	size_t key_bytes; /* at its front, a multiple of 8 */
	uint32_t count;
	uint32_t most; /* a power of two */
	struct hash_seed seed;
};

/* False with a reason: no memory, or no random numbers. */
bool dmarc_table_start(struct dmarc_table *table, size_t entry_bytes, size_t key_bytes,
	uint32_t most, struct reason *why);
void dmarc_table_free(struct dmarc_table *table);

/* NULL: there is none. */
void *dmarc_table_find(const struct dmarc_table *table, const void *key);

/* Of a key that is not in it: an entry, zero but for the key. NULL: it is full. */
void *dmarc_table_add(struct dmarc_table *table, const void *key);

static inline void *dmarc_table_entry(const struct dmarc_table *table, uint32_t index)
{
	return table->entries + index * table->entry_bytes;
}

/* All entries, as qsort compares pointers to them; to be freed. NULL: no memory. */
const void **dmarc_table_sorted(const struct dmarc_table *table,
	int (*compare)(const void *left, const void *right));
