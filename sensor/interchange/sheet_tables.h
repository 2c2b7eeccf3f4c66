/*
 * interchange/sheet_tables - what the files that read a sheet's tables have in common.
 *
 * Nothing here is for others than interchange/sheet_*.
 */
#pragma once

#include "base/name_table.h"
#include "interchange/sheet_heads.h"
#include "interchange/sheet_import.h"
#include "interchange/sheet_services.h"

#define SHEET_HEADS_MAX 64 /* columns of a list; more are not read */

/* A name that a row's end may have, by how it folds. */
struct sheet_name {
	const char *name;
	const char *written;
	bool is_declared;
};

/* The columns of a list or of a table of declarations. */
struct sheet_columns {
	enum sheet_head heads[SHEET_HEADS_MAX];
	size_t count;
	bool is_french[SHEET_HEADS_MAX];
};

enum sheet_kind {
	SHEET_KIND_NONE = 0,
	SHEET_KIND_FLOWS,
	SHEET_KIND_CROSS,
	SHEET_KIND_DETAILS, /* of the rows of a cross-table */
	SHEET_KIND_ZONES,
	SHEET_KIND_GROUPS,
	SHEET_KIND_DOMAINS,
	SHEET_KIND_EXPECTS,
	SHEET_KIND_LISTS,
	SHEET_KIND_TUNNELS,
	SHEET_KIND_PROFILE,
};

/* One table: lines of the sheet. */
struct sheet_part {
	enum sheet_kind kind;
	size_t head;
	size_t body;
	size_t end;
	bool is_turned; /* of a cross-table: its columns are sources */
	struct sheet_columns columns;
};

struct sheet_cross; /* sheet_cross.c */

struct sheet_tables {
	struct sheet_import *import;
	const struct sheet *sheet;
	struct arena *arena;
	struct sheet_error *error;
	struct yaml_node *zones;
	struct yaml_node *groups;
	struct yaml_node *domains;
	struct yaml_node *expects;
	struct yaml_node *lists;
	struct yaml_node *tunnels;
	struct yaml_node *rows;
	const char *profile;
	struct sheet_name *names; /* list_room */
	size_t name_count;
	struct name_table by_name;
	struct name_table by_fold;
	struct name_table ids; /* taken */
	unsigned next_id;
	struct sheet_part *parts; /* list_room */
	size_t part_count;
	struct sheet_columns columns; /* of the table being read */
	const char *from;             /* of the line above: merged cells are blank */
	const char *to;
	struct sheet_cross *cross;
};

bool sheet_fail(struct sheet_tables *tables, const struct sheet_cell *cell,
	const char *format, ...) __attribute__((format(printf, 3, 4)));
void sheet_note(struct sheet_tables *tables, struct sheet_notes *notes,
	const struct sheet_cell *cell, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A node that stands where the cell does. */
struct yaml_node sheet_place(const struct sheet_cell *cell);

/* sheet_names.c: the name of an end; NULL with the error. */
const char *sheet_end_name(struct sheet_tables *tables, const struct sheet_cell *cell,
	const char *text, size_t len);
void sheet_declare(struct sheet_tables *tables, const char *name);

/* One or several of a cell, by lines, "," or ";": a node, or NULL with the error. */
struct yaml_node *sheet_end_names(
	struct sheet_tables *tables, const struct sheet_cell *cell, const char *text);

/* A name of letters, digits and marks of whatever was written: a row's id, a group. */
const char *sheet_slug(struct arena *arena, const char *text);

/* The next id that nobody has: "F-001". */
const char *sheet_next_id(struct sheet_tables *tables);

/* A list of the texts between "," ";" and line ends, where the cell stands. */
struct yaml_node *sheet_list(
	struct sheet_tables *tables, const struct sheet_cell *cell, const char *text);

/* protocols and ports of a part into a row. */
void sheet_put_service(struct sheet_tables *tables, struct yaml_node *row,
	const struct sheet_cell *cell, const struct sheet_service *service);

/* The conditions and notes of a list's line into a row. */
void sheet_put_conditions(struct sheet_tables *tables, struct yaml_node *row,
	const struct sheet_line *line);

/* The table being read has such a column. */
bool sheet_has_head(const struct sheet_tables *tables, enum sheet_head head);

/* The cell of this column, or NULL where the line has none or it is empty. */
const struct sheet_cell *sheet_cell_of(const struct sheet_tables *tables,
	const struct sheet_line *line, enum sheet_head head);

/* What the word of an action or a status says. */
enum sheet_stand { SHEET_STAND_UNKNOWN = 0, SHEET_STAND_YES, SHEET_STAND_NO };
enum sheet_stand sheet_stand_of(const char *text);

/* Put what the columns of heads from first to last say. */
void sheet_put_columns(struct sheet_tables *tables, struct yaml_node *into,
	const struct sheet_line *line, enum sheet_head first, enum sheet_head last);

/* sheet_flows.c */
bool sheet_read_flow(struct sheet_tables *tables, const struct sheet_line *line);

/* sheet_cross.c: whether a cross-table begins at part->head, and where its body does. */
bool sheet_cross_head(struct sheet_tables *tables, struct sheet_part *part);
bool sheet_cross_read(struct sheet_tables *tables, const struct sheet_part *part);
/* A line of the details of its rows, by their ids. */
bool sheet_cross_detail(struct sheet_tables *tables, const struct sheet_line *line);
/* Rows of all cells, when all tables are read. */
bool sheet_cross_finish(struct sheet_tables *tables);
void sheet_cross_free(struct sheet_tables *tables);
