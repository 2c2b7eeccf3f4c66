/*
 * commands/replay_engine - the frames of all captures through the engine.
 *
 * In: capture files, the matrix, what is known of servers (--state). Out: records to
 * the outputs, the state file written again, and the exit code. A capture of which a
 * part is missing is judged as far as it goes, and told.
 */
#pragma once

#include "commands/replay_outputs.h"

/* Every frame through the engine; false: one could not be read, which ended it. */
bool replay_frames(struct engine *engine, struct source *source, struct reason *why);

/* lists: or NULL. Returns enum command_exit; outputs are closed unless nothing was read. */
int replay_engine_run(const struct replay *replay, struct replay_outputs *outputs,
	const struct matrix *matrix, struct lists *lists);
