/*
 * commands/replay_flows - may replay --flows write to this path?
 *
 * Not where that overwrites what the same run reads, nor a capture of before: a name too
 * few, or a pattern that the shell made many names of, would cost evidence. Reads the
 * first bytes of what is there and changes nothing.
 */
#pragma once

#include "base/reason.h"

#include <stddef.h>

/* False, and why, when the file at path is the one at read, by whatever name. */
bool replay_flows_is_apart(const char *path, const char *read, struct reason *why);

/* False, and why, when a file is there that begins like a capture, compressed or not. */
bool replay_flows_is_no_capture(const char *path, struct reason *why);
