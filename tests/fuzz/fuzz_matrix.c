#include "matrix/architecture.h"
#include "matrix/criteria.h"
#include "matrix/load.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct matrix *matrix)
{
	size_t count;
	const struct matrix_row *rows = matrix_rows(matrix, &count);
	struct matrix_problems warnings;
	struct matrix_problems accepted;
	matrix_warnings(matrix, 1800000000, &warnings);
	matrix_problems_free(&warnings);
	architecture_breaches(matrix, 1800000000, &warnings, &accepted);
	matrix_problems_free(&warnings);
	matrix_problems_free(&accepted);
	for (size_t i = 0; i < count && i < 16; i++) {
		const struct matrix_question question = {.from = rows[i].to,
			.to = rows[i].from,
			.protocol = PROTOCOL_SMTP,
			.port = 25};
		struct matrix_result result;
		matrix_ask(matrix, &question, &result);
	}
	char *text = NULL;
	size_t text_len = 0;
	FILE *out = open_memstream(&text, &text_len);
	matrix_print(matrix, out);
	(void)fclose(out);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct matrix_source source = {"fuzz.yaml", (const char *)data, size};
	struct matrix_problems problems;
	struct matrix *matrix = matrix_load_sources(&source, 1, &problems);
	if ((matrix == NULL) != (problems.count > 0)) {
		abort();
	}
	if (matrix) {
		use(matrix);
	}
	matrix_problems_free(&problems);
	matrix_free(matrix);
	return 0;
}
