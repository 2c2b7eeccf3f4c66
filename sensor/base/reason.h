/*
 * base/reason - why a start-up step failed, in words for the operator.
 *
 * Only set-up uses it; packets never do: a bad packet is a result, not an error.
 */
#pragma once

#include <stdbool.h>

struct reason {
	char text[256];
};

/*
 * Fit to be printed: what steers a terminal is '?'. Always false, so a failing step can
 * say: return reason_set(why, ...).
 */
bool reason_set(struct reason *why, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
