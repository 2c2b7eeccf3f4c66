#include "interchange/sheet_import.h"

#include "base/utf8.h"
#include "interchange/sheet_tables.h"

#include <stdarg.h>
#include <string.h>

bool sheet_fail(struct sheet_tables *tables, const struct sheet_cell *cell,
	const char *format, ...)
{
	struct sheet_error *error = tables->error;
	va_list list;
	va_start(list, format);
	(void)vsnprintf(error->text, sizeof(error->text), format, list);
	va_end(list);
	utf8_make_printable(error->text);
	error->line = cell->line;
	error->column = cell->column;
	return false;
}

void sheet_note(struct sheet_tables *tables, struct sheet_notes *notes,
	const struct sheet_cell *cell, const char *format, ...)
{
	char text[400];
	va_list list;
	va_start(list, format);
	(void)vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	utf8_make_printable(text);
	notes->list = list_room(notes->list, notes->count, sizeof(*notes->list));
	notes->list[notes->count++] = (struct sheet_note){cell->line, cell->column,
		arena_text(tables->arena, text, strlen(text))};
}

struct yaml_node sheet_place(const struct sheet_cell *cell)
{
	return (struct yaml_node){.line = cell->line, .column = cell->column};
}

static void read_heads(struct sheet_tables *tables, const struct sheet_line *line)
{
	struct sheet_columns *columns = &tables->columns;
	*columns = (struct sheet_columns){.count = 0};
	for (size_t i = 0; i < line->count && i < SHEET_HEADS_MAX; i++) {
		columns->heads[columns->count++] =
			sheet_head_find(line->cells[i].text, &columns->is_french[i]);
	}
}

/* Which of two is meant nobody can tell; of two with words for people the first is read. */
static bool check_heads(struct sheet_tables *tables, const struct sheet_line *line)
{
	struct sheet_columns *columns = &tables->columns;
	for (size_t i = 1; i < columns->count; i++) {
		size_t j = 0;
		while (columns->heads[j] != columns->heads[i]) {
			j++;
		}
		if (j == i || columns->heads[i] == SHEET_HEAD_NONE) {
			continue;
		}
		if (columns->heads[i] != SHEET_HEAD_OWNER &&
			columns->heads[i] != SHEET_HEAD_TICKET &&
			columns->heads[i] != SHEET_HEAD_COMMENT) {
			return sheet_fail(tables, &line->cells[i],
				"a second column of \"%.60s\"",
				sheet_head_word(columns->heads[i], false));
		}
		columns->heads[i] = SHEET_HEAD_NONE;
	}
	return true;
}

static void tell_unread(struct sheet_tables *tables, const struct sheet_part *part,
	const struct sheet_line *line)
{
	for (size_t i = 0; i < line->count && part->kind != SHEET_KIND_CROSS; i++) {
		const bool is_read = i < SHEET_HEADS_MAX && part->columns.heads[i] != 0;
		if (!is_read && line->cells[i].text[0] != '\0') {
			sheet_note(tables, &tables->import->unread, &line->cells[i],
				"column \"%.60s\"", line->cells[i].text);
		}
	}
}

static bool has_head(const struct sheet_tables *tables, enum sheet_head head)
{
	for (size_t i = 0; i < tables->columns.count; i++) {
		if (tables->columns.heads[i] == head) {
			return true;
		}
	}
	return false;
}

/* Columns whose words are those of flows mean another thing in a table of groups. */
static void turn_head(
	struct sheet_tables *tables, enum sheet_head from, enum sheet_head to)
{
	for (size_t i = 0; i < tables->columns.count; i++) {
		if (tables->columns.heads[i] == from && !has_head(tables, to)) {
			tables->columns.heads[i] = to;
		}
	}
}

/* The mapping that a table with this head in front is of. */
static struct yaml_node *declared_by(
	const struct sheet_tables *tables, enum sheet_head head)
{
	switch (head) {
	case SHEET_HEAD_ZONE:
		return tables->zones;
	case SHEET_HEAD_GROUP:
		return tables->groups;
	case SHEET_HEAD_DOMAIN:
		return tables->domains;
	case SHEET_HEAD_EXPECTED_OF:
		return tables->expects;
	case SHEET_HEAD_LIST:
		return tables->lists;
	default:
		return tables->tunnels;
	}
}

/* What is a list and no mapping: in which column it stands. */
static enum sheet_head list_head(enum sheet_head head)
{
	switch (head) {
	case SHEET_HEAD_ZONE:
		return SHEET_HEAD_ADDRESSES;
	case SHEET_HEAD_EXPECTED_OF:
		return SHEET_HEAD_EXPECTED;
	default:
		return SHEET_HEAD_NONE;
	}
}

/* A line of zones, groups, domains, fields, lists or tunnels; head has the name. */
static bool read_declared(struct sheet_tables *tables, const struct sheet_line *line,
	enum sheet_head head)
{
	const struct sheet_cell *cell = sheet_cell_of(tables, line, head);
	if (!cell) {
		return sheet_fail(tables, &line->cells[0], "this line has no name");
	}
	const struct yaml_node place = sheet_place(cell);
	struct yaml_node *value = tree_new(tables->arena, YAML_MAPPING, &place);
	if (list_head(head) != SHEET_HEAD_NONE) {
		const struct sheet_cell *items =
			sheet_cell_of(tables, line, list_head(head));
		value = items ? sheet_list(tables, items, items->text)
			      : tree_new(tables->arena, YAML_SEQUENCE, &place);
	} else if (head == SHEET_HEAD_GROUP) {
		sheet_put_columns(
			tables, value, line, SHEET_HEAD_OWNER, SHEET_HEAD_UNTIL);
		sheet_put_columns(
			tables, value, line, SHEET_HEAD_ROLE, SHEET_HEAD_CERTIFICATE);
	} else if (head == SHEET_HEAD_DOMAIN) {
		sheet_put_columns(
			tables, value, line, SHEET_HEAD_OWN, SHEET_HEAD_FORWARDERS);
	} else if (head == SHEET_HEAD_LIST) {
		sheet_put_columns(
			tables, value, line, SHEET_HEAD_LIST_KIND, SHEET_HEAD_SHRINKS);
	} else {
		sheet_put_columns(
			tables, value, line, SHEET_HEAD_ZONE, SHEET_HEAD_ZONE);
		sheet_put_columns(
			tables, value, line, SHEET_HEAD_KIND, SHEET_HEAD_TUNNEL_ENDS);
	}
	tree_put(tables->arena, declared_by(tables, head), cell->text, value);
	return true;
}

static size_t filled(const struct sheet_line *line)
{
	size_t count = 0;
	for (size_t i = 0; i < line->count; i++) {
		count += line->cells[i].text[0] != '\0';
	}
	return count;
}

static enum sheet_kind kind_of_heads(const struct sheet_tables *tables)
{
	const bool has_ends =
		has_head(tables, SHEET_HEAD_ENDS) ||
		(has_head(tables, SHEET_HEAD_FROM) && has_head(tables, SHEET_HEAD_TO));
	const bool has_service = has_head(tables, SHEET_HEAD_PROTOCOLS) ||
				 has_head(tables, SHEET_HEAD_PORTS);
	if (has_ends && has_service) {
		return SHEET_KIND_FLOWS;
	}
	switch (tables->columns.heads[0]) {
	case SHEET_HEAD_ID:
		return has_head(tables, SHEET_HEAD_TLS) ? SHEET_KIND_DETAILS
							: SHEET_KIND_NONE;
	case SHEET_HEAD_DOMAIN:
		return SHEET_KIND_DOMAINS;
	case SHEET_HEAD_EXPECTED_OF:
		return SHEET_KIND_EXPECTS;
	case SHEET_HEAD_LIST:
		return SHEET_KIND_LISTS;
	case SHEET_HEAD_TUNNEL:
		return SHEET_KIND_TUNNELS;
	case SHEET_HEAD_GROUP:
		return SHEET_KIND_GROUPS;
	case SHEET_HEAD_ZONE:
		return SHEET_KIND_ZONES;
	case SHEET_HEAD_PROFILE:
		return SHEET_KIND_PROFILE;
	default:
		return SHEET_KIND_NONE;
	}
}

/* What table this line is the head of; false with an error. */
static bool read_head(
	struct sheet_tables *tables, size_t index, struct sheet_part *part)
{
	const struct sheet_line *line = &tables->sheet->lines[index];
	const enum sheet_head first = sheet_head_find(sheet_text(line, 0), NULL);
	*part = (struct sheet_part){.head = index, .body = index + 1};
	if (sheet_cross_head(tables, part)) {
		part->kind = SHEET_KIND_CROSS;
		return true;
	}
	read_heads(tables, line);
	if (first == SHEET_HEAD_GROUP || first == SHEET_HEAD_TUNNEL) {
		turn_head(tables, SHEET_HEAD_PROTOCOLS, SHEET_HEAD_SERVICE);
	}
	part->kind = kind_of_heads(tables);
	const bool is_right =
		part->kind == SHEET_KIND_NONE || check_heads(tables, line);
	part->columns = tables->columns;
	return is_right;
}

static struct sheet_part *add_part(
	struct sheet_tables *tables, const struct sheet_part *part)
{
	tables->parts =
		list_room(tables->parts, tables->part_count, sizeof(*tables->parts));
	tables->parts[tables->part_count] = *part;
	return &tables->parts[tables->part_count++];
}

/* A list goes on behind an empty line or a title; what else there is is told. */
static bool goes_on(struct sheet_tables *tables, size_t index)
{
	const struct sheet_line *line = &tables->sheet->lines[index];
	const struct sheet_part *last =
		tables->part_count > 0 ? &tables->parts[tables->part_count - 1] : NULL;
	if (filled(line) == 1) {
		return false; /* a title */
	}
	if (last && last->kind == SHEET_KIND_FLOWS &&
		last->columns.count == line->count) {
		return true;
	}
	sheet_note(tables, &tables->import->unread, &line->cells[0],
		"a line that is in no table of flows");
	return false;
}

/* The head again, as on each page: a line of flows has a cell that is none. */
static bool is_head_again(const struct sheet_line *line)
{
	for (size_t i = 0; i < line->count; i++) {
		const char *text = line->cells[i].text;
		if (text[0] != '\0' && sheet_head_find(text, NULL) == SHEET_HEAD_NONE) {
			return false;
		}
	}
	return filled(line) > 2;
}

/* A table begins in this line, or one goes on, or it is nothing; false with an error. */
static bool find_part(
	struct sheet_tables *tables, size_t index, struct sheet_part **open)
{
	struct sheet_part part;
	if (!read_head(tables, index, &part)) {
		return false;
	}
	if (part.kind != SHEET_KIND_NONE) {
		tell_unread(tables, &part, &tables->sheet->lines[index]);
		part.end = part.body;
		*open = add_part(tables, &part);
	} else if (goes_on(tables, index)) {
		part = tables->parts[tables->part_count - 1];
		part.body = index;
		part.end = index + 1;
		*open = add_part(tables, &part);
	}
	return true;
}

/* Lines from first up to the next empty one; returns that, or 0 with an error. */
static size_t find_parts(struct sheet_tables *tables, size_t first)
{
	const struct sheet *sheet = tables->sheet;
	struct sheet_part *open = NULL;
	size_t i = first;
	for (; i < sheet->count && !sheet_is_empty_line(&sheet->lines[i]); i++) {
		if (open && i < open->body) {
			continue; /* the second line of its head */
		}
		if (open && (open->kind != SHEET_KIND_FLOWS ||
				    !is_head_again(&sheet->lines[i]))) {
			open->end = i + 1;
		} else if (!find_part(tables, i, &open)) {
			return 0;
		}
	}
	return i;
}

static bool read_line(struct sheet_tables *tables, enum sheet_kind kind,
	const struct sheet_line *line)
{
	switch (kind) {
	case SHEET_KIND_FLOWS: /* one cell alone is a title between two parts */
		return filled(line) == 1 || sheet_read_flow(tables, line);
	case SHEET_KIND_DETAILS:
		return sheet_cross_detail(tables, line);
	case SHEET_KIND_ZONES:
		return read_declared(tables, line, SHEET_HEAD_ZONE);
	case SHEET_KIND_GROUPS:
		return read_declared(tables, line, SHEET_HEAD_GROUP);
	case SHEET_KIND_DOMAINS:
		return read_declared(tables, line, SHEET_HEAD_DOMAIN);
	case SHEET_KIND_EXPECTS:
		return read_declared(tables, line, SHEET_HEAD_EXPECTED_OF);
	case SHEET_KIND_LISTS:
		return read_declared(tables, line, SHEET_HEAD_LIST);
	case SHEET_KIND_TUNNELS:
		return read_declared(tables, line, SHEET_HEAD_TUNNEL);
	case SHEET_KIND_PROFILE:
		tables->profile = line->cells[0].text;
		return true;
	case SHEET_KIND_CROSS:
	case SHEET_KIND_NONE:
		break;
	}
	return true;
}

static bool read_part(struct sheet_tables *tables, const struct sheet_part *part)
{
	tables->columns = part->columns;
	tables->from = NULL;
	tables->to = NULL;
	if (part->kind == SHEET_KIND_CROSS) {
		return sheet_cross_read(tables, part);
	}
	for (size_t i = part->body; i < part->end; i++) {
		if (!read_line(tables, part->kind, &tables->sheet->lines[i])) {
			return false;
		}
	}
	return true;
}

/* Names that rows may use, wherever in the sheet they are declared; and ids that are taken. */
static void declare_part(struct sheet_tables *tables, const struct sheet_part *part)
{
	const bool has_names =
		part->kind == SHEET_KIND_ZONES || part->kind == SHEET_KIND_GROUPS;
	const bool has_ids =
		part->kind == SHEET_KIND_FLOWS || part->kind == SHEET_KIND_DETAILS;
	tables->columns = part->columns;
	for (size_t i = part->body; i < part->end; i++) {
		const struct sheet_line *line = &tables->sheet->lines[i];
		const struct sheet_cell *id =
			has_ids ? sheet_cell_of(tables, line, SHEET_HEAD_ID) : NULL;
		if (has_names && sheet_text(line, 0)[0] != '\0') {
			sheet_declare(tables, line->cells[0].text);
		}
		if (id) {
			(void)name_table_add(&tables->ids, id->text, 0);
		}
	}
}

static bool read_parts(struct sheet_tables *tables)
{
	for (size_t i = 0; i < tables->sheet->count;) {
		if (sheet_is_empty_line(&tables->sheet->lines[i])) {
			i++;
			continue;
		}
		i = find_parts(tables, i);
		if (i == 0) {
			return false;
		}
	}
	for (size_t i = 0; i < tables->part_count; i++) {
		declare_part(tables, &tables->parts[i]);
	}
	for (size_t i = 0; i < tables->part_count; i++) {
		if (!read_part(tables, &tables->parts[i])) {
			return false;
		}
	}
	return sheet_cross_finish(tables);
}

static void declare_names(struct sheet_tables *tables, const struct yaml_node *names)
{
	const struct yaml_node *at =
		names && names->kind == YAML_MAPPING ? names->first : NULL;
	for (; at; at = at->next->next) {
		if (at->kind == YAML_SCALAR) {
			sheet_declare(tables, at->text);
		}
	}
}

static void make_root(struct sheet_tables *tables)
{
	struct arena *arena = tables->arena;
	struct yaml_node *root = tree_new(arena, YAML_MAPPING, NULL);
	tree_put(arena, root, "schema", tree_scalar(arena, "1", NULL));
	if (tables->profile) {
		tree_put(arena, root, "profile",
			tree_scalar(arena, tables->profile, NULL));
	}
	struct yaml_node *const lists[] = {tables->zones, tables->groups,
		tables->domains, tables->expects, tables->lists, tables->tunnels,
		tables->rows};
	static const char *const KEYS[] = {
		"zones", "groups", "domains", "expects", "lists", "tunnels", "rows"};
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
		if (lists[i]->first) {
			tree_put(arena, root, KEYS[i], lists[i]);
		}
	}
	tables->import->root = root;
}

static void mark_used(struct name_table *used, const struct yaml_node *ends)
{
	const bool is_scalar = ends->kind == YAML_SCALAR;
	for (const struct yaml_node *at = tree_items(ends); at;
		at = is_scalar ? NULL : at->next) {
		(void)name_table_add(used, at->text, 0);
	}
}

/* What stands beside things that are no mail alone is no group of the matrix. */
static void drop_unused(struct sheet_tables *tables)
{
	struct sheet_import *import = tables->import;
	struct name_table used = {.count = 0};
	const size_t count = import->undeclared_count;
	for (const struct yaml_node *row = tables->rows->first; row; row = row->next) {
		mark_used(&used, tree_get(row, "from"));
		mark_used(&used, tree_get(row, "to"));
	}
	import->undeclared_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct sheet_group group = import->undeclared[i];
		if (name_table_find(&used, group.name) != NAME_NONE) {
			import->undeclared[import->undeclared_count++] = group;
		}
	}
	name_table_free(&used);
}

static bool tell_empty(struct sheet_tables *tables)
{
	static const struct sheet_cell START = {"", 1, 1};
	return tables->import->row_count > 0 ||
	       sheet_fail(tables, &START,
		       tables->import->apart.count > 0
			       ? "no flow in it is mail"
			       : "no table of flows: none has a head with source, "
				 "destination and protocol or port, nor \"From \\ To\" "
				 "in its first cell");
}

bool sheet_import(struct sheet_import *import, const struct sheet *sheet,
	const struct yaml_node *const *declared, size_t declared_count,
	struct sheet_error *error)
{
	struct arena *arena = sheet->arena;
	*import = (struct sheet_import){.row_count = 0};
	*error = (struct sheet_error){.line = 0};
	struct sheet_tables tables = {.import = import,
		.sheet = sheet,
		.arena = arena,
		.error = error,
		.zones = tree_new(arena, YAML_MAPPING, NULL),
		.groups = tree_new(arena, YAML_MAPPING, NULL),
		.domains = tree_new(arena, YAML_MAPPING, NULL),
		.expects = tree_new(arena, YAML_MAPPING, NULL),
		.lists = tree_new(arena, YAML_MAPPING, NULL),
		.tunnels = tree_new(arena, YAML_MAPPING, NULL),
		.rows = tree_new(arena, YAML_SEQUENCE, NULL)};
	sheet_declare(&tables, "internet");
	for (size_t i = 0; i < declared_count; i++) {
		declare_names(&tables, tree_get(declared[i], "zones"));
		declare_names(&tables, tree_get(declared[i], "groups"));
	}
	const bool is_read = read_parts(&tables) && tell_empty(&tables);
	if (is_read) {
		make_root(&tables);
		drop_unused(&tables);
	}
	sheet_cross_free(&tables);
	list_free(tables.names);
	list_free(tables.parts);
	name_table_free(&tables.by_name);
	name_table_free(&tables.by_fold);
	name_table_free(&tables.ids);
	return is_read;
}

void sheet_import_free(struct sheet_import *import)
{
	list_free(import->undeclared);
	list_free(import->apart.list);
	list_free(import->unread.list);
	*import = (struct sheet_import){.row_count = 0};
}
