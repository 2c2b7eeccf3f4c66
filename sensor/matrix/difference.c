#include "matrix/difference_parts.h"

#include "matrix/sentence.h"

#include <stdlib.h>
#include <string.h>

/* Some minutes of work at most; above, what was compared till then is told as partial. */
#define JOINTS_MAX    (UINT64_C(1) << 26)
#define QUESTIONS_MAX (UINT64_C(1) << 28)

/* A row that joins one class with another; its side in the lowest bit. */
struct joint {
	uint32_t to;
	uint32_t row; /* 2 * index + side, or NAME_NONE: the profile may do without */
};

/* Two classes between which something is different. */
struct pair {
	uint32_t delta;
	uint32_t from;
	uint32_t to;
};

struct comparing {
	struct difference *difference;
	const struct matrix *matrices[2];
	struct difference_keys keys[2];
	int64_t now_s;
	uint64_t joints_left;
	uint64_t questions;
	/* of each row what it says, its ends aside */
	uint32_t *policies[2];
	struct interning policies_known;
	/* rows and roles that were compared, and with what result */
	struct interning cases;
	uint32_t *results;
	struct difference_deltas deltas;
	struct joint *joints; /* of one class */
	size_t joint_count;
	uint32_t *rows; /* room for those of a pair, of both sides */
	struct pair *pairs;
	size_t pair_count;
};

static uint32_t role_of(const struct matrix_end *end)
{
	return end->group ? end->group->role : MATRIX_ROLE_NONE;
}

/* Rows of the same words in this order allow the same between the same roles. */
static void number_policies(struct comparing *comparing, int side)
{
	const struct matrix *matrix = comparing->matrices[side];
	uint32_t *words = list_new(UINT16_MAX + 16, sizeof(*words));
	comparing->policies[side] =
		list_new(matrix->row_count + 1, sizeof(*comparing->policies[side]));
	for (size_t i = 0; i < matrix->row_count; i++) {
		const struct matrix_row *row = &matrix->rows[i];
		const uint32_t fixed[] = {row->protocols, row->tls, row->min_tls,
			row->is_client_certificate_required, row->is_probe,
			row->is_any_port, (uint32_t)row->expires_s,
			(uint32_t)(row->expires_s >> 32), row->mode,
			role_of(&row->from)};
		const size_t count = sizeof(fixed) / sizeof(*fixed);
		memcpy(words, fixed, sizeof(fixed));
		for (size_t j = 0; j < row->port_count; j++) { /* UINT16_MAX */
			words[count + j] = row->ports[j];
		}
		comparing->policies[side][i] = interning_number(
			&comparing->policies_known, words, count + row->port_count);
	}
	list_free(words);
}

static void add_joint(struct comparing *comparing, uint32_t to, uint32_t row)
{
	if (comparing->joints_left == 0) {
		return;
	}
	comparing->joints_left--;
	comparing->joints = list_room(
		comparing->joints, comparing->joint_count, sizeof(*comparing->joints));
	comparing->joints[comparing->joint_count++] = (struct joint){to, row};
}

/* With each class that has this end of the row. */
static void join_by_row(
	struct comparing *comparing, int side, const struct row_key *key)
{
	const struct difference_keys *keys = &comparing->keys[side];
	const size_t end = keys->starts[key->to + 1];
	for (size_t i = keys->starts[key->to]; i < end; i++) { /* JOINTS_MAX in all */
		add_joint(comparing, keys->classes[i], key->row * 2 + (uint32_t)side);
	}
}

static void join_by_rows(
	struct comparing *comparing, const struct difference_class *from, int side)
{
	const struct matrix *matrix = comparing->matrices[side];
	uint32_t of_end[2];
	const size_t count = matrix_end_keys(matrix, &from->ends[side], of_end);
	for (size_t i = 0; i < count; i++) {
		struct row_range range = matrix_rows_from(matrix, of_end[i], NAME_NONE);
		for (; range.at < range.end; range.at++) {
			join_by_row(comparing, side, range.at);
		}
	}
}

/* Users reach a submission server without a row. */
static void join_by_profile(
	struct comparing *comparing, const struct difference_class *from, int side)
{
	const struct difference *difference = comparing->difference;
	if (comparing->matrices[side]->profile != MATRIX_PROFILE_RFC8314 ||
		role_of(&from->ends[side]) != MATRIX_ROLE_CLIENT) {
		return;
	}
	for (size_t i = 0; i < difference->class_count; i++) {
		if (role_of(&difference->classes[i].ends[side]) ==
			MATRIX_ROLE_SUBMISSION) {
			add_joint(comparing, (uint32_t)i, NAME_NONE);
		}
	}
}

static int joint_order(const void *left, const void *right)
{
	const struct joint *a = left;
	const struct joint *b = right;
	if (a->to != b->to) {
		return a->to < b->to ? -1 : 1;
	}
	const uint32_t a_side = a->row & 1;
	const uint32_t b_side = b->row & 1;
	if (a_side != b_side) {
		return a_side < b_side ? -1 : 1;
	}
	return (a->row > b->row) - (a->row < b->row);
}

/* The rows that join two classes, of each side. */
struct joining {
	uint32_t *rows[2];
	size_t counts[2];
};

static void split(const struct comparing *comparing, size_t begin, size_t end,
	struct joining *joining)
{
	*joining = (struct joining){
		.rows = {comparing->rows, comparing->rows + (end - begin)}};
	for (size_t i = begin; i < end; i++) {
		const uint32_t row = comparing->joints[i].row;
		if (row != NAME_NONE) {
			const uint32_t side = row & 1;
			joining->rows[side][joining->counts[side]++] = row / 2;
		}
	}
}

/* The same rows in the same order, between the same roles, under the same profile. */
static bool is_alike(const struct comparing *comparing, const struct joining *joining,
	const struct difference_class *from, const struct difference_class *to)
{
	if (joining->counts[0] != joining->counts[1] ||
		comparing->matrices[0]->profile != comparing->matrices[1]->profile ||
		role_of(&from->ends[0]) != role_of(&from->ends[1]) ||
		role_of(&to->ends[0]) != role_of(&to->ends[1])) {
		return false;
	}
	for (size_t i = 0; i < joining->counts[0]; i++) {
		if (comparing->policies[0][joining->rows[0][i]] !=
			comparing->policies[1][joining->rows[1][i]]) {
			return false;
		}
	}
	return true;
}

/* Rows and roles: where they were compared before, so is this. */
static uint32_t case_number(struct comparing *comparing, const struct joining *joining,
	const struct difference_class *from, const struct difference_class *to)
{
	const size_t most = joining->counts[0] + joining->counts[1] + 5;
	uint32_t *words = list_new(most, sizeof(*words));
	size_t count = 0;
	words[count++] = (uint32_t)joining->counts[0];
	for (int side = 0; side < 2; side++) {
		words[count++] = role_of(&from->ends[side]);
		words[count++] = role_of(&to->ends[side]);
		for (size_t i = 0; i < joining->counts[side]; i++) {
			words[count++] = joining->rows[side][i];
		}
	}
	const uint32_t number = interning_number(&comparing->cases, words, count);
	list_free(words);
	return number;
}

static uint32_t delta_of(struct comparing *comparing, const struct joining *joining,
	const struct pair *pair)
{
	const struct difference_class *classes = comparing->difference->classes;
	const struct difference_class *from = &classes[pair->from];
	const struct difference_class *to = &classes[pair->to];
	if (is_alike(comparing, joining, from, to)) {
		return NAME_NONE;
	}
	const size_t known = comparing->cases.count;
	const uint32_t number = case_number(comparing, joining, from, to);
	if (number == known) {
		const struct difference_case compared = {
			.matrices = comparing->matrices,
			.from = from,
			.to = to,
			.now_s = comparing->now_s,
			.rows = {joining->rows[0], joining->rows[1]},
			.row_counts = {joining->counts[0], joining->counts[1]},
			.questions = &comparing->questions};
		const uint32_t delta =
			difference_compare(&comparing->deltas, &compared);
		comparing->results = list_room(
			comparing->results, known, sizeof(*comparing->results));
		comparing->results[known] = delta;
	}
	return comparing->results[number];
}

static void compare_pair(
	struct comparing *comparing, uint32_t from, size_t begin, size_t end)
{
	struct joining joining;
	struct pair pair = {.from = from, .to = comparing->joints[begin].to};
	split(comparing, begin, end, &joining);
	pair.delta = delta_of(comparing, &joining, &pair);
	if (pair.delta == NAME_NONE) {
		return;
	}
	comparing->pairs = list_room(
		comparing->pairs, comparing->pair_count, sizeof(*comparing->pairs));
	comparing->pairs[comparing->pair_count++] = pair;
}

static void compare_class(struct comparing *comparing, uint32_t from)
{
	const struct difference_class *class = &comparing->difference->classes[from];
	comparing->joint_count = 0;
	for (int side = 0; side < 2; side++) {
		join_by_rows(comparing, class, side);
		join_by_profile(comparing, class, side);
	}
	if (comparing->joint_count == 0) {
		return;
	}
	qsort(comparing->joints, comparing->joint_count, sizeof(*comparing->joints),
		joint_order);
	comparing->rows =
		list_new(comparing->joint_count * 2, sizeof(*comparing->rows));
	size_t begin = 0;
	for (size_t i = 1; i <= comparing->joint_count; i++) {
		if (i == comparing->joint_count ||
			comparing->joints[i].to != comparing->joints[begin].to) {
			compare_pair(comparing, from, begin, i);
			begin = i;
		}
	}
	list_free(comparing->rows);
}

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
	const struct pair *a = left;
	const struct pair *b = right;
	if (a->from != b->from) {
		return a->from < b->from ? -1 : 1;
	}
	return (a->to > b->to) - (a->to < b->to);
}

static uint32_t lines_of(const struct comparing *comparing, const struct pair *pair)
{
	return comparing->deltas.list[pair->delta].lines_number;
}

/* What a host known by name has as any other of the Internet is told of that alone. */
static void drop_named(struct comparing *comparing)
{
	const struct difference *difference = comparing->difference;
	struct pair *kept = list_new(comparing->pair_count, sizeof(*kept));
	size_t count = 0;
	uint32_t internet = NAME_NONE;
	for (size_t i = 0; i < difference->class_count; i++) {
		if (is_internet(comparing->matrices, &difference->classes[i])) {
			internet = (uint32_t)i;
		}
	}
	for (size_t i = 0; i < comparing->pair_count; i++) {
		const struct pair *pair = &comparing->pairs[i];
		const struct pair wanted = {.from = difference->classes[pair->from].host
							    ? internet
							    : pair->from,
			.to = difference->classes[pair->to].host ? internet : pair->to};
		const struct pair *other = bsearch(&wanted, comparing->pairs,
			comparing->pair_count, sizeof(wanted), ends_order);
		if (!other || other == pair ||
			lines_of(comparing, other) != lines_of(comparing, pair)) {
			kept[count++] = *pair;
		}
	}
	list_free(comparing->pairs);
	comparing->pairs = kept;
	comparing->pair_count = count;
}

static int pair_order(const void *left, const void *right)
{
	const struct pair *a = left;
	const struct pair *b = right;
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

static void add_entry(struct comparing *comparing, const struct interning *tos,
	const struct fan *fans, size_t count)
{
	struct difference *difference = comparing->difference;
	const struct difference_delta *delta = &comparing->deltas.list[fans->delta];
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
static void gather(struct comparing *comparing)
{
	const struct pair *pairs = comparing->pairs;
	const size_t count = comparing->pair_count;
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
			add_entry(comparing, &tos, &fans[begin], i - begin);
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

static void comparing_free(struct comparing *comparing)
{
	for (int side = 0; side < 2; side++) {
		list_free(comparing->keys[side].starts);
		list_free(comparing->keys[side].classes);
		list_free(comparing->policies[side]);
	}
	interning_free(&comparing->policies_known);
	interning_free(&comparing->cases);
	list_free(comparing->results);
	difference_deltas_free(&comparing->deltas);
	list_free(comparing->joints);
	list_free(comparing->pairs);
}

void difference_find(struct difference *difference, const struct matrix *old_matrix,
	const struct matrix *new_matrix, int64_t now_s)
{
	struct comparing comparing = {.difference = difference,
		.matrices = {old_matrix, new_matrix},
		.now_s = now_s,
		.joints_left = JOINTS_MAX,
		.questions = QUESTIONS_MAX,
		.deltas = {.arena = &difference->arena}};
	*difference = (struct difference){.class_count = 0};
	difference_part(difference, comparing.matrices, comparing.keys);
	for (int side = 0; side < 2; side++) {
		number_policies(&comparing, side);
	}
	for (size_t i = 0; i < difference->class_count; i++) {
		compare_class(&comparing, (uint32_t)i);
	}
	if (comparing.pair_count > 0) {
		drop_named(&comparing);
		qsort(comparing.pairs, comparing.pair_count, sizeof(*comparing.pairs),
			pair_order);
		gather(&comparing);
		qsort_r(difference->entries, difference->entry_count,
			sizeof(*difference->entries), entry_order, difference->classes);
	}
	difference->is_partial = comparing.joints_left == 0 || comparing.questions == 0;
	comparing_free(&comparing);
}

void difference_free(struct difference *difference)
{
	arena_free(&difference->arena);
	list_free(difference->classes);
	list_free(difference->spans);
	list_free(difference->entries);
	*difference = (struct difference){.class_count = 0};
}

bool difference_is_wider(const struct difference *difference)
{
	for (size_t i = 0; i < difference->entry_count; i++) {
		if (difference->entries[i].is_wider) {
			return true;
		}
	}
	return false;
}
