#include "dossier/page.h"

#include "base/utf8.h"
#include "base/version.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#define US_PER_S         UINT64_C(1000000)
#define US_PER_HUNDREDTH UINT64_C(36000000) /* of an hour */
#define CUT              "..."

const char *page_text(const struct page *page, enum text_id id)
{
	return texts_of(page->language, id);
}

/* Whole characters only, none of them a control; what is cut shows it. */
static void write_fitting(char *text, size_t size, const char *format, va_list values)
	__attribute__((format(printf, 3, 0)));
static void write_fitting(char *text, size_t size, const char *format, va_list values)
{
	const int wanted = vsnprintf(text, size, format, values);
	if (wanted < 0) {
		text[0] = '\0';
	} else if ((size_t)wanted >= size) {
		memcpy(text + utf8_whole(text, size - sizeof(CUT)), CUT, sizeof(CUT));
	}
	utf8_make_printable(text);
}

void page_cell(struct page *page, const char *format, ...)
{
	struct page_cells *cells = &page->cells;
	va_list values;
	if (cells->count == PAGE_CELLS) {
		return;
	}
	va_start(values, format);
	write_fitting(cells->text[cells->count], PAGE_CELL_BYTES, format, values);
	va_end(values);
	cells->mark[cells->count++] = PAGE_MARK_NONE;
}

void page_cell_text(struct page *page, enum text_id id)
{
	page_cell(page, "%s", page_text(page, id));
}

void page_mark(struct page *page, enum page_mark mark)
{
	page->cells.mark[page->cells.count - 1] = mark;
}

void page_row(struct page *page)
{
	page->form->row(page, &page->cells);
	page->cells.count = 0;
}

static enum page_mark mark_of(enum text_id head)
{
	switch (head) {
	case TEXT_INPUT:
	case TEXT_DIGEST:
	case TEXT_CLIENT:
	case TEXT_SERVER:
	case TEXT_CAPTURE:
	case TEXT_FLOW_ID:
	case TEXT_COMMUNITY_ID:
	case TEXT_HOST:
	case TEXT_NAME:
	case TEXT_SERVER_NAME:
	case TEXT_REPORTED_DOMAIN:
	case TEXT_OVERVIEW_FILE:
		return PAGE_MARK_CODE;
	case TEXT_FROM:
	case TEXT_TO:
	case TEXT_GROUP:
	case TEXT_ROW:
	case TEXT_OWNER:
	case TEXT_REPORTED_BY:
		return PAGE_MARK_NAME;
	case TEXT_TIME:
	case TEXT_FIRST:
	case TEXT_LAST:
	case TEXT_IN_TLS:
	case TEXT_OVERVIEW_DETAIL:
		return PAGE_MARK_ROOM;
	default:
		return PAGE_MARK_NONE;
	}
}

void page_table(struct page *page, const enum text_id *heads)
{
	page->cells.count = 0;
	for (; *heads != TEXT_COUNT; heads++) {
		page_cell_text(page, *heads);
		page_mark(page, mark_of(*heads));
	}
	page->heads = page->cells;
	page->cells.count = 0;
	page->form->table(page, &page->heads);
}

void page_table_end(struct page *page)
{
	page->form->table_end(page);
}

void page_heading(struct page *page, unsigned level, enum text_id id)
{
	page->form->heading(page, level, page_text(page, id));
}

void page_paragraph(struct page *page, enum text_id id)
{
	page->form->paragraph(page, page_text(page, id));
}

void page_say(struct page *page, const char *format, ...)
{
	char text[2 * PAGE_CELL_BYTES];
	va_list values;
	va_start(values, format);
	write_fitting(text, sizeof(text), format, values);
	va_end(values);
	page->form->paragraph(page, text);
}

const char *page_time(uint64_t time_us, char text[PAGE_TIME_BYTES])
{
	const time_t time = (time_t)(time_us / US_PER_S);
	struct tm parts;
	if (time_us == 0 || gmtime_r(&time, &parts) == NULL ||
		strftime(text, PAGE_TIME_BYTES, "%Y-%m-%d %H:%M:%S", &parts) == 0) {
		memcpy(text, "-", sizeof("-"));
	}
	return text;
}

const char *page_day(int64_t time_s, char text[PAGE_TIME_BYTES])
{
	const time_t time = (time_t)time_s;
	struct tm parts;
	if (time_s == 0 || gmtime_r(&time, &parts) == NULL ||
		strftime(text, PAGE_TIME_BYTES, "%Y-%m-%d", &parts) == 0) {
		memcpy(text, "-", sizeof("-"));
	}
	return text;
}

static uint64_t percent_of(uint64_t part, uint64_t whole)
{
	if (whole == 0) {
		return 0;
	}
	const uint64_t percent = (uint64_t)((double)part * 100 / (double)whole + 0.5);
	if (percent == 0 && part > 0) {
		return 1;
	}
	return percent >= 100 && part < whole ? 99 : percent;
}

const char *page_number(uint64_t number, char text[PAGE_NUMBER_BYTES])
{
	(void)snprintf(text, PAGE_NUMBER_BYTES, "%" PRIu64, number);
	return text;
}

void page_cell_fill(struct page *page, enum text_id id, const char *const *values)
{
	struct text_filled filled;
	page_cell(page, "%s", texts_fill(page_text(page, id), values, &filled));
}

void page_fill(struct page *page, enum text_id id, const char *const *values)
{
	struct text_filled filled;
	page_say(page, "%s", texts_fill(page_text(page, id), values, &filled));
}

void page_cell_share(struct page *page, uint64_t part, uint64_t whole)
{
	char numbers[3][PAGE_NUMBER_BYTES];
	const char *const values[] = {page_number(part, numbers[0]),
		page_number(whole, numbers[1]),
		page_number(percent_of(part, whole), numbers[2])};
	page_cell_fill(page, TEXT_SHARE, values);
}

const char *page_end_name(
	const struct page *page, size_t end, char text[SENTENCE_END_BYTES])
{
	size_t groups = 0;
	size_t zones = 0;
	struct text_filled filled;
	const struct matrix *matrix = page->dossier->matrix;
	const struct matrix_zone *zone = matrix_zones(matrix, &zones);
	(void)matrix_groups(matrix, &groups);
	if (end < groups || end - groups + 1 >= zones) {
		return grid_end_name(page->grid, end, text);
	}
	const char *const name = zone[end - groups + 1].name;
	(void)snprintf(text, SENTENCE_END_BYTES, "%s",
		texts_fill(page_text(page, TEXT_NO_GROUP), &name, &filled));
	return text;
}

const char *page_state(const struct page *page, enum grid_state state)
{
	static const enum text_id TEXTS[GRID_STATES] = {
		[GRID_EMPTY] = TEXT_GRID_EMPTY,
		[GRID_USED] = TEXT_GRID_USED,
		[GRID_UNUSED] = TEXT_GRID_UNUSED,
		[GRID_UNDECLARED] = TEXT_GRID_UNDECLARED,
		[GRID_FORBIDDEN] = TEXT_GRID_FORBIDDEN,
	};
	return page_text(page, TEXTS[state]);
}

static const char *title_of(const struct page *page)
{
	const char *title = page->dossier->head.title;
	return title ? title : page_text(page, TEXT_TITLE);
}

static void pair(struct page *page, enum text_id id, const char *value)
{
	page_cell_text(page, id);
	page_cell(page, "%s", value);
	page_row(page);
}

static void write_head(struct page *page)
{
	static const enum text_id HEADS[] = {TEXT_MEASURE, TEXT_VALUE, TEXT_COUNT};
	const struct dossier *dossier = page->dossier;
	const struct conformity_reach *reach = &dossier->sight.reach;
	char times[2][PAGE_TIME_BYTES];
	const char *const period[] = {page_time(reach->first_us, times[0]),
		page_time(reach->last_us, times[1])};
	page_table(page, HEADS);
	if (dossier->head.organisation) {
		pair(page, TEXT_ORGANISATION, dossier->head.organisation);
	}
	if (reach->first_us > 0) {
		page_cell_text(page, TEXT_PERIOD);
		page_cell_fill(page, TEXT_PERIOD_VALUE, period);
		page_row(page);
	} else {
		pair(page, TEXT_PERIOD, page_text(page, TEXT_NO_FLOWS));
	}
	if (dossier->head.author) {
		pair(page, TEXT_AUTHOR, dossier->head.author);
	}
	pair(page, TEXT_PROGRAM, "mailwarden " MAILWARDEN_VERSION);
	page_table_end(page);
}

static void write_inputs(struct page *page)
{
	static const enum text_id HEADS[] = {
		TEXT_INPUT, TEXT_KIND, TEXT_DIGEST, TEXT_COUNT};
	static const enum text_id KINDS[DOSSIER_INPUTS] = {
		[DOSSIER_INPUT_CAPTURE] = TEXT_KIND_CAPTURE,
		[DOSSIER_INPUT_JOURNAL] = TEXT_KIND_JOURNAL,
		[DOSSIER_INPUT_LINES] = TEXT_KIND_LINES,
		[DOSSIER_INPUT_OBSERVED] = TEXT_KIND_OBSERVED,
		[DOSSIER_INPUT_MATRIX] = TEXT_KIND_MATRIX,
	};
	const struct dossier_head *head = &page->dossier->head;
	page_heading(page, 2, TEXT_INPUTS);
	page_table(page, HEADS);
	for (size_t i = 0; i < head->input_count; i++) {
		const struct dossier_input *input = &head->inputs[i];
		page_cell(page, "%s", input->name);
		page_cell_text(page, KINDS[input->kind]);
		page_cell(page, "%s",
			input->digest[0] ? input->digest
					 : page_text(page, TEXT_NOT_A_FILE));
		page_row(page);
	}
	page_table_end(page);
}

static void count(struct page *page, enum text_id id, uint64_t number)
{
	page_cell_text(page, id);
	page_cell(page, "%" PRIu64, number);
	page_row(page);
}

static void share(struct page *page, enum text_id id, uint64_t part, uint64_t whole)
{
	page_cell_text(page, id);
	page_cell_share(page, part, whole);
	page_row(page);
}

/* In one cell, cut where they are many: the inputs are listed in full. */
static void write_places(struct page *page)
{
	const struct dossier_sight *sight = &page->dossier->sight;
	char text[PAGE_CELL_BYTES] = "";
	for (size_t i = 0; i < sight->source_count; i++) {
		sentence_append(text, sizeof(text), "%s%s", i > 0 ? ", " : "",
			sight->sources[i]);
	}
	if (sight->is_more_sources || strlen(text) == sizeof(text) - 1) {
		const char *more = page_text(page, TEXT_SIGHT_PLACES_MORE);
		const size_t room = sizeof(text) - strlen(more) - sizeof(" ");
		text[utf8_whole(text, room)] = '\0';
		char *const cut = strrchr(text, ',');
		if (cut) {
			*cut = '\0'; /* whole names */
		}
		sentence_append(text, sizeof(text), " %s", more);
	}
	pair(page, TEXT_SIGHT_PLACES,
		text[0] ? text : page_text(page, TEXT_SIGHT_PLACES_NONE));
}

static void write_undecoded(struct page *page)
{
	const struct dossier_sight *sight = &page->dossier->sight;
	if (sight->has_frames) {
		share(page, TEXT_SIGHT_UNDECODED,
			blindness_total(&sight->blindness).frames,
			sight->blindness.all.frames);
	} else {
		pair(page, TEXT_SIGHT_UNDECODED,
			page_text(page, TEXT_SIGHT_UNDECODED_UNKNOWN));
	}
}

/* First of all: how far the rest may be believed. */
static void write_sight(struct page *page)
{
	static const enum text_id HEADS[] = {TEXT_MEASURE, TEXT_VALUE, TEXT_COUNT};
	const struct dossier_sight *sight = &page->dossier->sight;
	const struct conformity_reach *reach = &sight->reach;
	const uint64_t hundredths =
		(reach->last_us - reach->first_us + US_PER_HUNDREDTH / 2) /
		US_PER_HUNDREDTH;
	page_heading(page, 2, TEXT_SIGHT);
	page_paragraph(page, TEXT_SIGHT_ABOUT);
	page_table(page, HEADS);
	write_places(page);
	page_cell_text(page, TEXT_SIGHT_HOURS);
	page_cell(page, "%" PRIu64 "%s%02" PRIu64, hundredths / 100,
		page_text(page, TEXT_DECIMAL_POINT), hundredths % 100);
	page_row(page);
	count(page, TEXT_SIGHT_FLOWS, reach->flows);
	count(page, TEXT_SIGHT_ATTEMPTS, sight->attempts);
	share(page, TEXT_SIGHT_BOTH_WAY, reach->both_way, reach->flows);
	share(page, TEXT_SIGHT_ONE_WAY, reach->flows - reach->both_way, reach->flows);
	share(page, TEXT_SIGHT_ENCRYPTED, sight->encrypted, sight->flows);
	share(page, TEXT_SIGHT_UNDECIDED, sight->undecided, sight->flows);
	count(page, TEXT_SIGHT_GIVEN_UP, reach->given_up);
	count(page, TEXT_SIGHT_PAIRS_GIVEN_UP, sight->given_up_pairs);
	write_undecoded(page);
	if (sight->lacking) {
		page_cell_text(page, TEXT_SIGHT_CUT);
		page_cell(page, "%s", sight->lacking);
		page_mark(page, PAGE_MARK_BAD);
		page_row(page);
	}
	page_table_end(page);
}

void page_begin(struct page *page, const char *title)
{
	char text[PAGE_CELL_BYTES];
	page_cell(page, "%s", title);
	(void)snprintf(text, sizeof(text), "%s", page->cells.text[0]);
	page->cells.count = 0;
	page->form->begin(page, text);
}

void page_end(struct page *page)
{
	if (page->form->end) {
		page->form->end(page);
	}
}

void page_write(FILE *out, const struct dossier *dossier, const struct page_form *form,
	enum texts_language language)
{
	struct page page = {
		.out = out, .form = form, .language = language, .dossier = dossier};
	const struct page_grid grid = {dossier->grid, TEXT_GRID, TEXT_NONE, SIZE_MAX};
	page_begin(&page, title_of(&page));
	write_head(&page);
	write_sight(&page);
	page_verdicts(&page);
	page_change(&page);
	page_grid(&page, &grid);
	page_offenders(&page);
	page_servers(&page);
	page_rows(&page);
	page_days(&page);
	page_reported(&page);
	write_inputs(&page);
	page_method(&page);
	page_end(&page);
}
