#include "dossier/html.h"

#include "base/utf8.h"

#include <string.h>

#define ENDS_MOST  48  /* more make no picture */
#define CELL       22  /* pixels */
#define LETTER     7.3 /* wide, of the page's font for pictures */
#define HEAD_HIGH  24
#define LABEL_MOST 34 /* characters */
#define LABEL_GAP  8

static const char *const CLASSES[GRID_STATES] = {
	[GRID_EMPTY] = "",
	[GRID_USED] = " good",
	[GRID_UNUSED] = " unknown",
	[GRID_UNDECLARED] = " accepted",
	[GRID_FORBIDDEN] = " bad",
};

struct picture {
	size_t ends[ENDS_MOST];
	size_t count;
	size_t label_wide; /* pixels, of the longest */
};

/* False: too many. */
static bool find_ends(const struct grid *grid, struct picture *picture)
{
	for (size_t end = 0; end < grid_ends(grid); end++) {
		if (!grid_end_is_used(grid, end)) {
			continue;
		}
		if (picture->count == ENDS_MOST) {
			return false;
		}
		picture->ends[picture->count++] = end;
	}
	return picture->count > 0;
}

static size_t count_ends(const struct grid *grid)
{
	size_t count = 0;
	for (size_t end = 0; end < grid_ends(grid); end++) {
		count += grid_end_is_used(grid, end);
	}
	return count;
}

static void put_cell(
	struct page *page, const struct picture *picture, size_t row, size_t column)
{
	char from[SENTENCE_END_BYTES];
	char to[SENTENCE_END_BYTES];
	const enum grid_state state =
		grid_state(page->grid, picture->ends[row], picture->ends[column]);
	const size_t x = picture->label_wide + column * CELL;
	const size_t y = HEAD_HIGH + row * CELL;
	(void)fprintf(page->out,
		"<g><rect class=\"cell%s\" x=\"%zu\" y=\"%zu\" width=\"%d\" "
		"height=\"%d\"/>",
		CLASSES[state], x, y, CELL, CELL);
	if (state != GRID_EMPTY) {
		(void)fprintf(page->out,
			"<text x=\"%zu\" y=\"%zu\" text-anchor=\"middle\">%c</text>"
			"<title>",
			x + CELL / 2, y + CELL - 7, grid_sign(state));
		html_put(page->out, page_end_name(page, picture->ends[row], from));
		(void)fputs(" \xe2\x86\x92 ", page->out);
		html_put(page->out, page_end_name(page, picture->ends[column], to));
		(void)fputs(": ", page->out);
		html_put(page->out, page_state(page, state));
		(void)fputs("</title>", page->out);
	}
	(void)fputs("</g>\n", page->out);
}

#define LABEL_BYTES (LABEL_MOST + PAGE_NUMBER_BYTES)

static const char *label_of(struct page *page, const struct picture *picture,
	size_t row, char label[LABEL_BYTES])
{
	char name[SENTENCE_END_BYTES];
	(void)page_end_name(page, picture->ends[row], name);
	(void)snprintf(label, LABEL_BYTES, "%zu %.*s", row + 1,
		(int)utf8_whole(name, LABEL_MOST), name);
	return label;
}

static void measure_labels(struct page *page, struct picture *picture)
{
	char label[LABEL_BYTES];
	size_t most = 0;
	for (size_t row = 0; row < picture->count; row++) {
		const size_t len = strlen(label_of(page, picture, row, label));
		most = len > most ? len : most;
	}
	picture->label_wide = (size_t)((double)most * LETTER) + LABEL_GAP;
}

static void put_row(struct page *page, const struct picture *picture, size_t row)
{
	char label[LABEL_BYTES];
	(void)fprintf(page->out, "<text x=\"%zu\" y=\"%zu\" text-anchor=\"end\">",
		picture->label_wide - LABEL_GAP, HEAD_HIGH + row * CELL + CELL - 7);
	html_put(page->out, label_of(page, picture, row, label));
	(void)fputs("</text>\n", page->out);
	for (size_t column = 0; column < picture->count; column++) {
		put_cell(page, picture, row, column);
	}
}

static void put_grid(struct page *page, const struct picture *picture)
{
	const size_t wide = picture->label_wide + picture->count * CELL + 1;
	const size_t high = HEAD_HIGH + picture->count * CELL + 1;
	(void)fprintf(page->out,
		"<div class=\"wide\" tabindex=\"0\">\n<svg "
		"xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
		"width=\"%zu\" height=\"%zu\" viewBox=\"0 0 %zu %zu\" "
		"aria-label=\"",
		wide, high, wide, high);
	html_put(page->out, page_text(page, page->grid_title));
	(void)fputs("\">\n", page->out);
	for (size_t column = 0; column < picture->count; column++) {
		(void)fprintf(page->out,
			"<text x=\"%zu\" y=\"%d\" text-anchor=\"middle\">%zu</text>\n",
			picture->label_wide + column * CELL + CELL / 2, HEAD_HIGH - 7,
			column + 1);
	}
	for (size_t row = 0; row < picture->count; row++) {
		put_row(page, picture, row);
	}
	(void)fputs("</svg>\n</div>\n", page->out);
}

void html_picture(struct page *page)
{
	struct picture picture = {.count = 0};
	char number[PAGE_NUMBER_BYTES];
	const struct grid *grid = page->grid;
	if (find_ends(grid, &picture)) {
		measure_labels(page, &picture);
		page_paragraph(page, TEXT_GRID_ABOUT);
		put_grid(page, &picture);
		return;
	}
	const size_t count = count_ends(grid);
	if (count > 0) {
		const char *const value = page_number(count, number);
		page_fill(page, TEXT_GRID_TOO_LARGE, &value);
	}
}
