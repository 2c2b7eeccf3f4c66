#include "interchange/sheet_tables.h"

#include "base/utf8.h"
#include "matrix/network.h"

#include <string.h>

#define NAME_BYTES_MAX 63 /* as the loader has it */
#define FOLD_BYTES     256

/* What is written of a name so far. */
struct slug {
	char text[NAME_BYTES_MAX + 1];
	size_t used;
	bool is_gap; /* something was left out behind it */
};

/* A letter or a mark of len bytes; false when there is no room. */
static bool slug_add(struct slug *slug, const char *text, size_t len, bool is_mark)
{
	if (slug->used + len + slug->is_gap > NAME_BYTES_MAX) {
		return false;
	}
	if (slug->is_gap && !is_mark && slug->text[slug->used - 1] != '-') {
		slug->text[slug->used++] = '-';
	}
	memcpy(slug->text + slug->used, text, len);
	if (len == 1 && *text >= 'A' && *text <= 'Z') {
		slug->text[slug->used] = (char)(*text + ('a' - 'A'));
	}
	slug->used += len;
	slug->is_gap = false;
	return true;
}

const char *sheet_slug(struct arena *arena, const char *text)
{
	struct slug slug = {.used = 0};
	bool has_room = true;
	while (*text != '\0' && has_room) {
		uint32_t code;
		const size_t len = utf8_read(text, &code);
		const bool is_mark = len == 1 && strchr("-_.", *text) && slug.used > 0;
		if (is_mark || (len > 0 && utf8_is_letter(code))) {
			has_room = slug_add(&slug, text, len, is_mark);
		} else {
			slug.is_gap = slug.used > 0;
		}
		text += len ? len : 1;
	}
	while (slug.used > 0 && strchr("-_.", slug.text[slug.used - 1])) {
		slug.used--;
	}
	return arena_text(arena, slug.text, slug.used);
}

static const char *fold_of(struct arena *arena, const char *text)
{
	char folded[FOLD_BYTES];
	sheet_fold(text, folded, sizeof(folded));
	return arena_text(arena, folded, strlen(folded));
}

/* Of two that fold to the same, the second goes by its very name alone. */
static void add_name(
	struct sheet_tables *tables, const char *fold, const struct sheet_name *name)
{
	const uint32_t index = (uint32_t)tables->name_count;
	tables->names =
		list_room(tables->names, tables->name_count, sizeof(*tables->names));
	tables->names[tables->name_count++] = *name;
	(void)name_table_add(&tables->by_name, name->name, index);
	(void)name_table_add(&tables->by_fold, fold, index);
}

void sheet_declare(struct sheet_tables *tables, const char *name)
{
	const struct sheet_name declared = {name, name, true};
	if (name_table_find(&tables->by_name, name) == NAME_NONE) {
		add_name(tables, fold_of(tables->arena, name), &declared);
	}
}

/* "192.0.2.10" is the group host-192.0.2.10, its address known. */
static const char *address_name(struct arena *arena, const char *text)
{
	struct network list[NETWORK_RANGE_MAX];
	struct reason why;
	if (network_parse(text, list, &why) == 0) {
		return NULL;
	}
	char name[NAME_BYTES_MAX + 1];
	(void)snprintf(name, sizeof(name), "host-%s", text);
	for (char *at = name; *at != '\0'; at++) {
		if (strchr(":/ ", *at)) {
			*at = '-';
		}
	}
	return sheet_slug(arena, name);
}

/* "all but the relay" is no group, and must not be read as the relay. */
static bool is_negation(const char *written, const char *fold)
{
	static const char *const WORDS[] = {"not ", "sauf ", "tous sauf ", "tout sauf ",
		"except ", "excepte ", "all but ", "all except ", "any but ",
		"any except "};
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
		if (strncmp(fold, WORDS[i], strlen(WORDS[i])) == 0) {
			return true;
		}
	}
	return written[0] == '!' || strstr(fold, " sauf ") || strstr(fold, " except ");
}

static const char *add_undeclared(struct sheet_tables *tables,
	const struct sheet_cell *cell, const char *written, const char *fold)
{
	struct sheet_import *import = tables->import;
	const char *address = address_name(tables->arena, written);
	const struct sheet_group group = {
		.name = address ? address : sheet_slug(tables->arena, written),
		.written = written,
		.addresses = address ? written : NULL,
		.place = sheet_place(cell),
	};
	if (group.name[0] == '\0') {
		(void)sheet_fail(
			tables, cell, "\"%.60s\" has no letter for a name", written);
		return NULL;
	}
	const uint32_t same = name_table_find(&tables->by_name, group.name);
	if (same != NAME_NONE) {
		(void)sheet_fail(tables, cell,
			"\"%.60s\" and \"%.60s\" are both \"%.63s\" as names of a "
			"matrix; write one of them otherwise",
			tables->names[same].written, written, group.name);
		return NULL;
	}
	import->undeclared =
		list_room(import->undeclared, import->undeclared_count, sizeof(group));
	import->undeclared[import->undeclared_count++] = group;
	const struct sheet_name name = {group.name, written, false};
	add_name(tables, fold, &name);
	return group.name;
}

const char *sheet_end_name(struct sheet_tables *tables, const struct sheet_cell *cell,
	const char *text, size_t len)
{
	const char *written = arena_text(tables->arena, text, len);
	const char *fold = fold_of(tables->arena, written);
	uint32_t index = name_table_find(&tables->by_name, written);
	if (index == NAME_NONE && is_negation(written, fold)) {
		(void)sheet_fail(tables, cell,
			"\"%.60s\": a matrix says who may, not who may not", written);
		return NULL;
	}
	if (index == NAME_NONE) {
		index = name_table_find(&tables->by_fold, fold);
	}
	if (index != NAME_NONE) {
		return tables->names[index].name;
	}
	return add_undeclared(tables, cell, written, fold);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next text between separators, trimmed; false behind the last. */
static bool next_item(const char **rest, const char **item, size_t *len)
{
	while (**rest != '\0' && (is_blank(**rest) || strchr(",;", **rest))) {
		(*rest)++;
	}
	*item = *rest;
	*len = strcspn(*rest, ",;\n");
	*rest += *len;
	while (*len > 0 && is_blank((*item)[*len - 1])) {
		(*len)--;
	}
	return *len > 0;
}

/* A list of one is a scalar. */
static struct yaml_node *add_item(struct sheet_tables *tables, struct yaml_node *list,
	const struct sheet_cell *cell, const char *text)
{
	const struct yaml_node place = sheet_place(cell);
	struct yaml_node *node = tree_scalar(tables->arena, text, &place);
	if (!list) {
		return node;
	}
	if (list->kind == YAML_SCALAR) {
		struct yaml_node *whole =
			tree_new(tables->arena, YAML_SEQUENCE, &place);
		tree_append(whole, list);
		list = whole;
	}
	tree_append(list, node);
	return list;
}

struct yaml_node *sheet_end_names(
	struct sheet_tables *tables, const struct sheet_cell *cell, const char *text)
{
	struct yaml_node *list = NULL;
	const char *item;
	size_t len;
	while (next_item(&text, &item, &len)) {
		const char *name = sheet_end_name(tables, cell, item, len);
		if (!name) {
			return NULL;
		}
		list = add_item(tables, list, cell, name);
	}
	if (!list) {
		(void)sheet_fail(tables, cell, "no end of a flow is named here");
	}
	return list;
}

struct yaml_node *sheet_list(
	struct sheet_tables *tables, const struct sheet_cell *cell, const char *text)
{
	const struct yaml_node place = sheet_place(cell);
	struct yaml_node *list = tree_new(tables->arena, YAML_SEQUENCE, &place);
	const char *item;
	size_t len;
	while (next_item(&text, &item, &len)) {
		tree_append(
			list, tree_scalar(tables->arena,
				      arena_text(tables->arena, item, len), &place));
	}
	return list;
}

const char *sheet_next_id(struct sheet_tables *tables)
{
	char id[16];
	do {
		(void)snprintf(id, sizeof(id), "F-%03u", ++tables->next_id);
	} while (name_table_find(&tables->ids, id) != NAME_NONE);
	const char *kept = arena_text(tables->arena, id, strlen(id));
	(void)name_table_add(&tables->ids, kept, tables->next_id);
	return kept;
}
