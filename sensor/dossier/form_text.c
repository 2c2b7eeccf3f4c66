#include "base/columns.h"
#include "dossier/page.h"

#include <stdlib.h>
#include <string.h>

#define MARGIN         2 /* in front of rows */
#define INDENT         4 /* of what follows the first line of a row */
#define BETWEEN        2 /* columns */
#define GAP            3 /* between what stands side by side under its own head */
#define LABELLED_BYTES (2 * PAGE_CELL_BYTES + 8) /* a head and its cell */
#define ROWS_MOST      256 /* of a table whose columns are aligned */

/* Rows of a table, until their widths are known. */
struct page_held {
	struct page_cells rows[ROWS_MOST];
	size_t count;
};

struct layout {
	size_t widths[PAGE_CELLS];
	bool is_number[PAGE_CELLS]; /* all of the column are: to the right */
	size_t count;               /* of the columns that are aligned */
	bool is_last_below;         /* the last stands under each row */
};

static size_t width_of(const char *text)
{
	size_t width = 0;
	for (; *text; text++) {
		width += ((unsigned char)*text & 0xc0) != 0x80; /* one a character */
	}
	return width;
}

/* Elements stand apart by one empty line, never by two. */
static void leave_line(struct page *page)
{
	if (page->is_line_owed) {
		(void)fputc('\n', page->out);
	}
	page->is_line_owed = false;
}

static void underline(struct page *page, const char *text, char line)
{
	const size_t most = columns_of(page->out);
	const size_t width = width_of(text);
	columns_wrap(page->out, text, 0, 0);
	for (size_t i = 0; i < width && i < most; i++) {
		(void)fputc(line, page->out);
	}
	(void)fputc('\n', page->out);
	page->is_line_owed = true;
}

static void begin(struct page *page, const char *title)
{
	underline(page, title, '=');
}

/* The last level belongs to what is below it. */
static void heading(struct page *page, unsigned level, const char *text)
{
	leave_line(page);
	if (level < 4) {
		underline(page, text, level == 2 ? '-' : '.');
	} else {
		columns_wrap(page->out, text, 0, 0);
	}
}

static void paragraph(struct page *page, const char *text)
{
	leave_line(page);
	columns_wrap(page->out, text, 0, 0);
	page->is_line_owed = true;
}

static void table(struct page *page, const struct page_cells *heads)
{
	(void)heads; /* they are page->heads, and come with the rows */
	free(page->held);
	page->held = calloc(1, sizeof(*page->held));
	page->is_table_begun = false;
}

static bool is_digits(const char *text)
{
	return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

static void measure(const struct page *page, struct layout *layout)
{
	const struct page_held *held = page->held;
	for (size_t i = 0; i < page->heads.count; i++) {
		layout->widths[i] = width_of(page->heads.text[i]);
		layout->is_number[i] = true;
		for (size_t row = 0; row < held->count; row++) {
			const char *text = held->rows[row].text[i];
			const size_t width = width_of(text);
			layout->widths[i] =
				width > layout->widths[i] ? width : layout->widths[i];
			layout->is_number[i] = layout->is_number[i] && is_digits(text);
		}
	}
}

/* The first columns side by side. */
static bool fits(const struct page *page, const struct layout *layout, size_t count)
{
	size_t width = MARGIN;
	for (size_t i = 0; i < count; i++) {
		width += layout->widths[i] + (i > 0 ? BETWEEN : 0);
	}
	return width <= columns_of(page->out);
}

static void put_aligned(
	struct page *page, const struct layout *layout, const struct page_cells *cells)
{
	size_t owed = MARGIN; /* blanks, where something follows them */
	for (size_t i = 0; i < layout->count; i++) {
		const char *text = cells->text[i];
		const size_t left = layout->widths[i] - width_of(text);
		columns_blank(page->out, owed + (layout->is_number[i] ? left : 0));
		(void)fputs(text, page->out);
		owed = BETWEEN + (layout->is_number[i] ? 0 : left);
	}
	(void)fputc('\n', page->out);
}

/* "head: cell", of what is worth a word. False: it is not. */
static bool label(const struct page *page, const struct page_cells *cells,
	size_t column, char text[LABELLED_BYTES])
{
	(void)snprintf(text, LABELLED_BYTES, "%s%s%s", page->heads.text[column],
		page_text(page, TEXT_COLON), cells->text[column]);
	return strcmp(cells->text[column], "-") != 0;
}

static void put_below(struct page *page, const struct page_cells *cells, size_t column)
{
	char text[LABELLED_BYTES];
	if (label(page, cells, column, text)) {
		columns_blank(page->out, INDENT);
		columns_wrap(page->out, text, INDENT, INDENT);
	}
}

static void put_columns(struct page *page, const struct layout *layout)
{
	const struct page_held *held = page->held;
	put_aligned(page, layout, &page->heads);
	for (size_t row = 0; row < held->count; row++) {
		put_aligned(page, layout, &held->rows[row]);
		if (layout->is_last_below) {
			put_below(page, &held->rows[row], layout->count);
		}
	}
}

/*
 * Behind what stands in this line, or in the next; returns how far that is, 0: it ended.
 * What has several lines stands apart from what comes next.
 */
static size_t put_beside(struct page *page, size_t at, const char *text)
{
	const size_t most = columns_of(page->out);
	const size_t width = width_of(text);
	if (at > 0 && at + GAP + width > most) {
		(void)fputc('\n', page->out);
		page->is_line_owed = true;
		at = 0;
	}
	columns_blank(page->out, at > 0 ? GAP : INDENT);
	at += at > 0 ? GAP : INDENT;
	if (at + width <= most) {
		(void)fputs(text, page->out);
		return at + width;
	}
	columns_wrap(page->out, text, at, INDENT + 2);
	page->is_line_owed = true;
	return 0;
}

/* The first cell, then "head: cell   head: cell": more columns than a terminal has. */
static void put_block(struct page *page, const struct page_cells *cells)
{
	char text[LABELLED_BYTES];
	size_t at = MARGIN + width_of(cells->text[0]);
	leave_line(page);
	columns_blank(page->out, MARGIN);
	if (at > columns_of(page->out)) {
		columns_wrap(page->out, cells->text[0], MARGIN, INDENT);
		at = 0;
	} else {
		(void)fputs(cells->text[0], page->out);
	}
	for (size_t i = 1; i < cells->count; i++) {
		if (label(page, cells, i, text)) {
			at = put_beside(page, at, text);
		}
	}
	if (at > 0) {
		(void)fputc('\n', page->out);
	}
}

static void put_blocks(struct page *page)
{
	for (size_t row = 0; page->held && row < page->held->count; row++) {
		put_block(page, &page->held->rows[row]);
	}
	free(page->held);
	page->held = NULL; /* what comes yet is a block, too */
}

static void put_pair(struct page *page, const struct page_cells *cells)
{
	char text[LABELLED_BYTES];
	if (!page->is_table_begun) {
		leave_line(page);
	}
	page->is_table_begun = true;
	(void)snprintf(text, sizeof(text), "%s%s%s", cells->text[0],
		page_text(page, TEXT_COLON), cells->text[1]);
	columns_blank(page->out, MARGIN);
	columns_wrap(page->out, text, MARGIN, INDENT);
	page->is_line_owed = true;
}

static void row(struct page *page, const struct page_cells *cells)
{
	if (cells->count == 2) {
		put_pair(page, cells);
	} else if (page->held && page->held->count < ROWS_MOST) {
		page->held->rows[page->held->count++] = *cells;
	} else {
		put_blocks(page);
		put_block(page, cells);
	}
}

static void table_end(struct page *page)
{
	struct layout layout = {.count = page->heads.count};
	if (page->held && page->held->count > 0) {
		measure(page, &layout);
		if (!fits(page, &layout, layout.count)) {
			layout.count--;
			layout.is_last_below = true;
		}
		if (fits(page, &layout, layout.count)) {
			leave_line(page);
			put_columns(page, &layout);
		} else {
			put_blocks(page);
		}
	}
	page->is_line_owed = true;
	free(page->held);
	page->held = NULL;
}

const struct page_form PAGE_TEXT = {
	.begin = begin,
	.heading = heading,
	.paragraph = paragraph,
	.table = table,
	.row = row,
	.table_end = table_end,
};
