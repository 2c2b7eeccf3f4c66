/*
 * control/record_writer - how a process hands its records to the reporter: by its ring.
 *
 * A record is written as text into a stream over fixed memory, then put into the
 * ring whole. Where room gets scarce, what matters least is refused first and
 * counted; nobody waits for the reporter. What a worker learnt goes to the others by its
 * feed, and what is kept to the reporter by a ring of its own (control/lessons).
 */
#pragma once

#include "control/sensor.h"
#include "judge/fold.h"
#include "judge/ledger.h"
#include "judge/names.h"
#include "judge/structure.h"

#include <stdio.h>

#define RECORD_WRITER_BYTES 32768

struct record_writer {
	const struct ring *ring;
	const struct ring *lessons; /* a worker's, to the reporter; else NULL */
	const struct feed *feed;    /* the same to the other workers, if there are */
	struct status_process *process; /* counts what is refused */
	int wake;
	FILE *stream;
	char bytes[RECORD_WRITER_BYTES];
	char prefix[SENSOR_PREFIX_BYTES]; /* of event ids */
	/* of 10 ms that may be spent waiting for room: 0 but at the end */
	unsigned naps;
};

/* Allocates; in each process once. */
bool record_writer_start(struct record_writer *records, const struct sensor *sensor,
	unsigned place, struct reason *why);

/* Write one record, which ends with a line end, to the stream this returns ... */
FILE *record_writer_begin(struct record_writer *records);

/* ... and hand it over. False: refused. */
bool record_writer_end(struct record_writer *records, enum severity severity);

/* What one worker tells the others, all of one size. */
enum lesson_kind {
	LESSON_SERVER = 0,
	LESSON_NAME,
	LESSON_ASKED,  /* nothing but the wish for the names that are known */
	LESSON_MOVED,  /* who sent mail to whom */
	LESSON_FOLDED, /* a finding that others may have too */
};

struct lesson {
	uint64_t kind; /* enum lesson_kind: no bytes between the members */
	union {
		struct ledger_lesson server;
		struct names_lesson name;
		struct structure_lesson moved;
		struct fold_lesson folded;
	};
};

#define LESSON_WORDS (sizeof(struct lesson) / sizeof(uint64_t))

/*
 * In a worker: hand a lesson over, to the others and what is to be kept to the reporter
 * as well, there refused and counted where there is no room.
 */
void record_writer_lesson(
	struct record_writer *records, const struct ledger_lesson *lesson);
void record_writer_name(
	struct record_writer *records, const struct names_lesson *lesson);
void record_writer_moved(
	struct record_writer *records, const struct structure_lesson *lesson);
void record_writer_folded(
	struct record_writer *records, const struct fold_lesson *lesson);
