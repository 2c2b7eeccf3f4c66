/* What learn reads besides traffic: matrices as they are written, answers. */
#include "commands/learn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static void print_zone(
	const char *name, const struct network *networks, size_t count, FILE *out)
{
	char text[NETWORK_TEXT_BYTES];
	for (size_t i = 0; i < count; i++) {
		if (i == 0) {
			(void)fprintf(out, "  %s: [", name);
		}
		(void)fprintf(out, "%s\"%s\"", i > 0 ? ", " : "",
			network_text(&networks[i], text));
	}
	(void)fputs(count > 0 ? "]\n" : "", out);
}

struct matrix *learn_blank_matrix(
	const struct learn_settings *settings, struct reason *why)
{
	char *text = NULL;
	size_t len = 0;
	struct matrix_problems problems = {.count = 0};
	FILE *out = open_memstream(&text, &len);
	if (!out) {
		(void)reason_set(why, "no memory for the zones");
		return NULL;
	}
	(void)fputs("schema: 1\nzones:\n", out);
	print_zone("internal", settings->internal, settings->internal_count, out);
	print_zone("gateway", settings->gateway, settings->gateway_count, out);
	/* a matrix must have a row: this one is of no service there is */
	(void)fputs("rows:\n"
		    "  - {id: none, from: internal, to: internal, protocols: [sieve], "
		    "ports: [1]}\n",
		out);
	const bool is_written = fclose(out) == 0;
	const struct matrix_source source = {"the zones", text, len};
	struct matrix *matrix =
		is_written ? matrix_load_sources(&source, 1, &problems) : NULL;
	if (!matrix) {
		(void)reason_set(why, "%s",
			problems.count > 0 ? problems.list[0].text
					   : "no memory for the zones");
	}
	matrix_problems_free(&problems);
	free(text);
	return matrix;
}

char *learn_read_file(const char *path, size_t *len, struct reason *why)
{
	char *text = NULL;
	FILE *in = open_input(path);
	FILE *out = open_memstream(&text, len);
	bool is_read = in && out;
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

bool learn_read_answers(
	struct answers *answers, const char *path, bool may_be_new, struct reason *why)
{
	if (may_be_new && access(path, F_OK) != 0 && errno == ENOENT) {
		return true;
	}
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
