#include "status/status_json.h"
#include "www/overview.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_S          UINT64_C(1000000)
#define TEXT_BYTES        256
#define CERTIFICATES_MOST 20 /* that are listed */

static void pair(struct page *page, enum text_id id, const char *value)
{
	page_cell_text(page, id);
	page_cell(page, "%s", value);
	page_row(page);
}

static void pair_time(struct page *page, enum text_id id, uint64_t time_us)
{
	char text[PAGE_TIME_BYTES];
	pair(page, id, page_time(time_us, text));
}

static void pair_number(struct page *page, enum text_id id, uint64_t number)
{
	char text[PAGE_NUMBER_BYTES];
	pair(page, id, page_number(number, text));
}

/* As /healthz has it. */
static void write_health(struct page *page, const struct overview *overview)
{
	struct reason why = {.text = ""};
	const bool is_healthy =
		status_is_healthy(overview->running->status, overview->now_us, &why);
	page_cell_text(page, TEXT_OVERVIEW_HEALTH);
	page_cell(page, "%s",
		is_healthy ? page_text(page, TEXT_OVERVIEW_HEALTHY) : why.text);
	page_mark(page, is_healthy ? PAGE_MARK_GOOD : PAGE_MARK_BAD);
	page_row(page);
}

static void write_undecoded(struct page *page, const struct status_page *status)
{
	struct blindness sum;
	status_blindness(status, &sum);
	page_cell_text(page, TEXT_SIGHT_UNDECODED);
	page_cell_share(page, blindness_total(&sum).frames, sum.all.frames);
	page_row(page);
}

void overview_state(struct page *page, const struct overview *overview)
{
	static const enum text_id HEADS[] = {TEXT_MEASURE, TEXT_VALUE, TEXT_COUNT};
	const struct status_page *status = overview->running->status;
	struct observed_totals totals;
	observed_totals(overview->observed, &totals);
	page_heading(page, 2, TEXT_OVERVIEW_STATE);
	page_table(page, HEADS);
	write_health(page, overview);
	pair_time(page, TEXT_OVERVIEW_WRITTEN, overview->now_us);
	pair_time(page, TEXT_OVERVIEW_STARTED, status->started_us);
	pair_time(page, TEXT_OVERVIEW_LOADED, status->loaded_us);
	pair_number(page, TEXT_OVERVIEW_REFUSED, status->reload_failures);
	pair_number(page, TEXT_OVERVIEW_PAIRS, totals.entries);
	pair_number(page, TEXT_SIGHT_PAIRS_GIVEN_UP, totals.given_up_entries);
	write_undecoded(page, status);
	page_table_end(page);
}

/* "workstations 192.0.2.70": whose it is, and which one the newest is about. */
static void cell_end(struct page *page, const char *name, const char *host)
{
	const bool is_both = host[0] != '\0' && strcmp(name, host) != 0;
	page_cell(page, "%s%s%s", name[0] ? name : "-", is_both ? " " : "",
		is_both ? host : "");
	page_mark(page, PAGE_MARK_ROOM);
}

static void write_alert(struct page *page, const struct open_alert *alert)
{
	char times[2][PAGE_TIME_BYTES];
	page_cell(page, "%s", page_severity(page, alert->severity));
	page_mark(page,
		alert->severity <= SEVERITY_HIGH ? PAGE_MARK_BAD : PAGE_MARK_ACCEPTED);
	page_cell(page, "%s", finding_row(alert->finding)->id);
	page_cell(page, "%s", alert->detail[0] ? alert->detail : "-");
	page_cell(page, "%s", alert->row[0] ? alert->row : "-");
	cell_end(page, alert->from, alert->client);
	cell_end(page, alert->to, alert->server);
	page_cell(page, "%" PRIu64, alert->count);
	page_cell(page, "%s", page_time(alert->first_us, times[0]));
	page_cell(page, "%s", page_time(alert->last_us, times[1]));
	page_row(page);
}

void overview_alerts(struct page *page, const struct overview_running *running)
{
	static const enum text_id HEADS[] = {TEXT_SEVERITY, TEXT_FINDING,
		TEXT_OVERVIEW_DETAIL, TEXT_ROW, TEXT_FROM, TEXT_TO,
		TEXT_OVERVIEW_ALERTS_COUNT, TEXT_FIRST, TEXT_LAST, TEXT_COUNT};
	const struct alerts *alerts = running->alerts;
	char number[PAGE_NUMBER_BYTES];
	const char *const lost = page_number(alerts->given_up, number);
	page_heading(page, 2, TEXT_OVERVIEW_ALERTS);
	if (running->is_behind) {
		page_paragraph(page, TEXT_OVERVIEW_ALERTS_BEHIND);
	}
	if (alerts->count == 0) {
		page_paragraph(page, TEXT_OVERVIEW_ALERTS_NONE);
		return;
	}
	page_paragraph(page, TEXT_OVERVIEW_ALERTS_ABOUT);
	page_table(page, HEADS);
	for (size_t i = 0; i < alerts->count; i++) { /* ALERTS_PLACES */
		write_alert(page, &alerts->list[i]);
	}
	page_table_end(page);
	if (alerts->given_up > 0) {
		page_fill(page, TEXT_OVERVIEW_ALERTS_LOST, &lost);
	}
}

static void cell_state(struct page *page, const struct status_process *process)
{
	static const enum text_id TEXTS[] = {
		[STATUS_STATE_NONE] = TEXT_NONE,
		[STATUS_STATE_STARTING] = TEXT_OVERVIEW_STARTING,
		[STATUS_STATE_RUNNING] = TEXT_OVERVIEW_RUNNING,
		[STATUS_STATE_DRAINING] = TEXT_OVERVIEW_DRAINING,
		[STATUS_STATE_ENDED] = TEXT_OVERVIEW_ENDED,
		[STATUS_STATE_FAILED] = TEXT_OVERVIEW_FAILED,
	};
	const uint32_t state = process->state;
	const bool is_down = process->is_down != 0;
	const bool is_running = state == STATUS_STATE_RUNNING;
	page_cell_text(page, is_running && is_down          ? TEXT_OVERVIEW_DOWN
			     : state <= STATUS_STATE_FAILED ? TEXTS[state]
							    : TEXT_NONE);
	page_mark(page, is_running && !is_down ? PAGE_MARK_GOOD
			: is_running || state == STATUS_STATE_FAILED
				? PAGE_MARK_BAD
				: PAGE_MARK_UNKNOWN);
}

static void cell_field(struct page *page, const char *field, size_t size)
{
	char text[TEXT_BYTES];
	(void)status_text(field, size, text, sizeof(text));
	page_cell(page, "%s", text[0] ? text : "-");
}

static void write_output(
	struct page *page, const struct status_process *output, uint64_t now_us)
{
	cell_field(page, output->name, sizeof(output->name));
	cell_field(page, output->source, sizeof(output->source));
	cell_state(page, output);
	page_cell(page, "%" PRIu64, output->delivered);
	page_cell(page, "%" PRIu64, output->backlog);
	page_cell(page, "%" PRIu64, status_waited_us(output, now_us) / US_PER_S);
	page_cell(page, "%" PRIu64, output->lost);
	page_mark(page, output->lost > 0 ? PAGE_MARK_BAD : PAGE_MARK_NONE);
	page_row(page);
}

void overview_outputs(struct page *page, const struct overview *overview)
{
	static const enum text_id HEADS[] = {TEXT_OVERVIEW_OUTPUT, TEXT_KIND,
		TEXT_STATE, TEXT_OVERVIEW_DELIVERED, TEXT_OVERVIEW_BACKLOG,
		TEXT_OVERVIEW_WAITED, TEXT_OVERVIEW_LOST, TEXT_COUNT};
	const struct status_page *status = overview->running->status;
	const unsigned first = status_workers_end(status);
	const unsigned end = status_outputs_end(status);
	page_heading(page, 2, TEXT_OVERVIEW_OUTPUTS);
	if (first >= end) {
		page_paragraph(page, TEXT_OVERVIEW_OUTPUTS_NONE);
		return;
	}
	page_table(page, HEADS);
	for (unsigned i = first; i < end; i++) {
		write_output(page, &status->processes[i], overview->now_us);
	}
	page_table_end(page);
}

struct certificates {
	struct status_certificate list[CERTIFICATES_MOST + 1];
	size_t count;
};

/* In order of their ends; several workers may know the same. */
static void take_certificate(
	struct certificates *all, const struct status_certificate *from)
{
	/* read once: their worker may change it */
	const struct status_certificate one = {.server = from->server,
		.port = from->port,
		.not_after_s = from->not_after_s};
	size_t at = all->count;
	for (size_t i = 0; i < all->count; i++) { /* CERTIFICATES_MOST */
		if (address_equal(&all->list[i].server, &one.server) &&
			all->list[i].port == one.port) {
			return;
		}
	}
	while (at > 0 && all->list[at - 1].not_after_s > one.not_after_s) {
		memcpy(&all->list[at], &all->list[at - 1], sizeof(all->list[0]));
		at--;
	}
	memcpy(&all->list[at], &one, sizeof(one));
	all->count += all->count < CERTIFICATES_MOST;
}

static void write_certificate(
	struct page *page, const struct status_certificate *certificate, int64_t now_s)
{
	char address[ADDRESS_TEXT_BYTES];
	page_cell(page, address_is_ipv4(&certificate->server) ? "%s:%u" : "[%s]:%u",
		address_text(&certificate->server, address), certificate->port);
	page_cell_certificate(page, certificate->not_after_s, now_s);
	page_row(page);
}

static void take_certificates(
	struct certificates *all, const struct status_process *worker)
{
	for (size_t i = 0; i < STATUS_CERTIFICATES_MAX; i++) {
		if (worker->certificates[i].not_after_s != 0) {
			take_certificate(all, &worker->certificates[i]);
		}
	}
}

void overview_certificates(struct page *page, const struct overview *overview)
{
	static const enum text_id HEADS[] = {TEXT_SERVER, TEXT_CERTIFICATE, TEXT_COUNT};
	const struct status_page *status = overview->running->status;
	struct certificates all = {.count = 0};
	for (unsigned i = SENSOR_WORKERS; i < status_workers_end(status); i++) {
		take_certificates(&all, &status->processes[i]);
	}
	if (all.count == 0) {
		return;
	}
	page_heading(page, 2, TEXT_OVERVIEW_CERTIFICATES);
	page_table(page, HEADS);
	for (size_t i = 0; i < all.count; i++) { /* CERTIFICATES_MOST */
		write_certificate(
			page, &all.list[i], (int64_t)(overview->now_us / US_PER_S));
	}
	page_table_end(page);
}

static void write_process(struct page *page, const struct status_process *process)
{
	cell_field(page, process->name, sizeof(process->name));
	cell_field(page, process->source, sizeof(process->source));
	cell_state(page, process);
	page_cell(page, "%" PRIu64, process->packets);
	page_cell(page, "%" PRIu64, process->lost);
	page_mark(page, process->lost > 0 ? PAGE_MARK_BAD : PAGE_MARK_NONE);
	page_cell(page, "%" PRIu64, process->flows);
	page_cell(page, "%" PRIu64, process->restarts);
	page_row(page);
}

/* Of packets: what others take is told as health and by outputs. */
void overview_processes(struct page *page, const struct status_page *status)
{
	static const enum text_id HEADS[] = {TEXT_OVERVIEW_PROCESS,
		TEXT_OVERVIEW_SOURCE, TEXT_STATE, TEXT_OVERVIEW_PACKETS,
		TEXT_OVERVIEW_PACKETS_LOST, TEXT_OVERVIEW_FLOWS_NOW,
		TEXT_OVERVIEW_RESTARTS, TEXT_COUNT};
	page_heading(page, 2, TEXT_OVERVIEW_PROCESSES);
	page_table(page, HEADS);
	for (unsigned i = SENSOR_WORKERS; i < status_workers_end(status); i++) {
		write_process(page, &status->processes[i]);
	}
	page_table_end(page);
}
