#include "base/problems.h"

#include <stdarg.h>
#include <stdio.h>

void problems_add(
	struct problems *problems, const struct yaml_node *at, const char *format, ...)
{
	char text[200];
	va_list args;
	if (problems->count == PROBLEMS_MAX) {
		return;
	}
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	struct reason *problem = &problems->list[problems->count++];
	if (problems->count == PROBLEMS_MAX) {
		(void)reason_set(problem, "%s: more mistakes than %d", problems->path,
			PROBLEMS_MAX - 1);
	} else if (at) {
		(void)reason_set(problem, "%s:%u:%u: %s", problems->path, at->line,
			at->column, text);
	} else {
		(void)reason_set(problem, "%s: %s", problems->path, text);
	}
}

void problems_add_unknown(struct problems *problems, const struct yaml_node *at,
	const char *what, const struct name_nearest *search)
{
	const bool is_near = search->nearest != NULL;
	problems_add(problems, at, "unknown %s \"%.40s\"%s%s%s", what, search->wrong,
		is_near ? "; did you mean \"" : "", is_near ? search->nearest : "",
		is_near ? "\"?" : "");
}
