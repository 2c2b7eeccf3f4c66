#include "interchange/sheet_export.h"

#include "base/name_table.h"
#include "classify/protocol.h"
#include "interchange/sheet_heads.h"
#include "interchange/sheet_services.h"

#include <string.h>

#define SERVICES_BYTES 1024

struct writer {
	struct sheet *sheet;
	const struct yaml_node *root;
	const struct matrix *matrix;
	const struct sheet_form *form;
	struct arena *arena;
	struct reason *why;
};

static void put_head(struct writer *writer, enum sheet_head head)
{
	sheet_put(writer->sheet, sheet_head_word(head, writer->form->is_french));
}

/* The items of a list with ", " between; a scalar as it is, "" for NULL. */
static const char *joined(struct writer *writer, const struct yaml_node *value)
{
	size_t size = 1;
	const struct yaml_node *first = tree_items(value);
	const struct yaml_node *end = value == first && value ? value->next : NULL;
	for (const struct yaml_node *at = first; at != end; at = at->next) {
		size += strlen(at->text) + 2;
	}
	char *text = arena_take(writer->arena, size);
	size_t used = 0;
	for (const struct yaml_node *at = first; at != end; at = at->next) {
		used += (size_t)snprintf(
			text + used, size - used, "%s%s", used ? ", " : "", at->text);
	}
	return text;
}

/* Of a mapping; a zone is the list of its addresses itself. */
static void put_value(
	struct writer *writer, const struct yaml_node *thing, enum sheet_head head)
{
	const struct yaml_node *value = thing->kind == YAML_MAPPING
						? tree_get(thing, sheet_head_key(head))
						: thing;
	sheet_put(writer->sheet, joined(writer, value));
}

/* Some value of the list or mapping has this key: else the column is left out. */
static bool is_used(const struct yaml_node *values, enum sheet_head head)
{
	const bool is_mapping = values->kind == YAML_MAPPING;
	const struct yaml_node *at = values->first;
	while (at) {
		const struct yaml_node *value = is_mapping ? at->next : at;
		if (tree_get(value, sheet_head_key(head))) {
			return true;
		}
		at = value->next;
	}
	return false;
}

/* Heads of always, and those that are used. */
struct columns {
	enum sheet_head heads[SHEET_HEAD_COUNT];
	size_t count;
};

static void find_columns(struct columns *columns, const struct yaml_node *values,
	enum sheet_head first, enum sheet_head last)
{
	for (int head = (int)first; head <= (int)last; head++) {
		const bool is_wanted =
			head == SHEET_HEAD_TLS || head == SHEET_HEAD_ROLE ||
			head == SHEET_HEAD_ADDRESSES || head == SHEET_HEAD_KIND ||
			head == SHEET_HEAD_TUNNEL_ENDS;
		if (is_wanted || is_used(values, (enum sheet_head)head)) {
			columns->heads[columns->count++] = (enum sheet_head)head;
		}
	}
}

/* A table of named things, by columns. */
static void write_declared(struct writer *writer, const char *key, enum sheet_head name,
	const struct columns *columns)
{
	const struct yaml_node *things = tree_get(writer->root, key);
	sheet_begin_line(writer->sheet);
	put_head(writer, name);
	for (size_t i = 0; i < columns->count; i++) {
		put_head(writer, columns->heads[i]);
	}
	for (const struct yaml_node *at = things->first; at; at = at->next->next) {
		sheet_begin_line(writer->sheet);
		sheet_put(writer->sheet, at->text);
		for (size_t i = 0; i < columns->count; i++) {
			put_value(writer, at->next, columns->heads[i]);
		}
	}
	sheet_begin_line(writer->sheet);
}

static void write_declarations(struct writer *writer)
{
	const struct yaml_node *zones = tree_get(writer->root, "zones");
	const struct yaml_node *groups = tree_get(writer->root, "groups");
	const struct yaml_node *domains = tree_get(writer->root, "domains");
	const struct yaml_node *expects = tree_get(writer->root, "expects");
	const struct yaml_node *lists = tree_get(writer->root, "lists");
	const struct yaml_node *tunnels = tree_get(writer->root, "tunnels");
	const char *profile = tree_text(writer->root, "profile");
	if (profile) {
		sheet_begin_line(writer->sheet);
		put_head(writer, SHEET_HEAD_PROFILE);
		sheet_begin_line(writer->sheet);
		sheet_put(writer->sheet, profile);
		sheet_begin_line(writer->sheet);
	}
	if (zones && zones->first) {
		const struct columns columns = {{SHEET_HEAD_ADDRESSES}, 1};
		write_declared(writer, "zones", SHEET_HEAD_ZONE, &columns);
	}
	if (groups && groups->first) {
		struct columns columns = {.count = 0};
		find_columns(&columns, groups, SHEET_HEAD_ROLE, SHEET_HEAD_CERTIFICATE);
		find_columns(&columns, groups, SHEET_HEAD_OWNER, SHEET_HEAD_UNTIL);
		write_declared(writer, "groups", SHEET_HEAD_GROUP, &columns);
	}
	if (domains && domains->first) {
		struct columns columns = {.count = 0};
		find_columns(&columns, domains, SHEET_HEAD_OWN, SHEET_HEAD_FORWARDERS);
		write_declared(writer, "domains", SHEET_HEAD_DOMAIN, &columns);
	}
	if (expects && expects->first) {
		const struct columns columns = {{SHEET_HEAD_EXPECTED}, 1};
		write_declared(writer, "expects", SHEET_HEAD_EXPECTED_OF, &columns);
	}
	if (lists && lists->first) {
		struct columns columns = {.count = 0};
		find_columns(&columns, lists, SHEET_HEAD_LIST_KIND, SHEET_HEAD_SHRINKS);
		write_declared(writer, "lists", SHEET_HEAD_LIST, &columns);
	}
	if (tunnels && tunnels->first) {
		struct columns columns = {.count = 0};
		find_columns(
			&columns, tunnels, SHEET_HEAD_KIND, SHEET_HEAD_TUNNEL_ENDS);
		find_columns(&columns, tunnels, SHEET_HEAD_ZONE, SHEET_HEAD_ZONE);
		write_declared(writer, "tunnels", SHEET_HEAD_TUNNEL, &columns);
	}
}

/* Pairs of ends of one declared row: the rows of the matrix from *index on. */
static const char *tls_of(struct writer *writer, size_t *index)
{
	size_t count;
	const struct matrix_row *rows = matrix_rows(writer->matrix, &count);
	const enum matrix_tls tls = rows[*index].tls;
	bool is_one = true;
	do {
		is_one = is_one && rows[*index].tls == tls;
		(*index)++;
	} while (*index < count && rows[*index].is_continued);
	return is_one ? matrix_tls_name(tls) : "";
}

static void put_conditions(struct writer *writer, const struct columns *columns,
	const struct yaml_node *row, const char *tls)
{
	for (size_t i = 0; i < columns->count; i++) {
		if (columns->heads[i] == SHEET_HEAD_TLS) {
			sheet_put(writer->sheet, tls);
		} else {
			put_value(writer, row, columns->heads[i]);
		}
	}
}

/* Protocols of a row, with its ports for a cell that has no column beside it. */
static const char *services_of(
	struct writer *writer, const struct yaml_node *row, bool has_column)
{
	char text[SERVICES_BYTES];
	uint32_t protocols = 0;
	const struct yaml_node *list = tree_get(row, "protocols");
	const struct yaml_node *ports = tree_get(row, "ports");
	const bool is_scalar = list->kind == YAML_SCALAR;
	for (const struct yaml_node *at = tree_items(list); at;
		at = is_scalar ? NULL : at->next) {
		protocols |= strcmp(at->text, "all") == 0
				     ? PROTOCOL_BITS_OF_MAIL
				     : PROTOCOL_BIT(protocol_by_name(at->text));
	}
	sheet_services_write(protocols,
		ports && !has_column ? joined(writer, ports) : NULL, text,
		sizeof(text));
	return arena_text(writer->arena, text, strlen(text));
}

static void write_list(struct writer *writer)
{
	static const enum sheet_head ENDS[] = {
		SHEET_HEAD_FROM, SHEET_HEAD_TO, SHEET_HEAD_PROTOCOLS, SHEET_HEAD_PORTS};
	const struct yaml_node *rows = tree_get(writer->root, "rows");
	struct columns columns = {.count = 0};
	size_t index = 0;
	find_columns(&columns, rows, SHEET_HEAD_TLS, SHEET_HEAD_UNTIL);
	sheet_begin_line(writer->sheet);
	put_head(writer, SHEET_HEAD_ID);
	for (size_t i = 0; i < sizeof(ENDS) / sizeof(ENDS[0]); i++) {
		put_head(writer, ENDS[i]);
	}
	for (size_t i = 0; i < columns.count; i++) {
		put_head(writer, columns.heads[i]);
	}
	for (const struct yaml_node *row = rows->first; row; row = row->next) {
		sheet_begin_line(writer->sheet);
		put_value(writer, row, SHEET_HEAD_ID);
		put_value(writer, row, SHEET_HEAD_FROM);
		put_value(writer, row, SHEET_HEAD_TO);
		sheet_put(writer->sheet, services_of(writer, row, true));
		put_value(writer, row, SHEET_HEAD_PORTS);
		put_conditions(writer, &columns, row, tls_of(writer, &index));
	}
}

/* Ends of rows, each once, in the order of the rows. */
struct side {
	const char **names; /* list_room */
	size_t count;
	struct name_table index;
};

static void add_side(struct side *side, const struct yaml_node *ends)
{
	const bool is_scalar = ends->kind == YAML_SCALAR;
	for (const struct yaml_node *at = tree_items(ends); at;
		at = is_scalar ? NULL : at->next) {
		if (name_table_add(&side->index, at->text, (uint32_t)side->count) ==
			NAME_NONE) {
			// NOLINTNEXTLINE(bugprone-sizeof-expression): of pointers
			const size_t size = sizeof(*side->names);
			side->names = list_room(side->names, side->count, size);
			side->names[side->count++] = at->text;
		}
	}
}

/* The rows of one cell, by lines. */
struct grid {
	struct side from;
	struct side to;
	const char **cells; /* from.count times to.count; NULL: empty */
};

static void add_cell(struct writer *writer, const char **cell, const char *line)
{
	const size_t size = (*cell ? strlen(*cell) + 1 : 0) + strlen(line) + 1;
	char *text = arena_take(writer->arena, size);
	(void)snprintf(
		text, size, "%s%s%s", *cell ? *cell : "", *cell ? "\n" : "", line);
	*cell = text;
}

static void add_row(
	struct writer *writer, struct grid *grid, const struct yaml_node *row)
{
	const struct yaml_node *from = tree_get(row, "from");
	const struct yaml_node *to = tree_get(row, "to");
	char line[SERVICES_BYTES + 80];
	(void)snprintf(line, sizeof(line), "%s [%s]", services_of(writer, row, false),
		tree_text(row, "id"));
	for (const struct yaml_node *left = tree_items(from); left;
		left = from->kind == YAML_SCALAR ? NULL : left->next) {
		const size_t y = name_table_find(&grid->from.index, left->text);
		for (const struct yaml_node *top = tree_items(to); top;
			top = to->kind == YAML_SCALAR ? NULL : top->next) {
			const size_t x = name_table_find(&grid->to.index, top->text);
			add_cell(writer, &grid->cells[y * grid->to.count + x], line);
		}
	}
}

static void write_grid(struct writer *writer, const struct grid *grid)
{
	sheet_begin_line(writer->sheet);
	sheet_put(writer->sheet, writer->form->is_french ? "De \\ Vers" : "From \\ To");
	for (size_t x = 0; x < grid->to.count; x++) {
		sheet_put(writer->sheet, grid->to.names[x]);
	}
	for (size_t y = 0; y < grid->from.count; y++) {
		sheet_begin_line(writer->sheet);
		sheet_put(writer->sheet, grid->from.names[y]);
		for (size_t x = 0; x < grid->to.count; x++) {
			const char *cell = grid->cells[y * grid->to.count + x];
			sheet_put(writer->sheet, cell ? cell : "");
		}
	}
	sheet_begin_line(writer->sheet);
}

static void write_details(struct writer *writer)
{
	const struct yaml_node *rows = tree_get(writer->root, "rows");
	struct columns columns = {.count = 0};
	size_t index = 0;
	find_columns(&columns, rows, SHEET_HEAD_TLS, SHEET_HEAD_UNTIL);
	sheet_begin_line(writer->sheet);
	put_head(writer, SHEET_HEAD_ID);
	for (size_t i = 0; i < columns.count; i++) {
		put_head(writer, columns.heads[i]);
	}
	for (const struct yaml_node *row = rows->first; row; row = row->next) {
		sheet_begin_line(writer->sheet);
		put_value(writer, row, SHEET_HEAD_ID);
		put_conditions(writer, &columns, row, tls_of(writer, &index));
	}
}

static bool write_cross(struct writer *writer)
{
	const struct yaml_node *rows = tree_get(writer->root, "rows");
	struct grid grid = {.cells = NULL};
	for (const struct yaml_node *row = rows->first; row; row = row->next) {
		add_side(&grid.from, tree_get(row, "from"));
		add_side(&grid.to, tree_get(row, "to"));
	}
	const size_t count = grid.from.count * grid.to.count;
	const bool is_right =
		grid.to.count < SHEET_COLUMNS_MAX && count < SHEET_CELLS_MAX;
	if (is_right) {
		grid.cells = arena_array(writer->arena, count, sizeof(char *));
		for (const struct yaml_node *row = rows->first; row; row = row->next) {
			add_row(writer, &grid, row);
		}
		write_grid(writer, &grid);
		write_details(writer);
	}
	list_free(grid.from.names);
	list_free(grid.to.names);
	name_table_free(&grid.from.index);
	name_table_free(&grid.to.index);
	return is_right || reason_set(writer->why,
				   "%zu sources by %zu destinations are too many "
				   "for a cross-table; a list has room",
				   grid.from.count, grid.to.count);
}

/* A cell of names is read by "," and line ends. */
bool sheet_export(struct sheet *sheet, const struct yaml_node *root,
	const struct matrix *matrix, const struct sheet_form *form, struct reason *why)
{
	struct writer writer = {sheet, root, matrix, form, sheet->arena, why};
	write_declarations(&writer);
	if (form->is_cross && !write_cross(&writer)) {
		return false;
	}
	if (!form->is_cross) {
		write_list(&writer);
	}
	return sheet->cell_count < SHEET_CELLS_MAX ||
	       reason_set(why, "more than %u cells", SHEET_CELLS_MAX);
}
