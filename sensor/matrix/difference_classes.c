#include "matrix/difference_parts.h"

#include <stdlib.h>

#define LOOPBACK_KEY (NAME_NONE - 1)

/* Where something begins in one of the matrices, in any order. */
struct starts {
	struct address *list;
	size_t count;
};

static void add_start(struct starts *starts, const struct address *start)
{
	starts->list = list_room(starts->list, starts->count, sizeof(*start));
	starts->list[starts->count++] = *start;
}

static void add_lookup(struct starts *starts, const struct lookup *lookup)
{
	for (size_t i = 0; i < lookup->interval_count; i++) {
		add_start(starts, &lookup->starts[i]);
	}
}

/* Loopback is a zone of its own where no zone holds it. */
static void add_loopback(struct starts *starts)
{
	static const char *const NETWORKS[] = {"127.0.0.0/8", "::1"};
	for (size_t i = 0; i < sizeof(NETWORKS) / sizeof(*NETWORKS); i++) {
		struct network list[NETWORK_RANGE_MAX];
		struct reason why;
		(void)network_parse(NETWORKS[i], list, &why);
		struct address after = network_last(&list[0]);
		add_start(starts, &list[0].base);
		if (network_next(&after)) {
			add_start(starts, &after);
		}
	}
}

static int start_order(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct address));
}

static void end_words(
	const struct matrix *matrix, const struct matrix_end *end, uint32_t words[2])
{
	words[0] = end->group ? (uint32_t)(end->group - matrix->groups) : NAME_NONE;
	words[1] = end->zone == &matrix->loopback
			   ? LOOPBACK_KEY
			   : (uint32_t)(end->zone - matrix->zones);
}

struct parting {
	struct difference *difference;
	const struct matrix *const *matrices;
	struct interning known;
};

/* The class of these ends; a new one where they were not met before. */
static uint32_t class_of(struct parting *parting, const struct difference_class *wanted)
{
	struct difference *difference = parting->difference;
	uint32_t words[5] = {wanted->host != NULL};
	for (size_t side = 0; side < 2; side++) {
		end_words(parting->matrices[side], &wanted->ends[side],
			words + 1 + 2 * side);
	}
	const size_t before = parting->known.count;
	const uint32_t number = interning_number(&parting->known, words, 5);
	if (number == before) {
		difference->classes =
			list_room(difference->classes, before, sizeof(*wanted));
		difference->classes[before] = *wanted;
		difference->class_count = before + 1;
	} else if (wanted->host &&
		   strcmp(wanted->host, difference->classes[number].host) < 0) {
		difference->classes[number].host = wanted->host;
	}
	return number;
}

struct address difference_before(const struct address *address)
{
	struct address last = *address;
	for (int i = 15; i >= 0 && last.bytes[i]-- == 0; i--) { /* borrow */
	}
	return last;
}

static void part_addresses(struct parting *parting, const struct starts *starts)
{
	struct difference *difference = parting->difference;
	struct difference_span *last = NULL;
	for (size_t i = 0; i < starts->count; i++) {
		const struct address *start = &starts->list[i];
		if (i > 0 && address_equal(start, start - 1)) {
			continue;
		}
		struct difference_class class = {.host = NULL};
		for (int side = 0; side < 2; side++) {
			class.ends[side] =
				matrix_locate(parting->matrices[side], start);
		}
		const uint32_t number = class_of(parting, &class);
		if (last && last->class == number) {
			continue;
		}
		if (last) {
			last->last = difference_before(start);
		}
		difference->spans = list_room(difference->spans, difference->span_count,
			sizeof(*difference->spans));
		last = &difference->spans[difference->span_count++];
		*last = (struct difference_span){.first = *start, .class = number};
		memset(last->last.bytes, 0xff, sizeof(last->last.bytes));
	}
}

struct matrix_end difference_end_of_host(const struct matrix *matrix, const char *host)
{
	const struct matrix_group *group = matrix_group_of_host(matrix, host);
	return (struct matrix_end){group, &matrix->zones[0], group != NULL};
}

static void part_names(struct parting *parting, const struct name_table *hosts)
{
	for (size_t i = 0; i < hosts->capacity; i++) {
		struct difference_class class = {.host = hosts->slots[i].name};
		for (int side = 0; class.host && side < 2; side++) {
			class.ends[side] = difference_end_of_host(
				parting->matrices[side], class.host);
		}
		if (class.host) {
			(void)class_of(parting, &class);
		}
	}
}

static void index_keys(const struct difference *difference, const struct matrix *matrix,
	int side, struct difference_keys *keys)
{
	const size_t key_count = matrix->zone_count + matrix->group_count;
	keys->starts = list_new(key_count + 2, sizeof(*keys->starts));
	keys->classes =
		list_new(difference->class_count * 2 + 1, sizeof(*keys->classes));
	uint32_t of_end[2];
	for (size_t i = 0; i < difference->class_count; i++) {
		const size_t count = matrix_end_keys(
			matrix, &difference->classes[i].ends[side], of_end);
		for (size_t j = 0; j < count; j++) {
			keys->starts[of_end[j] + 2]++;
		}
	}
	for (size_t i = 2; i < key_count + 2; i++) {
		keys->starts[i] += keys->starts[i - 1];
	}
	for (size_t i = 0; i < difference->class_count; i++) {
		const size_t count = matrix_end_keys(
			matrix, &difference->classes[i].ends[side], of_end);
		for (size_t j = 0; j < count; j++) {
			keys->classes[keys->starts[of_end[j] + 1]++] = (uint32_t)i;
		}
	}
}

void difference_part(struct difference *difference,
	const struct matrix *const matrices[2], struct difference_keys keys[2])
{
	struct parting parting = {difference, matrices, {.count = 0}};
	struct starts starts = {.count = 0};
	add_start(&starts, &(struct address){.bytes = {0}});
	add_loopback(&starts);
	for (int side = 0; side < 2; side++) {
		add_lookup(&starts, &matrices[side]->zone_prefixes);
		add_lookup(&starts, &matrices[side]->group_prefixes);
	}
	qsort(starts.list, starts.count, sizeof(*starts.list), start_order);
	part_addresses(&parting, &starts);
	list_free(starts.list);
	for (int side = 0; side < 2; side++) {
		part_names(&parting, &matrices[side]->hosts);
	}
	for (int side = 0; side < 2; side++) {
		index_keys(difference, matrices[side], side, &keys[side]);
	}
	interning_free(&parting.known);
}
