#include "control/worker.h"

#include "analyze/certificate.h"
#include "base/clock.h"
#include "control/child.h"
#include "control/gate.h"
#include "control/interfaces.h"
#include "control/lessons.h"
#include "control/record_writer.h"
#include "control/sandbox.h"
#include "judge/ceiling.h"
#include "report/json.h"
#include "report/json_sensor.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS        100
#define SHARED_WAIT_MS 10 /* others may wait to hear that nothing came */
#define PUBLISH_US     500000
#define PATIENCE_US    100000
#define NAPS_AT_END    500 /* of 10 ms: patience with the reporter in all */
#define US_PER_S       1000000

struct worker {
	const struct sensor *sensor;
	struct status_process *process;
	unsigned place;
	struct engine *engine;
	struct interfaces *interfaces; /* or ... */
	struct gate *gate;             /* ... a queue's packets */
	struct action_table actions;
	struct gate_policy gate_policy;
	struct lessons_listener lessons;
	uint64_t patience_us;   /* with the other workers */
	uint64_t frame_bytes;   /* when it was last published */
	bool is_following;      /* frames, and no idle clock */
	uint64_t records_held;  /* back, of mail */
	uint32_t matrix;        /* generation in use */
	const char *queue_name; /* "queue 3" */
	uint64_t publish_us;
	struct record_writer records;
};

/* The head of an alert, and what it lists besides. */
static void count_alert(struct worker *worker, const struct record *record,
	enum finding head, const struct fold_count *count)
{
	const struct judgement *judgement = record->judgement;
	for (unsigned i = 0; i < FINDING_FLOW_COUNT; i++) {
		const uint64_t times = i == head ? count->count : count->of[i];
		if (times > 0) {
			status_note_finding(worker->process, (enum finding)i,
				(enum severity)judgement->severity[i], times);
		}
	}
}

/* A flow that ended; alerts of several senders may be one. */
static void count_would_block(struct worker *worker, const struct record *record)
{
	const uint64_t findings = record->judgement->findings;
	for (unsigned i = 0; i < FINDING_FLOW_COUNT; i++) {
		if (findings & FINDING_BIT(i) &&
			worker->actions.of[i] != ACTION_ACCEPT) {
			worker->process->would_block[i]++;
		}
	}
	status_note_sender(
		worker->process, &record->observation->client, record->time_us);
}

static void on_alert(void *context, const struct record *record, enum finding finding,
	const struct fold_count *count)
{
	struct worker *worker = (struct worker *)context;
	count_alert(worker, record, finding, count);
	const struct matrix_end *from = &record->judgement->from;
	const struct ceiling_source source = {
		.group = from->group ? from->group->name : from->zone->name,
		.address = &record->observation->client};
	if (!ceiling_pass(worker->sensor->ceiling, finding, &source, record->time_us)) {
		return;
	}
	json_alert(record_writer_begin(&worker->records), record, finding, count);
	const enum severity severity =
		(enum severity)record->judgement->severity[finding];
	(void)record_writer_end(&worker->records, severity);
}

/* Nothing is held back in silence. */
static void tell_of_held(struct worker *worker, uint32_t held, const char *detail)
{
	const struct json_event event = {.time_us = clock_realtime_us(),
		.host = worker->sensor->host,
		.event_prefix = worker->records.prefix,
		.sequence = engine_next_sequence(worker->engine)};
	const struct json_sensor_alert alert = {.finding = FINDING_SENSOR_ALERTS_HELD,
		.process = worker->process->name,
		.detail = detail,
		.count = held};
	json_sensor_alert(record_writer_begin(&worker->records), &event, &alert);
	(void)record_writer_end(&worker->records, SEVERITY_HIGH);
	worker->process->held += held;
	status_note_finding(worker->process, FINDING_SENSOR_ALERTS_HELD,
		finding_row(FINDING_SENSOR_ALERTS_HELD)->severity, 1);
}

static void on_held(void *context, enum finding finding, uint32_t held)
{
	struct worker *worker = (struct worker *)context;
	char detail[128];
	(void)snprintf(detail, sizeof(detail),
		"%" PRIu32 " alerts of %s were held back above %" PRIu32 " a minute",
		held, finding_row(finding)->id,
		worker->sensor->ceiling->table->most[finding]);
	tell_of_held(worker, held, detail);
}

static void look_for_held(struct worker *worker, uint64_t now_us)
{
	char detail[160];
	char address[ADDRESS_TEXT_BYTES];
	struct record_rate_held held;
	ceiling_due(worker->sensor->ceiling, now_us, on_held, worker);
	if (record_rate_due(worker->sensor->record_rate, now_us, &held)) {
		(void)snprintf(detail, sizeof(detail),
			"%" PRIu32 " mail records were held back above %" PRIu32
			" a minute of a sender, of %s alone %" PRIu32,
			held.records, worker->sensor->record_rate->most,
			held.is_anybody ? "senders that nobody answered"
					: address_text(&held.address, address),
			held.most);
		tell_of_held(worker, held.records, detail);
	}
}

static void count_flow(struct worker *worker, const struct record *record)
{
	const struct observation *observation = record->observation;
	const struct judgement *judgement = record->judgement;
	status_note_flow(worker->process, judgement->verdict, observation->protocol,
		judgement->row ? judgement->row->id : NULL);
	/* who is in no group of the matrix renews it by himself, and may show anything */
	const struct facts_certificate *certificate =
		observation->facts && judgement->to.group
			? &observation->facts->session.server_certificate
			: NULL;
	if (certificate && certificate->visibility == FACTS_SEEN) {
		const struct status_ends ends = {.at_s = certificate->not_after_s,
			.now_s = (int64_t)(record->time_us / US_PER_S)};
		status_note_certificate(worker->process, &observation->server,
			observation->server_port, &ends);
	}
}

/* An address that no bytes came back to may stand for anybody. */
static void on_mail(void *context, const struct record *record)
{
	struct worker *worker = (struct worker *)context;
	count_flow(worker, record);
	if (record->is_audited) {
		count_would_block(worker, record);
	}
	const bool is_heard = record->bytes[0] > 0 && record->bytes[1] > 0;
	const struct address *sender = is_heard ? &record_wire(record)->client : NULL;
	if (!record_rate_pass(worker->sensor->record_rate, sender, record->time_us)) {
		worker->records_held++;
		return;
	}
	json_mail(record_writer_begin(&worker->records), record);
	(void)record_writer_end(&worker->records, SEVERITY_NONE);
}

static void on_lesson(void *context, const struct ledger_lesson *lesson)
{
	record_writer_lesson(&((struct worker *)context)->records, lesson);
}

static void on_named(void *context, const struct names_lesson *lesson)
{
	record_writer_name(&((struct worker *)context)->records, lesson);
}

static void on_moved(void *context, const struct structure_lesson *lesson)
{
	record_writer_moved(&((struct worker *)context)->records, lesson);
}

static void on_folded(void *context, const struct fold_lesson *lesson)
{
	struct worker *worker = (struct worker *)context;
	struct fold_lesson told = *lesson;
	told.matrix = worker->matrix;
	record_writer_folded(&worker->records, &told);
}

/* Of another matrix the numbers say nothing. */
static void on_heard_folded(void *context, const struct fold_lesson *lesson)
{
	struct worker *worker = (struct worker *)context;
	if (lesson->matrix == worker->matrix) {
		engine_hear_folded(worker->engine, lesson);
	}
}

/*
 * So that what flows teach each other does not depend on who follows them. A packet that
 * waits for its verdict waits for no other worker.
 */
static void on_judging(void *context, uint64_t now_us)
{
	struct worker *worker = (struct worker *)context;
	if (now_us == UINT64_MAX) {
		lessons_await_end(&worker->lessons);
	} else if (worker->is_following) {
		lessons_await(&worker->lessons, now_us, worker->patience_us);
		worker->process->heartbeat++;
	} else {
		lessons_hear(&worker->lessons);
	}
}

static bool has_company(const struct worker *worker)
{
	return settings_workers(worker->sensor->settings) > 1;
}

static bool start_engine(struct worker *worker, struct reason *why)
{
	const struct sensor *sensor = worker->sensor;
	const struct settings *settings = sensor->settings;
	worker->matrix = sensor->page->matrix;
	struct engine_settings engine = {
		.matrix = matrix_store_matrix(sensor->store, worker->matrix),
		.lists = lists_store_take(sensor->lists, worker->place),
		.flows = settings->flows,
		.watched = settings->flows / SETTINGS_WATCHED_SHARE,
		.fold_window_us = (uint64_t)settings->fold_s * US_PER_S,
		.is_verifying_checksums = settings->is_verifying_checksums,
		.is_second_opinion_wanted = settings->is_second_opinion_wanted,
		.is_every_reason_wanted = true,
		.host = sensor->host,
		.event_prefix = worker->records.prefix,
		.source_names = worker->gate ? &worker->queue_name
					     : settings->interfaces.values,
		.actions = worker->gate ? &worker->actions : NULL,
		.seed = sensor->seed,
		.is_live = true};
	struct engine_outputs outputs = {.context = worker,
		.alert = on_alert,
		.mail = on_mail,
		.lesson = on_lesson,
		.named = on_named};
	if (has_company(worker)) {
		outputs.moved = on_moved;
		outputs.folded = on_folded;
		outputs.judging = on_judging;
	}
	if (worker->gate) {
		gate_attach(worker->gate, &outputs);
	}
	worker->engine = engine_new(&engine, &outputs, why);
	if (!worker->engine) {
		return false;
	}
	worker->patience_us = PATIENCE_US;
	worker->lessons = (struct lessons_listener){.sensor = sensor,
		.place = worker->place,
		.ledger = engine_ledger(worker->engine),
		.names = engine_names(worker->engine),
		.structure = engine_structure(worker->engine),
		.folded = on_heard_folded,
		.context = worker};
	lessons_listen(&worker->lessons);
	lessons_recall(sensor, engine_ledger(worker->engine));
	lessons_ask(sensor, worker->place);
	engine_ledger_loaded(worker->engine);
	return true;
}

static bool is_inline(const struct worker *worker)
{
	return worker->sensor->settings->queues.count > 0;
}

static bool start_records(struct worker *worker, struct reason *why)
{
	return record_writer_start(
		&worker->records, worker->sensor, worker->place, why);
}

/* With the matrix of this generation; engine and gate read it at each packet. */
static void take_policy(struct worker *worker, uint32_t generation)
{
	const struct settings_policy *policy =
		matrix_store_policy(worker->sensor->store, generation);
	worker->actions = policy->actions;
	worker->actions.is_enforcing = policy->is_enforcing;
	worker->actions.grace_s = settings_grace_s(policy);
	worker->gate_policy = (struct gate_policy){.ban_s = policy->ban_s,
		.is_banning_declared = policy->is_banning_declared,
		.is_enforcing = policy->is_enforcing};
}

static bool make_gate(struct worker *worker, struct reason *why)
{
	const struct sensor *sensor = worker->sensor;
	const struct settings *settings = sensor->settings;
	if (!is_inline(worker)) {
		return true;
	}
	const struct gate_settings gate = {
		.queue = sensor->queues[worker->place - SENSOR_WORKERS],
		.log = sensor->logs[worker->place - SENSOR_WORKERS],
		.copied_mark = GATE_MARK_COPIED |
			       GATE_MARK_GROUP((uint32_t)settings_queue(
				       settings, worker->place - SENSOR_WORKERS)),
		.hold_packets = settings->hold_packets,
		.hold_ms = settings->hold_ms,
		.bans = &sensor->page->bans,
		.policy = &worker->gate_policy,
	};
	if (!gate.queue) {
		return reason_set(why, "%s is not open", worker->process->source);
	}
	queue_adopt(gate.queue);
	if (gate.log) {
		nflog_adopt(gate.log);
	}
	worker->queue_name = worker->process->source;
	take_policy(worker, sensor->page->matrix);
	worker->gate = gate_new(&gate, why);
	return worker->gate != NULL;
}

static bool open_interfaces(struct worker *worker, struct reason *why)
{
	const bool is_first = worker->process->restarts == 0;
	if (is_inline(worker)) {
		return true;
	}
	worker->interfaces =
		interfaces_open(worker->sensor, worker->place, is_first, why);
	if (worker->interfaces) {
		interfaces_publish(worker->interfaces, worker->process);
		engine_set_shunt(worker->engine, interfaces_shunt(worker->interfaces));
	}
	return worker->interfaces != NULL;
}

static bool freeze_matrices(struct worker *worker, struct reason *why)
{
	return matrix_store_freeze(worker->sensor->store, why) &&
	       lists_store_freeze(worker->sensor->lists, why);
}

static bool start_libraries(struct worker *worker, struct reason *why)
{
	(void)worker;
	tzset();
	return certificate_start() || reason_set(why, "libcrypto does not start");
}

/* The kernel asks for the right with each verdict. */
static bool give_up_rights(struct worker *worker, struct reason *why)
{
	return privileges_keep(is_inline(worker) ? PRIVILEGE_NETWORK : 0, why);
}

static bool follow_supervisor(struct worker *worker, struct reason *why)
{
	return child_follow_supervisor(worker->sensor, SIGTERM) ||
	       reason_set(why, "the supervisor is gone");
}

static bool enter_cage(struct worker *worker, struct reason *why)
{
	return sandbox_enter_worker(is_inline(worker), why);
}

/* The order matters: rights are needed first, and files by libraries that start. */
static bool (*const STEPS[])(struct worker *worker, struct reason *why) = {
	start_records, make_gate, start_engine, open_interfaces, freeze_matrices,
	start_libraries, give_up_rights, follow_supervisor, enter_cage};

static bool start_worker(struct worker *worker, struct reason *why)
{
	for (size_t i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]); i++) {
		if (!STEPS[i](worker, why)) {
			return false;
		}
		worker->process->heartbeat++;
	}
	return true;
}

#define GATE_COUNTERS 20

static size_t count_gate(struct worker *worker, struct counter *list,
	struct interfaces_counters *interfaces)
{
	struct gate_counters gate;
	gate_counters(worker->gate, &gate);
	*interfaces = (struct interfaces_counters){
		.received = gate.queue.received + gate.log.received,
		.lost = gate.queue.lost + gate.log.lost};
	const uint64_t ipv6 = gate.queue.received_ipv6 + gate.log.received_ipv6;
	const struct counter all[GATE_COUNTERS] = {
		{"inline.packets_ipv4", interfaces->received - ipv6},
		{"inline.packets_ipv6", ipv6},
		{"inline.accepted", gate.queue.accepted},
		{"inline.dropped", gate.queue.dropped},
		{"inline.passed_marked", gate.passed_marked},
		{"inline.copied_marked", gate.copied_marked},
		{"inline.silent_marked", gate.silent_marked},
		{"inline.copies", gate.log.received},
		{"inline.blocked_flows", gate.blocked_flows},
		{"inline.blocked_banned", gate.blocked_banned},
		{"inline.injected", gate.injected},
		{"inline.inject_errors", gate.inject_errors},
		{"inline.unanswered", gate.unanswered},
		{"inline.undecoded", gate.undecoded},
		{"inline.kept_early", gate.kept_early},
		{"inline.kept_odd", gate.kept_odd},
		{"inline.held", gate.held},
		{"inline.held_late", gate.held_late},
		{"inline.unreadable", gate.queue.unreadable + gate.log.unreadable},
		{"inline.verdict_errors", gate.queue.verdict_errors},
	};
	memcpy(list, all, sizeof(all));
	return GATE_COUNTERS;
}

/* While the others are waited for, no more of the ring may fill than a quarter. */
static void choose_patience(
	struct worker *worker, const struct interfaces_counters *capture)
{
	const uint64_t bytes =
		engine_frame_bytes(worker->engine) - capture->shunted_bytes;
	const uint64_t ring_bytes =
		(uint64_t)interfaces_ring_mib(worker->sensor->settings) << 20;
	const uint64_t came = bytes - worker->frame_bytes + 1;
	const uint64_t fill_us = ring_bytes / 4 * PUBLISH_US / came;
	worker->patience_us = fill_us < PATIENCE_US ? fill_us : PATIENCE_US;
	worker->frame_bytes = bytes;
}

static void publish(struct worker *worker)
{
	struct status_process *process = worker->process;
	struct counter counters[ENGINE_COUNTERS_MAX + GATE_COUNTERS + 6];
	_Static_assert(sizeof(counters) / sizeof(counters[0]) <= STATUS_COUNTERS_MAX,
		"the page has room for all");
	struct interfaces_counters capture;
	engine_take_shunted(worker->engine, clock_realtime_us());
	size_t count = engine_counters(worker->engine, counters);
	if (worker->gate) {
		count += count_gate(worker, counters + count, &capture);
	} else {
		interfaces_counters(worker->interfaces, &capture);
		interfaces_publish(worker->interfaces, process);
		count += interfaces_list(&capture, counters + count);
	}
	counters[count++] = (struct counter){"capture.received", capture.received};
	counters[count++] = (struct counter){"capture.lost", capture.lost};
	counters[count++] = (struct counter){"records.refused", process->refused};
	counters[count++] = (struct counter){"records.held", worker->records_held};
	counters[count++] =
		(struct counter){"lessons.lost", lessons_lost(&worker->lessons)};
	counters[count++] = (struct counter){"lessons.alone", worker->lessons.alone};
	status_publish(process, counters, count);
	choose_patience(worker, &capture);
	/* what the kernel counts moves no clock here */
	const bool is_quiet = process->packets - process->shunted ==
			      capture.received - capture.shunted;
	process->packets = capture.received;
	process->shunted = capture.shunted;
	process->lost = capture.lost;
	process->flows = engine_flows(worker->engine);
	const uint64_t now_us = clock_realtime_us();
	look_for_held(worker, now_us);
	const uint64_t taken_us = engine_taken_us(worker->engine);
	process->lag_us = is_quiet || now_us < taken_us ? 0 : now_us - taken_us;
}

/* Between packets: the matrix may be another one, counters are told, time goes on. */
static void between_packets(struct worker *worker, bool is_idle)
{
	const struct sensor *sensor = worker->sensor;
	worker->process->heartbeat++;
	const uint32_t matrix = sensor->page->matrix;
	if (matrix != worker->matrix) {
		take_policy(worker, matrix);
		engine_set_matrix(
			worker->engine, matrix_store_matrix(sensor->store, matrix));
		worker->matrix = matrix;
		worker->process->matrix = matrix;
	}
	engine_set_lists(
		worker->engine, lists_store_take(sensor->lists, worker->place));
	lessons_hear(&worker->lessons);
	const uint64_t now_us = clock_monotonic_us();
	if (now_us >= worker->publish_us) {
		worker->publish_us = now_us + PUBLISH_US;
		if (is_idle) {
			engine_idle(worker->engine, clock_realtime_us());
		}
		publish(worker);
	}
}

static void on_frames(void *context, const struct frame *frames, size_t count)
{
	struct worker *worker = (struct worker *)context;
	worker->is_following = true;
	engine_frames(worker->engine, frames, count);
	worker->is_following = false;
	lessons_come_to(&worker->lessons, engine_taken_us(worker->engine));
}

/* Where nothing came, nothing that came before is left to be shown. */
static bool watch_interfaces(struct worker *worker)
{
	const uint64_t now_us = has_company(worker) ? clock_realtime_us() : 0;
	const bool is_any = interfaces_dispatch(worker->interfaces, on_frames, worker);
	if (!is_any && now_us > 0) {
		lessons_come_to(&worker->lessons, now_us - LIVE_SHARED_AGE_US);
	}
	return is_any;
}

static bool take_packets(struct worker *worker)
{
	return worker->gate ? gate_dispatch(worker->gate, worker->engine)
			    : watch_interfaces(worker);
}

static void wait_for_packets(struct worker *worker)
{
	if (!worker->gate) {
		interfaces_wait(worker->interfaces,
			has_company(worker) ? SHARED_WAIT_MS : WAIT_MS);
		return;
	}
	if (gate_is_gone(worker->gate)) {
		_exit(WORKER_EXIT_QUEUE_GONE); /* the supervisor starts another one */
	}
	gate_wait(worker->gate, WAIT_MS);
}

static void watch_packets(struct worker *worker)
{
	while (!child_is_ending()) {
		const bool is_idle = !take_packets(worker);
		if (is_idle) {
			wait_for_packets(worker);
		}
		between_packets(worker, is_idle);
	}
}

static void drain(struct worker *worker)
{
	child_takes_its_time();
	worker->process->state = STATUS_STATE_DRAINING;
	worker->records.naps = NAPS_AT_END;
	if (worker->gate) {
		gate_drain(worker->gate, worker->engine);
	}
	engine_drain(worker->engine);
	look_for_held(worker, UINT64_MAX);
	publish(worker);
	worker->process->state = STATUS_STATE_ENDED;
}

void worker_run(const struct sensor *sensor, unsigned place)
{
	static struct worker worker; /* too large for the stack; one per process */
	struct reason why = {.text = ""};
	worker.sensor = sensor;
	worker.process = sensor_process(sensor, place);
	worker.place = place;
	child_start(sensor, place);
	if (!start_worker(&worker, &why)) {
		child_fail(sensor, place, &why);
	}
	worker.process->matrix = worker.matrix;
	worker.process->state = STATUS_STATE_RUNNING;
	watch_packets(&worker);
	drain(&worker);
	_exit(0);
}
