#include "base/columns.h"
#include "dossier/page.h"

#include <string.h>

#define INDENT 4

static void put_line(struct page *page, const char *text, char line)
{
	columns_wrap(page->out, text, 0, 0);
	for (size_t i = 0; i < strlen(text) && i < COLUMNS_STANDARD; i++) {
		/* one mark below each character, whatever its bytes */
		if (((unsigned char)text[i] & 0xc0) != 0x80) {
			(void)fputc(line, page->out);
		}
	}
	(void)fputs("\n\n", page->out);
}

static void begin(struct page *page, const char *title)
{
	put_line(page, title, '=');
}

static void heading(struct page *page, unsigned level, const char *text)
{
	(void)fputc('\n', page->out);
	if (level == 2) {
		put_line(page, text, '-');
	} else {
		columns_wrap(page->out, text, 0, 0);
	}
}

static void paragraph(struct page *page, const char *text)
{
	columns_wrap(page->out, text, 0, 0);
	(void)fputc('\n', page->out);
}

static void table(struct page *page, const struct page_cells *heads)
{
	(void)page;
	(void)heads; /* each row names its columns */
}

/* "first, second head: cell; ...": a table of many columns fits no terminal. */
static void row(struct page *page, const struct page_cells *cells)
{
	char line[PAGE_CELLS * (PAGE_CELL_BYTES + 64)];
	const struct page_cells *heads = &page->heads;
	size_t len = (size_t)snprintf(line, sizeof(line), "%s", cells->text[0]);
	for (size_t i = 1; i < cells->count; i++) {
		const bool is_pair = cells->count == 2;
		if (strcmp(cells->text[i], "-") != 0) {
			len += (size_t)snprintf(line + len, sizeof(line) - len,
				"%s%s%s%s", is_pair ? "" : "; ",
				is_pair ? "" : heads->text[i],
				page_text(page, TEXT_COLON), cells->text[i]);
		}
	}
	(void)fputs("  ", page->out);
	columns_wrap(page->out, line, 2, INDENT);
}

static void table_end(struct page *page)
{
	(void)fputc('\n', page->out);
}

static void end(struct page *page)
{
	(void)page;
}

const struct page_form PAGE_TEXT = {
	.begin = begin,
	.heading = heading,
	.paragraph = paragraph,
	.table = table,
	.row = row,
	.table_end = table_end,
	.end = end,
};
