#include "observed/grid.h"

#include "matrix/sentence.h"

#include <stdlib.h>
#include <string.h>

#define US_PER_S UINT64_C(1000000)

struct grid {
	const struct matrix *matrix;
	const struct matrix_group *groups;
	const struct matrix_zone *zones;
	const struct matrix_row *rows;
	size_t group_count;
	size_t zone_count;
	size_t row_count;
	size_t ends;
	/* those that are not empty; by from, then to once all are there */
	struct grid_cell *cells;
	size_t cell_count;
	uint32_t *slots; /* by pair of ends: place of a cell and one, 0 free */
	size_t slot_mask;
	bool *is_row_used;
	bool *is_end_used;
};

static const struct {
	char sign;
	const char *word;
	const char *text;
} STATES[GRID_STATES] = {
	[GRID_EMPTY] = {'.', "empty", "neither declared nor seen"},
	[GRID_USED] = {'+', "used", "declared and seen"},
	[GRID_UNUSED] = {'-', "unused", "declared, never seen"},
	[GRID_UNDECLARED] = {'?', "undeclared", "seen, not declared"},
	[GRID_FORBIDDEN] = {'!', "forbidden", "forbidden and tried"},
};

char grid_sign(enum grid_state state)
{
	return STATES[state].sign;
}

const char *grid_state_text(enum grid_state state)
{
	return STATES[state].text;
}

const char *grid_state_word(enum grid_state state)
{
	return STATES[state].word;
}

/* The zone of hosts of the sensor itself is in no list: with them it is the Internet's place. */
static size_t place_of_zone(const struct grid *grid, const struct matrix_zone *zone)
{
	for (size_t i = 1; i < grid->zone_count; i++) {
		if (zone == &grid->zones[i]) {
			return grid->group_count + i - 1;
		}
	}
	return grid->ends - 1;
}

static size_t place_of(const struct grid *grid, const struct matrix_end *end)
{
	return end->group ? (size_t)(end->group - grid->groups)
			  : place_of_zone(grid, end->zone);
}

/* The slot of a pair of ends, or the free one where it belongs; half of them are free. */
static uint32_t *slot_of(const struct grid *grid, uint32_t from, uint32_t to)
{
	const uint64_t pair = (uint64_t)from << 32 | to;
	size_t at = (size_t)(pair * UINT64_C(0x9e3779b97f4a7c15) >> 32);
	for (;; at++) {
		uint32_t *slot = &grid->slots[at & grid->slot_mask];
		const struct grid_cell *cell = *slot ? &grid->cells[*slot - 1] : NULL;
		if (!cell || (cell->from == from && cell->to == to)) {
			return slot;
		}
	}
}

static struct grid_cell *cell_of(
	struct grid *grid, const struct matrix_end *from, const struct matrix_end *to)
{
	const uint32_t row = (uint32_t)place_of(grid, from);
	const uint32_t column = (uint32_t)place_of(grid, to);
	uint32_t *slot = slot_of(grid, row, column);
	if (*slot == 0) {
		grid->cells[grid->cell_count] =
			(struct grid_cell){.from = row, .to = column};
		*slot = (uint32_t)++grid->cell_count;
	}
	return &grid->cells[*slot - 1];
}

static bool is_encrypted(uint8_t tls)
{
	return tls == FACTS_TLS_STARTTLS || tls == FACTS_TLS_IMPLICIT;
}

static enum grid_state state_of_flows(enum held_standing standing)
{
	switch (standing) {
	case HELD_ALLOWED:
		return GRID_USED;
	case HELD_FORBIDDEN:
		return GRID_FORBIDDEN;
	default:
		return GRID_UNDECLARED;
	}
}

/* As the states are listed, the gravest last. */
static void take_state(struct grid_cell *cell, enum grid_state state,
	const struct observed_entry *entry)
{
	const uint64_t first_us = (uint64_t)entry->first_s * US_PER_S;
	if (state > cell->state) {
		cell->state = state;
		cell->flow_id = entry->last_flow_id;
		cell->since_us = first_us;
	} else if (state == cell->state && first_us < cell->since_us) {
		cell->since_us = first_us;
	}
}

static void take(void *context, const struct held *held)
{
	struct grid *grid = (struct grid *)context;
	const struct judgement *judgement = held->judgement;
	const struct observed_entry *entry = held->entry;
	struct grid_cell *cell = cell_of(grid, &judgement->from, &judgement->to);
	cell->flows[held->standing] += entry->flows;
	cell->encrypted += is_encrypted(entry->key.tls) ? entry->flows : 0;
	cell->protocols |= PROTOCOL_BIT(entry->key.protocol);
	if (entry->last_us > cell->last_us) {
		cell->last_us = entry->last_us;
	}
	take_state(cell, state_of_flows(held->standing), entry);
	if (held->standing == HELD_FORBIDDEN) {
		cell->reasons |= held->reasons;
	}
	if (held->standing == HELD_ALLOWED && judgement->row) {
		cell->row = cell->row ? cell->row : judgement->row;
		grid->is_row_used[judgement->row - grid->rows] = true;
	}
}

/* Behind the flows: by then it is known which rows were used. */
static void take_row(struct grid *grid, size_t index)
{
	const struct matrix_row *row = &grid->rows[index];
	struct grid_cell *cell = cell_of(grid, &row->from, &row->to);
	if (cell->rows == 0) {
		cell->row = row;
	}
	cell->rows++;
	cell->rows_used += grid->is_row_used[index];
	if (cell->state <= GRID_UNUSED) {
		cell->state = cell->rows_used > 0 || cell->state == GRID_USED
				      ? GRID_USED
				      : GRID_UNUSED;
	}
}

static int cell_order(const void *left, const void *right)
{
	const struct grid_cell *a = left;
	const struct grid_cell *b = right;
	if (a->from != b->from) {
		return a->from < b->from ? -1 : 1;
	}
	return a->to < b->to ? -1 : a->to > b->to;
}

/* Each entry and each row may have a cell of its own. */
static bool take_memory(struct grid *grid, const struct observed *observed)
{
	struct observed_totals totals;
	observed_totals(observed, &totals);
	const size_t most = totals.entries + grid->row_count + 1;
	size_t slots = 16;
	while (slots < 2 * most) {
		slots *= 2;
	}
	grid->slot_mask = slots - 1;
	grid->cells = calloc(most, sizeof(*grid->cells));
	grid->slots = calloc(slots, sizeof(*grid->slots));
	grid->is_row_used = calloc(grid->row_count + 1, sizeof(*grid->is_row_used));
	grid->is_end_used = calloc(grid->ends, sizeof(*grid->is_end_used));
	return grid->cells && grid->slots && grid->is_row_used && grid->is_end_used;
}

static bool fill(struct grid *grid, const struct observed *observed)
{
	if (!take_memory(grid, observed) ||
		!held_each(grid->matrix, observed, take, grid)) {
		return false;
	}
	for (size_t i = 0; i < grid->row_count; i++) {
		take_row(grid, i);
	}
	qsort(grid->cells, grid->cell_count, sizeof(*grid->cells), cell_order);
	for (size_t i = 0; i < grid->cell_count; i++) {
		grid->is_end_used[grid->cells[i].from] = true;
		grid->is_end_used[grid->cells[i].to] = true;
	}
	return true;
}

struct grid *grid_new(const struct matrix *matrix, const struct observed *observed)
{
	struct grid *grid = calloc(1, sizeof(*grid));
	if (!grid) {
		return NULL;
	}
	grid->matrix = matrix;
	grid->groups = matrix_groups(matrix, &grid->group_count);
	grid->zones = matrix_zones(matrix, &grid->zone_count);
	grid->rows = matrix_rows(matrix, &grid->row_count);
	grid->ends = grid->group_count + grid->zone_count; /* zone 0 is always there */
	if (!fill(grid, observed)) {
		grid_free(grid);
		return NULL;
	}
	return grid;
}

void grid_free(struct grid *grid)
{
	if (grid) {
		free(grid->cells);
		free(grid->slots);
		free(grid->is_row_used);
		free(grid->is_end_used);
		free(grid);
	}
}

size_t grid_ends(const struct grid *grid)
{
	return grid->ends;
}

const char *grid_end_name(const struct grid *grid, size_t end, char *text)
{
	struct matrix_end there = {.group = NULL};
	if (end < grid->group_count) {
		(void)snprintf(text, SENTENCE_END_BYTES, "%s", grid->groups[end].name);
		return text;
	}
	const size_t zone = end - grid->group_count + 1;
	there.zone = &grid->zones[zone < grid->zone_count ? zone : 0];
	return sentence_end(&there, text);
}

bool grid_end_is_used(const struct grid *grid, size_t end)
{
	return grid->is_end_used[end];
}

const struct grid_cell *grid_cells(const struct grid *grid, size_t *count)
{
	*count = grid->cell_count;
	return grid->cells;
}

enum grid_state grid_state(const struct grid *grid, size_t from, size_t to)
{
	const struct grid_cell key = {.from = (uint32_t)from, .to = (uint32_t)to};
	const struct grid_cell *cell =
		bsearch(&key, grid->cells, grid->cell_count, sizeof(key), cell_order);
	return cell ? cell->state : GRID_EMPTY;
}

size_t grid_count(const struct grid *grid, enum grid_state state)
{
	size_t count = 0;
	for (size_t i = 0; i < grid->cell_count; i++) {
		count += grid->cells[i].state == state;
	}
	return count;
}

uint64_t grid_flows(const struct grid_cell *cell)
{
	uint64_t flows = 0;
	for (int i = 0; i < HELD_STANDINGS; i++) {
		flows += cell->flows[i];
	}
	return flows;
}
