/*
 * commands/state - the state file of --state: loaded into an engine, saved behind it.
 *
 * Both tell on stderr what went wrong and return enum command_exit.
 */
#pragma once

#include "engine/engine.h"

/* A file that is not there yet is an empty one. */
int state_load(struct engine *engine, const char *path);
int state_save(struct engine *engine, const char *path);
