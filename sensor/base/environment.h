/*
 * base/environment - secrets of the environment, taken out of it before a process forks.
 *
 * A variable that was taken stands in no environment and no memory any more, but in a
 * file without a name (memfd_create(2)), which is read by whom the secret is for and
 * closed by all others. Knows no settings. One place for a whole process, as the
 * environment is.
 */
#pragma once

#include "base/reason.h"

#include <stddef.h>

/* name: borrowed for good. One that is not set, or was taken, is right. */
bool environment_take(const char *name, struct reason *why);

/* The value, taken or not, into size bytes; false with a reason, which never tells it. */
bool environment_read(const char *name, char *value, size_t size, struct reason *why);

/* In a process that needs none of them, or no more: what was taken is out of its reach. */
void environment_forget(void);
