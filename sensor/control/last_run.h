/*
 * control/last_run - what the sensor before left behind in the same state directory.
 *
 * In: the page as it was found. One that was killed could not write that it ended, and
 * its processes may be at work for some seconds more: they hold queues, journal and
 * page. Knows them by the locks that they hold on it, notes there who is gone, and waits
 * for the others; one that does not end is ended, and a worker that hangs with a queue at
 * once: no mail passes it.
 * Never waits long, never touches a process that holds no place there.
 * And what a sensor leaves to the next one to tell: records that no journal took.
 */
#pragma once

#include "control/health.h"

struct last_run {
	bool is_cut_off;
	bool is_told; /* all of this, by the sensor that runs now */
	int pid;
	uint64_t alive_us;  /* when its supervisor was last at work */
	uint64_t unwritten; /* bytes of records that were lost with it */
	struct matrix_expiry_told endings_told;
};

/* lock: of the page, as status_create gave it. */
struct last_run last_run_leave(struct status_page *page, int lock);

/* Once somebody takes records: alerts about it. */
void last_run_tell(struct last_run *last, struct health *health);

/*
 * At the end, with no process left that writes records: log how many bytes of them are
 * still in the rings, keep that on the page and return it. 0: all are in the journal.
 */
uint64_t last_run_note_unwritten(const struct sensor *sensor);

/*
 * The end of the sensor that runs now, onto its page; last: of the one before, left to
 * the next one to tell where this one failed before it could. Returns as above; page:
 * may be none.
 */
uint64_t last_run_end(const struct last_run *last, const struct sensor *sensor);
