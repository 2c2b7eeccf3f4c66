#include "interchange/sheet_export.h"
#include "interchange/sheet_import.h"
#include "matrix/load.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was written of a matrix is read back without a mistake. */
static void go_round(const struct matrix *matrix, const struct yaml_node *root)
{
	for (int form = 0; form < 6; form++) {
		const struct sheet_form wanted = {form % 2 == 1, form >= 3};
		struct arena arena = {.newest = NULL};
		struct sheet sheet = {.arena = &arena};
		struct reason why;
		char *text = NULL;
		size_t len = 0;
		if (sheet_export(&sheet, root, matrix, &wanted, &why)) {
			FILE *out = open_memstream(&text, &len);
			if (form < 2) {
				sheet_write_csv(&sheet, ';', out);
			} else if (form < 4) {
				sheet_write_markdown(&sheet, out);
			} else {
				sheet_write_html(&sheet, out);
			}
			(void)fclose(out);
			struct sheet again = {.arena = &arena};
			struct sheet_import import = {.row_count = 0};
			struct sheet_error error;
			if (!sheet_read(&again, text, len, &error) ||
				!sheet_import(&import, &again, NULL, 0, &error) ||
				import.undeclared_count > 0) {
				abort();
			}
			sheet_import_free(&import);
			sheet_free(&again);
		}
		free(text);
		sheet_free(&sheet);
		arena_free(&arena);
	}
}

static void load(const struct sheet_import *import)
{
	const struct matrix_tree tree = {"fuzz.csv", import->root};
	struct matrix_problems problems;
	struct matrix *matrix = matrix_load_trees(&tree, 1, &problems);
	if (matrix) {
		go_round(matrix, import->root);
	}
	matrix_problems_free(&problems);
	matrix_free(matrix);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {.newest = NULL};
	struct sheet sheet = {.arena = &arena};
	struct sheet_import import = {.row_count = 0};
	struct sheet_error error = {.line = 0};
	if (sheet_read(&sheet, (const char *)data, size, &error) &&
		sheet_import(&import, &sheet, NULL, 0, &error)) {
		load(&import);
	} else if (error.line == 0 || error.text[0] == '\0') {
		abort();
	}
	sheet_import_free(&import);
	sheet_free(&sheet);
	arena_free(&arena);
	return 0;
}
