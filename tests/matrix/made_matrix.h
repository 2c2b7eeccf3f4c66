/*
 * made_matrix - matrices of the tests: from a text, with the head that all share.
 */
#pragma once

#include "matrix/criteria.h"
#include "matrix/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SMALL "tests/matrix/small.yaml"

#define HEAD                                                              \
	"schema: 1\n"                                                     \
	"zones: {internal: [192.0.2.0/24], gateway: [198.51.100.0/28]}\n" \
	"groups:\n"                                                       \
	"  workstations: {role: client, addresses: [192.0.2.64/26]}\n"    \
	"  submission: {role: submission, addresses: [192.0.2.20]}\n"     \
	"  mailboxes: {role: mailbox, addresses: [192.0.2.10]}\n"         \
	"  relay: {role: relay, addresses: [192.0.2.25]}\n"               \
	"  mx-out: {role: outbound, addresses: [198.51.100.2]}\n"         \
	"  mx-in: {role: inbound, addresses: [198.51.100.3]}\n"

static inline struct matrix *load_text(
	const char *text, struct matrix_problems *problems)
{
	const struct matrix_source source = {"made.yaml", text, strlen(text)};
	return matrix_load_sources(&source, 1, problems);
}

/* HEAD and these rows; they must load. */
static inline struct matrix *load_rows(const char *rows)
{
	char text[8192];
	(void)snprintf(text, sizeof(text), "%srows:\n%s", HEAD, rows);
	struct matrix_problems problems;
	struct matrix *matrix = load_text(text, &problems);
	if (problems.count > 0) {
		fail_msg("%s", problems.list[0].text);
	}
	return matrix;
}

static inline struct matrix *load_small(void)
{
	const char *file = SMALL;
	struct matrix_problems problems;
	struct matrix *matrix = matrix_load(&file, 1, &problems);
	if (problems.count > 0) {
		fail_msg("%s", problems.list[0].text);
	}
	return matrix;
}

static inline bool mentions(const struct matrix_problems *problems, const char *words)
{
	for (size_t i = 0; i < problems->count; i++) {
		if (strstr(problems->list[i].text, words)) {
			return true;
		}
	}
	return false;
}

/* The text must be refused with an error holding these words. */
static inline void assert_refused(const char *text, const char *words)
{
	struct matrix_problems problems;
	struct matrix *matrix = load_text(text, &problems);
	if (matrix || !mentions(&problems, words)) {
		fail_msg("no error with \"%s\" but \"%s\"", words,
			problems.count ? problems.list[0].text : "none");
	}
	matrix_problems_free(&problems);
}
