#include "control/reporter.h"

#include "base/clock.h"
#include "base/log.h"
#include "control/child.h"
#include "control/health.h"
#include "control/last_run.h"
#include "control/lessons.h"
#include "control/sandbox.h"
#include "journal/journal.h"
#include "observed/kept.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH_BYTES  ((size_t)256 * 1024)
#define WAIT_MS      200
#define GATHER_NS    5000000 /* what comes meanwhile is put on the disk at once */
#define RETRY_US     UINT64_C(500000)
#define WARN_US      UINT64_C(60000000)
#define LAST_WORD_US UINT64_C(3000000) /* for workers to end in */

struct reporter {
	const struct sensor *sensor;
	struct status_process *process;
	struct journal journal;
	struct lessons lessons;
	struct kept kept;     /* what was observed */
	struct health health; /* of its own, for when it is left alone */
	uint64_t retry_us;    /* the journal failed: not before */
	uint64_t room_us;     /* no look for room before */
	bool is_written;      /* something, since it failed */
	bool is_behind;       /* a ring held more than a batch */
	uint64_t warn_us;
	uint64_t harms;   /* of the journal, told so far */
	uint64_t harm_us; /* not again before */
	char batch[BATCH_BYTES];
};

static void on_failure(struct reporter *reporter, const struct reason *why)
{
	const uint64_t now_us = clock_monotonic_us();
	reporter->process->faults++;
	reporter->process->is_down = 1;
	reporter->is_written = false;
	reporter->retry_us = now_us + RETRY_US;
	if (now_us >= reporter->warn_us) {
		reporter->warn_us = now_us + WARN_US;
		log_line(LOG_LEVEL_ERROR, "reporter", "records wait: %s", why->text);
	}
}

/* Up to the last line end; a batch without one is no record of ours and is dropped. */
static size_t whole_lines(const char *bytes, size_t len)
{
	const char *end = memrchr(bytes, '\n', len);
	return end ? (size_t)(end - bytes) + 1 : 0;
}

/* Some of one ring into the journal. False: nothing in it, or the journal fails. */
static bool take_some(struct reporter *reporter, const struct ring *ring)
{
	struct reason why = {.text = ""};
	const size_t len = ring_peek(ring, reporter->batch, BATCH_BYTES);
	if (len == 0) {
		return false;
	}
	reporter->is_behind = reporter->is_behind || len == BATCH_BYTES;
	const size_t whole = whole_lines(reporter->batch, len);
	const size_t taken =
		whole > 0 ? journal_append(&reporter->journal, reporter->batch, whole,
				    clock_realtime_us(), &why)
			  : 0;
	ring_done(ring, whole > 0 ? taken : len);
	kept_take(&reporter->kept, reporter->batch, taken);
	reporter->process->packets += taken;
	if (taken < whole) {
		on_failure(reporter, &why);
		return false;
	}
	return true;
}

/* What fits in the room kept for the alert is no recovery: that there is room again is. */
static void look_for_recovery(struct reporter *reporter)
{
	const uint64_t now_us = clock_monotonic_us();
	if (!reporter->process->is_down || !reporter->is_written ||
		now_us < reporter->room_us) {
		return;
	}
	reporter->room_us = now_us + RETRY_US;
	if (journal_keep_reserve(&reporter->journal)) {
		reporter->process->is_down = 0;
		log_line(LOG_LEVEL_NOTICE, "reporter", "records are written again");
	}
}

/* Its own records, so that the next look takes them. False: there is nothing to tell. */
static bool tell_of_harm(struct reporter *reporter)
{
	const struct journal *journal = &reporter->journal;
	const uint64_t now_us = clock_monotonic_us();
	if (journal->harms == reporter->harms || now_us < reporter->harm_us) {
		return false;
	}
	health_alert(&reporter->health, FINDING_SENSOR_JOURNAL_BOUND, SENSOR_REPORTER,
		"%s; the next one goes on", journal->harm.text);
	reporter->harms = journal->harms;
	reporter->harm_us = now_us + WARN_US;
	return true;
}

/* The sensor's own alerts first, and while the disk is full in the room kept for them. */
static bool take_all(struct reporter *reporter)
{
	const struct sensor *sensor = reporter->sensor;
	struct reason why;
	bool is_any = false;
	if (clock_monotonic_us() < reporter->retry_us) {
		return false;
	}
	if (reporter->process->is_down &&
		ring_waiting(&sensor->rings[SENSOR_SUPERVISOR]) > 0) {
		journal_use_reserve(&reporter->journal);
	}
	reporter->retry_us = 0;
	reporter->is_behind = false;
	for (unsigned i = 0; i < sensor->workers_end && reporter->retry_us == 0; i++) {
		is_any = take_some(reporter, &sensor->rings[i]) || is_any;
	}
	if (reporter->retry_us == 0 &&
		!journal_tick(&reporter->journal, clock_realtime_us(), &why)) {
		on_failure(reporter, &why);
	}
	reporter->process->lost = reporter->journal.lost_bytes;
	if (reporter->retry_us == 0) {
		reporter->is_written = reporter->is_written || is_any;
		look_for_recovery(reporter);
	}
	return tell_of_harm(reporter) || is_any;
}

static void wait_for_records(const struct reporter *reporter)
{
	struct pollfd wake = {.fd = reporter->sensor->wake, .events = POLLIN};
	uint64_t count;
	if (poll(&wake, 1, WAIT_MS) > 0) {
		(void)!read(wake.fd, &count, sizeof(count));
	}
}

/*
 * Putting records on the disk and being woken for each one costs more than all else
 * here, and the processor may be the one that packets come in on.
 */
static void gather_records(void)
{
	const struct timespec nap = {.tv_nsec = GATHER_NS};
	(void)nanosleep(&nap, NULL);
}

static void tell_of_observed(struct reporter *reporter)
{
	struct status_page *page = reporter->sensor->page;
	struct observed_totals totals;
	observed_totals(reporter->kept.observed, &totals);
	page->observed_pairs = totals.entries;
	page->observed_room = reporter->sensor->settings->observed_pairs;
	page->observed_given_up_pairs = totals.given_up_entries;
	page->observed_given_up_flows = totals.given_up_flows;
}

static void take_records(struct reporter *reporter)
{
	while (!child_is_ending()) {
		reporter->process->heartbeat++;
		if (child_is_told_to_reopen()) {
			journal_reopen(&reporter->journal);
		}
		const bool is_any = take_all(reporter);
		lessons_take(&reporter->lessons, clock_monotonic_us());
		const bool is_saving = kept_look(&reporter->kept, clock_monotonic_us());
		tell_of_observed(reporter);
		if (!is_any && !is_saving) {
			wait_for_records(reporter);
		} else if (!reporter->is_behind && !is_saving) {
			gather_records();
		}
	}
}

static bool is_worker_left(const struct sensor *sensor)
{
	for (unsigned i = SENSOR_WORKERS; i < sensor->workers_end; i++) {
		const uint32_t state = sensor_process(sensor, i)->state;
		if (state == STATUS_STATE_RUNNING || state == STATUS_STATE_DRAINING) {
			return true;
		}
	}
	return false;
}

/* Nobody else is left who could. */
static void tell_of_supervisor(struct reporter *reporter)
{
	health_alert(&reporter->health, FINDING_SENSOR_CUT_OFF, SENSOR_SUPERVISOR,
		"the supervisor (process %d) was killed or crashed; the sensor reports "
		"what it has and ends",
		(int)reporter->sensor->supervisor);
}

/* Told to end, or left alone: the workers' last records too, for a bounded time. */
static void drain(struct reporter *reporter)
{
	const struct sensor *sensor = reporter->sensor;
	const uint64_t end_us = clock_monotonic_us() + LAST_WORD_US;
	const bool is_alone = child_is_alone(sensor);
	reporter->process->state = STATUS_STATE_DRAINING;
	if (is_alone) {
		tell_of_supervisor(reporter);
	}
	for (;;) {
		const bool is_last =
			!is_worker_left(sensor) || clock_monotonic_us() >= end_us;
		if (is_last) {
			/* there is no later to try, look or tell in */
			reporter->retry_us = 0;
			reporter->harm_us = 0;
			reporter->journal.looked_us = 0;
		}
		while (take_all(reporter)) {
			reporter->process->heartbeat++;
		}
		lessons_take(&reporter->lessons, clock_monotonic_us());
		if (is_last) {
			break;
		}
		(void)poll(NULL, 0, 10);
	}
	lessons_end(&reporter->lessons);
	tell_of_observed(reporter);
	kept_end(&reporter->kept);
	const bool is_told = ring_waiting(&sensor->rings[SENSOR_REPORTER]) == 0;
	journal_close(&reporter->journal);
	if (is_alone) { /* else the supervisor does, once nobody is left */
		(void)last_run_note_unwritten(sensor);
	}
	if (is_alone && is_told) {
		sensor->page->end = STATUS_END_TOLD;
	}
	reporter->process->state = STATUS_STATE_ENDED;
}

static void count_cell(void *context, const struct sighting *sighting)
{
	cells_take((struct cells *)context, sighting);
}

static bool start_reporter(struct reporter *reporter, struct reason *why)
{
	const struct sensor *sensor = reporter->sensor;
	journal_start(&reporter->journal, sensor->state_directory,
		&sensor->settings->journal);
	tzset();
	if (!health_start(&reporter->health, sensor, SENSOR_REPORTER, why) ||
		!privileges_keep(0, why)) {
		return false;
	}
	if (!lessons_start(&reporter->lessons, sensor, why) ||
		!kept_start(&reporter->kept, sensor->state_directory,
			sensor->settings->observed_pairs, why)) {
		return false;
	}
	reporter->kept.listener = (struct kept_listener){
		.take = count_cell, .context = &sensor->page->cells};
	if (!journal_open(&reporter->journal, sensor->state_directory, JOURNAL_FOLDER,
		    clock_realtime_us(), why)) {
		return false;
	}
	if (!child_follow_supervisor(sensor, SIGTERM)) {
		return reason_set(why, "the supervisor is gone");
	}
	return sandbox_enter_reporter(
		sensor->state_directory, reporter->journal.folder, why);
}

void reporter_run(const struct sensor *sensor, unsigned place)
{
	static struct reporter reporter; /* too large for the stack; one per process */
	struct reason why = {.text = ""};
	reporter.sensor = sensor;
	reporter.process = sensor_process(sensor, place);
	child_start(sensor, place);
	if (!start_reporter(&reporter, &why)) {
		child_fail(sensor, place, &why);
	}
	reporter.process->state = STATUS_STATE_RUNNING;
	take_records(&reporter);
	drain(&reporter);
	_exit(0);
}
