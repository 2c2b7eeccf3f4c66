#include "status/metrics_mail.h"

#include <string.h>

/* By the severity of each alert, which is not always the catalogue's; all from 0. */
static void write_findings(
	FILE *out, const struct status_page *page, unsigned workers_end)
{
	static const struct metric_head HEAD = {"mailwarden_findings_total",
		"Findings, repeats included, by kind and by the severity each had.",
		"counter", METRIC_UNIT_NUMBER};
	metrics_head(out, &HEAD);
	for (int i = 0; i < FINDING_COUNT * SEVERITY_LOW; i++) {
		const int finding = i / SEVERITY_LOW;
		const int severity = 1 + i % SEVERITY_LOW;
		const struct finding_row *row = finding_row((enum finding)finding);
		const char *name = severity_name((enum severity)severity);
		uint64_t total = 0;
		for (unsigned j = 0; j < workers_end; j++) {
			total += page->processes[j].graded[finding][severity];
		}
		if (total == 0 && finding >= FINDING_FLOW_COUNT &&
			severity != (int)row->severity) {
			continue; /* of the sensor's own there is one only */
		}
		(void)fputs(HEAD.name, out);
		metrics_word(out, '{', "finding", row->id);
		metrics_word(out, ',', "severity", name);
		(void)fputc('}', out);
		metrics_value(out, HEAD.unit, total);
	}
}

/* By protocols of mail and attempts; all others together. */
static void write_flows(FILE *out, const struct status_page *page, unsigned workers_end)
{
	static const struct metric_head HEAD = {"mailwarden_flows_total",
		"Flows that ended, by verdict and protocol.", "counter",
		METRIC_UNIT_NUMBER};
	metrics_head(out, &HEAD);
	for (int i = 0; i < STATUS_VERDICTS * STATUS_PROTOCOLS; i++) {
		const int protocol = i / STATUS_VERDICTS;
		const char *verdict = verdict_name((enum verdict)(i % STATUS_VERDICTS));
		const char *name = protocol < STATUS_PROTOCOL_OTHER
					   ? protocol_name((enum protocol)protocol)
					   : "other";
		uint64_t total = 0;
		for (unsigned j = SENSOR_WORKERS; j < workers_end; j++) {
			total += page->processes[j]
					 .verdicts[i % STATUS_VERDICTS][protocol];
		}
		(void)fputs(HEAD.name, out);
		metrics_word(out, '{', "verdict", verdict);
		metrics_word(out, ',', "protocol", name);
		(void)fputc('}', out);
		metrics_value(out, HEAD.unit, total);
	}
}

static void write_cell(
	FILE *out, const char *name, const struct cells *cells, const struct cell *cell)
{
	const unsigned verdict = cell->verdict % CELLS_VERDICTS;
	const char *protocol = cell->protocol < STATUS_PROTOCOL_OTHER
				       ? protocol_name((enum protocol)cell->protocol)
				       : "other";
	(void)fputs(name, out);
	metrics_label(out, '{', "from", cells_end(cells, cell->from), CELLS_NAME_BYTES);
	metrics_label(out, ',', "to", cells_end(cells, cell->to), CELLS_NAME_BYTES);
	metrics_word(out, ',', "protocol", protocol);
	metrics_word(out, ',', "verdict", verdict_name((enum verdict)verdict));
	(void)fputc('}', out);
	metrics_value(out, METRIC_UNIT_NUMBER, cells_flows(cell));
}

/* By groups, and zones where a host is in none; bounded, what had no room told as such. */
static void write_cells(FILE *out, const struct cells *cells)
{
	static const struct metric_head HEAD = {"mailwarden_cell_flows_total",
		"Mail flows that ended, by group of client and server (or zone), "
		"protocol and verdict.",
		"counter", METRIC_UNIT_NUMBER};
	metrics_head(out, &HEAD);
	for (uint32_t i = 0; i < cells_count(cells); i++) {
		write_cell(out, HEAD.name, cells, &cells->cells[i]);
	}
	for (unsigned i = 0; i < CELLS_VERDICTS; i++) {
		(void)fprintf(out,
			"%s{from=\"(others)\",to=\"(others)\",protocol="
			"\"(others)\",verdict=\"%s\"}",
			HEAD.name, verdict_name((enum verdict)i));
		metrics_value(out, HEAD.unit, cells->others[i]);
	}
}

/* Of each end that was a server, all from 0. */
static void write_encryption(FILE *out, const struct cells *cells)
{
	static const struct metric_head HEAD = {"mailwarden_tls_flows_total",
		"Mail flows that ended, by group of the server (or zone) and how they "
		"were encrypted.",
		"counter", METRIC_UNIT_NUMBER};
	const uint32_t end_count = cells_end_count(cells);
	uint64_t flows[CELLS_ENDS][CELLS_TLS] = {{0}};
	bool is_server[CELLS_ENDS] = {false};
	for (uint32_t i = 0; i < cells_count(cells); i++) {
		const struct cell *cell = &cells->cells[i];
		const unsigned to = cell->to % CELLS_ENDS;
		is_server[to] = true;
		for (unsigned tls = 0; tls < CELLS_TLS; tls++) {
			flows[to][tls] += cell->flows[tls];
		}
	}
	metrics_head(out, &HEAD);
	for (uint32_t i = 0; i < end_count * CELLS_TLS; i++) {
		const uint16_t to = (uint16_t)(i / CELLS_TLS);
		const unsigned tls = i % CELLS_TLS;
		if (is_server[to]) {
			(void)fputs(HEAD.name, out);
			metrics_label(
				out, '{', "to", cells_end(cells, to), CELLS_NAME_BYTES);
			metrics_word(
				out, ',', "tls", facts_tls_name((enum facts_tls)tls));
			(void)fputc('}', out);
			metrics_value(out, HEAD.unit, flows[to][tls]);
		}
	}
}

/* Of each end that ever was one of a server that mail was sent to. */
static void write_mail(FILE *out, const struct cells *cells)
{
	static const struct metric_head HEAD = {"mailwarden_clear_mail_total",
		"What crossed in clear, by group of the server (or zone): messages, "
		"and "
		"how often it refused (5xx) or deferred (4xx) one, its sender, a "
		"recipient or its client.",
		"counter", METRIC_UNIT_NUMBER};
	static const char *const OUTCOMES[CELLS_MAIL_COUNT] = {
		"message", "refusal", "deferral"};
	const uint32_t end_count = cells_end_count(cells);
	metrics_head(out, &HEAD);
	for (uint32_t i = 0; i < end_count; i++) {
		const _Atomic uint64_t *mail = cells->mail[i];
		const bool is_any = mail[CELLS_MAIL_MESSAGES] > 0 ||
				    mail[CELLS_MAIL_REFUSALS] > 0 ||
				    mail[CELLS_MAIL_DEFERRALS] > 0;
		for (unsigned j = 0; is_any && j < CELLS_MAIL_COUNT; j++) {
			(void)fputs(HEAD.name, out);
			metrics_label(out, '{', "to", cells_end(cells, (uint16_t)i),
				CELLS_NAME_BYTES);
			metrics_word(out, ',', "outcome", OUTCOMES[j]);
			(void)fputc('}', out);
			metrics_value(out, HEAD.unit, mail[j]);
		}
	}
}

static void write_row(FILE *out, const char *name, const struct status_process *process,
	const struct status_row *row)
{
	const bool is_named = row < &process->rows[STATUS_ROWS_MAX];
	if (row->count == 0) {
		return;
	}
	(void)fputs(name, out);
	metrics_label(out, '{', "worker", process->name, sizeof(process->name));
	metrics_label(out, ',', "row", is_named ? row->id : "(others)",
		is_named ? sizeof(row->id) : sizeof("(others)"));
	(void)fputc('}', out);
	metrics_value(out, METRIC_UNIT_NUMBER, row->count);
}

/* Each worker has rows of its own, so that a row may be in several. */
static void write_rows(FILE *out, const struct status_page *page, unsigned workers_end)
{
	static const struct metric_head HEAD = {"mailwarden_row_flows_total",
		"Flows that a row of the matrix let by, of the first rows that did.",
		"counter", METRIC_UNIT_NUMBER};
	metrics_head(out, &HEAD);
	for (unsigned i = SENSOR_WORKERS; i < workers_end; i++) {
		const struct status_process *process = &page->processes[i];
		for (unsigned j = 0; j <= STATUS_ROWS_MAX; j++) {
			write_row(out, HEAD.name, process, &process->rows[j]);
		}
	}
}

/* Ends sooner than what is known? Left out where its place is taken over meanwhile. */
static void take_sooner(struct status_endings *first,
	const struct status_certificate *certificate, int64_t now_s)
{
	const int64_t end_s = certificate->not_after_s;
	const bool is_ipv4 = address_is_ipv4(&certificate->server);
	char address[ADDRESS_TEXT_BYTES];
	char server[STATUS_ENDING_BYTES];
	(void)snprintf(server, sizeof(server), is_ipv4 ? "%s:%u" : "[%s]:%u",
		address_text(&certificate->server, address), certificate->port);
	if (end_s > now_s && (first->next_s == 0 || end_s < first->next_s) &&
		certificate->not_after_s == end_s) {
		memcpy(first->next, server, sizeof(server));
		first->next_s = end_s;
	}
}

/* The first to expire of those that are seen; not of those that did. */
static void write_certificate(FILE *out, const struct status_page *page,
	unsigned workers_end, uint64_t now_us)
{
	static const struct metric_head HEAD = {
		"mailwarden_certificate_next_expiry_timestamp_seconds",
		"When the certificate of a server of the matrix expires, the first to.",
		"gauge", METRIC_UNIT_NUMBER};
	struct status_endings first = {.next_s = 0};
	for (unsigned i = SENSOR_WORKERS; i < workers_end; i++) {
		for (unsigned j = 0; j < STATUS_CERTIFICATES_MAX; j++) {
			take_sooner(&first, &page->processes[i].certificates[j],
				(int64_t)(now_us / 1000000));
		}
	}
	metrics_next_ending(out, &HEAD, "server", &first);
}

enum list_value {
	LIST_ENTRIES = 0,
	LIST_HITS,
	LIST_READ,
	LIST_WRITTEN,
	LIST_KEPT,
	LIST_FAILURES,
	LIST_FAILED,
};

static uint64_t list_value(const struct list_state *state, enum list_value which)
{
	switch (which) {
	case LIST_ENTRIES:
		return state->entries;
	case LIST_HITS:
		return state->hits;
	case LIST_READ:
		return (uint64_t)state->read_s;
	case LIST_WRITTEN:
		return (uint64_t)state->file_s;
	case LIST_KEPT:
		return state->is_kept != 0;
	case LIST_FAILURES:
		return state->failures;
	case LIST_FAILED:
		break;
	}
	return (uint64_t)state->failed_s;
}

static bool is_time(enum list_value which)
{
	return which == LIST_READ || which == LIST_WRITTEN || which == LIST_FAILED;
}

/* No sample of a time that never was. */
static void write_list(FILE *out, const struct metric_head *head,
	const struct list_state *state, enum list_value which)
{
	const uint64_t value = list_value(state, which);
	if (value == 0 && is_time(which)) {
		return;
	}
	(void)fputs(head->name, out);
	metrics_label(out, '{', "list", state->name, sizeof(state->name));
	metrics_word(out, ',', "kind", list_state_kind(state));
	(void)fputc('}', out);
	metrics_value(out, head->unit, value);
}

/* LISTS_MAX of them at most, by the matrix's names. */
static void write_lists(FILE *out, const struct list_states *lists)
{
	static const struct metric_head HEADS[] = {
		[LIST_ENTRIES] = {"mailwarden_list_entries",
			"Entries of a list in force.", "gauge", METRIC_UNIT_NUMBER},
		[LIST_HITS] = {"mailwarden_list_hits_total",
			"Ends of mail flows that stood on a list, and their senders' "
			"domains.",
			"counter", METRIC_UNIT_NUMBER},
		[LIST_READ] = {"mailwarden_list_read_timestamp_seconds",
			"When the entries in force were read.", "gauge",
			METRIC_UNIT_NUMBER},
		[LIST_WRITTEN] = {"mailwarden_list_file_timestamp_seconds",
			"When the list's file was written last.", "gauge",
			METRIC_UNIT_NUMBER},
		[LIST_KEPT] = {"mailwarden_list_kept",
			"1: the list's file is not usable, its entries are those of "
			"before.",
			"gauge", METRIC_UNIT_NUMBER},
		[LIST_FAILURES] = {"mailwarden_list_failures_total",
			"Files of a list that were not usable.", "counter",
			METRIC_UNIT_NUMBER},
		[LIST_FAILED] = {"mailwarden_list_last_failure_timestamp_seconds",
			"When a file of the list was not usable last.", "gauge",
			METRIC_UNIT_NUMBER},
	};
	const uint32_t count = list_states_count_of(lists);
	for (unsigned i = 0; i < sizeof(HEADS) / sizeof(HEADS[0]); i++) {
		metrics_head(out, &HEADS[i]);
		for (uint32_t j = 0; j < count; j++) {
			write_list(out, &HEADS[i], &lists->list[j], (enum list_value)i);
		}
	}
}

void metrics_write_mail(FILE *out, const struct status_page *page, unsigned workers_end,
	uint64_t now_us)
{
	write_findings(out, page, workers_end);
	write_flows(out, page, workers_end);
	write_cells(out, &page->cells);
	write_encryption(out, &page->cells);
	write_mail(out, &page->cells);
	write_rows(out, page, workers_end);
	write_certificate(out, page, workers_end, now_us);
	write_lists(out, &page->lists);
}
