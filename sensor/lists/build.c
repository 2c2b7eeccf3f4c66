#include "lists/build.h"

#include "base/text.h"
#include "matrix/network.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define IPV4_OFFSET 96
#define HASH_BYTES  8 /* the key of a domain */

/* A feed that denies more at once was tampered with, or is no list of senders. */
#define IPV4_BITS_LEAST 8
#define IPV6_BITS_LEAST 16

void build_start(struct build *build, struct lists *lists)
{
	memset(build->notes, 0, sizeof(build->notes));
	build->lists = lists;
	lists->note_count = 1;
	lists->text_bytes = 1;
}

struct build_mark build_mark(const struct build *build)
{
	const struct lists *lists = build->lists;
	struct build_mark mark = {
		.note_count = lists->note_count, .text_bytes = lists->text_bytes};
	memcpy(mark.counts, lists->counts, sizeof(mark.counts));
	return mark;
}

void build_rewind(struct build *build, const struct build_mark *mark)
{
	memcpy(build->lists->counts, mark->counts, sizeof(mark->counts));
	build->lists->note_count = mark->note_count;
	build->lists->text_bytes = mark->text_bytes;
}

/* 0: no room, or nothing to keep. */
static uint32_t keep_text(struct lists *lists, const char *text)
{
	const size_t bytes = strlen(text) + 1;
	if (bytes == 1 || bytes > LISTS_TEXTS_MAX - lists->text_bytes) {
		return 0;
	}
	const uint32_t at = lists->text_bytes;
	memcpy(lists_text(lists, at), text, bytes);
	lists->text_bytes += (uint32_t)bytes;
	return at;
}

/* What is known of an entry beside itself; notes that are alike soon after are one. */
static uint32_t keep_note(struct build *build, const struct reading_item *item)
{
	struct lists *lists = build->lists;
	if (item->reason[0] == '\0' && item->added_s == 0 && item->expires_s == 0) {
		return 0;
	}
	const uint64_t hash = text_hash(text_from(item->reason)) ^
			      (uint64_t)item->added_s * 31 ^
			      (uint64_t)item->expires_s * 131;
	uint32_t *place = &build->notes[(hash ^ hash >> 29) % BUILD_NOTES];
	const struct lists_note *old = lists_note(lists, *place);
	if (*place != 0 && *place < lists->note_count &&
		old->added_s == item->added_s && old->expires_s == item->expires_s &&
		strcmp(lists_text(lists, old->reason), item->reason) == 0) {
		return *place;
	}
	if (lists->note_count == LISTS_NOTES_MAX) {
		return 0;
	}
	*lists_note(lists, lists->note_count) =
		(struct lists_note){keep_text(lists, item->reason),
			(uint32_t)item->added_s, (uint32_t)item->expires_s};
	*place = lists->note_count++;
	return *place;
}

static struct lists_tail *new_entry(struct lists *lists, enum lists_section section)
{
	const size_t most = LISTS_ROOM / lists_stride(section);
	if (lists->counts[section] >= most) {
		return NULL;
	}
	return lists_tail(lists, section, lists->counts[section]++);
}

static bool refuse_full(struct reason *why)
{
	return reason_set(why, "there is no room for more entries");
}

static bool add_network(struct build *build, uint8_t list,
	const struct network *network, const struct reading_item *item)
{
	const bool is_ipv4 = address_is_ipv4(&network->base);
	struct lists_tail *tail =
		new_entry(build->lists, is_ipv4 ? LISTS_IPV4 : LISTS_IPV6);
	if (!tail) {
		return false;
	}
	*tail = (struct lists_tail){.line = item->line,
		.note = keep_note(build, item),
		.length = (uint8_t)(network->bits - (is_ipv4 ? IPV4_OFFSET : 0)),
		.list = list,
		.is_removed = item->is_removed};
	if (is_ipv4) {
		memcpy(lists_key(tail), network->base.bytes + 12, 4);
	} else {
		memcpy(lists_key(tail), network->base.bytes, 16);
	}
	return true;
}

/* ::/0 and what else has IPv4 in it is refused with what is too wide. */
static bool is_too_wide(const struct network *network)
{
	return address_is_ipv4(&network->base)
		       ? network->bits < IPV4_OFFSET + IPV4_BITS_LEAST
		       : network->bits < IPV6_BITS_LEAST;
}

static bool add_networks(struct build *build, uint8_t list,
	const struct reading_item *item, struct reason *why)
{
	struct network networks[NETWORK_RANGE_MAX];
	const size_t count = network_parse(item->value, networks, why);
	const bool is_allowing = build->lists->all[list].kind == MATRIX_LIST_ALLOW;
	for (size_t i = 0; i < count; i++) {
		if (!is_allowing && is_too_wide(&networks[i])) {
			return reason_set(why,
				"%.60s is wider than a list may deny (/%u, IPv6 /%u)",
				item->value, IPV4_BITS_LEAST, IPV6_BITS_LEAST);
		}
	}
	for (size_t i = 0; i < count; i++) { /* NETWORK_RANGE_MAX steps */
		if (!add_network(build, list, &networks[i], item)) {
			return refuse_full(why);
		}
	}
	return count > 0;
}

static bool is_label_byte(char byte)
{
	return isalnum((unsigned char)byte) || byte == '-' || byte == '_' ||
	       (byte & 0x80) != 0;
}

/* Letters, digits, "-", "_" in two labels or more; the last is no number. */
static bool is_domain(const char *text)
{
	const char *last = strrchr(text, '.');
	size_t label = 0;
	if (!last || !isalpha((unsigned char)last[1])) {
		return false;
	}
	for (; *text != '\0'; text++) {
		const bool is_end = *text == '.';
		if (is_end ? label == 0 : !is_label_byte(*text)) {
			return false;
		}
		label = is_end ? 0 : label + 1;
	}
	return true;
}

static bool add_domain(struct build *build, uint8_t list,
	const struct reading_item *item, struct reason *why)
{
	char name[LISTS_TEXT_BYTES];
	size_t len = 0;
	for (; item->value[len] != '\0'; len++) {
		name[len] = (char)tolower((unsigned char)item->value[len]);
	}
	name[len] = '\0';
	const uint32_t at = keep_text(build->lists, name);
	struct lists_tail *tail =
		at > 0 ? new_entry(build->lists, LISTS_DOMAINS) : NULL;
	if (!tail) {
		return refuse_full(why);
	}
	*tail = (struct lists_tail){.parent = at,
		.line = item->line,
		.note = keep_note(build, item),
		.list = list,
		.is_removed = item->is_removed};
	lists_hash(name, lists_key(tail));
	return true;
}

/* Of at most three digits, none of them a zero in front. */
static bool read_number(const char **text, unsigned most, unsigned *number)
{
	const char *begin = *text;
	*number = 0;
	while (isdigit((unsigned char)**text) && *text - begin < 3) {
		*number = *number * 10 + (unsigned)(*(*text)++ - '0');
	}
	return *text > begin && *number <= most &&
	       (*begin != '0' || *text - begin == 1);
}

/* The form that most files have, read fast: "192.0.2.0/24". */
static bool read_ipv4(const char *text, struct network *network)
{
	uint8_t bytes[4];
	uint32_t host = 0;
	unsigned number;
	unsigned bits = 32;
	for (unsigned i = 0; i < 4; i++) {
		if ((i > 0 && *text++ != '.') || !read_number(&text, 255, &number)) {
			return false;
		}
		bytes[i] = (uint8_t)number;
		host = host << 8 | number;
	}
	if (*text == '/') {
		text++;
		if (!read_number(&text, 32, &bits)) {
			return false;
		}
	}
	network->base = address_from_ipv4(bytes);
	network->bits = (uint8_t)(IPV4_OFFSET + bits);
	return *text == '\0' && (bits == 32 || (host << bits) == 0);
}

bool build_entry_text(const char *text, char into[LISTS_TEXT_BYTES], struct reason *why)
{
	struct network networks[NETWORK_RANGE_MAX];
	const size_t len = strlen(text);
	if (len < LISTS_TEXT_BYTES && is_domain(text)) {
		for (size_t i = 0; i <= len; i++) {
			into[i] = (char)tolower((unsigned char)text[i]);
		}
		return true;
	}
	const size_t count = network_parse(text, networks, why);
	if (count > 1) {
		return reason_set(
			why, "\"%.60s\" is several prefixes; name each", text);
	}
	if (count == 1) {
		(void)network_text(&networks[0], into);
	}
	return count == 1;
}

bool build_add(struct build *build, uint8_t list, const struct reading_item *item,
	struct reason *why)
{
	struct network network;
	if (read_ipv4(item->value, &network) && !is_too_wide(&network)) {
		return add_network(build, list, &network, item) || refuse_full(why);
	}
	return is_domain(item->value) ? add_domain(build, list, item, why)
				      : add_networks(build, list, item, why);
}

static bool keep_entry(struct build *build, uint8_t list, const struct lists *before,
	enum lists_section section, uint32_t index)
{
	struct lists_tail *old = lists_tail(before, section, index);
	const struct lists_note *note = lists_note(before, old->note);
	struct reading_item item = {
		.added_s = note->added_s, .expires_s = note->expires_s};
	(void)snprintf(item.reason, sizeof(item.reason), "%s",
		lists_text(before, note->reason));
	const uint32_t name =
		section == LISTS_DOMAINS
			? keep_text(build->lists, lists_text(before, old->parent))
			: 0;
	struct lists_tail *tail = new_entry(build->lists, section);
	if (!tail || (section == LISTS_DOMAINS && name == 0)) {
		return false;
	}
	*tail = (struct lists_tail){.parent = name,
		.line = old->line,
		.note = keep_note(build, &item),
		.length = old->length,
		.list = list};
	memcpy(lists_key(tail), lists_key(old), lists_width(section));
	return true;
}

static bool keep_section(struct build *build, uint8_t list, const struct lists *before,
	uint8_t list_before, enum lists_section section)
{
	for (uint32_t i = 0; i < before->counts[section]; i++) {
		if (lists_tail(before, section, i)->list == list_before &&
			!keep_entry(build, list, before, section, i)) {
			return false;
		}
	}
	return true;
}

bool build_keep(struct build *build, uint8_t list, const struct lists *before,
	uint8_t list_before)
{
	return keep_section(build, list, before, list_before, LISTS_IPV4) &&
	       keep_section(build, list, before, list_before, LISTS_IPV6) &&
	       keep_section(build, list, before, list_before, LISTS_DOMAINS);
}

/* Key, then length, then lines. */
static int order_of(const void *left, const void *right, size_t width)
{
	const struct lists_tail *a = left;
	const struct lists_tail *b = right;
	const int order = memcmp(a + 1, b + 1, width);
	if (order != 0) {
		return order;
	}
	if (a->length != b->length) {
		return a->length < b->length ? -1 : 1;
	}
	if (a->list != b->list) {
		/* where searching goes from the end, the list declared first is last */
		return (a->list < b->list) == (width == HASH_BYTES) ? -1 : 1;
	}
	return a->line < b->line ? -1 : a->line > b->line;
}

static int order_of_ipv4(const void *left, const void *right)
{
	return order_of(left, right, 4);
}

static int order_of_ipv6(const void *left, const void *right)
{
	return order_of(left, right, 16);
}

static int order_of_domains(const void *left, const void *right)
{
	return order_of(left, right, HASH_BYTES);
}

static bool is_same(const struct lists *lists, enum lists_section section,
	struct lists_tail *a, struct lists_tail *b)
{
	return a->length == b->length && a->list == b->list &&
	       memcmp(lists_key(a), lists_key(b), lists_width(section)) == 0 &&
	       (section != LISTS_DOMAINS || strcmp(lists_text(lists, a->parent),
						    lists_text(lists, b->parent)) == 0);
}

static bool outlives(const struct lists *lists, const struct lists_tail *a,
	const struct lists_tail *b)
{
	const uint32_t of_a = lists_note(lists, a->note)->expires_s;
	const uint32_t of_b = lists_note(lists, b->note)->expires_s;
	return of_b != 0 && (of_a == 0 || of_a > of_b);
}

/* Of two alike: the one that lasts longest, of those that last alike the first. */
static void join(const struct lists *lists, struct lists_tail *last,
	const struct lists_tail *tail, size_t stride)
{
	const bool is_removed = last->is_removed || tail->is_removed;
	if (outlives(lists, tail, last)) {
		memcpy(last, tail, stride);
	}
	last->is_removed = is_removed;
}

/* All that are like the one at this place into it; returns the place behind them. */
static uint32_t join_alike(struct lists *lists, enum lists_section section, uint32_t at)
{
	struct lists_tail *first = lists_tail(lists, section, at);
	for (at++; at < lists->counts[section]; at++) {
		struct lists_tail *tail = lists_tail(lists, section, at);
		if (!is_same(lists, section, first, tail)) {
			break;
		}
		lists->all[tail->list].duplicates++;
		join(lists, first, tail, lists_stride(section));
	}
	return at;
}

/* One of each, and none of those that were removed. */
static void drop_doubles(struct lists *lists, enum lists_section section)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < lists->counts[section];) {
		struct lists_tail *first = lists_tail(lists, section, i);
		i = join_alike(lists, section, i);
		if (!first->is_removed) {
			lists->all[first->list].entries++;
			memmove(lists_tail(lists, section, kept++), first,
				lists_stride(section));
		}
	}
	lists->counts[section] = kept;
}

/* The first of these and of what covers them that covers this key too. */
static uint32_t find_cover(const struct lists *lists, enum lists_section section,
	uint32_t open, const uint8_t *key)
{
	while (open != LISTS_NONE) {
		struct lists_tail *wider = lists_tail(lists, section, open);
		if (lists_covers(lists_key(wider), wider->length, key)) {
			break;
		}
		open = wider->parent;
	}
	return open;
}

/* Each prefix's next wider one: of those sorted before it, all open ones cover it. */
static void link_parents(struct lists *lists, enum lists_section section)
{
	uint32_t open = LISTS_NONE;
	for (uint32_t i = 0; i < lists->counts[section]; i++) {
		struct lists_tail *tail = lists_tail(lists, section, i);
		tail->parent = find_cover(lists, section, open, lists_key(tail));
		open = i;
	}
}

void build_finish(struct build *build)
{
	static int (*const ORDERS[LISTS_SECTIONS])(const void *, const void *) = {
		order_of_ipv4, order_of_ipv6, order_of_domains};
	struct lists *lists = build->lists;
	for (enum lists_section i = LISTS_IPV4; i < LISTS_SECTIONS; i++) {
		if (lists->counts[i] > 1) {
			qsort(lists_at(lists, i, 0), lists->counts[i], lists_stride(i),
				ORDERS[i]);
		}
		drop_doubles(lists, i);
	}
	link_parents(lists, LISTS_IPV4);
	link_parents(lists, LISTS_IPV6);
}

static uint32_t *hits_at(const struct lists *lists, enum lists_section section)
{
	return (uint32_t *)(void *)((uint8_t *)lists + LISTS_HITS) +
	       lists_first(lists, section);
}

static bool is_of_one_list(const struct lists *lists, const struct lists_tail *tail,
	const struct lists *before, const struct lists_tail *old)
{
	return tail->length == old->length &&
	       strcmp(lists->all[tail->list].name, before->all[old->list].name) == 0;
}

/*
 * The hits that this entry had; *old: where its key can be, as both are sorted. Of one key
 * there are LISTS_MAX for each length at most.
 */
static uint32_t hits_before(const struct lists *lists, struct lists_tail *tail,
	const struct lists *before, enum lists_section section, uint32_t *old)
{
	const size_t width = lists_width(section);
	const uint32_t end = before->counts[section];
	while (*old < end && memcmp(lists_key(lists_tail(before, section, *old)),
				     lists_key(tail), width) < 0) {
		(*old)++;
	}
	for (uint32_t i = *old; i < end; i++) {
		struct lists_tail *same = lists_tail(before, section, i);
		if (memcmp(lists_key(same), lists_key(tail), width) != 0) {
			break;
		}
		if (is_of_one_list(lists, tail, before, same)) {
			return hits_at(before, section)[i];
		}
	}
	return 0;
}

static void keep_hits_of(
	struct lists *lists, const struct lists *before, enum lists_section section)
{
	uint32_t *hits = hits_at(lists, section);
	uint32_t old = 0;
	for (uint32_t i = 0; i < lists->counts[section]; i++) {
		hits[i] = hits_before(
			lists, lists_tail(lists, section, i), before, section, &old);
	}
}

static uint64_t *list_hits(const struct lists *lists)
{
	return (uint64_t *)(void *)((uint8_t *)lists + LISTS_LIST_HITS);
}

void build_keep_hits(struct lists *lists, const struct lists *before)
{
	for (uint32_t i = 0; i < lists->list_count; i++) {
		const struct lists_list *old = lists_named(before, lists->all[i].name);
		if (old) {
			list_hits(lists)[i] = list_hits(before)[old - before->all];
		}
	}
	for (enum lists_section i = LISTS_IPV4; i < LISTS_SECTIONS; i++) {
		keep_hits_of(lists, before, i);
	}
}
