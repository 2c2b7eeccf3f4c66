/*
 * Lists of a matrix in a folder of their own, for the tests that load them.
 */
#pragma once

#include "lists/load.h"
#include "matrix/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MADE_NOW_S INT64_C(1796000000)

static char made_folder[] = "/tmp/mailwarden-lists-XXXXXX";

static inline void made_write(const char *name, const char *bytes)
{
	char path[128];
	char next[128];
	(void)snprintf(path, sizeof(path), "%s/%s", made_folder, name);
	(void)snprintf(next, sizeof(next), "%s/next", made_folder);
	FILE *out = fopen(next, "we");
	assert_non_null(out);
	(void)fputs(bytes, out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(rename(next, path), 0);
}

/* lists: what stands below "lists:". */
static inline struct matrix *made_matrix(const char *lists)
{
	char text[2048];
	char name[128];
	struct matrix_problems problems = {0};
	(void)snprintf(name, sizeof(name), "%s/matrix.yaml", made_folder);
	(void)snprintf(text, sizeof(text),
		"schema: 1\nzones: {internal: [192.0.2.0/24]}\n"
		"groups: {a: {role: relay, addresses: [192.0.2.1]}}\n"
		"rows: [{id: R, from: a, to: internet, protocols: [smtp]}]\n"
		"lists:\n%s",
		lists);
	const struct matrix_source source = {name, text, strlen(text)};
	struct matrix *matrix = matrix_load_sources(&source, 1, &problems);
	if (!matrix) {
		print_error("%s\n", problems.list[0].text);
	}
	assert_non_null(matrix);
	matrix_problems_free(&problems);
	return matrix;
}

static inline struct lists *made_lists(
	const struct matrix *matrix, const struct lists *before)
{
	struct reason why;
	struct lists *lists = lists_new(&why);
	assert_non_null(lists);
	const struct lists_past past = {before, -1};
	lists_load(lists, matrix, &past, MADE_NOW_S);
	return lists;
}

static inline struct lists_match made_find(const struct lists *lists, const char *text)
{
	struct address address;
	return address_parse(text, &address)
		       ? lists_find_address(lists, &address, MADE_NOW_S)
		       : lists_find_domain(lists, text, MADE_NOW_S);
}

/* "LIST ENTRY" of what is found, "" without. */
static inline const char *made_answer(const struct lists *lists, const char *text)
{
	static char answer[LISTS_TEXT_BYTES + 80];
	struct lists_entry entry;
	const struct lists_match match = made_find(lists, text);
	if (match.entry == LISTS_NONE) {
		return "";
	}
	lists_describe(lists, match.entry, &entry);
	(void)snprintf(answer, sizeof(answer), "%s %s", entry.list->name, entry.text);
	return answer;
}
