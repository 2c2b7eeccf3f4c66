/*
 * interchange/tree - a matrix as a tree of nodes: looked into, built, joined and written.
 *
 * In: trees as base/yaml reads them, or as interchange/sheet_import builds them of a sheet,
 * each node with the place it was written at. Out: text that matrix_load reads back to the
 * same. Knows no key but those at the top of a file: what is right is for matrix/load.
 */
#pragma once

#include "base/yaml.h"

#include <stdio.h>

/* The value of this key, or NULL. */
const struct yaml_node *tree_get(const struct yaml_node *mapping, const char *key);

/* The text of that value, or NULL where it is none. */
const char *tree_text(const struct yaml_node *mapping, const char *key);

/* The first item of a list; a scalar alone is a list of one. NULL without any. */
const struct yaml_node *tree_items(const struct yaml_node *list);

/* New nodes in the arena, at the place of this one (or nowhere: NULL). */
struct yaml_node *tree_new(
	struct arena *arena, enum yaml_kind kind, const struct yaml_node *place);
struct yaml_node *tree_scalar(
	struct arena *arena, const char *text, const struct yaml_node *place);

/* Put behind the last child. */
void tree_append(struct yaml_node *container, struct yaml_node *child);
void tree_put(struct arena *arena, struct yaml_node *mapping, const char *key,
	struct yaml_node *value);

/* One matrix of several: their values are borrowed, and their lists joined in this order. */
struct yaml_node *tree_join(
	struct arena *arena, const struct yaml_node *const *roots, size_t count);

/* As a matrix file in the usual form: a line for each zone, group and row. */
void tree_write_yaml(const struct yaml_node *root, FILE *out);

/* The same as one JSON object in one line, which is YAML as well. */
void tree_write_json(const struct yaml_node *root, FILE *out);
