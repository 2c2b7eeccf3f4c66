#include "dossier/page.h"

#include <string.h>

/* What Markdown, or HTML inside of it, would take for markup is shown as it is. */
static void put_character(struct page *page, char character)
{
	switch (character) {
	case '<':
		(void)fputs("&lt;", page->out);
		return;
	case '>':
		(void)fputs("&gt;", page->out);
		return;
	case '&':
		(void)fputs("&amp;", page->out);
		return;
	default:
		break;
	}
	if (strchr("\\`*_{}[]()#!|~", character)) {
		(void)fputc('\\', page->out);
	}
	(void)fputc(character, page->out);
}

static void put(struct page *page, const char *text)
{
	for (; *text; text++) {
		put_character(page, *text);
	}
}

static void heading(struct page *page, unsigned level, const char *text)
{
	(void)fputc('\n', page->out);
	for (unsigned i = 0; i < level; i++) {
		(void)fputc('#', page->out);
	}
	(void)fputc(' ', page->out);
	put(page, text);
	(void)fputs("\n\n", page->out);
}

static void begin(struct page *page, const char *title)
{
	(void)fputs("# ", page->out);
	put(page, title);
	(void)fputs("\n\n", page->out);
}

/* What stands between two ` is code here, too. */
static void paragraph(struct page *page, const char *text)
{
	bool is_code = false;
	for (; *text; text++) {
		is_code = is_code != (*text == '`');
		if (is_code || *text == '`') {
			(void)fputc(*text, page->out);
		} else {
			put_character(page, *text);
		}
	}
	(void)fputs("\n\n", page->out);
}

static void row(struct page *page, const struct page_cells *cells)
{
	for (size_t i = 0; i < cells->count; i++) {
		(void)fputs("| ", page->out);
		put(page, cells->text[i]);
		(void)fputc(' ', page->out);
	}
	(void)fputs("|\n", page->out);
}

static void table(struct page *page, const struct page_cells *heads)
{
	row(page, heads);
	for (size_t i = 0; i < heads->count; i++) {
		(void)fputs("|---", page->out);
	}
	(void)fputs("|\n", page->out);
}

static void table_end(struct page *page)
{
	(void)fputc('\n', page->out);
}

const struct page_form PAGE_MARKDOWN = {
	.begin = begin,
	.heading = heading,
	.paragraph = paragraph,
	.table = table,
	.row = row,
	.table_end = table_end,
};
