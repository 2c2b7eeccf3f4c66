/*
 * commands/replay_journal - records of a replay into a journal, as those of a sensor.
 *
 * Event ids are of this run alone, so that many replays may share a journal and its
 * outputs: <host>-<start>.<chance>-<number>. (Without a journal they are
 * replay-0-<number>, the same in every run.)
 */
#pragma once

#include "journal/journal.h"

#include <stdio.h>

#define REPLAY_JOURNAL_BYTES  524288L /* appended at once */
#define REPLAY_PREFIX_BYTES   128
#define REPLAY_JOURNAL_RECORD 65536L /* longer than any */

struct replay_journal {
	struct journal journal;
	FILE *stream; /* NULL: not open */
	bool is_failed;
	struct reason why;
	char prefix[REPLAY_PREFIX_BYTES];
	char bytes[REPLAY_JOURNAL_BYTES];
};

/* path: the journal's folder, made when missing. False with a reason. */
bool replay_journal_open(struct replay_journal *journal, const char *path,
	const char *host, struct reason *why);

/* Write one record to the stream this returns. */
FILE *replay_journal_begin(struct replay_journal *journal);

/* Nothing is left behind. False with a reason when not all records are in it. */
bool replay_journal_close(struct replay_journal *journal, struct reason *why);

struct json_event;

/* Writes records of this event, each to a stream that next(journal) gives. */
typedef void replay_journal_writer(const void *context, FILE *(*next)(void *journal),
	void *journal, const struct json_event *event);

/*
 * What a command has to say once, as of now and of this host, into the journal at path. False with
 * a reason when not all of it is in there.
 */
bool replay_journal_write(const char *path, replay_journal_writer *write,
	const void *context, struct reason *why);
