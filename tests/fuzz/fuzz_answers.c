#include "observed/answers.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was taken is written, and what is written is taken again as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answers answers = {.row_count = 0};
	struct answers again = {.row_count = 0};
	struct reason why;
	char *text = NULL;
	size_t len = 0;
	if (answers_read(&answers, (const char *)data, size, &why)) {
		FILE *out = open_memstream(&text, &len);
		answers_print(&answers, out);
		(void)fclose(out);
		if (!answers_read(&again, text, len, &why) ||
			again.row_count != answers.row_count ||
			again.fill_count != answers.fill_count) {
			abort();
		}
	}
	free(text);
	answers_free(&answers);
	answers_free(&again);
	return 0;
}
