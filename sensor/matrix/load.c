#include "matrix/load.h"

#include "matrix/loader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA "1"

static void read_schema(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	(void)into;
	const char *text = loader_text(loader, value, "schema");
	if (text && strcmp(text, SCHEMA) != 0) {
		loader_fail(loader, value,
			"schema %.20s is unknown; this mailwarden reads schema " SCHEMA,
			text);
	}
}

static void read_profile(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	(void)into;
	int profile;
	if (!loader_word(loader, value, words_of_profiles(), "profile", &profile)) {
		return;
	}
	struct matrix *matrix = loader->matrix;
	if (loader->is_profile_declared &&
		matrix->profile != (enum matrix_profile)profile) {
		loader_fail(loader, value,
			"profile \"%s\" differs from \"%s\" of %s:%u", value->text,
			word_name(words_of_profiles(), (int)matrix->profile),
			loader->profile_place.file, loader->profile_place.line);
		return;
	}
	matrix->profile = (enum matrix_profile)profile;
	loader->is_profile_declared = true;
	loader->profile_place = loader_place(loader, value);
}

/* Rows name groups of any file, so they are read when all groups are known. */
static void keep_rows(struct loader *loader, const struct yaml_node *value, void *into)
{
	(void)into;
	loader->row_lists[loader->file] = value;
}

/* The same of domains. */
static void keep_domains(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	(void)into;
	loader->domain_lists[loader->file] = value;
}

/* The same of header fields and their groups. */
static void keep_expects(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	(void)into;
	loader->expect_lists[loader->file] = value;
}

/* The same of tunnels and zones. */
static void keep_tunnels(
	struct loader *loader, const struct yaml_node *value, void *into)
{
	(void)into;
	loader->tunnel_lists[loader->file] = value;
}

static const struct loader_key FILE_KEYS[] = {
	{"schema", true, read_schema},
	{"profile", false, read_profile},
	{"zones", false, loader_zones},
	{"groups", false, loader_groups},
	{"domains", false, keep_domains},
	{"expects", false, keep_expects},
	{"tunnels", false, keep_tunnels},
	{"lists", false, loader_lists},
	{"rows", false, keep_rows},
	{NULL, false, NULL},
};

static void load_source(struct loader *loader, const struct matrix_source *source)
{
	struct yaml_error error = {0};
	const struct yaml_node *root =
		yaml_read(&loader->trees, source->bytes, source->len, &error);
	if (!root) {
		const struct yaml_node at = {
			.line = error.line, .column = error.column};
		loader_fail(loader, &at, "%s", error.text);
		return;
	}
	if (yaml_is_null(root)) {
		loader_fail(loader, root,
			"the file is empty; a matrix starts with \"schema: " SCHEMA
			"\"");
		return;
	}
	loader_mapping(loader, root, FILE_KEYS, "a matrix file", NULL);
}

static int error_order(const void *left, const void *right)
{
	const struct loader_error *a = left;
	const struct loader_error *b = right;
	if (a->file != b->file) {
		return a->file < b->file ? -1 : 1;
	}
	if (a->line != b->line) {
		return a->line < b->line ? -1 : 1;
	}
	if (a->column != b->column) {
		return a->column < b->column ? -1 : 1;
	}
	return a->sequence < b->sequence ? -1 : a->sequence > b->sequence;
}

static void hand_over_errors(struct loader *loader, struct matrix_problems *problems)
{
	*problems = (struct matrix_problems){0};
	if (loader->error_count > 1) {
		qsort(loader->errors, loader->error_count, sizeof(*loader->errors),
			error_order);
	}
	for (size_t i = 0; i < loader->error_count; i++) {
		problems->list = list_room(
			problems->list, problems->count, sizeof(*problems->list));
		problems->list[problems->count++] = loader->errors[i].problem;
	}
}

static struct matrix *matrix_new(size_t file_count)
{
	struct matrix *matrix = list_new(1, sizeof(*matrix));
	matrix->files =
		arena_array(&matrix->arena, file_count + 1, sizeof(const char *));
	matrix->file_count = file_count;
	matrix->zones = list_room(NULL, 0, sizeof(*matrix->zones));
	matrix->zones[0] = (struct matrix_zone){.name = "internet"};
	matrix->zone_count = 1;
	matrix->loopback = (struct matrix_zone){.name = "loopback"};
	(void)name_table_add(&matrix->zone_names, "internet", 0);
	return matrix;
}

static void loader_start(struct loader *loader, size_t file_count)
{
	*loader = (struct loader){.matrix = matrix_new(file_count)};
	// NOLINTNEXTLINE(bugprone-sizeof-expression): it is an array of pointers
	const size_t size = sizeof(*loader->row_lists);
	loader->row_lists = arena_array(&loader->trees, file_count + 1, size);
	loader->tunnel_lists = arena_array(&loader->trees, file_count + 1, size);
	loader->domain_lists = arena_array(&loader->trees, file_count + 1, size);
	loader->expect_lists = arena_array(&loader->trees, file_count + 1, size);
}

static void loader_name_file(struct loader *loader, size_t index, const char *name)
{
	struct matrix *matrix = loader->matrix;
	const char *shown = strcmp(name, "-") == 0 ? "stdin" : name;
	matrix->files[index] = arena_text(&matrix->arena, shown, strlen(shown));
	loader->file = (uint32_t)index;
}

/* Rows, then the matrix; NULL with the errors when there is any. */
static struct matrix *loader_end(
	struct loader *loader, struct matrix_problems *problems)
{
	struct matrix *matrix = loader->matrix;
	loader_finish_groups(loader);
	for (size_t i = 0; i < matrix->file_count; i++) {
		loader->file = (uint32_t)i;
		if (loader->domain_lists[i]) {
			loader_domains(loader, loader->domain_lists[i]);
		}
		if (loader->expect_lists[i]) {
			loader_expects(loader, loader->expect_lists[i]);
		}
		if (loader->tunnel_lists[i]) {
			loader_tunnels(loader, loader->tunnel_lists[i]);
		}
		if (loader->row_lists[i]) {
			loader_rows(loader, loader->row_lists[i]);
		}
	}
	loader_finish_domains(loader);
	if (matrix->row_count == 0 && loader->error_count == 0) {
		loader->file = 0;
		loader_fail(loader, NULL,
			"the matrix has no rows, so it would call every flow "
			"illegitimate; start from anssi-reference.yaml");
	}
	hand_over_errors(loader, problems);
	if (problems->count > 0) {
		matrix_free(matrix);
		matrix = NULL;
	} else {
		matrix_index_rows(matrix);
	}
	list_free(loader->errors);
	list_free(loader->zone_spans.list);
	list_free(loader->group_spans.list);
	name_table_free(&loader->row_ids);
	arena_free(&loader->trees);
	return matrix;
}

struct matrix *matrix_load_sources(const struct matrix_source *sources, size_t count,
	struct matrix_problems *problems)
{
	struct loader loader;
	loader_start(&loader, count);
	for (size_t i = 0; i < count; i++) {
		loader_name_file(&loader, i, sources[i].name);
		load_source(&loader, &sources[i]);
	}
	return loader_end(&loader, problems);
}

struct matrix *matrix_load_trees(
	const struct matrix_tree *trees, size_t count, struct matrix_problems *problems)
{
	struct loader loader;
	loader_start(&loader, count);
	for (size_t i = 0; i < count; i++) {
		loader_name_file(&loader, i, trees[i].name);
		loader_mapping(
			&loader, trees[i].root, FILE_KEYS, "a matrix file", NULL);
	}
	return loader_end(&loader, problems);
}

/* The bytes of a file, malloced; one byte over the limit is enough to refuse it. */
static char *read_stream(FILE *in, size_t *len, int *error)
{
	char *bytes = NULL;
	size_t room = 0;
	*len = 0;
	do {
		room = room ? room * 2 : 65536;
		char *grown = realloc(bytes, room);
		if (!grown) {
			abort();
		}
		bytes = grown;
		*len += fread(bytes + *len, 1, room - *len, in);
	} while (*len == room && *len <= YAML_BYTES_MAX);
	*error = ferror(in) ? errno : 0;
	return bytes;
}

bool matrix_read_file(
	const char *path, struct matrix_source *source, struct reason *why)
{
	const bool is_stdin = strcmp(path, "-") == 0;
	FILE *in = is_stdin ? stdin : fopen(path, "re");
	if (!in) {
		(void)reason_set(why, "cannot open: %s", strerror(errno));
		return false;
	}
	int error;
	char *bytes = read_stream(in, &source->len, &error);
	source->name = is_stdin ? "stdin" : path;
	source->bytes = bytes;
	if (!is_stdin) {
		(void)fclose(in);
	}
	if (error) {
		free(bytes);
		(void)reason_set(why, "cannot read: %s", strerror(error));
		return false;
	}
	return true;
}

void matrix_source_free(struct matrix_source *source)
{
	free((char *)source->bytes);
	source->bytes = NULL;
}

static void load_file(struct loader *loader, const char *path)
{
	struct matrix_source source;
	struct reason why;
	if (matrix_read_file(path, &source, &why)) {
		load_source(loader, &source);
		matrix_source_free(&source);
	} else {
		loader_fail_file(loader, why.text);
	}
}

struct matrix *matrix_load(
	const char *const *files, size_t file_count, struct matrix_problems *problems)
{
	struct loader loader;
	loader_start(&loader, file_count);
	for (size_t i = 0; i < file_count; i++) {
		loader_name_file(&loader, i, files[i]);
		load_file(&loader, files[i]);
	}
	return loader_end(&loader, problems);
}
