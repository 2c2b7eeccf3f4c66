#include "control/worker.h"

#include "analyze/certificate.h"
#include "base/clock.h"
#include "control/child.h"
#include "control/outlet.h"
#include "control/sandbox.h"
#include "control/taps.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS       100
#define PUBLISH_US    500000
#define NAPS_AT_END   500 /* of 10 ms: patience with the reporter in all */
#define WATCHED_SHARE 4   /* one flow in so many may be looked into at once */
#define US_PER_S      1000000

struct worker {
	const struct sensor *sensor;
	struct status_process *process;
	struct engine *engine;
	struct taps *taps;
	uint32_t matrix; /* generation in use */
	uint64_t publish_us;
	struct outlet outlet;
};

static void on_alert(void *context, const struct record *record, enum finding finding,
	const struct fold_count *count)
{
	struct worker *worker = (struct worker *)context;
	json_alert(outlet_begin(&worker->outlet), record, finding, count);
	const enum severity severity =
		(enum severity)record->judgement->severity[finding];
	(void)outlet_end(&worker->outlet, severity);
	worker->process->findings[finding] += count->count;
}

static void on_mail(void *context, const struct record *record)
{
	struct worker *worker = (struct worker *)context;
	json_mail(outlet_begin(&worker->outlet), record);
	(void)outlet_end(&worker->outlet, SEVERITY_NONE);
}

static bool start_engine(struct worker *worker, struct reason *why)
{
	const struct sensor *sensor = worker->sensor;
	const struct settings *settings = sensor->settings;
	worker->matrix = sensor->page->matrix;
	struct engine_settings engine = {
		.matrix = matrix_store_matrix(sensor->store, worker->matrix),
		.flows = settings->flows,
		.watched = settings->flows / WATCHED_SHARE,
		.fold_window_us = (uint64_t)settings->fold_s * US_PER_S,
		.is_verifying_checksums = settings->is_verifying_checksums,
		.is_second_opinion_wanted = settings->is_second_opinion_wanted,
		.host = sensor->host,
		.event_prefix = worker->outlet.prefix,
		.source_names = settings->interfaces.values,
		.is_live = true};
	if (getrandom(&engine.seed, sizeof(engine.seed), 0) != sizeof(engine.seed)) {
		return reason_set(why, "no random numbers for the hash seed");
	}
	const struct engine_outputs outputs = {
		.context = worker, .alert = on_alert, .mail = on_mail};
	worker->engine = engine_new(&engine, &outputs, why);
	return worker->engine != NULL;
}

/* The order matters: rights are needed first, and files by libraries that start. */
static bool start(struct worker *worker, unsigned place, struct reason *why)
{
	const struct sensor *sensor = worker->sensor;
	const bool is_first = worker->process->restarts == 0;
	if (!outlet_start(&worker->outlet, sensor, place, why) ||
		!start_engine(worker, why)) {
		return false;
	}
	worker->taps = taps_open(sensor, worker->process->name, is_first, why);
	if (!worker->taps || !matrix_store_freeze(sensor->store, why)) {
		return false;
	}
	tzset();
	if (!certificate_start()) {
		return reason_set(why, "libcrypto does not start");
	}
	if (!privileges_keep(0, why)) {
		return false;
	}
	if (!child_follow_supervisor(sensor, SIGTERM)) {
		return reason_set(why, "the supervisor is gone");
	}
	return sandbox_enter(SANDBOX_ROLE_WORKER, why);
}

static void publish(struct worker *worker)
{
	struct status_process *process = worker->process;
	struct json_counter counters[ENGINE_COUNTERS_MAX + 4];
	struct taps_counters taps;
	size_t count = engine_counters(worker->engine, counters);
	taps_counters(worker->taps, &taps);
	counters[count++] = (struct json_counter){"capture.received", taps.received};
	counters[count++] = (struct json_counter){"capture.lost", taps.lost};
	counters[count++] = (struct json_counter){"records.refused", process->refused};
	status_publish(process, counters, count);
	const bool is_quiet = process->packets == taps.received;
	process->packets = taps.received;
	process->lost = taps.lost;
	process->flows = engine_flows(worker->engine);
	process->missing = taps_missing(worker->taps);
	const uint64_t now_us = clock_realtime_us();
	const uint64_t taken_us = engine_latest_us(worker->engine);
	process->lag_us = is_quiet || now_us < taken_us ? 0 : now_us - taken_us;
}

/* Between packets: the matrix may be another one, counters are told, time goes on. */
static void turn(struct worker *worker, bool is_idle)
{
	const struct sensor *sensor = worker->sensor;
	worker->process->heartbeat++;
	const uint32_t matrix = sensor->page->matrix;
	if (matrix != worker->matrix) {
		engine_set_matrix(
			worker->engine, matrix_store_matrix(sensor->store, matrix));
		worker->matrix = matrix;
		worker->process->matrix = matrix;
	}
	const uint64_t now_us = clock_monotonic_us();
	if (now_us >= worker->publish_us) {
		worker->publish_us = now_us + PUBLISH_US;
		if (is_idle) {
			engine_idle(worker->engine, clock_realtime_us());
		}
		publish(worker);
	}
}

static void follow(struct worker *worker)
{
	while (!child_is_ending()) {
		const bool is_idle = !taps_dispatch(worker->taps, worker->engine);
		if (is_idle) {
			taps_wait(worker->taps, WAIT_MS);
		}
		turn(worker, is_idle);
	}
}

static void drain(struct worker *worker)
{
	worker->process->state = STATUS_STATE_DRAINING;
	worker->outlet.naps = NAPS_AT_END;
	engine_drain(worker->engine);
	publish(worker);
	worker->process->state = STATUS_STATE_ENDED;
}

void worker_run(const struct sensor *sensor, unsigned place)
{
	static struct worker worker; /* too large for the stack; one per process */
	struct reason why = {.text = ""};
	worker.sensor = sensor;
	worker.process = sensor_process(sensor, place);
	child_start(sensor, place);
	if (!start(&worker, place, &why)) {
		child_fail(sensor, place, &why);
	}
	worker.process->matrix = worker.matrix;
	worker.process->state = STATUS_STATE_RUNNING;
	follow(&worker);
	drain(&worker);
	_exit(0);
}
