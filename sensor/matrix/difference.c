#include "matrix/difference_parts.h"

#include <stdlib.h>
#include <string.h>

/* Some minutes of work at most; above, what was compared till then is told as partial. */
#define JOINTS_MAX    (UINT64_C(1) << 25)
#define QUESTIONS_MAX (UINT64_C(1) << 28)

/* A row that joins one class with another; its side in the lowest bit. */
struct joint {
	uint32_t to;
	uint32_t row; /* 2 * index + side, or NAME_NONE: the profile may do without */
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
	struct difference_pairs pairs;
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
	const struct difference_pair *pair)
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
	struct difference_pair pair = {.from = from, .to = comparing->joints[begin].to};
	split(comparing, begin, end, &joining);
	pair.delta = delta_of(comparing, &joining, &pair);
	if (pair.delta == NAME_NONE) {
		return;
	}
	struct difference_pairs *pairs = &comparing->pairs;
	pairs->list = list_room(pairs->list, pairs->count, sizeof(pair));
	pairs->list[pairs->count++] = pair;
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
	list_free(comparing->pairs.list);
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
	difference_gather(
		difference, comparing.matrices, &comparing.deltas, &comparing.pairs);
	difference->is_partial = comparing.joints_left == 0 || comparing.questions == 0;
	comparing_free(&comparing);
	difference_find_terms(difference, comparing.matrices);
}

void difference_free(struct difference *difference)
{
	arena_free(&difference->arena);
	list_free(difference->classes);
	list_free(difference->spans);
	list_free(difference->entries);
	list_free(difference->terms);
	*difference = (struct difference){.class_count = 0};
}

bool difference_is_wider(const struct difference *difference)
{
	for (size_t i = 0; i < difference->entry_count; i++) {
		if (difference->entries[i].is_wider) {
			return true;
		}
	}
	for (size_t i = 0; i < difference->term_count; i++) {
		if (difference->terms[i].is_wider) {
			return true;
		}
	}
	return false;
}
