#include "dmarc/dmarc_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SLOTS_PER_ENTRY 2
#define KEY_WORDS_MAX   128

bool dmarc_table_start(struct dmarc_table *table, size_t entry_bytes, size_t key_bytes,
	uint32_t most, struct reason *why)
{
	assert(key_bytes % sizeof(uint64_t) == 0 &&
		key_bytes <= KEY_WORDS_MAX * sizeof(uint64_t));
	*table = (struct dmarc_table){
		.entry_bytes = entry_bytes, .key_bytes = key_bytes, .most = most};
	if (getrandom(&table->seed, sizeof(table->seed), 0) != sizeof(table->seed)) {
		return reason_set(why, "no random numbers for the hash seed");
	}
	table->entries = calloc(most, entry_bytes);
	table->slots = calloc((size_t)most * SLOTS_PER_ENTRY, sizeof(table->slots[0]));
	if (!table->entries || !table->slots) {
		dmarc_table_free(table);
		return reason_set(why, "no memory for %u sources", most);
	}
	return true;
}

void dmarc_table_free(struct dmarc_table *table)
{
	free(table->entries);
	free(table->slots);
	table->entries = NULL;
	table->slots = NULL;
}

/* Half of the slots are free at least: it ends. */
static uint32_t *find_slot(const struct dmarc_table *table, const void *key)
{
	uint64_t words[KEY_WORDS_MAX];
	memcpy(words, key, table->key_bytes);
	const size_t mask = (size_t)table->most * SLOTS_PER_ENTRY - 1;
	size_t at =
		hash_words(&table->seed, words, table->key_bytes / sizeof(words[0]));
	for (;; at++) {
		uint32_t *slot = &table->slots[at & mask];
		if (*slot == 0 || memcmp(dmarc_table_entry(table, *slot - 1), key,
					  table->key_bytes) == 0) {
			return slot;
		}
	}
}

void *dmarc_table_find(const struct dmarc_table *table, const void *key)
{
	const uint32_t *slot = find_slot(table, key);
	return *slot != 0 ? dmarc_table_entry(table, *slot - 1) : NULL;
}

void *dmarc_table_add(struct dmarc_table *table, const void *key)
{
	uint32_t *slot = find_slot(table, key);
	if (table->count == table->most) {
		return NULL;
	}
	uint8_t *entry = dmarc_table_entry(table, table->count);
	*slot = ++table->count;
	memcpy(entry, key, table->key_bytes);
	return entry;
}

const void **dmarc_table_sorted(const struct dmarc_table *table,
	int (*compare)(const void *left, const void *right))
{
	/* not for nothing: NULL would be no memory */
	const void **list = calloc((size_t)table->count + 1, sizeof(*list));
	if (list) {
		for (uint32_t i = 0; i < table->count; i++) {
			list[i] = dmarc_table_entry(table, i);
		}
		qsort(list, table->count, sizeof(*list), compare);
	}
	return list;
}
