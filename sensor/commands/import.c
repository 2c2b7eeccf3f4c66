#include "commands/matrices.h"

#include "base/utf8.h"
#include "interchange/sheet_import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTES_SHOWN 20

struct import_options {
	struct option_list matrices;
};

/* What is read and made; all texts are the arena's. */
struct import {
	const char *name; /* of the file, in messages */
	struct arena arena;
	struct sheet sheet;
	struct sheet_import result;
	/* that of the sheet is the last */
	struct matrix_tree trees[OPTIONS_LIST_MAX + 1];
	size_t count;
};

static void tell(
	const struct import *import, unsigned line, unsigned column, const char *text)
{
	(void)fprintf(stderr, "%s:%u:%u: %s\n", import->name, line, column, text);
}

static void tell_notes(
	const struct import *import, const struct sheet_notes *notes, const char *title)
{
	if (notes->count > 0) {
		(void)fprintf(stderr, "%s: %zu\n", title, notes->count);
	}
	for (size_t i = 0; i < notes->count && i < NOTES_SHOWN; i++) {
		(void)fprintf(stderr, "  %s:%u:%u: %s\n", import->name,
			notes->list[i].line, notes->list[i].column,
			notes->list[i].text);
	}
	if (notes->count > NOTES_SHOWN) {
		(void)fprintf(stderr, "  and %zu more\n", notes->count - NOTES_SHOWN);
	}
}

/* Without its rows: those are what the sheet is for. */
static const struct yaml_node *without_rows(
	struct arena *arena, const struct yaml_node *root)
{
	struct yaml_node *kept = tree_new(arena, YAML_MAPPING, root);
	if (root->kind != YAML_MAPPING) {
		return root; /* the loader says so */
	}
	for (const struct yaml_node *key = root->first; key; key = key->next->next) {
		if (key->kind != YAML_SCALAR || strcmp(key->text, "rows") != 0) {
			struct yaml_node *value =
				tree_new(arena, key->next->kind, key->next);
			*value = *key->next;
			value->next = NULL;
			tree_put(arena, kept, key->text ? key->text : "", value);
		}
	}
	return kept;
}

/* As the matrix will have them, or with what makes the others be checked. */
static void put_undeclared(struct import *import, struct yaml_node *root, bool is_draft)
{
	struct arena *arena = &import->arena;
	struct yaml_node *groups = (struct yaml_node *)tree_get(root, "groups");
	if (!groups) {
		groups = tree_new(arena, YAML_MAPPING, NULL);
		tree_put(arena, root, "groups", groups);
	}
	for (size_t i = 0; i < import->result.undeclared_count; i++) {
		const struct sheet_group *group = &import->result.undeclared[i];
		struct yaml_node *value = tree_new(arena, YAML_MAPPING, &group->place);
		struct yaml_node *list = tree_new(arena, YAML_SEQUENCE, &group->place);
		char name[48];
		(void)snprintf(name, sizeof(name), "undeclared-%zu.invalid", i);
		tree_put(arena, value, "role",
			tree_scalar(arena, is_draft ? "" : "client", &group->place));
		if (group->addresses) {
			tree_append(list,
				tree_scalar(arena, group->addresses, &group->place));
		} else if (!is_draft) {
			tree_append(list, tree_scalar(arena, name, &group->place));
		}
		tree_put(arena, value,
			is_draft || group->addresses ? "addresses" : "names", list);
		if (is_draft) {
			tree_put(arena, value, "comment",
				tree_scalar(arena, group->written, &group->place));
		}
		tree_put(arena, groups, group->name, value);
	}
}

/* Comments of the file say what is not in it. */
static void write_comments(const struct import *import)
{
	const struct sheet_notes *apart = &import->result.apart;
	char name[256];
	(void)snprintf(name, sizeof(name), "%s", import->name);
	utf8_make_printable(name); /* no line of a comment is anything else */
	(void)printf("# From %s.\n", name);
	if (apart->count > 0) {
		(void)printf("# No mail, or not allowed, and left out:\n");
	}
	for (size_t i = 0; i < apart->count; i++) {
		(void)printf("#   %u:%u: %s\n", apart->list[i].line,
			apart->list[i].column, apart->list[i].text);
	}
}

static void tell_summary(const struct import *import)
{
	const struct sheet_import *result = &import->result;
	tell_notes(import, &result->unread, "not read");
	tell_notes(import, &result->apart, "no mail or not allowed, left out");
	(void)fprintf(stderr, "%zu row%s of mail\n", result->row_count,
		result->row_count == 1 ? "" : "s");
	if (result->undeclared_count > 0) {
		(void)fprintf(stderr,
			"%zu group%s without role or addresses: fill them in, or give "
			"a file that declares them (-m)\n",
			result->undeclared_count,
			result->undeclared_count == 1 ? "" : "s");
	}
}

/* The trees of -m, and that of the sheet behind them, are one matrix without a mistake. */
static int finish(struct import *import)
{
	struct yaml_node *root = import->result.root;
	struct yaml_node *checked =
		tree_join(&import->arena, (const struct yaml_node *const[]){root}, 1);
	const struct yaml_node *roots[OPTIONS_LIST_MAX + 1];
	put_undeclared(import, checked, false);
	import->trees[import->count] = (struct matrix_tree){import->name, checked};
	struct matrix *matrix = matrices_load_trees(import->trees, import->count + 1);
	if (!matrix) {
		return COMMAND_USAGE;
	}
	matrix_free(matrix);
	if (import->result.undeclared_count > 0) {
		put_undeclared(import, root, true);
	}
	for (size_t i = 0; i < import->count; i++) {
		roots[i] = import->trees[i].root;
	}
	roots[import->count] = root;
	write_comments(import);
	tree_write_yaml(tree_join(&import->arena, roots, import->count + 1), stdout);
	tell_summary(import);
	return COMMAND_OK;
}

/* JSON, or a line that begins with the key that every matrix file has. */
static bool is_matrix(const struct matrix_source *source)
{
	static const char KEY[] = "schema:";
	const char *at = source->bytes;
	const char *end = at + source->len;
	while (at < end && strchr(" \t\r\n", *at)) {
		at++;
	}
	if (at < end && *at == '{') {
		return true;
	}
	while (at < end && ((size_t)(end - at) < sizeof(KEY) - 1 ||
				   memcmp(at, KEY, sizeof(KEY) - 1) != 0)) {
		const char *feed = memchr(at, '\n', (size_t)(end - at));
		at = feed ? feed + 1 : end;
	}
	return at < end;
}

/* A matrix already, in YAML or JSON: nothing to be made out. */
static bool read_matrix(struct import *import, const struct matrix_source *source)
{
	struct yaml_error error = {0};
	const struct yaml_node *root =
		yaml_read(&import->arena, source->bytes, source->len, &error);
	if (!root || root->kind != YAML_MAPPING) {
		tell(import, root ? 1 : error.line, root ? 1 : error.column,
			root ? "no matrix" : error.text);
		return false;
	}
	const struct yaml_node *matrix = tree_get(root, "matrix"); /* of check --json */
	import->result.root = tree_join(&import->arena,
		(const struct yaml_node *const[]){matrix ? matrix : root}, 1);
	const struct yaml_node *rows = tree_get(import->result.root, "rows");
	for (const struct yaml_node *row = tree_items(rows); row; row = row->next) {
		import->result.row_count++;
	}
	return true;
}

static bool read_source(struct import *import, const struct matrix_source *source)
{
	const struct yaml_node *declared[OPTIONS_LIST_MAX];
	struct sheet_error error = {.line = 1};
	if (is_matrix(source)) {
		return read_matrix(import, source);
	}
	for (size_t i = 0; i < import->count; i++) {
		declared[i] = import->trees[i].root;
	}
	import->sheet.arena = &import->arena;
	if (!sheet_read(&import->sheet, source->bytes, source->len, &error) ||
		!sheet_import(&import->result, &import->sheet, declared, import->count,
			&error)) {
		tell(import, error.line, error.column, error.text);
		return false;
	}
	return true;
}

static int import_file(const char *path, const struct import_options *options)
{
	struct import import = {.count = options->matrices.count};
	struct matrix_source source;
	struct reason why;
	if (!matrix_read_file(path, &source, &why)) {
		(void)fprintf(stderr, "%s: %s\n", path, why.text);
		return COMMAND_RUNTIME;
	}
	import.name = source.name;
	int code = COMMAND_USAGE;
	if (matrices_read(&options->matrices, &import.arena, import.trees)) {
		for (size_t i = 0; i < import.count; i++) {
			import.trees[i].root =
				without_rows(&import.arena, import.trees[i].root);
		}
		code = read_source(&import, &source) ? finish(&import) : COMMAND_USAGE;
	}
	matrix_source_free(&source);
	sheet_import_free(&import.result);
	sheet_free(&import.sheet);
	arena_free(&import.arena);
	return code;
}

static int import_run(int argc, char **argv)
{
	struct import_options options = {.matrices = {.count = 0}};
	struct option_words words;
	const int code = options_read(&COMMAND_IMPORT, argc, argv, &options, &words);
	return code != OPTIONS_GO_ON ? code : import_file(words.list[0], &options);
}

static const char ABOUT[] =
	"Read a flow matrix that is kept in a spreadsheet and write it as a matrix "
	"file.\n"
	"The sheet is CSV, a Markdown or an HTML table: a list of flows (source,\n"
	"destination, protocol, port ..., in English or French) or a cross-table\n"
	"(\"From \\ To\"). What is no mail is left out, counted and reported. Groups "
	"whose\n"
	"role and addresses nobody says are left to be filled in. \"-\" is stdin.\n";

static const char EXAMPLES[] =
	"  mailwarden import flows.csv > matrix.yaml\n"
	"      A first draft of a sheet that names hosts alone.\n"
	"  mailwarden import flows.csv -m groups.yaml > matrix.yaml\n"
	"      Zones and groups are declared already: a whole matrix.\n"
	"  libreoffice --headless --convert-to csv flows.xlsx\n"
	"      What to do with a workbook.\n";

static const char EXITS[] =
	"0 a matrix or a draft of one was written, 2 the sheet has a mistake\n"
	"(with line and column), 3 it cannot be read.\n";

static const struct option_row OPTIONS[] = {
	{.name = "matrix",
		.letter = 'm',
		.argument = "FILE",
		.help = "zones, groups and tunnels are declared here, its rows left\n"
			"out; repeatable",
		.set = option_add_text,
		.field = offsetof(struct import_options, matrices)},
	{.name = NULL},
};

const struct command COMMAND_IMPORT = {
	.name = "import",
	.summary = "make a flow matrix out of a spreadsheet",
	.usage = "[-m FILE...] SHEET",
	.about = ABOUT,
	.examples = EXAMPLES,
	.exits = EXITS,
	.options = OPTIONS,
	.words = "FILE",
	.words_least = 1,
	.words_most = 1,
	.run = import_run,
};
