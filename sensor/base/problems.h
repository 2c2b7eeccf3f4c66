/*
 * base/problems - the mistakes of a settings file, each told where it stands.
 *
 * Reading goes on after a mistake, so that all are told at once. Bounded: the last
 * one says that there are more.
 */
#pragma once

#include "base/name_table.h"
#include "base/reason.h"
#include "base/yaml.h"

#define PROBLEMS_MAX 32

struct problems {
	const char *path; /* of the file; borrowed */
	size_t count;
	struct reason list[PROBLEMS_MAX]; /* "file:line:column: text" */
};

/* at: NULL for the file as a whole. */
void problems_add(struct problems *problems, const struct yaml_node *at,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

/* `unknown WHAT "x"; did you mean "y"?` for a name that none of the offered is. */
void problems_add_unknown(struct problems *problems, const struct yaml_node *at,
	const char *what, const struct name_nearest *search);
