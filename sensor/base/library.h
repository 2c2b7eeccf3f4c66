/*
 * base/library - a shared library that only one command calls, loaded when that one needs it.
 *
 * What is linked is loaded at every start, with all that it needs itself.
 */
#pragma once

#include "base/reason.h"

#include <stddef.h>

struct library_call {
	const char *name; /* as the library exports it */
	size_t at;        /* of a pointer to it in the caller's structure */
};

/*
 * Fills the pointers of *calls; the library stays loaded until the process ends. False, with
 * a reason that is a sentence of its own: it is not installed, or lacks one of count calls.
 */
bool library_load(const char *name, const struct library_call *wanted, size_t count,
	void *calls, struct reason *why);
