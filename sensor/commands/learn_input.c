/* What learn reads: traffic, matrices as they are written, answers. */
#include "commands/learn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *open_input(const char *path)
{
	return strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
}

static void close_input(FILE *in)
{
	if (in != stdin) {
		(void)fclose(in);
	}
}

/* Lines that are no record of a mail flow are let by. */
static bool read_lines(struct observed *observed, FILE *in)
{
	struct sighting sighting;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	while ((len = getline(&line, &size, in)) >= 0) {
		const size_t used = len > 0 && line[len - 1] == '\n' ? (size_t)len - 1
								     : (size_t)len;
		if (sighting_read_line(&sighting, line, used)) {
			observed_add(observed, &sighting);
		}
	}
	free(line);
	return ferror(in) == 0;
}

bool learn_read_traffic(struct observed *observed, const char *path, struct reason *why)
{
	FILE *in = open_input(path);
	if (!in) {
		return reason_set(why, "%s: %s", path, strerror(errno));
	}
	const bool is_read = read_lines(observed, in);
	close_input(in);
	return is_read || reason_set(why, "%s: %s", path, strerror(errno));
}

char *learn_read_file(const char *path, size_t *len, struct reason *why)
{
	char *text = NULL;
	FILE *in = open_input(path);
	FILE *out = open_memstream(&text, len);
	bool is_read = out && (in || errno == ENOENT);
	char block[4096];
	size_t got;
	while (in && out && (got = fread(block, 1, sizeof(block), in)) > 0) {
		(void)fwrite(block, 1, got, out);
	}
	is_read = is_read && (!in || ferror(in) == 0);
	if (!is_read) {
		(void)reason_set(why, "%s: %s", path, strerror(errno));
	}
	if (in) {
		close_input(in);
	}
	if (out && fclose(out) != 0) {
		is_read = reason_set(why, "no memory for %s", path);
	}
	if (!is_read) {
		free(text);
		text = NULL;
	}
	return text;
}

bool learn_read_answers(struct answers *answers, const char *path, struct reason *why)
{
	size_t len = 0;
	struct reason what;
	char *text = learn_read_file(path, &len, why);
	const bool is_read = text && answers_read(answers, text, len, &what);
	if (text && !is_read) {
		(void)reason_set(why, "%s: %s", path, what.text);
	}
	free(text);
	return is_read;
}
