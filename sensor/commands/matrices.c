#include "commands/matrices.h"

struct matrix *matrices_load(const struct option_list *files)
{
	struct matrix_problems problems = {.count = 0};
	struct matrix *matrix = matrix_load(files->values, files->count, &problems);
	for (size_t i = 0; i < problems.count; i++) {
		(void)fprintf(stderr, "%s\n", problems.list[i].text);
	}
	matrix_problems_free(&problems);
	return matrix;
}
