#include "status/metrics_text.h"

#include "base/clock.h"
#include "base/version.h"
#include "status/metrics_mail.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/* Where a field is that a metric tells as it is; of 64 bits, or it does not compile. */
#define FIELD_OF(type, name)                                                      \
	(offsetof(type, name) +                                                   \
		0 * sizeof(char[sizeof(((type *)0)->name) == sizeof(uint64_t) ? 1 \
									      : -1]))
#define FIELD(name) FIELD_OF(struct status_process, name)

/* Of the sensor as a whole. */
struct page_metric {
	struct metric_head head;
	/* NULL: its field, an _Atomic uint64_t */
	uint64_t (*value)(const struct status_page *page, uint64_t now_us);
	size_t field;
};

/* Of a kind of processes. */
struct process_metric {
	struct metric_head head;
	uint64_t (*value)(const struct status_process *process); /* NULL: its field */
	size_t field; /* an _Atomic uint64_t */
};

static uint64_t healthy(const struct status_page *page, uint64_t now_us)
{
	struct reason why;
	return status_is_healthy(page, now_us, &why);
}

static uint64_t enforcing(const struct status_page *page, uint64_t now_us)
{
	(void)now_us;
	return page->is_enforcing;
}

static uint64_t generation(const struct status_page *page, uint64_t now_us)
{
	(void)now_us;
	return page->matrix;
}

static uint64_t rows_expired(const struct status_page *page, uint64_t now_us)
{
	(void)now_us;
	return page->endings[MATRIX_ENDING_ROW].ended_count;
}

static uint64_t acceptances_expired(const struct status_page *page, uint64_t now_us)
{
	(void)now_us;
	return page->endings[MATRIX_ENDING_ACCEPTANCE].ended_count;
}

static uint64_t observed_partial(const struct status_page *page, uint64_t now_us)
{
	(void)now_us;
	return page->observed_given_up_pairs > 0;
}

static uint64_t bans(const struct status_page *page, uint64_t now_us)
{
	const uint64_t boottime_us = clock_boottime_us();
	uint64_t count = 0;
	(void)now_us;
	for (size_t i = 0; i < BANS_PLACES; i++) {
		struct address address;
		uint64_t until_us;
		count += bans_at(&page->bans, i, boottime_us, &address, &until_us);
	}
	return count;
}

static uint64_t bans_given(const struct status_page *page, uint64_t now_us)
{
	(void)now_us;
	return page->bans.given;
}

static const struct page_metric OF_PAGE[] = {
	{{"mailwarden_start_time_seconds", "When the sensor was started.", "gauge",
		 METRIC_UNIT_SECONDS},
		NULL, FIELD_OF(struct status_page, started_us)},
	{{"mailwarden_alive_timestamp_seconds", "When its supervisor was last at work.",
		 "gauge", METRIC_UNIT_SECONDS},
		NULL, FIELD_OF(struct status_page, alive_us)},
	{{"mailwarden_healthy",
		 "1: supervisor, reporter and all workers are at work, their "
		 "interfaces are up and the journal takes records.",
		 "gauge", METRIC_UNIT_NUMBER},
		healthy, 0},
	{{"mailwarden_enforcing", "1: what the matrix forbids is blocked.", "gauge",
		 METRIC_UNIT_NUMBER},
		enforcing, 0},
	{{"mailwarden_matrix_generation", "Number of the matrix in use.", "gauge",
		 METRIC_UNIT_NUMBER},
		generation, 0},
	{{"mailwarden_matrix_load_timestamp_seconds",
		 "When the matrix in use was loaded.", "gauge", METRIC_UNIT_SECONDS},
		NULL, FIELD_OF(struct status_page, loaded_us)},
	{{"mailwarden_matrix_rows_expired",
		 "Rows of the matrix in use that allow nothing any more.", "gauge",
		 METRIC_UNIT_NUMBER},
		rows_expired, 0},
	{{"mailwarden_matrix_acceptances_expired",
		 "Rows and groups that accept no deviation any more.", "gauge",
		 METRIC_UNIT_NUMBER},
		acceptances_expired, 0},
	{{"mailwarden_matrix_reload_failures_total",
		 "Reloads refused for a mistake in the matrix.", "counter",
		 METRIC_UNIT_NUMBER},
		NULL, FIELD_OF(struct status_page, reload_failures)},
	{{"mailwarden_sensor_alerts_total",
		 "Alerts about the sensor itself (sensor.*).", "counter",
		 METRIC_UNIT_NUMBER},
		NULL, FIELD_OF(struct status_page, alerts)},
	{{"mailwarden_observed_partial",
		 "1: the observed matrix gave up pairs for want of room.", "gauge",
		 METRIC_UNIT_NUMBER},
		observed_partial, 0},
	{{"mailwarden_banned_addresses", "Senders that are kept out now.", "gauge",
		 METRIC_UNIT_NUMBER},
		bans, 0},
	{{"mailwarden_bans_given_total", "Senders that were banned.", "counter",
		 METRIC_UNIT_NUMBER},
		bans_given, 0},
	{{"mailwarden_bans_refused_total", "Bans for which there was no room.",
		 "counter", METRIC_UNIT_NUMBER},
		NULL, FIELD_OF(struct status_page, bans.refused)},
};

static uint64_t is_up(const struct status_process *process)
{
	return process->state == STATUS_STATE_RUNNING;
}

static uint64_t missing(const struct status_process *process)
{
	return (uint64_t)__builtin_popcount(process->interfaces_missing);
}

static uint64_t interfaces_down(const struct status_process *process)
{
	return (uint64_t)__builtin_popcount(process->interfaces_down);
}

static uint64_t is_taking(const struct status_process *process)
{
	return process->state == STATUS_STATE_RUNNING && !process->is_down;
}

static const struct process_metric OF_PROCESSES[] = {
	{{"mailwarden_process_up", "1: the process is running.", "gauge",
		 METRIC_UNIT_NUMBER},
		is_up, 0},
	{{"mailwarden_process_restarts_total",
		 "How often the process was started again after it ended.", "counter",
		 METRIC_UNIT_NUMBER},
		NULL, FIELD(restarts)},
};

/* The supervisor among them. */
static const struct process_metric OF_ALL[] = {
	{{"mailwarden_process_cpu_seconds_total",
		 "Processor time of the process since it was started.", "counter",
		 METRIC_UNIT_SECONDS},
		NULL, FIELD(used_us)},
	{{"mailwarden_process_resident_memory_bytes",
		 "Memory of the process, what it shares with others included.", "gauge",
		 METRIC_UNIT_NUMBER},
		NULL, FIELD(resident_bytes)},
};

static const struct process_metric OF_WORKERS[] = {
	{{"mailwarden_packets_total", "Packets taken.", "counter", METRIC_UNIT_NUMBER},
		NULL, FIELD(packets)},
	{{"mailwarden_packets_lost_total",
		 "Packets that the kernel dropped before they could be taken.",
		 "counter", METRIC_UNIT_NUMBER},
		NULL, FIELD(lost)},
	{{"mailwarden_flows", "Flows in the table now.", "gauge", METRIC_UNIT_NUMBER},
		NULL, FIELD(flows)},
	{{"mailwarden_alerts_held_total",
		 "Alerts and records above their rate, reported by their number alone.",
		 "counter", METRIC_UNIT_NUMBER},
		NULL, FIELD(held)},
	{{"mailwarden_packet_lag_seconds",
		 "Age of the packet taken last, when it was taken.", "gauge",
		 METRIC_UNIT_SECONDS},
		NULL, FIELD(lag_us)},
	{{"mailwarden_queue_packets", "Packets that wait in the kernel's queue.",
		 "gauge", METRIC_UNIT_NUMBER},
		NULL, FIELD(waiting)},
	{{"mailwarden_queue_full_total", "How often that queue was found full.",
		 "counter", METRIC_UNIT_NUMBER},
		NULL, FIELD(queue_full)},
	{{"mailwarden_unseen_packets_total",
		 "Packets that nobody looked at: dropped, or at least so many passed.",
		 "counter", METRIC_UNIT_NUMBER},
		NULL, FIELD(unseen)},
	{{"mailwarden_interfaces_missing",
		 "Interfaces that could not be opened or went away.", "gauge",
		 METRIC_UNIT_NUMBER},
		missing, 0},
	{{"mailwarden_interfaces_down",
		 "Interfaces that give nothing since they are down.", "gauge",
		 METRIC_UNIT_NUMBER},
		interfaces_down, 0},
};

/* Supervisor and workers: who writes records. */
static const struct process_metric OF_WRITERS[] = {
	{{"mailwarden_records_refused_total",
		 "Records for which there was no room on the way to the journal.",
		 "counter", METRIC_UNIT_NUMBER},
		NULL, FIELD(refused)},
};

static const struct process_metric OF_REPORTER[] = {
	{{"mailwarden_journal_up", "1: the journal takes records.", "gauge",
		 METRIC_UNIT_NUMBER},
		is_taking, 0},
	{{"mailwarden_journal_failures_total", "Writes to the journal that failed.",
		 "counter", METRIC_UNIT_NUMBER},
		NULL, FIELD(faults)},
	{{"mailwarden_journal_lost_bytes_total",
		 "Bytes of records that the journal's bound dropped.", "counter",
		 METRIC_UNIT_NUMBER},
		NULL, FIELD(lost)},
};

static const struct process_metric OF_OUTPUTS[] = {
	{{"mailwarden_output_up", "1: the output takes records.", "gauge",
		 METRIC_UNIT_NUMBER},
		is_taking, 0},
	{{"mailwarden_output_delivered_total", "Records that the receiver has.",
		 "counter", METRIC_UNIT_NUMBER},
		NULL, FIELD(delivered)},
	{{"mailwarden_output_failures_total", "Deliveries that failed.", "counter",
		 METRIC_UNIT_NUMBER},
		NULL, FIELD(faults)},
	{{"mailwarden_output_backlog_bytes",
		 "Bytes of the journal that wait for the receiver.", "gauge",
		 METRIC_UNIT_NUMBER},
		NULL, FIELD(backlog)},
	{{"mailwarden_output_lag_seconds", "Age of the oldest record that waits.",
		 "gauge", METRIC_UNIT_AGE},
		NULL, FIELD(waits_since_us)},
	{{"mailwarden_output_unreadable_total",
		 "Lines of the journal that are no records and were not sent.",
		 "counter", METRIC_UNIT_NUMBER},
		NULL, FIELD(unreadable)},
	{{"mailwarden_output_lost_bytes_total",
		 "Bytes of records that the journal dropped before the receiver had "
		 "them.",
		 "counter", METRIC_UNIT_NUMBER},
		NULL, FIELD(lost)},
};

struct places { /* of processes on the page */
	unsigned first;
	unsigned end;
	const char *label; /* for their names */
	const char *more;  /* for their sources, or NULL */
	uint64_t now_us;   /* real time */
};

static uint64_t field_at(const void *base, size_t field)
{
	return *(const _Atomic uint64_t *)((const unsigned char *)base + field);
}

static void write_process_value(FILE *out, const struct places *places,
	const struct process_metric *metric, const struct status_process *process)
{
	const uint64_t value = metric->value ? metric->value(process)
					     : field_at(process, metric->field);
	if (metric->head.unit == METRIC_UNIT_AGE) {
		metrics_value(out, METRIC_UNIT_SECONDS,
			value != 0 && places->now_us > value ? places->now_us - value
							     : 0);
	} else {
		metrics_value(out, metric->head.unit, value);
	}
}

static void write_samples(FILE *out, const struct status_page *page,
	const struct places *places, const struct process_metric *metric)
{
	for (unsigned i = places->first; i < places->end; i++) {
		const struct status_process *process = &page->processes[i];
		(void)fputs(metric->head.name, out);
		metrics_label(
			out, '{', places->label, process->name, sizeof(process->name));
		if (places->more) {
			metrics_label(out, ',', places->more, process->source,
				sizeof(process->source));
		}
		(void)fputc('}', out);
		write_process_value(out, places, metric, process);
	}
}

static void write_table(FILE *out, const struct status_page *page,
	const struct places *places, const struct process_metric *table, size_t count)
{
	for (size_t i = 0; i < count && places->first < places->end; i++) {
		metrics_head(out, &table[i].head);
		write_samples(out, page, places, &table[i]);
	}
}
#define WRITE_TABLE(out, page, places, table) \
	write_table(out, page, places, table, sizeof(table) / sizeof((table)[0]))

static void write_page_metrics(
	FILE *out, const struct status_page *page, uint64_t now_us)
{
	const size_t count = sizeof(OF_PAGE) / sizeof(OF_PAGE[0]);
	for (size_t i = 0; i < count; i++) {
		const struct metric_head *head = &OF_PAGE[i].head;
		metrics_head(out, head);
		(void)fputs(head->name, out);
		metrics_value(out, head->unit,
			OF_PAGE[i].value ? OF_PAGE[i].value(page, now_us)
					 : field_at(page, OF_PAGE[i].field));
	}
}

static void write_build(FILE *out, const struct status_page *page)
{
	static const struct metric_head HEAD = {"mailwarden_build_info",
		"Version of the program and name of the sensor.", "gauge",
		METRIC_UNIT_NUMBER};
	metrics_head(out, &HEAD);
	(void)fputs(HEAD.name, out);
	metrics_label(
		out, '{', "version", MAILWARDEN_VERSION, sizeof(MAILWARDEN_VERSION));
	metrics_label(out, ',', "host", page->host, sizeof(page->host));
	(void)fputc('}', out);
	metrics_value(out, HEAD.unit, 1);
}

static void write_next_endings(FILE *out, const struct status_page *page)
{
	static const struct metric_head ROW = {
		"mailwarden_matrix_next_expiry_timestamp_seconds",
		"When a row of the matrix expires, the first to do so.", "gauge",
		METRIC_UNIT_NUMBER};
	static const struct metric_head ACCEPTANCE = {
		"mailwarden_matrix_next_acceptance_expiry_timestamp_seconds",
		"When an accepted deviation raises alerts again, the first to do so.",
		"gauge", METRIC_UNIT_NUMBER};
	metrics_next_ending(out, &ROW, "row", &page->endings[MATRIX_ENDING_ROW]);
	metrics_next_ending(
		out, &ACCEPTANCE, "by", &page->endings[MATRIX_ENDING_ACCEPTANCE]);
}

/* What the stages count: decode.malformed, tcp.gaps, gate.held ... */
static void write_counters(
	FILE *out, const struct status_page *page, unsigned workers_end)
{
	static const struct metric_head HEAD = {"mailwarden_worker_events_total",
		"What the stages of a worker counted, as in its stats record.",
		"counter", METRIC_UNIT_NUMBER};
	metrics_head(out, &HEAD);
	for (unsigned i = SENSOR_WORKERS; i < workers_end; i++) {
		const struct status_process *process = &page->processes[i];
		const unsigned count = process->counter_count;
		for (unsigned j = 0; j < count && j < STATUS_COUNTERS_MAX; j++) {
			const struct status_counter *counter = &process->counters[j];
			(void)fputs(HEAD.name, out);
			metrics_label(out, '{', "worker", process->name,
				sizeof(process->name));
			metrics_label(out, ',', "event", counter->name,
				sizeof(counter->name));
			(void)fputc('}', out);
			metrics_value(out, HEAD.unit, counter->value);
		}
	}
}

static unsigned bounded(unsigned count)
{
	return count < STATUS_PROCESSES_MAX ? count : STATUS_PROCESSES_MAX;
}

void metrics_write(FILE *out, const struct status_page *page, uint64_t now_us)
{
	const unsigned workers_end = bounded(page->workers_end);
	const unsigned outputs_end = bounded(page->outputs_end);
	const struct places all = {
		SENSOR_REPORTER, bounded(page->place_count), "process", NULL, now_us};
	const struct places whole = {
		0, bounded(page->place_count), "process", NULL, now_us};
	const struct places workers = {
		SENSOR_WORKERS, workers_end, "worker", "source", now_us};
	const struct places writers = {0, workers_end, "process", NULL, now_us};
	const struct places reporter = {
		SENSOR_REPORTER, SENSOR_WORKERS, "process", NULL, now_us};
	const struct places outputs = {
		workers_end, outputs_end, "output", "type", now_us};
	write_build(out, page);
	write_page_metrics(out, page, now_us);
	write_next_endings(out, page);
	WRITE_TABLE(out, page, &all, OF_PROCESSES);
	WRITE_TABLE(out, page, &whole, OF_ALL);
	WRITE_TABLE(out, page, &workers, OF_WORKERS);
	WRITE_TABLE(out, page, &writers, OF_WRITERS);
	WRITE_TABLE(out, page, &reporter, OF_REPORTER);
	WRITE_TABLE(out, page, &outputs, OF_OUTPUTS);
	metrics_write_mail(out, page, workers_end, now_us);
	write_counters(out, page, workers_end);
}
