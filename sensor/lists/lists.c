#include "lists/lists.h"

#include "base/text.h"
#include "lists/layout.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>

#define NAME_BYTES   256
#define LABELS_MAX   128
#define COLLIDED_MAX 256 /* entries of one hash that are looked at */

static const struct lists_match NOWHERE = {.entry = LISTS_NONE, .kind = UINT8_MAX};

void lists_hash(const char *name, uint8_t key[8])
{
	const uint64_t hash = text_hash(text_from(name));
	for (unsigned i = 0; i < 8; i++) {
		key[i] = (uint8_t)(hash >> (56 - 8 * i));
	}
}

uint32_t lists_search(const struct lists *lists, enum lists_section section,
	const uint8_t *key, bool is_above)
{
	const size_t width = lists_width(section);
	uint32_t low = 0;
	uint32_t high = lists->counts[section];
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;
		const int order = memcmp(
			lists_key(lists_tail(lists, section, middle)), key, width);
		if (order < 0 || (is_above && order == 0)) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

bool lists_covers(const uint8_t *key, unsigned length, const uint8_t *other)
{
	const unsigned whole = length / 8;
	const unsigned rest = length % 8;
	if (memcmp(key, other, whole) != 0) {
		return false;
	}
	return rest == 0 || (key[whole] ^ other[whole]) >> (8 - rest) == 0;
}

static bool is_in_force(
	const struct lists *lists, const struct lists_tail *tail, int64_t now_s)
{
	const struct lists_note *note = lists_note(lists, tail->note);
	return note->expires_s == 0 || now_s < (int64_t)note->expires_s;
}

/* The better of two; of one kind it is the one found first. */
static void offer(const struct lists *lists, struct lists_match *best,
	const struct lists_tail *tail, uint32_t entry)
{
	const struct lists_list *list = &lists->all[tail->list];
	if (list->kind < best->kind) {
		*best = (struct lists_match){
			entry, tail->list, list->kind, list->severity};
	}
}

struct lists_match lists_find_address(
	const struct lists *lists, const struct address *address, int64_t now_s)
{
	const enum lists_section section =
		address_is_ipv4(address) ? LISTS_IPV4 : LISTS_IPV6;
	const uint8_t *key = address->bytes + (section == LISTS_IPV4 ? 12 : 0);
	const uint32_t first = lists_first(lists, section);
	struct lists_match best = NOWHERE;
	uint32_t at = lists_search(lists, section, key, true);
	at = at == 0 ? LISTS_NONE : at - 1;
	/* parents get shorter: LISTS_MAX per length of prefix */
	while (at != LISTS_NONE) {
		struct lists_tail *tail = lists_tail(lists, section, at);
		if (lists_covers(lists_key(tail), tail->length, key) &&
			is_in_force(lists, tail, now_s)) {
			offer(lists, &best, tail, first + at);
		}
		at = tail->parent;
	}
	return best;
}

static void find_name(const struct lists *lists, const char *name, int64_t now_s,
	struct lists_match *best)
{
	uint8_t key[8];
	lists_hash(name, key);
	const uint32_t first = lists_first(lists, LISTS_DOMAINS);
	uint32_t at = lists_search(lists, LISTS_DOMAINS, key, false);
	for (unsigned i = 0; i < COLLIDED_MAX && at < lists->counts[LISTS_DOMAINS];
		i++, at++) {
		struct lists_tail *tail = lists_tail(lists, LISTS_DOMAINS, at);
		if (memcmp(lists_key(tail), key, sizeof(key)) != 0) {
			return;
		}
		if (strcmp(lists_text(lists, tail->parent), name) == 0 &&
			is_in_force(lists, tail, now_s)) {
			offer(lists, best, tail, first + at);
		}
	}
}

struct lists_match lists_find_domain(
	const struct lists *lists, const char *domain, int64_t now_s)
{
	struct lists_match best = NOWHERE;
	char name[NAME_BYTES];
	size_t len = 0;
	if (lists->counts[LISTS_DOMAINS] == 0) {
		return best;
	}
	for (; len < sizeof(name) - 1 && domain[len] != '\0'; len++) {
		name[len] = (char)tolower((unsigned char)domain[len]);
	}
	while (len > 0 && name[len - 1] == '.') {
		len--;
	}
	name[len] = '\0';
	const char *at = name;
	for (unsigned i = 0; i < LABELS_MAX && at && *at != '\0'; i++) {
		find_name(lists, at, now_s, &best);
		at = strchr(at, '.');
		at = at ? at + 1 : NULL;
	}
	return best;
}

static _Atomic uint32_t *hits_of(const struct lists *lists, uint32_t entry)
{
	return (_Atomic uint32_t *)(void *)((uint8_t *)lists + LISTS_HITS) + entry;
}

static _Atomic uint64_t *list_hits_of(const struct lists *lists, size_t list)
{
	return (_Atomic uint64_t *)(void *)((uint8_t *)lists + LISTS_LIST_HITS) + list;
}

void lists_count_hit(struct lists *lists, const struct lists_match *match)
{
	if (match->entry < lists_entry_count(lists) && match->list < LISTS_MAX) {
		(void)atomic_fetch_add_explicit(
			hits_of(lists, match->entry), 1, memory_order_relaxed);
		(void)atomic_fetch_add_explicit(
			list_hits_of(lists, match->list), 1, memory_order_relaxed);
	}
}

uint64_t lists_hits(const struct lists *lists, size_t list)
{
	return list < LISTS_MAX ? atomic_load_explicit(list_hits_of(lists, list),
					  memory_order_relaxed)
				: 0;
}

const struct lists_list *lists_all(const struct lists *lists, size_t *count)
{
	*count = lists->list_count;
	return lists->all;
}

const struct lists_list *lists_named(const struct lists *lists, const char *name)
{
	for (uint32_t i = 0; i < lists->list_count; i++) { /* LISTS_MAX */
		if (strcmp(lists->all[i].name, name) == 0) {
			return &lists->all[i];
		}
	}
	return NULL;
}

uint32_t lists_entry_count(const struct lists *lists)
{
	return lists_first(lists, LISTS_SECTIONS);
}

static void write_prefix(enum lists_section section, struct lists_tail *tail,
	char text[LISTS_TEXT_BYTES])
{
	const unsigned most = section == LISTS_IPV4 ? 32 : 128;
	const struct address address = section == LISTS_IPV4
					       ? address_from_ipv4(lists_key(tail))
					       : address_from_ipv6(lists_key(tail));
	(void)address_text(&address, text);
	if (tail->length < most) {
		(void)snprintf(text + strlen(text), 5, "/%u", tail->length);
	}
}

void lists_describe(
	const struct lists *lists, uint32_t entry, struct lists_entry *described)
{
	enum lists_section section = LISTS_IPV4;
	while (section < LISTS_DOMAINS && entry >= lists->counts[section]) {
		entry -= lists->counts[section++];
	}
	struct lists_tail *tail = lists_tail(lists, section, entry);
	const struct lists_note *note = lists_note(lists, tail->note);
	*described = (struct lists_entry){
		.list = &lists->all[tail->list],
		.reason = lists_text(lists, note->reason),
		.added_s = note->added_s,
		.expires_s = note->expires_s,
		.line = tail->line,
		.hits = atomic_load_explicit(
			hits_of(lists, lists_first(lists, section) + entry),
			memory_order_relaxed),
	};
	if (section == LISTS_DOMAINS) {
		(void)snprintf(described->text, sizeof(described->text), "%s",
			lists_text(lists, tail->parent));
	} else {
		write_prefix(section, tail, described->text);
	}
}

/* Whether this entry is of the list, and of that length. */
static bool is_entry_of(const struct lists *lists, enum lists_section section,
	uint32_t at, const char *list, const char *text)
{
	struct lists_entry entry;
	lists_describe(lists, lists_first(lists, section) + at, &entry);
	return strcmp(entry.list->name, list) == 0 && strcmp(entry.text, text) == 0;
}

/* By its key; of each there are LISTS_MAX for each length at most. */
static uint32_t find_by_key(const struct lists *lists, enum lists_section section,
	const uint8_t *key, const char *const words[2])
{
	const uint32_t end = lists_search(lists, section, key, true);
	for (uint32_t at = lists_search(lists, section, key, false); at < end; at++) {
		if (is_entry_of(lists, section, at, words[0], words[1])) {
			return lists_first(lists, section) + at;
		}
	}
	return LISTS_NONE;
}

uint32_t lists_find_entry(const struct lists *lists, const char *list, const char *text)
{
	const char *const words[2] = {list, text};
	char base[ADDRESS_TEXT_BYTES];
	struct address address;
	uint8_t key[8];
	(void)snprintf(base, sizeof(base), "%.*s", (int)strcspn(text, "/"), text);
	if (!address_parse(base, &address)) {
		lists_hash(text, key);
		return find_by_key(lists, LISTS_DOMAINS, key, words);
	}
	return address_is_ipv4(&address)
		       ? find_by_key(lists, LISTS_IPV4, address.bytes + 12, words)
		       : find_by_key(lists, LISTS_IPV6, address.bytes, words);
}

size_t lists_bytes(const struct lists *lists)
{
	size_t bytes = sizeof(*lists) + lists->text_bytes +
		       lists->note_count * sizeof(struct lists_note) +
		       lists_entry_count(lists) * sizeof(uint32_t);
	for (enum lists_section i = LISTS_IPV4; i < LISTS_SECTIONS; i++) {
		bytes += lists->counts[i] * lists_stride(i);
	}
	return bytes;
}

bool lists_freeze(struct lists *lists)
{
	return mprotect(lists, LISTS_HITS, PROT_READ) == 0;
}
