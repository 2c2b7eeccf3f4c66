#include "interchange/tree.h"

#include <string.h>

const struct yaml_node *tree_get(const struct yaml_node *mapping, const char *key)
{
	const struct yaml_node *at =
		mapping && mapping->kind == YAML_MAPPING ? mapping->first : NULL;
	for (; at; at = at->next->next) {
		if (at->kind == YAML_SCALAR && strcmp(at->text, key) == 0) {
			return at->next;
		}
	}
	return NULL;
}

const char *tree_text(const struct yaml_node *mapping, const char *key)
{
	const struct yaml_node *value = tree_get(mapping, key);
	return value && value->kind == YAML_SCALAR ? value->text : NULL;
}

const struct yaml_node *tree_items(const struct yaml_node *list)
{
	if (!list || list->kind == YAML_SCALAR) {
		return list;
	}
	return list->kind == YAML_SEQUENCE ? list->first : NULL;
}

struct yaml_node *tree_new(
	struct arena *arena, enum yaml_kind kind, const struct yaml_node *place)
{
	struct yaml_node *node = arena_take(arena, sizeof(*node));
	node->kind = kind;
	node->line = place ? place->line : 1;
	node->column = place ? place->column : 1;
	node->text = kind == YAML_SCALAR ? "" : NULL;
	return node;
}

struct yaml_node *tree_scalar(
	struct arena *arena, const char *text, const struct yaml_node *place)
{
	struct yaml_node *node = tree_new(arena, YAML_SCALAR, place);
	node->text = arena_text(arena, text, strlen(text));
	node->is_quoted = true; /* no word in it means "no value" */
	return node;
}

void tree_append(struct yaml_node *container, struct yaml_node *child)
{
	if (container->last) {
		container->last->next = child;
	} else {
		container->first = child;
	}
	container->last = child;
}

void tree_put(struct arena *arena, struct yaml_node *mapping, const char *key,
	struct yaml_node *value)
{
	tree_append(mapping, tree_scalar(arena, key, value));
	tree_append(mapping, value);
}

/* The nodes of a container again, in another: a node is in one list alone. */
static void append_all(
	struct arena *arena, struct yaml_node *into, const struct yaml_node *from)
{
	for (const struct yaml_node *at = from->first; at; at = at->next) {
		struct yaml_node *copy = tree_new(arena, at->kind, at);
		*copy = *at;
		copy->next = NULL;
		tree_append(into, copy);
	}
}

static void join_key(
	struct arena *arena, struct yaml_node *joined, const struct yaml_node *key)
{
	const struct yaml_node *value = key->next;
	struct yaml_node *into = NULL;
	for (struct yaml_node *at = joined->first; at; at = at->next->next) {
		if (strcmp(at->text, key->text) == 0) {
			into = at->next;
		}
	}
	if (!into) {
		into = tree_new(arena, value->kind, value);
		into->text = value->text;
		into->is_quoted = value->is_quoted;
		tree_put(arena, joined, key->text, into);
	}
	if (into->kind == value->kind) {
		append_all(arena, into, value);
	} else if (value->kind != YAML_SCALAR) { /* nothing stood there before */
		into->kind = value->kind;
		append_all(arena, into, value);
	}
}

static void join_from(struct arena *arena, struct yaml_node *joined,
	const struct yaml_node *root, const char *name)
{
	const struct yaml_node *key = root->first;
	while (key && strcmp(key->text, name) != 0) {
		key = key->next->next;
	}
	if (key && !yaml_is_null(key->next)) {
		join_key(arena, joined, key);
	}
}

struct yaml_node *tree_join(
	struct arena *arena, const struct yaml_node *const *roots, size_t count)
{
	static const char *const ORDER[] = {"schema", "profile", "zones", "groups",
		"domains", "expects", "lists", "tunnels", "rows"};
	struct yaml_node *joined = tree_new(arena, YAML_MAPPING, NULL);
	for (size_t key = 0; key < sizeof(ORDER) / sizeof(ORDER[0]); key++) {
		for (size_t i = 0; i < count; i++) {
			join_from(arena, joined, roots[i], ORDER[key]);
		}
	}
	return joined;
}
