/*
 * interchange/sheet_export - a matrix as the tables of a sheet.
 *
 * In: the joined tree of its files, and the matrix that was loaded of them. Out: tables of
 * the profile, zones, groups, domains and tunnels, and of the rows as a list or as a cross-table
 * with the details of each row below. interchange/sheet_import reads it back to the same.
 */
#pragma once

#include "interchange/sheet.h"
#include "interchange/tree.h"
#include "matrix/matrix.h"

struct sheet_form {
	bool is_cross;  /* rows by sources and destinations */
	bool is_french; /* heads */
};

/* False with the reason: a text of the matrix has no room in a cell. */
bool sheet_export(struct sheet *sheet, const struct yaml_node *root,
	const struct matrix *matrix, const struct sheet_form *form, struct reason *why);
