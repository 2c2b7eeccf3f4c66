/*
 * lists/layout - where things lie in the block. Private to lists/.
 *
 * An entry is a tail and its key, whose bytes are in network order: so entries sort by
 * memcmp. Every part has its own stretch of the block, touched as far as it is filled.
 */
#pragma once

#include "lists/lists.h"

enum lists_section {
	LISTS_IPV4 = 0, /* key: 4 bytes */
	LISTS_IPV6,     /* 16 */
	LISTS_DOMAINS,  /* 8: a hash of the name */
	LISTS_SECTIONS,
};

struct lists_tail {
	/* the next entry that covers this one; of a domain: its name */
	uint32_t parent;
	uint32_t line;
	uint32_t note; /* 0: none */
	uint8_t length;
	uint8_t list;
	uint8_t is_removed; /* with all like it, when the block is finished */
	uint8_t unused;
};
_Static_assert(sizeof(struct lists_tail) == 16, "2,000,000 of them are 32 MB");

/* What few files say of an entry, shared by those that are alike. */
struct lists_note {
	uint32_t reason; /* a text; 0: "" */
	uint32_t added_s;
	uint32_t expires_s;
};

struct lists {
	uint32_t list_count;
	uint32_t counts[LISTS_SECTIONS];
	uint32_t note_count; /* the first is empty */
	uint32_t text_bytes; /* the same */
	struct lists_list all[LISTS_MAX];
};

#define LISTS_MIB   ((size_t)1 << 20)
#define LISTS_AT    (1 * LISTS_MIB) /* the first section */
#define LISTS_ROOM  (96 * LISTS_MIB)
#define LISTS_NOTES (LISTS_AT + LISTS_SECTIONS * LISTS_ROOM)
#define LISTS_TEXTS (LISTS_NOTES + 48 * LISTS_MIB)
#define LISTS_HITS  (400 * LISTS_MIB)
/* at the end of the block, of each list a uint64_t */
#define LISTS_LIST_HITS (LISTS_BLOCK_BYTES - LISTS_MAX * sizeof(uint64_t))
#define LISTS_NOTES_MAX \
	((uint32_t)((LISTS_TEXTS - LISTS_NOTES) / sizeof(struct lists_note)))
#define LISTS_TEXTS_MAX ((uint32_t)(LISTS_HITS - LISTS_TEXTS))

_Static_assert(sizeof(struct lists) < LISTS_AT, "the head has room");
_Static_assert(LISTS_ROOM / 20 + LISTS_ROOM / 32 + LISTS_ROOM / 24 <
		       (LISTS_LIST_HITS - LISTS_HITS) / sizeof(uint32_t),
	"every entry has its hits");

static inline size_t lists_width(enum lists_section section)
{
	static const uint8_t WIDTHS[LISTS_SECTIONS] = {4, 16, 8};
	return WIDTHS[section];
}

static inline size_t lists_stride(enum lists_section section)
{
	return sizeof(struct lists_tail) + lists_width(section);
}

static inline uint8_t *lists_at(
	const struct lists *lists, enum lists_section section, uint32_t index)
{
	return (uint8_t *)lists + LISTS_AT + (size_t)section * LISTS_ROOM +
	       index * lists_stride(section);
}

static inline struct lists_tail *lists_tail(
	const struct lists *lists, enum lists_section section, uint32_t index)
{
	return (struct lists_tail *)(void *)lists_at(lists, section, index);
}

static inline uint8_t *lists_key(struct lists_tail *tail)
{
	return (uint8_t *)(tail + 1);
}

static inline struct lists_note *lists_note(const struct lists *lists, uint32_t index)
{
	return (struct lists_note *)(void *)((uint8_t *)lists + LISTS_NOTES) + index;
}

static inline char *lists_text(const struct lists *lists, uint32_t at)
{
	return (char *)lists + LISTS_TEXTS + at;
}

/* Number of the first entry of a section among all. */
static inline uint32_t lists_first(
	const struct lists *lists, enum lists_section section)
{
	uint32_t first = 0;
	for (unsigned i = 0; i < (unsigned)section; i++) {
		first += lists->counts[i];
	}
	return first;
}

/* The key of a domain in lower case. */
void lists_hash(const char *name, uint8_t key[8]);

/* Entries of a section whose key is below this one, or (is_above) not above it. */
uint32_t lists_search(const struct lists *lists, enum lists_section section,
	const uint8_t *key, bool is_above);

/* The first length bits of both are the same. */
bool lists_covers(const uint8_t *key, unsigned length, const uint8_t *other);
