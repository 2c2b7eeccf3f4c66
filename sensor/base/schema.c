#include "base/schema.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX_FILE "_file"
#define SUFFIX_ENV  "_env"
#define NAME_BYTES  64

/* A key found by a name of the file, which for a secret is longer than its own. */
struct found {
	const struct schema_key *key;
	struct schema_value *value;
	const char *suffix; /* of a secret; "" when it was given inline */
};

static bool is_named(
	const struct schema_key *key, const char *name, struct found *found)
{
	const size_t len = strlen(key->name);
	if (strncmp(key->name, name, len) != 0) {
		return false;
	}
	found->suffix = name + len;
	if (key->kind != SCHEMA_SECRET) {
		return name[len] == '\0';
	}
	return name[len] == '\0' || strcmp(name + len, SUFFIX_FILE) == 0 ||
	       strcmp(name + len, SUFFIX_ENV) == 0;
}

static bool find_in(struct schema_values *values, const char *name, struct found *found,
	struct name_nearest *search)
{
	for (size_t i = 0; values->keys[i].name; i++) {
		assert(i < SCHEMA_KEYS_MAX);
		if (is_named(&values->keys[i], name, found)) {
			found->key = &values->keys[i];
			found->value = &values->list[i];
			return true;
		}
		name_nearest_offer(search, values->keys[i].name);
	}
	return false;
}

static bool is_word(
	const char *const *words, const char *text, struct name_nearest *search)
{
	*search = (struct name_nearest){.wrong = text};
	for (; *words; words++) {
		if (strcmp(*words, text) == 0) {
			return true;
		}
		name_nearest_offer(search, *words);
	}
	return false;
}

static bool read_number(const char *text, uint64_t *number)
{
	char *end = NULL;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && text[0] != '-' &&
	       text[0] != '+' && text[0] != ' ';
}

static bool is_yes(const char *text)
{
	return strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;
}

static bool is_no(const char *text)
{
	return strcmp(text, "no") == 0 || strcmp(text, "false") == 0;
}

/* It may be out of the bounds: 0 where that is no number but "not told". */
static bool is_standard(const struct schema_key *key, const char *text)
{
	return key->standard && strcmp(key->standard, text) == 0;
}

/* Whether one scalar is a value of the key; else told. */
static bool check_scalar(const struct schema_reader *reader,
	const struct schema_key *key, const struct yaml_node *node)
{
	uint64_t number = 0;
	struct name_nearest search;
	if (node->kind != YAML_SCALAR || node->text[0] == '\0') {
		problems_add(reader->problems, node, "%s takes a value, not %s",
			key->name,
			node->kind == YAML_SCALAR ? "nothing"
						  : yaml_kind_name(node->kind));
		return false;
	}
	if (key->kind == SCHEMA_NUMBER && !is_standard(key, node->text) &&
		(!read_number(node->text, &number) || number < key->least ||
			number > key->most)) {
		problems_add(reader->problems, node,
			"%s takes %s%llu to %llu, not \"%.40s\"", key->name,
			is_standard(key, "0") && key->least > 0 ? "0, or " : "",
			(unsigned long long)key->least, (unsigned long long)key->most,
			node->text);
		return false;
	}
	if (key->kind == SCHEMA_YES_NO && !is_yes(node->text) && !is_no(node->text)) {
		problems_add(reader->problems, node,
			"%s takes yes or no, not \"%.40s\"", key->name, node->text);
		return false;
	}
	if (key->words && !is_word(key->words, node->text, &search)) {
		problems_add_unknown(reader->problems, node, key->name, &search);
		return false;
	}
	return true;
}

static const char **take_texts(
	const struct schema_reader *reader, struct schema_value *value, size_t count)
{
	const char **texts = arena_array(reader->arena, count, sizeof(*texts));
	value->texts = texts;
	return texts;
}

static void read_one(const struct schema_reader *reader, const struct found *found,
	const struct yaml_node *node)
{
	if (check_scalar(reader, found->key, node)) {
		take_texts(reader, found->value, 1)[0] = node->text;
		found->value->count = 1;
	}
}

static void read_list(const struct schema_reader *reader, const struct found *found,
	const struct yaml_node *node)
{
	if (node->kind != YAML_SEQUENCE) {
		read_one(reader, found, node);
		return;
	}
	const char **texts = take_texts(reader, found->value, SCHEMA_TEXTS_MAX);
	for (const struct yaml_node *item = node->first; item; item = item->next) {
		if (found->value->count == SCHEMA_TEXTS_MAX) {
			problems_add(reader->problems, item, "%s takes at most %d",
				found->key->name, SCHEMA_TEXTS_MAX);
			return;
		}
		if (check_scalar(reader, found->key, item)) {
			texts[found->value->count++] = item->text;
		}
	}
}

static void read_map(const struct schema_reader *reader, const struct found *found,
	const struct yaml_node *node)
{
	struct name_nearest search;
	if (node->kind != YAML_MAPPING) {
		problems_add(reader->problems, node, "%s takes a mapping, not %s",
			found->key->name, yaml_kind_name(node->kind));
		return;
	}
	const char **texts = take_texts(reader, found->value, SCHEMA_TEXTS_MAX);
	for (const struct yaml_node *name = node->first; name;
		name = name->next->next) {
		const char *text = name->text ? name->text : "";
		if (!is_word(found->key->names, text, &search)) {
			problems_add_unknown(
				reader->problems, name, found->key->name, &search);
		} else if (check_scalar(reader, found->key, name->next) &&
			   found->value->count + 2 <= SCHEMA_TEXTS_MAX) {
			texts[found->value->count++] = text;
			texts[found->value->count++] = name->next->text;
		}
	}
}

static void read_secret(const struct schema_reader *reader, const struct found *found,
	const struct yaml_node *name)
{
	if (found->suffix[0] == '\0') {
		problems_add(reader->problems, name,
			"%s is not written here, where others can read it: give "
			"%s" SUFFIX_FILE " (a file) or %s" SUFFIX_ENV " (a variable)",
			found->key->name, found->key->name, found->key->name);
		return;
	}
	if (found->value->count > 0) {
		problems_add(
			reader->problems, name, "%s is given twice", found->key->name);
	} else if (check_scalar(reader, found->key, name->next)) {
		const char **texts = take_texts(reader, found->value, 2);
		texts[0] = found->suffix;
		texts[1] = name->next->text;
		found->value->count = 2;
	}
}

static void read_pair(const struct schema_reader *reader, const struct found *found,
	const struct yaml_node *name)
{
	if (found->key->kind == SCHEMA_SECRET) {
		read_secret(reader, found, name);
	} else if (found->value->count > 0) {
		problems_add(
			reader->problems, name, "%s is given twice", found->key->name);
	} else if (found->key->kind == SCHEMA_LIST) {
		read_list(reader, found, name->next);
	} else if (found->key->kind == SCHEMA_MAP) {
		read_map(reader, found, name->next);
	} else {
		read_one(reader, found, name->next);
	}
}

static void check_required(const struct schema_reader *reader,
	const struct yaml_node *mapping, const struct schema_values *values)
{
	for (size_t i = 0; values->keys[i].name; i++) {
		if (values->keys[i].is_required && values->list[i].count == 0) {
			problems_add(reader->problems, mapping, "%s lacks \"%s\"",
				reader->what, values->keys[i].name);
		}
	}
}

void schema_read(const struct schema_reader *reader, const struct yaml_node *mapping,
	struct schema_values *common, struct schema_values *own)
{
	if (mapping->kind != YAML_MAPPING) {
		problems_add(reader->problems, mapping, "%s takes a mapping, not %s",
			reader->what, yaml_kind_name(mapping->kind));
		return;
	}
	const size_t mistakes = reader->problems->count;
	for (const struct yaml_node *name = mapping->first; name;
		name = name->next->next) {
		struct found found = {0};
		struct name_nearest search = {.wrong = name->text ? name->text : ""};
		if (find_in(common, search.wrong, &found, &search) ||
			(own && find_in(own, search.wrong, &found, &search))) {
			read_pair(reader, &found, name);
		} else {
			char what[NAME_BYTES];
			(void)snprintf(what, sizeof(what), "key of %s", reader->what);
			problems_add_unknown(reader->problems, name, what, &search);
		}
	}
	if (reader->problems->count == mistakes) { /* else one may be misspelt */
		check_required(reader, mapping, common);
	}
	if (own && reader->problems->count == mistakes) {
		check_required(reader, mapping, own);
	}
}
