#include "judge/fold.h"

#include "base/age_list.h"

#include <assert.h>
#include <stdlib.h>

#define NONE        UINT32_MAX
#define KEY_WORDS   8
#define DUE_AT_ONCE 16 /* updates in one call */

enum { SHORT_WINDOW, LONG_WINDOW, WINDOWS };

struct entry {
	struct fold_key key; /* .sample: the slot of this entry */
	uint64_t reported_us;
	uint64_t told;     /* findings, FINDING_BIT of each */
	bool is_elsewhere; /* another fold had the newest, and tells the update */
	struct fold_count pending; /* folded since the last report */
	uint32_t hosts;
	uint8_t hosts_seen[FOLD_HOST_BITS / 8];
	struct address examples[FOLD_EXAMPLES];
	uint32_t next_in_bucket;
	struct age_link age; /* since the last occurrence */
	struct age_link due; /* while something is pending: since when */
};

struct fold {
	uint64_t windows_us[WINDOWS];
	struct hash_seed seed;
	uint32_t capacity;
	uint32_t used;
	uint32_t bucket_mask;
	struct age_list ages;
	struct age_list dues[WINDOWS];
	uint32_t *buckets;
	struct entry *entries;
	size_t sample_bytes;
	uint8_t *samples; /* capacity of them, and one of the key given up */
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

struct fold *fold_new(const struct fold_settings *settings, struct reason *why)
{
	const uint32_t capacity = settings->capacity;
	assert(capacity > 0 && capacity < NONE);
	const uint32_t bucket_count = bucket_count_for(capacity);
	struct fold *fold = calloc(1, sizeof(*fold));
	if (fold != NULL) {
		fold->entries = calloc(capacity, sizeof(*fold->entries));
		fold->buckets = calloc(bucket_count, sizeof(*fold->buckets));
		fold->samples = calloc(
			(size_t)capacity + 1, settings->sample_bytes + 1); /* never 0 */
	}
	if (fold == NULL || fold->entries == NULL || fold->buckets == NULL ||
		fold->samples == NULL) {
		fold_free(fold);
		(void)reason_set(why, "no memory to fold %u findings", capacity);
		return NULL;
	}
	fold->windows_us[SHORT_WINDOW] = settings->window_us;
	fold->windows_us[LONG_WINDOW] =
		settings->window_us > FOLD_DAY_US ? settings->window_us : FOLD_DAY_US;
	fold->sample_bytes = settings->sample_bytes;
	fold->seed = settings->seed;
	fold->capacity = capacity;
	fold->bucket_mask = bucket_count - 1;
	fold_clear(fold);
	return fold;
}

void fold_free(struct fold *fold)
{
	if (fold == NULL) {
		return;
	}
	free(fold->entries);
	free(fold->buckets);
	free(fold->samples);
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

static struct age_slots dues(const struct fold *fold)
{
	return (struct age_slots){&fold->entries[0].due, sizeof(*fold->entries)};
}

static unsigned window_of(const struct entry *entry)
{
	return entry->key.is_standing ? LONG_WINDOW : SHORT_WINDOW;
}

static bool is_pending(const struct entry *entry)
{
	return entry->pending.count > 0;
}

static void *sample_at(const struct fold *fold, uint32_t index)
{
	return fold->samples + (size_t)index * fold->sample_bytes;
}

/* Of the newest occurrence; capacity: the slot of the key given up. NULL: it was elsewhere. */
static void keep_sample(struct fold *fold, uint32_t index, const void *sample)
{
	if (fold->sample_bytes > 0 && sample != NULL) {
		memcpy(sample_at(fold, index), sample, fold->sample_bytes);
	}
}

/* Neighbours have numbers of their own, so that hosts of one /22 are told apart. */
static unsigned host_bit(const struct fold *fold, const struct address *host)
{
	uint64_t words[2];
	const unsigned low = (unsigned)host->bytes[14] << 8 | host->bytes[15];
	struct address upper = *host;
	upper.bytes[14] &= 0xfc;
	upper.bytes[15] = 0;
	memcpy(words, upper.bytes, sizeof(words));
	const uint64_t hash = hash_words(&fold->seed, words, 2);
	return (unsigned)((hash + low) % FOLD_HOST_BITS);
}

/* True: the key has more hosts by this one. */
static bool note_host(
	const struct fold *fold, struct entry *entry, const struct fold_key *key)
{
	if (!key->has_host) {
		return false;
	}
	const unsigned bit = host_bit(fold, &key->host);
	uint8_t *byte = &entry->hosts_seen[bit / 8];
	if (*byte & 1U << bit % 8) {
		return false;
	}
	*byte |= (uint8_t)(1U << bit % 8);
	entry->hosts++;
	memmove(&entry->examples[1], &entry->examples[0],
		sizeof(entry->examples) - sizeof(entry->examples[0]));
	entry->examples[0] = key->host;
	return true;
}

static void count_one(struct fold_count *count, uint64_t findings, uint64_t now_us)
{
	if (count->count == 0) {
		count->first_us = now_us;
	}
	count->last_us = now_us;
	if (count->count == UINT32_MAX) {
		return;
	}
	count->count++;
	for (; findings != 0; findings &= findings - 1) { /* FINDING_FLOW_COUNT steps */
		count->of[__builtin_ctzll(findings)]++;
	}
}

/* What the key has become, beside what is counted. */
static void say_hosts(const struct entry *entry, struct fold_count *count)
{
	count->hosts = entry->hosts;
	count->example_count =
		(uint8_t)(entry->hosts < FOLD_EXAMPLES ? entry->hosts : FOLD_EXAMPLES);
	memcpy(count->examples, entry->examples, sizeof(count->examples));
}

/* Take what is pending; false: nothing is, or another one tells of it. */
static bool take_pending(
	struct fold *fold, struct entry *entry, struct fold_count *count)
{
	if (!is_pending(entry)) {
		return false;
	}
	*count = entry->pending;
	count->is_repeat = true;
	say_hosts(entry, count);
	entry->pending = (struct fold_count){0};
	age_list_remove(&fold->dues[window_of(entry)], dues(fold), &entry->due);
	return !entry->is_elsewhere;
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
	if (take_pending(fold, entry, &fold->evicted_count)) {
		fold->has_evicted = true;
		fold->evicted_key = entry->key;
		keep_sample(fold, fold->capacity, entry->key.sample);
		fold->evicted_key.sample = sample_at(fold, fold->capacity);
	}
	return index;
}

static bool report_first(struct fold *fold, const struct fold_key *key, uint64_t now_us,
	bool is_elsewhere, struct fold_count *count)
{
	const uint32_t index = fold->used < fold->capacity ? fold->used++ : evict(fold);
	struct entry *entry = &fold->entries[index];
	uint32_t *bucket = bucket_of(fold, key);
	*entry = (struct entry){.key = *key,
		.reported_us = now_us,
		.told = key->findings,
		.is_elsewhere = is_elsewhere,
		.next_in_bucket = *bucket};
	*bucket = index;
	keep_sample(fold, index, key->sample);
	entry->key.sample = sample_at(fold, index);
	age_list_append(&fold->ages, ages(fold), index);
	count->is_grown = note_host(fold, entry, key);
	count_one(count, key->findings, now_us);
	say_hosts(entry, count);
	return true;
}

/* A clock that was set back by so much counts as well, small steps do not. */
static bool is_apart(uint64_t since_us, uint64_t now_us, uint64_t window_us)
{
	return (now_us < since_us ? since_us - now_us : now_us - since_us) >= window_us;
}

static bool is_worse(const struct entry *entry, const struct fold_key *key)
{
	return key->grade > entry->key.grade || (key->findings & ~entry->told) != 0;
}

static bool is_doubled(const struct entry *entry)
{
	return entry->hosts > 1 && (entry->hosts & (entry->hosts - 1)) == 0;
}

/* The newest of its key; the link to it stays. */
static void renew(struct fold *fold, uint32_t index, const struct fold_key *key)
{
	struct entry *entry = &fold->entries[index];
	keep_sample(fold, index, key->sample);
	entry->key.host = key->host;
	entry->key.findings = key->findings;
	age_list_remove(&fold->ages, ages(fold), &entry->age);
	age_list_append(&fold->ages, ages(fold), index);
}

/* As fold_add does. is_elsewhere: in another fold, which has the sample. */
static bool occur(struct fold *fold, const struct fold_key *key, uint64_t now_us,
	bool is_elsewhere, struct fold_count *count)
{
	uint32_t index = *bucket_of(fold, key);
	while (index != NONE && !is_same_key(&fold->entries[index].key, key)) {
		index = fold->entries[index].next_in_bucket;
	}
	*count = (struct fold_count){0};
	if (index == NONE) {
		return report_first(fold, key, now_us, is_elsewhere, count);
	}
	struct entry *entry = &fold->entries[index];
	renew(fold, index, key);
	entry->is_elsewhere = is_elsewhere;
	const bool is_grown = note_host(fold, entry, key);
	if (is_worse(entry, key)) { /* those before it wait on */
		entry->key.grade =
			key->grade > entry->key.grade ? key->grade : entry->key.grade;
		entry->told |= key->findings;
		count->is_grown = is_grown;
		count_one(count, key->findings, now_us);
		say_hosts(entry, count);
		return true;
	}
	if (!is_pending(entry)) {
		age_list_append(&fold->dues[window_of(entry)], dues(fold), index);
	}
	count_one(&entry->pending, key->findings, now_us);
	entry->pending.is_grown |= is_grown;
	if (!(is_grown && is_doubled(entry)) &&
		!is_apart(entry->reported_us, now_us,
			fold->windows_us[window_of(entry)])) {
		*count = entry->pending;
		return false;
	}
	entry->reported_us = now_us;
	return take_pending(fold, entry, count);
}

bool fold_add(struct fold *fold, const struct fold_key *key, uint64_t now_us,
	struct fold_count *count)
{
	return occur(fold, key, now_us, false, count);
}

struct fold_lesson fold_lesson_of(const struct fold_key *key, uint64_t now_us)
{
	return (struct fold_lesson){
		.source = key->source,
		.destination = key->destination,
		.host = key->host,
		.from = key->from,
		.to = key->to,
		.row = key->row,
		.findings = key->findings,
		.now_us = now_us,
		.way = key->way,
		.finding = (uint8_t)key->finding,
		.grade = key->grade,
		.is_standing = key->is_standing,
		.has_host = key->has_host,
	};
}

bool fold_lesson_is_sound(const struct fold_lesson *lesson)
{
	return lesson->finding < FINDING_FLOW_COUNT &&
	       (lesson->findings & FINDING_BIT(lesson->finding)) != 0 &&
	       lesson->findings >> (FINDING_FLOW_COUNT - 1) <= 1 &&
	       lesson->is_standing <= 1 && lesson->has_host <= 1;
}

void fold_hear(struct fold *fold, const struct fold_lesson *lesson)
{
	const struct fold_key key = {
		.source = lesson->source,
		.destination = lesson->destination,
		.host = lesson->host,
		.from = lesson->from,
		.to = lesson->to,
		.row = lesson->row,
		.findings = lesson->findings,
		.way = lesson->way,
		.finding = (enum finding)lesson->finding,
		.grade = lesson->grade,
		.is_standing = lesson->is_standing != 0,
		.has_host = lesson->has_host != 0,
	};
	struct fold_count count;
	(void)occur(fold, &key, lesson->now_us, true, &count); /* told there */
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
	struct fold_count count;
	for (uint32_t i = fold->ages.oldest; i != AGE_LIST_NONE;
		i = fold->entries[i].age.newer) {
		if (take_pending(fold, &fold->entries[i], &count)) {
			visit(context, &fold->entries[i].key, &count);
		}
	}
}

static void give_due(struct fold *fold, unsigned window, uint64_t now_us,
	fold_visit *visit, void *context)
{
	struct fold_count count;
	const struct age_list *list = &fold->dues[window];
	for (unsigned i = 0; i < DUE_AT_ONCE && list->oldest != AGE_LIST_NONE; i++) {
		struct entry *entry = &fold->entries[list->oldest];
		if (!is_apart(entry->pending.first_us, now_us,
			    fold->windows_us[window])) {
			return;
		}
		entry->reported_us = now_us;
		if (take_pending(fold, entry, &count)) {
			visit(context, &entry->key, &count);
		}
	}
}

void fold_due(struct fold *fold, uint64_t now_us, fold_visit *visit, void *context)
{
	give_due(fold, SHORT_WINDOW, now_us, visit, context);
	give_due(fold, LONG_WINDOW, now_us, visit, context);
}

void fold_clear(struct fold *fold)
{
	for (uint32_t i = 0; i <= fold->bucket_mask; i++) {
		fold->buckets[i] = NONE;
	}
	fold->used = 0;
	age_list_clear(&fold->ages);
	age_list_clear(&fold->dues[SHORT_WINDOW]);
	age_list_clear(&fold->dues[LONG_WINDOW]);
	fold->has_evicted = false;
}
