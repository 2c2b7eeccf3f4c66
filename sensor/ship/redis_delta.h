/*
 * ship/redis_delta - what a batch of events changes in Redis, as few commands.
 *
 * Numbers of the same field are added up, repeats are told once. Bounded: ask
 * redis_delta_has_room before each event. Owns all texts but the lines of the stream.
 * Sends nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REDIS_KEYS_MAX    512
#define REDIS_ENTRIES_MAX 4096
#define REDIS_KEY_BYTES   192
#define REDIS_DELTA_BYTES ((size_t)256 * 1024)
#define REDIS_EVENT_KEYS  16 /* most that one event may touch */
#define REDIS_EVENT_ROWS  32
#define REDIS_EVENT_BYTES 8192
#define REDIS_FIELD_BYTES 400 /* the rest of a longer one is left out */
#define REDIS_ENTRY_WORDS 8   /* most that one entry takes in a command */
#define REDIS_BUCKETS     8192
#define REDIS_TYPE_STRING "string" /* as TYPE tells them; a HyperLogLog is one */
#define REDIS_TYPE_HASH   "hash"
#define REDIS_TYPE_SET    "zset"
#define REDIS_TYPE_STREAM "stream"
/* a hash that has, per journal, up to where it was applied: no batch counts twice in it */
#define REDIS_TYPE_PLACED "hash+"
/* without that: begin anew where the first key of the delta, a placed one, is gone */
#define REDIS_TYPE_BESIDE_HASH "hash-"
#define REDIS_TYPE_BESIDE_SET  "zset-"

enum redis_verb {
	REDIS_VERB_ADD = 0,   /* HINCRBY key field number */
	REDIS_VERB_PUT,       /* HSET key field number */
	REDIS_VERB_SCORE_ADD, /* ZINCRBY key number field */
	REDIS_VERB_SCORE_PUT, /* ZADD key GT number field */
	REDIS_VERB_KEEP,      /* ZREMRANGEBYRANK: the number highest stay */
	REDIS_VERB_SEEN,      /* PFADD key field */
	REDIS_VERB_EXPIRE,    /* EXPIRE key number */
	REDIS_VERB_APPEND,    /* to a stream of about number: at time_ms, field */
};

struct redis_key {
	const char *type; /* one of REDIS_TYPE_ */
	size_t len;
	char name[REDIS_KEY_BYTES];
};

struct redis_entry {
	enum redis_verb verb;
	unsigned key; /* index */
	uint64_t number;
	uint64_t time_ms;
	const char *field;
	size_t len;
	unsigned next; /* in its bucket, one more than its index */
};

struct redis_delta {
	size_t key_count;
	size_t count;
	size_t text_len;
	unsigned buckets[REDIS_BUCKETS]; /* one more than an index; 0: empty */
	struct redis_key keys[REDIS_KEYS_MAX];
	struct redis_entry entries[REDIS_ENTRIES_MAX];
	char text[REDIS_DELTA_BYTES];
};

void redis_delta_clear(struct redis_delta *delta);
bool redis_delta_has_room(const struct redis_delta *delta);

/* The index of a key, taken in when new. */
unsigned redis_delta_key(struct redis_delta *delta, const char *name, const char *type);

/* One change; field is copied, but that of REDIS_VERB_APPEND is borrowed. */
void redis_delta_put(struct redis_delta *delta, unsigned key, enum redis_verb verb,
	const char *field, uint64_t number);
void redis_delta_append(
	struct redis_delta *delta, unsigned key, const struct redis_entry *line);

/* An entry for the script: verb, number of the key from 1 on, the rest. */
#define REDIS_NUMBER_BYTES 24
struct redis_words {
	size_t count;
	const char *texts[REDIS_ENTRY_WORDS];
	size_t lens[REDIS_ENTRY_WORDS];
	char key[REDIS_NUMBER_BYTES];
	char number[REDIS_NUMBER_BYTES];
	char time[REDIS_NUMBER_BYTES];
};
void redis_delta_words(const struct redis_entry *entry, struct redis_words *words);
