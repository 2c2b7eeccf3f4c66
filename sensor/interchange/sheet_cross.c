/* Sources by destinations: what a cell names is a row, or part of one that has an id. */
#include "interchange/sheet_tables.h"

#include <stdio.h>
#include <string.h>

#define CORNER_BYTES 96
#define SIDE_MAX     64 /* ends of a row with an id, on each side: as the loader has it */

struct side {
	const char **names; /* list_room */
	size_t count;
};

/* The cells of one id, or one cell without. */
struct cross_row {
	const char *id;                /* NULL: none */
	const struct sheet_cell *cell; /* the first */
	struct side from;
	struct side to;
	size_t cell_count;
	uint32_t protocols;
	const char *ports;
	bool has_details;
};

struct sheet_cross {
	struct cross_row **rows; /* in the arena; list_room */
	size_t count;
	struct name_table by_id;
};

static bool is_word_of(const char *word, enum sheet_head head)
{
	return sheet_head_find(word, NULL) == head;
}

/* "De \ Vers": the first and the last of its words are the two sides. */
static bool read_corner(const char *text, bool *is_turned)
{
	char folded[CORNER_BYTES];
	sheet_fold(text, folded, sizeof(folded));
	char *gap = strchr(folded, ' ');
	const char *last = strrchr(folded, ' ');
	if (!gap) {
		return false;
	}
	*gap = '\0';
	last++;
	*is_turned =
		is_word_of(folded, SHEET_HEAD_TO) && is_word_of(last, SHEET_HEAD_FROM);
	return *is_turned ||
	       (is_word_of(folded, SHEET_HEAD_FROM) && is_word_of(last, SHEET_HEAD_TO));
}

/* A list of flows may begin with a column of both ends. */
static bool has_service_head(const struct sheet_line *line)
{
	for (size_t i = 1; i < line->count; i++) {
		const enum sheet_head head = sheet_head_find(line->cells[i].text, NULL);
		if (head == SHEET_HEAD_PROTOCOLS || head == SHEET_HEAD_PORTS) {
			return true;
		}
	}
	return false;
}

/* "Destination;a;b" and below it "Source": each names its side. */
static bool has_second_head(const struct sheet_tables *tables, struct sheet_part *part)
{
	const struct sheet *sheet = tables->sheet;
	const struct sheet_line *line = &sheet->lines[part->head];
	if (part->head + 1 >= sheet->count || line->count < 2) {
		return false;
	}
	const struct sheet_line *next = &sheet->lines[part->head + 1];
	const enum sheet_head first = sheet_head_find(sheet_text(line, 0), NULL);
	const enum sheet_head second = sheet_head_find(sheet_text(next, 0), NULL);
	for (size_t i = 1; i < next->count; i++) {
		if (next->cells[i].text[0] != '\0') {
			return false;
		}
	}
	part->is_turned = first == SHEET_HEAD_FROM && second == SHEET_HEAD_TO;
	return part->is_turned || (first == SHEET_HEAD_TO && second == SHEET_HEAD_FROM);
}

bool sheet_cross_head(struct sheet_tables *tables, struct sheet_part *part)
{
	const struct sheet_line *line = &tables->sheet->lines[part->head];
	if (line->count < 2 || has_service_head(line)) {
		return false;
	}
	if (has_second_head(tables, part)) {
		part->body = part->head + 2;
		return true;
	}
	return read_corner(line->cells[0].text, &part->is_turned);
}

static struct cross_row *row_new(struct sheet_tables *tables)
{
	if (!tables->cross) {
		tables->cross = arena_take(tables->arena, sizeof(*tables->cross));
	}
	struct sheet_cross *cross = tables->cross;
	struct cross_row *row = arena_take(tables->arena, sizeof(*row));
	// NOLINTNEXTLINE(bugprone-sizeof-expression): it is an array of pointers
	cross->rows = list_room(cross->rows, cross->count, sizeof(*cross->rows));
	cross->rows[cross->count++] = row;
	return row;
}

/* The row of this id; a new one without cells where there is none. */
static struct cross_row *row_of(struct sheet_tables *tables, const char *id)
{
	const uint32_t index =
		tables->cross ? name_table_find(&tables->cross->by_id, id) : NAME_NONE;
	if (index != NAME_NONE) {
		return tables->cross->rows[index];
	}
	struct cross_row *row = row_new(tables);
	row->id = id;
	(void)name_table_add(
		&tables->cross->by_id, id, (uint32_t)(tables->cross->count - 1));
	(void)name_table_add(&tables->ids, id, 0);
	return row;
}

static bool add_side(struct side *side, const char *name)
{
	for (size_t i = 0; i < side->count; i++) { /* SIDE_MAX */
		if (strcmp(side->names[i], name) == 0) {
			return true;
		}
	}
	if (side->count == SIDE_MAX) {
		return false;
	}
	// NOLINTNEXTLINE(bugprone-sizeof-expression): it is an array of pointers
	side->names = list_room(side->names, side->count, sizeof(*side->names));
	side->names[side->count++] = name;
	return true;
}

static bool is_same(const struct cross_row *row, const struct sheet_service *service)
{
	return row->protocols == service->protocols &&
	       strcmp(row->ports, service->ports) == 0;
}

/* The two names of a cell. */
struct cross_ends {
	const char *from;
	const char *to;
};

/* A part of a cell: services, and the id that stands behind them in brackets, or NULL. */
static bool add_cell(struct sheet_tables *tables, const struct sheet_cell *cell,
	const struct cross_ends *ends, const struct sheet_service *service,
	const char *id)
{
	struct cross_row *row = id ? row_of(tables, id) : row_new(tables);
	if (row->cell_count > 0 && !is_same(row, service)) {
		return sheet_fail(tables, cell,
			"row %.63s is another one at line %u, column %u", id,
			row->cell->line, row->cell->column);
	}
	if (row->cell_count == 0) {
		row->cell = cell;
		row->protocols = service->protocols;
		row->ports = arena_text(
			tables->arena, service->ports, strlen(service->ports));
	}
	row->cell_count++;
	return (add_side(&row->from, ends->from) && add_side(&row->to, ends->to)) ||
	       sheet_fail(tables, cell, "row %.63s has more than %d ends on one side",
		       id, SIDE_MAX);
}

static bool read_services(struct sheet_tables *tables, const struct sheet_cell *cell,
	const struct cross_ends *ends, const char *text, const char *id)
{
	struct sheet_services services;
	if (!sheet_services_read(text, "", &services)) {
		return !id || sheet_fail(tables, cell, "[%.63s] stands alone", id);
	}
	if (services.is_cut) {
		return sheet_fail(tables, cell, "too many services in one cell");
	}
	if (services.apart[0] != '\0') {
		sheet_note(tables, &tables->import->apart, cell, "%.60s -> %.60s: %s",
			ends->from, ends->to, services.apart);
	}
	if (id && services.count != 1) {
		return sheet_fail(tables, cell, "row %.63s is not one row of mail", id);
	}
	for (size_t i = 0; i < services.count; i++) {
		if (!add_cell(tables, cell, ends, &services.parts[i], id)) {
			return false;
		}
	}
	return true;
}

/* "smtp (25) [M-02]" by lines; what has no id is one row together. */
static bool read_cell(struct sheet_tables *tables, const struct sheet_cell *cell,
	const struct cross_ends *ends)
{
	const char *text = cell->text;
	for (const char *open; (open = strchr(text, '[')) != NULL;) {
		const char *close = strchr(open, ']');
		if (!close || close == open + 1) {
			return sheet_fail(
				tables, cell, "a bracket that holds no id of a row");
		}
		const char *services =
			arena_text(tables->arena, text, (size_t)(open - text));
		const char *id =
			arena_text(tables->arena, open + 1, (size_t)(close - open - 1));
		if (!read_services(tables, cell, ends, services, id)) {
			return false;
		}
		text = close + 1;
	}
	return read_services(tables, cell, ends, text, NULL);
}

/* The name above the cell, or left of that: merged cells are blank. */
static const struct sheet_cell *head_of(const struct sheet_line *head, size_t column)
{
	size_t i = column < head->count ? column : head->count - 1;
	while (i > 1 && head->cells[i].text[0] == '\0') {
		i--;
	}
	return i > 0 && head->cells[i].text[0] != '\0' ? &head->cells[i] : NULL;
}

static bool read_line(struct sheet_tables *tables, const struct sheet_part *part,
	const struct sheet_line *line, const struct sheet_cell *side)
{
	const struct sheet_line *head = &tables->sheet->lines[part->head];
	for (size_t i = 1; i < line->count; i++) {
		const struct sheet_cell *cell = &line->cells[i];
		const struct sheet_cell *above = head_of(head, i);
		if (cell->text[0] == '\0') {
			continue;
		}
		if (!above || i >= head->count || !side) {
			return sheet_fail(tables, cell, "this cell has no %s",
				!side == !part->is_turned ? "source" : "destination");
		}
		const char *left =
			sheet_end_name(tables, side, side->text, strlen(side->text));
		const char *top = left ? sheet_end_name(tables, above, above->text,
						 strlen(above->text))
				       : NULL;
		if (!top) {
			return false;
		}
		const struct cross_ends ends = {
			part->is_turned ? top : left, part->is_turned ? left : top};
		if (!read_cell(tables, cell, &ends)) {
			return false;
		}
	}
	return true;
}

bool sheet_cross_read(struct sheet_tables *tables, const struct sheet_part *part)
{
	const struct sheet_cell *side = NULL;
	for (size_t i = part->body; i < part->end; i++) {
		const struct sheet_line *line = &tables->sheet->lines[i];
		if (sheet_text(line, 0)[0] != '\0') {
			side = &line->cells[0];
		}
		if (!read_line(tables, part, line, side)) {
			return false;
		}
	}
	return true;
}

bool sheet_cross_detail(struct sheet_tables *tables, const struct sheet_line *line)
{
	const struct sheet_cell *id = sheet_cell_of(tables, line, SHEET_HEAD_ID);
	if (!id) {
		return sheet_fail(tables, &line->cells[0], "this line has no row");
	}
	struct cross_row *row = row_of(tables, id->text);
	if (row->cell_count == 0) {
		return sheet_fail(tables, id,
			"row \"%.63s\" stands in no cell of a table above", id->text);
	}
	if (row->has_details) {
		return sheet_fail(
			tables, id, "row \"%.63s\" stands here twice", id->text);
	}
	row->has_details = true;
	return true;
}

static struct yaml_node *side_list(struct sheet_tables *tables,
	const struct cross_row *row, const struct side *side)
{
	const struct yaml_node place = sheet_place(row->cell);
	struct yaml_node *list = tree_new(tables->arena, YAML_SEQUENCE, &place);
	for (size_t i = 0; i < side->count; i++) { /* SIDE_MAX */
		tree_append(list, tree_scalar(tables->arena, side->names[i], &place));
	}
	return side->count == 1 ? list->first : list;
}

/* details: the line of the row in them, or NULL. */
static bool finish_row(struct sheet_tables *tables, const struct cross_row *row,
	const struct sheet_line *details)
{
	struct arena *arena = tables->arena;
	const struct yaml_node place = sheet_place(row->cell);
	struct yaml_node *node = tree_new(arena, YAML_MAPPING, &place);
	struct sheet_service service = {.protocols = row->protocols};
	(void)snprintf(service.ports, sizeof(service.ports), "%s", row->ports);
	if (row->cell_count != row->from.count * row->to.count) {
		return sheet_fail(tables, row->cell,
			"row %.63s stands in %zu cells, which are not all of its %zu "
			"sources with all of its %zu destinations, once each",
			row->id, row->cell_count, row->from.count, row->to.count);
	}
	const char *id = row->id ? row->id : sheet_next_id(tables);
	tree_put(arena, node, "id", tree_scalar(arena, id, &place));
	tree_put(arena, node, "from", side_list(tables, row, &row->from));
	tree_put(arena, node, "to", side_list(tables, row, &row->to));
	sheet_put_service(tables, node, row->cell, &service);
	if (details) {
		sheet_put_conditions(tables, node, details);
	}
	tree_append(tables->rows, node);
	tables->import->row_count++;
	return true;
}

static bool finish_details(
	struct sheet_tables *tables, const struct sheet_part *details)
{
	tables->columns = details->columns;
	for (size_t i = details->body; i < details->end; i++) {
		const struct sheet_line *line = &tables->sheet->lines[i];
		const struct sheet_cell *id =
			sheet_cell_of(tables, line, SHEET_HEAD_ID);
		if (!finish_row(tables, row_of(tables, id->text), line)) {
			return false;
		}
	}
	return true;
}

/* In the order of the details, which is that of the matrix; then the others as they stand. */
bool sheet_cross_finish(struct sheet_tables *tables)
{
	const struct sheet_cross *cross = tables->cross;
	for (size_t i = 0; i < tables->part_count; i++) {
		if (tables->parts[i].kind == SHEET_KIND_DETAILS &&
			!finish_details(tables, &tables->parts[i])) {
			return false;
		}
	}
	for (size_t i = 0; cross && i < cross->count; i++) {
		if (!cross->rows[i]->has_details &&
			!finish_row(tables, cross->rows[i], NULL)) {
			return false;
		}
	}
	return true;
}

void sheet_cross_free(struct sheet_tables *tables)
{
	struct sheet_cross *cross = tables->cross;
	for (size_t i = 0; cross && i < cross->count; i++) {
		list_free(cross->rows[i]->from.names);
		list_free(cross->rows[i]->to.names);
	}
	if (cross) {
		list_free(cross->rows);
		name_table_free(&cross->by_id);
	}
}
