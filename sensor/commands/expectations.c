#include "commands/expectations.h"

#include "base/arena.h"
#include "commands/planned.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 8 /* FROM TO PROTOCOL TLS VERSION -> row ID */

/* A line that is being read. */
struct expecting {
	struct expectations *expectations;
	const struct matrix *matrix;
	const char *path;
	unsigned line;
	const char *words[WORDS_MAX + 1];
	size_t word_count;
};

static void __attribute__((format(printf, 3, 4)))
tell(const struct expecting *expecting, struct matrix_problems *problems,
	const char *format, ...)
{
	char text[400];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	problems->list =
		list_room(problems->list, problems->count, sizeof(*problems->list));
	struct matrix_problem *problem = &problems->list[problems->count++];
	(void)snprintf(problem->text, sizeof(problem->text), "%.200s:%u: %s",
		expecting->path, expecting->line, text);
}

static void split(struct expecting *expecting, char *text)
{
	char *rest = NULL;
	expecting->word_count = 0;
	for (char *word = strtok_r(text, " \t\r\n", &rest);
		word && word[0] != '#' && expecting->word_count <= WORDS_MAX;
		word = strtok_r(NULL, " \t\r\n", &rest)) {
		expecting->words[expecting->word_count++] = word;
	}
}

/* Behind the arrow; the row is NULL where any will do. */
struct expected {
	enum planned_answer answer;
	const char *row;
};

static bool has_row(const struct matrix *matrix, const char *id)
{
	size_t count;
	const struct matrix_row *rows = matrix_rows(matrix, &count);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i].id, id) == 0) {
			return true;
		}
	}
	return false;
}

static bool read_expected(const struct expecting *expecting, size_t arrow,
	struct expected *expected, struct reason *why)
{
	const char *const *words = expecting->words + arrow + 1;
	const size_t count = expecting->word_count - arrow - 1;
	if (count == 2 && strcmp(words[0], "row") == 0) {
		*expected = (struct expected){PLANNED_ALLOWED, words[1]};
		return has_row(expecting->matrix, words[1]) ||
		       reason_set(why, "no row has the id \"%.80s\"", words[1]);
	}
	for (int i = PLANNED_ALLOWED; count == 1 && i <= PLANNED_REFUSED; i++) {
		*expected = (struct expected){.answer = (enum planned_answer)i};
		if (strcmp(words[0], planned_answer_name(expected->answer)) == 0) {
			return true;
		}
	}
	return reason_set(why, "behind -> stands allowed, probe, undecided, "
			       "not-allowed or \"row ID\"");
}

static bool read_line(const struct expecting *expecting, struct planned *planned,
	struct expected *expected, struct reason *why)
{
	size_t arrow = 0;
	while (arrow < expecting->word_count &&
		strcmp(expecting->words[arrow], "->") != 0) {
		arrow++;
	}
	if (arrow < 3 || arrow > 5 || arrow == expecting->word_count ||
		expecting->word_count > WORDS_MAX) {
		return reason_set(why,
			"a line is FROM TO PROTOCOL[:PORT] [TLS] [VERSION] -> ANSWER");
	}
	if (!planned_read(expecting->matrix, expecting->words, planned, why)) {
		return false;
	}
	for (size_t i = 3; i < arrow; i++) {
		if (!planned_set_tls(planned, expecting->words[i])) {
			return reason_set(why,
				"\"%.40s\" is none of clear, starttls, implicit, "
				"1.0, 1.1, 1.2, 1.3",
				expecting->words[i]);
		}
	}
	return read_expected(expecting, arrow, expected, why);
}

static void hold(const struct expecting *expecting, const struct planned *planned,
	const struct expected *expected)
{
	const struct matrix_row *row = planned->result.row;
	const bool is_row =
		!expected->row || (row && strcmp(row->id, expected->row) == 0);
	if (planned->answer == expected->answer && is_row) {
		return;
	}
	tell(expecting, &expecting->expectations->unmet,
		"%s -> %s %s: expected %s%s, is %s: %s", expecting->words[0],
		expecting->words[1], expecting->words[2], expected->row ? "row " : "",
		expected->row ? expected->row : planned_answer_name(expected->answer),
		planned_answer_name(planned->answer), planned->result.reason);
}

static void take_line(struct expecting *expecting, char *text, int64_t now_s)
{
	struct planned planned = {.question = {.now_s = now_s}};
	struct expected expected = {.row = NULL};
	struct reason why;
	split(expecting, text);
	if (expecting->word_count == 0) {
		return;
	}
	expecting->expectations->count++;
	if (!read_line(expecting, &planned, &expected, &why)) {
		tell(expecting, &expecting->expectations->errors, "%s", why.text);
		return;
	}
	planned_ask(expecting->matrix, &planned);
	hold(expecting, &planned, &expected);
}

void expectations_hold(struct expectations *expectations, const char *path,
	const struct matrix *matrix, int64_t now_s)
{
	struct expecting expecting = {
		.expectations = expectations, .matrix = matrix, .path = path};
	const bool is_stdin = strcmp(path, "-") == 0;
	FILE *file = is_stdin ? stdin : fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	*expectations = (struct expectations){.count = 0};
	if (!file) {
		tell(&expecting, &expectations->errors, "%s", strerror(errno));
		return;
	}
	while (getline(&text, &size, file) >= 0) {
		expecting.line++;
		take_line(&expecting, text, now_s);
	}
	if (ferror(file)) {
		tell(&expecting, &expectations->errors, "it cannot be read");
	} else if (expectations->count == 0) {
		tell(&expecting, &expectations->errors, "it expects nothing");
	}
	free(text);
	if (!is_stdin) {
		(void)fclose(file);
	}
}

void expectations_free(struct expectations *expectations)
{
	matrix_problems_free(&expectations->errors);
	matrix_problems_free(&expectations->unmet);
}
