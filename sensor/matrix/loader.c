#include "matrix/loader.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES_MAX 63

static struct loader_error *error_new(struct loader *loader)
{
	loader->errors =
		list_room(loader->errors, loader->error_count, sizeof(*loader->errors));
	struct loader_error *error = &loader->errors[loader->error_count];
	memset(error, 0, sizeof(*error));
	error->sequence = (uint32_t)loader->error_count++;
	error->file = loader->file;
	return error;
}

void loader_fail(
	struct loader *loader, const struct yaml_node *at, const char *format, ...)
{
	if (loader->error_count >= LOADER_ERRORS_MAX) {
		return;
	}
	struct loader_error *error = error_new(loader);
	error->line = at ? at->line : 1;
	error->column = at ? at->column : 1;
	char *text = error->problem.text;
	const size_t size = sizeof(error->problem.text);
	if (loader->error_count == LOADER_ERRORS_MAX) {
		error->file = UINT32_MAX;
		(void)snprintf(text, size,
			"more than %d errors: the others are not shown",
			LOADER_ERRORS_MAX - 1);
		return;
	}
	const int used = snprintf(text, size,
		"%.160s:%u:%u: ", loader->matrix->files[loader->file], error->line,
		error->column);
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text + used, size - (size_t)used, format, args);
	va_end(args);
	utf8_make_printable(text); /* names and values may hold anything */
}

void loader_fail_file(struct loader *loader, const char *text)
{
	struct loader_error *error = error_new(loader);
	(void)snprintf(error->problem.text, sizeof(error->problem.text), "%.160s: %s",
		loader->matrix->files[loader->file], text);
	utf8_make_printable(error->problem.text);
}

struct matrix_place loader_place(
	const struct loader *loader, const struct yaml_node *at)
{
	return (struct matrix_place){loader->matrix->files[loader->file], at->line};
}

const char *loader_hint(const char *nearest, char *text)
{
	text[0] = '\0';
	if (nearest) {
		(void)snprintf(
			text, LOADER_HINT_BYTES, "; did you mean \"%.64s\"?", nearest);
	}
	return text;
}

static size_t key_index(const struct loader_key *keys, const char *name)
{
	size_t i = 0;
	while (keys[i].name && strcmp(keys[i].name, name) != 0) {
		i++;
	}
	return i;
}

static bool has_key(const struct yaml_node *mapping, const char *name)
{
	for (const struct yaml_node *key = mapping->first; key; key = key->next->next) {
		if (key->kind == YAML_SCALAR && strcmp(key->text, name) == 0) {
			return true;
		}
	}
	return false;
}

/* Says so and returns the index of the key that was meant, or of the end of the table. */
static size_t unknown_key(struct loader *loader, const struct yaml_node *key,
	const struct loader_key *keys, const char *what)
{
	struct name_nearest search = {.wrong = key->text};
	for (size_t i = 0; keys[i].name; i++) {
		name_nearest_offer(&search, keys[i].name);
	}
	char hint[LOADER_HINT_BYTES];
	loader_fail(loader, key, "%s has no key \"%.60s\"%s", what, key->text,
		loader_hint(search.nearest, hint));
	return key_index(keys, search.nearest ? search.nearest : key->text);
}

static void missing_keys(struct loader *loader, const struct yaml_node *node,
	const struct loader_key *keys, const struct yaml_node *const *seen,
	const char *what)
{
	for (size_t i = 0; keys[i].name; i++) {
		if (keys[i].is_required && !seen[i]) {
			loader_fail(
				loader, node, "%s has no \"%s\"", what, keys[i].name);
		}
	}
}

struct key_reading {
	const struct loader_key *keys;
	const char *what;
	void *into;
	const struct yaml_node *seen[LOADER_KEYS_MAX];
};

/* A misspelt key is read as the one that was meant, so that its value's errors show too. */
static void read_key(struct loader *loader, const struct yaml_node *node,
	const struct yaml_node *key, struct key_reading *reading)
{
	const struct loader_key *keys = reading->keys;
	size_t i = key_index(keys, key->text);
	if (!keys[i].name) {
		i = unknown_key(loader, key, keys, reading->what);
		if (!keys[i].name || reading->seen[i] || has_key(node, keys[i].name)) {
			return;
		}
	} else if (reading->seen[i]) {
		loader_fail(loader, key, "%s has \"%s\" twice; the first is on line %u",
			reading->what, key->text, reading->seen[i]->line);
		return;
	}
	reading->seen[i] = key;
	keys[i].read(loader, key->next, reading->into);
}

void loader_mapping(struct loader *loader, const struct yaml_node *node,
	const struct loader_key *keys, const char *what, void *into)
{
	struct key_reading reading = {.keys = keys, .what = what, .into = into};
	if (node->kind != YAML_MAPPING) {
		loader_fail(loader, node, "%s must be a mapping (key: value), not %s",
			what, yaml_kind_name(node->kind));
		return;
	}
	for (const struct yaml_node *key = node->first; key; key = key->next->next) {
		if (key->kind != YAML_SCALAR) {
			loader_fail(loader, key, "a key must be a word, not %s",
				yaml_kind_name(key->kind));
			continue;
		}
		read_key(loader, node, key, &reading);
	}
	missing_keys(loader, node, keys, reading.seen, what);
}

const char *loader_text(
	struct loader *loader, const struct yaml_node *node, const char *what)
{
	if (node->kind != YAML_SCALAR) {
		loader_fail(loader, node, "%s must be one value, not %s", what,
			yaml_kind_name(node->kind));
		return NULL;
	}
	if (yaml_is_null(node) || node->text[0] == '\0') {
		loader_fail(loader, node, "%s has no value", what);
		return NULL;
	}
	return node->text;
}

/* Letters of any writing, digits, and behind the first of them "-", "_" and ".". */
static bool is_name(const char *text)
{
	const char *at = text;
	while (*at != '\0') {
		uint32_t code;
		const size_t len = utf8_read(at, &code);
		const bool is_mark = at > text && len == 1 && strchr("-_.", *at);
		if (len == 0 || (!is_mark && !utf8_is_letter(code))) {
			return false;
		}
		at += len;
	}
	return at - text <= NAME_BYTES_MAX;
}

const char *loader_name(
	struct loader *loader, const struct yaml_node *node, const char *what)
{
	const char *text = loader_text(loader, node, what);
	if (!text) {
		return NULL;
	}
	if (!is_name(text)) {
		loader_fail(loader, node,
			"%s \"%.70s\" must be letters, digits, \"-\", \"_\" and \".\", "
			"start with a letter or digit and have at most %d bytes",
			what, text, NAME_BYTES_MAX);
		return NULL;
	}
	return arena_text(&loader->matrix->arena, text, strlen(text));
}

static void word_list(const struct word *table, char *text, size_t size)
{
	size_t used = 0;
	text[0] = '\0';
	for (; table->text && used < size; table++) {
		used += (size_t)snprintf(text + used, size - used, "%s%s",
			used ? ", " : "", table->text);
	}
}

bool loader_word(struct loader *loader, const struct yaml_node *node,
	const struct word *table, const char *what, int *value)
{
	const char *text = loader_text(loader, node, what);
	if (!text || word_find(table, text, value)) {
		return text != NULL;
	}
	char hint[LOADER_HINT_BYTES];
	char words[120];
	word_list(table, words, sizeof(words));
	loader_fail(loader, node, "%s \"%.60s\" is unknown (one of: %s)%s", what, text,
		words, loader_hint(word_nearest(table, text), hint));
	return false;
}

void loader_list(struct loader *loader, const struct yaml_node *node,
	const struct loader_items *items, void *into)
{
	if (node->kind == YAML_MAPPING) {
		loader_fail(loader, node, "\"%s\" must be a list, not a mapping",
			items->what);
		return;
	}
	if (node->kind == YAML_SCALAR) {
		items->read(loader, node, into);
		return;
	}
	if (!node->first) {
		loader_fail(loader, node, "\"%s\" is an empty list", items->what);
	}
	for (const struct yaml_node *item = node->first; item; item = item->next) {
		items->read(loader, item, into);
	}
}

/* Days from 1970-01-01 of the proleptic Gregorian calendar. */
static int64_t days_of(unsigned year, unsigned month, unsigned day)
{
	const int64_t y = month <= 2 ? (int64_t)year - 1 : year;
	const int64_t era = y / 400;
	const int64_t year_of_era = y - era * 400;
	const int64_t day_of_year =
		(153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
	static const unsigned char DAYS[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return DAYS[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

/* "2027-06-30", digits only where digits belong. */
static bool date_parse(const char *text, unsigned *year, unsigned *month, unsigned *day)
{
	if (strlen(text) != 10) {
		return false;
	}
	for (size_t i = 0; i < 10; i++) {
		const bool is_dash = i == 4 || i == 7;
		if (is_dash ? text[i] != '-' : text[i] < '0' || text[i] > '9') {
			return false;
		}
	}
	*year = (unsigned)strtoul(text, NULL, 10);
	*month = (unsigned)strtoul(text + 5, NULL, 10);
	*day = (unsigned)strtoul(text + 8, NULL, 10);
	return true;
}

void loader_date(struct loader *loader, const struct yaml_node *node, const char *what,
	int64_t *end_s)
{
	const char *text = loader_text(loader, node, what);
	unsigned year;
	unsigned month;
	unsigned day;
	if (!text) {
		return;
	}
	if (!date_parse(text, &year, &month, &day)) {
		loader_fail(loader, node,
			"%s \"%.40s\" is no date of the form 2027-06-30", what, text);
		return;
	}
	if (year < 1970 || month < 1 || month > 12 || day < 1 ||
		day > days_in_month(year, month)) {
		loader_fail(loader, node, "%s \"%s\" is no day of the calendar", what,
			text);
		return;
	}
	*end_s = (days_of(year, month, day) + 1) * 86400;
}

void loader_note(struct loader *loader, const struct yaml_node *node, const char *what,
	const char **note)
{
	const char *text = loader_text(loader, node, what);
	if (text) {
		*note = arena_text(&loader->matrix->arena, text, strlen(text));
	}
}

size_t loader_networks(struct loader *loader, const struct yaml_node *item,
	const struct loader_owner *owner, struct network list[NETWORK_RANGE_MAX])
{
	const char *text = loader_text(loader, item, owner->what);
	if (!text) {
		return 0;
	}
	struct reason why;
	const size_t count = network_parse(text, list, &why);
	if (count == 0) {
		loader_fail(loader, item, "%s", why.text);
	}
	for (size_t i = 0; i < count; i++) {
		const struct lookup_prefix prefix = {
			list[i], owner->index, loader->file, item->line, item->column};
		lookup_add(owner->lookup, &prefix);
	}
	return count;
}
