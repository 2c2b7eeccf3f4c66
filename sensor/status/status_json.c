#include "status/status_json.h"

#include "base/clock.h"
#include "capture/forwarded.h"
#include "report/json_sensor.h"
#include "status/metrics_text.h"

#include <stdio.h>
#include <stdlib.h>

unsigned status_workers_end(const struct status_page *page)
{
	const unsigned count = page->workers_end;
	return count < STATUS_PROCESSES_MAX ? count : STATUS_PROCESSES_MAX;
}

unsigned status_outputs_end(const struct status_page *page)
{
	const unsigned count = page->outputs_end;
	return count < STATUS_PROCESSES_MAX ? count : STATUS_PROCESSES_MAX;
}

uint64_t status_finding_total(const struct status_page *page, int finding)
{
	uint64_t total = 0;
	for (unsigned i = 0; i < status_workers_end(page); i++) {
		total += page->processes[i].findings[finding];
	}
	return total;
}

enum severity status_finding_worst(const struct status_page *page, int finding)
{
	unsigned worst = SEVERITY_LOW + 1;
	for (unsigned i = 0; i < status_workers_end(page); i++) {
		const unsigned severity = page->processes[i].worst[finding];
		worst = severity != 0 && severity < worst ? severity : worst;
	}
	return worst <= SEVERITY_LOW ? (enum severity)worst
				     : finding_row((enum finding)finding)->severity;
}

uint64_t status_would_block_total(const struct status_page *page, int finding)
{
	uint64_t total = 0;
	for (unsigned i = SENSOR_WORKERS; i < status_workers_end(page); i++) {
		total += page->processes[i].would_block[finding];
	}
	return total;
}

/* Its place among those of the list, or the one behind them. */
static size_t place_of(const struct status_sender_sum *list, size_t count,
	const struct address *sender)
{
	size_t place = 0;
	while (place < count && !address_equal(&list[place].address, sender)) {
		place++;
	}
	return place;
}

static int compare_senders(const void *a, const void *b)
{
	const struct status_sender_sum *left = a;
	const struct status_sender_sum *right = b;
	return (left->count < right->count) - (left->count > right->count);
}

/* Each sender of a worker is looked for among at most room others. */
size_t status_senders(
	const struct status_page *page, struct status_sender_sum *list, size_t room)
{
	size_t count = 0;
	const unsigned end = status_workers_end(page);
	for (unsigned i = 0;
		end > SENSOR_WORKERS && i < (end - SENSOR_WORKERS) * STATUS_SENDERS_MAX;
		i++) {
		const struct status_sender *at =
			&page->processes[SENSOR_WORKERS + i / STATUS_SENDERS_MAX]
				 .senders[i % STATUS_SENDERS_MAX];
		const size_t place = place_of(list, count, &at->address);
		if (at->count == 0 || place == room) {
			continue;
		}
		if (place == count) {
			list[count++] = (struct status_sender_sum){
				.address = at->address, .since_us = at->since_us};
		}
		list[place].count += at->count;
		if (at->since_us < list[place].since_us) {
			list[place].since_us = at->since_us;
		}
	}
	qsort(list, count, sizeof(*list), compare_senders);
	return count;
}

static const char *text_of(const char *field, size_t size, char text[128])
{
	return status_text(field, size, text, 128);
}

size_t status_each_ban(const struct status_page *page,
	void (*visit)(
		struct json_writer *writer, const char *address, uint64_t left_us),
	struct json_writer *writer)
{
	const uint64_t now_us = clock_boottime_us();
	size_t count = 0;
	for (size_t i = 0; i < BANS_PLACES; i++) {
		struct address address;
		uint64_t until_us;
		char text[ADDRESS_TEXT_BYTES];
		if (bans_at(&page->bans, i, now_us, &address, &until_us)) {
			visit(writer, address_text(&address, text), until_us - now_us);
			count++;
		}
	}
	return count;
}

void status_blindness_of(const struct status_process *process, struct blindness *sum)
{
	char name[128];
	for (unsigned i = 0; i < process->counter_count && i < STATUS_COUNTERS_MAX;
		i++) {
		const struct status_counter *counter = &process->counters[i];
		blindness_add(sum, text_of(counter->name, sizeof(counter->name), name),
			counter->value);
	}
}

void status_blindness(const struct status_page *page, struct blindness *sum)
{
	*sum = (struct blindness){0};
	for (unsigned i = SENSOR_WORKERS; i < status_workers_end(page); i++) {
		status_blindness_of(&page->processes[i], sum);
	}
}

static void write_blindness(struct json_writer *writer, const struct status_page *page)
{
	struct blindness sum;
	status_blindness(page, &sum);
	json_blindness(writer, &sum);
}

static void write_families(struct json_writer *writer, const struct status_page *page)
{
	json_array_open(writer, "families_unseen");
	for (int i = 0; i < FORWARDED_FAMILIES; i++) {
		if (page->families_unseen & UINT32_C(1) << i) {
			json_text(
				writer, NULL, forwarded_name((enum forwarded_family)i));
		}
	}
	json_array_close(writer);
}

static void write_ban(struct json_writer *writer, const char *address, uint64_t left_us)
{
	json_object_open(writer, NULL);
	json_text(writer, "address", address);
	json_time(writer, "until", clock_realtime_us() + left_us);
	json_object_close(writer);
}

static void write_process(
	struct json_writer *writer, const struct status_process *process)
{
	char text[128];
	json_object_open(writer, NULL);
	json_text(writer, "name", text_of(process->name, sizeof(process->name), text));
	json_text(
		writer, "state", status_state_name((enum status_state)process->state));
	json_number(writer, "pid", (uint64_t)process->pid);
	json_text(writer, "source",
		text_of(process->source, sizeof(process->source), text));
	json_number(writer, "packets", process->packets);
	json_number(writer, "lost", process->lost);
	json_number(writer, "flows", process->flows);
	json_number(writer, "lag_us", process->lag_us);
	json_number(writer, "waiting", process->waiting);
	json_bool(writer, "down", process->is_down != 0);
	json_number(writer, "interfaces_missing",
		(uint64_t)__builtin_popcount(process->interfaces_missing));
	json_number(writer, "interfaces_down",
		(uint64_t)__builtin_popcount(process->interfaces_down));
	json_text(writer, "shunt",
		process->interfaces_shunting != 0 ? "socket-filter" : "none");
	json_number(writer, "interfaces_shunting",
		(uint64_t)__builtin_popcount(process->interfaces_shunting));
	json_number(writer, "queue_full", process->queue_full);
	json_number(writer, "unseen", process->unseen);
	json_number(writer, "unseen_most_a_second", process->unseen_most);
	json_number(writer, "restarts", process->restarts);
	json_number(writer, "records_refused", process->refused);
	json_number(writer, "faults", process->faults);
	json_number(writer, "matrix", process->matrix);
	json_object_open(writer, "counters");
	for (unsigned i = 0; i < process->counter_count && i < STATUS_COUNTERS_MAX;
		i++) {
		const struct status_counter *counter = &process->counters[i];
		json_number(writer, text_of(counter->name, sizeof(counter->name), text),
			counter->value);
	}
	json_object_close(writer);
	json_object_close(writer);
}

static void write_output(
	struct json_writer *writer, const struct status_process *output)
{
	char text[128];
	json_object_open(writer, NULL);
	json_text(writer, "name", text_of(output->name, sizeof(output->name), text));
	json_text(
		writer, "type", text_of(output->source, sizeof(output->source), text));
	json_text(writer, "state", status_state_name((enum status_state)output->state));
	json_number(writer, "pid", (uint64_t)output->pid);
	json_bool(writer, "down", output->is_down != 0);
	json_number(writer, "delivered", output->delivered);
	json_number(writer, "backlog_bytes", output->backlog);
	json_number(writer, "lag_us", status_waited_us(output, clock_realtime_us()));
	json_number(writer, "down_us", status_down_us(output, clock_monotonic_us()));
	if (output->is_doubtful) {
		json_text(writer, "doubt",
			text_of(output->why.text, sizeof(output->why.text), text));
	}
	json_number(writer, "failures", output->faults);
	json_number(writer, "lost_bytes", output->lost);
	json_number(writer, "unreadable", output->unreadable);
	json_number(writer, "restarts", output->restarts);
	json_object_close(writer);
}

/* As /healthz has it. */
static void write_health(
	struct json_writer *writer, const struct status_page *page, bool is_running)
{
	struct reason why = {.text = "the sensor does not run"};
	const bool is_healthy =
		is_running && status_is_healthy(page, clock_realtime_us(), &why);
	json_bool(writer, "healthy", is_healthy);
	if (!is_healthy) {
		json_text(writer, "unhealthy_because", why.text);
	}
}

static void write_ending(struct json_writer *writer, const char *key, const char *who,
	const char *field, int64_t end_s)
{
	char text[2 * STATUS_ENDING_BYTES];
	if (end_s != 0) {
		json_object_open(writer, key);
		json_text(writer, who, text_of(field, STATUS_ENDING_BYTES, text));
		json_time(writer, "end", (uint64_t)end_s * 1000000);
		json_object_close(writer);
	}
}

/* What of the matrix ends: a "row", or what is accepted, "by" whom. */
static void write_endings(struct json_writer *writer, const struct status_page *page,
	enum matrix_ending_kind kind)
{
	const struct status_endings *endings = &page->endings[kind];
	const bool is_row = kind == MATRIX_ENDING_ROW;
	const char *who = is_row ? "row" : "by";
	json_object_open(writer, is_row ? "rows" : "acceptances");
	write_ending(writer, "next_to_expire", who, endings->next, endings->next_s);
	json_number(writer, "expiring_within_30_days", endings->soon_count);
	write_ending(writer, "last_expired", who, endings->ended, endings->ended_s);
	json_number(writer, "expired", endings->ended_count);
	if (is_row) {
		json_number(writer, "grace_over", endings->over_count);
	}
	json_object_close(writer);
}

static void write_observed(struct json_writer *writer, const struct status_page *page)
{
	json_object_open(writer, "observed");
	json_number(writer, "pairs", page->observed_pairs);
	json_number(writer, "most_pairs", page->observed_room);
	json_bool(writer, "partial", page->observed_given_up_pairs > 0);
	json_number(writer, "given_up_pairs", page->observed_given_up_pairs);
	json_number(writer, "given_up_flows", page->observed_given_up_flows);
	json_object_close(writer);
}

static void write_time(struct json_writer *writer, const char *key, int64_t time_s)
{
	if (time_s > 0) {
		json_time(writer, key, (uint64_t)time_s * 1000000);
	}
}

static void write_list(struct json_writer *writer, const struct list_state *state)
{
	char text[128];
	char problem[sizeof(state->problem.text) + 1];
	json_object_open(writer, NULL);
	json_text(writer, "name", text_of(state->name, sizeof(state->name), text));
	json_text(writer, "kind", list_state_kind(state));
	json_number(writer, "entries", state->entries);
	json_number(writer, "hits", state->hits);
	write_time(writer, "read", state->read_s);
	write_time(writer, "file_written", state->file_s);
	json_bool(writer, "kept", state->is_kept != 0);
	json_number(writer, "bad_lines", state->bad_lines);
	json_number(writer, "failures", state->failures);
	write_time(writer, "failed", state->failed_s);
	if (state->problem.text[0] != '\0') {
		json_text(writer, "problem",
			status_text(state->problem.text, sizeof(state->problem.text),
				problem, sizeof(problem)));
	}
	json_object_close(writer);
}

static void write_lists(struct json_writer *writer, const struct list_states *lists)
{
	json_array_open(writer, "lists");
	for (uint32_t i = 0; i < list_states_count_of(lists); i++) {
		write_list(writer, &lists->list[i]);
	}
	json_array_close(writer);
}

#define SENDERS_SHOWN 100

static void write_inline(struct json_writer *writer, const struct status_page *page)
{
	struct status_sender_sum senders[SENDERS_SHOWN] = {{.count = 0}};
	const size_t count = status_senders(page, senders, SENDERS_SHOWN);
	char text[ADDRESS_TEXT_BYTES];
	json_text(writer, "mode", page->is_enforcing ? "enforce" : "audit");
	json_text(writer, "unseen_are", page->is_fail_closed ? "dropped" : "passed");
	write_families(writer, page);
	json_object_open(writer, "would_block");
	for (int finding = 0; finding < FINDING_FLOW_COUNT; finding++) {
		const uint64_t total = status_would_block_total(page, finding);
		if (total > 0) {
			json_number(
				writer, finding_row((enum finding)finding)->id, total);
		}
	}
	json_object_close(writer);
	json_array_open(writer, "would_block_senders");
	for (size_t i = 0; i < count; i++) {
		json_object_open(writer, NULL);
		json_text(writer, "address", address_text(&senders[i].address, text));
		json_number(writer, "count", senders[i].count);
		json_time(writer, "since", senders[i].since_us);
		json_object_close(writer);
	}
	json_array_close(writer);
}

void status_json_write(FILE *out, const struct status_page *page, bool is_running)
{
	struct json_writer writer = {.out = out};
	char text[128];
	json_object_open(&writer, NULL);
	json_text(&writer, "host", text_of(page->host, sizeof(page->host), text));
	json_bool(&writer, "running", is_running);
	write_health(&writer, page, is_running);
	json_number(&writer, "pid", (uint64_t)page->pid);
	json_time(&writer, "started", page->started_us);
	json_number(&writer, "workers_memory_most", page->memory_bytes);
	json_number(&writer, "matrix", page->matrix);
	json_time(&writer, "matrix_loaded", page->loaded_us);
	json_number(&writer, "reloads_refused", page->reload_failures);
	json_number(&writer, "sensor_alerts", page->alerts);
	json_number(&writer, "landlock", page->landlock);
	if (page->is_inline) {
		write_inline(&writer, page);
	}
	write_blindness(&writer, page);
	write_observed(&writer, page);
	write_endings(&writer, page, MATRIX_ENDING_ROW);
	write_endings(&writer, page, MATRIX_ENDING_ACCEPTANCE);
	write_lists(&writer, &page->lists);
	json_array_open(&writer, "processes");
	for (unsigned i = 0; i < status_workers_end(page); i++) {
		write_process(&writer, &page->processes[i]);
	}
	json_array_close(&writer);
	json_array_open(&writer, "outputs");
	for (unsigned i = status_workers_end(page); i < status_outputs_end(page); i++) {
		write_output(&writer, &page->processes[i]);
	}
	json_array_close(&writer);
	json_array_open(&writer, "bans");
	if (is_running) {
		(void)status_each_ban(page, write_ban, &writer);
	}
	json_array_close(&writer);
	json_number(&writer, "bans_given", page->bans.given);
	json_number(&writer, "bans_refused", page->bans.refused);
	json_object_open(&writer, "findings");
	for (int finding = 0; finding < FINDING_COUNT; finding++) {
		const uint64_t total = status_finding_total(page, finding);
		if (total > 0) {
			json_number(
				&writer, finding_row((enum finding)finding)->id, total);
		}
	}
	json_object_close(&writer);
	json_object_close(&writer);
	json_line_end(&writer);
}
