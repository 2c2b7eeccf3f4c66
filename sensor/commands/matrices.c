#include "commands/matrices.h"

#include <stdio.h>
#include <time.h>

static struct matrix *tell_problems(
	struct matrix *matrix, struct matrix_problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		(void)fprintf(stderr, "%s\n", problems->list[i].text);
	}
	matrix_problems_free(problems);
	return matrix;
}

struct matrix *matrices_load(const struct option_list *files)
{
	struct matrix_problems problems = {.count = 0};
	struct matrix *matrix = matrix_load(files->values, files->count, &problems);
	return tell_problems(matrix, &problems);
}

static bool read_tree(const char *path, struct arena *arena, struct matrix_tree *tree)
{
	struct matrix_source source;
	struct yaml_error error = {0};
	struct reason why;
	if (!matrix_read_file(path, &source, &why)) {
		(void)fprintf(stderr, "%s: %s\n", path, why.text);
		return false;
	}
	tree->name = source.name;
	tree->root = yaml_read(arena, source.bytes, source.len, &error);
	if (!tree->root) {
		(void)fprintf(stderr, "%s:%u:%u: %s\n", source.name, error.line,
			error.column, error.text);
	}
	matrix_source_free(&source);
	return tree->root != NULL;
}

bool matrices_read(const struct option_list *files, struct arena *arena,
	struct matrix_tree trees[OPTIONS_LIST_MAX])
{
	bool is_read = true;
	for (size_t i = 0; i < files->count; i++) {
		is_read = read_tree(files->values[i], arena, &trees[i]) && is_read;
	}
	return is_read;
}

struct matrix *matrices_load_trees(const struct matrix_tree *trees, size_t count)
{
	struct matrix_problems problems = {.count = 0};
	struct matrix *matrix = matrix_load_trees(trees, count, &problems);
	return tell_problems(matrix, &problems);
}

static bool tell_lists(const struct lists *lists)
{
	size_t count = 0;
	bool are_usable = true;
	const struct lists_list *all = lists_all(lists, &count);
	for (size_t i = 0; i < count; i++) {
		if (all[i].problem.text[0] != '\0') {
			(void)fprintf(stderr, "list %s: %s\n", all[i].name,
				all[i].problem.text);
		}
		are_usable = are_usable && !all[i].is_kept;
	}
	return are_usable;
}

bool matrices_read_lists(const struct matrix *matrix, struct lists **lists)
{
	size_t count = 0;
	struct reason why;
	*lists = NULL;
	(void)matrix_lists(matrix, &count);
	if (count == 0) {
		return true;
	}
	*lists = lists_new(&why);
	if (!*lists) {
		(void)fprintf(stderr, "%s\n", why.text);
		return false;
	}
	lists_load(*lists, matrix, NULL, (int64_t)time(NULL));
	return tell_lists(*lists);
}
