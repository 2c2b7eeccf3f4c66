#include "ship/redis_delta.h"

#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void redis_delta_clear(struct redis_delta *delta)
{
	delta->key_count = delta->count = delta->text_len = 0;
	memset(delta->buckets, 0, sizeof(delta->buckets));
}

bool redis_delta_has_room(const struct redis_delta *delta)
{
	return delta->key_count + REDIS_EVENT_KEYS <= REDIS_KEYS_MAX &&
	       delta->count + REDIS_EVENT_ROWS <= REDIS_ENTRIES_MAX &&
	       delta->text_len + REDIS_EVENT_BYTES <= REDIS_DELTA_BYTES;
}

unsigned redis_delta_key(struct redis_delta *delta, const char *name, const char *type)
{
	const size_t len = strlen(name);
	assert(len < REDIS_KEY_BYTES);
	/* from the newest: the same few are asked for again and again */
	for (size_t i = delta->key_count; i > 0; i--) {
		const struct redis_key *key = &delta->keys[i - 1];
		if (key->len == len && memcmp(key->name, name, len) == 0) {
			return (unsigned)(i - 1);
		}
	}
	assert(delta->key_count < REDIS_KEYS_MAX);
	struct redis_key *key = &delta->keys[delta->key_count];
	key->type = type;
	key->len = len;
	memcpy(key->name, name, len + 1);
	return (unsigned)delta->key_count++;
}

/* What is hashed comes from our own journal, and the list is short. */
static size_t bucket_of(
	unsigned key, enum redis_verb verb, const char *field, size_t len)
{
	const struct text text = {(const uint8_t *)field, len};
	const uint64_t hash = text_hash(text) ^ (key * 31 + (unsigned)verb);
	return (hash ^ hash >> 32) % REDIS_BUCKETS;
}

static struct redis_entry *new_entry(
	struct redis_delta *delta, unsigned key, enum redis_verb verb)
{
	assert(delta->count < REDIS_ENTRIES_MAX && key < delta->key_count);
	struct redis_entry *entry = &delta->entries[delta->count++];
	*entry = (struct redis_entry){.verb = verb, .key = key};
	return entry;
}

static void merge(struct redis_entry *entry, uint64_t number)
{
	switch (entry->verb) {
	case REDIS_VERB_ADD:
	case REDIS_VERB_SCORE_ADD:
		entry->number += number;
		break;
	case REDIS_VERB_SCORE_PUT: /* GT */
		entry->number = number > entry->number ? number : entry->number;
		break;
	case REDIS_VERB_PUT:
	case REDIS_VERB_KEEP:
	case REDIS_VERB_SEEN:
	case REDIS_VERB_EXPIRE:
	case REDIS_VERB_APPEND:
		entry->number = number;
		break;
	}
}

static struct redis_entry *find_entry(
	struct redis_delta *delta, size_t bucket, const struct redis_entry *wanted)
{
	unsigned next = delta->buckets[bucket];
	while (next != 0) {
		struct redis_entry *entry = &delta->entries[next - 1];
		if (entry->key == wanted->key && entry->verb == wanted->verb &&
			entry->len == wanted->len &&
			memcmp(entry->field, wanted->field, wanted->len) == 0) {
			return entry;
		}
		next = entry->next;
	}
	return NULL;
}

void redis_delta_put(struct redis_delta *delta, unsigned key, enum redis_verb verb,
	const char *field, uint64_t number)
{
	const size_t len = strnlen(field, REDIS_FIELD_BYTES);
	const size_t bucket = bucket_of(key, verb, field, len);
	const struct redis_entry wanted = {
		.verb = verb, .key = key, .field = field, .len = len};
	struct redis_entry *entry = find_entry(delta, bucket, &wanted);
	if (entry) {
		merge(entry, number);
		return;
	}
	assert(delta->text_len + len <= REDIS_DELTA_BYTES);
	char *copy = delta->text + delta->text_len;
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): its length is kept */
	memcpy(copy, field, len);
	delta->text_len += len;
	entry = new_entry(delta, key, verb);
	entry->field = copy;
	entry->len = len;
	entry->number = number;
	entry->next = delta->buckets[bucket];
	delta->buckets[bucket] = (unsigned)delta->count;
}

void redis_delta_append(
	struct redis_delta *delta, unsigned key, const struct redis_entry *line)
{
	struct redis_entry *entry = new_entry(delta, key, REDIS_VERB_APPEND);
	entry->field = line->field;
	entry->len = line->len;
	entry->number = line->number;
	entry->time_ms = line->time_ms;
}

/* What stands behind verb and key: field, number and time by their names. */
static const char FIELD[] = "F";
static const char NUMBER[] = "N";
static const char TIME[] = "T";

struct form {
	const char *verb;
	const char *rest[4];
};

static const struct form FORMS[] = {
	[REDIS_VERB_ADD] = {"HINCRBY", {NUMBER, FIELD}},
	[REDIS_VERB_PUT] = {"HSET", {FIELD, NUMBER}},
	[REDIS_VERB_SCORE_ADD] = {"ZINCRBY", {NUMBER, FIELD}},
	[REDIS_VERB_SCORE_PUT] = {"ZADD", {"GT", NUMBER, FIELD}},
	[REDIS_VERB_KEEP] = {"ZREMRANGEBYRANK", {"0", NUMBER}},
	[REDIS_VERB_SEEN] = {"PFADD", {FIELD}},
	[REDIS_VERB_EXPIRE] = {"EXPIRE", {NUMBER}},
	[REDIS_VERB_APPEND] = {"XADD", {NUMBER, TIME, FIELD}},
};

static void put_word(
	struct redis_words *words, const struct redis_entry *entry, const char *word)
{
	const bool is_field = word == FIELD;
	word = is_field         ? entry->field
	       : word == NUMBER ? words->number
	       : word == TIME   ? words->time
				: word;
	words->texts[words->count] = word;
	words->lens[words->count++] = is_field ? entry->len : strlen(word);
}

void redis_delta_words(const struct redis_entry *entry, struct redis_words *words)
{
	const struct form *form = &FORMS[entry->verb];
	const bool is_from_the_end = entry->verb == REDIS_VERB_KEEP;
	words->count = 0;
	(void)snprintf(words->key, sizeof(words->key), "%u", entry->key + 1);
	(void)snprintf(words->number, sizeof(words->number), "%s%" PRIu64,
		is_from_the_end ? "-" : "", entry->number + is_from_the_end);
	(void)snprintf(words->time, sizeof(words->time), "%" PRIu64, entry->time_ms);
	put_word(words, entry, form->verb);
	put_word(words, entry, words->key);
	for (size_t i = 0;
		i < sizeof(form->rest) / sizeof(form->rest[0]) && form->rest[i]; i++) {
		put_word(words, entry, form->rest[i]);
	}
}
