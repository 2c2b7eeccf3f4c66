#include "report/redis_delta.h"

#include "base/hash.h"

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

/* FNV-1a: what is hashed comes from our own journal, and the list is short */
static size_t bucket_of(
	unsigned key, enum redis_verb verb, const char *field, size_t len)
{
	uint32_t hash = UINT32_C(2166136261) ^ (key * 31 + (unsigned)verb);
	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ (unsigned char)field[i]) * UINT32_C(16777619);
	}
	return (hash ^ hash >> 16) % REDIS_BUCKETS;
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

static struct redis_entry *find(
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
	struct redis_entry *entry = find(delta, bucket, &wanted);
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

void redis_delta_append(struct redis_delta *delta, unsigned key, const char *line,
	size_t len, uint64_t most)
{
	struct redis_entry *entry = new_entry(delta, key, REDIS_VERB_APPEND);
	entry->field = line;
	entry->len = len;
	entry->number = most;
}

/* What stands behind verb and key: F the field, N the number, other words themselves. */
struct form {
	const char *verb;
	const char *rest[6];
};

static const struct form FORMS[] = {
	[REDIS_VERB_ADD] = {"HINCRBY", {"F", "N"}},
	[REDIS_VERB_PUT] = {"HSET", {"F", "N"}},
	[REDIS_VERB_SCORE_ADD] = {"ZINCRBY", {"N", "F"}},
	[REDIS_VERB_SCORE_PUT] = {"ZADD", {"GT", "N", "F"}},
	[REDIS_VERB_KEEP] = {"ZREMRANGEBYRANK", {"0", "N"}},
	[REDIS_VERB_SEEN] = {"PFADD", {"F"}},
	[REDIS_VERB_EXPIRE] = {"EXPIRE", {"N"}},
	[REDIS_VERB_APPEND] = {"XADD", {"MAXLEN", "~", "N", "*", "eve", "F"}},
};

size_t redis_delta_words(const struct redis_entry *entry,
	const char *words[REDIS_ENTRY_WORDS], size_t lens[REDIS_ENTRY_WORDS],
	char number[REDIS_NUMBER_BYTES], char key[REDIS_NUMBER_BYTES])
{
	const struct form *form = &FORMS[entry->verb];
	size_t count = 2;
	(void)snprintf(key, REDIS_NUMBER_BYTES, "%u", entry->key + 1);
	if (entry->verb == REDIS_VERB_KEEP) { /* all but the last, counted from there */
		(void)snprintf(
			number, REDIS_NUMBER_BYTES, "-%" PRIu64, entry->number + 1);
	} else {
		(void)snprintf(number, REDIS_NUMBER_BYTES, "%" PRIu64, entry->number);
	}
	words[0] = form->verb;
	words[1] = key;
	for (size_t i = 0;
		i < sizeof(form->rest) / sizeof(form->rest[0]) && form->rest[i]; i++) {
		const char *word = form->rest[i];
		words[count++] = word[0] == 'F'           ? entry->field
				 : strcmp(word, "N") == 0 ? number
							  : word;
	}
	for (size_t i = 0; i < count; i++) {
		lens[i] = words[i] == entry->field ? entry->len : strlen(words[i]);
	}
	return count;
}
