#include "www/overview.h"

#include <inttypes.h>

/* What the page shows, made before the first byte of it. */
struct made {
	struct observed *day;
	struct grid *month;     /* of 30 days */
	struct dossier dossier; /* of 24 hours */
};

static uint64_t before(uint64_t now_us, uint64_t days)
{
	const uint64_t span_us = days * OVERVIEW_DAY_US;
	return now_us > span_us ? now_us - span_us : 0;
}

static struct observed *window(
	const struct overview *overview, uint64_t days, struct reason *why)
{
	struct observed *seen = observed_new(overview->pairs, overview->seed, why);
	if (seen) {
		observed_merge_since(
			seen, overview->observed, before(overview->now_us, days));
	}
	return seen;
}

static bool make_month(
	const struct overview *overview, struct made *made, struct reason *why)
{
	struct observed *seen = window(overview, OVERVIEW_DAYS, why);
	if (!seen) {
		return false;
	}
	made->month = grid_new(overview->matrix, seen);
	observed_free(seen);
	return made->month || reason_set(why, "no memory for the grid of 30 days");
}

static bool make_day(
	const struct overview *overview, struct made *made, struct reason *why)
{
	made->day = window(overview, 1, why);
	if (!made->day || !dossier_start(&made->dossier, overview->matrix, why)) {
		return false;
	}
	return dossier_finish(&made->dossier, made->day, true) ||
	       reason_set(why, "no memory for the page");
}

static void free_made(struct made *made)
{
	dossier_free(&made->dossier);
	grid_free(made->month);
	observed_free(made->day);
}

static void write_grids(
	struct page *page, const struct overview *overview, const struct made *made)
{
	const enum text_id about =
		overview->running ? TEXT_OVERVIEW_WINDOW : TEXT_OVERVIEW_WINDOW_FLEET;
	const struct page_grid day = {
		made->dossier.grid, TEXT_OVERVIEW_DAY, about, OVERVIEW_CELLS};
	const struct page_grid month = {
		made->month, TEXT_OVERVIEW_MONTH, TEXT_NONE, OVERVIEW_CELLS};
	page_grid(page, &day);
	page_grid(page, &month);
}

static void write_sensor(struct page *page, const struct overview *overview,
	const struct overview_sensor *sensor)
{
	char times[2][PAGE_TIME_BYTES];
	char number[PAGE_NUMBER_BYTES];
	const struct observed_totals *totals = sensor->totals;
	const char *const pairs = page_number(totals->entries, number);
	page_cell(page, "%s", sensor->file);
	if (observed_is_partial(totals)) {
		page_cell_fill(page, TEXT_OVERVIEW_PARTIAL, &pairs);
		page_mark(page, PAGE_MARK_BAD);
	} else {
		page_cell(page, "%s", pairs);
	}
	page_cell(page, "%" PRIu64, totals->flows);
	page_cell(page, "%s", page_time(totals->first_us, times[0]));
	page_cell(page, "%s", page_time(totals->last_us, times[1]));
	if (totals->last_us < before(overview->now_us, 1)) {
		page_mark(page, PAGE_MARK_BAD);
	}
	page_row(page);
}

static void write_sensors(struct page *page, const struct overview *overview)
{
	static const enum text_id HEADS[] = {TEXT_OVERVIEW_FILE, TEXT_OVERVIEW_PAIRS,
		TEXT_FLOWS, TEXT_FIRST, TEXT_LAST, TEXT_COUNT};
	page_heading(page, 2, TEXT_OVERVIEW_SENSORS);
	page_table(page, HEADS);
	for (size_t i = 0; i < overview->sensor_count; i++) {
		write_sensor(page, overview, &overview->sensors[i]);
	}
	page_table_end(page);
}

static void begin(struct page *page, const struct overview *overview)
{
	char host[STATUS_HOST_BYTES * 2];
	char number[PAGE_NUMBER_BYTES];
	struct text_filled title;
	const struct overview_running *running = overview->running;
	const char *const value =
		running ? status_text(running->status->host, STATUS_HOST_BYTES, host,
				  sizeof(host))
			: page_number(overview->sensor_count, number);
	page_begin(page, texts_fill(page_text(page, running ? TEXT_OVERVIEW_SENSOR
							    : TEXT_OVERVIEW_FLEET),
				 &value, &title));
}

static void write_page(
	struct page *page, const struct overview *overview, const struct made *made)
{
	const struct overview_running *running = overview->running;
	begin(page, overview);
	if (running) {
		overview_state(page, overview);
		overview_alerts(page, running);
	} else {
		write_sensors(page, overview);
	}
	write_grids(page, overview, made);
	page_offenders(page);
	page_servers(page);
	if (running) {
		overview_certificates(page, overview);
		overview_outputs(page, overview);
		overview_processes(page, running->status);
		page_paragraph(page, TEXT_OVERVIEW_AGAIN);
	}
	page_end(page);
}

bool overview_write(FILE *out, const struct overview *overview, struct reason *why)
{
	struct made made = {.day = NULL};
	const bool is_made =
		make_month(overview, &made, why) && make_day(overview, &made, why);
	if (is_made) {
		struct page page = {.out = out,
			.form = &PAGE_HTML,
			.language = overview->language,
			.dossier = &made.dossier};
		write_page(&page, overview, &made);
	}
	free_made(&made);
	return is_made;
}
