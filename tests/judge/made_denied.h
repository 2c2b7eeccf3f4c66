/*
 * tests/judge/made_denied - lists for the tests of judge/, out of texts.
 */
#pragma once

#include "made_flow.h"

#include "lists/load.h"

#include <stdio.h>

struct made_denied {
	struct matrix *matrix;
	struct lists *lists;
};

/* The office with lists d (deny), t (temporary, low) and a (allow) of these lines. */
static inline struct made_denied made_denied(
	const char *deny, const char *temporary, const char *allow)
{
	const char *const texts[] = {deny, temporary, allow};
	char folder[] = "/tmp/mailwarden-denied-XXXXXX";
	char paths[3][64];
	char text[4096];
	struct reason why;
	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(paths[i], sizeof(paths[i]), "%s/%zu", folder, i);
		FILE *out = fopen(paths[i], "we");
		assert_non_null(out);
		(void)fputs(texts[i], out);
		assert_int_equal(fclose(out), 0);
	}
	(void)snprintf(text, sizeof(text),
		MADE_OFFICE "lists:\n  d: {kind: deny, file: %s}\n"
			    "  t: {kind: temporary, file: %s, severity: low}\n"
			    "  a: {kind: allow, file: %s}\n",
		paths[0], paths[1], paths[2]);
	struct made_denied made = {
		.matrix = made_matrix(text), .lists = lists_new(&why)};
	assert_non_null(made.lists);
	lists_load(made.lists, made.matrix, NULL, NOW_S);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(unlink(paths[i]), 0);
	}
	assert_int_equal(rmdir(folder), 0);
	return made;
}

static inline void made_denied_free(struct made_denied *made)
{
	lists_free(made->lists);
	matrix_free(made->matrix);
}
