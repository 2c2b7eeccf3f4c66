#include "observed/observed_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct observed *new_observed(void)
{
	static const struct hash_seed SEED = {{1, 2}};
	struct reason why;
	struct observed *observed = observed_new(64, SEED, &why);
	if (!observed) {
		abort();
	}
	return observed;
}

static struct text write_out(const struct observed *observed)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	if (!out || !observed_file_write(out, observed)) {
		abort();
	}
	(void)fclose(out);
	return (struct text){(const uint8_t *)text, len};
}

/* What was taken is written, and what is written is taken again and written the same. */
static void write_and_read(const struct observed *observed)
{
	struct reason why;
	struct sighting sighting;
	struct observed *again = new_observed();
	const struct text first = write_out(observed);
	if (!observed_file_read(again, first, "again", &why)) {
		abort();
	}
	const struct text second = write_out(again);
	if (first.len != second.len || memcmp(first.at, second.at, first.len) != 0) {
		abort();
	}
	const struct observed_list list = observed_sorted(again);
	for (size_t i = 0; i < list.count; i++) {
		observed_stand_in(again, list.entries[i], &sighting);
	}
	free(list.entries);
	observed_merge(again, observed);
	free((void *)first.at);
	free((void *)second.at);
	observed_free(again);
}

/* Records, a line each: whatever they say is added up, written and read. */
static void take_lines(const uint8_t *data, size_t size)
{
	struct sighting sighting;
	struct observed *observed = new_observed();
	while (size > 0) {
		const uint8_t *end = memchr(data, '\n', size);
		const size_t len = end ? (size_t)(end - data) : size;
		if (sighting_read_line(&sighting, (const char *)data, len)) {
			observed_add(observed, &sighting);
		}
		data += len + (end ? 1 : 0);
		size -= len + (end ? 1 : 0);
	}
	write_and_read(observed);
	observed_free(observed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reason why = {.text = ""};
	if (size > 0 && data[0] == '{') {
		take_lines(data, size);
		return 0;
	}
	struct observed *observed = new_observed();
	if (observed_file_read(observed, (struct text){data, size}, "fuzz", &why)) {
		write_and_read(observed);
	} else if (strncmp(why.text, "fuzz:", 5) != 0) {
		abort();
	}
	observed_free(observed);
	return 0;
}
