#include "judge/fold.h"

#include "base/age_list.h"

#include <assert.h>
#include <stdlib.h>

#define NONE      UINT32_MAX
#define KEY_WORDS 8

struct entry {
	struct fold_key key;
	uint64_t reported_us;
	struct fold_count pending; /* folded since the last report */
	uint32_t next_in_bucket;
	struct age_link age; /* since the last occurrence */
};

struct fold {
	uint64_t window_us;
	struct hash_seed seed;
	uint32_t capacity;
	uint32_t used;
	uint32_t bucket_mask;
	struct age_list ages;
	uint32_t *buckets;
	struct entry *entries;
	bool has_evicted;
	struct fold_key evicted_key;
	struct fold_count evicted_count;
};

static uint32_t bucket_count_for(uint32_t capacity)
{
	uint32_t count = 16;
	while (count < capacity && count < UINT32_C(1) << 30) {
		count <<= 1;
	}
	return count;
}

struct fold *fold_new(uint64_t window_us, uint32_t capacity, struct hash_seed seed,
	struct reason *why)
{
	assert(capacity > 0 && capacity < NONE);
	const uint32_t bucket_count = bucket_count_for(capacity);
	struct fold *fold = calloc(1, sizeof(*fold));
	if (fold != NULL) {
		fold->entries = calloc(capacity, sizeof(*fold->entries));
		fold->buckets = calloc(bucket_count, sizeof(*fold->buckets));
	}
	if (fold == NULL || fold->entries == NULL || fold->buckets == NULL) {
		fold_free(fold);
		(void)reason_set(why, "no memory to fold %u findings", capacity);
		return NULL;
	}
	for (uint32_t i = 0; i < bucket_count; i++) {
		fold->buckets[i] = NONE;
	}
	fold->window_us = window_us;
	fold->seed = seed;
	fold->capacity = capacity;
	fold->bucket_mask = bucket_count - 1;
	age_list_clear(&fold->ages);
	return fold;
}

void fold_free(struct fold *fold)
{
	if (fold == NULL) {
		return;
	}
	free(fold->entries);
	free(fold->buckets);
	free(fold);
}

static uint32_t *bucket_of(const struct fold *fold, const struct fold_key *key)
{
	uint64_t words[KEY_WORDS];
	memcpy(&words[0], key->source.bytes, 16);
	memcpy(&words[2], key->destination.bytes, 16);
	words[4] = (uint64_t)(uintptr_t)key->from;
	words[5] = (uint64_t)(uintptr_t)key->to;
	words[6] = (uint64_t)(uintptr_t)key->row;
	words[7] = (uint64_t)key->way << 32 | (uint64_t)key->finding;
	const uint64_t hash = hash_words(&fold->seed, words, KEY_WORDS);
	return &fold->buckets[(uint32_t)hash & fold->bucket_mask];
}

static bool is_same_key(const struct fold_key *a, const struct fold_key *b)
{
	return a->finding == b->finding && a->way == b->way && a->row == b->row &&
	       a->from == b->from && a->to == b->to &&
	       address_equal(&a->source, &b->source) &&
	       address_equal(&a->destination, &b->destination);
}

static struct age_slots ages(const struct fold *fold)
{
	return (struct age_slots){&fold->entries[0].age, sizeof(*fold->entries)};
}

/* Take the entry idle longest out of the table; what it held is kept for fold_evicted. */
static uint32_t evict(struct fold *fold)
{
	const uint32_t index = fold->ages.oldest;
	struct entry *entry = &fold->entries[index];
	uint32_t *link = bucket_of(fold, &entry->key);
	while (*link != index) {
		link = &fold->entries[*link].next_in_bucket;
	}
	*link = entry->next_in_bucket;
	age_list_remove(&fold->ages, ages(fold), &entry->age);
	if (entry->pending.count > 0) {
		fold->has_evicted = true;
		fold->evicted_key = entry->key;
		fold->evicted_count = entry->pending;
	}
	return index;
}

static bool report_first(struct fold *fold, const struct fold_key *key, uint64_t now_us,
	struct fold_count *count)
{
	const uint32_t index = fold->used < fold->capacity ? fold->used++ : evict(fold);
	struct entry *entry = &fold->entries[index];
	uint32_t *bucket = bucket_of(fold, key);
	*entry = (struct entry){
		.key = *key, .reported_us = now_us, .next_in_bucket = *bucket};
	*bucket = index;
	age_list_append(&fold->ages, ages(fold), index);
	*count = (struct fold_count){.first_us = now_us, .last_us = now_us, .count = 1};
	return true;
}

bool fold_add(struct fold *fold, const struct fold_key *key, uint64_t now_us,
	struct fold_count *count)
{
	uint32_t index = *bucket_of(fold, key);
	while (index != NONE && !is_same_key(&fold->entries[index].key, key)) {
		index = fold->entries[index].next_in_bucket;
	}
	if (index == NONE) {
		return report_first(fold, key, now_us, count);
	}
	struct entry *entry = &fold->entries[index];
	entry->key.sample = key->sample;
	age_list_remove(&fold->ages, ages(fold), &entry->age);
	age_list_append(&fold->ages, ages(fold), index);
	if (key->grade > entry->key.grade) { /* those before it wait on */
		entry->key.grade = key->grade;
		*count = (struct fold_count){
			.first_us = now_us, .last_us = now_us, .count = 1};
		return true;
	}
	if (entry->pending.count == 0) {
		entry->pending.first_us = now_us;
	}
	entry->pending.last_us = now_us;
	if (entry->pending.count < UINT32_MAX) {
		entry->pending.count++;
	}
	*count = entry->pending;
	/* A clock that was set back by a window or more opens a new one, small steps do not. */
	const uint64_t apart_us = now_us < entry->reported_us
					  ? entry->reported_us - now_us
					  : now_us - entry->reported_us;
	if (apart_us < fold->window_us) {
		return false;
	}
	entry->reported_us = now_us;
	entry->pending = (struct fold_count){0};
	return true;
}

bool fold_evicted(struct fold *fold, struct fold_key *key, struct fold_count *count)
{
	if (!fold->has_evicted) {
		return false;
	}
	*key = fold->evicted_key;
	*count = fold->evicted_count;
	fold->has_evicted = false;
	return true;
}

void fold_drain(struct fold *fold, fold_visit *visit, void *context)
{
	for (uint32_t i = fold->ages.oldest; i != AGE_LIST_NONE;
		i = fold->entries[i].age.newer) {
		struct entry *entry = &fold->entries[i];
		if (entry->pending.count > 0) {
			visit(context, &entry->key, &entry->pending);
			entry->pending = (struct fold_count){0};
		}
	}
}

/* All keys: for when no packet waits. */
void fold_due(struct fold *fold, uint64_t now_us, fold_visit *visit, void *context)
{
	for (uint32_t i = fold->ages.oldest; i != AGE_LIST_NONE;
		i = fold->entries[i].age.newer) {
		struct entry *entry = &fold->entries[i];
		if (entry->pending.count > 0 &&
			now_us >= entry->reported_us + fold->window_us) {
			visit(context, &entry->key, &entry->pending);
			entry->pending = (struct fold_count){0};
			entry->reported_us = now_us;
		}
	}
}

void fold_clear(struct fold *fold)
{
	for (uint32_t i = 0; i <= fold->bucket_mask; i++) {
		fold->buckets[i] = NONE;
	}
	fold->used = 0;
	age_list_clear(&fold->ages);
	fold->has_evicted = false;
}
