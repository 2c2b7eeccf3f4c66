/*
 * commands/replay_outputs - where the records of a replay go.
 *
 * For a person or as JSON lines to standard output; as well, where they are wanted, mail
 * records to the file of --flows and all of them into the journal of --journal.
 * Failures are told on stderr.
 */
#pragma once

#include "capture/source.h"
#include "commands/replay.h"
#include "engine/engine.h"

struct conformity;
struct human;
struct observed;
struct replay_journal;

struct replay_outputs {
	const struct replay *replay; /* borrowed */
	struct human *human;
	struct conformity *conformity;
	FILE *flows;                    /* or NULL */
	struct replay_journal *journal; /* or NULL */
	struct observed *observed;      /* or NULL */
	const char *event_prefix;
	bool is_blind; /* told that much could not be looked into */
};

/* matrix: borrowed. False: told; close it all the same. */
bool replay_outputs_open(struct replay_outputs *outputs, const struct replay *replay,
	const struct matrix *matrix);

/* What the engine calls; outputs is the context. */
struct engine_outputs replay_outputs_of_engine(struct replay_outputs *outputs);

/* After the last record: counters, and one line per recommendation. */
void replay_outputs_end(struct replay_outputs *outputs, struct engine *engine,
	const struct source *source);

/* COMMAND_OK when every record is in its file and in the journal. */
int replay_outputs_close(struct replay_outputs *outputs);

void replay_outputs_free(struct replay_outputs *outputs);
