/*
 * commands/replay_flows - may replay --flows write to this path?
 *
 * Not where that overwrites what the same run reads, nor a capture of before: a name too
 * few, or a pattern that the shell made many names of, would cost evidence. Reads the
 * first bytes of what is there and changes nothing.
 */
#pragma once

#include "commands/replay.h"

/* False, and why, when it may not. */
bool replay_flows_may_be_written(const struct replay *replay, struct reason *why);
