/*
 * interchange/sheet_import - a matrix out of the tables of a sheet.
 *
 * In: a sheet: lists of flows, cross-tables, and the tables of zones, groups, domains and tunnels
 * that interchange/sheet_export writes; and trees of files that declare some of these. Out: a
 * tree for matrix/load whose nodes stand where their cells do, so that each mistake has
 * the place of its cell. What is no mail is kept apart; nothing is guessed.
 */
#pragma once

#include "interchange/sheet.h"
#include "interchange/tree.h"

struct sheet_note {
	unsigned line;
	unsigned column;
	const char *text; /* of the arena */
};

struct sheet_notes {
	struct sheet_note *list; /* list_room */
	size_t count;
};

/* An end of a row that no table and no file declares. */
struct sheet_group {
	const char *name;
	const char *written;   /* in the sheet */
	const char *addresses; /* its name is one, or NULL */
	struct yaml_node place;
};

struct sheet_import {
	struct yaml_node *root;
	struct sheet_group *undeclared; /* list_room; they are not in root */
	size_t undeclared_count;
	struct sheet_notes apart;  /* what is no mail */
	struct sheet_notes unread; /* columns and tables that are nothing of a matrix */
	size_t row_count;
};

/* False with the first error. The texts and nodes are the arena's. */
bool sheet_import(struct sheet_import *import, const struct sheet *sheet,
	const struct yaml_node *const *declared, size_t declared_count,
	struct sheet_error *error);
void sheet_import_free(struct sheet_import *import);
