/*
 * control/outlet - one process's way to the reporter: records into its ring, and what
 * a worker learnt of servers into another one (control/lessons).
 *
 * A record is written as text into a stream over fixed memory, then put into the
 * ring whole. Where room gets scarce, what matters least is refused first and
 * counted; nobody waits for the reporter.
 */
#pragma once

#include "control/sensor.h"
#include "judge/ledger.h"

#include <stdio.h>

#define OUTLET_RECORD_BYTES 32768

struct outlet {
	const struct ring *ring;
	const struct ring *lessons;     /* a worker's; else NULL */
	struct status_process *process; /* counts what is refused */
	int wake;
	FILE *stream;
	char bytes[OUTLET_RECORD_BYTES];
	char prefix[SENSOR_PREFIX_BYTES]; /* of event ids */
	/* of 10 ms that may be spent waiting for room: 0 but at the end */
	unsigned naps;
};

/* Allocates; in each process once. */
bool outlet_start(struct outlet *outlet, const struct sensor *sensor, unsigned place,
	struct reason *why);

/* Write one record, which ends with a line end, to the stream this returns ... */
FILE *outlet_begin(struct outlet *outlet);

/* ... and hand it over. False: refused. */
bool outlet_end(struct outlet *outlet, enum severity severity);

/* In a worker: hand a lesson over, refused and counted where there is no room. */
void outlet_lesson(struct outlet *outlet, const struct ledger_lesson *lesson);
