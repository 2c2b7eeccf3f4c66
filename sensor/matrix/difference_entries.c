#include "matrix/difference_parts.h"

#include "matrix/sentence.h"

#include <stdlib.h>
#include <string.h>

struct gathering {
	struct difference *difference;
	const struct matrix *const *matrices;
	const struct difference_deltas *deltas;
	struct difference_pairs *pairs;
};

static bool is_internet(
	const struct matrix *const matrices[2], const struct difference_class *class)
{
	bool is_internet = class->host == NULL;
	for (int side = 0; side < 2; side++) {
		const struct matrix_end *end = &class->ends[side];
		is_internet = is_internet && !end->group &&
			      end->zone == &matrices[side]->zones[0];
	}
	return is_internet;
}

/* As they were found. */
static int ends_order(const void *left, const void *right)
{
	const struct difference_pair *a = left;
	const struct difference_pair *b = right;
	if (a->from != b->from) {
		return a->from < b->from ? -1 : 1;
	}
	return (a->to > b->to) - (a->to < b->to);
}

static uint32_t lines_of(
	const struct gathering *gathering, const struct difference_pair *pair)
{
	return gathering->deltas->list[pair->delta].lines_number;
}

/* What a host known by name has as any other of the Internet is told of that alone. */
static void drop_named(struct gathering *gathering)
{
	const struct difference *difference = gathering->difference;
	struct difference_pair *kept = list_new(gathering->pairs->count, sizeof(*kept));
	size_t count = 0;
	uint32_t internet = NAME_NONE;
	for (size_t i = 0; i < difference->class_count; i++) {
		if (is_internet(gathering->matrices, &difference->classes[i])) {
			internet = (uint32_t)i;
		}
	}
	for (size_t i = 0; i < gathering->pairs->count; i++) {
		const struct difference_pair *pair = &gathering->pairs->list[i];
		const struct difference_pair wanted = {
			.from = difference->classes[pair->from].host ? internet
								     : pair->from,
			.to = difference->classes[pair->to].host ? internet : pair->to};
		const struct difference_pair *other =
			bsearch(&wanted, gathering->pairs->list,
				gathering->pairs->count, sizeof(wanted), ends_order);
		if (!other || other == pair ||
			lines_of(gathering, other) != lines_of(gathering, pair)) {
			kept[count++] = *pair;
		}
	}
	list_free(gathering->pairs->list);
	gathering->pairs->list = kept;
	gathering->pairs->count = count;
}

static int pair_order(const void *left, const void *right)
{
	const struct difference_pair *a = left;
	const struct difference_pair *b = right;
	if (a->delta != b->delta) {
		return a->delta < b->delta ? -1 : 1;
	}
	return ends_order(a, b);
}

/* One class with all to which it has this delta. */
struct fan {
	uint32_t delta;
	uint32_t tos; /* the number of the list */
	uint32_t from;
};

static int fan_order(const void *left, const void *right)
{
	const struct fan *a = left;
	const struct fan *b = right;
	if (a->delta != b->delta) {
		return a->delta < b->delta ? -1 : 1;
	}
	if (a->tos != b->tos) {
		return a->tos < b->tos ? -1 : 1;
	}
	return (a->from > b->from) - (a->from < b->from);
}

static void add_entry(struct gathering *gathering, const struct interning *tos,
	const struct fan *fans, size_t count)
{
	struct difference *difference = gathering->difference;
	const struct difference_delta *delta = &gathering->deltas->list[fans->delta];
	const struct interning_entry *list = &tos->entries[fans->tos];
	uint32_t *from = arena_array(&difference->arena, count, sizeof(*from));
	uint32_t *to = arena_array(&difference->arena, list->count, sizeof(*to));
	struct difference_entry entry = {
		.kind = !delta->is_allowed[DIFFERENCE_OLD]   ? DIFFERENCE_GAINED
			: !delta->is_allowed[DIFFERENCE_NEW] ? DIFFERENCE_LOST
							     : DIFFERENCE_CHANGED,
		.from = from,
		.from_count = count,
		.to = to,
		.to_count = list->count,
		.lines = delta->lines,
		.line_count = delta->line_count};
	for (size_t i = 0; i < count; i++) {
		from[i] = fans[i].from;
	}
	memcpy(to, tos->words + list->start, list->count * sizeof(*to));
	for (size_t i = 0; i < delta->line_count; i++) {
		entry.is_wider |= delta->lines[i].is_wider;
		entry.is_narrower |= delta->lines[i].is_narrower;
	}
	difference->entries =
		list_room(difference->entries, difference->entry_count, sizeof(entry));
	difference->entries[difference->entry_count++] = entry;
}

/* Of all pairs with one delta those from classes with the same targets are one entry. */
static void add_entries(struct gathering *gathering)
{
	const struct difference_pair *pairs = gathering->pairs->list;
	const size_t count = gathering->pairs->count;
	struct fan *fans = list_new(count + 1, sizeof(*fans));
	uint32_t *words = list_new(count + 1, sizeof(*words));
	struct interning tos = {.count = 0};
	size_t fan_count = 0;
	for (size_t i = 0, begin = 0; i < count; i++) {
		words[i - begin] = pairs[i].to;
		if (i + 1 == count || pairs[i + 1].delta != pairs[i].delta ||
			pairs[i + 1].from != pairs[i].from) {
			fans[fan_count++] = (struct fan){pairs[i].delta,
				interning_number(&tos, words, i + 1 - begin),
				pairs[i].from};
			begin = i + 1;
		}
	}
	qsort(fans, fan_count, sizeof(*fans), fan_order);
	for (size_t i = 1, begin = 0; i <= fan_count; i++) {
		if (i == fan_count || fans[i].delta != fans[begin].delta ||
			fans[i].tos != fans[begin].tos) {
			add_entry(gathering, &tos, &fans[begin], i - begin);
			begin = i;
		}
	}
	interning_free(&tos);
	list_free(words);
	list_free(fans);
}

/* As the new matrix calls them, unless it knows no group there. */
static const char *name_of(const struct difference_class *class)
{
	const struct matrix_end *ends = class->ends;
	return sentence_end_name(ends[DIFFERENCE_NEW].group   ? &ends[DIFFERENCE_NEW]
				 : ends[DIFFERENCE_OLD].group ? &ends[DIFFERENCE_OLD]
							      : &ends[DIFFERENCE_NEW]);
}

static int entry_order(const void *left, const void *right, void *context)
{
	const struct difference_class *classes = context;
	const struct difference_entry *a = left;
	const struct difference_entry *b = right;
	if (a->kind != b->kind) {
		return a->kind < b->kind ? -1 : 1;
	}
	int order = strcmp(name_of(&classes[*a->from]), name_of(&classes[*b->from]));
	order = order ? order
		      : strcmp(name_of(&classes[*a->to]), name_of(&classes[*b->to]));
	order = order ? order : (*a->from > *b->from) - (*a->from < *b->from);
	return order ? order : (*a->to > *b->to) - (*a->to < *b->to);
}

void difference_gather(struct difference *difference,
	const struct matrix *const matrices[2], const struct difference_deltas *deltas,
	struct difference_pairs *pairs)
{
	struct gathering gathering = {difference, matrices, deltas, pairs};
	if (pairs->count == 0) {
		return;
	}
	drop_named(&gathering);
	qsort(pairs->list, pairs->count, sizeof(*pairs->list), pair_order);
	add_entries(&gathering);
	qsort_r(difference->entries, difference->entry_count,
		sizeof(*difference->entries), entry_order, difference->classes);
}
